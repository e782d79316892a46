"""When the studies came out, how large they were, how they were designed and which way they pointed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from ldnevidence.rows import each
from ldnevidence.views import base, parts

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
NARROW = 330  # pixels that the axis has on a phone; marks are kept apart there too


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
    draft = base.Draft("timeline", "Studies over the years", base.snippet(ev, timeline), COLUMNS)
    table = studies(ev)
    if table.empty:
        return draft.empty("No study is left in this selection.")
    table["participants"] = table["participants"].astype("Int64")
    sources = base.cited(ev, table["study_id"])
    return draft.view(_sentence(table), _figure(table), table, _notes(table), sources)


def _figure(table: pd.DataFrame) -> go.Figure:
    """Draw marks in rows of one finding each, its name above them; undated studies stand behind the years."""
    dated = table["year"].dropna()
    first, last = (int(dated.min()), int(dated.max())) if len(dated) else (2000, 2000)
    undated = table["year"].isna().any()
    behind = last + max(3, (last - first) // 9)  # where studies without a year stand
    table = table.assign(at=table["year"].fillna(behind).astype(float))
    end = behind if undated else last
    heights, places = _lanes(table, NARROW / max(end - first + 2, 6))
    total = sum(heights.values())
    fig = base.figure(int(124 + LANE * total))
    for name, (symbol, colour) in FAMILIES.items():
        for read in (True, False):
            part = table[(table["family"] == name) & (table["participants"].notna() == read)]
            if part.empty:
                continue
            fig.add_scatter(
                x=part["at"], y=[places[s] for s in part["study_id"]], mode="markers",
                name=name if read else f"{name}, size not read", hoverinfo="text", legendgroup=name,
                showlegend=read or bool(table.loc[table["family"] == name, "participants"].isna().all()),
                hovertext=[_hover(row) for row in each(part)],
                marker={"symbol": symbol if read else f"{symbol}-open", "color": colour, "opacity": 1,
                        "size": [_size(p) for p in part["participants"]],
                        "line": {"color": "white" if read else colour, "width": 1 if read else 2}},
            )  # fmt: skip
    top, heads, lines = total, [], []
    counts = table["finding"].value_counts()
    for finding, height in heights.items():
        heads.append((top - 0.5, f"{finding.capitalize()}: {counts[finding]}", True))
        top -= height
        lines.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": top, "y1": top,
                      "layer": "below", "line": {"color": base.RULE, "width": 1}})  # fmt: skip
    parts.label_above(fig, heads)
    step = 10 if last - first > 12 else 2 if last - first > 4 else 1
    ticks = [*range(-(-first // step) * step, last + 1, step)] if len(dated) else []
    fig.update_layout(
        shapes=lines, legend={"tracegroupgap": 0},
        xaxis={"range": [first - 1.5, end + 1.5], "title": {"text": "Year of publication"},
               "tickvals": [*ticks, *([behind] if undated else [])],
               "ticktext": [*map(str, ticks), *(["no year"] if undated else [])]},
        yaxis={"range": [0, total], "visible": False},
    )  # fmt: skip
    return fig


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
            start = row.at * year - half
            lane = next((i for i, end in enumerate(ends) if start >= end), len(ends))
            ends[lane : lane + 1] = [row.at * year + half]
            within.append((row.study_id, finding, lane))
        if ends:
            heights[finding] = len(ends) + 1.7  # the name of the row stands on a line of its own
    tops, top = {}, sum(heights.values())
    for finding, height in heights.items():
        tops[finding], top = top, top - height
    return heights, {study: tops[finding] - 1.75 - lane for study, finding, lane in within}


def _hover(row: Any) -> str:
    people = row.participants
    size = "size not read" if pd.isna(people) else base.count(int(people), "participant")
    why = base.wrap(row.finding_why, 60)
    when = row.year if pd.notna(row.year) else "no year"
    return f"<b>{row.study}</b> ({when})<br>{row.finding}: {why}<br>{row.design}, {size}"


def _sentence(table: pd.DataFrame) -> str:
    trials = table[table["family"] == "randomised"]
    alone = int((table["finding"] == "improved, no comparator").sum())
    better = int((trials["finding"] == "better than comparator").sum())
    dated = table["year"].dropna()
    years = " without a year"
    if len(dated):
        first, last = dated.min(), dated.max()
        years = f" of {first}" if first == last else f" from {first} to {last}"
    found = "none was randomised"
    if len(trials):
        number = base.count(len(trials), "randomised trial")
        found = f"{better} of {number} found LDN better than its comparator"
    return (
        f"{base.count(len(table), 'study', 'studies')}{years}: {found}, "
        f"and {base.count(alone, 'study', 'studies') if alone else 'none'} saw improvement with nothing to "
        "compare it with."
    )


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    notes = ["The direction is that of the main result as reported; hover for the result itself.",
             "A larger mark had more people, the largest 500 and more; a hollow one's size was not read.",
             "Height within a row means nothing: it keeps marks from hiding each other.",
             "Improvement without a comparison cannot be told from the course of the illness or hope.",
             "Secondary analyses of a trial are not counted again."]  # fmt: skip
    undated = table[table["year"].isna()]
    if len(undated):
        number = base.count(len(undated), "study", "studies")
        notes.append(f"At the right, without a year: {number}, registered and not found published, or read "
                     "in a copy without a date.")  # fmt: skip
    return tuple(notes)
