"""The way of an ion through a crystal without end, hop by hop, from its network of sites."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse import MigrationEdge, SiteNetwork

__all__ = ["EndlessPath", "find_endless_path"]

FloatArray = NDArray[np.float64]
Image = tuple[int, int, int]

_SAME_EV = 1e-6
"""Equivalent saddles differ in their last digits."""
_REACH = 6
"""Cells that a path may leave the first one by; windings of real crystals are of one or two."""


@dataclass(frozen=True, eq=False)
class EndlessPath:
    """One period of a path: from a site to the same site in another cell.

    Attributes
    ----------
    winding : tuple of int
        That cell.
    distance_A : ndarray
        (n_points,), length along the path, Å.
    energy_eV : ndarray
        (n_points,), as in the map, eV.
    site_indices : tuple of int
        Sites passed, the first one again at the end.
    site_distances_A : tuple of float
        Where they are.
    """

    winding: Image
    distance_A: FloatArray
    energy_eV: FloatArray
    site_indices: tuple[int, ...]
    site_distances_A: tuple[float, ...]


@dataclass(frozen=True)
class _Step:
    """A hop in one of its two directions."""

    edge: MigrationEdge
    is_forward: bool

    @property
    def end(self) -> int:
        return self.edge.end if self.is_forward else self.edge.start

    @property
    def image(self) -> Image:
        x, y, z = self.edge.image
        return (x, y, z) if self.is_forward else (-x, -y, -z)


def find_endless_path(
    network: SiteNetwork, threshold_eV: float, *, not_along: Sequence[Image] = ()
) -> EndlessPath | None:
    """Find the shortest path below an energy that repeats without end.

    Of the sites at the highest hops allowed, each is tried as a start; the path leads to its
    image in any cell that is not a combination of the directions excluded.

    Parameters
    ----------
    network
        Sites and hops.
    threshold_eV
        Highest energy of the map that a hop may pass, such as the one at which the map
        percolates.
    not_along
        Directions that the path may not run along, such as those of a lower barrier.

    Returns
    -------
    EndlessPath or None
        None where there is no such path within six cells.
    """
    steps: dict[int, list[_Step]] = {}
    allowed = [edge for edge in network.edges if edge.saddle_eV <= threshold_eV + _SAME_EV]
    for edge in allowed:
        steps.setdefault(edge.start, []).append(_Step(edge, is_forward=True))
        steps.setdefault(edge.end, []).append(_Step(edge, is_forward=False))
    top_eV = max((edge.saddle_eV for edge in allowed), default=threshold_eV)
    starts = {edge.start for edge in allowed if edge.saddle_eV > top_eV - _SAME_EV}
    found: tuple[float, int, list[_Step]] | None = None
    for start in sorted(starts):
        path = _search(steps, start, not_along, None if found is None else found[0])
        if path is not None and (found is None or path[0] < found[0] - 1e-9):
            found = (path[0], start, path[1])
    if found is None:
        return None
    start, way = _begin_at_lowest(network, found[1], found[2])
    return _join(start, way)


def _search(
    steps: dict[int, list[_Step]],
    start: int,
    not_along: Sequence[Image],
    longest_A: float | None,
) -> tuple[float, list[_Step]] | None:
    """Search the shortest way to another image of the start (Dijkstra over sites and cells)."""
    origin: tuple[int, Image] = (start, (0, 0, 0))
    best: dict[tuple[int, Image], float] = {origin: 0.0}
    came: dict[tuple[int, Image], tuple[tuple[int, Image], _Step]] = {}
    queue: list[tuple[float, int, Image]] = [(0.0, *origin)]
    while queue:
        length_A, site, cell = heapq.heappop(queue)
        if length_A > best[site, cell]:
            continue
        if longest_A is not None and length_A >= longest_A:
            return None
        if site == start and _is_new(cell, not_along):
            way = []
            node = (site, cell)
            while node != origin:
                node, step = came[node]
                way.append(step)
            return length_A, way[::-1]
        for step in steps.get(site, []):
            x, y, z = (u + v for u, v in zip(cell, step.image, strict=True))
            if max(abs(x), abs(y), abs(z)) > _REACH:
                continue
            reached = (step.end, (x, y, z))
            total_A = length_A + step.edge.length_A
            if total_A < best.get(reached, np.inf) - 1e-9:
                best[reached] = total_A
                came[reached] = ((site, cell), step)
                heapq.heappush(queue, (total_A, *reached))
    return None


def _is_new(cell: Image, not_along: Sequence[Image]) -> bool:
    """Whether a winding is independent of those given."""
    vectors = np.array([*not_along, cell])
    return int(np.linalg.matrix_rank(vectors)) > len(not_along)


def _begin_at_lowest(network: SiteNetwork, start: int, way: list[_Step]) -> tuple[int, list[_Step]]:
    """Turn a closed path so that it starts at its deepest site and runs in a positive direction."""
    winding = np.sum([step.image for step in way], axis=0)
    if tuple(winding) < (0, 0, 0):
        way = [_Step(step.edge, is_forward=not step.is_forward) for step in reversed(way)]
    sites = [start, *(step.end for step in way[:-1])]
    first = min(range(len(way)), key=lambda i: (round(network.sites[sites[i]].energy_eV, 6), i))
    return sites[first], [*way[first:], *way[:first]]


def _join(start: int, way: Sequence[_Step]) -> EndlessPath:
    distances_A: list[FloatArray] = [np.zeros(1)]
    energies_eV: list[FloatArray] = []
    sites, site_distances_A = [start], [0.0]
    winding = np.zeros(3, dtype=int)
    for step in way:
        energies = np.asarray(step.edge.path_energies_eV, dtype=np.float64)
        if not step.is_forward:
            energies = energies[::-1]
        # steps along a path are nearly equal, the whole length is exact
        along_A = np.linspace(0.0, step.edge.length_A, len(energies))
        distances_A.append(site_distances_A[-1] + along_A[1:])
        energies_eV.append(energies if not energies_eV else energies[1:])
        site_distances_A.append(site_distances_A[-1] + step.edge.length_A)
        sites.append(step.end)
        winding += step.image
    x, y, z = (int(u) for u in winding)
    return EndlessPath(
        winding=(x, y, z),
        distance_A=np.concatenate(distances_A),
        energy_eV=np.concatenate(energies_eV),
        site_indices=tuple(sites),
        site_distances_A=tuple(site_distances_A),
    )
