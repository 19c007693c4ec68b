"""A dopant on sites near a boundary and far from it, with its charge balanced half way between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.oxidation import read_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["VACANCY", "SegregationCell", "distance_from_boundary_A", "place_segregants"]

VACANCY = "vacancy"
_VOID_SPACING_A = 0.35
_LEAST_ROOM_A = 1.6
"""From a void to the nearest ion; Li-O bonds are 1.9 to 2.2 Å long."""


@dataclass(frozen=True, eq=False)
class SegregationCell:
    """A boundary cell with a dopant on one site.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Neutral, with oxidation states.
    region : {"boundary", "grain"}
        Where the site is.
    distance_A : float
        Å, from the nearest boundary plane.
    """

    structure: Structure
    region: Literal["boundary", "grain"]
    distance_A: float


def distance_from_boundary_A(structure: Structure) -> NDArray[np.float64]:
    """Return the distance of each site from the nearer boundary, at 0 or half of c, Å.

    Returns
    -------
    numpy.ndarray
        ``(n_sites,)``, Å.
    """
    heights = np.mod(structure.frac_coords[:, 2], 0.5)
    return np.asarray(np.minimum(heights, 0.5 - heights) * structure.lattice.c)


def place_segregants(
    structure: Structure,
    dopant: str,
    host: str,
    *,
    dopant_state: int = 0,
    mobile_ion: str | None = None,
    n_sites: int = 12,
    n_references: int = 6,
    width_A: float = 10.0,
    seed: int = 0,
) -> tuple[SegregationCell, ...]:
    """Put a dopant on sites of a boundary, and on sites half way between the boundaries.

    Its charge against the host's is balanced by mobile ions half way between the boundaries: they
    are taken out, or put into the widest void there. It is the same ions and the same void in
    every cell, so that the difference of energies is that of the dopant's sites.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Relaxed cell with boundaries at 0 and half of c, with oxidation states.
    dopant : str
        Element, or ``"vacancy"``.
    host : str
        Element that it replaces.
    dopant_state : int
        Oxidation state, in e; 0 for a vacancy.
    mobile_ion : str, optional
        That balances charge.
    n_sites, n_references : int
        Sites near the boundary, and half way between, chosen at random; all where there are fewer.
    width_A : float
        Å, of the slab around the boundary, and of the one half way between.
    seed : int
        Of the choice.

    Returns
    -------
    tuple of SegregationCell
        Those of the boundary first, then those of the grain.

    Raises
    ------
    InputError
        For a host that is not in both slabs, or a charge that cannot be balanced.
    """
    states = read_oxidation_states(structure)
    if host not in states:
        raise InputError(
            f"{host} is not in the cell, which holds {', '.join(sorted(states))}; give one of them "
            "as the host"
        )
    distances_A = distance_from_boundary_A(structure)
    middle_A = structure.lattice.c / 4
    is_host = np.array([site.specie.symbol == host for site in structure])
    near = np.flatnonzero(is_host & (distances_A < width_A / 2))
    far = np.flatnonzero(is_host & (distances_A > middle_A - width_A / 2))
    if len(near) == 0 or len(far) < 2:
        raise InputError(
            f"{len(near)} {host} within {width_A / 2:g} Å of a boundary and {len(far)} half way "
            "between; at least 1 and 2 are needed: widen width_A, or the cell"
        )
    charge = dopant_state - states[host]
    rng = np.random.default_rng(seed)
    chosen = [
        sorted(rng.choice(sites, min(n, len(sites)), replace=False).tolist())
        for sites, n in ((near, n_sites), (far, n_references))
    ]
    base, removed = _balance(structure, charge, mobile_ion, states, set(chosen[1]))
    cells = []
    for region, sites in zip(("boundary", "grain"), chosen, strict=True):
        for site in sites:
            cells.append(
                SegregationCell(
                    _substitute(base, site, removed, dopant, dopant_state),
                    "boundary" if region == "boundary" else "grain",
                    round(float(distances_A[site]), 4),
                )
            )
    return tuple(cells)


def _substitute(
    base: Structure, site: int, removed: list[int], dopant: str, state: int
) -> Structure:
    from pymatgen.core import Species

    changed = base.copy()
    if dopant != VACANCY:
        changed[site] = Species(dopant, state)
    changed.remove_sites([*removed, site] if dopant == VACANCY else removed)
    return changed


def _balance(
    structure: Structure,
    charge: int,
    mobile_ion: str | None,
    states: dict[str, int],
    reserved: set[int],
) -> tuple[Structure, list[int]]:
    """Return the cell with added mobile ions, and the sites to take out."""
    if charge == 0:
        return structure, []
    if mobile_ion is None or mobile_ion not in states or charge % states[mobile_ion]:
        raise InputError(
            f"the dopant brings {charge:+d} e and no mobile ion is there to balance it; give "
            "mobile_ion, or a dopant of the charge of its host"
        )
    n_out = charge // states[mobile_ion]
    if n_out < 0:
        return _add_to_voids(structure, -n_out, mobile_ion, states[mobile_ion]), []
    away_A = np.abs(distance_from_boundary_A(structure) - structure.lattice.c / 4)
    candidates = [
        index
        for index in np.argsort(np.round(away_A, 6), kind="stable").tolist()
        if structure[index].specie.symbol == mobile_ion and index not in reserved
    ]
    if len(candidates) < n_out:
        raise InputError(
            f"{n_out} {mobile_ion} have to leave and {len(candidates)} are there; choose another "
            "dopant or host"
        )
    return structure, candidates[:n_out]


def _add_to_voids(structure: Structure, n: int, ion: str, state: int) -> Structure:
    """Put ions into the widest voids half way between the boundaries."""
    from pymatgen.core import Species

    filled = structure.copy()
    lattice = structure.lattice
    axes = [np.arange(0.0, 1.0, _VOID_SPACING_A / length) for length in lattice.abc[:2]]
    steps = np.arange(-3.0, 3.0, _VOID_SPACING_A) / lattice.c
    grid = np.stack(np.meshgrid(*axes, 0.25 + steps, indexing="ij"), axis=-1).reshape(-1, 3)
    for _ in range(n):
        near = np.abs(filled.frac_coords[:, 2] - 0.25) * lattice.c < 3.0 + 4.0
        distances_A = lattice.get_all_distances(grid, filled.frac_coords[near]).min(axis=1)
        best = int(np.argmax(np.round(distances_A, 6)))
        if distances_A[best] < _LEAST_ROOM_A:
            raise InputError(
                f"no void half way between the boundaries is {_LEAST_ROOM_A} Å from all ions (the "
                f"widest: {distances_A[best]:.2f} Å), so that {ion} cannot balance the charge; "
                "choose another dopant or host"
            )
        filled.append(Species(ion, state), grid[best])
    return filled
