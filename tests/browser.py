"""What browser tests share: the real server as a process of its own, Chromium, and a reader."""

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
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY_WITHIN = 90  # seconds that a slow machine may take to start the server
PATIENCE = 60_000  # milliseconds; a limit for hanging, not a measure of speed


def free_port() -> int:
    """Return a local port that nothing uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _changed(first_cell: str, settings: str, folder: Path) -> list[str]:
    """Return the command that serves the dashboard with another first cell, or other settings."""
    import nbformat

    from ldnevidence.paths import dashboard_notebook

    notebook = nbformat.read(dashboard_notebook(), as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first_cell))
    path = folder / "dashboard.ipynb"
    nbformat.write(notebook, path)
    program = (
        "import sys, pathlib, ldnevidence.app.server as s; from ldnevidence.cli import main; "
        f"s.dashboard_notebook = lambda: pathlib.Path({str(path)!r}); {settings}; sys.exit(main())"
    )
    return ["-c", program]


@contextmanager
def dashboard(*options: str, first_cell: str = "", settings: str = "pass") -> Iterator[str]:
    """Run ``ldnevidence dashboard`` and yield its address; stop it afterwards.

    Parameters
    ----------
    *options : str
        Options of the command line.
    first_cell : str
        Code that runs in each kernel before the dashboard is made, to plant a fault.
    settings : str
        A statement that changes the server's module ``s``.
    """
    port = free_port()
    folder = tempfile.TemporaryDirectory()
    program = ["-m", "ldnevidence.cli"]
    if first_cell or settings != "pass":
        program = _changed(first_cell, settings, Path(folder.name))
    try:
        command = [*program, "dashboard", "--no-browser", "--port", str(port), *options]
        with _served(command, port, "voila/templates/ldn/static/favicon.svg") as address:
            yield address
    finally:
        folder.cleanup()


@contextmanager
def stock_voila(notebook: Path) -> Iterator[str]:
    """Serve a notebook by Voila as it comes, with its own template, and yield the address."""
    port = free_port()
    with _served(
        ["-m", "voila", str(notebook), "--no-browser", "--port", str(port)], port, "voila/static/voila.js"
    ) as url:
        yield url


@contextmanager
def _served(arguments: list[str], port: int, ready: str) -> Iterator[str]:
    """Run Python with arguments until the server's file ``ready`` can be read; stop it afterwards."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    log = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=log, stderr=log, env=environment, cwd=Path(__file__).parent,
        start_new_session=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_until_answers(address + ready, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


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


# What each view shows: its figure and its rows, as they came, and the words of lists that are no view.
DRAWN = """() => {
  const found = {};
  for (const section of document.querySelectorAll("[data-view]")) {
    if (!section.getClientRects().length) { continue; }
    const twin = section.dataset.view in found ? " 2" : "";
    found[section.dataset.view + twin] = Array.from(section.querySelectorAll("script"), s => s.textContent);
  }
  for (const list of document.querySelectorAll(".ldn-gaps, .ldn-topics, .ldn-works, .ldn-open, .ldn-title")) {
    found[list.className] = (found[list.className] || "") + list.textContent;
  }
  return found;
}"""
# Chooses as a button does, for tests that are about something else.
CHOOSE = """query => {
  const box = document.querySelector(".ldn-command input");
  box.value = "?" + query + "#test" + Math.random();
  box.dispatchEvent(new Event("change", { bubbles: true }));
}"""
FOCUSED = "() => document.activeElement.dataset.key || document.activeElement.textContent.trim().slice(0, 40)"


class Visit:
    """One page with a record of what it asked for and complained of."""

    def __init__(self, chromium: Any, url: str, width: int = 1280, wait: str = ".ldn-nav button") -> None:
        self.page = chromium.new_page(viewport={"width": width, "height": 900})
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("console", self._hear)
        self.page.goto(url)
        self.page.wait_for_selector(wait, timeout=PATIENCE)

    def _hear(self, message: Any) -> None:
        # On a slow machine Jupyter's own front end can lose the widgets once; the page then reloads itself.
        if message.type == "error" and "widget model not found" not in message.text:
            self.complaints.append(message.text)

    def shows(self, query: str) -> None:
        """Wait until the page shows the view of a query, in the kernel's own spelling."""
        self.page.wait_for_selector(f'.ldn-link[data-query="{query}"]', state="attached", timeout=PATIENCE)

    def go(self, query: str) -> None:
        """Go to a view without loading the page anew."""
        self.page.evaluate(CHOOSE, query)
        self.shows(query)

    def open(self, tab: str) -> None:
        """Press a tab and wait until it is open."""
        self.page.click(f".ldn-nav button[data-set='tab={tab}']")
        self.page.wait_for_selector(f".ldn-nav button[data-set='tab={tab}'][aria-current]", timeout=PATIENCE)

    def pick(self, label: str, option: str) -> None:
        """Choose an option of a drop-down by its words."""
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def text(self, selector: str) -> str:
        """Return the words of an element, white space folded."""
        return plain(self.page.locator(selector).first.inner_text())

    def drawn(self) -> dict[str, Any]:
        """Return what each view shows."""
        found: dict[str, Any] = self.page.evaluate(DRAWN)
        return found

    def focused(self) -> str:
        """Return the key of the focused button, or the first words of what else has the focus."""
        return str(self.page.evaluate(FOCUSED))

    def wait_for_focus(self, key: str) -> None:
        """Wait until the button of a key has the focus."""
        self.page.wait_for_selector(f'[data-key="{key}"]:focus', timeout=PATIENCE)
