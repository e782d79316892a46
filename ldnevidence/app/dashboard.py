"""The dashboard: pickers over one state, and the panels that observe it."""

from __future__ import annotations

import html
import logging
import os
from collections.abc import Callable
from typing import Any, ClassVar

import ipywidgets as w

from ldnevidence import views
from ldnevidence.app.show import show, under_voila
from ldnevidence.app.state import ExplorerState
from ldnevidence.evidence import Evidence, load

log = logging.getLogger("ldnevidence")


class Status(w.HTML):
    """The one line in which every message to the reader stands."""

    def say(self, *messages: str) -> None:
        """Show messages, or clear the line."""
        text = " ".join(html.escape(m) for m in messages)
        self.value = f"<div class='ldn-status' role='status' aria-live='polite'>{text}</div>"


class Pickers(w.HBox):
    """Drop-downs for the state's choices; each follows the state as well as it leads it."""

    def __init__(self, state: ExplorerState) -> None:
        self.state = state
        labels = {"condition": "Condition", "dose_band": "Dose band", "design": "Design"}
        self.dropdowns = {
            name: w.Dropdown(options=list(state.choices(name).items()), value=getattr(state, name),
                             description=label, tooltip=label)
            for name, label in labels.items()
        }  # fmt: skip
        for name, dropdown in self.dropdowns.items():
            w.link((state, name), (dropdown, "value"))
        self.others = w.Checkbox(description="Show high-dose and other-drug studies too", indent=False)
        w.link((state, "others"), (self.others, "value"))
        state.observe(self._observe_scheme, "scheme")
        super().__init__([*self.dropdowns.values(), self.others])
        self.add_class("ldn-controls")

    def _observe_scheme(self, change: Any) -> None:
        self.dropdowns["dose_band"].options = list(self.state.choices("dose_band").items())


class Dashboard(w.VBox):
    """The whole page.

    Attributes
    ----------
    state : ExplorerState
        What is chosen.
    panels : dict
        Name to the function that builds the panel's view from the narrowed evidence.

    Examples
    --------
    >>> page = Dashboard()
    >>> page.state.condition = "fibromyalgia"
    >>> "Fibromyalgia" in page.summary.value
    True
    """

    PANELS: ClassVar[dict[str, Callable[[Evidence], views.View]]] = {
        "gap_map": views.gap_map,
        "response_rates": views.response_rates,
    }

    def __init__(self, ev: Evidence | None = None) -> None:
        self.ev = ev or load()
        self.state = ExplorerState(self.ev)
        self.status = Status()
        self.status.say()
        self.pickers = Pickers(self.state)
        self.summary = w.HTML()
        self.boxes = {name: w.VBox() for name in self.PANELS}
        super().__init__([self.pickers, self.status, self.summary, *self.boxes.values()])
        self.draw()
        self.state.observe(self._observe_state, list(ExplorerState.NAMES.values()))

    def open_link(self, query: str) -> None:
        """Apply a link's choice; parts that are unknown are ignored with a message."""
        self.status.say(*self.state.from_query(query))

    def follow_link(self) -> None:
        """Apply the choice in the address that the visitor came by; does nothing outside a Voila page."""
        if under_voila():
            from voila.utils import wait_for_request

            wait_for_request()  # a preheated kernel learns its visitor's address only now
        self.open_link(os.environ.get("QUERY_STRING", ""))

    def draw(self) -> None:
        """Draw every panel for the present choice; a panel that fails leaves the others alive."""
        ev = self.state.evidence()
        self.summary.value = f"<h2>{html.escape(self._heading())}</h2>"
        for name, build in self.PANELS.items():
            try:
                self.boxes[name].children = [show(build(ev), self.ev, level=3)]
            except Exception:
                log.exception("panel %s failed for %s", name, self.state.to_query())
                self.boxes[name].children = []
                self.status.say(
                    f"The panel {name.replace('_', ' ')} could not be drawn; the rest still works."
                )

    def _heading(self) -> str:
        labels = {code: label for label, code in self.state.choices("condition").items()}
        doses = {code: label for label, code in self.state.choices("dose_band").items()}
        return f"{labels[self.state.condition]}, {doses[self.state.dose_band].lower()}"

    def _observe_state(self, change: Any) -> None:
        self.status.say()
        self.draw()
