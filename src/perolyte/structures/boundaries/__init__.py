"""Coincidence-site-lattice grain boundaries: cells, energies, segregation."""

from perolyte.structures.boundaries.build import grain_boundary
from perolyte.structures.boundaries.coincidence import (
    find_boundary_planes,
    find_sigma,
    find_tilt_angle,
)
from perolyte.structures.boundaries.energies import (
    boundary_energy_J_m2,
    boundary_fraction,
)
from perolyte.structures.boundaries.result import BoundaryCell, BoundarySet
from perolyte.structures.boundaries.segregation import SegregationCell, place_segregants

__all__ = [
    "BoundaryCell",
    "BoundarySet",
    "SegregationCell",
    "boundary_energy_J_m2",
    "boundary_fraction",
    "find_boundary_planes",
    "find_sigma",
    "find_tilt_angle",
    "grain_boundary",
    "place_segregants",
]
