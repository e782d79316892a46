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
    code = base.snippet(
        ev, f"ldn.views.gap_map(ev, scheme={scheme!r})" if scheme != "explorer" else "ldn.views.gap_map(ev)"
    )
    title = "Where there are studies, and where there are none"
    table = cells(ev, scheme)
    if table.empty:
        return base.empty("gap_map", title, "No study is left in this selection.", code, COLUMNS)
    conditions = list(dict.fromkeys(table["condition"]))
    labels = list(dict.fromkeys(table["band_label"]))
    fig = base.figure(110 + 34 * len(conditions), legend=False)
    for name, part, symbol, fill in (
        ("studies", table[table["studies"] > 0], "square", base.LDN),
        ("none", table[table["studies"] == 0], "square-open", base.RULE),
    ):
        words = [f"{r.studies} · {r.randomized} R" if name == "studies" else "none" for r in each(part)]
        hover = [
            f"{r.condition}, {r.band_label}<br>{base.count(r.studies, 'study', 'studies')}, "
            f"{r.randomized} randomised, {r.participants:,} participants"
            for r in each(part)
        ]
        fig.add_scatter(
            x=part["band_label"], y=part["condition"], mode="markers+text", text=words, hovertext=hover,
            hoverinfo="text", name=name,
            textposition="middle right" if name == "studies" else "middle center",
            textfont={"size": 12, "color": base.INK if name == "studies" else base.MUTED},
            marker={"symbol": symbol, "color": fill, "size": 4 + 2.2 * part["studies"].clip(upper=8)
                    if name == "studies" else 0},
        )  # fmt: skip
    fig.update_xaxes(
        side="top", categoryorder="array", categoryarray=labels, tickvals=labels, tickangle=0,
        ticktext=[base.wrap(label, 14) for label in labels], showgrid=False,
    )  # fmt: skip
    fig.update_yaxes(
        categoryorder="array",
        categoryarray=conditions[::-1],
        griddash="dot",
        range=[-0.6, len(conditions) - 0.4],
    )
    fig.update_layout(margin={"t": 70, "b": 16})
    filled = int((table["studies"] > 0).sum())
    studies = ev.tables["studies"]
    whole = studies[studies["part_of"].isna()]
    sentence = (
        f"{base.count(len(whole), 'study', 'studies')}, {int(whole['randomized'].sum())} of them randomised, "
        f"fill {filled} of {len(table)} cells; in the other {len(table) - filled} no study was found."
    )
    notes = (
        "Each cell gives the number of studies and, marked R, of randomised ones; hover for participants.",
        "A study counts in every band that its doses touch and under every condition it is filed under, so "
        "cells do not add up to the total; wider conditions include the narrower ones.",
        "Secondary analyses of a trial are not counted again.",
        "Participants add up only studies whose number was read.",
    )
    return base.View(title, sentence, fig, table, notes, base.cited(ev, whole["study_id"]), code, "gap_map")
