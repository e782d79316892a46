"""Effective doses, assumed curves and receptor occupancy."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit, isotonic_regression

from ldnevidence.dose_response import (
    curve_through_two_points,
    dose_at,
    ed_isotonic,
    ed_logit,
    ed_probit,
    emax_curve,
    flat_curve,
    named_curves,
    plateau_curve,
)
from ldnevidence.dose_response.fits import isotonic_fit

COUNTS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), min_size=2, max_size=8).map(
    lambda pairs: (np.array([min(r, n) for r, n in pairs]), np.array([n for _, n in pairs]))
)
FITS = {"logit": ed_logit, "probit": ed_probit}
LINKS = {"logit": sm.families.links.Logit(), "probit": sm.families.links.Probit()}

# Up-and-down data of Benhamou et al. 2003 (Anesthesiology 99:1383-1386), counts by concentration in
# hundredths of a percent, from the dose sequences in the vignette BenHamou03 of the R package cir; the
# estimates are those that the vignette prints for plain isotonic regression (oldPAVA), which reproduce Pace
# and Stylianou 2007.
BENHAMOU = {
    "ropivacaine": ([7, 8, 9, 10, 11, 12], [0, 3, 5, 8, 3, 1], [3, 8, 13, 10, 4, 1], 9.287671),
    "levobupivacaine": ([5, 6, 7, 8, 9, 10, 11], [0, 2, 6, 5, 1, 2, 3], [2, 8, 11, 6, 3, 5, 4], 6.846154),
}


def glm(doses, responders, n, link):
    """The peer: a binomial GLM of statsmodels."""
    counts = np.column_stack([responders, np.asarray(n) - responders])
    family = sm.families.Binomial(LINKS[link])
    return sm.GLM(counts, sm.add_constant(np.asarray(doses, dtype=float)), family=family).fit(
        tol=1e-13, maxiter=200
    )


@given(COUNTS)
@settings(max_examples=200, deadline=None)
def test_the_isotonic_fit_never_falls_and_equals_scipys(counts):
    responders, n = counts
    fit = isotonic_fit(responders, n)
    assert (np.diff(fit) >= -1e-12).all()
    np.testing.assert_allclose(
        fit, isotonic_regression(responders / n, weights=n.astype(float)).x, atol=1e-12
    )


@given(COUNTS)
@settings(max_examples=50, deadline=None)
def test_untested_doses_change_nothing_in_the_isotonic_fit(counts):
    responders, n = counts
    padded_r, padded_n = np.insert(responders, 1, 0), np.insert(n, 1, 0)
    padded = isotonic_fit(padded_r, padded_n)
    assert np.isnan(padded[1])
    np.testing.assert_allclose(np.delete(padded, 1), isotonic_fit(responders, n))


@pytest.mark.parametrize("arm", BENHAMOU)
def test_isotonic_ed50_equals_the_value_printed_by_the_r_package_cir(arm):
    doses, responders, n, printed = BENHAMOU[arm]
    ed = ed_isotonic(doses, responders, n)
    assert ed.estimate == pytest.approx(printed, abs=5e-7)
    assert ed.ci_low < ed.estimate < ed.ci_high


def test_isotonic_ed_interpolates_between_pooled_doses_by_hand():
    # Doses 2 and 3 are pooled to 5/20; 50% lies (0.5 - 0.25) / (0.9 - 0.25) of the way from 3 to 4.
    ed = ed_isotonic([1, 2, 3, 4], [1, 3, 2, 9], [10, 10, 10, 10])
    assert ed.estimate == pytest.approx(3 + 0.25 / 0.65)
    assert ed.curve([3.5])[0] == pytest.approx((0.25 + 0.9) / 2)
    assert np.isnan(ed.curve([5.0])[0])


def test_order_and_repeats_of_doses_do_not_matter():
    one = ed_isotonic([1, 2, 3], [1, 4, 9], [10, 10, 10])
    two = ed_isotonic([3, 1, 2, 2], [9, 1, 3, 1], [10, 10, 5, 5])
    assert (one.estimate, one.ci_low, one.ci_high) == (two.estimate, two.ci_low, two.ci_high)


def test_a_level_equal_to_the_lowest_fit_is_the_lowest_dose():
    assert ed_isotonic([1, 2], [5, 9], [10, 10]).estimate == 1.0


def test_the_same_seed_gives_the_same_bootstrap_and_another_seed_another():
    data = ([1, 2, 3, 4], [3, 6, 11, 17], [20, 20, 20, 20])
    first, again, other = ed_isotonic(*data, seed=1), ed_isotonic(*data, seed=1), ed_isotonic(*data, seed=2)
    assert (first.ci_low, first.ci_high, first.se) == (again.ci_low, again.ci_high, again.se)
    assert first.se != other.se


def test_the_bootstrap_interval_of_symmetric_data_is_symmetric_and_grows_with_its_level():
    data = ([1, 2, 3], [40, 100, 160], [200, 200, 200])
    wide, narrow = (ed_isotonic(*data, n_boot=20_000, confidence=c) for c in (0.95, 0.5))
    assert 2 - wide.ci_low == pytest.approx(wide.ci_high - 2, rel=0.06)
    assert wide.ci_low < narrow.ci_low < 2 < narrow.ci_high < wide.ci_high
    # At dose 2 the share is 0.5 with SE 0.0354; d above it, the line from 0.2 at dose 1 crosses 0.5 a part
    # d / (0.3 + d) of a dose step lower.
    d = 1.96 * 0.0354
    assert wide.ci_high - wide.ci_low == pytest.approx(2 * d / (0.3 + d), rel=0.05)


def test_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    curve = curve_through_two_points(3.0, 6.0)
    doses, n = np.array([1.0, 2, 3, 4, 5]), np.full(5, 40)
    draws = rng.binomial(n, curve(doses), size=(200, 5))
    fits = [ed_isotonic(doses, row, n, n_boot=300) for row in draws]
    assert 0.85 <= np.mean([f.ci_low <= 3.0 <= f.ci_high for f in fits]) <= 0.99


@pytest.mark.parametrize("fit", [ed_isotonic, ed_logit, ed_probit])
def test_ed50_is_recovered_from_many_people(fit):
    doses = np.arange(0.75, 6.1, 0.75)
    n = np.full(doses.size, 40_000)
    link = "probit" if fit is ed_probit else "logit"
    curve = curve_through_two_points(3.0, 5.0, link)
    responders = np.random.default_rng(3).binomial(n, curve(doses))
    assert fit(doses, responders, n).estimate == pytest.approx(3.0, abs=0.03)
    assert fit(doses, responders, n, 0.95).estimate == pytest.approx(5.0, abs=0.1)


def test_on_a_plateau_below_95_percent_the_definitions_differ_and_the_absolute_ed95_is_refused():
    doses, n = np.arange(1.0, 9.0), np.full(8, 2000)
    responders = np.round(n * plateau_curve(0.6, ed50=3.0, steepness=6.0)(doses)).astype(int)
    absolute, relative = (ed_isotonic(doses, responders, n, definition=d) for d in ("absolute", "relative"))
    assert absolute.estimate > relative.estimate + 0.5
    refused = ed_isotonic(doses, responders, n, 0.95)
    assert not refused.estimable
    assert np.isnan(refused.ci_low) and "does not reach" in refused.reason
    assert ed_isotonic(doses, responders, n, 0.95, definition="relative").estimable


def test_every_result_states_its_definition():
    data = ([1, 2, 3], [1, 5, 9], [10, 10, 10])
    assert ed_isotonic(*data).definition_text.startswith("absolute: ")
    relative = ed_isotonic(*data, definition="relative")
    assert relative.definition == "relative" and "90% of people" in relative.definition_text
    assert "100%" in ed_logit(*data).definition_text


def test_a_level_below_the_lowest_fit_is_refused():
    ed = ed_isotonic([1, 2], [8, 9], [10, 10])
    assert not ed.estimable and "lowest tested dose" in ed.reason


def test_no_responder_at_all_is_refused_by_every_method():
    for fit in (ed_isotonic, ed_logit, ed_probit):
        assert fit([1, 2, 3], [0, 0, 0], [5, 5, 5]).reason == "nobody responded at any tested dose"


@pytest.mark.filterwarnings("ignore::RuntimeWarning:statsmodels", "ignore:Perfect separation")
@given(COUNTS, st.sampled_from(["logit", "probit"]))
@settings(max_examples=150, deadline=None)
def test_the_parametric_fits_equal_statsmodels_wherever_they_report(counts, link):
    responders, n = counts
    doses = np.arange(1.0, n.size + 1)
    ed = FITS[link](doses, responders, n)
    if not ed.estimable:
        assert ed.reason
        return
    peer = glm(doses, responders, n, link)
    np.testing.assert_allclose(list(ed.curve.parameters.values()), peer.params, rtol=1e-5, atol=1e-6)
    a, b = peer.params
    x = -a / b
    cov = peer.cov_params()
    se = np.sqrt(cov[0, 0] + x**2 * cov[1, 1] + 2 * x * cov[0, 1]) / abs(b)
    assert ed.estimate == pytest.approx(x, rel=1e-5)
    assert ed.se == pytest.approx(se, rel=1e-4)
    assert ed.ci_high - ed.estimate == pytest.approx(1.959964 * se, rel=1e-4)


@pytest.mark.parametrize("link", FITS)
def test_on_the_log_scale_the_fit_is_the_peers_and_the_interval_is_turned_back(link):
    doses, responders, n = np.array([0.5, 1, 2, 4]), np.array([1, 3, 6, 9]), np.full(4, 10)
    ed = FITS[link](doses, responders, n, scale="log")
    a, b = glm(np.log(doses), responders, n, link).params
    assert ed.estimate == pytest.approx(np.exp(-a / b))
    assert np.log(ed.ci_high / ed.estimate) == pytest.approx(np.log(ed.estimate / ed.ci_low))


@pytest.mark.parametrize("link", FITS)
@pytest.mark.parametrize(
    ("responders", "n", "word"),
    [
        ([0, 0, 5, 5], [5, 5, 5, 5], "overlap"),  # complete separation
        ([0, 0, 3, 5], [5, 5, 5, 5], "overlap"),  # quasi-complete separation
        ([5, 4, 1, 0], [5, 5, 5, 5], "not rise"),
        ([0, 1, 0, 1], [9, 9, 9, 9], "does not reach"),
        ([7, 8, 7, 9], [9, 9, 9, 9], "lowest"),
    ],
)
def test_the_parametric_fits_refuse_with_a_reason(link, responders, n, word):
    ed = FITS[link]([1, 2, 3, 4], responders, n)
    assert not ed.estimable and word in ed.reason
    assert np.isnan([ed.ci_low, ed.ci_high, ed.se]).all()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: ed_isotonic([1, 2], [1], [2, 2]), "equally long"),
        (lambda: ed_isotonic([1, 2], [3, 1], [2, 2]), "exceed"),
        (lambda: ed_isotonic([1, 2], [-1, 1], [2, 2]), "0 or more"),
        (lambda: ed_isotonic([1, 2], [0.5, 1], [2, 2]), "whole"),
        (lambda: ed_isotonic([1, np.nan], [1, 1], [2, 2]), "doses"),
        (lambda: ed_isotonic([1, 2], [0, 0], [0, 0]), "people"),
        (lambda: ed_isotonic([1, 2], [1, 1], [2, 2], 1.0), "level"),
        (lambda: ed_isotonic([1, 2], [1, 1], [2, 2], definition="mine"), "definition"),
        (lambda: ed_isotonic([1, 2], [1, 1], [2, 2], n_boot=-1), "n_boot"),
        (lambda: ed_logit([1], [1], [2]), "two or more"),
        (lambda: ed_logit([0, 1], [1, 1], [2, 2], scale="log"), "above 0"),
        (lambda: ed_probit([1, 2], [1, 1], [2, 2], confidence=95), "confidence"),
        (lambda: curve_through_two_points(5.0, 3.0), "ed50 < ed95"),
        (lambda: curve_through_two_points(3.0, 5.0, "cauchit"), "link"),
        (lambda: plateau_curve(1.2, 3.0), "plateau"),
        (lambda: flat_curve(-0.1), "probability"),
        (lambda: dose_at(flat_curve(0.1), 0.5, max_mg=0), "max_mg"),
        (lambda: emax_curve([5, 5, 5], [43, 46, 58]), "two distinct"),
        (lambda: emax_curve([1, 2], [20, 130]), "0 to 100"),
        (lambda: emax_curve([0, 2], [20, 30]), "above 0"),
        (lambda: emax_curve([1, 2], [0, 0]), "determine"),
        (lambda: emax_curve([1, 2], [20, 40], emax=0), "emax"),
        (lambda: emax_curve([1, 2], [20, 40]).predict([-1.0]), "0 or more"),
    ],
)
def test_bad_input_says_what_was_wrong(call, word):
    with pytest.raises(ValueError, match=word):
        call()


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_assumed_curve_passes_through_both_points_rises_and_says_that_it_is_assumed(link, scale):
    curve = curve_through_two_points(2.0, 5.0, link, scale=scale)
    np.testing.assert_allclose(curve([2.0, 5.0]), [0.5, 0.95], atol=1e-12)
    assert (np.diff(curve(np.linspace(0.1, 10, 50))) > 0).all()
    assert "sequences" in curve.assumption and "assumed" in curve.assumption and "assumed" in curve.label
    assert dose_at(curve, 0.5) == pytest.approx(2.0) and dose_at(curve, 0.95) == pytest.approx(5.0)


def test_named_curves_are_probabilities_and_say_that_they_are_illustrations():
    for curve in named_curves().values():
        values = curve(np.linspace(0.1, 20, 40))
        assert ((values >= 0) & (values <= 1)).all() and (np.diff(values) >= -1e-12).all()
        assert "illustration" in curve.assumption


def test_a_curve_that_never_reaches_the_level_has_no_dose():
    assert np.isnan(dose_at(plateau_curve(0.3, ed50=2.0), 0.5))
    assert np.isnan(dose_at(flat_curve(0.7), 0.5))


@pytest.mark.parametrize("emax", [100.0, None])
def test_the_emax_curve_equals_scipys_least_squares(emax):
    rng = np.random.default_rng(0)
    x = np.array([1.0, 2, 2, 5, 10, 25, 50])
    y = np.clip(80 * x / (x + 4) + rng.normal(0, 3, x.size), 0, 100)
    ours = emax_curve(x, y, emax=emax)
    if emax is None:
        (ed50, top), _ = curve_fit(lambda d, e, m: m * d / (d + e), x, y, p0=[3, 90])
        assert ours.emax == pytest.approx(top, rel=1e-5)
    else:
        (ed50,), _ = curve_fit(lambda d, e: 100 * d / (d + e), x, y, p0=[3])
    assert ours.ed50 == pytest.approx(ed50, rel=1e-5)


@given(st.floats(0.1, 50), st.floats(10, 100))
@settings(max_examples=50, deadline=None)
def test_points_on_an_emax_curve_give_it_back(ed50, top):
    x = ed50 * np.array([0.25, 1.0, 4.0])
    fit = emax_curve(x, top * x / (x + ed50), emax=None)
    assert fit.ed50 == pytest.approx(ed50, rel=1e-3) and fit.emax == pytest.approx(top, rel=1e-3)
    assert fit.predict([ed50])[0] == pytest.approx(top / 2, rel=1e-3)


def test_a_fitted_emax_never_passes_100_percent():
    assert emax_curve([1, 2, 4], [10, 22, 48], emax=None).emax == 100.0


def test_the_emax_note_warns_of_few_points_methods_and_time():
    note = emax_curve([2, 5, 15], [30, 50, 70]).note
    assert all(word in note for word in ("3 points", "methods", "time", "not benefit"))


def test_the_residual_sd_of_the_emax_curve_is_that_of_the_points_around_it():
    fit = emax_curve([2, 5, 5, 15, 50], [25, 40, 55, 60, 95])
    distance = fit.occupancy - fit.predict(fit.doses)
    assert fit.residual_sd == pytest.approx(np.sqrt((distance**2).sum() / 4))


def test_leaving_a_dose_out_brackets_the_ed50_of_scattered_points():
    fit = emax_curve([2, 5, 5, 15, 50], [25, 40, 55, 60, 95])
    assert fit.ed50_low <= fit.ed50 <= fit.ed50_high and fit.ed50_low < fit.ed50_high


def test_importing_the_module_loads_no_heavy_library():
    heavy = "scipy.stats statsmodels plotly ipywidgets frictionless"
    code = f"import sys, ldnevidence.dose_response; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
