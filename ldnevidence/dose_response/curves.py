"""Dose-response curves: the probability of response at a dose, as an object that says what it assumes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ldnevidence import _checks

FloatArray = npt.NDArray[np.floating]
Link = Literal["logit", "probit"]
Scale = Literal["linear", "log"]

LINKS = ("logit", "probit")
SCALES = ("linear", "log")


@dataclass(frozen=True)
class Curve:
    """A dose-response curve. Call it with doses in mg/day to get probabilities of response.

    Attributes
    ----------
    label : str
        What the curve is, for a legend.
    probability : callable
        Array of doses (mg/day) to array of probabilities, same shape.
    assumption : str
        What was assumed and not observed, in words; empty for a fit to data.
    parameters : dict of str to float
        The numbers that define the curve.
    """

    label: str
    probability: Callable[[FloatArray], FloatArray]
    assumption: str = ""
    parameters: dict[str, float] = field(default_factory=dict)

    def __call__(self, dose: npt.ArrayLike) -> FloatArray:
        """Probability of response at each dose (mg/day); same shape as `dose`."""
        return np.asarray(self.probability(np.asarray(dose, dtype=float)), dtype=float)


def dose_at(curve: Callable[[FloatArray], npt.ArrayLike], level: float, max_mg: float = 100.0) -> float:
    """Dose at which a non-decreasing curve reaches a probability, by bisection.

    Parameters
    ----------
    curve : callable
        Array of doses (mg/day) to probabilities, non-decreasing.
    level : float
        Probability to reach, between 0 and 1.
    max_mg : float
        Highest dose looked at, mg/day.

    Returns
    -------
    float
        Dose in mg/day; NaN where the curve does not reach `level` by `max_mg`, or is above it from the start.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1 or `max_mg` is not positive.

    Examples
    --------
    >>> round(dose_at(plateau_curve(0.8, ed50=2.0, steepness=3.0), 0.4), 3)
    2.0
    >>> dose_at(plateau_curve(0.3, ed50=2.0, steepness=3.0), 0.5)
    nan
    """
    check_probability("level", level)
    if not max_mg > 0:
        raise ValueError(f"max_mg must be above 0, not {max_mg}.")
    low, high = 1e-9, float(max_mg)

    def value(dose: float) -> float:
        return float(np.asarray(curve(np.array([dose])), dtype=float)[0])

    if value(low) >= level or value(high) < level:
        return math.nan
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if value(middle) >= level:
            high = middle
        else:
            low = middle
    return high


def flat_curve(probability: float) -> Curve:
    """The same probability of response at every dose: the drug does nothing, expectation does all.

    Raises
    ------
    ValueError
        If `probability` is outside 0 to 1.

    Examples
    --------
    >>> flat_curve(0.4)([0.75, 6.0]).tolist()
    [0.4, 0.4]
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must lie between 0 and 1, not {probability}.")
    return Curve(
        label=f"{probability:.0%} respond at every dose",
        probability=lambda dose: np.full_like(dose, probability),
        assumption="The probability of response does not depend on the dose; the value is an illustration.",
        parameters={"probability": probability},
    )


def plateau_curve(plateau: float, ed50: float, steepness: float = 4.0) -> Curve:
    """A curve that levels off at `plateau`: a share `1 - plateau` of people never responds.

    ``P(dose) = plateau / (1 + (ed50 / dose) ** steepness)`` (the Hill equation).

    Parameters
    ----------
    plateau : float
        Share of people who respond at some dose, 0 to 1.
    ed50 : float
        Dose (mg/day) at which half of *those* people respond: relative to the plateau, not absolute.
    steepness : float
        Hill exponent, above 0.

    Raises
    ------
    ValueError
        If `plateau` is outside 0 to 1, or `ed50` or `steepness` is not positive.

    Examples
    --------
    >>> plateau_curve(0.3, ed50=2.0)([2.0]).round(3).tolist()
    [0.15]
    """
    if not 0 <= plateau <= 1:
        raise ValueError(f"plateau must lie between 0 and 1, not {plateau}.")
    _checks.positive(ed50, "ed50")
    _checks.positive(steepness, "steepness")

    def probability(dose: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", over="ignore"):
            return plateau / (1.0 + (ed50 / dose) ** steepness)

    return Curve(
        label=f"{plateau:.0%} respond at high doses, the others never",
        probability=probability,
        assumption="The plateau, its ED50 and its steepness are illustrations, not estimates.",
        parameters={"plateau": plateau, "ed50": ed50, "steepness": steepness},
    )


def curve_through_two_points(
    ed50: float, ed95: float, link: Link = "logit", *, scale: Scale = "linear"
) -> Curve:
    """The curve that passes through a printed ED50 and ED95. An assumption, and labelled so.

    ``g(P(dose)) = intercept + slope * x`` with ``x = dose`` or ``log(dose)``, where `g` is the link;
    ``slope = (g(0.95) - g(0.5)) / (x95 - x50)``.

    Parameters
    ----------
    ed50, ed95 : float
        Doses in mg/day, ``0 < ed50 < ed95``.
    link : {"logit", "probit"}
        Shape of the curve between and beyond the two points.
    scale : {"linear", "log"}
        Whether the dose enters as it is or as its logarithm.

    Returns
    -------
    Curve
        With `assumption` in words and `parameters` intercept, slope, ed50, ed95.

    Raises
    ------
    ValueError
        If the doses are not ``0 < ed50 < ed95``, or the link or scale is unknown.

    Examples
    --------
    >>> curve = curve_through_two_points(2.0, 4.0)
    >>> curve([2.0, 4.0]).round(3).tolist()
    [0.5, 0.95]
    >>> "assumed" in curve.assumption
    True
    """
    _checks.choice(link, "link", LINKS)
    _checks.choice(scale, "scale", SCALES)
    if not (0 < ed50 < ed95 < math.inf):
        raise ValueError(f"The doses must satisfy 0 < ed50 < ed95, not ed50={ed50} and ed95={ed95}.")
    x50, x95 = (math.log(ed50), math.log(ed95)) if scale == "log" else (ed50, ed95)
    slope = float(quantile(np.array(0.95), link)) / (x95 - x50)  # g(0.5) = 0 for both links
    intercept = -slope * x50
    return Curve(
        label=f"{link} curve through ED50 {ed50:g} mg and ED95 {ed95:g} mg (assumed)",
        probability=two_parameter(intercept, slope, link, scale),
        assumption=(
            f"Only the two points ED50 {ed50:g} mg and ED95 {ed95:g} mg were read; the individual sequences "
            f"of doses and responses were not. The {link} shape on the {scale} dose is assumed, and with it "
            "every value other than at those two points. A curve of this kind reaches 100% at a high enough "
            "dose: that everybody responds in the end is part of the assumption."
        ),
        parameters={"intercept": intercept, "slope": slope, "ed50": ed50, "ed95": ed95},
    )


def named_curves() -> dict[str, Curve]:
    """Curves to try a design on, by name. Their numbers are illustrations, not estimates of anything.

    Examples
    --------
    >>> float(named_curves()["most people do not respond at all"](6.0)) < 0.5
    True
    """
    return {
        "everybody responds at a high enough dose": plateau_curve(1.0, ed50=3.0, steepness=6.0),
        "six in ten can respond": plateau_curve(0.6, ed50=3.0, steepness=6.0),
        "most people do not respond at all": plateau_curve(0.3, ed50=3.0, steepness=6.0),
        "dose does not matter": flat_curve(0.45),
        "nobody responds": flat_curve(0.0),
    }


def two_parameter(
    intercept: float, slope: float, link: Link, scale: Scale
) -> Callable[[FloatArray], FloatArray]:
    """Probability function ``inverse link(intercept + slope * x)``, x the dose or its logarithm."""

    def probability(dose: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            x = np.log(dose) if scale == "log" else dose
        return inverse_link(intercept + slope * x, link)

    return probability


def inverse_link(eta: FloatArray, link: Link) -> FloatArray:
    """Probability from the linear predictor; elementwise."""
    # Lazy: scipy.special is needed by the fits alone, and importing the package stays light.
    from scipy.special import expit, ndtr

    return np.asarray(expit(eta) if link == "logit" else ndtr(eta), dtype=float)


def quantile(probability: FloatArray, link: Link) -> FloatArray:
    """Linear predictor from the probability (the link itself); elementwise."""
    from scipy.special import logit, ndtri

    return np.asarray(logit(probability) if link == "logit" else ndtri(probability), dtype=float)


def check_probability(name: str, value: float) -> None:
    """Raise ValueError unless `value` lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1 (both excluded), not {value}.")
