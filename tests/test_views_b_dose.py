"""Views of dose: effective doses, best doses, titrations, receptor occupancy, concentrations."""

import ast

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import ldnevidence as ldn
from ldnevidence import dose_response
from ldnevidence.citations.bibliography import get_bibliography
from ldnevidence.views import base

VIEWS = ("ed_curve", "best_dose", "titrations", "occupancy", "concentration_ladder")
NARROWED = ("ed_curve", "best_dose", "titrations")  # the others rest on reference tables, which stay whole
SELECTIONS = ({}, {"condition": "fibromyalgia"}, {"condition": "chronic-pain"}, {"low_dose": None})


@pytest.fixture(scope="module")
def ev():
    return ldn.load()


def view_of(ev, name):
    return getattr(ldn.views, name)(ev)


def rebuilt(view):
    """Run a view's own code and return what its last line gives."""
    tree = ast.parse(view.code)
    *body, last = tree.body
    names = {}
    exec(compile(ast.Module(body, []), "view", "exec"), names)
    return eval(compile(ast.Expression(last.value), "view", "eval"), names)


@pytest.mark.parametrize("chosen", SELECTIONS)
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_has_a_sentence_notes_and_known_sources_or_says_why_it_is_empty(ev, name, chosen):
    view = view_of(ev.select(**chosen), name)
    assert view.sentence.endswith(".")
    assert {t.type for t in view.figure.data} <= set(base.TRACE_TYPES)
    if len(view.table):
        assert any(c.isdigit() for c in view.sentence)
        assert view.notes
        assert view.sources


@pytest.mark.parametrize("chosen", SELECTIONS)
@pytest.mark.parametrize("name", VIEWS)
def test_the_code_of_a_view_gives_the_same_table(ev, name, chosen):
    view = view_of(ev.select(**chosen), name)
    again = rebuilt(view)
    assert_frame_equal(again.table, view.table)
    assert again.sentence == view.sentence


@pytest.mark.parametrize("name", NARROWED)
def test_nothing_selected_gives_a_reason_and_no_exception(ev, name):
    view = view_of(ev.only([]), name)
    assert view.table.empty
    assert view.sentence.startswith("No ")


@pytest.mark.parametrize("name", VIEWS)
def test_sources_are_works_of_the_bibliography(ev, name):
    assert set(view_of(ev, name).sources) <= set(get_bibliography())


# -- effective doses ----------------------------------------------------------------------------------------


def test_the_printed_doses_are_those_of_the_results_table(ev):
    table = ldn.views.ed_curve(ev).table
    printed = table[table["basis"] == "printed dose"].set_index("what")["dose_mg"]
    rows = ev.results.set_index("result_id")
    assert printed["ED50"] == rows.loc["bruunplesner2020.ed50#1", "value"]
    assert printed["ED95"] == rows.loc["bruunplesner2020.ed95#1", "value"]


def test_the_assumed_curve_runs_through_the_printed_doses_and_only_over_tested_ones(ev):
    view = ldn.views.ed_curve(ev)
    curve = view.table[view.table["basis"] == "assumed curve"]
    arm = ev.arms.set_index("arm_id").loc["bruunplesner2020.ldn"]
    assert curve["dose_mg"].min() == arm["dose_min_mg"]
    assert curve["dose_mg"].max() == arm["dose_max_mg"]
    printed = view.table[view.table["basis"] == "printed dose"]
    read_off = np.interp(printed["dose_mg"], curve["dose_mg"], curve["percent"])
    assert np.allclose(read_off, printed["percent"], atol=1.0)
    (line,) = [t for t in view.figure.data if t.mode == "lines"]
    assert line.line.dash == "dash"
    assert "assumed" in line.name


def test_responders_are_drawn_as_people_and_called_no_response_rate(ev):
    view = ldn.views.ed_curve(ev)
    count = view.table[view.table["basis"] == "printed count"].iloc[0]
    marks = {t.name: len(t.x) for t in view.figure.data if t.xaxis == "x2"}
    assert sorted(marks.values()) == sorted([count["events"], count["n"] - count["events"]])
    assert f"{count['events']} of {count['n']}" in view.sentence
    assert any("no response rate" in a.text for a in view.figure.layout.annotations)


def test_the_simulated_responders_of_the_note_are_those_of_the_design(ev):
    curve = dose_response.curve_through_two_points(3.88, 5.40)
    people = dose_response.up_and_down(curve, n_sim=500, seed=0).n_responders
    low, high = np.quantile(people, [0.025, 0.975], method="inverted_cdf")
    assert any(f"gives {low:g} to {high:g} responders" in note for note in ldn.views.ed_curve(ev).notes)


# -- best doses ---------------------------------------------------------------------------------------------


def test_printed_best_doses_come_from_the_tables_and_simulated_ones_say_so(ev):
    table = ldn.views.best_dose(ev).table
    printed = table[table["basis"] == "printed"].set_index("what")
    row = ev.results.set_index("result_id").loc["marcus2024.best-dose-range#1"]
    assert (printed.loc["best doses found", "low"], printed.loc["best doses found", "high"]) == (
        row["low"],
        row["high"],
    )
    worse = ev.results.set_index("result_id").loc["marcus2024.worse-above-best-dose#1"]
    assert printed.loc["worse above the best dose", "events"] == worse["value"]
    assert printed.loc["analysed, of all prescribed", "n"] == 260
    assert table.loc[table["basis"] != "printed", "basis"].eq("simulated, no drug effect").all()
    assert table.loc[table["basis"] != "printed", "source_id"].isna().all()


def test_the_simulated_shares_of_best_doses_add_up_to_all(ev):
    table = ldn.views.best_dose(ev).table
    bins = table[table["limits"] == "bin"]
    assert bins["value"].sum() == pytest.approx(100)
    assert (bins["high"] - bins["low"] == 0.5).all()


def test_the_simulation_of_best_doses_is_the_same_each_time(ev):
    assert_frame_equal(ldn.views.best_dose(ev).table, ldn.views.best_dose(ev).table)


# -- titrations ---------------------------------------------------------------------------------------------


def test_the_day_of_a_dose_is_the_first_day_of_the_first_step_that_reaches_it(ev):
    table = ldn.views.titrations(ev).table.set_index("schedule_id")
    for schedule, steps in ev.titrations.groupby("schedule_id"):
        for column, mg in (("day_1_mg", 1), ("day_3_mg", 3), ("day_4_5_mg", 4.5)):
            reached = steps[steps["mg_per_day"] >= mg]["day_start"]
            day = table.loc[schedule, column]
            assert pd.isna(day) if reached.empty else day == reached.min()


def test_schedules_without_steps_keep_their_rule_and_get_no_day(ev):
    table = ldn.views.titrations(ev).table
    words = table[~table["schedule_id"].isin(ev.titrations["schedule_id"])]
    assert len(words) > 0
    assert words["rule"].notna().all()
    assert words[["day_1_mg", "day_3_mg", "day_4_5_mg", "first_mg"]].isna().all(axis=None)
    assert len(table) == len(ev.titration_schedules)


def test_derived_steps_are_dashed_and_printed_ones_solid(ev):
    view = ldn.views.titrations(ev.only(["marcus2024"]))
    lines = [t for t in view.figure.data if t.line.shape == "hv"]
    steps = ev.titrations[ev.titrations["schedule_id"] == "marcus2024"]
    counts = steps["basis"].value_counts()
    # each line has one point more than steps: the end of its last step
    assert {t.line.dash: len(t.x) - 1 for t in lines} == {
        "solid": counts["printed"],
        "dash": counts["derived"],
    }


def test_every_schedule_with_several_steps_has_a_step_line(ev):
    view = ldn.views.titrations(ev)
    stepped = view.table[view.table["shown_as"] == "steps"]
    drawn = {t.legendgroup for t in view.figure.data if t.line.shape == "hv"}
    assert len(drawn) == len(stepped)


# -- occupancy ----------------------------------------------------------------------------------------------


def test_occupancy_points_are_the_imaging_rows_and_the_curve_is_the_fit_to_them(ev):
    table = ldn.views.occupancy(ev).table
    rows = ev.pharmacology[ev.pharmacology["topic"] == "receptor occupancy"]
    measured = table[table["basis"] == "measured"]
    assert set(measured["pharm_id"]) == set(rows["pharm_id"])
    curve = dose_response.emax_curve(rows["dose_mg"], rows["value"])
    fitted = table[table["basis"] == "fitted"]
    assert np.allclose(fitted["percent"], curve.predict(fitted["dose_mg"]))
    assert ((fitted["low"] <= fitted["percent"]) & (fitted["percent"] <= fitted["high"])).all()


def test_occupancy_tells_of_time_and_of_the_missing_number_of_people(ev):
    notes = " ".join(ldn.views.occupancy(ev).notes)
    assert "time since" in notes
    assert "number of people at each dose was not read" in notes


# -- concentrations -----------------------------------------------------------------------------------------


def test_the_reckoned_ceiling_follows_from_mass_and_volume_of_the_tables(ev):
    table = ldn.views.concentration_ladder(ev).table
    rows = ev.pharmacology.set_index("pharm_id")
    ceiling = 4.5e6 / rows.loc["pharm-22", "value"] / rows.loc["pharm-14", "value"]
    reach = table[(table["kind"] == "reckoned for a dose") & table["rung"].str.contains("4.5 mg")]
    assert reach["high_nm"].item() == pytest.approx(ceiling)
    # the curator's own reckoning, kept as a note, gives the same
    assert any("at most 9.8 nM" in text for text in ev.study_notes["text"])
    assert round(ceiling, 1) == 9.8


def test_every_concentration_of_a_finding_is_on_the_ladder_once(ev):
    cells = ldn.views.concentration_ladder(ev).table
    cells = cells[cells["kind"] == "used on cells"]
    assert cells["study_id"].is_unique
    for value in ev.mechanism_findings["concentration_nm"].dropna():
        assert ((cells["low_nm"] <= value) & (value <= cells["high_nm"])).any()


def test_without_a_molar_mass_nothing_is_converted(ev):
    tables = dict(ev.tables)
    tables["pharmacology"] = tables["pharmacology"][tables["pharmacology"]["unit"] != "g/mol"]
    table = ldn.views.concentration_ladder(ldn.Evidence(tables)).table
    assert not set(table["kind"]) & {"reckoned for a dose", "measured in blood"}
