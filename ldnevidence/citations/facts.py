"""What a search has to know of a work from the tables: condition, dose, country, kind, standing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ldnevidence.citations.bibliography import default_evidence
from ldnevidence.citations.use import POPULAR, RECORD, kinds_of_evidence

if TYPE_CHECKING:
    import pandas as pd

    from ldnevidence.evidence import Evidence

# Country codes (ISO 3166-1) in the tables, with the words that readers use.
COUNTRIES = {
    "AU": "Australia Australian", "BE": "Belgium Belgian", "BR": "Brazil Brazilian", "CA": "Canada Canadian",
    "CH": "Switzerland Swiss", "CN": "China Chinese", "DE": "Germany German", "DK": "Denmark Danish Danes",
    "EG": "Egypt Egyptian", "ES": "Spain Spanish", "FI": "Finland Finnish", "FR": "France French",
    "GB": "United Kingdom UK Britain British England English", "IE": "Ireland Irish", "IL": "Israel Israeli",
    "IN": "India Indian", "IR": "Iran Iranian", "IT": "Italy Italian", "JP": "Japan Japanese",
    "KR": "Korea Korean", "ML": "Mali Malian", "NG": "Nigeria Nigerian", "NL": "Netherlands Dutch Holland",
    "NO": "Norway Norwegian", "NZ": "Zealand", "PK": "Pakistan Pakistani", "PL": "Poland Polish",
    "RU": "Russia Russian", "SE": "Sweden Swedish", "TR": "Turkey Turkish", "US": "USA US American",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What the tables say of a work, as texts to search.

    Attributes
    ----------
    conditions, doses, countries, kind, population, registry : str
        Words; empty where nothing is known.
    standing : float
        What comes first among works that fit equally well: the report of a trial of the low dose (3) before
        other studies of it (2), reviews, popular texts and studies of other doses (1), and the rest (0).
    """

    conditions: str = ""
    doses: str = ""
    countries: str = ""
    kind: str = ""
    population: str = ""
    registry: str = ""
    standing: float = 0.0


@lru_cache(maxsize=4)
def _facts(ev: Evidence) -> dict[str, Facts]:
    kinds = kinds_of_evidence(ev)
    conditions = _conditions(ev)
    doses = _doses(ev.tables["arms"])
    facts = {}
    documents = set(ev.tables["claims"]["document"])
    reviews = set(ev.tables["reviews"]["study_id"])
    studies = ev.tables["studies"]
    columns = ["study_id", "design", "country", "population", "registry", "part_of"]
    plain = studies[columns].astype(object).where(studies[columns].notna(), "")
    flags = studies[["low_dose", "randomized"]].fillna(False)
    for (key, design, country, population, registry, part_of), (low_dose, randomized) in zip(
        plain.itertuples(index=False), flags.itertuples(index=False), strict=True
    ):
        trial = low_dose and not part_of and kinds.get(key) != RECORD
        facts[key] = Facts(
            conditions=conditions.get(key, ""),
            doses=doses.get(key, ""),
            countries=" ".join(COUNTRIES.get(code, code) for code in country.split("; ")),
            kind=f"{kinds.get(key, '')} {design} {'trial RCT' if randomized else ''}",
            population=population,
            registry=registry,
            standing=3.0 if trial and randomized else 2.0 if trial else 1.0,
        )
    for key, kind in kinds.items():
        if key not in facts:
            known = key in reviews or key in documents
            facts[key] = Facts(kind=f"{kind} {POPULAR if key in documents else ''}", standing=float(known))
    return facts


def _conditions(ev: Evidence) -> dict[str, str]:
    """Return the names of each study's conditions, with other spellings and the wider condition."""
    table = ev.tables["conditions"].fillna("").set_index("condition_id")
    names = {code: f"{row['label']} {row['aliases']}" for code, row in table.iterrows()}
    out: dict[str, str] = {}
    for key, code, wording in ev.tables["study_conditions"][["study_id", "condition_id", "wording"]].values:
        if code in names:
            parent = table.loc[code, "parent_id"]
            out[key] = f"{out.get(key, '')} {names[code]} {names.get(parent, '')} {wording}".strip()
    return out


def _doses(arms: pd.DataFrame) -> dict[str, str]:
    """Return the doses of each study's arms as words, such as "4.5 mg"."""
    out: dict[str, str] = {}
    columns = ["dose_mg", "dose_min_mg", "dose_max_mg", "dose_median_mg"]
    for key, *stated in arms[["study_id", *columns]].itertuples(index=False):
        doses = {f"{dose:g} mg" for dose in stated if dose == dose and dose > 0}
        out[key] = " ".join([out.get(key, ""), *sorted(doses)])
    return out


def facts_of(ev: Evidence | None) -> dict[str, Facts]:
    """Return what the tables say of every work, by key."""
    return _facts(default_evidence(ev))
