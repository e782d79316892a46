"""Self-checks for lessons: questions that explain every answer, right or wrong.

Plain ipywidgets, so that they work in JupyterLab and Voila. In a static page each question shows its text,
its options and the folded answer. Nothing is stored or sent: the score lives in the notebook's own process.

Four kinds: `Choice` (one of several), `Number` (with a tolerance), `Range` (two limits) and `Row` (which row
of a table says so). All of them share a `Score`.
"""

from __future__ import annotations

import html
import math
import string
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ldnevidence._quiz import (
    Question,
    Score,
    buttons,
    cell,
    explained,
    finite,
    label,
    line,
    number_box,
    with_unit,
)

if TYPE_CHECKING:
    import pandas as pd

# JupyterLab has no rules for our tables.
CELL = "style='padding: 2px 8px; text-align: left; vertical-align: top'"
__all__ = ["Choice", "Number", "Question", "Range", "Row", "Score"]


class Choice(Question):
    """One of several options; every wrong one has its own explanation.

    Parameters
    ----------
    prompt, why, score
        As in `Question`.
    right : str
        The right option.
    wrong : mapping of str to str
        Each wrong option and why it is wrong. Options are shuffled, the same way each time.

    Raises
    ------
    ValueError
        Where there is no wrong option, or one is without its explanation, or equals the right one.

    Examples
    --------
    >>> q = Choice("2 + 2?", "4", {"5": "One too many."}, why="Count them.")
    >>> q.check("5"), q.feedback
    (False, 'Not quite. One too many.')
    """

    def __init__(
        self, prompt: str, right: str, wrong: Mapping[str, str], why: str, score: Score | None = None
    ) -> None:
        explained(wrong, right)
        self.right, self.wrong = right, dict(wrong)
        # By a checksum: the order gives nothing away and is the same for every reader.
        self.shown = sorted([right, *wrong], key=lambda o: zlib.crc32((prompt + o).encode()))
        self.buttons = buttons(self.shown, "Answer", self.check)
        rows = [
            w.HBox([b, w.HTML(html.escape(text))], layout=w.Layout(align_items="baseline"))
            for b, text in zip(self.buttons, self.shown, strict=True)
        ]
        super().__init__(prompt, why, score, rows)

    def judge(self, answer: Any) -> tuple[bool, str]:
        """Judge the text of an option."""
        if answer not in self.shown:
            raise ValueError(f"no such option: {answer!r}; options: {'; '.join(self.shown)}")
        return (True, self.why) if answer == self.right else (False, self.wrong[answer])

    def solution(self) -> str:
        """Return the right option with its letter."""
        return f"{string.ascii_uppercase[self.shown.index(self.right)]}. {self.right}."

    def options(self) -> list[str]:
        """Return the options with their letters."""
        return [f"{letter}. {o}" for letter, o in zip(string.ascii_uppercase, self.shown, strict=False)]


class Number(Question):
    """A number, right within a tolerance.

    Parameters
    ----------
    prompt, why, score
        As in `Question`.
    right : float
        The right number.
    tolerance : float
        Largest distance that still counts as right.
    wrong : mapping of float to str, optional
        Numbers that a known mistake leads to, and what the mistake is; the same tolerance holds.
    otherwise : str
        What to say to any other wrong number; "too high" or "too low" is put before it.
    unit : str
        Unit, shown beside the box.

    Examples
    --------
    >>> wrong = {7: "That is the count."}
    >>> q = Number("7 of 20 in percent?", 35, why="7 / 20.", wrong=wrong, otherwise="Divide.")
    >>> q.check(7), q.feedback
    (False, 'Not quite. That is the count.')
    >>> q.check(90), q.feedback
    (False, 'Not quite. Too high. Divide.')
    """

    def __init__(
        self,
        prompt: str,
        right: float,
        *,
        why: str,
        otherwise: str,
        tolerance: float = 0.0,
        wrong: Mapping[float, str] | None = None,
        unit: str = "",
        score: Score | None = None,
    ) -> None:
        self.right, self.tolerance, self.unit, self.otherwise = (
            float(right),
            float(tolerance),
            unit,
            otherwise,
        )
        self.wrong = {float(k): v for k, v in (wrong or {}).items()}
        explained(self.wrong, None, least=0)
        if not otherwise.strip():
            raise ValueError("a number needs a word for every other wrong answer (otherwise)")
        if not (math.isfinite(self.right) and self.tolerance >= 0):
            raise ValueError("the right number must be finite and the tolerance 0 or more")
        clash = [k for k in self.wrong if abs(k - self.right) <= self.tolerance]
        if clash:
            raise ValueError(f"{clash[0]:g} is listed as wrong but lies within the tolerance")
        self.box = number_box("Answer")
        super().__init__(prompt, why, score, [line([self.box, *label(unit)], self._press)])

    def _press(self, _: object) -> None:
        self.check(self.box.value)

    def judge(self, answer: Any) -> tuple[bool, str]:
        """Judge a number."""
        value = finite(answer)
        # A hair of slack, so that a tolerance of 0.1 holds in binary arithmetic too.
        slack = self.tolerance + 1e-9
        if abs(value - self.right) <= slack:
            return True, self.why
        near = [k for k in self.wrong if abs(value - k) <= slack]
        if near:
            return False, self.wrong[min(near, key=lambda k: abs(value - k))]
        return False, f"Too {'high' if value > self.right else 'low'}. {self.otherwise}"

    def solution(self) -> str:
        """Return the number with its unit."""
        return f"{self.right:.3g}{with_unit(self.unit)}."


class Range(Question):
    """Two limits, such as those of an interval; each must come close enough.

    Parameters
    ----------
    prompt, why, score
        As in `Question`.
    low, high : float
        The right limits.
    tolerance : float
        Largest distance at either end that still counts as right.
    narrow, wide, shifted : str
        What to say where the learner's range lies inside the right one, where it goes beyond it on both
        sides, and where it lies too far to one side.
    unit : str
        Unit, shown beside the boxes.

    Examples
    --------
    >>> told = {"why": "So.", "narrow": "Too sure.", "wide": "Too shy.", "shifted": "Aside."}
    >>> q = Range("From where to where?", 2, 8, 1, **told)
    >>> q.check((4, 6)), q.feedback
    (False, 'Not quite. Too sure.')
    >>> q.check((2, 7.5))
    True
    """

    def __init__(
        self,
        prompt: str,
        low: float,
        high: float,
        tolerance: float,
        *,
        why: str,
        narrow: str,
        wide: str,
        shifted: str,
        unit: str = "",
        score: Score | None = None,
    ) -> None:
        if not (low < high and tolerance >= 0):
            raise ValueError("a range needs low < high and a tolerance of 0 or more")
        self.low, self.high, self.tolerance, self.unit = float(low), float(high), float(tolerance), unit
        self.said = {"narrow": narrow, "wide": wide, "shifted": shifted}
        explained(self.said, None)
        self.boxes = [number_box("From"), number_box("To")]
        super().__init__(prompt, why, score, [line([*self.boxes, *label(unit)], self._press)])

    def _press(self, _: object) -> None:
        first, last = (box.value for box in self.boxes)
        if first >= last:
            self._tell(False, "Not counted. The first limit must be smaller than the second.")
        else:
            self.check((first, last))

    def judge(self, answer: Any) -> tuple[bool, str]:
        """Judge a pair of limits."""
        first, last = (finite(v) for v in answer)
        if first >= last:
            raise ValueError(f"the first limit must be smaller than the second, not {first:g} and {last:g}")
        slack = self.tolerance + 1e-9
        if abs(first - self.low) <= slack and abs(last - self.high) <= slack:
            return True, self.why
        if first >= self.low - slack and last <= self.high + slack:
            return False, self.said["narrow"]
        if first <= self.low + slack and last >= self.high - slack:
            return False, self.said["wide"]
        return False, self.said["shifted"]

    def solution(self) -> str:
        """Return the limits with their unit."""
        return f"{self.low:.3g} to {self.high:.3g}{with_unit(self.unit)}."


class Row(Question):
    """Which row of a table says so.

    Parameters
    ----------
    prompt, why, score
        As in `Question`.
    table : DataFrame
        A few rows; its index names them.
    right : object
        Index of the right row.
    wrong : mapping, optional
        Index of a wrong row to why it does not say so.
    otherwise : str
        What to say to wrong rows that `wrong` does not name.

    Raises
    ------
    ValueError
        Where the right row is not in the table, or a wrong row is left without an explanation.
    """

    def __init__(
        self,
        prompt: str,
        table: pd.DataFrame,
        right: object,
        *,
        why: str,
        wrong: Mapping[Any, str] | None = None,
        otherwise: str = "",
        score: Score | None = None,
    ) -> None:
        self.table, self.right, self.rows = table, right, list(table.index)
        self.wrong = dict(wrong or {})
        if right not in self.rows:
            raise ValueError(f"the right row {right!r} is not in the table: {self.rows}")
        unknown = [k for k in self.wrong if k not in self.rows]
        if unknown:
            raise ValueError(f"an explanation is for a row that is not in the table: {unknown[0]!r}")
        if not otherwise:
            explained({k: self.wrong.get(k, "") for k in self.rows if k != right}, right)
        self.otherwise = otherwise
        self.buttons = buttons(self.rows, "Row", self.check)
        bar = w.HBox([w.Label("Row:"), *self.buttons], layout=w.Layout(flex_flow="row wrap"))
        super().__init__(prompt, why, score, [w.HTML(self._table()), bar])

    def judge(self, answer: Any) -> tuple[bool, str]:
        """Judge the index of a row."""
        if answer not in self.rows:
            raise ValueError(f"no such row: {answer!r}; rows: {self.rows}")
        return (True, self.why) if answer == self.right else (False, self.wrong.get(answer) or self.otherwise)

    def solution(self) -> str:
        """Return the right row's letter and its text."""
        position = self.rows.index(self.right)
        cells = ", ".join(cell(v) for v in self.table.iloc[position] if cell(v))
        return f"Row {string.ascii_uppercase[position]}: {cells}."

    def options(self) -> list[str]:
        """Return the rows with their letters."""
        rows = self.table.itertuples(index=False)
        return [
            f"{letter}. " + " | ".join(cell(v) for v in row)
            for letter, row in zip(string.ascii_uppercase, rows, strict=False)
        ]

    def _table(self) -> str:
        head = "".join(
            f"<th scope='col' {CELL}>{html.escape(str(c).replace('_', ' '))}</th>" for c in self.table.columns
        )
        rows = "".join(
            f"<tr><th scope='row' {CELL}>{letter}</th>"
            + "".join(f"<td {CELL}>{html.escape(cell(v))}</td>" for v in row)
            + "</tr>"
            for letter, row in zip(string.ascii_uppercase, self.table.itertuples(index=False), strict=False)
        )
        return (
            "<div class='ldn-scroll' style='overflow-x: auto; line-height: 1.4'><table class='ldn-table'>"
            f"<thead><tr><th scope='col' {CELL}>Row</th>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )
