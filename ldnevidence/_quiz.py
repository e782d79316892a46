"""What all self-checks share: the score, the question and its feedback, and the controls."""

from __future__ import annotations

import html
import math
import string
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w
import traitlets as t

RIGHT, WRONG = "Right.", "Not quite."
STYLE = {  # words carry the verdict; the colour of the edge only repeats it
    True: "border-left: 4px solid #007a5a; padding: 2px 10px; margin: 6px 0;",
    False: "border-left: 4px solid #9a5700; padding: 2px 10px; margin: 6px 0;",
}


class Score(w.HTML):
    """How many of a lesson's questions were answered right; every question shows it.

    Attributes
    ----------
    total, answered, right, first : int
        Questions asked so far; answered at all; answered right by now; answered right at the first try.

    Examples
    --------
    >>> from ldnevidence.quiz import Number
    >>> score = Score()
    >>> question = Number("Half of 10?", 5, why="10 / 2.", otherwise="Divide by two.", score=score)
    >>> question.check(5)
    True
    >>> score.sentence
    'Score: 1 of 1 question right, 1 at the first try.'
    """

    total = t.Int(0)
    answered = t.Int(0)
    right = t.Int(0)
    first = t.Int(0)

    def __init__(self) -> None:
        super().__init__()
        # By prompt, so that a cell that is run again does not count twice.
        self._questions: dict[str, Question] = {}
        self._count()

    def add(self, question: Question) -> None:
        """Take in a question, or its new copy when its cell is run again."""
        self._questions[question.prompt] = question
        question.observe(self._count, names=["tries", "correct"])
        self._count()

    @property
    def sentence(self) -> str:
        """The score in words."""
        noun = "question" if self.total == 1 else "questions"
        return f"Score: {self.right} of {self.total} {noun} right, {self.first} at the first try."

    def _count(self, _: object = None) -> None:
        asked = list(self._questions.values())
        self.total = len(asked)
        self.answered = sum(q.tries > 0 for q in asked)
        self.right = sum(q.solved for q in asked)
        self.first = sum(q.first_try for q in asked)
        self.value = f"<p role='status'><small>{self.sentence}</small></p>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Show the widget, with the sentence where widgets do not run."""
        return bundle(super()._repr_mimebundle_(**kwargs), self.sentence, f"<p>{self.sentence}</p>")


class Question(w.VBox):
    """What all questions share: a prompt, an answer to check, and feedback in words.

    Parameters
    ----------
    prompt : str
        The question.
    why : str
        Why the right answer is right; shown after a right answer.
    score : Score, optional
        The notebook's score.

    Attributes
    ----------
    answer : object
        The learner's last answer; None before the first.
    correct : bool or None
        Whether it was right.
    tries : int
        Answers so far.
    solved, first_try : bool
        Whether a right answer was ever given, and whether the first answer was right.
    feedback : str
        What the learner was told.
    """

    answer = t.Any(None)
    correct = t.Bool(None, allow_none=True)
    tries = t.Int(0)
    feedback = t.Unicode("")
    solved = t.Bool(False)
    first_try = t.Bool(False)

    def __init__(self, prompt: str, why: str, score: Score | None, controls: list[w.Widget]) -> None:
        if not prompt.strip() or not why.strip():
            raise ValueError("a question needs a prompt and the reason why its answer is right")
        self.prompt, self.why = prompt, why
        self.score = score
        self._told = w.HTML()
        head = w.HTML(f"<p><strong>Check yourself.</strong> {html.escape(prompt)}</p>")
        super().__init__([head, *controls, self._told, *([score] if score is not None else [])])
        self.add_class("ldn-quiz")
        self.layout = w.Layout(border_left="4px solid #005f9e", padding="4px 12px", margin="8px 0")
        if score is not None:
            score.add(self)

    def judge(self, answer: Any) -> tuple[bool, str]:
        """Return whether an answer is right, and the explanation that belongs to it."""
        raise NotImplementedError

    def solution(self) -> str:
        """Return the right answer in words."""
        raise NotImplementedError

    def options(self) -> list[str]:
        """Return what can be chosen, for the static form; empty where a number is asked for."""
        return []

    def check(self, answer: Any) -> bool:
        """Judge an answer, tell the learner, and count it.

        Parameters
        ----------
        answer : object
            As the kind of question defines it.

        Returns
        -------
        bool
            Whether it is right.

        Raises
        ------
        ValueError
            Where the answer is none that can be given; it is then not counted.
        """
        right, words = self.judge(answer)
        with self.hold_trait_notifications():
            self.answer, self.correct, self.tries = answer, right, self.tries + 1
            self.feedback = f"{RIGHT if right else WRONG} {words}"
            self.first_try = self.first_try or (right and self.tries == 1)
            self.solved = self.solved or right
        self._tell(right, self.feedback)
        return right

    def _tell(self, right: bool, words: str) -> None:
        verdict, _, rest = words.partition(". ")
        self._told.value = (
            f"<div role='status' style='{STYLE[right]}'><strong>{verdict}.</strong> {html.escape(rest)}</div>"
        )

    def _text(self) -> str:
        return "\n".join(
            [f"Question: {self.prompt}", *self.options(), f"Answer: {self.solution()} {self.why}"]
        )

    def _static(self) -> str:
        told = f"{self.solution()} {self.why}"
        items = "".join(f"<li style='list-style: none'>{html.escape(o)}</li>" for o in self.options())
        return (
            f"<div class='ldn-quiz'><p><strong>Check yourself.</strong> {html.escape(self.prompt)}</p>"
            + (f"<ul>{items}</ul>" if items else "")
            + f"<details><summary>Answer</summary><p>{html.escape(told)}</p>"
            "</details></div>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Show the widget; where widgets do not run, the question with its options and folded answer."""
        return bundle(super()._repr_mimebundle_(**kwargs), self._text(), self._static())


def explained(wrong: Mapping[Any, str], right: object, least: int = 1) -> None:
    """Refuse a question that leaves a wrong answer unexplained."""
    if len(wrong) < least:
        raise ValueError("a question needs at least one wrong answer")
    if right is not None and right in wrong:
        raise ValueError(f"{right!r} is listed as right and as wrong")
    bare = [k for k, words in wrong.items() if not words.strip()]
    if bare:
        raise ValueError(f"the wrong answer {bare[0]!r} has no explanation")


def buttons(keys: list[Any], what: str, check: Callable[[Any], object]) -> list[w.Button]:
    """Return one small button a key, lettered; pressing it calls ``check(key)``."""
    if len(keys) > len(string.ascii_uppercase):
        raise ValueError(f"at most {len(string.ascii_uppercase)} options, not {len(keys)}")
    made = []
    for letter, key in zip(string.ascii_uppercase, keys, strict=False):
        button = w.Button(
            description=letter,
            tooltip=f"{what} {letter}",
            layout=w.Layout(width="40px", min_width="40px", flex="0 0 auto"),
        )
        button.on_click(lambda _, key=key: check(key))
        made.append(button)
    return made


def number_box(name: str) -> w.FloatText:
    """Return a box for a number, with its name beside it."""
    return w.FloatText(
        description=name, layout=w.Layout(width="170px"), style={"description_width": "60px"}, step=None
    )


def line(children: list[w.Widget], press: Callable[[object], None]) -> w.HBox:
    """Return the controls in one line with a button that checks them."""
    button = w.Button(description="Check", tooltip="Check this answer", layout=w.Layout(width="80px"))
    button.on_click(press)
    return w.HBox([*children, button], layout=w.Layout(flex_flow="row wrap", align_items="baseline"))


def label(unit: str) -> list[w.Widget]:
    """Return the unit as a label to stand beside a box, if there is one."""
    return [w.Label(unit)] if unit else []


def finite(answer: Any) -> float:
    """Return a finite number, or raise ValueError."""
    value = float(answer)
    if not math.isfinite(value):
        raise ValueError(f"an answer is a finite number, not {answer!r}")
    return value


def with_unit(unit: str) -> str:
    """Return a unit as it stands behind a number: a space before words, none before a percent sign."""
    return unit if unit in ("", "%") else f" {unit}"


def cell(value: object) -> str:
    """Return a table cell as text; an empty one is an empty text."""
    if value is None or str(value) in ("<NA>", "nan"):  # NA refuses every comparison, also with itself
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def bundle(widget: Any, text: str, static: str) -> Any:
    """Put readable forms beside the widget, for pages where no widget can run."""
    data, metadata = widget if isinstance(widget, tuple) else (widget, None)
    data = {**(data or {}), "text/plain": text, "text/html": static}
    return data if metadata is None else (data, metadata)
