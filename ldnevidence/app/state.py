"""The one place that changes: what the reader has chosen, and its form as a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import traitlets as t

from ldnevidence import bands, doses
from ldnevidence.claims import work_labels
from ldnevidence.evidence import Evidence
from ldnevidence.rows import each
from ldnevidence.views.safety import groups

ALL = ""  # the empty choice: no narrowing
DESIGNS = {
    "All designs": ALL,
    "Randomised only": "randomized",
    "With a comparison arm": "controlled",
    "Without a comparison arm": "uncontrolled",
}
TABS = {
    "overview": "Overview",
    "compare": "Compare",
    "dose": "Dose",
    "safety": "Safety",
    "claims": "Claims",
    "mechanisms": "Mechanisms",
    "references": "References",
    "methods": "Methods and data",
}
SORTS = {  # columns of the table of comparisons
    "Study": "study",
    "Effect": "estimate",
    "Precision": "se",
    "Outcome": "outcome",
    "Dose": "dose_mg",
    "People": "participants",
    "Weeks": "weeks",
    "Year": "year",
    "Design": "design",
    "Compared with": "comparator",
    "Safeguards": "safeguards",
    "Computed or printed": "kind",
}
# Free texts: what they mean depends on the selection, and the panel that reads one says so where it fits nothing.
TEXTS = ("text", "find", "measure", "claim", "outcome", "kind")
LONGEST_QUERY = 2_000  # characters of a link that are read; the rest cannot be a link of ours
LONGEST_TEXT = 120  # characters of a search text


class ExplorerState(t.HasTraits):
    """What the reader has chosen. Panels observe it; nothing else holds a choice.

    Attributes
    ----------
    condition, dose_band, domain, document, verdict, topic : str
        Codes; empty for all.
    measure : str
        Measure of the forest plot with its unit, such as "MD points"; empty for the most common one.
    other_condition, other_band : str
        The second selection of the Compare tab; an empty condition means that there is none.
    scheme : str
        Scheme of the dose bands.
    design : str
        "randomized", "controlled", "uncontrolled" or empty.
    others : bool
        Whether high-dose and other-drug studies are shown too; off by default.
    exclude : tuple of str
        Studies that the reader left out.
    sort : str
        Column by which comparisons are sorted.
    descending : bool
        Whether the sorting begins with the greatest.
    events : str
        Group of adverse events of the Safety tab; empty for the groups with most rows.
    text, find : str
        Search texts of the Claims and References tabs.
    claim, outcome, kind : str
        The claim and the icon-array outcome that are open; the kind of evidence that references are limited to.
    per : str
        How many icons an icon array has.
    tab : str
        The open tab.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> state = ExplorerState(ldn.load())
    >>> state.from_query("condition=fibromyalgia&dose=low&nonsense=1")
    ["'nonsense' in the link is unknown and was ignored."]
    >>> state.to_query()
    'condition=fibromyalgia&dose=low'
    """

    condition = t.Unicode(ALL)
    dose_band = t.Unicode(ALL)
    scheme = t.Unicode("explorer")
    design = t.Unicode(ALL)
    domain = t.Unicode(ALL)
    measure = t.Unicode(ALL)
    sort = t.Unicode("study")
    descending = t.Bool(False)
    events = t.Unicode(ALL)
    others = t.Bool(False)
    exclude = t.Tuple()
    other_condition = t.Unicode(ALL)
    other_band = t.Unicode(ALL)
    document = t.Unicode(ALL)
    verdict = t.Unicode(ALL)
    topic = t.Unicode(ALL)
    text = t.Unicode("")
    find = t.Unicode("")
    claim = t.Unicode("")
    outcome = t.Unicode("")
    per = t.Unicode("100")
    kind = t.Unicode(ALL)
    tab = t.Unicode("overview")

    # Names in a link, and the traits behind them; the scheme comes first, since bands depend on it.
    NAMES: ClassVar[dict[str, str]] = {
        "scheme": "scheme",
        "condition": "condition",
        "dose": "dose_band",
        "design": "design",
        "domain": "domain",
        "measure": "measure",
        "sort": "sort",
        "down": "descending",
        "events": "events",
        "others": "others",
        "exclude": "exclude",
        "condition2": "other_condition",
        "dose2": "other_band",
        "document": "document",
        "verdict": "verdict",
        "topic": "topic",
        "text": "text",
        "find": "find",
        "claim": "claim",
        "outcome": "outcome",
        "per": "per",
        "kind": "kind",
        "tab": "tab",
    }

    def __init__(self, ev: Evidence, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ev = ev

    def choices(self, name: str) -> dict[str, str]:
        """Return what can be chosen for a trait: label to code, in the order shown.

        Raises
        ------
        ValueError
            Where the trait is unknown or takes free text.
        """
        tables = self._ev.tables
        makers: dict[str, Callable[[], dict[str, str]]] = {
            "condition": lambda: {"All conditions": ALL} | self._conditions(),
            "other_condition": lambda: {"No second selection": ALL} | self._conditions(),
            "dose_band": self._bands,
            "other_band": self._bands,
            "scheme": lambda: {label: code for code, label in doses.schemes(self._ev).items()},
            "design": lambda: DESIGNS,
            "sort": lambda: SORTS,
            "events": lambda: {"The commonest groups": ALL} | {g.capitalize(): g for g in groups(self._ev)},
            "domain": lambda: {"All outcomes": ALL} | _words(tables["outcomes"]["domain"]),
            "document": lambda: (
                {"All five texts": ALL}
                | {work_labels(self._ev)[d]: d for d in sorted(tables["claims"]["document"].unique())}
            ),
            "verdict": lambda: {"All verdicts": ALL} | _words(tables["claims"]["verdict"]),
            "topic": lambda: {"All topics": ALL} | _words(tables["claims"]["topic"]),
            "per": lambda: {"10 people": "10", "100 people": "100", "1,000 people": "1000"},
            "tab": lambda: {label: code for code, label in TABS.items()},
        }
        if name not in makers:
            raise ValueError(f"nothing to choose for {name!r}; known: {', '.join(makers)}")
        return makers[name]()

    def _conditions(self) -> dict[str, str]:
        tables = self._ev.tables
        table = tables["conditions"].sort_values("label", key=lambda s: s.str.lower())
        used = set(tables["study_conditions"]["condition_id"]) | set(
            tables["conditions"]["parent_id"].dropna()
        )
        return {r.label: r.condition_id for r in each(table) if r.condition_id in used}

    def _bands(self) -> dict[str, str]:
        rows = bands.scheme_rows(self._ev.tables["dose_bands"], self.scheme)
        named = dict(zip(rows["label"], rows["band"], strict=True))
        return {"All doses": ALL} | named | {label: code for code, label in bands.SPECIAL.items()}

    def label(self, name: str) -> str:
        """Return the words for the present choice of a trait."""
        value = getattr(self, name)
        return next(label for label, code in self.choices(name).items() if code == value)

    @t.observe("scheme")
    def _observe_scheme(self, change: Any) -> None:
        """Drop a band that the new scheme does not have."""
        known = self._bands().values()
        for name in ("dose_band", "other_band"):
            if getattr(self, name) not in known:
                setattr(self, name, ALL)

    def selection(self) -> dict[str, Any]:
        """Return the arguments for :meth:`Evidence.select` that the present choice stands for."""
        chosen: dict[str, Any] = {
            "condition": self.condition or None,
            "dose_band": self.dose_band or None,
            "domain": self.domain or None,
            "randomized": True if self.design == "randomized" else None,
            "controlled": {"controlled": True, "uncontrolled": False}.get(self.design),
            "scheme": self.scheme,
            "low_dose": None if self.others else True,
        }
        return {k: v for k, v in chosen.items() if v is not None or k == "low_dose"}

    def evidence(self) -> Evidence:
        """Return the evidence narrowed to the present choice; excluded studies are still in it."""
        return self._ev.select(**self.selection())

    def other_evidence(self) -> Evidence | None:
        """Return the evidence of the second selection, or None where there is none."""
        if not self.other_condition:
            return None
        second = {"condition": self.other_condition, "dose_band": self.other_band or None}
        return self._ev.select(**{**self.selection(), **second})

    def without_excluded(self, ev: Evidence) -> Evidence:
        """Leave out the studies that the reader excluded."""
        if not self.exclude:
            return ev
        return ev.only(s for s in ev.tables["studies"]["study_id"] if s not in self.exclude)

    def to_query(self, **changes: Any) -> str:
        """Return the present choice as a query string; defaults are left out.

        Parameters
        ----------
        **changes
            Traits that the link should set otherwise than they are now.
        """
        default = self.traits()
        pairs = []
        for name, trait in self.NAMES.items():
            value = changes.get(trait, getattr(self, trait))
            if value == (() if trait == "exclude" else default[trait].default_value):
                continue
            text = "1" if value is True else ",".join(value) if isinstance(value, tuple) else str(value)
            pairs.append((name, text))
        return urlencode(pairs, safe=",")

    def from_query(self, query: str, whole: bool = False) -> list[str]:
        """Take over the choice that a link stands for.

        Parameters
        ----------
        query : str
            A query string, with or without the question mark. Anything may come here.
        whole : bool
            Whether names that the query does not hold go back to their defaults; otherwise they stay.

        Returns
        -------
        list of str
            One message for each part that was ignored; never an exception.
        """
        messages = []
        if len(query) > LONGEST_QUERY:
            messages.append("The link is too long; its end was ignored.")
        try:
            pairs = dict(parse_qsl(query.lstrip("?")[:LONGEST_QUERY], keep_blank_values=True))
        except ValueError:
            return [*messages, "The link could not be read and was ignored."]
        with self.hold_trait_notifications():
            for name, trait in self.NAMES.items():
                if whole and name not in pairs:
                    default = () if trait == "exclude" else self.traits()[trait].default_value
                    setattr(self, trait, default)
                if name in pairs:
                    messages += self._take(name, trait, pairs[name])
        unknown = [n for n in pairs if n not in self.NAMES]
        return messages + [f"{_quoted(n)} in the link is unknown and was ignored." for n in unknown]

    def _take(self, name: str, trait: str, value: str) -> list[str]:
        """Set one trait from a link; return messages for what was ignored."""
        if isinstance(getattr(self, trait), bool):
            setattr(self, trait, value in ("1", "true", "yes"))
        elif trait in TEXTS:
            setattr(self, trait, value[:LONGEST_TEXT])
        elif trait == "exclude":
            known = set(self._ev.tables["studies"]["study_id"])
            asked = [s for s in value.split(",") if s]
            self.exclude = tuple(s for s in dict.fromkeys(asked) if s in known)
            return [
                f"{name} {_quoted(s)} in the link is unknown and was ignored."
                for s in asked
                if s not in known
            ]
        else:
            codes = {bands.plain(v): v for v in self.choices(trait).values()}
            if bands.plain(value) not in codes:
                return [f"{name} {_quoted(value)} in the link is unknown and was ignored."]
            setattr(self, trait, codes[bands.plain(value)])
        return []


def _quoted(text: str) -> str:
    """Quote the beginning of what a link said, for a message; what cannot be printed becomes a blank box.

    >>> _quoted("a\x1fb")
    "'a□b'"
    """
    return "'" + "".join(c if c.isprintable() else "□" for c in text[:40]) + "'"


def _words(column: Any) -> dict[str, str]:
    """Return label to code for the values of a column, in alphabetical order."""
    return {str(v).replace("-", " ").capitalize(): str(v) for v in sorted(column.dropna().unique())}
