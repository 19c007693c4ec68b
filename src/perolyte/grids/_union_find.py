"""Union-find on a periodic grid in which each voxel knows its cell relative to its root.

Voxels join in order of energy. A voxel that meets its own component in another periodic image
closes a loop around the cell; the difference is a winding vector, and the rank of the winding
vectors of a component is the dimension in which it extends without end. One pass gives all
thresholds exactly, from one copy of the cell.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["percolate"]

# A cell vector is packed in one integer, 21 bits per component, so that vectors add as integers.
_BITS = 21
_HALF = 1 << (_BITS - 1)
_MASK = (1 << _BITS) - 1
_TARGET_PER_BIN = 256
_FIRST_SLOTS = 16  # components that percolate in some direction; grows


@njit(cache=True, nogil=True)
def percolate(
    energies: NDArray[np.float64], limit: float, max_steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Find where components first extend in one, two and three dimensions.

    Parameters
    ----------
    energies
        ``(n_a, n_b, n_c)``; voxels above the limit never join.
    limit
        Highest energy, finite.
    max_steps
        Neighbours differ in at most so many indices: 1 for 6 neighbours, 3 for 26.

    Returns
    -------
    tuple of ndarray
        ``(3,)`` flat index of the voxel that completes each dimension, -1 for none; ``(3,)`` flat
        index of the lowest voxel of that component; ``(3, 3, 3)`` its winding vectors, as rows.
    """
    n_a, n_b, n_c = energies.shape
    flat = energies.ravel()
    order, starts = _sort_into_bins(flat, limit)
    parent = np.full(flat.size, -1, np.int32)
    offset = np.zeros(flat.size, np.int64)
    slot = np.full(flat.size, -1, np.int32)
    ranks = np.zeros(_FIRST_SLOTS, np.int64)
    windings = np.zeros((_FIRST_SLOTS, 3, 3), np.int64)
    n_slots = 0
    steps = _list_steps(max_steps)
    found = np.full(3, -1, np.int64)
    minima = np.full(3, -1, np.int64)
    bases = np.zeros((3, 3, 3), np.int64)
    best = 0
    for b in range(starts.size - 1):
        members = order[starts[b] : starts[b + 1]]
        _sort(members, flat)
        for v in members:
            k = v % n_c
            j = (v // n_c) % n_b
            i = v // (n_b * n_c)
            is_at_face = not (0 < i < n_a - 1 and 0 < j < n_b - 1 and 0 < k < n_c - 1)
            parent[v] = v
            root, cell = int(v), 0
            for step in range(steps.shape[0]):
                w, image = _step(i, j, k, steps[step], energies.shape, is_at_face)
                if parent[w] < 0:
                    continue
                there, inside = _find(parent, offset, w)
                gap = cell + image - inside
                if there != root:
                    # the older root stays, so that a root is the minimum of its component
                    if _comes_first(there, root, flat):
                        root, there, cell, gap = there, root, cell - gap, -gap
                    parent[there], offset[there] = root, gap
                    _merge(slot, ranks, windings, root, there)
                elif gap != 0:
                    if slot[root] < 0:
                        if n_slots == ranks.size:
                            ranks, windings = _grow(ranks, windings)
                        slot[root] = n_slots
                        n_slots += 1
                    _add_vector(windings, ranks, slot[root], gap)
            if slot[root] >= 0:
                while best < ranks[slot[root]]:
                    found[best], minima[best] = v, root
                    for r in range(ranks[slot[root]]):
                        for axis in range(3):
                            bases[best, r, axis] = windings[slot[root], r, axis]
                    best += 1
                if best == 3:
                    return found, minima, bases
    return found, minima, bases


@njit(cache=True, nogil=True)
def _list_steps(max_steps: int) -> NDArray[np.int64]:
    """List the steps to the neighbours, ``(n_neighbours, 3)``."""
    steps = np.empty((27, 3), np.int64)
    n = 0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            for dk in range(-1, 2):
                if 0 < abs(di) + abs(dj) + abs(dk) <= max_steps:
                    steps[n, 0], steps[n, 1], steps[n, 2] = di, dj, dk
                    n += 1
    return steps[:n]


@njit(cache=True, nogil=True)
def _comes_first(v: int, w: int, flat: NDArray[np.float64]) -> bool:
    """Whether voxel v joined before w: lower energy, then lower index."""
    return flat[v] < flat[w] or (flat[v] == flat[w] and v < w)


@njit(cache=True, nogil=True)
def _sort(members: NDArray[np.int32], flat: NDArray[np.float64]) -> None:
    """Sort voxels in the order in which they join (Shell's sort, in place)."""
    gap = 1
    while gap < members.size // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for n in range(gap, members.size):
            v = members[n]
            m = n
            while m >= gap and _comes_first(v, members[m - gap], flat):
                members[m] = members[m - gap]
                m -= gap
            members[m] = v
        gap //= 3


@njit(cache=True, nogil=True)
def _sort_into_bins(
    flat: NDArray[np.float64], limit: float
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Put the voxels up to the limit in bins of ascending energy; return also their starts."""
    lowest = flat.min()
    n_bins = max(1, flat.size // _TARGET_PER_BIN)
    scale = (n_bins - 1) / (limit - lowest) if limit > lowest else 0.0
    starts = np.zeros(n_bins + 1, np.int64)
    for v in range(flat.size):
        if flat[v] <= limit:
            starts[int((flat[v] - lowest) * scale) + 1] += 1
    for b in range(n_bins):
        starts[b + 1] += starts[b]
    order = np.empty(starts[n_bins], np.int32)
    fill = starts[:-1].copy()
    for v in range(flat.size):
        if flat[v] <= limit:
            b = int((flat[v] - lowest) * scale)
            order[fill[b]] = v
            fill[b] += 1
    return order, starts


@njit(cache=True, nogil=True)
def _find(parent: NDArray[np.int32], offset: NDArray[np.int64], v: int) -> tuple[int, int]:
    """Root of a voxel and its cell relative to the root; halves the path."""
    total = 0
    while parent[v] != v:
        p = parent[v]
        if parent[p] != p:
            offset[v] += offset[p]
            parent[v] = parent[p]
        total += offset[v]
        v = parent[v]
    return v, total


@njit(cache=True, nogil=True)
def _merge(
    slot: NDArray[np.int32],
    ranks: NDArray[np.int64],
    windings: NDArray[np.int64],
    root: int,
    joined: int,
) -> None:
    """Give a root the winding vectors of a component that joins it."""
    old = slot[joined]
    if old < 0:
        return
    if slot[root] < 0:
        slot[root] = old
        return
    for r in range(ranks[old]):
        packed = _pack(windings[old, r, 0], windings[old, r, 1], windings[old, r, 2])
        _add_vector(windings, ranks, slot[root], packed)


@njit(cache=True, nogil=True)
def _add_vector(
    windings: NDArray[np.int64], ranks: NDArray[np.int64], slot: int, packed: int
) -> None:
    """Append a winding vector where it is independent of those known."""
    rank = ranks[slot]
    if rank == 3:
        return
    basis = windings[slot]
    x, y, z = _unpack(packed)
    if rank > 0:
        a, b, c = basis[0, 0], basis[0, 1], basis[0, 2]
        nx, ny, nz = b * z - c * y, c * x - a * z, a * y - b * x
        if nx == 0 and ny == 0 and nz == 0:
            return
        if rank == 2 and nx * basis[1, 0] + ny * basis[1, 1] + nz * basis[1, 2] == 0:
            return
    basis[rank, 0], basis[rank, 1], basis[rank, 2] = x, y, z
    ranks[slot] = rank + 1


@njit(cache=True, nogil=True)
def _grow(
    ranks: NDArray[np.int64], windings: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Room for twice as many components."""
    more_ranks = np.zeros(2 * ranks.size, np.int64)
    more_windings = np.zeros((2 * ranks.size, 3, 3), np.int64)
    # element by element: slices of such arrays take seconds to compile
    for slot in range(ranks.size):
        more_ranks[slot] = ranks[slot]
        for r in range(ranks[slot]):
            for axis in range(3):
                more_windings[slot, r, axis] = windings[slot, r, axis]
    return more_ranks, more_windings


@njit(cache=True, nogil=True)
def _step(
    i: int, j: int, k: int, step: NDArray[np.int64], shape: tuple[int, int, int], is_at_face: bool
) -> tuple[int, int]:
    """Flat index of a neighbour and the packed image of the cell it is in."""
    a, b, c = i + step[0], j + step[1], k + step[2]
    if not is_at_face:
        return (a * shape[1] + b) * shape[2] + c, 0
    a, shift_a = _wrap(a, shape[0])
    b, shift_b = _wrap(b, shape[1])
    c, shift_c = _wrap(c, shape[2])
    return (a * shape[1] + b) * shape[2] + c, _pack(shift_a, shift_b, shift_c)


@njit(cache=True, nogil=True)
def _wrap(index: int, size: int) -> tuple[int, int]:
    if index < 0:
        return index + size, -1
    if index >= size:
        return index - size, 1
    return index, 0


@njit(cache=True, nogil=True)
def _pack(x: int, y: int, z: int) -> int:
    return (x << (2 * _BITS)) + (y << _BITS) + z


@njit(cache=True, nogil=True)
def _unpack(packed: int) -> tuple[int, int, int]:
    z = ((packed + _HALF) & _MASK) - _HALF
    packed = (packed - z) >> _BITS
    y = ((packed + _HALF) & _MASK) - _HALF
    return (packed - y) >> _BITS, y, z
