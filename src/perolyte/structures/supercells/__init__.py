"""Supercells: the smallest near-cubic ones that hold dopings in whole numbers."""

from perolyte.structures.supercells.choice import SupercellChoice
from perolyte.structures.supercells.find import find_supercells, measure_supercell
from perolyte.structures.supercells.targets import CellTarget, ReachedTarget

__all__ = [
    "CellTarget",
    "ReachedTarget",
    "SupercellChoice",
    "find_supercells",
    "measure_supercell",
]
