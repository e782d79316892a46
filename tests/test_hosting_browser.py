"""Hosting as the world sees it: nginx before two processes, and a server restarted under its readers."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import browser, hosting

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
if (browser.CHROMIUM is None or NGINX is None) and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium and nginx are needed here and were not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]
needs_nginx = pytest.mark.skipif(NGINX is None, reason="needs nginx, and none was found")
SLOW = 60_000  # milliseconds; a limit for hanging, not a measure of speed


@contextlib.contextmanager
def nginx(folder: Path, ports: tuple[int, int]) -> Iterator[hosting.Server]:
    """Run the project's nginx configuration with other ports and folders, and nothing else changed."""
    port = browser.free_port()
    text = (hosting.ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for old, new in [
        ("127.0.0.1:8866", f"127.0.0.1:{ports[0]}"),
        ("127.0.0.1:8867", f"127.0.0.1:{ports[1]}"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/var/cache/nginx/ldn", str(folder / "cache")),
        ("/etc/nginx/mime.types", str(folder / "mime.types")),
    ]:
        assert old in text
        text = text.replace(old, new)
    types = Path("/etc/nginx/mime.types")
    (folder / "mime.types").write_text(types.read_text() if types.is_file() else "types {}", encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    own = "access_log off;" + "".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""  # else its workers could not use the test's folders
    (folder / "nginx.conf").write_text(user + text.replace("http {", "http {" + own, 1), encoding="utf-8")
    assert NGINX
    command = [NGINX, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g"]
    process = subprocess.Popen([*command, f"daemon off; pid {folder / 'pid'};"], stderr=subprocess.DEVNULL)
    front = hosting.Server(process, port, "/")
    try:
        browser._wait_until_answers(front.address + "robots.txt", process)
        yield front
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[hosting.Server, list[hosting.Server]]]:
    if NGINX is None:
        pytest.skip("needs nginx, and none was found")
    with (
        hosting.server(pool=1, instance=0) as first,
        hosting.server(pool=1, instance=1) as second,
        nginx(tmp_path_factory.mktemp("nginx"), (first.port, second.port)) as front,
    ):
        yield front, [first, second]


@needs_nginx
def test_readers_behind_nginx_are_spread_over_both_processes_and_stay_with_theirs(farm, chromium):
    front, processes = farm
    pages, kernels = [], []
    # Scripts and pictures take turns too, so two readers may meet in one process; a few more must not all.
    while len(pages) < 6 and len({kernel[:2] for kernel in kernels}) < 2:
        page = chromium.new_page()
        page.goto(front.address)
        page.wait_for_selector(".ldn-figure .main-svg", state="attached", timeout=SLOW)
        pages.append(page)
        config = page.evaluate("document.getElementById('jupyter-config-data').textContent")
        kernels.append(json.loads(config)["kernelId"])
    assert {kernel[:2] for kernel in kernels} == {"00", "01"}
    assert sum(process.health()["readers"] for process in processes) == len(pages)
    for page in pages:
        page.get_by_role("button", name="Claims", exact=True).click()
        page.locator(".ldn-topics").wait_for(timeout=SLOW)
        assert page.context.cookies() == []
        page.close()


@needs_nginx
@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/voila/static/plotly.min.js", "public, max-age=600"),
        ("/voila/static/plotly.min.js?v=0123456789ab", "public, max-age=31536000, immutable"),
        ("/voila/templates/ldn/static/explorer.css?v=0123456789ab", "public, max-age=31536000, immutable"),
    ],
)
def test_nginx_compresses_files_and_says_how_long_they_may_be_kept(farm, path, kept):
    front, processes = farm
    status, headers, body = front.ask(path, headers={"Accept-Encoding": "gzip"})
    assert status == 200 and headers["cache-control"] == kept
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == processes[0].ask(path)[2]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@needs_nginx
def test_nginx_hides_what_is_for_kernels_and_bounds_what_one_address_may_start(farm):
    front, processes = farm
    for path in (
        "/voila/query/00000000-0000-0000-0000-000000000000",
        "/voila/files/x.png",
        "/lab",
        "/api/kernels",
    ):
        assert front.ask(path)[0] == 404, path
    before = sum(process.health()["readers"] for process in processes)
    answers = [front.ask("/", method="HEAD")[0] for _ in range(80)]
    assert answers[0] == 200 and answers[-1] == 429
    assert sum(process.health()["readers"] for process in processes) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_readers_of_a_restarted_server_are_told_so_and_go_on_where_they_were(chromium, number):
    views = {
        "condition=fibromyalgia&tab=compare": "[data-view='response_rates'] .main-svg",
        "tab=safety": "[data-view='safety'] .main-svg",
    }
    pages = {query: chromium.new_page() for query in views}
    with hosting.server(pool=1) as first:
        others = [hosting.Reader(first) for _ in range(6)]  # the server is at work when it goes
        for query, page in pages.items():
            page.goto(f"{first.address}?{query}")
            page.wait_for_selector(views[query], timeout=SLOW)
        with contextlib.ExitStack() as lines:
            for reader in others:
                line = lines.enter_context(reader.channels())
                line.send(json.dumps(hosting.message("kernel_info_request", {})))
            first.process.send_signal(number)
            first.process.wait(timeout=30)
    for page in pages.values():
        page.get_by_text("This session has ended").wait_for(timeout=SLOW)
    with hosting.server(port=first.port, pool=1):
        for query, page in pages.items():
            page.get_by_role("button", name="Reload").click()
            page.wait_for_selector(views[query], timeout=SLOW)
            for choice in query.split("&"):
                assert choice in page.url
            page.close()
