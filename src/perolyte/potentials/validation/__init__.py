"""Checks that say where a potential can be trusted, each beside a published number.

Importing this package does not load torch.
"""

from typing import TYPE_CHECKING, Any

from perolyte.potentials.validation.result import (
    CheckOutcome,
    CheckQuantity,
    Limit,
    Reference,
    Verdict,
    find_worst,
)

if TYPE_CHECKING:
    from perolyte.potentials.validation.barrier import (
        BandSettings,
        BarrierResult,
        check_barrier,
        find_barrier,
    )
    from perolyte.potentials.validation.conservation import (
        DynamicsSettings,
        check_conservation,
        fit_drift,
    )
    from perolyte.potentials.validation.elasticity import check_elasticity, read_cubic_constants
    from perolyte.potentials.validation.equation_of_state import (
        check_equation_of_state,
        fit_birch_murnaghan,
    )
    from perolyte.potentials.validation.lattice import check_lattice

__all__ = [
    "BandSettings",
    "BarrierResult",
    "CheckOutcome",
    "CheckQuantity",
    "DynamicsSettings",
    "Limit",
    "Reference",
    "Verdict",
    "check_barrier",
    "check_conservation",
    "check_elasticity",
    "check_equation_of_state",
    "check_lattice",
    "find_barrier",
    "find_worst",
    "fit_birch_murnaghan",
    "fit_drift",
    "read_cubic_constants",
]

_MODULES = {
    "barrier": ("BandSettings", "BarrierResult", "check_barrier", "find_barrier"),
    "conservation": ("DynamicsSettings", "check_conservation", "fit_drift"),
    "elasticity": ("check_elasticity", "read_cubic_constants"),
    "equation_of_state": ("check_equation_of_state", "fit_birch_murnaghan"),
    "lattice": ("check_lattice",),
}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first asked for."""
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
