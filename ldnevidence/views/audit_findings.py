"""What papers print, recomputed: the findings of the audit by rule and severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence.claims import work_labels
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["severity", "study", "outcome", "rule", "printed", "recomputed", "note", "pages", "study_id",
           "outcome_id", "source_id"]  # fmt: skip
TITLE = "Printed figures, recomputed"
# Symbol, meaning, pattern and colour of each severity, gravest first.
SEVERITIES = {
    "impossible": ("✗", "no whole number of the people counted gives the figure", "", base.WARN),
    "disagrees": ("≠", "two printed figures that should follow from each other do not", "x", base.WARN),
    "check": ("?", "holds only under a condition that was not printed", "/", base.PLACEBO),
    "note": ("i", "holds, and it is worth knowing under which test", ".", base.MUTED),
}

RULES = {
    "percent-of-whole-people": "a percentage that no whole number of people gives",
    "mean-of-whole-numbers": "a mean that whole scores cannot give",
    "percent-and-count": "a percentage and a count that do not fit",
    "percent-change": "a percent change that its values do not give",
    "shared-base": "percentages that cannot share a base",
    "p-of-interval": "p and interval that do not fit",
    "p-of-counts": "p and counts that do not fit",
    "p-of-change": "p and change that do not fit",
    "p-of-statistic": "p and test statistic that do not fit",
    "p-of-two-means": "p of two means, and which test gives it",
    "one-tailed": "a one-tailed p",
    "pair-in-words": "figures in words that differ from those of the arms",
    "same-figures-twice": "the same figures printed twice",
    "difference-of-arms": "a difference that its arms do not give",
    "change-of-means": "a change that its means do not give",
    "interval-is-centred": "an interval that is not centred on its estimate",
    "size-of-smd": "a standardised difference that is hardly possible",
    "smd-of-means": "a standardised difference that its means do not give",
    "smd-and-p": "a standardised difference and p that do not fit",
}
"""Rules of the audit in words."""


def findings(ev: Evidence) -> pd.DataFrame:
    """Return the findings of the audit, with the name of the study.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a finding of :func:`ldnevidence.audit.check`, gravest first; `rule` and `outcome` in words,
        `pages` with the address of the page on which the figure is printed.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> "smith2007" in set(findings(ldn.load())["study_id"])
    True
    """
    from ldnevidence import audit  # recomputes every printed figure; only where findings are asked for

    found = audit.check(ev)
    labels = work_labels(ev)
    outcomes = ev.tables["outcomes"].set_index("outcome_id")["name"].to_dict()
    found = found.assign(
        study=found["study_id"].map(lambda key: labels.get(key, key)),
        outcome=found["outcome_id"].map(lambda key: outcomes.get(key, "")),
        rule=found["rule"].map(lambda rule: RULES.get(rule, rule.replace("-", " "))),
        pages=parts.pages(ev, found["source_id"]),
    )
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
    draft = base.Draft("audit_findings", TITLE, base.snippet(ev, audit_findings), COLUMNS)
    table = findings(ev)
    if table.empty:
        why = "Nothing that could be recomputed in this selection disagrees with what was printed."
        return draft.empty(why)
    rules = table["rule"].value_counts().index.tolist()
    lines = parts.Rows()
    places = {rule: lines.add(base.wrap(rule[0].upper() + rule[1:], lines.WIDE))[0] for rule in rules}
    fig = lines.figure(entries=2)
    for severity, (symbol, meaning, pattern, colour) in SEVERITIES.items():
        part = table[table["severity"] == severity]
        if part.empty:
            continue
        counts = part["rule"].value_counts()
        studies = part.groupby("rule")["study"].agg(lambda names: ", ".join(dict.fromkeys(names)))
        fig.add_bar(
            x=counts.to_numpy(),
            y=[places[rule] for rule in counts.index],
            orientation="h",
            width=20,
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
    axis = {"title": {"text": "Findings"}, "tickformat": "d", "rangemode": "tozero"}
    fig.update_layout(barmode="stack", legend={"traceorder": "normal"}, xaxis=axis)
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
        "The table has every finding: the figure as printed, what was reckoned, and the address of the page.",
        "Most may have an innocent explanation, such as another base, a rounding or a slip in an "
        "abstract; none says that data were made up. What could not be recomputed is not counted.",
    )
    sources = parts.works_behind(ev, table["source_id"], table["study_id"])
    return draft.view(sentence, fig, table, notes, sources)
