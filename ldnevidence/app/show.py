"""How a View is shown: Chart / Table / Sources / Download / Code, as HTML or, in JupyterLab, by MIME type."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import ipywidgets as w
import pandas as pd

from ldnevidence.glossary import explained
from ldnevidence.rows import each
from ldnevidence.views.base import count

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence
    from ldnevidence.views import View

ROWS_SHOWN = 200  # rows of a table on the page; the download has them all


OWN_PAGE = "LDNEVIDENCE_PAGE"  # set in the kernels that serve our own page


def in_own_page() -> bool:
    """Tell whether this kernel serves our own page, whose script draws figures and makes tables from JSON."""
    return OWN_PAGE in os.environ


class Slot(w.VBox):
    """A place on the page that shows one View after another.

    In our own page a view is one HTML widget, hence one message; the page's script draws the chart. In
    JupyterLab, where that script is not, the chart stands in an Output.
    """

    def __init__(self, ev: Evidence, level: int = 3) -> None:
        self.ev, self.level, self.own = ev, level, in_own_page()
        self.head = w.HTML()
        super().__init__([self.head])
        if not self.own:
            self.chart, self.parts = w.Output(), w.HTML()
            self.children = [self.head, self.chart, self.parts]

    def show(self, view: View, folded: bool = False) -> None:
        """Show a view; ``folded`` hides its chart behind a summary."""
        self.name = view.name
        if self.own:
            self.head.value = section_html(view, self.ev, self.level, folded)
            return
        self.head.value = heading_html(view, self.level)
        self.chart.outputs = ()
        if view.drawn:
            self.chart.append_display_data(view)  # a bare Figure would show itself in the cell
        self.parts.value = parts_html(view, self.ev)

    def say(self, text: str) -> None:
        """Show one line of text instead of a view."""
        self.head.value = f"<p>{html.escape(text)}</p>"
        if not self.own:
            self.chart.outputs = ()
            self.parts.value = ""


def section_html(view: View, ev: Evidence, level: int, folded: bool = False) -> str:
    """Return a whole view as one piece of HTML."""
    chart = chart_html(view) if view.drawn else ""
    if chart and folded:
        chart = f"<details class='ldn-fold' data-part='picture'><summary>Show as a picture</summary>{chart}</details>"
    body = heading_html(view, level) + chart + parts_html(view, ev)
    return f"<section data-view='{view.name}' aria-label=\"{html.escape(view.title, quote=True)}\">{body}</section>"


def heading_html(view: View, level: int) -> str:
    """Return title and sentence."""
    sentence = f"<p class='ldn-sentence'>{explained(view.sentence)}</p>"
    return f"<h{level}>{html.escape(view.title)}</h{level}>{sentence}"


def chart_html(view: View) -> str:
    """Return the figure as JSON inside a placeholder that the page's script draws."""
    # "</" would end the script element early; the escaped form is the same JSON.
    data = view.figure.to_json().replace("</", "<\\/")
    label = html.escape(
        f"Chart: {view.title}. {view.sentence} Its rows are in the table below it.", quote=True
    )
    height = int(view.figure.layout.height or 400)
    return (
        f"<div class='ldn-figure' role='figure' aria-label=\"{label}\" data-name='{view.name}' "
        f"style='min-height:{height}px'><script type='application/json'>{data}</script></div>"
    )


def parts_html(view: View, ev: Evidence) -> str:
    """Return notes, and the folded table, sources, downloads and code; nothing where there is not one row."""
    if not view.drawn and view.table.empty:
        return ""
    notes = "".join(f"<li>{explained(note)}</li>" for note in view.notes)
    rows = f"Table ({count(len(view.table), 'row')})"
    label = f"Rows drawn: {view.title}"
    table = rows_json(view, label) if in_own_page() else table_html(view.table, label)
    download = page_downloads_html(view) if in_own_page() else downloads_html(view)
    picture = (
        "The picture carries title, sentence and address."
        if in_own_page()
        else "The bar above the chart saves it as a picture."
    )
    parts = [
        (rows, table),
        (
            f"Sources ({count(len(view.sources), 'work')})",
            sources_later_html(view.sources) if in_own_page() else sources_html(view.sources, ev),
        ),
        ("Download", f"{download}<p>{picture} Data: CC BY 4.0.</p>"),
        ("Code", f"<p>This rebuilds the view in Python:</p><pre tabindex='0'>{html.escape(view.code)}</pre>"),
    ]
    folded = "".join(
        f"<details data-part='{name.split()[0]}'><summary>{name}</summary>{body}</details>"
        for name, body in parts
    )
    return f"<ul class='ldn-notes'>{notes}</ul><div class='ldn-parts'>{folded}</div>"


def rows_json(view: View, label: str) -> str:
    """Return the rows as JSON, from which the page's script makes the table and the CSV once they are asked for."""
    records = [[cell_text(value) for value in row] for row in view.table.itertuples(index=False)]
    text = json.dumps({"columns": [str(c) for c in view.table.columns], "rows": records}, ensure_ascii=False)
    data = text.replace("</", "<\\/")
    return f"<div class='ldn-rows' data-label=\"{html.escape(label, quote=True)}\"><script type='application/json'>{data}</script></div>"


def page_downloads_html(view: View) -> str:
    """Return buttons with which the page's script saves the rows, the works in view, and the chart."""
    return (
        f"<p><button type='button' class='ldn-choice' data-save-csv='{view.name}.csv'>CSV ({count(len(view.table), 'row')})</button>"
        f"<button type='button' class='ldn-choice' data-save-bib='{view.name}.bib' data-keys='{' '.join(view.sources)}'>"
        f"BibTeX ({count(len(view.sources), 'work')})</button>"
        "<button type='button' class='ldn-choice' data-save-chart='png'>Chart as PNG</button>"
        "<button type='button' class='ldn-choice' data-save-chart='svg'>Chart as SVG</button></p>"
    )


def for_reading(columns: Iterable[object]) -> list[bool]:
    """Tell which columns a reader is shown: keys stand in the download alone.

    >>> for_reading(["study", "study_id", "source_ids"])
    [True, False, False]
    """
    return [not re.search(r"_(ids?|key)$", str(name)) for name in columns]


def linked(text: str) -> str:
    """Return a cell's text as HTML with its addresses as links.

    >>> linked("abstract https://doi.org/1; <b>")
    "abstract <a href='https://doi.org/1'>https://doi.org/1</a>; &lt;b&gt;"
    """
    return re.sub(r"(https?://[^\s;]+)", r"<a href='\1'>\1</a>", html.escape(text))


def table_html(table: pd.DataFrame, label: str) -> str:
    """Return a table for reading: empty cells stay empty, numbers are not padded with zeros."""
    table = table.loc[:, for_reading(table.columns)]
    head = "".join(f"<th scope='col'>{html.escape(str(c).replace('_', ' '))}</th>" for c in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{linked(cell_text(v))}</td>" for v in row) + "</tr>"
        for row in table.head(ROWS_SHOWN).itertuples(index=False)
    )
    more = (
        f"<p>{len(table) - ROWS_SHOWN} more rows are in the download.</p>" if len(table) > ROWS_SHOWN else ""
    )
    region = (
        f"<div class='ldn-scroll' role='region' aria-label=\"{html.escape(label, quote=True)}\" tabindex='0'>"
    )
    return f"{region}<table class='ldn-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"


def cell_text(value: object) -> str:
    """Return a cell as text.

    >>> cell_text(4.5), cell_text(float("nan")), cell_text(True)
    ('4.5', '', 'yes')
    """
    if isinstance(value, list | tuple):
        return "; ".join(map(cell_text, value))
    if value is None or value is pd.NA or value != value:
        return ""
    if type(value).__name__.startswith("bool"):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def sources_later_html(keys: tuple[str, ...]) -> str:
    """Return a place in which the page's script lists the pages read once it is opened; see `pages_of_works`."""
    return (
        f"<div class='ldn-pages' data-keys='{' '.join(keys)}'></div>" if keys else "<p>No source in view.</p>"
    )


def sources_html(keys: tuple[str, ...], ev: Evidence) -> str:
    """Return the pages read for each work, with their canonical addresses and how much was read."""
    items = pages_of_works(ev.whole or ev)
    found = "".join(items[key] for key in sorted(keys) if key in items)
    return f"<ul>{found}</ul>" if found else "<p>No source in view.</p>"


@lru_cache(maxsize=4)
def pages_of_works(ev: Evidence) -> dict[str, str]:
    """Return a list item for each work of which pages were read."""
    items = {}
    for key, group in ev.tables["sources"].fillna("").groupby("cite_key"):
        links = []
        for page in each(group):
            link = html.escape(page.kind)
            if page.canonical_url:
                link = f'<a href="{html.escape(page.canonical_url, quote=True)}">{link}</a>'
            copy = ", read in a copy" if page.copy else ""
            links.append(f"{link} ({html.escape(page.read)}{copy})")
        items[str(key)] = f"<li><strong>{html.escape(str(key))}</strong>: {'; '.join(links)}</li>"
    return items


def downloads_html(view: View) -> str:
    """Return links that carry the rows as CSV and the works in view as BibTeX, for pages without our script."""
    from ldnevidence.citations import entries_text

    rows = data_link(
        f"{view.name}.csv",
        "text/csv",
        view.table.to_csv(index=False),
        f"CSV ({count(len(view.table), 'row')})",
    )
    label = f"BibTeX ({count(len(view.sources), 'work')})"
    works = data_link(f"{view.name}.bib", "text/plain", entries_text(view.sources), label)
    return f"<p>{rows}{works}</p>"


def data_link(name: str, kind: str, content: str | bytes, label: str) -> str:
    """Return a link that carries a file in its address: Voila serves no .csv file by default."""
    raw = content.encode("utf-8") if isinstance(content, str) else content
    data = base64.b64encode(raw).decode("ascii")
    kind = kind + (";charset=utf-8" if isinstance(content, str) else "")
    return (
        f"<a class='ldn-button' download='{name}' href='data:{kind};base64,{data}'>{html.escape(label)}</a>"
    )
