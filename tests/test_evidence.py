"""Evidence: one frozen value whose tables are always narrowed together."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ldnevidence as ldn
from ldnevidence import bands, paths, schema
from ldnevidence.evidence import REFERENCE_TABLES, Evidence

EV = ldn.load()
CONTRACT = {r["name"]: r["schema"] for r in schema.contract(paths.data_dir())["resources"]}
SCHEMES = sorted(EV.dose_bands["scheme"].unique())


def maybe(values: list[str]) -> st.SearchStrategy[object]:
    return st.none() | st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3)


@st.composite
def arguments(draw: st.DrawFn) -> dict[str, object]:
    """Draw any arguments that select() takes."""
    scheme = draw(st.sampled_from(SCHEMES))
    named = list(EV.dose_bands.loc[EV.dose_bands["scheme"] == scheme, "band"]) + list(bands.SPECIAL)
    return {
        "scheme": scheme,
        "condition": draw(maybe(sorted(EV.condition_codes))),
        "dose_band": draw(maybe(named)),
        "domain": draw(maybe(sorted(EV.outcomes["domain"].unique()))),
        "design": draw(maybe(sorted(EV.studies["design"].unique()))),
        "randomized": draw(st.none() | st.booleans()),
        "controlled": draw(st.none() | st.booleans()),
        "document": draw(maybe(sorted(EV.claims["document"].unique()))),
        "low_dose": draw(st.sampled_from([True, True, False, None])),
        "dose_match": draw(st.sampled_from(["any", "main"])),
    }


def ids(ev: Evidence, table: str = "studies", column: str = "study_id") -> set[str]:
    return set(ev.tables[table][column].dropna())


# -- narrowing --------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(arguments())
def test_every_link_between_narrowed_tables_resolves(chosen):
    ev = EV.select(**chosen)
    for name, described in CONTRACT.items():
        if name in REFERENCE_TABLES:
            continue
        for key in described.get("foreignKeys", []):
            (column,), reference = key["fields"], key["reference"]
            if (name, column) == ("studies", "part_of"):
                continue  # a secondary analysis may be chosen without the trial that it belongs to
            target = reference["resource"] or name
            missing = ids(ev, name, column) - ids(ev, target, reference["fields"][0])
            assert not missing, f"{name}.{column} points at {sorted(missing)[:3]}, which {target} has lost"


@settings(max_examples=60)
@given(arguments())
def test_selecting_only_takes_rows_away(chosen):
    ev = EV.select(**chosen)
    for name, table in ev.tables.items():
        assert list(table.columns) == list(EV.tables[name].columns)
        assert set(table.index) <= set(EV.tables[name].index)
        if name in REFERENCE_TABLES:
            assert len(table) == len(EV.tables[name])


@settings(max_examples=60)
@given(arguments())
def test_every_study_left_fits_what_was_chosen(chosen):
    ev = EV.select(**chosen)
    studies = ev.studies.set_index("study_id")
    for column in ("randomized", "controlled", "low_dose"):
        if chosen[column] is not None:
            assert (studies[column] == chosen[column]).all()
    if chosen["design"] is not None:
        assert set(studies["design"]) <= set(several(chosen["design"]))
    if chosen["condition"] is not None:
        codes = {c for name in several(chosen["condition"]) for c in EV.conditions_under(name)}
        filed = EV.study_conditions
        assert ids(ev) <= set(filed.loc[filed["condition_id"].isin(codes), "study_id"])
    if chosen["domain"] is not None:
        assert set(ev.outcomes["domain"]) <= set(several(chosen["domain"]))
        assert ids(ev) == ids(ev, "outcomes")
    if chosen["dose_band"] is not None:
        table = EV.study_bands(chosen["scheme"])
        table = table[table["main"] | (chosen["dose_match"] == "any")]
        assert ids(ev) <= set(table.loc[table["band"].isin(several(chosen["dose_band"])), "study_id"])
    if chosen["document"] is not None:
        assert set(ev.claims["document"]) <= set(several(chosen["document"]))


def several(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]


@settings(max_examples=25)
@given(arguments(), arguments())
def test_the_order_of_two_selections_does_not_matter_for_the_studies(first, second):
    assert ids(EV.select(**first).select(**second)) == ids(EV.select(**second).select(**first))


@settings(max_examples=40)
@given(arguments())
def test_selecting_the_same_again_changes_nothing(chosen):
    once = EV.select(**chosen)
    twice = once.select(**chosen)
    assert ids(once) == ids(twice) and ids(once, "results", "result_id") == ids(twice, "results", "result_id")


@settings(max_examples=40)
@given(arguments())
def test_studies_of_the_main_dose_alone_are_among_those_of_any_dose(chosen):
    main, any_dose = (EV.select(**(chosen | {"dose_match": match})) for match in ("main", "any"))
    assert ids(main) <= ids(any_dose)


def test_nothing_chosen_leaves_out_high_doses_and_other_drugs_alone():
    assert ids(EV.select()) == set(EV.studies.loc[EV.studies["low_dose"], "study_id"])
    assert ids(EV.select(low_dose=None)) == ids(EV)
    assert ids(EV.select(low_dose=False)) == ids(EV) - ids(EV.select())


def test_bands_divide_all_studies_among_them():
    for scheme in SCHEMES:
        named = EV.dose_bands.loc[EV.dose_bands["scheme"] == scheme, "band"]
        parts = [ids(EV.select(dose_band=b, scheme=scheme, low_dose=None)) for b in [*named, *bands.SPECIAL]]
        assert set().union(*parts) == ids(EV)


def test_claims_of_a_document_all_stay_when_the_document_is_chosen():
    for document, claims in EV.claims.groupby("document"):
        assert ids(EV.select(document=document), "claims", "claim_id") == set(claims["claim_id"])


def test_only_leaves_the_named_studies_and_refuses_others():
    ev = EV.only(["younger2013", "smith2011"])
    assert ids(ev) == {"younger2013", "smith2011"} and ids(ev, "outcomes") == ids(ev)
    with pytest.raises(ValueError, match="no such study here: nobody1999"):
        EV.only(["nobody1999"])


# -- conditions -------------------------------------------------------------------------------------------


def test_a_condition_includes_those_below_it():
    ibd, crohn = EV.select(condition="IBD"), EV.select(condition="Crohn's disease")
    assert ids(crohn) < ids(ibd)
    assert ids(EV.select(condition="ulcerative-colitis")) <= ids(ibd)
    parents = EV.conditions.dropna(subset="parent_id")
    for row in parents.itertuples():
        assert set(EV.conditions_under(row.condition_id)) < set(EV.conditions_under(row.parent_id))


def test_a_group_includes_all_its_conditions():
    for group, rows in EV.conditions.groupby("group"):
        if bands.plain(group) in {bands.plain(c) for c in EV.conditions["condition_id"]}:
            continue  # a name that is a condition too means the condition with those below it
        assert set(rows["condition_id"]) <= set(EV.conditions_under(group))


@pytest.mark.parametrize(
    "spelling", ["crohns-disease", "Crohn's disease", "CROHNS DISEASE", "crohn", "Crohns"]
)
def test_other_spellings_find_the_same_condition(spelling):
    assert EV.conditions_under(spelling) == ["crohns-disease"]


def test_every_condition_filed_has_a_study_or_a_claim_or_a_narrower_condition():
    filed = ids(EV, "study_conditions", "condition_id") | ids(EV, "claims", "condition_id")
    filed |= ids(EV, "pooled", "condition_id") | ids(EV, "conditions", "parent_id")
    assert ids(EV, "conditions", "condition_id") <= filed


@pytest.mark.parametrize(
    ("argument", "listed"),
    [
        ({"condition": "gout"}, "fibromyalgia"),
        ({"dose_band": "huge"}, "very low"),
        ({"scheme": "mine"}, "explorer"),
        ({"design": "guess"}, "randomized-parallel"),
        ({"domain": "luck"}, "pain"),
        ({"document": "a book"}, "kim2025"),
        ({"dose_match": "some"}, "main"),
        ({"dose_band": "low", "scheme": "mine"}, "explorer"),
    ],
)
def test_an_unknown_choice_raises_a_value_error_that_lists_what_exists(argument, listed):
    with pytest.raises(ValueError) as caught:
        EV.select(**argument)
    wrong = str(argument.get("scheme") or next(iter(argument.values())))
    assert repr(wrong) in str(caught.value) and listed in str(caught.value)
    assert "\n" not in str(caught.value)


# -- a frozen value ---------------------------------------------------------------------------------------


def test_evidence_cannot_be_reassigned():
    with pytest.raises(dataclasses.FrozenInstanceError):
        EV.tables = {}  # type: ignore[misc]


def test_writing_into_a_table_changes_no_one_elses_evidence():
    before = EV.studies["label"].tolist()
    mine = EV.studies
    mine.loc[:, "label"] = "spoilt"
    mine["extra"] = 1
    assert EV.studies["label"].tolist() == before and "extra" not in EV.studies


def test_an_unknown_table_is_an_attribute_error_that_lists_the_tables():
    with pytest.raises(AttributeError, match="studies, study_conditions"):
        _ = EV.nonsense
    assert "studies" in dir(EV)


def test_load_reads_once_per_process():
    assert ldn.load() is ldn.load()


def test_the_selection_is_remembered_and_shown():
    ev = EV.select(condition="fibromyalgia", randomized=True)
    assert ev.selection == {"condition": "fibromyalgia", "randomized": True}
    assert "condition='fibromyalgia'" in repr(ev)


@settings(max_examples=30)
@given(arguments(), arguments())
def test_the_remembered_calls_rebuild_the_same_evidence(first, second):
    ev = EV.select(**first).select(**second)
    again = eval(".".join(["EV", *ev.calls]))
    assert {n: list(t.index) for n, t in again.tables.items()} == {
        n: list(t.index) for n, t in ev.tables.items()
    }


def test_a_choice_of_the_main_dose_is_remembered():
    ev = EV.select(dose_band="low", dose_match="main")
    assert ids(EV.select(**ev.selection)) == ids(ev) != ids(EV.select(dose_band="low"))


def test_studies_picked_by_hand_are_remembered():
    assert EV.select().only(["younger2013"]).calls == ("select()", "only(['younger2013'])")


def test_what_a_narrowed_evidence_no_longer_holds_is_still_known():
    fibromyalgia = EV.select(condition="fibromyalgia")
    assert "endoscopic" not in set(fibromyalgia.outcomes["domain"])
    assert len(fibromyalgia.select(domain="endoscopic").studies) == 0
    with pytest.raises(ValueError, match="unknown domain"):
        fibromyalgia.select(domain="luck")


# -- what the tables owe to their readers -----------------------------------------------------------------


@pytest.mark.parametrize("table", ["results", "contrasts", "adverse_events", "outcomes", "pooled", "reviews"])
def test_every_figure_has_a_page_that_says_how_much_of_it_was_read(table):
    rows = EV.tables[table]
    pages = EV.sources.set_index("source_id")
    assert rows["source_id"].notna().all()
    assert pages.loc[rows["source_id"], "read"].notna().all()


def test_every_study_has_a_page_an_arm_and_one_main_condition():
    through_figures = ids(EV, "outcomes") | ids(EV, "adverse_events")  # known from another's page alone
    assert ids(EV) <= ids(EV, "sources", "cite_key") | through_figures
    assert ids(EV) == ids(EV, "arms")
    main = EV.study_conditions[EV.study_conditions["main"]]
    assert sorted(main["study_id"]) == sorted(ids(EV))


def test_harms_stand_in_no_other_table():
    assert "adverse-event" not in set(EV.outcomes["domain"])


def test_computed_figures_are_kept_apart_from_printed_ones():
    for table, column in (("results", "value_text"), ("contrasts", "estimate_text")):
        assert not EV.tables[table][column].fillna("").str.contains(r"\[computed\]|\[inference\]").any()


def test_no_shown_address_is_that_of_a_copy():
    shown = EV.sources["canonical_url"].dropna()
    copies = EV.sources[EV.sources["copy"]]
    same = copies[copies["canonical_url"] == copies["read_at"]]
    assert shown.str.startswith("http").all()
    assert same["note"].notna().all(), "where no canonical address is known, a note says so"


def test_a_secondary_analysis_names_a_trial_that_is_none_itself():
    parts = EV.studies.dropna(subset="part_of").set_index("study_id")["part_of"]
    assert len(parts) and set(parts) <= ids(EV)
    assert not set(parts) & set(parts.index)


def test_studies_at_low_dose_give_ten_mg_or_less():
    low = EV.studies.loc[EV.studies["low_dose"], "study_id"]
    arms = EV.arms[EV.arms["study_id"].isin(low) & (EV.arms["role"] == "ldn")]
    doses = arms.groupby("study_id")[["dose_mg", "dose_min_mg", "dose_median_mg"]].min().min(axis=1)
    assert (doses.dropna() <= 10).all()
    assert EV.studies.loc[~EV.studies["low_dose"], "low_dose_why"].notna().all()


def test_no_dose_per_kilogram_is_turned_into_milligrams():
    per_kg = EV.arms[EV.arms["dose_basis"] == "mg/kg/day"]
    assert len(per_kg) and per_kg[["dose_mg", "dose_min_mg", "dose_median_mg"]].isna().all(axis=None)
    capped = per_kg[per_kg["dose_max_mg"].notna()]
    assert capped["dose_text"].str.contains("at most").all(), "a ceiling in mg is printed as such"


def test_changes_of_a_score_are_no_shares_of_people():
    shares = EV.results[EV.results["statistic"] == "percent of people"].merge(
        EV.outcomes[["outcome_id", "study_id", "kind"]], on="outcome_id"
    )
    assert set(shares["kind"]) <= {"binary", "count"}
    drawn = EV.outcomes[EV.outcomes["response_rate"]]
    assert set(drawn["kind"]) == {"binary"}


def test_an_empty_selection_is_evidence_too():
    ev = EV.select(condition="darier", dose_band="full", randomized=True)
    assert len(ev.studies) == 0 and len(ev.results) == 0
    assert isinstance(ev.study_bands(), pd.DataFrame) and ev.study_bands().empty
