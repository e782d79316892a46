"""Rules of the contract beyond types: what must hold between cells, rows and tables.

Each rule is a small generator over the cells as text, so that a fault can quote what stands in the file.
Cells that are no number are left to the type check and skipped here.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ldnevidence.schema import Fault

Row = dict[str, str]
Tables = dict[str, list[Row]]
Rule = Callable[[Tables], Iterator[Fault]]
RULES: dict[str, Rule] = {}

TITRATION_GAP_DAYS = 1  # a step begins the day after the one before it ends


def rule(name: str) -> Callable[[Callable[[Tables], Iterator[Fault]]], Rule]:
    """Register a rule under the name that faults and ``known_faults.csv`` use."""

    def register(function: Callable[[Tables], Iterator[Fault]]) -> Rule:
        RULES[name] = function
        return function

    return register


def number(text: str) -> float | None:
    """Return the number in a cell, or None where the cell is empty or holds none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def decimals(text: str) -> int:
    """Return how many decimals a printed number has, ignoring the ``.0`` that whole numbers gain in files.

    >>> decimals("73.9"), decimals("65"), decimals("65.0")
    (1, 0, 0)
    """
    tail = text.partition(".")[2]
    return 0 if tail.strip("0") == "" else len(tail)


def lines(rows: list[Row]) -> Iterator[tuple[int, Row]]:
    """Yield each row with its line in the file; the header is line 1."""
    return enumerate(rows, start=2)


@rule("events-within-n")
def events_within_n(tables: Tables) -> Iterator[Fault]:
    """People with an event are no more than the people at risk."""
    for line, row in lines(tables["results"]):
        value, n = number(row["value"]), number(row["n"])
        if row["statistic"] == "events" and value is not None and n is not None and not 0 <= value <= n:
            message = f"{row['result_id']}: {row['value']} people out of {row['n']} is impossible"
            yield Fault("results.csv", line, "value", row["value"], "events-within-n", message)
    for line, row in lines(tables["adverse_events"]):
        value, n = number(row["events"]), number(row["n"])
        if row["unit"] == "people" and value is not None and n is not None and value > n:
            message = f"{row['ae_id']}: {row['events']} people out of {row['n']} is impossible"
            yield Fault("adverse_events.csv", line, "events", row["events"], "events-within-n", message)


def agrees(percent: str, events: float, n: float) -> bool:
    """Tell whether a printed percentage is that of the count, to the digits printed, whichever way halves go.

    >>> agrees("33", 1, 3), agrees("89", 15, 17)
    (True, False)
    """
    half = 0.5 * 10.0 ** -decimals(percent)
    return abs(100 * events / n - float(percent)) <= half + 1e-9


@rule("percent-agrees")
def percent_agrees(tables: Tables) -> Iterator[Fault]:
    """Where a count, its denominator and a percentage of the same people are printed, they agree."""
    counts = {}
    for row in tables["results"]:
        value, n = number(row["value"]), number(row["n"])
        if row["statistic"] == "events" and value is not None and n:
            counts[_same_people(row)] = (value, n)
    for line, row in lines(tables["results"]):
        printed = row["statistic"] == "percent of people" and number(row["value"]) is not None
        # With words beside it ("over 75") the number is a bound, and only the audit can judge it.
        if printed and not row["value_text"] and _same_people(row) in counts:
            count = counts[_same_people(row)]
            yield from _disagree("results", "value", row["result_id"], line, row["value"], count)
    for line, row in lines(tables["adverse_events"]):
        events, n, percent = number(row["events"]), number(row["n"]), number(row["percent"])
        if events is not None and n and percent is not None and row["unit"] == "people":
            yield from _disagree("adverse_events", "percent", row["ae_id"], line, row["percent"], (events, n))


def _disagree(
    table: str, column: str, key: str, line: int, percent: str, count: tuple[float, float]
) -> Iterator[Fault]:
    events, n = count
    if not agrees(percent, events, n):
        message = f"{key}: printed {percent}%, but {events:g} of {n:g} is {100 * events / n:.1f}%"
        yield Fault(f"{table}.csv", line, column, percent, "percent-agrees", message)


def _same_people(row: Row) -> tuple[str, ...]:
    return tuple(row[c] for c in ("outcome_id", "arm_id", "population", "timepoint", "week"))


@rule("percent-in-range")
def percent_in_range(tables: Tables) -> Iterator[Fault]:
    """A share of people lies between 0 and 100 percent."""
    for line, row in lines(tables["results"]):
        value = number(row["value"])
        if row["statistic"] == "percent of people" and value is not None and not 0 <= value <= 100:
            message = f"{row['result_id']}: a share of people lies between 0 and 100"
            yield Fault("results.csv", line, "value", row["value"], "percent-in-range", message)


@rule("interval-order")
def interval_order(tables: Tables) -> Iterator[Fault]:
    """An interval holds its estimate, and its limits stand in order."""
    places = [
        ("contrasts", "contrast_id", "ci_low", "estimate", "ci_high"),
        ("pooled", "pooled_id", "ci_low", "estimate", "ci_high"),
        ("results", "result_id", "low", "value", "high"),
        ("pharmacology", "pharm_id", "ci_low", "value", "ci_high"),
    ]
    for table, key, low, middle, high in places:
        for line, row in lines(tables[table]):
            values = [v for v in (number(row[c]) for c in (low, middle, high)) if v is not None]
            if values != sorted(values):
                message = f"{row[key]}: {low} <= {middle} <= {high} must hold"
                text = " / ".join(row[c] for c in (low, middle, high))
                yield Fault(f"{table}.csv", line, f"{low}+{middle}+{high}", text, "interval-order", message)


@rule("p-operator")
def p_operator(tables: Tables) -> Iterator[Fault]:
    """A p value stands with its operator, and an operator with its p value."""
    for table in ("contrasts", "adverse_events", "pooled"):
        for line, row in lines(tables[table]):
            if bool(row["p"]) != bool(row["p_operator"]):
                text = f"{row['p_operator']} {row['p']}".strip()
                yield Fault(
                    f"{table}.csv", line, "p+p_operator", text, "p-operator", "p and its operator go together"
                )


@rule("limits-kind")
def limits_kind(tables: Tables) -> Iterator[Fault]:
    """Limits and spreads name their kind: a plus-minus of unknown kind is never an SD."""
    for line, row in lines(tables["results"]):
        if bool(row["low"] or row["high"]) != bool(row["limits_kind"]):
            message = f"{row['result_id']}: limits and their kind go together"
            yield Fault("results.csv", line, "limits_kind", row["limits_kind"], "limits-kind", message)
        if bool(row["dispersion"]) != bool(row["dispersion_kind"]):
            message = f"{row['result_id']}: a spread and its kind go together"
            yield Fault(
                "results.csv", line, "dispersion_kind", row["dispersion_kind"], "limits-kind", message
            )


@rule("row-says-something")
def row_says_something(tables: Tables) -> Iterator[Fault]:
    """A result, contrast or harm holds a number or words."""
    content = {
        "results": ("value", "value_text", "low", "high"),
        "contrasts": ("estimate", "estimate_text", "p", "p_text", "ci_low", "measure_text"),
        "adverse_events": ("events", "percent", "value_text"),
        "pooled": ("estimate", "estimate_text"),
    }
    for table, columns in content.items():
        for line, row in lines(tables[table]):
            if not any(row[c] for c in columns):
                message = "a row needs a number or words in one of these columns"
                yield Fault(f"{table}.csv", line, "+".join(columns), "", "row-says-something", message)


@rule("same-study")
def same_study(tables: Tables) -> Iterator[Fault]:
    """A figure's arm belongs to the study of its outcome."""
    study_of = {row["outcome_id"]: row["study_id"] for row in tables["outcomes"]}
    arm_study = {row["arm_id"]: row["study_id"] for row in tables["arms"]}
    for table, columns in (("results", ("arm_id",)), ("contrasts", ("arm_1", "arm_2"))):
        for line, row in lines(tables[table]):
            study = study_of.get(row["outcome_id"])
            for column in columns:
                other = arm_study.get(row[column])
                if row[column] and study and other and study != other:
                    message = f"arm of {other} in an outcome of {study}"
                    yield Fault(f"{table}.csv", line, column, row[column], "same-study", message)
    for line, row in lines(tables["adverse_events"]):
        other = arm_study.get(row["arm_id"])
        if other and other != row["study_id"]:
            message = f"arm of {other} in a row of {row['study_id']}"
            yield Fault("adverse_events.csv", line, "arm_id", row["arm_id"], "same-study", message)


@rule("one-main-condition")
def one_main_condition(tables: Tables) -> Iterator[Fault]:
    """Every study has one main condition and at least one arm."""
    mains: dict[str, int] = defaultdict(int)
    for row in tables["study_conditions"]:
        mains[row["study_id"]] += row["main"] == "true"
    arms = {row["study_id"] for row in tables["arms"]}
    for line, row in lines(tables["studies"]):
        study = row["study_id"]
        if mains[study] != 1:
            message = f"a study has one main condition in study_conditions, this one has {mains[study]}"
            yield Fault("studies.csv", line, "study_id", study, "one-main-condition", message)
        if study not in arms:
            yield Fault(
                "studies.csv", line, "study_id", study, "one-main-condition", "a study has at least one arm"
            )


@rule("outcome-status")
def outcome_status(tables: Tables) -> Iterator[Fault]:
    """An outcome's status says what its rows hold."""
    numbers = {r["outcome_id"] for r in tables["results"] if r["value"] or r["low"] or r["high"]}
    for r in tables["contrasts"]:  # a range of p values stands in words
        if r["estimate"] or r["p"] or r["ci_low"] or re.search(r"\d", r["p_text"]):
            numbers.add(r["outcome_id"])
    for line, row in lines(tables["outcomes"]):
        if (row["status"] == "figures") != (row["outcome_id"] in numbers):
            has = "has" if row["outcome_id"] in numbers else "has no"
            message = f"the outcome {has} printed figures in results or contrasts"
            yield Fault("outcomes.csv", line, "status", row["status"], "outcome-status", message)


@rule("titration-follows-on")
def titration_follows_on(tables: Tables) -> Iterator[Fault]:
    """Steps of a schedule count up from 1, begin on day 1 and follow on without gap or overlap."""
    steps: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for line, row in lines(tables["titrations"]):
        if all(number(row[c]) is not None for c in ("step", "day_start", "mg_per_day")):
            steps[row["schedule_id"]].append((line, row))
    for rows in steps.values():
        before: Row | None = None
        for line, row in sorted(rows, key=lambda item: float(item[1]["step"])):
            start, end = float(row["day_start"]), number(row["day_end"])
            expected = 1.0 if before is None else (number(before["day_end"]) or math.nan) + TITRATION_GAP_DAYS
            count = 1 if before is None else float(before["step"]) + 1
            if start != expected or float(row["step"]) != count or (end is not None and end < start):
                wanted = "an end to the step before" if math.isnan(expected) else f"day {expected:g}"
                rest = "and end no earlier than it begins"
                message = f"{row['schedule_id']}: step {count:g} should begin on {wanted} {rest}"
                text = f"step {row['step']}: {row['day_start']} to {row['day_end']}"
                yield Fault("titrations.csv", line, "day_start", text, "titration-follows-on", message)
            before = row


@rule("canonical-address")
def canonical_address(tables: Tables) -> Iterator[Fault]:
    """Every page shows an address, unless it is a popular text whose address was not read."""
    for line, row in lines(tables["sources"]):
        if not row["canonical_url"] and row["kind"] != "document":
            yield Fault(
                "sources.csv",
                line,
                "canonical_url",
                "",
                "canonical-address",
                "a page needs an address to show",
            )


def bib_keys(path: Path) -> set[str]:
    """Return the keys of a BibTeX file without parsing its fields."""
    return set(re.findall(r"^@\w+\{\s*([^,\s]+)\s*,", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


# Columns that hold keys of references.bib; the last three hold several, separated by "; ".
_CITED = [
    ("studies", "study_id"),
    ("reviews", "study_id"),
    ("sources", "cite_key"),
    ("claims", "document"),
    ("claim_evidence", "cite_key"),
    ("dose_definitions", "cite_key"),
    ("titration_schedules", "cite_key"),
    ("mechanism_evidence", "cite_key"),
    ("pharmacology", "cite_key"),
    ("review_studies", "study_id"),
    ("study_notes", "study_id"),
    ("backlog", "study_id"),
    ("mechanisms", "retracted_keys"),
    ("discrepancies", "study_ids"),
    ("studies", "related"),
]


def cited_keys(tables: Tables, keys: set[str]) -> Iterator[Fault]:
    """Every key of a work has its entry in references.bib."""
    for table, column in _CITED:
        for line, row in lines(tables.get(table, [])):
            for key in filter(None, row[column].split("; ")):
                if key not in keys:
                    message = f"no entry {key!r} in references.bib"
                    yield Fault(f"{table}.csv", line, column, row[column], "entry-in-references", message)


def source_lists(tables: Tables) -> Iterator[Fault]:
    """Every page named in a list of pages exists."""
    known = {row["source_id"] for row in tables["sources"]}
    for line, row in lines(tables["discrepancies"]):
        for key in filter(None, row["source_ids"].split("; ")):
            if key not in known:
                message = f"no page {key!r} in sources.csv"
                yield Fault(
                    "discrepancies.csv", line, "source_ids", row["source_ids"], "foreign-key", message
                )


RULES["foreign-key-lists"] = source_lists


def check(tables: Tables, descriptor: dict[str, Any], references: Path) -> list[Fault]:
    """Run all rules; leave out known faults of the sources, and report listings whose fault has healed."""
    complete = len(tables) == len(descriptor["resources"])
    faults: list[Fault] = []
    for run in RULES.values():
        try:
            faults += run(tables)
        except KeyError:
            if complete:
                raise
            continue  # the rule needs a table that cannot be read, which is reported already
    faults += cited_keys(tables, bib_keys(references))
    return _without_known(faults, tables, descriptor, complete)


def _without_known(
    faults: list[Fault], tables: Tables, descriptor: dict[str, Any], complete: bool
) -> list[Fault]:
    """Strike out the faults that ``known_faults.csv`` lists; where all rules ran, each must be there."""
    keys = {r["name"]: r["schema"]["primaryKey"] for r in descriptor["resources"]}
    found = {}
    for fault in faults:
        table = fault.file.removesuffix(".csv")
        if fault.row and fault.row > 1 and table in tables:
            row = tables[table][fault.row - 2]
            found[(table, "+".join(row[c] for c in keys[table]), fault.rule)] = fault
    left = list(faults)
    for line, row in lines(tables.get("known_faults", [])):
        fault = found.get((row["table"], row["row_key"], row["rule"]))  # type: ignore[assignment]
        if fault is None and complete:
            message = "this fault has healed or the row is gone: remove the listing"
            place = f"{row['table']} {row['row_key']} {row['rule']}"
            left.append(Fault("known_faults.csv", line, "row_key", place, "strict-expected-fault", message))
        elif fault in left:
            left.remove(fault)
    return left
