"""Sets of permutations as rows of an array: drop repeated ones, tell whether they are a group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["drop_repeated", "is_group"]

_HASH_SEED = 20_180_913  # of the random weights that tell permutations apart


def drop_repeated(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the distinct rows, in the order of their first appearance."""
    if rows.shape[1] == 0:
        return rows[:1]
    if len(np.unique(rows @ _draw_weights(rows.shape[1]))) == len(rows):
        return rows  # rows of different hash are different
    packed = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * 4))).ravel()
    _, indices = np.unique(packed, return_index=True)
    return rows[np.sort(indices)]


def _draw_weights(n_sites: int) -> NDArray[np.int64]:
    """Weights of a linear hash of permutations; sums overflow on purpose."""
    return np.random.default_rng(_HASH_SEED).integers(-(2**62), 2**62, n_sites)


def is_group(rows: NDArray[np.int32]) -> bool:
    """Tell whether permutations are closed: products with generators of theirs stay among them.

    Rows are told apart by a 64-bit linear hash, in which a product needs no composition: first
    the generator, then a row, has the images ``row[generator]``.
    """
    weights = _draw_weights(rows.shape[1])
    wide = rows.astype(np.int64)
    hashes = wide @ weights
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    reached = np.zeros(len(rows), dtype=bool)
    reached[0] = True
    steps: list[NDArray[np.int64]] = []
    while not reached.all():
        generator = rows[int(np.argmin(reached))]
        moved_weights = np.empty_like(weights)
        moved_weights[generator] = weights
        products = wide @ moved_weights
        at = np.minimum(np.searchsorted(ordered, products), len(rows) - 1)
        if not np.array_equal(ordered[at], products):
            return False
        steps.append(order[at])
        frontier = np.flatnonzero(reached)
        while len(frontier):
            stepped = np.unique(np.concatenate([step[frontier] for step in steps]))
            frontier = stepped[~reached[stepped]]
            reached[frontier] = True
    return True
