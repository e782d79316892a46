"""Kernels: what their environment holds, when they end, and how many there may be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psutil  # type: ignore[import-untyped]
from jupyter_client.session import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Integer

from ldnevidence.app.show import OWN_PAGE
from ldnevidence.app.template import TemplateProcess

# What a visitor is budgeted with, kernel and share of the server, in MB: measured in deploy/README.md, and a margin.
MEGABYTES_FORKED, MEGABYTES_ALONE = 80, 150
LOOK_EVERY = 0.25  # seconds between looks at a kernel that starts
QUIET = 0.03  # seconds of processor time in between that count as none
LONGEST_TURN = 20.0  # seconds after which the next kernel starts anyway
# Names that a kernel needs; all others stay with the server, so that no secret can be read in a kernel.
NEEDED = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE",
    "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING",
    "PYTHONDONTWRITEBYTECODE", "JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_PLATFORM_DIRS",
    "IPYTHONDIR", "QUERY_STRING", "PATH_INFO", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "SERVER_SOFTWARE", "VOILA_PREHEAT", "VOILA_KERNEL_ID", "VOILA_BASE_URL", "VOILA_SERVER_URL", "VOILA_REQUEST_URL",
    "VOILA_APP_IP", "VOILA_APP_PORT", "VOILA_WS_PROTOCOL", "VOILA_WS_BASE_URL",
})  # fmt: skip
ALWAYS = {
    OWN_PAGE: "1",
    # One thread a kernel: forty kernels with a pool of threads each would only wait for one another.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a kernel gets.

    >>> sorted(set(environment({"PATH": "/bin", "API_TOKEN": "x", "LC_ALL": "C"})) - set(ALWAYS))
    ['LC_ALL', 'PATH']
    """
    kept = {k: v for k, v in given.items() if k in NEEDED or k.startswith("LC_")}
    return kept | ALWAYS


def visitors_in_memory(forked: bool = False) -> int:
    """Return how many visitors fit into two thirds of this machine's memory, at least four."""
    each = MEGABYTES_FORKED if forked else MEGABYTES_ALONE
    return max(4, int(psutil.virtual_memory().total * 2 / 3 / (each * 2**20)))


class ExplorerKernelManager(AsyncMappingKernelManager):
    """Starts kernels without secrets, ends those that were left, and counts the visitors.

    Attributes
    ----------
    most : int
        Kernels in use at once; further visitors are asked to come back.
    instance : int
        Number of this process among several behind one proxy. Kernel names start with it in hexadecimal, so that
        the proxy can bring a page back to its own process without a cookie.
    abandoned_after : int
        Seconds after which a kernel without any open page ends. A page that lost its connection for a moment
        comes back within that time.
    """

    template: TemplateProcess | None = None  # the process that kernels are forked from, set by the server
    most = Integer(0, config=True, help="Kernels in use at once; 0 sets it from the memory.")
    instance = Integer(
        0, config=True, help="Number of this process among several behind one proxy, 0 to 255."
    )
    abandoned_after = Integer(120, config=True, help="Seconds that a kernel without an open page stays.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._turns: asyncio.Semaphore | None = None  # made where the loop runs
        self._ending: set[asyncio.Future[None]] = set()
        self._started: set[str] = set()
        self.coming = 0  # visitors whose page is being made
        self.closing = False

    def new_kernel_id(self, **kwargs: Any) -> str:
        """Return a random name that starts with the number of this process."""
        return f"{self.instance:02x}{super().new_kernel_id(**kwargs)[2:]}"

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel with a cleaned environment.

        Raises
        ------
        RuntimeError
            Where the server is being stopped.
        """
        if self.closing:
            raise RuntimeError("no kernel is started any more: the server is being stopped")
        kwargs["env"] = environment(kwargs.get("env") or os.environ)
        kernel = await (super().start_kernel(**kwargs) if self.forks() else self._start_in_turn(**kwargs))
        self._started.add(kernel)
        return kernel

    def forks(self) -> bool:
        """Tell whether kernels are forked from a template."""
        return self.template is not None and not self.template.given_up

    async def _start_in_turn(self, **kwargs: Any) -> str:
        """Start a kernel that is not forked, which keeps a processor busy for seconds.

        Kernels take turns, one a processor: of many that are wanted at once the first is ready long before the
        last, and readers who have theirs are not slowed down by all the others.
        """
        if self._turns is None:
            self._turns = asyncio.Semaphore(os.cpu_count() or 1)
        await self._turns.acquire()
        kernel = ""
        try:
            kernel = await super().start_kernel(**kwargs)
        finally:
            end = asyncio.ensure_future(self._end_turn(kernel))
            self._ending.add(end)
            end.add_done_callback(self._ending.discard)
        return kernel

    async def settle(self) -> None:
        """Start no other kernel, and wait for those that are just being started: only then can they be ended."""
        self.closing = True
        pools: dict[str, list[asyncio.Future[Any]]] = getattr(self, "_pools", {})
        starting = [*self._pending_kernels.values(), *(task for pool in pools.values() for task in pool)]
        if starting:
            await asyncio.wait(starting, timeout=LONGEST_TURN)

    async def _end_turn(self, kernel_id: str) -> None:
        """Let the next kernel start once this one has nothing left to compute, or has gone."""
        try:
            provisioner = self.get_kernel(kernel_id).provisioner if kernel_id in self else None
            process = psutil.Process(getattr(provisioner, "pid", None) or -1)
            spent, quiet = 0.0, 0
            for _ in range(int(LONGEST_TURN / LOOK_EVERY)):
                await asyncio.sleep(LOOK_EVERY)
                times = process.cpu_times()
                quiet = quiet + 1 if times.user + times.system - spent < QUIET else 0
                spent = times.user + times.system
                if quiet > 1:
                    break
        except (psutil.Error, ValueError):
            pass  # ended or never started
        finally:
            if self._turns:
                self._turns.release()

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page has gone sooner than one whose reader only pauses."""
        kernel = self._kernels[kernel_id]
        left = not self._kernel_connections.get(kernel_id, 0)
        if left and utcnow() - kernel.last_activity > timedelta(seconds=self.abandoned_after):
            self.log.info("Ending kernel %s: no page is open", kernel_id)
            await self.shutdown_kernel(kernel_id)
            return
        await super().cull_kernel_if_idle(kernel_id)

    def pooled(self) -> set[str]:
        """Return the preheated kernels that wait for a visitor."""
        tasks = [task for pool in getattr(self, "_pools", {}).values() for task in pool if task.done()]
        return {task.result()["kernel_id"] for task in tasks if not task.cancelled() and not task.exception()}

    def visitors(self) -> int:
        """Return how many kernels are in use."""
        self._started &= set(self.list_kernel_ids())
        return len(self._started - self.pooled())

    def full(self) -> bool:
        """Tell whether no further visitor can be taken; those whose page is being made count too."""
        return self.visitors() + self.coming >= (self.most or visitors_in_memory(self.forks()))
