"""Claims of popular texts: searching them, and all that one of them rests on.

A claim has a verdict in words, the studies that the verdict rests on, the printed rows that carry its
figures, and the idea of critical reading that is at stake. The vocabulary is in `VERDICTS` and `CONCEPTS`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence import bands
from ldnevidence.citations.bibtex_text import fold
from ldnevidence.claims.quoted import Figure, figures, matching_rows
from ldnevidence.claims.words import CONCEPTS, REFERENCE_DOI, VERDICTS, Concept, Verdict

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

__all__ = ["CONCEPTS", "REFERENCE_DOI", "VERDICTS", "ClaimDetail", "Concept", "Figure", "Verdict", "detail",
           "figures", "find", "work_labels"]  # fmt: skip

SEARCHED = ["statement", "figures", "why"]


def find(
    ev: Evidence,
    text: str | None = None,
    topic: str | None = None,
    verdict: str | None = None,
    document: str | None = None,
    condition: str | None = None,
) -> pd.DataFrame:
    """Return the claims that meet every condition given.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.
    text : str, optional
        Words that all stand in the statement, the figures or the reason; capitals and accents do not matter.
    topic, verdict, document : str, optional
        Codes of the claims table.
    condition : str, optional
        Code or label; a condition includes those below it.

    Returns
    -------
    DataFrame
        Rows of ``ev.claims``, all columns; none where nothing fits.

    Raises
    ------
    ValueError
        Where a topic, verdict, document or condition is unknown; the message lists what exists.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> set(find(ldn.load(), text="ED95 responded", verdict="supported")["document"])
    {'marcus2024'}
    """
    table = ev.tables["claims"]
    keep = pd.Series(True, index=table.index)
    for column, value in (("topic", topic), ("verdict", verdict), ("document", document)):
        if value is not None:
            known = {str(v): str(v) for v in VERDICTS} if column == "verdict" else _codes(table[column])
            keep &= table[column] == bands.pick(value, known, column)
    if condition is not None:
        keep &= table["condition_id"].isin(ev.conditions_under(condition))
    if text is not None:
        words = fold(text).split()
        searched = table[SEARCHED].fillna("").agg(" ".join, axis=1).map(fold)
        keep &= searched.map(lambda t: all(word in t for word in words)).astype(bool)
    return table[keep].reset_index(drop=True)


def _codes(column: pd.Series) -> dict[str, str]:
    return {str(v): str(v) for v in column.dropna().unique()}


@dataclass(frozen=True, eq=False)
class ClaimDetail:
    """A claim with all that it rests on.

    Attributes
    ----------
    claim_id, document, document_label, section, topic, condition, statement, why : str
        The claim, where it stands, and the reason for its verdict.
    figures : tuple of str
        Figures in the statement, as they stand there.
    verdict : Verdict
        Symbol, word and meaning.
    concept : Concept
        The idea at stake, and what evidence would change the verdict.
    studies : DataFrame
        Works that the verdict rests on: cite_key, label, design, finding, finding_why. Reviews and other
        works have no finding of their own.
    rows : DataFrame
        Printed rows of these works that carry a figure of the claim: figure, table, row, study_id, outcome,
        printed, how (how the number was matched), source_id. A match of numbers is a pointer, no proof that
        the text meant this row.
    unmatched : tuple of str
        Figures that no row of these works carries, or that are no result (days, prices).
    """

    claim_id: str
    document: str
    document_label: str
    section: str
    topic: str
    condition: str
    statement: str
    why: str
    figures: tuple[str, ...]
    verdict: Verdict
    concept: Concept
    studies: pd.DataFrame
    rows: pd.DataFrame
    unmatched: tuple[str, ...]

    @property
    def would_change(self) -> str:
        """What evidence would change the verdict."""
        return self.concept.would_change


def detail(ev: Evidence, claim_id: str) -> ClaimDetail:
    """Return a claim with the studies and the printed rows that its verdict rests on.

    Parameters
    ----------
    ev : Evidence
        Must hold the claim; rows of works outside a narrowed evidence are not shown.
    claim_id : str
        Key in ``ev.claims``.

    Returns
    -------
    ClaimDetail

    Raises
    ------
    ValueError
        Where the claim is unknown; the message names the nearest keys.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> claim = detail(ldn.load(), "marcus2024-09")
    >>> claim.verdict.label, sorted(set(claim.rows["figure"]))
    ('✓ supported', ['11 of 25', '3.88 mg', '5.4 mg'])
    """
    table = ev.tables["claims"].set_index("claim_id")
    if claim_id not in table.index:
        near = difflib.get_close_matches(str(claim_id), list(table.index), n=3, cutoff=0.4)
        hint = f"; nearest: {', '.join(near)}" if near else f"; {len(table)} claims are here"
        raise ValueError(f"unknown claim {claim_id!r}{hint}")
    row: dict[str, str] = {str(k): "" if pd.isna(v) else str(v) for k, v in table.loc[claim_id].items()}
    rests = ev.tables["claim_evidence"]
    rests = rests[rests["claim_id"] == claim_id]
    labels = work_labels(ev)
    # The figures of a claim about a citation are pages, volumes and years, which no result carries.
    wanted = figures(row["figures"]) if row["topic"] != "citation" else []
    matches = matching_rows(ev, list(dict.fromkeys(rests["cite_key"])), wanted)
    asked = tuple(filter(None, row["figures"].split("; ")))
    names = dict(zip(ev.tables["conditions"]["condition_id"], ev.tables["conditions"]["label"], strict=True))
    return ClaimDetail(
        claim_id=claim_id,
        document=row["document"],
        document_label=labels.get(row["document"], row["document"]),
        section=row["section"],
        topic=row["topic"],
        condition=row["condition_text"] or names.get(row["condition_id"], ""),
        statement=row["statement"],
        why=row["why"],
        figures=asked,
        verdict=VERDICTS[row["verdict"]],
        concept=CONCEPTS[row["concept"] or "none"],
        studies=_studies(ev, list(dict.fromkeys(rests["cite_key"])), labels),
        rows=matches,
        unmatched=tuple(f for f in asked if f not in set(matches["figure"])),
    )


def work_labels(ev: Evidence) -> dict[str, str]:
    """Return a short name for every work: that of its study or review row, else author and year.

    >>> import ldnevidence as ldn
    >>> work_labels(ldn.load())["younger2013"]
    'Younger 2013'
    """
    from ldnevidence.citations.bibliography import (
        get_bibliography,  # parsed once a process, when first needed
    )

    labels = {key: work.label.replace(" (no year)", "") for key, work in get_bibliography().items()}
    for name in ("reviews", "studies"):
        labels |= dict(zip(ev.tables[name]["study_id"], ev.tables[name]["label"], strict=True))
    return labels


def in_words(text: str, labels: Mapping[str, str]) -> str:
    """Return a text in which the keys of works have become their short names.

    Parameters
    ----------
    text : str
        A text from the tables, such as ``ev.discrepancies.what``, which names works by their keys.
    labels : mapping of str to str
        As of :func:`work_labels`.

    Examples
    --------
    >>> in_words("younger2013: 37% of 31", {"younger2013": "Younger 2013"})
    'Younger 2013: 37% of 31'
    """
    return re.sub(r"\b[a-z][a-z0-9_]+\b", lambda word: labels.get(word[0], word[0]), text)


def _studies(ev: Evidence, keys: list[str], labels: dict[str, str]) -> pd.DataFrame:
    columns = ["design", "finding", "finding_why"]
    facts = ev.tables["studies"].set_index("study_id")[columns]
    kinds = dict(zip(ev.tables["reviews"]["study_id"], ev.tables["reviews"]["type"], strict=True))
    table = pd.DataFrame({"cite_key": keys, "label": [labels.get(k, k) for k in keys]})
    table = table.join(facts, on="cite_key")
    other = table["cite_key"].map(lambda k: kinds.get(k, "other work"))
    table["design"] = table["design"].where(table["design"].notna(), other)
    return table
