"""Rigid shifts of one grain against the other, and what overlaps there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.boundaries.coincidence import OrientedCell

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

__all__ = ["Bicrystal", "find_contact_distances", "find_distinct_shifts", "join_grains"]

_GAP_STEP_A = 0.05
_MAX_GAP_A = 2.5
_REACH_A = 7.77
"""No distance of a lattice: rounding must not decide what is counted."""
_DECAYS_A = (0.4, 0.9, 2.0)
_SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Bicrystal:
    """Two grains in one periodic cell.

    Attributes
    ----------
    lattice : pymatgen.core.Lattice
        Rectangular, the normal along z.
    coords_A : ndarray
        ``(n_sites, 3)``, Å; boundaries at 0 and half of the cell.
    labels : ndarray of int
        ``(n_sites,)``, sublattice.
    gap_A : float
        Å, opened at each boundary.
    n_removed : dict of int to int
        Sites left out, by sublattice.
    """

    lattice: Lattice
    coords_A: NDArray[np.float64]
    labels: NDArray[np.int64]
    gap_A: float
    n_removed: dict[int, int]


def find_contact_distances(cell: Structure) -> dict[tuple[int, int], float]:
    """Return the shortest distance of each pair of sublattices in the crystal, Å."""
    wide = cell.copy()
    wide.make_supercell([2, 2, 2])
    numbers = np.array([site.specie.Z for site in wide])
    distances_A = wide.distance_matrix + 1e6 * np.eye(len(wide))
    kinds = sorted(set(numbers.tolist()))
    return {
        (first, second): float(distances_A[np.ix_(numbers == first, numbers == second)].min())
        for first in kinds
        for second in kinds
    }


def find_distinct_shifts(
    grain: OrientedCell, grid: tuple[int, int]
) -> list[tuple[tuple[int, int], int]]:
    """Return the shifts of a grid that differ, each with the number of those it stands for.

    Two shifts are one where all distances across both boundaries agree: sums of exp(-d/λ) over
    pairs of sites of both grains, by sublattices, for three λ.
    """
    n_repeats = max(2, int(np.ceil(2 * _REACH_A / grain.lengths_A[2])))
    found: list[tuple[tuple[int, int], NDArray[np.float64]]] = []
    counts: list[int] = []
    for first in range(grid[0]):
        for second in range(grid[1]):
            signature = _sign(grain, (first / grid[0], second / grid[1]), n_repeats)
            for index, (_, other) in enumerate(found):
                if np.allclose(signature, other, rtol=_SAME, atol=_SAME):
                    counts[index] += 1
                    break
            else:
                found.append(((first, second), signature))
                counts.append(1)
    return [(shift, n) for (shift, _), n in zip(found, counts, strict=True)]


def join_grains(
    grain: OrientedCell,
    shift_frac: tuple[float, float],
    *,
    n_repeats: int,
    contact_A: dict[tuple[int, int], float],
    overlap_fraction: float,
    remove: bool,
) -> Bicrystal | None:
    """Put a grain and its twin together, one shifted; None where no gap keeps ions apart.

    The twin is the crystal turned by 180° about the in-plane axis across the tilt axis. That is
    the tilt boundary in every cubic crystal, and keeps its handedness. Both boundaries have the
    lattice plane at z = 0 in common.
    """
    first, second = _stack(grain, shift_frac, n_repeats)
    labels = np.tile(grain.labels, n_repeats)
    height_A = n_repeats * grain.lengths_A[2]
    keep: NDArray[np.bool_] = np.ones(len(labels), dtype=np.bool_)
    n_removed: dict[int, int] = {}
    limits = _list_limits(labels, labels, contact_A, overlap_fraction)
    if remove:
        close = _measure(first, second, grain, height_A, 0.0) < limits
        close &= labels[:, None] == labels[None, :]
        keep = np.asarray(~close.any(axis=0))
        n_removed = dict(Counter(labels[~keep].tolist()))
    limits = limits[:, keep]
    for gap_A in np.arange(0.0, _MAX_GAP_A + _GAP_STEP_A / 2, _GAP_STEP_A):
        distances_A = _measure(first, second[keep], grain, height_A, float(gap_A))
        if np.all(distances_A >= limits):
            return _finish(grain, first, second[keep], labels, keep, height_A, gap_A, n_removed)
    return None


def _finish(
    grain: OrientedCell,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    labels: NDArray[np.int64],
    keep: NDArray[np.bool_],
    height_A: float,
    gap_A: float,
    n_removed: dict[int, int],
) -> Bicrystal:
    from pymatgen.core.lattice import Lattice

    up = np.array([0.0, 0.0, 1.0])
    coords = np.vstack([first + 0.5 * gap_A * up, second + 1.5 * gap_A * up])
    lengths = (grain.lengths_A[0], grain.lengths_A[1], 2 * (height_A + gap_A))
    return Bicrystal(
        Lattice.orthorhombic(*lengths),
        coords,
        np.concatenate([labels, labels[keep]]),
        round(float(gap_A), 3),
        n_removed,
    )


def _stack(
    grain: OrientedCell, shift_frac: tuple[float, float], n_repeats: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sites of both grains, Å: one from z = 0, the other from the end of the first."""
    period_A = grain.lengths_A[2]
    first = np.vstack([grain.coords_A + np.array([0, 0, n * period_A]) for n in range(n_repeats)])
    height_A = n_repeats * period_A
    second = first * np.array([-1.0, 1.0, -1.0])
    # the plane at z = 0 of the first grain is shared: the twin begins with its copy at the top
    second[:, 2] = np.where(first[:, 2] < 1e-3, height_A, 2 * height_A + second[:, 2])
    second[:, :2] += np.array(shift_frac) * grain.lengths_A[:2]
    return first, second


def _measure(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    grain: OrientedCell,
    height_A: float,
    gap_A: float,
) -> NDArray[np.float64]:
    """Return distances between sites of both grains, nearest images, Å."""
    lengths = np.array([grain.lengths_A[0], grain.lengths_A[1], 2 * (height_A + gap_A)])
    delta = second[None, :, :] + [0.0, 0.0, gap_A] - first[:, None, :]
    delta -= np.round(delta / lengths) * lengths
    return np.asarray(np.sqrt((delta**2).sum(axis=-1)))


def _list_limits(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    contact_A: dict[tuple[int, int], float],
    fraction: float,
) -> NDArray[np.float64]:
    size = int(max(first.max(), second.max())) + 1
    table = np.zeros((size, size))
    for (a, b), distance_A in contact_A.items():
        table[a, b] = fraction * distance_A
    return np.asarray(table[np.ix_(first, second)])


def _sign(
    grain: OrientedCell, shift_frac: tuple[float, float], n_repeats: int
) -> NDArray[np.float64]:
    """Return numbers that are the same for boundaries with the same distances across."""
    first, second = _stack(grain, shift_frac, n_repeats)
    labels = np.tile(grain.labels, n_repeats)
    height_A = n_repeats * grain.lengths_A[2]
    reach = [int(np.ceil(_REACH_A / length)) for length in grain.lengths_A[:2]]
    kinds = sorted(set(labels.tolist()))
    sums = np.zeros((len(kinds), len(kinds), len(_DECAYS_A)))
    delta = second[None, :, :] - first[:, None, :]
    delta[..., 2] -= np.round(delta[..., 2] / (2 * height_A)) * 2 * height_A
    delta[..., :2] -= np.round(delta[..., :2] / grain.lengths_A[:2]) * grain.lengths_A[:2]
    near = np.abs(delta[..., 2]) < _REACH_A
    pairs = np.argwhere(near)
    vectors = delta[near]
    a_of = np.searchsorted(kinds, labels[pairs[:, 0]])
    b_of = np.searchsorted(kinds, labels[pairs[:, 1]])
    low, high = np.minimum(a_of, b_of), np.maximum(a_of, b_of)
    for i in range(-reach[0], reach[0] + 1):
        for j in range(-reach[1], reach[1] + 1):
            moved = vectors + np.array([i, j, 0]) * grain.lengths_A
            distances_A = np.sqrt((moved**2).sum(axis=1))
            inside = distances_A < _REACH_A
            for k, decay_A in enumerate(_DECAYS_A):
                weights = np.exp(-distances_A[inside] / decay_A)
                np.add.at(sums[..., k], (low[inside], high[inside]), weights)
    return sums.ravel()
