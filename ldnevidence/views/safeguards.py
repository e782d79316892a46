"""What protects each study from fooling itself, and how much of it could be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnevidence.claims import in_words, work_labels
from ldnevidence.rows import each
from ldnevidence.views import base

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

SAFEGUARDS = {
    "randomized": "Randomised", "blinded": "Blinded", "controlled": "Compared with",
    "registered": "Registered", "size": "People", "attrition": "Stayed in", "interests": "Funding, conflicts",
    "read": "What we read",
}  # fmt: skip
"""Code and heading of each safeguard, in the order of the columns."""

STATES = {
    "yes": ("in place", "circle", base.OTHER),
    "partly": ("in part", "diamond", base.PLACEBO),
    "no": ("not in place", "x", base.WARN),
    "fact": ("a fact without a verdict", "square", base.LDN),
    "unknown": ("not stated", "circle-open", base.MUTED),
    "na": ("does not apply", "line-ew-open", base.MUTED),
}
"""Word, symbol and colour of each state of a safeguard."""

SHORT = ("Random", "Blind", "Against", "Register", "People", "Stayed", "Funding", "Read")
AGAIN, EXTRA = 12, 0.4  # after how many studies the headings come again, and the room they take, in rows
ROW = 60  # pixels a study: its name, its symbols, their words
STAYED_ENOUGH = 80  # percent; a loss of more than a fifth is the usual line for doubt (Sackett 1997)
KEY = "R randomised, B blinded, C with a comparison arm, P registered before enrolment; – not, or not stated"
"""What the letters of `marks` mean."""

COLUMNS = ["study_id", "study", *SAFEGUARDS, "letters", "words"]
WHOLE = re.compile(r"full text|whole (letter|article|paper|report|text)")
SECOND_HAND = "second hand"


@base.once_for_all
def cells(ev: Evidence) -> pd.DataFrame:
    """Judge every safeguard of every study from what the tables say, and from nothing else.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.

    Returns
    -------
    DataFrame
        One row a study and safeguard: study_id, study, safeguard, state (a key of `STATES`), word (short),
        detail (a sentence).

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = cells(ldn.load().select(condition="fibromyalgia"))
    >>> set(table["state"]) <= set(STATES)
    True
    """
    read, labels = _read(ev), work_labels(ev)
    size = base.participants(ev.tables["studies"])
    rows: list[tuple[str, ...]] = []
    for people, study in zip(size, each(ev.tables["studies"]), strict=True):
        judged = {
            "randomized": _randomized(study),
            "blinded": _blinded(study),
            "controlled": _controlled(study),
            "registered": _registered(study),
            "size": _size(study, people),
            "attrition": _attrition(study),
            "interests": _interests(study),
            "read": read.get(study.study_id, ("no", "none", "no page about the study was read")),
        }  # fmt: skip
        rows += [(study.study_id, study.label, name, *judged[name][:2], in_words(judged[name][2], labels))
                 for name in SAFEGUARDS]  # fmt: skip
    return pd.DataFrame(rows, columns=["study_id", "study", "safeguard", "state", "word", "detail"])


@base.once_for_all
def marks(ev: Evidence) -> pd.DataFrame:
    """Return each study's safeguards in words, with a short string of letters for the rows of other plots.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row a study: study_id, study, a column a safeguard (its word), `letters` such as ``R B C –``
        (see `KEY`), and `words`, the same in plain English.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = marks(ldn.load()).set_index("study_id")
    >>> table.loc["younger2013", "letters"]
    'R B C –'
    """
    table = cells(ev)
    wide = table.pivot(index="study_id", columns="safeguard", values="word")
    details = table.pivot(index="study_id", columns="safeguard", values="detail")
    out = ev.tables["studies"][["study_id", "label"]].rename(columns={"label": "study"})
    for name in SAFEGUARDS:
        out[name] = out["study_id"].map(wide.get(name, {}))
    letters, words = [], []
    for row in each(out):
        held = (row.randomized == "yes", row.blinded in ("double", "single"),
                row.controlled not in ("no", "not stated"), row.registered == "before")  # fmt: skip
        letters.append(" ".join(letter if yes else "–" for letter, yes in zip("RBCP", held, strict=True)))
        said = details.loc[row.study_id]
        words.append("; ".join(said[name] for name in ("randomized", "blinded", "controlled", "registered")))
    out["letters"], out["words"] = letters, words
    return out[COLUMNS].reset_index(drop=True)


def _randomized(study: Any) -> tuple[str, str, str]:
    words = f" ({study.design_text})" if pd.notna(study.design_text) else ""
    return (
        ("yes", "yes", f"allocated at random{words}") if study.randomized else ("no", "no", "not randomised")
    )


def _blinded(study: Any) -> tuple[str, str, str]:
    return {
        "double": ("yes", "double", "double-blind: neither patient nor assessor knew"),
        "single": ("partly", "single", "single-blind"),
        "open": ("no", "open", "open: everybody knew who took what"),
        "not applicable": ("na", "n/a", "blinding does not apply to this design"),
    }.get(study.blinding, ("unknown", "not stated", "blinding not stated"))


def _controlled(study: Any) -> tuple[str, str, str]:
    if not study.controlled:
        return "no", "no", "no comparison arm"
    word = study.comparator
    if word in ("baseline", "none"):
        return "partly", "in part", "groups are compared, but the main comparison is with the time before"
    return "yes", word, f"compared with {'no treatment' if word == 'untreated' else word}"


def _registered(study: Any) -> tuple[str, str, str]:
    where = f" ({study.registry})" if pd.notna(study.registry) else ""
    return {
        "before enrolment": ("yes", "before", f"registered before enrolment{where}"),
        "after enrolment began": ("partly", "after", f"registered after enrolment began{where}"),
        "registered, timing not read": ("partly", "when?", f"registered, when was not read{where}"),
        "not registered": ("no", "no", "not registered"),
    }.get(study.registration, ("unknown", "not stated", f"registration not stated{where}"))


def _size(study: Any, people: Any) -> tuple[str, str, str]:
    if pd.isna(people):
        return "unknown", "not stated", "number of people not read"
    kind = "randomised" if pd.notna(study.n_randomized) else (
        "enrolled" if pd.notna(study.n_enrolled) else "analysed")  # fmt: skip
    return "fact", f"{int(people):,}", f"{base.count(int(people), 'person', 'people')} {kind}"


def _attrition(study: Any) -> tuple[str, str, str]:
    words = f" ({study.attrition})" if pd.notna(study.attrition) else ""
    began = study.n_randomized if pd.notna(study.n_randomized) else study.n_enrolled
    if pd.notna(study.n_completed) and pd.notna(began) and 0 < began >= study.n_completed:
        share = 100 * int(study.n_completed) / int(began)
        state = "yes" if share >= STAYED_ENOUGH else "no"
        return state, f"{share:.0f}%", f"{int(study.n_completed)} of {int(began)} completed{words}"
    if words:
        return "fact", "told", str(study.attrition)
    return "unknown", "not stated", "losses not stated in what was read"


def _interests(study: Any) -> tuple[str, str, str]:
    told = [f"{what}: {text}" for what, text in (("funding", study.funding), ("conflicts", study.conflicts))
            if pd.notna(text)]  # fmt: skip
    if not told:
        return "unknown", "not stated", "neither funding nor conflicts stated in what was read"
    missing = [f"{what} not stated" for what in ("funding", "conflicts") if pd.isna(getattr(study, what))]
    return "fact", "stated", "; ".join([*told, *missing])


def _read(ev: Evidence) -> dict[str, tuple[str, str, str]]:
    """Say for every study the best page that was read, from the kinds of its sources."""
    sources = ev.tables["sources"]
    out = {}
    for study, pages in sources[sources["cite_key"].isin(ev.tables["studies"]["study_id"])].groupby(
        "cite_key"
    ):
        kinds = set(pages["kind"])
        own = pages[pages["kind"].isin(["fulltext", "document"])]
        if any(WHOLE.match(str(text)) for text in own["read"]):
            found = ("yes", "full text", "full text read")
        elif len(own):
            found = ("partly", "part", f"part of the full text read: {base.listed(list(own['read']))}")
        elif "abstract" in kinds:
            found = ("partly", "abstract", "abstract read")
        elif "registry" in kinds:
            found = ("partly", "registry", "registry entry read, no paper")
        else:
            found = ("no", SECOND_HAND, f"known only from other pages: {base.listed(sorted(kinds))}")
        extra = sorted(kinds & {"registry"}) if found[1] != "registry" else []
        out[str(study)] = (found[0], found[1], found[2] + ("; registry entry too" if extra else ""))
    return out


def safeguards(ev: Evidence) -> base.View:
    """Draw which safeguards each study had: symbol, word and colour; "not stated" is shown as such.

    Parameters
    ----------
    ev : Evidence
        The evidence, narrowed or whole.

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = safeguards(ldn.load().select(condition="Crohn's disease"))
    >>> len(view.table) == len(ldn.load().select(condition="Crohn's disease").studies)
    True
    """
    title = "What protects each study from error"
    draft = base.Draft("safeguards", title, base.snippet(ev, safeguards), COLUMNS)
    long = cells(ev)
    if long.empty:
        return draft.empty("No study is left in this selection.")
    held = long[long["state"] == "yes"].groupby("study_id").size()
    table = marks(ev)
    table["_held"] = -table["study_id"].map(held).fillna(0)
    table = table.sort_values(["_held", "study"], kind="stable").drop(columns="_held").reset_index(drop=True)
    sources = base.cited(ev, table["study_id"])
    return draft.view(_sentence(table), _figure(table, long), table, _notes(), sources)


def _figure(table: pd.DataFrame, long: pd.DataFrame) -> base.go.Figure:
    """Draw a row a study: its name on a line of its own, so that eight columns fit a narrow screen."""
    columns = {name: i for i, name in enumerate(SAFEGUARDS)}
    # In a long list the headings come again, in short, so that nobody has to scroll back for them.
    place = {study: -i - EXTRA * (i // AGAIN) for i, study in enumerate(table["study_id"])}
    last = min(place.values())
    fig = base.figure(round(222 + ROW * (1 - last)))
    for state, (word, symbol, colour) in STATES.items():
        part = long[long["state"] == state]
        if part.empty:
            continue
        fig.add_scatter(
            x=[columns[s] for s in part["safeguard"]], y=[place[s] for s in part["study_id"]],
            mode="markers", name=word, hoverinfo="text",
            hovertext=[f"<b>{r.study}</b><br>{SAFEGUARDS[r.safeguard]}: {base.wrap(r.detail, 60)}"
                       for r in each(part)],
            marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 2, "color": colour}},
        )  # fmt: skip
    # Words stand under their symbols, names above them; neither is a mark with a meaning of its own.
    fig.add_scatter(
        x=[columns[s] for s in long["safeguard"]], y=[place[s] - 0.3 for s in long["study_id"]], mode="text",
        text=list(long["word"].replace({"not stated": "?", SECOND_HAND: "others"})), hoverinfo="skip",
        textfont={"size": 10, "color": base.INK}, showlegend=False, cliponaxis=False,
    )  # fmt: skip
    fig.add_scatter(
        x=[-0.5] * len(table), y=[y + 0.34 for y in place.values()], mode="text", hoverinfo="skip",
        text=[f"<b>{study}</b>" for study in table["study"]], textposition="middle right",
        textfont={"size": 12, "color": base.INK}, showlegend=False, cliponaxis=False,
    )  # fmt: skip
    heads = [{"x": x, "y": y + 0.5 + EXTRA / 2, "text": f"<b>{short}</b>", "showarrow": False,
              "font": {"size": 9, "color": base.MUTED}}
             for i, y in enumerate(place.values()) if i and i % AGAIN == 0
             for x, short in enumerate(SHORT)]  # fmt: skip
    fig.update_layout(
        annotations=heads, margin={"t": 206, "b": 8, "l": 4, "r": 10},
        legend={"y": 1, "yanchor": "top", "yref": "container", "font": {"size": 12}},
        xaxis={"side": "top", "tickvals": list(columns.values()), "ticktext": list(SAFEGUARDS.values()),
               "tickangle": -90, "ticks": "", "range": [-0.55, len(columns) - 0.45], "showgrid": False,
               "showline": False},
        yaxis={"tickvals": [y - 0.5 for y in place.values()], "showticklabels": False, "showline": False,
               "ticks": "", "range": [last - 0.5, 0.5]},
    )  # fmt: skip
    return fig


def _sentence(table: pd.DataFrame) -> str:
    n = len(table)
    randomized, double = int((table["randomized"] == "yes").sum()), int((table["blinded"] == "double").sum())
    compared = int((~table["controlled"].isin(["no", "not stated"])).sum())
    before, full = int((table["registered"] == "before").sum()), int((table["read"] == "full text").sum())
    return (
        f"Of {base.count(n, 'study', 'studies')}, {randomized or 'none'} "
        f"{'was' if randomized <= 1 else 'were'} randomised, {double or 'none'} double-blind and "
        f"{compared or 'none'} had a comparison arm; {before or 'none'} "
        f"{'is' if before <= 1 else 'are'} known to have been registered before enrolment, and we could read "
        f"the whole text of {full or 'none'}."
    )


def _notes() -> tuple[str, ...]:
    return (
        "A question mark is 'not stated': it was not in what we read, and may still have been done.",
        "These are facts about design and reporting; they are no risk-of-bias ratings by two reviewers.",
        f"'Stayed in' is the share of those who began that completed; below {STAYED_ENOUGH}% is marked. "
        "'Told' means that losses were told without both numbers; hover to read them.",
        "People, funding and conflicts carry no verdict: hover for what was stated, or see the table.",
        "'What we read' is about us: a study known from its abstract may be better than it looks here.",
    )
