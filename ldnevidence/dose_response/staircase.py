"""Simulation of an up-and-down dose-finding study under a curve that we choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ldnevidence import _checks
from ldnevidence.dose_response.curves import Curve, FloatArray, dose_at, named_curves
from ldnevidence.dose_response.fits import REASONS, Definition, binomial_fit, isotonic_dose, isotonic_fit

Estimator = Literal["isotonic", "logit", "probit"]
Stop = Literal["people", "rule"]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class UpAndDown:
    """Simulated up-and-down studies; every array has one row a study (s studies, k doses).

    Attributes
    ----------
    doses : ndarray, shape (k,)
        The doses of the design, mg/day.
    tested, responded : ndarray, shape (s, k)
        People tested at each dose, and those of them who responded.
    ed50, ed95 : ndarray, shape (s,)
        Estimates, mg/day; NaN where the study does not support one.
    ed50_status, ed95_status : ndarray, shape (s,)
        0, or why there is no estimate (index into `fits.REASONS`).
    n_people, n_responders : ndarray, shape (s,)
        People tested and responders among them.
    reversals, pairs : ndarray, shape (s,)
        Changes of direction; non-responders followed at once by a responder.
    last_dose : ndarray, shape (s,)
        Dose that the next person would have got, mg/day.
    path : ndarray, shape (s, people)
        Dose of each person in order, mg/day; NaN after the study stopped.
    response : ndarray, shape (s, people)
        1 or 0 for each person; -1 after the study stopped.
    curve : Curve
        The true curve.
    true_ed50, true_ed95 : float
        Where the true curve reaches 50% and 95% of all people; NaN where it never does.
    estimator, definition, stop : str
        As asked for.
    note : str
        What a reader has to know beside the result.
    """

    doses: FloatArray
    tested: IntArray
    responded: IntArray
    ed50: FloatArray
    ed95: FloatArray
    ed50_status: npt.NDArray[np.int8]
    ed95_status: npt.NDArray[np.int8]
    n_people: IntArray
    n_responders: IntArray
    reversals: IntArray
    pairs: IntArray
    last_dose: FloatArray
    path: FloatArray
    response: npt.NDArray[np.int8]
    curve: Curve
    true_ed50: float
    true_ed95: float
    estimator: Estimator
    definition: Definition
    stop: Stop
    note: str

    def summary(self) -> pd.DataFrame:
        """One row a quantity: true value, share of studies with a value, mean, median, 2.5 and 97.5 centiles.

        Mean and centiles are over the studies that have a value.
        """
        rows: list[tuple[str, FloatArray, float]] = [
            ("ED50, mg/day", self.ed50, self.true_ed50),
            ("ED95, mg/day", self.ed95, self.true_ed95),
            ("responders", self.n_responders.astype(float), np.nan),
            ("people tested", self.n_people.astype(float), np.nan),
            ("changes of direction", self.reversals.astype(float), np.nan),
            ("up-and-down pairs", self.pairs.astype(float), np.nan),
        ]
        return pd.DataFrame([_describe(*row) for row in rows])

    def refusals(self) -> pd.DataFrame:
        """One row a quantity and reason: share of studies that give no ED50 or ED95 for that reason."""
        rows = [
            {"quantity": quantity, "reason": REASONS[code], "share": float((status == code).mean())}
            for quantity, status in (("ED50", self.ed50_status), ("ED95", self.ed95_status))
            for code in np.unique(status[status > 0])
        ]
        return pd.DataFrame(rows, columns=["quantity", "reason", "share"])


def up_and_down(
    true_curve: Curve | Callable[[FloatArray], npt.ArrayLike] | str,
    *,
    step_mg: float = 0.75,  # bruunplesner2020: steps of 0.75 mg
    max_mg: float = 6.0,  # bruunplesner2020: doses up to 6 mg
    start_mg: float = 0.75,  # so marcus2024 of bruunplesner2020, whose own full text was not read
    n_people: int = 25,  # bruunplesner2020: 25 people analysed
    stop: Stop = "people",
    min_reversals: int = 10,  # bruunplesner2020: stopped once the dose had changed direction 10 times ...
    min_pairs: int = 6,  # ... and six up-and-down pairs were available
    max_people: int = 30,  # bruunplesner2020: a project page planned up to 30 women
    estimator: Estimator = "isotonic",
    definition: Definition = "absolute",
    n_sim: int = 2000,
    seed: int = 0,
) -> UpAndDown:
    """Simulate an up-and-down study many times under a known curve.

    The first person gets `start_mg`. After a non-response the next person gets one step more, after a
    response one step less; at the ends of the range the dose stays. ED50 and ED95 are then estimated from the
    counts at each dose.

    Parameters
    ----------
    true_curve : Curve, callable or str
        Probability of response at a dose in mg/day; or a name from `curves.named_curves`.
    step_mg, max_mg, start_mg : float
        Step, highest dose and first dose, mg/day; the doses are the multiples of the step up to the highest.
    n_people : int
        People tested, with ``stop="people"``.
    stop : {"people", "rule"}
        ``"people"``: exactly `n_people`. ``"rule"``: as soon as there are `min_reversals` changes of
        direction and `min_pairs` pairs, and at `max_people` at the latest.
    min_reversals, min_pairs, max_people : int
        The stopping rule, with ``stop="rule"``. A pair is taken to be a non-responder followed at once by a
        responder: the usual meaning, but an assumption here, as the study's own definition was not read.
    estimator : {"isotonic", "logit", "probit"}
        How ED50 and ED95 are estimated. How bruunplesner2020 estimated them was not read.
    definition : {"absolute", "relative"}
        As in `ed_isotonic`; the parametric curves know only "absolute".
    n_sim : int
        Number of simulated studies.
    seed : int
        Seed; the same seed gives the same studies.

    Returns
    -------
    UpAndDown

    Raises
    ------
    ValueError
        If a parameter is out of range, a name is unknown, or the curve gives values outside 0 to 1.

    Notes
    -----
    As long as the walk does not run against an end of the range, each response moves the dose one step down
    and each non-response one step up, so ``responders = (people - (next dose - first dose) / step) / 2``
    whatever the curve: the share of responders is set by the rule, towards one half, and is no response rate
    of the drug.

    References
    ----------
    Dixon WJ, Mood AM. A method for obtaining and analyzing sensitivity data. Journal of the American
    Statistical Association 1948;43:109-126.
    Pace NL, Stylianou MP. Advances in and limitations of up-and-down methodology. Anesthesiology
    2007;107:144-152.

    Examples
    --------
    >>> sim = up_and_down("everybody responds at a high enough dose", n_sim=200)
    >>> bool(8 <= sim.n_responders.mean() <= 13), sim.ed50.shape
    (True, (200,))
    >>> float(up_and_down("nobody responds", n_sim=10).n_responders.max())
    0.0
    """
    _checks.choice(stop, "stop", ("people", "rule"))
    _checks.choice(estimator, "estimator", ("isotonic", "logit", "probit"))
    _checks.choice(definition, "definition", ("absolute", "relative"))
    if estimator != "isotonic" and definition == "relative":
        raise ValueError(
            "definition='relative' needs estimator='isotonic': the parametric curves rise to 100%."
        )
    for name, value in (("step_mg", step_mg), ("max_mg", max_mg), ("start_mg", start_mg)):
        _checks.positive(value, name)
    counts = {
        "n_people": n_people,
        "n_sim": n_sim,
        "min_reversals": min_reversals,
        "min_pairs": min_pairs,
        "max_people": max_people,
    }
    for name, count in counts.items():
        _checks.whole(count, name, 1)
    doses = step_mg * np.arange(1, round(max_mg / step_mg) + 1)
    start = round(start_mg / step_mg) - 1
    if doses.size < 2 or abs(doses[-1] - max_mg) > 1e-9:
        raise ValueError(
            f"max_mg must be a multiple of step_mg, two steps or more, not {max_mg} with {step_mg}."
        )
    if not 0 <= start < doses.size or abs(doses[start] - start_mg) > 1e-9:
        raise ValueError(f"start_mg must be one of the doses {doses.tolist()}, not {start_mg}.")
    curve = _as_curve(true_curve)
    p = np.asarray(curve(doses), dtype=float)
    if p.shape != doses.shape or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("true_curve must give one probability between 0 and 1 for each dose.")

    people = n_people if stop == "people" else max_people
    draws = np.random.default_rng(seed).random((people, n_sim))
    at = np.full(n_sim, start)
    index = np.full((people, n_sim), -1)
    response = np.full((people, n_sim), -1, dtype=np.int8)
    running = np.ones(n_sim, dtype=bool)
    reversals, pairs = np.zeros(n_sim, dtype=np.int64), np.zeros(n_sim, dtype=np.int64)
    for t in range(people):
        yes = draws[t] < p[at]
        index[t] = np.where(running, at, -1)
        response[t] = np.where(running, yes, -1)
        if t > 0:
            before = response[t - 1] == 1
            reversals += running & (yes != before)
            pairs += running & yes & ~before
        at = np.where(running, np.clip(at + np.where(yes, -1, 1), 0, doses.size - 1), at)
        if stop == "rule":
            running &= (reversals < min_reversals) | (pairs < min_pairs)
    here = index[:, :, None] == np.arange(doses.size)
    tested = here.sum(axis=0)
    responded = (here & (response == 1)[:, :, None]).sum(axis=0)
    ed50, status50 = _estimate(doses, responded, tested, 0.50, estimator, definition)
    ed95, status95 = _estimate(doses, responded, tested, 0.95, estimator, definition)
    return UpAndDown(
        doses=doses,
        tested=tested,
        responded=responded,
        ed50=ed50,
        ed95=ed95,
        ed50_status=status50,
        ed95_status=status95,
        n_people=tested.sum(axis=1),
        n_responders=responded.sum(axis=1),
        reversals=reversals,
        pairs=pairs,
        last_dose=doses[at],
        path=np.where(index >= 0, doses[index], np.nan).T,
        response=response.T,
        curve=curve,
        true_ed50=dose_at(curve, 0.50),
        true_ed95=dose_at(curve, 0.95),
        estimator=estimator,
        definition=definition,
        stop=stop,
        note=(
            f"{n_sim} simulated studies under a curve that we chose ({curve.label}). {curve.assumption} The "
            "share of responders follows from the dosing rule, which steers towards one half, and is no "
            "response rate. The design tests few people far from the ED50, so an ED95 rests on little."
        ).replace("  ", " "),
    )


def _estimate(
    doses: FloatArray,
    responded: IntArray,
    tested: IntArray,
    level: float,
    estimator: Estimator,
    definition: Definition,
) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    if estimator == "isotonic":
        return isotonic_dose(doses, isotonic_fit(responded, tested), level, definition)
    fit = binomial_fit(doses, responded.astype(float), tested.astype(float), estimator)
    dose, _, status = fit.dose(level, estimator)
    return dose, status


def _as_curve(curve: Curve | Callable[[FloatArray], npt.ArrayLike] | str) -> Curve:
    if isinstance(curve, Curve):
        return curve
    if isinstance(curve, str):
        known = named_curves()
        if curve not in known:
            raise ValueError(f"Unknown curve {curve!r}; known are: {'; '.join(known)}.")
        return known[curve]
    function = curve
    return Curve("a curve given as a function", lambda dose: np.asarray(function(dose), dtype=float))


def _describe(quantity: str, values: FloatArray, true: float) -> dict[str, float | str]:
    known = values[~np.isnan(values)]
    low, median, high = np.quantile(known, [0.025, 0.5, 0.975]) if known.size else (np.nan,) * 3
    return {
        "quantity": quantity,
        "true": true,
        "share_estimable": known.size / values.size,
        "mean": float(known.mean()) if known.size else np.nan,
        "median": float(median),
        "low": float(low),
        "high": float(high),
    }
