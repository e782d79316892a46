"""What several pictures share: the works behind rows, and row labels that leave the width to the marks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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


def label_above(fig: go.Figure, y: float, text: str, strong: bool = False) -> None:
    """Write a row's label above its marks, from the left edge, so that a narrow screen loses no width to it.

    Parameters
    ----------
    fig : Figure
        Its first y axis counts rows downwards; a label stands above row `y`.
    y : float
        Row.
    text : str
        Label, in plotly's markup.
    strong : bool
        Whether it heads a group of rows.
    """
    fig.add_annotation(
        x=0, xref="paper", xanchor="left", y=y, yref="y", yanchor="middle", showarrow=False, align="left",
        text=f"<b>{text}</b>" if strong else text, bgcolor="rgba(255,255,255,0.75)", borderpad=0,
        font={"size": 14 if strong else 12, "color": base.INK},
    )  # fmt: skip


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
