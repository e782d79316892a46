"""Overview: where there are studies at all. Every cell is a button that opens Compare on it."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as w
import pandas as pd

from ldnevidence import views
from ldnevidence.app.panels.base import Panel, heading_html
from ldnevidence.rows import each
from ldnevidence.views.gap_map import cells


class Overview(Panel):
    """The gap map as buttons, its picture, and the studies over the years."""

    READS = ("scheme", "others", "design")
    PICKERS = {
        "scheme": "Dose bands as named by",
        "design": "Design",
        "others": "Show high-dose and other-drug studies too",
    }

    def build(self) -> None:
        """Make the widgets."""
        self.intro, self.grid = w.HTML(), w.HTML()
        self.picture, self.timeline = self.slot(), self.slot()
        self.children = [self.intro, self.grid, self.picture, self.timeline]

    def draw(self) -> None:
        """Draw for the whole evidence: the gap map shows every condition and band."""
        chosen = {
            k: v for k, v in self.state.selection().items() if k not in ("condition", "dose_band", "domain")
        }
        ev = self.ev.select(**chosen)
        scheme = self.state.scheme
        self.intro.value = (
            heading_html("What has been studied, and what has not")
            + "<p>Press a cell to compare its studies. Each button "
            "gives the number of studies and, in brackets, how many of them are randomised.</p>"
        )
        self.grid.value = self._buttons(cells(ev, scheme))
        self.fill(self.picture, lambda: views.gap_map(ev, scheme=scheme), folded=True)
        self.fill(self.timeline, lambda: views.timeline(ev))

    def _buttons(self, table: pd.DataFrame) -> str:
        """Return the gap map as a list of real buttons, a row a condition; empty cells say that they are."""
        rows = []
        for (group, _, condition), row in table.groupby(["group", "condition_id", "condition"], sort=False):
            full = row[row["studies"] > 0]
            buttons = "".join(self._button(cell) for cell in each(full))
            gaps = ", ".join(
                label.split(" (")[0].lower() for label in row.loc[row["studies"] == 0, "band_label"]
            )
            gaps = f"<span class='ldn-gap'>no study: {html.escape(gaps)}</span>" if gaps else ""
            rows.append(
                (
                    group,
                    f"<li><span class='ldn-cond'>{html.escape(str(condition))}</span>{buttons}{gaps}</li>",
                )
            )
        out = []
        for group in dict.fromkeys(g for g, _ in rows):
            items = "".join(row for g, row in rows if g == group)
            out.append(f"<h3>{html.escape(str(group).capitalize())}</h3><ul class='ldn-gaps'>{items}</ul>")
        return "".join(out)

    def _button(self, cell: Any) -> str:
        query = self.state.to_query(condition=cell.condition_id, dose_band=cell.band, tab="compare")
        short = cell.band_label.split(" (")[0]
        spoken = f"{cell.condition}, {cell.band_label}: {cell.studies} studies, {cell.randomized} randomised, {cell.participants} participants. Compare."
        return (
            f"<button type='button' class='ldn-cell' data-set=\"{html.escape(query, quote=True)}\" data-whole='1' "
            f"data-key='cell {cell.condition_id} {html.escape(cell.band, quote=True)}' data-focus='.ldn-title' "
            f'aria-label="{html.escape(spoken, quote=True)}">{html.escape(short)} '
            f"<b>{cell.studies}</b> ({cell.randomized})</button>"
        )
