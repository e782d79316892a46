"""Doses: named bands under several schemes, and titration schedules.

Naming schemes differ and leave gaps. The ``explorer`` scheme of this project covers every dose above 0
without a gap; the others are kept as published, gaps and overlaps included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldnevidence import bands
from ldnevidence.evidence import Evidence, load

if TYPE_CHECKING:
    import pandas as pd


def schemes(ev: Evidence | None = None) -> dict[str, str]:
    """Return the banding schemes, code to label, the project's own first.

    >>> next(iter(schemes()))
    'explorer'
    """
    table = (ev or load()).tables["dose_bands"]
    found = dict(zip(table["scheme"], table["scheme_label"], strict=True))
    return {"explorer": found.pop("explorer"), **dict(sorted(found.items()))}


def bands_touched(mg_per_day: float, scheme: str = "explorer", ev: Evidence | None = None) -> list[str]:
    """Return every band of a scheme that holds a dose; none where it falls into a gap, several in an overlap.

    Parameters
    ----------
    mg_per_day : float
        Dose in mg a day, above 0.
    scheme : str
        Scheme of bands.

    Raises
    ------
    ValueError
        Where the dose is not above 0, or the scheme is unknown.
    """
    if not float(mg_per_day) > 0 or float(mg_per_day) == float("inf"):
        raise ValueError(f"a dose is a number of mg a day above 0, not {mg_per_day!r}")
    rows = bands.scheme_rows((ev or load()).tables["dose_bands"], scheme)
    return bands.touched(rows, float(mg_per_day), float(mg_per_day))


def band(mg_per_day: float, scheme: str = "explorer", ev: Evidence | None = None) -> str:
    """Return the band of a dose: the first where several overlap, "between bands" in a gap.

    Parameters
    ----------
    mg_per_day : float
        Dose in mg a day, above 0.
    scheme : str
        Scheme of bands.

    Raises
    ------
    ValueError
        Where the dose is not above 0, or the scheme is unknown.

    Examples
    --------
    >>> band(4.5), band(6), band(0.002)
    ('low', 'upper low', 'ultra-low')
    """
    found = bands_touched(mg_per_day, scheme, ev)
    return found[0] if found else bands.NO_BAND


def titration(schedule_id: str, ev: Evidence | None = None) -> pd.DataFrame:
    """Return the steps of a titration schedule.

    Parameters
    ----------
    schedule_id : str
        Key in ``ev.titration_schedules``.

    Returns
    -------
    DataFrame
        Columns step, day_start, day_end (empty where open), mg_per_day, split, basis ("printed" in the
        source or "derived" from a complete rule).

    Raises
    ------
    ValueError
        Where the schedule is unknown, or its source gives no steps and no complete rule; the rule is quoted.

    Examples
    --------
    >>> titration("marcus2024")["mg_per_day"].head(3).tolist()
    [0.1, 0.2, 0.3]
    """
    evidence = ev or load()
    table = evidence.tables["titration_schedules"].set_index("schedule_id")
    code = bands.pick(schedule_id, {s: s for s in table.index}, "titration schedule")
    steps = evidence.tables["titrations"]
    steps = steps[steps["schedule_id"] == code].sort_values("step")
    if steps.empty:
        rule = str(table.loc[code, "rule_text"])
        raise ValueError(f"the source of schedule {code!r} gives no steps; its rule in words: {rule}")
    return steps.drop(columns="schedule_id").reset_index(drop=True)
