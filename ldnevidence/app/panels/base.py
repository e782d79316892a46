"""What a panel is: one tab's widgets, drawn when the tab is open and redrawn when its choices change."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets as w

from ldnevidence.app.show import Slot

if TYPE_CHECKING:
    from ldnevidence.app.state import ExplorerState
    from ldnevidence.evidence import Evidence
    from ldnevidence.views import View

log = logging.getLogger("ldnevidence")
SELECTION = ("condition", "dose_band", "scheme", "design", "domain", "others")


def heading_html(text: str) -> str:
    """Return a tab's heading, which can take the focus.

    >>> heading_html("Dose & harm")
    "<h2 class='ldn-title' tabindex='-1'>Dose &amp; harm</h2>"
    """
    return f"<h2 class='ldn-title' tabindex='-1'>{html.escape(text)}</h2>"


class Status(w.HTML):
    """The one line in which every message to the reader stands."""

    def say(self, *messages: str) -> None:
        """Show messages, or clear the line."""
        text = " ".join(html.escape(m) for m in messages)
        self.value = f"<div class='ldn-status' role='status' aria-live='polite'>{text}</div>"


class Panel(w.VBox):
    """One tab.

    Attributes
    ----------
    READS : tuple of str
        Traits of the state that the panel depends on; a change of any redraws it.
    PICKERS : dict
        Trait to label of the drop-downs that the panel shows.
    """

    READS: ClassVar[tuple[str, ...]] = SELECTION
    PICKERS: ClassVar[dict[str, str]] = {}
    children: Any  # a trait of VBox

    def __init__(self, state: ExplorerState, ev: Evidence, status: Status) -> None:
        self.state, self.ev, self.status = state, ev, status
        super().__init__()
        self.pickers = Pickers(state, self.PICKERS) if self.PICKERS else None
        self.build()
        if self.pickers:
            self.children = (self.pickers, *self.children)

    def build(self) -> None:
        """Make the panel's widgets, once."""
        raise NotImplementedError

    def draw(self) -> None:
        """Fill the widgets for the present choice."""
        raise NotImplementedError

    @staticmethod
    def heading(text: str) -> w.HTML:
        """Return the tab's heading; the page's script may put the focus on it."""
        return w.HTML(heading_html(text))

    def slot(self, level: int = 3) -> Slot:
        """Return a new place for a view."""
        return Slot(self.ev, level)

    def fill(self, slot: Slot, build: Callable[[], View], **options: Any) -> None:
        """Show a view in a slot; one that fails says so and leaves the rest of the page alive."""
        try:
            slot.show(build(), **options)
        except Exception:
            log.exception("a view of %s failed for ?%s", type(self).__name__, self.state.to_query())
            slot.say("This part could not be drawn; the rest of the page still works.")
            self.status.say("One part of the page could not be drawn. The error is in the server's log.")


class Pickers(w.HBox):
    """Drop-downs for choices of the state; each follows the state as well as it leads it."""

    def __init__(self, state: ExplorerState, labels: dict[str, str]) -> None:
        self.state = state
        self.controls: dict[str, w.Widget] = {}
        self.links: dict[str, w.link] = {}
        for name, label in labels.items():
            self.controls[name] = self._control(name, label)
            self.links[name] = w.link((state, name), (self.controls[name], "value"))
        state.observe(self._observe_scheme, "scheme")
        super().__init__(list(self.controls.values()))
        self.add_class("ldn-controls")

    def _control(self, name: str, label: str) -> w.Widget:
        if isinstance(getattr(self.state, name), bool):
            return w.Checkbox(description=label, indent=False)
        if name in ("text", "find"):
            # Sent when the reader pauses (the page's script sees to it), not at every key stroke.
            return w.Text(description=label, tooltip=label, continuous_update=False)
        options = list(self.state.choices(name).items())
        return w.Dropdown(options=options, value=getattr(self.state, name), description=label, tooltip=label)

    def _observe_scheme(self, change: Any) -> None:
        # New options set a drop-down back to its first; the link waits, so that a band which both schemes have stays.
        for name in ("dose_band", "other_band"):
            if name in self.controls:
                self.links[name].unlink()
                self.controls[name].options = list(self.state.choices(name).items())
                self.links[name].link()
