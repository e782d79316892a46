"""Comparisons of LDN with something else, computed or as printed, turned so that they can share a plot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnevidence import _distributions, effects
from ldnevidence.estimate import LOG_MEASURES, Estimate
from ldnevidence.rows import each
from ldnevidence.views import base
from ldnevidence.views.response_rates import share_of_arm
from ldnevidence.views.safeguards import marks

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

MEASURES = {
    "RR": "risk ratio", "OR": "odds ratio", "HR": "hazard ratio", "RD": "difference in percentage points",
    "SMD": "standardised mean difference", "MD": "difference in the units of the scale",
    "MEDD": "difference of medians", "PCD": "difference of percent changes",
    "MC": "mean change", "MEDC": "median change", "PCC": "percent change",
}  # fmt: skip
"""Measures that a plot can show, in order of preference, in words."""

RATIOS = LOG_MEASURES | {"HR"}
IN_UNITS = ("MD", "MEDD", "MC", "MEDC")  # each unit has a plot of its own
SAME_AXIS = {"DID": "MD"}  # a difference between two changes is read in the units of the scale too
INDEPENDENT = ("randomized-parallel", "controlled-open-label", "quasi-experimental", "retrospective-cohort",
               "registry-study")  # fmt: skip
"""Designs whose arms are different people; nothing is computed for any other design."""

COMPARATORS = ("placebo", "active", "none", "other drug")
OVER_TIME = ("end", "follow-up", "during")  # "during" counts whoever had the event while the study ran
NO_SIDE = "the source does not say which side a positive value favours"
NO_BETTER = "neither direction of the outcome is better"
NO_RATIO = "nobody or everybody in both arms had the event, so that a ratio cannot be estimated"
COLUMNS = [
    "study_id", "study", "outcome_id", "outcome", "domain", "instrument", "arm_1", "arm_2", "comparator",
    "kind", "measure", "estimate", "ci_low", "ci_high", "level", "se", "p", "turned", "unit", "events_1",
    "n_1", "events_2", "n_2", "participants", "dose_mg", "dose", "design", "weeks", "condition_id",
    "population", "year", "combination", "safeguards", "safeguard_words", "why_not", "source_id", "trial",
    "arm_1_id", "arm_2_id",
]  # fmt: skip


def comparisons(ev: Evidence, kind: str = "between") -> pd.DataFrame:
    """Return every comparison with an estimate, computed where that is fair and else as printed.

    Computed are counts, and means with standard deviations, of all people of independent arms at the end of
    treatment, over it or at follow-up. Crossover and single-arm studies are never computed. Every estimate is
    turned so that the better side is the higher one: where it had to be, a difference has changed its sign, a
    ratio stands upside down, and `turned` says so.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.
    kind : {"between", "within"}
        LDN against another arm, or after against before in one arm. The two never share a table.

    Returns
    -------
    DataFrame
        One row a comparison and measure. Natural scale; RD in percentage points; `se` on the analysis scale,
        for a printed estimate worked back from its interval. `why_not` says why a row cannot be drawn.

    Raises
    ------
    ValueError
        Where `kind` is unknown.

    Notes
    -----
    RD has Newcombe's interval (Statistics in Medicine 1998;17:873) because arms are small.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = comparisons(ldn.load())
    >>> bool(table.loc[table["kind"] == "computed", "design"].isin(INDEPENDENT).all())
    True
    """
    if kind not in ("between", "within"):
        raise ValueError(f"unknown kind {kind!r}; known: between, within")
    return _compared(ev, kind)


@base.once_for_all
def _compared(ev: Evidence, kind: str) -> pd.DataFrame:
    facts = _Facts(ev)
    rows = [*_printed_within(facts)] if kind == "within" else [*_computed(facts), *_printed(facts)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = ["study", "outcome", "measure", "kind", "arm_1"]
    return table.sort_values(
        order, ascending=[True, True, True, False, True], kind="stable", ignore_index=True
    )


@lru_cache(maxsize=16)  # one redraw of the Compare tab asks five times
def measures_available(ev: Evidence, kind: str = "between") -> pd.DataFrame:
    """Return which measures a forest plot of this evidence can show, the fullest first.

    Returns
    -------
    DataFrame
        Columns measure, unit (of measures that are in units of a scale), label, studies, computed, printed,
        with_interval (numbers of comparisons).

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> "SMD" in set(measures_available(ldn.load())["measure"])
    True
    """
    return summarise_measures(comparisons(ev, kind))


def panels(table: pd.DataFrame) -> pd.Series:
    """Return the unit that a row's axis is in; empty where the measure has none, so that all can share."""
    return table["unit"].where(table["measure"].isin(IN_UNITS)).fillna("")


def summarise_measures(table: pd.DataFrame) -> pd.DataFrame:
    """Count drawable comparisons by measure and unit; the first row is the default of the plot."""
    table = table[table["why_not"] == ""]
    rows = []
    for (measure, unit), part in table.groupby(["measure", panels(table)], sort=True):
        held = part[part["ci_low"].notna()]
        computed = int((part["kind"] == "computed").sum())
        rows.append((measure, unit, MEASURES[str(measure)], part["study_id"].nunique(), computed,
                     len(part) - computed, len(held), held["study_id"].nunique(),
                     list(MEASURES).index(str(measure))))  # fmt: skip
    columns = [
        "measure",
        "unit",
        "label",
        "studies",
        "computed",
        "printed",
        "with_interval",
        "_held",
        "_place",
    ]
    out = pd.DataFrame(rows, columns=columns)
    order = ["_held", "with_interval", "_place", "studies"]
    out = out.sort_values(order, ascending=[False, False, True, False], kind="stable")
    return out.drop(columns=["_held", "_place"]).reset_index(drop=True)


class _Facts:
    """The tables looked up by key, so that each row is put together in one place."""

    def __init__(self, ev: Evidence) -> None:
        t = ev.tables
        self.studies = t["studies"].set_index("study_id")
        self.arms = t["arms"].set_index("arm_id")
        self.outcomes = t["outcomes"].set_index("outcome_id")
        self.results, self.contrasts = t["results"], t["contrasts"]
        self.people = base.participants(self.studies)
        self.marks = marks(ev).set_index("study_id")
        filed = t["study_conditions"]
        self.condition = filed[filed["main"].astype(bool)].set_index("study_id")["condition_id"].to_dict()

    def row(self, outcome_id: str, arm_1: str, arm_2: str | None) -> dict[str, Any]:
        """Return what a comparison's row says apart from its numbers."""
        outcome: Any = self.outcomes.loc[outcome_id]
        arm: Any = self.arms.loc[arm_1]
        study_id = outcome["study_id"]
        study: Any = self.studies.loc[study_id]
        other: Any = self.arms.loc[arm_2] if arm_2 else None
        dose = [arm[c] for c in ("dose_mg", "dose_median_mg", "dose_max_mg") if pd.notna(arm[c])]
        return {
            "study_id": study_id, "study": study["label"], "outcome_id": outcome_id,
            "outcome": outcome["name"], "domain": outcome["domain"], "instrument": outcome["instrument"],
            "arm_1": arm["label"],
            "arm_2": "before treatment" if other is None else other["label"],
            "comparator": "before" if other is None else other["role"], "dose_mg": dose[0] if dose else None,
            "dose": dose_in_words(arm), "design": study["design"], "weeks": study["duration_weeks"],
            "condition_id": self.condition.get(study_id), "year": study["year"],
            "participants": self.people[study_id], "combination": bool(study["combination"]),
            "safeguards": self.marks.loc[study_id, "letters"],
            "safeguard_words": self.marks.loc[study_id, "words"], "population": "all", "why_not": "",
            "trial": study["part_of"] if pd.notna(study["part_of"]) else study_id,
            "arm_1_id": arm_1, "arm_2_id": arm_2, "unit": None,
        }  # fmt: skip


def dose_in_words(arm: Any) -> str:
    """Return an arm's dose as a short label; `arm` is a row of ``ev.arms``.

    >>> import ldnevidence as ldn
    >>> dose_in_words(ldn.load().arms.set_index("arm_id").loc["younger2009.ldn"])
    '4.5 mg'
    """
    main = arm["dose_mg"] if pd.notna(arm["dose_mg"]) else arm["dose_median_mg"]
    low, high = arm["dose_min_mg"], arm["dose_max_mg"]
    if pd.notna(main):
        return f"{main:g} mg"
    if pd.notna(low) and pd.notna(high):
        return f"{low:g} to {high:g} mg"
    if pd.notna(high):
        return f"up to {high:g} mg"
    return f"from {low:g} mg" if pd.notna(low) else "dose not stated"


def _computed(facts: _Facts) -> Iterator[dict[str, Any]]:
    designs = facts.outcomes["study_id"].map(facts.studies["design"])
    fair = designs.index[designs.isin(INDEPENDENT)]
    results = facts.results[facts.results["outcome_id"].isin(fair) & (facts.results["population"] == "all")]
    keys = ["outcome_id", "timepoint", "week"]
    for (outcome_id, timepoint, week), group in results.groupby(keys, dropna=False):
        outcome: Any = facts.outcomes.loc[str(outcome_id)]
        arms = {str(arm): rows for arm, rows in group.groupby("arm_id")}
        roles = {arm: facts.arms.loc[arm, "role"] for arm in arms}
        ours = [arm for arm in arms if roles[arm] == "ldn"]
        others = [arm for arm in arms if roles[arm] in COMPARATORS]
        for one, two in product(ours, others):
            for numbers in _effects(outcome, arms[one], arms[two], str(timepoint)):
                row = facts.row(str(outcome_id), one, two)
                row |= {"kind": "computed", "source_id": arms[one]["source_id"].iloc[0], **numbers}
                if week == week:  # stated
                    row["weeks"] = week
                if outcome["direction"] in ("higher-is-better", "lower-is-better"):
                    yield turn(row, outcome["direction"] == "lower-is-better")
                else:
                    yield row | {"why_not": row["why_not"] or NO_BETTER, "turned": False}


def _effects(outcome: Any, one: pd.DataFrame, two: pd.DataFrame, timepoint: str) -> Iterator[dict[str, Any]]:
    """Yield each measure that the rows of two arms allow."""
    if outcome["kind"] == "binary" and timepoint in OVER_TIME:
        ours, theirs = counted(one), counted(two)
        if ours is None or theirs is None:
            return
        (e1, n1), (e2, n2) = ours, theirs
        for measure in ("RR", "OR", "RD"):
            shared = {"measure": measure, "events_1": e1, "n_1": n1, "events_2": e2, "n_2": n2}
            if measure == "RD":
                rd = effects.compare_proportions(e1, n1, e2, n2, "RD", interval="newcombe")
                yield shared | _numbers(rd, 100) | {"unit": "percentage points"}
            elif 0 < e1 + e2 < n1 + n2:
                yield shared | _numbers(effects.compare_proportions(e1, n1, e2, n2, measure))
            else:
                yield shared | {"why_not": NO_RATIO}
        return
    wanted = "mean change" if timepoint == "change" else "mean"
    if outcome["kind"] != "continuous" or timepoint not in ("end", "follow-up", "change"):
        return
    first, second = _mean(one, wanted), _mean(two, wanted)
    if first is None or second is None:
        return
    for measure in ("SMD", "MD"):
        found = effects.compare_means(*first, *second, measure=measure)
        unit = one["unit"].iloc[0] if measure == "MD" else None
        yield {"measure": measure, "n_1": first[2], "n_2": second[2], "unit": unit} | _numbers(found)


def _mean(rows: pd.DataFrame, statistic: str) -> tuple[float, float, int] | None:
    """Return mean, standard deviation and people of one arm, where all three were read."""
    rows = rows[(rows["statistic"] == statistic) & (rows["dispersion_kind"] == "sd")]
    rows = rows[rows["dispersion"].gt(0) & rows["n"].ge(2) & rows["value"].notna()]
    if len(rows) != 1:
        return None
    return float(rows["value"].iloc[0]), float(rows["dispersion"].iloc[0]), int(rows["n"].iloc[0])


def counted(rows: pd.DataFrame) -> tuple[int, int] | None:
    """Return events and people of one arm at one time, where both were read or exactly one count fits."""
    rows = rows[rows["statistic"].isin(["events", "percent of people"])]
    rows = rows[rows["value"].notna()]
    if rows.empty:
        return None
    share = share_of_arm(rows)
    if pd.isna(share["events"]) or pd.isna(share["n"]):  # type: ignore[call-overload]
        return None
    return int(share["events"]), int(share["n"])  # type: ignore[call-overload]


def _numbers(found: Estimate, scale: float = 1) -> dict[str, Any]:
    p = "" if math.isnan(found.p_value) else f"= {found.p_value:.3f}" if found.p_value >= 0.001 else "< 0.001"
    low, high = scale * found.ci_low, scale * found.ci_high
    return {"estimate": scale * found.estimate, "ci_low": low, "ci_high": high, "level": 100 * found.level,
            "se": scale * found.se, "p": p}  # fmt: skip


def _printed(facts: _Facts) -> Iterator[dict[str, Any]]:
    """Yield printed comparisons of an LDN arm with another."""
    for c in each(facts.contrasts[facts.contrasts["kind"] == "between arms"]):
        numbers = _as_printed(c)
        if numbers is None or pd.isna(c.arm_1) or pd.isna(c.arm_2):
            continue
        roles = facts.arms.loc[c.arm_1, "role"], facts.arms.loc[c.arm_2, "role"]
        if roles[0] == "ldn" and roles[1] in COMPARATORS:
            ours, other, good = str(c.arm_1), str(c.arm_2), "arm_1"
        elif roles[1] == "ldn" and roles[0] in COMPARATORS:
            ours, other, good = str(c.arm_2), str(c.arm_1), "arm_2"
        else:
            continue
        row = facts.row(str(c.outcome_id), ours, other) | numbers
        row |= {"n_1": facts.arms.loc[ours, "n"], "n_2": facts.arms.loc[other, "n"]}
        yield _sided(row, c.sign, good, {"arm_1": "arm_2", "arm_2": "arm_1"}[good])


def _printed_within(facts: _Facts) -> Iterator[dict[str, Any]]:
    """Yield printed changes of one LDN arm from before to after."""
    for c in each(facts.contrasts[facts.contrasts["kind"] == "within arm"]):
        numbers = _as_printed(c)
        if numbers is None or pd.isna(c.arm_1) or facts.arms.loc[c.arm_1, "role"] != "ldn":
            continue
        row = facts.row(str(c.outcome_id), str(c.arm_1), None) | numbers | {"n_1": c.n}
        yield _sided(row, c.sign, "improvement", "worsening")


def _as_printed(c: Any) -> dict[str, Any] | None:
    """Return the numbers of a printed contrast, or None where it is no estimate of an effect."""
    measure = SAME_AXIS.get(c.measure, c.measure)
    if measure not in MEASURES or pd.isna(c.estimate):
        return None
    se = None
    if pd.notna(c.ci_low) and pd.notna(c.ci_high) and pd.notna(c.level):
        # Worked back from the printed interval, taken as normal on the analysis scale.
        ends = (math.log(c.ci_low), math.log(c.ci_high)) if measure in RATIOS else (c.ci_low, c.ci_high)
        se = (ends[1] - ends[0]) / (2 * float(_distributions.z_quantile(c.level / 100)))
    p = f"{c.p_operator} {c.p:g}" if pd.notna(c.p) else (c.p_text if pd.notna(c.p_text) else "")
    return {
        "kind": "as printed", "measure": measure, "estimate": c.estimate, "ci_low": c.ci_low,
        "ci_high": c.ci_high, "level": c.level, "se": se, "p": p, "population": c.population,
        "unit": c.unit if pd.notna(c.unit) else None, "source_id": c.source_id,
    } | ({"weeks": c.week} if pd.notna(c.week) else {})  # fmt: skip


def _sided(row: dict[str, Any], sign: str, good: str, bad: str) -> dict[str, Any]:
    if sign not in (good, bad):
        return row | {"why_not": NO_BETTER if sign == "neither" else NO_SIDE, "turned": False}
    return turn(row, sign == bad)


def turn(row: dict[str, Any], needed: bool) -> dict[str, Any]:
    """Turn a row so that higher is better: a difference changes its sign, a ratio is turned upside down.

    >>> turn({"measure": "RR", "estimate": 0.5, "ci_low": 0.25, "ci_high": 1.0}, True)["ci_high"]
    4.0
    """
    if not needed or row.get("estimate") is None:
        return row | {"turned": False}
    values = [row["estimate"], row["ci_high"], row["ci_low"]]
    flipped = [1 / v if row["measure"] in RATIOS else 0.0 - v for v in values]
    return row | dict(zip(("estimate", "ci_low", "ci_high"), flipped, strict=True)) | {"turned": True}
