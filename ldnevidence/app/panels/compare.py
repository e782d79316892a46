"""Compare: response rates, comparisons and safeguards of one selection, and of a second one beside it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets as w

from ldnevidence import views
from ldnevidence.app.panels.base import SELECTION, Panel, heading_html
from ldnevidence.app.show import Slot
from ldnevidence.rows import each
from ldnevidence.views.comparisons import comparisons, measures_available
from ldnevidence.views.icon_array import countable
from ldnevidence.views.pooling_rules import exclusion_effect

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence
    from ldnevidence.views import View

LONG = 40  # studies; a chart of more is folded, so that the page has an end


class Compare(Panel):
    """Pickers, then for each selection: response rates, forest plot, icon array, safeguards."""

    READS = (
        *SELECTION,
        "measure",
        "sort",
        "descending",
        "exclude",
        "other_condition",
        "other_band",
        "outcome",
        "per",
    )
    PICKERS = {
        "condition": "Condition",
        "dose_band": "Dose band",
        "scheme": "Dose bands as named by",
        "design": "Design",
        "domain": "Outcome",
        "sort": "Sort comparisons by",
        "other_condition": "Second condition",
        "other_band": "Second dose band",
        "descending": "Begin the sorting with the greatest",
        "others": "Show high-dose and other-drug studies too",
    }

    def build(self) -> None:
        """Make the widgets."""
        self.title, self.choices = w.HTML(), w.HTML()
        self.columns = [Column(self, i) for i in (0, 1)]
        self.beside = w.HBox([c.box for c in self.columns])
        self.beside.add_class("ldn-beside")
        self.children = [self.title, self.choices, self.beside]

    def draw(self) -> None:
        """Draw one selection, or two side by side."""
        state = self.state
        first, second = state.evidence(), state.other_evidence()
        names = [f"{state.label('condition')}, {state.label('dose_band').lower()}"]
        if second is not None:
            names.append(f"{state.label('other_condition')}, {state.label('other_band').lower()}")
        self.title.value = heading_html(" against ".join(names))
        self.columns[0].draw(names[0], first)
        self.columns[1].box.layout.display = "none" if second is None else None
        if second is not None:
            self.columns[1].draw(names[1], second)
        self.choices.value = self._choices(first)

    def _choices(self, ev: Evidence) -> str:
        """Return buttons for the measure, and for leaving studies out."""
        table = comparisons(ev)
        parts = []
        measures = measures_available(ev)
        if len(measures) > 1:
            now = self.measure_of(ev)
            buttons = "".join(
                self._button(f"{in_units(row.label, row.unit)} ({row.studies})",
                             f"measure {row.measure} {row.unit}".strip(), now == (row.measure, row.unit),
                             measure=f"{row.measure} {row.unit}".strip())
                for row in each(measures)
            )  # fmt: skip
            parts.append(f"<div role='group' aria-label='Measure'><span>Measure:</span> {buttons}</div>")
        shown = table[table["why_not"] == ""]
        studies = list(dict.fromkeys(zip(shown["study_id"], shown["study"], strict=True)))
        if studies:
            buttons = "".join(self._exclude(key, label) for key, label in studies)
            parts.append(
                "<details class='ldn-fold' data-part='exclude'><summary>Leave studies out</summary><div role='group' "
                f"aria-label='Studies left out'>{buttons}</div></details>"
            )
        return "".join(parts)

    def _button(self, label: str, key: str, pressed: bool, **changes: object) -> str:
        """Return a button; by its key the page's script knows it again after it was drawn anew."""
        query = html.escape(self.state.to_query(**changes), quote=True)
        return (
            f"<button type='button' class='ldn-choice' aria-pressed='{str(pressed).lower()}' "
            f'data-key="{html.escape(key, quote=True)}" '
            f"data-set=\"{query}\" data-whole='1'>{html.escape(label)}</button>"
        )

    def _exclude(self, key: str, label: str) -> str:
        out = set(self.state.exclude)
        after = tuple(sorted(out ^ {key}))
        words = f"{label}: {'left out' if key in out else 'in'}"
        return self._button(words, f"exclude {key}", key in out, exclude=after)

    def measure_of(self, ev: Evidence) -> tuple[str, str] | None:
        """Return measure and unit of the forest plot: the one chosen where this evidence has it, else the fullest."""
        known = [(r.measure, r.unit) for r in each(measures_available(ev))]
        measure, _, unit = self.state.measure.partition(" ")
        return (measure, unit) if (measure, unit) in known else (known[0] if known else None)


def in_units(label: str, unit: str) -> str:
    """Return a measure's name with its unit.

    >>> in_units("difference in the units of the scale", "points"), in_units("risk ratio", "")
    ('difference in points', 'risk ratio')
    """
    if "the units of the scale" in label and unit:
        return label.replace("the units of the scale", unit)
    return f"{label}, {unit}" if unit else label


class Column:
    """One selection's views, under one another."""

    def __init__(self, panel: Compare, number: int) -> None:
        self.panel, self.number = panel, number
        self.name, self.effect, self.icons_choice = w.HTML(), w.HTML(), w.HTML()
        self.rates, self.forest, self.within, self.icons = (panel.slot() for _ in range(4))
        self.pooled, self.safeguards = panel.slot(), panel.slot()
        self.box = w.VBox([
            self.name, self.rates, self.forest, self.effect, self.icons_choice, self.icons, self.within, self.pooled,
            self.safeguards,
        ])  # fmt: skip
        self.box.add_class("ldn-column")

    def draw(self, name: str, ev: Evidence) -> None:
        """Draw every view of one selection."""
        panel = self.panel
        kept = panel.state.without_excluded(ev)
        count = len(ev.tables["studies"])
        self.name.value = f"<p class='ldn-now'><strong>{html.escape(name)}</strong>: {views.base.count(count, 'study', 'studies')}.</p>"
        panel.fill(self.rates, lambda: views.response_rates(kept))
        panel.fill(self.forest, lambda: self._forest(ev, "between"))
        panel.fill(self.within, lambda: self._forest(ev, "within"), folded=True)
        self.effect.value = self._effect(ev)
        self._draw_icons(kept, self.icons)
        panel.fill(self.pooled, lambda: views.pooled_results(ev), folded=True)
        panel.fill(self.safeguards, lambda: views.safeguards(ev), folded=count > LONG)

    def _forest(self, ev: Evidence, kind: str) -> View:
        measure = self.panel.measure_of(ev) if kind == "between" else None
        here = set(ev.tables["studies"]["study_id"])
        return views.forest(
            ev,
            measure=measure[0] if measure else None,
            unit=(measure[1] or None) if measure else None,
            kind=kind,
            sort=self.panel.state.sort,
            ascending=not self.panel.state.descending,
            exclude=[s for s in self.panel.state.exclude if s in here],
        )

    def _effect(self, ev: Evidence) -> str:
        """Say in words what leaving studies out changes."""
        measure = self.panel.measure_of(ev)
        if not self.panel.state.exclude or measure is None:
            return ""
        rows = comparisons(ev)
        rows = rows[(rows["why_not"] == "") & (rows["measure"] == measure[0])]
        after = rows[~rows["study_id"].isin(self.panel.state.exclude)]
        words = exclusion_effect(rows, after)
        if len(after) == len(rows):
            words = "What is left out has no comparison of this measure, so nothing changes in this plot."
        return f"<p class='ldn-effect ldn-now'>{html.escape(words)}</p>"

    def _draw_icons(self, ev: Evidence, slot: Slot) -> None:
        """Draw an icon array for one outcome whose counts were read in two arms."""
        table = countable(ev)
        if table.empty:
            self.icons_choice.value = ""
            slot.say("No icon array: no outcome of this selection has counts for two independent arms.")
            return
        state = self.panel.state
        chosen = state.outcome if state.outcome in set(table["outcome_id"]) else table["outcome_id"].iloc[0]
        buttons = "".join(
            self.panel._button(
                f"{r.study}: {r.outcome}",
                f"{self.number} outcome {r.outcome_id}",
                r.outcome_id == chosen,
                outcome=r.outcome_id,
            )
            for r in each(table)
        )
        per = "".join(
            self.panel._button(label, f"{self.number} per {code}", state.per == code, per=code)
            for label, code in state.choices("per").items()
        )
        self.icons_choice.value = (
            f"<div role='group' aria-label='Outcome of the icon array'>{buttons}</div>"
            f"<div role='group' aria-label='Denominator'><span>Out of:</span> {per}</div>"
        )
        self.panel.fill(slot, lambda: views.icon_array_for(ev, chosen, per=int(state.per)))
