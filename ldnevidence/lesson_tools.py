"""Lessons for a class: a copy without solutions, a page without a server, a server for lessons.

Run it as ``python -m ldnevidence.lesson_tools copy|export|serve|refresh``.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).parent / "app" / "jupyter"
COMPARED = "# NBVAL_CHECK_OUTPUT"  # how a cell begins whose output is kept and compared
SOLUTION = "solution"  # the tag of cells that a learner's copy leaves out
TABLE = "<div class='ldn-scroll' role='group' aria-label='Table' tabindex='0'>"
STYLE = """
body { font: 17px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
       color: #1f2933; max-width: 760px; margin: 0 auto; padding: 16px; }
table { border-collapse: collapse; font-size: 15px; } .ldn-scroll { overflow-x: auto; }
th, td { border: 1px solid #d3dae1; padding: 4px 8px; text-align: left; vertical-align: top; }
pre { overflow-x: auto; background: #f4f6f8; padding: 8px; white-space: pre-wrap; }
.ldn-quiz { border: 1px solid #d3dae1; border-left: 4px solid #005f9e; background: #f4f6f8;
            padding: 8px 12px; margin: 12px 0; }
.ldn-checked { color: #52606d; } a { color: #005f9e; }
details { margin: 8px 0; } summary { cursor: pointer; color: #005f9e; }
"""
DRAW = """
document.addEventListener("DOMContentLoaded", () => {
 for (const node of document.querySelectorAll(".ldn-figure")) {
  const figure = JSON.parse(node.querySelector('script[type="application/json"]').textContent);
  Plotly.newPlot(node, figure.data, figure.layout, { responsive: true, displaylogo: false });
}});
"""


def clean_copy(notebook: Path, folder: Path) -> Path:
    """Write a learner's copy: without solutions, without outputs.

    Cells with the tag "solution" go. The self-checks stay: their code is folded, and they need it to run.

    Parameters
    ----------
    notebook : Path
        The lesson.
    folder : Path
        Where the copy goes, under the same name.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    ValueError
        Where the notebook does not exist, or the copy would overwrite it.
    """
    import nbformat

    lesson = _read(notebook)
    target = folder / notebook.name
    if target.resolve() == notebook.resolve():
        raise ValueError(f"the copy would overwrite the lesson {notebook.name}; choose another folder")
    lesson.cells = [cell for cell in lesson.cells if SOLUTION not in cell.metadata.get("tags", [])]
    for cell in lesson.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(lesson, target)
    return target


def run(notebook: Path, seconds: int = 120, more: str = "") -> NotebookNode:
    """Run a lesson from top to bottom and return it with its outputs; the file stays as it is.

    Parameters
    ----------
    notebook : Path
        The lesson.
    seconds : int
        Longest time for one cell.
    more : str
        Code of one more cell, run at the end; the tests look around there.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        Where a cell fails.
    """
    import nbformat

    lesson = _read(notebook)
    if more:
        lesson.cells.append(nbformat.v4.new_code_cell(more))
    _execute(lesson, notebook.resolve().parent, seconds)
    return lesson


def run_in_turn(notebooks: Sequence[Path]) -> list[NotebookNode]:
    """Run lessons one after the other in one kernel, each with an empty memory; faster than a kernel each.

    Parameters
    ----------
    notebooks : sequence of Path
        The lessons, of one folder.

    Returns
    -------
    list of NotebookNode
        The lessons with their outputs; the files stay as they are.
    """
    import nbformat

    lessons = [_read(notebook) for notebook in notebooks]
    row = nbformat.v4.new_notebook()
    for lesson in lessons:
        # The cells are shared with the lesson, so that their outputs arrive there too.
        row.cells += [*lesson.cells, nbformat.v4.new_code_cell("%reset -f")]
    if lessons:
        _execute(row, notebooks[0].resolve().parent, 120)
    return lessons


def _execute(notebook: NotebookNode, folder: Path, seconds: int) -> None:
    from nbclient import NotebookClient

    # Without stored widget states a page falls back to the readable form of every widget.
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        store_widget_state=False,
        coalesce_streams=True,  # a busy machine sends one text in several pieces
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # a local kernel warns of its own connection
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()


def refresh(notebook: Path) -> Path:
    """Run a lesson and write it back in the form in which it is kept: outputs of compared cells alone.

    Parameters
    ----------
    notebook : Path
        The lesson; it is overwritten.

    Returns
    -------
    Path
        The lesson.
    """
    import nbformat

    lesson = run(notebook)
    lesson.metadata.pop("widgets", None)
    lesson.metadata["language_info"] = {"name": "python"}  # not the version of whoever ran it
    for cell in lesson.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            compared = cell.source.startswith(COMPARED)
            # nbval takes a cell without a count for one that was never run.
            cell.execution_count = 1 if compared else None
            cell.outputs = cell.outputs if compared else []
    nbformat.write(lesson, notebook)
    return notebook


def body(lesson: NotebookNode) -> str:
    """Return what a page shows of a lesson that was run: text, figures, tables, folded answers, but no code.

    Figures are placeholders with the figure as JSON, at their first setting; a script of the page draws them.

    Parameters
    ----------
    lesson : NotebookNode
        A lesson with its outputs, as `run` returns it.

    Returns
    -------
    str
        HTML without head and frame.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_output_prompt=True, exclude_anchor_links=True
    )
    text, _ = exporter.from_notebook_node(lesson)
    # The corner of a table is no heading; what scrolls must be reachable from the keyboard.
    text = text.replace("<th></th>", "<td></td>").replace("<pre", "<pre tabindex='0'")
    text = re.sub(r"<div>\s*<style scoped[^>]*>.*?</style>", TABLE, text, flags=re.DOTALL)
    text = text.replace(' style="text-align: right;"', "")
    text = text.replace('<table border="1" class="dataframe">', '<table class="dataframe ldn-table">')
    return f"<div class='ldn-lesson'>{text}</div>"


def export(notebook: Path, target: Path) -> Path:
    """Write a lesson as one HTML page that needs no server and asks no other host.

    Figures stand at their first setting, self-checks show their options and folded answers, code is hidden.

    Parameters
    ----------
    notebook : Path
        The lesson.
    target : Path
        The page.

    Returns
    -------
    Path
        The page.
    """
    from plotly.offline import get_plotlyjs

    title = html.escape(_title(notebook))
    target.write_text(
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script>"
        f"<script>{DRAW}</script></head>"
        f"<body><main>{body(run(notebook))}</main></body></html>\n",
        encoding="utf-8",
    )
    return target


def serve(notebooks: Sequence[Path], port: int = 8867, open_browser: bool = True) -> int:
    """Serve lessons as pages with the code hidden, until the server is stopped.

    One lesson stands at the server's address; several stand behind a list of links.

    Parameters
    ----------
    notebooks : sequence of Path
        The lessons.
    port : int
        Port of this machine alone, 1 to 65535.
    open_browser : bool
        Whether to open the page.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    ValueError
        Where the port is taken, or a notebook does not exist.
    """
    import os

    from traitlets.config import Config

    from ldnevidence.app.server import port_is_free

    titles = {notebook.name: _title(notebook) for notebook in notebooks}
    if not 1 <= port <= 65535:
        raise ValueError(f"a port lies between 1 and 65535, not {port}")
    if not port_is_free(port):
        raise ValueError(f"port {port} is taken; choose another with --port")
    path = os.environ.get("JUPYTER_PATH", "")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(TEMPLATES), path]))
    with tempfile.TemporaryDirectory(prefix="lessons-") as folder:
        for notebook in notebooks:
            shutil.copy(notebook, folder)
        server = _server(Config(_settings(port, open_browser, several=len(notebooks) > 1)), titles)
        server.initialize([folder if len(notebooks) > 1 else str(Path(folder) / notebooks[0].name)])
        print(f"The lesson is at http://127.0.0.1:{port}/ (stop it with Ctrl+C).", flush=True)
        server.start()
    return 0


def _settings(port: int, open_browser: bool, several: bool) -> dict[str, Any]:
    """Return Voila's configuration for lessons."""
    return {
        "Application": {"log_level": "WARN"},
        "Voila": {"port": port, "port_retries": 0, "ip": "127.0.0.1", "open_browser": open_browser},
        "VoilaConfiguration": {
            "template": "lesson",
            "classic_tree": True,
            "strip_sources": True,
            "show_tracebacks": False,
            "file_allowlist": [],
            "file_denylist": [".*"],
            # Nothing but the widgets; the page's own script draws the figures.
            "extension_allowlist": [
                "@jupyter-widgets/jupyterlab-manager",
                "@voila-dashboards/widgets-manager8",
            ],
            "resources": {"lesson": {"several": several}},
        },
        "MappingKernelManager": {"cull_interval": 60, "cull_idle_timeout": 3600, "cull_connected": True},
    }


def _server(config: Any, titles: dict[str, str]) -> Any:
    """Return a Voila that also serves plotly's script, and knows the titles of its lessons."""
    from voila.app import Voila

    from ldnevidence.app import bundle

    class LessonServer(Voila):
        def setup_template_dirs(self) -> None:
            super().setup_template_dirs()
            self.static_paths += [str(bundle.folder())]

        def init_settings(self) -> dict[str, Any]:
            settings: dict[str, Any] = super().init_settings()
            settings["voila_jinja2_env"].globals["titles"] = titles
            return settings

    Voila.clear_instance()
    return LessonServer.instance(config=config)


def _title(notebook: Path) -> str:
    return str(_read(notebook).metadata.get("title", notebook.stem))


def _read(notebook: Path) -> NotebookNode:
    import nbformat

    if not notebook.is_file():
        raise ValueError(f"no such lesson: {notebook}")
    return nbformat.read(notebook, as_version=4)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; bad input gives exit status 2 and one clear line."""
    parser = argparse.ArgumentParser(prog="python -m ldnevidence.lesson_tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    words = {
        "copy": "write copies without solutions",
        "export": "write pages that need no server",
        "serve": "serve lessons as pages with the code hidden",
        "refresh": "run lessons and write them back with the outputs of compared cells alone",
    }
    for name, told in words.items():
        command = commands.add_parser(name, help=told)
        command.add_argument("notebooks", nargs="+", type=Path)
        if name == "serve":
            command.add_argument("--port", type=int, default=8867)
            command.add_argument("--no-browser", action="store_true")
        elif name != "refresh":
            command.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "serve":
            return serve(chosen.notebooks, chosen.port, not chosen.no_browser)
        for notebook in chosen.notebooks:
            if chosen.command == "refresh":
                print(refresh(notebook))
                continue
            chosen.to.mkdir(parents=True, exist_ok=True)
            if chosen.command == "copy":
                print(clean_copy(notebook, chosen.to))
            else:
                print(export(notebook, chosen.to / f"{notebook.stem}.html"))
    except ValueError as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
