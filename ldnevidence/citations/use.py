"""What the tables know of a work: its kind of evidence, how much of it was read, and where it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ldnevidence.citations.bibliography import default_evidence, get_bibliography
from ldnevidence.citations.bibtex_text import unknown_key
from ldnevidence.paths import root
from ldnevidence.rows import each

if TYPE_CHECKING:
    import pandas as pd

    from ldnevidence.evidence import Evidence

# Kind of evidence by design code; the order is that of lists and filters.
BY_DESIGN = {
    "randomized-parallel": "randomised trial",
    "randomized-crossover": "randomised crossover trial",
    "single-blind-crossover": "controlled trial, not randomised",
    "controlled-open-label": "controlled trial, not randomised",
    "dose-finding": "dose-finding study",
    "open-label-single-arm": "open-label study",
    "retrospective-cohort": "chart review",
    "quasi-experimental": "register study",
    "registry-study": "register study",
    "survey": "survey",
    "case-series": "case series",
    "case-report": "case report",
    "laboratory": "laboratory study",
}
RECORD = "registry record"
PROTOCOL = "protocol"
POPULAR = "popular text"
PAGE = "web page"
LABEL = "product label"
LABORATORY = "laboratory or pharmacology"
OTHER = "other"
REVIEW_TYPES = (
    "meta-analysis", "network meta-analysis", "systematic review", "scoping review", "narrative review",
    "guideline or statement", "letter or commentary",
)  # fmt: skip
KINDS = (
    *dict.fromkeys(BY_DESIGN.values()), RECORD, PROTOCOL, *REVIEW_TYPES, LABORATORY, POPULAR, PAGE, LABEL,
    OTHER,
)  # fmt: skip


@lru_cache(maxsize=4)
def kinds_of_evidence(ev: Evidence) -> dict[str, str]:
    """Return the kind of evidence of every work by key; see `KINDS` for the words."""
    studies = ev.tables["studies"].set_index("study_id")[["design", "publication"]]
    reviews: dict[str, str] = dict(ev.tables["reviews"][["study_id", "type"]].itertuples(index=False))
    popular = set(ev.tables["claims"]["document"])
    lab = {k for t in ("mechanism_evidence", "pharmacology") for k in ev.tables[t]["cite_key"].dropna()}
    pages = ev.tables["sources"].groupby("cite_key")["kind"].agg(set).to_dict()
    kinds = {}
    for key, work in get_bibliography().items():
        title = work.title.lower()
        if key in studies.index:
            row = studies.loc[key]
            record = row["publication"] == "registry record"
            kinds[key] = RECORD if record else BY_DESIGN.get(str(row["design"]), OTHER)
        elif key in reviews:
            kinds[key] = reviews[key] if reviews[key] in REVIEW_TYPES else OTHER
        elif key in popular:
            kinds[key] = POPULAR
        elif work.entry_type == "online":
            kinds[key] = PAGE
        elif "registry record" in work.medium.lower():
            kinds[key] = RECORD
        elif "protocol" in title and "trial" in title:
            kinds[key] = PROTOCOL
        elif "label" in pages.get(key, set()):
            kinds[key] = LABEL
        elif kind := next((k for k in REVIEW_TYPES if k in title), ""):
            kinds[key] = kind
        else:
            kinds[key] = LABORATORY if key in lab else OTHER
    return kinds


def kind_of_evidence(key: str, ev: Evidence | None = None) -> str:
    """Return the kind of evidence of a work, one of the words in `KINDS`.

    Parameters
    ----------
    key : str
        Citation key.
    ev : Evidence, optional
        Other tables than those of the package.

    Returns
    -------
    str
        From the design of a study, the type of a review, or what else the tables hold of it. A trial whose
        only source is a register is a registry record, whatever its design.

    Raises
    ------
    ValueError
        Where the key is unknown.

    Examples
    --------
    >>> kind_of_evidence("younger2013"), kind_of_evidence("kim2025")
    ('randomised crossover trial', 'popular text')
    """
    kinds = kinds_of_evidence(default_evidence(ev))
    if key not in kinds:
        raise unknown_key(key, kinds)
    return kinds[key]


@lru_cache(maxsize=4)
def _pages(ev: Evidence) -> dict[str, list[str]]:
    pages: dict[str, list[str]] = {}
    for row in each(ev.tables["sources"]):
        said = pages.setdefault(row.cite_key, [])
        words = f"{row.kind}: {row.read}"
        if words not in said:
            said.append(words)
    return pages


def how_read(key: str, ev: Evidence | None = None) -> str:
    """Return how much of a work was read here, page by page, or "no page of it was read".

    Parameters
    ----------
    key : str
        Citation key.
    ev : Evidence, optional
        Other tables than those of the package.

    Raises
    ------
    ValueError
        Where the key is unknown.

    Examples
    --------
    >>> how_read("smith2007").startswith("abstract:")
    True
    """
    if key not in get_bibliography():
        raise unknown_key(key, get_bibliography())
    return "; ".join(_pages(default_evidence(ev)).get(key, ["no page of it was read"]))


# Table, column that names works (one, or several by "; "), key of the row, words for the row, place.
_DIRECT = (
    ("studies", "study_id", "study_id", "label", "studies"),
    ("studies", "part_of", "study_id", "label", "studies"),
    ("studies", "related", "study_id", "label", "studies"),
    ("outcomes", "study_id", "outcome_id", "name", "outcomes"),
    ("adverse_events", "study_id", "ae_id", "event", "harms"),
    ("claims", "document", "claim_id", "statement", "claims"),
    ("reviews", "study_id", "study_id", "label", "reviews"),
    ("review_studies", "study_id", "review_id", "review_id", "reviews"),
    ("pooled", "study_id", "pooled_id", "outcome", "pooled results"),
    ("mechanisms", "retracted_keys", "mechanism_id", "name", "mechanisms"),
    ("pharmacology", "cite_key", "pharm_id", "parameter", "pharmacology"),
    ("dose_definitions", "cite_key", "definition_id", "band", "dose definitions"),
    ("titration_schedules", "cite_key", "schedule_id", "name", "titrations"),
    ("discrepancies", "study_ids", "discrepancy_id", "topic", "discrepancies"),
    ("backlog", "study_id", "backlog_id", "what", "still to be read"),
)
# Tables whose rows name a page: a row is used where the page is one of the work.
_BY_PAGE = (
    ("mechanisms", "dose_source_id", "mechanism_id", "name", "mechanisms"),
    ("mechanisms", "source_id", "mechanism_id", "name", "mechanisms"),
    ("mechanism_findings", "source_id", "mechanism_id", "text", "mechanisms"),
    ("mechanism_findings", "second_source_id", "mechanism_id", "text", "mechanisms"),
    ("pharmacology", "source_id", "pharm_id", "parameter", "pharmacology"),
    ("dose_definitions", "source_id", "definition_id", "band", "dose definitions"),
    ("titration_schedules", "source_id", "schedule_id", "name", "titrations"),
    ("titration_schedules", "second_source_id", "schedule_id", "name", "titrations"),
    ("safety_statements", "source_id", "statement_id", "statement", "safety statements"),
    ("outcomes", "source_id", "outcome_id", "name", "outcomes"),
)


@lru_cache(maxsize=4)
def _uses(ev: Evidence) -> dict[str, list[tuple[str, str, str]]]:
    uses: dict[str, dict[tuple[str, str, str], None]] = {}

    def add(key: str, place: str, row_id: str, words: str) -> None:
        uses.setdefault(key, {}).setdefault((place, row_id, words))

    for table, column, row_id, words, place in _DIRECT:
        for keys, name, text in ev.tables[table][[column, row_id, words]].fillna("").values.tolist():
            for key in filter(None, keys.split("; ")):
                add(key, place, name, text)
    statements = dict(ev.tables["claims"][["claim_id", "statement"]].values.tolist())
    for claim, key in ev.tables["claim_evidence"][["claim_id", "cite_key"]].values.tolist():
        add(key, "claims", claim, statements.get(claim, ""))
    names = dict(ev.tables["mechanisms"][["mechanism_id", "name"]].values.tolist())
    for mechanism, key in ev.tables["mechanism_evidence"][["mechanism_id", "cite_key"]].values.tolist():
        add(key, "mechanisms", mechanism, names.get(mechanism, ""))
    work_of = dict(ev.tables["sources"][["source_id", "cite_key"]].values.tolist())
    for table, column, row_id, words, place in _BY_PAGE:
        for page, name, text in ev.tables[table][[column, row_id, words]].fillna("").values.tolist():
            if page in work_of:
                add(work_of[page], place, name, text)
    for key, lesson, title in _lessons(root() / "notebooks"):
        add(key, "lessons", lesson, title)
    return {key: list(rows) for key, rows in uses.items()}


def where_used(key: str, ev: Evidence | None = None) -> pd.DataFrame:
    """Return where this project uses a work.

    Parameters
    ----------
    key : str
        Citation key.
    ev : Evidence, optional
        Other tables than those of the package, such as a selection.

    Returns
    -------
    DataFrame
        Columns place (studies, outcomes, harms, claims, reviews, pooled results, mechanisms, pharmacology,
        dose definitions, titrations, safety statements, discrepancies, still to be read, lessons), id (key
        of the row, or file of the lesson) and text (the row in words). Empty where it is used nowhere.

    Raises
    ------
    ValueError
        Where the key is unknown.

    Examples
    --------
    >>> sorted(set(where_used("marcus2024")["place"]))[:2]
    ['claims', 'discrepancies']
    """
    import pandas as pd

    if key not in get_bibliography():
        raise unknown_key(key, get_bibliography())
    rows = _uses(default_evidence(ev)).get(key, [])
    return pd.DataFrame(rows, columns=["place", "id", "text"])


def mentioned_keys(folder: Path, keys: set[str]) -> Iterator[tuple[str, Path, str]]:
    """Yield each key that a notebook of a folder mentions, with the notebook's path and title."""
    for path in sorted(folder.glob("*.ipynb")):
        try:
            cells = json.loads(path.read_text(encoding="utf-8")).get("cells", [])
        except (ValueError, OSError):  # a notebook that is being edited is no fault of the references
            continue
        text = "\n".join("".join(cell.get("source", "")) for cell in cells)
        title = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
        for key in sorted(set(re.findall(r"[a-z][a-z0-9_]*", text)) & keys):
            yield key, path, title.group(1).strip() if title else path.stem


def _lessons(folder: Path) -> list[tuple[str, str, str]]:
    return [(k, p.name, title) for k, p, title in mentioned_keys(folder, set(get_bibliography()))]
