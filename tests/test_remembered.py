"""Tabs that were drawn before are filled from what was kept, just as if they were drawn anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest

from ldnevidence import views
from ldnevidence.app import Dashboard, remembered, show
from ldnevidence.app.panels import PANELS, Panel

PLAIN = dict(PANELS)
# Every tab, with choices that hide and show columns, change buttons, fold, and go back and forth.
CHOICES = [
    "?tab=overview",
    "?tab=overview&design=randomized&others=1",
    "?tab=compare&condition=fibromyalgia&dose=low",
    "?tab=compare&condition=fibromyalgia&condition2=crohns-disease",
    "?tab=compare&condition=crohns-disease&per=10",
    "?tab=compare&condition=fibromyalgia&exclude=younger2013&sort=year",
    "?tab=compare&condition=crohns-disease&per=10",
    "?tab=dose&condition=fibromyalgia",
    "?tab=dose&condition=crohns-disease&others=1",
    "?tab=safety&condition=fibromyalgia",
    "?tab=claims&verdict=supported",
    "?tab=claims",
    "?tab=mechanisms",
    "?tab=references",
    "?tab=methods",
    "?tab=overview",
]


@pytest.fixture(autouse=True)
def as_for_voila(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(show.OWN_PAGE, "1")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for tab, panel in PLAIN.items():
        monkeypatch.setitem(PANELS, tab, panel)  # restores them all
    remembered.remember_in(tmp_path / "tabs")
    return tmp_path / "tabs"


def everything(widget: w.Widget) -> list[Any]:
    """Return all that the browser learns of a widget and of those below it, but their names."""
    state = {
        name: value
        for name, value in widget.get_state().items()
        if "IPY_MODEL_" not in str(value) and not name.startswith("_view_count")
    }
    below = [w_.get_state() for w_ in (getattr(widget, "layout", None),) if w_ is not None]
    return [state, below, [everything(child) for child in getattr(widget, "children", ())]]


def walk(page: Dashboard) -> list[list[Any]]:
    """Make all choices, one after another, and return what the page held after each."""
    seen = []
    for choice in CHOICES:
        page.open_link(choice)
        seen.append(everything(page))
    return seen


def forbid_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(panel: Panel) -> None:
        raise AssertionError(f"{type(panel).__name__} was drawn")

    for panel in PLAIN.values():
        monkeypatch.setattr(panel, "draw", draw)


def test_a_remembered_page_is_the_same_as_a_drawn_one_whatever_was_chosen_before(folder, monkeypatch):
    for tab, panel in PLAIN.items():
        monkeypatch.setitem(PANELS, tab, panel)
    drawn = walk(Dashboard())
    remembered.remember_in(folder)
    assert walk(Dashboard()) == drawn, "while it is being remembered"
    forbid_drawing(monkeypatch)
    assert walk(Dashboard()) == drawn, "once it is remembered"


def test_what_was_drawn_ahead_is_not_drawn_again(folder, monkeypatch):
    page = Dashboard()
    links = list(remembered.asked_first(page.state))
    assert len(links) > 100, "the tabs, and three of them for every condition"
    few = [*links[: len(PANELS)], *(link for link in links if link.endswith("=fibromyalgia"))]
    for link in few:
        page.open_link(link)
    forbid_drawing(monkeypatch)
    other = Dashboard()
    for link in few:
        other.open_link(link)
        assert "could not be drawn" not in other.status.value


def test_a_view_that_failed_is_drawn_again(folder, monkeypatch):
    with monkeypatch.context() as broken:

        def fail(*arguments: object, **options: object) -> None:
            raise RuntimeError("broken for this test")

        broken.setattr(views, "safety", fail)
        page = Dashboard()
        page.open_link("?tab=safety")
        assert "could not be drawn" in page.panels["safety"].events.head.value
    page = Dashboard()
    page.open_link("?tab=safety")
    assert "ldn-figure" in page.panels["safety"].events.head.value


@pytest.mark.parametrize("text", ["", "not a file of ours", "[]"])
def test_a_damaged_file_is_as_good_as_none(folder, text):
    Dashboard()
    for path in folder.iterdir():
        path.write_text(text, encoding="utf-8")
    assert "ldn-figure" in Dashboard().panels["overview"].timeline.head.value


def test_what_a_reader_types_is_not_kept_and_a_full_folder_stays_as_it_is(folder, monkeypatch):
    page = Dashboard()
    before = len(list(folder.iterdir()))
    page.open_link("?tab=references&find=younger")
    assert len(list(folder.iterdir())) == before
    monkeypatch.setattr(remembered, "MOST", before)
    page.open_link("?tab=mechanisms")
    assert len(list(folder.iterdir())) == before
    assert "ldn-figure" in page.panels["mechanisms"].ladder.head.value


def test_a_folder_that_cannot_be_written_does_no_harm(folder, monkeypatch):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert "ldn-figure" in Dashboard().panels["overview"].timeline.head.value
