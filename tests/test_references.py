"""references.bib as a file: it parses, and every entry is written as the field writes them."""

from __future__ import annotations

import re

import bibtexparser
import pytest

import ldnevidence as ldn
from ldnevidence import paths

LIBRARY = bibtexparser.parse_file(str(paths.references_file()), encoding="utf-8")
ENTRIES = {entry.key: {f.key: f.value for f in entry.fields} for entry in LIBRARY.entries}
EV = ldn.load()


def names(authors: str) -> list[str]:
    """Split at the ``and`` that stands outside braces."""
    flat = re.sub(r"\{[^{}]*\}", lambda m: m.group().replace(" and ", " & "), authors)
    return [n.strip() for n in flat.split(" and ")]


def test_no_block_of_the_file_fails_to_parse():
    assert LIBRARY.failed_blocks == []
    assert len(ENTRIES) == len(LIBRARY.entries) > 200


def test_keys_stand_once_and_in_order():
    keys = [entry.key for entry in LIBRARY.entries]
    assert keys == sorted(set(keys))


def test_every_study_review_and_popular_text_has_its_entry():
    wanted = {
        *EV.studies["study_id"],
        *EV.reviews["study_id"],
        *EV.claims["document"],
        *EV.sources["cite_key"],
    }
    assert wanted <= set(ENTRIES)


def test_every_work_behind_a_mechanism_or_claim_has_its_entry():
    wanted = {*EV.mechanism_evidence["cite_key"], *EV.claim_evidence["cite_key"]}
    assert wanted <= set(ENTRIES)


@pytest.mark.parametrize("field", ["author", "editor"])
def test_names_are_written_last_comma_first(field):
    for key, entry in ENTRIES.items():
        for name in names(entry.get(field, "")):
            whole = name.startswith("{") and name.endswith("}")  # an organisation
            surname_alone = " " not in name  # only the surname was read
            form = r"[^,]+, (Jr\.?, |Sr\.?, |I{2,3}, )?[^,]+"
            assert not name or name == "others" or whole or surname_alone or re.fullmatch(form, name), (
                f"{key}: {name}"
            )


def test_identifiers_stand_without_prefixes():
    forms = {
        "doi": r"10\.\d{4,9}/\S+",
        "pmid": r"\d{5,9}",
        "pmcid": r"PMC\d{5,9}",
        "retractiondoi": r"10\.\d{4,9}/\S+",
    }
    for key, entry in ENTRIES.items():
        for field, form in forms.items():
            assert field not in entry or re.fullmatch(form, entry[field]), f"{key}: {field} {entry[field]}"


def test_no_doi_or_pmid_stands_for_two_works():
    for field in ("doi", "pmid"):
        values = [e[field].lower() for e in ENTRIES.values() if field in e]
        assert len(values) == len(set(values)), sorted(v for v in values if values.count(v) > 1)


def test_years_are_four_digits():
    for key, entry in ENTRIES.items():
        assert "year" not in entry or re.fullmatch(r"(19|20)\d\d", entry["year"]), key


def test_every_entry_has_a_title_and_an_article_its_journal():
    kinds = {entry.key: entry.entry_type for entry in LIBRARY.entries}
    for key, entry in ENTRIES.items():
        assert entry.get("title"), key
        if kinds[key] == "article":
            assert entry.get("journal"), key


def test_capitals_of_names_and_abbreviations_are_protected():
    loose = re.compile(r"(?<![{\w])(Crohn|LDN|COVID|HIV|Parkinson|Hailey|Sjogren|Sjögren)\b")
    for key, entry in ENTRIES.items():
        outside = re.sub(r"\{[^{}]*\}", "", entry["title"])
        assert not loose.search(outside), f"{key}: {entry['title']}"


def test_retracted_papers_are_marked_with_their_notice():
    retracted = {k for k, e in ENTRIES.items() if e.get("retracted") == "true"}
    named = {k for row in EV.mechanisms["retracted_keys"].dropna() for k in row.split("; ")}
    assert retracted == named and len(retracted) >= 2
    for key in retracted:
        assert ENTRIES[key]["note"].startswith("Retracted") and ENTRIES[key]["retractiondoi"]
    notices = EV.sources.loc[EV.sources["kind"] == "retraction notice", "cite_key"]
    assert set(notices) <= retracted


def test_an_entry_without_authors_or_year_says_that_it_is_provisional():
    kinds = {entry.key: entry.entry_type for entry in LIBRARY.entries}
    for key, entry in ENTRIES.items():
        if kinds[key] == "article" and ("author" not in entry or "year" not in entry):
            assert "rovisional" in entry.get("note", ""), key


def test_a_study_with_a_year_has_the_year_of_its_entry():
    for row in EV.studies.dropna(subset="year").itertuples():
        year = ENTRIES[row.study_id].get("year")
        assert year is None or int(year) == row.year, row.study_id


def test_registry_numbers_of_studies_stand_in_their_entries():
    for row in EV.studies.dropna(subset="registry").itertuples():
        assert (
            "registry" not in ENTRIES[row.study_id]
            or row.registry.split("; ")[0] in ENTRIES[row.study_id]["registry"]
        )
