"""Every tab of the dashboard in a real browser: opens, follows its pickers, and can be used by everybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import ldnevidence as ldn
from ldnevidence.app.state import TABS
from tests import browser
from tests.test_dashboard_browser import Visit

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def wide(chromium: Any, address: str) -> Iterator[Visit]:
    opened = Visit(chromium, address)
    yield opened
    opened.page.close()


@pytest.fixture(scope="module")
def narrow(chromium: Any, address: str) -> Iterator[Visit]:
    opened = Visit(chromium, address, width=390)
    yield opened
    opened.page.close()


def violations(page: Any) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 A and AA, one line a rule with its first place."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:160]}" for v in found]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_a_tab_opens_without_accessibility_faults_and_without_scrolling_sideways(
    request: pytest.FixtureRequest, tab: str, width: str
) -> None:
    visit: Visit = request.getfixturevalue(width)
    visit.open(tab)
    assert "tab could not be drawn" not in visit.text(".ldn-status")
    assert visit.page.locator("text=This part could not be drawn").count() == 0
    size = visit.page.viewport_size["width"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= size
    assert violations(visit.page) == []
    assert visit.complaints == []


def test_pressing_a_cell_of_the_gap_map_opens_compare_on_it(wide: Visit) -> None:
    wide.open("overview")
    wide.page.get_by_role("button", name="Multiple sclerosis, Low (1 to 4.5 mg)").click()
    wide.page.get_by_role("heading", name="Multiple sclerosis, low (1 to 4.5 mg)").wait_for()
    expected = ldn.load().select(condition="multiple-sclerosis", dose_band="low")
    assert f"{len(expected.studies)} studies" in browser.plain(
        wide.page.locator(".ldn-column").first.inner_text()
    )


def test_leaving_a_study_out_redraws_and_says_what_it_changed(wide: Visit) -> None:
    wide.go("?condition=fibromyalgia&measure=RR&tab=compare")
    wide.page.locator("summary", has_text="Leave studies out").click()
    wide.page.get_by_role("button", name="Bruun 2024 (FINAL): in").click()
    wide.page.locator(".ldn-effect").first.wait_for()
    assert "Bruun 2024 (FINAL)" in wide.text(".ldn-effect")
    wide.page.wait_for_url("**exclude=duebruun2024**")


@pytest.mark.parametrize(
    ("label", "option", "query"),
    [
        ("Condition", "Crohn's disease", "condition=crohns-disease"),
        ("Dose band", "Low (1 to 4.5 mg)", "dose=low"),
        ("Design", "Randomised only", "design=randomized"),
        ("Outcome", "Response", "domain=response"),
        ("Dose bands as named by", "Toljan and Vrooman 2018", "scheme=toljan2018"),
        ("Sort comparisons by", "Year", "sort=year"),
    ],
)
def test_each_picker_changes_what_is_drawn(wide: Visit, label: str, option: str, query: str) -> None:
    wide.go("?condition=chronic-pain&tab=compare")
    column = wide.page.locator(".ldn-column").first
    column.locator(".main-svg").first.wait_for()
    before = column.inner_html()
    wide.pick(label, option)
    wide.page.wait_for_url(f"**{query}**")
    column.locator(".main-svg").first.wait_for()
    changed = column.inner_html() != before
    # A scheme only renames the bands of the picker; the studies stay the same while no band is chosen.
    assert changed or label == "Dose bands as named by"


def test_a_view_that_fails_leaves_the_page_alive(chromium: Any) -> None:
    patch = (
        "from ldnevidence import views\n\n\ndef broken(*a, **k):\n    raise RuntimeError('planted')\n\n\n"
        "views.safety = broken"
    )
    with browser.dashboard(first_cell=patch) as url:
        visit = Visit(chromium, url)
        visit.open("safety")
        visit.page.get_by_text("This part could not be drawn").wait_for()
        assert "could not be drawn" in visit.text(".ldn-status")
        assert "planted" not in visit.page.content()
        visit.open("claims")
        visit.page.get_by_text("95 statements").wait_for()
        visit.page.close()


def test_two_selections_stand_side_by_side_and_the_link_keeps_them(wide: Visit) -> None:
    wide.go("?condition=crohns-disease&dose=low&condition2=fibromyalgia&dose2=low&tab=compare")
    wide.page.get_by_role(
        "heading", name="Crohn's disease, low (1 to 4.5 mg) against Fibromyalgia"
    ).wait_for()
    left, right = (wide.page.locator(".ldn-column").nth(i).bounding_box() for i in (0, 1))
    assert abs(left["y"] - right["y"]) < 5
    assert right["x"] > left["x"]


def test_the_address_follows_the_view_and_opens_to_the_same_view(wide: Visit, chromium: Any) -> None:
    wide.go("?tab=claims")
    wide.pick("Verdict", "Contradicted")
    wide.page.get_by_text("5 statements").first.wait_for()
    wide.page.wait_for_url("**verdict=contradicted**")
    again = Visit(chromium, wide.page.url, wait=".ldn-claims li")
    assert again.page.locator(".ldn-claims > li").count() == 5
    again.page.close()


def test_a_claim_opens_to_its_figures_rows_and_reason(wide: Visit) -> None:
    wide.go("?tab=claims&document=kim2025")
    wide.page.get_by_role("button", name="Open claim kim2025-02").click()
    opened = wide.page.locator(".ldn-open")
    opened.wait_for()
    words = browser.plain(opened.inner_text())
    claim = ldn.claims.detail(ldn.load(), "kim2025-02")
    assert browser.plain(claim.why) in words
    assert "28.8" in words
    assert "What would change the verdict" in words


def test_typing_in_references_finds_a_misspelt_work_after_one_pause(wide: Visit) -> None:
    wide.go("?tab=references")
    wide.page.get_by_label("Search", exact=True).press_sequentially("Yonger 2013", delay=20)
    wide.page.locator(".ldn-works li").first.get_by_text("Younger").first.wait_for()
    wide.page.wait_for_url("**find=Yonger**")


def test_the_archive_can_be_taken_away(wide: Visit) -> None:
    import io
    import zipfile

    wide.go("?tab=methods")
    link = wide.page.get_by_role("link", name="Everything as one ZIP")
    link.wait_for()
    body = wide.page.request.get(wide.page.evaluate("n => n.href", link.element_handle())).body()
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert {"studies.csv", "datapackage.json", "references.bib", "LICENSE", "CITATION.cff"} <= set(names)


def test_everything_can_be_reached_with_the_keyboard(wide: Visit) -> None:
    wide.go("?tab=overview")
    page = wide.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the explorer"
    seen = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent.trim().slice(0, 30)"))
    assert {"Overview", "Compare", "Claims"} <= seen
    page.locator(".ldn-nav button", has_text="Safety").focus()
    page.keyboard.press("Enter")
    page.locator(".ldn-nav button[data-set='tab=safety'][aria-current]").wait_for()
    summary = page.locator("summary", has_text="Table").first
    summary.focus()
    page.keyboard.press("Enter")
    page.locator("table.ldn-table").first.wait_for()
