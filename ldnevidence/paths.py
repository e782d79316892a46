"""Where the data, the references and the dashboard notebook lie: in a checkout or in the installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """Return the folder that holds ``data``, ``references.bib`` and ``notebooks``.

    A wheel carries them in ``ldnevidence/_bundle``; a checkout has them beside the package.

    >>> (root() / "data" / "datapackage.json").is_file()
    True
    """
    bundle = _PACKAGE / "_bundle"
    return bundle if bundle.is_dir() else _PACKAGE.parent


def data_dir() -> Path:
    """Return the folder with the CSV tables and their contract."""
    return root() / "data"


def references_file() -> Path:
    """Return the path of ``references.bib``."""
    return root() / "references.bib"


def dashboard_notebook() -> Path:
    """Return the path of the notebook that Voila serves."""
    return root() / "notebooks" / "dashboard.ipynb"
