"""What several pictures share: the works behind rows, and row labels that leave the width to the marks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from ldnevidence.views import base

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence


def works_behind(ev: Evidence, source_ids: Iterable[object], also: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the keys of the works whose pages were read, and of others named, each once.

    >>> import ldnevidence as ldn
    >>> works_behind(ldn.load(), ["marcus2024-document"], ["younger2013"])
    ('marcus2024', 'younger2013')
    """
    sources = ev.tables["sources"]
    wanted = sources["source_id"].isin(set(source_ids))
    return tuple(sorted({*sources.loc[wanted, "cite_key"], *also}))


def audited(ev: Evidence) -> pd.DataFrame:
    """Return the findings of :func:`ldnevidence.audit.check` about the whole evidence, worked out once.

    >>> import ldnevidence as ldn
    >>> "smith2007" in set(audited(ldn.load().select(condition="fibromyalgia"))["study_id"])
    True
    """
    return _audited(ev.whole or ev)


@lru_cache(maxsize=4)
def _audited(ev: Evidence) -> pd.DataFrame:
    from ldnevidence import audit  # recomputes every printed figure; only where its findings are shown

    return audit.check(ev)


def pages(ev: Evidence, source_ids: Iterable[object]) -> list[str]:
    """Return for each cell of keys of sources the addresses of the pages, with their kind.

    >>> import ldnevidence as ldn
    >>> pages(ldn.load(), ["younger2013-abstract"])[0].split(" ")[0]
    'abstract'
    """
    sources = ev.tables["sources"].set_index("source_id")
    where = (sources["kind"] + " " + sources["canonical_url"]).dropna().to_dict()
    return ["; ".join(where[key] for key in str(cell).split("; ") if key in where) for cell in source_ids]


def label_above(fig: go.Figure, labels: Iterable[tuple[float, str, bool]]) -> None:
    """Write rows' labels above their marks, from the left edge: a narrow screen loses no width to them.

    Parameters
    ----------
    fig : Figure
        Its first y axis counts rows downwards. Its other annotations are replaced.
    labels : iterable of (float, str, bool)
        Place on the y axis, text in plotly's markup, and whether it heads a group of rows.
    """
    # All at once: added one by one, each would be checked together with all before it.
    fig.layout.annotations = [
        {
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": y,
            "yref": "y",
            "yanchor": "middle",
            "align": "left",
            "text": f"<b>{text}</b>" if strong else text,
            "showarrow": False,
            "bgcolor": "rgba(255,255,255,0.75)",
            "borderpad": 0,
            "font": {"size": 14 if strong else 12, "color": base.INK},
        }
        for y, text, strong in labels
    ]


class Rows:
    """Rows of words with their marks underneath: the first y axis counts pixels downwards.

    A label may have several lines, so that nothing has to be cut off to fit a narrow screen.

    Examples
    --------
    >>> rows = Rows()
    >>> rows.add("one line", marks=2)
    [25.0, 45.0]
    >>> rows.add("one line<br>and another")
    [105.0]
    """

    LINE, MARK, GAP = 15, 20, 10  # pixels: a line of words, the mark of one arm, room before the next row
    WIDE = 52  # letters that fit a line on a screen of 390 pixels

    def __init__(self, start: float = 0.0) -> None:
        """Begin `start` pixels below the top of the plot."""
        self.labels: list[tuple[float, str, bool]] = []
        self.end = start

    def head(self, text: str) -> None:
        """Write the name of a group of rows."""
        self.labels.append((self.end + self.LINE, text, True))
        self.end += 2 * self.LINE

    def add(self, label: str, marks: int = 1) -> list[float]:
        """Write a row's label and return the places of its marks on the y axis."""
        words = self.LINE * (label.count("<br>") + 1)
        self.labels.append((self.end + words / 2, label, False))
        first = self.end + words + self.MARK / 2
        self.end += words + self.MARK * marks + self.GAP
        return [first + self.MARK * i for i in range(marks)]

    def figure(self, entries: int, below: int = 52) -> go.Figure:
        """Return an empty figure of the right height; `entries` of the legend may need a line each."""
        fig = base.figure(round(self.end) + 44 + 16 * entries + below)
        fig.update_layout(margin={"b": below}, yaxis={"range": [self.end, -6], "visible": False})
        label_above(fig, self.labels)
        return fig


def muted(text: str) -> str:
    """Return a text for a label in the smaller, paler letters of numbers and names.

    >>> muted("n 12")
    "<span style='font-size:11px;color:#52606d'>n 12</span>"
    """
    return f"<span style='font-size:11px;color:{base.MUTED}'>{text}</span>"


def name_with(name: str, numbers: str) -> str:
    """Return a name in bold with its numbers beside it, or below where a narrow screen lacks the room.

    >>> "<br>" in name_with("Younger 2013", "37%"), "<br>" in name_with("A long name of one", "1/2 · " * 9)
    (False, True)
    """
    beside = 1.25 * len(name) + len(numbers) < Rows.WIDE + 2  # bold letters are wider
    return f"<b>{name}</b>{' ' if beside else '<br>'}{muted(numbers)}"


def filled(pattern: str, colour: str) -> dict[str, Any]:
    """Return a bar's fill: plain colour where `pattern` is empty, else the pattern on white."""
    return {
        "color": "white" if pattern else colour,
        "line": {"color": colour, "width": 1.5},
        "pattern": {"shape": pattern, "fgcolor": colour, "fgopacity": 0.5, "size": 7, "solidity": 0.25},
    }
