"""Integer coordinates of octahedra in the primitive cubic net, where the net is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.network import Network

__all__ = ["CubicNet", "map_cubic_net"]


@dataclass(frozen=True)
class CubicNet:
    """The map from a crystal to the primitive cubic net of its octahedra.

    Attributes
    ----------
    node : numpy.ndarray
        ``(n, 3)``, integer coordinates of each octahedron in the net.
    axis : numpy.ndarray
        ``(n, 6)``, direction of each vertex: +1, +2, +3 for x, y, z of the net, negative opposite.
    cell : numpy.ndarray
        ``(3, 3)``, integer; column i is lattice vector i in net coordinates.
    origin : numpy.ndarray
        ``(3,)``; a point ``f`` (fractional) has the net coordinates ``cell @ f + origin``, in
        which octahedra sit near integers and cages near half integers.
    n_nodes : int
        Nodes of the full net in one cell.
    """

    node: NDArray[np.int64]
    axis: NDArray[np.int64]
    cell: NDArray[np.int64]
    origin: NDArray[np.float64]
    n_nodes: int

    def locate(self, frac: NDArray[np.float64]) -> NDArray[np.float64]:
        """Net coordinates ``(n, 3)`` of fractional points ``(n, 3)``."""
        return frac @ self.cell.T + self.origin

    def is_commensurate(self, wave: tuple[float, float, float]) -> bool:
        """Whether a wave vector of the net (reciprocal units) is periodic in the cell."""
        phase = np.array(wave) @ self.cell
        return bool(np.all(np.abs(phase - np.round(phase)) < 1e-9))


def map_cubic_net(network: Network, frac: NDArray[np.float64]) -> CubicNet | None:
    """Give integer coordinates to octahedra of a primitive cubic net, walking over corners.

    Parameters
    ----------
    network : Network
        Octahedra that share corners.
    frac : numpy.ndarray
        ``(n_sites, 3)``, fractional, of all sites of the crystal.

    Returns
    -------
    CubicNet or None
        None when the walk contradicts itself (there are rings other than squares), is not
        periodic in three dimensions, or does not reach 90 % of the nodes.
    """
    octahedra = network.octahedra
    if len(octahedra) == 0:
        return None
    axis, node, place = _walk(network)
    if axis is None:
        return None
    rows, sums = [], []
    for links in network.links:
        for link in links:
            if link.n_shared != 1:
                return None
            slot, other_slot = link.slots[0]
            if axis[link.source, slot] != -axis[link.target, other_slot]:
                return None
            step = _unit(int(axis[link.source, slot]))
            offset = np.array(link.offset) + place[link.source] - place[link.target]
            rows.append(offset)
            sums.append(node[link.source] + step - node[link.target])
    if not rows:
        return None
    lattice, change = np.array(rows), np.array(sums)
    if np.linalg.matrix_rank(lattice) < 3:
        return None
    solution = np.linalg.lstsq(lattice.astype(float), change.astype(float), rcond=None)[0]
    cell: NDArray[np.int64] = np.asarray(np.round(solution), dtype=np.int64)
    if np.any(lattice @ cell != change):
        return None
    n_nodes = abs(round(float(np.linalg.det(cell))))
    if not 0.9 * n_nodes <= len(octahedra) <= n_nodes:
        return None
    centres = frac[octahedra.centre] + place
    origin = (node - centres @ cell).mean(axis=0)
    folded = _fold(node, cell)
    if len({tuple(row) for row in folded.tolist()}) != len(octahedra):
        return None
    return CubicNet(node=node, axis=axis, cell=cell.T, origin=origin, n_nodes=n_nodes)


def _unit(signed: int) -> NDArray[np.int64]:
    step = np.zeros(3, dtype=np.int64)
    step[abs(signed) - 1] = 1 if signed > 0 else -1
    return step


def _fold(node: NDArray[np.int64], cell: NDArray[np.int64]) -> NDArray[np.int64]:
    """Coordinates of nodes modulo the lattice, exact to rounding."""
    within = node @ np.linalg.inv(cell.astype(float))
    return np.round((within - np.floor(within + 1e-6)) * 1e5).astype(np.int64)


def _walk(
    network: Network,
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64], NDArray[np.int64]]:
    """Directions of all vertices, net coordinates and lattice translation of all octahedra."""
    octahedra = network.octahedra
    n = len(octahedra)
    axis = np.zeros((n, 6), dtype=np.int64)
    node = np.zeros((n, 3), dtype=np.int64)
    place = np.zeros((n, 3), dtype=np.int64)
    seen = np.zeros(n, dtype=bool)
    unit = octahedra.vector_A / np.linalg.norm(octahedra.vector_A, axis=2, keepdims=True)
    start = int(np.argmin(octahedra.deviation_deg))
    label = 1
    for slot in range(6):
        if axis[start, slot] == 0:
            axis[start, slot] = label
            axis[start, octahedra.opposite[start, slot]] = -label
            label += 1
    seen[start] = True
    queue = [start]
    while queue:
        source = queue.pop(0)
        for link in network.links[source]:
            target = link.target
            if seen[target] or link.n_shared != 1:
                continue
            slot, other_slot = link.slots[0]
            signed = int(axis[source, slot])
            axis[target, other_slot] = -signed
            axis[target, octahedra.opposite[target, other_slot]] = signed
            for wanted in {1, 2, 3} - {abs(signed)}:
                free = np.flatnonzero(axis[target] == 0)
                direction = unit[source, axis[source] == wanted][0]
                best = int(free[np.argmax(unit[target, free] @ direction)])
                if axis[target, octahedra.opposite[target, best]] != 0:
                    return None, node, place
                axis[target, best] = wanted
                axis[target, octahedra.opposite[target, best]] = -wanted
            node[target] = node[source] + _unit(signed)
            place[target] = place[source] + np.array(link.offset)
            seen[target] = True
            queue.append(target)
    return (axis if seen.all() else None), node, place
