"""What tests of the server share: a server of its own process, raw requests, a reader without a browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import ClientConnection, connect

from ldnevidence.app.forking import KERNEL
from tests import browser

ROOT = Path(__file__).resolve().parent.parent


class Server:
    """A running server: its address, its process and what it holds."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, base_url: str) -> None:
        self.process, self.port, self.base_url = process, port, base_url
        self.address = f"http://127.0.0.1:{port}{base_url}"

    def ask(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request with the path exactly as given; return status, headers and body."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                line.putheader(name, value)
            line.endheaders()
            answer = line.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            line.close()

    def health(self) -> dict[str, Any]:
        """Return what the health check says."""
        status, _, body = self.ask(self.base_url + "health")
        assert status == 200
        found: dict[str, Any] = json.loads(body)
        return found

    def kernels(self) -> list[psutil.Process]:
        """Return the kernel processes."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [c for c in children if c.name() == KERNEL or "ipykernel" in " ".join(c.cmdline())]

    def stop(self) -> int:
        """Ask the server to stop, as a service manager does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def server(
    port: int | None = None, environment: dict[str, str] | None = None, **options: Any
) -> Iterator[Server]:
    """Run the server in a process of its own; stop it afterwards."""
    port = port or browser.free_port()
    code = f"from ldnevidence.app.server import serve; serve({port}, False, **{options!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        start_new_session=True,
    )
    started = Server(process, port, options.get("base_url", "/"))
    try:
        browser._wait_until_answers(started.address + "health", process)
        yield started
    finally:
        if process.poll() is None:
            try:
                started.stop()
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class Reader:
    """Opens the page as a browser does, and talks to its kernel over the websocket."""

    def __init__(self, at: Server, query: str = "") -> None:
        self.at = at
        status, self.headers, body = at.ask(f"{at.base_url}?{query}" if query else at.base_url)
        assert status == 200
        self.page = body.decode("utf-8")
        config = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', self.page, re.DOTALL)
        assert config, "the page names its kernel"
        self.kernel_id = json.loads(config.group(1))["kernelId"]

    def channels(self, origin: str | None = None, **options: Any) -> ClientConnection:
        """Open the websocket."""
        query = urllib.parse.urlencode({"session_id": uuid.uuid4().hex})
        address = (
            f"ws://127.0.0.1:{self.at.port}{self.at.base_url}api/kernels/{self.kernel_id}/channels?{query}"
        )
        return connect(address, origin=origin, open_timeout=30, max_size=None, proxy=None, **options)


def message(kind: str, content: dict[str, Any], channel: str = "shell") -> dict[str, Any]:
    """Return one message of the Jupyter protocol."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": "tests",
        "username": "",
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": channel,
        "buffers": [],
    }


def answer_to(line: ClientConnection, sent: dict[str, Any], timeout: float = 30) -> dict[str, Any]:
    """Return the first reply to a message."""
    while True:
        text = line.recv(timeout=timeout)
        if isinstance(text, bytes):
            continue
        got: dict[str, Any] = json.loads(text)
        about = got.get("parent_header", {}).get("msg_id") == sent["header"]["msg_id"]
        if about and got["header"]["msg_type"].endswith("_reply"):
            return got


def kernel_is_alive(line: ClientConnection) -> bool:
    """Ask the kernel for its kind and wait for the answer: whatever was sent before has been dealt with."""
    question = message("kernel_info_request", {})
    line.send(json.dumps(question))
    return bool(answer_to(line, question)["content"]["status"] == "ok")
