"""The net of octahedra: which ones share a corner, an edge or a face, and in which image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.octahedra import Octahedra

__all__ = ["Link", "Network", "build_network", "measure_periodicity"]

Offset = tuple[int, int, int]


@dataclass(frozen=True)
class Link:
    """A pair of octahedra with shared vertices, seen from one of them.

    Attributes
    ----------
    source, target : int
        Rows of the two octahedra.
    offset : tuple of int
        Lattice translation of the target.
    slots : tuple of tuple of int
        For each shared vertex its slot in the source and in the target.
    """

    source: int
    target: int
    offset: Offset
    slots: tuple[tuple[int, int], ...]

    @property
    def n_shared(self) -> int:
        """1 for a corner, 2 for an edge, 3 for a face."""
        return len(self.slots)


@dataclass(frozen=True)
class Network:
    """Octahedra and their links; each link is listed from both of its ends.

    Attributes
    ----------
    octahedra : Octahedra
        The nodes.
    links : tuple of tuple of Link
        Links of each octahedron.
    n_centres : dict of int to int
        Number of octahedra around each vertex site.
    """

    octahedra: Octahedra
    links: tuple[tuple[Link, ...], ...]
    n_centres: dict[int, int]

    def count(self, n_shared: int) -> float:
        """Mean number of links per octahedron that share this many vertices (3: 3 or more)."""
        if not self.links:
            return 0.0
        hits = sum(min(link.n_shared, 3) == n_shared for row in self.links for link in row)
        return hits / len(self.links)

    def bridge_angles_deg(self) -> NDArray[np.float64]:
        """Angle centre-vertex-centre of each corner link, ``(n,)``, degrees."""
        vectors = self.octahedra.vector_A
        pairs = [
            (vectors[link.source, link.slots[0][0]], vectors[link.target, link.slots[0][1]])
            for row in self.links
            for link in row
            if link.n_shared == 1
        ]
        if not pairs:
            return np.zeros(0)
        first, second = (np.array(side) for side in zip(*pairs, strict=True))
        cosine = np.sum(first * second, axis=1) / (
            np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        )
        return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))

    def dimension(self) -> int:
        """0 to 3: the largest number of independent periods of connected octahedra."""
        edges = ((link.source, link.target, link.offset) for row in self.links for link in row)
        return max(measure_periodicity(len(self.links), edges)[0], default=0)

    def components(self) -> list[int]:
        """Component of each octahedron, ``(n,)``."""
        edges = ((link.source, link.target, link.offset) for row in self.links for link in row)
        return measure_periodicity(len(self.links), edges)[1]


def build_network(octahedra: Octahedra) -> Network:
    """Link all octahedra that share vertices.

    Parameters
    ----------
    octahedra : Octahedra
        Nodes.

    Returns
    -------
    Network
        Links with their periodic image.
    """
    around: dict[int, list[tuple[int, int, NDArray[np.int64]]]] = defaultdict(list)
    for row in range(len(octahedra)):
        for slot in range(6):
            vertex = int(octahedra.vertex[row, slot])
            around[vertex].append((row, slot, octahedra.image[row, slot]))
    shared: dict[tuple[int, int, Offset], list[tuple[int, int]]] = defaultdict(list)
    for entries in around.values():
        for source, slot, image in entries:
            for target, other_slot, other_image in entries:
                a, b, c = (image - other_image).tolist()
                if source == target and (a, b, c) == (0, 0, 0):
                    continue
                shared[source, target, (a, b, c)].append((slot, other_slot))
    links: list[list[Link]] = [[] for _ in range(len(octahedra))]
    for (source, target, offset), slots in shared.items():
        links[source].append(Link(source, target, offset, tuple(slots)))
    return Network(
        octahedra=octahedra,
        links=tuple(tuple(row) for row in links),
        n_centres={vertex: len(entries) for vertex, entries in around.items()},
    )


def measure_periodicity(
    n_nodes: int, edges: Iterable[tuple[int, int, Offset]]
) -> tuple[list[int], list[int]]:
    """Find the connected components of a periodic graph and their dimensions.

    The dimension is the rank of the translations that lead from a node to its own images
    (winding vectors), doi 10.1103/PhysRevMaterials.3.034003.

    Parameters
    ----------
    n_nodes : int
        Nodes in the cell.
    edges : iterable of (int, int, tuple of int)
        Source, target and lattice translation of the target.

    Returns
    -------
    dimensions : list of int
        Of each component, 0 to 3.
    component : list of int
        Component of each node.

    Examples
    --------
    >>> measure_periodicity(1, [(0, 0, (1, 0, 0)), (0, 0, (0, 1, 0))])
    ([2], [0])
    """
    adjacency: list[list[tuple[int, Offset]]] = [[] for _ in range(n_nodes)]
    for source, target, offset in edges:
        adjacency[source].append((target, offset))
        adjacency[target].append((source, (-offset[0], -offset[1], -offset[2])))
    place: dict[int, Offset] = {}
    component = [-1] * n_nodes
    dimensions: list[int] = []
    for start in range(n_nodes):
        if component[start] >= 0:
            continue
        place[start] = (0, 0, 0)
        component[start] = len(dimensions)
        windings: set[Offset] = set()
        queue = [start]
        while queue:
            node = queue.pop()
            x, y, z = place[node]
            for other, (a, b, c) in adjacency[node]:
                there = (x + a, y + b, z + c)
                if component[other] < 0:
                    component[other] = len(dimensions)
                    place[other] = there
                    queue.append(other)
                elif there != place[other]:
                    i, j, k = place[other]
                    windings.add((there[0] - i, there[1] - j, there[2] - k))
        rank = int(np.linalg.matrix_rank(np.array(sorted(windings)))) if windings else 0
        dimensions.append(rank)
    return dimensions, component
