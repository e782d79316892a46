"""Reading ``references.bib``: entries as typed values, parsed by the bibtexparser library once a process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnevidence.citations.bibtex_text import RawEntry, raw_entries
from ldnevidence.citations.registers import registry_numbers, registry_url
from ldnevidence.paths import references_file

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

# Fields that hold codes or addresses: TeX markup is undone in them by hand, and dashes are left alone.
VERBATIM = ("doi", "pmid", "pmcid", "registry", "url", "retractiondoi", "retracted")
UNREAD = "not read"  # how `howpublished` ends where the place of publication was not read


@dataclass(frozen=True)
class Name:
    """An author: a person, or a body whose name is kept whole.

    Attributes
    ----------
    family : str
        Family name, without a particle; for a body its whole name.
    given : str
        Given names or initials.
    particle : str
        Such as "van der" or "de".
    suffix : str
        Such as "Jr".
    corporate : bool
        True for a body, such as an institute.
    """

    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""
    corporate: bool = False

    @property
    def surname(self) -> str:
        """The family name with its particle."""
        return f"{self.particle} {self.family}".strip()


@dataclass(frozen=True)
class Reference:
    """One work of ``references.bib``.

    Attributes
    ----------
    key : str
        Citation key; the ``study_id`` of the tables.
    entry_type : str
        BibTeX type, such as "article".
    fields : mapping of str to str
        Every field as a reader would read it: no TeX markup, no protecting braces.
    authors : tuple of Name
        In order. ``and others`` is not a name, see `more_authors`.
    more_authors : bool
        True where the list of authors goes on.
    title_markup : str
        The title with the braces that protect capitals.
    raw : str
        The entry as it stands in the file.
    line : int
        Line of the file on which the entry begins.
    reason : str
        Why a search found it; empty otherwise.

    Notes
    -----
    `kind_of_evidence` and `how_read` look into the tables that come with the package; for other tables
    use the functions of the same name in :mod:`ldnevidence.citations`.
    """

    key: str
    entry_type: str
    fields: Mapping[str, str] = field(hash=False)
    authors: tuple[Name, ...] = ()
    more_authors: bool = False
    title_markup: str = ""
    raw: str = field(default="", repr=False, compare=False)
    line: int = field(default=0, repr=False, compare=False)
    reason: str = field(default="", compare=False)

    # -- what it is -------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Title."""
        return self.fields.get("title", "")

    @property
    def year(self) -> int | None:
        """Year of publication, or None where none was read."""
        year = self.fields.get("year", "")
        return int(year) if year.isdecimal() else None

    @property
    def container(self) -> str:
        """Journal, or the book or meeting that the work is a part of; empty where there is none."""
        return self.fields.get("journal") or self.fields.get("booktitle", "")

    @property
    def publisher(self) -> str:
        """Publisher, institution or organisation; empty where none is given."""
        names = (self.fields.get(f) for f in ("publisher", "institution", "organization"))
        return next(filter(None, names), "")

    @property
    def medium(self) -> str:
        """What kind of thing it is, in words, where it is no ordinary publication."""
        words = self.fields.get("howpublished", "")
        return "" if words.endswith(UNREAD) else words

    @property
    def label(self) -> str:
        """Short name for lists: first author, publisher or first words of the title, and year.

        >>> get_bibliography()["lie2018"].label
        'Lie et al. 2018'
        """
        several = len(self.authors) > 2 or self.more_authors
        if several:
            who = f"{self.authors[0].surname} et al."
        else:
            words = self.title.split()
            title = " ".join(words[:6]) + ("…" if len(words) > 6 else "")
            who = " and ".join(a.surname for a in self.authors) or self.publisher or title
        return f"{who} {self.year or '(no year)'}"

    # -- where it is ------------------------------------------------------------------------------------

    @property
    def doi(self) -> str:
        """Digital object identifier, without an address before it."""
        return self.fields.get("doi", "")

    @property
    def pmid(self) -> str:
        """PubMed number."""
        return self.fields.get("pmid", "")

    @property
    def pmcid(self) -> str:
        """PubMed Central number, with its letters."""
        return self.fields.get("pmcid", "")

    @property
    def doi_url(self) -> str:
        """Address of the DOI, or an empty text."""
        return _doi_url(self.doi)

    @property
    def pubmed_url(self) -> str:
        """Address at PubMed, or an empty text."""
        return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/" if self.pmid else ""

    @property
    def pmc_url(self) -> str:
        """Address of the free full text at PubMed Central, or an empty text."""
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{self.pmcid}/" if self.pmcid else ""

    @property
    def registry_numbers(self) -> tuple[str, ...]:
        """Trial registry numbers of the entry.

        >>> get_bibliography()["paula2023"].registry_numbers
        ('NCT04502251', 'RBR-7HK8N')
        """
        return registry_numbers(self.fields.get("registry", ""))

    @property
    def registry_urls(self) -> tuple[str, ...]:
        """Addresses of the trial registers, one for each number that has an address."""
        return tuple(filter(None, map(registry_url, self.registry_numbers)))

    @property
    def url(self) -> str:
        """The best address there is: DOI, PubMed, PubMed Central, register, or the entry's own."""
        own = self.fields.get("url", "")
        registers = self.registry_urls[0] if self.registry_urls else ""
        return self.doi_url or self.pubmed_url or self.pmc_url or own or registers

    # -- how far to trust it ----------------------------------------------------------------------------

    @property
    def retracted(self) -> bool:
        """True where the work was retracted."""
        return self.fields.get("retracted", "").lower() == "true"

    @property
    def retraction_notice(self) -> str:
        """What is known of the retraction, with the address of the notice; empty where there is none."""
        if not self.retracted:
            return ""
        words = self.fields.get("note", "Retracted")
        address = _doi_url(self.fields.get("retractiondoi", ""))
        return f"{words} ({address})" if address else words

    @property
    def provisional(self) -> bool:
        """True where authors, title, year or place of publication were not read in full."""
        unread = self.fields.get("howpublished", "").endswith(UNREAD)
        return unread or "provisional" in self.fields.get("note", "").lower()

    @property
    def kind_of_evidence(self) -> str:
        """Kind of evidence, such as "randomised trial" or "popular text"."""
        from ldnevidence.citations.use import kind_of_evidence

        return kind_of_evidence(self.key)

    @property
    def how_read(self) -> str:
        """How much of the work was read here, page by page."""
        from ldnevidence.citations.use import how_read

        return how_read(self.key)


def _doi_url(doi: str) -> str:
    return f"https://doi.org/{doi}" if doi else ""


# -- parsed entries -------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _parsed(path: Path, stamp: int) -> dict[str, Reference]:
    return parse(path.read_text(encoding="utf-8"))


def get_bibliography(path: Path | None = None) -> dict[str, Reference]:
    """Return every work of a file by key, parsed once a process for each state of the file."""
    path = Path(path) if path else references_file()
    return _parsed(path, path.stat().st_mtime_ns)


def parse(text: str) -> dict[str, Reference]:
    """Parse BibTeX text into works by key; broken blocks are left out (see ``check_references``).

    TeX markup is decoded before names are split, and braces are kept through both steps: taken away
    earlier, "{Pain Therapeutics}" would become a person of that family name.

    >>> work = parse('@misc{a, author={M{\\\\"u}ller, Ann and {World Health Organization} and others}}')["a"]
    >>> [n.family for n in work.authors], work.more_authors
    (['Müller', 'World Health Organization'], True)
    """
    import bibtexparser
    from bibtexparser.middlewares import SeparateCoAuthors, SplitNameParts

    library = bibtexparser.parse_string(text)
    _decode(library)
    library = SplitNameParts().transform(SeparateCoAuthors().transform(library))
    raw = {e.key: e for e in raw_entries(text)}
    return {e.key: _reference(e, raw.get(e.key)) for e in library.entries}


def _decode(library: Any) -> None:
    """Turn TeX markup into plain characters, in place."""
    from bibtexparser import Library

    for entry in library.entries:
        # The decoder takes a millisecond an entry, so it is kept for the few that have markup.
        if any(mark in f.value for f in entry.fields for mark in "\\$"):
            from bibtexparser.middlewares import LatexDecodingMiddleware

            verbatim = {f.key: re.sub(r"\\([&%#_])", r"\1", f.value) for f in entry.fields}
            decoder = LatexDecodingMiddleware(keep_braced_groups=True, allow_inplace_modification=False)
            decoded = decoder.transform(Library([entry])).entries[0]
            for f in entry.fields:
                f.value = verbatim[f.key] if f.key in VERBATIM else decoded.fields_dict[f.key].value
        for f in entry.fields:
            f.key = f.key.lower()
            if f.key not in VERBATIM:
                dashed = f.value.replace("---", "—").replace("--", "–").replace("~", " ")
                f.value = " ".join(dashed.split())


def _bare(text: str) -> str:
    return text.replace("{", "").replace("}", "")


def _reference(entry: Any, raw: RawEntry | None) -> Reference:
    values = {f.key: f.value for f in entry.fields}
    names = [_name(parts) for parts in values.get("author", [])]
    listed = tuple(n for n in names if n.family.lower() != "others")
    fields = {k: _bare(v) for k, v in values.items() if isinstance(v, str)}
    if listed:
        written = [f"{n.surname}, {n.given}".rstrip(", ") for n in listed]
        fields["author"] = "; ".join([*written, "et al."] if len(listed) < len(names) else written)
    return Reference(
        key=entry.key,
        entry_type=entry.entry_type.lower(),
        fields=fields,
        authors=listed,
        more_authors=len(listed) < len(names),
        title_markup=values.get("title", ""),
        raw=raw.text if raw else "",
        line=raw.line if raw else 0,
    )


def _name(parts: Any) -> Name:
    family, given = " ".join(parts.last), " ".join(parts.first)
    corporate = family.startswith("{") and family.endswith("}") and not given
    particle, suffix = " ".join(parts.von), " ".join(parts.jr)
    return Name(_bare(family), _bare(given), _bare(particle), _bare(suffix), corporate)


def with_reason(reference: Reference, reason: str) -> Reference:
    """Return the same work with the reason why a search found it."""
    return replace(reference, reason=reason)


def default_evidence(ev: Evidence | None) -> Evidence:
    """Return the given evidence, or the one that comes with the package."""
    from ldnevidence.evidence import load

    return load() if ev is None else ev
