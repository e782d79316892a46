"""Voila with our template and settings, started in this process."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from tornado.ioloop import IOLoop
from traitlets import Bool, Unicode
from traitlets.config import Config
from voila import notebook_renderer
from voila.app import Voila
from voila.exporter import VoilaExporter
from voila.notebook_renderer import NotebookRenderer
from voila.utils import get_page_config

from ldnevidence import export
from ldnevidence.app import bundle, handlers, show, template
from ldnevidence.app.kernels import ExplorerKernelManager, environment
from ldnevidence.evidence import load
from ldnevidence.paths import dashboard_notebook, data_dir
from ldnevidence.schema import contract

TEMPLATES = Path(__file__).parent / "jupyter"
STATIC = TEMPLATES / "voila" / "templates" / "ldn" / "static"
CULL_AFTER = 1800  # seconds without a message before the kernel of an open page may go
CHECK_EVERY = 30  # seconds between looks for kernels that may go
REFILL_AFTER = 0.5  # seconds before the next kernel is forked; readers beyond the pool wait for it
REFILL_ALONE_AFTER = 4.0  # the same where kernels cannot be forked and start slowly: a new page comes first
MOST_KERNELS = 500
OPEN_FILES = 16_384
LONGEST_SCRATCH = (
    40  # characters; the system allows 107 for the address of a socket that is a file, we add 65
)


class CompiledTemplates(BytecodeCache):
    """Compiled page templates, kept for the life of the server."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what was compiled before."""
        bucket.code = self._kept.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.code


class Exporter(VoilaExporter):
    """Makes the page; unlike its base it does not compile all templates anew for every reader."""

    templates = CompiledTemplates()

    @property
    def environment(self) -> Any:
        """Return the environment of the templates."""
        found = super().environment
        found.bytecode_cache = self.templates
        return found


class ExplorerServer(Voila):
    """Voila that serves plotly's script and the downloads itself, and answers by our handlers."""

    frame_ancestors = Unicode("'self'", help="Who may show the page in a frame.").tag(config=True)
    fork = Bool(False, help="Whether kernels are forked from one warmed process.").tag(config=True)

    def setup_template_dirs(self) -> None:
        """Make the scratch folder, in which all lies that is not kept, and begin to warm the kernels."""
        super().setup_template_dirs()
        self.scratch = tempfile.TemporaryDirectory(prefix="ldnevidence-")
        self.connection_dir_root = self.scratch.name
        # Ports are chosen before the kernel takes them, and of hundreds some are taken meanwhile; files are not.
        if os.name == "posix" and len(self.scratch.name) <= LONGEST_SCRATCH:
            self.update_config(Config({"KernelManager": {"transport": "ipc"}}))
        downloads = Path(self.scratch.name) / "static" / export.FOLDER
        export.write(downloads)
        pages = json.dumps(show.pages_of_works(load()), ensure_ascii=False)
        (downloads / "pages.json").write_text(pages, encoding="utf-8")  # for the page's lists of sources
        # Kernels get a profile of their own: no start-up files and no history of whoever runs the server.
        os.environ["IPYTHONDIR"] = str(Path(self.scratch.name) / "ipython")
        self.static_paths += [str(bundle.folder()), str(Path(self.scratch.name) / "static")]
        self.template: template.TemplateProcess | None = None
        if self.fork:
            self.template = template.TemplateProcess(Path(self.scratch.name), environment(os.environ))

    def init_settings(self) -> dict[str, Any]:
        """Return Voila's settings of the web application, and ours."""
        settings: dict[str, Any] = super().init_settings()
        self.kernel_manager.template = self.template
        return settings | {
            "security_headers": handlers.security_headers([], self.frame_ancestors),
            "default_handler_class": handlers.NotFound,
            "websocket_compression_options": {},
            "websocket_max_message_size": handlers.LARGEST_MESSAGE,
        }

    def init_handlers(self) -> list[Any]:
        """Return Voila's handlers with ours in the places of theirs."""
        scripts = IOLoop.current().run_sync(self._inline_scripts)
        self.app.settings["security_headers"] = handlers.security_headers(scripts, self.frame_ancestors)
        return handlers.handler_table(super().init_handlers(), self.server_url)

    async def _inline_scripts(self) -> list[str]:
        """Render the page without a kernel, to learn which scripts stand in it; these alone may run."""
        common = {
            "base_url": self.base_url, "settings": self.app.settings, "log": self.log,
            "voila_configuration": self.voila_configuration,
        }  # fmt: skip
        renderer = NotebookRenderer(
            voila_configuration=self.voila_configuration, traitlet_config=self.config,
            notebook_path=os.path.relpath(self.notebook_path, self.root_dir), template_paths=self.template_paths,
            config_manager=self.config_manager, contents_manager=self.contents_manager, base_url=self.base_url,
            kernel_spec_manager=self.kernel_spec_manager, page_config=get_page_config(**common),
            mathjax_config=None, mathjax_url=None,
        )  # fmt: skip
        await renderer.initialize()
        renderer._jinja_kernel_start = _no_kernel
        renderer._jinja_cell_generator = _empty_cells
        page = "".join([piece async for piece, _ in renderer.generate_content_generator()])
        return [*handlers.inline_scripts(page), "window.voila_heartbeat()"]

    def stop(self) -> None:
        """End all kernels and leave no file behind."""
        try:
            self.ioloop.run_sync(self.kernel_manager.settle)
            super().stop()
        finally:
            if self.template:
                self.template.stop()
            self.scratch.cleanup()


async def _no_kernel(nb: Any, **kwargs: Any) -> str:
    return ""


async def _empty_cells(nb: Any, kernel_id: str) -> AsyncIterator[Any]:
    for cell in nb.cells:
        yield cell


def headline() -> dict[str, str]:
    """Return the words that stand in the page before any script runs, computed from the tables."""
    ev = load().select()
    studies = ev.studies[ev.studies["part_of"].isna()]
    trials = int(studies["randomized"].sum())
    conditions = ev.tables["study_conditions"]["condition_id"].nunique()
    return {
        "title": "LDN evidence explorer",
        "headline": (
            f"What {len(studies)} human studies of low-dose naltrexone in {conditions} conditions found; "
            f"{trials} of them are randomised. Every number can be followed to the page it was read on."
        ),
        "version": contract(data_dir())["version"],
        "build": build_hash(),
    }


def build_hash() -> str:
    """Return a short hash of the static files; addresses that carry it may be cached for ever."""
    digest = hashlib.sha256()
    for path in [*sorted(STATIC.iterdir()), bundle.folder() / bundle.NAME]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def settings(
    port: int,
    open_browser: bool,
    pool: int = 1,
    base_url: str = "/",
    frame_ancestors: str = "self",
    address: str = "127.0.0.1",
    most: int = 0,
    instance: int = 0,
    fork: bool = True,
) -> dict[str, Any]:
    """Return Voila's configuration for the dashboard; parameters as in :func:`serve`."""
    return {
        "Application": {"log_level": "WARN"},
        "Voila": {
            "port": port, "open_browser": open_browser, "port_retries": 0, "ip": address, "base_url": base_url,
            "identity_provider_class": handlers.Reader,
        },
        "ExplorerServer": {"frame_ancestors": handlers.frame_ancestors(frame_ancestors), "fork": fork},
        "KernelProvisionerFactory": {"default_provisioner_name": template.PROVISIONER},
        "VoilaConfiguration": {
            "template": "ldn",
            "strip_sources": True,
            "show_tracebacks": False,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "file_allowlist": [],
            "file_denylist": [".*"],
            "resources": {"ldn": headline()},
            "preheat_kernel": pool > 0,
            "default_pool_size": pool,
            "multi_kernel_manager_class": ExplorerKernelManager,
            # Nothing but the widgets: every further extension is loaded and parsed by each visitor.
            "extension_allowlist": ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"],
        },
        "VoilaKernelManager": {"fill_delay": REFILL_AFTER if fork else REFILL_ALONE_AFTER},
        "ExplorerKernelManager": {"most": most, "instance": instance},
        "MappingKernelManager": {
            "cull_interval": CHECK_EVERY, "cull_idle_timeout": CULL_AFTER, "cull_connected": True,
        },
    }  # fmt: skip


def allow_open_files() -> None:
    """Let this process hold as many files open as it may: a reader takes fifteen, and the usual limit is 1,024."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def port_is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Tell whether a port can be bound."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def serve(
    port: int = 8866,
    open_browser: bool = True,
    pool: int = 1,
    base_url: str = "/",
    frame_ancestors: str = "self",
    address: str = "127.0.0.1",
    most: int = 0,
    instance: int = 0,
    fork: bool = True,
) -> int:
    """Serve the dashboard until it is stopped.

    Parameters
    ----------
    port : int
        Port, 1 to 65535.
    open_browser : bool
        Whether to open the page.
    pool : int
        Preheated kernels that wait for visitors; 0 starts each kernel on its visit.
    base_url : str
        Path under which a proxy shows the dashboard, such as ``/ldn/``.
    frame_ancestors : str
        Who may show the page in a frame: ``self``, ``none``, or addresses such as ``https://school.example``.
    address : str
        Address to listen on; only a container or a proxy on another machine needs another than the default.
    most : int
        Visitors at once, further ones are asked to come back; 0 takes as many as fit into the memory.
    instance : int
        Number of this process among several behind one proxy, 0 to 255.
    fork : bool
        Whether kernels are forked from one warmed process; only Linux can do so.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    ValueError
        Where an option is out of range or the port is taken.
    """
    if not 1 <= port <= 65535:
        raise ValueError(f"a port lies between 1 and 65535, not {port}")
    if not 0 <= pool <= MOST_KERNELS or not 0 <= most <= MOST_KERNELS:
        raise ValueError(f"pool and most visitors lie between 0 and {MOST_KERNELS}, not {pool} and {most}")
    if not 0 <= instance <= 255:
        raise ValueError(f"an instance lies between 0 and 255, not {instance}")
    if not re.fullmatch(r"/(?:[\w.~-]+/)*", base_url):
        raise ValueError(f"a base URL starts and ends with a slash, such as /ldn/, not {base_url!r}")
    if not port_is_free(port, address):
        raise ValueError(f"port {port} is taken; stop what uses it, or choose another with --port")
    fork = fork and template.possible()
    configuration = settings(
        port, open_browser, pool, base_url, frame_ancestors, address, most, instance, fork
    )
    allow_open_files()
    template.register()
    notebook_renderer.VoilaExporter = Exporter
    old = os.environ.get("JUPYTER_PATH", "")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(TEMPLATES), old]))
    print(f"The dashboard is at http://{address}:{port}{base_url} (stop it with Ctrl+C).", flush=True)
    Voila.clear_instance()
    server = ExplorerServer.instance(config=Config(configuration))
    server.initialize([str(dashboard_notebook())])
    server.start()
    return 0
