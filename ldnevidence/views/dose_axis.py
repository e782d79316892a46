"""Every study on one axis of dose, from nanograms to 100 mg, with the bands of a scheme behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnevidence import bands
from ldnevidence.rows import each
from ldnevidence.views import base
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

LANE = 13  # pixels a study takes in height
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
    option = f", scheme={scheme!r}" if scheme != "explorer" else ""
    code = base.snippet(ev, f"ldn.views.dose_axis(ev{option})")
    title = f"Doses studied, with the bands of: {rows['scheme_label'].iloc[0]}"
    table = doses(ev, scheme)
    if table.empty:
        why = "No study of this selection states a dose in mg a day."
        return base.empty("dose_axis", title, why, code, COLUMNS)
    low = min(AXIS[0], table["low_mg"].min() / 2)
    high = max(AXIS[1], table["high_mg"].max() * 1.5)
    lanes, places = _lanes(table)
    total = sum(lanes.values())
    fig = base.figure(int(230 + LANE * total))
    for name, (symbol, colour) in KINDS.items():
        _studies(fig, table[table["kind"] == name], places, name, symbol, colour)
    _bands(fig, rows, low, high, total)
    top, middles = float(total), {}
    for group, height in lanes.items():
        middles[group] = top - height / 2
        top -= height
        fig.add_shape(type="line", xref="paper", x0=0, x1=1, y0=top, y1=top, layer="below",
                      line={"color": base.RULE, "width": 1})  # fmt: skip
    ticks = [t for t in MARKS if low <= t <= high]
    fig.update_xaxes(type="log", range=[math.log10(low), math.log10(high)], tickvals=ticks, showgrid=False,
                     ticktext=[MARKS[t].replace(" ", "<br>") for t in ticks],
                     title="Naltrexone a day, log scale")  # fmt: skip
    fig.update_yaxes(range=[0, total], tickvals=list(middles.values()), showgrid=False, ticks="",
                     ticktext=[base.wrap(g.capitalize(), 12) for g in middles])  # fmt: skip
    # The names of the bands stand above the plot, so the legend goes below it.
    legend = {"y": 0, "yanchor": "bottom", "yref": "container", "x": 0, "xref": "container"}
    fig.update_layout(margin={"t": 92, "b": 128}, legend=legend)
    return base.View(title, _sentence(table), fig, table, _notes(ev, table, rows, scheme),
                     base.cited(ev, table["study_id"]), code, "dose_axis")  # fmt: skip


def _lanes(table: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Stack the studies of a group of conditions; return each group's height and each study's place.

    Studies share a lane where their ranges are far enough apart on the axis for both to be seen.
    """
    gap = 0.6  # decades
    heights: dict[str, float] = {}
    within: list[tuple[str, str, int]] = []
    for group, part in table.groupby("group", sort=False):
        ends: list[float] = []
        for row in each(part):
            start = math.log10(row.low_mg)
            lane = next((i for i, end in enumerate(ends) if start - end >= gap), len(ends))
            ends[lane : lane + 1] = [math.log10(row.high_mg)]
            within.append((row.study_id, str(group), lane))
        heights[str(group)] = max(2.4, len(ends) + 0.6)  # a name needs two lines
    tops, top = {}, sum(heights.values())
    for group, height in heights.items():
        tops[group], top = top, top - height
    return heights, {study: tops[group] - 0.8 - lane for study, group, lane in within}


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


def _bands(fig: Any, rows: pd.DataFrame, low: float, high: float, total: float) -> None:
    """Shade the bands; where a scheme's bands overlap, the shades do too."""
    for i, band in enumerate(each(rows)):
        start = max(band.min_mg, low)
        end = min(high if pd.isna(band.max_mg) else band.max_mg, high)
        if start > end:  # a band can be a single dose
            continue
        fig.add_shape(type="rect", x0=start, x1=end, yref="paper", y0=0, y1=1, layer="below",
                      fillcolor=("#dce6ef", "#eceff2")[i % 2], opacity=0.6,
                      line={"width": 1, "color": base.RULE})  # fmt: skip
        middle = (math.log10(start) + math.log10(end)) / 2
        fig.add_annotation(x=middle, y=1, yref="paper", yanchor="bottom", textangle=-90, showarrow=False,
                           text=band.label.split(" (")[0], font={"size": 11}, yshift=3)  # fmt: skip


def _sentence(table: pd.DataFrame) -> str:
    band = (table["low_mg"] <= 4.5) & (table["high_mg"] >= 1)
    below = table["high_mg"] < 1
    return (
        f"{base.count(len(table), 'study', 'studies')} state a dose, from {_mg(table['low_mg'].min())} to "
        f"{_mg(table['high_mg'].max())} a day: the doses of {int(band.sum())} touch 1 to 4.5 mg, and "
        f"{int(below.sum())} stayed below 1 mg."
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
