"""References in words: Vancouver, APA 7, one plain line, and HTML with links.

Vancouver and APA are written by citeproc-py from the two style files in ``csl``. Over the whole
collection it was right but for a few kinds of entries; what is mended, and why, stands beside the code.
"""

from __future__ import annotations

import html
import re
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

from ldnevidence.citations.bibliography import Reference
from ldnevidence.citations.formats import csl_item
from ldnevidence.citations.registers import registry_url

CSL_FOLDER = Path(__file__).resolve().parent / "csl"
CSL_FILES = {"vancouver": "nlm-citation-sequence.csl", "apa": "apa.csl"}
RETRACTED = " [Retracted]"
# Tokens that stand in for what the processor cannot write; private characters, so that no text holds them.
_NOBODY, _OTHERS = "\ue000", "\ue001"
_SENTENCE = re.compile(r"(?:^|[.?!]\s+)[\"'(\[]*$")
_SUBTITLE = re.compile(r"(?::|\s[-–])\s+[\"'(\[]*$")


def sentence_case(markup: str, capital_subtitle: bool = True) -> str:
    """Return a title as a sentence: capitals stay at the start, in braces, and in words such as "pA2".

    Parameters
    ----------
    markup : str
        Title with the braces of BibTeX around what keeps its capitals.
    capital_subtitle : bool
        Whether a subtitle begins with a capital (APA) or not (Vancouver).

    Examples
    --------
    >>> sentence_case("Treatment of {Hailey-Hailey} Disease: a Case Series")
    'Treatment of Hailey-Hailey disease: A case series'
    """
    out, depth = "", 0
    for part in re.split(r"([{}]|\s+|[-–/(])", markup):
        if part in ("{", "}"):
            depth += 1 if part == "{" else -1
            continue
        titled = part[:1].isupper() and part[1:] == part[1:].lower()  # "Treatment", but not "LDN" or "pA2"
        if depth or _SENTENCE.search(out):
            out += part
        elif _SUBTITLE.search(out) and capital_subtitle:
            out += part[:1].upper() + part[1:] if part == part.lower() else part
        else:
            letter = len(part) == 1 and part != "A"  # "phase I", "B-cell"
            out += part.lower() if titled and not letter else part
    return out


def _item(work: Reference, style: str) -> dict[str, Any]:
    """Return the CSL item that makes the processor write the work correctly in a style."""
    item = csl_item(work)
    item.pop("note", None)
    if style == "vancouver":
        item.pop("number", None)
        item.setdefault("issued", {"literal": "[date unknown]"})
    # Both styles write titles as sentences; CSL styles expect them so and leave them as they come.
    title = sentence_case(work.title_markup, capital_subtitle=style == "apa")
    item["title"] = title + (RETRACTED if work.retracted else "")
    for name in item.get("author", []):  # this keeps "van der Woude" together and in its place
        if particle := name.pop("non-dropping-particle", ""):
            name["family"] = f"{particle} {name['family']}"
        if style == "vancouver" and "suffix" in name:  # "Guttuso T Jr", without a full stop
            name["suffix"] = name["suffix"].rstrip(".")
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
        text = " ".join(str(processor.bibliography()[0]).split())
    return re.sub(r"([?!])\.", r"\1", text)  # a question needs no full stop behind it


@lru_cache(maxsize=2048)
def _styled(work: Reference, style: str) -> str:
    text = _processed(_item(work, style), style)
    if style == "vancouver":
        text = re.sub(r"^1\.\s*", "", text)  # the number in a list of one
        text = re.sub(r" Vol\. \S+(?= \d{4};)", "", text)  # printed twice where the journal was not read
        return re.sub(rf"{_OTHERS}\.?", "et al.", text)
    text = re.sub(r"\bRetrieved (?=http)", "", text)  # APA has the word only with a date after it
    text = re.sub(rf",?\s*&?\s*{_OTHERS}\.?", ", et al.", text)
    return _title_first(text, _item(work, style)["title"]) if _NOBODY in text else text


def _title_first(text: str, title: str) -> str:
    """Turn "@. (2025). Title [Kind]. Journal." into "Title [Kind]. (2025). Journal."."""
    head = rf"{re.escape(title)}(?: \(No\. [^)]*\))?(?: \[[^\]]*\])?"
    parts = re.match(rf"{_NOBODY}\.? (\([^)]*\)\.) ({head})\.? ?(.*)$", text)
    if parts is None:
        raise ValueError(f"a reference without an author has an unforeseen form: {text!r}")
    date, first, rest = parts.groups()
    return f"{first}{'' if first[-1] in '.?!' else '.'} {date} {rest}".strip()


def vancouver(work: Reference) -> str:
    """Return a work in the Vancouver style of the US National Library of Medicine, without a number."""
    return _styled(work, "vancouver")


def apa(work: Reference) -> str:
    """Return a work in the style of the American Psychological Association, 7th edition."""
    return _styled(work, "apa")


def plain(work: Reference) -> str:
    """Return a work in one short line: who, when, what, where, address."""
    title = work.title + (RETRACTED if work.retracted else "")
    nobody = not work.authors and not work.publisher
    parts = [f"{title} ({work.year or 'no year'})"] if nobody else [work.label, title]
    parts += [work.container or work.medium or work.publisher]
    line = " ".join(p if p[-1] in ".?!" else f"{p}." for p in dict.fromkeys(filter(None, parts)))
    return f"{line} {work.url}".rstrip()


def to_html(work: Reference) -> str:
    """Return a work in Vancouver style as a line of HTML whose identifiers are links."""
    own = work.fields.get("url", "")
    shown = {f"doi:{work.doi}": work.doi_url, f"PubMed PMID: {work.pmid}": work.pubmed_url}
    shown |= {work.pmcid: work.pmc_url, own: own}
    shown = {html.escape(words, quote=False): address for words, address in shown.items() if address}
    text = html.escape(vancouver(work), quote=False)
    if shown:  # in one go, so that no link is put inside another
        either = "|".join(re.escape(words) for words in sorted(shown, key=len, reverse=True))
        text = re.sub(either, lambda match: _link(match.group(), shown[match.group()]), text)
    if registers := [_link(html.escape(n), registry_url(n)) for n in work.registry_numbers]:
        text += f" Registered: {', '.join(registers)}."
    if work.retracted and (notice := work.fields.get("retractiondoi")):
        text += " " + _link("Retraction notice", f"https://doi.org/{notice}")
    if own and html.escape(own, quote=False) not in text:
        text += " " + _link("Page", own)
    return f'<span class="reference" id="ref-{html.escape(work.key)}">{text}</span>'


def _link(words: str, address: str) -> str:
    """Return words as a link, or as they are where there is no address of a page."""
    if not address.startswith(("https://", "http://")):
        return words
    return f'<a href="{html.escape(address)}" rel="noopener">{words}</a>'
