"""One function that turns a View into HTML or widgets: Chart / Table / Sources / Download / Code."""

from __future__ import annotations

import base64
import html
import json
import os
from typing import TYPE_CHECKING

import ipywidgets as w
import pandas as pd

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence
    from ldnevidence.views import View

ROWS_SHOWN = 200  # rows of a table on the page; the download has them all


def under_voila() -> bool:
    """Tell whether this kernel serves a Voila page, whose script draws figures from JSON."""
    return "VOILA_PREHEAT" in os.environ


def show(view: View, ev: Evidence, level: int = 2) -> w.Widget:
    """Return a widget that shows a view with its table, sources, downloads and code.

    Parameters
    ----------
    view : View
        What to show.
    ev : Evidence
        The whole evidence, for the addresses of the sources.
    level : int
        Level of the heading.
    """
    sentence = f"<p class='ldn-sentence'>{html.escape(view.sentence)}</p>"
    head = f"<h{level}>{html.escape(view.title)}</h{level}>{sentence}"
    if under_voila():
        return w.HTML(f"<section data-view='{view.name}'>{head}{chart_html(view)}{parts_html(view, ev)}</section>")
    chart = w.Output()
    chart.append_display_data(view.figure)
    return w.VBox([w.HTML(head), chart, w.HTML(parts_html(view, ev))])


def chart_html(view: View) -> str:
    """Return the figure as JSON inside a placeholder that the page's script draws."""
    # "</" would end the script element early; the escaped form is the same JSON.
    data = view.figure.to_json().replace("</", "<\\/")
    label = html.escape(f"Chart: {view.title}. {view.sentence}", quote=True)
    height = int(view.figure.layout.height or 400)
    return (
        f"<div class='ldn-figure' role='img' aria-label=\"{label}\" data-name='{view.name}' "
        f"style='min-height:{height}px'><script type='application/json'>{data}</script></div>"
    )


def parts_html(view: View, ev: Evidence) -> str:
    """Return notes, and the folded table, sources, downloads and code."""
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in view.notes)
    rows = len(view.table)
    parts = [
        ("Table", f"{rows} rows", table_html(view.table)),
        ("Sources", f"{len(view.sources)} works", sources_html(view.sources, ev)),
        ("Download", "", downloads_html(view)),
        (
            "Code",
            "",
            f"<p>This rebuilds the view in Python:</p><pre tabindex='0'>{html.escape(view.code)}</pre>",
        ),
    ]
    folded = "".join(
        f"<details><summary>{name}{f' ({count})' if count else ''}</summary>{body}</details>"
        for name, count, body in parts
    )
    return f"<ul class='ldn-notes'>{notes}</ul><div class='ldn-parts'>{folded}</div>"


def table_html(table: pd.DataFrame) -> str:
    """Return a table for reading: empty cells stay empty, numbers are not padded with zeros."""
    head = "".join(f"<th scope='col'>{html.escape(str(c).replace('_', ' '))}</th>" for c in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell_text(v))}</td>" for v in row) + "</tr>"
        for row in table.head(ROWS_SHOWN).itertuples(index=False)
    )
    more = (
        f"<p>{len(table) - ROWS_SHOWN} more rows are in the download.</p>" if len(table) > ROWS_SHOWN else ""
    )
    return (
        f"<div class='ldn-scroll' role='region' aria-label='Table of the rows drawn' tabindex='0'>"
        f"<table class='ldn-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )


def cell_text(value: object) -> str:
    """Return a cell as text.

    >>> cell_text(4.5), cell_text(float("nan")), cell_text(True)
    ('4.5', '', 'yes')
    """
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool) or str(type(value).__name__).startswith("bool"):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def sources_html(keys: tuple[str, ...], ev: Evidence) -> str:
    """Return the pages read for each work, with their canonical addresses and how much was read."""
    pages = ev.tables["sources"]
    pages = pages[pages["cite_key"].isin(keys)].fillna("")
    items = []
    for key, group in pages.groupby("cite_key", sort=True):
        links = []
        for page in group.itertuples():
            name = html.escape(page.kind)
            link = (
                f"<a href='{html.escape(page.canonical_url, quote=True)}'>{name}</a>"
                if page.canonical_url
                else name
            )
            copy = ", read in a copy" if page.copy else ""
            links.append(f"{link} ({html.escape(page.read)}{copy})")
        items.append(f"<li><strong>{html.escape(str(key))}</strong>: {'; '.join(links)}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else "<p>No source in view.</p>"


def downloads_html(view: View) -> str:
    """Return links that carry the table as CSV and JSON; the chart's own bar saves the picture."""
    csv = view.table.to_csv(index=False)
    records = json.loads(view.table.to_json(orient="records"))
    text = json.dumps(
        {"title": view.title, "notes": view.notes, "sources": view.sources, "rows": records}, indent=1
    )
    links = [
        _data_link(f"{view.name}.csv", "text/csv", csv, f"CSV ({len(view.table)} rows)"),
        _data_link(f"{view.name}.json", "application/json", text, "JSON with notes and sources"),
    ]
    return f"<p>{''.join(links)}</p><p>The camera above the chart saves it as a picture. Data: CC BY 4.0.</p>"


def _data_link(name: str, kind: str, text: str, label: str) -> str:
    # Voila serves no .csv file by default; a data address needs no server at all.
    data = base64.b64encode(text.encode("utf-8")).decode("ascii")
    return (
        f"<a class='ldn-button' download='{name}' href='data:{kind};charset=utf-8;base64,{data}'>{label}</a>"
    )
