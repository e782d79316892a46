"""Opens N real sessions at once and reports waits, errors and memory.

Each session is what a browser does: the page over HTTP, the websocket, the widgets' states, and then choices,
each waited for until the kernel has answered with the redrawn view. All of it on this machine::

    python -m benchmarks.bench_load 1 10 40
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

import ldnevidence as ldn
from benchmarks.hosted import busy, dashboard, kernels, pss

EV = ldn.load()
CONDITIONS = sorted(set(EV.tables["study_conditions"]["condition_id"]))
BANDS = list(EV.tables["dose_bands"].query("scheme == 'explorer'")["band"])
LIMIT = 240.0  # seconds for one session, all in all
HEAD = [
    "readers",
    "pool",
    "errors",
    "page, s: median / last",
    "widgets, s: median / last",
    "redraw, ms: median / p95",
    "kernel PSS, MB",
    "server PSS, MB",
    "websocket, kB",
    "CPU a reader, s",
    "all done, s",
]
LOOK_EVERY = 5.0  # seconds between looks at the memory
THINK = 10.0  # seconds that a reader looks at a view, on average


@dataclass
class Session:
    """What one reader waited for."""

    page: float = 0.0
    states: float = 0.0
    redraws: list[float] = field(default_factory=list)
    received: int = 0
    error: str = ""


def message(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": "load",
        "username": "",
        "version": "5.3",
    }
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }


async def until_idle(
    line: WebSocketClientConnection, sent: dict[str, Any], session: Session
) -> list[dict[str, Any]]:
    """Send a message and return everything that the kernel says until it is idle again."""
    await line.write_message(json.dumps(sent))
    got = []
    while True:
        text = await line.read_message()
        if text is None:
            raise ConnectionError("the websocket was closed")
        session.received += len(text)
        if isinstance(text, bytes):
            continue
        one = json.loads(text)
        if one["parent_header"].get("msg_id") != sent["header"]["msg_id"]:
            continue
        got.append(one)
        if one["header"]["msg_type"] == "status" and one["content"]["execution_state"] == "idle":
            return got


def choices(chance: random.Random) -> list[str]:
    """Return what one reader chooses, one after another: common things and rare ones."""
    one, two = chance.sample(CONDITIONS, 2)
    return [
        "tab=compare",
        f"condition={one}",
        f"dose={chance.choice(BANDS)}",
        f"condition={two}",
        "dose=&condition=",
        "tab=claims",
    ]


async def visit(address: str, start: float, session: Session, chance: random.Random) -> None:
    """Be one reader."""
    client = AsyncHTTPClient()
    request = HTTPRequest(address, request_timeout=LIMIT, connect_timeout=LIMIT)
    answer = await client.fetch(request)
    session.page = time.monotonic() - start
    page = answer.body.decode("utf-8")
    found = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found, "no kernel in the page"
    kernel = json.loads(found.group(1))["kernelId"]
    socket = address.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
    line = await websocket_connect(
        socket, compression_options={}, connect_timeout=LIMIT, max_message_size=2**27
    )
    try:
        control = uuid.uuid4().hex
        opened = message(
            "comm_open", {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}}
        )
        opened["metadata"]["version"] = "1.0.0"
        await until_idle(line, opened, session)
        asked = message("comm_msg", {"comm_id": control, "data": {"method": "request_states"}})
        replies = await until_idle(line, asked, session)
        session.states = time.monotonic() - start
        states = next(
            r["content"]["data"]["states"] for r in replies if r["header"]["msg_type"] == "comm_msg"
        )
        box = next(k for k, v in states.items() if "ldn-command" in v["state"].get("_dom_classes", []))
        for number, choice in enumerate(choices(chance)):
            await asyncio.sleep(chance.expovariate(1 / THINK))
            data = {"method": "update", "state": {"value": f"{choice}#{number}"}, "buffer_paths": []}
            begun = time.monotonic()
            replies = await until_idle(line, message("comm_msg", {"comm_id": box, "data": data}), session)
            session.redraws.append(time.monotonic() - begun)
            changed = [r for r in replies if r["header"]["msg_type"] == "comm_msg"]
            assert len(changed) > 1, f"{choice} redrew nothing"
    finally:
        line.close()


async def storm(address: str, count: int) -> tuple[list[Session], float]:
    """Let everyone come in the same moment."""
    sessions = [Session() for _ in range(count)]
    start = time.monotonic()

    async def one(number: int, session: Session) -> None:
        try:
            await asyncio.wait_for(visit(address, start, session, random.Random(number)), LIMIT)
        except Exception as error:
            session.error = f"{type(error).__name__}: {error}"[:120]

    await asyncio.gather(*(one(*numbered) for numbered in enumerate(sessions)))
    return sessions, time.monotonic() - start


def share(values: list[float], part: float) -> float:
    """Return a percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def wait_until_filled(address: str, server: psutil.Process, pool: int) -> None:
    """Wait until the preheated kernels have nothing left to do."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        before = sum(map(busy, [server, *server.children(recursive=True)]))
        await asyncio.sleep(1.0)
        spent = sum(map(busy, [server, *server.children(recursive=True)])) - before
        if len(kernels(server)) >= pool and spent < 0.05:
            return


def measure(count: int, pool: int) -> str:
    """Return one line of the table."""
    AsyncHTTPClient.configure("tornado.simple_httpclient.SimpleAsyncHTTPClient", max_clients=500)
    with dashboard(pool) as (address, server):
        asyncio.run(wait_until_filled(address, server, pool))
        cpu = sum(p.cpu_times().user + p.cpu_times().system for p in [server, *kernels(server)])
        peak: list[float] = []

        async def both() -> tuple[list[Session], float]:
            task = asyncio.create_task(storm(address, count))
            while not task.done():
                await asyncio.sleep(LOOK_EVERY)
                used = [size for size in map(pss, kernels(server)) if size]
                peak.append(sum(used) / max(1, len(used)))
            return await task

        sessions, total = asyncio.run(both())
        used = kernels(server)
        spent = sum(p.cpu_times().user + p.cpu_times().system for p in [server, *used]) - cpu
        good = [s for s in sessions if not s.error]
        for session in sessions:
            if session.error:
                print("  error:", session.error)
        redraws = [r for s in good for r in s.redraws] or [float("nan")]
        pages, states = [s.page for s in good] or [float("nan")], [s.states for s in good] or [float("nan")]
        cells = [
            str(count),
            str(pool),
            str(len(sessions) - len(good)),
            f"{statistics.median(pages):.2f} / {max(pages):.2f}",
            f"{statistics.median(states):.2f} / {max(states):.2f}",
            f"{statistics.median(redraws) * 1000:.0f} / {share(redraws, 0.95) * 1000:.0f}",
            f"{max(peak):.0f}",
            f"{pss(server):.0f}",
            f"{statistics.mean([s.received for s in good] or [0]) / 1000:.0f}",
            f"{spent / count:.1f}",
            f"{total:.0f}",
        ]
        return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("readers", nargs="*", type=int, default=[1, 10, 40])
    parser.add_argument("--pool", type=int, help="preheated kernels (as many as readers)")
    options = parser.parse_args()
    memory = psutil.virtual_memory().total / 2**30
    print(f"{os.cpu_count()} processors, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}")
    print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|")
    for count in options.readers:
        print(measure(count, count if options.pool is None else options.pool), flush=True)


if __name__ == "__main__":
    main()
