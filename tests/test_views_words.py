"""What views say to a reader: names instead of keys, whole sentences, words that fit a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pandas as pd
import pytest

import ldnevidence as ldn
from ldnevidence import views
from ldnevidence.claims import work_labels
from ldnevidence.views import parts
from ldnevidence.views.base import View
from ldnevidence.views.claims import grouped, rows
from ldnevidence.views.icon_array import countable

EV = ldn.load()
SELECTIONS = (
    {},
    {"condition": "fibromyalgia"},
    {"condition": "crohns-disease", "dose_band": "low"},
    {"condition": "multiple-sclerosis"},
    {"condition": "orofacial-pain"},  # one study
    {"condition": "autism", "low_dose": None},  # high doses only
)
NAMES = [name for name in views.__all__ if name not in ("View", "icon_array", "icon_array_for")]
KEYS = {key for key in work_labels(EV) if re.search(r"\d|_", key)}
NARROW = 62  # letters of the smallest size that a line has room for at 390 pixels
PLURALS = (
    "studies|comparisons|people|claims|reviews|schedules|events|trials|shares|lines|works|conditions|persons"
)


@cache
def view_of(name: str, number: int) -> View:
    ev = EV.select(**SELECTIONS[number])
    if name == "forest within":
        return views.forest(ev, kind="within")
    if name == "claims by topic":
        return views.claims(ev, by="topic")
    if name == "icon_array_for":
        table = countable(ev)
        return views.icon_array_for(
            ev, table["outcome_id"].iloc[0] if len(table) else EV.outcomes["outcome_id"][0]
        )
    return getattr(views, name)(ev)


EVERY = [(name, i) for name in [*NAMES, "forest within", "claims by topic"] for i in range(len(SELECTIONS))]


def drawn_words(view: View) -> Iterator[str]:
    """Yield each text that stands in the figure or comes up when a mark is pointed at."""
    for note in view.figure.layout.annotations:
        yield note.text
    for trace in view.figure.data:
        yield trace.name or ""
        for words in (trace.text, trace.hovertext):
            yield from (
                [words] if isinstance(words, str) else [str(w) for w in words] if words is not None else []
            )


def all_words(view: View) -> list[str]:
    return [view.title, view.sentence, *view.notes, *drawn_words(view)]


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_no_reader_meets_the_key_of_a_work(name, number):
    for text in all_words(view_of(name, number)):
        met = set(re.findall(r"[a-z][a-z0-9_]+", text)) & KEYS
        assert not met, f"{met} in {text!r}"


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_nothing_empty_is_printed_as_a_word(name, number):
    for text in all_words(view_of(name, number)):
        assert not re.search(r"\bnan\b|<NA>|\bNaT\b|\bNone($|[<,;)])", text), text


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_sentences_and_notes_are_whole_and_count_in_english(name, number):
    view = view_of(name, number)
    assert view.sentence[0].isupper() or view.sentence[0].isdigit()
    assert view.sentence.endswith(".")
    for text in (view.sentence, *view.notes):
        assert "  " not in text and " ," not in text and ".." not in text, text
        assert not re.search(rf"\b1 ({PLURALS})\b", text), text


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_lines_of_labels_fit_a_narrow_screen(name, number):
    for note in view_of(name, number).figure.layout.annotations:
        if note.xref == "paper" and not note.textangle:
            for line in note.text.split("<br>"):
                assert len(re.sub(r"<[^>]*>", "", line)) <= NARROW, line


def test_rows_stand_under_one_another_with_their_words_above_their_marks():
    lines = parts.Rows(start=7)
    lines.head("A group")
    places = [lines.add(label, marks) for label, marks in (("a", 1), ("a<br>b", 2), ("a<br>b<br>c", 1))]
    flat = [y for row in places for y in row]
    assert flat == sorted(flat) and flat[-1] < lines.end
    for (y, text, _), row in zip(lines.labels[1:], places, strict=True):
        half = lines.LINE * (text.count("<br>") + 1) / 2
        assert y + half <= row[0] - lines.MARK / 2, "words end where the room of the first mark begins"
    figure = lines.figure(entries=1)
    top, bottom = figure.layout.yaxis.range[1], figure.layout.yaxis.range[0]
    assert bottom == lines.end and top <= 0, "y counts downwards, and every row is inside"


@pytest.mark.parametrize("by", ["text", "topic"])
def test_groups_of_claims_hold_every_claim_once_and_count_their_verdicts(by):
    table = rows(EV)
    groups = grouped(table, by)
    assert sorted(c for _, _, part in groups for c in part["claim_id"]) == sorted(table["claim_id"])
    assert [len(part) for _, _, part in groups] == sorted((len(p) for _, _, p in groups), reverse=True)
    for name, words, part in groups:
        assert set(part[by]) == {name}
        counted = dict(re.findall(r"(\d+) ([^,]+)", words)[i][::-1] for i in range(part["verdict"].nunique()))
        assert {v: int(n) for v, n in counted.items()} == part["verdict"].value_counts().to_dict()


def test_claims_cannot_be_grouped_by_anything_else():
    with pytest.raises(ValueError, match="grouping"):
        views.claims(EV, by="author")


@pytest.mark.parametrize("name", ["discrepancies", "audit_findings"])
def test_each_row_leads_to_the_pages_on_which_it_can_be_seen(name):
    table = getattr(views, name)(EV).table
    column = "source_ids" if "source_ids" in table else "source_id"
    addresses = EV.sources.set_index("source_id")["canonical_url"].dropna().to_dict()
    for row in table.itertuples():
        keys = [k for k in str(getattr(row, column)).split("; ") if k in addresses]
        assert [address for key in keys if (address := addresses[key]) not in row.pages] == []
        assert row.pages or not keys
    assert (table["pages"] != "").mean() > 0.9


def test_each_study_is_named_on_the_dose_axis():
    view = views.dose_axis(EV)
    names = [text.strip("\u2002") for t in view.figure.data if t.mode == "text" for text in t.text]
    assert len(names) == len(view.table)
    assert all(any(study.startswith(name.rstrip("…")) for study in view.table["study"]) for name in names)


def test_the_days_on_which_doses_are_reached_stand_in_the_picture():
    view = views.titrations(EV)
    told = {(t.name, text) for t in view.figure.data if t.yaxis == "y2" for text in t.text}
    stepped = view.table[view.table["shown_as"] == "steps"]
    wanted = set()
    for row in stepped.itertuples():
        for mg, day in ((1, row.day_1_mg), (3, row.day_3_mg), (4.5, row.day_4_5_mg)):
            if pd.notna(day):
                wanted.add((row.name, f"{mg:g} mg<br>day {day}"))
    assert told == wanted and told


def test_harms_are_told_as_counts_and_nobody_with_its_limit():
    view = views.safety(EV)
    words = " ".join(a.text for a in view.figure.layout.annotations)
    for row in view.table.itertuples():
        if row.shown_as == "share with interval":
            assert f"{row.events}/{row.n}" in words
        if row.shown_as == "nobody: up to the limit":
            assert f"0/{row.n} (at most {row.high:.0f}%)" in words
