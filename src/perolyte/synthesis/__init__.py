"""How a composition is made: mass balance, firing, loss of lithium, and what is measured then."""

from perolyte.synthesis.firing import (
    FiringWindow,
    Line,
    find_firing,
    is_lithium_lanthanum_titanate,
    plan_characterisation,
)
from perolyte.synthesis.lithium_loss import (
    FiringStep,
    LithiumLoss,
    LithiumLossModel,
    estimate_lithium_loss,
)
from perolyte.synthesis.mass_balance import (
    MassBalance,
    WeighedPowder,
    balance_powders,
    xray_density_g_cm3,
)
from perolyte.synthesis.precursors import Precursor, choose_precursors
from perolyte.synthesis.target import TargetComposition, read_target

__all__ = [
    "FiringStep",
    "FiringWindow",
    "Line",
    "LithiumLoss",
    "LithiumLossModel",
    "MassBalance",
    "Precursor",
    "TargetComposition",
    "WeighedPowder",
    "balance_powders",
    "choose_precursors",
    "estimate_lithium_loss",
    "find_firing",
    "is_lithium_lanthanum_titanate",
    "plan_characterisation",
    "read_target",
    "xray_density_g_cm3",
]
