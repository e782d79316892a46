"""Pictures: pure functions from Evidence to View. Each View has figure, table, notes, sources and code."""

from ldnevidence.views.base import View
from ldnevidence.views.gap_map import gap_map
from ldnevidence.views.response_rates import response_rates

__all__ = ["View", "gap_map", "response_rates"]
