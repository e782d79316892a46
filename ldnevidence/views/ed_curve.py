"""A printed ED50 and ED95, the curve that one may assume through them, and what they do not mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ldnevidence import dose_response
from ldnevidence.claims import in_words, work_labels
from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["study_id", "study", "what", "dose_mg", "percent", "events", "n", "basis", "source_id"]
TITLE = "ED50 and ED95: what one dose-finding study printed"
EFFECTIVE_DOSE = re.compile(r"\bED(\d{1,2})\b")
CURVE, POINT, COUNT = "assumed curve", "printed dose", "printed count"
SIMULATED = 500  # studies a curve: enough for a range in whole people, in a few milliseconds
SEED = 0


@dataclass(frozen=True)
class Printed:
    """A study with an ED50 and an ED95: tested doses in mg, people, and responders over all doses."""

    study_id: str
    lowest: float
    highest: float
    people: int
    responders: int | None


def rows(ev: Evidence) -> tuple[pd.DataFrame, list[Printed]]:
    """Return printed doses and counts, with the assumed curve, of every study with an ED50 and an ED95.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    (DataFrame, list of Printed)
        The table has one row a printed dose, a printed count and a point of the curve; `percent` is the share
        that the dose is said to suit, or the height of the curve. The curve runs over the tested doses alone.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table, studies = rows(ldn.load())
    >>> [study.study_id for study in studies], table["basis"].unique().tolist()
    (['bruunplesner2020'], ['printed dose', 'printed count', 'assumed curve'])
    """
    outcomes = ev.tables["outcomes"].set_index("outcome_id")[["study_id", "name", "domain", "rate_why_not"]]
    results = ev.tables["results"].join(outcomes, on="outcome_id")
    arms = ev.tables["arms"].set_index("arm_id")
    labels = dict(zip(ev.tables["studies"]["study_id"], ev.tables["studies"]["label"], strict=True))
    out: list[dict[str, object]] = []
    found = []
    for study, part in results.groupby("study_id", sort=True):
        dosed = part[
            (part["domain"] == "dose-response") & (part["statistic"] == "dose") & part["value"].notna()
        ]
        level = dosed["name"].str.extract(EFFECTIVE_DOSE)[0].astype(float)
        if not {50.0, 95.0} <= set(level):
            continue
        name = labels[str(study)]
        points = dosed.assign(level=level)[level.notna()].sort_values("level")
        for r in each(points):
            out.append({"study_id": study, "study": name, "what": f"ED{r.level:.0f}", "dose_mg": r.value,
                        "percent": r.level, "n": r.n, "basis": POINT, "source_id": r.source_id})  # fmt: skip
        people = int(points["n"].iloc[0])
        counted = part[
            (part["domain"] == "response") & (part["statistic"] == "events") & (part["n"] == people)
        ]
        counted = counted[counted["rate_why_not"].notna()].head(1)
        for r in each(counted):
            out.append(
                {
                    "study_id": study,
                    "study": name,
                    "what": "responders over all doses",
                    "events": r.value,
                    "n": r.n,
                    "basis": COUNT,
                    "source_id": r.source_id,
                }
            )
        arm = arms.loc[points["arm_id"].iloc[0]]
        lowest, highest = float(arm["dose_min_mg"]), float(arm["dose_max_mg"])
        curve = _curve(points.set_index("level")["value"])
        doses = np.linspace(lowest, highest, 22)
        for dose, share in zip(doses, 100 * curve(doses), strict=True):
            out.append({"study_id": study, "study": name, "what": "curve", "dose_mg": dose, "percent": share,
                        "basis": CURVE})  # fmt: skip
        responders = int(counted["value"].iloc[0]) if len(counted) else None
        found.append(Printed(str(study), lowest, highest, people, responders))
    table = pd.DataFrame(out, columns=COLUMNS).astype({"events": "Int64", "n": "Int64"})
    return table, found


def _curve(doses: pd.Series) -> dose_response.Curve:
    return dose_response.curve_through_two_points(float(doses[50.0]), float(doses[95.0]))


def ed_curve(ev: Evidence) -> base.View:
    """Draw a printed ED50 and ED95, the assumed curve through them, and who responded.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = ed_curve(ldn.load().select(condition="fibromyalgia"))
    >>> "11 of 25" in view.sentence
    True
    """
    draft = base.Draft("ed_curve", TITLE, base.snippet(ev, ed_curve), COLUMNS)
    table, studies = rows(ev)
    if table.empty:
        return draft.empty("No study in this selection prints an ED50 and an ED95.")
    fig = base.figure(470, legend=True)
    marks = [("circle", base.LDN), ("square", base.PLACEBO), ("diamond", base.OTHER)]
    for number, (study, part) in enumerate(table.groupby("study_id", sort=False)):
        symbol, colour = marks[number % len(marks)]
        _draw(fig, part, symbol, colour)
        _people(fig, next(s for s in studies if s.study_id == study), colour, number)
    lowest, highest = min(s.lowest for s in studies), max(s.highest for s in studies)
    fig.update_layout(
        xaxis={
            "title": {"text": "Dose tested, mg a day"},
            "range": [lowest - 0.35, highest + 0.35],
            "dtick": 1,
        },
        yaxis={
            "title": {"text": "Share said to respond"},
            "range": [-4, 112],
            "ticksuffix": "%",
            "dtick": 25,
            "domain": [0, 0.72],
        },
        xaxis2={"visible": False, "range": [0, max(s.people for s in studies) + 1], "anchor": "y2"},
        yaxis2={"visible": False, "range": [len(studies) - 0.3, -1.1], "domain": [0.8, 1], "anchor": "x2"},
    )
    sources = parts.works_behind(ev, table["source_id"].dropna(), [s.study_id for s in studies])
    return draft.view(_sentence(table, studies), fig, table, _notes(ev, table, studies), sources)


def _draw(fig: go.Figure, part: pd.DataFrame, symbol: str, colour: str) -> None:
    line = part[part["basis"] == CURVE]
    fig.add_scatter(
        x=line["dose_mg"], y=line["percent"], mode="lines", name="Curve, assumed",
        line={"dash": "dash", "color": colour, "width": 2},
        hovertemplate="%{x:.2f} mg: %{y:.0f}% on the assumed curve<extra></extra>",
    )  # fmt: skip
    points = part[part["basis"] == POINT]
    words = [f"{r.what}: {r.dose_mg:.2f} mg" for r in each(points)]
    fig.add_scatter(
        x=points["dose_mg"], y=points["percent"], mode="markers+text", name="Printed", text=words,
        textposition="top left", textfont={"color": base.INK},
        marker={"symbol": symbol, "size": 12, "color": colour}, hoverinfo="text",
        hovertext=[f"<b>{r.study}</b><br>{r.what}, printed: {r.dose_mg:.2f} mg a day" for r in each(points)],
    )  # fmt: skip


def _people(fig: go.Figure, study: Printed, colour: str, line: int) -> None:
    """Draw everybody who was tested as a mark; who responded is filled."""
    if study.responders is None:
        return
    for name, first, last, symbol in (
        ("Responded at her dose", 1, study.responders, "circle"),
        ("Did not", study.responders + 1, study.people, "circle-open"),
    ):
        fig.add_scatter(
            x=list(range(first, last + 1)),
            y=[line] * (last - first + 1),
            mode="markers",
            xaxis="x2",
            yaxis="y2",
            name=name,
            marker={"symbol": symbol, "size": 9, "color": colour},
            hoverinfo="name",
        )
    fig.add_annotation(
        x=0, y=line - 0.35, xref="x2 domain", yref="y2", xanchor="left", yanchor="bottom", showarrow=False,
        text=f"{study.responders} of {study.people} responded; no response rate",
    )  # fmt: skip


def _sentence(table: pd.DataFrame, studies: list[Printed]) -> str:
    study = studies[0]
    own = table[(table["study_id"] == study.study_id) & (table["basis"] == POINT)].set_index("what")
    doses = own["dose_mg"].astype(float)
    counted = "" if study.responders is None else (
        f", yet {study.responders} of {study.people} people responded at the doses they were given"
    )  # fmt: skip
    return (
        f"{own['study'].iloc[0]} prints an ED50 of {doses['ED50']:.2f} mg and an ED95 of "
        f"{doses['ED95']:.2f} mg{counted}."
    )


def _notes(ev: Evidence, table: pd.DataFrame, studies: list[Printed]) -> list[str]:
    notes = [
        "ED50 and ED95 are doses: those estimated to suit 50 and 95 in 100 of such people by the study's "
        "own criterion. They are no share of people who were helped.",
        "The design moves the next person one step up after a non-response and one step down after a "
        "response. It steers towards the dose at which half respond, so its share of responders says "
        "nothing of the drug.",
    ]
    for study in studies:
        points = table[(table["study_id"] == study.study_id) & (table["basis"] == POINT)].set_index("percent")
        curve = _curve(points["dose_mg"])
        notes.append(f"The dashed line is an assumption. {curve.assumption}")
        notes.append(_simulated(study, curve))
    kept = ev.tables["study_notes"]
    kept = kept[kept["study_id"].isin([s.study_id for s in studies]) & (kept["kind"] == "quality")]
    labels = work_labels(ev)
    return [*notes, *(in_words(text, labels).replace("[computed] ", "computed: ") for text in kept["text"])]


def _simulated(study: Printed, curve: dose_response.Curve) -> str:
    """Say how many responders the design gives where the dose matters and where it does not."""
    design = {"max_mg": study.highest, "n_people": study.people, "n_sim": SIMULATED, "seed": SEED}
    design |= {"step_mg": study.lowest, "start_mg": study.lowest}
    share = (study.responders or study.people // 2) / study.people
    ranges = []
    for true in (curve, dose_response.flat_curve(share)):
        people = dose_response.up_and_down(true, **design).n_responders  # type: ignore[arg-type]
        low, high = np.quantile(people, [0.025, 0.975], method="inverted_cdf")
        ranges.append(f"{low:g} to {high:g}" if low < high else f"{low:g}")
    return (
        f"Simulated ({SIMULATED} studies of {study.people} people each, seed {SEED}; 95 in 100 of them): "
        f"such a design gives {ranges[0]} responders under the dashed curve, and {ranges[1]} where "
        f"{share:.0%} respond at every dose and the dose makes no difference. The count cannot tell the two "
        "apart."
    )
