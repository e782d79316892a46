"""The one place that changes: what the reader has chosen, and its form as a link."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import traitlets as t

from ldnevidence import bands, doses
from ldnevidence.evidence import Evidence

ALL = ""  # the empty choice: no narrowing
DESIGNS = {
    "All designs": ALL,
    "Randomised only": "randomized",
    "With a comparison arm": "controlled",
    "Without a comparison arm": "uncontrolled",
}
TABS = {"overview": "Overview", "compare": "Compare"}
LONGEST_QUERY = 2_000  # characters of a link that are read; the rest cannot be a link of ours


class ExplorerState(t.HasTraits):
    """What the reader has chosen. Panels observe it; nothing else holds a choice.

    Attributes
    ----------
    condition, dose_band, domain : str
        Codes; empty for all.
    scheme : str
        Scheme of the dose bands.
    design : str
        "randomized", "controlled", "uncontrolled" or empty.
    others : bool
        Whether high-dose and other-drug studies are shown too; off by default.
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
    others = t.Bool(False)
    tab = t.Unicode("overview")

    # Names in a link, and the traits behind them.
    NAMES: ClassVar[dict[str, str]] = {
        "condition": "condition",
        "dose": "dose_band",
        "scheme": "scheme",
        "design": "design",
        "domain": "domain",
        "others": "others",
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
            Where the trait is unknown.
        """
        tables = self._ev.tables
        if name == "condition":
            table = tables["conditions"].sort_values("label", key=lambda s: s.str.lower())
            used = set(tables["study_conditions"]["condition_id"]) | set(
                tables["conditions"]["parent_id"].dropna()
            )
            shown = [r for r in table.itertuples() if r.condition_id in used]
            return {"All conditions": ALL} | {r.label: r.condition_id for r in shown}
        if name == "dose_band":
            rows = bands.scheme_rows(tables["dose_bands"], self.scheme)
            named = dict(zip(rows["label"], rows["band"], strict=True))
            return {"All doses": ALL} | named | {label: code for code, label in bands.SPECIAL.items()}
        if name == "scheme":
            return {label: code for code, label in doses.schemes(self._ev).items()}
        if name == "design":
            return DESIGNS
        if name == "domain":
            names = sorted(tables["outcomes"]["domain"].unique())
            return {"All outcomes": ALL} | {d.replace("-", " ").capitalize(): d for d in names}
        if name == "tab":
            return {label: code for code, label in TABS.items()}
        raise ValueError(f"nothing to choose for {name!r}; known: {', '.join(self.NAMES.values())}")

    @t.observe("scheme")
    def _observe_scheme(self, change: Any) -> None:
        """Drop a band that the new scheme does not have."""
        if self.dose_band not in self.choices("dose_band").values():
            self.dose_band = ALL

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
        """Return the evidence narrowed to the present choice."""
        return self._ev.select(**self.selection())

    def to_query(self) -> str:
        """Return the present choice as a query string; defaults are left out."""
        default = self.traits()
        pairs = []
        for name, trait in self.NAMES.items():
            value = getattr(self, trait)
            if value != default[trait].default_value:
                pairs.append((name, "1" if value is True else str(value)))
        return urlencode(pairs)

    def from_query(self, query: str) -> list[str]:
        """Take over the choice that a link stands for.

        Parameters
        ----------
        query : str
            A query string, with or without the question mark. Anything may come here.

        Returns
        -------
        list of str
            One message for each part that was ignored; never an exception.
        """
        messages = []
        if len(query) > LONGEST_QUERY:
            messages.append("The link is too long; its end was ignored.")
        pairs = dict(parse_qsl(query.lstrip("?")[:LONGEST_QUERY], keep_blank_values=True))
        with self.hold_trait_notifications():
            for name in ("scheme", *[n for n in self.NAMES if n != "scheme"]):  # bands depend on the scheme
                if name not in pairs:
                    continue
                value, trait = pairs[name], self.NAMES[name]
                if trait == "others":
                    self.others = value in ("1", "true", "yes")
                    continue
                known = {bands.plain(v): v for v in self.choices(trait).values()}
                if bands.plain(value) in known:
                    setattr(self, trait, known[bands.plain(value)])
                else:
                    messages.append(f"{name} {value[:40]!r} in the link is unknown and was ignored.")
        unknown = [n for n in pairs if n not in self.NAMES]
        return messages + [f"{n[:40]!r} in the link is unknown and was ignored." for n in unknown]
