"""Search over the works cited: exact identifiers first, then words, forgiving typing errors.

A query is split into words, each weighed by how few works have it (as in tf-idf), so that "naltrexone" counts
for little and "thyroid" for much. A word fits a word of a work exactly, as its beginning, or with one typing
error in four letters or two in eight (optimal string alignment distance, from the rapidfuzz library).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from ldnevidence.bibliography import Reference, fold, get_bibliography, registry_numbers, with_reason
from ldnevidence.citation_facts import Facts, facts_of
from ldnevidence.paths import references_file

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

# Weight of a field, and its name in the reason of a hit.
FIELDS = {
    "first author": 3.0,
    "author": 2.4,
    "key": 2.0,
    "year": 2.0,
    "title": 2.0,
    "condition": 1.8,
    "dose": 1.6,
    "registry": 1.6,
    "journal": 1.5,
    "publisher": 1.5,
    "country": 1.5,
    "kind": 1.3,
    "given name": 1.0,
    "population": 0.8,
    "note": 0.6,
}
EXACT, BEGINNING, NEAR = 1.0, 0.75, 0.7  # how well a word fits
UNKNOWN = 2.5  # weight of a word that no work has; one in ten works weighs about as much
LEAST_COVER = 0.4  # share of the query's weight that a hit has to cover
STOP_WORDS = frozenset(
    "a about all an and are article at by did do does for from had has have i in is it its me my of on or "
    "one paper please some study studies that the their there these this those to was were what which who "
    "with work works et al les der die das und".split()
)
# What readers write for words that the works spell otherwise.
_SAME = {
    "ldn": ("lowdose", "naltrexone"),
    "rct": ("randomized", "controlled"),
    "pediatric": ("paediatric",),
    "kids": ("children",),
    "kid": ("children",),
    "womens": ("women",),
}
_PHRASES = (
    (re.compile(r"\b(ultra|very|extremely)[\s-]*low[\s-]*dose"), r"\1 lowdose"),
    (re.compile(r"\blow[\s-]*dose"), "lowdose"),  # so that "dose" alone means studies of the dose
    (re.compile(r"\b(\d+(?:\.\d+)?)[\s-]*mg\b"), r"\1mg"),
    (re.compile(r"\brandomis"), "randomiz"),
    (re.compile(r"(?<=\w)['’]s\b"), "s"),
    (re.compile(r"\bpaediatric"), "pediatric"),
    (re.compile(r"\btumour"), "tumor"),
)
_WORD = re.compile(r"\d+\.\d+(?:mg)?|\w+")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_PMCID = re.compile(r"\bPMC\s?(\d{3,})\b", re.IGNORECASE)
_PMID = re.compile(r"(?:\bPMID\s*:?\s*|pubmed(?:\.ncbi\.nlm\.nih\.gov)?/(?:pubmed/)?)(\d{1,8})", re.IGNORECASE)
_DIGITS = re.compile(r"\s*(\d{5,8})\s*")
_ADDRESS = re.compile(r"https?://\S+")


def words(text: str) -> list[str]:
    """Split a text into the words that are compared.

    >>> words("Low-dose naltrexone 4.5 mg in Sjögren's")
    ['lowdose', 'naltrexone', '4.5mg', 'in', 'sjogrens']
    """
    text = fold(text)
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text)
    return _WORD.findall(text)


def _variants(text: str) -> list[str]:
    """Return the words of a name in both ways of writing an umlaut: "lohn" and "loehn"."""
    digraphs = text.casefold()
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ø", "oe"), ("å", "aa")):
        digraphs = digraphs.replace(letter, pair)
    # A double name is also one word: "bruunplesner".
    joined = [w.replace("-", "") for w in fold(text).split() if "-" in w]
    return [*words(text), *words(digraphs), *joined]


class _Fit(NamedTuple):
    """How a word of the query fits a work."""

    score: float
    field: str
    word: str


@dataclass(frozen=True)
class Index:
    """What is searched: words with the works that have them, and identifiers.

    Attributes
    ----------
    works : tuple of Reference
        In the order in which equals are shown.
    postings : dict
        Word to {number of the work: field}, the weightiest field where it stands in several.
    identifiers : dict
        Identifier, as folded text, to (what it is, numbers of the works).
    lengths : dict
        Length to the words of that length, for typing errors.
    priors : tuple of float
        Small advantage of a work among equals.
    """

    works: tuple[Reference, ...]
    postings: Mapping[str, Mapping[int, str]]
    identifiers: Mapping[str, tuple[str, tuple[int, ...]]]
    lengths: Mapping[int, tuple[str, ...]]
    priors: tuple[float, ...]

    def rarity(self, word: str) -> float:
        """Return the weight of a word: the fewer works have it, the more it tells."""
        have = len(self.postings.get(word, ()))
        return math.log(1 + len(self.works) / (have + 0.5))


def build_index(works: Iterable[Reference], facts: Mapping[str, Facts]) -> Index:
    """Build the index of some works.

    Parameters
    ----------
    works : iterable of Reference
        The works.
    facts : mapping of str to Facts
        What the tables say of a work, by key; may be empty.
    """
    ranked = sorted(works, key=lambda w: (-facts.get(w.key, Facts()).standing, -(w.year or 0), w.key))
    postings: dict[str, dict[int, str]] = defaultdict(dict)
    found: dict[str, tuple[str, list[int]]] = {}
    for number, work in enumerate(ranked):
        fact = facts.get(work.key, Facts())
        for field_name, word in _words_of(work, fact):
            held = postings[word].get(number)
            if held is None or FIELDS[field_name] > FIELDS[held]:
                postings[word][number] = field_name
        for what, identifier in _identifiers_of(work, fact):
            found.setdefault(identifier.casefold(), (what, []))[1].append(number)
    lengths: dict[int, list[str]] = defaultdict(list)
    for word in sorted(postings):
        lengths[len(word)].append(word)
    return Index(
        works=tuple(ranked),
        postings=dict(postings),
        identifiers={k: (what, tuple(dict.fromkeys(n))) for k, (what, n) in found.items()},
        lengths={n: tuple(w) for n, w in lengths.items()},
        priors=tuple(facts.get(w.key, Facts()).standing for w in ranked),
    )


def _words_of(work: Reference, fact: Facts) -> Iterator[tuple[str, str]]:
    texts = [
        ("title", work.title),
        ("journal", work.container),
        ("publisher", f"{work.publisher} {work.medium}"),
        ("year", work.fields.get("year", "")),
        ("registry", work.fields.get("registry", "")),
        ("note", work.fields.get("note", "")),
        ("kind", "retracted" if work.retracted else ""),
        ("kind", fact.kind),
        ("condition", fact.conditions),
        ("dose", fact.doses),
        ("country", fact.countries),
        ("population", fact.population),
    ]
    for field_name, text in texts:
        yield from ((field_name, word) for word in words(text))
    for i, name in enumerate(work.authors):
        yield from (("author" if i else "first author", word) for word in _variants(name.surname))
        yield from (("given name", word) for word in _variants(name.given))
    yield from (("key", word) for word in [work.key.casefold(), *re.split(r"[\d_]+", work.key.casefold())] if word)


def _identifiers_of(work: Reference, fact: Facts) -> Iterator[tuple[str, str]]:
    yield "key", work.key
    for what, value in (("DOI", work.doi), ("PMID", work.pmid), ("PMCID", work.pmcid)):
        if value:
            yield what, value
    for number in (*work.registry_numbers, *registry_numbers(fact.registry)):
        yield "trial registry number", number


# -- identifiers ----------------------------------------------------------------------------------------


def _typed_identifiers(query: str) -> tuple[list[str], str]:
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
        text = re.sub(r"\b(?:doi|eudract|pmid|pmcid|https?|dx\.doi\.org|doi\.org)\b[:/]*", " ", text, flags=re.I)
        text = _ADDRESS.sub(" ", re.sub(r"\S*/\S*", " ", text))
    return found, text


def _trimmed(doi: str) -> str:
    """Cut what a sentence or an address puts behind a DOI; a bracket stays where it was opened within."""
    doi = re.split(r"[?#&]|/(?:full|abstract|pdf)\b", doi)[0].rstrip(".,;:'\"")
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(".,;:")
    return doi.rstrip("]}>/")


def _by_identifier(index: Index, identifier: str) -> list[tuple[int, str]]:
    if identifier in index.identifiers:
        what, numbers = index.identifiers[identifier]
        return [(n, f"{what} {identifier if what == 'key' else identifier.upper()}") for n in numbers]
    if len(identifier) < 6 or identifier.isdecimal():  # a PMID that goes on is another work
        return []
    begun = [(i, what, n) for i, (what, n) in index.identifiers.items() if i.startswith(identifier)]
    return [(n, f"{what} begins with {identifier}") for _, what, numbers in sorted(begun) for n in numbers]


# -- words ----------------------------------------------------------------------------------------------


def _fits(index: Index, word: str) -> dict[str, float]:
    """Return the words of the collection that a word of the query may mean, and how well each fits."""
    fits = {word: EXACT} if word in index.postings else {}
    if word.isdecimal() or not word.isascii() or len(word) < 3:
        return fits
    for length, candidates in index.lengths.items():
        if length > len(word):
            fits.update({w: BEGINNING for w in candidates if w.startswith(word)})
    if len(word) >= 4 and not re.search(r"\d", word):
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        errors = 2 if len(word) >= 8 else 1
        for length in range(len(word) - errors, len(word) + errors + 1):
            near = process.extract(
                word, index.lengths.get(length, ()), scorer=OSA.distance, score_cutoff=errors, limit=None
            )
            for candidate, distance, _ in near:
                if candidate.isalpha():
                    fits.setdefault(candidate, NEAR ** (distance if len(word) < 8 else max(distance, 1)))
    return fits


def _query_words(text: str) -> list[str]:
    found = list(dict.fromkeys(w for word in words(text) for w in _SAME.get(word, (word,))))
    return [w for w in found if w not in STOP_WORDS]


def _by_words(index: Index, text: str) -> list[tuple[int, float, str]]:
    """Return the works that fit the words of a query: number, score, reason."""
    query = _query_words(text)
    total = 0.0
    scores: dict[int, float] = defaultdict(float)
    covered: dict[int, float] = defaultdict(float)
    why: dict[int, list[_Fit]] = defaultdict(list)
    for word in query:
        fits = _fits(index, word)
        # A word that nothing has says little of what is looked for, but enough to doubt a poor hit.
        weight = max((index.rarity(w) for w in fits if fits[w] == EXACT), default=0.0)
        weight = weight or max((index.rarity(w) * q for w, q in fits.items()), default=UNKNOWN)
        total += weight
        best: dict[int, _Fit] = {}
        for candidate, quality in fits.items():
            for number, field_name in index.postings[candidate].items():
                score = quality * FIELDS[field_name]
                if number not in best or score > best[number].score:
                    best[number] = _Fit(score, field_name, candidate)
        for number, fit in best.items():
            scores[number] += weight * fit.score
            covered[number] += weight * fit.score / FIELDS[fit.field]
            why[number].append(fit)
    hits = []
    for number, score in scores.items():
        cover = covered[number] / total
        year_alone = len(query) > 1 and all(fit.field == "year" for fit in why[number])
        if cover >= LEAST_COVER and not year_alone:
            hits.append((number, score * cover**2 * (1 + 0.05 * index.priors[number]), _reason(why[number])))
    return sorted(hits, key=lambda hit: (-round(hit[1], 9), hit[0]))


def _reason(fits: list[_Fit]) -> str:
    by_field: dict[str, list[str]] = {}
    for fit in fits:
        word = fit.word.upper() if fit.field == "registry" else fit.word
        shown = re.sub(r"^lowdose$", "low-dose", re.sub(r"(?<=\d)mg$", " mg", word))
        by_field.setdefault(fit.field, []).append(shown)
    order = sorted(by_field, key=lambda name: -FIELDS[name])
    return "; ".join(f"{name}: {', '.join(by_field[name])}" for name in order)


# -- the one function -----------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _index(path: Path, stamp: int, ev: Evidence | None) -> Index:
    return build_index(get_bibliography(path).values(), facts_of(ev))


def get_index(ev: Evidence | None = None, path: Path | None = None) -> Index:
    """Return the index of a file, built once a process for each state of the file."""
    path = Path(path) if path else references_file()
    return _index(path, path.stat().st_mtime_ns, ev)


def search(index: Index, query: str, limit: int) -> list[Reference]:
    """Search an index; see :func:`ldnevidence.citations.find`."""
    identifiers, rest = _typed_identifiers(query)
    whole = query.strip().casefold()
    if whole in index.identifiers:
        identifiers.insert(0, whole)
    hits: dict[int, str] = {}
    for identifier in dict.fromkeys(identifiers):
        for number, reason in _by_identifier(index, identifier):
            hits.setdefault(number, reason)
    # Who names an identifier asks for that work alone; words beside it count where no work has it.
    if not hits:
        hits = {number: reason for number, _, reason in _by_words(index, rest if identifiers else query)}
    return [with_reason(index.works[n], reason) for n, reason in list(hits.items())[:limit]]


def nearest_words(index: Index, query: str) -> list[str]:
    """Return words of the collection that are like those of a query, for a suggestion."""
    from rapidfuzz import fuzz, process

    near: list[str] = []
    known = [w for w in index.postings if w.isalpha() and len(w) > 3]
    for word in _query_words(query):
        if len(word) > 3:
            near += [w for w, _, _ in process.extract(word, known, scorer=fuzz.ratio, score_cutoff=70, limit=2)]
    return list(dict.fromkeys(near))
