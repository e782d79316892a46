"""Safety: harms on LDN beside placebo, pooled harms, and what labels say."""

from __future__ import annotations

import html

import ipywidgets as w

from ldnevidence import views
from ldnevidence.app.panels.base import Panel
from ldnevidence.rows import each


class Safety(Panel):
    """Adverse events as counted, pooled results on harms, statements of labels and guides."""

    READS = ("condition", "dose_band", "scheme", "design", "others", "events")
    PICKERS = {
        "condition": "Condition",
        "dose_band": "Dose band",
        "events": "Kind of event",
    }  # of high-dose and other-drug studies no events were counted, so there is nothing to show or hide

    def build(self) -> None:
        """Make the widgets."""
        self.events, self.pooled, self.labels = self.slot(), self.slot(), w.HTML()
        title = self.heading("Harms counted on LDN and on placebo")
        self.children = [title, self.events, self.pooled, self.labels]

    def draw(self) -> None:
        """Draw the harms of the selection; the labels speak of the drug as such."""
        chosen = {k: v for k, v in self.state.selection().items() if k != "domain"}
        ev = self.ev.select(**chosen)
        self.fill(self.events, lambda: views.safety(ev, group=self.state.events or None))
        self.fill(self.pooled, lambda: views.pooled_results(self.ev, domain="harm"))
        pages = self.ev.tables["sources"].set_index("source_id")
        items = []
        for row in each(self.ev.tables["safety_statements"].fillna("")):
            link = html.escape(str(pages.at[row.source_id, "canonical_url"]), quote=True)
            caution = f" <em>{html.escape(row.caution)}</em>" if row.caution else ""
            where = f'<a href="{link}">source</a>'
            items.append(
                f"<li><strong>{html.escape(row.topic)}.</strong> {html.escape(row.statement)}{caution} ({where})</li>"
            )
        self.labels.value = (
            "<h3>What labels and guides say</h3><p>Most of this concerns the 50 mg tablet, not low doses.</p>"
            f"<ul>{''.join(items)}</ul>"
        )
