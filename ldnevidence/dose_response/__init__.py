"""Dose and response: effective doses, assumed curves, simulated designs, receptor occupancy.

The public face of the subject; the work is done in the modules named here.

- `effective_dose`: ED50, ED95 and others from counts, by isotonic regression or a logit or probit curve;
  `fits` holds the arithmetic.
- `curves`: curves that we choose, among them the one through a printed ED50 and ED95, labelled as an
  assumption.
- `staircase`: what an up-and-down study would estimate under a known curve.
- `best_dose`: what an open search for a personal best dose finds, with and without a drug effect;
  `search_rule` holds the rule.
- `occupancy`: an Emax curve through receptor occupancies.

No study's results are stored here. Design figures are defaults of the two simulators, each with the key of
the work that it was read from; published results to set beside a simulation come from the evidence tables.
"""

from ldnevidence.dose_response.best_dose import BestDoseSearch, best_dose_search
from ldnevidence.dose_response.curves import (
    Curve,
    curve_through_two_points,
    dose_at,
    flat_curve,
    named_curves,
    plateau_curve,
)
from ldnevidence.dose_response.effective_dose import EffectiveDose, ed_isotonic, ed_logit, ed_probit
from ldnevidence.dose_response.occupancy import EmaxCurve, emax_curve
from ldnevidence.dose_response.staircase import UpAndDown, up_and_down

__all__ = [
    "BestDoseSearch",
    "Curve",
    "EffectiveDose",
    "EmaxCurve",
    "UpAndDown",
    "best_dose_search",
    "curve_through_two_points",
    "dose_at",
    "ed_isotonic",
    "ed_logit",
    "ed_probit",
    "emax_curve",
    "flat_curve",
    "named_curves",
    "plateau_curve",
    "up_and_down",
]
