"""Grids that the symmetry of the framework maps onto themselves.

A symmetry operation x -> W x + w saves work only when it takes voxels to voxels. The divisions are
chosen for that; operations that still do not fit are left out, and those that fit form a group.
"""

from __future__ import annotations

import itertools
import math
import warnings as python_warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["SYMMETRY_TOLERANCE_A", "GridSymmetry", "choose_grid", "find_operations"]

SYMMETRY_TOLERANCE_A = 1e-4
"""Positions equal within this are equal; an energy slope of 5 eV/Å makes that 0.5 meV."""

_MAX_GROWTH = 0.06
_MIN_EXTRA = 3  # small grids must still reach a multiple of 4
# nanoseconds per voxel: summing pairs, which symmetry divides, and everything after it
_PAIRS_NS, _AFTER_NS = 430.0, 50.0


@dataclass(frozen=True)
class GridSymmetry:
    """Divisions of a cell and the operations that map the voxels onto each other.

    Attributes
    ----------
    divisions : tuple of int
        Voxels along a, b and c.
    rotations : ndarray
        ``(n_operations, 3, 3)``, int64, acting on voxel indices; the identity first.
    shifts : ndarray
        ``(n_operations, 3)``, int64, in voxels.
    """

    divisions: tuple[int, int, int]
    rotations: NDArray[np.int64]
    shifts: NDArray[np.int64]


def find_operations(
    framework: Structure, kinds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Symmetry operations of the framework, by spglib (doi 10.1080/27660400.2024.2384822).

    Parameters
    ----------
    framework
        The sites.
    kinds
        ``(n_sites,)``; sites of one kind may be exchanged.

    Returns
    -------
    tuple of ndarray
        Rotations ``(n_operations, 3, 3)`` and translations ``(n_operations, 3)`` in fractional
        coordinates, the identity first; the identity alone where spglib finds no symmetry.
    """
    import spglib

    cell: Any = (framework.lattice.matrix, framework.frac_coords, kinds)
    with python_warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        python_warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = spglib.get_symmetry(cell, symprec=SYMMETRY_TOLERANCE_A)
        except spglib.SpglibError:
            found = None
    identity = np.eye(3, dtype=np.int64)
    if found is None:
        return identity[None], np.zeros((1, 3))
    rotations = np.asarray(found["rotations"], dtype=np.int64)
    translations = np.asarray(found["translations"], dtype=np.float64)
    away = translations - np.rint(translations)
    is_identity = (rotations == identity).all(axis=(1, 2)) & (np.abs(away) < 1e-6).all(axis=1)
    order = np.argsort(~is_identity, kind="stable")
    return rotations[order], translations[order]


def choose_grid(
    lengths_A: NDArray[np.float64],
    rotations: NDArray[np.int64],
    translations: NDArray[np.float64],
    *,
    spacing_A: float | None = None,
    divisions: tuple[int, int, int] | None = None,
) -> GridSymmetry:
    """Choose divisions at least as fine as a spacing, with as much symmetry as pays.

    Up to 6 % (or 3 voxels) more divisions per axis are tried; the combination with the least
    estimated work is taken.

    Parameters
    ----------
    lengths_A
        ``(3,)``, Å, lengths of the cell edges.
    rotations, translations
        From :func:`find_operations`.
    spacing_A
        Å, largest distance of voxels along an edge.
    divisions
        Given instead of the spacing: taken as they are.

    Returns
    -------
    GridSymmetry
        Divisions and the operations that fit them.

    Examples
    --------
    >>> mirror = np.array([np.eye(3), np.diag([-1, 1, 1])]).astype(int)
    >>> halves = np.array([[0, 0, 0], [0.5, 0, 0]])
    >>> grid = choose_grid(np.array([4.05, 4.0, 4.0]), mirror, halves, spacing_A=0.1)
    >>> grid.divisions, len(grid.rotations)
    ((42, 40, 40), 2)
    """
    if divisions is None:
        least = [max(1, int(np.ceil(length / spacing_A - 1e-9))) for length in lengths_A]
        ranges = [range(n, n + max(_MIN_EXTRA, int(_MAX_GROWTH * n)) + 1) for n in least]
    else:
        ranges = [range(n, n + 1) for n in divisions]
    unique, which = np.unique(rotations, axis=0, return_inverse=True)
    fits_shift = [
        {n: _is_near_integer(translations[:, axis] * n, lengths_A[axis] / n) for n in ranges[axis]}
        for axis in range(3)
    ]

    def find_fitting(trial: tuple[int, ...]) -> NDArray[np.bool_]:
        n = np.array(trial)
        fits = ((unique * n[:, None]) % n == 0).all(axis=(1, 2))[which.ravel()]
        for axis in range(3):
            fits &= fits_shift[axis][trial[axis]]
        return np.asarray(fits)

    def estimate_work(trial: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        n_fitting = int(find_fitting(trial).sum())
        return math.prod(trial) * (_PAIRS_NS / n_fitting + _AFTER_NS), trial

    n_a, n_b, n_c = min(itertools.product(*ranges), key=estimate_work)
    kept, n = find_fitting((n_a, n_b, n_c)), np.array([n_a, n_b, n_c])
    return GridSymmetry(
        divisions=(n_a, n_b, n_c),
        rotations=rotations[kept] * n[:, None] // n,
        shifts=np.rint(translations[kept] * n).astype(np.int64) % n,
    )


def _is_near_integer(values: NDArray[np.float64], unit_A: float) -> NDArray[np.bool_]:
    return np.abs(values - np.rint(values)) * unit_A < SYMMETRY_TOLERANCE_A
