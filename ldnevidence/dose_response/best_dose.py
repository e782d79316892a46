"""Simulation of an open search for a personal best dose: what it finds with and without a drug effect.

Scores are pain from 0 (none) to 10 (worst). Every number about patients is an assumption with a name; only
the dosing rule comes from a study.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ldnevidence import _checks
from ldnevidence.dose_response.curves import FloatArray
from ldnevidence.dose_response.search_rule import BoolArray, enter, lasting_noise, search_rule

Shape = Literal["window", "plateau"]
Reference = Literal["entry", "run-in"]


@dataclass(frozen=True, eq=False)
class BestDoseSearch:
    """Simulated searches; every array has one entry a patient.

    Attributes
    ----------
    best_dose_mg : ndarray of float
        The dose that the rule settles on, mg/day; NaN where it finds none.
    found : ndarray of bool
        Whether the rule found a best dose.
    analysed : ndarray of bool
        Whether the patient would be in the analysis: found a best dose, did not give up, and (with
        `stay_points`) is still better at follow-up.
    gave_up : ndarray of bool
        Whether the patient stopped of own accord before the search ended.
    entry_score, followup_score : ndarray of float
        Score on the questionnaire at entry and at follow-up (follow-up is computed for all; see `analysed`).
    improvement : ndarray of float
        ``entry_score - followup_score``, points; what a before-after comparison reports.
    true_benefit : ndarray of float
        Points by which the drug itself lowers the score at the dose found; 0 where there is no drug effect.
    hormesis : ndarray of bool
        Whether a dose above the best one felt clearly worse.
    search_days : ndarray of float
        Days until the search ended.
    optimum_mg : ndarray of float
        True best dose of each patient, mg/day; NaN under no effect.
    parameters : dict
        Everything that was set.
    assumptions : tuple of str
        What was assumed, in words.
    """

    best_dose_mg: FloatArray
    found: BoolArray
    analysed: BoolArray
    gave_up: BoolArray
    entry_score: FloatArray
    followup_score: FloatArray
    improvement: FloatArray
    true_benefit: FloatArray
    hormesis: BoolArray
    search_days: FloatArray
    optimum_mg: FloatArray
    parameters: dict[str, object]
    assumptions: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """One row a quantity (columns quantity, value), over the analysed unless it says otherwise."""
        a = self.analysed
        dose, gain = self.best_dose_mg[a], self.improvement[a]
        some = bool(a.any())
        at = np.quantile(dose, [0.0, 0.25, 0.5, 0.75, 1.0]) if some else np.full(5, np.nan)
        rows: dict[str, float] = {
            "patients": float(a.size),
            "share who found a best dose (of all)": float(self.found.mean()),
            "share analysed (of all)": float(a.mean()),
            "best dose, mean, mg/day": float(dose.mean()) if some else math.nan,
            "best dose, SD, mg/day": float(dose.std(ddof=1)) if a.sum() > 1 else math.nan,
            "best dose, lowest, mg/day": float(at[0]),
            "best dose, lower quartile, mg/day": float(at[1]),
            "best dose, median, mg/day": float(at[2]),
            "best dose, upper quartile, mg/day": float(at[3]),
            "best dose, highest, mg/day": float(at[4]),
            "share with a best dose of 2 mg or less": float((dose <= 2 + 1e-9).mean()) if some else math.nan,
            "share with apparent hormesis": float(self.hormesis[a].mean()) if some else math.nan,
            "improvement, mean, points": float(gain.mean()) if some else math.nan,
            "improvement, SD, points": float(gain.std(ddof=1)) if a.sum() > 1 else math.nan,
            "benefit of the drug itself, mean, points": float(self.true_benefit[a].mean())
            if some
            else math.nan,
            "share within two steps of the true optimum": self._near(a),
        }
        return pd.DataFrame({"quantity": list(rows), "value": list(rows.values())})

    def _near(self, a: BoolArray) -> float:
        if not a.any() or np.isnan(self.optimum_mg).all():
            return math.nan
        step = _checks.number(self.parameters["step_mg"], "step_mg")
        return float((np.abs(self.best_dose_mg[a] - self.optimum_mg[a]) <= 2 * step + 1e-9).mean())

    def studies(self, n: int, n_studies: int = 1000, seed: int = 0) -> pd.DataFrame:
        """What studies of `n` analysed patients would print; patients are drawn with replacement.

        Parameters
        ----------
        n : int
            Analysed patients in each study.
        n_studies, seed : int
            Number of studies and seed.

        Returns
        -------
        DataFrame
            One row a study: min_mg, max_mg, mean_mg, sd_mg, median_mg, n_hormesis, mean_improvement.

        Raises
        ------
        ValueError
            If `n` is below 2, `n_studies` below 1, or no patient is analysed.
        """
        if n < 2 or n_studies < 1:
            raise ValueError(f"n must be 2 or more and n_studies 1 or more, not {n} and {n_studies}.")
        pool = np.flatnonzero(self.analysed)
        if pool.size == 0:
            raise ValueError(
                "No simulated patient is analysed under these assumptions, so there is no study to draw."
            )
        pick = np.random.default_rng(seed).choice(pool, size=(n_studies, n))
        dose = self.best_dose_mg[pick]
        return pd.DataFrame(
            {
                "min_mg": dose.min(axis=1),
                "max_mg": dose.max(axis=1),
                "mean_mg": dose.mean(axis=1),
                "sd_mg": dose.std(axis=1, ddof=1),
                "median_mg": np.median(dose, axis=1),
                "n_hormesis": self.hormesis[pick].sum(axis=1),
                "mean_improvement": self.improvement[pick].mean(axis=1),
            }
        )


def best_dose_search(
    n_patients: int = 10_000,
    *,
    optimum_mg: float | npt.ArrayLike | None = None,
    effect_points: float = 2.0,
    width_mg: float = 1.0,
    shape: Shape = "window",
    step_mg: float = 0.1,  # marcus2024: 0.1 mg a step
    days_per_step: int = 2,  # marcus2024: two days at each level
    max_mg: float = 6.0,  # marcus2024: stop at 6.0 mg/day
    back_after: int = 2,  # marcus2024: back when two successive increases bring nothing more
    followup_days: int = 28,  # marcus2024: questionnaires at least 4 weeks after the dose was established
    usual_mean: float = 5.0,
    usual_sd: float = 1.5,
    entry_sd: float = 1.5,
    entry_min: float = 4.0,
    day_sd: float = 1.5,
    step_correlation: float = 0.0,
    reference: Reference = "entry",
    first_gain_points: float = 2.0,
    further_gain_points: float = 0.5,
    worse_points: float = 2.0,
    placebo_points: float = 0.0,
    placebo_days: float = 14.0,
    give_up_per_step: float = 0.0,
    stay_points: float | None = None,
    seed: int = 0,
) -> BestDoseSearch:
    """Simulate the search for a best dose, patient by patient, under no drug effect or under a true optimum.

    A patient has a usual pain score and felt scores that scatter around it. The dose goes up step by step
    until the felt score is `first_gain_points` better than the reference (the search then counts as having
    reached a benefit); from there on every increase that is at least `further_gain_points` better than the
    best score so far becomes the new best dose, and after `back_after` successive increases without that the
    patient goes back to the best dose. At follow-up the questionnaire is filled in again.

    Parameters
    ----------
    n_patients : int
        Patients to simulate.
    optimum_mg : float, array_like of shape (n_patients,), or None
        True best dose, the same for all or one for each; None for no drug effect at all.
    effect_points : float
        Points by which the drug lowers the score at the true optimum. Not used under no effect.
    width_mg : float
        ``shape="window"``: standard deviation of the bell of benefit around the optimum. ``"plateau"``: not
        used.
    shape : {"window", "plateau"}
        ``"window"``: benefit falls again above the optimum, ``effect * exp(-((dose - optimum) / width)^2 /
        2)``.
        ``"plateau"``: benefit rises in a straight line to the optimum and stays.
    step_mg, days_per_step, max_mg, back_after, followup_days
        The dosing rule.
    usual_mean, usual_sd : float
        Mean and SD, between people, of the usual score among all who might come, points.
    entry_sd : float
        SD of one questionnaire around the person's usual score, points.
    entry_min : float
        Entry is on a questionnaire score of at least this; choosing people on a bad day makes the next score
        better on average (regression to the mean). Use ``-inf`` for no such choice.
    day_sd : float
        SD of one day's felt score around the usual score, points; a step is felt as the mean of its days, so
        its SD is ``day_sd / sqrt(days_per_step)``.
    step_correlation : float
        Correlation of that noise from one step to the next, 0 to below 1: above 0, good and bad spells last.
    reference : {"entry", "run-in"}
        What the first benefit is judged against: the questionnaire score at entry, or an untreated step
        before the first dose.
    first_gain_points, further_gain_points, worse_points : float
        Felt difference that counts as the first benefit; as a further one; and, for a dose above the best
        one, as clearly worse (apparent hormesis).
    placebo_points, placebo_days : float
        Improvement from expectation alone, points, approached as ``1 - exp(-day / placebo_days)``.
    give_up_per_step : float
        Chance, at each step, that the patient stops of own accord.
    stay_points : float or None
        Only patients at least this much better at follow-up than at entry are analysed, because the others no
        longer come. None: no such selection.
    seed : int
        Seed; the same seed gives the same patients.

    Returns
    -------
    BestDoseSearch

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    A patient who has felt a benefit and reaches `max_mg` before the rule says to go back keeps the best dose
    so far; the study does not say what then happened. Scores are cut off at 0 and 10. Side effects are not
    simulated. With
    ``further_gain_points`` above what a true effect adds over `back_after` steps, the rule stops short of the
    optimum.

    Examples
    --------
    >>> nothing = best_dose_search(2000)
    >>> bool(nothing.true_benefit.any()), bool(nothing.improvement[nothing.analysed].mean() > 0.5)
    (False, True)
    >>> quiet = {"day_sd": 0, "entry_sd": 0, "first_gain_points": 0, "further_gain_points": 0}
    >>> exact = best_dose_search(50, optimum_mg=2.0, **quiet)
    >>> bool((abs(exact.best_dose_mg - 2.0) < 0.21).all())
    True
    """
    given = dict(locals())  # every argument, before anything else has a name
    values = {k: v for k, v in given.items() if k not in ("optimum_mg", "reference", "shape", "stay_points")}
    _check(values)
    _checks.choice(reference, "reference", ("entry", "run-in"))
    _checks.choice(shape, "shape", ("window", "plateau"))
    n, levels = n_patients, round(max_mg / step_mg)
    rng = np.random.default_rng(seed)
    optimum = np.full(n, np.nan) if optimum_mg is None else np.asarray(optimum_mg, dtype=float)
    if optimum.shape not in ((), (n,)) or (optimum_mg is not None and not (optimum > 0).all()):
        raise ValueError("optimum_mg must be None, one dose above 0, or one such dose for each patient.")
    optimum = np.broadcast_to(optimum, (n,)).copy()

    def benefit(best: FloatArray, dose: FloatArray) -> FloatArray:
        if optimum_mg is None:
            return np.zeros(np.broadcast_shapes(best.shape, dose.shape))
        if shape == "window":
            return np.asarray(effect_points * np.exp(-0.5 * ((dose - best) / width_mg) ** 2))
        return np.asarray(effect_points * np.minimum(dose / best, 1.0))

    def expected(day: FloatArray) -> FloatArray:
        return np.asarray(placebo_points * (1 - np.exp(-day / placebo_days)))

    usual, entry = enter(rng, n, usual_mean, usual_sd, entry_sd, entry_min)
    # All draws are made before any rule is applied: runs with the same seed then share their luck, and
    # comparing two settings shows the settings.
    noise = lasting_noise(rng, n, levels + 1, day_sd / math.sqrt(days_per_step), step_correlation)
    late_noise = entry_sd * rng.standard_normal(n)
    patience = rng.random(n)
    level = np.arange(1, levels + 1)
    lowered = benefit(optimum[:, None], level * step_mg) + expected((level - 0.5) * days_per_step)
    felt = np.clip(usual[:, None] - lowered + noise[:, 1:], 0, 10)
    # Column 0 of the noise is the untreated step before the first dose.
    target = entry if reference == "entry" else np.clip(usual + noise[:, 0], 0, 10)
    best_level, end_level, hormesis = search_rule(
        felt, target, first_gain_points, further_gain_points, worse_points, back_after
    )
    gave_up = np.zeros(n, dtype=bool)
    if (
        give_up_per_step > 0
    ):  # geometric, by inversion: the step at which the patient would stop of own accord
        leaves = 1 + np.floor(np.log1p(-patience) / math.log1p(-give_up_per_step))
        gave_up = leaves < end_level
        end_level = np.where(gave_up, leaves, end_level)
    found = (best_level > 0) & ~gave_up
    best = np.where(found, best_level * step_mg, np.nan)
    days = end_level * float(days_per_step)
    drug = np.where(found, benefit(optimum, np.where(found, best, 0.0)), 0.0)
    followup = np.clip(usual - drug - expected(days + followup_days) + late_noise, 0, 10)
    stays = np.ones(n, dtype=bool) if stay_points is None else entry - followup >= stay_points
    return BestDoseSearch(
        best_dose_mg=best,
        found=found,
        analysed=found & stays,
        gave_up=gave_up,
        entry_score=entry,
        followup_score=followup,
        improvement=entry - followup,
        true_benefit=drug,
        hormesis=hormesis & found,
        search_days=days,
        optimum_mg=optimum,
        parameters={
            **values,
            "optimum_mg": optimum_mg,
            "reference": reference,
            "shape": shape,
            "stay_points": stay_points,
        },
        assumptions=_assumptions(values, optimum_mg is None, reference, shape, stay_points),
    )


def _check(values: dict[str, object]) -> None:
    for name in ("n_patients", "days_per_step", "back_after"):
        _checks.whole(values[name], name, 1)
    for name in ("step_mg", "max_mg", "width_mg", "placebo_days"):
        _checks.positive(values[name], name)
    v = {name: _checks.number(value, name) for name, value in values.items() if name != "entry_min"}
    steps = v["max_mg"] / v["step_mg"]
    if abs(steps - round(steps)) > 1e-6:
        raise ValueError(f"max_mg must be a multiple of step_mg; got {v['max_mg']:g} with {v['step_mg']:g}.")
    not_negative = (
        "effect_points",
        "followup_days",
        "usual_sd",
        "entry_sd",
        "day_sd",
        "first_gain_points",
        "further_gain_points",
        "worse_points",
        "placebo_points",
    )
    for name in not_negative:
        if v[name] < 0:
            raise ValueError(f"{name} must be 0 or more; got {v[name]:g}.")
    for name in ("step_correlation", "give_up_per_step"):
        if not 0 <= v[name] < 1:
            raise ValueError(f"{name} must be at least 0 and below 1; got {v[name]:g}.")
    entry_min = values["entry_min"]
    if not (isinstance(entry_min, (int, float)) and entry_min < 10 and 0 <= v["usual_mean"] <= 10):
        raise ValueError("usual_mean must lie within 0 to 10, and entry_min below 10.")
    if entry_min > v["usual_mean"] + 6 * math.hypot(v["usual_sd"], v["entry_sd"]):
        raise ValueError("entry_min lies so far above usual_mean that nobody would enter; lower it.")


def _assumptions(
    v: dict[str, object], no_effect: bool, reference: Reference, shape: Shape, stay_points: float | None
) -> tuple[str, ...]:
    drug = (
        "No drug effect at all: the score does not depend on the dose."
        if no_effect
        else f"A true optimum for each patient, worth {v['effect_points']} points; the benefit is a {shape}."
    )
    against = "the entry score" if reference == "entry" else "an untreated step before the first dose"
    analysed = (
        "All who found a best dose are analysed."
        if stay_points is None
        else f"Only those {stay_points} points or more better at follow-up are analysed."
    )
    return (
        drug,
        f"Usual pain: mean {v['usual_mean']}, SD {v['usual_sd']} points between people; one questionnaire "
        f"scatters with SD {v['entry_sd']} and one day with SD {v['day_sd']} points (correlation between "
        f"steps {v['step_correlation']}).",
        f"Entry is on a score of {v['entry_min']} or more, so that the next score is lower on average.",
        f"The first benefit is {v['first_gain_points']} points or more against {against}, a further one "
        f"{v['further_gain_points']} points against the best so far; clearly worse is "
        f"{v['worse_points']} points.",
        f"Improvement from expectation: {v['placebo_points']} points. Chance to give up: "
        f"{v['give_up_per_step']} a step.",
        analysed,
        "These figures are assumptions to be varied, not estimates; only the dosing rule is a study's.",
    )
