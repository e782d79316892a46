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

from ldnevidence.app.forking import KERNEL

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
        stderr=None if "LDNEVIDENCE_BENCH_LOG" in os.environ else subprocess.DEVNULL,
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
    """Return the proportional memory of a process in MB, 0 if it has ended; shared pages count in parts."""
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.Error:
        return 0.0


def kernels(server: psutil.Process) -> list[psutil.Process]:
    """Return the kernel processes of a server, forked or started on their own."""
    found = []
    for child in server.children(recursive=True):
        try:
            if child.name() == KERNEL or "ipykernel" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def busy(process: psutil.Process) -> float:
    """Return the processor time that a process has used, in seconds; 0 if it has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
