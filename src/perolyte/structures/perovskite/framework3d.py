"""Three-dimensional perovskites: the primitive cubic net of corner-sharing octahedra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.cubic_net import CubicNet, map_cubic_net
from perolyte.structures.perovskite.match import (
    COMPLEX_ION,
    FamilyMatch,
    find_rest,
    measure_closest,
)
from perolyte.structures.perovskite.network import Network
from perolyte.structures.perovskite.octahedra import find_octahedra
from perolyte.structures.perovskite.result import Verdict
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["match_cubic_net"]

_ON_NODE = 0.25  # of the edge of a cage
_EMPTY_CAGES = 0.05
_MAX_PER_CAGE = 1.3
_DEFICIENT = 0.99
_MIN_BRIDGE_DEG = 122.0  # 132° in RhF3 at the limit of tilting; 120° and less in calcites
_LINBO3_BRIDGE_DEG = 148.0  # LiNbO3 types have 137 to 142°, R3c perovskites above 150°


def match_cubic_net(
    sites: CrystalSites, network: Network, *, inverted: bool
) -> FamilyMatch | str | None:
    """Read a net of octahedra as a perovskite with three-dimensional framework.

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
    FamilyMatch, str or None
        None when the net is another one; a sentence when it is this one and yet no perovskite.
    """
    if network.count(2) or network.count(3) or network.count(1) < 5.0:
        return None
    net = map_cubic_net(network, sites.frac)
    if net is None:
        return None
    b_sites, x_sites, a_sites = _share_out(sites, network, net)
    shared = list(network.n_centres.values())
    n_bonds = 6.0 * net.n_nodes
    bridging = 2.0 * sum(n == 2 for n in shared) / n_bonds
    angle = float(np.median(network.bridge_angles_deg()))
    bond = float(network.octahedra.bond_A.mean())
    nearest = measure_closest(
        sites, tuple(i for i in a_sites if sites.role[i] == "cation"), x_sites
    )
    a_occupancy = sum(sites.total(i) for i in a_sites) / net.n_nodes
    evidence = (
        (
            f"{len(network.octahedra)} of {net.n_nodes} nodes of the primitive cubic net hold "
            f"octahedra (mean bond {bond:.2f} Å, cis angles 90 ± "
            f"{network.octahedra.deviation_deg.mean():.1f}°)"
        ),
        (
            f"{network.count(1):.2f} corner, 0 edge, 0 face links per octahedron; {bridging:.0%} "
            f"of the vertices join two octahedra at {angle:.0f}° (median)"
        ),
        f"{a_occupancy:.3f} atoms per cage"
        + (f", nearest vertex {nearest:.2f} Å away" if np.isfinite(nearest) else ""),
    )
    if angle < _MIN_BRIDGE_DEG or (not inverted and nearest < COMPLEX_ION * bond):
        return (
            f"the corner-sharing cubic net is only formal: its bridges are bent to {angle:.0f}°, "
            f"and what is in the cages is {nearest:.2f} Å from the vertices, the centres "
            f"{bond:.2f} Å (a complex ion, as in calcite)"
        )
    if a_occupancy > _MAX_PER_CAGE:
        return (
            f"the corner-sharing cubic net of {', '.join(sites.elements(list(b_sites)))} holds "
            f"{a_occupancy:.2f} atoms per cage, a perovskite at most {_MAX_PER_CAGE:g}"
        )
    verdict, family = _name_family(sites, a_sites, x_sites, a_occupancy, angle, inverted)
    missing = net.n_nodes - len(network.octahedra)
    return FamilyMatch(
        verdict=verdict,
        family=family,
        rank=0 if verdict == "yes" else 1,
        a_sites=a_sites,
        b_sites=b_sites,
        x_sites=x_sites,
        a_occupancy=None if family == "reo3_type" else a_occupancy,
        network=network,
        net=net,
        evidence=evidence,
        warnings=(f"{missing} of {net.n_nodes} octahedra are incomplete",) if missing else (),
    )


def _share_out(
    sites: CrystalSites, network: Network, net: CubicNet
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """B, X and A sites; the remains of broken octahedra are found by their net coordinates."""
    b_sites = {int(i) for i in network.octahedra.centre}
    x_sites = {int(i) for i in network.n_centres}
    rest = find_rest(sites, b_sites | x_sites)
    if len(b_sites) == net.n_nodes:
        return tuple(sorted(b_sites)), tuple(sorted(x_sites)), rest
    place: NDArray[np.float64] = net.locate(sites.frac[list(rest)]) if rest else np.zeros((0, 3))
    vertex_role = sites.role[next(iter(x_sites))]
    for i, point in zip(rest, place, strict=True):
        off = np.sort(np.abs(point - np.round(point)))
        if off[2] < _ON_NODE and sites.role[i] != vertex_role:
            b_sites.add(i)
        elif off[1] < _ON_NODE and off[2] > 0.5 - _ON_NODE and sites.role[i] == vertex_role:
            x_sites.add(i)
    return (
        tuple(sorted(b_sites)),
        tuple(sorted(x_sites)),
        find_rest(sites, b_sites | x_sites),
    )


def _name_family(
    sites: CrystalSites,
    a_sites: tuple[int, ...],
    x_sites: tuple[int, ...],
    a_occupancy: float,
    angle_deg: float,
    inverted: bool,
) -> tuple[Verdict, str]:
    if a_occupancy < _EMPTY_CAGES:
        return "related", "reo3_type"
    if inverted:
        return "yes", "anti_perovskite"
    if angle_deg < _LINBO3_BRIDGE_DEG and a_occupancy > 0.5:
        cages = find_octahedra(sites.matrix, sites.frac, np.array(a_sites), np.array(x_sites))
        if len(cages) >= 0.9 * len(a_sites):
            return "related", "linbo3_type"
    if a_occupancy < _DEFICIENT:
        return "yes", "a_site_deficient"
    return "yes", "simple"
