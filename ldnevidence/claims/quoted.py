"""The figures of a claim, and the printed rows that carry them.

A match of numbers is a pointer to where a figure may come from, and says how it was made; it is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

MATCHED = ["figure", "table", "row", "study_id", "outcome", "printed", "how", "source_id"]
PERCENT_STATISTICS = ("percent of people", "percent change")
SAME_PEOPLE = "the same count of people"
SAME_PERCENT = "the same percentage"
ROUNDED_SHARE = "the share that these counts give, rounded as in the claim"
NO_UNIT = "the same number; there is no unit to check it by"

Match = tuple[str, str] | None  # the printed value, and how it was matched
Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A number in a claim.

    Attributes
    ----------
    text : str
        As it stands in the claim.
    kind : {"percent", "dose", "people", "p", "time", "plain", "money"}
        What the number is a number of, as far as its unit tells.
    value : float
        The number; for "people" the people with the event.
    n : int or None
        The people behind it, for "people".
    decimals : int
        Decimals as printed, so that rounded figures can be compared.
    """

    text: str
    kind: str
    value: float
    n: int | None = None
    decimals: int = 0

    @property
    def bare(self) -> bool:
        """Whether it is a whole number without a unit, which is found everywhere by chance."""
        return self.kind == "plain" and self.decimals == 0


_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PAIR = re.compile(r"(\d+) of (\d+)")
_KINDS = (
    ("percent", re.compile(r"%")),
    ("p", re.compile(r"^p\s*[<=]")),
    ("time", re.compile(r"\b(weeks?|days?|months?|h)\b")),
    ("dose", re.compile(r"\b(mg|mcg)\b")),
    ("money", re.compile(r"\$|/")),
)


def figures(text: str | None) -> list[Figure]:
    """Take the figures of a claim apart.

    Parameters
    ----------
    text : str or None
        The column `figures` of a claim, figures separated by '; '.

    Returns
    -------
    list of Figure
        Every number, with what its unit says; an interval gives a figure for each of its limits.

    Examples
    --------
    >>> [(f.kind, f.value, f.n) for f in figures("32%; 11 of 25; 3.88 mg")]
    [('percent', 32.0, None), ('people', 11.0, 25), ('dose', 3.88, None)]
    """
    found = []
    for part in str(text).split("; ") if isinstance(text, str) else []:
        pair = _PAIR.search(part)
        if pair:
            found.append(Figure(part, "people", float(pair[1]), int(pair[2])))
            continue
        kind = next((name for name, pattern in _KINDS if pattern.search(part)), "plain")
        scale = 0.001 if "mcg" in part else 1.0
        for number in _NUMBER.findall(part):
            places = len(number.partition(".")[2]) + (3 if "mcg" in part else 0)
            found.append(Figure(part, kind, float(number) * scale, None, places))
    return found


def matching_rows(ev: Evidence, works: Iterable[str], wanted: Sequence[Figure]) -> pd.DataFrame:
    """Return the printed rows of some works that carry one of the figures.

    Parameters
    ----------
    ev : Evidence
    works : iterable of str
        Keys of studies and reviews.
    wanted : sequence of Figure

    Returns
    -------
    DataFrame
        figure, table (results, contrasts, adverse_events or pooled), row (its key), study_id, outcome,
        printed, how, source_id; one row a figure and place.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> matching_rows(ldn.load(), ["bruunplesner2020"], figures("11 of 25"))["how"].tolist()
    ['the same count of people']
    """
    keys = set(works)
    outcomes = ev.tables["outcomes"]
    outcomes = outcomes[outcomes["study_id"].isin(keys)].set_index("outcome_id")
    rows: list[tuple[str, Any, Any, Any, Row]] = []  # table, key, study, what was measured, the row
    for name, column in (("results", "result_id"), ("contrasts", "contrast_id")):
        for row in _records(ev, name, "outcome_id", set(outcomes.index)):
            outcome = outcomes.loc[row["outcome_id"]]
            rows.append((name, row[column], outcome["study_id"], outcome["name"], row))
    for name, column, what in (("adverse_events", "ae_id", "event"), ("pooled", "pooled_id", "outcome")):
        for row in _records(ev, name, "study_id", keys):
            rows.append((name, row[column], row["study_id"], row[what], row))
    matchers = {"results": _in_result, "adverse_events": _in_event}
    out = []
    for figure in wanted:
        for name, key, study, what, row in rows:
            match = matchers.get(name, _in_contrast)(row, figure)
            if match:
                out.append((figure.text, name, key, study, what, *match, row["source_id"]))
    return pd.DataFrame(out, columns=MATCHED).drop_duplicates().reset_index(drop=True)


def _records(ev: Evidence, name: str, column: str, keys: set[str]) -> list[Row]:
    table = ev.tables[name]
    return [{str(k): v for k, v in r.items()} for r in table[table[column].isin(keys)].to_dict("records")]


def _same(value: Any, figure: Figure) -> bool:
    """Whether a printed value is the claim's number; a fall may be told without its sign.

    Percentages may be rounded as the claim rounds them; other numbers are too many for that to mean anything.
    """
    if pd.isna(value):
        return False
    size = round(abs(float(value)), figure.decimals) if figure.kind == "percent" else abs(float(value))
    return abs(size - figure.value) < 1e-9


def _counts(events: Any, n: Any, figure: Figure) -> Match:
    """Match a count of people with a figure such as '11 of 25' or '44%'."""
    if pd.isna(events) or pd.isna(n) or n == 0:
        return None
    if figure.kind == "people" and events == figure.value and n == figure.n:
        return f"{events:g} of {n}", SAME_PEOPLE
    if figure.kind == "percent" and _same(100 * float(events) / float(n), figure):
        return f"{events:g} of {n}", ROUNDED_SHARE
    return None


def _in_result(row: Row, figure: Figure) -> Match:
    if row["statistic"] == "events" and figure.kind in ("people", "percent"):
        return _counts(row["value"], row["n"], figure)
    unit = row["unit"] if isinstance(row["unit"], str) else ""
    percent = row["statistic"] in PERCENT_STATISTICS or unit == "%"
    if figure.kind == "percent":
        return (f"{row['value']:g}%", SAME_PERCENT) if percent and _same(row["value"], figure) else None
    if figure.kind not in ("dose", "plain") or percent or (figure.kind == "dose" and "mg" not in unit):
        return None
    columns = ["value"] if figure.bare else ["value", "low", "high"]
    if figure.kind == "plain" and not figure.bare:
        columns.append("dispersion")  # a text prints a spread without its unit, as in "2.23 (1.5)"
    for name in columns:
        if _same(row[name], figure):
            how = "the same dose" if figure.kind == "dose" else NO_UNIT
            return " ".join(filter(None, [f"{row[name]:g}", unit, f"({name})"])), how
    return None


def _in_contrast(row: Row, figure: Figure) -> Match:
    if figure.kind in ("p", "plain") and 0 < figure.value < 1 and _same(row["p"], figure):
        return f"p {row['p_operator']} {row['p']:g}", "the same p value"
    unit = row.get("unit") if isinstance(row.get("unit"), str) else ""
    fits = {
        "plain": True,
        "percent": unit == "%" or row["measure"] in ("PCD", "PCC"),
        "dose": "mg" in str(unit),
    }
    if not fits.get(figure.kind, False):
        return None
    if figure.bare and pd.notna(row["n"]) and row["n"] == figure.value:
        return f"{row['n']} people", "the same number of people compared"
    for name in ("estimate",) if figure.bare else ("estimate", "ci_low", "ci_high"):
        if _same(row[name], figure):
            return f"{row[name]:g} ({name.replace('_', ' ')})", "the same number in a printed comparison"
    return None


def _in_event(row: Row, figure: Figure) -> Match:
    if figure.kind == "percent" and _same(row["percent"], figure):
        return f"{row['percent']:g}%", SAME_PERCENT
    return _counts(row["events"], row["n"], figure) if row["unit"] == "people" else None
