"""Arithmetic of the audit: p-values, intervals and standardised differences from printed numbers."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from ldnevidence import _checks, _distributions


def two_tailed(p_one: float) -> float:
    """Turn a one-tailed p-value of a symmetric test into the two-tailed one.

    Returns
    -------
    float
        Twice the smaller of p and 1 - p: an effect against the expected direction has a p near 1.

    Raises
    ------
    ValueError
        For a p outside 0 to 1.

    Examples
    --------
    >>> two_tailed(0.029)
    0.058
    """
    p = _p(p_one)
    return 2 * min(p, 1 - p)


def _p(p: float) -> float:
    value = _checks.number(p, "p")
    if not 0 <= value <= 1:
        raise ValueError(f"p must lie between 0 and 1; got {value:g}.")
    return value


def quantile(level: float, df: float = math.inf) -> float:
    """Return the two-sided quantile of Student's t (normal for infinite df); `level` in percent."""
    share = _checks.number(level, "level") / 100
    if not 0.5 <= share < 1:
        raise ValueError(f"level must be a percentage from 50 to below 100, such as 95; got {level:g}.")
    return _distributions.z_quantile(share) if math.isinf(df) else float(_distributions.t_quantile(share, df))


def tail(t: float, df: float = math.inf) -> float:
    """Return the two-sided p-value of Student's t (normal for infinite df)."""
    return _distributions.z_two_sided(t) if math.isinf(df) else float(_distributions.t_two_sided(t, df))


def p_from_interval(
    estimate: float, low: float, high: float, level: float = 95, ratio: bool = False, df: float = math.inf
) -> float:
    """Recompute the two-sided p-value from an estimate and its confidence interval.

    Parameters
    ----------
    estimate, low, high : float
        As printed; for ratios on the natural scale.
    level : float
        Confidence level in percent.
    ratio : bool
        True for ratios (RR, OR, HR): the arithmetic is then done on logarithms, against 1 and not 0.
    df : float
        Degrees of freedom where the interval rests on Student's t.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Where the limits are out of order or do not hold the estimate, and for ratios not above 0.

    Notes
    -----
    Altman and Bland (2011), BMJ 343:d2304, with the exact normal (or t) tail.

    Examples
    --------
    >>> round(p_from_interval(-0.11, -0.96, 0.74), 2)
    0.8
    >>> round(p_from_interval(1.99, 1.07, 3.7, ratio=True), 2)
    0.03
    """
    values = [_checks.number(v, name) for v, name in ((estimate, "estimate"), (low, "low"), (high, "high"))]
    if not values[1] <= values[0] <= values[2] or values[1] == values[2]:
        limits = f"{low:g} to {high:g}"
        raise ValueError(f"the interval {limits} must hold the estimate {estimate:g} and have a width.")
    if ratio:
        if values[1] <= 0:
            raise ValueError(f"a ratio and its limits must be above 0; got {low:g}.")
        values = [math.log(v) for v in values]
    y, bottom, top = values
    return tail(y * 2 * quantile(level, df) / (top - bottom), df)


def interval_from_p(
    estimate: float, p: float, level: float = 95, ratio: bool = False, df: float = math.inf
) -> tuple[float, float]:
    """Recompute a confidence interval from an estimate and its two-sided p-value.

    Parameters
    ----------
    estimate, level, ratio, df
        As in :func:`p_from_interval`.
    p : float
        Two-sided p-value, above 0 and below 1.

    Returns
    -------
    (float, float)

    Raises
    ------
    ValueError
        For a p of 0 or 1, and for an estimate of exactly no effect: its p says nothing of its error.

    Notes
    -----
    Altman and Bland (2011), BMJ 343:d2090.

    Examples
    --------
    >>> low, high = interval_from_p(-0.34, 0.27)
    >>> round(low, 2), round(high, 2)
    (-0.94, 0.26)
    """
    y = _checks.number(estimate, "estimate")
    if ratio and y <= 0:
        raise ValueError(f"a ratio must be above 0; got {y:g}.")
    y = math.log(y) if ratio else y
    if y == 0:
        raise ValueError("an estimate of exactly no effect has no interval that follows from its p.")
    if not 0 < _p(p) < 1:
        raise ValueError(f"p must be above 0 and below 1; got {p:g}.")
    z = -NormalDist().inv_cdf(p / 2) if math.isinf(df) else float(_distributions.t_quantile(1 - p, df))
    margin = quantile(level, df) * abs(y) / z
    low, high = y - margin, y + margin
    return (math.exp(low), math.exp(high)) if ratio else (low, high)


@dataclass(frozen=True)
class PairedChange:
    """A mean change within people, recomputed from its interval.

    Attributes
    ----------
    t, df, p_value : float
        Paired t statistic, n - 1 degrees of freedom, two-sided p-value.
    sd : float
        Standard deviation of the changes that the interval implies.
    """

    t: float
    df: float
    p_value: float
    sd: float


def paired_change(change: float, low: float, high: float, n: int, level: float = 95) -> PairedChange:
    """Recompute the paired t test behind a mean change and its interval.

    Parameters
    ----------
    change, low, high : float
        Mean change and its confidence limits, as printed.
    n : int
        People measured twice, at least 2.
    level : float
        Confidence level in percent.

    Returns
    -------
    PairedChange

    Raises
    ------
    ValueError
        As in :func:`p_from_interval`, and for n below 2.

    Notes
    -----
    The interval is change -+ t(level, n - 1) sd / sqrt(n); Student (1908), Biometrika 6:1.

    Examples
    --------
    >>> test = paired_change(-3.4, -6.93, 0.13, n=18)
    >>> round(test.t, 2), round(test.p_value, 3), round(test.sd, 1)
    (-2.03, 0.058, 7.1)
    """
    n = _checks.whole(n, "n", 2)
    p = p_from_interval(change, low, high, level, df=n - 1)
    se = (high - low) / (2 * quantile(level, n - 1))
    return PairedChange(change / se, float(n - 1), p, se * math.sqrt(n))


def change_sd_range(sd_before: float, sd_after: float) -> tuple[float, float]:
    """Return the smallest and largest SD that the changes within people can have.

    Notes
    -----
    The variance of a difference is s1^2 + s2^2 - 2 r s1 s2 with the correlation r between -1 and 1.

    Examples
    --------
    >>> change_sd_range(2.0, 3.0)
    (1.0, 5.0)
    """
    before, after = _checks.number(sd_before, "sd_before"), _checks.number(sd_after, "sd_after")
    if min(before, after) < 0:
        raise ValueError("a standard deviation must not be negative.")
    return abs(before - after), before + after


def cohen_d(mean_1: float, sd_1: float, n_1: int, mean_2: float, sd_2: float, n_2: int) -> float:
    """Return Cohen's d: the difference of two means over their pooled SD, without Hedges' correction.

    Notes
    -----
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences; pooled as in Student's t test.

    Examples
    --------
    >>> round(cohen_d(11.7, 7.7, 6, 17.8, 5.9, 6), 2)
    -0.89
    """
    from ldnevidence.effects import pooled_t

    return pooled_t(mean_1, sd_1, n_1, mean_2, sd_2, n_2).t * math.sqrt(1 / n_1 + 1 / n_2)


def chi_squared(events_1: int, n_1: int, events_2: int, n_2: int, correct: bool = False) -> float:
    """Return the p-value of the chi-squared test of two proportions.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : int
        People with the event and people, in group 1 and in group 2.
    correct : bool
        With Yates' continuity correction.

    Returns
    -------
    float
        1 where nobody or everybody had the event.

    Raises
    ------
    ValueError
        For impossible counts.

    Notes
    -----
    Pearson (1900), Philosophical Magazine 50:157; Yates (1934), Supplement to the JRSS 1:217.

    Examples
    --------
    >>> round(chi_squared(4, 6, 1, 6), 3), round(chi_squared(4, 6, 1, 6, correct=True), 3)
    (0.079, 0.242)
    """
    a, n_1 = _checks.counts(events_1, n_1, "_1")
    c, n_2 = _checks.counts(events_2, n_2, "_2")
    n, happened = n_1 + n_2, a + c
    if happened in (0, n):
        return 1.0
    gap = float(abs(a * (n_2 - c) - c * (n_1 - a)))
    gap = max(0.0, gap - n / 2) if correct else gap
    return _distributions.z_two_sided(math.sqrt(n * gap**2 / (n_1 * n_2 * happened * (n - happened))))


def f_tail(f: float, df_1: float, df_2: float) -> float:
    """Return the p-value of an F statistic.

    Examples
    --------
    >>> round(f_tail(7.7, 1, 101), 4)
    0.0066
    """
    f, df_1, df_2 = _checks.positive(f, "f"), _checks.positive(df_1, "df_1"), _checks.positive(df_2, "df_2")
    special = importlib.import_module("scipy.special")
    return float(special.betainc(df_2 / 2, df_1 / 2, df_2 / (df_2 + df_1 * f)))


def hochberg(p_values: Iterable[float]) -> list[float]:
    """Return p-values corrected for several comparisons by Hochberg's step-up method, in the order given.

    Notes
    -----
    Hochberg (1988), Biometrika 75:800.

    Examples
    --------
    >>> hochberg([0.275, 0.73])
    [0.55, 0.73]
    """
    values = [_p(p) for p in p_values]
    corrected, least = [0.0] * len(values), 1.0
    for rank, i in enumerate(sorted(range(len(values)), key=lambda i: -values[i]), start=1):
        least = min(least, rank * values[i])
        corrected[i] = least
    return corrected
