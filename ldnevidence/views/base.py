"""What a picture is: a View with figure, table, notes, sources and code; and the marks all views share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import pandas as pd
import plotly.graph_objects as go

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence

P = ParamSpec("P")
Rows = Callable[Concatenate["Evidence", P], pd.DataFrame]

# Okabe and Ito's palette, darkened where needed to reach 4.5:1 on white; no meaning rests on colour alone.
INK, MUTED, RULE, PALE = "#1f2933", "#52606d", "#d3dae1", "#f4f6f8"
LDN, PLACEBO, OTHER, WARN = "#005f9e", "#9a5700", "#007a5a", "#a3244b"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
ROW_HEIGHT = 26  # pixels a row of a dot plot needs so that labels do not touch

# Trace types that views may use; the small plotly bundle knows these three and no others.
TRACE_TYPES = ("scatter", "bar", "pie")


@dataclass(frozen=True, eq=False)
class View:
    """A picture with all that a reader needs to check it.

    Attributes
    ----------
    title : str
        What is shown.
    sentence : str
        One sentence in plain English with the number in it, computed from the rows drawn.
    figure : plotly.graph_objects.Figure
        A plain figure; no widget.
    table : DataFrame
        Exactly the rows drawn.
    notes : tuple of str
        Caveats in words.
    sources : tuple of str
        Keys of the works in view, in ``references.bib``.
    code : str
        A snippet that rebuilds the view through the public API.
    drawn : bool
        Whether there was anything to draw; if not, the sentence says why.
    """

    title: str
    sentence: str
    figure: go.Figure
    table: pd.DataFrame
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    code: str = ""
    name: str = field(default="view")
    drawn: bool = True

    def __post_init__(self) -> None:
        """Refuse traces that the small plotly bundle cannot draw."""
        odd = {trace.type for trace in self.figure.data} - set(TRACE_TYPES)
        if odd:
            raise ValueError(
                f"a view draws {', '.join(TRACE_TYPES)} traces only, not {', '.join(sorted(odd))}"
            )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Show the figure in a notebook, with the sentence as its text form."""
        bundle = dict(self.figure._repr_mimebundle_(include, exclude) or {})
        bundle["text/plain"] = f"{self.title}\n{self.sentence}"
        return bundle


@dataclass(frozen=True)
class Draft:
    """What a view has before its rows are known; it ends as a picture, or as words where there is none.

    Attributes
    ----------
    name : str
        Name of the view.
    title : str
        What is shown.
    code : str
        A snippet that rebuilds the view; see `snippet`.
    columns : sequence of str
        Columns of its table.

    Examples
    --------
    >>> draft = Draft("sizes", "How large studies are", "", ["study", "people"])
    >>> view = draft.empty("No study is left.")
    >>> view.sentence, list(view.table)
    ('No study is left.', ['study', 'people'])
    """

    name: str
    title: str
    code: str
    columns: Sequence[str]

    def view(
        self, sentence: str, fig: go.Figure, table: pd.DataFrame,
        notes: Iterable[str] = (), sources: Iterable[str] = (),
    ) -> View:  # fmt: skip
        """Return the view with its picture; the arguments are the attributes of `View`."""
        return View(self.title, sentence, fig, table, tuple(notes), tuple(sources), self.code, self.name)

    def empty(self, why: str, table: pd.DataFrame | None = None) -> View:
        """Return the view that says in words why there is nothing to draw.

        Parameters
        ----------
        why : str
            The reason, a sentence.
        table : DataFrame, optional
            Rows that cannot be drawn; by default the columns alone.
        """
        words = wrap(why, 40)  # letters that fit a line on a screen of 390 pixels
        fig = figure(max(140, 70 + 20 * (words.count("<br>") + 1)), legend=False)
        fig.update_xaxes(visible=False, range=[0, 1])
        fig.update_yaxes(visible=False, range=[0, 1])
        fig.add_scatter(
            x=[0.5],
            y=[0.5],
            mode="text",
            text=[words],
            textfont={"size": 15, "color": MUTED},
            hoverinfo="skip",
        )
        rows = pd.DataFrame(columns=list(self.columns)) if table is None else table
        return replace(self.view(why, fig, rows), drawn=False)


def figure(height: int, *, left: int = 10, legend: bool = True, **layout: Any) -> go.Figure:
    """Return an empty figure in the house style; small, since it carries no plotly template.

    Parameters
    ----------
    height : int
        Height in pixels.
    left : int
        Least left margin in pixels; labels widen it as they need.
    legend : bool
        Whether there is a legend; it stands above the plot, where it is read first.
    **layout
        Any other layout attribute.
    """
    axis = {
        "gridcolor": RULE, "linecolor": MUTED, "zeroline": False, "automargin": True, "tickcolor": RULE,
        "title": {"standoff": 10},
    }  # fmt: skip
    house = {
        "template": "none", "height": height, "autosize": True,
        "paper_bgcolor": "white", "plot_bgcolor": "white",
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": left, "r": 16, "t": 48 if legend else 16, "b": 48}, "showlegend": legend,
        "hoverlabel": {"bgcolor": "white", "font": {"color": INK, "family": FONT}},
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "yref": "paper"},
        "xaxis": axis, "yaxis": axis, "hovermode": "closest", "dragmode": False,
    }  # fmt: skip
    # Handed over at once: update_layout() on an empty figure takes twelve times as long.
    fig = go.Figure({"layout": house})
    return fig.update_layout(**layout) if layout else fig


def once_for_all(build: Rows[P]) -> Rows[P]:
    """Let rows be worked out once, for the whole evidence; a selection then gets its own of them.

    For tables of which each row depends on its own study and outcome alone. Evidence never changes, so that
    a reader who turns from one condition to the next waits for the drawing only.

    Parameters
    ----------
    build : callable
        Evidence (and options) to a table with a column study_id, outcome_id or both.

    Returns
    -------
    callable
        The same, but for the row numbers, which begin at 0 in each selection.
    """
    keep = lru_cache(maxsize=8)(build)

    @wraps(build)
    def narrowed(ev: Evidence, *args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = keep(ev.whole or ev, *args, **kwargs)  # type: ignore[arg-type]
        own = pd.Series(True, index=table.index)
        for key, of in (("study_id", "studies"), ("outcome_id", "outcomes")):
            if key in table:
                own &= table[key].isin(ev.tables[of][key])
        return table[own].reset_index(drop=True)

    return narrowed


def wrap(text: str, width: int) -> str:
    """Break a text into lines of about ``width`` letters for a plotly label.

    >>> wrap("one two three", 8)
    'one two<br>three'
    """
    lines, line = [], ""
    for word in str(text).split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "<br>".join([*lines, line])


def shorten(text: str, width: int) -> str:
    """Cut a text at a word so that it fits into ``width`` letters, with an ellipsis where it was cut."""
    if len(text) <= width:
        return text
    cut = text[: width - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[width // 2 :] else cut).rstrip(" ,;:(") + "…"


def loading_code(ev: Evidence) -> str:
    """Return the line that rebuilds this selection of the evidence.

    >>> import ldnevidence as ldn
    >>> loading_code(ldn.load().select(condition="ibd"))
    "ev = ldn.load().select(condition='ibd')"
    """
    return ".".join(["ev = ldn.load()", *ev.calls])


def snippet(ev: Evidence | None, view: Callable[..., View], *given: object, **chosen: object) -> str:
    """Return runnable code for a view, with those options alone that differ from their defaults.

    Parameters
    ----------
    ev : Evidence or None
        None where the view takes counts instead of evidence.
    view : callable
        The function that draws it; the defaults are read from its signature.
    *given, **chosen
        Its further arguments in their order, and its options.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> print(snippet(ldn.load(), ldn.views.claims, by="topic"))
    import ldnevidence as ldn
    <BLANKLINE>
    ev = ldn.load()
    ldn.views.claims(ev, by='topic')
    """
    usual = signature(view).parameters
    start = [] if ev is None else ["ev"]
    options = [f"{name}={_written(value)}" for name, value in chosen.items() if value != usual[name].default]
    call = f"ldn.views.{view.__name__}({', '.join([*start, *map(_written, given), *options])})"
    loading = "" if ev is None else f"{loading_code(ev)}\n"
    return f"import ldnevidence as ldn\n\n{loading}{call}"


def _written(value: object) -> str:
    """Return a value as code; numpy's numbers, whose repr needs numpy, as plain ones."""
    return repr(value) if isinstance(value, str) else str(value)


def cited(ev: Evidence, study_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the keys in alphabetical order, each once."""
    known = set(ev.tables["sources"]["cite_key"])
    return tuple(sorted({s for s in study_ids if s in known}))


def participants(studies: pd.DataFrame) -> pd.Series:
    """Return how many people each study had: randomised, else enrolled, else analysed; empty where unread."""
    return studies["n_randomized"].fillna(studies["n_enrolled"]).fillna(studies["n_analysed"])


def count(n: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> count(1, "study", "studies"), count(3, "trial")
    ('1 study', '3 trials')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Join names as prose does.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return (
        " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) if len(names) > 1 else "".join(names)
    )
