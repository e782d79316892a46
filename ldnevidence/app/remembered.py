"""Tabs that have been drawn once need not be drawn again: what stood in them is kept in files.

A tab shows the same whenever the choices that it reads are the same. Kernels of one server share a folder, in which
each leaves what it drew; where another reader has made the same choice before, the tab is filled from there. The
folder belongs to one run of the server, so it never outlives the data or the code that it was made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets as w

from ldnevidence.app.panels import PANELS, Panel

if TYPE_CHECKING:
    from ldnevidence.app.state import ExplorerState

MOST = 4_000  # tabs kept, each 5 to 50 kB; beyond that tabs are drawn as if nothing were kept
SEARCHES = ("text", "find")  # what a reader types is as good as never typed twice
AHEAD = ("compare", "safety", "dose")  # tabs that are drawn ahead for every condition


class Remembered(Panel):
    """A panel that looks in the folder before it draws."""

    folder: ClassVar[Path]

    def draw(self) -> None:
        """Fill the widgets from what was kept, or draw and keep."""
        path = self._path()
        if path is None:
            super().draw()
            return
        try:
            kept = json.loads(zlib.decompress(path.read_bytes()))
        except (OSError, zlib.error, ValueError):
            kept = None
        parts = list(pieces(self))
        if kept is not None and len(kept) == len(parts):
            for (owner, name), value in zip(parts, kept, strict=True):
                setattr(owner, name, value)
            return
        said = self.status.value
        super().draw()
        # A message is about this moment, such as a view that failed: such a tab is drawn again next time.
        if self.status.value == said and list(pieces(self)) == parts:
            keep(path, [getattr(owner, name) for owner, name in parts])

    def _path(self) -> Path | None:
        """Return the file of the present choice, or None where it is not worth one."""
        if any(getattr(self.state, name) for name in SEARCHES):
            return None
        # Buttons carry links of the whole choice, so all of it counts, not only what the panel reads.
        text = f"{type(self).__name__}?{self.state.to_query()}"
        return self.folder / hashlib.sha256(text.encode("utf-8")).hexdigest()


def pieces(widget: w.Widget) -> Iterator[tuple[Any, str]]:
    """Yield what drawing changes below a panel: the HTML of its parts, and which of them are hidden."""
    pickers = getattr(widget, "pickers", None)  # they follow the state by themselves
    for child in widget.children:
        if child is pickers:
            continue
        if isinstance(child, w.HTML):
            yield child, "value"
        elif isinstance(child, w.Box):
            yield child.layout, "display"
            yield from pieces(child)


def keep(path: Path, values: list[Any]) -> None:
    """Write a file in one piece, unless there are enough or there is no room."""
    try:
        if len(os.listdir(path.parent)) >= MOST:
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as out:
            out.write(zlib.compress(json.dumps(values).encode("utf-8"), 1))
        os.replace(out.name, path)
    except OSError:
        return


def remember_in(folder: Path) -> None:
    """Let all panels of this process, and of those forked from it, use a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for tab, panel in PANELS.items():
        PANELS[tab] = type(panel.__name__, (Remembered, panel), {"folder": folder})


def asked_first(state: ExplorerState) -> Iterator[str]:
    """Yield the choices that most readers make, as links: every tab, and the tabs of every condition."""
    for tab in PANELS:
        yield f"?tab={tab}"
    for tab in AHEAD:
        for code in state.choices("condition").values():
            yield f"?tab={tab}&condition={code}"
    for band in state.choices("dose_band").values():
        yield f"?tab=compare&dose={band}"
