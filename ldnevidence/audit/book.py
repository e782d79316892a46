"""What the rules of the audit share: the tables as plain rows, the printed precision, and the ledger."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldnevidence.audit.granularity import decimals

if TYPE_CHECKING:
    import pandas as pd

    from ldnevidence.evidence import Evidence

Row = dict[str, Any]

IMPOSSIBLE, DISAGREES, CHECK, NOTE = "impossible", "disagrees", "check", "note"
CONSISTENT, UNTESTED = "consistent", "cannot test"
FINDINGS = (IMPOSSIBLE, DISAGREES, CHECK, NOTE)

KEYS = {
    "results": "result_id",
    "contrasts": "contrast_id",
    "adverse_events": "ae_id",
    "pooled": "pooled_id",
    "studies": "study_id",
}
_COUNTS = ("n_enrolled", "n_randomized", "n_completed", "n_analysed")
_BOUND = {
    ">": r"over|more than|above|at least|exceeding|greater than",
    "<": r"under|less than|below|at most|up to|nearly|almost|fewer than",
    "~": r"about|around|approximately|roughly|some|circa",
}


@dataclass(frozen=True)
class Entry:
    """One rule applied to one row (or, with keys joined by " + ", to several rows at once)."""

    rule: str
    table: str
    row_key: str
    row: Row
    severity: str
    note: str
    printed: str = ""
    recomputed: str = ""
    gap: float | None = None


Rule = Callable[["Book"], Iterator[Entry]]


@dataclass(frozen=True)
class Bases:
    """The counts of people that a percentage without a printed base can rest on.

    Attributes
    ----------
    kind : {"printed", "arm", "study", "unknown"}
        Printed with the figure; printed for its arm; printed for the study only; or none of these.
    counts : tuple of int
        Candidates, largest first.
    most : int or None
        No base can be larger than this.
    """

    kind: str
    counts: tuple[int, ...]
    most: int | None


class Book:
    """The tables of one Evidence as plain rows, missing cells being None."""

    def __init__(self, ev: Evidence) -> None:
        self.rows: dict[str, list[Row]] = {name: _plain(getattr(ev, name)) for name in KEYS}
        self.arms: dict[str, Row] = {row["arm_id"]: row for row in _plain(ev.arms)}
        self.outcomes: dict[str, Row] = {row["outcome_id"]: row for row in _plain(ev.outcomes)}
        self.studies: dict[str, Row] = {row["study_id"]: row for row in self.rows["studies"]}
        self.results: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows["results"]:
            self.results[row["outcome_id"]].append(row)
        for table in ("results", "contrasts"):
            for row in self.rows[table]:
                row["study_id"] = self.outcomes[row["outcome_id"]]["study_id"]

    def arms_of(self, study_id: str) -> list[Row]:
        """Return the arms of a study."""
        return [arm for arm in self.arms.values() if arm["study_id"] == study_id]

    def arm_n(self, arm_id: str | None) -> int | None:
        """Return the people in an arm, where that is known."""
        return self.arms[arm_id]["n"] if arm_id in self.arms else None

    def bases(self, row: Row) -> Bases:
        """Return the counts of people that the row's percentage can rest on.

        Without a printed n, the arm's n serves; the study's own numbers serve as well where everybody is in
        the arm (one arm, a crossover, or a population worded as "all ..."), and alone where no arm has an n.
        Where other arms have theirs, the rest is left for this one. A two-armed trial without arm sizes adds
        half of those randomised. A subgroup of unknown size has only a maximum.
        """
        if row.get("n") is not None:
            return Bases("printed", (row["n"],), row["n"])
        study = self.studies.get(row["study_id"], {})
        population = row["population"] if "arm_id" in row and row.get("population") else "all"
        numbers = {study[c] for c in _COUNTS if study.get(c)}
        arms = self.arms_of(row["study_id"])
        in_arm = self.arm_n(row.get("arm_id"))
        everybody = len(arms) <= 1 or "crossover" in str(study.get("design")) or population != "all"
        everybody = everybody or "arm_id" not in row  # a row of the study itself
        elsewhere = sum(arm["n"] or 0 for arm in arms if arm["arm_id"] != row.get("arm_id"))
        if in_arm:
            counts = {in_arm} | {n for n in numbers if everybody and n <= in_arm}
        elif everybody or not elsewhere:
            counts = set(numbers)
            if len(arms) == 2 and not everybody and study.get("n_randomized"):
                counts |= {study["n_randomized"] // 2, -(-study["n_randomized"] // 2)}
        else:
            counts = {n - elsewhere for n in numbers if n > elsewhere}
        most = max(counts, default=None)
        if not is_whole(population) or not counts:
            return Bases("unknown", (), most)
        return Bases("arm" if in_arm else "study", tuple(sorted(counts, reverse=True)), most)


def _plain(table: pd.DataFrame) -> list[Row]:
    whole = {name for name, dtype in table.dtypes.items() if str(dtype) == "Int64"}
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{k: int(v) if v is not None and k in whole else v for k, v in row.items()} for row in rows]  # type: ignore[misc]


def is_whole(population: str | None) -> bool:
    """Tell whether a population is the whole arm: 'all', or 'all treated ...'."""
    return population is None or bool(re.match(r"all\b", population))


def printed_decimals(value: float, neighbours: list[float | None]) -> int:
    """Return the decimals that a number was printed with, judged by numbers printed beside it.

    A table of numbers keeps no trailing zeros. A number is taken to have at least as many decimals as every
    one of its neighbours shows.

    >>> printed_decimals(3.0, [4.3, 4.3, 0.5]), printed_decimals(2.4, [1.2, 0.05])
    (1, 1)
    """
    others = [decimals(v) for v in neighbours if v is not None]
    return max(decimals(value), min(others, default=0))


def bound(text: str | None) -> str:
    """Return ">", "<" or "~" where words make a bound or a round figure of the number after them, else "".

    >>> bound("over 75%"), bound("about 30%"), bound("vivid dreams, drowsiness")
    ('>', '~', '')
    """
    for sign, words in _BOUND.items():
        if text and re.search(rf"\b(?:{words})\s+(?:\w+\s+)?-?\d", text, flags=re.IGNORECASE):
            return sign
    return ""


def same_group(row: Row) -> tuple[Any, ...]:
    """Return what two figures of the same people at the same time have in common."""
    return tuple(row[c] for c in ("outcome_id", "arm_id", "population", "timepoint", "week"))


def figure(value: float, digits: int | None = None) -> str:
    """Write a recomputed number: with `digits` decimals, or with four significant figures."""
    return f"{value:.4g}" if digits is None else f"{value:.{digits}f}"


def p_text(p: float) -> str:
    """Write a recomputed p-value: two significant figures, and nothing below 0.0001.

    >>> p_text(0.0583), p_text(0.31), p_text(4e-11)
    ('0.058', '0.31', 'below 0.0001')
    """
    return "below 0.0001" if p < 1e-4 else f"{p:.2g}"
