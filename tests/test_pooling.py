"""Pooling: what must hold for any data, and what bad data are told."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from ldnevidence import _tau2, pooling
from ldnevidence.estimate import MEASURES

# The first example pays for imports, and machines differ: no test here is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

Studies = tuple[np.ndarray, np.ndarray]
METHODS = st.sampled_from(list(pooling.METHODS))
INTERVALS = st.sampled_from(list(pooling.INTERVALS))
NUMBERS = (
    "estimate",
    "ci_low",
    "ci_high",
    "se",
    "p_value",
    "tau2",
    "i2",
    "h2",
    "q",
    "q_p",
    "pi_low",
    "pi_high",
)


@st.composite
def studies(draw: st.DrawFn, smallest: int = 2) -> Studies:
    k = draw(st.integers(smallest, 12))
    # Hundredths, so that two effects are either equal or clearly apart.
    yi = draw(st.lists(st.integers(-500, 500), min_size=k, max_size=k))
    vi = draw(st.lists(st.floats(0.001, 20), min_size=k, max_size=k))
    assume(len(set(yi)) > 1)
    return np.array(yi) / 100, np.array(vi)


def numbers(result: pooling.PooledEstimate) -> list[float]:
    return [getattr(result, name) for name in NUMBERS]


@given(studies(), METHODS, INTERVALS)
def test_the_pooled_effect_lies_among_the_effects_and_within_its_intervals(
    data: Studies, method: str, interval: str
) -> None:
    r = pooling.pool(*data, method=method, interval=interval)
    assert data[0].min() - 1e-9 <= r.estimate <= data[0].max() + 1e-9
    assert r.ci_low <= r.estimate <= r.ci_high
    assert sum(r.weights) == pytest.approx(100)
    if not math.isnan(r.pi_low):
        assert r.pi_low <= r.ci_low <= r.ci_high <= r.pi_high


@given(studies(), METHODS)
def test_heterogeneity_is_never_negative_and_i2_is_a_percentage(data: Studies, method: str) -> None:
    r = pooling.pool(*data, method=method)
    assert r.tau2 >= 0
    assert r.q >= 0
    assert 0 <= r.i2 < 100
    assert 0 <= r.q_p <= 1


@given(studies(), METHODS, INTERVALS, st.randoms())
def test_the_order_of_the_studies_does_not_matter(
    data: Studies, method: str, interval: str, random: st.DataObject
) -> None:
    order = list(range(len(data[0])))
    random.shuffle(order)
    one = pooling.pool(*data, method=method, interval=interval)
    other = pooling.pool(data[0][order], data[1][order], method=method, interval=interval)
    assert numbers(other) == pytest.approx(numbers(one), rel=1e-6, abs=1e-8, nan_ok=True)
    assert other.weights == pytest.approx([one.weights[i] for i in order], rel=1e-6)


@given(studies(), METHODS, INTERVALS, st.floats(-1000, 1000))
def test_adding_a_constant_shifts_the_estimate_and_changes_no_spread(
    data: Studies, method: str, interval: str, shift: float
) -> None:
    one = pooling.pool(*data, method=method, interval=interval)
    other = pooling.pool(data[0] + shift, data[1], method=method, interval=interval)
    assert other.estimate == pytest.approx(one.estimate + shift, abs=1e-7)
    assert (other.tau2, other.se, other.q) == pytest.approx((one.tau2, one.se, one.q), rel=1e-6, abs=1e-8)


@given(studies(), METHODS, INTERVALS, st.floats(0.01, 100))
def test_changing_the_unit_scales_everything_alike(
    data: Studies, method: str, interval: str, unit: float
) -> None:
    one = pooling.pool(*data, method=method, interval=interval)
    other = pooling.pool(data[0] * unit, data[1] * unit**2, method=method, interval=interval)
    lengths, expected = (other.estimate, other.se), (one.estimate * unit, one.se * unit)
    assert lengths == pytest.approx(expected, rel=1e-6, abs=1e-7)
    assert other.tau2 / unit**2 == pytest.approx(one.tau2, rel=1e-6, abs=1e-8)
    assert (other.i2, other.p_value) == pytest.approx((one.i2, one.p_value), rel=1e-5, abs=1e-6)


@given(studies(), METHODS)
def test_the_wald_interval_excludes_zero_exactly_when_p_is_small(data: Studies, method: str) -> None:
    r = pooling.pool(*data, method=method)
    assume(abs(r.p_value - 0.05) > 1e-9)
    assert (r.p_value < 0.05) == (not r.ci_low <= 0 <= r.ci_high)


@given(studies())
def test_paule_and_mandel_make_the_generalised_q_equal_to_its_degrees_of_freedom(data: Studies) -> None:
    yi, vi = data
    r = pooling.pool(yi, vi, method="PM")
    w = 1 / (vi + r.tau2)
    q = float((w * (yi - (w * yi).sum() / w.sum()) ** 2).sum())
    if r.tau2 > 0:
        assert q == pytest.approx(len(yi) - 1, rel=1e-9)
    else:
        assert q <= (len(yi) - 1) * (1 + 1e-12)


@given(studies())
def test_no_tau2_on_a_fine_grid_has_a_higher_restricted_likelihood_than_ours(data: Studies) -> None:
    y, v = data[0][None, :] - data[0].mean(), data[1][None, :]
    ours = np.array([pooling.pool(*data).tau2])
    grid = np.concatenate([[0.0], np.logspace(-8, 4, 2000)])
    wide = (np.repeat(y, len(grid), axis=0), np.repeat(v, len(grid), axis=0))
    best = _tau2.reml_log_likelihood(*wide, np.ones_like(wide[0]), grid).max()
    assert _tau2.reml_log_likelihood(y, v, np.ones_like(y), ours)[0] >= best - 1e-9


@given(studies(smallest=3), st.sampled_from(["EE", "DL", "PM"]), INTERVALS)
def test_agrees_with_statsmodels(data: Studies, method: str, interval: str) -> None:
    name = {"DL": "chi2", "PM": "iterated", "EE": "chi2"}[method]
    with np.errstate(invalid="ignore"):
        peer = combine_effects(*data, method_re=name, use_t=interval == "hksj", atol=1e-9, maxiter=10000)
    r = pooling.pool(*data, method=method, interval=interval)
    if method == "EE":
        assert r.estimate == pytest.approx(peer.mean_effect_fe)
        expected = peer.sd_eff_w_fe_hksj if interval == "hksj" else peer.sd_eff_w_fe
    else:
        # Its DL goes on with a tau2 below zero, where ours and metafor's is zero; its iteration gives up with
        # zero when rounding takes it past the root.
        assume(peer.tau2 > 0 or (peer.tau2 == 0 and r.q <= r.k - 1))
        assert r.tau2 == pytest.approx(peer.tau2, rel=1e-5, abs=1e-7)
        assert r.estimate == pytest.approx(peer.mean_effect_re, rel=1e-5, abs=1e-7)
        expected = peer.sd_eff_w_re_hksj if interval == "hksj" else peer.sd_eff_w_re
    assert r.se == pytest.approx(expected, rel=1e-5)


def test_agrees_with_pymare_where_the_likelihood_has_one_maximum() -> None:
    pymare = pytest.importorskip("pymare", reason="PyMARE is an optional peer")
    rng = np.random.default_rng(3)
    for _ in range(25):
        k = int(rng.integers(3, 10))
        vi = rng.uniform(0.05, 0.5, k)
        yi = rng.normal(0.3, np.sqrt(vi + 0.3))
        ours = pooling.pool(yi, vi)
        peer = pymare.estimators.VarianceBasedLikelihoodEstimator(method="REML")
        peer.fit_dataset(pymare.Dataset(yi, vi))
        assert ours.optima == 1
        assert ours.tau2 == pytest.approx(float(np.squeeze(peer.params_["tau2"])), rel=1e-3, abs=1e-3)


@given(st.lists(studies(), min_size=1, max_size=6), METHODS, INTERVALS)
def test_many_data_sets_at_once_give_what_each_gives_alone(
    sets: list[Studies], method: str, interval: str
) -> None:
    yi, vi = np.full((2, len(sets), max(len(y) for y, _ in sets) + 1), np.nan)
    for row, (y, v) in enumerate(sets):
        yi[row, : len(y)], vi[row, : len(y)] = y, v
    many = pooling.pool_many(yi, vi, method, interval)
    assert len(many) == len(sets)
    for row, data in enumerate(sets):
        alone = pooling.pool(*data, method=method, interval=interval)
        assert many.row(row).k == alone.k
        assert numbers(many.row(row)) == pytest.approx(numbers(alone), rel=1e-7, abs=1e-9, nan_ok=True)
        assert many.row(row).weights == pytest.approx(alone.weights, rel=1e-7)


@given(studies(smallest=3), METHODS, INTERVALS)
def test_ratios_come_back_on_the_natural_scale_and_their_errors_do_not(
    data: Studies, method: str, interval: str
) -> None:
    log, ratio = (pooling.pool(*data, method=method, interval=interval, measure=m) for m in ("GEN", "OR"))
    for name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        with np.errstate(over="ignore"):
            expected = float(np.exp(getattr(log, name)))
        assert getattr(ratio, name) == pytest.approx(expected, nan_ok=True)
    assert (ratio.se, ratio.tau2, ratio.p_value) == (log.se, log.tau2, log.p_value)


@given(studies(smallest=3), METHODS)
def test_leaving_one_out_is_pooling_the_others(data: Studies, method: str) -> None:
    table = pooling.leave_one_out(*data, method=method)
    assert table["left_out"].tolist() == list(range(len(data[0])))
    others = pooling.pool(np.delete(data[0], 1), np.delete(data[1], 1), method=method)
    assert table.loc[1, list(NUMBERS)].tolist() == pytest.approx(
        numbers(others), rel=1e-6, abs=1e-8, nan_ok=True
    )


def test_q_splits_into_within_and_between_the_subgroups_under_equal_effects() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"yi": rng.normal(size=9), "vi": rng.uniform(0.1, 1, 9), "arm": list("aabbbcccc")})
    result = pooling.pool_by(frame, "arm", method="EE")
    total = pooling.pool(frame["yi"], frame["vi"], method="EE").q
    assert result.table["q"].sum() + result.q_between == pytest.approx(total)
    assert (result.df, result.note) == (2, "")


def test_a_subgroup_of_one_study_is_shown_but_neither_pooled_nor_tested() -> None:
    frame = pd.DataFrame({"yi": [0.1, 0.2, 0.9], "vi": [0.1, 0.1, 0.1], "dose": ["low", "low", "high"]})
    result = pooling.pool_by(frame, "dose")
    assert result.table["k"].tolist() == [2, 1]
    assert math.isnan(result.table.loc[1, "estimate"])
    assert (result.df, math.isnan(result.q_p)) == (0, True)
    assert result.note == "single studies, not pooled and not in the test: high"


def test_there_is_no_prediction_interval_for_two_studies_or_under_equal_effects() -> None:
    two = pooling.pool([0.1, 0.9], [0.1, 0.1])
    assert math.isnan(two.pi_low)
    assert "at least 3 studies" in two.sentence
    equal = pooling.pool([0.1, 0.9, 0.4], [0.1, 0.1, 0.2], method="EE")
    assert math.isnan(equal.pi_high)
    assert "one common effect" in equal.sentence


def test_hartung_knapp_has_no_floor_and_can_be_narrower_than_wald() -> None:
    yi, vi = [0.10, 0.11, 0.12, 0.11, 0.10, 0.12], [0.5] * 6
    wald, hksj = (pooling.pool(yi, vi, interval=interval) for interval in ("wald", "hksj"))
    assert hksj.se < wald.se
    assert hksj.ci_high - hksj.ci_low < wald.ci_high - wald.ci_low


def test_a_pooled_proportion_has_no_test_against_zero() -> None:
    assert math.isnan(pooling.pool([0.3, 0.4], [0.01, 0.01], measure="PR").p_value)


def test_equal_effects_leave_no_width_to_hartung_knapp_in_a_table() -> None:
    table = pooling.leave_one_out([0.2, 0.2, 0.5], [0.1, 0.1, 0.1], interval="hksj")
    assert table["se"].isna().tolist() == [False, False, True]


def test_every_measure_can_be_pooled() -> None:
    assert {pooling.pool([0.1, 0.3], [0.1, 0.1], measure=measure).measure for measure in MEASURES} == set(
        MEASURES
    )


FRAME = pd.DataFrame({"yi": [0.1, 0.2], "vi": [0.1, 0.1], "dose": ["low", None]})
BAD = {
    "no study": (lambda: pooling.pool([], []), "pooling needs at least 2 studies; got 0"),
    "one study": (lambda: pooling.pool([0.1], [0.1]), "pooling needs at least 2 studies; got 1"),
    "unequal": (
        lambda: pooling.pool([0.1, 0.2], [0.1]),
        "yi and vi must have the same length; got yi 2, vi 1",
    ),
    "missing effect": (
        lambda: pooling.pool([0.1, math.nan], [0.1, 0.2]),
        "yi must not have missing values; study 1 has one",
    ),
    "missing variance": (
        lambda: pooling.pool([0.1, 0.3], [None, 0.2]),
        "vi must not have missing values; study 0",
    ),
    "infinite": (lambda: pooling.pool([0.1, math.inf], [0.1, 0.2]), "is not finite"),
    "negative variance": (
        lambda: pooling.pool([0.1, 0.2], [0.1, -0.1]),
        "study 1 of data set 0 has a variance that is not above 0",
    ),
    "variance of zero": (lambda: pooling.pool([0.1, 0.2], [0.0, 0.1]), "every vi must be above 0"),
    "text": (lambda: pooling.pool(["a", "b"], [0.1, 0.2]), "yi must hold numbers only"),
    "table for a list": (lambda: pooling.pool([[0.1, 0.2]], [[0.1, 0.1]]), "yi must be a list"),
    "method": (
        lambda: pooling.pool([0.1, 0.2], [0.1, 0.1], method="ML"),
        "method must be one of EE, DL, PM, REML",
    ),
    "interval": (
        lambda: pooling.pool([0.1, 0.2], [0.1, 0.1], interval="t"),
        "interval must be one of wald, hksj",
    ),
    "measure": (
        lambda: pooling.pool([0.1, 0.2], [0.1, 0.1], measure="HR"),
        "measure must be one of PR, RR, OR",
    ),
    "level": (lambda: pooling.pool([0.1, 0.2], [0.1, 0.1], level=95), "level must lie between 0 and 1"),
    "equal effects": (
        lambda: pooling.pool([0.1, 0.1, 0.1], [0.1, 0.2, 0.3], interval="hksj"),
        "interval 'hksj' has no width because all effects are equal",
    ),
    "half a study": (lambda: pooling.pool_many([[0.1, 0.2]], [[0.1, math.nan]]), "has only one of yi and vi"),
    "shapes": (lambda: pooling.pool_many([[0.1, 0.2]], [[0.1]]), "yi and vi must have one shape"),
    "padded to one": (
        lambda: pooling.pool_many([[0.1, 0.2], [0.3, math.nan]], [[0.1, 0.2], [0.3, math.nan]]),
        "pooling needs at least 2 studies; data set 1 has 1",
    ),
    "two studies, one out": (
        lambda: pooling.leave_one_out([0.1, 0.2], [0.1, 0.1]),
        "leaving one study out needs at least 3 studies; got 2",
    ),
    "labels": (lambda: pooling.leave_one_out([0.1, 0.2, 0.3], [0.1] * 3, labels=["a"]), "labels 1"),
    "column": (lambda: pooling.pool_by(FRAME, "drug"), "frame has no column 'drug'; it has yi, vi, dose"),
    "missing subgroup": (
        lambda: pooling.pool_by(FRAME, "dose"),
        "column 'dose' must not have missing values",
    ),
    "lonely subgroups": (lambda: pooling.pool_by(FRAME, "yi"), "no subgroup of 'yi' has the 2 studies"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_clear_sentence(case: str) -> None:
    call, message = BAD[case]
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value)
    assert str(caught.value).endswith(".")
