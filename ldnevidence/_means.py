"""One comparison of two means; part of `effects`, which is where its names are public."""

import math
from dataclasses import dataclass

from ldnevidence import _checks, _distributions
from ldnevidence.estimate import Estimate, wald


def _two_samples(
    mean_1: float, sd_1: float, n_1: int, mean_2: float, sd_2: float, n_2: int
) -> tuple[float, float, int, float, float, int]:
    return (
        _checks.number(mean_1, "mean_1"),
        _checks.positive(sd_1, "sd_1"),
        _checks.whole(n_1, "n_1", 2),
        _checks.number(mean_2, "mean_2"),
        _checks.positive(sd_2, "sd_2"),
        _checks.whole(n_2, "n_2", 2),
    )


def _pooled_sd(sd_1: float, n_1: int, sd_2: float, n_2: int) -> float:
    return math.sqrt(((n_1 - 1) * sd_1**2 + (n_2 - 1) * sd_2**2) / (n_1 + n_2 - 2))


def compare_means(
    mean_1: float,
    sd_1: float,
    n_1: int,
    mean_2: float,
    sd_2: float,
    n_2: int,
    measure: str = "MD",
    level: float = 0.95,
) -> Estimate:
    """Compare the means of two independent arms, with a normal interval.

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2 : float, float, int, float, float, int
        Mean, standard deviation (not standard error) and number of people of each arm, at least 2.
    measure : {"MD", "SMD"}
        Mean difference in the units of the scale, or Hedges' g in standard deviations.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        With small arms the normal interval is too narrow; `welch_t` gives the one with Student's t.

    Raises
    ------
    ValueError
        For a standard deviation that is not above 0, fewer than 2 people in an arm, or a number that is not
        finite.

    Notes
    -----
    MD has variance sd_1^2/n_1 + sd_2^2/n_2. SMD is the difference over the pooled standard deviation, times
    the exact correction of Hedges (1981), Journal of Educational Statistics 6:107, with variance
    1/n_1 + 1/n_2 + g^2/(2(n_1 + n_2)).

    Examples
    --------
    >>> print(compare_means(5.0, 2.0, 20, 6.5, 2.0, 20))
    mean difference -1.50 (95% CI -2.74 to -0.26), p = 0.018
    >>> print(compare_means(5.0, 2.0, 20, 6.5, 2.0, 20, measure="SMD"))
    standardised mean difference -0.74 (95% CI -1.38 to -0.09), p = 0.024
    """
    mean_1, sd_1, n_1, mean_2, sd_2, n_2 = _two_samples(mean_1, sd_1, n_1, mean_2, sd_2, n_2)
    level = _checks.level(level)
    _checks.choice(measure, "measure", ("MD", "SMD"))
    if measure == "MD":
        return wald("MD", mean_1 - mean_2, math.hypot(sd_1 / math.sqrt(n_1), sd_2 / math.sqrt(n_2)), level)
    half = (n_1 + n_2 - 2) / 2
    correction = math.exp(math.lgamma(half) - math.lgamma(half - 0.5)) / math.sqrt(half)
    g = correction * (mean_1 - mean_2) / _pooled_sd(sd_1, n_1, sd_2, n_2)
    return wald("SMD", g, math.sqrt(1 / n_1 + 1 / n_2 + g**2 / (2 * (n_1 + n_2))), level)


@dataclass(frozen=True)
class TTest:
    """A t test recomputed from summary data.

    Attributes
    ----------
    t, df : float
        The statistic (arm 1 minus arm 2) and its degrees of freedom.
    p_value : float
        Two-sided.
    difference : Estimate
        The mean difference with the interval of this test.
    """

    t: float
    df: float
    p_value: float
    difference: Estimate


def welch_t(
    mean_1: float, sd_1: float, n_1: int, mean_2: float, sd_2: float, n_2: int, level: float = 0.95
) -> TTest:
    """Test a mean difference with Welch's t, which does not assume equal variances.

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2, level
        As in `compare_means`.

    Returns
    -------
    TTest
        With the degrees of freedom of Welch and Satterthwaite.

    Raises
    ------
    ValueError
        As in `compare_means`.

    Notes
    -----
    Welch (1947), Biometrika 34:28.

    Examples
    --------
    >>> test = welch_t(5.0, 2.0, 20, 6.5, 3.0, 15)
    >>> round(test.t, 3), round(test.df, 2), round(test.p_value, 3)
    (-1.677, 23.01, 0.107)
    """
    mean_1, sd_1, n_1, mean_2, sd_2, n_2 = _two_samples(mean_1, sd_1, n_1, mean_2, sd_2, n_2)
    se = math.hypot(sd_1 / math.sqrt(n_1), sd_2 / math.sqrt(n_2))
    # Shares of the variance, so that neither large nor small units overflow.
    share_1 = (sd_1 / se) ** 2 / n_1
    share_2 = (sd_2 / se) ** 2 / n_2
    df = 1 / (share_1**2 / (n_1 - 1) + share_2**2 / (n_2 - 1))
    return _t_test(mean_1 - mean_2, se, df, level)


def pooled_t(
    mean_1: float, sd_1: float, n_1: int, mean_2: float, sd_2: float, n_2: int, level: float = 0.95
) -> TTest:
    """Test a mean difference with Student's t, which assumes that both arms have the same variance.

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2, level
        As in `compare_means`.

    Returns
    -------
    TTest
        With n_1 + n_2 - 2 degrees of freedom.

    Raises
    ------
    ValueError
        As in `compare_means`.

    Notes
    -----
    Student (1908), Biometrika 6:1, in its form for two samples.

    Examples
    --------
    >>> test = pooled_t(5.0, 2.0, 20, 6.5, 3.0, 15)
    >>> round(test.t, 3), test.df, round(test.p_value, 3)
    (-1.775, 33.0, 0.085)
    """
    mean_1, sd_1, n_1, mean_2, sd_2, n_2 = _two_samples(mean_1, sd_1, n_1, mean_2, sd_2, n_2)
    se = _pooled_sd(sd_1, n_1, sd_2, n_2) * math.sqrt(1 / n_1 + 1 / n_2)
    return _t_test(mean_1 - mean_2, se, float(n_1 + n_2 - 2), level)


def _t_test(difference: float, se: float, df: float, level: float) -> TTest:
    level = _checks.level(level)
    t = difference / se
    p_value = float(_distributions.t_two_sided(t, df))
    margin = float(_distributions.t_quantile(level, df)) * se
    estimate = Estimate("MD", difference, difference - margin, difference + margin, se, p_value, level)
    return TTest(t, df, p_value, estimate)
