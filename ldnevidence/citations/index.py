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

from ldnevidence.citations.bibliography import Reference, get_bibliography, with_reason
from ldnevidence.citations.facts import Facts, facts_of
from ldnevidence.citations.query import ALSO, name_words, query_words, typed_identifiers, words
from ldnevidence.citations.registers import registry_numbers
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
        Identifier, as folded text, to (what it is, how it is written, numbers of the works).
    lengths : dict
        Length to the words of that length, for typing errors.
    priors : tuple of float
        Small advantage of a work among equals.
    title_sizes : tuple of int
        Different words in each title, stop words aside.
    """

    works: tuple[Reference, ...]
    postings: Mapping[str, Mapping[int, str]]
    identifiers: Mapping[str, tuple[str, str, tuple[int, ...]]]
    lengths: Mapping[int, tuple[str, ...]]
    priors: tuple[float, ...]
    title_sizes: tuple[int, ...]

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
    found: dict[str, tuple[str, str, list[int]]] = {}
    for number, work in enumerate(ranked):
        fact = facts.get(work.key, Facts())
        for field_name, word in _words_of(work, fact):
            held = postings[word].get(number)
            if held is None or FIELDS[field_name] > FIELDS[held]:
                postings[word][number] = field_name
        for what, identifier in _identifiers_of(work, fact):
            found.setdefault(identifier.casefold(), (what, identifier, []))[2].append(number)
    lengths: dict[int, list[str]] = defaultdict(list)
    for word in sorted(postings):
        lengths[len(word)].append(word)
    return Index(
        works=tuple(ranked),
        postings=dict(postings),
        identifiers={k: (what, shown, tuple(dict.fromkeys(n))) for k, (what, shown, n) in found.items()},
        lengths={n: tuple(w) for n, w in lengths.items()},
        priors=tuple(facts.get(w.key, Facts()).standing for w in ranked),
        title_sizes=tuple(len(query_words(w.title)) for w in ranked),
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
    yield from (("condition", ALSO[word]) for word in words(work.title) if word in ALSO)
    for i, name in enumerate(work.authors):
        yield from (("author" if i else "first author", word) for word in name_words(name.surname))
        yield from (("given name", word) for word in name_words(name.given))
    yield from (
        ("key", word) for word in [work.key.casefold(), *re.split(r"[\d_]+", work.key.casefold())] if word
    )


def _identifiers_of(work: Reference, fact: Facts) -> Iterator[tuple[str, str]]:
    yield "key", work.key
    for what, value in (("DOI", work.doi), ("PMID", work.pmid), ("PMCID", work.pmcid)):
        if value:
            yield what, value
    for number in (*work.registry_numbers, *registry_numbers(fact.registry)):
        yield "trial registry number", number


def _by_identifier(index: Index, identifier: str) -> list[tuple[int, str]]:
    if identifier in index.identifiers:
        what, shown, numbers = index.identifiers[identifier]
        return [(n, f"{what} {shown}") for n in numbers]
    if len(identifier) < 6 or identifier.isdecimal():  # a PMID that goes on is another work
        return []
    begun = [found for i, found in index.identifiers.items() if i.startswith(identifier)]
    return [(n, f"{what} {shown}") for what, shown, numbers in sorted(begun) for n in numbers]


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


def _by_words(index: Index, text: str) -> list[tuple[int, float, str]]:
    """Return the works that fit the words of a query: number, score, reason."""
    query = query_words(text)
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
        numbers_alone = len(query) > 1 and all(fit.word.isdecimal() for fit in why[number])
        if cover >= LEAST_COVER and not numbers_alone:  # a year that fits is no hit for other words
            bonus = 1 + 0.05 * index.priors[number] + _title_bonus(index, number, why[number])
            hits.append((number, score * cover**2 * bonus, _reason(why[number])))
    return sorted(hits, key=lambda hit: (-round(hit[1], 9), hit[0]))


def _title_bonus(index: Index, number: int, fits: list[_Fit]) -> float:
    """Return the bonus of a title that the query names in full; a title of one or two words earns none."""
    size = index.title_sizes[number]
    named = sum(fit.field == "title" for fit in fits)
    return min(1.0, named / size) ** 4 if size > 2 else 0.0


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


def search(index: Index, query: str, limit: int | None) -> list[Reference]:
    """Search an index; see :func:`ldnevidence.citations.find`."""
    identifiers, rest = typed_identifiers(query)
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
    for word in query_words(query):
        if len(word) > 3:
            near += [
                w for w, _, _ in process.extract(word, known, scorer=fuzz.ratio, score_cutoff=70, limit=2)
            ]
    return list(dict.fromkeys(near))
