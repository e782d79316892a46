"""Rules of the audit on estimates, intervals and p-values."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from ldnevidence.audit import book as ab
from ldnevidence.audit.book import Book, Entry, Row
from ldnevidence.audit.granularity import half_unit
from ldnevidence.audit.numbers import hochberg, p_from_interval, quantile, tail, two_tailed

RATIOS = frozenset({"RR", "OR", "HR"})
DIFFERENCES = frozenset({"MD", "MC", "SMD", "RD", "DID", "PCD", "PCC"})
LARGE_SMD = 3.0
FEW_DF = 20  # where nothing is known of the size of a comparison, t with this many degrees of freedom or more
NEAR = 0.01  # on the scale of z: close enough for an explanation
CLEAR_GAP = 0.5  # on the scale of z: what another test of the same data hardly explains

Range = tuple[float, float]


def intervals(book: Book) -> list[tuple[str, Row, tuple[float, float, float], tuple[float, float, float]]]:
    """Return estimates with intervals: table, row, (estimate, low, high), half a unit of each."""
    places = (("contrasts", "estimate", "ci_low", "ci_high"), ("pooled", "estimate", "ci_low", "ci_high"),
              ("results", "value", "low", "high"))  # fmt: skip
    found = []
    for table, *columns in places:
        for row in book.rows[table]:
            if table == "results" and row["limits_kind"] != "ci":
                continue
            if table != "results" and row["measure"] not in RATIOS | DIFFERENCES:
                continue
            values = [row[c] for c in columns]
            if None in values:
                continue
            digits = [ab.printed_decimals(v, values[:i] + values[i + 1 :]) for i, v in enumerate(values)]
            halves = [half_unit(v, d) for v, d in zip(values, digits, strict=True)]
            found.append((table, row, tuple(values), tuple(halves)))
    return found  # type: ignore[return-value]


def _scaled(row: Row, values: Sequence[float], halves: Sequence[float]) -> list[Range]:
    """Return the range of each number before rounding, on the scale on which intervals are symmetric."""
    ranges = [(v - h, v + h) for v, h in zip(values, halves, strict=True)]
    if row.get("measure") in RATIOS:
        return [(math.log(max(low, 1e-12)), math.log(high)) for low, high in ranges]
    return ranges


def interval_is_centred(book: Book) -> Iterator[Entry]:
    """interval-is-centred: the estimate is the middle of its interval (of logarithms for ratios)."""
    for table, row, values, halves in intervals(book):
        if row.get("measure") in RATIOS and values[1] <= 0:
            continue
        y, low, high = _scaled(row, values, halves)
        middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
        apart = max(0.0, middle[0] - y[1], y[0] - middle[1])
        ratio = row.get("measure") in RATIOS
        centre = math.sqrt(values[1] * values[2]) if ratio else (values[1] + values[2]) / 2
        printed = f"{values[0]:g} ({values[1]:g} to {values[2]:g})"
        key = row[ab.KEYS[table]]
        name = "geometric middle" if ratio else "middle"
        note = f"The {name} of {values[1]:g} to {values[2]:g} is {centre:.4g}; the estimate is {values[0]:g}."
        severity = ab.CONSISTENT if apart <= 1e-9 else ab.CHECK
        gap = abs(centre - values[0])
        yield Entry("interval-is-centred", table, key, row, severity, note, printed, f"{centre:.4g}", gap)


def printed_p(row: Row) -> Range | None:
    """Return the range of two-tailed p-values that a printed p stands for."""
    p = row["p"]
    if p is None:
        return None
    half = half_unit(p)
    low, high = {"=": (p - half, p + half), "<": (0.0, p), "<=": (0.0, p), ">": (p, 1.0), ">=": (p, 1.0)}[
        row["p_operator"] or "="
    ]
    low, high = max(0.0, low), min(1.0, high)
    if row.get("tails") == 1:
        low, high = 2 * low, min(1.0, 2 * high)
    return low, high


def show_p(row: Row) -> str:
    """Write a p-value as it was printed."""
    tails = "one-tailed " if row.get("tails") == 1 else ""
    return f"{tails}p {row['p_operator'] or '='} {row['p']:g}"


def _z(p: float) -> float:
    return abs(NormalDist().inv_cdf(max(p, 1e-12) / 2))


def z_gap(printed: Range, recomputed: Range) -> float:
    """Return how far two ranges of p-values lie apart on the scale of z; 0 where they overlap."""
    if printed[0] <= recomputed[1] * (1 + 1e-6) and recomputed[0] <= printed[1] * (1 + 1e-6):
        return 0.0
    if printed[0] > recomputed[1]:
        return _z(recomputed[1]) - _z(printed[0])
    return _z(printed[1]) - _z(recomputed[0])


def degrees(book: Book, table: str, row: Row) -> list[float]:
    """Return the degrees of freedom that the row's interval can have, infinity (normal) included."""
    if table == "pooled":
        return [math.inf] + ([row["k"] - 1.0] if row["k"] and row["k"] > 1 else [])
    if row["paired"]:
        known = _known_df(book, table, row)
        return [math.inf, FEW_DF if math.isinf(known) else known]
    sizes = [book.arm_n(row["arm_1"]), book.arm_n(row["arm_2"])]
    people = sum(n or 0 for n in sizes) if None not in sizes else row["n"] or 0
    return [math.inf, people - 2.0 if people > 2 else FEW_DF]


def _known_df(book: Book, table: str, row: Row) -> float:
    """Return n - 1 for a change within a known number of people, else infinity."""
    n = (row["n"] or book.arm_n(row["arm_1"])) if table == "contrasts" and row["paired"] else None
    return n - 1.0 if n and n > 1 else math.inf


def p_range(row: Row, values: Sequence[float], halves: Sequence[float], dfs: Sequence[float]) -> Range:
    """Return the p-values that an interval allows, given the rounding of its numbers and its freedom."""
    y, low, high = _scaled(row, values, halves)
    least = 0.0 if y[0] <= 0 <= y[1] else min(abs(y[0]), abs(y[1]))
    most = max(abs(y[0]), abs(y[1]))
    width = (max(high[0] - low[1], 1e-12), high[1] - low[0])
    level = row["level"] or 95.0
    ends = []
    for df in dfs:
        q = 2 * quantile(level, df)
        ends += [tail(most * q / width[0], df), tail(least * q / width[1], df)]
    return min(ends), max(ends)


def p_of_interval(book: Book) -> Iterator[Entry]:
    """p-of-interval: the p-value is that of the estimate and its interval."""
    for table, row, values, halves in intervals(book):
        printed = printed_p(row) if table != "results" else None
        if printed is None or (row["measure"] in RATIOS and values[1] <= 0):
            continue
        dfs = degrees(book, table, row)
        found = p_range(row, values, halves, dfs)
        gap = z_gap(printed, found)
        level = row["level"] or 95.0
        ratio = row["measure"] in RATIOS
        df = _known_df(book, table, row)
        exact = p_from_interval(*values, level=level, ratio=ratio, df=df)
        exact_text = f"one-tailed {ab.p_text(exact / 2)}" if row.get("tails") == 1 else ab.p_text(exact)
        interval = f"{values[0]:g} ({level:g}% interval {values[1]:g} to {values[2]:g})"
        text = f"{interval}, {show_p(row)}"
        note = f"The interval gives p {exact_text}; printed is {show_p(row)}."
        severity = ab.CONSISTENT
        if gap > 0:
            severity, why = _explain(book, table, row, values, halves, printed, exact, gap)
            note = f"{note} {why}"
        gap_p = abs(exact - row["p"]) if row["p_operator"] in ("=", None) and row.get("tails") != 1 else None
        key = row[ab.KEYS[table]]
        yield Entry("p-of-interval", table, key, row, severity, note, text, f"p {exact_text}", gap_p)


def _explain(
    book: Book, table: str, row: Row, values: Sequence[float], halves: Sequence[float],
    printed: Range, exact: float, gap: float,
) -> tuple[str, str]:  # fmt: skip
    """Return how grave a p-value beside its interval is, and what may explain it."""
    if table == "contrasts" and (m := _fits_correction(book, row, printed)):
        return ab.CHECK, (
            f"It fits a p corrected for {m} comparisons, while the interval is not corrected; "
            "the correction is not printed."
        )
    if table == "pooled" and not row["k"] and z_gap(printed, p_range(row, values, halves, [1.0])) < NEAR:
        return ab.NOTE, (
            "Both hold if the interval rests on Student's t with 1 degree of freedom, "
            "as Hartung and Knapp's does with two studies; the number of studies is not printed."
        )
    alpha = 1 - (row["level"] or 95.0) / 100
    if (exact < alpha) != (printed[1] <= alpha) and (printed[0] > alpha or printed[1] <= alpha):
        return ab.DISAGREES, "One is significant and the other is not."
    if gap > CLEAR_GAP:
        return ab.DISAGREES, "Rounding cannot explain it."
    return ab.CHECK, "Rounding alone does not explain it; p may come from another test than the interval."


def _fits_correction(book: Book, row: Row, printed: Range) -> int:
    """Return the number of comparisons whose Hochberg correction gives the printed p, or 0."""
    family = []
    for table, other, values, _ in intervals(book):
        same = all(other.get(c) == row[c] for c in ("outcome_id", "kind", "week", "population"))
        if table == "contrasts" and same and other["p"] is not None:
            ratio = other["measure"] in RATIOS
            family.append((other, p_from_interval(*values, level=other["level"] or 95.0, ratio=ratio)))
    if len(family) < 2:
        return 0
    corrected = hochberg(p for _, p in family)
    # All of the family must fit the same story, not only the p in question.
    for (other, _), p in zip(family, corrected, strict=True):
        p_printed = printed_p(other) or (0.0, 1.0)
        if z_gap(printed if other is row else p_printed, (p, p)) > NEAR:
            return 0
    return len(family)


def one_tailed(book: Book) -> Iterator[Entry]:
    """one-tailed: a one-tailed p-value below 0.05 stays below it with two tails."""
    for row in book.rows["contrasts"]:
        if row["tails"] != 1 or row["p"] is None:
            continue
        both = two_tailed(row["p"])
        key, printed = row["contrast_id"], show_p(row)
        if row["p"] < 0.05 <= both:
            note = f"One-tailed p is {row['p']:g}; two-tailed it is {both:.3g}, which is not below 0.05."
            if row["ci_low"] is not None and row["ci_low"] <= 0 <= row["ci_high"]:
                note += f" The interval {row['ci_low']:g} to {row['ci_high']:g} holds zero."
            yield Entry(
                "one-tailed", "contrasts", key, row, ab.CHECK, note, printed, f"p {both:.3g}", row["p"]
            )
        else:
            sign = "" if row["p_operator"] == "=" else f"{row['p_operator']} "
            note = f"Two-tailed p is {sign}{both:.3g}."
            yield Entry("one-tailed", "contrasts", key, row, ab.CONSISTENT, note, printed, f"p {both:.3g}")


def size_of_smd(book: Book) -> Iterator[Entry]:
    """size-of-smd: a standardised difference is of a size that people can show."""
    for table in ("contrasts", "pooled"):
        for row in book.rows[table]:
            if row["measure"] != "SMD" or row["estimate"] is None:
                continue
            d, key = abs(row["estimate"]), row[ab.KEYS[table]]
            severity, note = ab.CONSISTENT, f"A standardised difference of {d:g} is possible."
            if d > LARGE_SMD:
                severity = ab.CHECK
                note = (
                    f"A standardised difference of {d:g} is hardly possible: 0.8 counts as large, and beyond "
                    f"{LARGE_SMD:g} the groups hardly overlap. Standard errors taken for SDs do that."
                )
            yield Entry("size-of-smd", table, key, row, severity, note, f"SMD {row['estimate']:g}")


def same_figures_twice(book: Book) -> Iterator[Entry]:
    """same-figures-twice: two outcomes of one work do not carry the same estimate and interval."""
    seen: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for table, row, values, _ in intervals(book):
        if table == "results":
            continue
        what = row["outcome_id"] if table == "contrasts" else row["outcome"]
        twins = [r for r in seen[(table, row["study_id"], *values)] if r[0] != what]  # type: ignore[index]
        key = row[ab.KEYS[table]]
        printed = f"{values[0]:g} ({values[1]:g} to {values[2]:g})"
        seen[(table, row["study_id"], *values)].append((what, key, row))  # type: ignore[arg-type]
        if not twins:
            yield Entry(
                "same-figures-twice", table, key, row, ab.CONSISTENT, "no other outcome has these figures"
            )
            continue
        other = twins[0][2]  # type: ignore[index]
        note = f"{printed} is also printed for {twins[0][0]}"  # type: ignore[index]
        note += (
            "." if (other["p"], other["p_operator"]) == (row["p"], row["p_operator"]) else ", with another p."
        )
        yield Entry("same-figures-twice", table, key, row, ab.CHECK, f"{note} One may be a slip.", printed)


RULES = (interval_is_centred, p_of_interval, one_tailed, size_of_smd, same_figures_twice)
