"""Claims of popular texts, counted by text and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence import bands
from ldnevidence.claims import CONCEPTS, VERDICTS, work_labels
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["topic", "statement", "verdict", "why", "text", "condition", "figures", "concept", "claim_id",
           "document"]  # fmt: skip
BY = {"text": "text", "topic": "topic"}
TITLE = "What popular texts claim, and how it compares with the studies"
# Pattern and colour of each verdict; the symbol stands in the bar and, with its word, in the legend.
LOOKS = {
    "supported": ("", base.OTHER), "caveat": ("/", base.LDN), "overstated": ("\\", base.PLACEBO),
    "misreported": ("x", base.WARN), "misattributed": ("+", base.WARN), "contradicted": ("", base.WARN),
    "withdrawn": ("-", base.INK), "opinion": (".", base.MUTED), "unchecked": ("|", base.MUTED),
}  # fmt: skip


def rows(ev: Evidence) -> pd.DataFrame:
    """Return the claims with the name of their text and the words of their verdict and concept.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a claim; `verdict` is symbol and word.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> ev = ldn.load()
    >>> len(rows(ev)) == len(ev.claims)
    True
    """
    claims = ev.tables["claims"]
    labels = work_labels(ev)
    table = pd.DataFrame({
        "claim_id": claims["claim_id"], "document": claims["document"],
        "text": claims["document"].map(lambda key: labels.get(key, key)),
        "topic": claims["topic"].str.replace("-", " ").str.capitalize(),
        "condition": claims["condition_text"], "statement": claims["statement"], "figures": claims["figures"],
        "verdict": claims["verdict"].map(lambda code: VERDICTS[code].label), "why": claims["why"],
        "concept": claims["concept"].fillna("none").map(lambda code: CONCEPTS[code].label),
    }, columns=COLUMNS)  # fmt: skip
    return table.reset_index(drop=True)


def grouped(table: pd.DataFrame, by: str = "topic") -> list[tuple[str, str, pd.DataFrame]]:
    """Return claims in groups, the largest first, with each group's verdicts counted in words.

    Parameters
    ----------
    table : DataFrame
        Rows of `rows`, all or some of them.
    by : {"topic", "text"}

    Returns
    -------
    list of (str, str, DataFrame)
        Name of the group, its counts such as "2 ✓ supported, 1 ✗ contradicted", and its rows, verdicts in
        the order of `VERDICTS`.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> name, counts, part = grouped(rows(ldn.load()))[0]
    >>> name, len(part)
    ('Response rate', 25)
    """
    order = {verdict.label: i for i, verdict in enumerate(VERDICTS.values())}
    out = []
    for name in table[bands.pick(by, BY, "grouping")].value_counts().index:
        part = table[table[by] == name].sort_values("verdict", key=lambda v: v.map(order), kind="stable")
        counts = part["verdict"].value_counts(sort=False)
        out.append((str(name), ", ".join(f"{n} {verdict}" for verdict, n in counts.items()), part))
    return out


def claims(ev: Evidence, by: str = "text") -> base.View:
    """Draw how many claims of each text, or on each topic, got which verdict.

    Parameters
    ----------
    ev : Evidence
    by : {"text", "topic"}
        What the bars stand for.

    Returns
    -------
    View
        The table has the claims themselves.

    Raises
    ------
    ValueError
        For another `by`.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> {trace.type for trace in claims(ldn.load(), by="topic").figure.data}
    {'bar'}
    """
    by = bands.pick(by, BY, "grouping")
    draft = base.Draft("claims", TITLE, base.snippet(ev, claims, by=by), COLUMNS)
    table = rows(ev)
    if table.empty:
        return draft.empty("No claim of a popular text rests on a study of this selection.")
    groups = grouped(table, by)
    table = pd.concat([part for _, _, part in groups], ignore_index=True)
    lines = parts.Rows()
    places = {name: lines.add(f"{base.shorten(name, 38)}: {base.count(len(part), 'claim')}")[0]
              for name, _, part in groups}  # fmt: skip
    fig = lines.figure(entries=table["verdict"].nunique())
    for key, verdict in VERDICTS.items():
        counts = table.loc[table["verdict"] == verdict.label, by].value_counts()
        if counts.empty:
            continue
        pattern, colour = LOOKS[key]
        fig.add_bar(
            x=counts.to_numpy(),
            y=[places[name] for name in counts.index],
            orientation="h",
            width=20,
            name=verdict.label,
            marker=parts.filled(pattern, colour),
            # one claim is as wide as one letter on a narrow screen
            text=[f"<b>{verdict.symbol}{n if n > 1 else ''}</b>" for n in counts],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"size": 12, "color": base.INK if pattern else "white"},
            hovertext=[
                f"{text}<br>{verdict.label}: {n}<br>{base.wrap(verdict.meaning, 50)}"
                for text, n in counts.items()
            ],
            hoverinfo="text",
        )
    axis = {"title": {"text": "Claims"}, "tickformat": "d", "rangemode": "tozero"}
    fig.update_layout(barmode="stack", legend={"traceorder": "normal"}, xaxis=axis)
    notes = (
        *(f"{v.label}: {v.meaning}" for v in VERDICTS.values() if (table["verdict"] == v.label).any()),
        "Claims were picked by hand, so that the counts do not rank the texts.",
        "The concepts follow the Informed Health Choices key concepts (doi 10.1136/ebmed-2017-110829).",
    )
    evidence = ev.tables["claim_evidence"]
    resting = evidence.loc[evidence["claim_id"].isin(table["claim_id"]), "cite_key"]
    return draft.view(_sentence(table), fig, table, notes, sorted({*table["document"], *resting}))


def _sentence(table: pd.DataFrame) -> str:
    counts = table["verdict"].value_counts()
    supported = int(counts.get(VERDICTS["supported"].label, 0))
    first = counts.index[0]
    return (
        f"{supported} of {base.count(len(table), 'claim')} from "
        f"{base.count(table['document'].nunique(), 'text')} agree as they stand with what could be read; "
        f"the commonest verdict is {first.split(' ', 1)[1]} ({counts.iloc[0]})."
    )
