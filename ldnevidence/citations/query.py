"""What a reader typed: identifiers in any of their forms, and words made comparable."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ldnevidence.citations.bibtex_text import fold
from ldnevidence.citations.registers import registry_numbers

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a about all an and are article at by did do does for from had has have i in is it its me my of on "
        "or one paper please some study studies that the their there these this those to was were what "
        "which who with work works et al les der die das und",
    )
)
# What readers write for words that the works spell otherwise.
_SAME = {"ldn": ("lowdose", "naltrexone"), "rct": ("randomized", "controlled"), "kids": ("children",)}
# Words of a title that are also found by another word.
ALSO = {"children": "pediatric", "pediatric": "children", "pruritus": "itching", "women": "female"}
_PHRASES = (
    (re.compile(r"\b(ultra|very|extremely)[\s-]*low[\s-]*dose"), r"\1 lowdose"),
    (re.compile(r"\blow[\s-]*dose"), "lowdose"),  # so that "dose" alone means studies of the dose
    (re.compile(r"\b(\d+(?:\.\d+)?)[\s-]*mg\b"), r"\1mg"),
    (re.compile(r"\brandomis"), "randomiz"),
    (re.compile(r"(?<=\w)['’]s\b"), "s"),
    (re.compile(r"\bpaediatric"), "pediatric"),
    (re.compile(r"\bcaesar"), "cesar"),
    (re.compile(r"\btumour"), "tumor"),
)
_WORD = re.compile(r"\d+\.\d+(?:mg)?|\w+")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_PMCID = re.compile(r"\bPMC\s?(\d{3,})\b", re.IGNORECASE)
_PMID = re.compile(
    r"(?:\bPMID\s*:?\s*|pubmed(?:\.ncbi\.nlm\.nih\.gov)?/(?:pubmed/)?)(\d{1,8})", re.IGNORECASE
)
_DIGITS = re.compile(r"\s*(\d{5,8})\s*")
_LEFT_OVER = re.compile(r"\b(?:doi|eudract|pmid|pmcid)\b:?", re.IGNORECASE)


def words(text: str) -> list[str]:
    """Split a text into the words that are compared.

    >>> words("Low-dose naltrexone 4.5 mg in Sjögren's")
    ['lowdose', 'naltrexone', '4.5mg', 'in', 'sjogrens']
    """
    text = fold(text)
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text)
    return _WORD.findall(text)


def name_words(text: str) -> list[str]:
    """Return the words of a name in both ways of writing an umlaut: "lohn" and "loehn"."""
    digraphs = text.casefold()
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ø", "oe"), ("å", "aa")):
        digraphs = digraphs.replace(letter, pair)
    # A double name is also one word: "bruunplesner".
    joined = [w.replace("-", "") for w in fold(text).split() if "-" in w]
    return [*words(text), *words(digraphs), *joined]


def query_words(text: str) -> list[str]:
    """Return the words of a query that are looked for, each once.

    >>> query_words("that Danish dose study")
    ['danish', 'dose']
    """
    found = list(dict.fromkeys(w for word in words(text) for w in _SAME.get(word, (word,))))
    return [w for w in found if w not in STOP_WORDS]


def typed_identifiers(query: str) -> tuple[list[str], str]:
    """Return the identifiers that a query names, folded, and what is left of the query."""
    text = unquote(query)
    found: list[str] = []

    def take(pattern: re.Pattern[str], prefix: str = "") -> None:
        nonlocal text
        for match in pattern.finditer(text):
            value = match.group(1) if pattern.groups else match.group()
            found.append((prefix + value).casefold())
        text = pattern.sub(" ", text)

    take(_PMCID, "pmc")
    take(_PMID)
    if _DIGITS.fullmatch(text):  # a bare number of that length is a PMID
        take(_DIGITS)
    for match in _DOI.finditer(text):
        found.append(_trimmed(match.group()).casefold())
    text = _DOI.sub(" ", text)
    for number in registry_numbers(text):
        found.append(number.casefold())
        text = text.replace(number, " ")
    if found:  # "doi:", "https://doi.org/" and the like are left over
        text = _LEFT_OVER.sub(" ", re.sub(r"\S*/\S*", " ", text))
    return found, text


def _trimmed(doi: str) -> str:
    """Cut what a sentence or an address puts behind a DOI; a bracket stays where it was opened within."""
    doi = re.split(r"[?#&]|/(?:full|abstract|pdf)\b", doi)[0].rstrip(".,;:'\"")
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(".,;:")
    return doi.rstrip("]}>/")
