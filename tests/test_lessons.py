"""The lessons as a teacher needs them: they run, they keep their form, and no number in them is unchecked."""

import ast
import json
import os
import re
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

import ldnevidence as ldn
from ldnevidence import lesson, lesson_tools
from ldnevidence.paths import root

FOLDER = root() / "notebooks"
LESSONS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
COMPARED = lesson_tools.COMPARED
KINDS = {"Choice", "Number", "Range", "Row"}
WORDS_OF_A_QUESTION = {"why", "otherwise", "narrow", "wide", "shifted", "prompt"}

# Numbers that are no data: a reason for each.
ALLOWED = {
    "0": "the value of no difference and of no correlation",
    "1": "the value of no ratio, and an end of a scale",
    "95": "the usual level of confidence, and the name of the ED95",
    "100": "the base of a percentage",
}
NO_DATA = re.compile(
    r"https?://\S+|`[^`]*`|<[^>]+>|\]\([^)]*\)"  # addresses, code, tags
    r"|(?i:lessons? \d+(?: (?:to|and) \d+)*)|\d+(?: to \d+)? minutes"  # lessons and their time
    r"|(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d)"  # years
    r"|^#+ \d+\.",  # the number of a lesson in its title
    re.MULTILINE,
)


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@cache
def executed(path):
    """The lesson after a run, with one more cell that moves every control and answers every question."""
    probe = Path(__file__).with_name("lesson_probe.py").read_text(encoding="utf-8")
    return lesson_tools.run(path, more=probe)


def cells(path, kind):
    return [c for c in read(path).cells if c.cell_type == kind]


def prose(path):
    return "\n\n".join(c.source for c in cells(path, "markdown"))


def calls(path):
    """Every call in the lesson's code, with the dotted name of what is called."""
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node


def texts(node):
    """String constants in an expression; of an f-string only what is typed, not what is computed."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def question_words(call):
    """What a question says: prompt, reason and explanations, but not the options that a learner may pick."""
    said = texts(call.args[0])
    for keyword in call.keywords:
        if keyword.arg in WORDS_OF_A_QUESTION:
            said += texts(keyword.value)
        if keyword.arg == "wrong" and isinstance(keyword.value, ast.Dict):
            said += [word for value in keyword.value.values for word in texts(value)]
    return said


def quoted_numbers(text):
    return {number.replace(",", "") for number in lesson.NUMBER.findall(NO_DATA.sub(" ", text))}


def checked_numbers(path):
    """Numbers held by a cell: quoted in a check of computed values, or in an output that nbval compares."""
    held = set()
    for name, call in calls(path):
        if name == "lesson.check":
            held |= {number.replace(",", "") for number in lesson.NUMBER.findall(call.args[0].value)}
    for cell in cells(path, "code"):
        if cell.source.startswith(COMPARED):
            for output in cell.outputs:
                text = output.get("text") or output.get("data", {}).get("text/plain", "")
                held |= {number.replace(",", "") for number in lesson.NUMBER.findall(text)}
    return held


def test_there_are_lessons_numbered_without_a_gap():
    assert [int(p.name[:2]) for p in LESSONS] == list(range(len(LESSONS))) and len(LESSONS) >= 5


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
class TestForm:
    def test_is_a_valid_notebook_for_any_python_3_kernel(self, path):
        nbformat.validate(read(path))
        assert read(path).metadata.kernelspec.name == "python3"
        assert read(path).metadata.title

    def test_keeps_outputs_only_where_they_are_compared_and_these_are_text(self, path):
        for cell in cells(path, "code"):
            if not cell.source.startswith(COMPARED):
                assert cell.outputs == [] and cell.execution_count is None, cell.source
            else:
                kinds = {o.output_type for o in cell.outputs}
                assert cell.execution_count == 1, "nbval takes a cell without a count for one never run"
                assert cell.outputs and kinds == {"stream"}, cell.source

    def test_has_no_cell_over_15_lines(self, path):
        for cell in read(path).cells:
            assert len(cell.source.splitlines()) <= 15, cell.source

    def test_has_a_median_code_cell_of_at_most_5_lines(self, path):
        lengths = [len(c.source.splitlines()) for c in cells(path, "code")]
        assert statistics.median(lengths) <= 5

    def test_texts_are_short(self, path):
        for cell in cells(path, "markdown"):
            if "|---|" not in cell.source and "- " not in cell.source:
                assert len(cell.source.split()) <= 110, cell.source

    def test_text_and_code_alternate(self, path):
        run, kinds = (
            0,
            [c.cell_type for c in read(path).cells if "solution" not in c.metadata.get("tags", [])],
        )
        for before, kind in pairwise(kinds):
            run = run + 1 if kind == before == "code" else 0
            assert run < 4, "more than four code cells in a row"

    def test_opens_with_a_question_and_goals(self, path):
        first, second = (c.source for c in cells(path, "markdown")[:2])
        assert first.startswith("# ") and "?" in first and "minutes" in first
        assert "not medical advice" in first
        assert second.startswith("## Goals") and second.count("\n- ") >= 3

    def test_ends_with_glossary_references_and_score(self, path):
        heads = [line for line in prose(path).splitlines() if line.startswith("## ")]
        assert heads[-3:] == ["## Exercise", "## Glossary", "## References"]
        assert any(name == "lesson.references" for name, _ in calls(path))
        assert cells(path, "code")[-1].source == "score"

    def test_every_exercise_has_a_folded_solution_after_it(self, path):
        exercises = [i for i, c in enumerate(read(path).cells) if c.source.startswith("## Exercise")]
        assert exercises
        for i in exercises:
            after = [c for c in read(path).cells[i + 1 : i + 4] if "solution" in c.metadata.get("tags", [])]
            assert after and re.match(r"<details>\n<summary>.+</summary>\n\n", after[0].source)
            assert after[0].source.endswith("\n\n</details>")

    def test_every_term_in_bold_is_in_the_glossary_and_the_other_way_round(self, path):
        body, _, box = prose(path).partition("## Glossary")
        terms = set(re.findall(r"^\| \*\*(.+?)\*\* \|", box, re.MULTILINE))
        assert set(re.findall(r"\*\*(.+?)\*\*", body)) == terms and len(terms) >= 5

    def test_folds_the_code_that_holds_answers(self, path):
        for cell in cells(path, "code"):
            if re.search(r"quiz\.(Choice|Number|Range|Row)\(", cell.source):
                assert cell.metadata.get("jupyter", {}).get("source_hidden") and "quiz" in cell.metadata.tags

    def test_has_two_interactions_and_questions_of_all_four_kinds(self, path):
        names = [name for name, _ in calls(path)]
        assert sum(name in ("lesson.explore", "explore") for name in names) >= 2
        asked = [name.removeprefix("quiz.") for name in names if name.startswith("quiz.")]
        assert set(asked) >= KINDS and len([a for a in asked if a in KINDS]) >= 4

    def test_says_nothing_that_is_not_ours_to_say(self, path):
        assert not re.search(r"\b(proven|is safe|you should take|your dose)\b", prose(path), re.IGNORECASE)


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
class TestNumbers:
    def test_every_number_in_the_prose_is_checked_by_a_cell(self, path):
        loose = quoted_numbers(prose(path)) - checked_numbers(path) - set(ALLOWED)
        assert not loose, f"quoted but not checked: {sorted(loose)}"

    def test_every_number_that_a_question_says_is_checked_by_a_cell(self, path):
        said = " ".join(
            word for name, call in calls(path) if name.startswith("quiz.") and call.args
            for word in question_words(call)
        )  # fmt: skip
        loose = quoted_numbers(said) - checked_numbers(path) - set(ALLOWED)
        assert not loose, f"said but not checked: {sorted(loose)}"

    def test_no_check_compares_a_number_with_itself(self, path):
        for name, call in calls(path):
            if name == "lesson.check":
                assert isinstance(call.args[0], ast.Constant), "the quoted text must be typed, not computed"
                assert len(call.args) > 1
                bare = [a for a in call.args[1:] if isinstance(a, (ast.Constant, ast.UnaryOp))]
                assert not bare, ast.unparse(call)

    def test_every_study_that_the_code_reads_is_among_the_references(self, path):
        known = set(ldn.load().sources["cite_key"])
        code = "\n".join(c.source for c in cells(path, "code"))
        used = {key for key in re.findall(r"""["']([a-z_]+\d{4}[a-z]*)[."']""", code) if key in known}
        listed = {t for name, call in calls(path) if name == "lesson.references" for t in texts(call)}
        assert used - listed == set() and listed


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
class TestRun:
    def test_runs_and_every_control_changes_its_picture(self, path):
        moved = found(path)["controls"]
        assert len(moved) >= 2 and all(moved.values()), moved

    def test_every_question_takes_its_right_answer_and_explains_every_wrong_one(self, path):
        asked = found(path)["questions"]
        assert len(asked) >= 4
        for prompt, fault in asked.items():
            assert fault == "", f"{prompt}: {fault}"

    def test_the_score_counts_every_question(self, path):
        assert found(path)["score"] == len(found(path)["questions"])

    def test_a_page_without_widgets_shows_pictures_and_questions(self, path):
        pages = [
            o.data.get("text/html", "")
            for c in executed(path).cells[:-1] if c.cell_type == "code"
            for o in c.outputs if o.output_type in ("display_data", "execute_result")
        ]  # fmt: skip
        assert sum("ldn-figure" in page for page in pages) >= 2
        assert sum("<summary>Answer</summary>" in page for page in pages) >= 4


def found(path):
    """What the probe cell printed."""
    return json.loads(executed(path).cells[-1].outputs[0].text)


class TestTools:
    def test_a_clean_copy_has_no_solutions_and_still_has_the_questions(self, tmp_path):
        for path in LESSONS:
            copy = nbformat.read(lesson_tools.clean_copy(path, tmp_path), as_version=4)
            nbformat.validate(copy)
            text = "\n".join(c.source for c in copy.cells)
            assert "<summary>Solution" not in text and "## Exercise" in text and "quiz.Choice(" in text
            assert all(not c.get("outputs") for c in copy.cells)

    def test_a_clean_copy_never_overwrites_the_lesson(self):
        with pytest.raises(ValueError, match="overwrite"):
            lesson_tools.clean_copy(LESSONS[0], FOLDER)

    def test_refreshing_a_lesson_gives_back_the_lesson_as_it_is_kept(self, tmp_path):
        copy = tmp_path / LESSONS[2].name
        copy.write_bytes(LESSONS[2].read_bytes())
        assert read(lesson_tools.refresh(copy)) == read(LESSONS[2])

    def test_an_exported_page_asks_no_other_host(self, tmp_path):
        page = lesson_tools.export(LESSONS[0], tmp_path / "page.html").read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']([^\"']+)", page)
        assert loaded == []
        assert page.count('class="ldn-figure"') >= 2 and "<summary>Answer</summary>" in page

    @pytest.mark.parametrize("command", ["copy", "export", "serve", "refresh"])
    def test_a_wrong_name_is_told_in_one_line(self, command, tmp_path, capsys):
        where = ["--to", str(tmp_path)] if command in ("copy", "export") else []
        assert lesson_tools.main([command, "none.ipynb", *where]) == 2
        assert capsys.readouterr().err == "error: no such lesson: none.ipynb\n"

    def test_serving_on_a_port_that_is_taken_or_none_is_told_in_one_line(self, capsys):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for wrong, told in (port, f"port {port} is taken"), (70000, "a port lies between 1 and 65535"):
                assert (
                    lesson_tools.main(["serve", str(LESSONS[0]), "--no-browser", "--port", str(wrong)]) == 2
                )
                said = capsys.readouterr().err
                assert said.startswith(f"error: {told}") and said.count("\n") == 1

    def test_lessons_run_in_turn_do_not_see_each_other(self, tmp_path):
        first, second = nbformat.v4.new_notebook(), nbformat.v4.new_notebook()
        first.cells = [nbformat.v4.new_code_cell("kept = 1")]
        second.cells = [nbformat.v4.new_code_cell("print('kept' in globals())")]
        paths = [tmp_path / "a.ipynb", tmp_path / "b.ipynb"]
        for notebook, path in zip((first, second), paths, strict=True):
            nbformat.write(notebook, path)
        assert lesson_tools.run_in_turn(paths)[1].cells[0].outputs[0].text == "False\n"


def commands_of_the_teacher():
    """Every command of the README that makes files, as it is written there."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return re.findall(
        r"^    (python -m ldnevidence\.lesson_tools (?:copy|export|refresh) .+)$", text, re.MULTILINE
    )


class TestReadme:
    def test_names_commands_to_copy_to_export_and_to_refresh(self):
        assert {command.split()[3] for command in commands_of_the_teacher()} == {"copy", "export", "refresh"}

    @pytest.mark.parametrize("command", commands_of_the_teacher(), ids=lambda c: c.split()[3])
    def test_a_command_runs_as_it_is_written(self, command, tmp_path):
        (tmp_path / "notebooks").mkdir()
        two = LESSONS[:2]  # the pattern in the command finds those that are there
        for path in two:
            shutil.copy(path, tmp_path / "notebooks")
        words = command.replace("python", shlex.quote(sys.executable), 1)
        environment = os.environ | {"PYTHONPATH": str(root())}
        done = subprocess.run(
            words, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        made = [Path(tmp_path / line) for line in done.stdout.splitlines()]
        assert [p.stem for p in made] == [p.stem for p in two if "*" in command or p.name in command]
        assert all(p.is_file() for p in made)

    def test_gives_each_lesson_the_time_that_the_lesson_gives_itself(self):
        table = (FOLDER / "README.md").read_text(encoding="utf-8")
        for path in LESSONS:
            minutes = re.search(r"\*(?:About )?(\d+(?: to \d+)?) minutes", prose(path)).group(1)
            assert re.search(
                rf"^\| {int(path.name[:2])} \| `{path.stem}` \| {minutes} \|", table, re.MULTILINE
            )


class TestCheck:
    @pytest.mark.parametrize(
        "quoted, values",
        [
            ("45%", (44.897,)),
            ("0.05", (0.0549,)),
            ("4,000 of 12", (4000, 12)),
            ("-0.34", (-0.34,)),
            ("2.5", (2.45,)),
        ],
    )
    def test_takes_what_rounds_to_the_quoted_number(self, quoted, values):
        assert str(lesson.check(quoted, *values)) == f"Checked: {quoted}."

    @pytest.mark.parametrize("quoted, values", [("45%", (44.4,)), ("0.05", (0.056,)), ("2.50", (2.45,))])
    def test_refuses_what_does_not(self, quoted, values):
        with pytest.raises(ValueError, match="but it is"):
            lesson.check(quoted, *values)

    @pytest.mark.parametrize("quoted, values", [("no number", ()), ("1 and 2", (1,)), ("1", (1, 2))])
    def test_refuses_a_different_count(self, quoted, values):
        with pytest.raises(ValueError, match="are quoted"):
            lesson.check(quoted, *values)

    def test_refuses_what_is_not_a_number(self):
        with pytest.raises(ValueError, match="nan"):
            lesson.check("3", float("nan"))

    def test_the_rule_finds_a_loose_number(self):
        assert quoted_numbers("Of 137 people in 2013, `n=5` [x](a1 2), 44% came; 25 minutes, lesson 3.") == {
            "137",
            "44",
        }
