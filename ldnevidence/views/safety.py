"""Harms: people with an event on LDN and on placebo, with intervals; none at all by the rule of three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from ldnevidence import bands, effects
from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = [
    "group",
    "study_id",
    "study",
    "event",
    "arm",
    "role",
    "shown_as",
    "events",
    "n",
    "percent",
    "low",
    "high",
    "rule_of_three",
    "words",
    "note",
    "ae_id",
    "source_id",
]
TITLE = "Harms: on LDN and on placebo"
DEFAULT_GROUPS = 4  # the groups with most rows that can be drawn; more would not be read on a telephone
MOST_ROWS = 60
INTERVAL, ZERO, HOLLOW = "share with interval", "nobody: up to the limit", "percentage without people"
EVENTS = "events counted, not people: not drawn"
WORDS = "words or a bare count: not drawn"
ONE_CASE = "case report, no rate: not drawn"
ABSENCE = "people without an event: not drawn"
DRAWN = (INTERVAL, ZERO, HOLLOW)


def harms(ev: Evidence) -> pd.DataFrame:
    """Return every harm that was read, with how it can be shown.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a row of ``ev.adverse_events``. `percent`, `low` and `high` are in percent: Wilson's interval
        where people and their number were read; for nobody among n the exact one-sided 95% limit, with 3/n in
        `rule_of_three`. A percentage without people keeps no interval. Counts of events, case reports (a
        chosen person gives no rate) and words are listed and not drawn.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = harms(ldn.load().select(condition="fibromyalgia"))
    >>> shown = table[table["shown_as"] == INTERVAL]
    >>> bool((shown["low"] < shown["high"]).all())
    True
    """
    arms = ev.tables["arms"].set_index("arm_id")
    studies = ev.tables["studies"].set_index("study_id")
    out: list[dict[str, Any]] = []
    for r in each(ev.tables["adverse_events"]):
        study = studies.loc[r.study_id]
        known = pd.notna(r.arm_id)
        row: dict[str, Any] = {
            "group": r.event_group,
            "study_id": r.study_id,
            "study": study["label"],
            "event": r.event,
            "arm": arms.loc[r.arm_id, "label"] if known else "arm not stated",
            "role": arms.loc[r.arm_id, "role"] if known else "not stated",
            "events": r.events,
            "n": r.n,
            "percent": r.percent,
            "words": r.value_text,
            "note": _note(r.note),
            "ae_id": r.ae_id,
            "source_id": r.source_id,
            "shown_as": _shown(r, str(study["design"])),
        }
        if row["shown_as"] == INTERVAL:
            share = effects.proportion(int(r.events), int(r.n))
            row |= {"percent": 100 * share.estimate, "low": 100 * share.ci_low, "high": 100 * share.ci_high}
        elif row["shown_as"] == ZERO:
            limit = effects.rule_of_three(int(r.n))
            row |= {"percent": 0.0, "low": 0.0, "high": 100 * limit.exact}
            row |= {"rule_of_three": min(100 * limit.approximate, 100.0)}
        out.append(row)
    table = pd.DataFrame(out, columns=COLUMNS)
    return table.astype({"events": "Int64", "n": "Int64", "rule_of_three": "Float64"})


def _note(text: object) -> object:
    """Drop the keys of further pages from a note; the sources of the view name the pages."""
    if not isinstance(text, str):
        return text
    kept = [part for part in text.split("; ") if not part.startswith("also read at ")]
    return "; ".join(kept) or None


def _shown(row: Any, design: str) -> str:
    if row.unit == "events":
        return EVENTS
    if str(row.event).lower().startswith("no "):
        return ABSENCE
    if pd.notna(row.events) and pd.notna(row.n):
        if design == "case-report":
            return ONE_CASE
        return ZERO if row.events == 0 else INTERVAL
    return HOLLOW if pd.notna(row.percent) else WORDS


def groups(ev: Evidence) -> list[str]:
    """Return the groups of events that hold a row to draw, those with most such rows first."""
    table = harms(ev)
    counts = table[table["shown_as"].isin(DRAWN)].groupby("group").size()
    return [str(g) for g in counts.sort_values(ascending=False, kind="stable").index]


def safety(ev: Evidence, group: str | Sequence[str] | None = None) -> base.View:
    """Draw people with an event in each arm: LDN and placebo as paired dots, LDN alone told apart.

    Parameters
    ----------
    ev : Evidence
    group : str or sequence of str, optional
        Groups of events. By default the four with most rows to draw.

    Returns
    -------
    View
        At most 60 rows are drawn; the table holds all rows of the groups, with how each is shown.

    Raises
    ------
    ValueError
        Where a group is unknown; the message lists what exists.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = safety(ldn.load().select(condition="fibromyalgia"), group="any event")
    >>> view.name
    'safety'
    """
    draft = base.Draft("safety", TITLE, base.snippet(ev, safety, group=group), COLUMNS)
    every = harms(ev)
    if group is None:
        chosen = groups(ev)[:DEFAULT_GROUPS]
    else:
        # A group of the whole vocabulary is a fair question of a selection that has none of it.
        known = {g: g for g in (*GROUPS, *every["group"])}
        asked = [group] if isinstance(group, str) else list(group)
        chosen = [bands.pick(g, known, "group of events") for g in asked]
    table = every[every["group"].isin(chosen)]
    order = table["group"].map({g: i for i, g in enumerate(chosen)})
    drawn_first = ~table["shown_as"].isin(DRAWN)
    table = table.assign(_g=order, _d=drawn_first).sort_values(["_g", "_d", "study", "event"], kind="stable")
    table = table.drop(columns=["_g", "_d"]).reset_index(drop=True)
    drawn = table[table["shown_as"].isin(DRAWN)]
    if drawn.empty:
        why = "No number of people with an event was read for this selection" + (
            "."
            if table.empty
            else f"; {base.count(len(table), 'row')} in words or counts of events are not drawn."
        )
        return draft.empty(why, table)
    lines = _lines(drawn)
    cut = max(len(lines) - MOST_ROWS, 0)
    if cut:
        lines = lines[:MOST_ROWS]
        kept = {index for line in lines for index in line[1].index}
        table = table[table.index.isin(kept) | ~table["shown_as"].isin(DRAWN)]
        drawn = drawn[drawn.index.isin(kept)]
    fig = _figure(lines)
    notes = _notes(table, every, chosen, cut)
    sources = parts.works_behind(ev, table["source_id"], table["study_id"])
    return draft.view(_sentence(drawn, lines), fig, table, notes, sources)


GROUPS = (
    "any event", "serious event", "stopped because of an event", "sleep and dreams", "headache", "gut",
    "nervous system", "mood and behaviour", "skin", "liver and laboratory", "opioid withdrawal", "fatigue",
    "disease flare", "pregnancy and neonatal", "death", "other",
)  # fmt: skip
"""Groups of events, as the data contract has them."""


def _lines(drawn: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return what stands on one line: one event of one study, all its arms; studies with placebo first."""
    lines = [(str(key[0]), part) for key, part in drawn.groupby(["group", "study", "event"], sort=False)]
    order = {group: i for i, group in enumerate(dict.fromkeys(drawn["group"]))}
    return sorted(lines, key=lambda line: (order[line[0]], not _paired(line[1])))


def _paired(part: pd.DataFrame) -> bool:
    return {"ldn", "placebo"} <= set(part["role"])


def _figure(lines: list[tuple[str, pd.DataFrame]]) -> go.Figure:
    drawn = pd.concat([part for _, part in lines])
    rows = parts.Rows()
    places: dict[Any, float] = {}
    paired: set[Any] = set()
    group = ""
    for name, part in lines:
        if name != group:
            group = name
            rows.head(f"{name[0].upper()}{name[1:]}")
        part = part.sort_values("role", key=lambda c: c == "placebo", kind="stable")
        places |= dict(zip(part.index, rows.add(_label(part), len(part)), strict=True))
        if _paired(part):
            paired |= set(part.index)
    fig = rows.figure(entries=5)
    ldn, placebo = drawn["role"].isin(["ldn", "other dose"]), drawn["role"] == "placebo"
    both = drawn.index.isin(paired)
    for name, mask, symbol, colour in (
        ("LDN, placebo beside it", ldn & both, "circle", base.LDN),
        ("Placebo", placebo, "square", base.PLACEBO),
        ("LDN, no placebo figure", ldn & ~both, "diamond", base.OTHER),
        ("Other or several arms", ~ldn & ~placebo, "triangle-up", base.MUTED),
    ):
        _dots(fig, drawn[mask], places, name, symbol, colour)
    for kind, name, symbol in (
        (ZERO, "Nobody: up to the limit", "x-thin"),
        (HOLLOW, "Hollow: % only", "circle-open"),
    ):
        if (drawn["shown_as"] == kind).any():  # explained once in the legend, in no arm's colour
            fig.add_scatter(
                x=[None],
                y=[None],
                mode="lines+markers" if kind == ZERO else "markers",
                name=name,
                line={"color": base.INK, "dash": "dot", "width": 2},
                marker={
                    "symbol": symbol,
                    "size": 9,
                    "color": base.INK,
                    "line": {"width": 2, "color": base.INK},
                },
            )
    title = {"text": "People with the event"}
    fig.update_layout(xaxis={"range": [-3, 103], "ticksuffix": "%", "dtick": 25, "title": title})
    return fig


def _dots(
    fig: go.Figure, part: pd.DataFrame, places: dict[Any, float], name: str, symbol: str, colour: str
) -> None:
    """Draw one kind of arm: filled with an interval, hollow without, a cross with a dotted line for "
    "nobody."""
    named = False
    for kind in DRAWN:
        own = part[part["shown_as"] == kind]
        if own.empty:
            continue
        y = [places[i] for i in own.index]
        hover = [_hover(r) for r in each(own)]
        common = {"name": name, "legendgroup": name, "showlegend": not named, "hoverinfo": "text"}
        named = True
        if kind == ZERO:
            fig.add_scatter(
                x=[v for high in own["high"] for v in (0, high, None)],
                y=[v for at in y for v in (at, at, None)],
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": "dot"},
                hovertext=[v for text in hover for v in (text, text, "")],
                marker={
                    "symbol": [v for _ in y for v in ("x-thin", "line-ns", "x-thin")],
                    "size": 9,
                    "line": {"width": 2, "color": colour},
                },
                **common,
            )
            continue
        bar = (
            None
            if kind == HOLLOW
            else {
                "type": "data",
                "array": (own["high"] - own["percent"]).tolist(),
                "arrayminus": (own["percent"] - own["low"]).tolist(),
                "color": colour,
                "thickness": 2,
                "width": 4,
            }
        )
        fig.add_scatter(
            x=own["percent"], y=y, mode="markers", error_x=bar, hovertext=hover,
            marker={"symbol": symbol + ("-open" if kind == HOLLOW else ""), "size": 10, "color": colour,
                    "line": {"width": 2, "color": colour}}, **common,
        )  # fmt: skip


def _label(part: pd.DataFrame) -> str:
    """Return the study with each arm's numbers, and the event below."""
    first = part.iloc[0]
    shares = []
    for r in each(part):
        arm = "placebo" if r.role == "placebo" else "LDN" if r.role == "ldn" else base.shorten(r.arm, 24)
        at_most = f" (at most {r.high:.0f}%)" if r.shown_as == ZERO else ""
        shares.append(f"{arm} {f'{r.percent:g}%' if r.shown_as == HOLLOW else f'{r.events}/{r.n}{at_most}'}")
    numbers = " · ".join(shares)
    event = base.wrap(first["event"], parts.Rows.WIDE)
    return f"{parts.name_with(first['study'], numbers)}<br>{event}"


def _hover(row: Any) -> str:
    if row.shown_as == HOLLOW:
        value = f"{row.percent:g}%; the number of people was not read"
    elif row.shown_as == ZERO:
        value = f"0 of {row.n}: at most {row.high:.1f}% (3/n: {row.rule_of_three:.1f}%)"
    else:
        value = f"{row.events} of {row.n}: {row.percent:.0f}% (95% CI {row.low:.0f} to {row.high:.0f}%)"
    note = base.wrap(row.note, 60) if isinstance(row.note, str) else ""
    lines = [f"<b>{row.study}</b>, {row.arm}", base.wrap(row.event, 60), value, note]
    return "<br>".join(filter(None, lines))


def _sentence(drawn: pd.DataFrame, lines: list[tuple[str, pd.DataFrame]]) -> str:
    """Say how many lines can be compared at all, and on which side the larger share lies."""
    both = [part.groupby("role")["percent"].mean() for _, part in lines if _paired(part)]
    higher = sum(bool(shares["ldn"] > shares["placebo"]) for shares in both)
    lower = sum(bool(shares["ldn"] < shares["placebo"]) for shares in both)
    studies = drawn["study_id"].nunique()
    text = (
        f"{base.count(studies, 'study gives', 'studies give')} the share of people with one of these events"
    )
    if not both:
        return f"{text}, none of them also for placebo, so nothing here tells what LDN caused."
    placebo = drawn.loc[drawn["role"] == "placebo", "study_id"].nunique()
    equal = len(both) - higher - lower
    return (
        f"{text}; {placebo} of them also for placebo. On the {base.count(len(both), 'line')} with both, the "
        f"share is higher on LDN on {higher}, higher on placebo on {lower}"
        f"{f' and equal on {equal}' if equal else ''}."
    )


def _notes(table: pd.DataFrame, every: pd.DataFrame, chosen: list[str], cut: int) -> tuple[str, ...]:
    notes = [
        "Lines are 95% Wilson intervals. Compare the two marks on a line, not one study with another: "
        "events were asked for in different ways.",
        "A share on LDN alone does not say what the drug caused: on placebo many people report events too.",
    ]
    shown = table["shown_as"]
    if (shown == ZERO).any():
        notes.append(
            "A cross with a dotted line means that nobody had the event: the line ends at the largest "
            "share that this still allows (95%, one-sided; about 3 divided by the number of people). None "
            "seen is not none."
        )
    if (shown == HOLLOW).any():
        notes.append("Hollow marks are printed percentages whose number of people was not read: no interval.")
    left = shown[~shown.isin(DRAWN)].value_counts()
    if len(left):
        words = "; ".join(f"{str(kind).split(':')[0]} ({n})" for kind, n in left.items())
        notes.append(f"In the table and not drawn: {words}.")
    others = [g for g in dict.fromkeys(every["group"]) if g not in chosen]
    if others:
        notes.append(f"Other groups of events can be chosen: {base.listed(others)}.")
    if cut:
        notes.append(
            f"{base.count(cut, 'line')} beyond the first {MOST_ROWS} are not drawn; choose fewer groups."
        )
    return tuple(notes)
