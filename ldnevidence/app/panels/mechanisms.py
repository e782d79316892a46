"""Mechanisms: what has been proposed, on what evidence, and in which concentrations."""

from __future__ import annotations

import html

import ipywidgets as w

from ldnevidence import views
from ldnevidence.app.panels.base import Panel
from ldnevidence.rows import each


class Mechanisms(Panel):
    """The concentration ladder, then every mechanism with its findings."""

    READS = ()

    def build(self) -> None:
        """Make the widgets."""
        self.ladder, self.list = self.slot(), w.HTML()
        self.children = [
            self.heading("How it might work, and how strong the support is"),
            self.ladder,
            self.list,
        ]

    def draw(self) -> None:
        """Draw once: nothing here depends on a choice."""
        self.fill(self.ladder, lambda: views.concentration_ladder(self.ev))
        tables = self.ev.tables
        pages = tables["sources"].set_index("source_id")["canonical_url"].fillna("")
        findings = tables["mechanism_findings"].groupby("mechanism_id")
        parts = []
        for row in each(
            tables["mechanisms"][["mechanism_id", "name", "evidence", "strength", "retracted_keys"]].fillna(
                ""
            )
        ):
            items = "".join(
                f"<li>{html.escape(f.text)}{self._link(pages.get(f.source_id, ''))}</li>"
                for f in each(findings.get_group(row.mechanism_id))
            )
            retracted = (
                f"<p class='ldn-retracted'>Rests on retracted work: {html.escape(row.retracted_keys)}.</p>"
                if row.retracted_keys
                else ""
            )
            parts.append(
                f"<details class='ldn-fold' data-print='open'><summary>{html.escape(row.name[0].upper() + row.name[1:])} "
                f"({html.escape(row.evidence)})</summary>{retracted}<p><strong>Strength:</strong> "
                f"{html.escape(row.strength)}</p><ul>{items}</ul></details>"
            )
        self.list.value = "".join(parts)

    @staticmethod
    def _link(url: str) -> str:
        return f' (<a href="{html.escape(url, quote=True)}">source</a>)' if url else ""
