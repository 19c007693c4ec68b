"""Compiled search for the site that a symmetry operation maps each site onto."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["bin_sites", "find_preserving", "map_sites"]


@njit(cache=True, nogil=True)
def bin_sites(
    frac_coords: NDArray[np.float64], n_bins: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Sort sites into a periodic grid of bins, as linked lists.

    Returns the first site of each bin and, for each site, the next one of its bin; -1 ends a list.
    """
    first = np.full(n_bins[0] * n_bins[1] * n_bins[2], -1, dtype=np.int32)
    following = np.full(len(frac_coords), -1, dtype=np.int32)
    for site in range(len(frac_coords)):
        at = np.int64(0)
        for axis in range(3):
            at = at * n_bins[axis] + int(frac_coords[site, axis] * n_bins[axis]) % n_bins[axis]
        following[site] = first[at]
        first[at] = site
    return first, following


@njit(cache=True, nogil=True)
def map_sites(
    frac_coords: NDArray[np.float64],
    labels: NDArray[np.int64],
    vectors_A: NDArray[np.float64],
    rotation: NDArray[np.float64],
    translation: NDArray[np.float64],
    n_bins: NDArray[np.int64],
    first: NDArray[np.int32],
    following: NDArray[np.int32],
    reach: NDArray[np.float64],
    tolerance_A: float,
    image: NDArray[np.int32],
) -> bool:
    """Write into ``image`` where each site goes; False when a site has no partner of its own.

    ``rotation`` and ``translation`` act on fractional columns, ``vectors_A`` holds the lattice
    vectors as rows, ``reach`` is the tolerance along each axis as a fraction.
    """
    n_sites = len(frac_coords)
    taken = np.zeros(n_sites, dtype=np.bool_)
    moved = np.empty(3)
    lowest = np.empty(3, dtype=np.int64)
    highest = np.empty(3, dtype=np.int64)
    shift = np.empty(3)
    for site in range(n_sites):
        for axis in range(3):
            value = translation[axis]
            for other in range(3):
                value += rotation[axis, other] * frac_coords[site, other]
            moved[axis] = value - math.floor(value)
            lowest[axis] = math.floor((moved[axis] - reach[axis]) * n_bins[axis])
            highest[axis] = math.floor((moved[axis] + reach[axis]) * n_bins[axis])
        best, best_square = -1, tolerance_A * tolerance_A
        for a in range(lowest[0], highest[0] + 1):
            for b in range(lowest[1], highest[1] + 1):
                for c in range(lowest[2], highest[2] + 1):
                    at = ((a % n_bins[0]) * n_bins[1] + b % n_bins[1]) * n_bins[2] + c % n_bins[2]
                    candidate = first[at]
                    while candidate >= 0:
                        if labels[candidate] == labels[site]:
                            for axis in range(3):
                                gap = frac_coords[candidate, axis] - moved[axis]
                                shift[axis] = gap - np.rint(gap)
                            square = 0.0
                            for axis in range(3):
                                along = 0.0
                                for vector in range(3):
                                    along += shift[vector] * vectors_A[vector, axis]
                                square += along * along
                            if square <= best_square:
                                best, best_square = candidate, square
                        candidate = following[candidate]
        if best < 0 or taken[best]:
            return False
        taken[best] = True
        image[site] = best
    return True


@njit(cache=True, nogil=True)
def find_preserving(permutations: NDArray[np.int32], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Operations that move every site onto one of equal code."""
    n_operations, n_sites = permutations.shape
    preserving = np.ones(n_operations, dtype=np.bool_)
    for operation in range(n_operations):
        for site in range(n_sites):
            if codes[permutations[operation, site]] != codes[site]:
                preserving[operation] = False
                break
    return preserving
