"""The dashboard: a row of tabs over one state, and the panel of the open tab."""

from __future__ import annotations

import html
import logging
import os
from typing import Any

import ipywidgets as w

from ldnevidence.app import elsewhere
from ldnevidence.app.panels import PANELS, Panel, Status
from ldnevidence.app.show import in_own_page
from ldnevidence.app.state import TABS, ExplorerState
from ldnevidence.evidence import Evidence, load

log = logging.getLogger("ldnevidence")


class Dashboard(w.VBox):
    """The whole page. Only the open tab is built and drawn.

    Buttons inside HTML (cells of the gap map, studies to leave out, a claim to open) carry the choice that
    they stand for as a query string; the page's script puts it into ``command``, a hidden text box, so that
    hundreds of buttons cost no widget each.

    Attributes
    ----------
    state : ExplorerState
        What is chosen.
    panels : dict of str to Panel
        The tabs that have been opened.

    Examples
    --------
    >>> page = Dashboard()
    >>> page.state.tab = "claims"
    >>> "statements" in page.panels["claims"].list.value
    True
    """

    def __init__(self, ev: Evidence | None = None) -> None:
        self.ev = ev or load()
        self.state = ExplorerState(self.ev)
        self.panels: dict[str, Panel] = {}
        self._stale: set[str] = set()
        self.nav, self.link, self.status = w.HTML(), w.HTML(), Status()
        self.command = w.Text(continuous_update=False, description="Command")
        self.command.add_class("ldn-command")
        self.body = w.VBox()
        parts = [self.nav, self.status, self.body, self.link, self.command]
        if not in_own_page():  # there the address does not follow the view, so that it is no link to it
            parts.remove(self.link)
            parts[:0] = elsewhere.brought_along()
        super().__init__(parts)
        if not in_own_page():
            self.add_class(elsewhere.PLACE)
        self.command.observe(self._observe_command, "value")
        self.state.observe(self._observe_state, list(ExplorerState.NAMES.values()))
        self.status.say()
        self.open_tab()

    def follow_link(self) -> None:
        """Apply the choice in the address that the visitor came by; does nothing outside a Voila page."""
        if "VOILA_PREHEAT" in os.environ:
            from voila.utils import wait_for_request

            wait_for_request()  # a preheated kernel learns its visitor's address only now
        self.open_link(os.environ.get("QUERY_STRING", ""))

    def open_link(self, query: str) -> None:
        """Apply a link's choice; parts that are unknown are ignored with a message.

        With a leading question mark the query is the whole choice, without it a change of the present one.
        """
        self.status.say()  # before, not after: a view that fails while it is drawn says so itself
        messages = self.state.from_query(query, whole=query.startswith("?"))
        if messages:
            self.status.say(*messages)

    def open_tab(self) -> None:
        """Show the panel of the open tab, and draw it where its choices have changed since."""
        tab = self.state.tab
        try:
            if tab not in self.panels:
                self.panels[tab] = PANELS[tab](self.state, self.ev, self.status)
                self.panels[tab].add_class(f"ldn-tab-{tab}")
                self._stale.add(tab)
            if tab in self._stale:
                self._stale.discard(tab)
                self.panels[tab].draw()
            self.body.children = [self.panels[tab]]
        except Exception:
            log.exception("the tab %s failed for ?%s", tab, self.state.to_query())
            self.status.say(f"The tab {TABS[tab]} could not be drawn. The rest of the page still works.")
        self._draw_nav()

    def _draw_nav(self) -> None:
        buttons = "".join(
            f"<li><button type='button' data-set='tab={code}' data-key='tab {code}'{' aria-current=page' if code == self.state.tab else ''}>"
            f"{html.escape(label)}</button></li>"
            for code, label in TABS.items()
        )
        self.nav.value = f"<nav aria-label='Parts of the explorer' class='ldn-nav'><ul>{buttons}</ul></nav>"
        query = html.escape(self.state.to_query(), quote=True)
        self.link.value = (
            f'<p class=\'ldn-link\' data-query="{query}" data-title="{html.escape(self.title(), quote=True)}">'
            "<button type='button' class='ldn-choice' data-copy-link='1'>"
            "Copy a link to this view</button></p>"
        )

    def title(self) -> str:
        """Return the title of the window: the tab, and what is chosen in it.

        Examples
        --------
        >>> page = Dashboard()
        >>> page.open_link("?tab=safety&condition=fibromyalgia")
        >>> page.title()
        'Safety: Fibromyalgia - LDN evidence explorer'
        """
        panel = PANELS[self.state.tab]
        chosen = [
            self.state.label(name)
            for name in ("condition", "dose_band")
            if name in panel.PICKERS and getattr(self.state, name)
        ]
        return f"{TABS[self.state.tab]}{': ' if chosen else ''}{', '.join(chosen)} - LDN evidence explorer"

    def _observe_command(self, change: Any) -> None:
        """Take over the choice of a button; the part behind the last # only makes every press a new value."""
        query = str(change["new"]).rpartition("#")[0]
        if query:
            self.open_link(query)

    def _observe_state(self, change: Any) -> None:
        for tab, panel in PANELS.items():
            if change["name"] in panel.READS:
                self._stale.add(tab)
        self.open_tab()
