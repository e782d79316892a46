"""The evidence as one frozen value: linked tables that are always narrowed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnevidence import bands, schema
from ldnevidence.paths import data_dir
from ldnevidence.rows import each

if TYPE_CHECKING:
    import pandas as pd

# Tables about dose, drug and vocabulary: they describe no single study and are never narrowed.
REFERENCE_TABLES = (
    "conditions",
    "dose_bands",
    "dose_definitions",
    "mechanisms",
    "mechanism_findings",
    "mechanism_evidence",
    "pharmacology",
    "safety_statements",
    "known_faults",
)
DOSED_ROLES = ("ldn", "other dose")
PAGE_COLUMNS = ("source_id", "second_source_id", "dose_source_id", "caution_source_id")
NO_NARROWING = {"document", "low_dose", "scheme"}  # choices that leave reviews, guides and claims whole


@dataclass(frozen=True, eq=False)
class Evidence:
    """All tables of the explorer, linked; each table is an attribute, such as ``ev.studies``.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        The tables as read. An attribute hands out a copy (made only when written to), so that nobody can
        change the evidence that others hold.
    selection : dict
        The arguments of the :meth:`select` calls that led here; empty for the whole evidence.
    calls : tuple of str
        The same as code, call by call, such as ``select(condition='ibd')``.
    whole : Evidence, optional
        The evidence that this was narrowed from; what exists there is known here.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> ev = ldn.load()
    >>> crohn = ev.select(condition="Crohn's disease", randomized=True)
    >>> set(crohn.outcomes["study_id"]) <= set(crohn.studies["study_id"])
    True
    """

    tables: Mapping[str, pd.DataFrame]
    selection: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    whole: Evidence | None = None

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a table by its name."""
        tables = self.__dict__.get("tables", {})
        if name in tables:
            return tables[name].copy(deep=False)
        raise AttributeError(f"Evidence has no table {name!r}; tables: {', '.join(tables)}")

    def __dir__(self) -> list[str]:
        """List the tables too, for completion."""
        return sorted({*super().__dir__(), *self.tables})

    def __repr__(self) -> str:
        """Return the size of what is held, and how it was selected."""
        chosen = ", ".join(f"{k}={v!r}" for k, v in self.selection.items())
        counts = ", ".join(f"{len(self.tables[t])} {t}" for t in ("studies", "outcomes", "results", "claims"))
        return f"<Evidence: {counts}{'; ' + chosen if chosen else ''}>"

    # -- links ------------------------------------------------------------------------------------------

    @cached_property
    def condition_codes(self) -> dict[str, list[str]]:
        """Every spelling of a condition or group, with the conditions that it includes."""
        table = self.tables["conditions"].fillna("")
        below: dict[str, list[str]] = {}
        for row in each(table):
            below.setdefault(row.condition_id, []).append(row.condition_id)
            if row.parent_id:
                below.setdefault(row.parent_id, []).append(row.condition_id)
        for _ in range(3):  # a parent may have a parent of its own
            below = {k: list(dict.fromkeys(c for m in v for c in [m, *below[m]])) for k, v in below.items()}
        spellings: dict[str, list[str]] = {
            str(group): list(rows["condition_id"]) for group, rows in table.groupby("group")
        }
        for row in each(table):
            for name in (row.condition_id, row.label, *filter(None, row.aliases.split("; "))):
                spellings[name] = below[row.condition_id]
        return spellings

    def conditions_under(self, condition: str) -> list[str]:
        """Return a condition with all that are filed below it.

        Raises
        ------
        ValueError
            Listing the known conditions, where the name is unknown.

        Examples
        --------
        >>> import ldnevidence as ldn
        >>> ldn.load().conditions_under("IBD")
        ['ibd', 'crohns-disease', 'ulcerative-colitis']
        """
        codes = {bands.plain(name): under for name, under in self.condition_codes.items()}
        if bands.plain(str(condition)) not in codes:
            known = ", ".join(self.tables["conditions"]["condition_id"])
            raise ValueError(f"unknown condition {condition!r}; known: {known}")
        return codes[bands.plain(str(condition))]

    def study_bands(self, scheme: str = "explorer") -> pd.DataFrame:
        """Return which bands each study's doses touch.

        A study stands in every band that one of its naltrexone arms touches, so it can stand in several;
        "not stated", "mg/kg only" and "between bands" are bands of their own, and no study is without one.

        Parameters
        ----------
        scheme : str
            Scheme of bands, see ``ev.dose_bands``.

        Returns
        -------
        DataFrame
            Columns study_id, band, main (the band of a main dose).

        Raises
        ------
        ValueError
            Where the scheme is unknown.
        """
        rows = bands.scheme_rows(self.tables["dose_bands"], scheme)
        cache = self.__dict__.setdefault("_study_bands", {})
        key = rows["scheme"].iloc[0]
        if key not in cache and self.whole:  # a study's bands do not depend on what else is selected
            table = self.whole.study_bands(scheme)
            mine = table["study_id"].isin(self.tables["studies"]["study_id"])
            cache[key] = table[mine].reset_index(drop=True)
        if key not in cache:
            cache[key] = _study_bands(self.tables["studies"], self.tables["arms"], rows)
        return cache[key].copy(deep=False)

    # -- narrowing --------------------------------------------------------------------------------------

    def select(
        self,
        condition: str | Sequence[str] | None = None,
        dose_band: str | Sequence[str] | None = None,
        scheme: str = "explorer",
        domain: str | Sequence[str] | None = None,
        design: str | Sequence[str] | None = None,
        randomized: bool | None = None,
        controlled: bool | None = None,
        document: str | Sequence[str] | None = None,
        low_dose: bool | None = True,
        dose_match: str = "any",
    ) -> Evidence:
        """Narrow every table at once and return another Evidence.

        Parameters
        ----------
        condition : str or sequence of str, optional
            Code, label or other spelling; a condition includes those below it, a group all of its own.
        dose_band : str or sequence of str, optional
            Band of the scheme, or "not stated", "mg/kg only", "between bands".
        scheme : str
            Scheme of the dose bands.
        domain : str or sequence of str, optional
            Domain of outcomes; outcomes of other domains go, and so do studies left without any.
        design : str or sequence of str, optional
            Design code.
        randomized, controlled : bool, optional
            Keep only studies that are (True) or are not (False).
        document : str or sequence of str, optional
            Key of a popular text: its claims, and the studies that they rest on.
        low_dose : bool or None
            True (the default) leaves out high-dose and other-drug studies, False keeps only those,
            None keeps all.
        dose_match : {"any", "main"}
            Whether any dose of a study may lie in the band, or its main dose must.

        Returns
        -------
        Evidence
            With every table that is about studies narrowed to the same studies. Reference tables (bands,
            definitions, mechanisms, pharmacology) stay whole with their sources. Claims stay where their
            verdict rests on a study that is left, reviews where they include one or pool results of the
            condition; where nothing but ``document`` or ``low_dose`` is chosen, claims without a study,
            reviews and schedules of guides stay too.

        Raises
        ------
        ValueError
            Where a value is unknown; the message lists what exists.
        """
        studies = self.tables["studies"]
        known = (self.whole or self).tables
        keep = studies.set_index("study_id")["low_dose"].astype(bool)
        kept = set(keep.index) if low_dose is None else set(keep.index[keep == low_dose])
        codes_chosen: set[str] = set()
        if condition is not None:
            codes_chosen = {c for name in _several(condition) for c in self.conditions_under(name)}
            filed = self.tables["study_conditions"]
            kept &= set(filed.loc[filed["condition_id"].isin(codes_chosen), "study_id"])
        rows = bands.scheme_rows(self.tables["dose_bands"], scheme)
        if dose_match not in ("any", "main"):
            raise ValueError(f"unknown dose_match {dose_match!r}; known: any, main")
        if dose_band is not None:
            names = {r.label: r.band for r in each(rows)} | {b: b for b in rows["band"]}
            names |= {label: code for code, label in bands.SPECIAL.items()} | {c: c for c in bands.SPECIAL}
            wanted = {bands.pick(name, names, "dose band") for name in _several(dose_band)}
            table = self.study_bands(scheme)
            hit = table["band"].isin(wanted) & (table["main"] | (dose_match == "any"))
            kept &= set(table.loc[hit, "study_id"])
        if design is not None:
            codes = _known(design, known["studies"]["design"], "design")
            kept &= set(studies.loc[studies["design"].isin(codes), "study_id"])
        for column, value in (("randomized", randomized), ("controlled", controlled)):
            if value is not None:
                kept &= set(studies.loc[studies[column].astype(bool) == value, "study_id"])
        claims = None
        if document is not None:
            codes = _known(document, known["claims"]["document"], "document")
            table = self.tables["claims"]
            claims = set(table.loc[table["document"].isin(codes), "claim_id"])
            rests = self.tables["claim_evidence"]
            kept &= set(rests.loc[rests["claim_id"].isin(claims), "cite_key"]) | codes
        domains = None
        if domain is not None:
            domains = _known(domain, known["outcomes"]["domain"], "domain")
            table = self.tables["outcomes"]
            kept &= set(table.loc[table["domain"].isin(domains), "study_id"])
        chosen: dict[str, Any] = {
            "condition": condition, "dose_band": dose_band, "domain": domain, "design": design,
            "randomized": randomized, "controlled": controlled, "document": document,
        }  # fmt: skip
        selection = {k: v for k, v in chosen.items() if v is not None}
        if scheme != "explorer":
            selection["scheme"] = scheme
        if low_dose is not True:
            selection["low_dose"] = low_dose
        whole = set(selection) <= NO_NARROWING
        if dose_match != "any":
            selection["dose_match"] = dose_match
        tables = _narrow(self.tables, kept, domains, claims, codes_chosen, whole)
        call = f"select({', '.join(f'{k}={v!r}' for k, v in selection.items())})"
        return Evidence(tables, {**self.selection, **selection}, (*self.calls, call), self.whole or self)

    def only(self, study_ids: Iterable[str]) -> Evidence:
        """Return the evidence of the named studies alone, for leaving studies out by hand.

        Raises
        ------
        ValueError
            Where a study is not in this evidence.
        """
        wanted = set(study_ids)
        unknown = wanted - set(self.tables["studies"]["study_id"])
        if unknown:
            raise ValueError(f"no such study here: {', '.join(sorted(unknown))}")
        tables = _narrow(self.tables, wanted)
        calls = (*self.calls, f"only({sorted(wanted)!r})")
        return Evidence(tables, dict(self.selection), calls, self.whole or self)


def _several(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _known(value: str | Sequence[str], column: pd.Series, what: str) -> set[str]:
    """Return the codes that were asked for; an unknown one raises ValueError and lists the known."""
    known = {str(v): str(v) for v in column.dropna().unique()}
    return {bands.pick(v, known, what) for v in _several(value)}


def _study_bands(studies: pd.DataFrame, arms: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Band every study by the doses of its naltrexone arms."""
    import pandas as pd

    found: dict[tuple[str, str], bool] = {}
    per_kg = set()
    for arm in each(arms[arms["role"].isin(DOSED_ROLES)]):
        if arm.dose_basis == "mg/kg/day":
            per_kg.add(arm.study_id)
        doses = [arm.dose_mg, arm.dose_min_mg, arm.dose_max_mg, arm.dose_median_mg]
        stated = [d for d in doses if pd.notna(d) and d > 0]
        if not stated:
            continue
        main = next((d for d in (arm.dose_mg, arm.dose_median_mg) if pd.notna(d) and d > 0), None)
        for band in bands.touched(rows, min(stated), max(stated)) or [bands.NO_BAND]:
            found.setdefault((arm.study_id, band), False)
        if main is not None:
            for band in bands.touched(rows, main, main) or [bands.NO_BAND]:
                found[(arm.study_id, band)] = True
    banded = {study for study, _ in found}
    for study in studies["study_id"]:
        if study not in banded:
            found[(study, bands.PER_KG if study in per_kg else bands.NOT_STATED)] = True
    frame = pd.DataFrame([(s, b, m) for (s, b), m in found.items()], columns=["study_id", "band", "main"])
    return frame[frame["study_id"].isin(set(studies["study_id"]))].reset_index(drop=True)


def _narrow(
    tables: Mapping[str, pd.DataFrame],
    studies: set[str],
    domains: set[str] | None = None,
    claims: set[str] | None = None,
    conditions: Iterable[str] = (),
    whole: bool = False,
) -> dict[str, pd.DataFrame]:
    """Return the tables that belong to a set of studies.

    ``whole`` keeps what belongs to no single study: reviews, schedules of guides, claims without a study.
    """
    out = dict(tables)

    def keep(name: str, column: str, values: set[str]) -> None:
        out[name] = tables[name][tables[name][column].isin(values)]

    for name in ("studies", "study_conditions", "arms", "outcomes", "adverse_events"):
        keep(name, "study_id", studies)
    if domains is not None:
        out["outcomes"] = out["outcomes"][out["outcomes"]["domain"].isin(domains)]
    outcomes = set(out["outcomes"]["outcome_id"])
    keep("results", "outcome_id", outcomes)
    keep("contrasts", "outcome_id", outcomes)
    reviews = _reviews(tables, studies, set(conditions), whole)
    keep("reviews", "study_id", reviews)
    keep("pooled", "study_id", reviews)
    keep("review_studies", "review_id", reviews)
    works = studies | reviews
    keep("study_notes", "study_id", works)
    keep("backlog", "study_id", works)
    if not whole:
        keep("titration_schedules", "cite_key", studies)
        keep("titrations", "schedule_id", set(out["titration_schedules"]["schedule_id"]))
    rests = tables["claim_evidence"]
    resting = set(rests.loc[rests["cite_key"].isin(studies), "claim_id"])
    if whole:
        resting |= set(tables["claims"]["claim_id"]) - set(rests["claim_id"])
    keep("claims", "claim_id", resting if claims is None else claims)
    keep("claim_evidence", "claim_id", set(out["claims"]["claim_id"]))
    named = tables["discrepancies"]["study_ids"].fillna("").str.split("; ")
    out["discrepancies"] = tables["discrepancies"][[bool(works & set(keys)) for keys in named]]
    used = {
        page
        for name, table in out.items()
        if name != "sources"
        for column in PAGE_COLUMNS
        if column in table
        for page in table[column].dropna()
    }
    sources = tables["sources"]
    out["sources"] = sources[sources["cite_key"].isin(works) | sources["source_id"].isin(used)]
    return out


def _reviews(
    tables: Mapping[str, pd.DataFrame], studies: set[str], conditions: set[str], whole: bool
) -> set[str]:
    """Return the reviews of a selection: they include one of its studies, or pool its condition."""
    if whole:
        return set(tables["reviews"]["study_id"])
    linked, pooled = tables["review_studies"], tables["pooled"]
    found = set(linked.loc[linked["study_id"].isin(studies), "review_id"])
    return found | set(pooled.loc[pooled["condition_id"].isin(conditions), "study_id"])


@lru_cache(maxsize=4)
def load(folder: str | Path | None = None) -> Evidence:
    """Load all tables, checked against their contract, once per process.

    Parameters
    ----------
    folder : path, optional
        Another data folder of the same contract; by default the data that come with the package.

    Returns
    -------
    Evidence

    Raises
    ------
    ldnevidence.schema.DataError
        A ValueError that names file, row, column, value and rule of every fault.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> ldn.load().studies.loc[lambda t: t["study_id"] == "younger2013", "design"].item()
    'randomized-crossover'
    """
    return Evidence(schema.read_tables(Path(folder) if folder else data_dir()))
