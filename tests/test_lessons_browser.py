"""The lessons as a student meets them in Chromium: all as pages under Voila, two of them in JupyterLab."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from ldnevidence.paths import root
from tests import browser

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
LESSONS = sorted((root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
IN_LAB = LESSONS[1:3]
PATIENCE = 60_000  # milliseconds; a limit for hanging, not a measure of speed
KINDS = ("Choice", "Number", "Range", "Row")
# Whether the picture of a box differs from what it was, and is drawn.
REDRAWN = """([box, before]) => {
  const data = box.querySelector(".ldn-figure script");
  return data && data.textContent !== before && box.querySelector(".ldn-figure .main-svg") !== null;
}"""
WIDEST = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
ANSWERED = "([box, before]) => box.querySelector('[role=status]').outerHTML !== before"


def questions(path: Path) -> list[tuple[str, str, ast.Call]]:
    """Kind, words and call of every question of a lesson, in order."""
    calls = []
    for cell in nbformat.read(path, as_version=4).cells:
        for node in ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("quiz."):
                kind = ast.unparse(node.func).removeprefix("quiz.")
                if kind in KINDS:
                    calls.append((kind, ast.literal_eval(node.args[0]), node))
    return calls


def given(call: ast.Call, name: str, position: int) -> Any:
    """Return a typed argument of a question, by keyword or by place."""
    keywords = {k.arg: k.value for k in call.keywords}
    return ast.literal_eval(keywords.get(name) or call.args[position])


@contextmanager
def running(command: Sequence[str], address: str, folder: Path, **variables: str) -> Iterator[None]:
    """Run a server in a process group of its own until it is no longer needed."""
    environment = os.environ | {"PYTHONPATH": str(root())} | variables
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdout=quiet, stderr=quiet, env=environment, cwd=folder, start_new_session=True
    )
    try:
        browser._wait_until_answers(address, process)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


class Lesson:
    """One lesson in one page, with a record of what it asked for and complained of."""

    def __init__(self, chromium: Any, url: str, path: Path) -> None:
        self.path, self.questions = path, questions(path)
        self.page = chromium.new_page(viewport={"width": 1280, "height": 900})
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("console", self._hear)
        self.page.goto(url, wait_until="commit")

    def _hear(self, message: Any) -> None:
        # On a slow machine Jupyter's own front end can lose the widgets once; the page then reloads itself.
        if message.type == "error" and "widget model not found" not in message.text:
            self.complaints.append(message.text)

    def quiz(self, prompt: str) -> Any:
        """Return the frame of a question."""
        found = self.page.locator(".ldn-quiz").filter(has_text=browser.plain(prompt))
        assert found.count() == 1, prompt
        return found

    def told(self, box: Any, act: Any) -> str:
        """Do something to a question, wait until it answers, and return what it says."""
        box = box.element_handle()
        status = box.query_selector("[role=status]")
        before = status.evaluate("node => node.outerHTML")
        act()
        self.page.wait_for_function(ANSWERED, arg=[box, before], timeout=PATIENCE)
        return browser.plain(box.query_selector("[role=status]").inner_text())

    def enter(self, box: Any, *numbers: float) -> str:
        """Type numbers into a question and press its button."""
        for field, number in zip(box.locator("input[type=number]").all(), numbers, strict=True):
            field.fill(f"{number:g}")
        return self.told(box, box.get_by_role("button", name="Check").click)

    def press_all(self, box: Any) -> dict[str, str]:
        """Press every lettered button, the right one again at the end; return what each letter said."""
        said = {}
        for button in box.get_by_role("button").all():
            said[button.inner_text().strip()] = self.told(box, button.click)
        right = [letter for letter, words in said.items() if words.startswith("Right.")]
        assert len(right) == 1, said
        if right[0] != list(said)[-1]:
            self.told(box, box.get_by_role("button", name=right[0], exact=True).click)
        return said

    def close(self) -> None:
        """Leave the page."""
        self.page.close()


# -- every lesson, as a page under Voila --------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with all lessons, started by the command that a teacher types."""
    port = browser.free_port()
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "ldnevidence.lesson_tools", "serve", "--no-browser", "--port", str(port)]
    with running([*command, *map(str, LESSONS)], address, tmp_path_factory.mktemp("serve")):
        yield address


@pytest.fixture(scope="module")
def shelf(chromium: Any, pages: str) -> Iterator[dict[Path, Lesson]]:
    """Lessons that were opened and not yet closed."""
    opened: dict[Path, Lesson] = {}
    yield opened
    for lesson in opened.values():
        lesson.close()


@pytest.fixture(scope="module", params=LESSONS, ids=lambda p: p.stem)
def lesson(request: Any, chromium: Any, pages: str, shelf: dict[Path, Lesson]) -> Iterator[Lesson]:
    """A lesson that has come; the next one is already on its way, so that both processors work."""
    place = LESSONS.index(request.param)
    for path in LESSONS[place : place + 2]:
        if path not in shelf:
            shelf[path] = Lesson(chromium, f"{pages}voila/render/{path.name}", path)
    opened = shelf[request.param]
    opened.page.wait_for_selector(".ldn-quiz button", timeout=PATIENCE)
    opened.page.wait_for_selector(".ldn-figure .main-svg", timeout=PATIENCE)
    yield opened
    shelf.pop(request.param).close()


class TestUnderVoila:
    def test_the_page_comes_with_its_title_all_pictures_and_no_code(self, lesson: Lesson) -> None:
        title = nbformat.read(lesson.path, as_version=4).metadata.title
        assert lesson.page.title() == title
        assert title in browser.plain(lesson.page.locator("h1").inner_text())
        figures = lesson.page.locator(".ldn-figure")
        assert figures.count() == lesson.page.locator(".ldn-figure:has(.main-svg)").count() >= 2
        assert lesson.page.locator(".ldn-quiz").count() == len(lesson.questions) >= 4
        assert "from ldnevidence import lesson" not in lesson.page.locator("#main").inner_text()

    def test_moving_a_control_changes_its_picture(self, lesson: Lesson) -> None:
        boxes = lesson.page.locator(".ldn-explore:has(select), .ldn-explore:has(.noUi-handle)").all()
        assert len(boxes) >= 2
        for box in boxes:
            before = box.locator(".ldn-figure script").text_content()
            if (handle := box.locator(".noUi-handle")).count():
                name = handle.first.get_attribute("aria-label")
                assert name and name == box.locator(".widget-slider .widget-label").first.inner_text()
                far = handle.first.get_attribute("aria-valuenow") == handle.first.get_attribute(
                    "aria-valuemax"
                )
                handle.first.press("Home" if far else "End")
            else:
                chosen = box.locator("select").first
                here, options = chosen.input_value(), chosen.locator("option").all_inner_texts()
                chosen.select_option(label=next(o for o in reversed(options) if o != here))
            lesson.page.wait_for_function(REDRAWN, arg=[box.element_handle(), before], timeout=PATIENCE)

    def test_every_question_explains_wrong_answers_and_takes_the_right_one(self, lesson: Lesson) -> None:
        for kind, prompt, call in lesson.questions:
            box = lesson.quiz(prompt)
            if kind in ("Choice", "Row"):
                said = lesson.press_all(box)
                wrong = [words for words in said.values() if not words.startswith("Right.")]
                assert len(set(wrong)) == len(said) - 1, said
                assert all(words.startswith("Not quite. ") and len(words) > 20 for words in wrong), said
            elif kind == "Number":
                right = given(call, "right", 1)
                high = lesson.enter(box, right + 1000 * (abs(right) + 1))
                assert high.startswith("Not quite. Too high. "), high
                # One known mistake; the others are answered in test_lessons.py, without a browser.
                for mistake, words in list(given(call, "wrong", 9).items())[:1]:
                    assert lesson.enter(box, mistake) == f"Not quite. {browser.plain(words)}"
                assert lesson.enter(box, right).startswith("Right. ")
            else:
                low, high = given(call, "low", 1), given(call, "high", 2)
                gap = 10 * (high - low) + 10 * given(call, "tolerance", 3) + 10
                words = browser.plain(given(call, "shifted", 9))
                assert lesson.enter(box, high + gap, high + 2 * gap) == f"Not quite. {words}"
                assert lesson.enter(box, low, high).startswith("Right. ")
        count = len(lesson.questions)
        lesson.page.get_by_text(f"Score: {count} of {count} questions right, ").last.wait_for(
            timeout=PATIENCE
        )

    @pytest.mark.parametrize("width", [1280, 390])
    def test_accessibility_rules_hold_and_nothing_scrolls_sideways(self, lesson: Lesson, width: int) -> None:
        from axe_playwright_python.sync_playwright import Axe

        lesson.page.set_viewport_size({"width": width, "height": 900})
        lesson.page.evaluate(SETTLED)
        assert lesson.page.evaluate(WIDEST) <= width
        # What a chart draws inside its labelled figure is the same at every width: looked at once.
        inside = None if width > 390 else {"exclude": [[".main-svg"]]}
        found = Axe().run(lesson.page, context=inside)
        assert found.violations_count == 0, found.generate_report()

    def test_no_request_leaves_this_machine_and_nothing_of_ours_complains(self, lesson: Lesson) -> None:
        hosts = {url.split("/")[2].split(":")[0] for url in lesson.requests if url.startswith(("http", "ws"))}
        assert hosts == {"127.0.0.1"}
        assert lesson.complaints == []


def test_several_lessons_stand_behind_a_list_with_their_titles(chromium: Any, pages: str) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    page.goto(pages)
    titles = [nbformat.read(path, as_version=4).metadata.title for path in LESSONS]
    assert page.locator("main li").all_inner_texts() == titles
    page.close()


def test_the_last_lesson_writes_the_report_of_five_claims_on_one_sheet(
    chromium: Any, pages: str, tmp_path: Path
) -> None:
    lesson = Lesson(chromium, f"{pages}voila/render/{LESSONS[-1].name}", LESSONS[-1])
    page = lesson.page
    verdicts = page.get_by_label("My verdict", exact=True)
    verdicts.nth(4).wait_for(timeout=PATIENCE)
    for chosen in verdicts.all():
        chosen.select_option(index=2)
    page.get_by_label("Note", exact=True).first.fill("Looked up & recomputed.")
    page.get_by_role("button", name="Write my page").click()
    page.locator("td", has_text="Looked up & recomputed.").wait_for(state="attached", timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my page").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    page.goto(report.as_uri())
    assert page.locator("h2").count() == 5
    assert "not judged yet" not in page.locator("body").inner_text()
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    lesson.close()


# -- JupyterLab ---------------------------------------------------------------------------------------------

READY = """async () => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  await context.ready;
  await context.session.kernel.info;
}"""
RUN_ALL = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
FAULTS = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
FINISHED = """faults => {
  const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")];
  return /\\d/.test(prompts.at(-1).textContent) || document.querySelector(faults) !== null;
}"""
CHANGED = "([box, before]) => box.querySelector('.main-svg')?.outerHTML !== before"


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab with copies of the lessons, and with settings of its own."""
    folder = tmp_path_factory.mktemp("lab")
    for path in IN_LAB:
        shutil.copy(path, folder)
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Cells out of sight stay in the page, so that they can be looked for.
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    port = browser.free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    address = f"http://127.0.0.1:{port}/"
    with running(command, address + "api", folder, **own):
        yield address


@pytest.mark.parametrize("path", IN_LAB, ids=lambda p: p.stem)
def test_a_lesson_runs_in_jupyterlab_its_controls_move_and_its_questions_answer(
    chromium: Any, laboratory: str, path: Path
) -> None:
    lesson = Lesson(chromium, f"{laboratory}lab/tree/{path.name}?reset", path)
    page = lesson.page
    page.wait_for_selector(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt", timeout=PATIENCE)
    page.evaluate(READY)
    page.evaluate(RUN_ALL)
    page.wait_for_function(FINISHED, arg=FAULTS, timeout=PATIENCE)
    assert page.locator(FAULTS).count() == 0, page.locator(FAULTS).first.inner_text()

    box = page.locator(".ldn-explore:has(.noUi-handle)").first
    drawn = box.locator(".main-svg").first
    drawn.wait_for(timeout=PATIENCE)
    before = drawn.evaluate("node => node.outerHTML")
    box.locator(".noUi-handle").first.press("End")
    page.wait_for_function(CHANGED, arg=[box.element_handle(), before], timeout=PATIENCE)

    prompt = next(words for kind, words, _ in lesson.questions if kind == "Choice")
    said = lesson.press_all(lesson.quiz(prompt))
    assert sum(words.startswith("Right.") for words in said.values()) == 1
    page.get_by_text(f"Score: 1 of {len(lesson.questions)} questions right").first.wait_for(timeout=PATIENCE)
    hosts = {url.split("/")[2].split(":")[0] for url in lesson.requests if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}
    lesson.close()
