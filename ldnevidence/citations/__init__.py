"""The works cited: find one by half a memory, see what it is and where it is used, and take it away.

>>> find("yonger 2013")[0].key
'younger2013'
>>> print(cite("younger2009"))
Younger J, Mackey S. Fibromyalgia symptoms are reduced by low-dose naltrexone: a pilot study. Pain \
Medicine. 2009;10(4):663–72. PubMed PMID: 19453963.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ldnevidence.citations import formats, styles
from ldnevidence.citations.bibliography import Name, Reference, get_bibliography
from ldnevidence.citations.bibtex_text import entries_text, unknown_key
from ldnevidence.citations.index import get_index, nearest_words, search
from ldnevidence.citations.integrity import check_references
from ldnevidence.citations.use import KINDS, how_read, kind_of_evidence, where_used

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

__all__ = [
    "KINDS", "STYLES", "Name", "Reference", "check_references", "cite", "cite_command", "entries_text",
    "export", "find", "get", "how_read", "kind_of_evidence", "references", "suggest", "where_used",
]  # fmt: skip

_LINES: dict[str, Callable[[Reference], str]] = {
    "vancouver": styles.vancouver,
    "apa": styles.apa,
    "plain": styles.plain,
    "html": styles.to_html,
}
_FILES: dict[str, Callable[[list[Reference]], str]] = {
    "bibtex": formats.to_bibtex,
    "ris": formats.to_ris,
    "csl-json": formats.to_csl_json,
}
STYLES = ("vancouver", "apa", "plain", "bibtex", "ris", "csl-json", "html")
NOT_FOUND = 1  # exit status of the command where nothing fits


def references(path: Path | None = None) -> tuple[Reference, ...]:
    """Return every work cited, in the order of the file.

    Examples
    --------
    >>> len(references()) > 150
    True
    """
    return tuple(get_bibliography(path).values())


def get(key: str, path: Path | None = None) -> Reference:
    """Return the work of a key.

    Raises
    ------
    ValueError
        Where there is none; the message names the nearest keys.

    Examples
    --------
    >>> get("bruunplesner2020").year
    2020
    """
    works = get_bibliography(path)
    if key not in works:
        raise unknown_key(key, works)
    return works[key]


def find(
    query: str, limit: int | None = 10, ev: Evidence | None = None, path: Path | None = None
) -> list[Reference]:
    """Find works by whatever a reader remembers of them, best first.

    Parameters
    ----------
    query : str
        Key, DOI (bare, as an address, in capitals), PMID, PMCID or trial registry number; or words: authors,
        title, journal, year, condition, dose ("4.5 mg"), country, design. Word order, accents and small
        typing errors do not matter.
    limit : int or None
        Most works returned; None for all that fit.
    ev : Evidence, optional
        Tables from which conditions, doses, countries and designs are taken, by default those of the package.
    path : Path, optional
        Another BibTeX file.

    Returns
    -------
    list of Reference
        Each with its `reason`: which field fits which words. An exact identifier comes before all else. Empty
        where the query is empty or nothing fits.

    Raises
    ------
    ValueError
        Where the query is no text or the limit is below 1.

    Examples
    --------
    >>> [work.key for work in find("that Danish dose study", limit=1)]
    ['bruunplesner2020']
    >>> find("https://doi.org/10.1002/ART.37734")[0].reason
    'DOI 10.1002/art.37734'
    """
    if not isinstance(query, str):
        raise ValueError(f"a query is a text, not {query!r}")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise ValueError(f"limit must be a whole number from 1, or None for all; got {limit!r}")
    return search(get_index(ev, path), query, limit)


def cite(key: str | Reference, style: str = "vancouver") -> str:
    """Return a work in a style or format.

    Parameters
    ----------
    key : str or Reference
        Citation key, or a work that `find` returned.
    style : {"vancouver", "apa", "plain", "bibtex", "ris", "csl-json", "html"}
        Style of a reference in words (Vancouver as in the US National Library of Medicine's *Citing Medicine*
        with full journal names, APA 7, one plain line, HTML with links) or format for another program.

    Returns
    -------
    str
        A retracted work says so behind its title in every style in words.

    Raises
    ------
    ValueError
        Where the key is unknown (with suggestions) or the style is (with the list of styles).

    Examples
    --------
    >>> cite("zagon1983", style="apa")[:60]
    'Zagon, I. S., & McLaughlin, P. J. (1983). Naltrexone modulat'
    """
    return export([key], style)


def export(keys: Iterable[str | Reference], format: str = "bibtex") -> str:
    """Return several works in a format or style, in the order given; a work named twice is given once.

    Parameters
    ----------
    keys : iterable of str or Reference
        Citation keys, or works.
    format : str
        As `style` of `cite`. References in words are separated by line breaks.

    Raises
    ------
    ValueError
        As for `cite`.

    Examples
    --------
    >>> export(["younger2009", "younger2013"], "bibtex").count("@article")
    2
    """
    if format not in STYLES:
        raise ValueError(f"unknown style {format!r}; known: {', '.join(STYLES)}")
    works = [k if isinstance(k, Reference) else get(k) for k in ([keys] if isinstance(keys, str) else keys)]
    works = list({w.key: w for w in works}.values())
    if format in _FILES:
        return _FILES[format](works)
    return "\n".join(_LINES[format](w) for w in works)


def suggest(query: str, path: Path | None = None) -> str:
    """Return one line that helps where a search found nothing.

    Examples
    --------
    >>> suggest("fibromialgja")
    "nothing fits 'fibromialgja'; words like it: fibromyalgia"
    """
    near = nearest_words(get_index(path=path), query)[:4]
    if near:
        return f"nothing fits {query!r}; words like it: {', '.join(near)}"
    example = "try an author and a year, such as 'younger 2013', a DOI, a PMID or a registry number"
    return f"nothing fits {query!r}; {example}"


def cite_command(
    query: str, style: str = "vancouver", fmt: str | None = None, limit: int = 5
) -> tuple[int, str]:
    """Do the work of the command ``ldnevidence cite``.

    Parameters
    ----------
    query : str
        As for `find`.
    style : str
        As for `cite`.
    fmt : str or None
        A format that overrides the style, such as "bibtex".
    limit : int
        Most works printed.

    Returns
    -------
    (int, str)
        Exit status (0, or 1 where nothing fits) and the text to print.

    Raises
    ------
    ValueError
        Where style, format or limit is unknown or out of range.

    Examples
    --------
    >>> cite_command("nct00568555", "plain")[0], cite_command("zzzz")[0]
    (0, 1)
    """
    chosen = fmt or style
    if chosen not in STYLES:
        raise ValueError(f"unknown style {chosen!r}; known: {', '.join(STYLES)}")
    works = find(query, limit)
    if not works:
        return NOT_FOUND, suggest(query)
    return 0, export(works, chosen).rstrip("\n")
