"""Arithmetic of the audit: what must hold for any figures, and what bad figures are told."""

import math
import statistics
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from ldnevidence import audit, effects

ROUNDINGS = st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN])
DIGITS = st.integers(0, 2)
LEVELS = st.sampled_from([80, 90, 95, 97.5, 99])


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 400))
    return draw(st.integers(0, n)), n


def rounded(part: int, whole: int, digits: int, rounding: str, times: int = 100) -> float:
    exact = Decimal(times * part) / Decimal(whole)
    return float(exact.quantize(Decimal(1).scaleb(-digits), rounding=rounding))


@given(counts(), DIGITS, ROUNDINGS)
def test_grim_accepts_the_rounded_percentage_of_every_real_count(
    count: tuple[int, int], digits: int, rounding: str
) -> None:
    assert audit.grim(rounded(*count, digits, rounding), count[1], digits)


@given(counts(), DIGITS, ROUNDINGS)
def test_grim_counts_contain_the_true_count(count: tuple[int, int], digits: int, rounding: str) -> None:
    assert count in audit.grim_counts(rounded(*count, digits, rounding), count[1], digits)


@given(st.integers(0, 1000), st.integers(1, 120))
def test_grim_and_grim_counts_agree_on_every_percentage(tenths: int, n: int) -> None:
    percent = tenths / 10
    bases = {m for _, m in audit.grim_counts(percent, n, digits=1)}
    assert bases == {m for m in range(1, n + 1) if audit.grim(percent, m, digits=1)}


@given(st.integers(0, 100), st.integers(1, 99))
def test_grim_is_the_search_over_all_counts(percent: int, n: int) -> None:
    by_search = any(abs(100 * k / n - percent) <= 0.5 + 1e-9 for k in range(n + 1))
    assert audit.grim(percent, n) is by_search


@given(st.integers(0, 100), st.integers(100, 5000))
def test_every_whole_percentage_is_possible_from_100_people_on(percent: int, n: int) -> None:
    assert audit.grim(percent, n)


@given(counts(), DIGITS, ROUNDINGS)
def test_grim_bases_hold_the_true_base(count: tuple[int, int], digits: int, rounding: str) -> None:
    events, n = count
    least, most = audit.grim_bases(rounded(events, n, digits, rounding), events, digits)
    assert least <= n and (most is None or n <= most)


@given(st.integers(0, 5000), st.integers(1, 300), st.integers(1, 7), DIGITS, ROUNDINGS)
def test_grim_mean_accepts_the_rounded_mean_of_every_real_sum(
    total: int, n: int, items: int, digits: int, rounding: str
) -> None:
    assert audit.grim_mean(rounded(total, n * items, digits, rounding, times=1), n, digits, items)


def test_the_percentages_that_started_this_audit() -> None:
    """Of 17 people: 15 are 88.2%, 16 are 94.1%, 11 are 64.7%, 12 are 70.6%; 8 and 6 of 9 are 88.9% and 66.7%.

    Of 18 people 5 are 27.8%; 1 of 12 is 8.3%, 1 of 13 is 7.7%, 1 of 14 already 7.1%.
    """
    assert not audit.grim(89, 17) and not audit.grim(67, 17)
    assert {(8, 9), (6, 9)} <= set(audit.grim_counts(89, 17) + audit.grim_counts(67, 17))
    assert {n for _, n in audit.grim_counts(28, 20)} == {18}
    assert {n for _, n in audit.grim_counts(8, 20)} == {12, 13}
    assert audit.grim_bases(11, 11) == (96, 104)


@given(st.floats(-50, 50), st.floats(1e-6, 0.999), LEVELS, st.sampled_from([math.inf, 3.0, 40.0]))
def test_p_from_interval_inverts_interval_from_p(estimate: float, p: float, level: float, df: float) -> None:
    assume(abs(estimate) > 1e-3)
    low, high = audit.interval_from_p(estimate, p, level, df=df)
    assert audit.p_from_interval(estimate, low, high, level, df=df) == pytest.approx(p, rel=1e-6, abs=1e-12)


@given(st.floats(0.05, 20), st.floats(1e-4, 0.9), LEVELS)
def test_p_from_interval_inverts_interval_from_p_for_ratios(ratio: float, p: float, level: float) -> None:
    assume(abs(math.log(ratio)) > 1e-3)
    low, high = audit.interval_from_p(ratio, p, level, ratio=True)
    assume(math.isfinite(high) and low > 0)
    assert audit.p_from_interval(ratio, low, high, level, ratio=True) == pytest.approx(p, rel=1e-6)


@given(st.floats(0, 1))
def test_two_tailed_is_twice_the_smaller_tail_and_never_above_1(p: float) -> None:
    assert audit.two_tailed(p) == pytest.approx(audit.two_tailed(1 - p))
    assert 0 <= audit.two_tailed(p) <= 1
    assert p > 0.5 or audit.two_tailed(p) == 2 * p


@given(st.lists(st.integers(-20, 20), min_size=3, max_size=30))
def test_paired_change_is_scipys_paired_t_test(changes: list[int]) -> None:
    n = len(changes)
    assume(len(set(changes)) > 1)
    truth = scipy.stats.ttest_1samp(changes, 0)
    interval = truth.confidence_interval(0.95)
    mean = sum(changes) / n
    test = audit.paired_change(mean, interval.low, interval.high, n)
    assert test.p_value == pytest.approx(truth.pvalue, rel=1e-6, abs=1e-12)
    assert test.t == pytest.approx(truth.statistic, rel=1e-6, abs=1e-9)
    assert test.sd == pytest.approx(statistics.stdev(changes), rel=1e-6)


def test_paired_change_of_a_printed_interval_against_its_printed_one_tailed_p() -> None:
    """-3.4 (-6.93 to 0.13), n = 18: half width 3.53 over t(0.975, 17) = 2.1098 is a standard error of 1.673.

    t = 3.4 / 1.673 = 2.032, two-tailed p 0.058, one-tailed 0.029 as printed.
    """
    test = audit.paired_change(-3.4, -6.93, 0.13, n=18)
    assert round(test.p_value, 3) == 0.058
    assert round(test.p_value / 2, 3) == 0.029


@given(st.lists(st.integers(0, 30), min_size=3, max_size=12), st.data())
def test_the_sd_of_changes_lies_within_its_range(before: list[int], data: st.DataObject) -> None:
    after = data.draw(st.lists(st.integers(0, 30), min_size=len(before), max_size=len(before)))
    sds = [statistics.stdev(x) for x in (before, after)]
    low, high = audit.change_sd_range(*sds)
    sd = statistics.stdev([a - b for a, b in zip(after, before, strict=True)])
    assert low - 1e-9 <= sd <= high + 1e-9


@given(counts(), counts(), st.booleans())
def test_chi_squared_is_scipys(one: tuple[int, int], two: tuple[int, int], correct: bool) -> None:
    happened, n = one[0] + two[0], one[1] + two[1]
    if happened in (0, n):
        assert audit.chi_squared(*one, *two, correct=correct) == 1
        return
    table = [[one[0], one[1] - one[0]], [two[0], two[1] - two[0]]]
    # SciPy never corrects by more than the gap itself, and neither do we.
    truth = scipy.stats.chi2_contingency(table, correction=correct).pvalue
    assert audit.chi_squared(*one, *two, correct=correct) == pytest.approx(truth, rel=1e-9, abs=1e-300)


@given(st.floats(0.01, 50), st.integers(1, 6), st.integers(2, 300))
def test_f_tail_is_scipys(f: float, df_1: int, df_2: int) -> None:
    assert audit.f_tail(f, df_1, df_2) == pytest.approx(scipy.stats.f.sf(f, df_1, df_2), rel=1e-9)


def test_hochberg_steps_up_and_keeps_the_order_given() -> None:
    """Largest first: 0.73 x 1, then 0.275 x 2 = 0.55; 0.62 x 2 = 1.24 cannot pass the 0.84 above it."""
    assert audit.hochberg([0.275, 0.73]) == [0.55, 0.73]
    assert audit.hochberg([0.62, 0.84]) == [0.84, 0.84]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_hochberg_never_lowers_a_p_value(values: list[float]) -> None:
    assert all(new >= old for new, old in zip(audit.hochberg(values), values, strict=True))


def test_welch_and_pooled_t_tell_two_printed_groups_apart() -> None:
    """2.23 (SD 1.5, n 30) and 3.02 (SD 1.99, n 11), printed p 0.25.

    Welch: SE = sqrt(0.075 + 0.360) = 0.6596, t = 1.198 on 14.4 df, p = 0.250. Pooled: SD 1.640,
    SE = 0.578, t = 1.367 on 39 df, p = 0.180.
    """
    groups = (2.23, 1.5, 30, 3.02, 1.99, 11)
    assert round(effects.welch_t(*groups).p_value, 2) == 0.25
    assert round(effects.pooled_t(*groups).p_value, 2) == 0.18


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: audit.grim(101, 10), "percent must lie between 0 and 100; got 101."),
        (lambda: audit.grim(-1, 10), "percent must lie between 0 and 100; got -1."),
        (lambda: audit.grim(math.nan, 10), "percent must be a finite number; got nan."),
        (lambda: audit.grim(50, 0), "n must be a whole number of 1 or more; got 0."),
        (lambda: audit.grim(50, 2.5), "n must be a whole number of 1 or more; got 2.5."),
        (lambda: audit.grim_counts(50, -3), "n_max must be a whole number of 1 or more; got -3."),
        (lambda: audit.grim(50, 10, digits=-1), "digits must be a whole number of 0 or more; got -1."),
        (lambda: audit.grim_bases(100, -1), "events must be a whole number of 0 or more; got -1."),
        (lambda: audit.grim_bases(50, 0), "no base of any size makes 0 people 50%."),
        (lambda: audit.two_tailed(1.2), "p must lie between 0 and 1; got 1.2."),
        (lambda: audit.interval_from_p(1, 0), "p must be above 0 and below 1; got 0."),
        (lambda: audit.interval_from_p(0, 0.5), "an estimate of exactly no effect has no interval"),
        (lambda: audit.interval_from_p(-2, 0.5, ratio=True), "a ratio must be above 0; got -2."),
        (lambda: audit.p_from_interval(3, 1, 2), "the interval 1 to 2 must hold the estimate 3"),
        (lambda: audit.p_from_interval(1, 2, 0), "the interval 2 to 0 must hold the estimate 1"),
        (
            lambda: audit.p_from_interval(1, -1, 2, ratio=True),
            "a ratio and its limits must be above 0; got -1.",
        ),
        (
            lambda: audit.p_from_interval(1, 0, 2, level=0.95),
            "level must be a percentage from 50 to below 100",
        ),
        (lambda: audit.paired_change(1, 0, 2, n=1), "n must be a whole number of 2 or more; got 1."),
        (lambda: audit.change_sd_range(-1, 2), "a standard deviation must not be negative."),
        (lambda: audit.chi_squared(5, 4, 1, 4), "events_1 must not be larger than n_1"),
        (lambda: audit.cohen_d(1, 0, 5, 2, 1, 5), "sd_1 must be above 0; got 0."),
        (lambda: audit.f_tail(-1, 1, 5), "f must be above 0; got -1."),
    ],
)
def test_bad_input_is_told_what_was_wrong(call: object, message: str) -> None:
    with pytest.raises(ValueError) as told:
        call()  # type: ignore[operator]
    assert message in str(told.value)
