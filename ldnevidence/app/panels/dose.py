"""Dose: every study on one axis, what ED50 and ED95 mean, best doses, schedules, receptor occupancy."""

from __future__ import annotations

from functools import partial

from ldnevidence import views
from ldnevidence.app.panels.base import Panel


class Dose(Panel):
    """Five views of dose."""

    READS = ("condition", "scheme", "design", "others")
    PICKERS = {
        "condition": "Condition",
        "scheme": "Dose bands as named by",
        "others": "Show high-dose and other-drug studies too",
    }

    def build(self) -> None:
        """Make the widgets."""
        self.axis, self.ed, self.best, self.steps, self.receptors = (self.slot() for _ in range(5))
        title = self.heading("Which doses were studied, and what they did")
        self.children = [title, self.axis, self.ed, self.best, self.steps, self.receptors]

    def draw(self) -> None:
        """Draw: the axis follows the choice, the other four rest on single studies."""
        chosen = {k: v for k, v in self.state.selection().items() if k not in ("dose_band", "domain")}
        ev = self.ev.select(**chosen)
        self.fill(self.axis, lambda: views.dose_axis(ev, scheme=self.state.scheme))
        for slot, build in (
            (self.ed, views.ed_curve),
            (self.best, views.best_dose),
            (self.steps, views.titrations),
            (self.receptors, views.occupancy),
        ):
            if not slot.head.value:  # these rest on the whole evidence and do not change with the choice
                self.fill(slot, partial(build, self.ev))
