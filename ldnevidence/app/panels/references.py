"""References: search as you type, see what a work is and where it is used, take it away."""

from __future__ import annotations

import html

import ipywidgets as w

from ldnevidence import citations
from ldnevidence.app.panels.base import Panel
from ldnevidence.app.show import data_link

LONGEST_EXPORT = 60  # works that are exported in the page itself
SHOWN = 25  # works on the page; the export has them all


class References(Panel):
    """A search box over the works, and the list of hits with copy buttons and exports."""

    READS = ("find", "kind")
    PICKERS = {"find": "Search"}

    def build(self) -> None:
        """Make the widgets."""
        self.head, self.list = w.HTML(), w.HTML()
        self.children = [self.heading("Every work cited"), self.head, self.list]

    def draw(self) -> None:
        """Draw the works that fit."""
        query = self.state.find.strip()
        works = citations.find(query, limit=None, ev=self.ev) if query else list(citations.references())
        kinds = sorted({work.kind_of_evidence for work in works})
        if self.state.kind in kinds:
            works = [work for work in works if work.kind_of_evidence == self.state.kind]
        buttons = "".join(self._kind(kind) for kind in ["", *kinds])
        keys = [work.key for work in works]
        exports = self._exports(keys)
        found = f"{len(works)} {'work' if len(works) == 1 else 'works'}" + (
            f" for {html.escape(repr(query))}" if query else ""
        )
        self.head.value = (
            f"<div role='group' aria-label='Kind of evidence'>{buttons}</div>"
            f"<p class='ldn-now'>{found}. Export the list: {exports}</p>"
        )
        items = "".join(self._work(work) for work in works[:SHOWN])
        more = f"<p>{len(works) - SHOWN} more: narrow the search.</p>" if len(works) > SHOWN else ""
        none = "" if works else f"<p>{html.escape(citations.suggest(query))}</p>"
        self.list.value = f"<ul class='ldn-works'>{items}</ul>{more}{none}"

    def _exports(self, keys: list[str]) -> str:
        """Return the list in view as BibTeX, RIS and CSL-JSON; a long list has BibTeX alone, which costs nothing."""
        bib = (
            f"<button type='button' class='ldn-choice' data-save-bib='references.bib' data-keys='{' '.join(keys)}'>"
            "BibTeX</button>"
        )
        if len(keys) > LONGEST_EXPORT:
            return f"{bib} (RIS and CSL-JSON for up to {LONGEST_EXPORT} works)"
        forms = (("ris", "ris", "RIS"), ("csl-json", "json", "CSL-JSON"))
        return bib + "".join(
            data_link(f"references.{end}", "text/plain", citations.export(keys, form), label)
            for form, end, label in forms
        )

    def _kind(self, kind: str) -> str:
        query = html.escape(self.state.to_query(kind=kind), quote=True)
        pressed = str(self.state.kind == kind).lower()
        label = kind or "all kinds"
        return (
            f"<button type='button' class='ldn-choice' aria-pressed='{pressed}' data-key='kind {html.escape(kind, quote=True)}' data-set=\"{query}\" "
            f"data-whole='1'>{html.escape(label)}</button>"
        )

    def _work(self, work: citations.Reference) -> str:
        flag = (
            f"<strong class='ldn-retracted'>Retracted.</strong> {html.escape(work.retraction_notice)} "
            if work.retracted
            else ""
        )
        reason = f"<p class='ldn-muted'>Found by: {html.escape(work.reason)}</p>" if work.reason else ""
        used = citations.where_used(work.key, self.ev)
        places = "; ".join(
            f"{name} ({count})" for name, count in used["place"].value_counts(sort=False).items()
        )
        copies = "".join(
            f"<button type='button' class='ldn-choice' data-copy=\"{html.escape(citations.cite(work, style), quote=True)}\" "
            f"aria-label='Copy {work.key} as {label}'>Copy {label}</button>"
            for style, label in (
                ("vancouver", "Vancouver"),
                ("apa", "APA"),
                ("bibtex", "BibTeX"),
                ("ris", "RIS"),
            )
        )
        return (
            f"<li><p>{flag}{citations.cite(work, 'html')}</p>{reason}<p class='ldn-muted'>"
            f"{html.escape(work.kind_of_evidence)}; {html.escape(work.how_read)}. Used in: {html.escape(places or 'nothing yet')}."
            f"</p><p>{copies}</p></li>"
        )
