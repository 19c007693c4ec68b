"""A potential for any cell: lithium is free, every other atom is tied to where it was first seen.

Several cells may take turns; each finds its own places again.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

SPRING_EV_A2 = 6.0
SAME_CELL_A = 1.5
"""No framework atom strays so far from its place."""


class FreeLithium(Calculator):
    """See the module."""

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.known: list[tuple[np.ndarray, np.ndarray]] = []

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        numbers, positions = self.atoms.numbers, self.atoms.positions
        tied = numbers != 3
        shift = self._find_shift(numbers, positions, tied)
        energy = float(
            0.5 * SPRING_EV_A2 * (shift**2).sum() - 5.0 * tied.sum() - 2.0 * (~tied).sum()
        )
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": -SPRING_EV_A2 * shift,
            "stress": np.zeros(6),
        }

    def _find_shift(self, numbers, positions, tied):
        for known, places in self.known:
            if len(known) == len(numbers) and (known == numbers).all():
                shift = np.where(tied[:, None], positions - places, 0.0)
                if np.abs(shift).max() < SAME_CELL_A:
                    return shift
        self.known.append((numbers.copy(), positions.copy()))
        return np.zeros_like(positions)
