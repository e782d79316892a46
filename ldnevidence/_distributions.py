"""Quantiles and tails of the normal, t and chi-squared distributions.

`scipy.stats` would give all of this, but costs every process more than a second and tens of megabytes. The
incomplete beta and gamma functions of `scipy.special` are enough, and are imported when first needed.
"""

import importlib
import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def _special() -> Any:
    return importlib.import_module("scipy.special")


def z_quantile(level: float) -> float:
    """Return z such that a standard normal value lies within -z and z with probability `level`."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def z_two_sided(z: float) -> float:
    """Return the two-sided p-value of a standard normal statistic (NaN stays NaN)."""
    return math.erfc(abs(z) / math.sqrt(2))


def z_two_sided_array(z: ArrayLike) -> FloatArray:
    """Return `z_two_sided` of every element."""
    return np.asarray(_special().erfc(np.abs(z) / math.sqrt(2)), dtype=np.float64)


def t_quantile(level: float, df: ArrayLike) -> FloatArray:
    """Return t such that Student's t with `df` degrees of freedom lies within -t and t at `level`."""
    # x = df / (df + t^2) has a beta distribution; asking for 1 - x directly keeps its digits when t is small.
    half = np.asarray(df, dtype=np.float64) / 2
    rest = _special().betaincinv(0.5, half, level)
    x = _special().betaincinv(half, 0.5, 1 - level)
    return np.asarray(np.sqrt(2 * half * rest / x), dtype=np.float64)


def t_two_sided(t: ArrayLike, df: ArrayLike) -> FloatArray:
    """Return the two-sided p-value of Student's t."""
    freedom = np.asarray(df, dtype=np.float64)
    x = freedom / (freedom + np.square(t))
    return np.asarray(_special().betainc(freedom / 2, 0.5, x), dtype=np.float64)


def chi2_tail(q: ArrayLike, df: ArrayLike) -> FloatArray:
    """Return the probability that chi-squared with `df` degrees of freedom is above `q`."""
    half = np.asarray(df, dtype=np.float64) / 2
    return np.asarray(_special().gammaincc(half, np.asarray(q) / 2), dtype=np.float64)
