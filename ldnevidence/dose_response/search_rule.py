"""The patients of the best-dose simulation as they come in, and the rule by which they search."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ldnevidence.dose_response.curves import FloatArray

BoolArray = npt.NDArray[np.bool_]


def search_rule(
    felt: FloatArray,
    target: FloatArray,
    first_gain_points: float,
    further_gain_points: float,
    worse_points: float,
    back_after: int,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], BoolArray]:
    """Apply the search rule to felt scores, all patients at once.

    Parameters
    ----------
    felt : ndarray, shape (n, levels)
        Score felt at each dose level, lower is better.
    target : ndarray, shape (n,)
        Score against which the first benefit is judged.
    first_gain_points, further_gain_points, worse_points, back_after
        As in `best_dose_search`.

    Returns
    -------
    (ndarray, ndarray, ndarray), shapes (n,)
        Level of the best dose (1 is the first dose, 0 none found), level at which the search ended, and
        whether a dose tried above the best one felt clearly worse.

    Examples
    --------
    >>> felt = np.array([[5.0, 3.0, 2.0, 4.5, 3.0, 1.0]])
    >>> [v.tolist() for v in search_rule(felt, np.array([5.0]), 2.0, 0.5, 2.0, 2)]
    [[3], [5], [True]]
    """
    n, levels = felt.shape
    best_level = np.zeros(n, dtype=np.intp)  # 0: no benefit felt yet
    end_level = np.full(n, levels, dtype=np.intp)
    hormesis = np.zeros(n, dtype=bool)
    best_score = target - first_gain_points
    misses = np.zeros(n, dtype=np.intp)
    on = np.arange(n)  # the patients still searching; shrinks, so that late steps cost little
    for level in range(1, levels + 1):
        score = felt[on, level - 1]
        started = best_level[on] > 0
        gap = best_score[on] - score
        # The first benefit may equal its threshold; a further one must be an improvement, also with a
        # threshold of 0.
        gain = np.where(started, (gap >= further_gain_points) & (gap > 1e-12), gap >= 0)
        hormesis[on] = ~gain & (hormesis[on] | (started & (-gap >= worse_points)))
        best_level[on] = np.where(gain, level, best_level[on])
        best_score[on] = np.where(gain, score, best_score[on])
        misses[on] = np.where(gain | ~started, 0, misses[on] + 1)
        ends = misses[on] >= back_after
        end_level[on[ends]] = level
        on = on[~ends]
        if on.size == 0:
            break
    return best_level, end_level, hormesis


def enter(
    rng: np.random.Generator, n: int, mean: float, usual_sd: float, entry_sd: float, entry_min: float
) -> tuple[FloatArray, FloatArray]:
    """Usual and entry scores of people chosen on an entry score of at least `entry_min`.

    The entry score is drawn from its normal distribution cut off below, by inversion; the usual score then
    from its normal distribution given the entry score. This is exact and needs no rejected draws.
    """
    from scipy.special import ndtr, ndtri  # lazy: importing the package stays light

    total = math.hypot(usual_sd, entry_sd)
    if total == 0:
        return np.full(n, mean), np.full(n, mean)
    floor = float(ndtr((entry_min - mean) / total))
    entry = mean + total * ndtri(floor + (1 - floor) * rng.random(n))
    reliability = (usual_sd / total) ** 2
    usual = mean + reliability * (entry - mean) + usual_sd * entry_sd / total * rng.standard_normal(n)
    return np.clip(usual, 0, 10), np.clip(entry, 0, 10)


def lasting_noise(rng: np.random.Generator, n: int, steps: int, sd: float, correlation: float) -> FloatArray:
    """Normal noise of the given SD, shape (n, steps), correlated from one step to the next."""
    noise = rng.standard_normal((n, steps))
    fresh = math.sqrt(1 - correlation**2)  # keeps the SD the same at every step
    for k in range(1, steps) if correlation else ():
        noise[:, k] = correlation * noise[:, k - 1] + fresh * noise[:, k]
    return noise * sd
