"""Every study on one axis of dose, from nanograms to 100 mg, with the bands of a scheme behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from ldnevidence import bands
from ldnevidence.rows import each
from ldnevidence.views import base, parts
from ldnevidence.views.comparisons import dose_in_words

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["study_id", "study", "group", "condition", "kind", "low_mg", "high_mg", "main_mg", "doses",
           "bands", "design"]  # fmt: skip
KINDS = {
    "low-dose naltrexone": ("circle", base.LDN),
    "naltrexone with another study drug": ("diamond", base.OTHER),
    "high dose or another drug": ("square", base.WARN),
}
"""Symbol and colour of each kind of study."""

LANE = 16  # pixels a study takes in height
AXIS = (5e-5, 150.0)  # mg; widened where a dose lies outside
MARKS = {1e-6: "1 ng", 1e-5: "10 ng", 1e-4: "100 ng", 1e-3: "1 µg", 1e-2: "10 µg", 0.1: "0.1 mg", 1.0: "1 mg",
         10.0: "10 mg", 100.0: "100 mg", 1000.0: "1 g"}  # fmt: skip
HIGH = "high dose or another drug"


@base.once_for_all
def doses(ev: Evidence, scheme: str = "explorer") -> pd.DataFrame:
    """Return the doses of every study that stated any in mg a day, and the bands that they touch.

    Parameters
    ----------
    ev : Evidence
    scheme : str
        Scheme of dose bands.

    Returns
    -------
    DataFrame
        One row a study: low_mg and high_mg span all its naltrexone arms; main_mg lists the main doses of its
        arms (a tuple, empty where only a range was given); bands is a tuple of labels.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = doses(ldn.load()).set_index("study_id")
    >>> table.loc["younger2009", "main_mg"]
    (4.5,)
    """
    studies = ev.tables["studies"].set_index("study_id")
    arms = ev.tables["arms"]
    arms = arms[arms["role"].isin(["ldn", "other dose"])]
    labels = ev.tables["conditions"].set_index("condition_id")
    filed = ev.tables["study_conditions"]
    condition = filed[filed["main"].astype(bool)].set_index("study_id")["condition_id"].to_dict()
    scheme_rows = bands.scheme_rows(ev.tables["dose_bands"], scheme)
    names = dict(zip(scheme_rows["band"], scheme_rows["label"], strict=True))
    out = []
    for study_id, own in arms.groupby("study_id"):
        study: Any = studies.loc[str(study_id)]
        stated = own[["dose_mg", "dose_min_mg", "dose_max_mg", "dose_median_mg"]].to_numpy(float, na_value=0)
        values = [float(v) for v in stated.ravel() if v > 0]
        if not values:
            continue
        main = own["dose_mg"].fillna(own["dose_median_mg"]).dropna()
        kind = HIGH if not study["low_dose"] else list(KINDS)[int(study["combination"])]
        touched = bands.touched(scheme_rows, min(values), max(values))
        where: Any = labels.loc[condition[str(study_id)]]
        out.append((
            study_id, study["label"], where["group"], where["label"], kind, min(values), max(values),
            tuple(sorted({float(d) for d in main if d > 0})),
            "; ".join(dict.fromkeys(dose_in_words(arm) for _, arm in own.iterrows())),
            tuple(names[b] for b in touched), study["design"],
        ))  # fmt: skip
    table = pd.DataFrame(out, columns=COLUMNS)
    order = list(dict.fromkeys(labels["group"]))
    table["_order"] = table["group"].map({g: i for i, g in enumerate(order)})
    table = table.sort_values(["_order", "low_mg", "high_mg", "study"], kind="stable")
    return table.drop(columns="_order").reset_index(drop=True)


def dose_axis(ev: Evidence, scheme: str = "explorer") -> base.View:
    """Draw every study's doses on a logarithmic axis, with the bands of a scheme shaded and named.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole; high-dose and other-drug studies are told apart by symbol and word.
    scheme : str
        Scheme of dose bands, see ``ev.dose_bands``.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        Where the scheme is unknown.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = dose_axis(ldn.load().select(condition="fibromyalgia"))
    >>> bool((view.table["low_mg"] <= view.table["high_mg"]).all())
    True
    """
    rows = bands.scheme_rows(ev.tables["dose_bands"], scheme)
    whose = rows["scheme_label"].iloc[0]
    title = f"Doses studied, with the dose bands of {'this project' if scheme == 'explorer' else whose}"
    draft = base.Draft("dose_axis", title, base.snippet(ev, dose_axis, scheme=scheme), COLUMNS)
    table = doses(ev, scheme)
    if table.empty:
        return draft.empty("No study of this selection states a dose in mg a day.")
    notes, sources = _notes(ev, table, rows, scheme), base.cited(ev, table["study_id"])
    return draft.view(_sentence(table), _figure(table, rows), table, notes, sources)


def _figure(table: pd.DataFrame, rows: pd.DataFrame) -> go.Figure:
    """Draw a lane a study, its name where the axis is empty; y counts lanes downwards."""
    low = min(AXIS[0], table["low_mg"].min() / 2)
    high = max(AXIS[1], table["high_mg"].max() * 1.5)
    places: dict[str, float] = {}
    heads: list[tuple[float, str, bool]] = []
    lines: list[float] = []
    y = 0.0
    for group, part in table.groupby("group", sort=False):
        heads.append((y + 0.7, str(group).capitalize(), True))
        places |= {study: y + 2 + i for i, study in enumerate(part["study_id"])}
        y += len(part) + 1.8
        lines.append(y)
    kinds = [kind for kind in KINDS if (table["kind"] == kind).any()]
    longest = max(len(line) for label in rows["label"] for line in _short(label).split("<br>"))
    above, below = round(18 + 6.2 * longest), 64 + 21 * len(kinds)
    fig = base.figure(round(LANE * y) + above + below)
    for name in kinds:
        _studies(fig, table[table["kind"] == name], places, name, *KINDS[name])
    left = table["low_mg"] > 0.03  # names stand to the left, where few doses are, or else to the right
    for part, end, side in (
        (table[left], "low_mg", "middle left"),
        (table[~left], "high_mg", "middle right"),
    ):
        if len(part):
            fig.add_scatter(
                x=part[end], y=[places[s] for s in part["study_id"]], mode="text", textposition=side,
                text=[f"\u2002{base.shorten(study, 26)}\u2002" for study in part["study"]], hoverinfo="skip",
                textfont={"size": 11, "color": base.INK}, showlegend=False,
            )  # fmt: skip
    parts.label_above(fig, heads)
    shapes, words = _bands(rows, low, high)
    shapes += [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "layer": "below",
                "line": {"color": base.RULE, "width": 1}} for at in lines]  # fmt: skip
    ticks = [t for t in MARKS if low <= t <= high]
    fig.update_layout(
        shapes=shapes, annotations=[*fig.layout.annotations, *words],
        xaxis={"type": "log", "range": [math.log10(low), math.log10(high)], "showgrid": False,
               "tickvals": ticks, "ticktext": [MARKS[t].replace(" ", "<br>") for t in ticks],
               "title": {"text": "Naltrexone a day, log scale"}},
        yaxis={"range": [y, 0], "visible": False},
        # The names of the bands stand above the plot, so the legend goes below it.
        margin={"t": above, "b": below},
        legend={"y": 0, "yanchor": "bottom", "yref": "container", "x": 0, "xref": "container"},
    )  # fmt: skip
    return fig


def _studies(
    fig: Any, part: pd.DataFrame, places: dict[str, float], name: str, symbol: str, colour: str
) -> None:
    """Draw a line for each range and a mark for each main dose; a range alone has a bar at either end."""
    if part.empty:
        return
    lines: dict[str, list[Any]] = {"x": [], "y": []}
    marks: dict[str, list[Any]] = {"x": [], "y": [], "text": []}
    ends: dict[str, list[Any]] = {"x": [], "y": [], "text": []}
    for row in each(part):
        y = places[row.study_id]
        words = (f"<b>{row.study}</b>, {row.condition}<br>{base.wrap(row.doses, 50)}<br>"
                 f"{name}, {row.design}<br>"
                 f"{base.wrap('; '.join(row.bands) or 'in no band of this scheme', 60)}")  # fmt: skip
        if row.low_mg < row.high_mg:
            lines["x"] += [row.low_mg, row.high_mg, None]
            lines["y"] += [y, y, None]
        alone = [] if row.main_mg else sorted({row.low_mg, row.high_mg})
        for store, values in ((marks, row.main_mg), (ends, alone)):
            store["x"] += list(values)
            store["y"] += [y] * len(values)
            store["text"] += [words] * len(values)
    if lines["x"]:
        fig.add_scatter(**lines, mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip",
                        showlegend=False)  # fmt: skip
    if marks["x"]:
        fig.add_scatter(x=marks["x"], y=marks["y"], hovertext=marks["text"], mode="markers", name=name,
                        hoverinfo="text",
                        marker={"symbol": symbol, "color": colour, "size": 9,
                                "line": {"color": "white", "width": 1}})  # fmt: skip
    if ends["x"]:
        fig.add_scatter(x=ends["x"], y=ends["y"], hovertext=ends["text"], mode="markers", hoverinfo="text",
                        name=name, showlegend=not marks["x"],
                        marker={"symbol": f"{symbol}-open", "color": colour, "size": 6,
                                "line": {"width": 2, "color": colour}})  # fmt: skip


def _short(label: str) -> str:
    """Return a band's name without its limits, in lines."""
    return base.wrap(label.split(" (")[0], 16)


def _bands(rows: pd.DataFrame, low: float, high: float) -> tuple[list[Any], list[Any]]:
    """Return shades and names of the bands; where a scheme's bands overlap, the shades do too."""
    shapes, words = [], []
    for i, band in enumerate(each(rows)):
        start = max(band.min_mg, low)
        end = min(high if pd.isna(band.max_mg) else band.max_mg, high)
        if start > end:  # a band can be a single dose
            continue
        shapes.append({"type": "rect", "x0": start, "x1": end, "yref": "paper", "y0": 0, "y1": 1,
                       "layer": "below", "fillcolor": ("#dce6ef", "#eceff2")[i % 2], "opacity": 0.6,
                       "line": {"width": 1, "color": base.RULE}})  # fmt: skip
        words.append({"x": (math.log10(start) + math.log10(end)) / 2, "y": 1, "yref": "paper", "yshift": 3,
                      "yanchor": "bottom", "textangle": -90, "showarrow": False, "text": _short(band.label),
                      "font": {"size": 11}})  # fmt: skip
    return shapes, words


def _sentence(table: pd.DataFrame) -> str:
    band = (table["low_mg"] <= 4.5) & (table["high_mg"] >= 1)
    below = int((table["high_mg"] < 1).sum())
    least, most = _mg(table["low_mg"].min()), _mg(table["high_mg"].max())
    span = f"of {least} a day" if least == most else f"from {least} to {most} a day"
    text = f"{base.count(len(table), 'study states', 'studies state')} a dose, {span}"
    if len(table) == 1:
        return f"{text}."
    return (
        f"{text}: the doses of {int(band.sum())} touch 1 to 4.5 mg, and {below or 'none'} stayed below 1 mg."
    )


def _mg(value: float) -> str:
    """Return a dose in the unit in which it is easiest to read.

    >>> _mg(4.5), _mg(0.002), _mg(0.0001)
    ('4.5 mg', '2 µg', '100 ng')
    """
    for unit, size in (("mg", 1.0), ("µg", 1e-3), ("ng", 1e-6)):
        if value >= size * (0.1 if unit == "mg" else 1):
            return f"{value / size:.3g} {unit}"
    return f"{value:g} mg"


def _notes(ev: Evidence, table: pd.DataFrame, rows: pd.DataFrame, scheme: str) -> tuple[str, ...]:
    notes = ["A mark is a main dose, a line the range of all arms; hollow ends: only a range was given.",
             "The axis is logarithmic: each step is ten times the one before."]  # fmt: skip
    every = ev.study_bands(scheme)
    for band, words in (
        (bands.PER_KG, "gave doses by body weight only"),
        (bands.NOT_STATED, "have no dose in mg"),
    ):
        n = every.loc[every["band"] == band, "study_id"].nunique()
        if n:
            notes.append(f"Not drawn: {base.count(n, 'study', 'studies')} that {words}.")
    outside = [row.study for row in each(table) if not row.bands]
    if outside:
        notes.append(f"In no band of this scheme: {base.listed(outside)}.")
    high = table[table["kind"] == HIGH]
    if len(high):
        notes.append(f"Squares are no low-dose studies: {base.listed(list(high['study']))}.")
    printed = [f"{r.label}: {r.note}" for r in each(rows) if pd.notna(r.note)]
    if scheme != "explorer":
        notes += [f"{text}." for text in dict.fromkeys(printed)]
    return tuple(notes)
