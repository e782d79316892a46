"""Rules of the audit that recompute a printed comparison from the printed figures of its arms."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ldnevidence.audit import book as ab
from ldnevidence.audit.book import Book, Entry, Row
from ldnevidence.audit.comparisons import Range, intervals, printed_p, show_p, z_gap
from ldnevidence.audit.granularity import half_unit
from ldnevidence.audit.numbers import change_sd_range, quantile, tail

_STATISTICS = {
    "MD": ("mean change", "mean"),
    "DID": ("mean change", "mean"),
    "PCD": ("percent change",),
    "RD": ("percent of people",),
}
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}%?\s+(?:versus|vs\.?|against)\s+{_NUMBER}")


def _figures(book: Book, contrast: Row, arm: str | None, statistics: tuple[str, ...]) -> list[Row]:
    """Return the figures of an arm that a contrast can rest on, changes and ends before baselines."""
    rows = [
        row
        for row in book.results[contrast["outcome_id"]]
        if row["arm_id"] == arm and row["statistic"] in statistics and row["value"] is not None
    ]
    rows = [r for r in rows if r["population"] == contrast["population"] and r["timepoint"] != "baseline"]
    week = contrast["week"]
    return [r for r in rows if week is None or r["week"] is None or r["week"] == week]


def half_of(row: Row, beside: list[Row]) -> float:
    """Return half a unit of the last decimal of a figure, judged with the same statistic of other rows."""
    others = [r["value"] for r in beside if r is not row and r["statistic"] == row["statistic"]]
    return half_unit(row["value"], ab.printed_decimals(row["value"], others))


def difference_of_arms(book: Book) -> Iterator[Entry]:
    """difference-of-arms: a printed difference is that of the printed figures of its arms."""
    for row in book.rows["contrasts"]:
        if row["kind"] != "between arms" or row["estimate"] is None:
            continue
        for statistic in _STATISTICS.get(row["measure"], ()):
            sides = [_figures(book, row, row[arm], (statistic,)) for arm in ("arm_1", "arm_2")]
            if len(sides[0]) == 1 and len(sides[1]) == 1:
                yield _difference(book, row, sides[0][0], sides[1][0])
                break


def _difference(book: Book, row: Row, one: Row, two: Row) -> Entry:
    beside = book.results[row["outcome_id"]]
    slack = half_of(one, beside) + half_of(two, beside) + half_unit(row["estimate"])
    found = one["value"] - two["value"]
    more = ab.bound(row["estimate_text"]) == ">"
    apart = abs(abs(found) - abs(row["estimate"]))
    fits = apart <= slack + 1e-9 or (more and abs(found) >= abs(row["estimate"]))
    printed = f"difference {row['estimate']:g}; arms {one['value']:g} and {two['value']:g}"
    note = f"{one['value']:g} less {two['value']:g} is {found:.3g}; printed is {row['estimate']:g}."
    severity = ab.CONSISTENT
    if not fits:
        severity = ab.CHECK if row["adjusted"] else ab.DISAGREES
        note += f" They are {apart:.2g} apart."
        note += " The printed one is adjusted, which may explain it." if row["adjusted"] else ""
    key = row["contrast_id"]
    return Entry("difference-of-arms", "contrasts", key, row, severity, note, printed, f"{found:.3g}", apart)


def pair_in_words(book: Book) -> Iterator[Entry]:
    """pair-in-words: a pair of figures told in words is that of the arms."""
    for row in book.rows["contrasts"]:
        match = _PAIR.search(row["estimate_text"] or "")
        if row["kind"] != "between arms" or match is None:
            continue
        told = [float(number) for number in match.groups()]
        statistics = ("mean change", "mean", "percent of people", "percent change", "median")
        sides = [_figures(book, row, row[arm], statistics) for arm in ("arm_1", "arm_2")]
        if len(sides[0]) != 1 or len(sides[1]) != 1:
            continue
        figures = [sides[0][0], sides[1][0]]
        beside = book.results[row["outcome_id"]]
        slack = [half_of(f, beside) + half_unit(t) for f, t in zip(figures, told, strict=True)]
        apart = [abs(f["value"] - t) for f, t in zip(figures, told, strict=True)]
        arms = f"{figures[0]['value']:g} and {figures[1]['value']:g}"
        printed, note = match.group(0), f"Told in words: {match.group(0)}; the arms are printed as {arms}."
        severity = ab.CONSISTENT
        if any(a > s + 1e-9 for a, s in zip(apart, slack, strict=True)):
            severity = ab.DISAGREES
            gap = figures[0]["value"] - figures[1]["value"]
            if abs(gap - told[0]) <= sum(half_of(f, beside) for f in figures) + half_unit(told[0]):
                note += f" {told[0]:g} looks like the difference between the arms ({gap:.3g})."
        key = row["contrast_id"]
        yield Entry("pair-in-words", "contrasts", key, row, severity, note, printed, arms, max(apart))


def before_after(book: Book, row: Row, arm: str | None, population: str) -> tuple[Row, Row] | None:
    """Return the means of an arm at baseline and at the end, where there is one of each."""
    rows = [
        r
        for r in book.results[row["outcome_id"]]
        if r["arm_id"] == arm and r["population"] == population
        and r["statistic"] == "mean" and r["value"] is not None
    ]  # fmt: skip
    before = [r for r in rows if r["timepoint"] == "baseline"]
    after = [r for r in rows if r["timepoint"] == "end"]
    return (before[0], after[0]) if len(before) == 1 and len(after) == 1 else None


def change_of_means(book: Book) -> Iterator[Entry]:
    """change-of-means: a mean change is the difference of the means before and after."""
    for row in book.rows["contrasts"]:
        if row["kind"] != "within arm" or row["measure"] != "MC" or row["estimate"] is None:
            continue
        pair = before_after(book, row, row["arm_1"], row["population"])
        if pair is None:
            continue
        before, after = pair
        slack = half_of(before, list(pair)) + half_of(after, list(pair)) + half_unit(row["estimate"])
        found = abs(after["value"] - before["value"])
        apart = abs(found - abs(row["estimate"]))
        severity = ab.CONSISTENT if apart <= slack + 1e-9 else ab.DISAGREES
        note = (
            f"{before['value']:g} to {after['value']:g} is {found:.3g}; {abs(row['estimate']):g} is printed."
        )
        printed = f"change {row['estimate']:g}; means {before['value']:g} and {after['value']:g}"
        key = row["contrast_id"]
        yield Entry("change-of-means", "contrasts", key, row, severity, note, printed, f"{found:.3g}", apart)


def sds_of(*rows: Row) -> list[float] | None:
    """Return the SDs of the rows, where each has one that is called so."""
    found = [r["dispersion"] for r in rows if r["dispersion_kind"] == "sd" and r["dispersion"]]
    return found if len(found) == len(rows) else None


def p_of_change(book: Book) -> Iterator[Entry]:
    """p-of-change: some correlation between before and after gives the printed p or interval of a change."""
    printed_intervals = {id(row): values for table, row, values, _ in intervals(book) if table == "contrasts"}
    for row in book.rows["contrasts"]:
        if row["kind"] != "within arm" or row["measure"] not in ("MC", "P", "DIR") or not row["paired"]:
            continue
        pair = before_after(book, row, row["arm_1"], row["population"])
        p = printed_p(row)
        if pair is None or (p is None and id(row) not in printed_intervals):
            continue
        yield _change_entry(book, row, pair, p, printed_intervals.get(id(row)))


def _change_entry(
    book: Book, row: Row, pair: tuple[Row, Row], p: Range | None, interval: tuple[float, float, float] | None
) -> Entry:
    rule, key, sds = "p-of-change", row["contrast_id"], sds_of(*pair)
    n = row["n"] or pair[0]["n"] or book.arm_n(row["arm_1"])
    if sds is None or not n or n < 2:
        note = "the means carry no SD that is called so, or the number of people is not printed"
        return Entry(rule, "contrasts", key, row, ab.UNTESTED, note)
    change = abs(pair[1]["value"] - pair[0]["value"])
    least, most = change_sd_range(*sds)
    spread = sum(half_unit(sd, 1) for sd in sds)
    least, most = max(least - spread, 1e-9), most + spread
    slack = half_of(pair[0], list(pair)) + half_of(pair[1], list(pair))
    allowed = (
        tail((change + slack) * math.sqrt(n) / least, n - 1),
        tail(max(0.0, change - slack) * math.sqrt(n) / most, n - 1),
    )
    text = f"p from {ab.p_text(allowed[0])} to {ab.p_text(allowed[1])}"
    printed = f"{pair[0]['value']:g} (SD {sds[0]:g}) to {pair[1]['value']:g} (SD {sds[1]:g}), {show_p(row)}"
    if interval is not None:
        sd = (interval[2] - interval[1]) / 2 * math.sqrt(n) / _quantile(row, n)
        note = (
            f"The interval implies changes with an SD of {sd:.2g}; the SDs allow {least:.2f} to {most:.2f}."
        )
        severity = ab.CONSISTENT if least * 0.98 <= sd <= most * 1.02 else ab.DISAGREES
        return Entry(rule, "contrasts", key, row, severity, note, printed, f"SD {sd:.2g}")
    gap = z_gap(p or (0.0, 1.0), allowed)
    note = f"The means and SDs of {n} people allow {text}; printed is {show_p(row)}."
    severity = ab.CONSISTENT if gap == 0 else ab.DISAGREES
    return Entry(rule, "contrasts", key, row, severity, note, printed, text)


def _quantile(row: Row, n: int) -> float:
    return quantile(row["level"] or 95.0, n - 1)


def percent_change(book: Book) -> Iterator[Entry]:
    """percent-change: a change in percent is that of the means before and after."""
    for row in book.rows["results"]:
        if row["statistic"] != "percent change" or row["value"] is None:
            continue
        pair = before_after(book, row, row["arm_id"], row["population"])
        if pair is None or pair[0]["value"] == 0:
            continue
        before, after = (r["value"] for r in pair)
        halves = [half_of(r, list(pair)) for r in pair]
        found = 100 * (after / before - 1)
        ends = [
            100 * ((after + a) / (before + b) - 1)
            for a in (-halves[1], halves[1])
            for b in (-halves[0], halves[0])
        ]
        half = half_unit(row["value"])
        fits = min(ends) - half <= row["value"] <= max(ends) + half
        severity = ab.CONSISTENT if fits else ab.DISAGREES
        note = f"From {before:g} to {after:g} is {found:.1f}%; printed is {row['value']:g}%."
        gap = abs(found - row["value"])
        key, printed = row["result_id"], f"{row['value']:g}%; means {before:g} and {after:g}"
        yield Entry("percent-change", "results", key, row, severity, note, printed, f"{found:.1f}%", gap)


RULES = (difference_of_arms, pair_in_words, change_of_means, p_of_change, percent_change)
