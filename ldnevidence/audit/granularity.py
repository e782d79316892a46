"""Which whole numbers of people a printed percentage allows: the GRIM test and its relatives.

`digits` is the number of decimals printed; a number that shows more decimals than `digits` says counts with
those it shows.
"""

from __future__ import annotations

import math
from decimal import Decimal

from ldnevidence import _checks

_SLACK = 1e-9  # a half that floats cannot hold exactly still counts as a half


def decimals(value: float) -> int:
    """Return how many decimals a number shows; trailing zeros cannot be seen in a number.

    >>> decimals(73.9), decimals(65.0), decimals(0.0186)
    (1, 0, 4)
    """
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def half_unit(value: float, digits: int = 0) -> float:
    """Return half a unit of the last printed decimal: how far rounding can have moved the number.

    >>> half_unit(2.4), half_unit(2.4, digits=2)
    (0.05, 0.005)
    """
    return 0.5 * 10.0 ** -max(digits, decimals(value))


def _percent(percent: float) -> float:
    value = _checks.number(percent, "percent")
    if not 0 <= value <= 100:
        raise ValueError(f"percent must lie between 0 and 100; got {value:g}.")
    return value


def _counts_of(percent: float, n: int, half: float) -> range:
    """Return the counts out of n whose percentage rounds to the one printed, whichever way halves go."""
    least = math.ceil((percent - half) * n / 100 - _SLACK * n)
    most = math.floor((percent + half) * n / 100 + _SLACK * n)
    return range(max(0, least), min(n, most) + 1)


def grim(percent: float, n: int, digits: int = 0) -> bool:
    """Tell whether a whole number of people out of n can give a printed percentage.

    Parameters
    ----------
    percent : float
        The percentage as printed, 0 to 100.
    n : int
        People in the base, at least 1.
    digits : int
        Decimals printed. They matter for trailing zeros alone: 25.0 is ``grim(25, n, digits=1)``.

    Returns
    -------
    bool
        True where some count k has 100 k / n within half a unit of the last decimal. Halves may have been
        rounded up, down or to even. With n of ``100 * 10**digits`` and more every percentage is possible.

    Raises
    ------
    ValueError
        For a percentage outside 0 to 100, or an n that is no whole number of 1 or more.

    Notes
    -----
    The GRIM test of Brown and Heathers (2017), Social Psychological and Personality Science 8:363, for
    percentages.

    Examples
    --------
    >>> grim(33, 3), grim(89, 17), grim(12.5, 8, digits=1)
    (True, False, True)
    """
    percent, n = _percent(percent), _checks.whole(n, "n", 1)
    digits = _checks.whole(digits, "digits", 0)
    return len(_counts_of(percent, n, half_unit(percent, digits))) > 0


def grim_counts(percent: float, n_max: int, digits: int = 0) -> list[tuple[int, int]]:
    """List all counts, out of at most n_max people, that a printed percentage allows.

    Parameters
    ----------
    percent : float
        The percentage as printed, 0 to 100.
    n_max : int
        Largest base to try, at least 1.
    digits : int
        Decimals printed, as in :func:`grim`.

    Returns
    -------
    list of (int, int)
        Pairs (events, n), by n and then by events.

    Raises
    ------
    ValueError
        As in :func:`grim`.

    Notes
    -----
    As :func:`grim`.

    Examples
    --------
    >>> grim_counts(28, 20)
    [(5, 18)]
    >>> grim_counts(8, 20)
    [(1, 12), (1, 13)]
    """
    percent, n_max = _percent(percent), _checks.whole(n_max, "n_max", 1)
    half = half_unit(percent, _checks.whole(digits, "digits", 0))
    return [(events, n) for n in range(1, n_max + 1) for events in _counts_of(percent, n, half)]


def grim_bases(percent: float, events: int, digits: int = 0) -> tuple[int, int | None]:
    """Return the smallest and largest base of which `events` people are a printed percentage.

    Returns
    -------
    (int, int or None)
        None where there is no largest base, because the percentage may have been rounded to zero.

    Raises
    ------
    ValueError
        As in :func:`grim`, and where no base fits at all.

    Examples
    --------
    >>> grim_bases(11, 11)
    (96, 104)
    """
    percent, events = _percent(percent), _checks.whole(events, "events", 0)
    half = half_unit(percent, _checks.whole(digits, "digits", 0))
    least = max(events, 1, math.ceil(100 * events / (percent + half) - _SLACK * events))
    if percent - half <= 0:
        return least, None
    most = math.floor(100 * events / (percent - half) + _SLACK * events)
    if most < least:
        raise ValueError(f"no base of any size makes {events} people {percent:g}%.")
    return least, most


def grim_mean(mean: float, n: int, digits: int, items: int = 1) -> bool:
    """Tell whether whole numbers can have a printed mean.

    Parameters
    ----------
    mean : float
        The mean as printed.
    n : int
        People behind it.
    digits : int
        Decimals printed.
    items : int
        Whole-number answers that are averaged within each person, such as 3 for the PEG scale; 1 for a sum
        score or a single answer.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        For an n or `items` that is no whole number of 1 or more.

    Notes
    -----
    Brown and Heathers (2017), Social Psychological and Personality Science 8:363.

    Examples
    --------
    >>> grim_mean(5.19, 28, digits=2), grim_mean(3.5, 2, digits=1)
    (False, True)
    """
    mean = _checks.number(mean, "mean")
    parts = _checks.whole(n, "n", 1) * _checks.whole(items, "items", 1)
    half = half_unit(mean, _checks.whole(digits, "digits", 0))
    return math.floor((mean + half) * parts + _SLACK * parts) >= (mean - half) * parts - _SLACK * parts
