"""The rules between cells and rows: they accept every honest print and name what cannot be."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from broken_data import DataFolder
from hypothesis import given
from hypothesis import strategies as st

from ldnevidence import rules, schema

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
DIGITS = st.integers(0, 3)


def printed(events: int, n: int, digits: int, rounding: str) -> str:
    """Return the percentage as a paper prints it, worked out exactly."""
    exact = Decimal(100 * events) / Decimal(n)
    return str(exact.quantize(Decimal(1).scaleb(-digits), rounding=rounding))


@given(COUNTS, DIGITS, st.sampled_from([ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN]))
def test_every_honest_rounding_of_a_count_agrees_with_it(count, digits, rounding):
    text = printed(*count, digits, rounding)
    # A file may have lost the final zeros of a print, which only makes the check wider.
    assert rules.agrees(text, *count)
    assert rules.agrees(text.rstrip("0").rstrip(".") if "." in text else text, *count)


@given(COUNTS, DIGITS)
def test_a_percentage_that_is_off_by_one_in_its_last_digit_disagrees(count, digits):
    step = Decimal(1).scaleb(-digits)
    wrong = Decimal(printed(*count, digits, ROUND_HALF_UP)) + step
    if rules.decimals(str(wrong)) < digits or digits == 0:
        digits = rules.decimals(str(wrong))  # fewer digits printed: the check is as wide as the print
    off = abs(wrong - Decimal(100 * count[0]) / Decimal(count[1]))
    half = Decimal(1).scaleb(-digits) / 2
    assert rules.agrees(str(wrong), *count) == (off <= half + Decimal("1e-9"))


@pytest.mark.parametrize(
    ("percent", "events", "n", "fits"),
    [("89", 15, 17, False), ("88", 15, 17, True), ("13", 5, 37, False), ("14", 5, 37, True),
     ("12.5", 1, 8, True), ("12", 1, 8, True), ("13", 1, 8, True), ("100", 7, 7, True), ("0", 0, 3, True)],
)  # fmt: skip
def test_known_prints_are_judged_as_a_reader_would(percent, events, n, fits):
    assert rules.agrees(percent, events, n) is fits


@given(COUNTS)
def test_a_share_cut_instead_of_rounded_is_noticed_where_it_differs(count):
    cut, rounded = (printed(*count, 0, how) for how in (ROUND_DOWN, ROUND_HALF_UP))
    exact_half = (200 * count[0]) % count[1] == 0 and (200 * count[0] // count[1]) % 2 == 1
    assert rules.agrees(cut, *count) == (cut == rounded or exact_half)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_number_reads_finite_numbers_and_nothing_else(value):
    read = rules.number(repr(value))
    assert read == value if abs(value) < float("inf") else read is None


@given(st.text(max_size=12))
def test_number_never_raises(text):
    rules.number(text)


@given(st.decimals(-1000, 1000, places=2, allow_nan=False))
def test_decimals_ignore_the_zeros_that_whole_numbers_gain(value):
    assert rules.decimals(str(value)) == (0 if value == value.to_integral() else 2)


def test_every_rule_is_named_in_its_faults_and_described():
    for name, rule in rules.RULES.items():
        assert name == name.lower() and " " not in name
        assert rule.__doc__ and rule.__doc__.endswith(".")


def faults_after(data: DataFolder) -> set[tuple[str, int | None, str]]:
    return {(f.file, f.row, f.rule) for f in schema.validate(data.path)}


def test_a_share_above_100_percent_is_refused(data: DataFolder):
    line = data.find("results", statistic="percent of people", value="*", n="")
    data.put("results", line, "value", "101")
    assert ("results.csv", line, "percent-in-range") in faults_after(data)


def test_a_spread_without_its_kind_is_refused(data: DataFolder):
    line = data.find("results", dispersion="*", dispersion_kind="sd")
    data.put("results", line, "dispersion_kind", "")
    assert faults_after(data) == {("results.csv", line, "limits-kind")}


def test_a_result_without_number_or_words_is_refused(data: DataFolder):
    line = data.find("results", result_id="smith2011.cdai-response#1")
    data.put("results", line, "value", "")
    assert faults_after(data) == {("results.csv", line, "row-says-something")}


def test_a_status_that_hides_printed_figures_is_refused(data: DataFolder):
    line = data.find("outcomes", outcome_id="smith2011.cdai-response")
    data.put("outcomes", line, "status", "measured, not readable")
    assert faults_after(data) == {("outcomes.csv", line, "outcome-status")}


def test_a_study_needs_one_main_condition(data: DataFolder):
    line = data.find("study_conditions", study_id="smith2011", main="true")
    data.put("study_conditions", line, "main", "false")
    study = data.find("studies", study_id="smith2011")
    assert faults_after(data) == {("studies.csv", study, "one-main-condition")}


def test_a_study_needs_an_arm(data: DataFolder):
    for table in ("results", "contrasts", "adverse_events"):
        rows = data.rows(table)
        data.write(table, [r for r in rows if not any(c.startswith("smith2011.") for c in r)])
    rows = data.rows("arms")
    data.write("arms", [r for r in rows if not r[0].startswith("smith2011.")])
    study = data.find("studies", study_id="smith2011")
    assert ("studies.csv", study, "one-main-condition") in faults_after(data)


def test_a_page_needs_an_address_that_can_be_shown(data: DataFolder):
    line = data.find("sources", kind="abstract")
    data.put("sources", line, "canonical_url", "")
    assert faults_after(data) == {("sources.csv", line, "canonical-address")}


@pytest.mark.parametrize(
    ("column", "value"),
    [("day_start", "1"), ("day_end", "1"), ("step", "7")],
    ids=["overlap", "end", "number"],
)
def test_steps_of_a_titration_follow_on_without_gap_overlap_or_missing_number(
    data: DataFolder, column: str, value: str
):
    line = data.find("titrations", schedule_id="marcus2024", step="3")
    data.put("titrations", line, column, value)
    assert any(rule == "titration-follows-on" for _, _, rule in faults_after(data))


def test_a_page_in_a_list_of_pages_must_exist(data: DataFolder):
    line = data.find("discrepancies", source_ids="*")
    data.put("discrepancies", line, "source_ids", "nowhere-abstract")
    assert faults_after(data) == {("discrepancies.csv", line, "foreign-key")}
