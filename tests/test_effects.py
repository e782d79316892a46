"""Effects of one comparison: what must hold for any data, and what bad data are told."""

import math

import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from ldnevidence import _distributions, effects
from ldnevidence.estimate import Estimate

# The first example pays for imports, and machines differ: no test here is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@st.composite
def arms(draw: st.DrawFn, largest: int = 300) -> tuple[int, int]:
    n = draw(st.integers(1, largest))
    return draw(st.integers(0, n)), n


@st.composite
def samples(draw: st.DrawFn) -> tuple[float, float, int]:
    return draw(st.floats(-100, 100)), draw(st.floats(0.01, 100)), draw(st.integers(2, 200))


def informative(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return 0 < one[0] + two[0] < one[1] + two[1]


@given(arms(), LEVELS)
def test_wilson_stays_within_0_and_1_and_contains_the_proportion(arm: tuple[int, int], level: float) -> None:
    e = effects.proportion(*arm, level)
    assert 0 <= e.ci_low <= e.estimate <= e.ci_high <= 1
    assert math.isnan(e.p_value)


@given(arms(), LEVELS)
def test_wilson_agrees_with_statsmodels(arm: tuple[int, int], level: float) -> None:
    e = effects.proportion(*arm, level)
    expected = proportion_confint(*arm, alpha=1 - level, method="wilson")
    assert (e.ci_low, e.ci_high) == pytest.approx(expected, abs=1e-12)


@given(arms())
def test_wilson_of_the_complement_is_the_mirror_image(arm: tuple[int, int]) -> None:
    events, n = arm
    e, mirrored = effects.proportion(events, n), effects.proportion(n - events, n)
    assert (1 - e.ci_high, 1 - e.ci_low) == pytest.approx((mirrored.ci_low, mirrored.ci_high), abs=1e-12)


@pytest.mark.parametrize("measure", ["RR", "OR"])
@given(one=arms(), two=arms())
def test_swapping_the_arms_inverts_a_ratio(measure: str, one: tuple[int, int], two: tuple[int, int]) -> None:
    assume(informative(one, two))
    e = effects.compare_proportions(*one, *two, measure=measure)
    swapped = effects.compare_proportions(*two, *one, measure=measure)
    assert swapped.estimate == pytest.approx(1 / e.estimate)
    assert (swapped.ci_low, swapped.ci_high) == pytest.approx((1 / e.ci_high, 1 / e.ci_low))
    assert (swapped.se, swapped.p_value) == pytest.approx((e.se, e.p_value), abs=1e-12)


@pytest.mark.parametrize("interval", ["wald", "newcombe"])
@given(one=arms(), two=arms())
def test_swapping_the_arms_negates_a_risk_difference(
    interval: str, one: tuple[int, int], two: tuple[int, int]
) -> None:
    e = effects.compare_proportions(*one, *two, measure="RD", interval=interval)
    swapped = effects.compare_proportions(*two, *one, measure="RD", interval=interval)
    expected = (-e.estimate, -e.ci_high, -e.ci_low)
    assert (swapped.estimate, swapped.ci_low, swapped.ci_high) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", ["MD", "SMD"])
@given(one=samples(), two=samples())
def test_swapping_the_arms_negates_a_difference_of_means(
    measure: str, one: tuple[float, float, int], two: tuple[float, float, int]
) -> None:
    e = effects.compare_means(*one, *two, measure=measure)
    swapped = effects.compare_means(*two, *one, measure=measure)
    expected = (-e.estimate, -e.ci_high, -e.ci_low, e.se)
    assert (swapped.estimate, swapped.ci_low, swapped.ci_high, swapped.se) == pytest.approx(expected)


@given(st.sampled_from(["RR", "OR", "RD"]), arms(), arms(), LEVELS)
def test_the_interval_contains_the_estimate_and_excludes_the_null_exactly_when_p_is_small(
    measure: str, one: tuple[int, int], two: tuple[int, int], level: float
) -> None:
    assume(measure == "RD" or informative(one, two))
    e = effects.compare_proportions(*one, *two, measure=measure, level=level)
    assert e.ci_low <= e.estimate <= e.ci_high
    assume(e.se > 0 and abs(e.p_value - (1 - level)) > 1e-9)
    assert (e.p_value < 1 - level) == (not e.ci_low <= e.null <= e.ci_high)


@given(st.sampled_from(["MD", "SMD"]), samples(), samples(), LEVELS)
def test_the_same_holds_for_means(
    measure: str, one: tuple[float, float, int], two: tuple[float, float, int], level: float
) -> None:
    e = effects.compare_means(*one, *two, measure=measure, level=level)
    assert e.ci_low <= e.estimate <= e.ci_high
    assume(abs(e.p_value - (1 - level)) > 1e-9)
    assert (e.p_value < 1 - level) == (not e.ci_low <= 0 <= e.ci_high)


@given(samples(), samples(), st.floats(0.01, 100))
def test_changing_the_unit_scales_a_mean_difference_and_leaves_an_smd_alone(
    one: tuple[float, float, int], two: tuple[float, float, int], unit: float
) -> None:
    scaled = [(mean * unit, sd * unit, n) for mean, sd, n in (one, two)]
    md, md_scaled = effects.compare_means(*one, *two), effects.compare_means(*scaled[0], *scaled[1])
    assert (md_scaled.estimate, md_scaled.se) == pytest.approx((md.estimate * unit, md.se * unit), abs=1e-9)
    smd, smd_scaled = (effects.compare_means(*a, *b, measure="SMD") for a, b in ((one, two), scaled))
    assert smd_scaled.estimate == pytest.approx(smd.estimate, abs=1e-9)


def test_half_is_added_to_every_cell_of_a_ratio_only_where_a_cell_is_zero() -> None:
    with_zero = effects.compare_proportions(0, 20, 3, 21, measure="OR")
    assert with_zero.estimate == pytest.approx((0.5 * 18.5) / (20.5 * 3.5))
    without = effects.compare_proportions(2, 20, 3, 21, measure="OR")
    assert without.estimate == pytest.approx((2 * 18) / (18 * 3))
    full_arm = effects.compare_proportions(10, 10, 5, 10, measure="RR")
    assert full_arm.estimate == pytest.approx((10.5 / 11) / (5.5 / 11))


@pytest.mark.parametrize("measure", ["RR", "OR"])
@pytest.mark.parametrize(
    ("events_1", "events_2", "who"), [(0, 0, "nobody"), (10, 12, "everybody")], ids=["empty", "full"]
)
def test_a_ratio_without_information_is_refused_and_the_risk_difference_is_not(
    measure: str, events_1: int, events_2: int, who: str
) -> None:
    with pytest.raises(ValueError, match=f"{measure} cannot be estimated because {who}"):
        effects.compare_proportions(events_1, 10, events_2, 12, measure=measure)
    rd = effects.compare_proportions(events_1, 10, events_2, 12, measure="RD")
    assert (rd.estimate, rd.se) == (0.0, 0.0)
    assert math.isnan(rd.p_value)
    newcombe = effects.compare_proportions(events_1, 10, events_2, 12, measure="RD", interval="newcombe")
    assert newcombe.ci_low < 0 < newcombe.ci_high


@given(arms(), arms(), LEVELS)
def test_newcombe_stays_within_minus_1_and_1_and_agrees_with_statsmodels(
    one: tuple[int, int], two: tuple[int, int], level: float
) -> None:
    e = effects.compare_proportions(*one, *two, measure="RD", level=level, interval="newcombe")
    assert -1 - 1e-12 <= e.ci_low <= e.estimate <= e.ci_high <= 1 + 1e-12
    expected = confint_proportions_2indep(*one, *two, method="newcomb", compare="diff", alpha=1 - level)
    assert (e.ci_low, e.ci_high) == pytest.approx(expected, abs=1e-10)


@given(arms(60), arms(60))
def test_fisher_agrees_with_scipy_and_does_not_mind_which_arm_comes_first(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    p = effects.fisher_exact(*one, *two)
    table = [[one[0], one[1] - one[0]], [two[0], two[1] - two[0]]]
    assert p == pytest.approx(scipy.stats.fisher_exact(table).pvalue, rel=1e-9)
    assert p == effects.fisher_exact(*two, *one)
    assert 0 < p <= 1


def test_fisher_copes_with_thousands_of_people() -> None:
    table = [[900, 8100], [1000, 8100]]
    expected = scipy.stats.fisher_exact(table).pvalue
    assert effects.fisher_exact(900, 9000, 1000, 9100) == pytest.approx(expected, rel=1e-6)


@given(samples(), samples(), st.booleans())
def test_t_tests_agree_with_scipy(
    one: tuple[float, float, int], two: tuple[float, float, int], equal: bool
) -> None:
    ours = (effects.pooled_t if equal else effects.welch_t)(*one, *two)
    theirs = scipy.stats.ttest_ind_from_stats(*one, *two, equal_var=equal)
    assert (ours.t, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-7, abs=1e-12)
    assert ours.difference.ci_low <= ours.difference.estimate <= ours.difference.ci_high


@given(samples(), samples())
def test_welch_has_fewer_degrees_of_freedom_than_the_pooled_test_and_more_than_the_smaller_arm(
    one: tuple[float, float, int], two: tuple[float, float, int]
) -> None:
    df = effects.welch_t(*one, *two).df
    assert min(one[2], two[2]) - 1 - 1e-6 <= df <= one[2] + two[2] - 2 + 1e-6


@given(st.floats(0.001, 0.999), st.floats(1, 500))
def test_the_quantile_of_t_agrees_with_scipy(level: float, df: float) -> None:
    expected = scipy.stats.t.ppf(0.5 + level / 2, df)
    assert float(_distributions.t_quantile(level, df)) == pytest.approx(expected, rel=1e-7)


@given(st.floats(0, 200), st.integers(1, 60))
def test_the_tail_of_chi_squared_agrees_with_scipy(q: float, df: int) -> None:
    assert float(_distributions.chi2_tail(q, df)) == pytest.approx(scipy.stats.chi2.sf(q, df), rel=1e-9)


@given(st.integers(1, 10**6), LEVELS)
def test_the_exact_limit_of_no_events_leaves_the_stated_chance_of_seeing_none(n: int, level: float) -> None:
    limit = effects.rule_of_three(n, level)
    assert math.log1p(-limit.exact) * n == pytest.approx(math.log1p(-level), rel=1e-9)
    assert limit.exact <= limit.approximate + 1e-12 or limit.approximate == 1.0


def test_the_rule_of_three_is_three_over_n_and_never_above_one() -> None:
    assert effects.rule_of_three(30).approximate == 0.1
    assert effects.rule_of_three(2).approximate == 1.0
    assert "3/n" in effects.rule_of_three(30).sentence
    assert "3/n" not in effects.rule_of_three(30, 0.99).sentence


def risk_difference(estimate: float, low: float, high: float) -> Estimate:
    return Estimate("RD", estimate, low, high, 0.1, 0.5, 0.95)


def test_nnt_is_the_inverse_of_the_risk_difference_when_the_interval_is_clear_of_zero() -> None:
    result = effects.nnt(risk_difference(0.25, 0.1, 0.5), higher_is_better=True)
    assert (result.direction, result.estimate, result.benefit, result.harm) == ("benefit", 4, (2, 10), None)


def test_nnt_turns_into_harm_when_the_event_is_unwanted() -> None:
    result = effects.nnt(risk_difference(0.25, 0.1, 0.5), higher_is_better=False)
    assert (result.direction, result.estimate, result.benefit, result.harm) == ("harm", 4, None, (2, 10))


def test_nnt_passes_through_infinity_when_the_interval_crosses_zero() -> None:
    result = effects.nnt(risk_difference(0.1, -0.05, 0.25), higher_is_better=True)
    assert result.benefit == (4, math.inf)
    assert result.harm == (20, math.inf)
    assert result.crosses_infinity
    assert "through infinity" in result.sentence


def test_nnt_of_no_difference_is_infinite_and_says_so() -> None:
    result = effects.nnt(risk_difference(0.0, -0.2, 0.2), higher_is_better=True)
    assert (result.direction, result.estimate) == ("none", math.inf)
    assert "no difference" in result.sentence


def test_nnt_of_an_interval_that_ends_at_zero_ends_at_infinity() -> None:
    result = effects.nnt(risk_difference(0.1, 0.0, 0.2), higher_is_better=True)
    assert (result.benefit, result.harm) == ((5, math.inf), None)


@given(arms(), arms(), st.booleans())
def test_nnt_is_never_below_one_person_and_its_intervals_hold_its_estimate(
    one: tuple[int, int], two: tuple[int, int], better: bool
) -> None:
    result = effects.nnt(effects.compare_proportions(*one, *two, measure="RD"), better)
    for piece in (result.benefit, result.harm):
        assert piece is None or 1 <= piece[0] <= piece[1]
    if result.direction != "none":
        low, high = getattr(result, result.direction)
        assert low * (1 - 1e-9) <= result.estimate <= high * (1 + 1e-9)


BAD = {
    "negative events": (
        lambda: effects.proportion(-1, 10),
        "events must be a whole number of 0 or more; got -1",
    ),
    "negative n": (lambda: effects.proportion(0, -5), "n must be a whole number of 1 or more; got -5"),
    "n of zero": (lambda: effects.proportion(0, 0), "n must be a whole number of 1 or more; got 0"),
    "events above n": (lambda: effects.proportion(11, 10), "events must not be larger than n; got 11 events"),
    "half a person": (
        lambda: effects.proportion(2.5, 10),
        "events must be a whole number of 0 or more; got 2.5",
    ),
    "missing count": (lambda: effects.proportion(math.nan, 10), "events must be a finite number; got nan"),
    "text": (lambda: effects.proportion("3", 10), "events must be a finite number; got '3'"),
    "none": (lambda: effects.proportion(None, 10), "events must be a finite number; got None"),
    "level in percent": (lambda: effects.proportion(3, 10, 95), "level must lie between 0 and 1"),
    "second arm": (lambda: effects.compare_proportions(1, 5, 7, 6), "events_2 must not be larger than n_2"),
    "measure": (lambda: effects.compare_proportions(1, 5, 1, 6, "HR"), "measure must be one of RR, OR, RD"),
    "interval": (
        lambda: effects.compare_proportions(1, 5, 1, 6, interval="exact"),
        "interval must be one of wald, newcombe",
    ),
    "newcombe of a ratio": (
        lambda: effects.compare_proportions(1, 5, 1, 6, interval="newcombe"),
        "interval 'newcombe' is for a risk difference",
    ),
    "sd of zero": (lambda: effects.compare_means(1, 0, 10, 2, 1, 10), "sd_1 must be above 0; got 0"),
    "negative sd": (lambda: effects.compare_means(1, 1, 10, 2, -1, 10), "sd_2 must be above 0; got -1"),
    "missing sd": (lambda: effects.compare_means(1, math.nan, 10, 2, 1, 10), "sd_1 must be a finite number"),
    "infinite mean": (lambda: effects.welch_t(math.inf, 1, 10, 2, 1, 10), "mean_1 must be a finite number"),
    "one person": (
        lambda: effects.pooled_t(1, 1, 10, 2, 1, 1),
        "n_2 must be a whole number of 2 or more; got 1",
    ),
    "measure of means": (
        lambda: effects.compare_means(1, 1, 9, 2, 1, 9, "RR"),
        "measure must be one of MD, SMD",
    ),
    "fisher": (lambda: effects.fisher_exact(4, 3, 1, 6), "events_1 must not be larger than n_1"),
    "rule of three": (lambda: effects.rule_of_three(0), "n must be a whole number of 1 or more; got 0"),
    "nnt of a ratio": (
        lambda: effects.nnt(effects.compare_proportions(5, 10, 2, 10), True),
        "nnt needs an Estimate of a risk difference (RD); got RR",
    ),
    "nnt of a number": (
        lambda: effects.nnt(0.2, True),
        "nnt needs an Estimate of a risk difference (RD); got float",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_clear_sentence(case: str) -> None:
    call, message = BAD[case]
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value)
    assert str(caught.value).endswith(".")


def test_whole_numbers_held_as_floats_are_counts() -> None:
    assert effects.proportion(3.0, 10.0) == effects.proportion(3, 10)


def test_an_estimate_reads_as_a_sentence() -> None:
    text = str(effects.compare_proportions(12, 20, 6, 20, level=0.9))
    assert text == "risk ratio 2.00 (90% CI 1.06 to 3.78), p = 0.074"
