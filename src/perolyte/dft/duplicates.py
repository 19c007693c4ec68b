"""Frames that say the same twice: frames of one trajectory a few steps apart, files read twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["find_duplicates"]


def find_duplicates(structures: Sequence[Structure], tolerance_A: float = 0.01) -> list[int | None]:
    """Find structures that an earlier one resembles.

    Two resemble each other when their cells agree within the tolerance, and atoms of each element
    can be paired so that none is further than that from its partner, across cell boundaries and
    whatever the order of atoms of one element. Cells are compared as they are written, without
    another choice of axes, and a shift of all atoms together makes another structure.

    Parameters
    ----------
    structures
        Ordered.
    tolerance_A
        Å; a hundredth is a fifth of the motion of an oxygen atom at 300 K.

    Returns
    -------
    list of int or None
        For each structure the index of the first that it resembles, None where it is new.

    Raises
    ------
    InputError
        For a tolerance that is not positive, or above 0.5 Å, where atoms could be confused.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> moved = Structure(Lattice.cubic(3.0), ["Cl", "Li"], [[0.5, 0.5, 0.5], [0.999, 0, 0]])
    >>> find_duplicates([salt, moved])
    [None, 0]
    """
    if not 0 < tolerance_A <= 0.5:
        raise InputError(f"tolerance_A is {tolerance_A} Å; give a length above 0, up to 0.5 Å")
    kept: defaultdict[str, list[tuple[int, _Cell]]] = defaultdict(list)
    found: list[int | None] = []
    for index, structure in enumerate(structures):
        cell = _Cell(structure)
        same = kept[cell.key]
        earlier = next(
            (
                same[place][0]
                for place in cell.find_candidates([other for _, other in same], tolerance_A)
                if cell.resembles(same[place][1], tolerance_A)
            ),
            None,
        )
        if earlier is None:
            same.append((index, cell))
        found.append(earlier)
    return found


class _Cell:
    """Arrays of a structure, atoms in the order of their elements."""

    def __init__(self, structure: Structure) -> None:
        symbols = np.array([site.species_string for site in structure])
        order = np.argsort(symbols, kind="stable")
        self.matrix = np.array(structure.lattice.matrix)
        self.places = np.asarray(structure.frac_coords)[order]
        names, counts = np.unique(symbols[order], return_counts=True)
        self.key = ",".join(f"{name}{n}" for name, n in zip(names, counts, strict=True))
        self.bounds = np.cumsum(counts)[:-1]
        waves = np.exp(2j * np.pi * self.places)
        self.waves = np.add.reduceat(waves, [0, *self.bounds]) / counts[:, None]

    def find_candidates(self, others: Sequence[_Cell], tolerance_A: float) -> np.ndarray:
        """Return the places of those that may resemble this one, with two numbers that tell most.

        The mean of exp(2πi x) over the atoms of an element knows neither their order nor the cell
        that each is in, and moves by no more than 2π times the largest step of an atom.
        """
        if not others:
            return np.array([], dtype=int)
        steepest = np.linalg.norm(np.linalg.inv(self.matrix), axis=0).max()
        limit = 2 * np.pi * steepest * tolerance_A * (1 + 1e-6) + 1e-12
        shifts = np.abs(np.stack([other.waves for other in others]) - self.waves)
        return np.flatnonzero((shifts <= limit).all(axis=(1, 2)))

    def resembles(self, other: _Cell, tolerance_A: float) -> bool:
        if np.abs(self.matrix - other.matrix).max() > tolerance_A:
            return False
        # most duplicates keep the order of atoms: pairing is for the rest
        if self._distances(self.places, other.places, pairwise=False).max() <= tolerance_A:
            return True
        own, foreign = (np.split(cell.places, self.bounds) for cell in (self, other))
        for mine, theirs in zip(own, foreign, strict=True):
            far = self._distances(mine, theirs, pairwise=True) > tolerance_A
            if far.all(axis=1).any():
                return False
            rows, columns = linear_sum_assignment(far)
            if far[rows, columns].any():
                return False
        return True

    def _distances(self, one: np.ndarray, two: np.ndarray, *, pairwise: bool) -> np.ndarray:
        """Return Å; right for all shorter than the tolerance, whatever the cell's shape."""
        steps = one[:, None] - two[None, :] if pairwise else one - two
        return np.linalg.norm((steps - np.round(steps)) @ self.matrix, axis=-1)
