"""Pictures: pure functions from Evidence to View. Each View has figure, table, notes, sources and code."""

from ldnevidence.views.audit_findings import audit_findings
from ldnevidence.views.base import View
from ldnevidence.views.best_dose import best_dose
from ldnevidence.views.claims import claims
from ldnevidence.views.concentration_ladder import concentration_ladder
from ldnevidence.views.discrepancies import discrepancies
from ldnevidence.views.dose_axis import dose_axis
from ldnevidence.views.ed_curve import ed_curve
from ldnevidence.views.forest import forest
from ldnevidence.views.gap_map import gap_map
from ldnevidence.views.icon_array import icon_array, icon_array_for
from ldnevidence.views.occupancy import occupancy
from ldnevidence.views.pooled import pooled_results
from ldnevidence.views.response_rates import response_rates
from ldnevidence.views.safeguards import safeguards
from ldnevidence.views.safety import safety
from ldnevidence.views.timeline import timeline
from ldnevidence.views.titrations import titrations

__all__ = [
    "View",
    "audit_findings",
    "best_dose",
    "claims",
    "concentration_ladder",
    "discrepancies",
    "dose_axis",
    "ed_curve",
    "forest",
    "gap_map",
    "icon_array",
    "icon_array_for",
    "occupancy",
    "pooled_results",
    "response_rates",
    "safeguards",
    "safety",
    "timeline",
    "titrations",
]
