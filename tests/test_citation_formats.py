"""Exports for other programs come back as what they were."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnevidence import citations
from ldnevidence.citations.bibliography import parse
from ldnevidence.citations.bibtex_text import raw_bibliography, raw_entries
from ldnevidence.paths import references_file

WORKS = citations.references()
KEYS = [w.key for w in WORKS]
RIS_TYPES = {"JOUR", "BOOK", "CHAP", "CPAPER", "RPRT", "ELEC", "GEN", "UNPB"}


def test_exported_bibtex_parses_to_the_same_entries():
    again = parse(citations.export(KEYS, "bibtex"))
    assert list(again.values()) == list(WORKS)


@pytest.mark.parametrize("work", WORKS, ids=lambda w: w.key)
def test_a_single_exported_entry_parses_to_the_same_entry(work):
    assert parse(citations.cite(work, "bibtex")) == {work.key: work}


def test_the_raw_text_of_all_entries_is_the_file_itself():
    text = references_file().read_text(encoding="utf-8")
    parts = [e.text for e in raw_entries(text)]
    rest = text
    for part in parts:
        assert part in rest
        rest = rest.replace(part, "", 1)
    assert re.sub(r"^%.*$", "", rest, flags=re.MULTILINE).strip() == ""  # comments alone are left
    assert citations.entries_text(KEYS) == citations.export(KEYS, "bibtex")


def test_raw_entries_and_the_parser_see_the_same_works():
    assert list(raw_bibliography()) == KEYS


def test_entries_come_in_the_order_asked_for_and_once():
    text = citations.entries_text(["younger2013", "bruun2021", "younger2013"])
    assert re.findall(r"^@article\{(\w+),", text, re.MULTILINE) == ["younger2013", "bruun2021"]
    assert citations.entries_text([]) == ""


def test_an_unknown_key_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="younger2013"):
        citations.entries_text(["youngr2013"])


def test_ris_is_well_formed_and_carries_what_the_entry_has():
    for work in WORKS:
        lines = citations.cite(work, "ris").splitlines()
        assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines)
        tags: dict[str, list[str]] = {}
        for line in lines:
            tags.setdefault(line[:2], []).append(line[6:])
        assert lines[0][:2] == "TY"
        assert lines[-1] == "ER  - "
        assert tags["TY"][0] in RIS_TYPES
        assert tags["TI"] == [work.title]
        assert len(tags.get("AU", [])) == len(work.authors)
        assert tags.get("DO", [""]) == [work.doi]
        assert tags.get("PY", [""]) == [str(work.year or "")]
        assert tags.get("T2", [""]) == [work.container]
        pages = "–".join(filter(None, (*tags.get("SP", []), *tags.get("EP", []))))
        assert pages == work.fields.get("pages", "")


def test_ris_of_several_works_ends_each_record():
    text = citations.export(["younger2009", "younger2013"], "ris")
    assert text.count("TY  - ") == text.count("ER  - ") == 2


def test_csl_json_is_a_list_of_items_with_the_fields_of_the_entries():
    items = json.loads(citations.export(KEYS, "csl-json"))
    assert [item["id"] for item in items] == KEYS
    for item, work in zip(items, WORKS, strict=True):
        assert item["title"] == work.title
        assert "{" not in item["title"]
        assert item.get("DOI", "") == work.doi
        assert [n.get("literal") or n["family"] for n in item.get("author", [])] == [
            n.family if n.given or n.corporate else n.surname for n in work.authors
        ]
        year = item.get("issued", {"date-parts": [[None]]})["date-parts"][0][0]
        assert year == work.year


def test_a_body_is_one_literal_name_in_csl_json():
    item = json.loads(citations.cite("worksafebc2022", "csl-json"))[0]
    assert item["author"][0] == {"literal": "WorkSafeBC Evidence-Based Practice Group"}
    assert item["author"][1] == {"family": "Martin", "given": "C. W."}


def test_tex_markup_is_decoded_before_names_are_split():
    text = (
        r"@article{a, author={M{\"u}ller, Ann and de la Cruz, Jos{\'e} and {World Health Organization}"
        r" and others}, title={50\% of {TNF} \& more}, journal={J}, year=2020, pages={1--2},"
        r" doi={10.1234/a_b}, month=may}"
    )
    work = parse(text)["a"]
    assert [n.surname for n in work.authors] == ["Müller", "de la Cruz", "World Health Organization"]
    assert work.more_authors
    assert work.title == "50% of TNF & more"
    assert (work.fields["pages"], work.doi, work.year) == ("1–2", "10.1234/a_b", 2020)


@given(st.text(max_size=300))
def test_no_text_breaks_the_cutting_of_entries(text):
    assert all(e.text in text for e in raw_entries(text))
