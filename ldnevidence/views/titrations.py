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
    code = base.snippet(ev, "ldn.views.titrations(ev)")
    table = schedules(ev)
    if table.empty:
        why = "No study or text in this selection gives a titration schedule."
        return base.empty("titrations", TITLE, why, code, COLUMNS)
    stepped, fixed = table[table["shown_as"] == STEPS], table[table["shown_as"] == FIXED]
    if stepped.empty and fixed.empty:
        rules = " ".join(f"{r.name}: {r.rule}" for r in each(table))
        view = base.empty("titrations", TITLE, f"No schedule here gives its steps. {rules}", code, COLUMNS)
        return base.View(view.title, view.sentence, view.figure, table, (), (), code, "titrations")
    sources = parts.works_behind(ev, table["source_id"])
    fig = _figure(ev, stepped, fixed)
    notes = _notes(table)
    return base.View(TITLE, _sentence(table), fig, table, notes, sources, code, "titrations")


def _figure(ev: Evidence, stepped: pd.DataFrame, fixed: pd.DataFrame) -> go.Figure:
    upper = 300 if len(stepped) else 0
    lower = 40 * len(fixed)
    gap = 80 if upper and lower else 0
    whole = upper + gap + lower
    fig = base.figure(whole + 110 + 14 * len(stepped))
    fig.update_layout(legend={"itemsizing": "constant"})
    steps = ev.tables["titrations"].sort_values(["schedule_id", "step"])
    for number, schedule in enumerate(each(stepped)):
        colour, symbol = STYLES[number % len(STYLES)]
        _steps(fig, schedule, steps[steps["schedule_id"] == schedule.schedule_id], colour, symbol)
    for number, schedule in enumerate(each(fixed)):
        colour = base.LDN if schedule.basis == "printed" else base.MUTED
        hover = f"<b>{schedule.name}</b><br>{schedule.first_mg:g} mg from day 1 to day {schedule.last_day}"
        fig.add_scatter(
            x=[1, schedule.last_day], y=[number, number], mode="lines", xaxis="x2", yaxis="y2",
            hoverinfo="text", hovertext=hover,
            line={"color": colour, "width": 5, "dash": "solid" if schedule.basis == "printed" else "dot"},
            showlegend=False, name=schedule.name,
        )  # fmt: skip
    ticks = sorted({0.0, *MARKS_MG.values(), 6.0})
    fig.update_layout(
        xaxis={"title": {"text": "Day"}, "dtick": 28, "tick0": 1, "visible": bool(upper), "anchor": "y"},
        yaxis={"title": {"text": "mg a day"}, "tickvals": ticks, "ticktext": [f"{t:g}" for t in ticks],
               "range": [0, 6.4], "visible": bool(upper), "domain": [1 - upper / whole, 1]},
    )  # fmt: skip
    if lower:
        fig.update_layout(
            xaxis2={"title": {"text": "Day, fixed doses"}, "anchor": "y2", "gridcolor": base.RULE,
                    "zeroline": False, "rangemode": "tozero"},
            yaxis2={"domain": [0, lower / whole], "anchor": "x2", "automargin": True, "showgrid": False,
                    "zeroline": False, "tickvals": list(range(len(fixed))), "range": [len(fixed) - 0.5, -0.5],
                    "ticktext": [base.wrap(f"{base.shorten(r.name, 36)}: {r.first_mg:g} mg", 24)
                                 for r in each(fixed)]},
        )  # fmt: skip
    return fig


def _steps(fig: go.Figure, schedule: object, steps: pd.DataFrame, colour: str, symbol: str) -> None:
    """Draw one schedule: solid where its steps are printed, dashed where they follow from a complete rule."""
    name = base.shorten(str(schedule.name), 34)  # type: ignore[attr-defined]
    first = True
    for basis, run in steps.groupby((steps["basis"] != steps["basis"].shift()).cumsum(), sort=False):
        basis = run["basis"].iloc[0]
        last = run.iloc[-1]
        end = int(last["day_end"]) + 1 if pd.notna(last["day_end"]) else int(last["day_start"]) + OPEN_DAYS
        days, doses = [*run["day_start"], end], [*run["mg_per_day"], last["mg_per_day"]]
        fig.add_scatter(
            x=days,
            y=doses,
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=first,
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
    drawn = table[table["shown_as"] != WORDS]
    days = table[(table["shown_as"] == STEPS)]["day_4_5_mg"].dropna()
    text = f"{len(drawn)} of {base.count(len(table), 'schedule')} give every step or a single dose"
    if len(days) > 1:
        return f"{text}; those that climb to 4.5 mg reach it between day {days.min()} and day {days.max()}."
    if len(days) == 1:
        return f"{text}; the one that climbs to 4.5 mg reaches it on day {days.iloc[0]}."
    return f"{text}; none that climbs reaches 4.5 mg."


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    words = table[table["shown_as"] == WORDS]
    notes = [
        "Solid lines are steps printed in the source, dashed ones follow from a complete rule in words. "
        "Marks stand on the first step and where 1, 3 and 4.5 mg are reached; the table has the days.",
        "An open last step is drawn for a week. A schedule says what was planned, not what everybody "
        "reached.",
        "No trial compares speeds of titration. This describes what was done; it is no instruction.",
    ]
    if len(words):
        notes.append(
            f"{base.count(len(words), 'schedule')} cannot be drawn, because the source gives ranges or "
            "leaves out the step, the interval or the ceiling; their rules stand in the table in words."
        )
    return tuple(notes)
