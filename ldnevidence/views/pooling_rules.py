"""When comparisons may be pooled, what pooling gives, and what leaving rows out changes."""

from __future__ import annotations

import math

import pandas as pd

from ldnevidence.estimate import PooledEstimate
from ldnevidence.rows import each
from ldnevidence.views import base
from ldnevidence.views.comparisons import RATIOS


def pooling_verdict(rows: pd.DataFrame) -> tuple[bool, str]:
    """Say whether comparisons may be pooled, and why or why not.

    Allowed only for one measure, between arms, on the same instrument or outcome, in the same condition,
    with the same design and kind of comparator, independent trials and arms, and a standard error in each.

    Parameters
    ----------
    rows : DataFrame
        Rows of `comparisons`.

    Returns
    -------
    tuple of bool and str
        Whether, and the reason in words that can follow "because" or stand in a note.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> from ldnevidence.views.comparisons import comparisons
    >>> table = comparisons(ldn.load())
    >>> pooling_verdict(table[table["measure"] == "SMD"])[0]
    False
    """
    if rows["comparator"].eq("before").any():
        return False, "changes within one arm have no comparison to pool"
    if rows["measure"].nunique() > 1:
        return False, "the measures differ"
    trials = rows["trial"].nunique()
    if trials < 2:
        return False, f"pooling takes at least two trials; here {'is one' if trials else 'are none'}"
    held = rows[pd.to_numeric(rows["se"]).gt(0)]
    scales = [r.instrument if pd.notna(r.instrument) else r.outcome for r in each(rows)]
    missing = len(rows) - len(held)
    reasons = [
        (len({str(s).casefold() for s in scales}) > 1, "the outcomes or their scales differ"),
        (rows["condition_id"].nunique(dropna=False) > 1, "the conditions differ"),
        (rows["design"].nunique() > 1, "the designs differ"),
        (rows["comparator"].nunique() > 1, "the comparators differ"),
        (rows["trial"].duplicated().any(), "some people would count twice in two rows of one trial"),
        # Leaving such rows out would keep what papers chose to report fully, which is a biased choice.
        (missing > 0, f"{missing} of {len(rows)} have no standard error to weigh them by"),
    ]
    against = [why for wrong, why in reasons if wrong]
    if against:
        return False, base.listed(against)
    return True, f"{len(rows)} independent trials measured the same outcome in the same way"


def pooled(rows: pd.DataFrame) -> PooledEstimate | None:
    """Pool the rows by REML with Hartung-Knapp's interval where `pooling_verdict` allows it, else None."""
    if not pooling_verdict(rows)[0]:
        return None
    from ldnevidence import pooling

    measure = rows["measure"].iloc[0]
    values = pd.to_numeric(rows["estimate"])
    yi = [math.log(v) for v in values] if measure in RATIOS else list(values)
    vi = list(pd.to_numeric(rows["se"]) ** 2)
    # A hazard ratio is pooled as any other log ratio; RD in percentage points as any other difference.
    code = "RR" if measure in RATIOS else "GEN"
    return pooling.pool(yi, vi, method="REML", interval="hksj", measure=code)


def exclusion_effect(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Say in words what leaving rows out changes.

    Parameters
    ----------
    before, after : DataFrame
        Rows of `comparisons` of one measure; `after` holds some of those of `before`.

    Returns
    -------
    str

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> from ldnevidence.views.comparisons import comparisons
    >>> table = comparisons(ldn.load())
    >>> table = table[(table["measure"] == "RD") & (table["why_not"] == "")]
    >>> exclusion_effect(table, table)
    'Nothing is left out.'
    """
    gone = [s for s in dict.fromkeys(before["study"]) if s not in set(after["study"])]
    if len(before) == len(after):
        return "Nothing is left out."
    if after.empty:
        return f"Without {base.listed(gone)} no comparison is left."
    who = base.listed(gone) if gone else "these rows"
    verb = "is" if len(after) == 1 else "are"
    parts = [f"Without {who}, {len(after)} of {base.count(len(before), 'comparison')} {verb} left"]
    was, now = sides(before), sides(after)
    for name, words in (("ldn", "intervals wholly on the side of LDN"), ("both", "intervals that hold both"),
                        ("other", "intervals wholly on the other side")):  # fmt: skip
        if was[name] != now[name]:
            parts.append(f"{words}: {now[name]} (before {was[name]})")
    first, second = pooled(before), pooled(after)
    if first is not None and second is not None:
        parts.append(f"pooled {second.estimate:.2f} ({second.ci_low:.2f} to {second.ci_high:.2f}), before "
                     f"{first.estimate:.2f} ({first.ci_low:.2f} to {first.ci_high:.2f})")  # fmt: skip
    elif second is not None:
        parts.append("now they can be pooled")
    elif first is not None:
        parts.append(f"they can no longer be pooled, because {pooling_verdict(after)[1]}")
    return "; ".join(parts) + "."


def sides(rows: pd.DataFrame) -> dict[str, int]:
    """Count intervals by where they lie: all on LDN's side, on the other, holding both, and no interval."""
    null = rows["measure"].isin(RATIOS).astype(float)
    low, high = pd.to_numeric(rows["ci_low"]), pd.to_numeric(rows["ci_high"])
    ldn, other = int((low > null).sum()), int((high < null).sum())
    missing = int((low.isna() | high.isna()).sum())
    return {"ldn": ldn, "other": other, "both": len(rows) - ldn - other - missing, "none": missing}
