"""Personal best doses as one study prints them, beside what its search finds where the drug does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ldnevidence import dose_response, effects
from ldnevidence.claims import in_words, work_labels
from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["study_id", "what", "basis", "value", "low", "high", "limits", "unit", "events", "n", "source_id"]
TITLE = "Personal best doses, beside what chance alone gives"
SIMULATED_PEOPLE, SIMULATED_STUDIES, SEED = 4000, 500, 0
BIN_MG = 0.5
STAY_POINTS = 2.0  # for the note on who comes back; an assumption, as all figures of the simulation
PRINTED, SIMULATED = "printed", "simulated, no drug effect"


def printed(ev: Evidence) -> pd.DataFrame:
    """Return what studies print about personal best doses: range, means, people analysed, worse above.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a printed figure. Studies count where their outcomes hold a range of best doses; shares carry
        Wilson's interval.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = printed(ldn.load())
    >>> table.loc[table["what"] == "best doses found", ["low", "high"]].iloc[0].tolist()
    [0.1, 5.6]
    """
    outcomes = ev.tables["outcomes"].set_index("outcome_id")[["study_id", "name", "domain", "kind"]]
    results = ev.tables["results"].join(outcomes, on="outcome_id")
    results = results[results["domain"] == "dose-response"]
    ranges = results[(results["statistic"] == "dose") & (results["limits_kind"] == "range")]
    studies = ev.tables["studies"].set_index("study_id")
    out: list[dict[str, Any]] = []
    for r in each(ranges):
        study = {"study_id": r.study_id, "basis": PRINTED, "source_id": r.source_id}
        out.append({**study, "what": "best doses found", "low": r.low, "high": r.high, "limits": "range",
                    "unit": r.unit, "n": r.n})  # fmt: skip
        own = results[results["study_id"] == r.study_id]
        for m in each(own[(own["statistic"] == "mean") & (own["unit"] == r.unit)]):
            spread = {
                "low": max(m.value - m.dispersion, 0),
                "high": m.value + m.dispersion,
                "limits": "mean ± SD",
            }
            out.append(
                {
                    **study,
                    "what": f"mean ± SD, {m.population} (n {m.n})",
                    "value": m.value,
                    **spread,
                    "unit": m.unit,
                    "n": m.n,
                }
            )
        asked = studies.loc[r.study_id, "n_enrolled"]
        shares = [("analysed, of all prescribed", r.n, asked)] if pd.notna(asked) else []
        worse = own[(own["statistic"] == "events") & (own["timepoint"] == "during") & (own["n"] == r.n)]
        shares += [("worse above the best dose", w.value, w.n) for w in each(worse)]
        for what, events, n in shares:
            share = effects.proportion(int(events), int(n))
            out.append({**study, "what": what, "value": 100 * share.estimate, "low": 100 * share.ci_low,
                        "high": 100 * share.ci_high, "limits": "95% interval (Wilson)", "unit": "% of people",
                        "events": int(events), "n": int(n)})  # fmt: skip
    return pd.DataFrame(out, columns=COLUMNS)


def simulated(search: dose_response.BestDoseSearch, people: int) -> pd.DataFrame:
    """Return what the search finds: shares of best doses in bins of 0.5 mg, and two shares of people.

    Parameters
    ----------
    search : BestDoseSearch
        Simulated patients.
    people : int
        Analysed people in each simulated study, for the range that studies of that size print.
    """
    dose = search.best_dose_mg[search.analysed]
    top = float(search.parameters["max_mg"])  # type: ignore[arg-type]
    edges = np.arange(0, top + BIN_MG / 2, BIN_MG)
    # A dose on an edge belongs to the bin below it, as 0.5 mg does to "up to 0.5 mg".
    counts = np.bincount(np.ceil(dose / BIN_MG - 1e-9).astype(int) - 1, minlength=len(edges) - 1)
    out: list[dict[str, Any]] = []
    for low, count in zip(edges[:-1], counts, strict=True):
        out.append({"what": "share of best doses", "value": 100 * count / dose.size, "low": low,
                    "high": low + BIN_MG, "limits": "bin", "unit": "% of people analysed"})  # fmt: skip
    studies = search.studies(people, SIMULATED_STUDIES, SEED)
    mean_range = {"low": studies["min_mg"].mean(), "high": studies["max_mg"].mean(), "limits": "mean range"}
    out.append({"what": "best doses found", **mean_range, "unit": "mg/day", "n": people})
    for what, value in (
        ("analysed, of all prescribed", search.analysed.mean()),
        ("worse above the best dose", search.hormesis[search.analysed].mean()),
    ):
        out.append({"what": what, "value": 100 * float(value), "unit": "% of people"})
    return pd.DataFrame(out, columns=COLUMNS).assign(basis=SIMULATED)


def best_dose(ev: Evidence) -> base.View:
    """Draw the best doses that a study prints beside a simulated search in which the drug does nothing.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = best_dose(ldn.load())
    >>> "41 of 260" in view.sentence
    True
    """
    draft = base.Draft("best_dose", TITLE, base.snippet(ev, best_dose), COLUMNS)
    real = printed(ev)
    if real.empty:
        return draft.empty("No study in this selection prints the range of personal best doses.")
    first = real[real["what"] == "best doses found"].iloc[0]
    search = dose_response.best_dose_search(SIMULATED_PEOPLE, seed=SEED)
    chance = simulated(search, int(first["n"]))
    table = pd.DataFrame(real.to_dict("records") + chance.to_dict("records"), columns=COLUMNS)
    table = table.astype({"events": "Int64", "n": "Int64"})
    sources = parts.works_behind(ev, real["source_id"], real["study_id"])
    return draft.view(_sentence(table, first), _figure(table), table, _notes(ev, first, search), sources)


BARS, ROW, GAP, NEAR = 150, 44, 76, 14  # pixels: bars, a row of marks, room for an axis title, a narrow gap


def _figure(table: pd.DataFrame) -> go.Figure:
    panels = {
        "2": table[table["unit"].eq("mg/day") & table["low"].notna()],
        "3": table[table["unit"] == "% of people"],
    }
    kinds = {axis: list(dict.fromkeys(part["what"])) for axis, part in panels.items()}
    heights = [ROW * len(kinds["3"]), ROW * len(kinds["2"]), BARS]
    whole = sum(heights) + GAP + NEAR
    fig = base.figure(whole + 120)
    bins = table[table["limits"] == "bin"]
    fig.add_bar(
        x=bins["low"] + BIN_MG / 2, y=bins["value"], width=BIN_MG * 0.92, name="Simulated, drug does nothing",
        legendgroup=SIMULATED, hoverinfo="text",
        marker={"color": base.PALE, "line": {"color": base.MUTED, "width": 1},
                "pattern": {"shape": "/", "fgcolor": base.MUTED, "size": 6}},
        hovertext=[f"Above {r.low:g} to {r.high:g} mg: {r.value:.0f}%" for r in each(bins)],
    )  # fmt: skip
    for axis, part in panels.items():
        for basis in (PRINTED, SIMULATED):
            own = part[part["basis"] == basis]
            _marks(fig, own, kinds[axis], axis, basis)
    tops = [heights[0] / whole, (heights[0] + GAP + heights[1]) / whole]
    axis_mg = {"range": [-0.1, 6.3], "dtick": 1, "gridcolor": base.RULE, "zeroline": False}
    fig.update_layout(
        yaxis={
            "domain": [1 - BARS / whole, 1],
            "ticksuffix": "%",
            "title": {"text": "Simulated"},
            "nticks": 4,
        },
        xaxis={**axis_mg, "anchor": "y", "showticklabels": False},
        xaxis2={**axis_mg, "anchor": "y2", "title": {"text": "Best dose, mg a day", "standoff": 4}},
        yaxis2={"domain": [tops[0] + GAP / whole, tops[1]], "anchor": "x2", **_rows_axis(kinds["2"])},
        xaxis3={
            "anchor": "y3",
            "range": [-3, 103],
            "ticksuffix": "%",
            "dtick": 25,
            "gridcolor": base.RULE,
            "zeroline": False,
            "title": {"text": "Share of people", "standoff": 4},
        },
        yaxis3={"domain": [0, tops[0]], "anchor": "x3", **_rows_axis(kinds["3"])},
    )
    return fig


def _rows_axis(kinds: list[str]) -> dict[str, Any]:
    return {
        "tickvals": list(range(len(kinds))), "ticktext": [base.wrap(kind, 20) for kind in kinds],
        "range": [len(kinds) - 0.5, -0.5], "automargin": True, "showgrid": False, "zeroline": False,
    }  # fmt: skip


def _marks(fig: go.Figure, own: pd.DataFrame, kinds: list[str], axis: str, basis: str) -> None:
    """Draw one row a figure: printed above, simulated below; a range is a line without a middle."""
    if own.empty:
        return
    symbol, colour, side = (
        ("circle", base.LDN, -0.16) if basis == PRINTED else ("diamond-open", base.MUTED, 0.16)
    )
    x: list[float | None] = []
    y: list[float | None] = []
    for r in each(own):
        if pd.notna(r.low):
            x += [r.low, r.high, None]
            y += [kinds.index(str(r.what)) + side] * 2 + [None]
    name = "Printed by the study" if basis == PRINTED else "The same simulation, as one figure"
    place = {"xaxis": f"x{axis}", "yaxis": f"y{axis}", "legendgroup": basis}
    fig.add_scatter(
        x=x, y=y, mode="lines+markers", marker={"symbol": "line-ns-open", "size": 8, "color": colour},
        line={"color": colour, "width": 2, "dash": "solid" if basis == PRINTED else "dot"}, hoverinfo="skip",
        showlegend=False, name=name, **place,
    )  # fmt: skip
    point = own[own["value"].notna()]
    fig.add_scatter(
        x=point["value"], y=[kinds.index(str(w)) + side for w in point["what"]], mode="markers", name=name,
        marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
        hovertext=[_hover(r, "mg" if axis == "2" else "%") for r in each(point)], hoverinfo="text",
        showlegend=axis == "3", **place,
    )  # fmt: skip


def _hover(row: Any, unit: str) -> str:
    value = f"{row.value:.1f} {unit}" if pd.notna(row.value) else ""
    limits = f"{row.limits}: {row.low:.1f} to {row.high:.1f} {unit}" if pd.notna(row.low) else ""
    count = f"{row.events} of {row.n}" if pd.notna(row.events) else ""
    return "<br>".join(filter(None, [f"<b>{row.what}</b>, {row.basis}", count, value, limits]))


def _sentence(table: pd.DataFrame, first: pd.Series) -> str:
    share = table[(table["what"] == "analysed, of all prescribed") & (table["basis"] == PRINTED)]
    asked = (
        f"{share['events'].iloc[0]} of {share['n'].iloc[0]} people" if len(share) else f"{first['n']} people"
    )
    chance = table[(table["what"] == "best doses found") & (table["basis"] == SIMULATED)].iloc[0]
    return (
        f"The {asked} analysed settled on best doses from {first['low']:g} to {first['high']:g} mg; "
        f"simulated studies of that size with a drug that does nothing run from {chance['low']:.1f} to "
        f"{chance['high']:.1f} mg on average."
    )


def _notes(ev: Evidence, first: pd.Series, search: dose_response.BestDoseSearch) -> list[str]:
    stays = dose_response.best_dose_search(SIMULATED_PEOPLE, seed=SEED, stay_points=STAY_POINTS)
    gain, chosen = search.improvement[search.analysed].mean(), stays.improvement[stays.analysed].mean()
    notes = [
        f"Bars and open marks are simulated ({SIMULATED_PEOPLE:,} people, seed {SEED}), not measured. The "
        "dosing rule is the study's; everything about people is assumed.",
        *search.assumptions,
        "Such a picture cannot show that the drug does nothing. It shows that a wide spread of best "
        "doses, and doses above the best one that feel worse, also come about where it does nothing.",
        f"Pain in the simulation falls by {gain:.1f} points of 10 on average though the drug does nothing, "
        f"because people come on a bad day; by {chosen:.1f} points where only those {STAY_POINTS:g} points "
        "better come back.",
    ]
    contrasts = ev.tables["contrasts"].merge(
        ev.tables["outcomes"][["outcome_id", "study_id", "name", "domain"]]
    )
    pain = contrasts[(contrasts["study_id"] == first["study_id"]) & (contrasts["domain"] == "pain")]
    pain = pain[(pain["kind"] == "within arm") & pain["estimate"].notna()]
    notes += [
        f"Printed, without a comparison: {r.name} better by {r.estimate:g} points ({r.ci_low:g} to "
        f"{r.ci_high:g}, n {r.n})."
        for r in each(pain)
    ]
    words = ev.tables["results"]
    words = words[
        words["outcome_id"].str.startswith(str(first["study_id"])) & (words["limits_kind"] == "range")
    ]
    notes += [f"In the words of the source: {text}." for text in words["value_text"].dropna()]
    kept = ev.tables["study_notes"]
    kept = kept[(kept["study_id"] == first["study_id"]) & (kept["kind"] == "quality")]
    labels = work_labels(ev)
    return notes + [
        in_words(text, labels).replace("[computed] ", "computed: ") for text in kept["text"].head(4)
    ]
