"""Integrity of ``references.bib``: what a careful librarian would complain of, with the line in the file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnevidence.citations.bibliography import Reference, parse
from ldnevidence.citations.bibtex_text import fold, raw_entries
from ldnevidence.citations.use import mentioned_keys
from ldnevidence.paths import root
from ldnevidence.schema import Fault

if TYPE_CHECKING:
    import pandas as pd

    Table = pd.DataFrame | list[dict[str, str]]

# What an entry of a type must have; of names joined by "/" one is enough.
REQUIRED = {
    "article": ("author", "title", "journal", "year"),
    "book": ("author/editor", "title", "publisher", "year"),
    "inbook": ("author/editor", "title", "booktitle", "year"),
    "incollection": ("author", "title", "booktitle", "year"),
    "inproceedings": ("author", "title", "booktitle", "year"),
    "techreport": ("author", "title", "institution", "year"),
    "online": ("author/organization", "title"),
    "misc": ("title", "howpublished/url"),
}
# Field: what it must look like, and that in words.
FORMS = {
    "doi": (r"10\.\d{4,9}/[^\s\"<>{}]+", "a DOI begins with 10. and stands without an address before it"),
    "retractiondoi": (r"10\.\d{4,9}/[^\s\"<>{}]+", "a DOI begins with 10. and has no address before it"),
    "pmid": (r"[1-9]\d{0,7}", "a PMID is a number of at most eight digits"),
    "pmcid": (r"PMC[1-9]\d*", "a PMCID is PMC and a number"),
    "year": (r"(?:19|20)\d{2}", "a year has four digits"),
    "url": (r"https?://\S+", "an address begins with http:// or https://"),
    "retracted": (r"true", "retracted is true or absent"),
}
KEY = re.compile(r"[a-z][a-z0-9_]*")
NEAR_TITLES = 95.0  # of 100: titles so alike, in one year, are taken for the same work


def check_references(path: Path | str, tables: Mapping[str, Table] | None = None) -> list[Fault]:
    """Check a BibTeX file and return every fault with its line.

    Parameters
    ----------
    path : Path
        The file. Notebooks in a folder ``notebooks`` beside it, or else ours, count as users of its entries.
    tables : mapping of str to DataFrame or list of rows, optional
        The tables whose cells name works. Without them, entries that nothing uses are not looked for.

    Returns
    -------
    list of Fault
        In the order of the file; empty where all is well. Rules: bib-present, encoding, bib-block (a block
        that cannot be read), bib-key, bib-required, bib-form, bib-retraction, bib-duplicate, bib-unused.
        An entry whose note says that it is provisional may lack fields: that is known and said to readers.

    Notes
    -----
    Keys that tables use and the file lacks are found by :func:`ldnevidence.rules.cited_keys`.

    Examples
    --------
    >>> from ldnevidence.paths import references_file
    >>> [str(f) for f in check_references(references_file())]
    []
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return [Fault(path.name, None, "", "", "bib-present", "the file is missing")]
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return [Fault(path.name, line, "", "", "encoding", "the text is not UTF-8")]
    text = text.replace("\r\n", "\n")
    faults = list(_blocks(path.name, text))
    works = parse(text)
    lines = _field_lines(text)
    for work in works.values():
        faults += _entry(path.name, work, lines.get(work.key, {}))
    faults += _duplicates(path.name, list(works.values()), lines)
    if tables is not None:
        used = _used_keys(tables, set(works))
        lessons = path.parent / "notebooks"
        lessons = lessons if lessons.is_dir() else root() / "notebooks"  # data may come alone
        used |= {key for key, _, _ in mentioned_keys(lessons, set(works))}
        for key in sorted(set(works) - used):
            message = "no table and no notebook uses this work"
            faults.append(Fault(path.name, works[key].line or None, "", key, "bib-unused", message))
    return sorted(faults, key=lambda f: (f.row or 0, f.column, f.rule))


def _blocks(file: str, text: str) -> Iterator[Fault]:
    """Yield the blocks that cannot be read, and entries that a broken one has swallowed."""
    import bibtexparser

    library = bibtexparser.parse_string(text)
    for block in library.failed_blocks:
        line = (block.start_line or 0) + 1
        error = getattr(block, "error", None)
        kind = type(block).__name__
        if kind == "DuplicateBlockKeyBlock":
            words = "two entries have this key; the parser keeps the first one alone"
            yield Fault(file, line, "", str(getattr(block, "key", "")), "bib-block", words)
        elif kind == "DuplicateFieldKeyBlock":
            fields = ", ".join(sorted(getattr(block, "duplicate_keys", ())))
            yield Fault(file, line, fields, "", "bib-block", "a field stands twice in one entry")
        else:
            begin = (block.raw or "").strip().splitlines()[0] if (block.raw or "").strip() else ""
            message = f"the block cannot be read: {error}"
            yield Fault(file, line, "", begin, "bib-block", message)
    parsed = {e.key for e in library.entries} | {getattr(b, "key", "") for b in library.failed_blocks}
    broken = "\n".join(block.raw or "" for block in library.failed_blocks)
    for entry in raw_entries(text):
        if entry.key not in parsed and f"{{{entry.key}," not in broken.replace(" ", ""):
            message = "the entry is lost: a brace before it or in it does not close"
            yield Fault(file, entry.line, "", entry.key, "bib-block", message)


def _field_lines(text: str) -> dict[str, dict[str, int]]:
    """Return the line of every field, by key and field."""
    lines: dict[str, dict[str, int]] = {}
    for entry in raw_entries(text):
        fields = lines.setdefault(entry.key, {})
        for offset, row in enumerate(entry.text.splitlines()):
            if match := re.match(r"\s*(\w+)\s*=", row):
                fields.setdefault(match.group(1).lower(), entry.line + offset)
    return lines


def _entry(file: str, work: Reference, lines: Mapping[str, int]) -> Iterator[Fault]:
    note = work.fields.get("note", "").lower()
    if not KEY.fullmatch(work.key):
        message = "a key is lower-case letters, digits and underscores"
        yield Fault(file, work.line, "", work.key, "bib-key", message)
    if work.entry_type not in REQUIRED:
        message = f"unknown type of entry {work.entry_type!r}; known: {', '.join(REQUIRED)}"
        yield Fault(file, work.line, "", work.key, "bib-required", message)
    for choice in REQUIRED.get(work.entry_type, ()):
        names = choice.split("/")
        if not any(work.fields.get(n) for n in names) and not (
            "provisional" in note and "title" not in names
        ):
            message = f"an entry of type {work.entry_type} needs {' or '.join(names)}"
            yield Fault(file, work.line, choice, work.key, "bib-required", message)
    for name, (form, message) in FORMS.items():
        value = work.fields.get(name, "")
        if value and not re.fullmatch(form, value):
            yield Fault(file, lines.get(name, work.line), name, value, "bib-form", message)
    registry = work.fields.get("registry", "")
    if re.search(r"NCT", registry, re.IGNORECASE) and not re.search(r"\bNCT\d{8}\b", registry):
        message = "a number of ClinicalTrials.gov is NCT and eight digits"
        yield Fault(file, lines.get("registry", work.line), "registry", registry, "bib-form", message)
    if work.retracted and not (work.fields.get("retractiondoi") and "retract" in note):
        message = "a retracted work names its notice in retractiondoi and in its note"
        yield Fault(file, lines.get("retracted", work.line), "retracted", "true", "bib-retraction", message)
    if not work.retracted and (work.fields.get("retractiondoi") or note.startswith("retracted")):
        message = "the note or a notice says retracted, the field retracted does not"
        yield Fault(file, work.line, "retracted", "", "bib-retraction", message)


def _duplicates(file: str, works: list[Reference], lines: Mapping[str, Mapping[str, int]]) -> Iterator[Fault]:
    """Yield works that stand twice: by an identifier, or by title and year."""
    for name in ("doi", "pmid", "pmcid"):
        seen: dict[str, str] = {}
        for work in works:
            value = work.fields.get(name, "").lower()
            if value and value in seen:
                row = lines.get(work.key, {}).get(name, work.line)
                message = f"{work.key} and {seen[value]} have the same {name.upper()}"
                yield Fault(file, row, name, value, "bib-duplicate", message)
            elif value:
                seen[value] = work.key
    from rapidfuzz import fuzz

    by_year: dict[int | None, list[Reference]] = defaultdict(list)
    for work in works:
        by_year[work.year].append(work)
    for year, group in by_year.items():
        for i, one in enumerate(group):
            for other in group[i + 1 :]:
                if year is None or _told_apart(one, other):
                    continue
                if fuzz.ratio(_plain(one.title), _plain(other.title), score_cutoff=NEAR_TITLES):
                    message = f"{other.key} and {one.key} have nearly the same title in the same year"
                    row = lines.get(other.key, {}).get("title", other.line)
                    yield Fault(file, row, "title", other.title, "bib-duplicate", message)


def _told_apart(one: Reference, other: Reference) -> bool:
    """Tell whether both works have a DOI or a PMID of their own."""
    pairs = ((one.doi, other.doi), (one.pmid, other.pmid))
    return any(a and b and a.lower() != b.lower() for a, b in pairs)


def _plain(title: str) -> str:
    return re.sub(r"\W+", " ", fold(title)).strip()


def _used_keys(tables: Mapping[str, Table], keys: set[str]) -> set[str]:
    used: set[str] = set()
    for table in tables.values():
        for cell in _cells(table):
            used |= keys.intersection(cell.split("; "))
    return used


def _cells(table: Any) -> Iterable[str]:
    if isinstance(table, list):
        return (cell for row in table for cell in row.values())
    columns = (table[c] for c in table.columns if table[c].dtype.kind not in "ifb")
    return (cell for column in columns for cell in column.dropna().astype(str))
