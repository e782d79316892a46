"""What every lesson needs: figures that show everywhere, pictures that answer to controls, checked figures.

A lesson is a notebook. It is read in JupyterLab, as a Voila page with the code hidden, and as a static page;
what this module shows works in all three. Charts for lessons are in `lesson_charts`; copying, exporting and
serving lessons in `lesson_tools`.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as w

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from ldnevidence.evidence import Evidence

PLOTLY = "application/vnd.plotly.v1+json"
LETTER = 9  # pixels of a letter in a label, on the generous side
NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?")
"""A number as prose writes it, without its sign; digits inside a word (``younger2013``) are none."""


@dataclass(frozen=True)
class Shown:
    """Something to read, as HTML and as plain text."""

    page: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.page, "text/plain": self.text}

    def __str__(self) -> str:
        """Return the plain text."""
        return self.text


# -- numbers that prose quotes ------------------------------------------------------------------------------


def check(quoted: str, *values: float) -> Shown:
    """Hold the numbers that the text quotes against computed ones.

    A test demands that every number in a lesson's prose stands in such a call, so that a change of the data
    cannot leave a stale figure behind.

    Parameters
    ----------
    quoted : str
        The words with the numbers as the text prints them, such as ``"22 of 49, which is 45%"``.
    *values : float
        The computed values in the same order, each on the scale that the words use, signs aside.

    Returns
    -------
    Shown
        One line saying that they agree.

    Raises
    ------
    ValueError
        Where a number does not round to what is quoted, or their count differs.

    Examples
    --------
    >>> print(check("22 of 49 is 45%", 22, 49, 100 * 22 / 49))
    Checked: 22 of 49 is 45%.
    >>> check("22 of 49 is 44%", 22, 49, 100 * 22 / 49)
    Traceback (most recent call last):
        ...
    ValueError: the text says 44, but it is 44.898
    """
    numbers = NUMBER.findall(quoted)
    if len(numbers) != len(values) or not numbers:
        raise ValueError(f"{len(numbers)} numbers are quoted in {quoted!r}, but {len(values)} values given")
    for number, value in zip(numbers, values, strict=True):
        decimals = len(number.partition(".")[2])
        close = abs(abs(float(value)) - float(number.replace(",", "")))
        if not close <= 0.5 * 10**-decimals + 1e-9:
            raise ValueError(f"the text says {number}, but it is {float(value):.5g}")
    return Shown(f"<small class='ldn-checked'>Checked: {html.escape(quoted)}.</small>", f"Checked: {quoted}.")


def result(ev: Evidence, result_id: str) -> pd.Series:
    """Return one printed figure: a row of ``ev.results``.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> float(result(ldn.load(), "driver2023.pain-benefit#1").value)
    65.0
    """
    return _row(ev, "results", "result_id", result_id)


def contrast(ev: Evidence, contrast_id: str) -> pd.Series:
    """Return one printed comparison: a row of ``ev.contrasts``."""
    return _row(ev, "contrasts", "contrast_id", contrast_id)


def study(ev: Evidence, study_id: str) -> pd.Series:
    """Return one study: a row of ``ev.studies``."""
    return _row(ev, "studies", "study_id", study_id)


def _row(ev: Evidence, table: str, key: str, value: str) -> pd.Series:
    found = ev.tables[table][ev.tables[table][key] == value]
    if len(found) != 1:
        raise ValueError(f"no row {value!r} in the table {table}")
    return found.iloc[0]


def figures(ev: Evidence, study_id: str, *outcomes: str) -> pd.DataFrame:
    """Return the printed figures of a study, each with the kind of page it was read on.

    Parameters
    ----------
    ev : Evidence
    study_id : str
        Key of the study.
    *outcomes : str
        Outcomes by the last part of their code, such as ``"pain"``; all of them if none is named.

    Returns
    -------
    DataFrame
        Index: the code of the figure. Columns outcome, arm, people, n, statistic, value, page.

    Examples
    --------
    >>> import ldnevidence as ldn
    >>> figures(ldn.load(), "smith2011", "cdai-response")["value"].tolist()
    [88.0, 40.0]
    """
    table = ev.tables["results"]
    named = ev.tables["outcomes"].set_index("outcome_id")["name"]
    arms = ev.tables["arms"].set_index("arm_id")["label"]
    kinds = ev.tables["sources"].set_index("source_id")["kind"]
    codes = [f"{study_id}.{o}" for o in outcomes]
    mine = table["outcome_id"].isin(codes) if codes else table["outcome_id"].str.startswith(f"{study_id}.")
    table = table[mine]
    if table.empty:
        raise ValueError(f"no printed figures of {study_id!r} for {', '.join(outcomes) or 'any outcome'}")
    shown = table.assign(
        outcome=table["outcome_id"].map(named),
        arm=table["arm_id"].map(arms),
        people=table["population"],
        page=table["source_id"].map(kinds),
    )
    columns = ["outcome", "arm", "people", "n", "statistic", "value", "page"]
    return shown.set_index("result_id")[columns].rename_axis(None)


# -- figures ------------------------------------------------------------------------------------------------


def bundle(fig: go.Figure, words: str = "") -> dict[str, Any]:
    """Return a figure in every form that a reader's page may understand.

    JupyterLab draws the plotly form. A page without that form takes the HTML: a placeholder with the figure
    as JSON, which the script of the page draws; the words stand below it in every case.
    """
    data = fig.to_json()
    # "</" would end the script element early; the escaped form is the same JSON.
    inside = data.replace("</", "<\\/")
    height = int(fig.layout.height or 400)
    label = html.escape(words or "Chart", quote=True)
    return {
        PLOTLY: json.loads(data),
        "text/html": (
            f"<div class='ldn-figure' role='figure' aria-label=\"{label}\" style='min-height:{height}px'>"
            f"<script type='application/json'>{inside}</script></div>"
        ),
        "text/plain": words or "(a chart)",
    }


def show(fig: go.Figure, words: str = "") -> w.Widget:
    """Show a plain figure with one sentence below it.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
    words : str
        What the figure says, with its number; also read out to those who cannot see it.
    """
    return Explore(lambda: (fig, words))


class Explore(w.VBox):
    """A picture that is drawn again whenever one of its controls moves.

    Parameters
    ----------
    draw : callable
        Takes the values of the controls by name and returns a figure, or a figure and a sentence.
    **controls : Widget
        Controls with a ``value``; see `slider` and `choose`.

    Attributes
    ----------
    picture : Output
        Holds the figure.
    words : HTML
        The sentence.
    figure : plotly.graph_objects.Figure
        The figure drawn last.

    Examples
    --------
    >>> from ldnevidence.lesson_charts import bars
    >>> box = Explore(lambda n: (bars({"people": n}), f"{n} people"), n=slider("People", 1, 9, 3))
    >>> box.controls["n"].value = 4
    >>> box.sentence
    '4 people'
    """

    def __init__(self, draw: Callable[..., Any], **controls: Any) -> None:
        self.draw, self.controls = draw, controls
        self.picture, self.words = w.Output(), w.HTML()
        self.figure: Any = None
        self.sentence = ""
        bar = w.HBox(list(controls.values()), layout=w.Layout(flex_flow="row wrap"))
        super().__init__([*([bar] if controls else []), self.picture, self.words])
        self.add_class("ldn-explore")
        for control in controls.values():
            control.observe(self._redraw, names="value")
        self._redraw()

    def _redraw(self, _: object = None) -> None:
        drawn = self.draw(**{name: control.value for name, control in self.controls.items()})
        self.figure, self.sentence = drawn if isinstance(drawn, tuple) else (drawn, "")
        output = {"output_type": "display_data", "data": bundle(self.figure, self.sentence), "metadata": {}}
        # Set as a whole: nothing flickers, and no display call has to be caught.
        self.picture.outputs = (output,)
        self.words.value = f"<p role='status'>{html.escape(self.sentence)}</p>" if self.sentence else ""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Show the widget; where widgets do not run, the picture at its first setting."""
        widget = super()._repr_mimebundle_(**kwargs)
        data, metadata = widget if isinstance(widget, tuple) else (widget, None)
        still = bundle(self.figure, self.sentence)
        settings = ", ".join(f"{c.description}: {c.value}" for c in self.controls.values())
        note = f" <small>(Setting: {html.escape(settings)}.)</small>" if settings else ""
        page = still["text/html"] + f"<p>{html.escape(self.sentence)}{note}</p>"
        data = {**(data or {}), "text/html": page, "text/plain": still["text/plain"]}
        return data if metadata is None else (data, metadata)


def explore(draw: Callable[..., Any], **controls: Any) -> Explore:
    """Show a picture with controls that change it; see `Explore`."""
    return Explore(draw, **controls)


def slider(name: str, low: float, high: float, value: float, step: float | None = None) -> Any:
    """Return a slider that reports only when it is let go.

    Parameters
    ----------
    name : str
        What it sets, shown beside it.
    low, high, value : float
        Limits and first value; whole numbers give a slider of whole numbers.
    step : float, optional
        Step; 1 for whole numbers, a twentieth of the range otherwise.
    """
    whole = all(isinstance(v, int) for v in (low, high, value)) and (step is None or isinstance(step, int))
    kind = w.IntSlider if whole else w.FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=step or (1 if whole else (high - low) / 20),
        description=name,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=_wide(250 + LETTER * len(name)),
    )


def choose(name: str, options: Sequence[Any], value: Any = None) -> w.Dropdown:
    """Return a drop-down list; the first option is chosen unless another is given."""
    chosen = value if value is not None else (options[0][1] if isinstance(options[0], tuple) else options[0])
    longest = max(len(str(o[0] if isinstance(o, tuple) else o)) for o in options)
    return w.Dropdown(
        options=list(options),
        value=chosen,
        description=name,
        style={"description_width": "initial"},
        layout=_wide(60 + LETTER * (len(name) + longest)),
    )


def _wide(pixels: int) -> w.Layout:
    """Return a layout of a width that never goes beyond a narrow screen."""
    return w.Layout(width=f"min({max(pixels, 300)}px, 98%)", margin="2px 16px 2px 2px")


# -- the end of a lesson ------------------------------------------------------------------------------------


def references(*keys: str) -> Shown:
    """List the works of a lesson with their links and the kinds of page on which each was read.

    Parameters
    ----------
    *keys : str
        Keys of ``references.bib``.

    Raises
    ------
    ValueError
        Where a key is unknown.
    """
    from ldnevidence import citations

    items, lines = [], []
    for key in keys:
        reference = citations.get(key)
        kinds = dict.fromkeys(re.findall(r"(?:^|; )([\w ]+):", reference.how_read or ""))
        read = f" Read here: {', '.join(kinds)}." if kinds else ""
        items.append(f"<li>{citations.cite(key, style='html')}<small>{html.escape(read)}</small></li>")
        lines.append(citations.cite(key, style="vancouver") + read)
    return Shown(f"<ol>{''.join(items)}</ol>", "\n".join(lines))


def interval_words(low: float, high: float, unit: str = "%") -> str:
    """Return two limits as prose, in whole numbers.

    >>> interval_words(31.2, 83.4)
    '31 to 83%'
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("limits must be finite")
    return f"{low:.0f} to {high:.0f}{unit}"
