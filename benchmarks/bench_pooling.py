"""Pool 1,000 small data sets: ours against PyMARE (REML) and against statsmodels (Paule-Mandel).

Run in the repository's folder:  python -m benchmarks.bench_pooling
All are timed in this one process, in turn; each figure is the best of the rounds. Peers that are not
installed are skipped and said to be.
"""

import contextlib
import importlib.util
import io
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ldnevidence import pooling

SETS = 1_000
SEED = 20240501
Arrays = NDArray[np.float64]


def data_sets(count: int = SETS) -> tuple[Arrays, Arrays]:
    """Return effects and variances, shape (count, 10), NaN padded; k is 3 to 10, tau2 is 0, 0.05 or 0.3."""
    rng = np.random.default_rng(SEED)
    k = rng.integers(3, 11, count)
    vi = rng.uniform(0.02, 0.5, (count, 10))
    yi = rng.normal(0.3, np.sqrt(vi + rng.choice([0.0, 0.05, 0.3], (count, 1))))
    gap = np.arange(10) >= k[:, None]
    return np.where(gap, np.nan, yi), np.where(gap, np.nan, vi)


def ours(yi: Arrays, vi: Arrays, method: str) -> Arrays:
    """Pool all data sets in one call; return tau2."""
    return pooling.pool_many(yi, vi, method).tau2


def ours_one_by_one(yi: Arrays, vi: Arrays, method: str) -> Arrays:
    """Pool the data sets one call each; return tau2."""
    rows = zip(yi, vi, strict=True)
    return np.array([pooling.pool(y[~np.isnan(y)], v[~np.isnan(v)], method).tau2 for y, v in rows])


def pymare(yi: Arrays, vi: Arrays) -> Arrays:
    """PyMARE's REML, a fit a data set; return tau2."""
    return _pymare(yi, vi, [np.array([row]) for row in range(len(yi))])


def pymare_grouped(yi: Arrays, vi: Arrays) -> Arrays:
    """PyMARE's REML at its fastest: it fits data sets of equal size in one call; return tau2."""
    size = (~np.isnan(yi)).sum(axis=1)
    return _pymare(yi, vi, [np.nonzero(size == k)[0] for k in np.unique(size)])


def _pymare(yi: Arrays, vi: Arrays, groups: list[NDArray[np.intp]]) -> Arrays:
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    tau2 = np.empty(len(yi))
    for rows in groups:
        keep = ~np.isnan(yi[rows[0]])
        estimator = VarianceBasedLikelihoodEstimator(method="REML")
        estimator.fit(yi[rows][:, keep].T, vi[rows][:, keep].T, np.ones((keep.sum(), 1)))
        tau2[rows] = np.ravel(estimator.params_["tau2"])
    return tau2


def statsmodels(yi: Arrays, vi: Arrays) -> Arrays:
    """Fit with statsmodels' iterated (Paule-Mandel) estimator, a call a data set; return tau2."""
    from statsmodels.stats.meta_analysis import combine_effects

    rows = zip(yi, vi, strict=True)
    return np.array(
        [combine_effects(y[~np.isnan(y)], v[~np.isnan(v)], method_re="iterated").tau2 for y, v in rows]
    )


def timed(run: Callable[[], Arrays], rounds: int) -> tuple[float, Arrays]:
    """Return the best time in seconds, and the result; one more round than asked for pays for the imports."""
    best, result = np.inf, np.empty(0)
    for _ in range(rounds + 1):
        # Peers print and warn on boundary fits; writing that out is no part of the work.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            start = time.perf_counter()
            result = run()
            best = min(best, time.perf_counter() - start)
    return best, result


def main(count: int = SETS, rounds: int = 3) -> list[tuple[str, str, float, float, float]]:
    """Time all, print a table, return its rows: who, method, seconds, ratio to ours, median gap in tau2."""
    yi, vi = data_sets(count)
    runs = {
        "REML": {"PyMARE": pymare, "PyMARE, a call a size": pymare_grouped},
        "PM": {"statsmodels": statsmodels},
    }
    modules = {"REML": "pymare", "PM": "statsmodels"}
    rows = []
    for method, peers in runs.items():
        if importlib.util.find_spec(modules[method]) is None:
            print(f"{modules[method]} is not installed, skipped")
            continue
        base, tau2 = timed(partial(ours, yi, vi, method), rounds)
        single, _ = timed(partial(ours_one_by_one, yi, vi, method), rounds)
        rows.append(("ours, one call", method, base, 1.0, 0.0))
        rows.append(("ours, a call a data set", method, single, single / base, 0.0))
        for name, run in peers.items():
            seconds, theirs = timed(partial(run, yi, vi), rounds)
            rows.append((name, method, seconds, seconds / base, float(np.median(np.abs(theirs - tau2)))))
    print(f"{count} data sets of 3 to 10 studies, best of {rounds} rounds")
    print(f"{'who':<25}{'method':<8}{'ms':>9}{'times ours':>12}{'median tau2 gap':>17}")
    for who, method, seconds, ratio, gap in rows:
        print(f"{who:<25}{method:<8}{1000 * seconds:>9.1f}{ratio:>12.1f}{gap:>17.1e}")
    return rows


if __name__ == "__main__":
    main()
