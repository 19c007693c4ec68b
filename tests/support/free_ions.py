"""Lithium that feels nothing among tethered atoms: its diffusivity is that of Langevin alone."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from pymatgen.core import Lattice, Structure

EDGE_A = 12.0
N_LITHIUM = 12


class FreeIons(Calculator):
    """Zero force on lithium; every other atom is tethered to its place on the grid.

    Parameters
    ----------
    delay_s
        Sleep in every evaluation.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, *, delay_s: float = 0.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.delay_s = delay_s

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        time.sleep(self.delay_s)
        is_tethered = self.atoms.numbers != 3
        moved = np.zeros((len(self.atoms), 3))
        moved[is_tethered] = self.atoms.positions[is_tethered] - grid_A()
        energy = 3.0 * float((moved**2).sum())
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": -6.0 * moved,
            "stress": np.zeros(6),
        }


def grid_A() -> np.ndarray:
    """Places of the tethered atoms, (8, 3), Å."""
    return EDGE_A / 2 * np.indices((2, 2, 2)).reshape(3, -1).T + EDGE_A / 4


def make_free_ions() -> Structure:
    """Lithium on a line of its own, eight tethered oxygen atoms."""
    places = [[EDGE_A * (i + 0.5) / N_LITHIUM, 0.1, 0.1] for i in range(N_LITHIUM)]
    return Structure(
        Lattice.cubic(EDGE_A),
        ["Li"] * N_LITHIUM + ["O"] * 8,
        [*places, *grid_A().tolist()],
        coords_are_cartesian=True,
    )
