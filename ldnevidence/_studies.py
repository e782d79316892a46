"""Checks of the effects and variances that go into pooling; each failure is one plain sentence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ldnevidence._distributions import FloatArray


def vector(values: ArrayLike, name: str) -> FloatArray:
    """Return a one-dimensional array of floats."""
    result = floats(values, name)
    if result.ndim != 1:
        raise ValueError(f"{name} must be a list of one number a study; got {result.ndim} dimensions.")
    return result


def floats(values: ArrayLike, name: str) -> FloatArray:
    """Return an array of floats."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers only, all rows of one length.") from None


def same_length(**lists: Sequence[object] | FloatArray) -> None:
    """Refuse lists that belong together but differ in length."""
    sizes = {name: len(values) for name, values in lists.items()}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(f"{' and '.join(sizes)} must have the same length; got {found}.")


def padded(yi: ArrayLike, vi: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Check two-dimensional input; return y, v and the mask as `_tau2` takes them."""
    y, v = floats(yi, "yi"), floats(vi, "vi")
    if y.ndim != 2 or y.shape != v.shape:
        raise ValueError(f"yi and vi must have one shape (data sets, studies); got {y.shape} and {v.shape}.")
    mask = ~np.isnan(y)
    half = mask == np.isnan(v)
    for bad, what in (
        (half, "has only one of yi and vi; both must be present, or both missing."),
        (np.isinf(y) | np.isinf(v), "is not finite; yi and vi must be finite numbers."),
        (v <= 0, "has a variance that is not above 0; every vi must be above 0."),
    ):
        if bad.any():
            row, study = np.argwhere(bad)[0]
            raise ValueError(f"study {study} of data set {row} {what}")
    few = mask.sum(axis=1) < 2
    if few.any():
        row = int(few.argmax())
        raise ValueError(f"pooling needs at least 2 studies; data set {row} has {mask[row].sum()}.")
    return np.where(mask, y, 0.0), np.where(mask, v, 1.0), mask.astype(np.float64)
