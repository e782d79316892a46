"""Kernels that are forked from one warmed process: ready at once, and their memory is mostly shared.

Each server keeps one process, the template, that has imported everything, loaded the tables and drawn every tab once,
and then does nothing but fork. What every kernel needs stands in memory once; a page of it is copied only when a
kernel writes to it. The template has one thread and no socket but its line to the server, so a fork is safe; all
that a kernel may not share (process group, environment, random numbers, sockets, IPython) begins after the fork.

The line is a pair of sockets. When the server ends, however it ends, the line closes: the template then ends the
kernels that are left, removes the server's scratch folder, and ends itself. When the template ends, its kernels do so
too: each watches its parent, as Jupyter's kernels do.

Run by the server as ``python -m ldnevidence.app.forking HANDLE FOLDER``; see :mod:`ldnevidence.app.template` for the
server's side. Needs Linux; elsewhere kernels start as Jupyter starts them.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import logging
import os
import random
import select
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

LARGEST = 2**20  # bytes of a request: a kernel's environment and the name of its connection file
KERNEL, TEMPLATE, AHEAD = "ldn-kernel", "ldn-template", "ldn-ahead"  # names in lists of processes
GOODBYE = b"goodbye"  # the server ends in good order, and clears away itself
# What kernels import when they start; all else comes with the drawing of the tabs.
NEEDED = (
    "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.logger",
    "IPython.core.oinspect", "IPython.extensions.storemagic", "tornado.locks", "tornado.platform.asyncio",
    "tornado.queues", "websockets.asyncio.client", "zmq.utils.garbage", "voila.utils",
)  # fmt: skip
PAUSE = 200  # milliseconds without a request, after which the warming goes on
LEAST_URGENT = 19  # the priority of what is drawn ahead: only what nobody else needs


class Template:
    """The process that forks.

    Parameters
    ----------
    line : socket
        The line to the server.
    scratch : Path
        The server's scratch folder.
    """

    def __init__(self, line: socket.socket, scratch: Path) -> None:
        self.line, self.scratch = line, scratch
        self.children: dict[int, int] = {}  # handle to number of every process that was forked here
        self.poll = select.poll()
        self.poll.register(line, select.POLLIN)

    def run(self) -> None:
        """Say that kernels can be had, and fork one for every request until the line closes."""
        warming = warm_up(self.scratch / "tabs")
        try:
            next(warming)
            self.line.send(b"{}")
            at_work = True
            while True:
                ready = self.poll.poll(PAUSE if at_work else None)
                if not ready:  # nobody waits: a good moment for the next part of the warming
                    at_work = next(warming, None) is not None
                    if not at_work:
                        self.fork(draw_ahead, AHEAD)
                for handle, _ in ready:
                    if handle != self.line.fileno():
                        self._bury(handle)
                    elif not self._answer():
                        return
        finally:
            self._end()

    def _answer(self) -> bool:
        """Read a request and fork its kernel; False where there will be no further one."""
        request = self.line.recv(LARGEST)
        if not request:  # the server was killed
            self._end()
            shutil.rmtree(self.scratch, ignore_errors=True)
            return False
        if request == GOODBYE:
            return False
        try:
            handle = self.fork(partial(run_kernel, **json.loads(request)), KERNEL)
        except OSError as error:  # no process or no memory is left
            self.line.send(json.dumps({"error": str(error)}).encode())
            return True
        answer = json.dumps({"pid": self.children[handle]}).encode()
        socket.send_fds(self.line, [answer], [handle])
        return True

    def fork(self, work: Callable[[], None], name: str) -> int:
        """Let a forked process do some work and end; return its handle, which can be polled for its end."""
        process = os.fork()
        if process:
            try:
                handle = os.pidfd_open(process)
            except OSError:  # no handle is left: a process that nobody could watch must not stay
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                raise
            self.children[handle] = process
            self.poll.register(handle, select.POLLIN)
            return handle
        status = 1
        try:
            self.line.close()
            for handle in self.children:
                os.close(handle)
            name_process(name)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)  # not as usual: clearing away what is shared would only copy it

    def _bury(self, handle: int) -> None:
        self.poll.unregister(handle)
        os.waitpid(self.children.pop(handle), 0)
        os.close(handle)

    def _end(self) -> None:
        """End every process that is left."""
        for process in self.children.values():
            os.kill(process, signal.SIGKILL)
        for handle in list(self.children):
            self._bury(handle)


def warm_up(folder: Path) -> Iterator[str]:
    """Import, load and draw what kernels will need, one part at a time: first all that the first page needs.

    Raises
    ------
    RuntimeError
        Where a second thread has appeared: what it held at the moment of a fork would stay locked for ever.
    """
    import ipywidgets

    from ldnevidence.app import Dashboard, remembered
    from ldnevidence.app.panels import PANELS

    sys.modules["debugpy"] = None  # type: ignore[assignment]  # no debugger in kernels that face the public
    for name in NEEDED:
        importlib.import_module(name)
    remembered.remember_in(folder)
    for tab in PANELS:
        Dashboard().open_link(f"?tab={tab}")
        ipywidgets.Widget.close_all()  # kernels begin without any
        gc.collect()
        gc.freeze()  # kernels never look through what they share, which would copy it
        if len(os.listdir("/proc/self/task")) > 1:
            raise RuntimeError("a thread runs in the process that kernels are forked from")
        yield tab


def draw_ahead() -> None:
    """Draw what readers will ask for first, while nothing else is to be done."""
    os.setsid()
    os.nice(LEAST_URGENT)
    with contextlib.suppress(OSError):  # Linux may share time out by sessions, and then looks at this
        Path("/proc/self/autogroup").write_text(str(LEAST_URGENT), encoding="ascii")
    from ldnevidence.app import Dashboard, remembered

    page = Dashboard()
    for link in remembered.asked_first(page.state):
        page.open_link(link)


def run_kernel(connection_file: str, environment: dict[str, str], folder: str) -> None:
    """Be a kernel; returns when it has been shut down.

    Parameters
    ----------
    connection_file : str
        Jupyter's file with the ports and the key of this kernel.
    environment : dict of str to str
        All of the kernel's environment.
    folder : str
        Working folder.
    """
    import ipywidgets
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.setpgid(
        0, 0
    )  # a group for signals; not a session, else each kernel's share of time equals the server's
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    random.seed()
    np.random.seed()
    log_to_server()
    kernel = IPKernelApp.instance()
    kernel.initialize([
        "-f", connection_file, f"--IPKernelApp.parent_handle={os.getppid()}", "--HistoryManager.enabled=False",
        "--log-level=ERROR",
    ])  # fmt: skip
    ipywidgets.register_comm_target()  # at its import there was no kernel yet
    kernel.start()
    atexit._run_exitfuncs()  # says goodbye to the server and closes the sockets


def log_to_server() -> None:
    """Send our log to the server's: a kernel's standard error goes to the browser, which is nobody's business."""
    stream = open(os.dup(2), "w", encoding="utf-8", errors="replace")  # noqa: SIM115  # open as long as the kernel runs
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s | %(message)s"))
    log = logging.getLogger("ldnevidence")
    log.addHandler(handler)
    log.propagate = False


def name_process(name: str) -> None:
    """Give this process a name in lists of processes."""
    Path("/proc/self/comm").write_text(name, encoding="ascii")


def main(handle: str, scratch: str) -> None:
    """Run the template over an inherited socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which then closes the line
    name_process(TEMPLATE)
    Template(socket.socket(fileno=int(handle)), Path(scratch)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
