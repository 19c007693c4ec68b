"""Relatives whose octahedra share faces or edges: hexagonal, post-perovskite, ilmenite."""

from __future__ import annotations

import numpy as np

from perolyte.structures.perovskite.match import FamilyMatch, find_rest, measure_closest
from perolyte.structures.perovskite.network import Network
from perolyte.structures.perovskite.octahedra import find_octahedra
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["match_edge_sharing", "match_face_sharing"]


def match_face_sharing(
    sites: CrystalSites, network: Network, *, inverted: bool
) -> FamilyMatch | None:
    """Read face-sharing octahedra as a hexagonal perovskite: close-packed AX3 layers.

    None without shared faces, with shared edges, or when A : X is not 1 : 3.
    """
    faces, corners = network.count(3), network.count(1)
    if faces < 0.05 or network.count(2) or max(network.n_centres.values()) > 2:
        return None
    b_sites = tuple(int(i) for i in network.octahedra.centre)
    x_sites = tuple(network.n_centres)
    rest = find_rest(sites, {*b_sites, *x_sites})
    a_sites = tuple(i for i in rest if sites.role[i] != sites.role[x_sites[0]])
    a_to_x = sum(sites.total(i) for i in a_sites) / len(x_sites)
    bond = float(network.octahedra.bond_A.mean())
    nearest = measure_closest(sites, a_sites, x_sites)
    if len(a_sites) != len(rest) or not 0.25 <= a_to_x <= 0.37 or nearest < 1.1 * bond:
        return None
    return FamilyMatch(
        verdict="related",
        family="hexagonal",
        rank=3,
        a_sites=a_sites,
        b_sites=b_sites,
        x_sites=x_sites,
        a_occupancy=3.0 * a_to_x,
        network=network,
        net=None,
        evidence=(
            (
                f"{len(b_sites)} octahedra per cell share {faces:.2f} faces, {corners:.2f} corners "
                f"and no edges each, in {network.dimension()} dimensions"
            ),
            (
                f"A : X is {a_to_x:.3f} (1/3 in close-packed AX3 layers), A-X {nearest:.2f} Å "
                f"against B-X {bond:.2f} Å"
            ),
            *(("roles are inverted: anions in the centres",) if inverted else ()),
        ),
    )


def match_edge_sharing(sites: CrystalSites, network: Network) -> FamilyMatch | None:
    """Read edge-sharing octahedra as post-perovskite sheets or ilmenite layers, ABX3 both."""
    edges, corners, faces = (network.count(n) for n in (2, 1, 3))
    if not edges or faces:
        return None
    b_sites = tuple(int(i) for i in network.octahedra.centre)
    x_sites = tuple(network.n_centres)
    a_sites = find_rest(sites, {*b_sites, *x_sites})
    a_to_b = sum(sites.total(i) for i in a_sites) / len(b_sites)
    if abs(len(x_sites) / len(b_sites) - 3.0) > 0.06 or abs(a_to_b - 1.0) > 0.1:
        return None
    if network.dimension() != 2:
        return None
    numbers = (
        f"{len(b_sites)} octahedra per cell share {edges:.2f} edges, {corners:.2f} corners and no "
        "faces each, in two dimensions; A : B : X is 1 : 1 : 3"
    )
    if abs(edges - 2.0) < 0.05 and abs(corners - 2.0) < 0.05:
        return FamilyMatch(
            verdict="related",
            family="post_perovskite",
            rank=5,
            a_sites=a_sites,
            b_sites=b_sites,
            x_sites=x_sites,
            a_occupancy=a_to_b,
            network=network,
            net=None,
            evidence=(f"{numbers}: rows by edges, sheets by corners, as in CaIrO3",),
        )
    if abs(edges - 3.0) > 0.05 or corners:
        return None
    cages = find_octahedra(sites.matrix, sites.frac, np.array(a_sites), np.array(x_sites))
    if len(cages) < 0.9 * len(a_sites):
        return None
    return FamilyMatch(
        verdict="no",
        family="ilmenite",
        rank=8,
        a_sites=a_sites,
        b_sites=b_sites,
        x_sites=x_sites,
        a_occupancy=a_to_b,
        network=network,
        net=None,
        evidence=(f"{numbers}: honeycomb layers, A in octahedra too, as in ilmenite",),
    )
