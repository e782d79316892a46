"""Voila with our template and settings, started in this process."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import plotly
from voila.app import Voila

from ldnevidence import export
from ldnevidence.evidence import load
from ldnevidence.paths import dashboard_notebook, data_dir
from ldnevidence.schema import contract

TEMPLATES = Path(__file__).parent / "jupyter"
CULL_AFTER = 600  # seconds without a message before a visitor's kernel may go
PLOTLY_SCRIPT = Path(plotly.__file__).parent / "package_data"


class ExplorerServer(Voila):
    """Voila, with plotly's script served from the installed package, so that no other host is asked."""

    def setup_template_dirs(self) -> None:
        """Add the folders of plotly's script and of the downloads to the static paths."""
        super().setup_template_dirs()
        self.downloads = tempfile.TemporaryDirectory(prefix="ldnevidence-")
        export.write(Path(self.downloads.name) / export.FOLDER)
        self.static_paths += [str(PLOTLY_SCRIPT), self.downloads.name]


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
    }


def settings(port: int, open_browser: bool) -> dict[str, Any]:
    """Return Voila's configuration for the dashboard."""
    return {
        "Voila": {"port": port, "open_browser": open_browser, "port_retries": 0, "ip": "127.0.0.1"},
        "VoilaConfiguration": {
            "template": "ldn",
            "strip_sources": True,
            "show_tracebacks": False,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "resources": {"ldn": headline()},
            # Nothing but the widgets: every further extension is loaded and parsed by each visitor.
            "extension_allowlist": ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"],
        },
        "MappingKernelManager": {
            "cull_interval": 60, "cull_idle_timeout": CULL_AFTER, "cull_connected": True,
        },
    }  # fmt: skip


def port_is_free(port: int) -> bool:
    """Tell whether a local port can be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def serve(port: int = 8866, open_browser: bool = True) -> int:
    """Serve the dashboard until it is stopped.

    Parameters
    ----------
    port : int
        Local port, 1 to 65535.
    open_browser : bool
        Whether to open the page.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    ValueError
        Where the port is out of range or taken.
    """
    from traitlets.config import Config

    if not 1 <= port <= 65535:
        raise ValueError(f"a port lies between 1 and 65535, not {port}")
    if not port_is_free(port):
        raise ValueError(f"port {port} is taken; stop what uses it, or choose another with --port")
    old = os.environ.get("JUPYTER_PATH", "")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(TEMPLATES), old]))
    Voila.clear_instance()
    server = ExplorerServer.instance(config=Config(settings(port, open_browser)))
    server.initialize([str(dashboard_notebook())])
    server.start()
    return 0
