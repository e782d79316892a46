"""Works for other programs: CSL-JSON, RIS and BibTeX."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ldnevidence.citations.bibliography import Name, Reference

# BibTeX type: type in CSL-JSON, type in RIS.
TYPES = {
    "article": ("article-journal", "JOUR"),
    "book": ("book", "BOOK"),
    "inbook": ("chapter", "CHAP"),
    "incollection": ("chapter", "CHAP"),
    "inproceedings": ("paper-conference", "CPAPER"),
    "techreport": ("report", "RPRT"),
    "online": ("webpage", "ELEC"),
    "misc": ("document", "GEN"),
}


def kind_of_work(work: Reference) -> tuple[str, str]:
    """Return the type of a work in CSL-JSON and in RIS.

    An entry without its journal that has a volume is an article all the same.
    """
    if work.entry_type == "misc" and "volume" in work.fields:
        return TYPES["article"]
    if work.entry_type == "misc" and "preprint" in work.medium.lower():
        return "article", "UNPB"
    return TYPES.get(work.entry_type, TYPES["misc"])


def _csl_name(name: Name) -> dict[str, str]:
    # A family name alone is written as a whole: processors put an empty initial behind it otherwise.
    if name.corporate or not name.given:
        return {"literal": name.surname}
    parts = {"family": name.family, "given": name.given}
    if name.particle:
        parts["non-dropping-particle"] = name.particle
    return parts | ({"suffix": name.suffix} if name.suffix else {})


def csl_item(work: Reference) -> dict[str, Any]:
    """Return a work as a CSL-JSON item.

    Examples
    --------
    >>> from ldnevidence.citations.bibliography import get_bibliography
    >>> csl_item(get_bibliography()["younger2013"])["page"]
    '529–538'
    """
    item: dict[str, Any] = {"id": work.key, "type": kind_of_work(work)[0], "title": work.title}
    if work.authors:
        item["author"] = [_csl_name(n) for n in work.authors]
    if work.year:
        item["issued"] = {"date-parts": [[work.year]]}
    record = "registry record" in work.medium.lower()
    texts = {
        "container-title": work.container,
        "publisher": work.publisher,
        "volume": work.fields.get("volume", ""),
        "issue": work.fields.get("number", ""),
        "page": work.fields.get("pages", ""),
        "medium": work.medium,
        "number": "; ".join(work.registry_numbers) if record else "",
        "DOI": work.doi,
        "PMID": work.pmid,
        "PMCID": work.pmcid,
        "URL": work.url if record else work.fields.get("url", ""),
        "note": work.fields.get("note", ""),
    }
    return item | {k: v for k, v in texts.items() if v}


def to_csl_json(works: Sequence[Reference]) -> str:
    """Return works as a CSL-JSON list."""
    return json.dumps([csl_item(w) for w in works], ensure_ascii=False, indent=2) + "\n"


def to_bibtex(works: Sequence[Reference]) -> str:
    """Return works as BibTeX, each as it stands in ``references.bib``."""
    return "\n\n".join(w.raw for w in works) + "\n" if works else ""


def _ris_name(name: Name) -> str:
    return ", ".join(filter(None, (name.surname, name.given, name.suffix)))


def to_ris(works: Sequence[Reference]) -> str:
    """Return works in RIS, the form that Zotero, EndNote and Mendeley take in.

    >>> from ldnevidence.citations.bibliography import get_bibliography
    >>> to_ris([get_bibliography()["bostick2019"]]).splitlines()[:2]
    ['TY  - JOUR', 'AU  - Bostick, K. M.']
    """
    return "\n".join(_ris(w) for w in works)


def _ris(work: Reference) -> str:
    first, _, last = work.fields.get("pages", "").partition("–")
    kind = kind_of_work(work)[1]
    lines = [("TY", kind)]
    lines += [("AU", _ris_name(n)) for n in work.authors]
    lines += [
        ("TI", work.title),
        ("T2", work.container),
        ("PB", work.publisher),
        ("M3", work.medium),
        ("PY", str(work.year or "")),
        ("VL", work.fields.get("volume", "")),
        ("IS", work.fields.get("number", "")),
        ("SP", first),
        ("EP", last),
        ("DO", work.doi),
        ("AN", f"PMID {work.pmid}" if work.pmid else ""),
        ("C2", work.pmcid),
        ("UR", work.url),
        *(("KW", number) for number in work.registry_numbers),
        ("N1", work.fields.get("note", "")),
        ("ID", work.key),
    ]
    body = "\n".join(f"{tag}  - {' '.join(value.split())}" for tag, value in lines if value)
    return f"{body}\nER  - \n"
