"""Claims: the search, what one claim rests on, and the vocabulary of verdicts and concepts."""

import json

import pytest

import ldnevidence as ldn
from ldnevidence import claims
from ldnevidence.claims import quoted
from ldnevidence.paths import data_dir


@pytest.fixture(scope="module")
def ev():
    return ldn.load()


def allowed(column):
    package = json.loads((data_dir() / "datapackage.json").read_text(encoding="utf-8"))
    table = next(r for r in package["resources"] if r["name"] == "claims")
    return next(f for f in table["schema"]["fields"] if f["name"] == column)["constraints"]["enum"]


def test_the_vocabulary_is_that_of_the_data_contract_and_every_symbol_is_its_own():
    assert list(claims.VERDICTS) == allowed("verdict")
    assert list(claims.CONCEPTS) == allowed("concept")
    symbols = [v.symbol for v in claims.VERDICTS.values()]
    assert len(set(symbols)) == len(symbols)
    assert all(c.explanation.endswith(".") and c.would_change.endswith(".") for c in claims.CONCEPTS.values())


def test_without_conditions_every_claim_is_found(ev):
    assert claims.find(ev)["claim_id"].tolist() == ev.claims["claim_id"].tolist()


def test_conditions_narrow_together(ev):
    found = claims.find(ev, topic="safety", verdict="overstated", document="kresser")
    assert len(found) > 0
    assert set(found["topic"]) == {"safety"}
    assert set(found["verdict"]) == {"overstated"}
    assert set(found["document"]) == {"kresser"}


def test_every_word_of_a_search_stands_in_the_claim(ev):
    found = claims.find(ev, text="placebo PAIN")
    assert 0 < len(found) < len(ev.claims)
    text = found[["statement", "figures", "why"]].fillna("").agg(" ".join, axis=1).str.lower()
    assert text.str.contains("placebo").all()
    assert text.str.contains("pain").all()


@pytest.mark.parametrize("word", ["Crohn", "CROHN", "cröhn"])
def test_capitals_and_accents_do_not_matter(ev, word):
    assert (
        claims.find(ev, text=word)["claim_id"].tolist() == claims.find(ev, text="crohn")["claim_id"].tolist()
    )


def test_a_condition_includes_those_below_it(ev):
    found = claims.find(ev, condition="ibd")
    assert set(found["condition_id"]) <= set(ev.conditions_under("ibd"))
    assert set(claims.find(ev, condition="crohns-disease")["claim_id"]) <= set(found["claim_id"])


def test_a_search_without_hits_gives_an_empty_table_with_all_columns(ev):
    found = claims.find(ev, text="zzzz")
    assert found.empty
    assert list(found.columns) == list(ev.claims.columns)


@pytest.mark.parametrize("argument", ["topic", "verdict", "document", "condition"])
def test_an_unknown_value_is_refused_with_what_exists(ev, argument):
    with pytest.raises(ValueError, match="known:"):
        claims.find(ev, **{argument: "no such thing"})


def test_an_unknown_claim_is_refused_with_the_nearest(ev):
    with pytest.raises(ValueError, match=r"nearest: .*kresser-01"):
        claims.detail(ev, "kresser-001")


def test_every_claim_opens_and_rests_on_the_works_of_the_table(ev):
    rests = ev.claim_evidence.groupby("claim_id")["cite_key"].agg(set)
    for claim_id in ev.claims["claim_id"]:
        claim = claims.detail(ev, claim_id)
        assert set(claim.studies["cite_key"]) == rests.get(claim_id, set())
        assert claim.studies["label"].notna().all()
        assert set(claim.rows["study_id"]) <= set(claim.studies["cite_key"])
        assert set(claim.rows["figure"]) | set(claim.unmatched) == set(claim.figures)
        assert claim.would_change


def test_a_study_brings_its_finding_with_the_reason(ev):
    studies = claims.detail(ev, "kim2025-02").studies.set_index("cite_key")
    whole = ev.studies.set_index("study_id")
    assert studies.loc["younger2013", "finding_why"] == whole.loc["younger2013", "finding_why"]


def test_matched_rows_exist_and_print_the_number(ev):
    keys = {
        "results": set(ev.results["result_id"]),
        "contrasts": set(ev.contrasts["contrast_id"]),
        "adverse_events": set(ev.adverse_events["ae_id"]),
        "pooled": set(ev.pooled["pooled_id"]),
    }
    for claim_id in ev.claims["claim_id"]:
        for row in claims.detail(ev, claim_id).rows.itertuples():
            assert row.row in keys[row.table]
            assert row.how


def test_the_figures_of_the_dose_finding_study_are_traced_to_its_rows(ev):
    rows = claims.detail(ev, "marcus2024-09").rows.set_index("figure")
    results = ev.results.set_index("result_id")
    assert results.loc[rows.loc["3.88 mg", "row"], "value"] == 3.88
    assert rows.loc["11 of 25", "printed"] == "11 of 25"


def test_a_percentage_is_no_match_for_a_dose_or_a_score(ev):
    only = quoted.matching_rows(ev, ["marcus2024"], claims.figures("5.6%"))
    assert only.empty
    dose = quoted.matching_rows(ev, ["marcus2024"], claims.figures("5.6 mg"))
    assert dose["row"].tolist() == ["marcus2024.best-dose-range#1"]


def test_micrograms_are_compared_as_milligrams():
    (figure,) = claims.figures("2 mcg")
    assert (figure.kind, figure.value) == ("dose", 0.002)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("8-10 weeks", "time"), ("$30", "money"), ("p = 0.029", "p"), ("50%", "percent"), ("41", "plain")],
)
def test_the_unit_tells_what_a_number_is(text, kind):
    assert {f.kind for f in claims.figures(text)} == {kind}


def test_pages_and_years_of_a_citation_are_not_looked_for_among_results(ev):
    for claim_id in claims.find(ev, topic="citation")["claim_id"]:
        assert claims.detail(ev, claim_id).rows.empty
