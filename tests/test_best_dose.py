"""The simulated search for a personal best dose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnevidence.dose_response import best_dose_search
from ldnevidence.dose_response.search_rule import enter, lasting_noise, search_rule

QUIET = {"day_sd": 0, "entry_sd": 0, "first_gain_points": 0, "further_gain_points": 0}
PLAIN_ENTRY = {"entry_min": -np.inf}


def by_hand(felt, target, first, further, worse, back):
    """The rule for one patient, the plain way: level of the best dose (0 none), last level, hormesis."""
    best, score, misses, hormesis = 0, target - first, 0, False
    for level, value in enumerate(felt, start=1):
        gain = score - value
        if best == 0:
            if gain >= 0:
                best, score = level, value
        elif gain >= further and gain > 1e-12:
            best, score, misses, hormesis = level, value, 0, False
        else:
            misses += 1
            hormesis = hormesis or -gain >= worse
            if misses == back:
                return best, level, hormesis
    return best, len(felt), hormesis


def test_with_no_drug_effect_patients_still_improve_on_average_and_best_doses_spread_widely():
    sim = best_dose_search(10_000)
    assert not sim.true_benefit.any()
    improvement = sim.improvement[sim.analysed]
    assert improvement.mean() > 5 * improvement.std() / np.sqrt(improvement.size)
    dose = sim.best_dose_mg[sim.analysed]
    assert dose.min() == pytest.approx(0.1) and dose.max() > 5 and dose.std() > 0.5
    assert 0.1 < sim.hormesis[sim.analysed].mean() < 0.95


def test_without_selection_at_entry_expectation_or_effect_nobody_improves_on_average():
    sim = best_dose_search(40_000, usual_sd=0.5, entry_sd=0.8, **PLAIN_ENTRY, reference="run-in")
    assert abs(sim.improvement.mean()) < 0.03


def test_choosing_people_on_a_bad_day_alone_makes_an_improvement():
    free = best_dose_search(20_000, **PLAIN_ENTRY)
    chosen = best_dose_search(20_000, entry_min=6.0)
    assert chosen.improvement.mean() > free.improvement.mean() + 0.5
    assert (chosen.entry_score >= 6.0).all()


def test_analysing_only_those_who_are_still_better_raises_the_improvement():
    all_found, stayed = best_dose_search(5000), best_dose_search(5000, stay_points=1.0)
    assert stayed.analysed.sum() < all_found.analysed.sum()
    assert (stayed.improvement[stayed.analysed] >= 1.0).all()
    assert stayed.improvement[stayed.analysed].mean() > all_found.improvement[all_found.analysed].mean()


def test_expectation_adds_to_the_improvement_of_all():
    with_it, without = best_dose_search(20_000, placebo_points=1.0), best_dose_search(20_000)
    assert with_it.improvement.mean() == pytest.approx(without.improvement.mean() + 1.0, abs=0.15)


@given(st.floats(0.3, 5.7))
@settings(max_examples=40, deadline=None)
def test_without_noise_a_true_optimum_is_found_within_two_steps(optimum):
    for shape in ("window", "plateau"):
        sim = best_dose_search(20, optimum_mg=optimum, shape=shape, **QUIET)
        assert sim.found.all()
        assert (np.abs(sim.best_dose_mg - optimum) <= 0.2 + 1e-9).all()


def test_each_patient_can_have_an_own_optimum():
    optimum = np.linspace(0.5, 5.5, 51)
    sim = best_dose_search(51, optimum_mg=optimum, **QUIET)
    np.testing.assert_allclose(sim.best_dose_mg, optimum, atol=0.1 + 1e-9)
    assert (
        sim.summary().set_index("quantity").loc["share within two steps of the true optimum", "value"] == 1.0
    )


def test_a_coarse_sense_of_gain_stops_short_of_the_optimum():
    sim = best_dose_search(
        50, optimum_mg=4.0, **{**QUIET, "first_gain_points": 1.0, "further_gain_points": 0.5}
    )
    assert (sim.best_dose_mg < 3.5).all()


def test_no_noise_and_no_effect_find_nothing():
    sim = best_dose_search(100, **{**QUIET, "first_gain_points": 1.0})
    assert not sim.found.any() and np.isnan(sim.best_dose_mg).all() and not sim.analysed.any()
    assert (sim.search_days == 120).all()
    assert np.isnan(sim.summary().set_index("quantity").loc["best dose, mean, mg/day", "value"])


@given(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 1.0, 2.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.5, 1.5, 3.0]),
    st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_the_vectorised_rule_agrees_with_the_rule_written_for_one_patient(seed, first, further, worse, back):
    rng = np.random.default_rng(seed)
    felt = rng.normal(4.5, 1.2, size=(30, 25)).clip(0, 10).round(1)  # rounded: ties occur
    target = rng.normal(5, 1, size=30).round(1)
    level, end, hormesis = search_rule(felt, target, first, further, worse, back)
    for i in range(30):
        assert (level[i], end[i], hormesis[i]) == by_hand(felt[i], target[i], first, further, worse, back)


def test_entry_equals_drawing_people_and_keeping_those_who_score_enough():
    rng = np.random.default_rng(3)
    usual, entry = enter(rng, 60_000, 5.0, 1.0, 1.5, 6.0)
    all_usual = rng.normal(5.0, 1.0, 400_000)
    all_entry = all_usual + rng.normal(0, 1.5, all_usual.size)
    kept = all_entry >= 6.0
    for ours, plain in ((usual, all_usual[kept]), (entry, all_entry[kept].clip(0, 10))):
        assert ours.mean() == pytest.approx(plain.mean(), abs=0.02)
        assert ours.std() == pytest.approx(plain.std(), abs=0.02)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.9])
def test_noise_has_its_spread_and_correlation_at_every_step(correlation):
    noise = lasting_noise(np.random.default_rng(1), 40_000, 30, 1.3, correlation)
    np.testing.assert_allclose(noise.std(axis=0), 1.3, rtol=0.02)
    neighbours = [np.corrcoef(noise[:, k], noise[:, k + 1])[0, 1] for k in range(29)]
    np.testing.assert_allclose(neighbours, correlation, atol=0.03)


def test_a_step_of_four_days_averages_the_noise_of_its_days():
    four, one = (
        best_dose_search(500, day_sd=2.0, days_per_step=4),
        best_dose_search(500, day_sd=1.0, days_per_step=1),
    )
    np.testing.assert_array_equal(four.best_dose_mg, one.best_dose_mg)
    np.testing.assert_array_equal(four.search_days, 4 * one.search_days)


def test_nobody_goes_on_after_the_rule_says_stop_and_the_best_dose_lies_two_steps_below_the_last():
    sim = best_dose_search(3000)
    stopped = sim.found & (sim.search_days < 120)
    steps = sim.search_days[stopped] / 2
    np.testing.assert_allclose(sim.best_dose_mg[stopped], 0.1 * (steps - 2))


def test_the_same_seed_gives_the_same_patients_and_another_seed_others():
    one, two, three = (best_dose_search(200, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.best_dose_mg, two.best_dose_mg)
    np.testing.assert_array_equal(one.improvement, two.improvement)
    assert (one.entry_score != three.entry_score).any()


def test_those_who_give_up_are_not_analysed_and_do_not_outlast_the_others():
    patient, restless = best_dose_search(5000), best_dose_search(5000, give_up_per_step=0.1)
    assert not patient.gave_up.any() and restless.gave_up.any()
    assert not (restless.gave_up & restless.analysed).any()
    assert (restless.search_days <= patient.search_days).all()


def test_spells_that_last_keep_the_spread_of_single_scores():
    loose, tight = (best_dose_search(5000, step_correlation=c, day_sd=1.5) for c in (0.0, 0.8))
    np.testing.assert_array_equal(loose.entry_score, tight.entry_score)
    assert tight.hormesis[tight.analysed].mean() < loose.hormesis[loose.analysed].mean()


def test_small_studies_drawn_from_the_patients_have_the_patients_mean():
    sim = best_dose_search(5000)
    drawn = sim.studies(41, 500)
    assert len(drawn) == 500 and (drawn["min_mg"] <= drawn["median_mg"]).all()
    assert drawn["mean_mg"].mean() == pytest.approx(sim.best_dose_mg[sim.analysed].mean(), rel=0.05)
    assert drawn.equals(sim.studies(41, 500))


def test_the_assumptions_are_stated_in_words():
    text = " ".join(best_dose_search(5).assumptions)
    assert "No drug effect" in text and "assumptions to be varied" in text
    assert "true optimum" in " ".join(best_dose_search(5, optimum_mg=2.0).assumptions)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"n_patients": 0}, "n_patients"),
        ({"n_patients": 2.5}, "n_patients"),
        ({"optimum_mg": -1.0}, "optimum_mg"),
        ({"optimum_mg": [1.0, 2.0]}, "optimum_mg"),
        ({"step_mg": 0.0}, "step_mg"),
        ({"max_mg": 6.05}, "max_mg"),
        ({"day_sd": -1}, "day_sd"),
        ({"day_sd": float("nan")}, "day_sd"),
        ({"step_correlation": 1.0}, "step_correlation"),
        ({"give_up_per_step": -0.1}, "give_up_per_step"),
        ({"entry_min": 11.0}, "entry_min"),
        ({"usual_mean": 2.0, "usual_sd": 0.1, "entry_sd": 0.1, "entry_min": 8.0}, "nobody would enter"),
        ({"reference": "memory"}, "reference"),
        ({"shape": "sine"}, "shape"),
        ({"back_after": 0}, "back_after"),
    ],
)
def test_bad_input_says_what_was_wrong(options, word):
    with pytest.raises(ValueError, match=word):
        best_dose_search(**{"n_patients": 5, **options})


def test_studies_need_patients():
    nobody = best_dose_search(20, **{**QUIET, "first_gain_points": 1.0})
    with pytest.raises(ValueError, match="No simulated patient"):
        nobody.studies(41)
    with pytest.raises(ValueError, match="n must be"):
        best_dose_search(20).studies(1)
