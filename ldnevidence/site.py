"""The static edition: every view of every selection as plain files, for any web server or for none.

The pages share one chart script and the dashboard's style sheet and drawing script. All links are relative,
and no page asks another host for anything::

    ldnevidence export site DIR
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnevidence import export, site_lists, site_pages, views
from ldnevidence.app import bundle
from ldnevidence.app.show import section_html
from ldnevidence.evidence import load
from ldnevidence.rows import each
from ldnevidence.site_pages import Page, heading, page_name
from ldnevidence.views.gap_map import cells
from ldnevidence.views.icon_array import countable

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

STATIC = Path(__file__).parent / "site_static"
EXPLORER = Path(__file__).parent / "app" / "jupyter" / "voila" / "templates" / "ldn" / "static"
WORTH_SHARING = 20  # pages; for fewer, further processes take longer to start than they save
Build = Callable[["Evidence"], views.View]

# What is drawn for every condition and dose band, in the order of the page.
SELECTION: tuple[Build, ...] = (
    views.response_rates, views.forest, views.safeguards, views.safety, views.pooled_results, views.dose_axis,
    views.titrations, views.timeline, views.discrepancies, views.audit_findings,
)  # fmt: skip
# What is drawn once, for all studies: a page each.
WHOLE: dict[str, tuple[str, tuple[Build, ...]]] = {
    "dose": ("Dose", (views.dose_axis, views.titrations, views.occupancy, views.ed_curve, views.best_dose)),
    "safety": ("Safety", (views.safety, partial(views.pooled_results, domain="harm"))),
    "methods": ("Methods and data", (views.discrepancies, views.audit_findings, views.safeguards)),
}


def build(folder: Path, conditions: Iterable[str] | None = None) -> int:
    """Write the static edition into a folder that is new or empty.

    Parameters
    ----------
    folder : Path
        Where the site shall lie.
    conditions : iterable of str, optional
        Conditions to draw, for a quick look; links to the others then lead nowhere. All by default.

    Returns
    -------
    int
        How many pages were written.

    Raises
    ------
    ValueError
        Where the folder is not empty, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is not empty; name a new folder for the site")
    assets(folder)
    written = 0
    for name, text in pages(None if conditions is None else set(conditions)):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        written += 1
    return written


def assets(folder: Path) -> None:
    """Write scripts, styles, downloads and the files for crawlers and hosts."""
    target = folder / "assets"
    target.mkdir(parents=True, exist_ok=True)
    sources = [*STATIC.iterdir(), *EXPLORER.iterdir(), bundle.folder() / bundle.NAME]
    for path in sources:
        shutil.copyfile(path, target / path.name)
    export.write(folder / export.FOLDER)
    (folder / "robots.txt").write_text("User-agent: *\nAllow: /\n", encoding="utf-8")
    (folder / ".nojekyll").write_text("", encoding="utf-8")  # some hosts drop files otherwise


def pages(conditions: set[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield name and text of every page; selections are drawn in several processes."""
    ev = load().select()
    chosen = [one for one in selections(ev) if conditions is None or one[0] in conditions]
    yield "index.html", index_page(ev).text()
    for code, (title, builders) in WHOLE.items():
        yield f"{code}.html", whole_page(ev, code, title, builders).text()
    for page in site_lists.pages(load()):
        yield page.name, page.text()
    workers = min(os.cpu_count() or 1, 8)
    if workers == 1 or len(chosen) < WORTH_SHARING:
        yield from selection_pages(chosen)
        return
    parts = [chosen[i :: workers * 4] for i in range(workers * 4)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for finished in pool.map(selection_pages, filter(None, parts)):
            yield from finished


def selections(ev: Evidence) -> list[tuple[str, str]]:
    """Return condition and band of every page that has studies; an empty band stands for all doses."""
    table = cells(ev)
    full = table[table["studies"] > 0]
    all_doses = [(condition, "") for condition in full["condition_id"].unique()]
    return all_doses + list(zip(full["condition_id"], full["band"], strict=True))


def selection_pages(chosen: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return name and text of the pages of some selections."""
    whole = load().select()
    table = cells(whole)
    labels = dict(zip(table["condition_id"], table["condition"], strict=True))
    bands = dict(zip(table["band"], table["band_label"], strict=True))
    out = []
    for condition, band in chosen:
        title = labels[condition] + (
            f", {bands[band][0].lower()}{bands[band][1:]}" if band else ", all doses"
        )
        ev = load().select(condition=condition, dose_band=band or None)
        own = table[(table["condition_id"] == condition) & (table["studies"] > 0)]
        out.append((page_name(condition, band), selection_page(ev, title, condition, band, own).text()))
    return out


def selection_page(ev: Evidence, title: str, condition: str, band: str, own: Any) -> Page:
    """Return the page of one condition, in one dose band or in all."""
    page = Page(page_name(condition, band), title)
    links = [("", "All doses"), *zip(own["band"], own["band_label"], strict=True)]
    page.add(site_pages.choices(f"Dose bands of {title}", [
        (Path(page_name(condition, code)).name, label, code == band) for code, label in links
    ]))  # fmt: skip
    draw(page, ev, SELECTION)
    if not band:
        outcomes = countable(ev)
        if len(outcomes):
            page.add(heading("Icon arrays: responses as people", 2))
            for row in each(outcomes):
                draw(
                    page,
                    ev,
                    (partial(views.icon_array_for, outcome_id=row.outcome_id),),
                    level=3,
                    folded=True,
                )
    return page


def draw(page: Page, ev: Evidence, builders: tuple[Build, ...], level: int = 2, folded: bool = False) -> None:
    """Add views to a page; those with nothing to draw are named together, each with its reason."""
    nothing = []
    for builder in builders:
        view = builder(ev)
        if view.table.empty:
            nothing.append(view)
        else:
            page.add(section_html(view, ev, level, folded))
    if nothing:
        page.add(heading("Not drawn here, and why", level))
        page.add(site_pages.bullets(f"{view.title}: {view.sentence}" for view in nothing))


def whole_page(ev: Evidence, code: str, title: str, builders: tuple[Build, ...]) -> Page:
    """Return a page of views of all studies."""
    page = Page(f"{code}.html", title)
    if code == "methods":
        page.add(site_lists.downloads())
    draw(page, ev, builders)
    return page


def index_page(ev: Evidence) -> Page:
    """Return the first page: where there are studies at all, as links, and as a picture."""
    from ldnevidence.app.server import headline

    page = Page("index.html", "What has been studied, and what has not")
    page.add(f"<p class='ldn-sentence'>{headline()['headline']}</p>")
    page.add(site_pages.gap_links(cells(ev)))
    draw(page, ev, (views.gap_map,), folded=True)
    draw(page, ev, (views.timeline,))
    return page
