"""The integrity check names every planted fault with rule and line, and is silent on the file as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ldnevidence import citations, paths
from ldnevidence.evidence import Evidence
from ldnevidence.schema import Fault

GOOD = """@article{good2020,
  author = {Good, Ann},
  title = {A title of some length that no other entry has},
  journal = {Journal},
  year = {2020},
  doi = {10.1234/abc},
  pmid = {123456},
  pmcid = {PMC1234}
}
"""


def check(tmp_path: Path, text: str, tables=None) -> list[Fault]:
    path = tmp_path / "references.bib"
    path.write_text(text, encoding="utf-8")
    return citations.check_references(path, tables)


def test_the_references_of_this_project_have_no_fault(ev: Evidence):
    faults = citations.check_references(paths.references_file(), ev.tables)
    assert [str(f) for f in faults] == []


def test_a_good_entry_has_no_fault(tmp_path):
    assert check(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "column", "line"),
    [
        ("  author = {Good, Ann},\n", "", "bib-required", "author", 1),
        ("  journal = {Journal},\n", "", "bib-required", "journal", 1),
        ("  year = {2020},\n", "", "bib-required", "year", 1),
        ("{2020}", "{20 20}", "bib-form", "year", 5),
        ("{10.1234/abc}", "{https://doi.org/10.1234/abc}", "bib-form", "doi", 6),
        ("{10.1234/abc}", "{10.12/abc}", "bib-form", "doi", 6),
        ("{123456}", "{PMID 123456}", "bib-form", "pmid", 7),
        ("{PMC1234}", "{1234}", "bib-form", "pmcid", 8),
        ("good2020", "Good-2020", "bib-key", "", 1),
        ("@article", "@artcle", "bib-required", "", 1),
        ("  year = {2020},", "  year = {2020},\n  retracted = {true},", "bib-retraction", "retracted", 6),
        (
            "  year = {2020},",
            "  year = {2020},\n  note = {Retracted in 2021},",
            "bib-retraction",
            "retracted",
            1,
        ),
        ("  year = {2020},", "  year = {2020},\n  registry = {NCT123},", "bib-form", "registry", 6),
        ("  year = {2020},", "  year = {2020},\n  year = {2021},", "bib-block", "year", 1),
    ],
)
def test_a_planted_fault_is_found_with_its_line(tmp_path, old, new, rule, column, line):
    assert old in GOOD
    faults = check(tmp_path, GOOD.replace(old, new))
    assert (rule, column, line) in [(f.rule, f.column, f.row) for f in faults]


@pytest.mark.parametrize("field", ["author", "year", "journal"])
def test_a_provisional_entry_may_lack_what_was_not_read(tmp_path, field):
    lines = [row for row in GOOD.splitlines() if not row.strip().startswith(field)]
    lines.insert(1, "  note = {Provisional entry: not all was read},")
    assert check(tmp_path, "\n".join(lines)) == []


def test_the_same_doi_twice_is_found_whatever_its_case(tmp_path):
    other = "@misc{other, title={Else}, howpublished={x}, doi={10.1234/ABC}}\n"
    faults = check(tmp_path, GOOD + other)
    assert [(f.rule, f.column) for f in faults] == [("bib-duplicate", "doi")]


def test_nearly_the_same_title_in_one_year_is_found(tmp_path):
    twin = GOOD.replace("good2020", "twin2020").replace("some length", "some lenght")
    twin = "".join(row for row in twin.splitlines(True) if "pm" not in row and "doi" not in row)
    faults = check(tmp_path, GOOD + "\n" + twin)
    assert [f.rule for f in faults] == ["bib-duplicate"]
    assert "twin2020 and good2020" in faults[0].message
    assert check(tmp_path, GOOD + "\n" + twin.replace("2020}", "2014}")) == []  # an update is another work


def test_a_key_that_stands_twice_is_found(tmp_path):
    faults = check(tmp_path, GOOD + "\n" + GOOD)
    assert ("bib-block", "good2020", 11) in [(f.rule, f.value, f.row) for f in faults]


def test_a_brace_that_does_not_close_is_found_and_the_entries_after_it_too(tmp_path):
    broken = GOOD.replace("{Good, Ann}", "{Good, Ann")
    faults = check(tmp_path, broken + "\n" + GOOD.replace("good2020", "next2020"))
    assert any(f.rule == "bib-block" and f.row == 1 for f in faults)


def test_entries_that_nothing_uses_are_found_and_tables_count_as_use(tmp_path):
    rows = {"studies": [{"study_id": "x", "related": "other; good2020"}]}
    assert check(tmp_path, GOOD, rows) == []
    faults = check(tmp_path, GOOD, {"studies": [{"study_id": "x"}]})
    assert [(f.rule, f.value, f.row) for f in faults] == [("bib-unused", "good2020", 1)]


def test_a_notebook_beside_the_file_counts_as_use(tmp_path):
    (tmp_path / "notebooks").mkdir()
    cell = '{"cells": [{"cell_type": "code", "source": ["ldn.cite(\\"good2020\\")"]}]}'
    (tmp_path / "notebooks" / "lesson.ipynb").write_text(cell, encoding="utf-8")
    assert check(tmp_path, GOOD, {}) == []


def test_a_missing_file_and_a_wrong_encoding_are_faults_and_no_traceback(tmp_path):
    assert citations.check_references(tmp_path / "none.bib")[0].rule == "bib-present"
    path = tmp_path / "latin.bib"
    path.write_bytes(GOOD.replace("Good, Ann", "Göd, Ann").encode("latin-1"))
    assert [(f.rule, f.row) for f in citations.check_references(path)] == [("encoding", 2)]


def test_line_ends_of_windows_make_no_difference(tmp_path):
    path = tmp_path / "references.bib"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert citations.check_references(path) == []
