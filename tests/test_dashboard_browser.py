"""The real dashboard: Voila in a process of its own, driven in Chromium: what a reader takes away."""

from __future__ import annotations

import csv
import io
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import ldnevidence as ldn
from tests import browser
from tests.browser import Visit

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
RESPONSES = "[data-view='response_rates']"
FIBROMYALGIA = "condition=fibromyalgia&dose=low&tab=compare"


@pytest.fixture
def fibromyalgia(wide: Visit) -> Visit:
    """The wide page, on low doses in fibromyalgia."""
    wide.go(FIBROMYALGIA)
    wide.page.wait_for_selector(f"{RESPONSES} .main-svg")
    return wide


def test_picking_fibromyalgia_and_the_low_band_changes_chart_and_table(wide: Visit) -> None:
    expected = ldn.load().select(condition="fibromyalgia", dose_band="low")
    view = ldn.views.response_rates(expected)
    wide.go("tab=compare")
    wide.pick("Condition", "Fibromyalgia")
    wide.pick("Dose band", "Low (1 to 4.5 mg)")
    wide.shows(FIBROMYALGIA)
    wide.page.get_by_text(view.sentence).first.wait_for()
    wide.page.locator(f"{RESPONSES} summary", has_text="Table").click()
    rows = wide.page.locator(f"{RESPONSES} table.ldn-table tbody tr")
    rows.first.wait_for()
    assert rows.count() == len(view.table)
    drawn = wide.page.locator(f"{RESPONSES} .scatterlayer .point")
    assert drawn.count() == len(view.table)
    cells = {browser.plain(t) for t in rows.locator("td").all_text_contents()}
    assert set(view.table["study"]) <= cells


def test_the_download_is_a_csv_with_the_rows_drawn(fibromyalgia: Visit, tmp_path: Path) -> None:
    view = ldn.views.response_rates(ldn.load().select(condition="fibromyalgia", dose_band="low"))
    part = fibromyalgia.page.locator(RESPONSES)
    part.locator("details[data-part=Download]").evaluate("n => { n.open = true; }")
    with fibromyalgia.page.expect_download() as download:
        part.get_by_role("button", name="CSV").click()
    target = tmp_path / "rows.csv"
    download.value.save_as(target)
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["study_id"] for row in rows] == list(view.table["study_id"])


@pytest.mark.parametrize("place", ["bar", "download"])
@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_chart_is_saved_as_a_picture_that_says_what_it_is(
    fibromyalgia: Visit, tmp_path: Path, form: str, place: str
) -> None:
    part = fibromyalgia.page.locator(RESPONSES)
    part.locator("details[data-part=Download]").evaluate("n => { n.open = true; }")
    part.locator(".ldn-figure").hover()
    label = f"Save as {form.upper()}" if place == "bar" else f"Chart as {form.upper()}"
    with fibromyalgia.page.expect_download() as download:
        part.get_by_role("button", name=label).click()
    assert download.value.suggested_filename == f"response_rates.{form}"
    target = tmp_path / "chart"
    download.value.save_as(target)
    if form == "png":
        assert target.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        return
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    view = ldn.views.response_rates(ldn.load().select(condition="fibromyalgia", dose_band="low"))
    for words in (view.title, "Younger 2013", "Education, not medical advice", "condition=fibromyalgia"):
        assert words in text, words


def test_no_button_of_a_chart_sends_it_to_another_host(fibromyalgia: Visit) -> None:
    labels = fibromyalgia.page.locator(f"{RESPONSES} .modebar-btn").evaluate_all(
        "nodes => nodes.map(n => n.ariaLabel)"
    )
    assert labels == ["Save as PNG", "Save as SVG"]


def test_a_source_is_a_link_to_a_canonical_address(fibromyalgia: Visit) -> None:
    part = fibromyalgia.page.locator(RESPONSES)
    part.locator("details[data-part=Sources] summary").click()
    part.locator(".ldn-pages a").first.wait_for()
    links = part.locator(".ldn-pages a[href^='http']").evaluate_all("nodes => nodes.map(n => n.href)")
    known = set(ldn.load().sources["canonical_url"].dropna())
    assert links
    assert {link.rstrip("/") for link in links} <= {url.rstrip("/") for url in known}
    looks = part.locator("details a[href^='http']").first.evaluate(
        "node => [getComputedStyle(node).textDecorationLine, getComputedStyle(node).color]"
    )
    assert looks == ["underline", "rgb(0, 95, 158)"], "and looks like one"


def test_no_request_leaves_this_machine_and_nothing_of_ours_complains(wide: Visit) -> None:
    hosts = {url.split("/")[2].split(":")[0] for url in wide.requests if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}
    assert wide.complaints == []


def test_the_page_says_what_it_is_before_any_script_runs(address: str) -> None:
    with urllib.request.urlopen(address, timeout=60) as answer:
        page = answer.read().decode("utf-8")
    assert "Education, not medical advice." in page
    assert f"{len(ldn.load().select().studies.query('part_of.isna()'))} human studies" in page


def test_what_the_page_loads_of_ours_may_be_kept_for_ever_and_blocks_nothing(wide: Visit) -> None:
    from ldnevidence.app.server import build_hash

    ours = [url for url in wide.requests if "/ldn/static/" in url or "plotly" in url]
    ours = [url for url in ours if "voila-style" not in url]
    assert {url.rpartition("/")[2].partition("?")[0] for url in ours} >= {
        "explorer.css",
        "explorer.js",
        "page.js",
        "plotly.min.js",
    }
    assert {url.partition("?v=")[2] for url in ours} == {build_hash()}
    waiting = wide.page.locator("head script[src]").evaluate_all(
        "nodes => nodes.map(n => n.defer || n.async)"
    )
    assert waiting and all(waiting)


def test_a_link_opens_to_the_same_view_and_says_what_it_ignored(chromium: Any, address: str) -> None:
    opened = Visit(chromium, address + "?condition=crohns-disease&dose=low&tab=compare&nonsense=1")
    opened.page.get_by_role("heading", name="Crohn's disease, low (1 to 4.5 mg)").wait_for()
    assert "'nonsense' in the link is unknown and was ignored." in opened.text(".ldn-status")
    opened.shows("condition=crohns-disease&dose=low&tab=compare")
    assert opened.page.url.endswith("?condition=crohns-disease&dose=low&tab=compare")
    opened.page.close()
