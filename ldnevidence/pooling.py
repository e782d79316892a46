"""Many comparisons: inverse-variance pooling, its intervals, and what one study or one subgroup changes.

Definitions are metafor's (`rma`). Effects and variances go in on the analysis scale (log RR, log OR, else the
effect itself; `Estimate.yi` and `Estimate.vi`); the pooled effect and its limits come out on the natural
scale, while `se` and `tau2` stay on the analysis scale.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ldnevidence import _checks, _distributions, _studies, _tau2
from ldnevidence._distributions import FloatArray
from ldnevidence.estimate import LOG_MEASURES, MEASURES, PooledEstimate

METHODS = {
    "EE": "equal effects (also called fixed effect or common effect)",
    "DL": "random effects, DerSimonian and Laird",
    "PM": "random effects, Paule and Mandel",
    "REML": "random effects, restricted maximum likelihood",
}
"""The estimators of the variance between studies."""

INTERVALS = {"wald": "normal quantile", "hksj": "Hartung-Knapp, t with k - 1 degrees of freedom"}
"""The kinds of confidence interval."""


@dataclass(frozen=True)
class PooledMany:
    """The pooled effects of many data sets; each array holds one value a data set.

    The fields mean what they mean in `PooledEstimate`; `weights` has shape (data sets, studies), in percent,
    with 0 where a row is padded.
    """

    measure: str
    method: str
    interval: str
    level: float
    estimate: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    se: FloatArray
    p_value: FloatArray
    k: NDArray[np.int64]
    tau2: FloatArray
    i2: FloatArray
    h2: FloatArray
    q: FloatArray
    q_p: FloatArray
    pi_low: FloatArray
    pi_high: FloatArray
    optima: NDArray[np.int64]
    weights: FloatArray

    def __len__(self) -> int:
        """Return the number of data sets."""
        return len(self.k)

    def row(self, index: int) -> PooledEstimate:
        """Return one data set's result as a `PooledEstimate`."""
        weights = self.weights[index]
        values = {name: getattr(self, name)[index].item() for name in COLUMNS}
        return PooledEstimate(
            measure=self.measure,
            level=self.level,
            method=self.method,
            interval=self.interval,
            weights=tuple(weights[weights > 0].tolist()),
            **values,
        )

    def table(self) -> pd.DataFrame:
        """Return the results as a table, a row a data set."""
        return pd.DataFrame({name: getattr(self, name) for name in COLUMNS})


_SHARED = {"measure", "method", "interval", "level", "weights"}
COLUMNS = tuple(field.name for field in fields(PooledMany) if field.name not in _SHARED)
"""What is reported of each pooled data set, in this order."""


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    method: str = "REML",
    interval: str = "wald",
    measure: str = "GEN",
    level: float = 0.95,
) -> PooledEstimate:
    """Pool the effects of k independent studies.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their sampling variances on the analysis scale; k is at least 2.
    method : {"REML", "EE", "DL", "PM"}
        Estimator of the variance between studies; see `METHODS`.
    interval : {"wald", "hksj"}
        See `INTERVALS`. Hartung-Knapp is used without a floor, and can be narrower than Wald.
    measure : str
        A code of `ldnevidence.estimate.MEASURES`; RR and OR are turned from logarithms into ratios.
    level : float
        Confidence level of the confidence and of the prediction interval.

    Returns
    -------
    PooledEstimate
        The prediction interval uses the normal quantile with "wald" and t with k - 1 degrees of freedom with
        "hksj". It is NaN under EE, where there is nothing to predict, and for k < 3. For PR, `p_value` is
        NaN.

    Raises
    ------
    ValueError
        For fewer than 2 studies, unequal lengths, a value that is missing or not finite, a variance that is
        not above 0, an unknown option, and "hksj" where all effects are equal (its interval has no width).

    Notes
    -----
    DerSimonian and Laird (1986), Controlled Clinical Trials 7:177; Paule and Mandel (1982), Journal of
    Research of the National Bureau of Standards 87:377; Viechtbauer (2005), Journal of Educational and
    Behavioral Statistics 30:261 (REML); Hartung and Knapp (2001), Statistics in Medicine 20:3875; Higgins and
    Thompson (2002), Statistics in Medicine 21:1539 (I2 and H2; from tau2 as metafor, from Q under EE).

    Examples
    --------
    >>> print(pool([0.10, 0.35, 0.60], [0.02, 0.03, 0.05], measure="RR"))  # doctest: +ELLIPSIS
    pooled risk ratio 1.36 (95% CI 1.04 to 1.80), p = 0.027; k = 3, REML, tau2 = 0.0283, I2 = 48%; 95% pred...
    """
    y, v = _studies.vector(yi, "yi"), _studies.vector(vi, "vi")
    _studies.same_length(yi=y, vi=v)
    if len(y) < 2:
        raise ValueError(f"pooling needs at least 2 studies; got {len(y)}.")
    for name, values in (("yi", y), ("vi", v)):
        if np.isnan(values).any():
            raise ValueError(
                f"{name} must not have missing values; study {np.isnan(values).argmax()} has one."
            )
    many = pool_many(y[None, :], v[None, :], method, interval, measure, level)
    if math.isnan(many.se[0]):
        raise ValueError("interval 'hksj' has no width because all effects are equal; use interval 'wald'.")
    return many.row(0)


def pool_many(
    yi: ArrayLike,
    vi: ArrayLike,
    method: str = "REML",
    interval: str = "wald",
    measure: str = "GEN",
    level: float = 0.95,
) -> PooledMany:
    """Pool many data sets at once; `pool` is the case of one.

    Parameters
    ----------
    yi, vi : array_like, shape (data sets, studies)
        Effects and sampling variances; rows with fewer studies hold NaN in both at the places left over.
    method, interval, measure, level
        As in `pool`.

    Returns
    -------
    PooledMany
        One value a data set in each field. Where "hksj" has no width because all effects are equal, `se`, the
        limits and `p_value` are NaN.

    Raises
    ------
    ValueError
        As `pool`, naming the row; and where only one of effect and variance is missing.

    Examples
    --------
    >>> result = pool_many([[0.1, 0.3, 0.5], [0.2, 0.4, np.nan]], [[0.1, 0.1, 0.1], [0.1, 0.3, np.nan]], "EE")
    >>> result.k.tolist(), result.estimate.round(3).tolist()
    ([3, 2], [0.3, 0.25])
    """
    _checks.choice(method, "method", METHODS)
    _checks.choice(interval, "interval", INTERVALS)
    _checks.choice(measure, "measure", MEASURES)
    level = _checks.level(level)
    y, v, m = _studies.padded(yi, vi)

    # Effects are taken from their plain mean, so that a large common constant costs no digits.
    centre, k = _tau2.fit(y, m)[1], m.sum(axis=1)
    y = m * (y - centre)
    q = _tau2.cochran_q(y, v, m)
    tau2, optima = _between(y, v, m, method)
    w = m / (v + tau2[:, None])
    total, mean, residual = _tau2.fit(y, w)
    se = 1 / np.sqrt(total[:, 0])
    if interval == "hksj":
        # Equal effects leave no residuals, and so an interval without width: refused rather than reported.
        equal = _all_equal(y, m)
        factor = np.sqrt((w * residual**2).sum(axis=1) / (k - 1))
        se = np.where(equal, np.nan, se * factor)
    estimate = centre[:, 0] + mean[:, 0]
    with np.errstate(over="ignore"):
        z = estimate / se
        if interval == "hksj":
            quantile = _distributions.t_quantile(level, k - 1)
            p_value = _distributions.t_two_sided(z, k - 1)
        else:
            quantile = np.full(len(k), _distributions.z_quantile(level))
            p_value = _distributions.z_two_sided_array(z)
        reach = quantile * se
        ahead = quantile * np.where((k < 3) | (method == "EE"), np.nan, np.sqrt(se**2 + tau2))
        scale = np.array([estimate, estimate - reach, estimate + reach, estimate - ahead, estimate + ahead])
        point, ci_low, ci_high, pi_low, pi_high = np.exp(scale) if measure in LOG_MEASURES else scale

    h2 = q / (k - 1) if method == "EE" else 1 + tau2 / _tau2.typical_variance(v, m)
    return PooledMany(
        measure=measure,
        method=method,
        interval=interval,
        level=level,
        estimate=point,
        ci_low=ci_low,
        ci_high=ci_high,
        se=se,
        p_value=np.full(len(k), np.nan) if measure == "PR" else p_value,
        k=k.astype(np.int64),
        tau2=tau2,
        i2=100 * np.maximum(0.0, 1 - 1 / np.maximum(h2, 1.0)),
        h2=h2,
        q=q,
        q_p=_distributions.chi2_tail(q, k - 1),
        pi_low=pi_low,
        pi_high=pi_high,
        optima=optima,
        weights=100 * w / total,
    )


def _between(
    y: FloatArray, v: FloatArray, m: FloatArray, method: str
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return tau2 of each row, and the number of local maxima that were found on the way."""
    one = np.ones(len(y), dtype=np.int64)
    if method == "DL":
        return _tau2.dersimonian_laird(y, v, m), one
    if method == "PM":
        return _tau2.paule_mandel(y, v, m), one
    if method == "REML":
        return _tau2.reml(y, v, m)
    return np.zeros(len(y)), one


def leave_one_out(
    yi: ArrayLike,
    vi: ArrayLike,
    labels: Sequence[object] | None = None,
    method: str = "REML",
    interval: str = "wald",
    measure: str = "GEN",
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool the studies again and again, each time without one of them.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        As in `pool`; k is at least 3.
    labels : sequence, optional
        A name for each study; its number, from 0, if left out.
    method, interval, measure, level
        As in `pool`.

    Returns
    -------
    pandas.DataFrame
        A row a study, in the order given: `left_out`, then the columns of `COLUMNS`, natural scale.

    Raises
    ------
    ValueError
        As `pool`, and for fewer than 3 studies.

    Examples
    --------
    >>> table = leave_one_out([0.1, 0.2, 0.9], [0.04, 0.04, 0.04], labels=["a", "b", "c"], method="EE")
    >>> table[["left_out", "estimate"]].round(2).values.tolist()
    [['a', 0.55], ['b', 0.5], ['c', 0.15]]
    """
    y, v = _studies.vector(yi, "yi"), _studies.vector(vi, "vi")
    names = list(range(len(y)) if labels is None else labels)
    _studies.same_length(yi=y, vi=v, labels=names)
    if len(y) < 3:
        raise ValueError(f"leaving one study out needs at least 3 studies; got {len(y)}.")
    if np.isnan(y).any() or np.isnan(v).any():
        raise ValueError("yi and vi must not have missing values.")
    gap = np.where(np.eye(len(y), dtype=bool), np.nan, 0.0)
    table = pool_many(y + gap, v + gap, method, interval, measure, level).table()
    table.insert(0, "left_out", names)
    return table


@dataclass(frozen=True)
class Subgroups:
    """Subgroups pooled apart, and a test of whether they differ.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a subgroup: `group`, then the columns of `COLUMNS`. A subgroup of one study shows its k only.
    q_between, df, q_p : float, int, float
        Cochran's Q of the pooled effects of the subgroups, each with its own tau2, its degrees of freedom and
        p-value; NaN, 0 and NaN with fewer than two subgroups of at least two studies.
    note : str
        What was left out, in words; empty if nothing was.
    """

    table: pd.DataFrame
    q_between: float
    df: int
    q_p: float
    note: str


def pool_by(
    frame: pd.DataFrame,
    by: str,
    yi: str = "yi",
    vi: str = "vi",
    method: str = "REML",
    interval: str = "wald",
    measure: str = "GEN",
    level: float = 0.95,
) -> Subgroups:
    """Pool the studies of each subgroup, and test the subgroups against each other.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row a study.
    by, yi, vi : str
        Its columns with the subgroup, the effect and the sampling variance (analysis scale).
    method, interval, measure, level
        As in `pool`; each subgroup has a tau2 of its own.

    Returns
    -------
    Subgroups
        In the order in which the subgroups first appear.

    Raises
    ------
    ValueError
        For a missing column or value, and where no subgroup has two studies; else as `pool`.

    Notes
    -----
    Borenstein and others (2009), Introduction to Meta-Analysis, chapter 19, with separate estimates of tau2.
    A subgroup of one study has no tau2, and so takes no part in the test.

    Examples
    --------
    >>> frame = pd.DataFrame({"yi": [0.1, 0.3, 0.9, 1.1], "vi": 0.04, "dose": ["low", "low", "high", "high"]})
    >>> result = pool_by(frame, "dose")
    >>> result.table[["group", "k", "estimate"]].round(2).values.tolist()
    [['low', 2, 0.2], ['high', 2, 1.0]]
    >>> round(result.q_between, 1), result.df, round(result.q_p, 4)
    (16.0, 1, 0.0001)
    """
    for column in (by, yi, vi):
        if column not in frame.columns:
            raise ValueError(f"frame has no column {column!r}; it has {', '.join(map(str, frame.columns))}.")
        if frame[column].isna().any():
            raise ValueError(f"column {column!r} must not have missing values.")
    groups = dict(iter(frame.groupby(by, sort=False, observed=True)))
    pooled = {name: part for name, part in groups.items() if len(part) > 1}
    if not pooled:
        raise ValueError(f"no subgroup of {by!r} has the 2 studies that pooling needs.")
    y, v = np.full((2, len(pooled), max(map(len, pooled.values()))), np.nan)
    for row, part in enumerate(pooled.values()):
        y[row, : len(part)], v[row, : len(part)] = (
            _studies.vector(part[yi], yi),
            _studies.vector(part[vi], vi),
        )
    many = pool_many(y, v, method, interval, measure, level)

    table = many.table()
    table.insert(0, "group", list(pooled))
    table = table.set_index("group").reindex(list(groups)).rename_axis("group").reset_index()
    table["k"] = [len(part) for part in groups.values()]
    alone = [str(name) for name in groups if name not in pooled]
    note = f"single studies, not pooled and not in the test: {', '.join(alone)}" if alone else ""
    df = len(pooled) - 1
    if df == 0:
        return Subgroups(table, math.nan, 0, math.nan, note)
    effects = np.log(many.estimate) if measure in LOG_MEASURES else many.estimate
    q = float(_tau2.cochran_q(effects[None], many.se[None] ** 2, np.ones((1, df + 1)))[0])
    return Subgroups(table, q, df, float(_distributions.chi2_tail(q, df)), note)


def _all_equal(y: FloatArray, m: FloatArray) -> NDArray[np.bool_]:
    highest = np.where(m > 0, y, -np.inf).max(axis=1)
    return np.asarray(highest == np.where(m > 0, y, np.inf).min(axis=1))
