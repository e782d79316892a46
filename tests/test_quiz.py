"""Self-checks: every answer is explained, the score is honest, and a page without widgets can be read."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnevidence import quiz

TABLE = pd.DataFrame({"arm": ["LDN", "Placebo", "Other"], "value": [45.0, 28.0, None]})


def choice(score=None):
    wrong = {"a tenth": "That is ten of a hundred.", "all": "Nobody said so."}
    return quiz.Choice("How many?", "half", wrong, why="Count them.", score=score)


def number(score=None, **more):
    given = {"why": "7 of 20.", "otherwise": "Divide.", "tolerance": 0.5, "wrong": {7: "The count."}} | more
    return quiz.Number("7 of 20 in percent?", 35, unit="%", score=score, **given)


def limits(score=None):
    said = {"narrow": "Too sure.", "wide": "Too shy.", "shifted": "Aside."}
    return quiz.Range("From where to where?", 2, 8, 1, why="So it is.", score=score, **said)


def row(score=None, **more):
    given = {"wrong": {0: "The drug arm."}, "otherwise": "Not a placebo."} | more
    return quiz.Row("Which row is the placebo?", TABLE, 1, why="It says so.", score=score, **given)


KINDS = {
    "choice": (choice, "half", "all"),
    "number": (number, 35, 7),
    "range": (limits, (2, 8), (4, 5)),
    "row": (row, 1, 0),
}


@pytest.mark.parametrize("make, right, wrong", KINDS.values(), ids=KINDS)
class TestEveryKind:
    def test_starts_unanswered(self, make, right, wrong):
        q = make()
        assert (q.answer, q.correct, q.tries, q.feedback, q.solved) == (None, None, 0, "", False)

    def test_a_right_answer_gets_the_reason_and_a_wrong_one_its_own_explanation(self, make, right, wrong):
        q = make()
        assert q.check(right) and q.correct and q.feedback == f"Right. {q.why}"
        assert not q.check(wrong) and not q.correct and q.why not in q.feedback
        assert q.feedback.startswith("Not quite. ") and len(q.feedback) > len("Not quite. ")

    def test_the_feedback_is_on_the_page(self, make, right, wrong):
        q = make()
        q.check(wrong)
        assert any(q.feedback.split(". ", 1)[1] in getattr(child, "value", "") for child in q.children)

    def test_first_try_is_lost_by_a_wrong_answer_but_solved_is_not(self, make, right, wrong):
        q = make()
        q.check(wrong)
        q.check(right)
        assert (q.solved, q.first_try, q.tries) == (True, False, 2)

    def test_a_wrong_answer_after_a_right_one_takes_nothing_away(self, make, right, wrong):
        q = make()
        q.check(right)
        q.check(wrong)
        assert (q.solved, q.first_try, q.correct) == (True, True, False)

    def test_the_static_page_holds_question_and_folded_answer(self, make, right, wrong):
        bundle = make()._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert "application/vnd.jupyter.widget-view+json" in data
        page, text = data["text/html"], data["text/plain"]
        q = make()
        assert "<details>" in page and page.index(q.prompt) < page.index("<details>") < page.index(
            q.solution()
        )
        assert q.prompt in text and f"Answer: {q.solution()} {q.why}" in text
        assert all(option in text for option in q.options())

    def test_counts_in_the_score(self, make, right, wrong):
        score = quiz.Score()
        q = make(score)
        assert (score.total, score.answered, score.right) == (1, 0, 0)
        q.check(wrong)
        assert (score.answered, score.right, score.first) == (1, 0, 0)
        q.check(right)
        assert (score.right, score.first) == (1, 0)
        assert "1 of 1 question right" in score.value

    def test_state_can_be_observed(self, make, right, wrong):
        q, seen = make(), []
        q.observe(lambda change: seen.append(change["new"]), names="correct")
        q.check(wrong)
        q.check(right)
        assert seen == [False, True]


class TestChoice:
    def test_every_option_has_a_button_that_checks_it(self):
        for position in range(3):
            q = choice()
            q.buttons[position].click()
            assert q.answer == q.shown[position]

    def test_options_are_shuffled_the_same_way_each_time(self):
        assert choice().shown == choice().shown
        assert sorted(choice().shown) == ["a tenth", "all", "half"]

    def test_shuffling_does_not_favour_a_place(self):
        wrong = {"b": "No.", "c": "No.", "d": "No."}
        places = [quiz.Choice(f"Question {i}?", "a", wrong, why="Yes.").shown.index("a") for i in range(200)]
        assert all(25 <= places.count(place) <= 80 for place in range(4))

    @pytest.mark.parametrize("wrong", [{}, {"half": "Right and wrong?"}, {"all": " "}])
    def test_a_question_without_explained_wrong_answers_is_refused(self, wrong):
        with pytest.raises(ValueError):
            quiz.Choice("How many?", "half", wrong, why="Count them.")

    def test_an_answer_that_is_no_option_is_not_counted(self):
        q = choice()
        with pytest.raises(ValueError, match="no such option"):
            q.check("some")
        assert q.tries == 0


class TestNumber:
    @given(st.floats(-1000, 1000))
    def test_is_right_exactly_within_the_tolerance(self, value):
        distance = abs(value - 35)
        if abs(distance - 0.5) > 1e-6:
            assert number().check(value) == (distance < 0.5)

    def test_the_ends_of_the_tolerance_count_in_spite_of_binary_fractions(self):
        q = quiz.Number("Sum?", 0.3, tolerance=0.1, why="So.", otherwise="Add.")
        assert q.check(0.1 + 0.2) and q.check(0.4) and q.check(0.2)

    def test_a_known_mistake_is_named_and_others_are_told_the_direction(self):
        q = number()
        q.check(7.2)
        assert q.feedback == "Not quite. The count."
        q.check(60)
        assert q.feedback == "Not quite. Too high. Divide."
        q.check(-60)
        assert q.feedback == "Not quite. Too low. Divide."

    def test_the_box_and_the_button_are_enough(self):
        q = number()
        q.box.value = 35
        q._press(None)
        assert q.correct

    def test_a_mistake_within_the_tolerance_is_refused(self):
        with pytest.raises(ValueError, match="within the tolerance"):
            number(wrong={35.2: "Nearly."})

    def test_no_word_for_other_answers_is_refused(self):
        with pytest.raises(ValueError, match="otherwise"):
            number(otherwise=" ")

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_no_number_is_no_answer(self, bad):
        q = number()
        with pytest.raises(ValueError, match="finite"):
            q.check(bad)
        assert q.tries == 0


class TestRange:
    @pytest.mark.parametrize(
        "answer, words",
        [((4, 5), "Too sure."), ((2, 5), "Too sure."), ((-9, 20), "Too shy."), ((2, 20), "Too shy."),
         ((5, 20), "Aside."), ((20, 30), "Aside."), ((-9, 5), "Aside.")],
    )  # fmt: skip
    def test_says_in_what_way_it_is_wrong(self, answer, words):
        q = limits()
        assert not q.check(answer)
        assert q.feedback == f"Not quite. {words}"

    @given(st.floats(-50, 50), st.floats(0.01, 50))
    def test_is_right_exactly_when_both_ends_are_close(self, low, width):
        high = low + width
        gaps = (abs(low - 2), abs(high - 8))
        if all(abs(gap - 1) > 1e-6 for gap in gaps):
            assert limits().check((low, high)) == (max(gaps) < 1)

    def test_limits_the_wrong_way_round_are_told_and_not_counted(self):
        q = limits()
        q.boxes[0].value, q.boxes[1].value = 8, 2
        q._press(None)
        assert q.tries == 0 and any("Not counted" in getattr(c, "value", "") for c in q.children)

    def test_a_right_range_that_is_no_range_is_refused(self):
        with pytest.raises(ValueError, match="low < high"):
            quiz.Range("?", 8, 2, 1, why="So.", narrow="a", wide="b", shifted="c")


class TestRow:
    def test_every_row_has_a_lettered_button(self):
        q = row()
        assert [b.description for b in q.buttons] == ["A", "B", "C"]
        q.buttons[1].click()
        assert q.correct and q.answer == 1

    def test_the_table_is_shown_with_empty_cells_empty(self):
        page = row()._table()
        assert "Placebo" in page and "nan" not in page

    def test_an_unexplained_wrong_row_is_refused(self):
        with pytest.raises(ValueError, match="no explanation"):
            row(otherwise="")

    @pytest.mark.parametrize("right", [9, "placebo"])
    def test_a_right_row_outside_the_table_is_refused(self, right):
        with pytest.raises(ValueError, match="not in the table"):
            quiz.Row("Which?", TABLE, right, why="So.", otherwise="No.")


class TestScore:
    def test_adds_up_over_questions_of_every_kind(self):
        score = quiz.Score()
        made = [(make(score), right, wrong) for make, right, wrong in KINDS.values()]
        for q, right, _ in made[:3]:
            q.check(right)
        made[3][0].check(made[3][2])
        assert (score.total, score.answered, score.right, score.first) == (4, 4, 3, 3)

    def test_a_cell_that_is_run_again_does_not_count_twice(self):
        score = quiz.Score()
        choice(score).check("half")
        again = choice(score)
        assert (score.total, score.right) == (1, 0)
        again.check("half")
        assert (score.total, score.right) == (1, 1)

    def test_two_notebooks_do_not_share_a_score(self):
        one, two = quiz.Score(), quiz.Score()
        choice(one).check("half")
        assert (one.right, two.right) == (1, 0)

    def test_text_is_shown_as_text(self):
        q = quiz.Choice("<b>1 < 2?</b>", "<i>yes</i>", {"no & no": "<u>It is.</u>"}, why="Order.")
        q.check("no & no")
        shown = " ".join(getattr(child, "value", "") for child in q.children) + q._static()
        assert "<b>1" not in shown and "<i>" not in shown and "<u>" not in shown
