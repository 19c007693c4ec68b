"""Radial distribution function in a periodic cell of any shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory
from perolyte.transport.periodic_cell import (
    check_cell,
    count_images,
    find_largest_unique_distance,
)

__all__ = ["RadialDistributionResult", "make_shells", "measure_radial_distribution"]

_MOST_BINS = 100_000


@dataclass(frozen=True, eq=False)
class RadialDistributionResult:
    """How many neighbours there are at a distance, relative to an even distribution.

    Attributes
    ----------
    distance_A
        (n_bins,), Å, middles of the bins.
    values
        (n_bins,), g(r): density of the second species around one of the first over its mean
        density N/V; 1 without any order.
    coordination
        (n_bins,), mean number of neighbours up to the end of each bin; counted, not integrated.
    counts
        (n_bins,), pairs seen.
    n_frames
        Frames averaged.
    """

    distance_A: FloatArray
    values: FloatArray
    coordination: FloatArray
    counts: NDArray[np.int64]
    n_frames: int


def measure_radial_distribution(
    positions_A: ArrayLike,
    cell_A: ArrayLike,
    *,
    other_positions_A: ArrayLike | None = None,
    cutoff_A: float | None = None,
    bin_width_A: float = 0.05,
) -> RadialDistributionResult:
    """Count neighbours in shells around each ion, all periodic copies included.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, Cartesian, wrapped or not.
    cell_A
        (3, 3), Å; rows are the lattice vectors.
    other_positions_A
        (n_frames, n_others, 3), Å, the neighbours; by default the ions themselves, each with its
        own copies but not with itself. The density N/V then counts the ion in the middle too, so
        that N ions without order give 1 - 1/N at short distances.
    cutoff_A
        Å, largest distance; by default half the smallest distance between faces of the cell.
        Beyond that the order of the cell's own repetition shows.
    bin_width_A
        Å.

    Returns
    -------
    RadialDistributionResult
        g(r), neighbours and counts.

    Raises
    ------
    InputError
        For wrong positions or cell, another number of frames, or a cutoff or width that is not
        above zero or gives no bin.

    Examples
    --------
    >>> simple_cubic = np.zeros((2, 1, 3))
    >>> result = measure_radial_distribution(simple_cubic, 4 * np.eye(3), cutoff_A=6.0)
    >>> shells = np.flatnonzero(result.counts)
    >>> result.distance_A[shells].round(3).tolist(), result.coordination[shells].tolist()
    ([4.025, 5.675], [6.0, 18.0])
    """
    from perolyte.transport._pair_kernels import count_distances

    cell = check_cell(cell_A)
    first = check_trajectory(positions_A)
    second = first
    if other_positions_A is not None:
        second = check_trajectory(other_positions_A, name="other_positions_A")
    if len(first) != len(second):
        raise InputError(
            f"positions_A has {len(first)} frames and other_positions_A {len(second)}; give the "
            "same frames of both"
        )
    edges = make_shells(cell, cutoff_A, bin_width_A)
    inverse = np.linalg.inv(cell)
    counts = np.zeros(len(edges) - 1, dtype=np.int64)
    count_distances(
        np.ascontiguousarray(first @ inverse),
        np.ascontiguousarray(second @ inverse),
        cell,
        count_images(cell, float(edges[-1])),
        float(edges[1]),
        0 if other_positions_A is not None else 1,
        counts,
    )
    n_centres = first.shape[0] * first.shape[1]
    density = second.shape[1] / abs(np.linalg.det(cell))
    volumes = 4 / 3 * np.pi * np.diff(edges**3)
    return RadialDistributionResult(
        distance_A=(edges[1:] + edges[:-1]) / 2,
        values=counts / (n_centres * density * volumes),
        coordination=np.cumsum(counts) / n_centres,
        counts=counts,
        n_frames=len(first),
    )


def make_shells(cell_A: FloatArray, cutoff_A: float | None, bin_width_A: float) -> FloatArray:
    """Return the ends of shells of equal width, from 0 to a cutoff.

    Parameters
    ----------
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    cutoff_A
        Å; None for half the smallest distance between faces of the cell.
    bin_width_A
        Å.

    Returns
    -------
    numpy.ndarray
        (n_bins + 1,), Å, starting at 0; the last is the cutoff or less than one bin below it.

    Raises
    ------
    InputError
        For a number that is not above zero, or a width that gives no bin or too many.

    Examples
    --------
    >>> make_shells(4 * np.eye(3), None, 0.5).tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    width = float(check_positive(bin_width_A, name="bin_width_A", unit="Å", hint="0.05 is usual"))
    cutoff = find_largest_unique_distance(cell_A)
    if cutoff_A is not None:
        cutoff = float(check_positive(cutoff_A, name="cutoff_A", unit="Å", hint="10 is usual"))
    n_bins = int(np.floor(cutoff / width * (1 + 1e-9)))
    if not 1 <= n_bins <= _MOST_BINS:
        raise InputError(
            f"bin_width_A is {width:g} Å and gives {n_bins} bins up to {cutoff:g} Å; it must give "
            f"1 to {_MOST_BINS}: 0.05 is usual"
        )
    return np.asarray(width * np.arange(n_bins + 1), dtype=np.float64)
