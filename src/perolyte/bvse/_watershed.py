"""Compiled loops of the watershed of a periodic grid."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["assign_basins", "find_meetings"]

IntArray = NDArray[np.int64]
Copies = NDArray[np.int16]


@njit(cache=True, nogil=True)
def _wrap(position: int, step: int, n: int) -> tuple[int, int]:
    """Neighbour along one axis, and the cell it lies in."""
    moved = position + step
    if moved < 0:
        return moved + n, -1
    if moved >= n:
        return moved - n, 1
    return moved, 0


@njit(cache=True, nogil=True)
def assign_basins(
    energies: NDArray[np.float64],
    order: IntArray,
    grid: IntArray,
    steps: IntArray,
    labels: NDArray[np.int32],
    copies: Copies,
) -> IntArray:
    """Write the basin of each voxel and the cell of its minimum; return the minima."""
    minima: list[int] = []
    plane = grid[1] * grid[2]
    for voxel in order:
        i, rest = voxel // plane, voxel % plane
        j, k = rest // grid[2], rest % grid[2]
        lowest = -1
        cell_a = cell_b = cell_c = 0
        for step in range(len(steps)):
            a, shift_a = _wrap(i, steps[step, 0], grid[0])
            b, shift_b = _wrap(j, steps[step, 1], grid[1])
            c, shift_c = _wrap(k, steps[step, 2], grid[2])
            other = a * plane + b * grid[2] + c
            if labels[other] < 0:
                continue
            if (
                lowest < 0
                or energies[other] < energies[lowest]
                or (energies[other] == energies[lowest] and other < lowest)
            ):
                lowest = other
                cell_a, cell_b, cell_c = shift_a, shift_b, shift_c
        if lowest < 0:
            labels[voxel] = len(minima)
            minima.append(voxel)
        else:
            labels[voxel] = labels[lowest]
            copies[voxel, 0] = copies[lowest, 0] + cell_a
            copies[voxel, 1] = copies[lowest, 1] + cell_b
            copies[voxel, 2] = copies[lowest, 2] + cell_c
    return np.array(minima)


@njit(cache=True, nogil=True)
def find_meetings(
    order: IntArray,
    grid: IntArray,
    steps: IntArray,
    labels: NDArray[np.int32],
    copies: Copies,
    keys: IntArray,
    contacts: IntArray,
) -> int:
    """Write the first, hence lowest, contact of each pair; -1 when the arrays are too small.

    Open addressing with linear probing; the table is twice as long as the list of pairs.
    """
    capacity = len(keys)
    table = np.full(2 * capacity, -1, dtype=np.int64)
    done = np.zeros(len(labels), dtype=np.bool_)
    plane = grid[1] * grid[2]
    key = np.zeros(5, dtype=np.int64)
    n_found = 0
    for voxel in order:
        done[voxel] = True
        i, rest = voxel // plane, voxel % plane
        j, k = rest // grid[2], rest % grid[2]
        for step in range(len(steps)):
            a, shift_a = _wrap(i, steps[step, 0], grid[0])
            b, shift_b = _wrap(j, steps[step, 1], grid[1])
            c, shift_c = _wrap(k, steps[step, 2], grid[2])
            other = a * plane + b * grid[2] + c
            if not done[other]:
                continue
            key[0], key[1] = labels[voxel], labels[other]
            key[2] = copies[other, 0] + shift_a - copies[voxel, 0]
            key[3] = copies[other, 1] + shift_b - copies[voxel, 1]
            key[4] = copies[other, 2] + shift_c - copies[voxel, 2]
            if key[0] == key[1] and key[2] == 0 and key[3] == 0 and key[4] == 0:
                continue
            turned = _turn(key)
            slot = _hash(key) % len(table)
            while table[slot] >= 0 and _differ(keys, table[slot], key):
                slot = (slot + 1) % len(table)
            if table[slot] < 0:
                if n_found == capacity:
                    return -1
                table[slot] = n_found
                keys[n_found] = key
                contacts[n_found, 0] = voxel
                contacts[n_found, 1] = turned
                n_found += 1
    return n_found


@njit(cache=True, nogil=True)
def _turn(key: IntArray) -> bool:
    """Bring a pair into its one canonical direction; whether it was turned."""
    sign = key[1] - key[0]
    for axis in range(2, 5):
        if sign == 0:
            sign = key[axis]
    if sign > 0:
        return False
    key[0], key[1] = key[1], key[0]
    for axis in range(2, 5):
        key[axis] = -key[axis]
    return True


@njit(cache=True, nogil=True)
def _hash(key: IntArray) -> int:
    mixed = np.uint64(1469598103934665603)
    for value in key:
        mixed = (mixed ^ np.uint64(value)) * np.uint64(1099511628211)
        mixed ^= mixed >> np.uint64(29)
    return int(mixed >> np.uint64(2))


@njit(cache=True, nogil=True)
def _differ(keys: IntArray, row: int, key: IntArray) -> bool:
    return (
        keys[row, 0] != key[0]
        or keys[row, 1] != key[1]
        or keys[row, 2] != key[2]
        or keys[row, 3] != key[3]
        or keys[row, 4] != key[4]
    )
