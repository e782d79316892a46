"""Views of harms, pooled results, claims, discrepancies and audit findings."""

import ast

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import ldnevidence as ldn
from ldnevidence import effects
from ldnevidence.citations.bibliography import get_bibliography
from ldnevidence.claims import VERDICTS
from ldnevidence.views import base
from ldnevidence.views.safety import DRAWN, INTERVAL, ZERO, harms

VIEWS = ("safety", "pooled_results", "claims", "discrepancies", "audit_findings")
SELECTIONS = (
    {},
    {"condition": "fibromyalgia"},
    {"condition": "Crohn's disease", "randomized": True},
    {"low_dose": None},
)


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
    assert set(view.sources) <= set(get_bibliography())
    assert any(c.isdigit() for c in view.sentence) or view.table.empty


@pytest.mark.parametrize("chosen", SELECTIONS)
@pytest.mark.parametrize("name", VIEWS)
def test_the_code_of_a_view_gives_the_same_table(ev, name, chosen):
    view = view_of(ev.select(**chosen), name)
    again = rebuilt(view)
    assert_frame_equal(again.table, view.table)
    assert again.sentence == view.sentence


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_selected_gives_a_reason_and_no_exception(ev, name):
    view = view_of(ev.only([]), name)
    assert view.table.empty
    assert view.sentence.startswith("No")


def test_arguments_stand_in_the_code(ev):
    view = ldn.views.safety(ev, group=["gut", "skin"])
    assert_frame_equal(rebuilt(view).table, view.table)
    view = ldn.views.pooled_results(ev, domain="harm", measure="RR")
    assert_frame_equal(rebuilt(view).table, view.table)


# -- harms --------------------------------------------------------------------------------------------------


def test_every_harm_is_in_the_table_of_all_groups_once(ev):
    table = ldn.views.safety(ev, group=list(safety_groups(ev))).table
    assert len(ev.adverse_events) - len(table) == len(dropped(ev, table))
    assert table["ae_id"].is_unique


def safety_groups(ev):
    return ev.adverse_events["event_group"].unique()


def dropped(ev, table):
    """Harms that could be drawn but stand beyond the most lines."""

    every = harms(ev)
    return every[every["shown_as"].isin(DRAWN) & ~every["ae_id"].isin(table["ae_id"])]


def test_shares_and_intervals_are_wilsons_of_the_counts(ev):

    table = harms(ev)
    rows = ev.adverse_events.set_index("ae_id")
    shown = table[table["shown_as"] == INTERVAL]
    assert len(shown) > 10
    for row in shown.itertuples():
        share = effects.proportion(int(rows.loc[row.ae_id, "events"]), int(rows.loc[row.ae_id, "n"]))
        assert row.percent == pytest.approx(100 * share.estimate)
        assert (row.low, row.high) == (pytest.approx(100 * share.ci_low), pytest.approx(100 * share.ci_high))


def test_nobody_with_an_event_is_drawn_from_zero_to_the_limit_of_the_rule_of_three(ev):

    view = ldn.views.safety(ev, group="serious event")
    zero = view.table[view.table["shown_as"] == ZERO]
    assert len(zero) > 0
    for row in zero.itertuples():
        limit = effects.rule_of_three(int(row.n))
        assert (row.low, row.high) == (0, pytest.approx(100 * limit.exact))
        assert row.rule_of_three == pytest.approx(100 * limit.approximate)
    drawn = [t for t in view.figure.data if t.line.dash == "dot" and t.x[0] is not None]
    assert sum(list(t.x).count(0) for t in drawn) == len(zero)


def test_counts_of_events_are_never_drawn_as_people(ev):

    table = harms(ev)
    events = set(ev.adverse_events.loc[ev.adverse_events["unit"] == "events", "ae_id"])
    assert events
    assert not set(table.loc[table["shown_as"].isin(DRAWN), "ae_id"]) & events


def test_a_percentage_without_people_is_hollow_and_has_no_interval(ev):
    view = ldn.views.safety(ev.select(condition="fibromyalgia"), group="headache")
    hollow = view.table[view.table["shown_as"] == "percentage without people"]
    assert len(hollow) == 2
    assert hollow[["low", "high"]].isna().all(axis=None)
    marks = [t for t in view.figure.data if t.x is not None and t.x[0] is not None]
    assert all(t.marker.symbol.endswith("-open") and t.error_x.array is None for t in marks)


def test_a_case_report_is_no_rate(ev):

    table = harms(ev)
    reports = set(ev.studies.loc[ev.studies["design"] == "case-report", "study_id"])
    assert not set(table.loc[table["shown_as"].isin(DRAWN), "study_id"]) & reports


def test_placebo_is_drawn_beside_its_own_ldn_arm(ev):
    view = ldn.views.safety(ev.only(["duebruun2024"]), group="any event")
    names = {t.name for t in view.figure.data}
    assert {"LDN, placebo beside it", "Placebo"} <= names
    assert "LDN, no placebo figure" not in names


def test_no_more_than_sixty_lines_are_drawn(ev):
    view = ldn.views.safety(ev, group=list(safety_groups(ev)))
    lines = view.table[view.table["shown_as"].isin(DRAWN)]
    assert lines.groupby(["group", "study", "event"]).ngroups <= 60


def test_an_unknown_group_is_refused_and_a_known_one_that_is_missing_is_not(ev):
    with pytest.raises(ValueError, match="any event"):
        ldn.views.safety(ev, group="bad luck")
    assert ldn.views.safety(ev.only(["guttuso2010"]), group="death").table.empty


# -- pooled results -----------------------------------------------------------------------------------------


def test_pooled_results_are_as_printed(ev):
    table = ldn.views.pooled_results(ev, measure="SMD").table.set_index("pooled_id")
    rows = ev.pooled[ev.pooled["measure"] == "SMD"].set_index("pooled_id")
    assert set(table.index) == set(rows.index)
    for ours, theirs in (("estimate", "estimate"), ("low", "ci_low"), ("high", "ci_high"), ("studies", "k")):
        pd.testing.assert_series_equal(table[ours].sort_index(), rows[theirs].sort_index(), check_names=False)


def test_an_extreme_result_is_cut_off_with_an_arrow_and_its_value_in_words(ev):
    view = ldn.views.pooled_results(ev, measure="SMD")
    row = view.table.loc[view.table["estimate"].idxmin()]
    assert row["shown_as"] == "drawn, beyond the axis"
    assert view.figure.layout.xaxis.range[0] > row["high"]
    assert any("arrow-left" in (t.marker.symbol or ()) for t in view.figure.data)
    assert any("−10.77" in note for note in view.notes)


def test_a_result_whose_interval_and_p_disagree_is_marked(ev):
    table = ldn.views.pooled_results(ev, measure="SMD").table.set_index("pooled_id")
    marked = set(table.index[table["check"].fillna("").str.startswith("≠")])
    assert {"hegde2025~1", "oalib6807171~1"} <= marked
    assert "annmedsurg2025~1" not in marked


def test_ratios_stand_on_a_logarithmic_axis_and_differences_on_a_linear_one(ev):
    assert ldn.views.pooled_results(ev, measure="RR").figure.layout.xaxis.type == "log"
    assert ldn.views.pooled_results(ev, measure="MD").figure.layout.xaxis.type == "linear"


def test_before_after_figures_are_told_from_controlled_ones(ev):
    table = ldn.views.pooled_results(ev, measure="SMD").table
    before = set(table.loc[table["compared"] == "before and after, no control", "study_id"])
    assert before == {"byambasuren2025", "ologunowa2025"}


def test_unknown_domains_and_measures_are_refused(ev):
    with pytest.raises(ValueError, match="known:"):
        ldn.views.pooled_results(ev, measure="XYZ")
    with pytest.raises(ValueError, match="known:"):
        ldn.views.pooled_results(ev, domain="weather")


# -- claims, discrepancies, audit ---------------------------------------------------------------------------


def test_the_bars_of_the_claims_add_up_to_the_claims_of_each_verdict(ev):
    view = ldn.views.claims(ev)
    for code, verdict in VERDICTS.items():
        drawn = sum(sum(t.x) for t in view.figure.data if t.name == verdict.label)
        assert drawn == (ev.claims["verdict"] == code).sum()
    assert len(view.table) == len(ev.claims)


def test_every_verdict_has_a_look_of_its_own(ev):
    looks = {(t.marker.pattern.shape, t.marker.pattern.fgcolor) for t in ldn.views.claims(ev).figure.data}
    assert len(looks) == ev.claims["verdict"].nunique()


def test_the_sentence_counts_the_supported_claims(ev):
    supported = (ev.claims["verdict"] == "supported").sum()
    assert ldn.views.claims(ev).sentence.startswith(f"{supported} of {len(ev.claims)} claims")


def test_every_discrepancy_is_listed_and_counted_under_each_of_its_works(ev):
    view = ldn.views.discrepancies(ev.select(condition="Crohn's disease"))
    here = ev.select(condition="Crohn's disease").discrepancies
    assert view.table["discrepancy_id"].tolist() == here["discrepancy_id"].tolist()
    assert view.sentence.startswith(f"{len(here)} discrepancies")
    works = here["study_ids"].str.split("; ").explode().value_counts()
    drawn = pd.concat([pd.Series(t.x, index=t.y) for t in view.figure.data]).groupby(level=0).sum()
    assert sorted(drawn, reverse=True) == sorted(works, reverse=True)[: len(drawn)]


def test_audit_findings_are_those_of_the_audit_by_rule_and_severity(ev):
    view = ldn.views.audit_findings(ev)
    found = ldn.audit.check(ev)
    assert view.table["note"].tolist() == found["note"].tolist()
    drawn = {t.name.split(" ")[1]: sum(t.x) for t in view.figure.data}
    assert drawn == found["severity"].value_counts().to_dict()
