"""Six studies that strain the tables, pinned figure by figure as they were read."""

from __future__ import annotations

import pandas as pd
import pytest

import ldnevidence as ldn

EV = ldn.load()
STUDIES = EV.studies.set_index("study_id")
ARMS = EV.arms.set_index("arm_id")
RESULTS = EV.results.set_index("result_id")
CONTRASTS = EV.contrasts.set_index("contrast_id")
HARMS = EV.adverse_events


def figures(study: str, table: pd.DataFrame, column: str = "value") -> list[float]:
    """Return a study's figures in the order of their keys."""
    rows = table[table["outcome_id"].str.startswith(f"{study}.")]
    return rows[column].dropna().tolist()


# -- smith2011: shares without counts, two arms, a second phase that is no comparison ---------------------


@pytest.mark.parametrize(
    ("outcome", "ldn_percent", "placebo_percent"),
    [("cdai-response", 88, 40), ("endoscopic-response", 78, 28), ("endoscopic-remission", 33, 8)],
)
def test_smith2011_prints_shares_of_people_without_denominators(outcome, ldn_percent, placebo_percent):
    rows = RESULTS.loc[[f"smith2011.{outcome}#1", f"smith2011.{outcome}#2"]]
    assert rows["value"].tolist() == [ldn_percent, placebo_percent]
    assert set(rows["statistic"]) == {"percent of people"} and rows["n"].isna().all()
    assert rows["arm_id"].tolist() == ["smith2011.ldn", "smith2011.placebo"]


def test_smith2011_has_twenty_people_in_each_arm_and_one_who_left():
    assert STUDIES.loc["smith2011", ["n_randomized", "n_completed"]].tolist() == [40, 39]
    assert ARMS.loc[["smith2011.ldn", "smith2011.placebo"], "n"].tolist() == [20, 20]
    left = RESULTS.loc[["smith2011.non-completion#1", "smith2011.non-completion#2"]]
    assert left["value"].tolist() == [0, 1] and left["n"].tolist() == [20, 20]
    assert set(left["source_id"]) == {"smith2011-registry"}


def test_smith2011_has_two_p_values_and_one_in_words():
    keys = [f"smith2011.{o}/1" for o in ("cdai-response", "endoscopic-response", "endoscopic-remission")]
    rows = CONTRASTS.loc[keys]
    assert rows["p"].tolist()[:2] == [0.009, 0.008] and pd.isna(rows["p"].iloc[2])
    assert "not statistically significant" in rows["p_text"].iloc[2]
    assert (
        set(rows["measure"]) == {"P"} and STUDIES.at["smith2011", "registration"] == "after enrolment began"
    )


# -- younger2013: a crossover with unequal phases, percent changes, an impossible conference figure -------


def test_younger2013_is_a_crossover_of_31_women_with_28_analysed():
    row = STUDIES.loc["younger2013"]
    assert (row["design"], row["n_randomized"], row["n_completed"], row["n_analysed"]) == (
        "randomized-crossover", 31, 29, 28,
    )  # fmt: skip
    assert ARMS.loc["younger2013.ldn", ["dose_mg", "dose_min_mg", "dose_max_mg"]].tolist() == [4.5, 3, 4.5]


@pytest.mark.parametrize(
    ("outcome", "on_ldn", "on_placebo", "weeks"),
    [("pain", -28.8, -18.0, [12, 4]), ("symptoms-conference", -48.5, -27.4, [12, 4])],
)
def test_younger2013_reductions_are_changes_and_no_shares(outcome, on_ldn, on_placebo, weeks):
    rows = RESULTS.loc[[f"younger2013.{outcome}#1", f"younger2013.{outcome}#2"]]
    assert rows["value"].tolist() == [on_ldn, on_placebo] and rows["week"].tolist() == weeks
    assert set(rows["statistic"]) == {"percent change"} and set(rows["timepoint"]) == {"change"}


def test_younger2013_keeps_its_shares_and_the_count_of_a_later_author_apart():
    rows = RESULTS.loc[["younger2013.response#1", "younger2013.response#2"]]
    assert rows["value"].tolist() == [32, 11] and rows["n"].isna().all()
    later = RESULTS.loc["younger2013.response-as-cited#1"]
    assert (later["value"], later["n"], later["source_id"]) == (9, 28, "marcus2024-document")


def test_younger2013_contrasts_are_paired_and_the_f_value_is_no_difference():
    keys = {"pain/1": 0.016, "response/1": 0.05, "life-satisfaction/1": 0.045, "positive-mood/1": 0.039}
    rows = CONTRASTS.loc[[f"younger2013.{k}" for k in keys]]
    assert rows["p"].tolist() == list(keys.values()) and rows["paired"].all()
    f_row = CONTRASTS.loc["younger2013.symptoms-conference/1"]
    assert (f_row["measure"], f_row["estimate"], f_row["df"], f_row["p"]) == ("F", 7.7, 101, 0.006)


def test_younger2013_harms_of_one_conference_report_carry_its_caveat():
    rows = HARMS[(HARMS["study_id"] == "younger2013") & HARMS["percent"].notna()]
    assert rows["percent"].tolist() == [37, 13, 16, 3] and rows["n"].isna().all()
    assert rows["note"].str.contains("conference report").all()
    assert "impossible" in rows["note"].iloc[0]


# -- mischoulon2017: means with SD at two times in two arms, Cohen's d ------------------------------------


@pytest.mark.parametrize(
    ("scale", "means", "sds", "d", "p"),
    [
        ("hdrs-17", [21.2, 11.7, 23.7, 17.8], [2.0, 7.7, 2.3, 5.9], 0.62, 0.3),
        ("hdrs-28", [26.2, 12.0, 26.3, 19.8], [4.0, 9.8, 2.6, 6.6], 1.15, 0.097),
        ("madrs-10", [30.4, 12.2, 30.7, 22.8], [4.9, 8.4, 4.3, 8.5], 1.45, 0.035),
        ("madrs-15", [36.6, 13.2, 36.7, 26.0], [6.2, 8.8, 4.2, 10.0], 1.49, 0.035),
        ("cgi-severity", [4.3, 3.0, 4.3, 4.0], [0.5, 1.1, 0.5, 0.6], 1.22, 0.064),
    ],
)
def test_mischoulon2017_has_one_arm_at_two_times_twice(scale, means, sds, d, p):
    rows = RESULTS.loc[[f"mischoulon2017.{scale}#{i}" for i in range(1, 5)]]
    assert rows["value"].tolist() == means and rows["dispersion"].tolist() == sds
    assert set(rows["dispersion_kind"]) == {"sd"} and set(rows["n"]) == {6}
    assert rows["arm_id"].tolist() == ["mischoulon2017.ldn"] * 2 + ["mischoulon2017.placebo"] * 2
    assert rows["timepoint"].tolist() == ["baseline", "end"] * 2
    row = CONTRASTS.loc[f"mischoulon2017.{scale}/1"]
    assert (row["measure"], row["estimate"], row["p"], row["sign"]) == ("SMD", d, p, "arm_1")


def test_mischoulon2017_gives_one_mg_twice_a_day_to_six_of_twelve():
    assert ARMS.loc["mischoulon2017.ldn", ["dose_mg", "n"]].tolist() == [2, 6]
    assert STUDIES.loc["mischoulon2017", ["n_screened", "n_randomized"]].tolist() == [21, 12]


# -- marcus2024: a titration, one-tailed p values, an interval across zero, subgroups, a correlation ------


def test_marcus2024_has_fortyone_of_260_and_a_range_of_doses_without_a_main_one():
    assert STUDIES.loc["marcus2024", ["n_screened", "n_enrolled", "n_analysed"]].tolist() == [385, 260, 41]
    arm = ARMS.loc["marcus2024.ldn"]
    assert pd.isna(arm["dose_mg"]) and (arm["dose_min_mg"], arm["dose_max_mg"], arm["n"]) == (0.1, 6.0, 41)


@pytest.mark.parametrize(
    ("outcome", "n", "before_after", "interval", "p", "operator", "sign"),
    [
        ("bpi-pain", 23, [5.78, 3.16], (2.62, 1.83, 3.41), 0.001, "<", "improvement"),
        ("bpi-interference", 23, [6.26, 2.63], (3.63, 2.74, 4.51), 0.001, "<", "improvement"),
        ("promis-overall", 18, [38.8, 42.2], (-3.4, -6.93, 0.13), 0.029, "=", "worsening"),
        ("promis-physical", 17, [41.4, 44.3], (-2.93, -8.07, 2.21), 0.12, "=", "worsening"),
        ("promis-mental", 17, [44.5, 49.8], (-5.27, -10.1, -0.44), 0.017, "=", "worsening"),
    ],
)
def test_marcus2024_changes_stand_as_printed_with_their_sign(
    outcome, n, before_after, interval, p, operator, sign
):
    rows = RESULTS.loc[[f"marcus2024.{outcome}#1", f"marcus2024.{outcome}#2"]]
    assert rows["value"].tolist() == before_after and set(rows["n"]) == {n}
    row = CONTRASTS.loc[f"marcus2024.{outcome}/1"]
    assert (row["estimate"], row["ci_low"], row["ci_high"]) == interval
    assert (row["p"], row["p_operator"], row["tails"], row["sign"]) == (p, operator, 1, sign)
    assert row["kind"] == "within arm" and row["paired"]


def test_marcus2024_best_doses_subgroups_and_correlation_are_no_effects():
    reach = RESULTS.loc["marcus2024.best-dose-range#1"]
    assert (reach["statistic"], reach["low"], reach["high"], reach["limits_kind"]) == (
        "dose",
        0.1,
        5.6,
        "range",
    )
    groups = RESULTS.loc[["marcus2024.best-dose-by-diagnosis#1", "marcus2024.best-dose-by-diagnosis#2"]]
    assert groups["value"].tolist() == [2.23, 3.02] and groups["n"].tolist() == [30, 11]
    assert groups["arm_id"].nunique() == 1 and groups["population"].nunique() == 2
    rho = CONTRASTS.loc["marcus2024.best-dose-and-bmi/1"]
    assert (rho["measure"], rho["estimate"], rho["p"], rho["n"]) == ("RHO", 0.028, 0.87, 35)
    worse = RESULTS.loc["marcus2024.worse-above-best-dose#1"]
    assert (worse["value"], worse["n"]) == (13, 41)


def test_marcus2024_opioid_counts_add_up_to_the_ten_who_took_them():
    keys = ["opioid-unchanged#1", "opioid-lowered#1", "opioid-raised#2"]
    rows = RESULTS.loc[[f"marcus2024.{k}" for k in keys]]
    assert rows["value"].tolist() == [7, 2, 1] and set(rows["n"]) == {10}
    assert RESULTS.loc["marcus2024.opioid-use#1", ["value", "n"]].tolist() == [10, 41]


def test_marcus2024_harms_are_counted_among_fortyone():
    rows = HARMS[(HARMS["study_id"] == "marcus2024") & HARMS["events"].notna()]
    assert rows["events"].tolist() == [1, 2, 2, 2, 1] and set(rows["n"]) == {41}


# -- raknes2018: a register study; groups by dispenses; counts of users against defined daily doses -------

RAKNES = {
    "all-studied-drugs-users": [1.4, -10.1, -11.6, 4.8],
    "all-studied-drugs-doses": [2.1, -3.8, -8.8, 9.4],
    "systemic-immunosuppressants-users": [2.2, -5.5, -11.7, 8.1],
    "systemic-immunosuppressants-doses": [7.0, 6.2, -10.5, 4.7],
    "systemic-corticosteroids-users": [0.0, -10.0, -14.0, 3.2],
    "systemic-corticosteroids-doses": [-10.2, 17.0, -15.2, 3.6],
    "tnf-alpha-inhibitors-users": [-6.3, 7.1, -7.4, 17.2],
    "tnf-alpha-inhibitors-doses": [43.8, 7.3, -12.7, 25.7],
    "other-systemic-immunosuppressants-users": [-15.4, 21.7, -28.9, 11.1],
    "other-systemic-immunosuppressants-doses": [-1.2, -14.5, 4.1, 16.8],
    "intestinal-anti-inflammatory-agents-users": [-6.4, -12.2, -16.7, 15.0],
    "intestinal-anti-inflammatory-agents-doses": [-1.4, -9.5, -7.8, 6.1],
    "intestinal-corticosteroids-users": [9.5, -10.0, -32.1, 9.4],
    "intestinal-corticosteroids-doses": [7.2, -16.1, -35.5, 10.7],
    "aminosalicylates-users": [-12.4, -13.8, -16.5, 5.2],
    "aminosalicylates-doses": [-2.4, -8.5, -5.0, 15.3],
}


@pytest.mark.parametrize("outcome", RAKNES)
def test_raknes2018_changes_in_use_are_percent_changes_in_four_groups(outcome):
    rows = RESULTS.loc[[f"raknes2018.{outcome}#{i}" for i in range(1, 5)]]
    assert rows["value"].tolist() == RAKNES[outcome]
    assert set(rows["statistic"]) == {"percent change"} and set(rows["week"]) == {104}
    names = ["ldn-once", "ldn-twice-or-thrice", "ldn-persistent", "population"]
    assert rows["arm_id"].tolist() == [f"raknes2018.{n}" for n in names]
    assert rows["n"].tolist()[:3] == [189, 137, 256] and pd.isna(rows["n"].iloc[3])


def test_raknes2018_is_no_randomised_study_and_its_doses_were_not_read():
    row = STUDIES.loc["raknes2018"]
    assert not row["randomized"] and row["n_analysed"] == 582
    assert set(EV.study_bands().query("study_id == 'raknes2018'")["band"]) == {"not stated"}


def test_raknes2018_marks_of_significance_are_p_below_a_bound():
    rows = EV.contrasts[EV.contrasts["outcome_id"].str.startswith("raknes2018.")]
    marked = rows[rows["p"].notna()]
    assert len(marked) == 8 and set(marked["p"]) == {0.05} and set(marked["p_operator"]) == {"<"}
    assert set(marked["kind"]) == {"within arm"} and marked["estimate"].isna().all()


def test_raknes2018_subgroups_by_disease_are_populations_and_no_arms():
    rows = RESULTS.loc[["raknes2018.intestinal-corticosteroids-by-disease#1",
                        "raknes2018.intestinal-corticosteroids-by-disease#2",
                        "raknes2018.systemic-corticosteroids-in-colitis#1"]]  # fmt: skip
    assert rows["value"].tolist() == [-44, -53, -24] and (rows["population"] != "all").all()


# -- chindalore2005: ultra-low doses beside an opioid, four arms, p values from two places ----------------


def test_chindalore2005_has_four_arms_and_doses_in_micrograms():
    assert ARMS.loc["chindalore2005.ldn-bid", "dose_mg"] == 0.002
    assert ARMS.loc["chindalore2005.ldn-qid", "dose_mg"] == 0.004
    roles = EV.arms.loc[EV.arms["study_id"] == "chindalore2005", "role"]
    assert sorted(roles) == ["active", "ldn", "ldn", "placebo"]
    assert STUDIES.at["chindalore2005", "combination"] and STUDIES.at["chindalore2005", "n_enrolled"] == 350
    assert set(EV.study_bands().query("study_id == 'chindalore2005'")["band"]) == {"ultra-low"}


def test_chindalore2005_thirtynine_percent_is_a_fall_of_pain_and_no_share_of_patients():
    assert figures("chindalore2005", EV.results) == [-39]
    row = RESULTS.loc["chindalore2005.pain-intensity#1"]
    assert row["statistic"] == "percent change" and pd.isna(row["n"])


@pytest.mark.parametrize(
    ("contrast", "arm_1", "arm_2", "operator", "p", "page"),
    [
        ("pain-intensity/1", "ldn-bid", "placebo", "<", 0.001, "abstract"),
        ("pain-intensity/2", "ldn-bid", "oxycodone", "=", 0.006, "abstract"),
        ("pain-by-dose/1", "ldn-bid", "ldn-qid", "=", 0.003, "abstract"),
        ("analgesia-quality/1", "ldn-bid", "placebo", "=", 0.002, "abstract"),
        ("analgesia-quality/2", "oxycodone", "placebo", "=", 0.052, "news"),
        ("pain-control-hours/1", "ldn-bid", "placebo", "=", 0.05, "abstract"),
        ("global-assessment/1", "ldn-bid", "placebo", "=", 0.04, "abstract"),
        ("global-assessment/2", "oxycodone", "placebo", "=", 0.078, "news"),
        ("womac/1", "ldn-bid", "placebo", "=", 0.03, "abstract"),
    ],
)
def test_chindalore2005_comparisons_name_their_arms_and_pages(contrast, arm_1, arm_2, operator, p, page):
    row = CONTRASTS.loc[f"chindalore2005.{contrast}"]
    assert (row["arm_1"], row["arm_2"]) == (f"chindalore2005.{arm_1}", f"chindalore2005.{arm_2}")
    assert (row["p_operator"], row["p"]) == (operator, p)
    assert row["source_id"] == f"chindalore2005-{page}" and pd.isna(row["estimate"])
