"""Where there are studies and where there are none: condition by dose band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence import bands
from ldnevidence.rows import each
from ldnevidence.views import base

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = [
    "group",
    "condition_id",
    "condition",
    "band",
    "band_label",
    "studies",
    "randomized",
    "participants",
]

TINTS = ("#eef3f8", "#cfe1ef", "#a9cbe3", "#86b5d7")  # none, one, two, three and more randomised studies
ROW = 34  # pixels
NARROW, LETTER = 350, 5.4  # pixels: the columns of a narrow screen, a letter of a heading there
LOWER, HALF = 0.11, 0.26  # boxes stand a little below the middle of a row: on a telephone its name is above


def cells(ev: Evidence, scheme: str = "explorer") -> pd.DataFrame:
    """Count studies, randomised studies and participants for every condition and dose band.

    Secondary analyses (``part_of``) are no studies of their own and are not counted. A condition counts the
    studies of those below it, and a study counts in every band that its doses touch.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.
    scheme : str
        Scheme of dose bands.

    Returns
    -------
    DataFrame
        One row a cell, empty cells included: group, condition_id, condition, band, band_label, studies,
        randomized, participants (people in studies whose number was read).

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = cells(ldn.load())
    >>> bool((table["randomized"] <= table["studies"]).all())
    True
    """
    studies = ev.tables["studies"]
    studies = studies[studies["part_of"].isna()].set_index("study_id")
    people = base.participants(studies).fillna(0)
    trials = set(studies.index[studies["randomized"].astype(bool)])
    rows = bands.scheme_rows(ev.tables["dose_bands"], scheme)
    columns = [*zip(rows["band"], rows["label"], strict=True), *bands.SPECIAL.items()]
    in_band = ev.study_bands(scheme).groupby("band")["study_id"].agg(set).to_dict()
    filed = ev.tables["study_conditions"].groupby("condition_id")["study_id"].agg(set).to_dict()
    out = []
    for condition in each(ev.tables["conditions"]):
        under = ev.conditions_under(condition.condition_id)
        here = set().union(*(filed.get(c, set()) for c in under)) & set(studies.index)
        if not here:
            continue
        for band, label in columns:
            both = here & in_band.get(band, set())
            size = int(people.loc[sorted(both)].sum())
            out.append((condition.group, condition.condition_id, condition.label, band, label,
                        len(both), len(both & trials), size))  # fmt: skip
    table = pd.DataFrame(out, columns=COLUMNS)
    used = table.groupby("band")["studies"].transform("sum") > 0
    return table[used | ~table["band"].isin(list(bands.SPECIAL))].reset_index(drop=True)


def gap_map(ev: Evidence, scheme: str = "explorer") -> base.View:
    """Draw condition by dose band: studies, randomised studies and participants; empty cells say so.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.
    scheme : str
        Scheme of dose bands.

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = gap_map(ldn.load().select())
    >>> view.table["studies"].max() > 0
    np.True_
    """
    title = "Where there are studies, and where there are none"
    draft = base.Draft("gap_map", title, base.snippet(ev, gap_map, scheme=scheme), COLUMNS)
    table = cells(ev, scheme)
    if table.empty:
        return draft.empty("No study is left in this selection.")
    conditions = list(dict.fromkeys(table["condition"]))
    fig = _figure(table, conditions, list(dict.fromkeys(table["band_label"])))
    filled = int((table["studies"] > 0).sum())
    studies = ev.tables["studies"]
    whole = studies[studies["part_of"].isna()]
    trials = int(whole["randomized"].sum())
    sentence = (
        f"{base.count(len(whole), 'study', 'studies')}, {trials or 'none'} of them randomised, "
        f"{'fills' if len(whole) == 1 else 'fill'} {filled} of {len(table)} cells; in the other "
        f"{len(table) - filled} no study was found."
    )
    notes = (
        "A cell gives the number of studies and, in brackets, how many of them are randomised; a darker cell "
        "has more randomised ones. Hover, or see the table, for participants.",
        "A study counts in every band that its doses touch and under every condition it is filed under, so "
        "cells do not add up to the total; wider conditions include the narrower ones.",
        "Secondary analyses of a trial are not counted again.",
        "Participants add up only studies whose number was read.",
    )
    return draft.view(sentence, fig, table, notes, base.cited(ev, whole["study_id"]))


def _figure(table: pd.DataFrame, conditions: list[str], labels: list[str]) -> base.go.Figure:
    """Draw a box with its numbers for each cell that has studies; the others say "none"."""
    places = {name: len(conditions) - 1 - i for i, name in enumerate(conditions)}
    columns = {label: i for i, label in enumerate(labels)}
    short = [label.replace("micrograms", "µg").replace("microgram", "µg") for label in labels]
    level, steep = ([base.wrap(label, width) for label in short] for width in (8, 18))
    turned = len(labels) * LETTER * max(_longest(level)) > NARROW
    heads = steep if turned else level
    above = 6.5 * max(_longest(steep)) if turned else 12 * max(head.count("<br>") + 1 for head in level)
    top = 24 + round(above)
    fig = base.figure(top + 16 + ROW * len(conditions), legend=False)
    some = table["studies"] > 0
    for name, part in (("studies", table[some]), ("none", table[~some])):
        hover = [
            f"{r.condition}, {r.band_label}<br>{base.count(r.studies, 'study', 'studies')}, "
            f"{r.randomized} randomised, {r.participants:,} participants"
            for r in each(part)
        ]
        full = name == "studies"
        fig.add_scatter(
            x=[columns[label] for label in part["band_label"]], hovertext=hover, hoverinfo="text", name=name,
            y=[places[c] - LOWER for c in part["condition"]], mode="text",
            text=[f"<b>{r.studies}</b> ({r.randomized})" if full else "none" for r in each(part)],
            textfont={"size": 12 if full and len(labels) < 8 else 11,
                      "color": base.INK if full else base.MUTED},
        )  # fmt: skip
    boxes = [
        {"type": "rect", "x0": columns[r.band_label] - 0.45, "x1": columns[r.band_label] + 0.45,
         "y0": places[r.condition] - LOWER - HALF, "y1": places[r.condition] - LOWER + HALF, "layer": "below",
         "fillcolor": TINTS[min(r.randomized, len(TINTS) - 1)], "line": {"width": 1, "color": base.LDN}}
        for r in each(table[table["studies"] > 0])
    ]  # fmt: skip
    fig.update_layout(
        margin={"t": top, "b": 16, "r": 8}, shapes=boxes,
        xaxis={"side": "top", "tickvals": list(columns.values()), "ticktext": heads,
               "tickangle": -90 if turned else 0,
               "tickfont": {"size": 11}, "showgrid": False, "showline": False, "ticks": "",
               "range": [-0.55, len(labels) - 0.45]},
        yaxis={"tickvals": list(places.values()), "ticktext": conditions, "showgrid": False,
               "showline": False, "ticks": "", "range": [-0.6, len(conditions) - 0.4]},
    )  # fmt: skip
    return fig


def _longest(heads: list[str]) -> list[int]:
    """Return how many letters the longest line of each heading has."""
    return [max(map(len, head.split("<br>"))) for head in heads]
