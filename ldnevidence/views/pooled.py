"""Pooled results as reviews print them, beside each other, also where they disagree."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from ldnevidence import bands
from ldnevidence.estimate import LOG_MEASURES, MEASURES
from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = [
    "study_id",
    "review",
    "year",
    "outcome",
    "domain",
    "measure",
    "estimate",
    "low",
    "high",
    "p",
    "studies",
    "people",
    "i2",
    "compared",
    "favours_ldn",
    "shown_as",
    "check",
    "words",
    "note",
    "pooled_id",
    "source_id",
]
TITLE = "What reviews pooled, as printed"
DRAWN, CLIPPED, WORDS = "drawn", "drawn, beyond the axis", "words only: not drawn"
BEFORE_AFTER, CONTROLLED, UNSTATED = (
    "before and after, no control",
    "against a control",
    "comparison not read",
)
AGAINST = re.compile(r"placebo|control|comparator|naltrexone (?:over|minus)")
DISAGREES = "disagrees"  # severity of the audit
BEYOND = 2.5  # an interval counts as extreme beyond this many times the reach of the upper quartile


def results(ev: Evidence) -> pd.DataFrame:
    """Return every pooled result that was read, as printed, with what the audit says of it.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a row of ``ev.pooled``: review, outcome, measure (code), estimate, low and high on the natural
        scale, p as printed, studies (k), people, i2 in percent; `compared` tells before-after figures from
        controlled ones; `favours_ldn` is "lower", "higher" or "not stated"; `check` is what the audit found.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = results(ldn.load())
    >>> bool(table.loc[table["estimate"] < -5, "check"].str.contains("p").all())
    True
    """
    reviews = ev.tables["reviews"].set_index("study_id")
    found = parts.audited(ev)
    found = found[found["table"] == "pooled"]
    notes = found.groupby("row_key").agg({"note": " ".join, "severity": set})
    out = []
    for r in each(ev.tables["pooled"]):
        p = f"{r.p_operator} {r.p:g}" if pd.notna(r.p) else r.p_text
        odd = r.pooled_id in notes.index
        check = notes.loc[r.pooled_id, "note"] if odd else None
        if odd and DISAGREES in notes.loc[r.pooled_id, "severity"]:
            check = f"≠ {check}"
        out.append(
            {
                "study_id": r.study_id,
                "review": reviews.loc[r.study_id, "label"],
                "year": reviews.loc[r.study_id, "year"],
                "outcome": r.outcome,
                "domain": r.domain,
                "measure": r.measure,
                "estimate": r.estimate,
                "low": r.ci_low,
                "high": r.ci_high,
                "p": p,
                "studies": r.k,
                "people": r.n,
                "i2": r.i2,
                "compared": _compared(f"{r.measure_text}; {r.outcome}"),
                "favours_ldn": {"control": "lower", "treatment": "higher"}.get(r.sign, "not stated"),
                "shown_as": WORDS if pd.isna(r.estimate) else DRAWN,
                "check": check,
                "words": r.estimate_text,
                "note": _without_keys(r.note),
                "pooled_id": r.pooled_id,
                "source_id": r.source_id,
            }
        )
    table = pd.DataFrame(out, columns=COLUMNS)
    return table.astype({"year": "Int64", "studies": "Int64", "people": "Int64"})


def _without_keys(text: object) -> object:
    """Drop the keys of further pages from a note; the sources of the view name the pages."""
    if not isinstance(text, str):
        return text
    return "; ".join(part for part in text.split("; ") if not part.startswith("second page: ")) or None


def _compared(text: str) -> str:
    if "against before" in text or "against baseline" in text:
        return BEFORE_AFTER
    return CONTROLLED if AGAINST.search(text) else UNSTATED


def _measures(table: pd.DataFrame) -> list[str]:
    """Return the measures that can be drawn, those with most results first."""
    drawn = table[(table["shown_as"] == DRAWN) & table["measure"].isin(list(MEASURES))]
    return [str(m) for m in drawn["measure"].value_counts(sort=True).index]


def pooled_results(ev: Evidence, domain: str | None = None, measure: str | None = None) -> base.View:
    """Draw published pooled results of one measure beside each other.

    Parameters
    ----------
    ev : Evidence
    domain : str, optional
        Domain of outcomes, such as "pain" or "harm".
    measure : str, optional
        Code: SMD, MD, RR, OR or RD. By default the one with most results; measures never share an axis.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        Where the domain or the measure is unknown; the message lists what exists.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = pooled_results(ldn.load(), domain="pain", measure="SMD")
    >>> set(view.table["measure"])
    {'SMD'}
    """
    code = base.snippet(ev, pooled_results, domain=domain, measure=measure)
    draft = base.Draft("pooled_results", TITLE, code, COLUMNS)
    every = results(ev)
    if domain is not None:
        domains = {
            str(d): str(d) for d in (*ev.tables["outcomes"]["domain"], *every["domain"], "harm", "pain")
        }
        domain = bands.pick(domain, domains, "domain")
        every = every[every["domain"] == domain]
    if measure is not None:
        measure = bands.pick(measure, {m: m for m in ("SMD", "MD", "RR", "OR", "RD")}, "measure")
    else:
        measure = next(iter(_measures(every)), "SMD")
    table = every[every["measure"] == measure]
    order = {name: i for i, name in enumerate(dict.fromkeys(table["domain"]))}
    table = table.sort_values("domain", key=lambda c: c.map(order), kind="stable").reset_index(drop=True)
    drawn = table[table["shown_as"] == DRAWN]
    if drawn.empty:
        name = MEASURES[measure]
        why = f"No pooled result as a {name} was read for this selection" + (
            "." if table.empty else f"; {base.count(len(table), 'result')} in words stand in the table."
        )  # fmt: skip
        return draft.empty(why, table)
    low, high = _limits(drawn, measure)
    reach = drawn[["low", "high", "estimate"]]
    outside = (reach.min(axis=1) < low) | (reach.max(axis=1) > high)
    table.loc[drawn.index[outside], "shown_as"] = CLIPPED
    drawn = table[table["shown_as"] != WORDS]
    fig = _figure(drawn, measure, low, high)
    sources = parts.works_behind(ev, table["source_id"], table["study_id"])
    notes = _notes(table, every, measure, sorted(set(_measures(every)) - {measure}))
    return draft.view(_sentence(drawn, measure), fig, table, notes, sources)


def _limits(drawn: pd.DataFrame, measure: str) -> tuple[float, float]:
    """Return where the axis ends, so that one extreme result does not press all others together.

    The reach of a result is the farthest of its limits from no difference; results that reach beyond
    `BEYOND` times the upper quartile are cut off, and marked.
    """
    null = 1.0 if measure in LOG_MEASURES else 0.0
    ends = drawn[["low", "high", "estimate"]]
    if measure in LOG_MEASURES:
        ends = ends.map(lambda v: math.log(v) if pd.notna(v) and v > 0 else float("nan"))
    reach = ends.abs().max(axis=1)
    usual = reach[reach <= BEYOND * reach.quantile(0.75)].max()
    if measure in LOG_MEASURES:
        return math.exp(-1.1 * usual), math.exp(1.1 * usual)
    return null - 1.1 * usual, null + 1.1 * usual


def _figure(drawn: pd.DataFrame, measure: str, low: float, high: float) -> go.Figure:
    log = measure in LOG_MEASURES
    rows = parts.Rows()
    places: dict[Any, float] = {}
    group = None
    for r in each(drawn):
        if r.domain != group:
            group = r.domain
            rows.head(f"{group[0].upper()}{group[1:].replace('-', ' ')}")
        places[r.Index] = rows.add(_label(r))[0]
    fig = rows.figure(entries=3, below=66)
    inside = (low * 1.02, high / 1.02) if log else (low + 0.01 * (high - low), high - 0.01 * (high - low))
    for name, mask, symbol, colour in (
        ("Lower is better", drawn["favours_ldn"] == "lower", "circle", base.LDN),
        ("Higher is better", drawn["favours_ldn"] == "higher", "diamond", base.OTHER),
        ("Direction not stated", ~drawn["favours_ldn"].isin(["lower", "higher"]), "square", base.MUTED),
    ):
        for hollow in (False, True):
            part = drawn[mask & ((drawn["compared"] == BEFORE_AFTER) == hollow)]
            if not part.empty:
                label = f"{name}; no control group" if hollow else name
                _marks(fig, part, places, label, symbol + ("-open" if hollow else ""), colour, inside)
    null = 1 if log else 0
    fig.add_shape(
        type="line", x0=null, x1=null, y0=0, y1=1, yref="paper", line={"color": base.INK, "width": 1}
    )
    name = MEASURES[measure]
    title = f"← lower on LDN · higher on LDN →<br>{name[0].upper()}{name[1:]}{', log scale' if log else ''}"
    limits = [math.log10(low), math.log10(high)] if log else [low, high]
    fig.update_xaxes(range=limits, title={"text": title}, type="log" if log else "linear")
    if log:
        ticks = [t for t in (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20) if low <= t <= high]
        fig.update_xaxes(tickvals=ticks, ticktext=[f"{t:g}" for t in ticks])
    return fig


def _marks(
    fig: go.Figure, part: pd.DataFrame, places: dict[Any, float], name: str, symbol: str, colour: str,
    inside: tuple[float, float],
) -> None:  # fmt: skip
    """Draw estimates with their intervals; an arrow where one runs out of the axis."""
    low, high = inside
    x: list[float | None] = []
    y: list[float | None] = []
    ends: list[str] = []
    for r in each(part):
        if pd.notna(r.low):
            x += [min(max(r.low, low), high), max(min(r.high, high), low), None]
            y += [places[r.Index]] * 2 + [None]
            left = "arrow-left" if r.low < low else "arrow-right" if r.low > high else "line-ns"
            right = "arrow-right" if r.high > high else "arrow-left" if r.high < low else "line-ns"
            ends += [left, right, "circle"]
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colour, "width": 2},
        legendgroup=name,
        showlegend=False,
        marker={
            "symbol": ends,
            "size": [11 if "arrow" in e else 8 for e in ends],
            "color": colour,
            "opacity": 1,
            "line": {"width": 2, "color": colour},
        },
        hoverinfo="skip",
        name=name,
    )
    shown = part[part["estimate"].between(low, high)]
    fig.add_scatter(
        x=shown["estimate"],
        y=[places[i] for i in shown.index],
        mode="markers",
        name=name,
        legendgroup=name,
        marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
        hovertext=[_hover(r) for r in each(shown)],
        hoverinfo="text",
    )


def _value(row: Any) -> str:
    limits = f" ({row.low:g} to {row.high:g})" if pd.notna(row.low) else ""
    return f"{row.estimate:g}{limits}".replace("-", "−")


def _label(row: Any) -> str:
    facts = [
        _value(row),
        base.count(int(row.studies), "study", "studies") if pd.notna(row.studies) else "",
        base.count(int(row.people), "person", "people") if pd.notna(row.people) else "",
        f"I² {row.i2:g}%" if pd.notna(row.i2) else "",
        "≠ p does not fit" if str(row.check).startswith("≠") else "",
        "beyond axis" if row.shown_as == CLIPPED else "",
    ]
    name = base.wrap(f"{row.review}: {row.outcome}", parts.Rows.WIDE)
    name = f"<b>{name.replace(':', '</b>:', 1)}" if "<br>" not in name.split(":")[0] else name
    return f"{name}<br>{parts.muted(base.wrap(' · '.join(filter(None, facts)), 60))}"


def _hover(row: Any) -> str:
    lines = [
        f"<b>{row.review}</b>",
        base.wrap(row.outcome, 60),
        f"{_value(row)}, p {row.p}" if isinstance(row.p, str) else _value(row),
        row.compared,
        base.wrap(row.check, 60) if isinstance(row.check, str) else "",
        base.wrap(row.note, 60) if isinstance(row.note, str) else "",
    ]
    return "<br>".join(filter(None, lines))


def _sentence(drawn: pd.DataFrame, measure: str) -> str:
    null = 1.0 if measure in LOG_MEASURES else 0.0
    controlled = drawn[(drawn["compared"] == CONTROLLED) & drawn["low"].notna()]
    clear = ((controlled["low"] > null) | (controlled["high"] < null)).sum()
    name = MEASURES[measure] + ("s" if len(drawn) != 1 else "")
    return (
        f"{base.count(drawn['study_id'].nunique(), 'review')} "
        f"{'prints' if drawn['study_id'].nunique() == 1 else 'print'} {len(drawn)} pooled {name} with "
        f"figures; {clear} of the {len(controlled)} against a control have an interval that leaves out no "
        "difference."
    )


def _notes(table: pd.DataFrame, every: pd.DataFrame, measure: str, others: list[str]) -> tuple[str, ...]:
    notes = [
        "As printed, not pooled by us. Reviews may rest on the same few trials, so that agreement between "
        "them counts little.",
    ]
    if (table["compared"] == BEFORE_AFTER).any():
        notes.append(
            "Hollow marks compare the same people before and after: without a control they show no effect."
        )
    cut = table[table["shown_as"] == CLIPPED]
    notes += [f"Runs beyond the axis (arrow): {r.review}, {r.outcome}: {_value(r)}." for r in each(cut)]
    odd = table[table["check"].notna()]
    notes += [f"{r.review}, {r.outcome}: {str(r.check).removeprefix('≠ ')}" for r in each(odd)]
    words = table[table["shown_as"] == WORDS]
    notes += [f"In words only: {r.review}, {r.outcome}: {r.words}." for r in each(words)]
    if others:
        names = base.listed([f"{MEASURES[m]}s" for m in others])
        notes.append(f"Other measures have axes of their own: {names}.")
    outside = every[~every["measure"].isin(list(MEASURES))]
    notes += [
        f"Not drawn: {r.review}, {r.outcome}: {r.words}." for r in each(outside) if isinstance(r.words, str)
    ]
    return tuple(notes)
