"""Barriers of one given hop on an energy map; used by bvse_barriers.py."""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from perolyte.bvse.basins import flood_basins
from perolyte.bvse.merging import MergedBasins, merge_shallow_basins

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TUBE_A = 1.5
END_A = 1.0
LIMIT_EV = 12.0
MERGE_BELOW_EV = 0.025
N_ON_LINE = 101
MAX_CELL = 2  # a pass between neighbouring sites does not need cells farther away


def measure_hop(
    energies_eV: NDArray[np.floating], matrix_A: FloatArray, line: FloatArray
) -> tuple[float, float, float]:
    """Return the barriers in eV: in the tube, along the line, on the network of the whole map."""
    shape = np.array(energies_eV.shape)
    corner, inside, gaps_A = cut_tube(shape, matrix_A, line)
    indices = np.indices(inside.shape).reshape(3, -1).T + corner
    patch = energies_eV[tuple((indices % shape).T)].reshape(inside.shape).astype(np.float64)
    patch = np.where(inside, patch, np.inf)
    ends = [find_lowest(patch, gaps) for gaps in gaps_A]
    if None in ends:
        return math.inf, along_line(energies_eV, line), math.inf
    start, end = (np.array(place) for place in ends)
    lower = min(patch[tuple(start)], patch[tuple(end)])
    tube = find_pass(patch, tuple(start), tuple(end)) - lower
    network = find_network_barrier(energies_eV, start + corner, end + corner)
    return tube, along_line(energies_eV, line), network


def cut_tube(
    shape: IntArray, matrix_A: FloatArray, line: FloatArray
) -> tuple[IntArray, NDArray[np.bool_], list[FloatArray]]:
    """Return the lowest index of a box, what of it is in the tube, and distances to both ends."""
    per_A = np.linalg.norm(np.linalg.inv(matrix_A), axis=0) * shape
    low = np.floor(line.min(axis=0) * shape - TUBE_A * per_A).astype(int)
    high = np.ceil(line.max(axis=0) * shape + TUBE_A * per_A).astype(int)
    size = high - low + 1
    places_A = (np.indices(size).reshape(3, -1).T + low) / shape @ matrix_A
    first, last = line[0] @ matrix_A, line[-1] @ matrix_A
    along = (places_A - first) @ (last - first) / np.dot(last - first, last - first)
    nearest = first + np.clip(along, 0.0, 1.0)[:, None] * (last - first)
    inside = np.linalg.norm(places_A - nearest, axis=1) <= TUBE_A
    gaps = [np.linalg.norm(places_A - place, axis=1).reshape(size) for place in (first, last)]
    return low, inside.reshape(size), gaps


def find_lowest(patch: FloatArray, gaps_A: FloatArray) -> tuple[int, ...] | None:
    """Return the lowest voxel near an end; None where the grid has no voxel there."""
    near = np.where(gaps_A <= END_A, patch, np.inf)
    place = np.unravel_index(near.argmin(), near.shape)
    return None if np.isinf(near[place]) else tuple(int(i) for i in place)


def find_pass(patch: FloatArray, start: tuple[int, ...], end: tuple[int, ...]) -> float:
    """Return the lowest energy at which two voxels are connected over faces, edges and corners."""
    levels = np.unique(patch[np.isfinite(patch)])
    low, high = int(np.searchsorted(levels, max(patch[start], patch[end]))), len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        parts, _ = ndimage.label(patch <= levels[middle], structure=np.ones((3, 3, 3)))
        if parts[start] == parts[end]:
            high = middle
        else:
            low = middle + 1
    return float(levels[low])


def along_line(energies_eV: NDArray[np.floating], line: FloatArray) -> float:
    """Highest less lower end on the straight line, interpolated between voxels."""
    share = np.linspace(0.0, 1.0, N_ON_LINE)[:, None]
    places = (line[0] + share * (line[-1] - line[0])) * np.array(energies_eV.shape)
    values = ndimage.map_coordinates(energies_eV, places.T, order=1, mode="grid-wrap")
    return float(values.max() - min(values[0], values[-1]))


def find_network_barrier(
    energies_eV: NDArray[np.floating], start: IntArray, end: IntArray
) -> float:
    """Return the lowest pass between the sites of two voxels, above the lower site.

    inf where there is none below the limit, or both voxels belong to one site.
    """
    limit = float(energies_eV.min()) + LIMIT_EV
    basins = merge_shallow_basins(
        flood_basins(energies_eV, energy_limit_eV=limit),
        energies_eV,
        merge_below_eV=MERGE_BELOW_EV,
    )
    origin, goal = (find_site(basins, energies_eV.shape, place) for place in (start, end))
    if origin[0] < 0 or goal[0] < 0 or origin == goal:
        return math.inf
    links: dict[int, list[tuple[int, tuple[int, ...], float]]] = {}
    for (first, second, image), contact in basins.contacts.items():
        back = tuple(-x for x in image)
        links.setdefault(first, []).append((second, image, contact.energy_eV))
        links.setdefault(second, []).append((first, back, contact.energy_eV))
    flat = energies_eV.reshape(-1)
    heights = {origin: float(flat[basins.minima[origin[0]]])}
    queue = [(heights[origin], origin)]
    while queue:
        height, node = heapq.heappop(queue)
        if node == goal:
            return height - float(min(flat[basins.minima[[origin[0], goal[0]]]]))
        for other, image, saddle in links.get(node[0], []):
            cell = tuple(x + y for x, y in zip(node[1], image, strict=True))
            reached = (other, cell)
            higher = max(height, saddle)
            far = max(abs(x - y) for x, y in zip(cell, origin[1], strict=True)) > MAX_CELL
            if not far and higher < heights.get(reached, math.inf):
                heights[reached] = higher
                heapq.heappush(queue, (higher, reached))
    return math.inf


def find_site(
    basins: MergedBasins, shape: tuple[int, ...], place: IntArray
) -> tuple[int, tuple[int, ...]]:
    """Return the site that a voxel belongs to, -1 for none, and the cell of that site."""
    cell = place // np.array(shape)
    voxel = int(np.ravel_multi_index(tuple(place - cell * np.array(shape)), shape))
    return int(basins.labels[voxel]), tuple(int(x) for x in basins.copies[voxel] + cell)
