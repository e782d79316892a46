"""Titration schedules as step lines, and the day on which each reaches a dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["schedule_id", "name", "kind", "shown_as", "steps", "basis", "first_mg", "last_mg", "last_day",
           "day_1_mg", "day_3_mg", "day_4_5_mg", "rule", "source_id"]  # fmt: skip
TITLE = "How doses are raised: schedules step by step"
MARKS_MG = {"day_1_mg": 1.0, "day_3_mg": 3.0, "day_4_5_mg": 4.5}
STEPS, FIXED, WORDS = "steps", "one fixed dose", "rule in words, not drawn"
OPEN_DAYS = 7  # how far an open last step is drawn
STYLES = ((base.LDN, "circle"), (base.PLACEBO, "square"), (base.OTHER, "diamond"), (base.WARN, "triangle-up"),
          (base.MUTED, "cross"), (base.INK, "x"))  # fmt: skip


def schedules(ev: Evidence) -> pd.DataFrame:
    """Return every schedule with the day on which it reaches 1, 3 and 4.5 mg.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a schedule. `shown_as` is "steps", "one fixed dose" or "rule in words, not drawn" (the source
        gives no steps and no complete rule, and none is invented); `basis` is that of the steps; a day is
        empty where the schedule does not reach the dose, or has no steps.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = schedules(ldn.load()).set_index("schedule_id")
    >>> int(table.loc["marcus2024", "day_4_5_mg"])
    89
    """
    steps = ev.tables["titrations"].sort_values(["schedule_id", "step"])
    by_schedule = dict(list(steps.groupby("schedule_id")))
    out = []
    for r in each(ev.tables["titration_schedules"]):
        own = by_schedule.get(r.schedule_id, steps.head(0))
        row = {"schedule_id": r.schedule_id, "name": r.name, "kind": r.kind, "rule": r.rule_text,
               "source_id": r.source_id, "steps": len(own), "shown_as": WORDS}  # fmt: skip
        if len(own):
            row |= {
                "shown_as": STEPS if len(own) > 1 else FIXED,
                "basis": " and ".join(own["basis"].drop_duplicates()),
                "first_mg": own["mg_per_day"].iloc[0], "last_mg": own["mg_per_day"].iloc[-1],
                "last_day": own["day_end"].iloc[-1],
            }  # fmt: skip
            for column, mg in MARKS_MG.items():
                reached = own[own["mg_per_day"] >= mg - 1e-9]
                row[column] = reached["day_start"].min() if len(reached) else pd.NA
        out.append(row)
    table = pd.DataFrame(out, columns=COLUMNS)
    days = ["last_day", *MARKS_MG]
    table[days] = table[days].astype("Int64")
    order = table["shown_as"].map({STEPS: 0, FIXED: 1, WORDS: 2})
    return table.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def titrations(ev: Evidence) -> base.View:
    """Draw the schedules that have steps; those in words alone stand in the table.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = titrations(ldn.load())
    >>> {trace.line.shape for trace in view.figure.data if trace.xaxis is None}
    {'hv'}
    """
    draft = base.Draft("titrations", TITLE, base.snippet(ev, titrations), COLUMNS)
    table = schedules(ev)
    if table.empty:
        return draft.empty("No study or text in this selection gives a titration schedule.")
    stepped, fixed = table[table["shown_as"] == STEPS], table[table["shown_as"] == FIXED]
    if stepped.empty and fixed.empty:
        rules = " ".join(f"{r.name}: {r.rule}" for r in each(table))
        return draft.empty(f"No schedule here gives its steps. {rules}", table)
    fig, sources = _figure(ev, stepped, fixed), parts.works_behind(ev, table["source_id"])
    return draft.view(_sentence(table), fig, table, _notes(table), sources)


CURVES, DAYS, BAR = 270, 74, 44  # pixels: the step lines, a row of days reached, a row of one dose
ABOVE, BELOW, LEFT = 26, 56, 48  # pixels: the heading of a plot, its axis, the doses at the left of the lines
SHIFT = 8 - LEFT  # names begin at the edge, so that a narrow screen has room for them


def _figure(ev: Evidence, stepped: pd.DataFrame, fixed: pd.DataFrame) -> go.Figure:
    """Draw step lines, below the days on which each reaches a dose, and last the schedules of one dose."""
    n, m = len(stepped), len(fixed)
    plots = [
        CURVES + BELOW if n else 0,
        ABOVE + DAYS * n + 12 if n else 0,
        ABOVE + BAR * m + BELOW if m else 0,
    ]
    whole = sum(plots)
    tops = [1.0, 1 - (plots[0] + ABOVE) / whole, 1 - (plots[0] + plots[1] + ABOVE) / whole]
    ends = [1 - CURVES / whole, tops[1] - DAYS * n / whole, tops[2] - BAR * m / whole]
    fig = base.figure(whole + 20, legend=False)
    fig.update_layout(margin={"t": 14, "b": 6, "l": LEFT})
    steps = ev.tables["titrations"].sort_values(["schedule_id", "step"])
    words: list[dict[str, object]] = []
    last = 0
    for number, schedule in enumerate(each(stepped)):
        own = steps[steps["schedule_id"] == schedule.schedule_id]
        colour, symbol = STYLES[number % len(STYLES)]
        _steps(fig, schedule, own, colour, symbol)
        days = [(int(getattr(schedule, column)), f"{mg:g} mg<br>day {getattr(schedule, column)}")
                for column, mg in MARKS_MG.items() if pd.notna(getattr(schedule, column))]  # fmt: skip
        last = max(last, _end(own))
        fig.add_scatter(
            x=[day for day, _ in days], y=[number] * len(days), text=[text for _, text in days],
            mode="lines+markers+text", textposition="bottom center", xaxis="x2", yaxis="y2", showlegend=False,
            name=schedule.name, hoverinfo="text",
            hovertext=[f"{schedule.name}<br>{text}" for _, text in days],
            line={"color": colour, "width": 1}, textfont={"size": 11, "color": base.INK}, cliponaxis=False,
            marker={"symbol": symbol, "size": 10, "color": colour},
        )  # fmt: skip
        words.append(_name(schedule.name, number, "2"))
    for number, schedule in enumerate(each(fixed)):
        printed, dose = schedule.basis == "printed", f"{schedule.first_mg:g} mg"
        fig.add_scatter(
            x=[1, schedule.last_day], y=[number, number], mode="lines", xaxis="x3", yaxis="y3",
            hoverinfo="text",
            hovertext=f"<b>{schedule.name}</b><br>{dose} from day 1 to day {schedule.last_day}",
            line={"color": base.LDN if printed else base.MUTED, "width": 6,
                  "dash": "solid" if printed else "dot"},
            showlegend=False, name=schedule.name,
        )  # fmt: skip
        words.append(
            _name(f"{schedule.name}: {schedule.first_mg:g} mg to day {schedule.last_day}", number, "3")
        )
    ticks = sorted({0.0, *MARKS_MG.values(), 6.0})
    calendar = {"gridcolor": base.RULE, "zeroline": False, "dtick": 28, "tick0": 1, "range": [-4, last + 12]}
    names = {"showgrid": False, "zeroline": False, "visible": False}
    layout: dict[str, object] = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    if n:
        words.append(_heading("Day on which 1, 3 and 4.5 mg are reached", tops[1]))
        layout = {
            "xaxis": {**calendar, "anchor": "y", "title": {"text": "Day"}},
            "yaxis": {"domain": [ends[0], 1], "title": {"text": "mg a day"}, "range": [0, 6.4],
                      "tickvals": ticks},
            "xaxis2": {**calendar, "anchor": "y2", "showticklabels": False, "ticks": "", "showline": False},
            "yaxis2": {**names, "domain": [ends[1], tops[1]], "anchor": "x2", "range": [n - 0.32, -0.5]},
        }  # fmt: skip
    if m:
        words.append(_heading("Schedules of one dose", tops[2]))
        layout |= {
            "xaxis3": {"gridcolor": base.RULE, "zeroline": False, "anchor": "y3", "rangemode": "tozero",
                       "title": {"text": "Day", "standoff": 6}},
            "yaxis3": {**names, "domain": [max(ends[2], 0), tops[2]], "anchor": "x3",
                       "range": [m - 0.7, -0.7]},
        }  # fmt: skip
    fig.update_layout(annotations=words, **layout)
    return fig


def _heading(text: str, top: float) -> dict[str, object]:
    """Return the heading above one of the lower plots."""
    return {"x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper", "yanchor": "bottom",
            "xshift": SHIFT, "showarrow": False, "text": f"<b>{text}</b>", "font": {"size": 14}}  # fmt: skip


def _name(text: str, row: float, axis: str) -> dict[str, object]:
    """Return the words above a row of the lower plots."""
    above = 0.3 if axis == "2" else 0.4
    return {"x": 0, "xref": "paper", "xanchor": "left", "y": row - above, "yref": f"y{axis}", "xshift": SHIFT,
            "showarrow": False, "text": base.shorten(text, 54), "font": {"size": 12}, "borderpad": 0,
            "bgcolor": "rgba(255,255,255,0.75)"}  # fmt: skip


def _end(steps: pd.DataFrame) -> int:
    """Return the day to which a schedule is drawn; an open last step lasts a week."""
    last = steps.iloc[-1]
    return int(last["day_end"]) + 1 if pd.notna(last["day_end"]) else int(last["day_start"]) + OPEN_DAYS


def _steps(fig: go.Figure, schedule: object, steps: pd.DataFrame, colour: str, symbol: str) -> None:
    """Draw one schedule: solid where its steps are printed, dashed where they follow from a complete rule."""
    name = base.shorten(str(schedule.name), 34)  # type: ignore[attr-defined]
    first = True
    for basis, run in steps.groupby((steps["basis"] != steps["basis"].shift()).cumsum(), sort=False):
        basis = run["basis"].iloc[0]
        days, doses = [*run["day_start"], _end(run)], [*run["mg_per_day"], run["mg_per_day"].iloc[-1]]
        fig.add_scatter(
            x=days,
            y=doses,
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=False,
            line={
                "shape": "hv",
                "color": colour,
                "width": 2,
                "dash": "solid" if basis == "printed" else "dash",
            },
            marker={
                "symbol": symbol,
                "color": colour,
                "opacity": 1,
                # a mark on the first step, and wherever one of the doses of the table is reached
                "size": [
                    9 if _marked(steps, d, first and i == 0) else 0 for i, d in enumerate(run["mg_per_day"])
                ]
                + [0],
            },
            hovertemplate=f"<b>{name}</b><br>from day %{{x}}: %{{y:g}} mg, {basis}<extra></extra>",
        )
        first = False


def _marked(steps: pd.DataFrame, dose: float, first: bool) -> bool:
    reached = [steps.loc[steps["mg_per_day"] >= mg - 1e-9, "mg_per_day"] for mg in MARKS_MG.values()]
    return first or any(len(r) and abs(r.iloc[0] - dose) < 1e-9 for r in reached)


def _sentence(table: pd.DataFrame) -> str:
    stepped = table[table["shown_as"] == STEPS]
    days = stepped["day_4_5_mg"].dropna()
    fixed = int((table["shown_as"] == FIXED).sum())
    whole = base.count(len(table), "schedule")
    if stepped.empty:
        return f"{fixed} of {whole} {'names' if fixed == 1 else 'name'} a single dose; none gives its steps."
    verb = "gives" if len(stepped) == 1 else "give"
    text = f"{len(stepped)} of {whole} {verb} every step{f' and {fixed} a single dose' if fixed else ''}"
    if len(days) > 1:
        return f"{text}; those that climb to 4.5 mg reach it between day {days.min()} and day {days.max()}."
    if len(days) == 1:
        return f"{text}; the one that climbs to 4.5 mg reaches it on day {days.iloc[0]}."
    return f"{text}; none of those climbs to 4.5 mg."


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    words = table[table["shown_as"] == WORDS]
    notes = []
    if (table["shown_as"] == STEPS).any():
        notes += [
            "Solid lines are steps printed in the source, dashed ones follow from a complete rule in words. "
            "The rows under the lines name them, by the same symbol and colour.",
            "An open last step is drawn for a week.",
        ]
    notes += [
        "A schedule says what was planned, not what everybody reached.",
        "No trial compares speeds of titration. This describes what was done; it is no instruction.",
    ]
    if len(words):
        notes.append(
            f"{base.count(len(words), 'schedule')} cannot be drawn, because the source gives ranges or "
            "leaves out the step, the interval or the ceiling; the rules stand in the table in words."
        )
    return tuple(notes)
