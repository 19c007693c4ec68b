"""Names of the checks, and what each of them is for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["CHECKS", "TITLES"]

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "labels": "Errors on labels",
        "lattice": "Lattice parameters",
        "equation_of_state": "Equation of state",
        "elasticity": "Elastic constants",
        "lithium_hop": "Lithium hop",
        "oxygen_hop": "Oxygen vacancy hop",
        "conservation": "Energy conservation",
    }
)
CHECKS: Final[tuple[str, ...]] = tuple(TITLES)
"""In the order in which they run."""
