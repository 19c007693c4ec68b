"""Search over the choices of centres and vertices for the reading that fits best."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.anion_deficient import match_anion_deficient
from perolyte.structures.perovskite.framework3d import match_cubic_net
from perolyte.structures.perovskite.isolated import match_isolated_octahedra
from perolyte.structures.perovskite.layered import match_layers
from perolyte.structures.perovskite.match import FamilyMatch
from perolyte.structures.perovskite.network import Network, build_network
from perolyte.structures.perovskite.octahedra import Octahedra, find_octahedra
from perolyte.structures.perovskite.other_nets import match_edge_sharing, match_face_sharing
from perolyte.structures.perovskite.sites import INTERSTITIALS, CrystalSites

__all__ = ["SearchResult", "search_families"]

_MAX_KINDS = 6  # 63 choices of centres
_SAME_BOND = 0.08  # relative gap of bond lengths that tells two kinds of one element apart

SearchResult = tuple[FamilyMatch | None, Network | None, tuple[str, ...]]
"""The best match, the net of all octahedra around cations, and why near misses are none."""


def search_families(sites: CrystalSites) -> SearchResult:
    """Try cations in anions first, then anions in cations; the best reading of the first wins."""
    anions = np.flatnonzero(sites.role == "anion")
    cations = np.flatnonzero(sites.role == "cation")
    normal = find_octahedra(sites.matrix, sites.frac, cations, anions)
    whole = build_network(normal) if len(normal) else None
    best, notes = _search_octahedra(sites, normal, inverted=False)
    if best is None or best.rank > 1:
        inside = np.array(
            [
                i
                for i in np.flatnonzero(sites.role != "molecule")
                if _is_interstitial(sites, int(i))
            ],
            dtype=np.int64,
        )
        metals = np.setdiff1d(cations, inside)
        inverse = find_octahedra(sites.matrix, sites.frac, inside, metals)
        other, more = _search_octahedra(sites, inverse, inverted=True)
        notes = (*notes, *more)
        if other is not None and (best is None or other.rank < best.rank):
            best = other
    if best is None or best.verdict == "no":
        deficient = _search_deficient(sites, cations, anions)
        best = deficient or best
    return best, whole, notes


def _is_interstitial(sites: CrystalSites, index: int) -> bool:
    return set(sites.amounts[index]) <= INTERSTITIALS


def _search_octahedra(
    sites: CrystalSites, octahedra: Octahedra, *, inverted: bool
) -> tuple[FamilyMatch | None, tuple[str, ...]]:
    best: FamilyMatch | None = None
    best_key: tuple[int, int, float] | None = None
    notes: list[str] = []
    for keep in _choose_centres(sites, octahedra):
        chosen = octahedra.select(keep)
        network = build_network(chosen)
        match = _match_network(sites, network, inverted=inverted)
        if isinstance(match, str):
            notes.append(match)
        elif match is not None:
            # of two equal readings, the one with more octahedra, then with the shorter bonds
            key = (match.rank, -len(chosen), round(float(chosen.bond_A.mean()), 3))
            if best_key is None or key < best_key:
                best, best_key = match, key
    return best, tuple(dict.fromkeys(notes))


def _match_network(
    sites: CrystalSites, network: Network, *, inverted: bool
) -> FamilyMatch | str | None:
    if not any(network.links):
        return match_isolated_octahedra(sites, network, inverted=inverted)
    if network.count(2):
        return None if inverted else match_edge_sharing(sites, network)
    if network.count(3):
        return match_face_sharing(sites, network, inverted=inverted)
    return match_cubic_net(sites, network, inverted=inverted) or match_layers(
        sites, network, inverted=inverted
    )


def _choose_centres(sites: CrystalSites, octahedra: Octahedra) -> Iterator[NDArray[np.bool_]]:
    """Masks of octahedra: every combination of kinds, the largest first."""
    kinds = _label_kinds(sites, octahedra)
    names, counts = np.unique(kinds, return_counts=True)
    common = names[np.argsort(-counts, kind="stable")][:_MAX_KINDS]
    if len(names) > _MAX_KINDS:
        yield np.ones(len(octahedra), dtype=bool)
    for size in range(len(common), 0, -1):
        for chosen in combinations(common.tolist(), size):
            yield np.isin(kinds, chosen)


def _label_kinds(sites: CrystalSites, octahedra: Octahedra) -> NDArray[np.int64]:
    """Kind of each octahedron: same elements in the centre, and similar bond lengths."""
    bond = octahedra.bond_A
    elements = [tuple(sorted(sites.amounts[i])) for i in octahedra.centre]
    kinds = np.full(len(octahedra), -1, dtype=np.int64)
    number = -1
    for held in sorted(set(elements)):
        rows = np.array([r for r, e in enumerate(elements) if e == held])
        rows = rows[np.argsort(bond[rows], kind="stable")]
        previous = -np.inf
        for row in rows:
            if bond[row] > previous * (1.0 + _SAME_BOND) or previous < 0:
                number += 1
            kinds[row] = number
            previous = bond[row]
    return kinds


def _search_deficient(
    sites: CrystalSites, cations: NDArray[np.int64], anions: NDArray[np.int64]
) -> FamilyMatch | None:
    """Try the kinds of cations as B array, the largest choice first."""
    labels = ["-".join(sorted(sites.amounts[i])) for i in cations]
    names = sorted(set(labels))
    if len(names) > _MAX_KINDS:
        return None
    for size in range(len(names), 0, -1):
        for chosen in combinations(names, size):
            b_sites = tuple(int(i) for i, n in zip(cations, labels, strict=True) if n in chosen)
            match = match_anion_deficient(sites, b_sites, tuple(int(i) for i in anions))
            if match is not None:
                return match
    return None
