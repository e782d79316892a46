"""Forest plot: comparisons on one scale, computed told apart from printed, pooled only where it is fair."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence.estimate import PooledEstimate
from ldnevidence.rows import each
from ldnevidence.views import base, comparisons, forest_words, parts, pooling_rules
from ldnevidence.views.comparisons import MEASURES, RATIOS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ldnevidence.evidence import Evidence

TOP = 22  # pixels above the first row, for the words on both sides of the line of no effect
LETTERS = "R randomised · B blinded · C compared · P registered before"
KINDS = {"computed": ("square", base.LDN), "as printed": ("diamond", base.PLACEBO)}
TICKS = [m * 10.0**e for e in range(-3, 4) for m in (1, 2, 5)]


def forest(
    ev: Evidence,
    measure: str | None = None,
    unit: str | None = None,
    kind: str = "between",
    sort: str = "study",
    ascending: bool = True,
    exclude: Collection[str] = (),
    reference: float | None = None,
    limit: float | None = None,
) -> base.View:
    """Draw comparisons of one measure on its natural scale, turned so that the right side favours LDN.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole; ``ev.select(domain=...)`` picks outcomes.
    measure : str, optional
        RR, OR, HR, RD, SMD, MD, ...; see `comparisons.measures_available`. By default the one that most
        studies give with an interval.
    unit : str, optional
        Unit of the axis for measures in the units of a scale (MD, MC and their medians), such as "points";
        each unit has a plot of its own. By default the one with most studies.
    kind : {"between", "within"}
        LDN against another arm, or after against before in one arm; never both in one plot.
    sort : str
        Any column of the table; every number moves with its row, and rows without a value come last.
    ascending : bool
        Order of `sort`.
    exclude : collection of str
        Keys of studies to leave out.
    reference : float, optional
        Where to draw a second line, such as the smallest difference that matters, on the scale of the plot.
    limit : float, optional
        How far the axis reaches from no effect: a ratio above 1, else a difference above 0. Intervals that go
        further end in an arrow. By default so that every estimate fits.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        For an unknown measure, kind, column or study, and for a reference or limit that the scale has not.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = forest(ldn.load().select(condition="depression"), measure="SMD")
    >>> sorted(set(view.table["kind"]))
    ['as printed', 'computed']
    """
    if measure is not None and measure not in MEASURES:
        raise ValueError(f"unknown measure {measure!r}; known: {', '.join(MEASURES)}")
    if sort not in comparisons.COLUMNS:
        raise ValueError(f"cannot sort by {sort!r}; the table has {', '.join(comparisons.COLUMNS)}")
    unknown = set(exclude) - set(ev.tables["studies"]["study_id"])
    if unknown:
        raise ValueError(f"no such study here to leave out: {', '.join(sorted(unknown))}")
    code = base.snippet(
        ev, forest, measure=measure, unit=unit, kind=kind, sort=sort, ascending=ascending,
        exclude=sorted(exclude) or (), reference=reference, limit=limit,
    )  # fmt: skip
    title = (
        "LDN against something else" if kind == "between" else "Before and after LDN, without a comparison"
    )
    draft = base.Draft("forest", title, code, comparisons.COLUMNS)
    whole = comparisons.comparisons(ev, kind)
    found = comparisons.measures_available(ev, kind)
    measure = measure or found["measure"].get(0)
    units = found.loc[found["measure"] == measure, "unit"]
    unit = units.iloc[0] if unit is None and len(units) else unit
    here = (whole["measure"] == measure) & (comparisons.panels(whole) == (unit or ""))
    every = whole[here & (whole["why_not"] == "")]
    table = every[~every["study_id"].isin(exclude)]
    table = table.sort_values(sort, ascending=ascending, kind="stable", na_position="last", ignore_index=True)
    if table.empty:
        return draft.empty(_why_empty(every, found, measure))
    null = 1.0 if measure in RATIOS else 0.0
    _check_line(reference, limit, null)
    pooled = pooling_rules.pooled(table)
    fig = _draw(table, kind, null, reference, limit or reach(table), pooled)
    _, why = pooling_rules.pooling_verdict(table)
    sentence = forest_words.sentence(table, kind, why, pooled)
    notes = forest_words.notes(table, whole, kind, why, pooled)
    if exclude:
        notes = (pooling_rules.exclusion_effect(every, table), *notes)
    return draft.view(sentence, fig, table, notes, base.cited(ev, table["study_id"]))


def _why_empty(every: pd.DataFrame, found: pd.DataFrame, measure: str | None) -> str:
    if len(every):
        return "Every comparison of this measure has been left out."
    if found.empty:
        return "No comparison with an estimate was read for this selection."
    known = base.listed([f"{row.label} {row.unit}".strip() for row in each(found)])
    return f"No {MEASURES[str(measure)]} was read for this selection; there is {known}."


def _check_line(reference: float | None, limit: float | None, null: float) -> None:
    if reference is not None and null and not reference > 0:
        raise ValueError(f"a reference on a ratio scale must be above 0; got {reference!r}")
    if limit is not None and not limit > null:
        raise ValueError(f"the limit must be above {null:g}, which is no effect; got {limit!r}")


def reach(table: pd.DataFrame) -> float:
    """Return how far the axis must reach from no effect, so that one wide interval does not swamp it.

    Every estimate fits, and so does the middle one of the intervals; wider ones are cut, with an arrow.
    """
    log = table["measure"].iloc[0] in RATIOS

    def far(column: str) -> pd.Series:
        values = pd.to_numeric(table[column]).dropna()
        return values.map(math.log).abs() if log else values.abs()

    ends = pd.concat([far("ci_low"), far("ci_high")], axis=1).max(axis=1)
    least = math.log(2) if log else 1e-9
    usual = max(1.25 * far("estimate").max(), 1.25 * ends.median() if len(ends) else 0.0, least)
    whole = max(usual, 1.05 * ends.max()) if len(ends) else usual
    span = whole if whole <= 1.3 * usual else usual
    return math.exp(span) if log else float(span)


def _draw(
    table: pd.DataFrame,
    kind: str,
    null: float,
    reference: float | None,
    limit: float,
    pooled: PooledEstimate | None,
) -> go.Figure:
    """Draw rows from the top; words stand above each mark so that narrow screens lose nothing."""
    log = bool(null)
    low, high = (1 / limit, limit) if log else (-limit, limit)
    repeated = table.duplicated(["outcome_id", "kind"], keep=False)
    rows = parts.Rows(start=TOP)
    table = table.assign(y=[rows.add(forest_words.label(row, again))[0]
                            for row, again in zip(each(table), repeated, strict=True)])  # fmt: skip
    at = rows.add(forest_words.pooled_label(pooled))[0] if pooled else 0.0
    rows.end += 18 if reference is not None else 0  # room for the words at the foot of the reference line
    fig = rows.figure(entries=2, below=72)
    for name, (symbol, colour) in KINDS.items():
        part = table[table["kind"] == name]
        held = part[part["ci_low"].notna() & part["ci_high"].notna()]
        _intervals(fig, held, low, high, colour)
        for some, hollow in ((held, False), (part.drop(held.index), True)):
            some = some[some["estimate"].between(low, high)]
            if len(some):
                fig.add_scatter(
                    x=some["estimate"], y=some["y"], mode="markers", name=name + (", no interval" * hollow),
                    hoverinfo="text", hovertext=forest_words.hovers(some),
                    marker={"symbol": symbol + "-open" * hollow, "color": colour, "size": _sizes(some),
                            "opacity": 1, "line": {"width": 2, "color": colour}},
                )  # fmt: skip
    beyond = table[~table["estimate"].between(low, high)]
    if len(beyond):
        right = beyond["estimate"] > high
        fig.add_scatter(
            x=[high if r else low for r in right], y=beyond["y"], mode="markers",
            name="estimate off the axis",
            marker={"symbol": [f"triangle-{'right' if r else 'left'}-open" for r in right], "size": 13,
                    "color": base.WARN, "line": {"width": 2}},
            hoverinfo="text", hovertext=forest_words.hovers(beyond),
        )  # fmt: skip
    _lines(fig, table, kind, null, reference, rows.end)
    if pooled:
        _diamond(fig, pooled, at, low, high)
    ratio = {"type": "log", "range": [math.log10(low), math.log10(high)]} if log else {"range": [low, high]}
    ticks = [t for t in TICKS if low <= t <= high]
    step = [1, 10] if len(ticks) > 7 else [1, 2, 5]
    ticks = [t for t in ticks if round(t / 10 ** math.floor(math.log10(t) + 1e-9)) in step]
    named = {"tickvals": ticks, "ticktext": [f"{t:g}" for t in ticks]} if log else {"nticks": 8}
    name, unit = MEASURES[table["measure"].iloc[0]], comparisons.panels(table).iloc[0]
    name = f"{name[0].upper()}{name[1:]}{f', {unit}' if unit else ''}{', log scale' if log else ''}"
    title = {"text": f"{name}<br>{parts.muted(LETTERS)}"}
    fig.update_layout(xaxis={"title": title, **ratio, **named}, margin={"l": 8, "r": 8})
    return fig


def _intervals(fig: go.Figure, rows: pd.DataFrame, low: float, high: float, colour: str) -> None:
    """Draw intervals as lines, cut at the limits of the axis and ending there in arrows."""
    if rows.empty:
        return
    xs: list[float | None] = []
    ys: list[float | None] = []
    arrows: list[tuple[float, float, str]] = []
    for row in each(rows):
        left, right = max(row.ci_low, low), min(row.ci_high, high)
        if left <= right:
            xs += [left, right, None]
            ys += [row.y, row.y, None]
        arrows += [(low, row.y, "triangle-left")] if row.ci_low < low else []
        arrows += [(high, row.y, "triangle-right")] if row.ci_high > high else []
    fig.add_scatter(x=xs, y=ys, mode="lines", line={"color": colour, "width": 2.5}, hoverinfo="skip",
                    showlegend=False)  # fmt: skip
    if arrows:
        fig.add_scatter(
            x=[a[0] for a in arrows], y=[a[1] for a in arrows], mode="markers", cliponaxis=False,
            hoverinfo="text", hovertext="the interval goes on", showlegend=False,
            marker={"symbol": [a[2] for a in arrows], "size": 11, "color": colour},
        )  # fmt: skip


def _sizes(rows: pd.DataFrame) -> list[float]:
    """Return marks that grow with the number of people, so that long lines do not draw all the eyes."""
    people = (pd.to_numeric(rows["n_1"]) + pd.to_numeric(rows["n_2"])).fillna(
        pd.to_numeric(rows["participants"])
    )
    return [min(16.0, 6 + 0.8 * math.sqrt(p)) if pd.notna(p) else 8.0 for p in people.astype(float)]


def _lines(
    fig: go.Figure, table: pd.DataFrame, kind: str, null: float, reference: float | None, end: float
) -> None:  # fmt: skip
    """Draw the line of no effect with words on both sides, and the reference line if there is one."""
    across = {"type": "line", "yref": "y", "y0": end, "y1": TOP, "layer": "below"}
    shapes = [{**across, "x0": null, "x1": null, "line": {"color": base.INK, "width": 1.5}}]
    others = set(table["comparator"])
    other = "placebo" if others == {"placebo"} else "the comparator"
    sides = ("← got worse", "got better →") if kind == "within" else (f"← favours {other}", "favours LDN →")
    # Both log10(1) and the null of a difference are 0, where an annotation goes.
    words: list[dict[str, object]] = [
        {"x": 0, "y": TOP / 2, "text": f"<b>{text}</b>", "xanchor": anchor, "xshift": shift,
         "showarrow": False, "font": {"size": 12}}
        for text, anchor, shift in ((sides[0], "right", -6), (sides[1], "left", 6))
    ]  # fmt: skip
    if reference is not None:
        line = {"color": base.WARN, "width": 1.5, "dash": "dash"}
        shapes.append({**across, "x0": reference, "x1": reference, "line": line})
        words.append({"x": math.log10(reference) if null else reference, "y": end, "yanchor": "bottom",
                      "text": f"reference {reference:g}", "showarrow": False, "xanchor": "left", "xshift": 3,
                      "font": {"size": 11, "color": base.WARN}})  # fmt: skip
    fig.update_layout(shapes=shapes, annotations=[*fig.layout.annotations, *words])


def _diamond(fig: go.Figure, pooled: PooledEstimate, y: float, low: float, high: float) -> None:
    """Draw the pooled effect as a diamond and the prediction interval as a line through it."""
    if not math.isnan(pooled.pi_low):
        fig.add_scatter(x=[max(pooled.pi_low, low), min(pooled.pi_high, high)], y=[y, y], mode="lines",
                        line={"color": base.OTHER, "width": 2, "dash": "dot"}, name="prediction interval",
                        hoverinfo="skip")  # fmt: skip
    left, right = max(pooled.ci_low, low), min(pooled.ci_high, high)
    fig.add_scatter(
        x=[left, pooled.estimate, right, pooled.estimate, left], y=[y, y - 9, y, y + 9, y],
        mode="lines", fill="toself", fillcolor=base.OTHER, line={"color": base.OTHER}, name="pooled",
        hoverinfo="text", hovertext=base.wrap(pooled.sentence, 60),
    )  # fmt: skip
