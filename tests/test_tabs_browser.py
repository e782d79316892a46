"""Every tab of the dashboard in a real browser: opens, follows its controls, and can be used by everybody."""

from __future__ import annotations

import io
import os
import zipfile
from itertools import pairwise
from typing import Any

import pytest

import ldnevidence as ldn
from ldnevidence.app.panels import PANELS
from ldnevidence.app.state import TABS, ExplorerState
from tests import browser
from tests.browser import Visit

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LEVELS = """() => Array.from(document.querySelectorAll("h1, h2, h3, h4, h5, h6"))
  .filter(n => n.getClientRects().length).map(n => Number(n.tagName[1]))"""


def violations(page: Any) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 A and AA, one line a rule with its first place."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:160]}" for v in found]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_a_tab_opens_without_accessibility_faults_and_without_scrolling_sideways(
    request: pytest.FixtureRequest, tab: str, width: str
) -> None:
    visit: Visit = request.getfixturevalue(width)
    # A selection has every part of its tab, and is small enough to look through at once.
    visit.go("condition=fibromyalgia" if tab == "overview" else f"condition=fibromyalgia&tab={tab}")
    visit.page.wait_for_selector(f".ldn-tab-{tab} .ldn-title")
    assert "tab could not be drawn" not in visit.text(".ldn-status")
    assert visit.page.locator("text=This part could not be drawn").count() == 0
    size = visit.page.viewport_size["width"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= size
    assert violations(visit.page) == []
    assert visit.complaints == []


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_has_a_title_ordered_headings_and_words_for_its_charts(wide: Visit, tab: str) -> None:
    wide.open(tab)
    wide.page.wait_for_selector(f".ldn-tab-{tab} .ldn-title")
    assert wide.page.title().startswith(TABS[tab])
    levels = wide.page.evaluate(LEVELS)
    assert levels.count(1) == 1 and levels[:2] == [1, 2]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    for section in wide.page.locator("[data-view]").all():
        figure = section.locator(".ldn-figure")
        if not figure.count():  # nothing to draw: the sentence says why
            assert section.locator(".ldn-sentence").inner_text()
            continue
        assert figure.get_attribute("role") == "figure"
        assert browser.plain(section.locator(".ldn-sentence").inner_text()) in str(
            figure.get_attribute("aria-label")
        )
        assert section.locator("details[data-part=Table]").count() == 1
        assert section.locator("svg.main-svg:not([aria-hidden])").count() == 0
    for role in ("main", "navigation", "banner", "contentinfo"):
        assert wide.page.get_by_role(role).count() >= 1, role


# -- controls ---------------------------------------------------------------------------------------------

# What each picker is set to, and which views it must change, for every picker of every tab.
VALUES: dict[str, Any] = {
    "condition": "crohns-disease", "dose_band": "low", "scheme": "toljan2018", "design": "randomized",
    "domain": "pain", "sort": "participants", "descending": True,
    "events": "any event", "other_condition": "crohns-disease", "other_band": "low",
    "others": True,
    "document": "kim2025", "topic": "dose", "verdict": "contradicted", "text": "placebo",
    "find": "Younger 2013",
}  # fmt: skip
CHANGES: dict[tuple[str, str], set[str]] = {
    ("overview", "scheme"): {"ldn-gaps", "gap_map"},
    ("overview", "design"): {"ldn-gaps", "gap_map", "timeline"},
    ("overview", "others"): {"ldn-gaps", "gap_map", "timeline"},
    ("compare", "condition"): {"ldn-title", "response_rates", "forest", "safeguards"},
    ("compare", "dose_band"): {"ldn-title", "response_rates", "safeguards"},
    ("compare", "scheme"): {"ldn-title"},
    ("compare", "design"): {"response_rates", "safeguards"},
    ("compare", "domain"): {"response_rates", "forest"},
    ("compare", "sort"): {"forest"},
    ("compare", "descending"): {"forest"},
    ("compare", "other_condition"): {"ldn-title", "response_rates 2", "safeguards 2"},
    ("compare", "other_band"): {"ldn-title", "response_rates 2", "safeguards 2"},
    ("compare", "others"): {"safeguards"},
    ("dose", "condition"): {"dose_axis"},
    ("dose", "scheme"): {"dose_axis"},
    ("dose", "others"): {"dose_axis"},
    ("safety", "condition"): {"safety"},
    ("safety", "dose_band"): {"safety"},
    ("safety", "events"): {"safety"},
    ("claims", "document"): {"ldn-topics"},
    ("claims", "topic"): {"ldn-topics"},
    ("claims", "verdict"): {"ldn-topics"},
    ("claims", "text"): {"ldn-topics"},
    ("references", "find"): {"ldn-works"},
}
# Where a picker needs something else to be chosen before it can change anything.
STARTS = {
    ("compare", "scheme"): "condition=fibromyalgia&dose=low&tab=compare",
    ("compare", "others"): "condition=chronic-pain&tab=compare",
    ("compare", "sort"): "condition=chronic-pain&tab=compare",
    ("compare", "descending"): "condition=chronic-pain&tab=compare",
    ("compare", "other_band"): "condition=fibromyalgia&condition2=chronic-pain&tab=compare",
}
COMPARE = "condition=fibromyalgia&tab=compare"


def start(tab: str) -> str:
    return {"overview": "", "compare": COMPARE}.get(tab, f"tab={tab}")


def set_picker(visit: Visit, state: ExplorerState, label: str, trait: str) -> None:
    """Work the real control as a reader does."""
    control = visit.page.locator(".ldn-controls").get_by_label(label, exact=True)
    value = getattr(state, trait)
    if isinstance(value, bool):
        control.set_checked(value)
    elif trait in ("text", "find"):
        control.fill(value)
    else:
        control.select_option(label=state.label(trait))


def test_every_picker_of_every_tab_is_tried_below() -> None:
    assert set(CHANGES) == {(tab, trait) for tab, panel in PANELS.items() for trait in panel.PICKERS}


@pytest.mark.parametrize(("tab", "trait"), CHANGES, ids=[f"{tab}-{trait}" for tab, trait in CHANGES])
def test_a_picker_changes_charts_tables_and_link_and_changes_them_back(
    wide: Visit, tab: str, trait: str
) -> None:
    state = ExplorerState(ldn.load())
    state.from_query(STARTS.get((tab, trait), start(tab)))
    query, old = state.to_query(), getattr(state, trait)
    wide.go(query)
    wide.page.wait_for_selector(f".ldn-tab-{tab} .ldn-title")
    before = wide.drawn()
    label = PANELS[tab].PICKERS[trait]
    setattr(state, trait, VALUES[trait])
    set_picker(wide, state, label, trait)
    wide.shows(state.to_query())
    assert wide.page.url.partition("?")[2] == state.to_query()
    after = wide.drawn()
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert CHANGES[tab, trait] <= changed
    setattr(state, trait, old)
    set_picker(wide, state, label, trait)
    wide.shows(query)
    assert wide.drawn() == before


@pytest.mark.parametrize(
    ("query", "key", "changes", "names"),
    [
        (COMPARE, "measure MD points", {"measure": "MD points"}, {"forest"}),
        (COMPARE, "exclude duebruun2024", {"exclude": ("duebruun2024",)}, {"response_rates", "forest"}),
        (COMPARE, "0 per 10", {"per": "10"}, {"icon_array"}),
        ("condition=pelvic-pain&tab=compare", "0 outcome #2", {}, {"icon_array"}),
        ("tab=claims", "claim kim2025-02", {"claim": "kim2025-02"}, {"ldn-open"}),
        ("tab=references", "kind systematic review", {"kind": "systematic review"}, {"ldn-works"}),
        ("", "cell fibromyalgia low", {"condition": "fibromyalgia", "dose_band": "low", "tab": "compare"},
         {"ldn-title"}),
    ],
    ids=["measure", "leave out", "denominator", "outcome", "claim", "kind of evidence", "cell of the map"],
)  # fmt: skip
def test_a_button_changes_what_is_shown_and_back_undoes_it(
    wide: Visit, query: str, key: str, changes: dict[str, Any], names: set[str]
) -> None:
    state = ExplorerState(ldn.load())
    state.from_query(query)
    wide.go(query)
    wide.page.wait_for_selector(f".ldn-tab-{state.tab} .ldn-title")
    if key.endswith("#2"):
        key = str(wide.page.locator("[data-key^='0 outcome']").nth(1).get_attribute("data-key"))
        changes = {"outcome": key.rpartition(" ")[2]}
    before = wide.drawn()
    wide.page.locator("details[data-part=exclude], .ldn-topics details").evaluate_all(
        "nodes => nodes.forEach(n => { n.open = true; })"
    )
    wide.page.locator(f'[data-key="{key}"]').click()
    wide.shows(state.to_query(**changes))
    if "tab" in changes:
        wide.page.wait_for_selector(f".ldn-tab-{changes['tab']} .ldn-title")
    after = wide.drawn()
    assert names <= {name for name in {*before, *after} if before.get(name) != after.get(name)}
    wide.page.go_back()
    wide.shows(query)
    wide.page.wait_for_selector(f".ldn-tab-{state.tab} .ldn-title")
    assert wide.drawn() == before


def test_pressing_a_cell_of_the_gap_map_opens_compare_on_it(wide: Visit) -> None:
    wide.go("")
    wide.page.get_by_role("button", name="Multiple sclerosis, Low (1 to 4.5 mg)").click()
    wide.page.get_by_role("heading", name="Multiple sclerosis, low (1 to 4.5 mg)").wait_for()
    expected = ldn.load().select(condition="multiple-sclerosis", dose_band="low")
    assert f"{len(expected.studies)} studies" in browser.plain(
        wide.page.locator(".ldn-column").first.inner_text()
    )


def test_leaving_a_study_out_redraws_and_says_what_it_changed(wide: Visit) -> None:
    wide.go("condition=fibromyalgia&measure=RR&tab=compare")
    wide.page.locator("details[data-part=exclude]").evaluate("n => { n.open = true; }")
    wide.page.get_by_role("button", name="Bruun 2024 (FINAL): in").click()
    wide.shows("condition=fibromyalgia&measure=RR&exclude=duebruun2024&tab=compare")
    assert "Bruun 2024 (FINAL)" in wide.text(".ldn-effect")


def test_two_selections_stand_side_by_side_and_the_link_keeps_them(wide: Visit) -> None:
    wide.go("condition=crohns-disease&dose=low&condition2=fibromyalgia&dose2=low&tab=compare")
    wide.page.get_by_role(
        "heading", name="Crohn's disease, low (1 to 4.5 mg) against Fibromyalgia"
    ).wait_for()
    left, right = (wide.page.locator(".ldn-column").nth(i).bounding_box() for i in (0, 1))
    assert abs(left["y"] - right["y"]) < 5
    assert right["x"] > left["x"]


def test_on_a_telephone_two_selections_stand_under_one_another(narrow: Visit) -> None:
    narrow.go("condition=crohns-disease&dose=low&condition2=fibromyalgia&dose2=low&tab=compare")
    narrow.page.wait_for_selector(".ldn-tab-compare .ldn-title")
    first, second = (narrow.page.locator(".ldn-column").nth(i).bounding_box() for i in (0, 1))
    assert second["y"] >= first["y"] + first["height"]
    assert first["width"] == second["width"] > 350


def test_the_address_follows_the_view_and_opens_to_the_same_view(wide: Visit, chromium: Any) -> None:
    wide.go("tab=claims")
    wide.pick("Verdict", "Contradicted")
    wide.page.get_by_text("5 statements").first.wait_for()
    wide.page.wait_for_url("**verdict=contradicted**")
    again = Visit(chromium, wide.page.url, wait=".ldn-claims li")
    assert again.page.locator(".ldn-claims > li").count() == 5
    again.page.close()


def test_a_claim_opens_to_its_figures_rows_and_reason(wide: Visit) -> None:
    wide.go("document=kim2025&tab=claims")
    wide.page.get_by_role("button", name="Open claim kim2025-02").click()
    opened = wide.page.locator(".ldn-open")
    opened.wait_for()
    words = browser.plain(opened.inner_text())
    claim = ldn.claims.detail(ldn.load(), "kim2025-02")
    assert browser.plain(claim.why) in words
    assert "28.8" in words
    assert "What would change the verdict" in words


def test_typing_in_references_finds_a_misspelt_work_after_one_pause(wide: Visit) -> None:
    wide.go("tab=references")
    wide.page.get_by_label("Search", exact=True).press_sequentially("Yonger 2013", delay=20)
    wide.page.locator(".ldn-works li").first.get_by_text("Younger").first.wait_for()
    wide.page.wait_for_url("**find=Yonger**")


def test_the_archive_can_be_taken_away(wide: Visit) -> None:
    wide.go("tab=methods")
    link = wide.page.get_by_role("link", name="Everything as one ZIP")
    link.wait_for()
    body = wide.page.request.get(wide.page.evaluate("n => n.href", link.element_handle())).body()
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert {"studies.csv", "datapackage.json", "references.bib", "LICENSE", "CITATION.cff"} <= set(names)
