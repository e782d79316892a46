"""Where two sources, or a source and its own arithmetic, disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence.claims import in_words, work_labels
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["topic", "works", "what", "within", "pages", "discrepancy_id", "study_ids", "source_ids"]
TITLE = "Where sources disagree"
ONE, SEVERAL = "one work, with itself or its own reports", "two works or more"
SHOWN = 20  # works with most entries; a longer list would not be read


def rows(ev: Evidence) -> pd.DataFrame:
    """Return the discrepancies, with names of the works and whether one work or several are concerned.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a discrepancy; `pages` are those on which it can be seen, with their addresses.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> ev = ldn.load()
    >>> len(rows(ev)) == len(ev.discrepancies)
    True
    """
    labels = work_labels(ev)
    table = ev.tables["discrepancies"]
    keys = table["study_ids"].fillna("").str.split("; ")
    return pd.DataFrame({
        "discrepancy_id": table["discrepancy_id"], "topic": table["topic"],
        "works": keys.map(lambda names: "; ".join(labels.get(k, k) for k in names)),
        "within": keys.map(lambda names: ONE if len(names) == 1 else SEVERAL),
        "what": table["what"].map(lambda text: in_words(text, labels)),
        "pages": parts.pages(ev, table["source_ids"].fillna("")),
        "study_ids": table["study_ids"], "source_ids": table["source_ids"],
    }, columns=COLUMNS).reset_index(drop=True)  # fmt: skip


def discrepancies(ev: Evidence) -> base.View:
    """Draw how many discrepancies concern each work; the table has all of them in words.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = discrepancies(ldn.load().select(condition="Crohn's disease"))
    >>> len(view.table) > 0
    True
    """
    draft = base.Draft("discrepancies", TITLE, base.snippet(ev, discrepancies), COLUMNS)
    table = rows(ev)
    if table.empty:
        return draft.empty("No disagreement between sources was found for this selection.")
    each_work = table.assign(work=table["works"].str.split("; ")).explode("work")
    works = each_work["work"].value_counts()
    shown = works.head(SHOWN).index.tolist()
    rows_ = parts.Rows()
    places = {work: rows_.add(f"{work}: {works[work]}")[0] for work in shown}
    fig = rows_.figure(entries=2)
    for within, pattern, colour in ((ONE, "", base.LDN), (SEVERAL, "/", base.PLACEBO)):
        part = each_work[(each_work["within"] == within) & each_work["work"].isin(shown)]
        counts = part["work"].value_counts()
        if len(counts):
            fig.add_bar(
                x=counts.to_numpy(), y=[places[work] for work in counts.index], orientation="h", width=16,
                name=within[0].upper() + within[1:], marker=parts.filled(pattern, colour), hoverinfo="text",
                hovertext=[f"{work}: {n}, {within}" for work, n in counts.items()],
            )  # fmt: skip
    axis = {"title": {"text": "Discrepancies"}, "dtick": max(1, int(works.iloc[0]) // 6), "tickformat": "d"}
    fig.update_layout(barmode="stack", legend={"traceorder": "normal"}, xaxis=axis)
    inside = int((table["within"] == ONE).sum())
    sentence = (
        f"{base.count(len(table), 'discrepancy', 'discrepancies')} were found, {inside} of them within one "
        f"work or its own reports; {base.count(len(works), 'work is', 'works are')} concerned."
    )
    notes = [
        "A discrepancy is counted under every work that it concerns, so that the bars add up to more than "
        "the total.",
        "Works that were read more closely show more of them; the count is no mark of quality.",
        "The table says in words what disagrees, and gives the addresses of the pages where it can be seen.",
        "Many may have an innocent explanation, such as another denominator, a rounding or an early report.",
    ]
    if len(works) > len(shown):
        notes.append(f"Drawn are the {len(shown)} works with most; the table has all discrepancies.")
    pages = table["source_ids"].dropna().str.split("; ").explode()
    keys = table["study_ids"].dropna().str.split("; ").explode()
    return draft.view(sentence, fig, table, notes, parts.works_behind(ev, pages, keys))
