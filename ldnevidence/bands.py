"""Which named bands a dose touches, under any scheme. Pure functions over the ``dose_bands`` table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldnevidence.rows import each

if TYPE_CHECKING:
    import pandas as pd

NOT_STATED = "not stated"
PER_KG = "mg/kg only"
NO_BAND = "between bands"
SPECIAL = {
    NOT_STATED: "Dose not stated",
    PER_KG: "Given per kg of body weight",
    NO_BAND: "In no band of this scheme",
}


def plain(text: str) -> str:
    """Return letters and digits alone, in lower case, so that spellings can be compared.

    >>> plain("Crohn's disease") == plain("crohns-disease")
    True
    """
    return re.sub(r"[^a-z0-9]", "", text.lower())


def pick(value: str, known: dict[str, str], what: str) -> str:
    """Return the code that a reader's spelling stands for.

    Parameters
    ----------
    value : str
        Code or spelling, as typed.
    known : dict
        Spelling to code.
    what : str
        What is being picked, for the message.

    Raises
    ------
    ValueError
        Listing what exists, where the spelling is unknown.
    """
    codes = {plain(spelling): code for spelling, code in known.items()}
    if plain(str(value)) not in codes:
        raise ValueError(f"unknown {what} {value!r}; known: {', '.join(sorted(set(known.values())))}")
    return codes[plain(str(value))]


def scheme_rows(bands: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """Return the bands of one scheme in order; an unknown scheme raises ValueError and lists the schemes."""
    code = pick(scheme, {s: s for s in bands["scheme"].unique()}, "scheme of dose bands")
    return bands[bands["scheme"] == code].sort_values("position")


def touched(rows: pd.DataFrame, low: float, high: float) -> list[str]:
    """Return the bands of a scheme that the doses from ``low`` to ``high`` (mg a day) touch, in order.

    A band is left out where the range only meets a limit that does not belong to it.
    """
    names = []
    for band in each(rows):
        top = float("inf") if band.max_mg != band.max_mg else band.max_mg
        above = high > band.min_mg or (band.min_included and high == band.min_mg)
        below = low < top or (band.max_included and low == top)
        if above and below:
            names.append(str(band.band))
    return names
