"""Claims: what popular texts say, held against the studies."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as w
import pandas as pd

from ldnevidence import claims, views
from ldnevidence.app.panels.base import Panel
from ldnevidence.app.show import table_html
from ldnevidence.rows import each
from ldnevidence.views.claims import grouped, rows

FEW = 20  # statements that are listed without folding them


class Claims(Panel):
    """Filters, counts by text and verdict, the list, and one claim opened to the rows it rests on."""

    READS = ("document", "topic", "verdict", "text", "claim")
    PICKERS = {"document": "Text", "topic": "Topic", "verdict": "Verdict", "text": "Search"}

    def build(self) -> None:
        """Make the widgets."""
        self.open, self.counts, self.list = w.HTML(), self.slot(), w.HTML()
        title = self.heading("What popular texts say, held against the studies")
        self.children = [title, self.open, self.counts, self.list]

    def draw(self) -> None:
        """Draw the claims that fit the filters."""
        state = self.state
        found = claims.find(
            self.ev,
            text=state.text or None,
            topic=state.topic or None,
            verdict=state.verdict or None,
            document=state.document or None,
        )
        self.fill(self.counts, lambda: views.claims(self.ev))
        self.list.value = self._list(found)
        known = set(self.ev.tables["claims"]["claim_id"])
        listed = state.claim in set(found["claim_id"])
        self.open.value = self._detail(state.claim, listed) if state.claim in known else ""

    def _list(self, found: pd.DataFrame) -> str:
        """Return the claims by topic; the topics are folded where the list is long."""
        shown = rows(self.ev)
        shown = shown[shown["claim_id"].isin(found["claim_id"])]
        open_ = " open" if len(shown) <= FEW else ""
        topics = "".join(
            f"<details class='ldn-fold' data-part='topic {html.escape(topic, quote=True)}'{open_}><summary>{html.escape(topic)}: "
            f"{html.escape(counts)}</summary><ul class='ldn-claims'>{''.join(map(self._item, each(part)))}</ul></details>"
            for topic, counts, part in grouped(shown)
        )
        return f"<h3 class='ldn-now'>{views.base.count(len(shown), 'statement')}</h3><div class='ldn-topics'>{topics}</div>"

    def _item(self, row: Any) -> str:
        query = html.escape(self.state.to_query(claim=row.claim_id), quote=True)
        return (
            f"<li><p><span class='ldn-verdict'>{html.escape(row.verdict)}</span> "
            f"{html.escape(row.statement)} <span class='ldn-muted'>({html.escape(row.text)})</span></p>"
            f"<p class='ldn-why'>{html.escape(row.why)}</p>"
            f"<button type='button' class='ldn-choice' data-set=\"{query}\" data-whole='1' "
            f"data-key='claim {row.claim_id}' data-focus='.ldn-open h2' "
            f"aria-label='Open claim {row.claim_id}'>Open: figures, rows, reason</button></li>"
        )

    def _detail(self, claim_id: str, listed: bool) -> str:
        """Return one claim with its figures, the rows that carry them, the concept and what would change it."""
        one = claims.detail(self.ev, claim_id)
        figures = ", ".join(one.figures) or "none"
        unmatched = f" Not found as a printed value: {', '.join(one.unmatched)}." if one.unmatched else ""
        rows = (
            table_html(one.rows, "Rows that carry the figures")
            if len(one.rows)
            else "<p>No row carries them.</p>"
        )
        studies = (
            table_html(one.studies, "Studies it rests on") if len(one.studies) else "<p>No study named.</p>"
        )
        back = f"[data-key='claim {claim_id}']" if listed else ".ldn-title"  # where the focus goes
        close = html.escape(self.state.to_query(claim=""), quote=True)
        return (
            f"<section class='ldn-open' aria-label='Claim {claim_id}'><h2 tabindex='-1'>{html.escape(one.statement)}</h2>"
            f"<p>{html.escape(one.document_label)}{', ' + html.escape(one.section) if one.section else ''}</p>"
            f"<p><span class='ldn-verdict'>{one.verdict.symbol} {html.escape(one.verdict.word)}</span>: "
            f"{html.escape(one.verdict.meaning)}</p><p>{html.escape(one.why)}</p>"
            f"<p><strong>Concept at stake: {html.escape(one.concept.label)}.</strong> "
            f"{html.escape(one.concept.explanation)} <strong>What would change the verdict:</strong> "
            f"{html.escape(one.concept.would_change)}</p>"
            f"<p>Figures in the statement: {html.escape(figures)}.{html.escape(unmatched)}</p>"
            f"<h3>Rows that carry them</h3>{rows}<h3>Studies it rests on</h3>{studies}"
            f"<p><button type='button' class='ldn-choice' data-set=\"{close}\" data-whole='1' "
            f'data-focus="{back}">Close</button></p></section>'
        )
