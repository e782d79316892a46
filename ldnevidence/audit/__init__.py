"""What papers print, recomputed: percentages, counts, intervals, p-values and standardised differences.

The numeric functions work on plain numbers; :func:`check` runs all rules over the tables of the explorer.
The rules are general: none knows a study. Findings concern what was printed, and most have an innocent
explanation (another base, another test, a slip in an abstract); none says that data were made up.

Severities, gravest first:

``impossible``
    No whole number of the people counted for the figure, or for its arm, gives it.
``disagrees``
    Two printed figures that should follow from each other do not, beyond what rounding explains.
``check``
    The figure holds only under a condition that was not printed, such as another base, a correction, a
    one-tailed test or an adjusted difference; or it is of a size that is hardly possible.
``note``
    The figure holds, and it is worth knowing under which test.

Rows that pass are ``consistent``; rows that a rule concerns but cannot decide are ``cannot test``, with the
reason. Both are in :func:`examine` and counted by :func:`coverage`.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ldnevidence.audit import comparisons, inputs, shares, significance
from ldnevidence.audit.book import CONSISTENT, FINDINGS, UNTESTED, Book
from ldnevidence.audit.granularity import grim, grim_bases, grim_counts, grim_mean
from ldnevidence.audit.numbers import (
    PairedChange,
    change_sd_range,
    chi_squared,
    cohen_d,
    f_tail,
    hochberg,
    interval_from_p,
    p_from_interval,
    paired_change,
    two_tailed,
)

if TYPE_CHECKING:
    import pandas as pd

    from ldnevidence.evidence import Evidence

__all__ = [
    "FINDINGS",
    "PairedChange",
    "audit_command",
    "change_sd_range",
    "check",
    "chi_squared",
    "cohen_d",
    "coverage",
    "examine",
    "f_tail",
    "grim",
    "grim_bases",
    "grim_counts",
    "grim_mean",
    "hochberg",
    "interval_from_p",
    "p_from_interval",
    "paired_change",
    "two_tailed",
]

RULES = (
    *shares.RULES,
    *comparisons.RULES,
    *inputs.RULES,
    *significance.RULES,
)

COLUMNS = (
    "study_id",
    "outcome_id",
    "rule",
    "printed",
    "recomputed",
    "gap",
    "severity",
    "note",
    "table",
    "row_key",
    "source_id",
)
_MEANING = {
    "impossible": "no whole number of the people counted gives the figure",
    "disagrees": "printed figures that should follow from each other do not",
    "check": "holds only under a condition that was not printed, or is hardly possible in size",
    "note": "holds; worth knowing under which test",
}
_WIDTH = 100


def examine(ev: Evidence) -> pd.DataFrame:
    """Run all rules and return every row that any of them concerns, passed or not.

    Parameters
    ----------
    ev : Evidence
        All of the evidence or a selection.

    Returns
    -------
    DataFrame
        One row a rule and figure: study_id, outcome_id (empty for tables without), rule, printed, recomputed,
        gap (how far apart, in the unit of the figure; missing where that has no meaning), severity, note (a
        plain sentence), table, row_key (primary key; several joined by " + "), source_id.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> ledger = examine(ldn.load().only(["younger2009"]))
    >>> sorted(set(ledger["severity"]))
    ['cannot test', 'consistent']
    """
    import pandas as pd

    book = Book(ev)
    rows = [
        (
            entry.row["study_id"], entry.row.get("outcome_id") or "", entry.rule, entry.printed,
            entry.recomputed, entry.gap, entry.severity, entry.note, entry.table, entry.row_key,
            entry.row.get("source_id") or "",
        )
        for rule in RULES
        for entry in rule(book)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"gap": "float64"})


def check(ev: Evidence) -> pd.DataFrame:
    """Recompute what the papers print and return what does not hold, or holds only under a condition.

    Parameters
    ----------
    ev : Evidence
        All of the evidence or a selection.

    Returns
    -------
    DataFrame
        One row a finding, columns as in :func:`examine`, gravest severity first. The severities are defined
        at the head of this module.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> found = check(ldn.load().only(["smith2007"]))
    >>> found[["outcome_id", "printed", "severity"]].values.tolist()
    [['smith2007.remission', '67%', 'impossible'], ['smith2007.response', '89%', 'impossible']]
    """
    ledger = examine(ev)
    found = ledger[ledger["severity"].isin(FINDINGS)]
    rank = found["severity"].map({severity: i for i, severity in enumerate(FINDINGS)})
    order = found.assign(rank=rank).sort_values(["rank", "study_id", "rule", "row_key"], kind="stable")
    return order.drop(columns="rank").reset_index(drop=True)


def coverage(ev: Evidence) -> pd.DataFrame:
    """Count, rule by rule, what could be tested and why the rest could not.

    Parameters
    ----------
    ev : Evidence
        All of the evidence or a selection.

    Returns
    -------
    DataFrame
        One row a rule: rule, rows (that it concerns), tested, consistent, findings, cannot_test, and why_not,
        the reasons with their numbers of rows.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = coverage(ldn.load())
    >>> bool((table["rows"] == table["tested"] + table["cannot_test"]).all())
    True
    """
    import pandas as pd

    rows = []
    for rule, group in examine(ev).groupby("rule", sort=False):
        untested = group[group["severity"] == UNTESTED]
        reasons = untested["note"].value_counts()
        passed = int((group["severity"] == CONSISTENT).sum())
        tested = len(group) - len(untested)
        why_not = "; ".join(f"{reason} ({count})" for reason, count in reasons.items())
        rows.append((rule, len(group), tested, passed, tested - passed, len(untested), why_not))
    columns = ["rule", "rows", "tested", "consistent", "findings", "cannot_test", "why_not"]
    return pd.DataFrame(rows, columns=columns)


def audit_command(ev: Evidence) -> str:
    """Return the findings as readable text, grouped by severity, followed by what was tested.

    Parameters
    ----------
    ev : Evidence
        All of the evidence or a selection.

    Returns
    -------
    str
        Lines of at most 100 characters.
    """
    found, tested = check(ev), coverage(ev)
    lines = [f"{len(found)} findings in {int(tested['tested'].sum())} tests of printed figures"]
    for severity in FINDINGS:
        group = found[found["severity"] == severity]
        if len(group):
            lines += ["", f"{severity.upper()} ({len(group)}): {_MEANING[severity]}"]
        for row in group.to_dict("records"):
            text = f"{row['row_key']} [{row['rule']}] {row['note']}"
            lines += textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    lines += ["", "TESTED"]
    for row in tested.to_dict("records"):
        text = f"{row['rule']}: {row['tested']} tested, {row['findings']} findings, "
        text += f"{row['cannot_test']} cannot be tested" + (f": {row['why_not']}" if row["why_not"] else "")
        lines += textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines)
