"""The dashboard: widgets over the views. The only part of the package that imports ipywidgets."""

from ldnevidence.app.dashboard import Dashboard
from ldnevidence.app.state import ExplorerState

__all__ = ["Dashboard", "ExplorerState"]
