"""Receptor occupancy against dose: an Emax curve through imaging points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldnevidence.dose_response.curves import FloatArray


@dataclass(frozen=True, eq=False)
class EmaxCurve:
    """An Emax curve fitted to receptor occupancies.

    Attributes
    ----------
    ed50 : float
        Dose (mg) at which half of `emax` is occupied.
    ed50_low, ed50_high : float
        Lowest and highest ED50 when each distinct dose is left out in turn: a plain measure of how much hangs
        on one point, not a confidence interval. NaN with only two distinct doses.
    emax : float
        Highest occupancy, percent.
    emax_fixed : bool
        Whether `emax` was given and not fitted.
    residual_sd : float
        Root mean square distance of the points from the curve, in percentage points (divisor: points minus
        parameters; NaN where that is 0).
    doses, occupancy : ndarray, shape (k,)
        The points, as given.
    note : str
        What a reader has to know beside the curve.
    """

    ed50: float
    ed50_low: float
    ed50_high: float
    emax: float
    emax_fixed: bool
    residual_sd: float
    doses: FloatArray
    occupancy: FloatArray
    note: str

    def predict(self, dose: npt.ArrayLike) -> FloatArray:
        """Occupancy in percent at each dose (mg); same shape as `dose`.

        Raises
        ------
        ValueError
            If a dose is negative or not a number.
        """
        x = np.asarray(dose, dtype=float)
        if not (x >= 0).all():
            raise ValueError("Doses must be 0 or more.")
        return np.asarray(self.emax * x / (x + self.ed50), dtype=float)


def emax_curve(doses: npt.ArrayLike, occupancy: npt.ArrayLike, *, emax: float | None = 100.0) -> EmaxCurve:
    """Fit ``occupancy = emax * dose / (dose + ed50)`` by least squares.

    Parameters
    ----------
    doses : array_like, shape (k,)
        Doses in mg, above 0.
    occupancy : array_like, shape (k,)
        Occupancy in percent, 0 to 100.
    emax : float or None
        Highest occupancy in percent. 100 by default: a blocker that binds one site fills all receptors at a
        high enough dose. None fits it too, held to at most 100.

    Returns
    -------
    EmaxCurve
        Parameters, the points, `predict`, and a note in words.

    Raises
    ------
    ValueError
        If there are fewer than two distinct doses, a dose is not above 0, an occupancy is not within 0 to
        100, `emax` is not within 0 to 100, or the points do not determine an ED50 (all 0, or all at the
        maximum).

    References
    ----------
    Holford NHG, Sheiner LB. Understanding the dose-effect relationship: clinical application of
    pharmacokinetic-pharmacodynamic models. Clinical Pharmacokinetics 1981;6:429-453.

    Examples
    --------
    >>> curve = emax_curve([1, 4, 16], [20, 50, 80])
    >>> round(curve.ed50, 3), curve.predict([4.0]).round(1).tolist()
    (4.0, [50.0])
    """
    x, y = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (doses, occupancy))
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"doses and occupancy must be equally long lists, not {x.size} and {y.size}.")
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise ValueError(f"doses must be numbers above 0, not {x.tolist()}.")
    if not ((y >= 0) & (y <= 100)).all():
        raise ValueError(f"occupancy must lie within 0 to 100 percent, not {y.tolist()}.")
    if emax is not None and not 0 < emax <= 100:
        raise ValueError(f"emax must be above 0 and at most 100 percent, or None, not {emax}.")
    levels = np.unique(x)
    if levels.size < 2:
        raise ValueError(f"An Emax curve needs at least two distinct doses; {levels.size} was given.")
    ed50, top = _least_squares(x, y, emax)
    without = (
        [_ed50_or_nan(x[x != dose], y[x != dose], emax) for dose in levels] if levels.size > 2 else [math.nan]
    )
    left = np.array(without)
    freedom = x.size - (1 if emax is not None else 2)
    residuals = y - top * x / (x + ed50)
    return EmaxCurve(
        ed50=ed50,
        ed50_low=float(left.min()),
        ed50_high=float(left.max()),
        emax=top,
        emax_fixed=emax is not None,
        residual_sd=math.sqrt(float(residuals @ residuals) / freedom) if freedom > 0 else math.nan,
        doses=x,
        occupancy=y,
        note=(
            f"A curve through {x.size} points at {levels.size} doses. The points come from few people, and "
            "may come from different methods and hours after the dose. Occupancy depends on the time since "
            "the dose: it falls as the drug leaves, so the curve holds for the hours at which the points "
            "were measured and not for a whole day. Occupancy is not benefit."
        ),
    )


def _least_squares(x: FloatArray, y: FloatArray, emax: float | None) -> tuple[float, float]:
    """ED50 and Emax; for a given ED50 the best Emax is linear, so one search over log ED50 is enough."""

    def best_top(ed50: float) -> float:
        if emax is not None:
            return float(emax)
        share = x / (x + ed50)
        return min(float(y @ share / (share @ share)), 100.0)

    def loss(log_ed50: float) -> float:
        ed50 = math.exp(log_ed50)
        residuals = y - best_top(ed50) * x / (x + ed50)
        return float(residuals @ residuals)

    low, high = math.log(x.min()) - 10.0, math.log(x.max()) + 10.0
    grid = np.linspace(low, high, 801)
    index = int(np.argmin([loss(float(g)) for g in grid]))
    if index in (0, grid.size - 1):
        raise ValueError("The points do not determine an ED50: they lie all near 0 or all near the maximum.")
    a, b = float(grid[index - 1]), float(grid[index + 1])
    ratio = (math.sqrt(5) - 1) / 2
    c, d = b - ratio * (b - a), a + ratio * (b - a)
    for _ in range(100):  # golden section: the bracket shrinks by 0.618 a step, to the last digit
        if loss(c) < loss(d):
            b, d = d, c
            c = b - ratio * (b - a)
        else:
            a, c = c, d
            d = a + ratio * (b - a)
    ed50 = math.exp(0.5 * (a + b))
    return ed50, best_top(ed50)


def _ed50_or_nan(x: FloatArray, y: FloatArray, emax: float | None) -> float:
    try:
        return _least_squares(x, y, emax)[0]
    except ValueError:
        return math.nan
