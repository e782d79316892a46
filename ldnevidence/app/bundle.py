"""The script that draws the charts: plotly's basic bundle where it was fetched, else the full script.

The views need scatter, bar and pie alone. The basic bundle knows just these and has a quarter of the full script's
size; it is fetched once, when the project is set up or a container is built, and is no part of the repository::

    python -m ldnevidence.app.bundle
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NAME = "plotly.min.js"
PACKAGE = "plotly.js-basic-dist-min"
INSIDE = "package/plotly-basic.min.js"
PLAUSIBLE = range(500_000, 3_000_000)  # bytes


def full_folder() -> Path:
    """Return the folder of the full script, which plotly's Python package carries."""
    import plotly

    return Path(plotly.__file__).parent / "package_data"


def version(script: Path) -> str:
    """Return the version that a plotly script names in its first lines, or an empty text."""
    with script.open("rb") as source:
        found = re.search(rb"plotly\.js (?:\([^)]*\) )?v(\d+\.\d+\.\d+)", source.read(400))
    return found.group(1).decode("ascii") if found else ""


def basic_folder() -> Path:
    """Return where the basic bundle lies, or would lie, for the plotly that is installed."""
    return Path(sys.prefix) / "share" / "ldnevidence" / f"plotly-basic-{version(full_folder() / NAME)}"


def folder() -> Path:
    """Return the folder whose script is to be served."""
    return basic_folder() if (basic_folder() / NAME).is_file() else full_folder()


def fetch(timeout: float = 60) -> bool:
    """Fetch the basic bundle of the right version with npm, once.

    Parameters
    ----------
    timeout : float
        Seconds after which fetching is given up.

    Returns
    -------
    bool
        Whether the bundle is there. Without npm, or without a network, it is not, and nothing else changes.
    """
    target = basic_folder() / NAME
    if target.is_file():
        return True
    npm = shutil.which("npm")
    wanted = version(full_folder() / NAME)
    if npm is None or not wanted:
        return False
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{wanted}"]
        try:
            subprocess.run(command, cwd=scratch, timeout=timeout, check=True, capture_output=True)
            archive = next(Path(scratch).glob("*.tgz"))
            with tarfile.open(archive) as packed:
                member = packed.extractfile(INSIDE)
                script = member.read() if member else b""
        except (OSError, subprocess.SubprocessError, StopIteration, KeyError, tarfile.TarError):
            return False
        fetched = Path(scratch) / NAME
        fetched.write_bytes(script)
        if len(script) not in PLAUSIBLE or version(fetched) != wanted:
            return False
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fetched, target)
        except OSError:  # the environment belongs to someone else
            return False
    return True


if __name__ == "__main__":
    print(f"basic bundle {'ready' if fetch() else 'not available, the full script will be served'}")
