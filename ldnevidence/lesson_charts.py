"""Small charts for lessons: people as squares, bars, intervals, histograms, dose paths. Plain figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ldnevidence.views import base

if TYPE_CHECKING:
    import plotly.graph_objects as go

NARROW = 34  # letters of a title that fit beside the labels on a narrow screen
MARKS = (  # colour, symbol and pattern of the first, second, ... kind: never colour alone
    (base.LDN, "square", ""),
    (base.PLACEBO, "square-open", "/"),
    (base.MUTED, "x-thin-open", "x"),
    (base.OTHER, "diamond", "."),
)


def bars(counts: Mapping[str, float], axis: str = "", unit: str = "") -> go.Figure:
    """Draw one bar a label, with its number written out.

    Parameters
    ----------
    counts : mapping of str to float
        Label to length.
    axis, unit : str
        Title of the axis; unit behind each number.
    """
    labels = [base.wrap(k, 26) for k in counts]
    fig = base.figure(80 + _row(labels) * max(1, len(labels)), legend=False)
    values = list(counts.values())
    fig.add_bar(
        x=values,
        y=labels,
        orientation="h",
        marker={"color": base.LDN},
        text=[f"{v:g}{unit}" for v in values],
        textposition="outside",
        cliponaxis=False,
    )
    fig.update_xaxes(title=base.wrap(axis, NARROW), range=[0, 1.15 * max([*values, 1])])
    fig.update_yaxes(autorange="reversed")
    return fig


def _row(labels: Sequence[str]) -> int:
    """Return the pixels that a row needs so that the lines of its label do not touch the next one's.

    >>> _row(["one line"]), _row(["three<br>lines<br>here"])
    (34, 62)
    """
    lines = max((label.count("<br>") + 1 for label in labels), default=1)
    return max(34, 8 + 18 * lines)


def shares(groups: Mapping[str, Mapping[str, int]], axis: str = "People") -> go.Figure:
    """Draw each group of people as one bar, split into kinds.

    Parameters
    ----------
    groups : mapping of str to mapping of str to int
        Group to kind to people; the same kinds in every group.
    axis : str
        Title of the axis.
    """
    labels = [base.wrap(g, 22) for g in groups]
    kinds = list(next(iter(groups.values())))
    # On a narrow screen each kind may take a line of the legend.
    fig = base.figure(130 + max(46, _row(labels)) * len(groups) + 20 * max(0, len(kinds) - 2))
    for kind, (colour, _, pattern) in zip(kinds, MARKS, strict=False):
        values = [group[kind] for group in groups.values()]
        fig.add_bar(
            x=values,
            y=labels,
            orientation="h",
            name=kind,
            marker={
                "color": colour,
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "white", "fgopacity": 0.35},
            },
            text=[f"{v:g}" if v else "" for v in values],
            textposition="inside",
            insidetextanchor="middle",
            textfont={"color": "white"},
        )
    # The legend names the kinds in the order in which they stand in the bar.
    fig.update_layout(barmode="stack", bargap=0.35, legend_traceorder="normal")
    fig.update_xaxes(title=base.wrap(axis, NARROW))
    fig.update_yaxes(autorange="reversed")
    return fig


def icons(groups: Mapping[str, tuple[int, int]], word: str = "had it", wide: int = 10) -> go.Figure:
    """Draw every person of each group as a mark: filled for those with the event, hollow for the others.

    Parameters
    ----------
    groups : mapping of str to (events, people)
        One block a group, with the same spacing in all, so that blocks can be compared.
    word : str
        What the filled marks stand for.
    wide : int
        People a line.
    """
    for name, (events, n) in groups.items():
        if not 0 <= events <= n:
            raise ValueError(f"{name}: events must lie between 0 and {n}, not {events}")
    lines = max(math.ceil(n / wide) for _, n in groups.values())
    fig = base.figure(120 + 22 * lines)
    for kind, symbol, colour in ((word, "square", base.LDN), ("did not", "square-open", base.MUTED)):
        xs, ys = [], []
        for block, (events, n) in enumerate(groups.values()):
            chosen = range(events) if kind == word else range(events, n)
            xs += [block * (wide + 2) + i % wide for i in chosen]
            ys += [-(i // wide) for i in chosen]
        fig.add_scatter(
            x=xs,
            y=ys,
            mode="markers",
            name=kind,
            hoverinfo="skip",
            marker={"symbol": symbol, "color": colour, "size": 11},
        )
    middle = [block * (wide + 2) + (wide - 1) / 2 for block in range(len(groups))]
    text = [f"{name}<br>{events} of {n}" for name, (events, n) in groups.items()]
    fig.update_xaxes(tickvals=middle, ticktext=text, showgrid=False, range=[-1, middle[-1] + wide / 2 + 0.5])
    fig.update_yaxes(visible=False, range=[-lines + 0.3, 0.7])
    return fig


def intervals(
    rows: Sequence[tuple[str, float, float, float]],
    truth: float | None = None,
    axis: str = "",
    limits: tuple[float, float] | None = None,
    summaries: Sequence[str] = (),
) -> go.Figure:
    """Draw estimates with their intervals, and how they lie to a true value.

    Parameters
    ----------
    rows : sequence of (label, estimate, low, high)
        From top to bottom.
    truth : float, optional
        A known true value: intervals that miss it get another mark, colour and word.
    axis : str
        Title of the axis.
    limits : (float, float), optional
        Limits of the axis.
    summaries : sequence of str
        Labels of rows that sum up the others: they get another mark and colour.
    """
    fig = base.figure(120 + (34 if len(rows) < 12 else 9) * len(rows), legend=truth is not None)
    kinds = {
        "holds the true value": ("circle", base.LDN),
        "misses it": ("x", base.WARN),
        "sums up": ("diamond", base.OTHER),
    }
    for name, (symbol, colour) in kinds.items():
        some = [(i, *r) for i, r in enumerate(rows) if _kind(r, truth, summaries) == name]
        if not some:
            continue
        fig.add_scatter(
            x=[r[2] for r in some],
            y=[r[0] for r in some],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "color": colour, "size": 9},
            error_x={
                "type": "data",
                "array": [r[4] - r[2] for r in some],
                "arrayminus": [r[2] - r[3] for r in some],
                "color": colour,
                "thickness": 2,
                "width": 3,
            },
        )
    if truth is not None:
        fig.add_vline(x=truth, line={"color": base.INK, "width": 1, "dash": "dash"})
    fig.update_xaxes(title=base.wrap(axis, NARROW), range=limits)
    labels = [base.wrap(r[0], 24) for r in rows]
    fig.update_yaxes(range=[len(rows) - 0.4, -0.6], visible=any(labels), showgrid=False)
    if any(labels):
        fig.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels)
    return fig


def _kind(row: tuple[str, float, float, float], truth: float | None, summaries: Sequence[str]) -> str:
    label, _, low, high = row
    if label in summaries:
        return "sums up"
    return "holds the true value" if truth is None or low <= truth <= high else "misses it"


def histogram(
    values: npt.ArrayLike,
    edges: Sequence[float],
    axis: str,
    mark: float | None = None,
    mark_name: str = "",
) -> go.Figure:
    """Draw how often values fall between edges, in percent, with one value marked.

    Parameters
    ----------
    values : array_like
        Values; NaN and values outside the edges are left out of the bars but stay in the base of the percent.
    edges : sequence of float
        Limits of the bars.
    axis : str
        Title of the axis.
    mark : float, optional
        A value to mark by a line.
    mark_name : str
        What it is.
    """
    array = np.asarray(values, dtype=float)
    counts, _ = np.histogram(array[np.isfinite(array)], bins=np.asarray(edges, dtype=float))
    middles = (np.asarray(edges[1:]) + np.asarray(edges[:-1])) / 2
    fig = base.figure(300, legend=False)
    fig.add_bar(
        x=middles.tolist(), y=(100 * counts / max(1, array.size)).tolist(), marker={"color": base.LDN}
    )
    fig.update_layout(bargap=0.05)
    if mark is not None:
        fig.add_vline(x=mark, line={"color": base.WARN, "width": 2, "dash": "dash"})
        side: dict[str, Any] = {"xanchor": "right" if mark > middles.mean() else "left"}
        fig.add_annotation(
            x=mark, y=1, yref="paper", yanchor="bottom", text=mark_name, showarrow=False, **side
        )
        fig.update_layout(margin={"t": 36})
    fig.update_xaxes(title=base.wrap(axis, NARROW), range=[edges[0], edges[-1]])
    fig.update_yaxes(title="Share, %", rangemode="tozero")
    return fig


def points(
    series: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    x_axis: str,
    y_axis: str,
    lines: Sequence[str] = (),
    height: int = 340,
) -> go.Figure:
    """Draw series of points, each with its own symbol; those named in `lines` as lines.

    Parameters
    ----------
    series : mapping of str to (x, y)
        Name to coordinates.
    x_axis, y_axis : str
        Titles of the axes.
    lines : sequence of str
        Names of the series that are lines.
    height : int
        Height in pixels.
    """
    symbols = ("circle", "square-open", "x", "diamond")
    dashes = ("solid", "dash", "dot", "dashdot")
    fig = base.figure(height, legend=len(series) > 1)
    for i, (name, (x, y)) in enumerate(series.items()):
        colour = (base.LDN, base.PLACEBO, base.WARN, base.OTHER)[i % 4]
        fig.add_scatter(
            x=np.asarray(x).tolist(),
            y=np.asarray(y).tolist(),
            name=name,
            mode="lines" if name in lines else "markers",
            line={"color": colour, "dash": dashes[i % 4]},
            marker={"color": colour, "symbol": symbols[i % 4], "size": 10},
        )
    fig.update_xaxes(title=x_axis)
    fig.update_yaxes(title=y_axis)
    return fig


def dose_path(doses: npt.ArrayLike, response: npt.ArrayLike, top: float) -> go.Figure:
    """Draw an up-and-down study: the dose of each person in order, filled for a response.

    Parameters
    ----------
    doses : array_like, shape (people,)
        Dose of each person, mg a day; NaN after the study stopped.
    response : array_like, shape (people,)
        1, 0, or -1 after the study stopped.
    top : float
        Highest dose of the design, mg a day.
    """
    dose, yes = np.asarray(doses, dtype=float), np.asarray(response)
    person = np.arange(1, dose.size + 1)
    fig = base.figure(330)
    fig.add_scatter(
        x=person.tolist(),
        y=dose.tolist(),
        mode="lines",
        line={"color": base.RULE, "width": 2},
        showlegend=False,
        hoverinfo="skip",
    )
    for value, name, symbol, colour in (
        (1, "responded: next dose lower", "circle", base.LDN),
        (0, "did not: next dose higher", "circle-open", base.PLACEBO),
    ):
        chosen = yes == value
        fig.add_scatter(
            x=person[chosen].tolist(),
            y=dose[chosen].tolist(),
            mode="markers",
            name=name,
            marker={"symbol": symbol, "color": colour, "size": 11, "line": {"width": 2, "color": colour}},
        )
    fig.update_xaxes(title="Person, in order")
    fig.update_yaxes(title="Dose, mg a day", range=[0, top * 1.08])
    return fig
