"""The tabs of the dashboard, one module a tab."""

from ldnevidence.app.panels.base import Panel, Status
from ldnevidence.app.panels.claims import Claims
from ldnevidence.app.panels.compare import Compare
from ldnevidence.app.panels.dose import Dose
from ldnevidence.app.panels.mechanisms import Mechanisms
from ldnevidence.app.panels.methods import Methods
from ldnevidence.app.panels.overview import Overview
from ldnevidence.app.panels.references import References
from ldnevidence.app.panels.safety import Safety

PANELS: dict[str, type[Panel]] = {
    "overview": Overview,
    "compare": Compare,
    "dose": Dose,
    "safety": Safety,
    "claims": Claims,
    "mechanisms": Mechanisms,
    "references": References,
    "methods": Methods,
}

__all__ = ["PANELS", "Panel", "Status"]
