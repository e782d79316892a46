"""Receptor occupancy by dose: imaging points, and a curve through them with what hangs on single points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ldnevidence.dose_response.occupancy import EmaxCurve, emax_curve
from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["dose_mg", "percent", "low", "high", "basis", "parameter", "population", "pharm_id", "cite_key",
           "source_id"]  # fmt: skip
TITLE = "How many opioid receptors a dose blocks"
TOPIC = "receptor occupancy"
SHOWN = (
    0.5,
    1.0,
    1.5,
    2.0,
    3.0,
    4.5,
    6.0,
    10.0,
    15.0,
    25.0,
    50.0,
    100.0,
)  # mg, doses at which the curve is listed


def rows(ev: Evidence) -> tuple[pd.DataFrame, EmaxCurve | None]:
    """Return the imaging points and the fitted curve with its leave-one-out range.

    Parameters
    ----------
    ev : Evidence
        Only ``ev.pharmacology`` is used, which no selection narrows.

    Returns
    -------
    (DataFrame, EmaxCurve or None)
        Points have basis "measured"; the curve is listed at common doses with basis "fitted", `low` and
        `high` being its range when each dose is left out in turn. No curve with fewer than two doses.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table, curve = rows(ldn.load())
    >>> bool(table["percent"].between(0, 100).all()), curve.emax
    (True, 100.0)
    """
    table = ev.tables["pharmacology"]
    points = table[(table["topic"] == TOPIC) & (table["unit"] == "%")]
    points = points.dropna(subset=["dose_mg", "value"]).sort_values("dose_mg", kind="stable")
    measured = pd.DataFrame({
        "dose_mg": points["dose_mg"], "percent": points["value"], "basis": "measured",
        "parameter": points["parameter"], "population": points["population"], "pharm_id": points["pharm_id"],
        "cite_key": points["cite_key"], "source_id": points["source_id"],
    }, columns=COLUMNS)  # fmt: skip
    if points["dose_mg"].nunique() < 2:
        return measured.reset_index(drop=True), None
    curve = emax_curve(points["dose_mg"], points["value"], emax=100.0)
    doses = np.array(SHOWN)
    fitted = pd.DataFrame({
        "dose_mg": doses, "percent": curve.predict(doses), "low": _share(doses, curve.ed50_high),
        "high": _share(doses, curve.ed50_low), "basis": "fitted",
    }, columns=COLUMNS)  # fmt: skip
    both = pd.DataFrame(measured.to_dict("records") + fitted.to_dict("records"), columns=COLUMNS)
    return both, curve


def _share(dose: np.ndarray, ed50: float) -> np.ndarray:
    """Occupancy in percent of an Emax curve that ends at 100%; a high ED50 gives the low limit."""
    return np.asarray(100 * dose / (dose + ed50), dtype=float)


def occupancy(ev: Evidence) -> base.View:
    """Draw receptor occupancies by dose with an Emax curve, on a logarithmic dose axis.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> occupancy(ldn.load()).figure.layout.xaxis.type
    'log'
    """
    draft = base.Draft("occupancy", TITLE, base.snippet(ev, occupancy), COLUMNS)
    table, curve = rows(ev)
    if table.empty:
        return draft.empty("No receptor occupancy was read.")
    fig = base.figure(430)
    if curve is not None:
        dose = np.geomspace(SHOWN[0], SHOWN[-1], 60)
        fig.add_scatter(
            x=[*dose, *dose[::-1]],
            y=[*_share(dose, curve.ed50_low), *_share(dose, curve.ed50_high)[::-1]],
            mode="lines",
            fill="toself",
            fillcolor="rgba(0,95,158,0.15)",
            line={"width": 0, "color": base.LDN},
            name="Range, one dose left out",
            hoverinfo="skip",
        )
        fig.add_scatter(
            x=dose, y=curve.predict(dose), mode="lines", name="Fitted curve",
            line={"color": base.LDN, "width": 2, "dash": "dash"},
            hovertemplate="%{x:.2f} mg: %{y:.0f}% on the curve<extra></extra>",
        )  # fmt: skip
    points = table[table["basis"] == "measured"]
    fig.add_scatter(
        x=points["dose_mg"],
        y=points["percent"],
        mode="markers",
        name="Measured by imaging",
        marker={
            "symbol": "diamond",
            "size": 11,
            "color": base.PLACEBO,
            "line": {"width": 1, "color": "white"},
        },
        hovertext=[f"{r.dose_mg:g} mg: {r.percent:g}%<br>{base.wrap(r.parameter, 50)}" for r in each(points)],
        hoverinfo="text",
    )
    ticks = [0.5, 1, 2, 4.5, 15, 50, 100]
    fig.update_xaxes(
        type="log",
        title="Dose by mouth, mg, log scale",
        tickvals=ticks,
        ticktext=[f"{t:g}" for t in ticks],
        range=[np.log10(0.45), np.log10(115)],
    )
    fig.update_yaxes(title="Receptors blocked", range=[0, 103], ticksuffix="%", dtick=25)
    sources = parts.works_behind(ev, points["source_id"], points["cite_key"])
    return draft.view(_sentence(points, curve), fig, table, _notes(ev, points, curve), sources)


def _sentence(points: pd.DataFrame, curve: EmaxCurve | None) -> str:
    low, high = points.iloc[0], points.iloc[-1]
    text = (
        f"{base.count(len(points), 'imaging value')} at {base.count(points['dose_mg'].nunique(), 'dose')} "
        f"run from {low['percent']:g}% of mu receptors blocked at {low['dose_mg']:g} mg to "
        f"{high['percent']:g}% at {high['dose_mg']:g} mg"
    )
    if curve is None:
        return text + "."
    return (
        f"{text}; a curve through them reaches half at {curve.ed50:.1f} mg ({curve.ed50_low:.1f} to "
        f"{curve.ed50_high:.1f} mg as each dose is left out)."
    )


def _notes(ev: Evidence, points: pd.DataFrame, curve: EmaxCurve | None) -> list[str]:
    notes = list(
        dict.fromkeys(
            f"Measured: {what}, in {who}."
            for what, who in zip(points["parameter"], points["population"].fillna("people"), strict=True)
        )
    )
    table = ev.tables["pharmacology"].set_index("pharm_id")
    remarks = table.loc[points["pharm_id"], "note"].dropna()
    notes += [f"{remark[0].upper()}{remark[1:]}." for remark in dict.fromkeys(remarks)]
    if curve is not None:
        notes += [
            curve.note,
            "The curve is made to end at 100%. Its band is the range when each dose is left out in turn; "
            "it is no confidence interval, because the number of people behind each point was not read.",
        ]
    notes.append("Estimates of reviews, and other receptors, are not drawn among the measurements.")
    return notes
