"""The server's side of forked kernels: starts the template, asks it for kernels, and manages them for Jupyter."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from select import POLLIN, poll
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from ldnevidence.app.forking import GOODBYE, LARGEST

log = logging.getLogger("ldnevidence")
PATIENCE = 60.0  # seconds that the template may take for its start; a fork takes hundredths of one
POLITE = 5.0  # seconds that it may take for its end
PROVISIONER = "ldnevidence-forked"


def possible() -> bool:
    """Tell whether this system has what forked kernels need: forks, and handles of processes."""
    if sys.platform != "linux" or not hasattr(signal, "pidfd_send_signal"):
        return False
    try:
        handle = os.pidfd_open(os.getpid())
        signal.pidfd_send_signal(handle, 0)
        os.close(handle)
    except OSError:  # an old kernel, or a container that forbids it
        return False
    return True


class ForkedProcess:
    """A process that was forked elsewhere, with the methods of ``subprocess.Popen`` that Jupyter uses.

    It is no child of the server, so its exit status is not known here; the handle tells when it has ended, and
    can never mean another process that got the same number later.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, handle: int) -> None:
        self.pid, self._handle = pid, handle
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while the process runs, afterwards 0."""
        return self._look(0)

    def wait(self) -> int:
        """Wait for the end of the process."""
        return self._look(None) or 0

    def _look(self, timeout: int | None) -> int | None:
        if self.returncode is None:
            ends = poll()
            ends.register(self._handle, POLLIN)
            if ends.poll(timeout):
                self.returncode = 0
                os.close(self._handle)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal; a process that has ended gets none."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


class TemplateProcess:
    """The process that kernels are forked from, as the server sees it.

    A template that never gets ready is given up with one line in the log; one that dies later is started anew.

    Parameters
    ----------
    scratch : Path
        The server's scratch folder. The template removes it where the server ends without a goodbye.
    environment : mapping of str to str
        Environment of the template, which lists of processes also show as that of every kernel.
    """

    def __init__(self, scratch: Path, environment: Mapping[str, str]) -> None:
        self.scratch, self.environment = scratch, dict(environment)
        self.given_up = False
        self._turn: asyncio.Lock | None = None  # made where the loop runs
        self._start()

    def _start(self) -> None:
        self._ready = False
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(PATIENCE)
        with other:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ldnevidence.app.forking", str(other.fileno()), str(self.scratch)],
                env=self.environment, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    async def fork(self, **request: Any) -> ForkedProcess | None:
        """Return the process of a new kernel, or None where none can be forked.

        Parameters
        ----------
        **request
            As of :func:`ldnevidence.app.forking.run_kernel`.
        """
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            return await asyncio.to_thread(self._ask, request)

    def _ask(self, request: dict[str, Any]) -> ForkedProcess | None:
        while not self.given_up:
            try:
                if not self._ready:
                    self._hear()
                    self._ready = True
                self._line.send(json.dumps(request).encode())
                answer, handles = self._hear()
            except OSError as error:
                self.process.kill()
                self.process.wait()
                self._line.close()
                self.given_up = not self._ready
                if self.given_up:
                    log.error("Kernels cannot be forked (%s); each starts on its own and needs more.", error)
                else:
                    log.error(
                        "The process that kernels are forked from has ended (%s); starting another.", error
                    )
                    self._start()
                continue
            if handles:
                return ForkedProcess(answer["pid"], handles[0])
            log.error("A kernel could not be forked (%s); it starts on its own.", answer.get("error"))
            return None
        return None

    def _hear(self) -> tuple[dict[str, Any], list[int]]:
        text, handles, _, _ = socket.recv_fds(self._line, LARGEST, 1)
        if not text:
            raise ConnectionError("it ended")
        return json.loads(text), handles

    def stop(self) -> None:
        """End the template, and with it whatever kernel is left."""
        if not self.given_up:
            try:
                self._line.send(GOODBYE)
                self.process.wait(POLITE)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
            self._line.close()
            self.given_up = True


class ForkedKernel(LocalProvisioner):
    """Jupyter's way to a kernel's process: forked where the server has a template, else started as always."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel."""
        manager: Any = self.parent
        template: TemplateProcess | None = getattr(manager.parent, "template", None)
        if template is not None:
            self.cwd = str(kwargs.get("cwd") or Path.cwd())
            file = os.path.realpath(manager.connection_file)
            process: Any = await template.fork(
                connection_file=file, environment=kwargs["env"], folder=self.cwd
            )
            if process is not None:
                self.process, self.pid = process, process.pid
                self.pgid = process.pid  # it leads a group of its own, or is about to
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)


def register() -> None:
    """Make the provisioner known by its name, as an installed entry point would."""
    where = f"{ForkedKernel.__module__}:{ForkedKernel.__name__}"
    entry = EntryPoint(PROVISIONER, where, KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[PROVISIONER] = entry
