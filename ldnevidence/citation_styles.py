"""References in words: Vancouver, APA 7, one plain line, and HTML with links.

Vancouver and APA are written by citeproc-py from the two style files in ``csl``. Read over the whole
collection its output was right but for a few kinds of entries; what is mended, and why, stands beside the code.
"""

from __future__ import annotations

import html
import re
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

from ldnevidence.bibliography import Reference
from ldnevidence.citation_formats import csl_item

CSL_FOLDER = Path(__file__).resolve().parent / "csl"
CSL_FILES = {"vancouver": "nlm-citation-sequence.csl", "apa": "apa.csl"}
RETRACTED = " [Retracted]"
# Tokens that stand in for what the processor cannot write; private characters, so that no text holds them.
_NOBODY, _OTHERS = "\ue000", "\ue001"
_SENTENCE_START = re.compile(r"(?:^|[:.?!]\s+|–\s+|\s-\s+)[\"'(\[]*$")


def sentence_case(markup: str) -> str:
    """Return a title as a sentence: capitals stay at the start, in braces, and in words such as "pA2".

    Parameters
    ----------
    markup : str
        Title with the braces of BibTeX around what keeps its capitals.

    Examples
    --------
    >>> sentence_case("Treatment of {Hailey-Hailey} Disease: A Case Series")
    'Treatment of Hailey-Hailey disease: A case series'
    """
    out, depth = "", 0
    for part in re.split(r"([{}]|\s+|[-–/(])", markup):
        if part in ("{", "}"):
            depth += 1 if part == "{" else -1
        elif depth or _SENTENCE_START.search(out) or not part[:1].isupper() or part[1:] != part[1:].lower():
            out += part
        else:
            out += part.lower()
    return out


def _item(work: Reference, style: str) -> dict[str, Any]:
    """Return the CSL item that makes the processor write the work correctly in a style."""
    item = csl_item(work)
    item.pop("note", None)
    if style == "vancouver":
        item.pop("number", None)
        item.setdefault("issued", {"literal": "[date unknown]"})
    # Both styles write titles as sentences; CSL styles expect them so and leave them as they come.
    item["title"] = sentence_case(work.title_markup) + (RETRACTED if work.retracted else "")
    for name in item.get("author", []):  # this keeps "van der Woude" together and in its place
        if particle := name.pop("non-dropping-particle", ""):
            name["family"] = f"{particle} {name['family']}"
    if work.more_authors:
        item["author"] = [*item["author"], {"literal": _OTHERS}]
    if not work.authors and item["type"] == "webpage":
        item["author"] = [{"literal": item.pop("publisher")}] if "publisher" in item else []
    if style == "apa" and not item.get("author"):
        item["author"] = [{"literal": _NOBODY}]  # without an author the processor prints the title twice
    if "container-title" in item:  # it would write "Istituto Superiore Di Sanita"
        item["container-title"] = f'<span class="nocase">{item["container-title"]}</span>'
    return item


@lru_cache(maxsize=2)
def _processor(style: str) -> Any:
    from citeproc import CitationStylesStyle

    return CitationStylesStyle(str(CSL_FOLDER / CSL_FILES[style]), validate=False)


def _processed(item: dict[str, Any], style: str) -> str:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it names every field of an item that a style does not use
        processor = CitationStylesBibliography(_processor(style), CiteProcJSON([item]), formatter.plain)
        processor.register(Citation([CitationItem(item["id"])]))
        return " ".join(str(processor.bibliography()[0]).split())


@lru_cache(maxsize=2048)
def _styled(work: Reference, style: str) -> str:
    text = _processed(_item(work, style), style)
    if style == "vancouver":
        text = re.sub(r"^1\.\s*", "", text)  # the number in a list of one
        text = re.sub(rf"{_OTHERS}\.?", "et al.", text)
        return text
    text = re.sub(rf",?\s*&?\s*{_OTHERS}\.?", ", et al.", text)
    if _NOBODY in text:  # "@. (2025). Title. Journal." becomes "Title. (2025). Journal."
        title = _item(work, style)["title"]
        rest = re.sub(rf"^{_NOBODY}\.?\s*", "", text)
        date, _, tail = rest.partition(" ")
        named = re.match(rf"{re.escape(title)}(\s\[[^\]]*\])?", tail)
        head = named.group() if named else title
        tail = tail[len(head) :].lstrip(". ") if named else tail
        text = f"{head}{'' if head[-1] in '.?!' else '.'} {date} {tail}".strip()
    return text


def vancouver(work: Reference) -> str:
    """Return a work in the Vancouver style of the US National Library of Medicine, without a number."""
    return _styled(work, "vancouver")


def apa(work: Reference) -> str:
    """Return a work in the style of the American Psychological Association, 7th edition."""
    return _styled(work, "apa")


def plain(work: Reference) -> str:
    """Return a work in one short line: who, when, what, where, address."""
    mark = RETRACTED if work.retracted else ""
    title = work.title + mark
    parts = [work.label, title, work.container or work.medium or work.publisher]
    line = ". ".join(p.rstrip(".") for p in dict.fromkeys(filter(None, parts)))
    return f"{line}. {work.url}".rstrip()


def to_html(work: Reference) -> str:
    """Return a work in Vancouver style as a line of HTML whose identifiers are links."""
    text = html.escape(vancouver(work), quote=False)

    def link(words: str, address: str) -> str:
        return f'<a href="{html.escape(address)}" rel="noopener">{words}</a>'

    for words, address in (
        (f"doi:{html.escape(work.doi, quote=False)}" if work.doi else "", work.doi_url),
        (f"PubMed PMID: {work.pmid}" if work.pmid else "", work.pubmed_url),
        (work.pmcid, work.pmc_url),
    ):
        if words:
            text = text.replace(words, link(words, address), 1)
    numbers = zip(work.registry_numbers, map(_registry_url, work.registry_numbers), strict=True)
    registers = [link(html.escape(n), address) if address else html.escape(n) for n, address in numbers]
    if registers:
        text += f" Registered: {', '.join(registers)}."
    if own := work.fields.get("url", ""):
        shown = html.escape(own, quote=False)
        text = text.replace(shown, link(shown, own)) if shown in text else f"{text} {link('Page', own)}"
    return f'<span class="reference" id="ref-{html.escape(work.key)}">{text}</span>'


def _registry_url(number: str) -> str:
    from ldnevidence.bibliography import registry_url

    return registry_url(number)
