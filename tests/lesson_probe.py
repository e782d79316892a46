# Runs as the last cell of a lesson, inside its kernel: moves every control, answers every question.
import gc
import json

from ldnevidence.lesson import Explore
from ldnevidence.quiz import Choice, Number, Question, Range, Row


def another(control):
    """Values of a control other than its own."""
    if hasattr(control, "options"):
        return [value for _, value in control._options_full if value != control.value]
    return [value for value in (control.min, control.max) if value != control.value]


def moves(box, name):
    """Whether some other value of the control draws another picture; every value must draw one."""
    control, first = box.controls[name], box.figure.to_json()
    start, drawn = control.value, []
    for value in another(control):
        control.value = value
        drawn.append(box.figure.to_json())
    control.value = start
    return any(picture != first for picture in drawn)


def wrong_answers(q):
    if isinstance(q, Choice):
        return list(q.wrong)
    if isinstance(q, Row):
        return [key for key in q.rows if key != q.right]
    if isinstance(q, Number):
        far = 10 * (abs(q.right) + q.tolerance + 1)
        return [*q.wrong, q.right + far, q.right - far]
    wide, slack = q.high - q.low, q.tolerance
    inside = (q.low + 0.49 * wide, q.low + 0.51 * wide)
    return [inside, (q.low - wide - slack, q.high + wide + slack), (q.high + slack + 1, q.high + slack + 2)]


def fault(q):
    """What is wrong with a question; empty if it takes the right answer and explains every wrong one."""
    told = []
    for answer in wrong_answers(q):
        if q.check(answer):
            return f"takes {answer!r} as right"
        told.append(q.feedback)
    if len(set(told)) < len(told):
        return "two wrong answers share an explanation"
    right = (q.low, q.high) if isinstance(q, Range) else q.right
    return "" if q.check(right) else f"does not take {right!r}"


# By prompt and by picture; the notebook's own output history holds each object once.
live = gc.get_objects()
boxes = [o for o in live if isinstance(o, Explore) and o.controls]
asked = {o.prompt: o for o in live if isinstance(o, Question)}
print(
    json.dumps(
        {
            "controls": {
                f"{i}: {name}": moves(box, name) for i, box in enumerate(boxes) for name in box.controls
            },
            "questions": {prompt: fault(q) for prompt, q in asked.items()},
            "score": next(iter(asked.values())).score.right,
        }
    )
)
