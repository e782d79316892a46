"""Kernels forked from one process: each is a kernel of its own, and none outlives its server."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets.config import Config

from ldnevidence.app import kernels, server, template
from tests import hosting

pytestmark = pytest.mark.skipif(not template.possible(), reason="kernels are forked on Linux alone")
GONE_WITHIN = 20  # seconds; a limit for hanging, not a measure of speed
GIVEN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(hosting.ROOT), "HOME": "/nowhere"}


class Farm:
    """A kernel manager with a template, and what tests ask of its kernels."""

    def __init__(self, runner: asyncio.Runner, folder: Path, **options: Any) -> None:
        KernelProvisionerFactory.clear_instance()  # one made by another test has other settings
        template.register()
        self.runner = runner
        self.given = GIVEN | {"IPYTHONDIR": str(folder / "ipython")}
        environment = kernels.environment(self.given | options)
        config = {
            "KernelProvisionerFactory": {"default_provisioner_name": template.PROVISIONER},
            "KernelManager": {"autorestart": False},
        }
        self.manager = kernels.ExplorerKernelManager(config=Config(config), connection_dir=str(folder))
        self.manager.root_dir = str(folder)
        self.manager.template = template.TemplateProcess(folder / "scratch", environment)

    def start(self, **more: str) -> str:
        return self.runner.run(self.manager.start_kernel(kernel_name="python3", env=self.given | more))

    def process(self, kernel: str) -> psutil.Process:
        provisioner: Any = self.manager.get_kernel(kernel).provisioner
        return psutil.Process(provisioner.pid)

    def ask(self, kernel: str, expression: str) -> str:
        """Return what an expression is in a kernel."""
        said = self.runner.run(self.listen(kernel, expression))
        return next(m["content"]["data"]["text/plain"] for m in said if m["msg_type"] == "execute_result")

    async def listen(self, kernel: str, code: str) -> list[Any]:
        """Run code; return all that the kernel publishes meanwhile."""
        client = self.manager.get_kernel(kernel).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            said: list[Any] = []
            await client.execute_interactive(code, timeout=60, output_hook=said.append)
            return said
        finally:
            client.stop_channels()

    async def run_and_interrupt(self, kernel: str) -> Any:
        """Interrupt a kernel in the midst of a computation; return its answer."""
        client = self.manager.get_kernel(kernel).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            request = client.execute("print('begun', flush=True)\nwhile True: pass")
            while (await client.get_iopub_msg(timeout=60))["msg_type"] != "stream":
                pass
            await self.manager.interrupt_kernel(kernel)
            while (reply := await client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != request:
                pass
            return reply["content"]
        finally:
            client.stop_channels()

    def close(self) -> None:
        self.runner.run(self.manager.shutdown_all(now=True))
        assert self.manager.template
        self.manager.template.stop()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def farm(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    made = Farm(runner, tmp_path_factory.mktemp("farm"))
    try:
        yield made
    finally:
        made.close()


def ended(processes: list[psutil.Process]) -> bool:
    """Wait until processes have ended; one that nobody has buried yet has ended too."""

    def over(process: psutil.Process) -> bool:
        try:
            process.wait(timeout=0.1)
            return True
        except psutil.TimeoutExpired:
            return process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    left = processes
    for _ in range(GONE_WITHIN * 10):
        left = [process for process in left if not over(process)]
        if not left:
            return True
    return False


# -- what is a kernel's own -------------------------------------------------------------------------------


def test_a_kernel_is_a_child_of_the_template_and_leads_a_group_of_its_own(farm):
    kernel = farm.start()
    process = farm.process(kernel)
    assert process.ppid() == farm.manager.template.process.pid
    assert process.name() == "ldn-kernel"
    assert os.getpgid(process.pid) == process.pid
    assert farm.ask(kernel, "__import__('os').getpid()") == str(process.pid)


def test_a_kernel_finds_everything_loaded_and_no_widget_of_another(farm):
    kernel = farm.start()
    modules = farm.ask(
        kernel, "[m in __import__('sys').modules for m in ('pandas', 'plotly', 'ldnevidence')]"
    )
    assert modules == "[True, True, True]"
    assert farm.ask(kernel, "len(__import__('ipywidgets').widgets.widget._instances)") == "0"
    targets = farm.ask(kernel, "sorted(get_ipython().kernel.comm_manager.targets)")
    assert targets == "['jupyter.widget', 'jupyter.widget.control']", "the page can reach its widgets"
    assert farm.ask(kernel, "'debugpy.server' in __import__('sys').modules") == "False", "no debugger"


def test_a_kernel_has_the_environment_that_it_was_given_and_no_other(farm):
    os.environ["LDNEVIDENCE_TEST_TOKEN"] = "not-for-kernels"
    try:
        kernel = farm.start(QUERY_STRING="tab=dose", API_TOKEN="not-for-kernels")
    finally:
        del os.environ["LDNEVIDENCE_TEST_TOKEN"]
    assert farm.ask(kernel, "__import__('os').environ['QUERY_STRING']") == "'tab=dose'"
    inside = set(eval(farm.ask(kernel, "sorted(__import__('os').environ)")))
    added = {"TERM", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PAGER", "GIT_PAGER", "MPLBACKEND"}
    assert inside - added == set(kernels.environment(farm.given)) | {"QUERY_STRING"}
    shown = farm.process(kernel).environ()
    assert set(shown) <= set(kernels.environment(shown))
    assert "not-for-kernels" not in " ".join(shown.values())


def test_kernels_do_not_share_their_random_numbers(farm):
    first, second = farm.start(), farm.start()
    for source in ("random.random()", "numpy.random.rand()", "uuid.uuid4()", "os.urandom(8)"):
        expression = f"__import__({source.split('.')[0]!r}).{source.split('.', 1)[1]}"
        assert farm.ask(first, expression) != farm.ask(second, expression), source


def test_what_one_kernel_does_no_other_sees(farm):
    first, second = farm.start(), farm.start()
    farm.ask(first, "__import__('ldnevidence').load().__dict__.setdefault('mark', 1)")
    assert farm.ask(second, "'mark' in __import__('ldnevidence').load().__dict__") == "False"


def test_a_fault_in_a_kernel_stands_in_the_log_of_the_server_and_is_not_sent_to_the_page(
    runner, tmp_path, capfd
):
    own = Farm(runner, tmp_path)
    try:
        code = "__import__('logging').getLogger('ldnevidence').error('fault %d', 4700 + 11)"
        sent = runner.run(own.listen(own.start(), code))
        assert "fault 4711" not in str(sent)
        assert "ERROR | fault 4711" in capfd.readouterr().err
    finally:
        own.close()


# -- signals and ends -------------------------------------------------------------------------------------


def test_a_kernel_is_interrupted_and_goes_on(farm):
    kernel = farm.start()
    reply = farm.runner.run(farm.run_and_interrupt(kernel))
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert farm.ask(kernel, "1 + 1") == "2"


@pytest.mark.parametrize("now", [True, False], ids=["killed", "asked to end"])
def test_a_kernel_that_is_shut_down_is_gone_and_leaves_no_zombie(farm, now):
    kernel = farm.start()
    process = farm.process(kernel)
    file = Path(farm.manager.get_kernel(kernel).connection_file)
    assert file.exists()
    farm.runner.run(farm.manager.shutdown_kernel(kernel, now=now))
    assert kernel not in farm.manager and not file.exists()
    process.wait(GONE_WITHIN)  # a zombie would never be gone: its parent is the template, not these tests
    assert not psutil.pid_exists(process.pid)


def test_a_kernel_that_dies_is_seen_to_be_dead(farm):
    kernel = farm.start()
    process = farm.process(kernel)
    assert farm.runner.run(farm.manager.get_kernel(kernel).is_alive())
    process.kill()
    process.wait(GONE_WITHIN)
    assert not farm.runner.run(farm.manager.get_kernel(kernel).is_alive())


def test_a_kernel_that_is_restarted_is_another_process_under_the_same_name(farm):
    kernel = farm.start()
    before = farm.process(kernel).pid
    farm.runner.run(farm.manager.restart_kernel(kernel))
    assert farm.process(kernel).pid != before
    assert farm.ask(kernel, "2 * 3") == "6"


def test_kernels_end_with_their_template_and_the_next_is_forked_from_a_new_one(runner, tmp_path, caplog):
    own = Farm(runner, tmp_path)
    try:
        first = own.process(own.start())
        old = own.manager.template.process
        old.kill()
        assert ended([first])
        with caplog.at_level(logging.ERROR, "ldnevidence"):
            second = own.start()
        assert own.process(second).ppid() == own.manager.template.process.pid != old.pid
        assert own.ask(second, "1 + 1") == "2"
        assert ["starting another" in record.message for record in caplog.records] == [True]
    finally:
        own.close()


def test_where_no_kernel_can_be_forked_it_starts_on_its_own_and_the_log_says_so_once(
    runner, tmp_path, caplog
):
    broken = tmp_path / "broken"  # stands before the real numpy
    broken.mkdir()
    (broken / "numpy.py").write_text("raise ImportError('broken for this test')", encoding="utf-8")
    own = Farm(runner, tmp_path, PYTHONPATH=f"{broken}{os.pathsep}{hosting.ROOT}")
    try:
        with caplog.at_level(logging.ERROR, "ldnevidence"):
            kernels_ = [own.start(), own.start()]
        assert sum("cannot be forked" in record.message for record in caplog.records) == 1
        for kernel in kernels_:
            assert own.process(kernel).name() != "ldn-kernel"
            assert own.ask(kernel, "1 + 1") == "2"
    finally:
        own.close()


# -- the server's end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_is_stopped_or_killed_leaves_no_process_and_no_file(tmp_path, number):
    with hosting.server(pool=1, environment={"TMPDIR": str(tmp_path)}) as running:
        reader = hosting.Reader(running)
        with reader.channels() as line:
            assert hosting.kernel_is_alive(line)
            whole = psutil.Process(running.process.pid).children(recursive=True)
            names = [process.name() for process in whole]
            assert "ldn-template" in names and "ldn-kernel" in names
            assert list(tmp_path.iterdir()), "the scratch folder lies here"
            running.process.send_signal(number)
            running.process.wait(GONE_WITHIN)
    assert ended(whole)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fork", [True, False])
def test_a_server_that_is_stopped_while_its_first_kernels_start_ends_in_good_order(tmp_path, fork):
    with hosting.server(pool=2, fork=fork, environment={"TMPDIR": str(tmp_path)}) as running:
        whole = psutil.Process(running.process.pid).children(recursive=True)
        assert running.stop() == 0
    assert ended(whole)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_must_not_fork_starts_kernels_on_their_own():
    with hosting.server(pool=0, fork=False) as running:
        reader = hosting.Reader(running)
        with reader.channels() as line:
            assert hosting.kernel_is_alive(line)
        assert [process.name() == "ldn-kernel" for process in running.kernels()] == [False]


def test_the_server_may_hold_more_files_open_than_forty_readers_need():
    with hosting.server(pool=0) as running:
        soft, hard = psutil.Process(running.process.pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft == hard or soft >= server.OPEN_FILES
