"""Interatomic potentials. Importing this package does not load torch."""

from perolyte.potentials.registry import (
    PotentialSpec,
    describe_potential,
    name_of_potential,
    resolve_potential,
)

__all__ = ["PotentialSpec", "describe_potential", "name_of_potential", "resolve_potential"]
