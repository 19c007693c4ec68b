"""Layered relatives: slabs of corner-sharing octahedra, and what lies between them."""

from __future__ import annotations

import numpy as np

from perolyte.structures.perovskite.match import (
    COMPLEX_ION,
    FamilyMatch,
    find_rest,
    measure_closest,
)
from perolyte.structures.perovskite.neighbours import find_neighbours
from perolyte.structures.perovskite.network import Link, Network
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["match_layers"]

_MIN_CLOSED = 0.9  # of the right-angled link pairs; 1 in a flawless slab
_MIN_BRIDGE_DEG = 125.0
_MIN_A = 0.3  # A ions per column of a slab
_EXTRA_A = 1.5
_STAGGER_REACH = 3.0  # B-B distances; beyond it the slabs do not see each other


def match_layers(sites: CrystalSites, network: Network, *, inverted: bool) -> FamilyMatch | None:
    """Read a two-dimensional net of corner-sharing octahedra as perovskite slabs.

    Parameters
    ----------
    sites : CrystalSites
        Sites of the crystal.
    network : Network
        The octahedra that are taken as BX6.
    inverted : bool
        Whether the centres are anions and the vertices cations.

    Returns
    -------
    FamilyMatch or None
        None when the octahedra share more than corners, or their squares are not those of a cut
        through the primitive cubic net, or nothing is between the slabs.
    """
    n_b = len(network.octahedra)
    n_links = network.count(1)
    if network.count(2) or network.count(3) or not 3.5 <= n_links < 5.95:
        return None
    if network.dimension() != 2 or float(np.median(network.bridge_angles_deg())) < _MIN_BRIDGE_DEG:
        return None
    if max(network.n_centres.values()) > 2:
        return None
    closed, straight = _measure_squares(network)
    if closed < _MIN_CLOSED:
        return None
    b_sites = tuple(int(i) for i in network.octahedra.centre)
    vertices = tuple(network.n_centres)
    rest = find_rest(sites, {*b_sites, *vertices})
    vertex_role = sites.role[vertices[0]]
    between = [i for i in rest if sites.role[i] != vertex_role]
    extra = [i for i in rest if sites.role[i] == vertex_role]
    thickness = 2.0 / (6.0 - n_links)
    n_columns = n_b / thickness
    a_total = sum(sites.total(i) for i in between)
    a_per_column = a_total / n_columns
    extra_per_column = sum(sites.total(i) for i in extra) / n_columns
    bond = float(network.octahedra.bond_A.mean())
    nearest = measure_closest(sites, [i for i in between if sites.role[i] == "cation"], vertices)
    if not _MIN_A <= a_per_column < thickness + _EXTRA_A or nearest < COMPLEX_ION * bond:
        return None
    shift = _measure_stagger(sites, network)
    family, full = _name_family(
        thickness, straight, a_per_column, extra_per_column=extra_per_column, shift=shift
    )
    stagger = (
        "" if shift is None else f"; facing slabs are shifted by {shift:.2f} of a B-B distance"
    )
    return FamilyMatch(
        verdict="related",
        family=family,
        rank=2,
        a_sites=tuple(between),
        b_sites=b_sites,
        x_sites=(*vertices, *extra),
        a_occupancy=a_per_column / full if full else None,
        network=network,
        net=None,
        evidence=(
            (
                f"{n_b} octahedra per cell share corners only, {n_links:.2f} each, in two "
                f"dimensions; {closed:.0%} of the right-angled pairs of links close a square"
            ),
            (
                f"slabs are {thickness:.2f} octahedra thick; per column of a slab there are "
                f"{a_per_column:.2f} A ions (Ruddlesden-Popper n + 1, Dion-Jacobson n) and "
                f"{extra_per_column:.2f} vertices outside the octahedra (Aurivillius 2){stagger}"
            ),
            *(("roles are inverted: anions in the centres",) if inverted else ()),
        ),
    )


def _name_family(
    thickness: float,
    straight: float,
    a_per_column: float,
    *,
    extra_per_column: float,
    shift: float | None,
) -> tuple[str, float | None]:
    """Family of a stack of slabs, and its A ions per column when full."""
    if straight < 0.9:
        return "layered_110", None
    if extra_per_column > 1.5:
        return (
            ("aurivillius", thickness + 1.0) if extra_per_column < 2.3 else ("layered_other", None)
        )
    staggered = shift is not None and shift > 0.6 and a_per_column > thickness - 0.5
    if staggered or a_per_column > thickness + 0.6:
        return "ruddlesden_popper", thickness + 1.0
    return "dion_jacobson", thickness


def _measure_squares(network: Network) -> tuple[float, float]:
    """Fraction of cis link pairs in squares; fraction of octahedra without cis free vertices."""
    opposite = network.octahedra.opposite
    around: list[dict[int, Link]] = [
        {link.slots[0][0]: link for link in links} for links in network.links
    ]
    n_pairs = n_closed = n_straight = 0
    for row, links in enumerate(around):
        slots = sorted(links)
        for i, first in enumerate(slots):
            for second in slots[i + 1 :]:
                if opposite[row, first] == second:
                    continue
                n_pairs += 1
                n_closed += len(_reach(around, links[first]) & _reach(around, links[second])) == 2
        free = [slot for slot in range(6) if slot not in links]
        n_straight += all(opposite[row, a] == b for i, a in enumerate(free) for b in free[i + 1 :])
    return n_closed / max(n_pairs, 1), n_straight / max(len(around), 1)


def _reach(around: list[dict[int, Link]], link: Link) -> set[tuple[int, int, int, int]]:
    """Nodes one link beyond the target of a link."""
    a, b, c = link.offset
    return {
        (step.target, a + step.offset[0], b + step.offset[1], c + step.offset[2])
        for step in around[link.target].values()
    }


def _measure_stagger(sites: CrystalSites, network: Network) -> float | None:
    """Sideways shift between facing free vertices of neighbouring slabs, in B-B distances.

    0 when eclipsed, 0.5 and 0.71 when shifted along an edge and a diagonal of the square.
    """
    octahedra = network.octahedra
    vectors = octahedra.vector_A
    linked = [{link.slots[0][0] for link in links} for links in network.links]
    free = [(r, s) for r in range(len(octahedra)) for s in range(6) if s not in linked[r]]
    spans = [
        np.linalg.norm(vectors[k.source, k.slots[0][0]] - vectors[k.target, k.slots[0][1]])
        for links in network.links
        for k in links
    ]
    if not free or not spans:
        return None
    edge_A = float(np.median(spans))
    outward = np.array([vectors[row, slot] for row, slot in free])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    points = sites.frac[[int(octahedra.vertex[row, slot]) for row, slot in free]]
    found = find_neighbours(
        sites.matrix, points, points, n_nearest=16, radius_A=_STAGGER_REACH * edge_A
    )
    shifts = []
    for row in range(len(free)):
        for slot in np.flatnonzero(found.index[row] >= 0):
            vector = found.vector_A[row, slot]
            along = float(vector @ outward[row])
            facing = float(outward[row] @ outward[found.index[row, slot]]) < -0.5
            if facing and along > 0.0:
                shifts.append(float(np.linalg.norm(vector - along * outward[row])) / edge_A)
                break
    return float(np.median(shifts)) if shifts else None
