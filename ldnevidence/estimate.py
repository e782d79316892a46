"""Estimate: what every calculation of an effect returns.

Measure codes are metafor's. Two scales matter: the natural scale, on which a reader meets the number (a risk
ratio), and the analysis scale, on which its error is close to normal (the logarithm of the risk ratio). They
differ for RR and OR only.
"""

import math
from dataclasses import dataclass

from ldnevidence import _distributions

MEASURES = {
    "PR": "proportion",
    "RR": "risk ratio",
    "OR": "odds ratio",
    "RD": "risk difference",
    "MD": "mean difference",
    "SMD": "standardised mean difference",
    "GEN": "effect",
}
"""The codes and their names in words; GEN is any effect that is already on its analysis scale."""

LOG_MEASURES = frozenset({"RR", "OR"})
"""The measures that are analysed as logarithms."""


def natural(measure: str, value: float) -> float:
    """Bring a value from the analysis scale to the natural scale.

    Parameters
    ----------
    measure : str
        A code of `MEASURES`.
    value : float
        On the analysis scale: a log ratio for RR and OR.

    Returns
    -------
    float
        exp(value) for RR and OR (infinity beyond the range of floats), else the value itself.

    Examples
    --------
    >>> natural("RR", 0.0), natural("MD", 0.0)
    (1.0, 0.0)
    """
    if measure not in LOG_MEASURES:
        return value
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class Estimate:
    """One effect and how surely it is known.

    Attributes
    ----------
    measure : str
        PR, RR, OR, RD, MD, SMD or GEN; see `MEASURES`.
    estimate, ci_low, ci_high : float
        The estimate and its confidence limits on the natural scale (a risk ratio, not its logarithm).
    se : float
        Standard error on the analysis scale: of the logarithm for RR and OR, else of the estimate itself.
    p_value : float
        Two-sided, against `null`; NaN where there is no such test.
    level : float
        Confidence level of the interval, such as 0.95.

    Examples
    --------
    >>> print(Estimate("RR", 2.0, 1.25, 3.2, 0.24, 0.0039, 0.95))
    risk ratio 2.00 (95% CI 1.25 to 3.20), p = 0.004
    """

    measure: str
    estimate: float
    ci_low: float
    ci_high: float
    se: float
    p_value: float
    level: float

    @property
    def null(self) -> float:
        """The value that means "no difference": 1 for RR and OR, NaN for a proportion, else 0."""
        if self.measure in LOG_MEASURES:
            return 1.0
        return math.nan if self.measure == "PR" else 0.0

    @property
    def yi(self) -> float:
        """The estimate on the analysis scale, ready to be pooled."""
        return math.log(self.estimate) if self.measure in LOG_MEASURES else self.estimate

    @property
    def vi(self) -> float:
        """The sampling variance on the analysis scale, ready to be pooled."""
        return self.se**2

    @property
    def sentence(self) -> str:
        """The estimate in words, rounded for reading."""
        text = (
            f"{MEASURES[self.measure]} {shown(self.estimate)} "
            f"({100 * self.level:g}% CI {shown(self.ci_low)} to {shown(self.ci_high)})"
        )
        return text if math.isnan(self.p_value) else f"{text}, {shown_p(self.p_value)}"

    def __str__(self) -> str:
        """Return `sentence`."""
        return self.sentence


@dataclass(frozen=True)
class PooledEstimate(Estimate):
    """The pooled effect of several studies; an `Estimate` with what the pooling found.

    Attributes
    ----------
    method : str
        EE, DL, PM or REML.
    interval : str
        "wald" (normal quantile) or "hksj" (Hartung-Knapp, t with k - 1 degrees of freedom).
    k : int
        Number of studies.
    tau2 : float
        Variance of the true effects between studies, on the analysis scale squared; 0 under EE.
    i2, h2 : float
        Heterogeneity as a percentage of the total variance, and the ratio of total to sampling variance.
    q, q_p : float
        Cochran's Q and its p-value with k - 1 degrees of freedom.
    pi_low, pi_high : float
        Prediction interval for the true effect of a new study, natural scale; NaN under EE and for k < 3.
    weights : tuple of float
        Each study's share in the pooled estimate, in percent, in the order given.
    optima : int
        Number of local maxima of the restricted likelihood (REML only, else 1); `tau2` is the highest.
    """

    method: str
    interval: str
    k: int
    tau2: float
    i2: float
    h2: float
    q: float
    q_p: float
    pi_low: float
    pi_high: float
    weights: tuple[float, ...]
    optima: int = 1

    @property
    def sentence(self) -> str:
        """The pooled estimate in words, with k, tau2, I2 and the prediction interval or why there is none."""
        found = f"k = {self.k}, {self.method}, tau2 = {self.tau2:.3g}, I2 = {self.i2:.0f}%"
        text = f"pooled {super().sentence}; {found}"
        if self.method == "EE":
            return f"{text}; no prediction interval, because one common effect is assumed"
        if math.isnan(self.pi_low):
            return f"{text}; no prediction interval, because that takes at least 3 studies"
        limits = f"{shown(self.pi_low)} to {shown(self.pi_high)}"
        return f"{text}; {100 * self.level:g}% prediction interval {limits}"


def wald(measure: str, yi: float, se: float, level: float) -> Estimate:
    """Build an Estimate with a normal interval.

    Parameters
    ----------
    measure : str
        A code of `MEASURES`.
    yi, se : float
        Estimate and standard error on the analysis scale.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        Its p-value is NaN where the standard error is zero, because the test then does not exist, and for
        PR, because a proportion has no value that means "no difference".

    Examples
    --------
    >>> print(wald("MD", -1.0, 0.5, 0.95))
    mean difference -1.00 (95% CI -1.98 to -0.02), p = 0.046
    """
    margin = _distributions.z_quantile(level) * se
    testable = se > 0 and measure != "PR"
    return Estimate(
        measure=measure,
        estimate=natural(measure, yi),
        ci_low=natural(measure, yi - margin),
        ci_high=natural(measure, yi + margin),
        se=se,
        p_value=_distributions.z_two_sided(yi / se) if testable else math.nan,
        level=level,
    )


def shown(value: float) -> str:
    """Write a number for reading: two decimals below 100, none of false precision above.

    Examples
    --------
    >>> shown(0.512), shown(123.4), shown(0.00123), shown(float("inf"))
    ('0.51', '123', '0.0012', 'infinity')
    """
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == 0 or 0.01 <= abs(value) < 100:
        return f"{value:.2f}"
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.2g}"


def shown_p(p: float) -> str:
    """Write a p-value for reading.

    Examples
    --------
    >>> shown_p(0.00002), shown_p(0.0461), shown_p(0.25)
    ('p < 0.001', 'p = 0.046', 'p = 0.25')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
