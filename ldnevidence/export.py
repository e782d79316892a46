"""The data to take away: one archive with tables, contract, references, licence and citation."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

from ldnevidence.paths import data_dir, references_file, root

FOLDER = "download"
ZIP_NAME = "ldn-evidence.zip"


def files() -> list[Path]:
    """Return every file that belongs to the data, tables first."""
    data = [*sorted(data_dir().glob("*.csv")), data_dir() / "datapackage.json"]
    words = [data_dir() / name for name in ("README.md", "CHANGELOG.md", "LICENSE")]
    return [*data, *words, references_file(), root() / "CITATION.cff"]


def archive() -> bytes:
    """Return all files as one ZIP.

    >>> import io, zipfile
    >>> "studies.csv" in zipfile.ZipFile(io.BytesIO(archive())).namelist()
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for path in files():
            # A fixed date: the same data give the same archive.
            info = zipfile.ZipInfo(path.name, date_time=(2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, path.read_bytes())
    return buffer.getvalue()


def write(folder: Path) -> None:
    """Write every file and the archive into a folder, as the dashboard's server offers them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in files():
        shutil.copyfile(path, folder / path.name)
    (folder / ZIP_NAME).write_bytes(archive())
