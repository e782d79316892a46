"""Effective doses (ED50, ED95, ...) from counts of responders at a few doses.

The isotonic estimate assumes only that the probability of response does not fall with the dose. The logit and
probit fits assume a whole curve. All of them refuse, with a reason, to name a dose that the data cannot
support.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldnevidence import _checks
from ldnevidence.dose_response.curves import (
    SCALES,
    Curve,
    FloatArray,
    Link,
    Scale,
    check_probability,
    two_parameter,
)
from ldnevidence.dose_response.fits import (
    BELOW,
    REASONS,
    Definition,
    binomial_fit,
    isotonic_dose,
    isotonic_fit,
)


@dataclass(frozen=True, eq=False)
class EffectiveDose:
    """A dose at which a stated share of people is estimated to respond.

    Attributes
    ----------
    measure : str
        For example ``"ED50"``.
    estimate : float
        Dose, mg/day (the unit of the doses given); NaN where it is refused, and then `reason` says why.
    ci_low, ci_high : float
        Interval at `confidence`. From the bootstrap 0 means "below the lowest tested dose" and infinity
        "above the highest tested dose".
    se : float
        Standard error, on the scale of the dose as it entered the fit; NaN where it has no finite value.
    response_level : float
        The share of people asked for, 0 to 1 (0.5 for an ED50).
    confidence : float
        Confidence level of the interval.
    definition : {"absolute", "relative"}
        Whether the level is a share of all people or of the fitted response at the highest tested dose.
    definition_text : str
        The definition in words, with its figures.
    method : str
        How it was estimated.
    n_people : int
        People behind the estimate.
    doses, fitted : ndarray, shape (k,)
        The tested doses (rising) and the fitted probability at each.
    curve : Curve
        The fitted curve; NaN outside the tested doses for the isotonic fit.
    reason : str
        Why there is no estimate; empty where there is one.
    note : str
        What a reader has to know beside the number.
    """

    measure: str
    estimate: float
    ci_low: float
    ci_high: float
    se: float
    response_level: float
    confidence: float
    definition: Definition
    definition_text: str
    method: str
    n_people: int
    doses: FloatArray
    fitted: FloatArray
    curve: Curve
    reason: str = ""
    note: str = ""

    @property
    def estimable(self) -> bool:
        """Whether there is an estimate."""
        return not math.isnan(self.estimate)


def ed_isotonic(
    doses: npt.ArrayLike,
    responders: npt.ArrayLike,
    n: npt.ArrayLike,
    level: float = 0.5,
    *,
    definition: Definition = "absolute",
    n_boot: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> EffectiveDose:
    """Effective dose by isotonic regression, with a parametric bootstrap interval.

    The fit is ``F_i = max over j <= i of min over k >= i of (responders j..k / people j..k)``, the result of
    pooling adjacent violators. Between tested doses it is joined by straight lines; the estimate is the
    lowest dose at which the line reaches the level. The bootstrap draws responders from a binomial with the
    fitted probabilities, at the doses and numbers as given.

    Parameters
    ----------
    doses, responders, n : array_like, shape (k,)
        Dose in mg/day, people who responded at it, people tested at it. Repeated doses are added up.
    level : float
        Share of people, between 0 and 1. (The level of the interval is `confidence`.)
    definition : {"absolute", "relative"}
        ``"absolute"``: that share of all people. ``"relative"``: that share of the plateau, which is the
        fitted response at the highest tested dose; re-estimated in every bootstrap sample.
    n_boot : int
        Bootstrap samples; 0 for no interval.
    seed : int
        Seed of the bootstrap.
    confidence : float
        Level of the percentile interval.

    Returns
    -------
    EffectiveDose
        Refusals are results, not errors: `estimate` is NaN and `reason` says why, if the fitted response is
        above the level at the lowest tested dose or does not reach it at the highest.

    Raises
    ------
    ValueError
        If counts are not whole numbers with ``0 <= responders <= n``, doses are negative, nobody was tested,
        lengths differ, or `level`, `confidence`, `definition` or `n_boot` is out of range.

    Notes
    -----
    In an up-and-down study the number tested at each dose is itself random, which this bootstrap leaves out,
    and the observed shares are biased away from the level that the design steers to. Its intervals are
    therefore too narrow, and levels far from that one (such as 0.95 after a design that steers to 0.5) are
    extrapolations even where a number comes out.

    References
    ----------
    Pace NL, Stylianou MP. Advances in and limitations of up-and-down methodology. Anesthesiology
    2007;107:144-152. Oron AP, Souter MJ, Flournoy N. Understanding research methods: up-and-down designs for
    dose-finding. Anesthesiology 2022;137:137-150.

    Examples
    --------
    >>> ed = ed_isotonic([1, 2, 3, 4], [1, 3, 2, 9], [10, 10, 10, 10])
    >>> round(ed.estimate, 3), ed.fitted.round(2).tolist()
    (3.385, [0.1, 0.25, 0.25, 0.9])
    >>> ed_isotonic([1, 2, 3, 4], [1, 3, 2, 9], [10, 10, 10, 10], 0.95).reason
    'the fitted response does not reach the level at any tested dose'
    """
    _checks.choice(definition, "definition", ("absolute", "relative"))
    if n_boot < 0:
        raise ValueError(f"n_boot must be 0 or more, not {n_boot}.")
    x, r, m = _check_counts(doses, responders, n, level, confidence)
    fit = isotonic_fit(r, m)
    estimate, status = isotonic_dose(x, fit[None, :], level, definition)
    plateau = float(fit[-1])
    low, high, se = math.nan, math.nan, math.nan
    if n_boot > 0 and status[0] == 0:
        draws = np.random.default_rng(seed).binomial(m.astype(int), fit, size=(n_boot, x.size))
        boot, why = isotonic_dose(x, isotonic_fit(draws, m), level, definition)
        boot = np.where(why == BELOW, 0.0, np.where(why > 0, np.inf, boot))
        # Order statistics, no interpolation: the draws can hold infinities.
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        low, high = (float(q) for q in np.quantile(boot, tails, method="inverted_cdf"))
        se = float(boot.std(ddof=1)) if n_boot > 1 and (why == 0).all() else math.nan
    if definition == "absolute":
        text = f"absolute: the dose at which {level:.0%} of all people are estimated to respond"
    else:
        text = (
            f"relative: the dose at which {level:.0%} of the plateau is reached; the plateau is the fitted "
            f"response at the highest tested dose, {plateau:.0%} of people"
        )
    return EffectiveDose(
        measure=f"ED{100 * level:g}",
        estimate=float(estimate[0]),
        ci_low=low,
        ci_high=high,
        se=se,
        response_level=level,
        confidence=confidence,
        definition=definition,
        definition_text=text,
        method="isotonic regression, straight lines between tested doses, percentile bootstrap",
        n_people=int(m.sum()),
        doses=x,
        fitted=fit,
        curve=Curve("isotonic fit", lambda dose: np.interp(dose, x, fit, left=np.nan, right=np.nan)),
        reason=REASONS[int(status[0])],
        note=(
            "The bootstrap keeps the numbers tested at each dose fixed; after an up-and-down design its "
            "interval is too narrow."
        ),
    )


def ed_logit(
    doses: npt.ArrayLike,
    responders: npt.ArrayLike,
    n: npt.ArrayLike,
    level: float = 0.5,
    *,
    scale: Scale = "linear",
    confidence: float = 0.95,
) -> EffectiveDose:
    """Effective dose from a two-parameter logistic curve, by maximum likelihood.

    ``logit P = a + b x`` with `x` the dose or its logarithm, fitted by Fisher scoring; the dose is
    ``(logit(level) - a) / b`` and its variance comes from the delta method,
    ``(var(a) + x^2 var(b) + 2 x cov(a, b)) / b^2``. On the log scale the interval is computed there and
    turned back.

    Parameters
    ----------
    doses, responders, n : array_like, shape (k,)
        Dose in mg/day, people who responded at it, people tested at it.
    level : float
        Share of people, between 0 and 1. (The level of the interval is `confidence`.)
    scale : {"linear", "log"}
        Whether the dose enters as it is or as its logarithm.
    confidence : float
        Level of the interval.

    Returns
    -------
    EffectiveDose
        The curve rises to 100%, so the absolute and the relative definition are the same. Refusals are
        results, not errors: `estimate` is NaN and `reason` says why, if responders and non-responders do not
        overlap in dose (the slope is then infinite), the fit does not rise with the dose, or the dose lies
        outside those tested.

    Raises
    ------
    ValueError
        As in `ed_isotonic`; also for a dose of 0 on the log scale or fewer than two distinct doses.

    References
    ----------
    Finney DJ. Probit Analysis, 3rd ed. Cambridge University Press 1971.
    Albert A, Anderson JA. On the existence of maximum likelihood estimates in logistic regression models.
    Biometrika 1984;71:1-10 (separation).

    Examples
    --------
    >>> ed = ed_logit([1, 2, 3, 4], [1, 3, 6, 9], [10, 10, 10, 10])
    >>> round(ed.estimate, 3), round(ed.ci_low, 2), round(ed.ci_high, 2)
    (2.611, 2.06, 3.16)
    >>> ed_logit([1, 2, 3, 4], [0, 0, 5, 5], [5, 5, 5, 5]).reason[:42]
    'responders and non-responders do not overl'
    """
    return _ed_parametric(doses, responders, n, level, "logit", scale, confidence)


def ed_probit(
    doses: npt.ArrayLike,
    responders: npt.ArrayLike,
    n: npt.ArrayLike,
    level: float = 0.5,
    *,
    scale: Scale = "linear",
    confidence: float = 0.95,
) -> EffectiveDose:
    """Effective dose from a two-parameter probit curve, by maximum likelihood.

    As `ed_logit`, with the cumulative normal curve in place of the logistic one; parameters, refusals, errors
    and references are the same.

    Examples
    --------
    >>> ed = ed_probit([1, 2, 3, 4], [1, 3, 6, 9], [10, 10, 10, 10])
    >>> round(ed.estimate, 3), ed.method
    (2.603, 'probit curve on the linear dose, maximum likelihood, delta-method interval')
    """
    return _ed_parametric(doses, responders, n, level, "probit", scale, confidence)


def _ed_parametric(
    doses: npt.ArrayLike,
    responders: npt.ArrayLike,
    n: npt.ArrayLike,
    level: float,
    link: Link,
    scale: Scale,
    confidence: float,
) -> EffectiveDose:
    _checks.choice(scale, "scale", SCALES)
    x, r, m = _check_counts(doses, responders, n, level, confidence)
    if x.size < 2:
        raise ValueError("A curve needs people tested at two or more distinct doses; one was given.")
    if scale == "log" and x[0] <= 0:
        raise ValueError("The log scale needs doses above 0; a dose of 0 was given.")
    z = np.log(x) if scale == "log" else x
    fit = binomial_fit(z, r[None, :], m[None, :], link)
    point, se, status = fit.dose(level, link)
    p, s = float(point[0]), float(se[0])
    a, b = float(fit.intercept[0]), float(fit.slope[0])
    from scipy.special import ndtri

    half = float(ndtri((1 + confidence) / 2)) * s
    ends = np.array([p, p - half, p + half])
    estimate, low, high = np.exp(ends) if scale == "log" else ends
    curve = two_parameter(a, b, link, scale)
    return EffectiveDose(
        measure=f"ED{100 * level:g}",
        estimate=float(estimate),
        ci_low=float(low),
        ci_high=float(high),
        se=s,
        response_level=level,
        confidence=confidence,
        definition="absolute",
        definition_text=(
            f"absolute: the dose at which {level:.0%} of all people are estimated to respond; the {link} "
            "curve rises to 100%, so a definition relative to its plateau would be the same"
        ),
        method=f"{link} curve on the {scale} dose, maximum likelihood, delta-method interval",
        n_people=int(m.sum()),
        doses=x,
        fitted=np.asarray(curve(x)),
        curve=Curve(f"{link} fit", curve, "", {"intercept": a, "slope": b}),
        reason=REASONS[int(status[0])],
        note="The shape of the curve is assumed, also beyond the doses at which people were tested.",
    )


def _check_counts(
    doses: npt.ArrayLike, responders: npt.ArrayLike, n: npt.ArrayLike, level: float, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rising distinct doses with people, responders and people; counts of repeats added up."""
    check_probability("level", level)
    check_probability("confidence", confidence)
    x, r, m = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (doses, responders, n))
    if not (x.ndim == 1 and x.shape == r.shape == m.shape):
        raise ValueError(
            f"doses, responders and n must be equally long lists, not {x.size}, {r.size} and {m.size}."
        )
    for name, values in (("doses", x), ("responders", r), ("n", m)):
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError(f"{name} must be numbers of 0 or more, not {values.tolist()}.")
    for name, values in (("responders", r), ("n", m)):
        if (values != np.round(values)).any():
            raise ValueError(f"{name} must be whole numbers, not {values.tolist()}.")
    if (r > m).any():
        raise ValueError("responders must not exceed n at any dose.")
    _checks.positive(float(m.sum()), "the number of people tested")
    used = np.unique(x[m > 0])
    r = np.array([r[x == dose].sum() for dose in used])
    m = np.array([m[x == dose].sum() for dose in used])
    return used, r, m
