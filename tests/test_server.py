"""The hosted server: what it answers, what it refuses, what its kernels know, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from jupyter_client.session import utcnow
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ldnevidence.app import bundle, handlers, kernels, server
from tests import browser, hosting

SECRET = "not-for-kernels"


@pytest.fixture(scope="module")
def at() -> Iterator[hosting.Server]:
    with hosting.server(pool=1, environment={"LDNEVIDENCE_TEST_TOKEN": SECRET}) as running:
        yield running


@pytest.fixture(scope="module")
def reader(at: hosting.Server) -> hosting.Reader:
    return hosting.Reader(at)


# -- requests that start no kernel ------------------------------------------------------------------------


def test_health_robots_head_and_unknown_pages_start_no_kernel(at):
    before = at.health()
    assert before["status"] == "ok"
    assert at.ask("/robots.txt")[2] == b"User-agent: *\nDisallow: /\n"
    status, headers, body = at.ask("/", method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-type"].startswith("text/html")
    assert at.ask("/health", method="HEAD")[0] == 200
    assert at.ask("/nonsense")[0] == HTTPStatus.NOT_FOUND
    assert at.health()["readers"] == before["readers"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods_are_refused(at, method):
    before = at.health()["readers"]
    assert at.ask("/", method=method)[0] in (403, 405, 501, 204)
    assert at.health()["readers"] == before


@pytest.mark.parametrize("length", [2_001, 20_000, 200_000])
def test_a_giant_query_string_is_refused_before_a_kernel_starts(at, length):
    before = at.health()["readers"]
    try:
        status, _, _ = at.ask("/?condition=" + "x" * length)
    except (ConnectionError, OSError):
        status = 414  # the line was cut before it had been read
    assert status in (400, 414, 431)
    assert at.health()["readers"] == before


PATHS = [
    "/voila/files/dashboard.ipynb",
    "/voila/files/../pyproject.toml",
    "/voila/files/00_start_here.ipynb",
    "/voila/static/../../../../../../etc/passwd",
    "/voila/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/voila/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/voila/static//etc/passwd",
    "/voila/static/%2fetc%2fpasswd",
    "/voila/static/download/../../etc/passwd",
    "/voila/static/%00",
    "/voila/static/download/%00.csv",
    "/voila/templates/ldn/static/../conf.json",
    "/voila/templates/ldn/static/..%2f..%2f..%2f..%2f..%2fserver.py",
    "/voila/templates/../static/x",
    "/voila/templates/ldn/index.html.j2",
    "/voila/templates/x",
    "/voila/templates/",
    "/voila/templates/ldn/static//etc/passwd",
    "/voila/labextensions/../../../../../etc/passwd",
    "/voila/labextensions/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/voila/labextensions//etc/passwd",
    "/voila/api/themes/../../../../../etc/passwd",
    "/voila/api/themes/..%2f..%2fetc%2fpasswd",
    "/voila/render/dashboard.ipynb",
    "/voila/tree",
    "/voila/api/contents/",
    "/api/contents",
    "/api/kernels",
    "/api/sessions",
    "/api/terminals",
    "/lab",
    "/tree",
    "/login",
    "/logout",
    "/metrics",
    "/notebooks/dashboard.ipynb",
    "/api/kernels/00000000-0000-0000-0000-000000000000",
    "/dashboard.ipynb",
    "/../../etc/passwd",
    "//etc/passwd",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_file_can_be_read_outside_what_is_meant_to_be_served(at, path):
    status, _, body = at.ask(path)
    assert status in (400, 403, 404), f"{path}: {status}"
    assert len(body) < 100, "an error says its name and nothing else"
    assert b"root:" not in body and b"/" not in body


def test_the_script_and_the_downloads_are_served_from_here(at):
    status, headers, script = at.ask("/voila/static/plotly.min.js")
    assert status == 200 and script == (bundle.folder() / bundle.NAME).read_bytes()
    assert headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert at.ask("/voila/static/download/studies.csv")[2].startswith(b"study_id,")


# -- headers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/robots.txt",
        "/nonsense",
        "/voila/static/plotly.min.js",
        "/voila/templates/ldn/static/explorer.js",
        "/voila/static/voila.js",
    ],
)
def test_every_answer_carries_the_security_headers_and_no_cookie(at, path):
    _, headers, _ = at.ask(path, method="HEAD" if path == "/" else "GET")
    policy = headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts and "'sha256-" in scripts
    assert "frame-ancestors 'self'" in policy and "default-src 'self'" in policy
    assert "http" not in policy, "no other host"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "set-cookie" not in headers and "server" not in headers


def test_the_policy_allows_exactly_the_scripts_that_stand_in_the_page(reader):
    scripts = handlers.inline_scripts(reader.page)
    assert scripts
    allowed = handlers.security_headers(scripts, "'self'")["Content-Security-Policy"]
    for word in allowed.split("script-src ")[1].split(";")[0].split():
        assert word in reader.headers["content-security-policy"]


def test_the_policy_differs_for_another_script():
    ours = handlers.security_headers(["a()"], "'self'")["Content-Security-Policy"]
    assert ours != handlers.security_headers(["b()"], "'self'")["Content-Security-Policy"]


def test_who_may_frame_the_page_can_be_set_and_is_checked():
    policy = handlers.security_headers([], handlers.frame_ancestors("none"))["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'none'")
    for wrong in ("", "none self", "javascript:x", "https://a.example; script-src *", "*"):
        with pytest.raises(ValueError, match="frame"):
            handlers.frame_ancestors(wrong)


# -- template and theme -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["template=reveal", "theme=dark", "template=../../etc", "theme=../x&template=classic"]
)
def test_neither_template_nor_theme_can_be_chosen_by_the_address(query):
    asked = SimpleNamespace(request=SimpleNamespace(query=query))
    for name in ("template", "theme"):
        assert handlers.Page.get_argument(asked, name, None) is None  # type: ignore[arg-type]
    configuration = server.settings(1, False)["VoilaConfiguration"]
    assert configuration["allow_template_override"] == configuration["allow_theme_override"] == "NO"


def test_a_template_asked_for_changes_nothing_and_takes_the_preheated_kernel(at):
    page = hosting.Reader(at, "template=reveal&theme=dark").page
    assert 'class="ldn-header"' in page and "reveal.js" not in page
    assert 'data-jp-theme-light="true"' in page


# -- the websocket ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub"])
def test_no_code_runs_that_a_reader_sends(reader, tmp_path, channel):
    target = tmp_path / "written"
    code = f"open({str(target)!r}, 'w').write('x')"
    with reader.channels() as line:
        for kind, content in [
            (
                "execute_request",
                {
                    "code": code,
                    "silent": False,
                    "store_history": False,
                    "user_expressions": {"a": code},
                    "allow_stdin": False,
                    "stop_on_error": True,
                },
            ),
            ("inspect_request", {"code": code, "cursor_pos": 1, "detail_level": 1}),
            ("complete_request", {"code": code, "cursor_pos": len(code)}),
            ("history_request", {"output": True, "raw": True, "hist_access_type": "tail", "n": 10}),
            ("is_complete_request", {"code": code}),
            ("debug_request", {"type": "request", "command": "evaluate", "arguments": {"expression": code}}),
            ("input_reply", {"value": code}),
            ("create_subshell_request", {}),
        ]:
            sent = hosting.message(kind, content, channel)
            line.send(json.dumps(sent))
        assert hosting.kernel_is_alive(line)
    assert not target.exists()


def test_no_code_runs_that_is_hidden_in_the_binary_protocol(reader, tmp_path):
    target = tmp_path / "written"
    sent = hosting.message("execute_request", {"code": f"open({str(target)!r}, 'w')", "silent": True})
    parts = [
        b"shell",
        *(json.dumps(sent[k]).encode() for k in ("header", "parent_header", "metadata", "content")),
    ]
    starts = [8 * (len(parts) + 2)]
    for part in parts:
        starts.append(starts[-1] + len(part))
    head = b"".join(n.to_bytes(8, "little") for n in [len(starts), *starts])
    with reader.channels(subprotocols=["v1.kernel.websocket.jupyter.org"]) as line:
        line.send(head + b"".join(parts))
    with reader.channels() as line:
        assert hosting.kernel_is_alive(line)
    assert not target.exists()


def test_a_comm_to_an_unknown_target_or_widget_does_nothing(reader):
    state = {"_model_module": "os", "_model_name": "system", "_model_module_version": "*"}
    with reader.channels() as line:
        for target, data in [
            ("os.system", {"a": 1}),
            ("jupyter.widget", {"state": state, "buffer_paths": []}),
        ]:
            content = {"comm_id": "c" + target, "target_name": target, "target_module": "os", "data": data}
            line.send(json.dumps(hosting.message("comm_open", content)))
        assert hosting.kernel_is_alive(line)


MALFORMED = [
    "",
    "{}",
    "not json",
    "[]",
    "null",
    '{"header": 1, "channel": "shell"}',
    '{"channel": "shell"}',
    b"",
    b"\x00",
    b"\xff" * 64,
    (10**12).to_bytes(8, "little") + b"x" * 100,
    (10**6).to_bytes(8, "little") + b"x" * 100,
    b"\x01" * 4096,
    "[" * 100_000,
    "x" * (handlers.LARGEST_MESSAGE + 1),
]


def test_malformed_messages_close_their_own_connection_at_most(at, reader):
    for text in MALFORMED:
        try:
            with reader.channels() as line:
                line.send(text)
                assert hosting.kernel_is_alive(line)
        except ConnectionClosed:
            pass
    assert at.health()["status"] == "ok"
    with reader.channels() as line:
        assert hosting.kernel_is_alive(line), "the same kernel still serves its reader"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_a_websocket_from_another_origin_is_refused(reader, origin):
    with pytest.raises(InvalidStatus) as refused, reader.channels(origin=origin):
        pass
    assert refused.value.response.status_code == HTTPStatus.FORBIDDEN


def test_a_websocket_from_the_page_itself_is_compressed(at, reader):
    with reader.channels(origin=at.address.rstrip("/")) as line:
        assert hosting.kernel_is_alive(line)
        assert "permessage-deflate" in line.response.headers["Sec-WebSocket-Extensions"]


def test_the_way_by_which_kernels_learn_an_address_is_closed_to_browsers_and_proxies(at, reader):
    address = f"ws://127.0.0.1:{at.port}/voila/query/{reader.kernel_id}"
    for headers in ({"Origin": at.address}, {"X-Forwarded-For": "203.0.113.9"}):
        with pytest.raises(InvalidStatus), connect(address, additional_headers=headers, proxy=None):
            pass


def test_a_page_that_is_closed_ends_its_own_kernel_without_a_cookie(at):
    leaving = hosting.Reader(at)
    before = at.health()["readers"]
    assert at.ask(f"/voila/api/shutdown/{leaving.kernel_id}", "POST", {"Content-Length": "0"})[0] == 204
    assert at.health()["readers"] == before - 1


def test_a_stranger_cannot_end_a_kernel(at, reader):
    guess = "00000000-0000-0000-0000-000000000000"
    assert at.ask(f"/voila/api/shutdown/{guess}", "POST", {"Content-Length": "0"})[0] in (403, 404)
    assert at.ask(f"/api/kernels/{reader.kernel_id}", "DELETE")[0] in (403, 405)
    with reader.channels() as line:
        assert hosting.kernel_is_alive(line)


# -- kernels ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads the environment of processes")
def test_kernels_know_no_secret_of_the_server(at, reader):
    found = at.kernels()
    assert found
    for kernel in found:
        environment = kernel.environ()
        assert SECRET not in " ".join(environment.values())
        assert set(environment) - set(kernels.environment(environment)) <= {
            "JPY_PARENT_PID",
            "JPY_SESSION_NAME",
            "PYDEVD_USE_FRAME_EVAL",
            "TERM",
            "CLICOLOR",
            "FORCE_COLOR",
            "CLICOLOR_FORCE",
            "PAGER",
            "GIT_PAGER",
            "MPLBACKEND",
            "COLORTERM",
        }


def fake_kernels(**connections: int) -> tuple[kernels.ExplorerKernelManager, list[str]]:
    manager, ended = kernels.ExplorerKernelManager(), []
    manager.cull_idle_timeout, manager.cull_connected = server.CULL_AFTER, True
    for name, count in connections.items():
        age = (
            timedelta(seconds=server.CULL_AFTER if name.startswith("old") else manager.abandoned_after) * 1.01
        )
        fresh = timedelta(0) if name.startswith("fresh") else age
        manager._kernels[name] = SimpleNamespace(  # type: ignore[assignment]
            last_activity=utcnow() - fresh,
            execution_state="idle",
            kernel_name="python3",
            kernel_spec=SimpleNamespace(metadata={}),
        )
        manager._kernel_connections[name] = count

    async def end(kernel_id: str) -> None:
        ended.append(kernel_id)

    manager.shutdown_kernel = end  # type: ignore[method-assign]
    return manager, ended


def test_a_kernel_without_a_page_ends_soon_and_one_that_is_read_stays():
    manager, ended = fake_kernels(fresh_left=0, left=0, reading=1, old_reading=1)
    for name in list(manager._kernels):
        asyncio.run(manager.cull_kernel_if_idle(name))
    assert ended == ["left", "old_reading"]
    manager._kernels.clear()


def test_there_is_always_room_for_a_few():
    assert kernels.visitors_in_memory() >= 4


# -- lifecycle --------------------------------------------------------------------------------------------


def test_readers_beyond_the_limit_are_asked_to_come_back_and_a_stopped_server_leaves_nothing(tmp_path):
    scratch = {"TMPDIR": str(tmp_path)}
    with hosting.server(pool=0, most=1, base_url="/ldn/", environment=scratch) as small:
        reader = hosting.Reader(small, "condition=fibromyalgia")
        assert 'href="/ldn/voila/templates/ldn/static/explorer.css' in reader.page
        assert small.ask("/robots.txt")[0] == HTTPStatus.NOT_FOUND

        status, headers, body = small.ask("/ldn/")
        assert status == HTTPStatus.SERVICE_UNAVAILABLE
        assert int(headers["retry-after"]) > 0 and b"reload" in body
        assert small.health()["readers"] == 1
        running = small.kernels()
        assert len(running) == 1

        with reader.channels() as line:
            assert hosting.kernel_is_alive(line)
            assert small.stop() == 0
    _, alive = psutil.wait_procs(running, timeout=20)
    assert not alive
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(("ldnevidence-", "voila_"))] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"port": 0}, "port"),
        ({"port": 70_000}, "port"),
        ({"pool": -1}, "pool"),
        ({"most": -1}, "most"),
        ({"base_url": "ldn"}, "base URL"),
        ({"base_url": "/ldn"}, "base URL"),
        ({"frame_ancestors": "any"}, "frame"),
    ],
)
def test_bad_options_are_named(options, said):
    with pytest.raises(ValueError, match=said):
        server.serve(**({"port": browser.free_port(), "open_browser": False} | options))


# -- plotly's script --------------------------------------------------------------------------------------


def test_the_served_script_has_the_version_of_the_installed_plotly():
    wanted = bundle.version(bundle.full_folder() / bundle.NAME)
    assert wanted.count(".") == 2
    assert bundle.version(bundle.folder() / bundle.NAME) == wanted


def test_without_npm_the_full_script_is_served(monkeypatch, tmp_path):
    monkeypatch.setattr(bundle.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not bundle.fetch()
    assert bundle.folder() == bundle.full_folder()


def test_a_fetched_script_of_another_version_is_not_used(monkeypatch, tmp_path):
    import io
    import tarfile

    def pack(command: list[str], cwd: str, **kwargs: object) -> None:
        script = b"/* plotly.js (basic - minified) v0.0.1 */" + b" " * 600_000
        with tarfile.open(Path(cwd) / "a.tgz", "w:gz") as archive:
            info = tarfile.TarInfo(bundle.INSIDE)
            info.size = len(script)
            archive.addfile(info, io.BytesIO(script))

    monkeypatch.setattr(bundle.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: "npm")
    monkeypatch.setattr(bundle.subprocess, "run", pack)
    assert not bundle.fetch()
    assert not bundle.basic_folder().exists()


def test_the_build_hash_changes_with_a_static_file(monkeypatch, tmp_path):
    before = server.build_hash()
    copy = Path(tempfile.mkdtemp(dir=tmp_path))
    for path in server.STATIC.iterdir():
        shutil.copyfile(path, copy / path.name)
    (copy / "explorer.js").write_text("changed", encoding="utf-8")
    monkeypatch.setattr(server, "STATIC", copy)
    assert server.build_hash() != before
