"""The gap map and the response rates: what is drawn is what the tables hold, and nothing more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ldnevidence as ldn
from ldnevidence import bands, effects, views
from ldnevidence.views import base, gap_map, response_rates
from ldnevidence.views.gap_map import cells
from ldnevidence.views.response_rates import rates

EV = ldn.load()
SCHEMES = ["explorer", "marcus2024", "toljan2018"]  # without gaps, with gaps, with overlaps
VIEWS = [views.gap_map, views.response_rates]
CONDITIONS = sorted(EV.conditions["condition_id"])
BANDS = [*EV.dose_bands.loc[EV.dose_bands["scheme"] == "explorer", "band"], *bands.SPECIAL]
SELECTIONS = [{}, {"condition": "fibromyalgia"}, {"condition": "ibd", "randomized": True},
              {"dose_band": "low", "low_dose": None}, {"domain": "pain", "controlled": False},
              {"condition": "darier", "randomized": True}]  # fmt: skip


def run(code: str) -> views.View:
    """Run a view's snippet as a reader would and return what its last line gives."""
    *lines, last = code.strip().splitlines()
    scope: dict[str, object] = {}
    exec("\n".join(lines), scope)
    return eval(last, scope)


# -- every view -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", VIEWS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("chosen", SELECTIONS, ids=str)
def test_the_code_of_a_view_rebuilds_its_table_and_figure(build, chosen):
    view = build(EV.select(**chosen))
    again = run(view.code)
    pd.testing.assert_frame_equal(view.table, again.table)
    assert view.figure.to_json() == again.figure.to_json() and view.sentence == again.sentence


@pytest.mark.parametrize("build", VIEWS, ids=lambda f: f.__name__)
def test_the_code_of_a_view_of_everything_rebuilds_it(build):
    view = build(EV)
    pd.testing.assert_frame_equal(view.table, run(view.code).table)


@pytest.mark.parametrize("build", VIEWS, ids=lambda f: f.__name__)
@settings(max_examples=30)
@given(
    condition=st.sampled_from(CONDITIONS),
    band=st.none() | st.sampled_from(BANDS),
    randomized=st.none() | st.booleans(),
    low_dose=st.sampled_from([True, False, None]),
)
def test_any_selection_gives_a_view_with_a_sentence_and_known_traces(
    build, condition, band, randomized, low_dose
):
    ev = EV.select(condition=condition, dose_band=band, randomized=randomized, low_dose=low_dose)
    view = build(ev)
    assert view.sentence.endswith(".") and view.title
    assert {trace.type for trace in view.figure.data} <= set(base.TRACE_TYPES)
    assert view.figure.layout.width is None, "a figure takes the width of its place"
    assert set(view.sources) <= set(EV.sources["cite_key"])
    if len(ev.studies) == 0:
        assert view.table.empty and list(view.table.columns)


@pytest.mark.parametrize("build", VIEWS, ids=lambda f: f.__name__)
def test_a_view_with_rows_has_notes_sources_and_code(build):
    view = build(EV.select())
    assert view.notes and view.sources and view.code.startswith("import ldnevidence as ldn")
    assert len(view.table)


def test_a_view_refuses_traces_that_the_page_cannot_draw():
    import plotly.graph_objects as go

    with pytest.raises(ValueError, match="scatter, bar, pie traces only, not heatmap"):
        views.View("t", "s.", go.Figure(go.Heatmap(z=[[1]])), pd.DataFrame())


def test_a_view_shows_itself_with_its_sentence_as_text():
    view = views.gap_map(EV.select())
    assert view._repr_mimebundle_()["text/plain"] == f"{view.title}\n{view.sentence}"


# -- gap map ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_cell_counts_the_studies_that_its_selection_holds_without_secondary_analyses(scheme):
    table = cells(EV, scheme)
    chosen = {"scheme": scheme, "low_dose": None}
    # What both choices hold is what each holds alone; the fullest cell is selected outright as well.
    of = {c: set(EV.select(condition=c, **chosen).studies["study_id"]) for c in set(table["condition_id"])}
    at = {b: set(EV.select(dose_band=b, **chosen).studies["study_id"]) for b in set(table["band"])}
    fullest = table.loc[table["studies"].idxmax()]
    both = EV.select(condition=fullest["condition_id"], dose_band=fullest["band"], **chosen).studies
    assert set(both["study_id"]) == of[fullest["condition_id"]] & at[fullest["band"]]
    first = EV.studies[EV.studies["part_of"].isna()]
    for row in table.itertuples():
        own = first[first["study_id"].isin(of[row.condition_id] & at[row.band])]
        assert row.studies == len(own), f"{row.condition}, {row.band}"
        assert row.randomized == int(own["randomized"].sum())


def test_participants_are_those_of_the_studies_counted():
    table = cells(EV).set_index(["condition_id", "band"])
    own = EV.select(condition="fibromyalgia", dose_band="low", low_dose=None).studies
    own = own[own["part_of"].isna()]
    stated = own["n_randomized"].fillna(own["n_enrolled"]).fillna(own["n_analysed"])
    assert table.loc[("fibromyalgia", "low"), "participants"] == stated.sum()


def test_a_secondary_analysis_is_never_counted_beside_its_trial():
    parts = EV.studies.dropna(subset="part_of")
    for row in parts.itertuples():
        alone = cells(EV.only([row.study_id]))
        assert alone.empty or alone["studies"].sum() == 0
        both, trial = (cells(EV.only(keys)) for keys in ([row.study_id, row.part_of], [row.part_of]))
        pd.testing.assert_frame_equal(both, trial)


def test_every_condition_with_a_study_has_a_row_with_every_band():
    table = cells(EV)
    own = EV.studies.loc[EV.studies["part_of"].isna(), "study_id"]
    filed = EV.study_conditions[EV.study_conditions["study_id"].isin(own)]
    assert set(filed["condition_id"]) <= set(table["condition_id"])
    assert table.groupby("condition_id").size().nunique() == 1
    assert (table["studies"] == 0).any(), "gaps are shown as gaps"


def test_no_study_vanishes_from_the_gap_map():
    own = EV.studies.loc[EV.studies["part_of"].isna(), "study_id"]
    for study in own:
        assert cells(EV.only([study]))["studies"].sum() >= 1


def test_the_gap_map_draws_every_cell_and_says_where_there_is_none():
    view = gap_map(EV.select())
    drawn = [(y, x, text) for t in view.figure.data for x, y, text in zip(t.x, t.y, t.text, strict=True)]
    assert len(drawn) == len(view.table)
    axes = view.figure.layout
    columns = dict(zip(view.table["band_label"].unique(), axes.xaxis.tickvals, strict=True))
    rows = dict(zip(axes.yaxis.ticktext, axes.yaxis.tickvals, strict=True))
    assert set(rows) == set(view.table["condition"])
    words = {(round(y), x): text for y, x, text in drawn}
    for row in view.table.itertuples():
        text = words[(rows[row.condition], columns[row.band_label])]
        assert text == ("none" if row.studies == 0 else f"<b>{row.studies}</b> ({row.randomized})")
    assert len(axes.shapes) == int((view.table["studies"] > 0).sum()), "a box for each cell with studies"


def test_the_sentence_of_the_gap_map_counts_the_studies_once():
    ev = EV.select()
    own = ev.studies[ev.studies["part_of"].isna()]
    assert f"{len(own)} studies, {int(own['randomized'].sum())} of them randomised" in gap_map(ev).sentence


# -- response rates ---------------------------------------------------------------------------------------


def test_the_eleven_of_25_of_the_up_and_down_study_is_never_drawn():
    table = rates(EV)
    assert "bruunplesner2020" not in set(table["study_id"])
    view = response_rates(EV.select(condition="fibromyalgia"))
    assert "bruunplesner2020" not in set(view.table["study_id"])
    assert any("dos" in note for note in view.notes if note.startswith("Not drawn")), (
        "and the reader is told why"
    )


def test_a_share_without_a_denominator_is_hollow_without_interval_and_says_why():
    view = response_rates(EV.select())
    for trace in view.figure.data:
        hollow = "no interval possible" in trace.name
        assert trace.marker.symbol.endswith("-open") == hollow
        assert (trace.error_x.array is None) == hollow
    bare = view.table[view.table["ci_low"].isna()]
    assert len(bare) and (bare["why_no_interval"] != "").all()
    smith = bare[bare["study_id"] == "smith2011"]
    assert set(smith["percent"]) == {88, 40, 78, 28, 33, 8}, "the abstract prints no counts"


def test_every_row_of_the_table_is_one_mark_of_the_figure():
    view = response_rates(EV.select())
    drawn = sorted(x for trace in view.figure.data for x in trace.x)
    assert np.allclose(drawn, sorted(view.table["percent"]))
    heights = [y for trace in view.figure.data for y in trace.y]
    assert len(set(heights)) == len(heights) == len(view.table)


def test_intervals_are_wilson_intervals_of_the_counts_in_the_table():
    table = rates(EV)
    for row in table.dropna(subset="ci_low").itertuples():
        estimate = effects.proportion(row.events, row.n)
        assert (row.ci_low, row.ci_high) == pytest.approx((100 * estimate.ci_low, 100 * estimate.ci_high))
        assert 0 <= row.ci_low <= row.percent + 0.5 and row.percent - 0.5 <= row.ci_high <= 100
    assert set(table["basis"]) <= {"count printed", "count fits the printed percent", "percent printed"}


def test_a_count_stands_for_a_percentage_only_where_no_other_count_fits():
    fitted = rates(EV).query("basis == 'count fits the printed percent'")
    assert len(fitted)
    for row in fitted.itertuples():
        half = 0.5 if row.percent == round(row.percent) else 0.05
        fits = [e for e in range(row.n + 1) if abs(100 * e / row.n - row.percent) <= half + 1e-9]
        assert fits == [row.events]


def test_shape_and_word_tell_apart_what_colour_tells_apart():
    view = response_rates(EV.select())
    marks = {(t.marker.color, t.marker.symbol.removesuffix("-open")) for t in view.figure.data}
    colours, symbols = {colour for colour, _ in marks}, {symbol for _, symbol in marks}
    assert len(marks) == len(colours) == len(symbols), "one colour, one symbol"
    names = [t.name for t in view.figure.data]
    assert all(names) and len(set(names)) == len(names)


def test_the_placebo_arm_follows_its_own_ldn_arm():
    table = response_rates(EV.select(controlled=True)).table
    for _, rows in table.groupby(["outcome_id", "population"], sort=False):
        places = list(rows.index)
        assert places == list(range(places[0], places[-1] + 1)), "arms of one outcome stand together"
        assert list(rows["role"] != "ldn") == sorted(rows["role"] != "ldn"), "LDN first"


def test_only_outcomes_marked_as_response_rates_are_drawn():
    marked = set(EV.outcomes.loc[EV.outcomes["response_rate"], "outcome_id"])
    assert set(rates(EV)["outcome_id"]) <= marked
    others = EV.outcomes.set_index("outcome_id")["rate_why_not"].dropna()
    assert not marked & set(others.index)
