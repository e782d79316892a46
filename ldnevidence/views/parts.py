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


def rows_axis(fig: go.Figure, rows: int) -> None:
    """Set the first y axis for rows with labels above: it counts downwards and has no ticks."""
    fig.update_layout(yaxis={"range": [rows - 0.4, -0.8], "visible": False})


def filled(pattern: str, colour: str) -> dict[str, Any]:
    """Return a bar's fill: plain colour where `pattern` is empty, else the pattern on white."""
    return {
        "color": "white" if pattern else colour,
        "line": {"color": colour, "width": 1.5},
        "pattern": {"shape": pattern, "fgcolor": colour, "fgopacity": 0.5, "size": 7, "solidity": 0.25},
    }
