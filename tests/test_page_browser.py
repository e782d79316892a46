"""How the page behaves: keyboard and focus, history, print, the reader's own settings, and faults."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests import browser
from tests.browser import Visit

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
COMPARE = "condition=fibromyalgia&tab=compare"
ENDED = "This session has ended: reload the page to go on. The address keeps your view."

# -- the keyboard -----------------------------------------------------------------------------------------


def test_the_skip_link_leads_past_the_header_to_the_tabs(wide: Visit) -> None:
    wide.go("")
    wide.page.wait_for_selector(".ldn-tab-overview .ldn-title")
    wide.page.evaluate("() => { document.activeElement.blur(); window.getSelection().removeAllRanges(); }")
    wide.page.locator(".ldn-skip").focus()
    assert wide.page.locator(".ldn-skip").bounding_box()["x"] >= 0, "it is seen once it has the focus"
    wide.page.keyboard.press("Enter")
    wide.page.keyboard.press("Tab")
    assert wide.focused() == "tab overview"


def test_the_tab_key_goes_through_tabs_pickers_and_cells_in_the_order_of_the_page(wide: Visit) -> None:
    wide.go("")
    wide.page.wait_for_selector(".ldn-cell")
    wide.page.locator("[data-key='tab methods']").focus()
    reached = []
    for _ in range(4):
        wide.page.keyboard.press("Tab")
        reached.append(
            wide.page.evaluate("() => document.activeElement.labels?.[0]?.textContent.trim() || ''")
        )
    first = str(wide.page.locator(".ldn-cell").first.get_attribute("data-key"))
    assert reached[:3] == ["Dose bands as named by", "Design", "Show high-dose and other-drug studies too"]
    assert wide.focused() == first


def test_opening_a_tab_by_keyboard_keeps_the_focus_on_it(wide: Visit) -> None:
    wide.go("")
    wide.page.locator("[data-key='tab safety']").focus()
    wide.page.keyboard.press("Enter")
    wide.shows("tab=safety")
    wide.wait_for_focus("tab safety")


def test_a_cell_of_the_gap_map_leads_to_the_heading_of_compare_and_back_returns_to_the_cell(
    wide: Visit,
) -> None:
    wide.go("")
    wide.page.wait_for_selector(".ldn-cell")
    wide.page.locator("[data-key='cell multiple-sclerosis low']").focus()
    wide.page.keyboard.press("Enter")
    wide.page.wait_for_selector(".ldn-tab-compare .ldn-title:focus")
    assert wide.focused() == "Multiple sclerosis, low (1 to 4.5 mg)"
    wide.page.go_back()
    wide.shows("")
    wide.wait_for_focus("cell multiple-sclerosis low")
    assert wide.page.locator("[data-key='cell multiple-sclerosis low']").is_visible()


def test_a_pressed_button_keeps_the_focus_and_its_fold_and_the_change_is_announced(wide: Visit) -> None:
    wide.go("condition=fibromyalgia&measure=RR&tab=compare")
    fold = wide.page.locator("details[data-part=exclude]")
    if fold.get_attribute("open") is None:
        fold.locator("summary").focus()
        wide.page.keyboard.press("Enter")
    wide.page.locator("[data-key='exclude duebruun2024']").focus()
    wide.page.keyboard.press("Space")
    wide.shows("condition=fibromyalgia&measure=RR&exclude=duebruun2024&tab=compare")
    wide.wait_for_focus("exclude duebruun2024")
    assert wide.page.locator("[data-key='exclude duebruun2024']").get_attribute("aria-pressed") == "true"
    said = wide.page.locator("#ldn-said[role=status]")
    said.get_by_text("Bruun 2024 (FINAL)").wait_for(state="attached")
    wide.page.keyboard.press("Space")
    wide.shows("condition=fibromyalgia&measure=RR&tab=compare")
    wide.wait_for_focus("exclude duebruun2024")


def test_a_picker_keeps_the_focus_and_its_change_is_announced(wide: Visit) -> None:
    wide.go("tab=compare")
    picker = wide.page.locator(".ldn-controls").get_by_label("Condition", exact=True)
    picker.focus()
    wide.page.keyboard.type("Fibro")
    wide.shows(COMPARE)
    assert picker.evaluate("node => node === document.activeElement")
    wide.page.locator("#ldn-said").get_by_text("Fibromyalgia, all doses").wait_for(state="attached")


def test_a_claim_takes_the_focus_when_it_opens_and_gives_it_back_when_it_closes(wide: Visit) -> None:
    wide.go("document=kim2025&tab=claims")
    wide.page.locator("[data-key='claim kim2025-02']").focus()
    wide.page.keyboard.press("Enter")
    wide.page.wait_for_selector(".ldn-open h2:focus")
    wide.page.locator(".ldn-open").get_by_role("button", name="Close").focus()
    wide.page.keyboard.press("Enter")
    wide.wait_for_focus("claim kim2025-02")


def test_a_table_and_a_download_are_reached_by_keyboard(wide: Visit) -> None:
    wide.go("tab=safety")
    part = wide.page.locator("[data-view=safety]")
    for name in ("Table", "Download"):
        fold = part.locator(f"details[data-part={name}]")
        fold.evaluate("node => { node.open = false; }")
        fold.locator("summary").focus()
        wide.page.keyboard.press("Enter")
        wide.page.wait_for_selector(f"[data-view=safety] details[data-part={name}][open]")
        if name == "Table":
            wide.page.keyboard.press("Tab")
            assert wide.page.evaluate("() => document.activeElement.getAttribute('role')") == "region"
    wide.page.keyboard.press("Tab")
    with wide.page.expect_download() as download:
        wide.page.keyboard.press("Enter")
    assert download.value.suggested_filename == "safety.csv"


# -- history ----------------------------------------------------------------------------------------------


def test_back_and_forward_go_through_the_views(wide: Visit) -> None:
    steps = [
        "tab=compare",
        COMPARE,
        "condition=fibromyalgia&dose=low&tab=compare",
        "condition=fibromyalgia&dose=low&tab=safety",
    ]
    wide.go("")
    wide.open("compare")
    wide.pick("Condition", "Fibromyalgia")
    wide.shows(steps[1])
    wide.pick("Dose band", "Low (1 to 4.5 mg)")
    wide.shows(steps[2])
    wide.open("safety")
    for query in [*steps[-2::-1], ""]:
        wide.page.go_back()
        wide.shows(query)
        assert wide.page.url.partition("?")[2] == query
    wide.page.wait_for_selector(".ldn-tab-overview .ldn-cell")
    for query in steps:
        wide.page.go_forward()
        wide.shows(query)
    picker = wide.page.locator(".ldn-tab-safety .ldn-controls").get_by_label("Condition", exact=True)
    assert picker.input_value() == "Fibromyalgia"


def test_two_quick_steps_back_end_at_the_earlier_view(wide: Visit) -> None:
    wide.go("")
    for tab in ("compare", "claims", "methods"):
        wide.open(tab)
    wide.page.evaluate("() => { window.history.back(); window.history.back(); }")
    wide.shows("tab=compare")
    wide.page.wait_for_selector(".ldn-tab-compare .ldn-title")
    assert wide.page.url.endswith("?tab=compare")


def test_a_search_is_one_step_however_often_the_reader_pauses(wide: Visit) -> None:
    wide.go("")
    wide.open("references")
    box = wide.page.locator(".ldn-controls").get_by_label("Search", exact=True)
    for text, query in (
        ("Young", "find=Young"),
        ("Younger", "find=Younger"),
        ("Younger 2013", "find=Younger+2013"),
    ):
        box.fill(text)
        wide.shows(f"{query}&tab=references")
    wide.page.go_back()
    wide.shows("tab=references")
    assert box.input_value() == ""


# -- paper, and the reader's own settings -----------------------------------------------------------------


def test_the_printed_page_has_charts_address_citation_and_no_controls(wide: Visit) -> None:
    wide.go(COMPARE)
    wide.page.wait_for_selector("[data-view='safeguards'] .main-svg")
    wide.page.emulate_media(media="print")
    wide.page.evaluate("() => { window.dispatchEvent(new Event('beforeprint')); }")
    try:
        for hidden in (".ldn-nav", ".ldn-controls", ".ldn-choice", ".ldn-link", ".modebar", ".ldn-skip"):
            assert not any(node.is_visible() for node in wide.page.locator(hidden).all()), hidden
        words = browser.plain(wide.page.locator("body").inner_text())
        for text in ("Education, not medical advice.", "Please cite: LDN evidence explorer, data version",
                     "Condition: Fibromyalgia", wide.page.url):  # fmt: skip
            assert text in words, text
        widths = wide.page.locator(".ldn-figure[data-drawn] .main-svg").evaluate_all(
            "nodes => nodes.map(n => n.getBoundingClientRect().width)"
        )
        assert widths and max(widths) <= 700, "A4 and letter paper, less the margins"
        assert wide.page.pdf(format="A4").startswith(b"%PDF")
    finally:
        wide.page.emulate_media(media="screen")
        wide.page.evaluate("() => { window.dispatchEvent(new Event('afterprint')); }")
    back = wide.page.locator("[data-view='safeguards'] .main-svg").first.bounding_box()
    assert back["width"] > 1000, "and on the screen the charts are wide again"


def test_a_reader_who_prefers_a_dark_screen_sees_the_same_light_page(wide: Visit) -> None:
    wide.go(COMPARE)
    wide.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    style = (
        "node => { const s = getComputedStyle(node); return [s.colorScheme, s.backgroundColor, s.color]; }"
    )
    scheme, ground, ink = wide.page.locator("body").evaluate(style)
    assert (scheme, ground, ink) == ("light", "rgb(255, 255, 255)", "rgb(31, 41, 51)")
    assert wide.page.locator(".ldn-controls select").first.evaluate(style)[1] == "rgb(255, 255, 255)"
    moving = "() => document.getAnimations().length"
    assert wide.page.evaluate(moving) == 0
    wide.page.emulate_media(color_scheme="light", reduced_motion="no-preference")


def test_in_forced_colours_buttons_have_borders_and_what_is_pressed_differs(wide: Visit) -> None:
    wide.go(COMPARE)
    wide.page.emulate_media(forced_colors="active")
    bare = wide.page.locator(".ldn-nav button, .ldn-choice, .ldn-controls select").evaluate_all(
        "nodes => nodes.filter(n => n.getClientRects().length)"
        ".filter(n => parseFloat(getComputedStyle(n).borderTopWidth) < 1).map(n => n.textContent)"
    )
    assert bare == []
    ground = "node => getComputedStyle(node).backgroundColor"
    for chosen, other in (
        (".ldn-choice[aria-pressed=true]", ".ldn-choice[aria-pressed=false]"),
        (".ldn-nav button[aria-current]", ".ldn-nav button:not([aria-current])"),
    ):
        assert wide.page.locator(chosen).first.evaluate(ground) != wide.page.locator(other).first.evaluate(
            ground
        )
    wide.page.emulate_media(forced_colors="none")


SPACED = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; }
* { word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }"""  # the test of WCAG 1.4.12
CUT = """() => Array.from(document.querySelectorAll("header *, #main *")).filter(n => {
  if (n.closest("svg, .ldn-unseen, .ldn-skip, .modebar, select")) { return false; }
  if (!n.getClientRects().length || !n.innerText) { return false; }
  const style = getComputedStyle(n);
  const clips = axis => /hidden|clip/.test(style["overflow" + axis]);
  return (clips("X") && n.scrollWidth > n.clientWidth + 1)
    || (clips("Y") && n.scrollHeight > n.clientHeight + 1);
}).map(n => n.className + ": " + n.innerText.slice(0, 60))"""


@pytest.mark.parametrize("width", [640, 320])
def test_enlarged_and_spaced_text_is_neither_cut_nor_scrolled_sideways(narrow: Visit, width: int) -> None:
    narrow.page.set_viewport_size({"width": width, "height": 700})
    style = narrow.page.add_style_tag(content=SPACED)
    for query, tab in (
        ("", "overview"),
        (COMPARE, "compare"),
        ("tab=claims", "claims"),
        ("tab=methods", "methods"),
    ):
        narrow.go(query)
        narrow.page.wait_for_selector(f".ldn-tab-{tab} .ldn-title")
        assert narrow.page.evaluate("document.documentElement.scrollWidth") <= width, tab
        assert narrow.page.evaluate(CUT) == [], tab
    style.evaluate("node => node.remove()")
    narrow.page.set_viewport_size({"width": 390, "height": 900})


# -- faults -----------------------------------------------------------------------------------------------

# One tab's view fails, another takes the kernel with it.
PLANTED = """
import os
from ldnevidence import views

def broken(*args, **kwargs):
    raise RuntimeError("planted")

views.safety = broken
views.concentration_ladder = lambda *args, **kwargs: os._exit(1)
"""
RARE = "condition=fibromyalgia&dose=low&design=randomized&others=1"


@pytest.fixture(scope="module")
def faulty() -> Iterator[Any]:
    """The address of a server with planted faults, and what stops it."""
    serving = browser.dashboard(first_cell=PLANTED)
    stopped = []

    def stop() -> None:
        if not stopped:
            stopped.append(True)
            serving.__exit__(None, None, None)

    yield serving.__enter__(), stop
    stop()


def notice(visit: Visit) -> Any:
    """Wait for the notice that the session has ended, and return it."""
    found = visit.page.get_by_role("alert").filter(has_text=ENDED)
    found.wait_for(timeout=browser.PATIENCE)
    return found


def test_a_view_that_fails_leaves_the_page_alive(chromium: Any, faulty: Any) -> None:
    visit = Visit(chromium, f"{faulty[0]}?{RARE}")
    visit.open("safety")
    visit.page.get_by_text("This part could not be drawn").wait_for()
    assert "could not be drawn" in visit.text(".ldn-status")
    assert "planted" not in visit.page.content()
    visit.open("claims")
    visit.page.get_by_text("95 statements").wait_for()
    assert visit.page.get_by_role("alert").count() == 0, "one failed view ends no session"
    visit.page.close()


def test_a_dead_kernel_and_a_dead_server_are_told_and_reloading_keeps_the_view(
    chromium: Any, faulty: Any
) -> None:
    address, stop = faulty
    visit = Visit(chromium, f"{address}?{RARE}&tab=compare")
    visit.page.click(".ldn-nav button[data-set='tab=mechanisms']")
    told = notice(visit)
    told.get_by_role("button", name="Reload").click()
    visit.page.wait_for_selector(".ldn-tab-compare .ldn-title", timeout=browser.PATIENCE)
    assert visit.page.url.endswith(f"?{RARE}&tab=compare")
    assert visit.page.locator("#ldn-session").is_hidden()
    stop()
    notice(visit)
    visit.page.close()


def test_a_reader_whose_kernel_was_ended_for_idleness_is_told(chromium: Any) -> None:
    with browser.dashboard(settings="s.CULL_AFTER, s.CHECK_EVERY = 8, 1") as address:
        visit = Visit(chromium, f"{address}?{COMPARE}")
        notice(visit)
        assert visit.page.url.endswith(f"?{COMPARE}")
        visit.page.close()
