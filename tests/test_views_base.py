"""What all views share: rows that are worked out once, and the house style of figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ldnevidence as ldn
from ldnevidence.app.show import cell_text
from ldnevidence.views import base, comparisons
from ldnevidence.views.dose_axis import doses
from ldnevidence.views.icon_array import countable
from ldnevidence.views.response_rates import rates
from ldnevidence.views.safeguards import cells, marks

SELECTIONS = [
    {},
    {"condition": "crohns-disease"},
    {"condition": "ibd", "dose_band": "low"},
    {"condition": "fibromyalgia", "dose_band": "low", "dose_match": "main"},
    {"design": "randomized-crossover"},
    {"randomized": True, "domain": "response"},
    {"low_dose": None, "domain": "tolerability"},
]
ROWS = {
    "between": (comparisons._compared, "between"), "within": (comparisons._compared, "within"),
    "doses": (doses, "marcus2024"), "rates": (rates,), "safeguards": (cells,), "marks": (marks,),
    "countable": (countable,),
}  # fmt: skip


def as_text(table):
    return [tuple(map(cell_text, row)) for row in table.itertuples(index=False)]


@pytest.mark.parametrize("choice", SELECTIONS, ids=str)
@pytest.mark.parametrize("name", ROWS)
def test_a_selection_gets_the_rows_that_it_alone_would_give(name, choice):
    ev = ldn.load().select(**choice)
    rows, *options = ROWS[name]
    kept = rows(ev, *options)
    assert as_text(kept) == as_text(rows.__wrapped__(ev, *options))
    assert list(kept.index) == list(range(len(kept)))


def test_what_is_done_to_the_rows_of_one_reader_does_not_reach_the_next():
    ev = ldn.load().select(condition="crohns-disease")
    first = rates(ev)
    before = as_text(first)
    first["study"] = "changed"
    assert as_text(rates(ev)) == before


def test_an_option_of_a_figure_replaces_that_part_of_the_house_style_alone():
    layout = base.figure(300, margin={"l": 3}, barmode="stack").layout
    assert (layout.margin.l, layout.margin.r, layout.barmode) == (3, 16, "stack")
    assert layout.font.family == base.FONT


def last_line(code):
    return code.splitlines()[-1]


@pytest.mark.parametrize(
    ("view", "options", "call"),
    [
        (ldn.views.gap_map, {"scheme": "explorer"}, "ldn.views.gap_map(ev)"),
        (ldn.views.gap_map, {"scheme": "marcus2024"}, "ldn.views.gap_map(ev, scheme='marcus2024')"),
        (ldn.views.safety, {"group": ["skin", "gut"]}, "ldn.views.safety(ev, group=['skin', 'gut'])"),
        (ldn.views.forest, {"exclude": ()}, "ldn.views.forest(ev)"),
        (ldn.views.forest, {"measure": "RR", "limit": None}, "ldn.views.forest(ev, measure='RR')"),
        (ldn.views.forest, {"reference": 0.0}, "ldn.views.forest(ev, reference=0.0)"),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),  # a function's own text names its place in memory
)
def test_a_snippet_names_the_options_that_differ_from_their_defaults_and_no_others(view, options, call):
    ev = ldn.load()
    assert last_line(base.snippet(ev, view, **options)) == call
    assert last_line(view(ev, **options).code) == call


def test_a_snippet_of_counts_needs_no_evidence_and_no_numpy():
    code = ldn.views.icon_array(*np.array([22, 49, 14, 50]), event="fell").code
    assert code == "import ldnevidence as ldn\n\nldn.views.icon_array(22, 49, 14, 50, event='fell')"


def test_an_empty_view_keeps_the_rows_that_cannot_be_drawn_and_gives_its_reason_whole():
    draft = base.Draft("name", "title", "code", ["rule", "pages"])
    why = "No schedule that stands in words alone can be drawn as steps, and here are only such."
    rows = pd.DataFrame({"rule": ["slowly"]})
    view, bare = draft.empty(why, rows), draft.empty(why)
    assert view.table is rows
    assert (list(bare.table), len(bare.table)) == (draft.columns, 0)
    assert (view.name, view.title, view.sentence, view.code) == ("name", "title", why, "code")
    lines = view.figure.data[0].text[0].split("<br>")
    assert " ".join(lines) == why
    assert max(map(len, lines)) <= 40, "cut on a screen of 390 pixels"
