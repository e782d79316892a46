"""The frame of a static page, and the small pieces of HTML that pages share."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ldnevidence.paths import data_dir
from ldnevidence.rows import each
from ldnevidence.schema import contract

SITE = "LDN evidence explorer"
NAVIGATION = {
    "index.html": "Overview",
    "dose.html": "Dose",
    "safety.html": "Safety",
    "claims.html": "Claims",
    "mechanisms.html": "Mechanisms",
    "references.html": "References",
    "methods.html": "Methods and data",
    "tables.html": "Tables",
    "lessons.html": "Lessons",
}


def page_name(condition: str, band: str = "") -> str:
    """Return the path of a selection's page.

    >>> page_name("fibromyalgia", "very low"), page_name("ibd")
    ('evidence/fibromyalgia--very-low.html', 'evidence/ibd.html')
    """
    return f"evidence/{condition}{'--' + band.replace(' ', '-') if band else ''}.html"


@dataclass
class Page:
    """One page: its path in the site, its title, and its parts in order."""

    name: str
    title: str
    parts: list[str] = field(default_factory=list)
    heading: bool = True  # whether the title is also the first heading; lessons bring their own

    def add(self, part: str) -> None:
        """Add a piece of HTML."""
        self.parts.append(part)

    def text(self) -> str:
        """Return the whole page."""
        up = "../" * self.name.count("/")
        title = html.escape(self.title)
        items = "".join(
            f"<li><a href='{up}{name}'{' aria-current=page' if name == self.name else ''}>{label}</a></li>"
            for name, label in NAVIGATION.items()
        )
        first = f"<h1>{title}</h1>" if self.heading else ""
        return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - {SITE}</title>
<meta name="description" content="{title}: what human studies of low-dose naltrexone found. Education, not medical advice.">
<meta name="color-scheme" content="light">
<meta name="referrer" content="strict-origin-when-cross-origin">
<link rel="icon" href="{up}assets/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{up}assets/explorer.css">
<link rel="stylesheet" href="{up}assets/site.css">
<script defer src="{up}assets/plotly.min.js"></script>
<script defer src="{up}assets/explorer.js"></script>
<script defer src="{up}assets/site.js"></script>
</head>
<body class="ldn-site" data-downloads="{up}download/">
<a class="ldn-skip" href="#main">Skip to the content</a>
<header class="ldn-header"><div class="ldn-header-inner">
<p class="ldn-name">{SITE}</p>
<p class="ldn-disclaimer"><strong>Education, not medical advice.</strong> Nothing here tells anyone what to take. Talk to a clinician about your own care.</p>
<nav aria-label="Parts of the site"><ul>{items}</ul></nav>
</div></header>
<main id="main" tabindex="-1">
{first}
{"".join(self.parts)}
</main>
<footer class="ldn-footer"><p>Education, not medical advice. Data version {data_version()}, CC BY 4.0; code MIT.</p></footer>
</body>
</html>
"""


@cache
def data_version() -> str:
    """Return the version of the data."""
    return str(contract(data_dir())["version"])


def heading(text: str, level: int) -> str:
    """Return a heading."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def bullets(texts: Iterable[str]) -> str:
    """Return a list of plain texts."""
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"


def choices(label: str, links: Iterable[tuple[str, str, bool]]) -> str:
    """Return links of one kind, of which one may be the page itself."""
    items = "".join(
        f"<li><a href='{address}'{' aria-current=page' if here else ''}>{html.escape(words)}</a></li>"
        for address, words, here in links
    )
    return f'<nav aria-label="{html.escape(label, quote=True)}"><ul>{items}</ul></nav>'


def search_form(target: str, label: str, selects: dict[str, list[str]] | None = None) -> str:
    """Return a search box over the list of an id, with drop-downs over its items' data attributes."""
    fields = [
        f"<label for='{target}-search'>{html.escape(label)}</label>"
        f"<input id='{target}-search' type='search' autocomplete='off'>"
    ]
    for name, values in (selects or {}).items():
        options = "".join(
            f'<option value="{html.escape(v, quote=True)}">{html.escape(v)}</option>' for v in values
        )
        fields.append(
            f"<label for='{target}-{name}'>{html.escape(name.capitalize())}</label>"
            f"<select id='{target}-{name}' name='{name}'><option value=''>all</option>{options}</select>"
        )
    status = "<span role='status'></span>"
    return f"<form class='ldn-search' role='search' data-list='{target}'>{''.join(fields)}{status}</form>"


def gap_links(table: Any) -> str:
    """Return the gap map as links: a row a condition, a link a band with studies; empty bands say that they are."""
    out = ["<p>Each link gives the number of studies and, in brackets, how many of them are randomised.</p>"]
    for group, rows in table.groupby("group", sort=False):
        out.append(f"<h2>{html.escape(str(group).capitalize())}</h2><ul class='ldn-gaps'>")
        for (code, label), row in rows.groupby(["condition_id", "condition"], sort=False):
            full, gaps = row[row["studies"] > 0], row[row["studies"] == 0]
            links = "".join(
                f"<a class='ldn-cell' href='{page_name(code, cell.band)}'>"
                f"{html.escape(_short(cell.band_label))} <b>{cell.studies}</b> ({cell.randomized})</a>"
                for cell in each(full)
            )
            words = ", ".join(_short(band).lower() for band in gaps["band_label"])
            none = f"<span class='ldn-gap'>no study: {html.escape(words)}</span>" if words else ""
            name = (
                f"<a href='{page_name(code)}'>{html.escape(label)}</a>" if len(full) else html.escape(label)
            )
            out.append(f"<li><span class='ldn-cond'>{name}</span>{links}{none}</li>")
        out.append("</ul>")
    return "".join(out)


def _short(label: str) -> str:
    return label.split(" (")[0]
