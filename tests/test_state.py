"""The dashboard's state and widgets, without a browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ldnevidence as ldn
from ldnevidence import views
from ldnevidence.app import Dashboard, ExplorerState
from ldnevidence.app.panels import PANELS
from ldnevidence.app.state import TABS

EV = ldn.load()


PLAIN_TEXT = st.text("abcdefghijklmnopqrstuvwxyz 0123456789-&=#?%+", max_size=24)


def chosen_from(state: ExplorerState, trait: str) -> st.SearchStrategy[object]:
    """Draw a value that a trait may take."""
    if isinstance(getattr(state, trait), bool):
        return st.booleans()
    if trait == "exclude":
        return st.lists(st.sampled_from(sorted(EV.studies["study_id"])), max_size=3, unique=True).map(tuple)
    try:
        return st.sampled_from(list(state.choices(trait).values()))
    except ValueError:
        return PLAIN_TEXT


@st.composite
def choices(draw: st.DrawFn) -> dict[str, object]:
    """Draw a full set of choices that exist; the scheme comes first, since bands depend on it."""
    state = ExplorerState(EV)
    state.scheme = draw(st.sampled_from(sorted(state.choices("scheme").values())))
    rest = [trait for trait in ExplorerState.NAMES.values() if trait != "scheme"]
    return {"scheme": state.scheme} | {trait: draw(chosen_from(state, trait)) for trait in rest}


def state_of(chosen: dict[str, object]) -> ExplorerState:
    state = ExplorerState(EV)
    for trait, value in chosen.items():
        setattr(state, trait, value)
    return state


@settings(max_examples=60)
@given(choices())
def test_a_choice_survives_the_way_through_a_link(chosen):
    state = state_of(chosen)
    other = ExplorerState(EV)
    assert other.from_query(state.to_query()) == []
    assert {t: getattr(other, t) for t in chosen} == chosen
    assert other.to_query() == state.to_query()


@settings(max_examples=40)
@given(choices(), choices())
def test_a_whole_link_forgets_what_was_chosen_before(first, second):
    state = state_of(first)
    state.from_query("?" + state_of(second).to_query(), whole=True)
    assert {t: getattr(state, t) for t in second} == second


@settings(max_examples=40)
@given(choices())
def test_every_choice_that_is_offered_can_be_selected(chosen):
    ev = state_of(chosen).evidence()
    assert set(ev.studies["study_id"]) <= set(EV.studies["study_id"])


@settings(max_examples=80)
@given(st.text(max_size=300))
@example("\x1f\U0001166d\U00018cd6" * 20)  # letters that only escapes could show
def test_no_query_string_raises(text):
    messages = ExplorerState(EV).from_query(text)
    assert all(isinstance(m, str) and len(m) < 200 for m in messages)


@settings(max_examples=80)
@given(st.dictionaries(st.sampled_from([*ExplorerState.NAMES, "zzz", "<script>"]), st.text(max_size=60)))
def test_unknown_values_are_ignored_with_one_message_each(pairs):
    state = ExplorerState(EV)
    messages = state.from_query("?" + urlencode(pairs, errors="ignore"))
    for trait in ("condition", "dose_band", "scheme", "design", "domain", "document", "verdict", "tab"):
        assert getattr(state, trait) in state.choices(trait).values()
    assert set(state.exclude) <= set(EV.studies["study_id"])
    assert all(isinstance(m, str) and m.endswith(".") for m in messages)
    for name in set(pairs) - set(ExplorerState.NAMES):
        assert any(repr(name)[:10] in m or name in m for m in messages)


@pytest.mark.parametrize(
    "query",
    ["", "?", "&&&", "=", "%", "%zz", "condition", "condition=%00", "condition=fibromyalgia&condition=gout",
     "dose=low&scheme=nowhere", "others=maybe", "condition=" + "x" * 10_000, "tab[]=1", "a=b;c=d", "\ud800"],
    ids=range(15),
)  # fmt: skip
def test_malformed_links_leave_a_usable_state(query):
    state = ExplorerState(EV)
    state.from_query(query)
    assert len(state.evidence().studies) > 0


def test_defaults_stand_in_no_link():
    assert ExplorerState(EV).to_query() == ""


def test_a_link_names_its_choices_in_plain_words():
    state = state_of({"scheme": "explorer", "condition": "fibromyalgia", "dose_band": "low", "others": True})
    assert dict(parse_qsl(state.to_query())) == {"condition": "fibromyalgia", "dose": "low", "others": "1"}


def test_a_band_that_a_new_scheme_lacks_is_dropped():
    state = ExplorerState(EV)
    state.dose_band = "upper low"
    bands = {s: set(rows["band"]) for s, rows in EV.dose_bands.groupby("scheme")}
    state.scheme = next(s for s, names in sorted(bands.items()) if "upper low" not in names)
    assert state.dose_band == ""


def test_comparisons_can_be_sorted_by_every_column_that_is_offered():
    fibromyalgia = EV.select(condition="fibromyalgia")
    for column in ExplorerState(EV).choices("sort").values():
        table = views.forest(fibromyalgia, measure="MD", unit="points", sort=column).table
        assert len(table) > 1 and table[column].dropna().is_monotonic_increasing, column


def test_high_dose_and_other_drug_studies_are_hidden_until_asked_for():
    state = ExplorerState(EV)
    assert state.evidence().studies["low_dose"].all()
    state.others = True
    assert not state.evidence().studies["low_dose"].all()


def test_an_unknown_trait_offers_nothing_and_says_so():
    with pytest.raises(ValueError, match="condition"):
        ExplorerState(EV).choices("mood")


# -- the page ---------------------------------------------------------------------------------------------


def page_text(page: Dashboard) -> str:
    """Return all HTML of the page's widgets."""
    found, stack = [], [page]
    while stack:
        widget = stack.pop()
        stack += list(getattr(widget, "children", ()))
        if type(widget).__name__ in ("HTML", "Status"):
            found.append(widget.value)
    return "\n".join(found)


def test_choosing_a_condition_changes_what_the_page_shows():
    page = Dashboard()
    page.state.tab = "compare"
    before = page_text(page)
    page.state.condition = "fibromyalgia"
    after = page_text(page)
    assert before != after and "Fibromyalgia" in after
    assert "smith2011" in before and "smith2011" not in after


def test_a_band_that_both_schemes_have_stays_chosen_in_its_drop_down():
    page = Dashboard()
    page.open_link("?tab=compare&condition=fibromyalgia&dose=low")
    band = page.panels["compare"].pickers.controls["dose_band"]
    page.panels["compare"].pickers.controls["scheme"].value = "toljan2018"
    assert page.state.dose_band == band.value == "low"
    assert set(dict(band.options).values()) == set(page.state.choices("dose_band").values())
    band.value = "classical"
    assert page.state.dose_band == "classical", "the drop-down still leads the state"
    page.state.scheme = "explorer"
    assert page.state.dose_band == band.value == ""


def test_the_title_of_the_window_names_the_tab_and_what_is_chosen():
    page = Dashboard()
    assert page.title() == "Overview - LDN evidence explorer"
    page.open_link("?tab=compare&condition=fibromyalgia&dose=low")
    assert page.title() == "Compare: Fibromyalgia, Low (1 to 4.5 mg) - LDN evidence explorer"
    page.state.tab = "claims"
    assert page.title() == "Claims - LDN evidence explorer"


def test_every_button_that_changes_the_page_has_a_key_of_its_own():
    page = Dashboard()
    two = "tab=compare&condition=chronic-pain&condition2=fibromyalgia"
    for query in ("", two, "tab=claims&claim=kim2025-02", "tab=references"):
        page.open_link(f"?{query}")
        buttons = re.findall(r"<button[^>]*data-set=[^>]*>[^<]*", page_text(page))
        keys = [re.search(r"data-key=(['\"])(.*?)\1", b) for b in buttons if ">Close" not in b]
        found = [key.group(2) for key in keys if key]
        assert len(found) == len(keys) and len(set(found)) == len(found), query


def test_a_link_sets_the_state_and_what_is_shown():
    page = Dashboard()
    page.open_link("?condition=crohns-disease&dose=low&tab=compare")
    assert (page.state.condition, page.state.dose_band) == ("crohns-disease", "low")
    assert "smith2011" in page_text(page) and "younger2013" not in page_text(page)


def test_an_unknown_part_of_a_link_is_told_and_escaped():
    page = Dashboard()
    page.open_link("?condition=<img src=x>")
    assert "ignored" in page.status.value and "<img" not in page.status.value


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_for_every_kind_of_selection_without_a_failure(tab, caplog):
    for query in (
        "",
        "condition=fibromyalgia&dose=low",
        "condition=darier&design=randomized",
        "others=1&domain=pain",
    ):
        page = Dashboard()
        page.open_link(f"?tab={tab}&{query}")
        assert page.state.tab == tab and len(page.body.children) == 1
        assert "could not be drawn" not in page_text(page), f"{tab}: {query}"
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_that_fails_leaves_the_page_alive_and_says_so(tab, monkeypatch, caplog):
    def fail(_self):
        raise RuntimeError("out of ink")

    monkeypatch.setattr(PANELS[tab], "draw", fail)
    page = Dashboard()
    page.state.tab = tab
    assert "could not be drawn" in page.status.value
    assert "out of ink" not in page_text(page), "the reader is spared the traceback"
    assert "out of ink" in caplog.text, "and the log has it"
    other = "claims" if tab != "claims" else "methods"
    page.state.tab = other
    assert page.body.children == (page.panels[other],)


def test_a_view_that_fails_leaves_the_rest_of_its_tab_alive(monkeypatch, caplog):
    def fail(*_args, **_kwargs):
        raise RuntimeError("out of ink")

    monkeypatch.setattr(views, "gap_map", fail)
    page = Dashboard()
    page.state.tab = "overview"
    assert "could not be drawn" in page.status.value and "out of ink" in caplog.text
    assert "Fibromyalgia" in page.panels["overview"].grid.value, "the buttons are still there"


def test_every_message_goes_to_one_live_line():
    page = Dashboard()
    assert "aria-live='polite'" in page.status.value and "role='status'" in page.status.value


def test_the_page_links_to_canonical_addresses_and_never_to_copies():
    canonical = set(EV.sources["canonical_url"].dropna())
    copies = set(EV.sources.loc[EV.sources["copy"], "read_at"]) - canonical
    page, shown = Dashboard(), set()
    for tab in TABS:
        page.state.tab = tab
        shown |= set(re.findall(r"href=[\'\"](https?://[^\'\"]+)", page_text(page)))
    assert shown and not shown & copies


def test_no_widget_asks_for_symptoms_or_gives_a_dose_for_a_person():
    page = Dashboard()
    for tab in TABS:
        page.state.tab = tab
        words = re.sub(r"<[^>]+>", " ", page_text(page)).lower()
        assert not re.search(r"your (symptoms|dose|weight|age|condition)|recommended for you", words), tab
