"""Lessons for a class: a copy without solutions, a page without a server, a server for one lesson.

Run it as ``python -m ldnevidence.lesson_tools copy|export|serve|refresh``.
"""

from __future__ import annotations

import argparse
import html
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).parent / "app" / "jupyter"
COMPARED = "# NBVAL_CHECK_OUTPUT"  # how a cell begins whose output is kept and compared
SOLUTION = "solution"  # the tag of cells that a learner's copy leaves out
STYLE = """
body { font: 17px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
       color: #1f2933; max-width: 760px; margin: 0 auto; padding: 16px; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 15px; }
th, td { border: 1px solid #d3dae1; padding: 4px 8px; text-align: left; vertical-align: top; }
pre { overflow-x: auto; background: #f4f6f8; padding: 8px; white-space: pre-wrap; }
details { margin: 8px 0; } summary { cursor: pointer; color: #005f9e; }
.anchor-link, .prompt { display: none; }
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
    from nbclient import NotebookClient

    lesson = _read(notebook)
    if more:
        lesson.cells.append(nbformat.v4.new_code_cell(more))
    # Without stored widget states a page falls back to the readable form of every widget.
    client = NotebookClient(
        lesson,
        timeout=seconds,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(notebook.resolve().parent)}},
    )
    client.execute()
    return lesson


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
    from nbconvert import HTMLExporter
    from plotly.offline import get_plotlyjs

    lesson = run(notebook)
    body, _ = HTMLExporter(template_name="basic", exclude_input=True).from_notebook_node(lesson)
    title = html.escape(lesson.metadata.get("title", notebook.stem))
    target.write_text(
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script>"
        f"<script>{DRAW}</script></head>"
        f"<body><main>{body}</main></body></html>\n",
        encoding="utf-8",
    )
    return target


def serve(notebook: Path, port: int = 8867, open_browser: bool = True) -> int:
    """Serve one lesson as a page with the code hidden, until it is stopped.

    Raises
    ------
    ValueError
        Where the port is taken, or the notebook does not exist.
    """
    import os
    import socket

    from traitlets.config import Config
    from voila.app import Voila

    title = _read(notebook).metadata.get("title", notebook.stem)
    if not 1 <= port <= 65535:
        raise ValueError(f"a port lies between 1 and 65535, not {port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ValueError(f"port {port} is taken; choose another with --port") from None
    chosen = {
        "Voila": {"port": port, "port_retries": 0, "ip": "127.0.0.1", "open_browser": open_browser},
        "VoilaConfiguration": {
            "template": "lesson",
            "strip_sources": True,
            "show_tracebacks": False,
            "resources": {"lesson": {"title": title}},
        },
    }
    path = os.environ.get("JUPYTER_PATH", "")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(TEMPLATES), path]))
    Voila.clear_instance()
    server = Voila.instance(config=Config(chosen))
    server.initialize([str(notebook)])
    server.start()
    return 0


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
        "serve": "serve one lesson as a page with the code hidden",
        "refresh": "run lessons and write them back with the outputs of compared cells alone",
    }
    for name, told in words.items():
        command = commands.add_parser(name, help=told)
        command.add_argument("notebooks", nargs=1 if name == "serve" else "+", type=Path)
        if name == "serve":
            command.add_argument("--port", type=int, default=8867)
            command.add_argument("--no-browser", action="store_true")
        elif name != "refresh":
            command.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "serve":
            return serve(chosen.notebooks[0], chosen.port, not chosen.no_browser)
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
