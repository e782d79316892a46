"""Checks of input that several modules share; each failure is one plain sentence."""

import math
from collections.abc import Collection
from numbers import Real


def number(value: object, name: str) -> float:
    """Return `value` as a float, or raise ValueError where it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number; got {value!r}.")
    return float(value)


def positive(value: object, name: str) -> float:
    """Return `value` as a float above zero."""
    result = number(value, name)
    if result <= 0:
        raise ValueError(f"{name} must be above 0; got {result:g}.")
    return result


def whole(value: object, name: str, minimum: int) -> int:
    """Return `value` as an int; 3.0 passes, because a table with a gap holds its counts as floats."""
    result = number(value, name)
    if result != math.floor(result) or result < minimum:
        raise ValueError(f"{name} must be a whole number of {minimum} or more; got {result:g}.")
    return int(result)


def counts(events: object, n: object, suffix: str = "") -> tuple[int, int]:
    """Return (events, n) of one arm: whole numbers with 0 <= events <= n and n >= 1."""
    people = whole(n, f"n{suffix}", 1)
    happened = whole(events, f"events{suffix}", 0)
    if happened > people:
        raise ValueError(
            f"events{suffix} must not be larger than n{suffix}; got {happened} events among {people} people."
        )
    return happened, people


def level(value: object) -> float:
    """Return a confidence level strictly between 0 and 1 (0.95, not 95)."""
    result = number(value, "level")
    if not 0 < result < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95; got {result:g}.")
    return result


def choice(value: str, name: str, allowed: Collection[str]) -> str:
    """Return `value` where it is one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")
    return value
