"""Sites of a crystal as the classification sees them: split sites merged, anions told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.neighbours import find_neighbours

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["INTERSTITIALS", "IONIC_ANIONS", "CrystalSites", "assign_sites"]

SPLIT_DISTANCE_A = 1.2
"""Partially occupied sites nearer than this, which hold one atom together, are one split site."""
_FULL = 1.05
_BONDED = 1.2  # times the sum of the covalent radii
_ANIONS = {  # electronegativity (Pauling) and covalent radius in Å (doi 10.1039/b801115j)
    "F": (3.98, 0.57),
    "O": (3.44, 0.66),
    "Cl": (3.16, 1.02),
    "N": (3.04, 0.71),
    "Br": (2.96, 1.20),
    "I": (2.66, 1.39),
    "S": (2.58, 1.05),
    "Se": (2.55, 1.20),
    "H": (2.20, 0.31),
    "Te": (2.10, 1.38),
}
_MOLECULE_BOND_A = {"H": 1.3, "C": 1.7, "N": 1.7}
IONIC_ANIONS = frozenset(_ANIONS) - {"H"}
"""Elements that tolerance factors know as anions."""
INTERSTITIALS = frozenset({*_ANIONS, "B", "C"})
"""Elements that may sit inside an octahedron of metal atoms."""


@dataclass(frozen=True)
class CrystalSites:
    """Merged sites of one cell.

    Attributes
    ----------
    matrix : numpy.ndarray
        ``(3, 3)``, Å, rows are lattice vectors.
    frac : numpy.ndarray
        ``(n_sites, 3)``, fractional.
    amounts : tuple of dict of str to float
        Occupancy of each element on each site; a molecule holds all its atoms on one site.
    role : numpy.ndarray
        ``(n_sites,)`` of "anion", "cation", "molecule" or "proton" (hydrogen bound to an anion).
    n_merged : int
        Number of sites that were merged away because they were split.
    """

    matrix: NDArray[np.float64]
    frac: NDArray[np.float64]
    amounts: tuple[dict[str, float], ...]
    role: NDArray[np.str_]
    n_merged: int

    def total(self, index: int) -> float:
        """Occupancy of a site, 1 for a molecule."""
        return 1.0 if self.role[index] == "molecule" else sum(self.amounts[index].values())

    def elements(self, indices: NDArray[np.int64] | list[int]) -> tuple[str, ...]:
        """Elements on the sites, the most abundant first."""
        amounts: dict[str, float] = {}
        for index in indices:
            for element, amount in self.amounts[index].items():
                amounts[element] = amounts.get(element, 0.0) + amount
        return tuple(sorted(amounts, key=lambda e: (-round(amounts[e], 6), e)))


def assign_sites(structure: Structure) -> CrystalSites:
    """Merge split sites and molecules, and tell anions from cations.

    An element is an anion when it may be one and is not bound to a more electronegative one:
    Te in TeO6 and N in NO3 are cations, N in BaTaO2N is an anion.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered structure.

    Returns
    -------
    CrystalSites
        One entry per merged site.
    """
    matrix = np.array(structure.lattice.matrix, dtype=float)
    frac = np.array(structure.frac_coords, dtype=float)
    amounts: list[dict[str, float]] = []
    for site in structure:
        held: dict[str, float] = {}
        for species, amount in site.species.items():
            symbol = "H" if species.symbol in ("D", "T") else str(species.symbol)
            held[symbol] = held.get(symbol, 0.0) + float(amount)
        amounts.append(held)
    role = _find_roles(matrix, frac, amounts)
    frac, amounts, role = _merge_molecules(matrix, frac, amounts, role)
    n_before = len(frac)
    frac, amounts, role = _merge_split(matrix, frac, amounts, role)
    return CrystalSites(
        matrix=matrix,
        frac=frac,
        amounts=tuple(amounts),
        role=np.array(role),
        n_merged=n_before - len(frac),
    )


def _find_roles(
    matrix: NDArray[np.float64], frac: NDArray[np.float64], amounts: list[dict[str, float]]
) -> list[str]:
    """Role of each site: that of the elements with most of its occupancy."""
    present = {element for held in amounts for element in held}
    candidates = sorted((e for e in present if e in _ANIONS), key=lambda e: -_ANIONS[e][0])
    cations = _find_bound_elements(matrix, frac, amounts, candidates)
    role = []
    for held in amounts:
        anionic = sum(a for e, a in held.items() if e in candidates and e not in cations)
        role.append("anion" if anionic > 0.5 * sum(held.values()) else "cation")
    if "H" in cations:
        role = [
            "proton" if set(held) == {"H"} else r for held, r in zip(amounts, role, strict=True)
        ]
    return role


def _find_bound_elements(
    matrix: NDArray[np.float64],
    frac: NDArray[np.float64],
    amounts: list[dict[str, float]],
    candidates: list[str],
) -> set[str]:
    """Elements of which most sites are bound to a more electronegative element, or C for H."""
    bound: set[str] = set()
    occupancy = np.array([sum(held.values()) for held in amounts])
    for element in [*candidates, "C"]:
        own = [i for i, held in enumerate(amounts) if element in held]
        negativity, radius = _ANIONS.get(element, (2.55, 0.76))
        stronger = {e: _ANIONS[e][1] for e in candidates if _ANIONS[e][0] > negativity}
        if element in ("H", "N"):
            stronger["C"] = 0.76
        other = [i for i, held in enumerate(amounts) if set(held) & set(stronger)]
        if element == "N":  # ammonium: nitrogen keeps its hydrogen
            stronger["H"] = 0.31
            other = [i for i, held in enumerate(amounts) if set(held) & set(stronger)]
        if not own or not other:
            continue
        reach = _BONDED * (radius + max(stronger.values()))
        found = find_neighbours(matrix, frac[own], frac[other], n_nearest=6, radius_A=reach)
        share = 0.0
        for row, i in enumerate(own):
            for slot in np.flatnonzero(found.index[row] >= 0):
                j = other[found.index[row, slot]]
                reach = _BONDED * (radius + max(stronger.get(e, 0.0) for e in amounts[j]))
                together = occupancy[i] + occupancy[j] > _FULL
                if together and found.distance_A[row, slot] < reach:
                    share += 1.0 / len(own)
                    break
        if share > 0.5:
            bound.add(element)
    return bound


def _merge_molecules(
    matrix: NDArray[np.float64],
    frac: NDArray[np.float64],
    amounts: list[dict[str, float]],
    role: list[str],
) -> tuple[NDArray[np.float64], list[dict[str, float]], list[str]]:
    """Replace each C-N-H molecule by one site at its centre."""
    organic = [
        i
        for i, held in enumerate(amounts)
        if set(held) <= {"C", "N", "H"} and role[i] in ("cation", "proton")
    ]
    if not any(set(amounts[i]) & {"C", "N"} for i in organic):
        return frac, amounts, role
    links = find_neighbours(matrix, frac[organic], frac[organic], n_nearest=8, radius_A=1.7)
    parent: dict[int, tuple[int, NDArray[np.float64]]] = {}
    groups: list[list[tuple[int, NDArray[np.float64]]]] = []
    for start in range(len(organic)):
        if start in parent:
            continue
        parent[start] = (start, frac[organic[start]])
        group, queue = [], [start]
        while queue:
            row = queue.pop()
            here = parent[row][1]
            group.append((organic[row], here))
            for slot in np.flatnonzero(links.index[row] >= 0):
                other = int(links.index[row, slot])
                pair = {*amounts[organic[row]], *amounts[organic[other]]}
                reach = min(_MOLECULE_BOND_A[e] for e in pair)
                if other not in parent and links.distance_A[row, slot] <= reach:
                    step = links.vector_A[row, slot] @ np.linalg.inv(matrix)
                    parent[other] = (start, here + step)
                    queue.append(other)
        groups.append(group)
    gone: set[int] = set()
    new_frac, new_amounts, new_role = [], [], []
    for group in groups:
        held: dict[str, float] = {}
        for index, _ in group:
            for element, amount in amounts[index].items():
                held[element] = held.get(element, 0.0) + amount
        heavy = [f for index, f in group if set(amounts[index]) & {"C", "N"}]
        if not heavy or len(group) < 2:
            continue
        gone.update(index for index, _ in group)
        new_frac.append(np.mean(heavy, axis=0))
        new_amounts.append(held)
        new_role.append("molecule")
    kept = [i for i in range(len(frac)) if i not in gone]
    return (
        np.array([*frac[kept], *new_frac]).reshape(-1, 3),
        [*(amounts[i] for i in kept), *new_amounts],
        [*(role[i] for i in kept), *new_role],
    )


def _merge_split(
    matrix: NDArray[np.float64],
    frac: NDArray[np.float64],
    amounts: list[dict[str, float]],
    role: list[str],
) -> tuple[NDArray[np.float64], list[dict[str, float]], list[str]]:
    """Merge chains of near, partially occupied sites of one role that hold one atom together."""
    partial = [i for i, held in enumerate(amounts) if sum(held.values()) < 0.99]
    if len(partial) < 2:
        return frac, amounts, role
    near = find_neighbours(
        matrix, frac[partial], frac[partial], n_nearest=12, radius_A=SPLIT_DISTANCE_A
    )
    inverse = np.linalg.inv(matrix)
    seen: set[int] = set()
    gone: set[int] = set()
    frac, amounts = frac.copy(), list(amounts)
    for start in range(len(partial)):
        if start in seen:
            continue
        place = {start: frac[partial[start]]}
        queue = [start]
        while queue:
            row = queue.pop()
            for slot in np.flatnonzero(near.index[row] >= 0):
                other = int(near.index[row, slot])
                if other in place or role[partial[other]] != role[partial[row]]:
                    continue
                place[other] = place[row] + near.vector_A[row, slot] @ inverse
                queue.append(other)
        seen.update(place)
        members = [partial[row] for row in place]
        weight = np.array([sum(amounts[i].values()) for i in members])
        if len(members) == 1 or weight.sum() > _FULL:
            continue
        held: dict[str, float] = {}
        for index in members:
            for element, amount in amounts[index].items():
                held[element] = held.get(element, 0.0) + amount
        frac[members[0]] = weight @ np.array(list(place.values())) / weight.sum()
        amounts[members[0]] = held
        gone.update(members[1:])
    kept = [i for i in range(len(frac)) if i not in gone]
    return frac[kept], [amounts[i] for i in kept], [role[i] for i in kept]
