"""Claims of popular texts, counted by text and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence.claims import CONCEPTS, VERDICTS, work_labels
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["claim_id", "document", "text", "topic", "condition", "statement", "figures", "verdict", "why",
           "concept"]  # fmt: skip
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
        "text": claims["document"].map(lambda key: labels.get(key, key)), "topic": claims["topic"],
        "condition": claims["condition_text"], "statement": claims["statement"], "figures": claims["figures"],
        "verdict": claims["verdict"].map(lambda code: VERDICTS[code].label), "why": claims["why"],
        "concept": claims["concept"].fillna("none").map(lambda code: CONCEPTS[code].label),
    }, columns=COLUMNS)  # fmt: skip
    return table.reset_index(drop=True)


def claims(ev: Evidence) -> base.View:
    """Draw how many claims of each text got which verdict.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View
        The table has the claims themselves.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> {trace.type for trace in claims(ldn.load()).figure.data}
    {'bar'}
    """
    code = base.snippet(ev, "ldn.views.claims(ev)")
    table = rows(ev)
    if table.empty:
        why = "No claim of a popular text rests on a study of this selection."
        return base.empty("claims", TITLE, why, code, COLUMNS)
    texts = table["text"].value_counts().index.tolist()
    fig = base.figure(300 + 62 * len(texts), barmode="stack", bargap=0.55)
    sizes = table["text"].value_counts()
    heads = [base.shorten(f"{text}, {base.count(int(sizes[text]), 'claim')}", 50) for text in texts]
    parts.label_above(fig, ((row - 0.4, head, False) for row, head in enumerate(heads)))
    for key, verdict in VERDICTS.items():
        counts = table.loc[table["verdict"] == verdict.label, "text"].value_counts()
        if counts.empty:
            continue
        pattern, colour = LOOKS[key]
        fig.add_bar(
            x=counts.to_numpy(),
            y=[texts.index(text) for text in counts.index],
            orientation="h",
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
    fig.update_xaxes(title="Claims")
    parts.rows_axis(fig, len(texts))
    fig.update_layout(legend={"traceorder": "normal"})
    notes = (
        *(f"{v.label}: {v.meaning}" for v in VERDICTS.values() if (table["verdict"] == v.label).any()),
        "Claims were picked by hand, so that the counts do not rank the texts.",
        "The concepts follow the Informed Health Choices key concepts (doi 10.1136/ebmed-2017-110829).",
    )
    evidence = ev.tables["claim_evidence"]
    resting = evidence.loc[evidence["claim_id"].isin(table["claim_id"]), "cite_key"]
    sources = tuple(sorted({*table["document"], *resting}))
    return base.View(TITLE, _sentence(table), fig, table, notes, sources, code, "claims")


def _sentence(table: pd.DataFrame) -> str:
    counts = table["verdict"].value_counts()
    supported = int(counts.get(VERDICTS["supported"].label, 0))
    first = counts.index[0]
    return (
        f"{supported} of {base.count(len(table), 'claim')} from "
        f"{base.count(table['document'].nunique(), 'text')} agree as they stand with what could be read; "
        f"the commonest verdict is {first.split(' ', 1)[1]} ({counts.iloc[0]})."
    )
