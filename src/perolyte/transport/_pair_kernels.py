"""Compiled histogram of distances between points that repeat periodically."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["count_distances"]

_EDGE = 1e-6
"""Bins; a distance in a perfect crystal that equals the end of a bin belongs to the next one,
whatever its last bits."""


@njit(cache=True, nogil=True)
def count_distances(
    first_frac: NDArray[np.float64],
    second_frac: NDArray[np.float64],
    cell_A: NDArray[np.float64],
    reach: NDArray[np.int64],
    bin_width_A: float,
    self_pairs: int,
    counts: NDArray[np.int64],
) -> None:
    """Add the distances of all pairs and their periodic copies to a histogram.

    ``first_frac`` is (n_frames, n_first, 3) and ``second_frac`` (n_frames, n_second, 3), frames
    paired. ``self_pairs``: 0 where no point is in both sets; 1 where the sets are the same and a
    point is paired with its copies only; 2 where they are the same and it is not paired with
    itself at all.
    """
    n_bins = counts.size
    largest = (n_bins * bin_width_A) ** 2  # the last bin ends there
    wrapped = np.empty(3)
    for frame in range(first_frac.shape[0]):
        for i in range(first_frac.shape[1]):
            for j in range(second_frac.shape[1]):
                if self_pairs == 2 and i == j:
                    continue
                for axis in range(3):
                    difference = second_frac[frame, j, axis] - first_frac[frame, i, axis]
                    wrapped[axis] = difference - np.round(difference)
                for a in range(-reach[0], reach[0] + 1):
                    for b in range(-reach[1], reach[1] + 1):
                        for c in range(-reach[2], reach[2] + 1):
                            if self_pairs == 1 and i == j and a == 0 and b == 0 and c == 0:
                                continue
                            square = 0.0
                            for axis in range(3):
                                length = (
                                    (wrapped[0] + a) * cell_A[0, axis]
                                    + (wrapped[1] + b) * cell_A[1, axis]
                                    + (wrapped[2] + c) * cell_A[2, axis]
                                )
                                square += length * length
                            if square < largest:
                                place = int(np.sqrt(square) / bin_width_A + _EDGE)
                                if place < n_bins:
                                    counts[place] += 1
