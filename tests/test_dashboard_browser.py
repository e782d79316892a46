"""The real dashboard: Voila in a process of its own, driven in Chromium."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ldnevidence as ldn
from tests import browser

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
FIRST_CHART = 60_000  # milliseconds; a limit for hanging, not a measure of speed


class Visit:
    """One page with a record of what it asked for and complained of."""

    def __init__(self, chromium: Any, url: str, width: int = 1280, wait: str = ".ldn-nav button") -> None:
        self.home = url.partition("?")[0]
        self.page = chromium.new_page(viewport={"width": width, "height": 900})
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("console", self._hear)
        self.page.goto(url)
        self.page.wait_for_selector(wait, timeout=FIRST_CHART)

    def _hear(self, message: Any) -> None:
        # On a slow machine Jupyter's own front end can lose the widgets once; the page then reloads itself.
        if message.type == "error" and "widget model not found" not in message.text:
            self.complaints.append(message.text)

    def go(self, query: str) -> None:
        """Follow a link of the dashboard."""
        self.page.goto(self.home + query)
        self.page.wait_for_selector(".ldn-nav button", timeout=FIRST_CHART)

    def open(self, tab: str) -> None:
        """Press a tab and wait until it is open."""
        self.page.click(f".ldn-nav button[data-set='tab={tab}']")
        self.page.wait_for_selector(
            f".ldn-nav button[data-set='tab={tab}'][aria-current]", timeout=FIRST_CHART
        )

    def pick(self, label: str, option: str) -> None:
        """Choose an option of a drop-down by its words."""
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def text(self, selector: str) -> str:
        """Return the words of an element, white space folded."""
        return browser.plain(self.page.locator(selector).first.inner_text())


@pytest.fixture(scope="module")
def visit(chromium: Any, address: str) -> Iterator[Visit]:
    opened = Visit(chromium, address + "?tab=compare", wait=".ldn-figure .main-svg")
    yield opened
    opened.page.close()


def test_picking_fibromyalgia_and_the_low_band_changes_chart_and_table(visit: Visit) -> None:
    expected = ldn.load().select(condition="fibromyalgia", dose_band="low")
    view = ldn.views.response_rates(expected)
    visit.pick("Condition", "Fibromyalgia")
    visit.pick("Dose band", "Low (1 to 4.5 mg)")
    visit.page.get_by_text(view.sentence).first.wait_for()
    visit.page.locator("[data-view='response_rates'] summary", has_text="Table").click()
    rows = visit.page.locator("[data-view='response_rates'] table.ldn-table tbody tr")
    assert rows.count() == len(view.table)
    drawn = visit.page.locator("[data-view='response_rates'] .scatterlayer .point")
    assert drawn.count() == len(view.table)
    cells = {browser.plain(t) for t in rows.locator("td").all_text_contents()}
    assert set(view.table["study"]) <= cells


def test_the_download_is_a_csv_with_the_rows_drawn(visit: Visit, tmp_path: Path) -> None:
    view = ldn.views.response_rates(ldn.load().select(condition="fibromyalgia", dose_band="low"))
    part = visit.page.locator("[data-view='response_rates']")
    part.get_by_text("Download", exact=True).click()
    with visit.page.expect_download() as download:
        part.get_by_role("button", name="CSV").click()
    target = tmp_path / "rows.csv"
    download.value.save_as(target)
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["study_id"] for row in rows] == list(view.table["study_id"])


def test_a_source_is_a_link_to_a_canonical_address(visit: Visit) -> None:
    part = visit.page.locator("[data-view='response_rates']")
    links = part.locator("details a[href^='http']").evaluate_all("nodes => nodes.map(n => n.href)")
    known = set(ldn.load().sources["canonical_url"].dropna())
    assert links
    assert {link.rstrip("/") for link in links} <= {url.rstrip("/") for url in known}


def test_no_request_leaves_this_machine_and_nothing_of_ours_complains(visit: Visit) -> None:
    hosts = {url.split("/")[2].split(":")[0] for url in visit.requests if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}
    assert visit.complaints == []


def test_the_page_says_what_it_is_before_any_script_runs(address: str) -> None:
    import urllib.request

    with urllib.request.urlopen(address, timeout=60) as answer:
        page = answer.read().decode("utf-8")
    assert "Education, not medical advice." in page
    assert f"{len(ldn.load().select().studies.query('part_of.isna()'))} human studies" in page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_does_not_scroll_sideways(chromium: Any, address: str, width: int) -> None:
    opened = Visit(chromium, address + "?condition=fibromyalgia&tab=compare", width)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.page.close()


def test_a_link_opens_to_the_same_view_and_says_what_it_ignored(chromium: Any, address: str) -> None:
    opened = Visit(chromium, address + "?condition=crohns-disease&dose=low&tab=compare&nonsense=1")
    opened.page.get_by_role("heading", name="Crohn's disease, low (1 to 4.5 mg)").wait_for()
    assert "'nonsense' in the link is unknown and was ignored." in opened.text(".ldn-status")
    opened.page.close()
