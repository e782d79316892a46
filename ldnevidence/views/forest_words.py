"""The words of a forest plot: labels, hover texts, its sentence and its notes."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ldnevidence.estimate import PooledEstimate, shown
from ldnevidence.rows import each
from ldnevidence.views import base, comparisons, parts, pooling_rules
from ldnevidence.views.comparisons import MEASURES, RATIOS
from ldnevidence.views.safeguards import KEY


def _number(value: float, measure: str) -> str:
    """Round for reading: percentage points to one decimal."""
    return f"{value:.1f}" if measure == "RD" else shown(value)


def interval(estimate: float, low: Any, high: Any, measure: str = "") -> str:
    """Return an estimate with its limits, if it has any."""
    held = pd.notna(low) and pd.notna(high)
    limits = f" ({_number(low, measure)} to {_number(high, measure)})" if held else ""
    return _number(estimate, measure) + limits


def people(row: Any) -> str:
    """Return how many people, or events of people, stand behind a row."""
    if pd.notna(row.events_1):
        return f"{int(row.events_1)}/{int(row.n_1)} v {int(row.events_2)}/{int(row.n_2)}"
    if pd.notna(row.n_1) and pd.notna(row.n_2):
        return f"n {int(row.n_1)} v {int(row.n_2)}"
    if pd.notna(row.n_1) and row.comparator == "before":
        return f"n {int(row.n_1)}"
    return f"n {int(row.participants)}" if pd.notna(row.participants) else "n ?"


def label(row: Any, again: bool) -> str:
    """Return the lines above a row's mark: who against what, the outcome, the numbers.

    `again` says that the same outcome stands in another row too, so that the arm has to be named.
    """
    against = "" if row.comparator in ("placebo", "before") else f" v {row.arm_2}"
    inside = "" if row.population == "all" else f" ({row.population})"
    weeks = [f"{row.weeks:g} wk"] if pd.notna(row.weeks) else []
    dose = row.dose.replace("dose not stated", "dose ?").replace(" to ", "–")
    number = interval(row.estimate, row.ci_low, row.ci_high, row.measure).replace("-", "−")
    outcome = f"{row.outcome}{inside}{f', {row.arm_1}' if again else ''}"
    numbers = " · ".join([f"<b>{number}</b>", people(row), dose, *weeks, letters(row)])
    who = base.wrap(f"{row.study}{against}", parts.Rows.WIDE - 6)
    return f"<b>{who}</b><br>{base.wrap(outcome, parts.Rows.WIDE)}<br>{parts.muted(numbers)}"


def pooled_label(pooled: PooledEstimate) -> str:
    """Return the lines above the diamond."""
    number = interval(pooled.estimate, pooled.ci_low, pooled.ci_high).replace("-", "−")
    found = f"<b>{number}</b> · {pooled.k} trials, τ² {pooled.tau2:.2g}, I² {pooled.i2:.0f}%"
    if not math.isnan(pooled.pi_low):
        found += f" · PI {shown(pooled.pi_low)} to {shown(pooled.pi_high)}".replace("-", "−")
    return f"<b>Pooled</b>: random effects, Hartung-Knapp<br>{parts.muted(found)}"


def letters(row: Any) -> str:
    """Return the safeguards of a row's study as letters, or in words where it has none."""
    return row.safeguards if set(row.safeguards) - set("– ") else "no safeguard"


def hovers(rows: pd.DataFrame) -> list[str]:
    """Return the text of each row for pointing at it."""
    out = []
    for row in each(rows):
        unit = f" {row.unit}" if pd.notna(row.unit) else ""
        level = f"{row.level:g}% CI " if pd.notna(row.level) else ""
        number = interval(row.estimate, row.ci_low, row.ci_high, row.measure).replace("(", f"({level}")
        number = number.replace("-", "−") + ("" if level else ", no interval")
        turned = ""
        if row.turned:
            how = "upside down" if row.measure in RATIOS else "sign changed"
            turned = f"<br>turned so that right is better ({how})"
        mixed = "<br>naltrexone was combined with another study drug" if row.combination else ""
        weeks = f", {row.weeks:g} weeks" if pd.notna(row.weeks) else ""
        lines = [
            f"<b>{row.study}</b>: {base.wrap(row.outcome, 50)}", f"{row.arm_1} v {row.arm_2}",
            f"{row.kind}: {MEASURES[row.measure]} {number}{unit}"
            + (f", p {row.p}" if row.p else "") + turned,
            f"{people(row)}, {row.dose}, {row.design}{weeks}{mixed}", base.wrap(row.safeguard_words, 60),
        ]  # fmt: skip
        out.append("<br>".join(lines))
    return out


def sentence(table: pd.DataFrame, kind: str, why: str, pooled: PooledEstimate | None) -> str:
    """Say from the rows drawn how many intervals lie where, and whether they were pooled."""
    side, studies = pooling_rules.sides(table), table["study_id"].nunique()
    held = len(table) - side["none"]
    better, worse = (
        ("on the better side", "on the worse side")
        if kind == "within"
        else ("in favour of LDN", "in favour of the comparator")
    )
    opening = (
        f"{base.count(len(table), 'comparison')} from {base.count(studies, 'study', 'studies')} "
        f"({MEASURES[table['measure'].iloc[0]]})"
    )
    if held == 0:
        text = f"{opening}, none with an interval"
    elif held == len(table) == 1:
        where = (
            f"lies wholly {better}"
            if side["ldn"]
            else f"lies wholly {worse}"
            if side["other"]
            else "allows both"
        )
        text = f"{opening}: its interval {where}"
    else:
        text = (
            f"{opening}: of {held} with an interval, {side['ldn']} "
            f"{'lies' if side['ldn'] == 1 else 'lie'} wholly {better}, {side['other']} wholly {worse}, "
            f"and {side['both']} {'allows' if side['both'] == 1 else 'allow'} both"
        )
    if kind == "within":
        return f"{text}; without a comparison arm nobody knows what would have happened anyway."
    # The first note has all reasons; a sentence with five of them would not be read to its end.
    first, *more = why.split(", ")
    return f"{text}; " + (
        f"{pooled.sentence}."
        if pooled
        else f"not pooled, because {first}{', among other reasons' * bool(more)}."
    )


def notes(
    table: pd.DataFrame, whole: pd.DataFrame, kind: str, why: str, pooled: PooledEstimate | None
) -> tuple[str, ...]:  # fmt: skip
    """Return the caveats that hold for the rows drawn, why they are not pooled first."""
    notes = [f"Pooled, because {why}." if pooled else f"Not pooled, because {why}."]
    if pooled and not math.isnan(pooled.pi_low):
        notes.append(
            "PI, the dotted line through the diamond, is the prediction interval: where the result of a new, "
            "similar trial would probably lie. τ² and I² say how far the trials scatter."
        )
    if (table["kind"] == "computed").any():
        notes.append(
            "Squares were computed from counts, or means and standard deviations, of separate groups."
        )
    if (table["kind"] == "as printed").any():
        notes.append("Diamonds are as printed in the source; hollow ones came without an interval.")
    if table["turned"].any():
        notes.append("Estimates are turned so that the right side is the better one; the table says where.")
    if table["measure"].iloc[0] in comparisons.IN_UNITS:
        others = whole[(whole["measure"] == table["measure"].iloc[0]) & (whole["why_not"] == "")]
        others = others[comparisons.panels(others) != comparisons.panels(table).iloc[0]]
        if len(others):
            units = base.listed(sorted({u or "no stated unit" for u in comparisons.panels(others)}))
            notes.append(f"{base.count(len(others), 'comparison')} in {units} cannot share this axis.")
        notes.append(
            "Each row is in the units of its own scale: compare it with the line, not with other rows."
        )
    if table["measure"].iloc[0] == "RD" and (table["kind"] == "computed").any():
        notes.append("Computed differences of shares have Newcombe's interval, which suits small groups.")
    if table["study_id"].duplicated().any():
        notes.append("Rows of one study are about the same people and do not confirm each other.")
    if table["combination"].any():
        names = list(dict.fromkeys(table.loc[table["combination"], "study"]))
        notes.append(f"Naltrexone was one part of a combination in {base.listed(names)}.")
    if kind == "within":
        notes.append("People who seek help at their worst tend to improve anyway, with or without a drug.")
    else:
        notes.append(
            "Crossover trials are shown as printed only; changes within one arm have their own plot."
        )
    notes += [
        f"Letters: {KEY}. All safeguards of each study stand in their own chart.",
        "A larger mark means more people; an arrow means that the interval goes on.",
    ]
    drawn = whole[(whole["why_not"] != "") & (whole["measure"] == table["measure"].iloc[0])]
    for reason, rows in drawn.groupby("why_not", sort=False):
        notes.append(f"Not drawn, because {reason}: {base.listed(list(dict.fromkeys(rows['study'])))}.")
    return tuple(notes)
