"""What the benchmarks of the hosted dashboard share: a server of its own process, and the memory it takes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 90  # seconds


def free_port() -> int:
    """Return a local port that nothing uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], ready: str) -> Iterator[psutil.Process]:
    """Run a server until it answers at an address; end it and its children afterwards."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {command[-1]}")
            try:
                urllib.request.urlopen(ready, timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def dashboard(pool: int, full_script: bool = False) -> Iterator[tuple[str, psutil.Process]]:
    """Run our server; yield its address and process."""
    port = free_port()
    patch = "from ldnevidence.app import bundle; bundle.folder = bundle.full_folder; " if full_script else ""
    code = f"{patch}from ldnevidence.app.server import serve; serve({port}, False, pool={pool}, most=500)"
    address = f"http://127.0.0.1:{port}/"
    with running([sys.executable, "-c", code], address + "health") as process:
        yield address, process


def pss(process: psutil.Process) -> float:
    """Return the proportional memory of a process in MB; shared pages count in parts."""
    return float(process.memory_full_info().pss) / 2**20


def kernels(server: psutil.Process) -> list[psutil.Process]:
    """Return the kernel processes of a server."""
    found = []
    for child in server.children(recursive=True):
        try:
            if "ipykernel" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found
