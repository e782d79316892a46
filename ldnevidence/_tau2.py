"""Estimators of the variance between studies, for many data sets at once.

Every function takes `y`, `v` and `m` of shape (data sets, studies): effects, sampling variances, and 1.0
where there is a study or 0.0 where the row is padded (there `y` is 0 and `v` is 1). Each returns one value a
data set.
"""

import numpy as np
from numpy.typing import NDArray

from ldnevidence._distributions import FloatArray

GRID_STEP = 0.15
"""Spacing of the search grid in log(tau2 + smallest variance); see `reml`."""
BLOCK = 128
"""Data sets whose grids are searched in one go."""
NEWTON_STEPS = 200
"""More than any converging iteration needs: each of them at least halves its interval or its distance."""


def fit(y: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the sum of the weights, the weighted mean, and the residuals (all with the studies' axis)."""
    total = w.sum(axis=1, keepdims=True)
    mean = (w * y).sum(axis=1, keepdims=True) / total
    return total, mean, y - mean


def cochran_q(y: FloatArray, v: FloatArray, m: FloatArray) -> FloatArray:
    """Return Cochran's Q, the weighted sum of squares around the mean with weights 1/v."""
    w = m / v
    return np.asarray((w * fit(y, w)[2] ** 2).sum(axis=1))


def typical_variance(v: FloatArray, m: FloatArray) -> FloatArray:
    """Return the "typical" sampling variance of Higgins and Thompson (2002), equation 9."""
    w = m / v
    total = w.sum(axis=1)
    return np.asarray((m.sum(axis=1) - 1) / (total - (w**2).sum(axis=1) / total))


def dersimonian_laird(y: FloatArray, v: FloatArray, m: FloatArray) -> FloatArray:
    """Return the moment estimator of DerSimonian and Laird (1986)."""
    w = m / v
    total = w.sum(axis=1)
    spare = total - (w**2).sum(axis=1) / total
    return np.asarray(np.maximum(0.0, (cochran_q(y, v, m) - (m.sum(axis=1) - 1)) / spare))


def _spread(y: FloatArray, v: FloatArray, m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the plain variance of the effects, and the smallest and largest sampling variance."""
    squares = (m * fit(y, m)[2] ** 2).sum(axis=1)
    smallest = np.where(m > 0, v, np.inf).min(axis=1)
    largest = np.where(m > 0, v, -np.inf).max(axis=1)
    return squares / (m.sum(axis=1) - 1), smallest, largest


def paule_mandel(y: FloatArray, v: FloatArray, m: FloatArray) -> FloatArray:
    """Return the tau2 of Paule and Mandel (1982), at which the generalised Q equals k - 1; else 0.

    Q falls and is convex in tau2, so that Newton's steps from the left of the root approach it without ever
    passing it. As no weight is below 1 / (largest v + tau2), (plain variance - largest v) lies to its left.
    """
    freedom = m.sum(axis=1) - 1
    variance, smallest, largest = _spread(y, v, m)
    tau2 = np.maximum(0.0, variance - largest)
    for _ in range(NEWTON_STEPS):
        w = m / (v + tau2[:, None])
        residual = fit(y, w)[2]
        excess = (w * residual**2).sum(axis=1) - freedom
        slope = ((w * residual) ** 2).sum(axis=1)
        # A row whose excess is not above rounding error is done; that covers Q below k - 1 at tau2 = 0.
        moving = excess > 1e-14 * freedom
        step = np.divide(excess, slope, out=np.zeros_like(tau2), where=moving)
        tau2 = np.asarray(tau2 + step)
        if not np.any(step > 1e-14 * (tau2 + smallest)):
            return tau2
    raise ArithmeticError("the Paule-Mandel iteration did not converge")  # pragma: no cover


def _reml_score(
    y: FloatArray, v: FloatArray, m: FloatArray, tau2: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the first two derivatives of the restricted log-likelihood with respect to tau2."""
    w = m / (v + tau2[:, None])
    w2 = w * w
    total = w.sum(axis=1)
    s2 = w2.sum(axis=1) / total
    s3 = (w2 * w).sum(axis=1) / total
    e = w * fit(y, w)[2]
    first = 0.5 * ((e**2).sum(axis=1) - (total - s2))
    inner = (w * fit(e, w)[2] ** 2).sum(axis=1)
    second = 0.5 * (w2.sum(axis=1) - 2 * s3 + s2**2) - inner
    return np.asarray(first), np.asarray(second)


def reml_log_likelihood(y: FloatArray, v: FloatArray, m: FloatArray, tau2: FloatArray) -> FloatArray:
    """Return the restricted log-likelihood of each row at its tau2, without its constants."""
    marginal = v + tau2[:, None]
    w = m / marginal
    total, _, residual = fit(y, w)
    q = (w * residual**2).sum(axis=1)
    return np.asarray(-0.5 * ((m * np.log(marginal)).sum(axis=1) + np.log(total[:, 0]) + q))


def _refine(
    y: FloatArray, v: FloatArray, m: FloatArray, low: FloatArray, high: FloatArray, scale: FloatArray
) -> FloatArray:
    """Return the root of the score between `low` (score above 0) and `high`: Newton, else bisection."""
    x = 0.5 * (low + high)
    for _ in range(NEWTON_STEPS):
        score, slope = _reml_score(y, v, m, x)
        low, high = np.where(score > 0, x, low), np.where(score > 0, high, x)
        newton = x - np.divide(score, slope, out=np.full_like(x, np.inf), where=slope < 0)
        inside = (newton >= low) & (newton <= high)
        moved = np.where(inside, newton, 0.5 * (low + high))
        # Newton's error is squared at each step, so that a step of 1e-11 leaves nothing but rounding.
        done = np.abs(moved - x) <= 1e-11 * (x + scale)
        x = moved
        if bool(done.all()):
            return x
    raise ArithmeticError("the REML iteration did not converge")  # pragma: no cover


def _score_on_grid(y: FloatArray, w: FloatArray) -> FloatArray:
    """Return twice the score; `y` has shape (rows, studies), `w` and its sums have a grid axis in between."""
    total = w.sum(axis=2)
    mean = np.einsum("gps,gs->gp", w, y) / total
    e = y[:, None, :] - mean[:, :, None]
    e *= w
    squares = np.einsum("gps,gps->gp", e, e)
    return np.asarray(squares - total + np.einsum("gps,gps->gp", w, w) / total)


def _brackets(
    y: FloatArray, v: FloatArray, m: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray, FloatArray]:
    """Return the rows with a maximum at 0, and row, low and high of each fall of the score through 0."""
    variance, smallest, largest = _spread(y, v, m)
    # One per cent beyond the bound, which is exact when all the variances are equal.
    reach = 1.01 * (variance + np.sqrt(variance**2 + 4 * variance * (largest - smallest))) / 2
    width = np.log(np.maximum(reach / smallest, 1.0))
    v = np.where(m > 0, v, np.inf)
    edge, row, low, high = [], [], [], []
    # Rows of like width share a grid; a block of them is small enough for the processor's cache.
    for block in np.array_split(np.argsort(width), -(-len(y) // BLOCK)):
        points = 2 + int(width[block].max() / GRID_STEP)
        grid = smallest[block, None] * np.expm1(width[block, None] * np.linspace(0.0, 1.0, points))
        falling = _score_on_grid(y[block], 1 / (v[block, None, :] + grid[:, :, None])) <= 0
        edge.append(block[falling[:, 0]])
        at, cell = np.nonzero(~falling[:, :-1] & falling[:, 1:])
        row.append(block[at])
        low.append(grid[at, cell])
        high.append(grid[at, cell + 1])
    return np.concatenate(edge), np.concatenate(row), np.concatenate(low), np.concatenate(high)


def reml(y: FloatArray, v: FloatArray, m: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the tau2 with the highest restricted likelihood, and the number of its local maxima.

    The likelihood can have several maxima, of which an iteration from one starting value finds only one. Here
    the sign of the score is read on a grid that covers every place where a maximum can be, each fall through
    zero is refined, and the highest is kept. Beyond an upper bound the score is below 0: it is at most
    s / (a + tau2)^2 - 1 / (b + tau2), times (k - 1) / 2, where s is the plain variance of the effects and a
    and b are the smallest and largest sampling variance. The grid is even in log(tau2 + a), where the score
    of every data set varies on a scale of about 1, and has steps of at most `GRID_STEP`.
    """
    edge, row, low, high = _brackets(y, v, m)
    smallest = np.where(m > 0, v, np.inf).min(axis=1)
    inner = _refine(y[row], v[row], m[row], low, high, smallest[row])
    # A score of 0 or less at tau2 = 0 makes the boundary a maximum.
    row = np.concatenate([edge, row])
    tau2 = np.concatenate([np.zeros(len(edge)), inner])
    optima = np.bincount(row, minlength=len(y)).astype(np.int64)
    if np.all(optima == 1):
        return tau2[np.argsort(row)], optima
    height = reml_log_likelihood(y[row], v[row], m[row], tau2)
    order = np.lexsort((height, row))
    last = np.append(row[order][1:] != row[order][:-1], True)
    return tau2[order][last], optima
