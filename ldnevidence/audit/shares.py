"""Rules of the audit on counts, percentages and means of whole numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ldnevidence.audit import book as ab
from ldnevidence.audit.book import Bases, Book, Entry, Row
from ldnevidence.audit.granularity import decimals, grim, grim_bases, grim_counts, grim_mean, half_unit

# Scales whose score is a whole number in every person, and answers averaged within a person. Scores that
# are averages of changing numbers of items, or weighted, are left out on purpose.
WHOLE_SCALES = {
    r"Hamilton Depression": 1,
    r"Montgomery-Asberg": 1,
    r"Clinical Global Impression": 1,
    r"\bDLQI\b": 1,
    r"Chalder": 1,
    r"\bPEG\b": 3,
}
_WHOLE_UNITS = ("days a month",)


def percentages(book: Book) -> list[tuple[str, Row, float, int]]:
    """Return every printed share of people: table, row, percentage and the decimals it was printed with."""
    found = []
    for row in book.rows["results"]:
        if row["statistic"] == "percent of people" and row["value"] is not None:
            found.append(("results", row, row["value"]))
    for row in book.rows["adverse_events"]:
        if row["unit"] == "people" and row["percent"] is not None:
            found.append(("adverse_events", row, row["percent"]))
    for row in book.rows["studies"]:
        if row["female_percent"] is not None:
            found.append(("studies", row, row["female_percent"]))
    printed: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for _, row, value in found:
        printed[(row["study_id"], row.get("source_id"))].append(value)
    shares = []
    for table, row, value in found:
        beside: list[float | None] = list(printed[(row["study_id"], row.get("source_id"))])
        beside.remove(value)
        shares.append((table, row, value, ab.printed_decimals(value, beside)))
    return shares


def counted(book: Book) -> dict[tuple[Any, ...], Row]:
    """Return the rows that print a count of people, by the people and time that they are about."""
    rows = book.rows["results"]
    return {ab.same_group(r): r for r in rows if r["statistic"] == "events" and r["value"] is not None}


def _events(table: str, row: Row, counts: dict[tuple[Any, ...], Row]) -> int | None:
    """Return the count printed beside a percentage, if any."""
    if table == "adverse_events":
        return row["events"]
    beside = counts.get(ab.same_group(row)) if table == "results" else None
    return int(beside["value"]) if beside else None


def percent_and_count(book: Book) -> Iterator[Entry]:
    """percent-and-count: a percentage is that of the count printed beside it."""
    counts = counted(book)
    for table, row, percent, digits in percentages(book):
        events = _events(table, row, counts)
        if events is None:
            continue
        bases = book.bases(row)
        if bases.kind == "printed":
            yield _against_count(table, row, percent, digits, events, bases.counts[0])
        elif bases.counts:
            yield _without_base(table, row, percent, digits, events, bases)
        else:
            note = f"{events} people and {percent:g}% stand together, but no base is printed."
            yield Entry("percent-and-count", table, row[ab.KEYS[table]], row, ab.UNTESTED, note)


def _against_count(table: str, row: Row, percent: float, digits: int, events: int, n: int) -> Entry:
    exact = 100 * events / n if n else 0.0
    half, sign = half_unit(percent, digits), ab.bound(row.get("value_text"))
    fits = {
        ">": exact > percent - half,
        "<": exact < percent + half,
        "~": abs(exact - percent) <= 5,  # a round figure is allowed five points
        "": abs(exact - percent) <= half + 1e-9,
    }[sign]
    printed = (
        f"{row['value_text']} beside {events} of {n}" if sign else f"{percent:g}% beside {events} of {n}"
    )
    shown = f"{exact:.{digits + 1}f}%"
    severity, note = ab.CONSISTENT, f"{events} of {n} is {shown}, as printed."
    if not fits:
        wrong = row["value_text"] if sign else f"{percent:g}%"
        severity, note = ab.DISAGREES, f"{events} of {n} is {shown}, not {wrong}."
        if not sign and 0 <= exact - percent < 2 * half:
            severity, note = ab.CHECK, f"{note} Digits were cut off instead of rounded."
    args = (severity, note, printed, shown, abs(exact - percent))
    return Entry("percent-and-count", table, row[ab.KEYS[table]], row, *args)


def _without_base(table: str, row: Row, percent: float, digits: int, events: int, bases: Bases) -> Entry:
    least, most = grim_bases(percent, events, digits)
    wanted = f"{least} to {most}" if most else f"{least} or more"
    if any(least <= n and (most is None or n <= most) for n in bases.counts):
        severity, note = ab.CONSISTENT, f"{events} people are {percent:g}% of {wanted}, which holds."
        return Entry("percent-and-count", table, row[ab.KEYS[table]], row, severity, note)
    n = bases.counts[0]
    exact = f"{100 * events / n:.{digits + 1}f}%"
    note = (
        f"{events} people are called {percent:g}%, which needs a base of {wanted}; "
        f"of the {n} people counted they are {exact}."
    )
    args = (ab.DISAGREES, note, f"{events} people, {percent:g}%", f"{exact} of {n}")
    return Entry("percent-and-count", table, row[ab.KEYS[table]], row, *args, abs(100 * events / n - percent))


def percent_of_whole_people(book: Book) -> Iterator[Entry]:
    """percent-of-whole-people: some whole number of people out of the base gives the percentage (GRIM)."""
    counts = counted(book)
    for table, row, percent, digits in percentages(book):
        if _events(table, row, counts) is not None:
            continue  # the count itself is held against the percentage
        severity, note, recomputed, gap = _whole_people(row, percent, digits, book.bases(row))
        key = row[ab.KEYS[table]]
        printed = f"{percent:g}%"
        yield Entry("percent-of-whole-people", table, key, row, severity, note, printed, recomputed, gap)


def _whole_people(row: Row, percent: float, digits: int, bases: Bases) -> tuple[str, str, str, float | None]:
    size = 100 * 10**digits
    if ab.bound(row.get("value_text")):
        return ab.UNTESTED, "the figure is a bound or a round figure", "", None
    if percent in (0, 100):
        return ab.UNTESTED, "0% and 100% are possible with any base", "", None
    if not bases.counts:
        return ab.UNTESTED, "no base is printed", "", None
    fitting = [n for n in bases.counts if grim(percent, n, digits)]
    if any(n >= size for n in bases.counts):
        return (
            ab.UNTESTED,
            f"every percentage of {digits} decimals is possible with {size} people or more",
            "",
            None,
        )
    if fitting:
        return ab.CONSISTENT, f"a whole number of {fitting[0]} people gives {percent:g}%.", "", None
    n = bases.counts[0]
    below = int(percent * n / 100)
    near = [f"{k} would be {100 * k / n:.{digits + 1}f}%" for k in (below, below + 1) if k <= n]
    gap = min(abs(100 * k / n - percent) for k in (below, below + 1))
    tried = " or ".join(str(c) for c in bases.counts)
    note = f"No whole number of {tried} people is {percent:g}%: of {n}, {' and '.join(near)}."
    others = grim_counts(percent, bases.most or n, digits)
    if others and bases.kind != "printed":
        listed = ", ".join(f"{k} of {m}" for k, m in others[::-1][:3])
        note += f" A base that is not printed would do, such as {listed}."
    elif not others:
        note += " Nor of any smaller number."
    severity = ab.CHECK if bases.kind == "study" else ab.IMPOSSIBLE
    return severity, note, " / ".join(near), gap


def shared_base(book: Book) -> Iterator[Entry]:
    """shared-base: percentages of one arm on one scale, printed without a base, can share a base."""
    counts = counted(book)
    groups: dict[tuple[Any, ...], list[tuple[str, Row, float, int]]] = defaultdict(list)
    for table, row, percent, digits in percentages(book):
        if table == "studies" or row["n"] is not None or ab.bound(row["value_text"]):
            continue
        if _events(table, row, counts) is not None:
            continue
        place: tuple[Any, ...] = ()
        if table == "results":
            outcome = book.outcomes[row["outcome_id"]]
            place = (
                outcome["instrument"] or outcome["domain"],
                row["timepoint"],
                row["week"],
                row["population"],
            )
        groups[(table, row["study_id"], row["arm_id"], *place)].append((table, row, percent, digits))
    for members in groups.values():
        if len(members) < 2:
            continue
        table, row, _, digits = members[0]
        keys = " + ".join(m[1][ab.KEYS[table]] for m in members)
        most = book.bases(row).most
        listed = " and ".join(f"{m[2]:g}%" for m in members)
        if most is None or most >= 100 * 10 ** max(m[3] for m in members):
            note = "with an unknown number of people, or many, any percentages can share a base"
            yield Entry("shared-base", table, keys, row, ab.UNTESTED, note, listed)
            continue
        allowed = [{n for _, n in grim_counts(m[2], most, m[3])} for m in members]
        common = sorted(set.intersection(*allowed))
        if common:
            note = f"{listed} can share a base of {', '.join(map(str, common))}."
            yield Entry("shared-base", table, keys, row, ab.CONSISTENT, note, listed)
            continue
        each = "; ".join(
            f"{m[2]:g}% needs {' or '.join(map(str, sorted(a))) or 'more'}"
            for m, a in zip(members, allowed, strict=True)
        )
        note = f"{listed} cannot share a base of at most {most} people: {each}."
        yield Entry("shared-base", table, keys, row, ab.DISAGREES, note, listed, each)


def mean_of_whole_numbers(book: Book) -> Iterator[Entry]:
    """mean-of-whole-numbers: whole-number scores of n people can have the printed mean (GRIM)."""
    means: dict[str, list[float]] = defaultdict(list)
    for row in book.rows["results"]:
        if row["statistic"] == "mean" and row["value"] is not None:
            means[row["outcome_id"]].append(row["value"])
    for row in book.rows["results"]:
        value = row["value"]
        if row["statistic"] != "mean" or value is None:
            continue
        items = _whole_items(book.outcomes[row["outcome_id"]], row)
        if items is None:
            continue
        # One table prints its means with as many decimals: 3 beside 4.3 was printed as 3.0.
        digits = max(decimals(mean) for mean in means[row["outcome_id"]])
        yield _mean_entry(row, value, digits, items)


def _whole_items(outcome: Row, row: Row) -> int | None:
    """Return the answers averaged in a person on a whole-number scale, or None for other scales."""
    for pattern, items in WHOLE_SCALES.items():
        if re.search(pattern, outcome["instrument"] or ""):
            return items
    return 1 if row["unit"] in _WHOLE_UNITS else None


def _mean_entry(row: Row, mean: float, digits: int, items: int) -> Entry:
    rule, key, n = "mean-of-whole-numbers", row["result_id"], row["n"]
    if n is None:
        return Entry(rule, "results", key, row, ab.UNTESTED, "the number of people is not printed")
    parts = n * items
    if parts >= 10 ** max(digits, decimals(mean)):
        note = f"with {10**digits} answers or more every mean of {digits} decimals is possible"
        return Entry(rule, "results", key, row, ab.UNTESTED, note)
    printed = f"mean {mean:.{digits}f} of {n} people"
    if grim_mean(mean, n, digits, items):
        total = round(mean * parts)
        note = f"{total} / {parts} is {total / parts:.{digits + 1}f}."
        return Entry(rule, "results", key, row, ab.CONSISTENT, note, printed)
    below = int(mean * parts)
    near = [f"a sum of {k} gives {k / parts:.{digits + 1}f}" for k in (below, below + 1)]
    fits = [m for m in range(n - 1, 1, -1) if m * items < 10**digits and grim_mean(mean, m, digits, items)]
    note = f"Whole-number scores of {n} people cannot have a mean of {mean:.{digits}f}: {' and '.join(near)}."
    if fits:
        note += f" With {fits[0]} people it would be possible."
    gap = min(abs(k / parts - mean) for k in (below, below + 1))
    return Entry(rule, "results", key, row, ab.IMPOSSIBLE, note, printed, " / ".join(near), gap)


RULES = (percent_and_count, percent_of_whole_people, shared_base, mean_of_whole_numbers)
