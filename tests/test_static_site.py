"""The static edition: complete, self-contained, searchable and accessible, without any server."""

from __future__ import annotations

import html
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import ldnevidence as ldn
from ldnevidence import citations, site, site_pages
from tests import browser

CONDITIONS = ("fibromyalgia", "crps")
in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of a few conditions; the others are made by the same lines."""
    target = tmp_path_factory.mktemp("site") / "new"
    site.build(target, conditions=CONDITIONS)
    return target


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in folder.rglob("*.html")}


class Addresses(HTMLParser):
    """Collects what a page loads, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        target = given.get("src") or (given.get("href") if tag == "link" else None)
        if target:
            self.loaded.append(target)
        if tag == "a" and given.get("href"):
            self.linked.append(given["href"] or "")


def planned() -> set[str]:
    return {site_pages.page_name(*one) for one in site.selections(ldn.load().select())}


def test_every_condition_and_dose_band_with_studies_has_a_page(texts):
    ev = ldn.load().select()
    written = {name for name in texts if name.startswith("evidence/")}
    assert written == {site_pages.page_name(*one) for one in site.selections(ev) if one[0] in CONDITIONS}
    for condition, band in site.selections(ev):
        assert " " not in site_pages.page_name(condition, band)
    assert len(planned()) > 100


def test_every_link_inside_the_site_leads_to_a_file(folder, texts):
    known = planned()
    for name, text in texts.items():
        for address in Addresses(text).linked:
            if re.match(r"https?:|data:|mailto:", address):
                continue
            path, _, anchor = address.partition("#")
            target = (folder / name).parent / path if path else folder / name
            inside = os.path.relpath(target.resolve(), folder.resolve()).replace(os.sep, "/")
            assert target.is_file() or inside in known, f"{name} links to {address}"
            if anchor and target.is_file():
                assert anchor in Addresses(target.read_text(encoding="utf-8")).ids, f"{name}: {address}"


def test_no_page_loads_anything_from_elsewhere_and_all_addresses_are_relative(folder, texts):
    for name, text in texts.items():
        for address in Addresses(text).loaded:
            assert not re.match(r"\w+:|//|/", address), f"{name} loads {address}"
            assert ((folder / name).parent / address).is_file()
        assert "@import" not in text


def test_every_page_says_that_it_is_no_medical_advice_and_has_one_title(texts):
    for name, text in texts.items():
        assert "Education, not medical advice." in text, name
        assert text.count("<h1") == 1, name
        assert '<html lang="en">' in text and "<main" in text, name


def test_one_script_draws_all_charts(folder, texts):
    assert len(list(folder.rglob("plotly*.js"))) == 1
    assert not any("Plotly.newPlot" in text for text in texts.values())


def test_the_figures_of_a_page_are_those_of_the_public_api(texts):
    view = ldn.views.response_rates(ldn.load().select(condition="fibromyalgia", dose_band="low"))
    text = texts["evidence/fibromyalgia--low.html"]
    assert view.figure.to_json().replace("</", "<\\/") in text
    assert html.escape(view.sentence) in text


def test_every_view_of_a_selection_is_drawn_or_named_with_its_reason(texts):
    for condition, band in [("crps", ""), ("fibromyalgia", "very low")]:
        text = texts[site_pages.page_name(condition, band)]
        ev = ldn.load().select(condition=condition, dose_band=band or None)
        for builder in site.SELECTION:
            view = builder(ev)
            if view.table.empty:
                assert html.escape(f"{view.title}: {view.sentence}") in text
            else:
                assert f"data-view='{view.name}'" in text


def test_every_claim_every_work_and_every_table_is_there(texts):
    ev = ldn.load()
    for claim in ev.claims["claim_id"]:
        assert f'id="{claim}"' in texts["claims.html"]
    for work in citations.references():
        assert f"id='{work.key}'" in texts["references.html"]
    assert {f"tables/{name}.html" for name in ev.tables} <= set(texts)
    shown = texts["tables/sources.html"].split("<h2>Rows</h2>")[1]
    assert "<th scope='col'>canonical url</th>" in shown and "<th scope='col'>read at</th>" not in shown


def test_the_downloads_are_the_data_itself(folder):
    assert (folder / "download" / "studies.csv").read_bytes() == (
        ldn.paths.data_dir() / "studies.csv"
    ).read_bytes()
    assert (folder / "download" / "ldn-evidence.zip").stat().st_size > 10_000


def test_every_lesson_was_run_and_shows_its_pictures_tables_and_folded_answers(root, texts):
    lessons = sorted(p.stem for p in (root / "notebooks").glob("[0-9]*.ipynb"))
    assert lessons
    for stem in lessons:
        text = texts[f"lessons/{stem}.html"]
        assert "its charts stand at their first setting" in text
        assert text.count('class="ldn-figure"') >= 2, stem
        assert text.count("<summary>Answer</summary>") >= 4, stem
        assert "Traceback" not in text and "Out[" not in text and "lesson.check(" not in text, stem


def test_a_folder_with_files_in_it_is_refused(folder):
    with pytest.raises(ValueError, match="not empty"):
        site.build(folder)


# -- in the browser, from plain files -----------------------------------------------------------------------


class Visit:
    """A page opened from its file, with a record of what it asked for and complained of."""

    def __init__(self, chromium: Any, folder: Path, name: str, width: int = 1280) -> None:
        self.page = chromium.new_page(viewport={"width": width, "height": 900})
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.goto((folder / name).as_uri())


class TestInTheBrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", [1280, 390])
    def test_charts_are_drawn_and_nothing_is_asked_of_another_host(self, chromium, folder, width):
        visit = Visit(chromium, folder, "evidence/fibromyalgia--low.html", width)
        visit.page.wait_for_selector("[data-view='response_rates'] .main-svg")
        view = ldn.views.response_rates(ldn.load().select(condition="fibromyalgia", dose_band="low"))
        points = visit.page.locator("[data-view='response_rates'] .scatterlayer .point")
        assert points.count() == len(view.table)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)
        assert visit.complaints == []
        visit.page.close()

    @pytest.mark.parametrize("stem", ["04_ed50_and_ed95", "08_is_it_safe"])
    def test_the_pictures_of_a_lesson_are_drawn_and_fit_a_narrow_screen(self, chromium, folder, stem):
        visit = Visit(chromium, folder, f"lessons/{stem}.html", 390)
        visit.page.wait_for_selector(".ldn-figure .main-svg")
        figures = visit.page.locator(".ldn-figure")
        assert figures.count() == visit.page.locator(".ldn-figure:has(.main-svg)").count() >= 2
        # The body scrolls where the document does not, so both are asked.
        widest = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        assert visit.page.evaluate(widest) <= 390
        assert visit.complaints == []
        visit.page.close()

    def test_the_search_finds_a_work_and_a_claim(self, chromium, folder):
        visit = Visit(chromium, folder, "references.html")
        visit.page.get_by_label("Search").fill("younger fibromyalgia")
        shown = visit.page.locator("#works > li:visible")
        assert 0 < shown.count() < len(citations.references())
        assert all("younger" in text.lower() for text in shown.all_inner_texts())
        assert visit.page.locator("#younger2013").is_visible()
        assert f"{shown.count()} of {len(citations.references())} shown" in visit.page.inner_text("form")

        visit.page.goto((folder / "claims.html").as_uri())
        total = visit.page.locator("#claims > li").count()
        select = visit.page.get_by_label("Verdict", exact=True)
        select.select_option(index=1)
        chosen = select.input_value()
        texts = visit.page.locator("#claims > li:visible .ldn-verdict").all_inner_texts()
        assert 0 < len(texts) < total
        assert all(chosen in text for text in texts)
        visit.page.close()

    @pytest.mark.parametrize(
        "name",
        [
            "index.html",
            "evidence/fibromyalgia--low.html",
            "references.html",
            "claims.html",
            "tables/studies.html",
            "lessons/01_what_65_percent_means.html",
            "lessons/06_adding_trials.html",
        ],
    )
    def test_accessibility_rules_hold(self, chromium, folder, name):
        from axe_playwright_python.sync_playwright import Axe

        visit = Visit(chromium, folder, name)
        if name.startswith(("index", "evidence")):
            visit.page.wait_for_selector(".ldn-figure .main-svg", state="attached")
        found = Axe().run(visit.page)
        assert found.violations_count == 0, found.generate_report()
        visit.page.close()
