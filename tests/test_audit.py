"""The audit on the real tables: it finds what is there, passes what is sound, says what it cannot test."""

import csv
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ldnevidence as ldn
from ldnevidence import audit
from ldnevidence.evidence import Evidence

HERE = Path(__file__).parent
PLACE = ["table", "row_key", "rule"]
ALARMS = ("impossible", "disagrees", "check")  # a note says that the figure holds


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    return audit.examine(ldn.load())


@pytest.fixture(scope="module")
def labels() -> dict[tuple[str, ...], str]:
    with (HERE / "reference" / "audit_labels.csv").open(newline="", encoding="utf-8") as handle:
        return {tuple(row[c] for c in PLACE): row["label"] for row in csv.DictReader(handle)}


def places(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(frame[PLACE].itertuples(index=False, name=None))


def found(ledger: pd.DataFrame, row_key: str, rule: str) -> dict[str, Any]:
    rows = ledger[(ledger["row_key"] == row_key) & (ledger["rule"] == rule)]
    assert len(rows) == 1, f"{row_key} {rule}: {len(rows)} rows"
    return rows.iloc[0].to_dict()


def changed(table: str, edit: Any) -> Evidence:
    """Return the evidence with one table edited in a copy."""
    ev = ldn.load()
    frame = ev.tables[table].copy()
    frame = edit(frame)
    return Evidence({**ev.tables, table: frame})


# -- labels ---------------------------------------------------------------------------------------------


def test_every_testable_row_was_judged_by_hand(
    ledger: pd.DataFrame, labels: dict[tuple[str, ...], str]
) -> None:
    testable = places(ledger[ledger["severity"] != "cannot test"])
    assert testable - set(labels) == set(), "label these rows in tests/reference/audit_labels.csv"
    assert set(labels) - testable == set(), "these labels have no testable row any more"
    assert set(labels.values()) == {"consistent", "inconsistent"}


def test_all_28_faults_found_by_hand_are_found_and_no_sound_row_is_accused(
    ledger: pd.DataFrame, labels: dict[tuple[str, ...], str]
) -> None:
    alarms = places(ledger[ledger["severity"].isin(ALARMS)])
    bad = {place for place, label in labels.items() if label == "inconsistent"}
    assert (len(bad & alarms), len(bad - alarms), len(alarms - bad)) == (
        28,
        0,
        0,
    )  # hits, misses, false alarms
    assert len(labels) - len(bad) == 314


def test_each_rule_judges_a_row_once(ledger: pd.DataFrame) -> None:
    assert not ledger.duplicated(PLACE).any()


# -- what must be found, with the arithmetic --------------------------------------------------------------

NAMED = [
    # Of 17 people 15 are 88.2%, 16 are 94.1%; 11 are 64.7%, 12 are 70.6%.
    ("smith2007.response#1", "percent-of-whole-people", "impossible", ["15 would be 88.2%", "8 of 9"]),
    ("smith2007.remission#1", "percent-of-whole-people", "impossible", ["11 would be 64.7%"]),
    # 5 of 18 is 27.8%; 1 of 12 is 8.3%, 1 of 13 is 7.7%; no base of 20 or less gives both.
    (
        "smith2011.endoscopic-remission#2 + smith2011.endoscopic-response#2",
        "shared-base",
        "disagrees",
        ["8% needs 12 or 13", "28% needs 18"],
    ),
    # 11 / 115 = 9.57%; 11 / 0.115 = 95.7 and 11 / 0.105 = 104.8.
    ("driver2023!1", "percent-and-count", "disagrees", ["96 to 104", "9.6%"]),
    # 5 / 37 = 13.51%.
    ("brewer2018.cgi-worse#2", "percent-and-count", "check", ["13.5%", "cut off"]),
    # Of 31 people 11 are 35.5% and 12 are 38.7%; of 29: 34.5%, 37.9%; of 28: 35.7%, 39.3%.
    ("younger2013!1", "percent-of-whole-people", "check", ["31 or 29 or 28", "35.5%", "38.7%"]),
    # Half width 3.53 / t(0.975, 17) 2.1098 = 1.673; 3.4 / 1.673 = 2.032; p 0.058, half of it 0.029.
    ("marcus2024.promis-overall/1", "one-tailed", "check", ["0.058", "-6.93 to 0.13 holds zero"]),
    ("marcus2024.promis-overall/1", "p-of-interval", "consistent", ["one-tailed 0.029"]),
    # Welch: 0.79 / sqrt(1.5^2/30 + 1.99^2/11) = 1.198 on 14.4 df; pooled: 0.79 / 0.578 = 1.367 on 39 df.
    ("marcus2024.best-dose-by-diagnosis/1", "p-of-two-means", "note", ["p 0.25", "pooled SD p 0.18"]),
    # 0.85 / 1.960 = 0.4337; 0.11 / 0.4337 = 0.254; p 0.80.
    ("hegde2025~1", "p-of-interval", "disagrees", ["p 0.8;", "p = 0.31"]),
    # 4 of 6 against 1 of 6: Fisher (90 + 6) x 2 / 792 = 0.242; chi-squared 12 x 18^2 / 1260 = 3.086, p 0.079.
    ("toledano2021b.reduction-75/1", "p-of-counts", "disagrees", ["p 0.24", "p 0.079", "p = 0.09"]),
    # 3.19 / 1.960 = 1.628; 10.77 / 1.628 = 6.6; p 4e-11 and not 0.002.
    ("oalib6807171~1", "p-of-interval", "disagrees", ["below 0.0001", "p = 0.002"]),
    ("oalib6807171~1", "size-of-smd", "check", ["10.77"]),
    # Arms -1.4 and -0.5 differ by -0.9: -0.93 is their difference, not the mean of an arm.
    ("duebruun2024.memory/2", "pair-in-words", "disagrees", ["-0.93", "difference between the arms"]),
    # -0.33 less -0.64 is 0.31.
    ("rodriguezfreire2026.pain/1", "difference-of-arms", "check", ["0.31", "0.49", "adjusted"]),
    # 1.58 / 1.960 = 0.806; 0.88 / 0.806 = 1.092; p 0.275, and twice that is 0.55.
    ("tsui2024.bpi-severity/1", "p-of-interval", "check", ["p 0.27", "corrected for 2 comparisons"]),
    # 97.5% interval: 0.31 / 2.2414 = 0.1383; 0.37 / 0.1383 = 2.675; p 0.0075. Read as 95% it would be 0.019.
    ("pxt3003_2021.onls/1", "p-of-interval", "consistent", ["p 0.0075"]),
    # 182 / 6 = 30.33, 183 / 6 = 30.50.
    ("mischoulon2017.madrs-10#1", "mean-of-whole-numbers", "impossible", ["30.33", "30.50"]),
    # Two trials: t(0.975, 1) = 12.706; 0.67 x 12.706 / 5.355 = 1.590 on 1 df; p 0.357.
    ("hegde2025~3", "p-of-interval", "note", ["1 degree of freedom"]),
]


@pytest.mark.parametrize(("row_key", "rule", "severity", "words"), NAMED)
def test_the_named_cases_are_judged_as_worked_out(
    ledger: pd.DataFrame, row_key: str, rule: str, severity: str, words: list[str]
) -> None:
    row = found(ledger, row_key, rule)
    assert row["severity"] == severity
    assert [word for word in words if word not in row["note"]] == []


def test_check_holds_the_findings_alone_and_gravest_first(ledger: pd.DataFrame) -> None:
    findings = audit.check(ldn.load())
    assert places(findings) == places(ledger[ledger["severity"].isin(audit.FINDINGS)])
    rank = findings["severity"].map(list(audit.FINDINGS).index)
    assert rank.is_monotonic_increasing
    wanted = ["study_id", "outcome_id", "rule", "printed", "recomputed", "severity", "note"]
    assert set(wanted) <= set(findings.columns)
    assert (findings["note"].str.endswith(".")).all() and (findings["printed"] != "").all()


def test_every_finding_about_an_outcome_names_its_page(ledger: pd.DataFrame) -> None:
    sources = set(ldn.load().sources["source_id"])
    assert set(ledger.loc[ledger["table"] != "studies", "source_id"]) <= sources


# -- what cannot be tested --------------------------------------------------------------------------------


def test_whole_percentages_of_100_people_and_more_are_said_to_be_untestable(ledger: pd.DataFrame) -> None:
    row = found(ledger, "mckenziebrown2023.not-filled#1", "percent-of-whole-people")  # 44% of 137
    assert row["severity"] == "cannot test" and "100 people or more" in row["note"]
    row = found(ledger, "mckenziebrown2023.not-charted#1", "percent-of-whole-people")  # 4.4% of 137
    assert row["severity"] == "consistent"


def test_coverage_counts_every_row_and_names_a_reason_for_each_untested_one(ledger: pd.DataFrame) -> None:
    table = audit.coverage(ldn.load())
    assert table["rows"].sum() == len(ledger)
    assert (table["tested"] == table["consistent"] + table["findings"]).all()
    counted = table["why_not"].map(lambda text: sum(map(int, re.findall(r"\((\d+)\)(?:;|$)", text))))
    assert (counted == table["cannot_test"]).all()


def test_arms_of_other_studies_lend_no_base(ledger: pd.DataFrame) -> None:
    """The 24 people of one arm are no base for the historical arms beside it."""
    row = found(ledger, "smith2010ogf.clinical-benefit#2", "percent-of-whole-people")
    assert row["severity"] == "cannot test" and row["note"] == "no base is printed"


# -- faults planted in sound rows ---------------------------------------------------------------------------


def detected(
    ledger: pd.DataFrame, rule: str, table: str, edited: Evidence, keys: set[str]
) -> tuple[int, int]:
    """Return how many sound rows with a planted fault raise an alarm, and how many there are."""
    before = ledger[(ledger["rule"] == rule) & (ledger["table"] == table)]
    sound = set(before.loc[before["severity"].isin(["consistent", "note"]), "row_key"]) & keys
    after = audit.examine(edited)
    alarms = after[(after["rule"] == rule) & (after["table"] == table) & after["severity"].isin(ALARMS)]
    return len(set(alarms["row_key"]) & sound), len(sound)


def test_a_count_that_is_one_too_high_never_passes_beside_its_percentage(ledger: pd.DataFrame) -> None:
    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame["statistic"] == "events", "value"] += 1
        return frame

    keys = set(ldn.load().results["result_id"])
    assert detected(ledger, "percent-and-count", "results", changed("results", edit), keys) == (21, 21)


def test_a_percentage_three_points_too_high_is_often_but_not_always_seen(ledger: pd.DataFrame) -> None:
    """GRIM sees a wrong percentage only where it falls between two counts: the more people, the rarer."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        people = (frame["statistic"] == "percent of people") & frame["value"].between(1, 96)
        frame.loc[people, "value"] = (frame["value"] + 3).round(1)
        return frame

    keys = set(ldn.load().results["result_id"])
    hits, rows = detected(ledger, "percent-of-whole-people", "results", changed("results", edit), keys)
    assert (hits, rows) == (15, 19)


def test_an_exact_p_three_times_too_large_is_seen_unless_the_interval_is_too_coarse(
    ledger: pd.DataFrame,
) -> None:
    """The two that pass have figures of one decimal: 0.4 (0.1 to 0.6) allows p from 0.00001 to 0.02."""
    for table, key, seen in (("contrasts", "contrast_id", (10, 11)), ("pooled", "pooled_id", (5, 6))):
        frame = ldn.load().tables[table]
        exact = (frame["p_operator"] == "=") & (frame["p"] <= 0.3)

        def edit(frame: pd.DataFrame, rows: pd.Series = exact) -> pd.DataFrame:
            frame.loc[rows, "p"] = (3 * frame["p"]).round(5)
            return frame

        keys = set(frame.loc[exact, key])
        hits, rows = detected(ledger, "p-of-interval", table, changed(table, edit), keys)
        assert (hits, rows) == seen


def test_an_estimate_off_the_middle_of_its_interval_is_seen(ledger: pd.DataFrame) -> None:
    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        width = frame["ci_high"] - frame["ci_low"]
        frame["estimate"] = (frame["estimate"] + width / 4).round(2)
        return frame

    keys = set(ldn.load().contrasts["contrast_id"])
    hits, rows = detected(ledger, "interval-is-centred", "contrasts", changed("contrasts", edit), keys)
    assert (hits, rows) == (25, 25)


# -- bounds told in words ------------------------------------------------------------------------------------


def with_bound(value: float, text: str) -> pd.DataFrame:
    """Add a percentage told with a qualifier beside 16 of 31 people, and return what is found."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        row = frame[frame["result_id"] == "irwin2024.stopped-no-benefit#2"].copy()
        row["result_id"], row["value"], row["value_text"] = "irwin2024.stopped-no-benefit#9", value, text
        return pd.concat([frame, row], ignore_index=True)

    after = audit.examine(changed("results", edit))
    return after[after["row_key"] == "irwin2024.stopped-no-benefit#9"]


@pytest.mark.parametrize(
    ("value", "text", "severity"),
    [
        (75, "over 75%", "disagrees"),  # 16 of 31 is 51.6%
        (50, "over 50%", "consistent"),
        (52, "more than 52%", "consistent"),  # 51.6% rounds to it
        (40, "less than 40%", "disagrees"),
        (50, "about 50%", "consistent"),
        (60, "about 60%", "disagrees"),
    ],
)
def test_a_bound_in_words_is_held_against_the_count_beside_it(value: float, text: str, severity: str) -> None:
    rows = with_bound(value, text)
    assert rows["rule"].tolist() == ["percent-and-count"]
    assert rows["severity"].tolist() == [severity]
    assert "16 of 31 is 51.6%" in rows["note"].item()


# -- the rest ------------------------------------------------------------------------------------------------


def test_the_rules_know_no_study() -> None:
    ids = set(ldn.load().studies["study_id"]) | set(ldn.load().reviews["study_id"])
    for path in Path(audit.__file__).parent.glob("audit*.py"):
        code = re.sub(r'"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))  # docstrings may give examples
        named = {study for study in ids if re.search(rf"\b{re.escape(study)}\b", code)}
        assert named == set(), f"{path.name} names {named}"


def test_a_selection_is_audited_alone() -> None:
    crohn = ldn.load().select(condition="crohns-disease")
    findings = audit.check(crohn)
    assert set(findings["study_id"]) <= set(crohn.studies["study_id"]) | set(crohn.reviews["study_id"])
    assert {"smith2007", "smith2011"} <= set(findings["study_id"])


def test_an_empty_selection_has_no_findings() -> None:
    nothing = ldn.load().only([])
    assert len(audit.check(nothing)) == 0 and len(audit.coverage(nothing)) == 0
    assert audit.audit_command(nothing).startswith("0 findings in 0 tests")


def test_the_text_report_holds_every_finding_once_in_short_lines() -> None:
    text = audit.audit_command(ldn.load())
    findings = audit.check(ldn.load())
    assert max(map(len, text.splitlines())) <= 100
    flat = re.sub(r"\s+", " ", text)
    for row in findings.to_dict("records"):
        assert flat.count(f"{row['row_key']} [{row['rule']}]") == 1
    heads = re.findall(r"^(IMPOSSIBLE|DISAGREES|CHECK|NOTE) \((\d+)\)", text, flags=re.MULTILINE)
    assert {head.lower(): int(n) for head, n in heads} == findings["severity"].value_counts().to_dict()
