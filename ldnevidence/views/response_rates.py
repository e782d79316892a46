"""Shares of people who responded, with their uncertainty, and the placebo arm beside its own LDN arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnevidence import effects
from ldnevidence.claims import in_words, work_labels
from ldnevidence.rows import each
from ldnevidence.rules import agrees
from ldnevidence.views import base, parts

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

COLUMNS = ["study_id", "study", "outcome", "arm", "role", "controlled", "population", "week", "events", "n",
           "percent", "ci_low", "ci_high", "basis", "why_no_interval", "source_id", "outcome_id"]  # fmt: skip
KEY = ["outcome_id", "arm_id", "population", "timepoint", "week"]
NO_BASE = "no denominator was read"
NAMED = 4  # shares left out that are named one by one
BOUND = "the source gives a bound or a rounded word, no exact share"


@base.once_for_all
def rates(ev: Evidence) -> pd.DataFrame:
    """Return every response rate that was printed, with Wilson's interval where a count was read.

    A printed count with its denominator gives the share. A printed percentage gets an interval only where
    its denominator was read and exactly one whole number of people fits it; otherwise it stays alone and
    `why_no_interval` says why. Shares that are no response rates are left out.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    DataFrame
        One row an arm: shares and limits in percent; `basis` is "count printed", "count fits the printed
        percent" or "percent printed".

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> table = rates(ldn.load().select(condition="fibromyalgia"))
    >>> "bruunplesner2020" in set(table["study_id"])
    False
    """
    outcomes = ev.tables["outcomes"]
    outcomes = outcomes[outcomes["response_rate"].astype(bool)].set_index("outcome_id")
    results = ev.tables["results"]
    results = results[
        results["outcome_id"].isin(outcomes.index)
        & results["statistic"].isin(["events", "percent of people"])
        & results["value"].notna()
    ]
    arms = ev.tables["arms"].set_index("arm_id")
    studies = ev.tables["studies"].set_index("study_id")
    rows = []
    grouped: Any = results.groupby(KEY, dropna=False, sort=False)
    for (outcome_id, arm_id, population, _, week), group in grouped:
        outcome, arm = outcomes.loc[outcome_id], arms.loc[arm_id]
        study = studies.loc[outcome["study_id"]]
        share = share_of_arm(group)
        rows.append({
            "study_id": outcome["study_id"], "study": study["label"], "outcome": outcome["name"],
            "arm": arm["label"], "role": arm["role"], "controlled": bool(study["controlled"]),
            "population": population, "week": week, **share,
            "source_id": group["source_id"].iloc[0], "outcome_id": outcome_id,
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["_ldn"] = table["role"] != "ldn"
    order = ["controlled", "study", "outcome", "population", "_ldn"]
    table = table.sort_values(order, ascending=[False, True, True, True, True], kind="stable")
    return table.drop(columns="_ldn").reset_index(drop=True)


def share_of_arm(group: pd.DataFrame) -> dict[str, object]:
    """Work out one arm's share from its printed rows."""
    counted = group[group["statistic"] == "events"]
    printed = group[group["statistic"] == "percent of people"]
    n = group["n"].dropna()
    blank: dict[str, object] = {
        "events": pd.NA,
        "n": pd.NA,
        "ci_low": None,
        "ci_high": None,
        "why_no_interval": "",
    }
    if not counted.empty and pd.notna(counted["n"].iloc[0]):
        return _with_interval(int(counted["value"].iloc[0]), int(counted["n"].iloc[0]), "count printed")
    if printed.empty:
        value = counted["value"].iloc[0]
        return blank | {
            "events": int(value),
            "percent": None,
            "basis": "count printed",
            "why_no_interval": NO_BASE,
        }
    percent = float(printed["value"].iloc[0])
    blank |= {"percent": percent, "basis": "percent printed"}
    if printed["value_text"].notna().any():
        return blank | {"n": n.iloc[0] if len(n) else pd.NA, "why_no_interval": BOUND}
    if n.empty:
        return blank | {"why_no_interval": NO_BASE}
    size = int(n.iloc[0])
    fits = [e for e in range(size + 1) if agrees(f"{percent:g}", e, size)]
    if len(fits) == 1:
        return _with_interval(fits[0], size, "count fits the printed percent") | {"percent": percent}
    why = f"{'no' if not fits else 'more than one'} whole number of {size} people gives {percent:g}%"
    return blank | {"n": size, "why_no_interval": why}


def _with_interval(events: int, n: int, basis: str) -> dict[str, object]:
    estimate = effects.proportion(events, n)
    return {
        "events": events, "n": n, "percent": 100 * estimate.estimate, "ci_low": 100 * estimate.ci_low,
        "ci_high": 100 * estimate.ci_high, "basis": basis, "why_no_interval": "",
    }  # fmt: skip


def response_rates(ev: Evidence) -> base.View:
    """Draw response rates with Wilson intervals; hollow where no denominator was read.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    View

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> view = response_rates(ldn.load().select(condition="Crohn's disease"))
    >>> view.name
    'response_rates'
    """
    draft = base.Draft("response_rates", "How many responded", base.snippet(ev, response_rates), COLUMNS)
    table = rates(ev)
    drawn = table[table["percent"].notna()].reset_index(drop=True)
    if drawn.empty:
        return draft.empty("No share of responders was read for this selection.")
    notes = [
        "Lines are 95% Wilson intervals: where the true share could well lie, given so few people.",
        "Criteria of response differ from study to study, so compare arms of one study, not studies.",
        "A share without a comparison arm says nothing about what the drug added.",
    ]
    if drawn["ci_low"].isna().any():
        notes.append("Hollow marks have no interval: " + "; ".join(dict.fromkeys(
            drawn.loc[drawn["ci_low"].isna(), "why_no_interval"])) + ".")  # fmt: skip
    if (drawn["basis"] == "count fits the printed percent").any():
        notes.append(
            "Where only a percentage and its denominator were printed, the one count that fits was used."
        )
    notes += _apart(ev)
    return draft.view(_sentence(drawn), _figure(drawn), drawn, notes, base.cited(ev, drawn["study_id"]))


def _marks(table: pd.DataFrame) -> list[tuple[str, pd.Series, str, str]]:
    """Return name, rows, symbol and colour of each kind of arm; shape and word carry what colour carries."""
    ldn, controlled = table["role"] == "ldn", table["controlled"]
    placebo = table["role"] == "placebo"
    return [
        ("LDN, with a comparison arm", ldn & controlled, "circle", base.LDN),
        ("Placebo", placebo, "square", base.PLACEBO),
        ("LDN, no comparison arm", ldn & ~controlled, "diamond", base.OTHER),
        ("Another dose or drug", ~ldn & ~placebo, "triangle-up", base.MUTED),
    ]


def _figure(drawn: pd.DataFrame) -> base.go.Figure:
    """Draw one block an outcome: its name and numbers, then a mark for each arm."""
    rows = parts.Rows()
    places: dict[Any, float] = {}
    blocks: Any = drawn.groupby(["outcome_id", "population", "week"], dropna=False, sort=False)
    for _, block in blocks:
        places |= dict(zip(block.index, rows.add(_label(block), len(block)), strict=True))
    kinds = _marks(drawn)
    fig = rows.figure(entries=sum(int(mask.any()) for _, mask, _, _ in kinds))
    for name, mask, symbol, colour in kinds:
        for hollow in (False, True):
            part = drawn[mask & (drawn["ci_low"].isna() == hollow)]
            if part.empty:
                continue
            up, down = part["ci_high"] - part["percent"], part["percent"] - part["ci_low"]
            fig.add_scatter(
                x=part["percent"], y=[places[i] for i in part.index], mode="markers",
                name=name + (", no interval possible" if hollow else ""), legendgroup=name,
                showlegend=not hollow or not bool((mask & drawn["ci_low"].notna()).any()),
                marker={"symbol": symbol + ("-open" if hollow else ""), "color": colour, "size": 11,
                        "line": {"width": 2, "color": colour}},
                error_x=None if hollow else {
                    "type": "data", "array": up.tolist(), "arrayminus": down.tolist(), "color": colour,
                    "thickness": 2, "width": 5},
                hovertext=[_hover(row) for row in each(part)], hoverinfo="text",
            )  # fmt: skip
    title = {"text": "People who responded"}
    fig.update_layout(xaxis={"range": [-3, 103], "ticksuffix": "%", "dtick": 25, "title": title})
    return fig


def _label(block: pd.DataFrame) -> str:
    """Return the study with each arm's numbers, and the outcome below."""
    first = block.iloc[0]
    inside = "" if first["population"] == "all" else f" ({first['population']})"
    shares = [_share(r) for r in each(block)]
    room = (60 - sum(len(s) + 3 for s in shares)) // len(block)
    arms = [f"{base.shorten(_arm(r), max(room, 11))} {s}" for r, s in zip(each(block), shares, strict=True)]
    outcome, numbers = base.wrap(first["outcome"] + inside, parts.Rows.WIDE), " · ".join(arms)
    return f"{parts.name_with(first['study'], numbers)}<br>{outcome}"


def _arm(row: Any) -> str:
    return "placebo" if row.role == "placebo" else str(row.arm)


def _share(row: Any) -> str:
    if pd.isna(row.events):
        return f"{row.percent:g}%"
    return f"{row.events}/{row.n} ({row.percent:.0f}%)"


def _hover(row: Any) -> str:
    share = f"{row.percent:.1f}%" if pd.notna(row.events) else f"{row.percent:g}%"
    if pd.notna(row.ci_low):
        share = f"{row.events} of {row.n}: {share} (95% CI {row.ci_low:.0f} to {row.ci_high:.0f}%)"
    else:
        share += f"; {row.why_no_interval}"
    return f"<b>{row.study}</b>, {row.arm}<br>{base.wrap(row.outcome, 60)}<br>{share}<br>{row.basis}"


def _apart(ev: Evidence) -> list[str]:
    """Say which shares are left out because they are no response rates; by name where they sound like one."""
    outcomes = ev.tables["outcomes"]
    outcomes = outcomes[outcomes["rate_why_not"].notna()]
    if outcomes.empty:
        return []
    studies = ev.tables["studies"].set_index("study_id")["label"]
    near = outcomes[outcomes["domain"] == "response"].drop_duplicates("rate_why_not")
    designs = ev.tables["studies"].set_index("study_id")["design"]
    # First the dose-finding study: its share looks most like a response rate, and is the most quoted.
    near = near.sort_values("study_id", key=lambda ids: ids.map(designs) != "dose-finding", kind="stable")
    labels = work_labels(ev)
    reasons = [in_words(why, labels).rstrip(".") for why in near["rate_why_not"]]
    named = [f"{studies[r.study_id]}, “{r.name}”: {why}"
             for r, why in zip(each(near.head(NAMED)), reasons, strict=False)]  # fmt: skip
    rest = len(outcomes) - len(named)
    text = f"Not drawn, since they are no response rates: {'; '.join(named)}" if named else "Not drawn"
    more = base.count(rest, "other share") if named else base.count(rest, "share")
    told = f"{more} that no criterion of benefit stands behind, such as people who stopped"
    return [f"{text}; and {told}." if named and rest else f"{text}." if named else f"{text}: {told}."]


def _sentence(drawn: pd.DataFrame) -> str:
    """Say how many studies can be compared with placebo at all, from the rows drawn."""
    pairs = drawn.groupby("study_id")["role"].agg(set)
    both = int(pairs.map(lambda roles: {"ldn", "placebo"} <= roles).sum())
    held = int(drawn["ci_low"].notna().sum())
    verb = "prints" if len(pairs) == 1 else "print"
    return (
        f"{base.count(len(pairs), 'study', 'studies')} {verb} a share of responders; {both or 'none'} of "
        f"{len(pairs)} {'gives' if both <= 1 else 'give'} it for placebo too, and {held} of {len(drawn)} "
        "shares come with the number of people behind them."
    )
