"""Compiled cycle structure of permutations."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["count_cycles"]


@njit(cache=True, nogil=True)
def count_cycles(
    permutations: NDArray[np.int32], classes: NDArray[np.int64], n_classes: int, max_length: int
) -> NDArray[np.int32]:
    """``(n_operations, n_classes, max_length + 1)``: number of cycles of each length.

    Longer cycles are counted at length 0, so that a caller can tell that ``max_length`` is small.
    """
    n_operations, n_sites = permutations.shape
    counts = np.zeros((n_operations, n_classes, max_length + 1), dtype=np.int32)
    seen = np.empty(n_sites, dtype=np.bool_)
    for operation in range(n_operations):
        seen[:] = False
        for site in range(n_sites):
            length, at = 0, site
            while not seen[at]:
                seen[at] = True
                at = permutations[operation, at]
                length += 1
            if length > max_length:
                counts[operation, classes[site], 0] += 1
            elif length > 0:
                counts[operation, classes[site], length] += 1
    return counts
