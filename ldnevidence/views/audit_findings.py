"""What papers print, recomputed: the findings of the audit by rule and severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence.claims import work_labels
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = [
    "study_id",
    "study",
    "outcome_id",
    "rule",
    "printed",
    "recomputed",
    "severity",
    "note",
    "source_id",
]
TITLE = "Printed figures, recomputed"
# Symbol, meaning, pattern and colour of each severity, gravest first.
SEVERITIES = {
    "impossible": ("✗", "no whole number of the people counted gives the figure", "", base.WARN),
    "disagrees": ("≠", "two printed figures that should follow from each other do not", "x", base.WARN),
    "check": ("?", "holds only under a condition that was not printed", "/", base.PLACEBO),
    "note": ("i", "holds, and it is worth knowing under which test", ".", base.MUTED),
}


def findings(ev: Evidence) -> pd.DataFrame:
    """Return the findings of the audit, with the name of the study.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a finding of :func:`ldnevidence.audit.check`, gravest first.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> "smith2007" in set(findings(ldn.load())["study_id"])
    True
    """
    from ldnevidence import audit  # recomputes every printed figure; only where findings are asked for

    found = audit.check(ev)
    labels = work_labels(ev)
    found = found.assign(study=found["study_id"].map(lambda key: labels.get(key, key)))
    return found.reindex(columns=COLUMNS).reset_index(drop=True)


def audit_findings(ev: Evidence) -> base.View:
    """Draw the findings of the audit by rule and severity.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> audit_findings(ldn.load()).name
    'audit_findings'
    """
    code = base.snippet(ev, "ldn.views.audit_findings(ev)")
    table = findings(ev)
    if table.empty:
        why = "Nothing that could be recomputed in this selection disagrees with what was printed."
        return base.empty("audit_findings", TITLE, why, code, COLUMNS)
    rules = table["rule"].value_counts().index.tolist()
    fig = base.figure(170 + 36 * len(rules), barmode="stack")
    fig.update_layout(legend={"traceorder": "normal"})
    for severity, (symbol, meaning, pattern, colour) in SEVERITIES.items():
        part = table[table["severity"] == severity]
        if part.empty:
            continue
        counts = part["rule"].value_counts()
        studies = part.groupby("rule")["study"].agg(lambda names: ", ".join(dict.fromkeys(names)))
        fig.add_bar(
            x=counts.to_numpy(),
            y=counts.index,
            orientation="h",
            name=f"{symbol} {severity}",
            marker=parts.filled(pattern, colour),
            text=[f"<b>{symbol} {n}</b>" for n in counts],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"size": 12, "color": base.INK if pattern else "white"},
            hovertext=[
                f"{rule}<br>{symbol} {severity}: {n}; {meaning}<br>{base.wrap(studies[str(rule)], 50)}"
                for rule, n in counts.items()
            ],
            hoverinfo="text",
        )
    fig.update_xaxes(title="Findings", tickformat="d", rangemode="tozero")
    fig.update_yaxes(
        categoryorder="array",
        categoryarray=rules[::-1],
        tickvals=rules,
        showgrid=False,
        ticktext=[base.wrap(rule.replace("-", " ").replace("smd", "SMD"), 18) for rule in rules],
    )
    grave = int(table["severity"].isin(["impossible", "disagrees"]).sum())
    one = len(table) == 1
    sentence = (
        f"{base.count(len(table), 'printed figure')} in {base.count(table['study_id'].nunique(), 'work')} "
        f"{'needs' if one else 'need'} a second look; {grave} of them cannot be right as printed, or "
        f"{'disagree' if grave != 1 else 'disagrees'} with another figure of the same work."
    )
    notes = tuple(f"{symbol} {name}: {meaning}." for name, (symbol, meaning, _, _) in SEVERITIES.items()
                  if (table["severity"] == name).any())  # fmt: skip
    notes += (
        "Most may have an innocent explanation, such as another base, a rounding or a slip in an "
        "abstract; none says that data were made up. What could not be recomputed is not counted.",
    )
    sources = parts.works_behind(ev, table["source_id"], table["study_id"])
    return base.View(TITLE, sentence, fig, table, notes, sources, code, "audit_findings")
