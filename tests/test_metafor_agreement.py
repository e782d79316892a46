"""Our numbers against those of metafor and base R, pinned in tests/reference/metafor_reference.json.

`python -m tests.test_metafor_agreement`, run in the repository's folder, prints the agreement table.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ldnevidence import _tau2, effects, pooling

REFERENCE = json.loads((Path(__file__).parent / "reference" / "metafor_reference.json").read_text("utf-8"))
SECTIONS = ["effects", "pooled", "leave_one_out", "subgroups", "wilson", "newcombe", "fisher", "t_tests"]
# Stricter than the 1e-6 relative that is promised; the absolute bound only serves values that are zero.
RELATIVE, ABSOLUTE = 1e-9, 1e-15
DESCRIBED = ["estimate", "ci_low", "ci_high", "se", "p_value", "k", "tau2", "i2", "h2", "q", "q_p"]

Case = dict[str, Any]
Values = dict[str, Any]


def rows_of(dataset: dict[str, list[float]]) -> list[dict[str, float]]:
    return pd.DataFrame(dataset).to_dict("records")


def one_effect(kind: str, measure: str, row: dict[str, float]) -> Any:
    if kind == "single":
        return effects.proportion(*row.values())
    if kind == "means":
        return effects.compare_means(**row, measure=measure)
    return effects.compare_proportions(**row, measure=measure)


def studies(case: Case) -> tuple[list[float], list[float]]:
    """Effects and variances of a case's data set, computed by us wherever they are not the data itself."""
    name = case["dataset"] if "-" in case["dataset"] else f"{case['kind']}-{case['dataset']}"
    dataset = REFERENCE["datasets"][name]
    kind = name.split("-")[0]
    if kind == "generic":
        return dataset["yi"], dataset["vi"]
    found = [one_effect(kind, case["measure"], row) for row in rows_of(dataset)]
    return [e.yi for e in found], [e.vi for e in found]


def options(case: Case) -> Values:
    return {name: case[name] for name in ("method", "interval", "measure")}


def ours_and_theirs(section: str, case: Case) -> tuple[Values, Values]:
    """Return what we compute for a case and what the reference holds, both by the name of the quantity."""
    theirs = dict(case.get("expected", case))
    if section == "effects":
        e = one_effect(case["kind"], case["measure"], case["input"])
        # A single proportion has Wilson's interval and no test here; Wald's is metafor's.
        fields = ["estimate", "se"] if case["measure"] == "PR" else DESCRIBED[:5]
        return {name: getattr(e, name) for name in fields}, theirs
    if section == "pooled":
        e = pooling.pool(*studies(case), **options(case), level=case["level"])
        if e.k < 3:  # no prediction interval here
            theirs |= {"pi_low": None, "pi_high": None}
        if case["measure"] == "PR":  # no test against a proportion of zero here
            theirs["p_value"] = None
        return {name: getattr(e, name) for name in [*DESCRIBED, "pi_low", "pi_high", "weights"]}, theirs
    if section == "leave_one_out":
        table = pooling.leave_one_out(*studies(case), **options(case))
        return {name: table[name].tolist() for name in theirs}, theirs
    if section == "subgroups":
        yi, vi = studies(case)
        frame = pd.DataFrame({"yi": yi, "vi": vi, "by": case["by"]})
        found = pooling.pool_by(frame, "by", **options(case))
        assert found.table["group"].tolist() == theirs.pop("group")
        values = {name: found.table[name].tolist() for name in ("estimate", "tau2")}
        return values | {"q_between": found.q_between, "q_p": found.q_p}, theirs
    if section == "wilson":
        e = effects.proportion(case["events"], case["n"], case["level"])
        return {"ci_low": e.ci_low, "ci_high": e.ci_high}, theirs
    if section == "newcombe":
        e = effects.compare_proportions(*case["input"], measure="RD", interval="newcombe")
        return {"ci_low": e.ci_low, "ci_high": e.ci_high}, theirs
    if section == "fisher":
        return {"p_value": effects.fisher_exact(*case["input"])}, theirs
    test = (effects.welch_t if case["kind"] == "welch" else effects.pooled_t)(*case["input"])
    values = {"t": test.t, "df": test.df, "p_value": test.p_value}
    return values | {"ci_low": test.difference.ci_low, "ci_high": test.difference.ci_high}, theirs


def differences(section: str, case: Case) -> Iterator[tuple[str, float, float]]:
    """Yield (quantity, our value, the reference's value) for every number of a case; missing is NaN."""
    ours, theirs = ours_and_theirs(section, case)
    for name, value in ours.items():
        mine = np.atleast_1d(np.asarray(value, dtype=float))
        expected = np.atleast_1d(np.asarray(theirs[name], dtype=float))
        assert mine.shape == expected.shape, name
        for a, b in zip(mine.tolist(), expected.tolist(), strict=True):
            yield name, a, b


def relative(a: float, b: float) -> float:
    """How far `a` is from the reference value `b`, as a share of `b`; infinite where only one is missing."""
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    return abs(a - b) / abs(b) if b else abs(a)


CASES = [pytest.param(section, case, id=case["name"]) for section in SECTIONS for case in REFERENCE[section]]


@pytest.mark.parametrize(("section", "case"), CASES)
def test_agrees_with_the_reference(section: str, case: Case) -> None:
    compared = list(differences(section, case))
    assert compared
    far = [
        (name, a, b) for name, a, b in compared if relative(a, b) > RELATIVE and not abs(a - b) <= ABSOLUTE
    ]
    assert not far


def test_the_grid_of_pooled_models_is_complete() -> None:
    found = {(c["measure"], c["method"], c["interval"]) for c in REFERENCE["pooled"]}
    measures = {"PR", "RR", "OR", "RD", "MD", "SMD", "GEN"}
    assert found == {(m, e, i) for m in measures for e in pooling.METHODS for i in pooling.INTERVALS}


def test_there_are_at_least_150_cases_and_every_name_is_used_once() -> None:
    names = [case["name"] for section in [*SECTIONS, "stuck"] for case in REFERENCE[section]]
    assert len(REFERENCE["pooled"]) >= 150
    assert len(names) == len(set(names))


def test_the_awkward_data_are_as_awkward_as_they_claim() -> None:
    pooled = {case["name"]: case["expected"] for case in REFERENCE["pooled"]}
    assert any(row["events_1"] == 0 for row in rows_of(REFERENCE["datasets"]["counts-zero_cells"]))
    assert pooled["pool/generic-two_far/GEN/REML/wald"]["k"] == 2
    assert pooled["pool/counts-homogeneous/RR/REML/wald"]["tau2"] == 0
    assert pooled["pool/generic-huge_heterogeneity/GEN/REML/wald"]["i2"] > 99.9
    assert max(pooled["pool/generic-dominating/GEN/EE/wald"]["weights"]) > 99.9


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in REFERENCE["stuck"]])
def test_reml_reaches_the_highest_of_several_maxima_where_scoring_stops_at_a_lower_one(case: Case) -> None:
    result = pooling.pool(case["yi"], case["vi"])
    assert result.optima > 1
    assert case["log_likelihood_started"] > case["log_likelihood_usual"]
    assert result.tau2 == pytest.approx(case["tau2_started"], rel=1e-6)
    y, v = np.array([case["yi"]]), np.array([case["vi"]])
    height = [
        _tau2.reml_log_likelihood(y - y.mean(), v, np.ones_like(y), np.array([tau2]))[0]
        for tau2 in (case["tau2_started"], case["tau2_usual"])
    ]
    gain = case["log_likelihood_started"] - case["log_likelihood_usual"]
    assert height[0] - height[1] == pytest.approx(gain, rel=1e-6)


def test_we_differ_on_purpose_in_a_risk_difference_with_a_zero_cell() -> None:
    known = REFERENCE["on_purpose"]["rd_zero_cells"]
    ours = [one_effect("counts", "RD", row).estimate for row in known["rows"]]
    gaps = [abs(a - b) for a, b in zip(ours, known["metafor_default"], strict=True)]
    zero = [0 in (r["events_1"], r["n_1"] - r["events_1"], r["events_2"]) for r in known["rows"]]
    assert [gap > 1e-3 for gap in gaps] == zero


def test_we_differ_on_purpose_in_a_proportion_of_none_or_all() -> None:
    known = REFERENCE["on_purpose"]["pr_zero"]
    ours = [effects.proportion(x, n).estimate for x, n in zip(known["events"], known["n"], strict=True)]
    assert ours == [0.0, 1.0]
    assert all(abs(a - b) > 0.01 for a, b in zip(ours, known["metafor_default"], strict=True))


def test_we_refuse_on_purpose_a_ratio_without_information_for_which_metafor_gives_a_number() -> None:
    for known in REFERENCE["on_purpose"]["refused"]:
        for row, theirs in zip(known["rows"], known["metafor_estimate"], strict=True):
            assert math.isfinite(theirs)
            with pytest.raises(ValueError, match="cannot be estimated"):
                one_effect("counts", known["measure"], row)


def agreement_table() -> pd.DataFrame:
    """Cases, numbers compared and the worst relative difference, by method or kind of calculation."""
    worst = []
    for section in SECTIONS:
        for case in REFERENCE[section]:
            label = {"pooled": case.get("method"), "effects": case.get("measure")}.get(section, "")
            what = f"{section} {label}".strip()
            numbers = list(differences(section, case))
            name, gap = max(((n, relative(a, b)) for n, a, b in numbers), key=lambda pair: pair[1])
            worst.append((what, case["name"], len(numbers), gap, f"{case['name']}: {name}"))
    frame = pd.DataFrame(worst, columns=["what", "case", "numbers", "worst", "where"])
    by = frame.sort_values("worst").groupby("what", sort=False)
    table = by.agg(
        cases=("case", "size"), numbers=("numbers", "sum"), worst=("worst", "max"), where=("where", "last")
    )
    return table.sort_index()


def default_control_table() -> pd.DataFrame:
    """How far metafor's default control ends from its tight control in tau2, by method."""
    frame = pd.DataFrame(REFERENCE["pooled"]).query(
        "interval == 'wald' and method in ['PM', 'REML'] and level == 0.95"
    )
    frame["tight"] = [expected["tau2"] for expected in frame["expected"]]
    frame = frame[frame["tight"] > 0]
    frame["gap"] = (frame["tau2_default"].astype(float) - frame["tight"]).abs() / frame["tight"]
    frame["beyond"] = ~(frame["gap"] <= 1e-6)
    frame["failed"] = frame["tau2_default"].isna()
    columns = {"cases": ("gap", "size"), "beyond": ("beyond", "sum"), "failed": ("failed", "sum")}
    return frame.groupby("method").agg(**columns, median=("gap", "median"), worst=("gap", "max"))


if __name__ == "__main__":
    with pd.option_context("display.width", 200, "display.max_colwidth", 80):
        print(agreement_table().to_string(float_format="{:.1e}".format))
        print()
        print(default_control_table().to_string(float_format="{:.1e}".format))
