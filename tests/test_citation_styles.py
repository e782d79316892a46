"""References in words: a golden text for each type of entry, and properties that every entry has to have."""

from __future__ import annotations

import csv
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ldnevidence import citations
from ldnevidence.citations.bibliography import parse
from ldnevidence.citations.styles import sentence_case

WORKS = citations.references()
GOLDEN_FILE = Path(__file__).parent / "reference" / "golden_references.csv"
with GOLDEN_FILE.open(encoding="utf-8", newline="") as handle:
    GOLDEN = list(csv.DictReader(handle))


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['style']}: {row['entry']}")
def test_each_type_of_entry_reads_as_the_manual_of_the_style_has_it(row):
    assert citations.cite(row["key"], row["style"]) == row["text"]


def test_both_styles_have_a_golden_text_for_every_type_of_entry():
    types = {w.entry_type for w in WORKS}
    for style in ("vancouver", "apa"):
        assert {citations.get(r["key"]).entry_type for r in GOLDEN if r["style"] == style} == types


def test_plain_is_one_line_with_the_best_address():
    assert citations.cite("zagon1983", "plain") == (
        "Zagon and McLaughlin 1983. Naltrexone modulates tumor response in mice with neuroblastoma. Science. "
        "https://doi.org/10.1126/science.6867737"
    )


MARKS = r"[{}<>\\\ue000-\uf8ff]|--|(?<!\.)\.\.(?!\.)|[?!]\.|\s\s|,\s*,|\(\)|\bNone\b(?!-)|Retrieved"
KNOWN_FAULTS = r"^\d+\.\s?[A-Z]|\b\d{4}[A-Z][a-z]{2}\b|Publication details|Article NCT|Vol\. \d+\. \d{4};"
NO_YEAR = {"vancouver": "[date unknown]", "apa": "(n.d.)", "plain": "(no year)"}


@pytest.mark.parametrize("style", ["vancouver", "apa", "plain"])
@pytest.mark.parametrize("work", WORKS, ids=lambda w: w.key)
def test_every_reference_in_words_is_whole_and_clean(work, style):
    text = citations.cite(work, style)
    assert not re.search(MARKS, text)
    assert not re.search(KNOWN_FAULTS, text)
    without_address = re.sub(r"https?://\S+", "", text).casefold()
    assert without_address.count(work.title.casefold()) == 1
    assert (str(work.year) if work.year else NO_YEAR[style]) in text
    assert work.doi in text
    assert work.container in text
    if work.authors:
        assert text.startswith(work.authors[0].surname)
    if work.more_authors:
        assert "et al." in text
    assert ("[Retracted]" in text) == work.retracted


def test_works_without_authors_begin_with_their_title_once():
    for work in WORKS:
        if not work.authors and work.entry_type != "online":
            for style in ("vancouver", "apa"):
                text = citations.cite(work, style)
                assert text.startswith(sentence_case(work.title_markup, style == "apa"))


def test_html_links_every_identifier_and_escapes_the_rest():
    for work in WORKS:
        text = citations.cite(work, "html")
        addresses = [html.unescape(a) for a in re.findall(r'href="([^"]*)"', text)]
        expected = [
            work.doi_url,
            work.pubmed_url,
            work.pmc_url,
            work.fields.get("url", ""),
            *work.registry_urls,
        ]
        assert {a for a in expected if a} <= set(addresses), work.key
        bare = re.sub(r"</?(?:a|span)\b[^>]*>", "", text)
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;|quot;|#x27;)", bare)
        assert citations.cite(work, "vancouver") in html.unescape(bare)
    assert "Retraction notice" in citations.cite("wang2008", "html")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def test_no_link_is_put_inside_another():
    same = "https://doi.org/10.1234/PMC77"
    text = (
        f"@article{{x, title={{T}}, journal={{J}}, doi={{10.1234/PMC77}}, pmcid={{PMC77}}, url={{{same}}}}}"
    )
    tags = Tags()
    tags.feed(citations.cite(parse(text)["x"], "html"))
    assert [tag for tag, _ in tags.seen].count("a") == 2
    assert all(attributes in (("href", "rel"), ("class", "id")) for _, attributes in tags.seen)


@pytest.mark.parametrize("address", ['https://a.b/"onclick="x', "javascript:alert(1)", "https://a.b/<b>"])
def test_hostile_text_in_an_entry_cannot_leave_the_html(address):
    text = "@misc{x, title={A <script>alert(1)</script> & more}, url={" + address + "}}"
    tags = Tags()
    tags.feed(citations.cite(parse(text)["x"], "html"))
    allowed = {("span", ("class", "id")), ("a", ("href", "rel"))}
    assert set(tags.seen) <= allowed - ({("a", ("href", "rel"))} if address.startswith("java") else set())


@pytest.mark.parametrize(
    ("markup", "sentence"),
    [
        ("On {Hailey-Hailey} Disease With Pain", "On Hailey-Hailey disease with pain"),
        ("A Phase {III} Trial: The {INNOVA} Study", "A phase III trial: The INNOVA study"),
        ("Is It So? A Review", "Is it so? A review"),
        ("Apparent {pA2} Analysis of pA2 and mRNA", "Apparent pA2 analysis of pA2 and mRNA"),
        ("Reversal in a B-Cell Lymphoma", "Reversal in a B-cell lymphoma"),
        ("", ""),
    ],
)
def test_titles_become_sentences_and_protected_capitals_stay(markup, sentence):
    assert sentence_case(markup) == sentence


def test_an_unknown_style_is_refused_with_the_list_of_styles():
    with pytest.raises(ValueError, match="vancouver, apa, plain, bibtex, ris, csl-json, html"):
        citations.cite("younger2013", "harvard")
