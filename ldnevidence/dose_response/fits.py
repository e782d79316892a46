"""The fits behind the effective doses, for many data sets at once: isotonic and two-parameter curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ldnevidence import _checks
from ldnevidence.dose_response.curves import LINKS, FloatArray, Link, inverse_link, quantile

Definition = Literal["absolute", "relative"]

# Why an effective dose is not reported; the index is the status code that the vectorised estimators return.
REASONS = (
    "",
    "the fitted response is already above the level at the lowest tested dose",
    "the fitted response does not reach the level at any tested dose",
    "nobody responded at any tested dose",
    "responders and non-responders do not overlap in dose, so the maximum-likelihood slope is infinite",
    "the fitted response does not rise with the dose",
    "the fit did not converge",
)
BELOW, ABOVE, NOBODY, SEPARATED, NOT_RISING, NOT_CONVERGED = range(1, 7)


def isotonic_fit(responders: npt.NDArray[np.number], n: npt.NDArray[np.number]) -> FloatArray:
    """Isotonic regression of responder shares on the order of the last axis, for many data sets at once.

    ``F_i = max over j <= i of min over k >= i`` of the pooled share of doses j to k (Barlow et al. 1972),
    which equals the result of pooling adjacent violators.

    Parameters
    ----------
    responders, n : ndarray, shape (..., k)
        Responders and people at doses in rising order; 0 people allowed.

    Returns
    -------
    ndarray, shape (..., k)
        Fitted probabilities, non-decreasing; NaN where nobody was tested.

    Examples
    --------
    >>> isotonic_fit(np.array([1, 3, 2, 9]), np.array([10, 10, 10, 10])).round(2).tolist()
    [0.1, 0.25, 0.25, 0.9]
    """
    r, m = np.broadcast_arrays(np.asarray(responders, dtype=float), np.asarray(n, dtype=float))
    k = r.shape[-1]
    zero = np.zeros((*r.shape[:-1], 1))
    sum_r = np.concatenate([zero, np.cumsum(r, axis=-1)], axis=-1)
    sum_m = np.concatenate([zero, np.cumsum(m, axis=-1)], axis=-1)
    fit = np.full(r.shape, -np.inf)
    for j in range(k):
        people = sum_m[..., j + 1 :] - sum_m[..., j : j + 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(people > 0, (sum_r[..., j + 1 :] - sum_r[..., j : j + 1]) / people, np.inf)
        least = np.minimum.accumulate(share[..., ::-1], axis=-1)[..., ::-1]
        fit[..., j:] = np.maximum(fit[..., j:], least)
    return np.where(m > 0, fit, np.nan)


def isotonic_dose(
    doses: FloatArray, fit: FloatArray, level: float, definition: Definition = "absolute"
) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Lowest dose at which each isotonic fit reaches a level.

    Parameters
    ----------
    doses : ndarray, shape (k,)
        Rising doses.
    fit : ndarray, shape (s, k)
        Fits of `isotonic_fit`, NaN where nobody was tested.
    level : float
        Share of people, or of the fitted plateau.

    Returns
    -------
    (ndarray, ndarray), shapes (s,)
        The doses, NaN where refused, and the status (index into `REASONS`).
    """
    plateau = np.nanmax(fit, axis=-1)
    target = level * plateau if definition == "relative" else np.full(len(fit), level)
    target = target - 1e-12  # so that a share equal to the level counts as reaching it, in spite of rounding
    estimate = np.full(len(fit), np.nan)
    status = np.full(len(fit), ABOVE, dtype=np.int8)
    last_x, last_f = np.full(len(fit), np.nan), np.full(len(fit), np.nan)
    for x, f in zip(doses, fit.T, strict=True):
        hit = (status == ABOVE) & (f >= target)  # a NaN is never a hit
        first = hit & np.isnan(last_f)
        status[first] = np.where(f[first] <= target[first] + 2e-12, 0, BELOW)
        estimate[first & (status == 0)] = x
        inner = hit & ~first
        rise = (target[inner] - last_f[inner]) / (f[inner] - last_f[inner])
        estimate[inner] = last_x[inner] + rise * (x - last_x[inner])
        status[inner] = 0
        tested = ~np.isnan(f)
        last_x[tested], last_f[tested] = x, f[tested]
    nobody = plateau <= 0
    estimate[nobody] = np.nan
    status[nobody] = NOBODY
    return estimate, status


@dataclass(frozen=True, eq=False)
class BinomialFit:
    """Many two-parameter fits at once: arrays of shape (s,); `status` indexes `REASONS`."""

    intercept: FloatArray
    slope: FloatArray
    var_intercept: FloatArray
    var_slope: FloatArray
    covariance: FloatArray
    status: npt.NDArray[np.int8]
    lowest: FloatArray
    highest: FloatArray

    def dose(self, level: float, link: Link) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int8]]:
        """Where each curve reaches `level` (on the scale of `x`), its standard error, the status."""
        status = self.status.copy()
        status[(status == 0) & ~(self.slope > 1e-9)] = NOT_RISING
        with np.errstate(divide="ignore", invalid="ignore"):
            point = (float(quantile(np.array(level), link)) - self.intercept) / self.slope
            variance = self.var_intercept + point**2 * self.var_slope + 2 * point * self.covariance
            se = np.sqrt(np.maximum(variance, 0)) / np.abs(self.slope)
        slack = 1e-9 * np.maximum(1.0, self.highest - self.lowest)
        status[(status == 0) & (point < self.lowest - slack)] = BELOW
        status[(status == 0) & (point > self.highest + slack)] = ABOVE
        refused = status > 0
        return np.where(refused, np.nan, point), np.where(refused, np.nan, se), status


def binomial_fit(x: FloatArray, responders: FloatArray, n: FloatArray, link: Link) -> BinomialFit:
    """Maximum likelihood of ``link(P) = a + b x`` for many data sets at once, by Fisher scoring.

    Parameters
    ----------
    x : ndarray, shape (k,)
        Doses, or their logarithms, in rising order.
    responders, n : ndarray, shape (s, k)
        One data set a row; 0 people allowed.
    """
    _checks.choice(link, "link", LINKS)
    tested, some, others = n > 0, responders > 0, n > responders
    lowest = np.where(tested, x, np.inf).min(axis=1)
    highest = np.where(tested, x, -np.inf).max(axis=1)
    # The estimate is finite exactly if the doses of responders and of non-responders overlap on both sides.
    rising = np.where(others, x, -np.inf).max(axis=1) > np.where(some, x, np.inf).min(axis=1)
    falling = np.where(some, x, -np.inf).max(axis=1) > np.where(others, x, np.inf).min(axis=1)
    finite = rising & falling
    status = np.where(finite, 0, SEPARATED).astype(np.int8)
    status[~some.any(axis=1)] = NOBODY
    centre, spread = float(x.mean()), float(np.ptp(x)) or 1.0
    z = (x - centre) / spread  # centred and scaled: the information matrix stays well conditioned
    r, m = responders[finite].astype(float), n[finite].astype(float)
    b, info, done = _score(z, r, m, link)
    determinant = info[0] * info[2] - info[1] ** 2
    var_a, cov, var_b = info[2] / determinant, -info[1] / determinant, info[0] / determinant
    shift = centre / spread
    status[np.flatnonzero(finite)[~done]] = NOT_CONVERGED

    def spread_out(values: FloatArray) -> FloatArray:
        result = np.full(len(n), np.nan)
        result[finite] = values
        return result

    return BinomialFit(
        intercept=spread_out(b[0] - shift * b[1]),
        slope=spread_out(b[1] / spread),
        var_intercept=spread_out(var_a - 2 * shift * cov + shift**2 * var_b),
        var_slope=spread_out(var_b / spread**2),
        covariance=spread_out((cov - shift * var_b) / spread),
        status=status,
        lowest=lowest,
        highest=highest,
    )


def _score(
    z: FloatArray, r: FloatArray, m: FloatArray, link: Link, steps: int = 100
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Fisher scoring with step halving; coefficients (2, s), information (3, s), converged (s,)."""
    share = (r.sum(axis=1) + 0.5) / (m.sum(axis=1) + 1.0)
    b = np.stack([quantile(share, link), np.zeros(len(r))])
    done = np.zeros(len(r), dtype=bool)
    old = _log_likelihood(b, z, r, m, link)
    for _ in range(steps):
        (u0, u1), (i00, i01, i11) = _derivatives(b, z, r, m, link)
        determinant = i00 * i11 - i01**2
        step = np.stack([(i11 * u0 - i01 * u1) / determinant, (i00 * u1 - i01 * u0) / determinant])
        step[:, done] = 0.0
        for _ in range(30):
            new = _log_likelihood(b + step, z, r, m, link)
            worse = ~(new >= old - 1e-10 * (1 + np.abs(old)))
            if not worse.any():
                break
            step[:, worse] *= 0.5
        b, old = b + step, new
        done = done | (np.abs(step) <= 1e-10 * (1 + np.abs(b))).all(axis=0)
        if done.all():
            break
    _, info = _derivatives(b, z, r, m, link)
    return b, info, done


def _derivatives(
    b: FloatArray, z: FloatArray, r: FloatArray, m: FloatArray, link: Link
) -> tuple[FloatArray, FloatArray]:
    eta = b[0][:, None] + b[1][:, None] * z
    p = np.clip(inverse_link(eta, link), 1e-15, 1 - 1e-15)
    density = p * (1 - p) if link == "logit" else np.exp(-0.5 * eta**2) / math.sqrt(2 * math.pi)
    ratio = density / (p * (1 - p))
    score, weight = (r - m * p) * ratio, m * density * ratio
    return (
        np.stack([score.sum(axis=1), (score * z).sum(axis=1)]),
        np.stack([weight.sum(axis=1), (weight * z).sum(axis=1), (weight * z**2).sum(axis=1)]),
    )


def _log_likelihood(b: FloatArray, z: FloatArray, r: FloatArray, m: FloatArray, link: Link) -> FloatArray:
    p = np.clip(inverse_link(b[0][:, None] + b[1][:, None] * z, link), 1e-15, 1 - 1e-15)
    return np.asarray((r * np.log(p) + (m - r) * np.log1p(-p)).sum(axis=1), dtype=float)
