"""Relatives with isolated octahedra: vacancy-ordered A2BX6 and the K4CdCl6 chains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.cubic_net import map_cubic_net
from perolyte.structures.perovskite.match import FamilyMatch, find_rest
from perolyte.structures.perovskite.neighbours import find_neighbours
from perolyte.structures.perovskite.network import Network, build_network
from perolyte.structures.perovskite.octahedra import Octahedra, find_octahedra
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["match_isolated_octahedra"]

_SAME_POINT_A = 0.6
_PAIR_REACH = 4.2  # B-X bonds; two B across an empty octahedron are 3.5 to 4 apart


def match_isolated_octahedra(
    sites: CrystalSites, network: Network, *, inverted: bool
) -> FamilyMatch | None:
    """Read octahedra without links as a perovskite or hexagonal net with empty members.

    Halfway between two octahedra an empty octahedron (K2PtCl6) or a trigonal prism that shares
    faces (K4CdCl6) is looked for.
    """
    if any(network.links) or not len(network.octahedra):
        return None
    b_sites = tuple(int(i) for i in network.octahedra.centre)
    x_sites = tuple(network.n_centres)
    rest = find_rest(sites, {*b_sites, *x_sites})
    if any(sites.role[i] == sites.role[x_sites[0]] for i in rest):
        return None
    gaps = _find_gaps(sites, network.octahedra)
    if not len(gaps):
        return None
    return _match_empty_octahedra(
        sites, network, gaps, rest, inverted=inverted
    ) or _match_prism_chains(sites, network, gaps, rest)


def _find_gaps(sites: CrystalSites, octahedra: Octahedra) -> NDArray[np.float64]:
    """Midpoints of near pairs of centres, ``(n, 3)``, fractional in [0, 1), each once."""
    points = sites.frac[octahedra.centre]
    reach_A = _PAIR_REACH * float(octahedra.bond_A.mean())
    pairs = find_neighbours(sites.matrix, points, points, n_nearest=18, radius_A=reach_A)
    rows, slots = np.nonzero(pairs.index >= 0)
    if not len(rows):
        return np.zeros((0, 3))
    half = 0.5 * (pairs.image[rows, slots] + points[pairs.index[rows, slots]] - points[rows])
    middle = np.mod(points[rows] + half, 1.0)
    kept: list[NDArray[np.float64]] = []
    for point in middle:
        if kept:
            away = np.array(kept) - point
            away -= np.round(away)
            if np.min(np.linalg.norm(away @ sites.matrix, axis=1)) < _SAME_POINT_A:
                continue
        kept.append(point)
    return np.array(kept)


def _match_empty_octahedra(
    sites: CrystalSites,
    network: Network,
    gaps: NDArray[np.float64],
    rest: tuple[int, ...],
    *,
    inverted: bool,
) -> FamilyMatch | None:
    """Fill the gaps: with them the net must be the primitive cubic one."""
    b_sites, x_sites = network.octahedra.centre, np.array(list(network.n_centres))
    frac = np.vstack([sites.frac, gaps])
    empty = np.arange(len(sites.frac), len(frac))
    centres = np.concatenate([b_sites, empty])
    filled = build_network(find_octahedra(sites.matrix, frac, centres, x_sites))
    n_empty = len(filled.octahedra) - len(b_sites)
    if n_empty < 1 or filled.count(2) or filled.count(3) or filled.count(1) < 5.9:
        return None
    net = map_cubic_net(filled, frac)
    if net is None or n_empty > len(b_sites):
        return None
    a_per_node = sum(sites.total(i) for i in rest) / net.n_nodes
    if not 0.5 < a_per_node < 1.3:
        return None
    return FamilyMatch(
        verdict="related",
        family="vacancy_ordered_double",
        rank=4,
        a_sites=rest,
        b_sites=tuple(int(i) for i in b_sites),
        x_sites=tuple(int(i) for i in x_sites),
        a_occupancy=a_per_node,
        network=network,
        net=None,
        evidence=(
            (
                f"{len(b_sites)} isolated octahedra per cell; with {n_empty} empty octahedra "
                f"between them they form the primitive cubic net of corner-sharing octahedra"
            ),
            f"{a_per_node:.3f} A atoms per cage",
            *(("roles are inverted: anions in the centres",) if inverted else ()),
        ),
    )


def _match_prism_chains(
    sites: CrystalSites,
    network: Network,
    gaps: NDArray[np.float64],
    rest: tuple[int, ...],
) -> FamilyMatch | None:
    """Octahedra and trigonal prisms in turn, sharing faces along chains (K4CdCl6)."""
    octahedra = network.octahedra
    x_sites = np.array(list(network.n_centres))
    owner = {int(v): row for row, six in enumerate(octahedra.vertex) for v in six}
    found = find_neighbours(
        sites.matrix, gaps, sites.frac[x_sites], n_nearest=6, radius_A=_PAIR_REACH * 2.0
    )
    a_points = find_neighbours(
        sites.matrix, gaps, sites.frac[list(rest)], n_nearest=1, radius_A=1.5
    )
    prisms = 0
    for row in range(len(gaps)):
        if np.any(found.index[row] < 0) or a_points.index[row, 0] < 0:
            continue
        keys = [
            (owner[int(x_sites[i])], _home(octahedra, owner, int(x_sites[i]), image))
            for i, image in zip(found.index[row], found.image[row], strict=True)
        ]
        split = {key: keys.count(key) for key in keys}
        first, second = (
            (found.vector_A[row, [k == key for k in keys]].sum(axis=0) for key in list(split)[:2])
            if len(split) == 2
            else (np.zeros(3), np.zeros(3))
        )
        opposed = float(first @ second) < -0.9 * float(np.linalg.norm(first) ** 2)
        prisms += sorted(split.values()) == [3, 3] and opposed
    if not 0.9 <= prisms / len(octahedra) <= 1.1:  # one per octahedron in a chain, 3 in garnets
        return None
    a_to_x = sum(sites.total(i) for i in rest) / len(x_sites)
    if not 0.5 < a_to_x < 0.75:
        return None
    return FamilyMatch(
        verdict="related",
        family="hexagonal",
        rank=4,
        a_sites=rest,
        b_sites=tuple(int(i) for i in octahedra.centre),
        x_sites=tuple(int(i) for i in x_sites),
        a_occupancy=None,
        network=network,
        net=None,
        evidence=(
            (
                f"{len(octahedra)} octahedra and {prisms} trigonal prisms per cell share faces in "
                f"chains; A : X is {a_to_x:.3f} (4/6 with the prisms), as in K4CdCl6"
            ),
        ),
    )


def _home(
    octahedra: Octahedra, owner: dict[int, int], vertex: int, image: NDArray[np.int64]
) -> tuple[int, int, int]:
    """Cell of the octahedron that owns a vertex seen in ``image``."""
    row = owner[vertex]
    slot = int(np.flatnonzero(octahedra.vertex[row] == vertex)[0])
    a, b, c = (image - octahedra.image[row, slot]).tolist()
    return a, b, c
