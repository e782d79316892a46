"""Counts as people: two arrays of icons side by side, with the same denominator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from ldnevidence import effects
from ldnevidence.rows import each
from ldnevidence.views import base
from ldnevidence.views.comparisons import INDEPENDENT, OVER_TIME, counted

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["arm", "events", "n", "percent", "icons", "per"]
PER = {10: 5, 100: 10, 1000: 25}
"""How many people stand for all, and how many icons stand in a row of each array."""

ICON = {10: 20, 100: 10, 1000: 4.5}
FEW = 20  # arms smaller than this are said to be so in the sentence itself
TITLE = "In so many people like these"


def icon_array(
    events_1: int,
    n_1: int,
    events_2: int,
    n_2: int,
    per: int = 100,
    labels: tuple[str, str] = ("LDN", "Placebo"),
    event: str = "responded",
    independent: bool = True,
) -> base.View:
    """Draw two shares as people, filled icons for those with the event, hollow ones for those without.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : int
        People with the event and people, in each arm; at least 1 person an arm.
    per : {10, 100, 1000}
        How many icons each array has; the same for both.
    labels : tuple of str
        Names of the arms.
    event : str
        What happened to those with the event, such as "responded".
    independent : bool
        Whether the arms are different people; if not, as in a crossover trial, no interval is given.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        For impossible counts, another `per`, and labels that are not two.

    Notes
    -----
    Separate arrays with a common denominator: Galesic and others (2009), Health Psychology 28:210. The
    interval of the difference is Newcombe's.

    Examples
    --------
    >>> icon_array(9, 20, 5, 20).sentence
    'In 100 people like these, 45 responded on LDN and 25 on placebo: 20 more.'
    """
    if per not in PER:
        raise ValueError(f"per must be 10, 100 or 1000; got {per!r}")
    if len(labels) != 2:
        raise ValueError(f"labels must be two names; got {len(labels)}")
    # Both arms are checked here, by the function that knows what counts can be.
    rd = effects.compare_proportions(events_1, n_1, events_2, n_2, "RD", interval="newcombe")
    table = pd.DataFrame(
        [(label, e, n, 100 * e / n, _icons(e, n, per), per)
         for label, e, n in zip(labels, (events_1, events_2), (n_1, n_2), strict=True)],
        columns=COLUMNS,
    )  # fmt: skip
    code = base.snippet(None, icon_array, events_1, n_1, events_2, n_2, per=per, labels=labels, event=event,
                        independent=independent)  # fmt: skip
    draft = base.Draft("icon_array", TITLE, code, COLUMNS)
    notes = _notes(table, rd, event, independent)
    return draft.view(_sentence(table, event), _draw(table, per, event), table, notes)


def icon_array_for(
    ev: Evidence, outcome_id: str, per: int = 100, arms: tuple[str, str] | None = None
) -> base.View:
    """Draw the icon array of one outcome from the counts in the tables, or say why there is none.

    Parameters
    ----------
    ev : Evidence
    outcome_id : str
        An outcome whose people were counted in an LDN arm and in another arm at the same time.
    per : {10, 100, 1000}
        How many icons each array has.
    arms : tuple of str, optional
        Keys of the two arms; by default the first LDN arm and the placebo arm, or else another arm.

    Returns
    -------
    View
        Empty, with the reason, where counts of two arms were not read.

    Raises
    ------
    ValueError
        Where the outcome or an arm is not in this evidence, and for another `per`.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> icon_array_for(ldn.load(), "toledano2021b.reduction-75", per=10).table["icons"].tolist()
    [7, 2]
    """
    outcomes = ev.tables["outcomes"].set_index("outcome_id")
    if outcome_id not in outcomes.index:
        raise ValueError(f"no such outcome here: {outcome_id!r}")
    if per not in PER:
        raise ValueError(f"per must be 10, 100 or 1000; got {per!r}")
    outcome = outcomes.loc[outcome_id]
    study_id = str(outcome["study_id"])
    code = base.snippet(ev, icon_array_for, outcome_id, per=per, arms=arms or None)
    draft = base.Draft("icon_array", TITLE, code, COLUMNS)
    known = ev.tables["arms"].set_index("arm_id")
    known = known[known["study_id"] == study_id]
    if arms and not set(arms) <= set(known.index):
        raise ValueError(f"no such arm of {study_id}: {', '.join(sorted(set(arms) - set(known.index)))}")
    counts = _counts(ev, outcome_id)
    pair = arms or _pair({str(arm): str(role) for arm, role in known["role"].items()}, list(counts))
    if outcome["kind"] != "binary":
        return draft.empty("This outcome is no yes or no of each person, so nobody is counted.")
    if pair is None or not set(pair) <= set(counts):
        why = "Counts of people were not read for two arms, so that there is nothing to draw as people."
        return draft.empty(why)
    study = ev.tables["studies"].set_index("study_id").loc[study_id]
    labels = str(known.loc[pair[0], "label"]), str(known.loc[pair[1], "label"])
    event = "responded" if outcome["response_rate"] else "had this outcome"
    view = icon_array(*counts[pair[0]], *counts[pair[1]], per=per, labels=labels, event=event,
                      independent=study["design"] in INDEPENDENT)  # fmt: skip
    left = [str(known.loc[arm, "label"]) for arm in counts if arm not in pair]
    about = [f"What is counted: {outcome['name']}"
             + (f" ({outcome['definition']})" if pd.notna(outcome["definition"]) else "") + "."]  # fmt: skip
    better = outcome["direction"]
    if study["design"] in INDEPENDENT and better in ("higher-is-better", "lower-is-better"):
        rd = effects.compare_proportions(*counts[pair[0]], *counts[pair[1]], "RD", interval="newcombe")
        start = view.table["percent"].iloc[1]
        needed = effects.nnt(rd, str(better) == "higher-is-better")
        about.append(f"Where {start:.0f}% have it on {_in_prose(labels[1])}: {in_words(needed)}.")
    if left:
        about.append(f"Counted too, and not drawn: {base.listed(left)}.")
    title, sentence = f"{study['label']}: {outcome['name']}", f"{outcome['name']}: i{view.sentence[1:]}"
    notes, sources = (*about, *view.notes), base.cited(ev, [study_id])
    return base.View(title, sentence, view.figure, view.table, notes, sources, code, "icon_array")


def in_words(needed: effects.NumberNeededToTreat) -> str:
    """Say a number needed to treat in whole people, and what its interval leaves open.

    >>> rd = effects.compare_proportions(22, 49, 14, 50, "RD", interval="newcombe")
    >>> in_words(effects.nnt(rd, True))[:63]
    'about 6 people have to be treated for one more to benefit; the '
    """
    what = {"benefit": "to benefit", "harm": "to be worse off"}
    if needed.direction == "none":
        point = "no difference, so no number of people has to be treated for one more"
    else:
        point = f"about {_whole(needed.estimate)} have to be treated for one more {what[needed.direction]}"
    if needed.crosses_infinity and needed.benefit and needed.harm:
        return (
            f"{point}; the 95% interval runs from {_whole(needed.benefit[0])} for one more to benefit, "
            f"through no difference at all, to {_whole(needed.harm[0])} for one more to be worse off"
        )
    piece = needed.benefit or needed.harm
    if piece is None:
        return point
    if math.isinf(piece[1]):
        return f"{point}; the 95% interval runs from {_whole(piece[0])} to no difference at all"
    return f"{point} (95% interval {_whole(piece[0])} to {_whole(piece[1])})"


def _whole(number: float) -> str:
    """Round people up, as is the custom for a number needed to treat."""
    people = math.ceil(number - 1e-9)
    return base.count(people, "person", "people")


def _icons(events: int, n: int, per: int) -> int:
    """Round half up, as readers do, and not to the even number."""
    return (2 * per * events + n) // (2 * n)


def _counts(ev: Evidence, outcome_id: str) -> dict[str, tuple[int, int]]:
    """Return events and people of each arm at the last time at which most arms were counted."""
    rows = ev.tables["results"]
    rows = rows[(rows["outcome_id"] == outcome_id) & (rows["population"] == "all")]
    rows = rows[rows["timepoint"].isin(OVER_TIME)]
    best: dict[str, tuple[int, int]] = {}
    for _, group in rows.groupby(["timepoint", "week"], dropna=False, sort=True):
        found = {str(arm): held for arm, part in group.groupby("arm_id", sort=False)
                 if (held := counted(part)) is not None}  # fmt: skip
        best = found if len(found) >= len(best) else best
    return best


def _pair(roles: dict[str, str], counted_arms: list[str]) -> tuple[str, str] | None:
    ours = [arm for arm in counted_arms if roles.get(arm) == "ldn"]
    wanted = ("placebo", "active", "none", "other dose", "other drug")
    others = [arm for role in wanted for arm in counted_arms if roles.get(arm) == role]
    return (ours[0], others[0]) if ours and others else None


def _draw(table: pd.DataFrame, per: int, event: str) -> base.go.Figure:
    """Draw both arrays on one pair of axes: they stay side by side, and square, on any screen."""
    wide = PER[per]
    rows = per // wide
    heads = [base.wrap(base.shorten(str(arm), 40), 18) for arm in table["arm"]]
    above = 18 * (max(head.count("<br>") for head in heads) + 2) + 8  # pixels that the names of the arms take
    fig = base.figure(above + 34 + {10: 80, 100: 210, 1000: 320}[per], legend=False)
    words = [{"x": 0, "xref": "paper", "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "left",
              "showarrow": False, "text": f"● {event}   ○ the others", "font": {"size": 13},
              "yshift": above}]  # fmt: skip
    for i, (row, head, colour) in enumerate(zip(each(table), heads, (base.LDN, base.PLACEBO), strict=True)):
        left = i * (wide + max(1, wide // 5))
        spots = [(left + k % wide, rows - 1 - k // wide) for k in range(per)]
        kinds = (
            (f"{row.icons} of {per} {event}", spots[: row.icons], "circle"),
            (f"the other {per - row.icons} of {per}", spots[row.icons :], "circle-open"),
        )
        for name, part, symbol in kinds:
            fig.add_scatter(
                x=[x for x, _ in part], y=[y for _, y in part], mode="markers", name=f"{row.arm}: {name}",
                hoverinfo="name", hoverlabel={"namelength": -1},
                marker={"symbol": symbol, "size": ICON[per], "color": colour,
                        "line": {"width": 1, "color": colour}},
            )  # fmt: skip
        words.append({"x": left - 0.5, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "left",
                      "text": f"<b>{head[0].upper()}{head[1:]}</b><br>{row.icons:,} of {per:,}",
                      "align": "left", "showarrow": False,
                      "font": {"size": 14, "color": colour}})  # fmt: skip
    whole = 2 * wide + max(1, wide // 5)
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
    fig.update_layout(
        margin={"t": above + 26, "b": 8, "l": 8, "r": 8}, annotations=words,
        xaxis={**hidden, "range": [-0.7, whole - 0.3], "constraintoward": "left"},
        yaxis={**hidden, "range": [-0.7, rows - 0.3], "scaleanchor": "x", "constraintoward": "top"},
    )  # fmt: skip
    return fig


def _sentence(table: pd.DataFrame, event: str) -> str:
    """Say the numbers of the icons in words; the difference is that of the icons drawn."""
    one, two = (int(x) for x in table["icons"])
    first, second = (_in_prose(str(x)) for x in table["arm"])
    gap = f"{abs(one - two)} {'more' if one > two else 'fewer'}" if one != two else "no difference"
    people = [int(n) for n in table["n"]]
    few = f", though it rests on {people[0]} and {people[1]} people only" if min(people) < FEW else ""
    opening = f"In {int(table['per'].iloc[0]):,} people like these"
    return f"{opening}, {one} {event} on {first} and {two} on {second}: {gap}{few}."


def _in_prose(label: str) -> str:
    return label.lower() if label in ("Placebo", "Control") else label


def _notes(table: pd.DataFrame, rd: effects.Estimate, event: str, independent: bool) -> tuple[str, ...]:
    counts = [f"{r.events} of {r.n} ({r.percent:.1f}%) on {_in_prose(r.arm)}" for r in each(table)]
    per = int(table["per"].iloc[0])
    notes = [f"Rounded from the counts: {base.listed(counts)}."]
    if independent:
        ends = " to ".join(_more(limit * per) for limit in (rd.ci_low, rd.ci_high))
        notes.append(f"Chance leaves it open: per {per:,} the true difference may well be {ends} "
                     f"(95% interval, Newcombe).")  # fmt: skip
    else:
        notes.append("The same people took both in turn, so no interval is computed from these counts.")
    if per > min(table["n"]):
        notes.append(f"There are more icons than people: one arm had {min(table['n'])}.")
    notes.append("Filled icons are people with the event, hollow ones people without.")
    notes.append("'Like these' means people who would have been let into this study.")
    return tuple(notes)


def _more(difference: float) -> str:
    """Return a difference in words, rounded."""
    size = round(abs(difference))
    return "none" if size == 0 else f"{size:,} {'more' if difference > 0 else 'fewer'}"


@base.once_for_all
def countable(ev: Evidence) -> pd.DataFrame:
    """Return the outcomes whose people were counted in an LDN arm and in another arm.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        Columns outcome_id, study, outcome; response rates first.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> "toledano2021b.reduction-75" in set(countable(ldn.load())["outcome_id"])
    True
    """
    roles = ev.tables["arms"].set_index("arm_id")["role"]
    labels = ev.tables["studies"].set_index("study_id")["label"]
    outcomes = ev.tables["outcomes"]
    outcomes = outcomes[outcomes["kind"] == "binary"].sort_values(
        ["response_rate", "outcome_id"], ascending=[False, True], kind="stable"
    )
    rows = []
    for row in each(outcomes):
        counts = list(_counts(ev, row.outcome_id))
        if _pair({arm: str(roles.get(arm, "")) for arm in counts}, counts):
            rows.append((row.outcome_id, labels[row.study_id], row.name))
    return pd.DataFrame(rows, columns=["outcome_id", "study", "outcome"])
