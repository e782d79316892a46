"""Rules of the audit that recompute a printed p-value or standardised difference from summary data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ldnevidence import effects
from ldnevidence.audit import book as ab
from ldnevidence.audit.book import Book, Entry, Row
from ldnevidence.audit.comparisons import Range, printed_p, show_p, z_gap
from ldnevidence.audit.granularity import half_unit
from ldnevidence.audit.inputs import before_after, half_of, sds_of
from ldnevidence.audit.numbers import change_sd_range, chi_squared, cohen_d, f_tail, tail

_DEGREES = re.compile(r"\((\d+),\s*(\d+)\)|(\d+) and (\d+) degrees")


def _single(p: float) -> Range:
    return (p, p)


def _fits(row: Row, p: float) -> bool:
    return z_gap(printed_p(row) or (0.0, 1.0), _single(p)) == 0


def smd_of_means(book: Book) -> Iterator[Entry]:
    """smd-of-means: a standardised difference is possible with the printed means and SDs of the arms.

    It may rest on the means at the end, or on the changes, whose SD lies within bounds that the SDs before
    and after set.
    """
    for row in book.rows["contrasts"]:
        if row["measure"] != "SMD" or row["estimate"] is None or row["kind"] != "between arms":
            continue
        sides = [before_after(book, row, row[arm], row["population"]) for arm in ("arm_1", "arm_2")]
        if sides[0] is None or sides[1] is None:
            continue
        rows = [r for side in sides for r in side]  # type: ignore[union-attr]
        sds, sizes = sds_of(*rows), [rows[1]["n"], rows[3]["n"]]
        key = row["contrast_id"]
        if sds is None or None in sizes or min(sizes) < 2:
            note = "the means carry no SD, or the numbers of people are not printed"
            yield Entry("smd-of-means", "contrasts", key, row, ab.UNTESTED, note)
            continue
        yield _smd_entry(row, rows, sds, sizes)


def _smd_entry(row: Row, rows: list[Row], sds: list[float], sizes: list[int]) -> Entry:
    printed, half = abs(row["estimate"]), half_unit(row["estimate"])
    means = [r["value"] for r in rows]
    at_end = abs(cohen_d(means[1], sds[1], sizes[0], means[3], sds[3], sizes[1]))
    # Rounding of two means moves d by up to a unit of their last decimal over the SD.
    slack = half + (half_of(rows[1], rows) + half_of(rows[3], rows)) / min(sds[1], sds[3])
    bounds = [change_sd_range(*sds[:2]), change_sd_range(*sds[2:])]
    weights = [n - 1 for n in sizes]
    pooled = [
        math.sqrt(sum(w * max(b[i], 1e-9) ** 2 for w, b in zip(weights, bounds, strict=True)) / sum(weights))
        for i in (0, 1)
    ]
    change = abs((means[1] - means[0]) - (means[3] - means[2]))
    moved = sum(half_of(r, rows) for r in rows)
    allowed = (max(0.0, change - moved) / pooled[1], (change + moved) / pooled[0])
    fits = abs(at_end - printed) <= slack or allowed[0] - half <= printed <= allowed[1] + half
    text = f"{at_end:.2f} at the end; {allowed[0]:.2f} to {allowed[1]:.2f} for the changes"
    note = f"The means and SDs give d = {text}; printed is {row['estimate']:g}."
    severity = ab.CONSISTENT if fits else ab.DISAGREES
    key = row["contrast_id"]
    return Entry("smd-of-means", "contrasts", key, row, severity, note, f"d = {row['estimate']:g}", text)


def smd_and_p(book: Book) -> Iterator[Entry]:
    """smd-and-p: a standardised difference of two arms and the p of the same comparison fit each other."""
    for row in book.rows["contrasts"]:
        if (
            row["measure"] != "SMD"
            or row["estimate"] is None
            or row["paired"]
            or row["kind"] != "between arms"
        ):
            continue
        sizes = [book.arm_n(row["arm_1"]), book.arm_n(row["arm_2"])]
        source = row if row["p"] is not None else _sibling(book, row)
        if source is None or None in sizes or (source["p_operator"] or "=") != "=":
            continue
        n_1, n_2 = (int(n) for n in sizes if n)
        yield _smd_p_entry(row, source, n_1, n_2)


def _sibling(book: Book, row: Row) -> Row | None:
    """Return the difference with a p-value that a standardised difference stands beside."""
    places = ("outcome_id", "arm_1", "arm_2", "population", "week", "kind")
    others = [
        other
        for other in book.rows["contrasts"]
        if other is not row and other["p"] is not None and other["measure"] in ("MD", "DID")
        and all(other[c] == row[c] for c in places)
    ]  # fmt: skip
    return others[0] if len(others) == 1 else None


def _smd_p_entry(row: Row, source: Row, n_1: int, n_2: int) -> Entry:
    d, half = abs(row["estimate"]), half_unit(row["estimate"])
    scale = math.sqrt(n_1 * n_2 / (n_1 + n_2))
    # Welch's test has fewer degrees of freedom than Student's, at worst those of the smaller arm.
    dfs = (n_1 + n_2 - 2, min(n_1, n_2) - 1)
    ends = [tail(max(0.0, d + s) * scale, df) for df in dfs for s in (-half, half)]
    allowed = (min(ends), max(ends))
    gap = z_gap(printed_p(source) or (0.0, 1.0), allowed)
    text = f"p from {ab.p_text(allowed[0])} to {ab.p_text(allowed[1])}"
    note = f"d = {d:g} with {n_1} and {n_2} people goes with {text}; printed is {show_p(source)}."
    severity = ab.CONSISTENT
    if gap > 0:
        adjusted = source["adjusted"] and source is not row
        severity = ab.CHECK if adjusted or gap <= 0.5 else ab.DISAGREES
        note += " That p is of an adjusted difference, and d may be of the raw one." if adjusted else ""
    key = row["contrast_id"]
    printed = f"d = {row['estimate']:g}, {show_p(source)}"
    return Entry("smd-and-p", "contrasts", key, row, severity, note, printed, text)


def two_groups(book: Book) -> Iterator[Entry]:
    """p-of-two-means: the p of two groups is that of a t test on their printed means, SDs and numbers."""
    for row in book.rows["contrasts"]:
        if row["kind"] not in ("between arms", "between subgroups") or row["measure"] not in (
            "P",
            "MD",
            "DIR",
        ):
            continue
        if row["p"] is None or row["paired"] or row["adjusted"]:
            continue
        groups = _two_rows(book, row, "mean")
        sds = sds_of(*groups) if groups else None
        if groups is None or sds is None or any((r["n"] or 0) < 2 for r in groups):
            continue
        values = [(r["value"], sd, r["n"]) for r, sd in zip(groups, sds, strict=True)]
        welch = effects.welch_t(*values[0], *values[1]).p_value
        pooled = effects.pooled_t(*values[0], *values[1]).p_value
        text = f"Welch's t test gives p {ab.p_text(welch)}, the t test with a pooled SD p {ab.p_text(pooled)}"
        fits = [_fits(row, welch), _fits(row, pooled)]
        severity, note = ab.CONSISTENT, f"{text}; printed is {show_p(row)}."
        if fits == [True, False]:
            severity = ab.NOTE
            note += " It is Welch's test, which does not take the two variances to be equal."
        elif not any(fits):
            severity = ab.DISAGREES
        key = row["contrast_id"]
        printed = " and ".join(f"{m:g} (SD {s:g}, n {n})" for m, s, n in values) + f", {show_p(row)}"
        recomputed = f"p {ab.p_text(welch)} / {ab.p_text(pooled)}"
        gap = min(abs(welch - row["p"]), abs(pooled - row["p"]))
        yield Entry("p-of-two-means", "contrasts", key, row, severity, note, printed, recomputed, gap)


def _two_rows(book: Book, row: Row, statistic: str) -> list[Row] | None:
    """Return the two figures that a contrast compares: its arms, or the only two subgroups."""
    rows = [
        r
        for r in book.results[row["outcome_id"]]
        if r["statistic"] == statistic and r["value"] is not None and r["timepoint"] != "baseline"
    ]
    if row["kind"] == "between subgroups":
        found = [r for r in rows if r["arm_id"] == row["arm_1"] and r["population"] != "all"]
        different = len({r["population"] for r in found}) == 2
    else:
        found = [r for r in rows if r["arm_id"] in (row["arm_1"], row["arm_2"])]
        found = [r for r in found if r["population"] == row["population"]]
        found.sort(key=lambda r: r["arm_id"] != row["arm_1"])
        different = len({r["arm_id"] for r in found}) == 2
    return found if len(found) == 2 and different else None


def counts_and_p(book: Book) -> Iterator[Entry]:
    """p-of-counts: the p of two groups is that of a test of their printed counts."""
    for row in book.rows["contrasts"]:
        if row["kind"] not in ("between arms", "between subgroups") or row["p"] is None or row["paired"]:
            continue
        if row["measure"] not in ("P", "DIR", "RD", "RR", "OR") or row["adjusted"]:
            continue
        groups = _two_rows(book, row, "events")
        if groups and all(r["n"] for r in groups):
            counts = [(int(r["value"]), r["n"]) for r in groups]
            yield _counts_entry("contrasts", row["contrast_id"], row, counts)
    for row in book.rows["adverse_events"]:
        other = _reference_event(book, row) if row["p"] is not None else None
        if other and row["unit"] == "people" and row["events"] is not None and row["n"]:
            counts = [(row["events"], row["n"]), (other["events"], other["n"])]
            yield _counts_entry("adverse_events", row["ae_id"], row, counts)


def _reference_event(book: Book, row: Row) -> Row | None:
    """Return the same event in the study's placebo arm, where it is the one compared with."""
    if "placebo" not in (row["p_text"] or "placebo"):
        return None
    for other in book.rows["adverse_events"]:
        arm = book.arms.get(other["arm_id"] or "", {})
        same = other["study_id"] == row["study_id"] and other["event"].lower() == row["event"].lower()
        if same and arm.get("role") == "placebo" and other["events"] is not None and other["n"]:
            return None if other is row else other
    return None


def _counts_entry(table: str, key: str, row: Row, counts: list[tuple[int, int]]) -> Entry:
    (a, n_1), (c, n_2) = counts
    fisher = effects.fisher_exact(a, n_1, c, n_2)
    plain, corrected = (chi_squared(a, n_1, c, n_2, correct=yes) for yes in (False, True))
    text = f"Fisher's exact test gives p {ab.p_text(fisher)}, chi-squared p {ab.p_text(plain)}"
    note = f"{a} of {n_1} against {c} of {n_2}: {text}; printed is {show_p(row)}."
    severity = ab.CONSISTENT
    if not _fits(row, fisher):
        severity = ab.NOTE if _fits(row, plain) or _fits(row, corrected) else ab.DISAGREES
        expected = min(n_1, n_2) * min(a + c, n_1 + n_2 - a - c) / (n_1 + n_2)
        if expected < 5:
            note += f" The smallest expected count is {expected:.2g}, too few for chi-squared."
    printed = f"{a}/{n_1} and {c}/{n_2}, {show_p(row)}"
    recomputed = f"p {ab.p_text(fisher)} (exact)"
    gap = abs(fisher - row["p"]) if row["p_operator"] == "=" else None
    return Entry("p-of-counts", table, key, row, severity, note, printed, recomputed, gap)


def p_of_statistic(book: Book) -> Iterator[Entry]:
    """p-of-statistic: p is that of the printed F, or of the printed correlation and its n."""
    for row in book.rows["contrasts"]:
        if row["measure"] not in ("F", "T", "RHO") or row["estimate"] is None or row["p"] is None:
            continue
        key, value, half = row["contrast_id"], row["estimate"], half_unit(row["estimate"])
        if row["measure"] == "RHO":
            if not row["n"] or row["n"] < 3:
                continue
            allowed = sorted(_correlation_p(value + s, row["n"]) for s in (-half, half))
            name = f"rho {value:g} of {row['n']} people"
        else:
            degrees = _degrees(row)
            if degrees is None:
                note = "the degrees of freedom are not printed"
                yield Entry("p-of-statistic", "contrasts", key, row, ab.UNTESTED, note)
                continue
            square = row["measure"] == "T"
            scaled = [abs(value) + s for s in (-half, half)]
            allowed = sorted(f_tail(max(1e-9, v**2 if square else v), *degrees) for v in scaled)
            name = f"{row['measure']}({degrees[0]:g}, {degrees[1]:g}) = {value:g}"
        severity = (
            ab.CONSISTENT
            if z_gap(printed_p(row) or (0.0, 1.0), (allowed[0], allowed[1])) == 0
            else ab.DISAGREES
        )
        text = f"p {ab.p_text(sum(allowed) / 2)}"
        note = f"{name} gives {text}; printed is {show_p(row)}."
        yield Entry("p-of-statistic", "contrasts", key, row, severity, note, f"{name}, {show_p(row)}", text)


def _correlation_p(r: float, n: int) -> float:
    r = max(-0.999999, min(0.999999, r))
    return tail(r * math.sqrt((n - 2) / (1 - r**2)), n - 2)


def _degrees(row: Row) -> tuple[float, float] | None:
    """Return the degrees of freedom of an F or t statistic, out of its own column or the name of the test."""
    if row["measure"] == "T":
        return (1.0, row["df"]) if row["df"] else None
    match = _DEGREES.search(f"{row['test'] or ''} {row['measure_text'] or ''}")
    if match is None:
        return None
    first, second = (float(g) for g in match.groups() if g)
    return first, row["df"] or second


RULES = (smd_of_means, smd_and_p, two_groups, counts_and_p, p_of_statistic)
