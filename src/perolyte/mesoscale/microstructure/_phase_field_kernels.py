"""Compiled loops of the phase field: reaction, energy, and whose grain a voxel is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["grow_region", "react", "sum_energy", "track_labels"]

_BLOCK = 2048
_SEARCH = 8
"""Voxels: how far the grain that took a voxel over is looked for."""


@njit(cache=True, nogil=True)
def react(fields: NDArray[Any], step: float, start: int, stop: int) -> None:
    """Subtract step f'(η) from fields (n, n_voxels), f' = η (3 Σ η² - 2 η² - 1), in place.

    Both factors of the sum follow from γ = 1.5, where a boundary is a hyperbolic tangent.
    """
    n = fields.shape[0]
    dt = fields.dtype.type(step)
    one, two, three = fields.dtype.type(1), fields.dtype.type(2), fields.dtype.type(3)
    squares = np.empty(_BLOCK, fields.dtype)
    for begin in range(start, stop, _BLOCK):
        end = min(begin + _BLOCK, stop)
        squares[:] = 0
        for q in range(n):
            for v in range(begin, end):
                squares[v - begin] += fields[q, v] * fields[q, v]
        for v in range(end - begin):
            squares[v] = three * squares[v] - one
        for q in range(n):
            for v in range(begin, end):
                eta = fields[q, v]
                fields[q, v] = eta - dt * eta * (squares[v - begin] - two * eta * eta)


@njit(cache=True, nogil=True)
def sum_energy(fields: NDArray[Any]) -> float:
    """Return Σ over voxels of the homogeneous energy density, in units of m; 0 inside grains."""
    total = 0.0
    for v in range(fields.shape[1]):
        square = quartic = 0.0
        for q in range(fields.shape[0]):
            eta2 = float(fields[q, v]) ** 2
            square += eta2
            quartic += eta2 * eta2
        # 1/4 - Σ η²/2 + Σ η⁴/4 + γ Σ_{i<j} η_i² η_j²
        total += 0.25 - 0.5 * square + 0.25 * quartic + 0.75 * (square * square - quartic)
    return total


@njit(cache=True, nogil=True)
def _find_owner(
    labels: NDArray[np.int32], colours: NDArray[np.int64], i: int, j: int, k: int, colour: int
) -> int:
    """Return the nearest grain of a colour; the grain of the voxel where there is none."""
    n_0, n_1, n_2 = labels.shape
    found, least = labels[i, j, k], 1 << 30
    for reach in range(1, _SEARCH + 1):
        reach_1 = reach if n_1 > 1 else 0
        for a in range(-reach, reach + 1):
            for b in range(-reach_1, reach_1 + 1):
                for c in range(-reach, reach + 1):
                    if max(abs(a), abs(b), abs(c)) < reach:
                        continue
                    label = labels[(i + a) % n_0, (j + b) % n_1, (k + c) % n_2]
                    distance = a * a + b * b + c * c
                    if colours[label] == colour and distance < least:
                        found, least = label, distance
        if least < 1 << 30:
            return found
    return found


@njit(cache=True, nogil=True)
def track_labels(
    fields: NDArray[Any], labels: NDArray[np.int32], colours: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the grain of each voxel, from the strongest parameter and the labels before."""
    n_0, n_1, n_2 = labels.shape
    new = labels.copy()
    for i in range(n_0):
        for j in range(n_1):
            for k in range(n_2):
                best = 0
                for q in range(1, fields.shape[0]):
                    if fields[q, i, j, k] > fields[best, i, j, k]:
                        best = q
                if colours[labels[i, j, k]] != best:
                    new[i, j, k] = _find_owner(labels, colours, i, j, k, best)
    return new


@njit(cache=True, nogil=True)
def grow_region(
    shape: tuple[int, int, int],
    cells: NDArray[np.int64],
    depth: int,
    visited: NDArray[np.int32],
    stamp: int,
    queue: NDArray[np.int64],
) -> int:
    """Fill the queue with cells and all within ``depth`` voxels of them; return how many.

    Steps go to the 6 and to the 26 neighbours in turn: octagons, nearly circles.
    """
    n_0, n_1, n_2 = shape
    count = 0
    for cell in cells:
        visited[cell] = stamp
        queue[count] = cell
        count += 1
    first = 0
    for level in range(depth):
        last = count
        for place in range(first, last):
            cell = queue[place]
            i, j, k = cell // (n_1 * n_2), cell // n_2 % n_1, cell % n_2
            for a in range(-1, 2):
                for b in range(-1, 2):
                    for c in range(-1, 2):
                        if level % 2 == 0 and abs(a) + abs(b) + abs(c) > 1:
                            continue
                        near = ((i + a) % n_0 * n_1 + (j + b) % n_1) * n_2 + (k + c) % n_2
                        if visited[near] != stamp:
                            visited[near] = stamp
                            queue[count] = near
                            count += 1
        first = last
    return count
