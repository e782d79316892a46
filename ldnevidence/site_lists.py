"""Static pages that are lists: claims, references, mechanisms, tables, lessons."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnevidence import citations, claims, export, views
from ldnevidence.app.panels.mechanisms import Mechanisms
from ldnevidence.app.show import section_html, table_html
from ldnevidence.paths import data_dir, root
from ldnevidence.rows import each
from ldnevidence.schema import contract
from ldnevidence.site_pages import Page, heading, search_form
from ldnevidence.views.claims import rows

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

STILL = (
    "<p class='ldn-muted'>A lesson to read: its charts stand at their first setting, and each answer is folded under its "
    "question. Controls move and questions answer when you run it in JupyterLab, with <code>make lab</code> in the "
    "project's source.</p>"
)


def pages(ev: Evidence) -> Iterator[Page]:
    """Yield the pages that are lists."""
    yield claims_page(ev)
    yield references_page(ev)
    yield mechanisms_page(ev)
    yield from table_pages(ev)
    yield from lesson_pages()


def claims_page(ev: Evidence) -> Page:
    """Return the claims of popular texts with their verdicts, to be searched in the page."""
    page = Page("claims.html", "What popular texts say, held against the studies")
    page.add(section_html(views.claims(ev), ev, 2))
    found = rows(ev)
    page.add(heading("Every statement", 2))
    verdicts = [v.label for v in claims.VERDICTS.values() if v.label in set(found["verdict"])]
    page.add(search_form("claims", "Search", {"verdict": verdicts, "text": sorted(found["text"].unique())}))
    items = []
    for row in each(found):
        verdict, text = html.escape(row.verdict, quote=True), html.escape(row.text, quote=True)
        items.append(
            f'<li id="{row.claim_id}" data-verdict="{verdict}" data-text="{text}"><p><span class="ldn-verdict">'
            f"{verdict}</span> {html.escape(row.statement)} "
            f"<span class='ldn-muted'>({text})</span></p><p class='ldn-why'>{html.escape(row.why)}</p></li>"
        )
    page.add(f"<ul class='ldn-claims' id='claims'>{''.join(items)}</ul>")
    return page


def references_page(ev: Evidence) -> Page:
    """Return every work cited, to be searched in the page."""
    page = Page("references.html", "Every work cited")
    works = citations.references()
    kinds = sorted({work.kind_of_evidence for work in works})
    page.add(search_form("works", "Search", {"kind": kinds}))
    items = []
    for work in works:
        copies = "".join(
            f"<button type='button' class='ldn-choice' aria-label='Copy {work.key} as {label}' "
            f'data-copy="{html.escape(citations.cite(work, style), quote=True)}">Copy {label}</button>'
            for style, label in (("vancouver", "Vancouver"), ("bibtex", "BibTeX"))
        )
        flag = "<strong class='ldn-retracted'>Retracted.</strong> " if work.retracted else ""
        items.append(
            f"<li id='{work.key}' data-kind=\"{html.escape(work.kind_of_evidence, quote=True)}\">"
            f"<p>{flag}{citations.cite(work, 'html')}</p><p class='ldn-muted'>{html.escape(work.kind_of_evidence)}; "
            f"{html.escape(work.how_read)}; key {work.key}.</p><p>{copies}</p></li>"
        )
    page.add(f"<ul class='ldn-works' id='works'>{''.join(items)}</ul>")
    return page


def mechanisms_page(ev: Evidence) -> Page:
    """Return the proposed mechanisms and their support, as the dashboard lists them."""
    from ldnevidence.app.panels.base import Status
    from ldnevidence.app.state import ExplorerState

    page = Page("mechanisms.html", "How it might work, and how strong the support is")
    page.add(section_html(views.concentration_ladder(ev), ev, 2))
    panel = Mechanisms(ExplorerState(ev), ev, Status())
    panel.draw()
    page.add(panel.list.value)
    return page


def table_pages(ev: Evidence) -> Iterator[Page]:
    """Yield a page for every table, and one that lists them."""
    listed = Page("tables.html", "Every table")
    listed.add(downloads())
    resources = contract(data_dir())["resources"]
    for resource in resources:
        yield table_page(resource, ev.tables[resource["name"]])
    items = "".join(
        f"<li><a href='tables/{r['name']}.html'>{r['name']}</a> ({len(ev.tables[r['name']])} rows): "
        f"{html.escape(r['description'])}</li>"
        for r in resources
    )
    listed.add(f"<ul>{items}</ul>")
    yield listed


def table_page(resource: dict[str, Any], table: pd.DataFrame) -> Page:
    """Return one table with the meaning of its columns."""
    page = Page(f"tables/{resource['name']}.html", f"Table: {resource['name'].replace('_', ' ')}")
    page.add(
        f"<p>{html.escape(resource['description'])}</p><p><a class='ldn-button' download "
        f"href='../{export.FOLDER}/{resource['path']}'>{resource['path']} ({len(table)} rows)</a></p>"
    )
    fields = pd.DataFrame(
        [(f["name"], f["type"], f.get("description", "")) for f in resource["schema"]["fields"]],
        columns=["column", "type", "meaning"],
    )
    page.add(heading("What the columns mean", 2) + table_html(fields, "What the columns mean"))
    shown = table.drop(columns=[c for c in ("read_at",) if c in table.columns])
    page.add(heading("Rows", 2) + table_html(shown, f"Rows of {resource['name']}"))
    return page


def downloads() -> str:
    """Return the way to all files."""
    links = [
        (export.ZIP_NAME, "Everything as one ZIP"),
        ("datapackage.json", "The contract"),
        ("references.bib", "References as BibTeX"),
        ("CHANGELOG.md", "Changes, and our mistakes"),
    ]
    items = "".join(
        f"<a class='ldn-button' download href='{export.FOLDER}/{name}'>{label}</a>" for name, label in links
    )
    return f"<p>{items}</p>"


def lesson_pages() -> Iterator[Page]:
    """Yield every lesson as a page to read, and a page that lists them; a kernel for each processor runs them."""
    from ldnevidence import lesson_tools

    paths = sorted((root() / "notebooks").glob("[0-9]*.ipynb"))
    workers = min(os.cpu_count() or 1, 4)
    listed = Page("lessons.html", "Lessons")
    items = {}
    with ThreadPoolExecutor(workers) as pool:
        groups = [paths[i::workers] for i in range(workers)]
        for group, lessons in zip(groups, pool.map(lesson_tools.run_in_turn, groups), strict=True):
            for path, lesson in zip(group, lessons, strict=True):
                page = Page(f"lessons/{path.stem}.html", str(lesson.metadata.title), heading=False)
                page.add(STILL + lesson_tools.body(lesson))
                items[page.name] = f"<li><a href='{page.name}'>{html.escape(page.title)}</a></li>"
                yield page
    listed.add(
        f"<ul>{''.join(items[name] for name in sorted(items))}</ul>"
        if items
        else "<p>The lessons come with the project's source.</p>"
    )
    yield listed
