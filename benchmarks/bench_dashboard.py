"""How long a reader waits: the dashboard, a static page and a stock Voila page with the same first chart.

One run opens every page in turn in headless Chromium with an empty cache and with every other host blocked,
several times over, and prints medians and their ratios to the static page::

    python -m benchmarks.bench_dashboard --runs 3
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil

from benchmarks.hosted import busy, dashboard, free_port, kernels, pss, running

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
FIRST_CHART = """(() => { new MutationObserver((_, self) => {
  if (document.querySelector('.js-plotly-plot .main-svg .point, .js-plotly-plot .main-svg .bars path')) {
    window.firstChart = performance.now(); self.disconnect(); } })
  .observe(document, { childList: true, subtree: true });
})()"""
PICK = """async ([label, value]) => {
  const box = Array.from(document.querySelectorAll('.widget-dropdown')).find(
    d => d.querySelector('label').textContent.trim() === label);
  const select = box.querySelector('select');
  const old = document.querySelector("[data-view='response_rates']");
  const start = performance.now();
  const drawn = new Promise(resolve => new MutationObserver((_, self) => {
    const now = document.querySelector("[data-view='response_rates']"); // an empty one has words and no chart
    if (now && now !== old && (now.querySelector('.main-svg') || !now.querySelector('.ldn-figure'))) {
      self.disconnect(); resolve(performance.now() - start); }
  }).observe(document.body, { childList: true, subtree: true }));
  const named = option => option.textContent.replace(/\\s+/g, " ") === value;
  select.selectedIndex = Array.from(select.options).findIndex(named);
  select.dispatchEvent(new Event('change', { bubbles: true }));
  const same = new Promise(resolve => setTimeout(() => resolve(null), 10000));
  return Promise.race([drawn, same]);
}"""
# Conditions whose charts differ: where nothing changes, nothing is drawn anew.
CHOICES = ("Fibromyalgia", "Crohn's disease", "Migraine", "Chronic pain", "Psoriasis", "Ulcerative colitis")
SETTLED = 3  # seconds without work before a server is measured


@contextmanager
def static_page(figure: Any) -> Iterator[tuple[str, None]]:
    """Serve the page that plotly writes, with its full script inside."""
    with tempfile.TemporaryDirectory() as folder:
        figure.write_html(Path(folder) / "index.html", include_plotlyjs=True)
        handler = functools.partial(Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", None
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def stock_voila(figure: Any) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a stock Voila page, preheated, whose one cell shows the chart."""
    with tempfile.TemporaryDirectory() as folder:
        code = f"import plotly.graph_objects as go, json\ngo.Figure(json.loads({figure.to_json()!r}))"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = Path(folder) / "chart.ipynb"
        nbformat.write(notebook, path)
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "voila",
            str(path),
            "--no-browser",
            f"--port={port}",
            "--Voila.ip=127.0.0.1",
            "--preheat_kernel=True",
            "--pool_size=1",
        ]
        address = f"http://127.0.0.1:{port}/"
        with running(command, address + "voila/static/voila.js") as process:
            yield address, process


def settle(server: psutil.Process | None, pool: int) -> None:
    """Wait until the kernels wait and nothing computes."""
    if server is None:
        return
    deadline, quiet = time.monotonic() + 180, 0
    while quiet < SETTLED and time.monotonic() < deadline:
        before = sum(busy(p) for p in [server, *server.children(recursive=True)])
        time.sleep(1)
        idle = sum(busy(p) for p in [server, *server.children(recursive=True)]) - before < 0.05
        quiet = quiet + 1 if idle and len(kernels(server)) >= pool else 0


def visit(chromium: Any, address: str, server: psutil.Process | None, redraws: int) -> dict[str, Any]:
    """Open a page with an empty cache and return what was measured."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(FIRST_CHART)
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    over_http, over_socket, squeezed = [0], [0], [0]
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)  # as permessage-deflate does, one context a connection

    def frame(event: dict[str, Any]) -> None:
        data = event["response"]["payloadData"].encode()
        over_socket[0] += len(data)
        squeezed[0] += len(packer.compress(data)) + len(packer.flush(zlib.Z_SYNC_FLUSH)) - 4

    line.on(
        "Network.loadingFinished", lambda e: over_http.__setitem__(0, over_http[0] + e["encodedDataLength"])
    )
    line.on("Network.webSocketFrameReceived", frame)
    line.on("Network.webSocketFrameSent", frame)
    before = set(kernels(server)) if server else set()
    page.goto(address, wait_until="commit")
    mark = ".js-plotly-plot .main-svg .point, .js-plotly-plot .main-svg .bars path"
    page.wait_for_selector(mark, state="attached", timeout=120_000)
    page.wait_for_timeout(1000)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    found: dict[str, Any] = {
        "paint": paint,
        "chart": page.evaluate("window.firstChart"),
        "http": over_http[0] / 1000,
        "socket": over_socket[0] / 1000,
        "squeezed": squeezed[0] / 1000,
    }
    if server:
        used = before or set(kernels(server))
        found["memory"] = max(pss(k) for k in used if k.is_running())
    if redraws:
        page.get_by_role("button", name="Compare", exact=True).click()
        page.wait_for_selector("[data-view='response_rates'] .main-svg")
        page.wait_for_timeout(3000)
        found["redraws"] = pick_conditions(page, redraws, 1)
    context.close()
    return found


def pick_conditions(page: Any, count: int, start: int) -> list[float]:
    """Choose one condition after another; return how long each took to be drawn, in milliseconds."""
    times = []
    for i in range(start, start + count):
        taken = page.evaluate(PICK, ["Condition", CHOICES[i % len(CHOICES)]])
        if taken is None:
            print(f"choice {CHOICES[i % len(CHOICES)]} changed no chart within 10 s, and is left out")
        else:
            times.append(taken)
        page.wait_for_timeout(1500)  # the rest of the page is drawn before the next choice
    return times


def main() -> None:
    """Run and print."""
    from playwright.sync_api import sync_playwright

    import ldnevidence as ldn

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--redraws", type=int, default=20, help="picker changes in all")
    options = parser.parse_args()
    figure = ldn.views.timeline(ldn.load().select()).figure
    cases: dict[str, tuple[Callable[[], Any], int]] = {
        "static page, write_html": (lambda: static_page(figure), 0),
        "stock Voila, preheated": (lambda: stock_voila(figure), 1),
        "ours, cold": (lambda: dashboard(0), 0),
        "ours, preheated": (lambda: dashboard(1), 1),
        "ours, preheated, full plotly": (lambda: dashboard(1, full_script=True), 1),
    }
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start, {options.runs} runs",
        flush=True,
    )
    with sync_playwright() as playwright, ExitStack() as stack:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        served = {name: (*stack.enter_context(serve()), pool) for name, (serve, pool) in cases.items()}
        for run in range(options.runs):
            for name, (address, server, pool) in served.items():
                settle(server, pool)
                wanted = options.redraws if name == "ours, preheated" and run == options.runs - 1 else 0
                results[name].append(visit(chromium, address, server, wanted))
                print(f"run {run + 1}, {name}: chart {results[name][-1]['chart']:.0f} ms", flush=True)
        chromium.close()
    report(results)


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    """Print the table."""

    def median(name: str, key: str) -> float:
        return statistics.median([r[key] for r in results[name] if key in r] or [float("nan")])

    base = next(iter(results))
    print(
        "| page | first paint, ms | ratio | first chart, ms | ratio | each run, ratio | HTTP, kB | "
        "websocket, kB (compressed) | kernel PSS, MB |"
    )
    print("|---" * 9 + "|")
    for name, runs in results.items():
        paint, chart = median(name, "paint"), median(name, "chart")
        each = " ".join(
            f"{one['chart'] / b['chart']:.2f}" for one, b in zip(runs, results[base], strict=True)
        )
        print(
            f"| {name} | {paint:.0f} | {paint / median(base, 'paint'):.2f} | {chart:.0f} | "
            f"{chart / median(base, 'chart'):.2f} | {each} | {median(name, 'http'):.0f} | "
            f"{median(name, 'socket'):.0f} ({median(name, 'squeezed'):.0f}) | {median(name, 'memory'):.0f} |"
        )
    times = sorted(t for runs in results.values() for r in runs for t in r.get("redraws", []))
    if times:
        p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
        print(
            f"picker to redrawn chart: median {statistics.median(times):.0f} ms, 95th percentile {p95:.0f} ms"
            f", n = {len(times)}"
        )


if __name__ == "__main__":
    main()
