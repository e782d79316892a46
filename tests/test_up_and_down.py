"""The simulated up-and-down study."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnevidence.dose_response import (
    Curve,
    curve_through_two_points,
    ed_isotonic,
    ed_logit,
    flat_curve,
    plateau_curve,
    up_and_down,
)
from ldnevidence.dose_response.fits import REASONS

CURVE = curve_through_two_points(3.0, 5.0)


def test_the_defaults_are_the_design_that_was_read():
    sim = up_and_down(CURVE, n_sim=5)
    assert sim.doses.tolist() == [0.75, 1.5, 2.25, 3.0, 3.75, 4.5, 5.25, 6.0]
    assert (sim.n_people == 25).all() and (sim.path[:, 0] == 0.75).all()


@given(st.floats(0, 1), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_every_step_goes_up_after_no_response_and_down_after_one_and_stays_at_the_ends(p, seed):
    sim = up_and_down(flat_curve(p), n_sim=20, seed=seed)
    wanted = sim.path[:, :-1] + np.where(sim.response[:, :-1] == 1, -0.75, 0.75)
    np.testing.assert_allclose(sim.path[:, 1:], np.clip(wanted, 0.75, 6.0))


def test_counts_are_those_of_the_paths():
    sim = up_and_down(CURVE, n_sim=50)
    for row in range(50):
        for k, dose in enumerate(sim.doses):
            here = np.isclose(sim.path[row], dose)
            assert sim.tested[row, k] == here.sum()
            assert sim.responded[row, k] == (here & (sim.response[row] == 1)).sum()


def test_reversals_are_changes_of_answer_and_pairs_are_a_response_after_a_non_response():
    sim = up_and_down(CURVE, n_sim=100)
    change = np.diff(sim.response.astype(int), axis=1)
    np.testing.assert_array_equal(sim.reversals, (change != 0).sum(axis=1))
    np.testing.assert_array_equal(sim.pairs, (change == 1).sum(axis=1))


def test_while_no_end_is_hit_the_responders_follow_from_the_rule_alone():
    sim = up_and_down(CURVE, n_sim=2000)
    top = sim.tested[:, -1] == 0
    bottom = (sim.responded[:, 0]) == 0  # no response at the lowest dose: the walk was never held there
    free = top & bottom
    assert free.mean() > 0.5
    expected = (25 - (sim.last_dose - 0.75) / 0.75) / 2
    np.testing.assert_allclose(sim.n_responders[free], expected[free])
    assert set(sim.n_responders[free]) <= {9, 10, 11, 12}


def test_the_same_seed_gives_the_same_studies_and_another_seed_others():
    one, two, three = (up_and_down(CURVE, n_sim=50, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.path, two.path)
    np.testing.assert_array_equal(one.ed95, two.ed95)
    assert (one.path != three.path).any()


@pytest.mark.parametrize(("estimator", "single"), [("isotonic", ed_isotonic), ("logit", ed_logit)])
def test_each_study_is_estimated_as_by_the_function_for_one_data_set(estimator, single):
    sim = up_and_down(CURVE, n_sim=60, estimator=estimator)
    for row in range(60):
        for level, value, status in ((0.5, sim.ed50, sim.ed50_status), (0.95, sim.ed95, sim.ed95_status)):
            options = {"n_boot": 0} if estimator == "isotonic" else {}
            one = single(sim.doses, sim.responded[row], sim.tested[row], level, **options)
            np.testing.assert_allclose(value[row], one.estimate, rtol=1e-9)
            assert REASONS[status[row]] == one.reason


def test_large_studies_find_the_true_ed50():
    sim = up_and_down(CURVE, n_people=1500, n_sim=40)
    assert np.nanmean(sim.ed50) == pytest.approx(3.0, abs=0.1)
    assert sim.true_ed50 == pytest.approx(3.0) and sim.true_ed95 == pytest.approx(5.0)


def test_an_ed95_is_often_printed_where_none_exists():
    sim = up_and_down("six in ten can respond", n_sim=2000)
    assert np.isnan(sim.true_ed95)
    assert 0.4 < (~np.isnan(sim.ed95)).mean() < 0.8


def test_where_most_people_never_respond_an_ed50_is_usually_refused():
    sim = up_and_down("most people do not respond at all", n_sim=2000)
    assert np.isnan(sim.true_ed50)
    assert np.isnan(sim.ed50).mean() > 0.6
    refused = sim.refusals()
    assert refused.loc[refused["quantity"] == "ED50", "share"].sum() == pytest.approx(
        np.isnan(sim.ed50).mean()
    )


def test_if_nobody_responds_everybody_ends_at_the_highest_dose():
    sim = up_and_down("nobody responds", n_sim=10)
    assert (sim.n_responders == 0).all() and (sim.last_dose == 6.0).all() and np.isnan(sim.ed50).all()


def test_the_stop_rule_stops_when_it_is_met_and_not_before():
    sim = up_and_down(CURVE, n_sim=300, stop="rule", max_people=60)
    assert (sim.reversals >= 10).all() and (sim.pairs >= 6).all()
    for row in range(300):
        answers = sim.response[row][sim.response[row] >= 0]
        assert answers.size == sim.n_people[row]
        before = answers[:-1]
        assert (np.diff(before) != 0).sum() < 10 or (np.diff(before) == 1).sum() < 6
    assert (up_and_down(CURVE, n_sim=300, stop="rule", max_people=12).n_people == 12).all()


def test_relative_and_absolute_ed95_differ_on_a_plateau():
    options = {"n_sim": 500, "n_people": 200}
    curve = plateau_curve(0.6, ed50=2.0, steepness=6.0)
    absolute = up_and_down(curve, **options)
    relative = up_and_down(curve, definition="relative", **options)
    assert np.isnan(absolute.ed95).mean() > np.isnan(relative.ed95).mean()
    assert np.nanmedian(relative.ed50) < np.nanmedian(absolute.ed50)


def test_a_plain_function_serves_as_a_curve_and_the_note_names_the_assumption():
    sim = up_and_down(lambda dose: np.minimum(dose / 6, 1.0), n_sim=20)
    assert sim.true_ed50 == pytest.approx(3.0)
    assert "sequences" in up_and_down(CURVE, n_sim=5).note


def test_the_summary_has_a_row_for_each_quantity():
    table = up_and_down(CURVE, n_sim=200).summary().set_index("quantity")
    assert table.loc["ED50, mg/day", "true"] == pytest.approx(3.0)
    assert table.loc["ED95, mg/day", "low"] < table.loc["ED95, mg/day", "high"]
    assert table.loc["people tested", "median"] == 25


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"true_curve": "unheard of"}, "Unknown curve"),
        ({"true_curve": Curve("bad", lambda d: d)}, "between 0 and 1"),
        ({"start_mg": 1.0}, "start_mg"),
        ({"max_mg": 6.2}, "max_mg"),
        ({"step_mg": 0}, "step_mg"),
        ({"n_people": 0}, "n_people"),
        ({"n_sim": 1.5}, "n_sim"),
        ({"stop": "never"}, "stop"),
        ({"estimator": "guess"}, "estimator"),
        ({"estimator": "logit", "definition": "relative"}, "isotonic"),
    ],
)
def test_bad_input_says_what_was_wrong(options, word):
    with pytest.raises(ValueError, match=word):
        up_and_down(**{"true_curve": CURVE, **options})
