"""Dose bands and titration schedules."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ldnevidence as ldn
from ldnevidence import bands, doses

EV = ldn.load()
SCHEMES = list(doses.schemes())
DOSES = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)


@given(DOSES)
def test_the_explorer_scheme_has_exactly_one_band_for_every_dose_above_zero(dose):
    assert len(doses.bands_touched(dose)) == 1
    assert doses.band(dose) in set(EV.dose_bands["band"])


@given(DOSES, DOSES)
def test_a_higher_dose_never_lies_in_a_lower_band(first, second):
    rows = EV.dose_bands[EV.dose_bands["scheme"] == "explorer"].sort_values("position")
    order = list(rows["band"])
    low, high = sorted((first, second))
    assert order.index(doses.band(low)) <= order.index(doses.band(high))


@pytest.mark.parametrize(
    ("dose", "band"),
    [(5e-324, "ultra-low"), (0.002, "ultra-low"), (0.00999, "ultra-low"), (0.01, "very low"),
     (0.999, "very low"), (1, "low"), (4.5, "low"), (4.500001, "upper low"), (6, "upper low"),
     (10, "upper low"), (10.00001, "moderate"), (49.99, "moderate"), (50, "full"), (1e6, "full")],
)  # fmt: skip
def test_the_edges_of_the_explorer_bands_lie_where_they_are_said_to(dose, band):
    assert doses.band(dose) == band


@pytest.mark.parametrize("scheme", SCHEMES)
@given(dose=DOSES)
def test_bands_touched_are_those_whose_limits_hold_the_dose(scheme, dose):
    rows = EV.dose_bands[EV.dose_bands["scheme"] == scheme].set_index("band")
    for name in doses.bands_touched(dose, scheme):
        row = rows.loc[name]
        assert row["min_mg"] <= dose and not dose > row["max_mg"]
        assert row["min_included"] or dose != row["min_mg"]
        assert row["max_included"] or dose != row["max_mg"]


@given(st.floats(0.0001, 100), st.floats(0.0001, 100))
def test_a_range_of_doses_touches_the_bands_of_both_its_ends(first, second):
    low, high = sorted((first, second))
    rows = bands.scheme_rows(EV.tables["dose_bands"], "explorer")
    touched = bands.touched(rows, low, high)
    assert doses.band(low) == touched[0] and doses.band(high) == touched[-1]
    order = list(rows["band"])
    places = [order.index(name) for name in touched]
    assert places == list(range(places[0], places[-1] + 1)), "no band between two others is left out"


@pytest.mark.parametrize("dose", [0, -1, math.nan, math.inf, -math.inf])
def test_a_dose_that_is_none_is_refused_with_what_is_allowed(dose):
    with pytest.raises(ValueError, match="above 0"):
        doses.band(dose)


def test_an_unknown_scheme_lists_the_schemes():
    with pytest.raises(ValueError, match=r"unknown scheme.*'mine'.*explorer"):
        doses.band(3, scheme="mine")


def test_a_published_scheme_keeps_its_gaps_and_overlaps():
    found = {s: [doses.bands_touched(d / 1000, s) for d in range(1, 60_000, 497)] for s in SCHEMES}
    gaps = {s for s, many in found.items() if any(not names for names in many)}
    assert "explorer" not in gaps and gaps, "published schemes leave gaps"
    for scheme in gaps:
        hole = next(d / 1000 for d in range(1, 60_000, 497) if not doses.bands_touched(d / 1000, scheme))
        assert doses.band(hole, scheme) == bands.NO_BAND


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_study_stands_in_at_least_one_band_of_every_scheme(scheme):
    table = EV.study_bands(scheme)
    assert set(table["study_id"]) == set(EV.studies["study_id"])
    known = {*EV.dose_bands.loc[EV.dose_bands["scheme"] == scheme, "band"], *bands.SPECIAL}
    assert set(table["band"]) <= known
    assert not table.duplicated(["study_id", "band"]).any()


def test_the_explorer_scheme_leaves_no_study_between_bands():
    assert bands.NO_BAND not in set(EV.study_bands()["band"])


def test_studies_dosed_by_body_weight_and_without_a_stated_dose_have_bands_of_their_own():
    table = EV.study_bands().groupby("band")["study_id"].agg(set)
    naltrexone = EV.arms[EV.arms["role"].isin(["ldn", "other dose"])]
    for study in table[bands.PER_KG]:
        assert "mg/kg/day" in set(naltrexone.loc[naltrexone["study_id"] == study, "dose_basis"])
    columns = ["dose_mg", "dose_min_mg", "dose_max_mg", "dose_median_mg"]
    unstated = naltrexone[naltrexone["study_id"].isin(table[bands.NOT_STATED])]
    assert not (unstated[columns] > 0).any(axis=None)


def test_a_study_with_a_range_of_doses_stands_in_each_band_and_its_main_dose_in_one():
    rows = EV.study_bands()
    younger = rows[rows["study_id"] == "younger2013"]
    assert list(younger["band"]) == ["low"] and younger["main"].all()
    marcus = rows[rows["study_id"] == "marcus2024"]  # 0.1 to 6 mg, no main dose
    assert list(marcus["band"]) == ["very low", "low", "upper low"] and not marcus["main"].any()


# -- titration --------------------------------------------------------------------------------------------


def test_a_schedule_has_the_documented_columns_and_follows_on():
    for schedule in EV.titrations["schedule_id"].unique():
        steps = doses.titration(schedule)
        assert list(steps.columns) == ["step", "day_start", "day_end", "mg_per_day", "split", "basis"]
        assert list(steps["step"]) == list(range(1, len(steps) + 1))
        assert (steps["day_start"].iloc[1:].to_numpy() == steps["day_end"].iloc[:-1].to_numpy() + 1).all()
        assert set(steps["basis"]) <= {"printed", "derived"}


def test_the_marcus_schedule_is_printed_to_day_11_and_derived_to_6_mg():
    steps = doses.titration("marcus2024")
    assert list(steps.loc[steps["day_start"] <= 11, "basis"].unique()) == ["printed"]
    first_day = dict(zip(steps["mg_per_day"], steps["day_start"], strict=True))
    assert (first_day[0.5], first_day[4.5], first_day[6.0]) == (9, 89, 119)
    assert (steps["mg_per_day"].diff().dropna().round(6) == 0.1).all()


def test_the_doses_of_a_day_add_up_to_its_total():
    split = EV.titrations.dropna(subset="split")
    totals = split["split"].str.split(r" \+ ").map(lambda parts: sum(map(float, parts)))
    assert (totals - split["mg_per_day"]).abs().max() < 1e-9


def test_no_step_is_invented_where_the_rule_is_not_complete():
    steps = EV.titrations.merge(EV.titration_schedules, on="schedule_id")
    derived = steps[steps["basis"] == "derived"]
    rule = derived[["start_mg", "step_mg", "interval_days", "max_mg"]]
    assert rule.notna().all(axis=None), "a derived step needs start, rise, interval and ceiling"
    assert (derived["mg_per_day"] <= derived["max_mg"]).all()


def test_a_schedule_without_steps_quotes_its_rule():
    bare = EV.titration_schedules[~EV.titration_schedules["schedule_id"].isin(EV.titrations["schedule_id"])]
    assert len(bare)
    for row in bare.itertuples():
        with pytest.raises(ValueError) as caught:
            doses.titration(row.schedule_id)
        assert row.rule_text in str(caught.value)


def test_an_unknown_schedule_lists_the_known_ones():
    with pytest.raises(ValueError, match="marcus2024"):
        doses.titration("nobody1999")


def test_the_up_and_down_study_is_no_titration_of_one_person():
    with pytest.raises(ValueError):
        doses.titration("bruunplesner2020")


def test_schemes_come_with_labels_the_own_one_first():
    found = doses.schemes()
    assert next(iter(found)) == "explorer" and all(found.values())
    assert set(found) == set(EV.dose_bands["scheme"])
    assert all(isinstance(v, str) for v in found.values()) and not pd.isna(list(found.values())).any()
