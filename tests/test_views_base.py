"""What all views share: rows that are worked out once, and the house style of figures."""

from __future__ import annotations

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
    "doses": (doses, "marcus2024"), "rates": (rates,), "safeguards": (cells,), "marks": (marks,), "countable": (countable,),
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
