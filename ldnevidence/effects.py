"""One comparison: proportions, ratios and differences of two arms, and what they mean in people.

Definitions are metafor's (`escalc`), with two exceptions: a single proportion gets Wilson's interval, and a
risk difference is never corrected for zero cells. Arm 1 is compared with arm 2: a ratio is arm 1 divided by
arm 2, a difference is arm 1 minus arm 2. The arms must be independent groups of people, so that a crossover
trial does not belong here.
"""

import math
from dataclasses import dataclass

from ldnevidence import _checks, _distributions
from ldnevidence._means import TTest, compare_means, pooled_t, welch_t
from ldnevidence.estimate import Estimate, shown, wald

__all__ = [
    "NumberNeededToTreat",
    "TTest",
    "ZeroEventLimit",
    "compare_means",
    "compare_proportions",
    "fisher_exact",
    "nnt",
    "pooled_t",
    "proportion",
    "rule_of_three",
    "welch_t",
]


def proportion(events: int, n: int, level: float = 0.95) -> Estimate:
    """Estimate a proportion, with Wilson's score interval.

    Parameters
    ----------
    events, n : int
        People with the event, and people in the arm (at least 1).
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        Measure PR. `se` is sqrt(p(1 - p)/n), hence 0 at 0% and 100%; the interval does not rest on it.
        `p_value` is NaN: a proportion has no value that means "no difference".

    Raises
    ------
    ValueError
        For counts that are negative, not whole, or contradict each other, and for a level outside 0 to 1.

    Notes
    -----
    Wilson (1927), Journal of the American Statistical Association 22:209, without continuity correction.

    Examples
    --------
    >>> print(proportion(6, 10))
    proportion 0.60 (95% CI 0.31 to 0.83)
    """
    events, n = _checks.counts(events, n)
    level = _checks.level(level)
    low, high = _wilson(events, n, level)
    p = events / n
    return Estimate("PR", p, low, high, math.sqrt(p * (1 - p) / n), math.nan, level)


def _wilson(events: int, n: int, level: float) -> tuple[float, float]:
    z = _distributions.z_quantile(level)
    p = events / n
    middle = p + z**2 / (2 * n)
    margin = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    # At 0 and n events the limit is 0 or 1 exactly, which rounding would miss.
    low = 0.0 if events == 0 else (middle - margin) / scale
    high = 1.0 if events == n else (middle + margin) / scale
    return low, high


def compare_proportions(
    events_1: int,
    n_1: int,
    events_2: int,
    n_2: int,
    measure: str = "RR",
    level: float = 0.95,
    interval: str = "wald",
) -> Estimate:
    """Compare the proportions of two independent arms.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : int
        People with the event and people, in arm 1 and in arm 2.
    measure : {"RR", "OR", "RD"}
        Risk ratio, odds ratio or risk difference (arm 1 against arm 2).
    level : float
        Confidence level.
    interval : {"wald", "newcombe"}
        Newcombe's interval is for RD only. It stays within -1 to 1 and copes with 0% and 100%.

    Returns
    -------
    Estimate
        `se` is that of log RR, log OR or RD. Where a cell is zero, 0.5 is added to every cell for RR and OR,
        and never for RD. Where both proportions are 0% or 100%, `se` of RD is 0, its Wald interval has no
        width and `p_value` is NaN: ask for Newcombe's instead. Newcombe's interval has no test of its own, so
        that its `p_value` is always NaN.

    Raises
    ------
    ValueError
        For impossible counts, and for RR and OR where nobody or everybody in both arms had the event: such
        data hold no information on a ratio.

    Notes
    -----
    Wald: as metafor's `escalc`. Newcombe (1998), Statistics in Medicine 17:873, method 10.

    Examples
    --------
    >>> print(compare_proportions(12, 20, 6, 20))
    risk ratio 2.00 (95% CI 0.94 to 4.27), p = 0.074
    >>> print(compare_proportions(0, 10, 0, 12, measure="RD", interval="newcombe"))
    risk difference 0.00 (95% CI -0.24 to 0.28)
    """
    a, n_1 = _checks.counts(events_1, n_1, "_1")
    c, n_2 = _checks.counts(events_2, n_2, "_2")
    level = _checks.level(level)
    _checks.choice(measure, "measure", ("RR", "OR", "RD"))
    _checks.choice(interval, "interval", ("wald", "newcombe"))
    if interval == "newcombe" and measure != "RD":
        raise ValueError(f"interval 'newcombe' is for a risk difference (RD) only; got measure {measure!r}.")
    if measure == "RD":
        return _risk_difference(a, n_1, c, n_2, level, interval)

    if a + c == 0 or a + c == n_1 + n_2:
        who = "nobody" if a + c == 0 else "everybody"
        raise ValueError(
            f"{measure} cannot be estimated because {who} in both arms had the event; "
            "a risk difference (RD) can."
        )
    cells = [float(a), float(n_1 - a), float(c), float(n_2 - c)]
    if 0 in cells:
        cells = [cell + 0.5 for cell in cells]
    e1, f1, e2, f2 = cells
    if measure == "OR":
        return wald("OR", math.log(e1 * f2 / (f1 * e2)), math.sqrt(sum(1 / cell for cell in cells)), level)
    m_1, m_2 = e1 + f1, e2 + f2
    # 1/e - 1/m of each arm, written as a quotient so that no digits cancel.
    variance = f1 / (e1 * m_1) + f2 / (e2 * m_2)
    return wald("RR", math.log(e1 * m_2 / (m_1 * e2)), math.sqrt(variance), level)


def _risk_difference(a: int, n_1: int, c: int, n_2: int, level: float, interval: str) -> Estimate:
    p_1, p_2 = a / n_1, c / n_2
    rd, se = p_1 - p_2, math.sqrt(p_1 * (1 - p_1) / n_1 + p_2 * (1 - p_2) / n_2)
    if interval == "wald":
        return wald("RD", rd, se, level)
    low_1, high_1 = _wilson(a, n_1, level)
    low_2, high_2 = _wilson(c, n_2, level)
    low = rd - math.hypot(p_1 - low_1, high_2 - p_2)
    high = rd + math.hypot(high_1 - p_1, p_2 - low_2)
    return Estimate("RD", rd, low, high, se, math.nan, level)


@dataclass(frozen=True)
class NumberNeededToTreat:
    """How many people must be treated for one more to benefit, or to be harmed.

    A number needed to treat is 1 divided by a risk difference. Where the interval of the difference crosses
    zero, it runs from benefit through infinity to harm, in two pieces that meet at infinity.

    Attributes
    ----------
    direction : {"benefit", "harm", "none"}
        What the point estimate says; "none" where both arms did exactly alike.
    estimate : float
        People to treat for one more to go in that direction; infinity for "none".
    benefit, harm : tuple of float or None
        The (smallest, largest) number in each direction that the interval allows; None where it allows none.
    level : float
        Confidence level.
    """

    direction: str
    estimate: float
    benefit: tuple[float, float] | None
    harm: tuple[float, float] | None
    level: float

    @property
    def crosses_infinity(self) -> bool:
        """Whether the interval holds both benefit and harm."""
        return self.benefit is not None and self.harm is not None

    @property
    def sentence(self) -> str:
        """The number in words."""
        point = {
            "benefit": f"{_people(self.estimate)} treated for one more to benefit",
            "harm": f"{_people(self.estimate)} treated for one more to be harmed",
            "none": "no difference between the arms, so no finite number",
        }[self.direction]
        pieces = [
            f"{name} {shown(piece[0])} to {shown(piece[1])}"
            for name, piece in (("benefit", self.benefit), ("harm", self.harm))
            if piece is not None
        ]
        if self.crosses_infinity:
            text = f"from {pieces[0]}, and through infinity to {pieces[1]}: it allows both benefit and harm"
        else:
            text = pieces[0] if pieces else "infinity alone"
        return f"{point} ({100 * self.level:g}% interval {text})"

    def __str__(self) -> str:
        """Return `sentence`."""
        return self.sentence


def _people(number: float) -> str:
    return f"{shown(number)} people"


def nnt(rd: Estimate, higher_is_better: bool) -> NumberNeededToTreat:
    """Turn a risk difference into a number needed to treat.

    Parameters
    ----------
    rd : Estimate
        A risk difference, arm 1 minus arm 2.
    higher_is_better : bool
        Whether the event is wanted (a response) or not (a relapse, a side effect).

    Returns
    -------
    NumberNeededToTreat
        Limits beyond -1 or 1, which a Wald interval can have, count as -1 and 1.

    Raises
    ------
    ValueError
        Where `rd` is not an Estimate of measure RD.

    Notes
    -----
    Altman (1998), BMJ 317:1309.

    Examples
    --------
    >>> print(nnt(compare_proportions(15, 20, 5, 20, measure="RD"), higher_is_better=True))
    2.00 people treated for one more to benefit (95% interval benefit 1.30 to 4.32)
    >>> unclear = compare_proportions(6, 20, 4, 20, measure="RD")
    >>> print(nnt(unclear, higher_is_better=True))  # doctest: +ELLIPSIS
    10.00 people treated for one more to benefit (95% interval from benefit 2.73 to infinity, and through ...
    """
    if not isinstance(rd, Estimate) or rd.measure != "RD":
        got = rd.measure if isinstance(rd, Estimate) else type(rd).__name__
        raise ValueError(f"nnt needs an Estimate of a risk difference (RD); got {got}.")
    sign = 1.0 if higher_is_better else -1.0
    ends = sorted(sign * max(-1.0, min(1.0, limit)) for limit in (rd.ci_low, rd.ci_high))
    worst, best = ends
    point = sign * rd.estimate
    return NumberNeededToTreat(
        direction="benefit" if point > 0 else "harm" if point < 0 else "none",
        estimate=_inverse(abs(point)),
        benefit=(1 / best, _inverse(max(worst, 0.0))) if best > 0 else None,
        harm=(1 / -worst, _inverse(max(-best, 0.0))) if worst < 0 else None,
        level=rd.level,
    )


def _inverse(value: float) -> float:
    return math.inf if value == 0 else 1 / value


def fisher_exact(events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Return the two-sided p-value of Fisher's exact test.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : int
        People with the event and people, in arm 1 and in arm 2.

    Returns
    -------
    float
        The sum of the probabilities of all tables with the same margins that are no more probable than the
        one observed, as R's `fisher.test` and SciPy sum them.

    Raises
    ------
    ValueError
        For impossible counts.

    Notes
    -----
    Fisher (1935), Journal of the Royal Statistical Society 98:39. The sums are of whole numbers, hence exact.

    Examples
    --------
    >>> round(fisher_exact(4, 6, 1, 6), 3)
    0.242
    """
    a, n_1 = _checks.counts(events_1, n_1, "_1")
    c, n_2 = _checks.counts(events_2, n_2, "_2")
    happened = a + c
    first, last = max(0, happened - n_2), min(happened, n_1)
    ways = math.comb(n_1, first) * math.comb(n_2, happened - first)
    tables = []
    for x in range(first, last + 1):
        tables.append(ways)
        # The number of ways to reach the next table; the division leaves no remainder.
        ways = ways * (n_1 - x) * (happened - x) // ((x + 1) * (n_2 - happened + x + 1))
    observed = tables[a - first]
    return sum(table for table in tables if table <= observed) / sum(tables)


@dataclass(frozen=True)
class ZeroEventLimit:
    """How common an event can still be that nobody of n had; an upper limit, one-sided.

    Attributes
    ----------
    n : int
        People observed, none of whom had the event.
    level : float
        Confidence level of the one-sided limit.
    exact : float
        1 - (1 - level)^(1/n), the exact binomial limit.
    approximate : float
        The rule of three, 3/n, at 95%; at other levels -ln(1 - level)/n, of which 3/n is the rounded form.
        Never above 1.
    """

    n: int
    level: float
    exact: float
    approximate: float

    @property
    def sentence(self) -> str:
        """Both limits in words."""
        rule = "3/n" if self.level == 0.95 else "-ln(1 - level)/n"
        return (
            f"no events among {self.n} people: with {100 * self.level:g}% confidence the true share is "
            f"at most {100 * self.exact:.3g}% (exact) or about {100 * self.approximate:.3g}% ({rule})"
        )

    def __str__(self) -> str:
        """Return `sentence`."""
        return self.sentence


def rule_of_three(n: int, level: float = 0.95) -> ZeroEventLimit:
    """Bound the proportion of an event that none of n people had.

    Parameters
    ----------
    n : int
        People observed, at least 1.
    level : float
        Confidence level of the one-sided upper limit.

    Returns
    -------
    ZeroEventLimit
        The exact limit and the rule of thumb, each under its name.

    Raises
    ------
    ValueError
        For n below 1 or not whole, and for a level outside 0 to 1.

    Notes
    -----
    Hanley and Lippman-Hand (1983), JAMA 249:1743.

    Examples
    --------
    >>> print(rule_of_three(30))
    no events among 30 people: with 95% confidence the true share is at most 9.5% (exact) or about 10% (3/n)
    """
    n = _checks.whole(n, "n", 1)
    level = _checks.level(level)
    chance = math.log1p(-level)
    approximate = 3 / n if level == 0.95 else -chance / n
    return ZeroEventLimit(n, level, -math.expm1(chance / n), min(1.0, approximate))
