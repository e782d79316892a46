"""What cell studies used against what a dose can reach, in nanomol per litre on a logarithmic axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ldnevidence.claims import work_labels
from ldnevidence.rows import each
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["rung", "low_nm", "high_nm", "kind", "stated", "study_id", "study", "source_id", "note"]
TITLE = "Concentrations: what cells were given, and what a dose can reach"
CELLS, REACH, SERUM, BINDING = (
    "used on cells",
    "reckoned for a dose",
    "measured in blood",
    "half the receptors bound",
)
NANOMOLAR = {"nM": 1.0, "uM": 1000.0, "µM": 1000.0, "mM": 1e6}
MASS_PER_LITRE = {"ng/ml": 1.0, "ng/mL": 1.0, "ug/l": 1.0, "ug/L": 1.0}  # in micrograms per litre
DOSES_MG = (4.5, 50.0)  # the dose most trials used, and the label's


def molar_mass(ev: Evidence) -> pd.Series | None:
    """Return the row of the molar mass of naltrexone in g/mol, or None where none was read."""
    table = ev.tables["pharmacology"]
    rows = table[(table["unit"] == "g/mol") & table["parameter"].str.contains("naltrexone")]
    return rows.iloc[0] if len(rows) else None


def rungs(ev: Evidence) -> pd.DataFrame:
    """Return every concentration that can stand on the ladder.

    Parameters
    ----------
    ev : Evidence
        ``pharmacology`` and ``mechanism_findings`` are never narrowed; serum levels come from the notes of
        the studies that are left.

    Returns
    -------
    DataFrame
        One row a rung, lowest first: low_nm and high_nm in nanomol per litre (equal for a single value),
        kind, and the figure as stated. What a dose can reach is reckoned as dose / molar mass / volume of
        distribution: an average over the body with everything absorbed, hence an upper bound of that average;
        the lower end takes the lowest bioavailability read. No conversion without a molar mass in the tables.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = rungs(ldn.load())
    >>> reach = table[table["kind"] == REACH]
    >>> reach["high_nm"].round(1).tolist()
    [9.8, 108.5]
    """
    found = [*_cells(ev), *_binding(ev), *_reach(ev), *_serum(ev)]
    labels = work_labels(ev)
    table = pd.DataFrame(found, columns=COLUMNS)
    table["study"] = table["study_id"].map(lambda key: labels.get(key, key))
    return table.sort_values(["high_nm", "low_nm"], kind="stable").reset_index(drop=True)


def _cells(ev: Evidence) -> list[dict[str, Any]]:
    table = ev.tables["pharmacology"]
    out: list[dict[str, Any]] = []
    for r in each(table[(table["topic"] == "concentration in vitro") & table["unit"].isin(list(NANOMOLAR))]):
        scale = NANOMOLAR[r.unit]
        low, high = (r.value, r.value) if pd.notna(r.value) else (r.min, r.max)
        stated = f"{low:g} {r.unit}" if low == high else f"{low:g} to {high:g} {r.unit}"
        note = r.value_text if isinstance(r.value_text, str) else r.parameter
        out.append(
            {
                "rung": r.population,
                "low_nm": low * scale,
                "high_nm": high * scale,
                "kind": CELLS,
                "stated": stated,
                "study_id": r.cite_key,
                "source_id": r.source_id,
                "note": note,
            }
        )
    known = {row["study_id"] for row in out}  # a finding restates what the pharmacology row of its work has
    works = ev.tables["sources"].set_index("source_id")["cite_key"]
    findings = ev.tables["mechanism_findings"]
    for r in each(findings[findings["concentration_nm"].notna()]):
        work = works.get(r.source_id, str(r.source_id).split("-")[0])
        if work not in known:
            retracted = " in a retracted paper" if "retract" in str(r.source_id) else ""
            out.append(
                {
                    "rung": f"cells{retracted}",
                    "low_nm": r.concentration_nm,
                    "high_nm": r.concentration_nm,
                    "kind": CELLS,
                    "stated": f"{r.concentration_nm:g} nM",
                    "study_id": work,
                    "source_id": r.source_id,
                    "note": r.text,
                }
            )
    return out


def _binding(ev: Evidence) -> list[dict[str, Any]]:
    table = ev.tables["pharmacology"]
    rows = table[
        (table["topic"] == "receptor affinity") & table["unit"].isin(list(NANOMOLAR)) & table["value"].notna()
    ]
    return [
        {"rung": r.parameter, "low_nm": r.value * NANOMOLAR[r.unit], "high_nm": r.value * NANOMOLAR[r.unit],
         "kind": BINDING, "stated": f"{r.value:g} {r.unit}", "study_id": r.cite_key, "source_id": r.source_id,
         "note": r.note} for r in each(rows)
    ]  # fmt: skip


def _reach(ev: Evidence) -> list[dict[str, Any]]:
    mass = molar_mass(ev)
    table = ev.tables["pharmacology"]
    volume = table[table["parameter"].str.startswith("volume of distribution") & (table["unit"] == "L")]
    if mass is None or volume.empty:
        return []
    absorbed = table[(table["parameter"] == "oral bioavailability") & table["min"].notna()]
    litres = volume.iloc[0]
    out: list[dict[str, Any]] = []
    for dose in DOSES_MG:
        ceiling = dose * 1e6 / float(mass["value"]) / float(litres["value"])  # mg -> nmol -> nmol per litre
        low = ceiling * float(absorbed["min"].iloc[0]) / 100 if len(absorbed) else ceiling
        part = f", {absorbed['min'].iloc[0]:g}% to all of it absorbed" if len(absorbed) else ""
        out.append(
            {
                "rung": f"reckoned for {dose:g} mg by mouth",
                "low_nm": low,
                "high_nm": ceiling,
                "kind": REACH,
                "stated": f"{dose:g} mg / {mass['value']:g} g/mol / {litres['value']:g} L{part}",
                "study_id": litres["cite_key"],
                "source_id": litres["source_id"],
                "note": "average over the body, not a measured level; peaks can lie above it",
            }
        )
    return out


def _serum(ev: Evidence) -> list[dict[str, Any]]:
    mass = molar_mass(ev)
    if mass is None:
        return []
    table = ev.tables["pharmacology"]
    levels = table[
        (table["topic"] == "tissue and plasma concentration") & table["unit"].isin(list(MASS_PER_LITRE))
    ]
    out: list[dict[str, Any]] = []
    for r in each(levels):
        low, high = (r.value, r.value) if pd.notna(r.value) else (r.min, r.max)
        factor = MASS_PER_LITRE[r.unit]
        out.append(
            _level(
                r.cite_key,
                low * factor,
                high * factor,
                f"{low:g} to {high:g} {r.unit}",
                r.dose_mg,
                mass,
                r.source_id,
            )
        )
    # A trial's own measurement is one of its results: the least and the greatest level of its LDN arm.
    arms = ev.tables["arms"].set_index("arm_id")
    studies = ev.tables["outcomes"].set_index("outcome_id")["study_id"]
    results = ev.tables["results"]
    results = results[
        results["unit"].isin(list(MASS_PER_LITRE)) & results["statistic"].isin(["minimum", "maximum"])
    ]
    grouped: Any = results.groupby(["outcome_id", "arm_id"])
    for (outcome, arm), rows in grouped:
        ends = rows.set_index("statistic")["value"]
        if set(ends.index) == {"minimum", "maximum"} and arms.loc[arm, "role"] == "ldn":
            unit, source = rows["unit"].iloc[0], rows["source_id"].iloc[0]
            low, high = (float(ends[name]) * MASS_PER_LITRE[unit] for name in ("minimum", "maximum"))
            stated = f"{ends['minimum']:g} to {ends['maximum']:g} {unit}"
            out.append(_level(studies[outcome], low, high, stated, arms.loc[arm, "dose_mg"], mass, source))
    return out


def _level(
    work: str, low: float, high: float, stated: str, dose: float, mass: pd.Series, source_id: str | None
) -> dict[str, Any]:
    scale = 1000 / float(mass["value"])  # micrograms per litre -> nanomol per litre
    rung = f"serum after {dose:g} mg a day" if pd.notna(dose) else "serum of people on LDN"
    return {
        "rung": rung,
        "low_nm": low * scale,
        "high_nm": high * scale,
        "kind": SERUM,
        "stated": stated,
        "study_id": work,
        "source_id": source_id,
        "note": f"converted with {mass['value']:g} g/mol; whether the assay also counts the metabolite "
        "was not read",
    }


def concentration_ladder(ev: Evidence) -> base.View:
    """Draw concentrations used on cells beside those that a dose can reach.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> concentration_ladder(ldn.load()).figure.layout.xaxis.type
    'log'
    """
    draft = base.Draft("concentration_ladder", TITLE, base.snippet(ev, concentration_ladder), COLUMNS)
    table = rungs(ev)
    if table.empty:
        return draft.empty("No concentration was read.")
    rows = parts.Rows()
    places = {
        index: rows.add(_label(table.loc[index]))[0] for index in table.index[::-1]
    }  # the highest on top
    fig = rows.figure(entries=table["kind"].nunique())
    for kind, symbol, colour in (
        (CELLS, "square", base.PLACEBO), (BINDING, "diamond", base.MUTED), (REACH, "circle", base.LDN),
        (SERUM, "triangle-up", base.OTHER),
    ):  # fmt: skip
        part = table[table["kind"] == kind]
        if part.empty:
            continue
        x = [v for r in each(part) for v in (r.low_nm, r.high_nm, None)]
        y = [v for index in part.index for v in (places[index], places[index], None)]
        hover = [v for r in each(part) for v in (_hover(r), _hover(r), "")]
        fig.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            name=kind[0].upper() + kind[1:],
            line={"color": colour, "width": 3, "dash": "dot" if kind == REACH else "solid"},
            marker={"symbol": symbol, "size": 10, "color": colour},
            hovertext=hover,
            hoverinfo="text",
        )
    low, high = np.log10(table["low_nm"].min()) - 0.3, np.log10(table["high_nm"].max()) + 0.3
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    powers = powers[1::2] if len(powers) > 6 else powers  # every second one, where the words would touch
    fig.update_xaxes(
        type="log", range=[low, high], title="Nanomol per litre (nM), log scale", tickangle=0,
        tickvals=[10.0**p for p in powers], ticktext=[_power(p) for p in powers],
    )  # fmt: skip
    mass = molar_mass(ev)
    pages = [*table["source_id"].dropna(), *([mass["source_id"]] if mass is not None else [])]
    also = {*table["study_id"].dropna(), *([mass["cite_key"]] if mass is not None else [])}
    return draft.view(_sentence(table), fig, table, _notes(table), parts.works_behind(ev, pages, also))


def _power(power: int) -> str:
    """Return a power of ten as a tick, in the unit that keeps it short.

    >>> _power(-1), _power(3), _power(5)
    ('0.1', '1,000', '100,000')
    """
    return f"{10**power:,}" if 0 <= power < 7 else f"{10.0**power:g}"


def _label(row: Any) -> str:
    """Return what was measured, with its range, and whose figure it is."""
    what = str(row["rung"])
    words = base.wrap(f"{what[0].upper()}{what[1:]}: <b>{_range(row['low_nm'], row['high_nm'])}</b>", 60)
    return f"{words}<br>{parts.muted(base.shorten(str(row['study']), 56))}"


def _range(low: float, high: float) -> str:
    def shown(value: float) -> str:
        return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"

    return f"{shown(high)} nM" if low == high else f"{shown(low)} to {shown(high)} nM"


def _hover(row: Any) -> str:
    note = base.wrap(row.note, 60) if isinstance(row.note, str) else ""
    lines = [
        f"<b>{row.study}</b>",
        base.wrap(row.rung, 60),
        _range(row.low_nm, row.high_nm),
        f"as stated: {row.stated}",
    ]
    return "<br>".join(filter(None, [*lines, note]))


def _sentence(table: pd.DataFrame) -> str:
    cells, reach = table[table["kind"] == CELLS], table[table["kind"] == REACH]
    if cells.empty or reach.empty:
        return f"{base.count(len(table), 'concentration')} could be put on one scale."
    top, dose = cells.iloc[-1], reach.iloc[0]
    ratio = float(f"{top['high_nm'] / dose['high_nm']:.1g}")
    text = (
        f"The highest concentration used on cells, {_range(top['high_nm'], top['high_nm'])}, is about "
        f"{ratio:,.0f} times the {dose['high_nm']:.1f} nM {dose['rung']}, an upper bound of the average"
    )
    blood = table[table["kind"] == SERUM]
    if blood.empty:
        return f"{text}."
    most = blood.iloc[int(blood["high_nm"].to_numpy().argmax())]
    ratio = float(f"{top['high_nm'] / most['high_nm']:.1g}")
    level = _range(most["high_nm"], most["high_nm"])
    return f"{text}, and about {ratio:,.0f} times the highest level read in blood, {level}."


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if (table["kind"] == REACH).any():
        notes.append(
            "Reckoned for a dose: the dose divided by the molar mass and by the label's volume of "
            "distribution. It is an average over the body and a bound for teaching, not a measurement; the "
            "left end takes the lowest bioavailability that was read."
        )
    if (table["kind"] == SERUM).any():
        notes.append(
            "Measured in blood: converted from ng/ml. It can lie above the reckoned average, because "
            "levels peak after a dose and an assay may count more than naltrexone."
        )
    if (table["kind"] == BINDING).any():
        notes.append(
            "Half the receptors bound: the Ki of the metabolite, a lower figure being a tighter bond."
        )
    notes.append(
        "That a concentration was used on cells says nothing of whether people reach it, or need to."
    )
    cells = table[table["kind"] == CELLS]
    notes += [f"{r.study}: {r.note}." for r in each(cells) if isinstance(r.note, str)]
    return tuple(dict.fromkeys(notes))
