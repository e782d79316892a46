"""What human studies of low-dose naltrexone found: data, statistics, pictures and checks.

Start with ``ev = ldnevidence.load()``. Heavy modules are imported when they are first used, so that
``import ldnevidence`` stays cheap for every visitor's process.

This is education and not medical advice.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldnevidence.citations import cite
    from ldnevidence.evidence import Evidence, load

__version__ = "0.1.0"

_MODULES = (
    "audit",
    "citations",
    "claims",
    "doses",
    "dose_response",
    "effects",
    "evidence",
    "pooling",
    "quiz",
    "schema",
    "views",
)
_NAMES = {"load": "evidence", "Evidence": "evidence", "cite": "citations"}

__all__ = ["Evidence", "cite", "load"]


def __getattr__(name: str) -> Any:
    """Import a public module or name at its first use (PEP 562)."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the lazy names too, for completion."""
    return sorted({*globals(), *_MODULES, *_NAMES})
