"""Relatives with too few anions: a primitive cubic array of B with incomplete octahedra."""

from __future__ import annotations

import numpy as np

from perolyte.structures.perovskite.match import (
    COMPLEX_ION,
    FamilyMatch,
    find_rest,
    measure_closest,
)
from perolyte.structures.perovskite.neighbours import find_neighbours
from perolyte.structures.perovskite.network import build_network
from perolyte.structures.perovskite.octahedra import find_octahedra
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["match_anion_deficient"]

_BRIDGE_SHIFT = 0.33  # of the B-B distance, off the middle between two B
_MIN_BRIDGES = 0.9
_X_RANGE = (1.9, 2.98)  # vertices per B: 2 in infinite layers, 2.33 in YBa2Cu3O7
_A_RANGE = (0.7, 1.1)


def match_anion_deficient(
    sites: CrystalSites, b_sites: tuple[int, ...], x_sites: tuple[int, ...]
) -> FamilyMatch | None:
    """Read cations as the B array of a perovskite from which anions are missing.

    The B atoms must have six B neighbours each at right angles (primitive cubic), and the anions
    must sit near the middle between two of them.
    """
    if not b_sites or not x_sites:
        return None
    rest = find_rest(sites, {*b_sites, *x_sites})
    x_per_b = sum(sites.total(i) for i in x_sites) / len(b_sites)
    a_per_b = sum(sites.total(i) for i in rest) / len(b_sites)
    if not _X_RANGE[0] <= x_per_b <= _X_RANGE[1] or not _A_RANGE[0] <= a_per_b <= _A_RANGE[1]:
        return None
    rows = np.array(b_sites)
    array = find_octahedra(sites.matrix, sites.frac, rows, rows)
    if len(array) < 0.9 * len(b_sites):
        return None
    pairs = _measure_bridges(sites, b_sites, x_sites)
    if pairs is None or pairs < _MIN_BRIDGES:
        return None
    bonded = find_neighbours(
        sites.matrix,
        sites.frac[rows],
        sites.frac[list(x_sites)],
        n_nearest=6,
        radius_A=0.75 * float(array.bond_A.mean()),
    )
    closest = measure_closest(sites, [i for i in rest if sites.role[i] == "cation"], x_sites)
    if closest < COMPLEX_ION * float(np.median(bonded.distance_A[:, 0])):
        return None
    complete = find_octahedra(sites.matrix, sites.frac, rows, np.array(x_sites))
    network = build_network(complete)
    coordination = float(np.mean((bonded.index >= 0).sum(axis=1)))
    return FamilyMatch(
        verdict="related",
        family="anion_deficient",
        rank=6,
        a_sites=rest,
        b_sites=b_sites,
        x_sites=x_sites,
        a_occupancy=a_per_b,
        network=network if len(complete) else None,
        net=None,
        evidence=(
            (
                f"{len(b_sites)} B atoms per cell form a primitive cubic array (spacing "
                f"{array.bond_A.mean():.2f} Å, angles 90 ± {array.deviation_deg.mean():.1f}°) with "
                f"{x_per_b:.2f} vertices per B instead of 3; {pairs:.0%} of them bridge two B"
            ),
            (
                f"B has {coordination:.1f} neighbouring vertex sites on average, {len(complete)} "
                f"of {len(b_sites)} B are in full octahedra; {a_per_b:.2f} A atoms per B"
            ),
        ),
    )


def _measure_bridges(
    sites: CrystalSites, b_sites: tuple[int, ...], x_sites: tuple[int, ...]
) -> float | None:
    """Fraction of the anions near the middle of their two nearest B atoms."""
    found = find_neighbours(
        sites.matrix,
        sites.frac[list(x_sites)],
        sites.frac[list(b_sites)],
        n_nearest=2,
        radius_A=6.0,
    )
    if np.any(found.index < 0):
        return None
    span = np.linalg.norm(found.vector_A[:, 0] - found.vector_A[:, 1], axis=1)
    shift = np.linalg.norm(found.vector_A.mean(axis=1), axis=1)
    return float(np.mean(shift < _BRIDGE_SHIFT * span))
