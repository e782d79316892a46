"""What browser tests share: the real server in a process of its own, and Debian's or Google's Chromium."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY_WITHIN = 90  # seconds that a slow machine may take to start the server


def free_port() -> int:
    """Return a local port that nothing uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _with_first_cell(code: str, folder: Path) -> list[str]:
    """Write the dashboard's notebook with a cell before the others, and return the command that serves it."""
    import nbformat

    from ldnevidence.paths import dashboard_notebook

    notebook = nbformat.read(dashboard_notebook(), as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(code))
    path = folder / "dashboard.ipynb"
    nbformat.write(notebook, path)
    program = (
        "import sys, pathlib, ldnevidence.app.server as s; from ldnevidence.cli import main; "
        f"s.dashboard_notebook = lambda: pathlib.Path({str(path)!r}); sys.exit(main())"
    )
    return ["-c", program]


@contextmanager
def dashboard(*options: str, first_cell: str = "") -> Iterator[str]:
    """Run ``ldnevidence dashboard`` and yield its address; stop it afterwards."""
    port = free_port()
    folder = tempfile.TemporaryDirectory()
    program = _with_first_cell(first_cell, Path(folder.name)) if first_cell else ["-m", "ldnevidence.cli"]
    command = [sys.executable, *program, "dashboard", "--no-browser", "--port", str(port), *options]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    log = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdout=log, stderr=log, env=environment, cwd=Path(__file__).parent, start_new_session=True
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_until_answers(address + "voila/templates/ldn/static/favicon.svg", process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        folder.cleanup()


def _wait_until_answers(address: str, process: subprocess.Popen[bytes]) -> None:
    # Polls a static file, which starts no kernel, until the server answers or has died.
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            select_wait(0.1)
    raise RuntimeError(f"no answer from {address} within {READY_WITHIN} s")


def select_wait(seconds: float) -> None:
    """Yield the processor for a moment while another process starts."""
    import select

    select.select([], [], [], seconds)


def plain(text: str) -> str:
    """Fold white space, so that texts can be compared."""
    return re.sub(r"\s+", " ", text).strip()
