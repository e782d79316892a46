"""When the studies came out, how large they were, how they were designed and which way they pointed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnevidence.rows import each
from ldnevidence.views import base

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["study_id", "study", "year", "finding", "finding_why", "design", "family", "participants"]
FINDINGS = ("better than comparator", "mixed", "no clear difference from comparator", "worse than comparator",
            "improved, no comparator", "no change, no comparator", "not comparative", "not read")  # fmt: skip
"""Directions of the main result, in the order of the rows."""

FAMILIES = {
    "randomised": ("circle", base.LDN),
    "controlled, not randomised": ("diamond", base.OTHER),
    "no comparison arm": ("square", base.PLACEBO),
}
"""Symbol and colour of each family of designs."""

LANE = 17  # pixels between studies of one row that would hide each other
NARROW = 210  # pixels that the axis has on a phone; marks are kept apart there too


def studies(ev: Evidence) -> pd.DataFrame:
    """Return every study with its year, size, family of design and direction of result.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a study that is no secondary analysis (`part_of`); year and participants are empty where
        unread.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> set(studies(ldn.load())["family"]) <= set(FAMILIES)
    True
    """
    table = ev.tables["studies"]
    table = table[table["part_of"].isna()].rename(columns={"label": "study"})
    table = table.assign(participants=base.participants(table))
    families = list(FAMILIES)
    table["family"] = [families[0] if r.randomized else families[1] if r.controlled else families[2]
                       for r in each(table)]  # fmt: skip
    return table.sort_values(["year", "study"], kind="stable")[COLUMNS].reset_index(drop=True)


def timeline(ev: Evidence) -> base.View:
    """Draw studies by year and direction of result; larger marks had more people.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> timeline(ldn.load().select(condition="multiple sclerosis")).name
    'timeline'
    """
    code = base.snippet(ev, "ldn.views.timeline(ev)")
    title = "Studies over the years"
    every = studies(ev)
    table = every[every["year"].notna()].reset_index(drop=True)
    if table.empty:
        why = (
            "No study is left in this selection." if every.empty else "No study of this selection has a year."
        )
        return base.empty("timeline", title, why, code, COLUMNS)
    table["participants"] = table["participants"].astype("Int64")
    first, last = int(table["year"].min()), int(table["year"].max())
    heights, places = _lanes(table, NARROW / max(last - first + 2, 6))
    total = sum(heights.values())
    fig = base.figure(int(120 + LANE * total))
    for name, (symbol, colour) in FAMILIES.items():
        for read in (True, False):
            part = table[(table["family"] == name) & (table["participants"].notna() == read)]
            if part.empty:
                continue
            fig.add_scatter(
                x=part["year"], y=[places[s] for s in part["study_id"]], mode="markers",
                name=name if read else f"{name}, size not read", hoverinfo="text", legendgroup=name,
                showlegend=read or bool(table.loc[table["family"] == name, "participants"].isna().all()),
                hovertext=[_hover(row) for row in each(part)],
                marker={"symbol": symbol if read else f"{symbol}-open", "color": colour, "opacity": 1,
                        "size": [_size(p) for p in part["participants"]],
                        "line": {"color": "white" if read else colour, "width": 1 if read else 2}},
            )  # fmt: skip
    top, middles = total, {}
    for finding, height in heights.items():
        middles[finding] = top - height / 2
        top -= height
        fig.add_shape(type="line", xref="paper", x0=0, x1=1, y0=top, y1=top, layer="below",
                      line={"color": base.RULE, "width": 1})  # fmt: skip
    fig.update_layout(legend={"tracegroupgap": 0})
    fig.update_xaxes(range=[first - 1.5, last + 1.5], tickformat="d", nticks=6, title="Year of publication")
    fig.update_yaxes(range=[0, total], tickvals=list(middles.values()), showgrid=False, ticks="",
                     ticktext=[base.wrap(f.capitalize(), 13) for f in middles])  # fmt: skip
    notes = _notes(every, table)
    return base.View(title, _sentence(table), fig, table, notes, base.cited(ev, table["study_id"]), code,
                     "timeline")  # fmt: skip


def _size(people: Any) -> float:
    """Return a mark's diameter in pixels; its area grows with the number of people up to about 500."""
    return 7.0 if pd.isna(people) else min(24.0, 6 + 0.8 * math.sqrt(people))


def _lanes(table: pd.DataFrame, year: float) -> tuple[dict[str, float], dict[str, float]]:
    """Give each study a lane of its row, so that no mark hides another; `year` is its width in pixels."""
    heights: dict[str, float] = {}
    within: list[tuple[str, str, int]] = []
    for finding in FINDINGS:
        part = table[table["finding"] == finding]
        ends: list[float] = []
        for row in each(part):
            half = _size(row.participants) / 2
            start = row.year * year - half
            lane = next((i for i, end in enumerate(ends) if start >= end), len(ends))
            ends[lane : lane + 1] = [row.year * year + half]
            within.append((row.study_id, finding, lane))
        if ends:
            heights[finding] = max(2.8, len(ends) + 0.8)  # the name of a row takes up to three lines
    tops, top = {}, sum(heights.values())
    for finding, height in heights.items():
        tops[finding], top = top, top - height
    return heights, {study: tops[finding] - 0.9 - lane for study, finding, lane in within}


def _hover(row: Any) -> str:
    people = row.participants
    size = "size not read" if pd.isna(people) else base.count(int(people), "participant")
    why = base.wrap(row.finding_why, 60)
    return f"<b>{row.study}</b> ({row.year})<br>{row.finding}: {why}<br>{row.design}, {size}"


def _sentence(table: pd.DataFrame) -> str:
    trials = table[table["family"] == "randomised"]
    alone = int((table["finding"] == "improved, no comparator").sum())
    better = int((trials["finding"] == "better than comparator").sum())
    return (
        f"{base.count(len(table), 'study', 'studies')} from {table['year'].min()} to {table['year'].max()}; "
        f"{better} of {base.count(len(trials), 'randomised trial')} found LDN better than its comparator, "
        f"and {base.count(alone, 'study', 'studies')} saw improvement with nothing to compare it with."
    )


def _notes(every: pd.DataFrame, table: pd.DataFrame) -> tuple[str, ...]:
    notes = ["The direction is that of the main result as reported; hover for the result itself.",
             "A larger mark had more people; a hollow one has no size that we read.",
             "Height within a row means nothing: it keeps marks from hiding each other.",
             "Improvement without a comparison cannot be told from the course of the illness or hope.",
             "Secondary analyses of a trial are not counted again."]  # fmt: skip
    if len(every) > len(table):
        notes.append(f"Not drawn: {base.count(len(every) - len(table), 'study', 'studies')} without a year.")
    return tuple(notes)
