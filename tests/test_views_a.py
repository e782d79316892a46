"""Forest plot, icon array, dose axis, timeline and safeguards: what is drawn is what the tables say."""

import math

import pandas as pd
import pytest

import ldnevidence as ldn
from ldnevidence import effects, pooling
from ldnevidence.evidence import Evidence
from ldnevidence.views import base, dose_axis, forest, icon_array, icon_array_for, safeguards, timeline
from ldnevidence.views.comparisons import INDEPENDENT, comparisons, measures_available
from ldnevidence.views.dose_axis import doses
from ldnevidence.views.forest import reach
from ldnevidence.views.pooling_rules import exclusion_effect, pooled, pooling_verdict, sides
from ldnevidence.views.safeguards import SAFEGUARDS, STATES, cells, marks

FINAL = "duebruun2024"  # 22 of 49 on LDN and 14 of 50 on placebo had more than 30% less pain


@pytest.fixture(scope="module")
def ev() -> Evidence:
    return ldn.load()


@pytest.fixture(scope="module")
def low(ev: Evidence) -> Evidence:
    return ev.select()


@pytest.fixture(scope="module")
def every(low: Evidence) -> pd.DataFrame:
    return comparisons(low)


def changed(ev: Evidence, table: str, key: str, value: str, **new: object) -> Evidence:
    """Return the evidence with some cells of one table changed."""
    frame = ev.tables[table].copy()
    for column, cell in new.items():
        frame.loc[frame[key] == value, column] = cell
    return Evidence({**ev.tables, table: frame}, {})


def nothing(ev: Evidence) -> Evidence:
    return ev.only([])


def twins(ev: Evidence, events: list[tuple[int, int]]) -> Evidence:
    """Return evidence of trials alike in all but their counts of people with less pain."""
    tables = {name: frame.copy() for name, frame in ev.only([FINAL]).tables.items()}
    outcome = f"{FINAL}.pain-30"
    tables["outcomes"] = tables["outcomes"][tables["outcomes"]["outcome_id"] == outcome]
    tables["contrasts"] = tables["contrasts"].iloc[:0]
    results = tables["results"][tables["results"]["outcome_id"] == outcome]
    results = results.assign(statistic="events", unit="people", value_text=None)
    parts: dict[str, list[pd.DataFrame]] = {}
    for i, (ours, theirs) in enumerate(events):
        name = f"trial{i}"
        counts = {f"{FINAL}.ldn": ours, f"{FINAL}.placebo": theirs}
        own = {**tables, "results": results.assign(value=results["arm_id"].map(counts).astype(float))}
        for table in ("studies", "arms", "outcomes", "results", "study_conditions"):
            frame = own[table].copy()
            for column in {"study_id", "arm_id", "outcome_id", "result_id", "label"} & set(frame.columns):
                if column != "label" or table == "studies":
                    frame[column] = frame[column].str.replace(FINAL, name).str.replace("Bruun 2024", name)
            parts.setdefault(table, []).append(frame)
    return Evidence(
        {**tables, **{t: pd.concat(frames, ignore_index=True) for t, frames in parts.items()}}, {}
    )


def views_of(ev: Evidence) -> list[base.View]:
    return [forest(ev), forest(ev, kind="within"), dose_axis(ev), timeline(ev), safeguards(ev)]


# -- what every view promises ---------------------------------------------------------------------------


@pytest.mark.parametrize("selection", [{}, {"condition": "fibromyalgia"}, {"condition": "Crohn's disease"}])
def test_each_view_draws_allowed_traces_says_a_number_and_names_its_sources(ev, selection):
    for view in views_of(ev.select(**selection)):
        assert {trace.type for trace in view.figure.data} <= set(base.TRACE_TYPES)
        if len(view.table):
            assert any(c.isdigit() for c in view.sentence), view.name
            assert set(view.sources) <= set(view.table["study_id"])


@pytest.mark.parametrize("selection", [{}, {"condition": "fibromyalgia"}, {"low_dose": None}])
def test_the_code_of_each_view_rebuilds_its_table(ev, selection):
    part = ev.select(**selection)
    several = [forest(part, measure="RD", sort="estimate", ascending=False, exclude=[FINAL], reference=5.0)]
    several += [
        icon_array_for(part, f"{FINAL}.pain-30", per=1000),
        icon_array(3, 9, 1, 8, per=10, event="slept"),
    ]
    several += [forest(part, measure="MD", unit="kPa"), dose_axis(part, scheme="ldnrt2021")]
    for view in [*views_of(part), *several]:
        *setup, call = view.code.strip().split("\n")
        scope: dict = {}
        exec("\n".join(setup), scope)  # the snippet that readers are shown
        again = eval(call, scope)
        pd.testing.assert_frame_equal(again.table, view.table)
        assert again.sentence == view.sentence


def test_an_empty_selection_gives_a_reason_and_no_exception(ev):
    for view in views_of(nothing(ev)):
        assert view.table.empty and len(view.sentence) > 20
        assert "No " in view.sentence


def test_figures_have_no_fixed_width(ev):
    assert all(view.figure.layout.width is None for view in [*views_of(ev), icon_array(1, 5, 2, 5)])


# -- comparisons ----------------------------------------------------------------------------------------


def test_nothing_is_computed_from_crossover_or_single_arm_studies(ev, every):
    computed = every[every["kind"] == "computed"]
    assert len(computed) > 10
    assert set(computed["design"]) <= set(INDEPENDENT)
    # The same counts of the same arms vanish as soon as the design is a crossover.
    crossed = changed(ev, "studies", "study_id", FINAL, design="randomized-crossover")
    ours = comparisons(crossed)[lambda t: t["study_id"] == FINAL]
    assert set(ours["kind"]) == {"as printed"}
    assert "computed" in set(every.loc[every["study_id"] == FINAL, "kind"])


def test_a_computed_ratio_is_that_of_the_counts_of_the_paper(every):
    row = every[(every["outcome_id"] == f"{FINAL}.pain-30") & (every["measure"] == "RR")].iloc[0]
    assert (row["events_1"], row["n_1"], row["events_2"], row["n_2"]) == (22, 49, 14, 50)
    assert row["estimate"] == pytest.approx((22 / 49) / (14 / 50))
    assert not row["turned"]


def test_where_fewer_events_are_better_the_ratio_is_turned_upside_down(every):
    row = every[
        (every["outcome_id"] == "abboud1990epidural.inadequate-analgesia") & (every["measure"] == "RR")
    ]
    row = row[row["arm_1_id"] == "abboud1990epidural.ldn-9"].iloc[0]
    plain = effects.compare_proportions(5, 15, 0, 15)
    assert row["turned"]
    assert row["estimate"] == pytest.approx(1 / plain.estimate)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((1 / plain.ci_high, 1 / plain.ci_low))
    assert row["estimate"] < 1  # worse on LDN, hence on the comparator's side


def test_printed_contrasts_are_turned_by_their_sign(ev, every):
    printed = ev.contrasts.set_index("contrast_id")
    pain = every[(every["outcome_id"] == f"{FINAL}.pain") & (every["measure"] == "MD")].iloc[0]
    assert printed.loc[printed["outcome_id"] == f"{FINAL}.pain", "estimate"].iloc[0] == -0.34
    assert (pain["estimate"], pain["ci_low"], pain["ci_high"]) == (0.34, -0.27, 0.95)
    innova = every[(every["study_id"] == "rodriguezfreire2026") & (every["measure"] == "SMD")].iloc[0]
    assert innova["estimate"] == -0.19  # printed as 0.19 in favour of placebo


def test_a_contrast_without_a_stated_side_is_not_drawn_and_is_named(low):
    view = forest(low, measure="MD", unit="points")
    assert "srinivasan2021" not in set(view.table["study_id"])
    assert any("does not say which side" in note and "Srinivasan 2021" in note for note in view.notes)


def test_a_trial_without_events_has_no_ratio_but_a_difference(every):
    none = every[every["outcome_id"] == "mischoulon2017.non-completion"].set_index("measure")
    assert "cannot be estimated" in none.loc["RR", "why_not"]
    assert none.loc["RD", "why_not"] == "" and none.loc["RD", "estimate"] == 0


def test_means_with_standard_deviations_give_the_same_as_effects(every):
    row = every[(every["outcome_id"] == "mischoulon2017.madrs-10") & (every["measure"] == "SMD")]
    row = row[row["kind"] == "computed"].iloc[0]
    plain = effects.compare_means(12.2, 8.4, 6, 22.8, 8.5, 6, measure="SMD")
    assert row["estimate"] == pytest.approx(-plain.estimate)


def test_changes_within_an_arm_never_share_a_table_with_comparisons_of_arms(low):
    between, within = comparisons(low), comparisons(low, "within")
    assert not between["comparator"].eq("before").any()
    assert within["comparator"].eq("before").all() and len(within) > 5
    with pytest.raises(ValueError, match="unknown kind"):
        comparisons(low, "both")


def test_secondary_phases_and_subgroups_are_not_computed(every):
    assert (every.loc[every["kind"] == "computed", "population"] == "all").all()
    assert "smith2011.non-completion" not in set(every["outcome_id"])  # over both phases


# -- forest ---------------------------------------------------------------------------------------------


def drawn(view: base.View) -> list[float]:
    """Return every estimate that has a mark."""
    named = [t for t in view.figure.data if t.mode == "markers" and t.name and "axis" not in t.name]
    return sorted(float(x) for t in named for x in t.x)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "SMD", "MD"])
def test_the_forest_draws_exactly_the_rows_of_its_table(low, measure):
    view = forest(low, measure=measure)
    assert set(view.table["measure"]) == {measure}
    assert drawn(view) == pytest.approx(sorted(view.table["estimate"]))


@pytest.mark.parametrize("measure", ["RR", "RD", "SMD"])
def test_the_sentence_counts_the_intervals_of_the_rows(low, measure):
    view = forest(low, measure=measure)
    null = 1 if measure == "RR" else 0
    held = view.table[view.table["ci_low"].notna()]
    ours, theirs = int((held["ci_low"] > null).sum()), int((held["ci_high"] < null).sum())
    both = len(held) - ours - theirs
    for words in (
        f"{len(view.table)} comparisons",
        f"{view.table['study_id'].nunique()} studies",
        f"of {len(held)} with an interval, {ours} ",
        f"{theirs} wholly in favour of the comparator",
        f"and {both} ",
    ):
        assert words in view.sentence
    assert "not pooled, because" in view.sentence and view.notes[0].startswith("Not pooled, because")


@pytest.mark.parametrize("column", ["estimate", "participants", "dose_mg", "weeks", "design", "year"])
def test_sorting_moves_every_number_with_its_row(low, column):
    plain = forest(low, measure="RD").table
    for ascending in (True, False):
        view = forest(low, measure="RD", sort=column, ascending=ascending)
        known = view.table[column].dropna()
        assert list(known) == sorted(known, reverse=not ascending)
        assert view.table[column].iloc[: len(known)].notna().all()  # missing values come last
        keys = ["outcome_id", "arm_1_id", "kind"]
        left, right = (t.sort_values(keys).reset_index(drop=True) for t in (plain, view.table))
        pd.testing.assert_frame_equal(left, right)
        # The marks and the words above them follow the table from the top; y counts downwards.
        marks = sorted((float(y), float(x)) for t in view.figure.data if t.mode == "markers" and t.name
                       for x, y in zip(t.x, t.y, strict=True))  # fmt: skip
        assert [x for _, x in marks] == list(view.table["estimate"])
        labels = sorted((a.y, a.text) for a in view.figure.layout.annotations if a.xref == "paper")
        for (y, text), (below, _), study in zip(labels, marks, view.table["study"], strict=True):
            assert text.replace("<br>", " ").startswith(f"<b>{study}") and y < below


def test_computed_and_printed_are_told_apart_by_symbol_and_word(low):
    view = forest(low, measure="SMD")
    symbols = {t.name: str(t.marker.symbol) for t in view.figure.data if t.mode == "markers" and t.name}
    assert symbols == {"computed": "square", "as printed, no interval": "diamond-open"}


def test_wide_intervals_are_cut_at_the_axis_and_end_in_arrows(low):
    view = forest(low, measure="RD", limit=40.0)
    cut = int((view.table["ci_low"] < -40).sum() + (view.table["ci_high"] > 40).sum())
    arrows = [t for t in view.figure.data if t.hovertext == "the interval goes on"]
    assert cut > 0 and sum(len(t.x) for t in arrows) == cut
    lines = [x for t in view.figure.data if t.mode == "lines" for x in t.x if x is not None]
    assert min(lines) >= -40 and max(lines) <= 40
    off = [t for t in view.figure.data if t.name == "estimate off the axis"]
    assert sum(len(t.x) for t in off) == int((view.table["estimate"].abs() > 40).sum()) > 0


def test_the_axis_reaches_every_estimate_and_is_as_long_on_both_sides(low):
    for measure in ("RR", "RD"):
        view = forest(low, measure=measure)
        low_end, high_end = view.figure.layout.xaxis.range
        assert low_end == pytest.approx(-high_end)
        far = view.table["estimate"].map(lambda v, m=measure: abs(math.log(v)) if m == "RR" else abs(v)).max()
        assert (math.log(reach(view.table)) if measure == "RR" else reach(view.table)) >= far
    assert forest(low, measure="RR").figure.layout.xaxis.type == "log"


def test_both_sides_of_the_line_are_named_and_the_reference_line_moves(low):
    view = forest(low, measure="RD", reference=12.5)
    words = " ".join(a.text for a in view.figure.layout.annotations)
    assert "favours LDN" in words and "favours the comparator" in words and "reference 12.5" in words
    assert [s.x0 for s in view.figure.layout.shapes] == [0, 12.5]
    only_placebo = forest(low, measure="SMD")
    assert "favours placebo" in " ".join(a.text for a in only_placebo.figure.layout.annotations)


def test_excluding_a_study_leaves_it_out_and_says_what_changed(low):
    whole = forest(low, measure="RD")
    view = forest(low, measure="RD", exclude=["bihari1988"])
    assert set(whole.table["study_id"]) - set(view.table["study_id"]) == {"bihari1988"}
    assert f"{len(view.table)} of {len(whole.table)} comparisons are left" in view.notes[0]
    assert (
        f"on the side of LDN: {sides(view.table)['ldn']} (before {sides(whole.table)['ldn']})"
        in view.notes[0]
    )
    everything = forest(low, measure="RD", exclude=set(whole.table["study_id"]))
    assert everything.table.empty and "left out" in everything.sentence


def test_each_unit_of_a_scale_has_a_plot_of_its_own(low):
    for unit in measures_available(low).query("measure == 'MD'")["unit"]:
        view = forest(low, measure="MD", unit=unit)
        assert set(view.table["unit"]) == {unit}
        assert view.figure.layout.xaxis.title.text.split("<br>")[0].endswith(f", {unit}")
    assert any("cannot share this axis" in note for note in forest(low, measure="MD").notes)


def test_the_measures_on_offer_count_what_the_plots_draw(low):
    offered = measures_available(low)
    for row in offered.itertuples():
        table = forest(low, measure=row.measure, unit=row.unit).table
        assert len(table) == row.computed + row.printed and table["study_id"].nunique() == row.studies
    assert forest(low).table["measure"].iloc[0] == offered["measure"].iloc[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "XX"}, "unknown measure"),
        ({"sort": "colour"}, "cannot sort by"),
        ({"exclude": ["nobody1900"]}, "no such study here"),
        ({"measure": "RR", "reference": 0}, "must be above 0"),
        ({"measure": "RR", "limit": 0.5}, "must be above 1"),
    ],
)
def test_wrong_options_are_refused_in_words(low, options, message):
    with pytest.raises(ValueError, match=message):
        forest(low, **options)


# -- pooling --------------------------------------------------------------------------------------------


def test_like_trials_are_pooled_with_hartung_knapp_and_a_prediction_interval_from_three(ev):
    counts = [(22, 14), (20, 15), (30, 12)]
    view = forest(twins(ev, counts), measure="RR")
    direct = [effects.compare_proportions(a, 49, b, 50) for a, b in counts]
    expected = pooling.pool([d.yi for d in direct], [d.vi for d in direct], "REML", "hksj", "RR")
    assert pooling_verdict(view.table)[0]
    assert expected.sentence in view.sentence and "prediction interval" in view.sentence
    names = [t.name for t in view.figure.data]
    assert "pooled" in names and "prediction interval" in names
    diamond = next(t for t in view.figure.data if t.name == "pooled")
    assert min(diamond.x) == pytest.approx(expected.ci_low) and max(diamond.x) == pytest.approx(
        expected.ci_high
    )
    two = forest(twins(ev, counts[:2]), measure="RR")
    assert "pooled" in [t.name for t in two.figure.data]
    assert "prediction interval" not in [t.name for t in two.figure.data]


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("outcome", "Sleep", "outcomes or their scales differ"),
        ("condition_id", "ibd", "conditions differ"),
        ("design", "retrospective-cohort", "designs differ"),
        ("comparator", "active", "comparators differ"),
        ("trial", "trial0", "count twice"),
        ("se", math.nan, "no standard error"),
    ],
)
def test_one_difference_is_enough_to_refuse_pooling(ev, column, value, why):
    rows = forest(twins(ev, [(22, 14), (20, 15), (30, 12)]), measure="RR").table
    rows.loc[2, column] = value
    allowed, reason = pooling_verdict(rows)
    assert not allowed and why in reason and pooled(rows) is None


def test_a_single_trial_and_changes_within_arms_are_never_pooled(ev, low):
    assert "two trials" in pooling_verdict(forest(twins(ev, [(22, 14)]), measure="RR").table)[1]
    assert "within one arm" in pooling_verdict(comparisons(low, "within"))[1]


def test_an_exclusion_that_ends_pooling_says_so(ev):
    rows = forest(twins(ev, [(22, 14), (20, 15)]), measure="RR").table
    assert "can no longer be pooled" in exclusion_effect(rows, rows.iloc[:1])
    assert exclusion_effect(rows, rows.iloc[:0]).endswith("no comparison is left.")


# -- icon array -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("per", [10, 100, 1000])
def test_both_arrays_have_the_same_number_of_icons_and_fill_the_share(per):
    view = icon_array(22, 49, 14, 50, per=per)
    filled, hollow, filled_2, hollow_2 = (len(t.x) for t in view.figure.data)
    assert filled + hollow == filled_2 + hollow_2 == per
    assert (filled, filled_2) == (math.floor(per * 22 / 49 + 0.5), math.floor(per * 14 / 50 + 0.5))
    assert [str(t.marker.symbol) for t in view.figure.data] == ["circle", "circle-open"] * 2
    # The arrays stand side by side, and all people of one arm on its own side.
    ours, theirs = ([*view.figure.data[i].x, *view.figure.data[i + 1].x] for i in (0, 2))
    assert max(ours) < min(theirs)
    assert f"{filled} responded on LDN and {filled_2} on placebo: {filled - filled_2} more" in view.sentence
    assert "22 of 49 (44.9%)" in view.notes[0]


def test_an_icon_array_from_the_tables_takes_the_counts_of_the_comparison(ev, every):
    view = icon_array_for(ev, f"{FINAL}.pain-30")
    row = every[(every["outcome_id"] == f"{FINAL}.pain-30") & (every["measure"] == "RD")].iloc[0]
    assert view.table[["events", "n"]].values.tolist() == [[row.events_1, row.n_1], [row.events_2, row.n_2]]
    assert view.sources == (FINAL,)
    assert any("one more to benefit" in note for note in view.notes)


@pytest.mark.parametrize(
    ("outcome", "why"),
    [("smith2011.cdai-response", "not read for two arms"), (f"{FINAL}.pain", "no yes or no")],
)
def test_an_icon_array_is_refused_where_people_were_not_counted(ev, outcome, why):
    view = icon_array_for(ev, outcome)
    assert view.table.empty and why in view.sentence


def test_small_arms_are_said_to_be_small(ev):
    assert "rests on 6 and 6 people only" in icon_array_for(ev, "toledano2021b.reduction-75").sentence
    assert "only" not in icon_array(22, 49, 14, 50).sentence


def test_a_crossover_gets_no_interval_from_its_counts():
    assert not any("95% interval" in note for note in icon_array(5, 20, 3, 20, independent=False).notes)


@pytest.mark.parametrize("arguments", [(5, 4, 1, 4), (1, 0, 1, 4), (-1, 4, 1, 4)])
def test_impossible_counts_are_refused(arguments):
    with pytest.raises(ValueError):
        icon_array(*arguments)
    with pytest.raises(ValueError, match="10, 100 or 1000"):
        icon_array(1, 4, 1, 4, per=50)


# -- dose axis ------------------------------------------------------------------------------------------


def test_every_study_is_on_the_dose_axis_or_counted_as_absent(ev):
    for part in (ev, ev.select(), ev.select(condition="fibromyalgia")):
        bands = part.study_bands()
        absent = bands[bands["band"].isin(["not stated", "mg/kg only"])]["study_id"].nunique()
        view = dose_axis(part)
        assert len(view.table) + absent == len(part.studies)
        told = sum(int(n.split(": ")[1].split()[0]) for n in view.notes if n.startswith("Not drawn: "))
        assert told == absent


def test_a_study_has_its_main_doses_as_marks_inside_its_range(ev):
    table = doses(ev)
    assert (table["low_mg"] <= table["high_mg"]).all() and (table["low_mg"] > 0).all()
    assert all(r.low_mg <= d <= r.high_mg for r in table.itertuples() for d in r.main_mg)
    view = dose_axis(ev)
    marked = [
        x for t in view.figure.data if t.mode == "markers" and "open" not in t.marker.symbol for x in t.x
    ]
    assert sorted(marked) == sorted(d for main in table["main_mg"] for d in main)


def test_high_dose_and_other_drug_studies_have_a_symbol_and_a_word_of_their_own(ev):
    view = dose_axis(ev)
    symbols = {
        t.name: str(t.marker.symbol).removesuffix("-open") for t in view.figure.data if t.mode == "markers"
    }
    assert len(set(symbols.values())) == len(symbols) == 3
    high = set(ev.studies.loc[~ev.studies["low_dose"].astype(bool), "study_id"])
    assert set(view.table.loc[view.table["kind"].str.startswith("high"), "study_id"]) <= high
    assert not any("high" in str(t.name) for t in dose_axis(ev.select()).figure.data)


@pytest.mark.parametrize("scheme", ["explorer", "ldnrt2020", "toljan2018", "marcus2024", "hdrx"])
def test_the_bands_of_each_scheme_are_shaded_at_their_limits(ev, scheme):
    view = dose_axis(ev, scheme)
    rows = ev.dose_bands[ev.dose_bands["scheme"] == scheme]
    rectangles = [s for s in view.figure.layout.shapes if s.type == "rect"]
    assert len(rectangles) == len(rows)
    inner = {m for m in [*rows["min_mg"], *rows["max_mg"].dropna()] if 5e-5 < m < 150}
    assert inner <= {x for s in rectangles for x in (s.x0, s.x1)}
    assert view.sentence.startswith(f"{len(view.table)} studies")


def test_an_unknown_scheme_is_refused(ev):
    with pytest.raises(ValueError, match="unknown scheme"):
        dose_axis(ev, "nobody")


# -- timeline -------------------------------------------------------------------------------------------


def test_the_timeline_draws_every_study_once_at_its_year_or_behind_all_years(ev):
    view = timeline(ev)
    studies = ev.studies[ev.studies["part_of"].isna()]
    years = studies["year"].dropna().astype(int)
    undated = len(studies) - len(years)
    assert sorted(view.table["study_id"]) == sorted(studies["study_id"])
    places = sorted(int(x) for t in view.figure.data for x in t.x)
    assert places[: len(years)] == sorted(years)
    assert len(set(places[len(years) :])) == 1 and places[-1] > max(years)
    axis = view.figure.layout.xaxis
    assert axis.ticktext[-1] == "no year" and axis.tickvals[-1] == places[-1]
    assert any(f"without a year: {undated} studies" in note for note in view.notes)


def test_the_timeline_tells_designs_and_unread_sizes_apart_by_symbol_and_word(ev):
    for trace in timeline(ev).figure.data:
        unread = trace.name.endswith("size not read")
        assert trace.marker.symbol.endswith("-open") == unread
        symbol = {"r": "circle", "c": "diamond", "n": "square"}[trace.name[0]]
        assert trace.marker.symbol.removesuffix("-open") == symbol


def test_the_timeline_s_sentence_counts_the_randomised_trials_that_favoured_ldn(ev):
    table = ev.studies[ev.studies["part_of"].isna()]
    trials = table[table["randomized"].astype(bool)]
    better = int((trials["finding"] == "better than comparator").sum())
    assert f"{better} of {len(trials)} randomised trials" in timeline(ev).sentence


def test_no_two_marks_of_the_timeline_share_a_place(ev):
    spots = [(x, y) for t in timeline(ev).figure.data for x, y in zip(t.x, t.y, strict=True)]
    assert len(set(spots)) == len(spots)


# -- safeguards -----------------------------------------------------------------------------------------


def test_every_study_has_every_safeguard_with_a_known_state(ev):
    table = cells(ev)
    assert len(table) == len(ev.studies) * len(SAFEGUARDS)
    assert set(table["state"]) <= set(STATES)
    assert table["word"].str.len().gt(0).all() and table["detail"].str.len().gt(0).all()
    assert sum(len(t.x) for t in safeguards(ev).figure.data if t.name) == len(table)


def test_what_was_not_stated_is_shown_as_not_stated_and_not_as_absent(ev):
    table = cells(ev).set_index(["study_id", "safeguard"])
    silent = ev.studies[ev.studies["registration"] == "not stated"]["study_id"]
    assert {table.loc[(s, "registered"), "state"] for s in silent} == {"unknown"}
    figure = safeguards(ev).figure
    hollow = next(t for t in figure.data if t.name == "not stated")
    assert hollow.marker.symbol == "circle-open"
    words = next(t for t in figure.data if t.mode == "text" and "?" in t.text)
    below = {(x, round(y + 0.3, 6)): text for x, y, text in zip(words.x, words.y, words.text, strict=True)}
    assert {below[x, round(y, 6)] for x, y in zip(hollow.x, hollow.y, strict=True)} == {"?"}


def test_the_sentence_of_the_safeguards_counts_the_table(ev):
    view = safeguards(ev)
    assert (
        f"Of {len(ev.studies)} studies, {int(ev.studies['randomized'].sum())} were randomised"
        in view.sentence
    )
    assert f"{int((ev.studies['blinding'] == 'double').sum())} double-blind" in view.sentence


def test_states_differ_in_symbol_as_well_as_in_colour():
    assert len({symbol for _, symbol, _ in STATES.values()}) == len(STATES)


def test_the_letters_say_what_the_columns_say(ev):
    for row in marks(ev).merge(ev.studies, on="study_id", suffixes=("_mark", "")).itertuples():
        letters = row.letters.split(" ")
        assert (letters[0] == "R") == bool(row.randomized)
        assert (letters[1] == "B") == (row.blinding in ("double", "single"))
        assert (letters[2] == "C") == bool(row.controlled)
        assert (letters[3] == "P") == (row.registration == "before enrolment")


def test_groups_compared_only_with_their_own_past_are_not_called_fully_controlled(ev):
    tables = dict(ev.tables)
    studies = tables["studies"].copy()
    studies.loc[studies["study_id"] == "raknes2018", "comparator"] = "baseline"
    changed = Evidence({**tables, "studies": studies})
    judged = cells(changed).set_index(["study_id", "safeguard"])
    assert judged.loc[("raknes2018", "controlled"), "state"] == "partly"


def test_attrition_is_the_share_that_completed(ev):
    table = marks(ev).set_index("study_id")
    assert table.loc["toledano2021a", "attrition"] == "78%"  # 72 of 92 randomised
    assert table.loc["younger2009", "attrition"] == "100%"
    assert table.loc["irwin2024", "attrition"] == "told"


def test_only_pages_read_whole_count_as_full_text(ev):
    table = marks(ev).set_index("study_id")
    assert table.loc["marcus2024", "read"] == "full text"
    assert table.loc["raknes2017use", "read"] == "part"  # read in part
    assert table.loc["cree2010", "read"] == "abstract"
