"""Few order parameters for many grains: grains that come near each other get different ones."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perolyte.mesoscale.microstructure._phase_field_kernels import grow_region

__all__ = ["colour_grains", "find_neighbours", "move_grains"]


def _list_cells(labels: NDArray[np.int32]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each grain and its voxels."""
    flat = labels.ravel()
    order = np.argsort(flat, kind="stable")
    counts = np.bincount(flat)
    ends = np.cumsum(counts)
    for grain in np.flatnonzero(counts).tolist():
        yield grain, order[ends[grain] - counts[grain] : ends[grain]]


def _list_regions(labels: NDArray[np.int32], depth: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each grain and all voxels within a depth of it; good until the next one."""
    visited = np.zeros(labels.size, np.int32)
    queue = np.empty(labels.size, np.int64)
    for grain, cells in _list_cells(labels):
        n = grow_region(labels.shape, cells, depth, visited, grain + 1, queue)
        yield grain, queue[:n]


def find_neighbours(labels: NDArray[np.int32], depth: int) -> dict[int, set[int]]:
    """Return the grains within a distance of each grain, for labels (n_0, n_1, n_2)."""
    flat = labels.ravel()
    return {
        grain: set(np.unique(flat[region]).tolist()) - {grain}
        for grain, region in _list_regions(labels, depth)
    }


def colour_grains(
    neighbours: dict[int, set[int]], before: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return a colour for each grain, different between neighbours.

    Without colours from before, all are chosen: the grain whose neighbours have most colours first
    (Brélaz, doi 10.1145/359094.359101). With them, only the smaller number of each pair of equal
    neighbours changes.
    """
    if before is None:
        return _colour_anew(neighbours)
    colours = before.copy()
    for grain in sorted(neighbours):
        taken = {int(colours[other]) for other in neighbours[grain]}
        if int(colours[grain]) in taken:
            colours[grain] = _first_free(taken)
    return colours


def _colour_anew(neighbours: dict[int, set[int]]) -> NDArray[np.int64]:
    colours = np.full(max(neighbours) + 1, -1, np.int64)
    used: dict[int, set[int]] = {grain: set() for grain in neighbours}
    # a grain is put in again whenever it gets more urgent; what it left behind is passed over
    urgent = [(0, -len(others), grain) for grain, others in neighbours.items()]
    heapq.heapify(urgent)
    while urgent:
        _, _, grain = heapq.heappop(urgent)
        if colours[grain] >= 0:
            continue
        colour = _first_free(used[grain])
        colours[grain] = colour
        for other in neighbours[grain]:
            if colours[other] < 0 and colour not in used[other]:
                used[other].add(colour)
                heapq.heappush(urgent, (-len(used[other]), -len(neighbours[other]), other))
    return colours


def move_grains(
    fields: NDArray[Any],
    labels: NDArray[np.int32],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    depth: int,
) -> NDArray[Any]:
    """Return fields (n, n_0, n_1, n_2) with each grain, and its rim, in its new parameter."""
    n_after = int(after[np.unique(labels)].max()) + 1
    moved = np.zeros((max(n_after, fields.shape[0]), *fields.shape[1:]), fields.dtype)
    moved[: fields.shape[0]] = fields
    old, new = fields.reshape(len(fields), -1), moved.reshape(len(moved), -1)
    changed = [(g, r.copy()) for g, r in _list_regions(labels, depth) if before[g] != after[g]]
    for grain, region in changed:
        new[before[grain], region] = 0
    for grain, region in changed:
        new[after[grain], region] += old[before[grain], region]
    return np.ascontiguousarray(moved[:n_after])


def _first_free(taken: set[int]) -> int:
    return next(colour for colour in range(len(taken) + 1) if colour not in taken)
