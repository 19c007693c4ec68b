"""Compiled search for a path between two sites."""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["search_path"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@njit(cache=True, nogil=True)
def search_path(
    energies: FloatArray,
    labels: NDArray[np.int32],
    copies: NDArray[np.int32],
    shape: IntArray,
    steps: IntArray,
    lengths: FloatArray,
    sites: IntArray,
    image: IntArray,
    ends: IntArray,
    window: FloatArray,
    cost: FloatArray,
    previous: IntArray,
) -> IntArray:
    """Dijkstra over nodes (voxel, side); node = 2 voxel + side, side 1 belongs to the second site.

    ``cost`` and ``previous`` are given back as they came: only what was touched is reset.
    """
    plane = shape[1] * shape[2]
    floor, saddle, length_weight = window[0], window[1], window[2]
    height = saddle - floor
    start, goal = 2 * ends[0], 2 * ends[1] + 1
    touched = [start]
    cost[start] = 0.0
    queue = [(0.0, start)]
    while len(queue) > 0:
        spent, node = heapq.heappop(queue)
        if node == goal:
            break
        if spent > cost[node]:
            continue
        voxel, side = node // 2, node % 2
        i, rest = voxel // plane, voxel % plane
        j, k = rest // shape[2], rest % shape[2]
        for direction in range(len(steps)):
            a, b, c = i + steps[direction, 0], j + steps[direction, 1], k + steps[direction, 2]
            cell_a, cell_b, cell_c = a // shape[0], b // shape[1], c // shape[2]
            a, b, c = a - cell_a * shape[0], b - cell_b * shape[1], c - cell_c * shape[2]
            other = a * plane + b * shape[2] + c
            if labels[other] < 0 or energies[other] > saddle:
                continue
            copy_a = copies[other, 0] - copies[voxel, 0] + side * image[0] + cell_a
            copy_b = copies[other, 1] - copies[voxel, 1] + side * image[1] + cell_b
            copy_c = copies[other, 2] - copies[voxel, 2] + side * image[2] + cell_c
            if labels[other] == sites[0] and copy_a == 0 and copy_b == 0 and copy_c == 0:
                neighbour = 2 * other
            elif (
                labels[other] == sites[1]
                and copy_a == image[0]
                and copy_b == image[1]
                and copy_c == image[2]
            ):
                neighbour = 2 * other + 1
            else:
                continue
            weight = length_weight
            if height > 0.0:
                weight += (0.5 * (energies[voxel] + energies[other]) - floor) / height
            total = spent + lengths[direction] * weight
            if total < cost[neighbour]:
                if cost[neighbour] == np.inf:
                    touched.append(neighbour)
                cost[neighbour] = total
                previous[neighbour] = node
                heapq.heappush(queue, (total, neighbour))
    n_points = 1
    node = goal
    while node != start:
        node = previous[node]
        n_points += 1
    path = np.empty((n_points, 2), dtype=np.int64)
    node = goal
    for position in range(n_points - 1, -1, -1):
        path[position, 0], path[position, 1] = node // 2, node % 2
        node = previous[node]
    for node in touched:
        cost[node] = np.inf
        previous[node] = -1
    return path
