"""Physical checks of a parsed structure: what no crystal can be, and what looks wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.structures.findings import StructureWarning, WarningCode

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["MIN_DISTANCE_A", "check_structure", "warn_about_structure"]

MIN_DISTANCE_A = 0.7
"""Two atoms are never nearer: H-H in H2 is 0.74 Å."""
_MIN_DISTANCE_TO_H_A = 0.5  # X-rays see the electron of H, about 0.1 to 0.2 Å short of its proton
_MIN_THICKNESS_A = 0.5
_MAX_VOLUME_PER_SITE_A3 = 4000.0  # solids have 10 to 60; above it the neighbour grid explodes
_OCCUPANCY_TOLERANCE = 0.01
_MAX_SHARED_OCCUPANCY = 1.25  # refined split sites overshoot; two full atoms make 2
_DENSITY_RANGE_G_CM3 = (0.5, 25.0)  # Li metal has 0.53, Os 22.6
_VOLUME_PER_ATOM_RANGE_A3 = (4.0, 100.0)  # diamond has 5.7; above 100 atoms are missing
_CHARGE_TOLERANCE = 0.01  # of the anion charge; occupancies have two or three digits
_ALWAYS_ANIONS = {"O": -2, "F": -1}
_USUAL_ANIONS = {"N": -3, "S": -2, "Se": -2, "Te": -2, "Cl": -1, "Br": -1, "I": -1}


def check_structure(structure: Structure, name: str) -> list[StructureWarning]:
    """Refuse a structure that cannot exist.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure as parsed.
    name : str
        How messages call it.

    Returns
    -------
    list of StructureWarning
        Overlaps of partly occupied sites whose occupancies sum to slightly more than one, and a
        note on split sites that exclude each other.

    Raises
    ------
    InputError
        For a flat or an almost empty cell, coordinates that are not finite, a symbol that is no
        element, or two sites nearer than 0.7 Å (0.5 Å to hydrogen) whose occupancies sum to more
        than 1.25, or more than one where a site is full.
    """
    from pymatgen.core.periodic_table import DummySpecies

    lattice = structure.lattice
    if not np.all(np.isfinite(lattice.matrix)) or not np.all(np.isfinite(structure.frac_coords)):
        raise InputError(f"{name}: cell or positions are not finite numbers; correct the file")
    heights_A = abs(lattice.volume) / np.array(
        [np.linalg.norm(np.cross(*np.delete(lattice.matrix, i, axis=0))) for i in range(3)]
    )
    if not np.min(heights_A) >= _MIN_THICKNESS_A:
        raise InputError(
            f"{name}: the cell is {np.min(heights_A):.3f} Å thick, allowed is at least "
            f"{_MIN_THICKNESS_A} Å; correct the cell"
        )
    spacious_A3 = float(np.prod(lattice.abc)) / len(structure)
    if spacious_A3 > _MAX_VOLUME_PER_SITE_A3:
        raise InputError(
            f"{name}: a × b × c is {spacious_A3:.0f} Å3 per site, allowed are up to "
            f"{_MAX_VOLUME_PER_SITE_A3:g}; correct the cell lengths, or add the missing atoms"
        )
    for species in structure.elements:
        if isinstance(species, DummySpecies):
            raise InputError(
                f"{name}: {species.symbol} is no chemical element; correct the symbol in the file"
            )
    return _check_overlaps(structure, name)


def _check_overlaps(structure: Structure, name: str) -> list[StructureWarning]:
    """Judge pairs of sites that are too near by whether both can be there at once."""
    centres, neighbours, _, distances_A = structure.get_neighbor_list(MIN_DISTANCE_A)
    occupancy = np.array([site.species.num_atoms for site in structure])
    has_h = np.array([any(sp.symbol in ("H", "D") for sp in site.species) for site in structure])
    n_split = 0
    overlaps: dict[str, StructureWarning] = {}
    for i, j, distance_A in zip(centres, neighbours, distances_A, strict=True):
        if (has_h[i] or has_h[j]) and distance_A >= _MIN_DISTANCE_TO_H_A:
            continue
        together = occupancy[i] + occupancy[j]
        if together <= 1.0 + _OCCUPANCY_TOLERANCE:
            n_split += 1
            continue
        pair = (
            f"{structure[i].species_string} and {structure[j].species_string} are "
            f"{distance_A:.2f} Å apart"
        )
        is_full = max(occupancy[i], occupancy[j]) >= 1.0 - _OCCUPANCY_TOLERANCE
        if together > _MAX_SHARED_OCCUPANCY or is_full:
            raise InputError(
                f"{name}: {pair}, allowed is at least {MIN_DISTANCE_A} Å for atoms that "
                "are present together; remove one or give partial occupancies"
            )
        message = f"{pair} with occupancies that sum to {together:.2f}: one excludes the other"
        overlaps.setdefault(pair, StructureWarning(WarningCode.OVERLAP, message))
    found = list(overlaps.values())
    if n_split:
        message = (
            f"{n_split // 2} pairs of partly occupied sites are nearer than {MIN_DISTANCE_A} Å"
        )
        found.append(StructureWarning(WarningCode.SPLIT_SITES, message))
    return found


def warn_about_structure(structure: Structure) -> list[StructureWarning]:
    """Say what looks wrong although it is possible.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure that passed :func:`check_structure`.

    Returns
    -------
    list of StructureWarning
        An impossible density or volume per atom; no two atoms within bonding distance, which is
        the mark of a cell given in the wrong unit (bohr read as Å stretches every bond by 1.89);
        cations that cannot balance the anions even in their highest oxidation states, which is the
        mark of a file without its Li or H; disorder, as a note.
    """
    found = _judge_density(structure)
    if not _has_bonds(structure):
        message = (
            "no two atoms are within 1.4 times a bond length: are the lengths in Å (not bohr)?"
        )
        found.append(StructureWarning(WarningCode.WRONG_UNIT, message))
    found += _find_missing_charge(structure)
    n_mixed = sum(not site.is_ordered for site in structure)
    if n_mixed:
        message = f"{n_mixed} of {len(structure)} sites are shared or partly occupied"
        found.append(StructureWarning(WarningCode.DISORDER, message))
    return found


def _judge_density(structure: Structure) -> list[StructureWarning]:
    n_atoms = float(structure.composition.num_atoms)
    found = []
    for value, (low, high), what, unit in (
        (float(structure.density), _DENSITY_RANGE_G_CM3, "density", "g/cm3"),
        (structure.volume / n_atoms, _VOLUME_PER_ATOM_RANGE_A3, "volume per atom", "Å3"),
    ):
        if not low <= value <= high:
            message = (
                f"{what} {value:.3g} {unit} is outside {low:g} to {high:g}: atoms are missing or "
                "the cell is wrong"
            )
            found.append(StructureWarning(WarningCode.DENSITY, message))
    return found


def _has_bonds(structure: Structure) -> bool:
    from pymatgen.core.periodic_table import Element

    stretch_limit, fallback_A = 1.4, 1.5  # few elements have no tabulated radius
    radii_A = np.array(
        [
            max(float(Element(sp.symbol).atomic_radius or fallback_A) for sp in site.species)
            for site in structure
        ]
    )
    # A short reach finds the bonds of nearly every structure; only an odd one needs the long one.
    longest_A = stretch_limit * 2.0 * float(np.max(radii_A))
    for reach_A in (min(2.2, longest_A), longest_A):
        centres, neighbours, _, distances_A = structure.get_neighbor_list(reach_A)
        if np.any(distances_A <= stretch_limit * (radii_A[centres] + radii_A[neighbours])):
            return True
    return False


def _find_missing_charge(structure: Structure) -> list[StructureWarning]:
    """Compare the anion charge with the highest charge that the cations can have."""
    from pymatgen.core.periodic_table import Element

    amounts = {str(k): float(n) for k, n in structure.composition.get_el_amt_dict().items()}
    for anions in (_ALWAYS_ANIONS, _ALWAYS_ANIONS | _USUAL_ANIONS):
        negative = sum(n * anions[e] for e, n in amounts.items() if e in anions)
        cations = [e for e in amounts if e not in anions]
        if not negative or not cations:
            continue
        positive = sum(
            amounts[e] * max((*Element(e).oxidation_states, *Element(e).common_oxidation_states, 0))
            for e in cations
        )
        missing = -negative - positive
        if missing <= _CHARGE_TOLERANCE * -negative or _has_covalent_anions(structure, anions):
            continue
        message = (
            f"the cations lack {missing:.3g} e per cell even in their highest oxidation states: "
            "is an atom such as Li or H missing?"
        )
        return [StructureWarning(WarningCode.MISSING_CATION, message)]
    return []


def _has_covalent_anions(structure: Structure, anions: dict[str, int]) -> bool:
    """Whether two anions are bonded (peroxide, sulfate, disulfide): their charges do not add."""
    from pymatgen.core.periodic_table import Element

    bond_limit = 1.3  # times the sum of atomic radii: O-O 1.56 Å, S-S 2.6 Å, I-I 3.6 Å
    radii_A = np.array(
        [
            max(
                (
                    float(Element(sp.symbol).atomic_radius or 0.0)
                    for sp in site.species
                    if sp.symbol in anions
                ),
                default=0.0,
            )
            for site in structure
        ]
    )
    reach_A = bond_limit * 2.0 * float(np.max(radii_A))
    centres, neighbours, _, distances_A = structure.get_neighbor_list(reach_A)
    bonded = distances_A <= bond_limit * (radii_A[centres] + radii_A[neighbours])
    apart = distances_A > MIN_DISTANCE_A  # nearer sites are alternatives, not neighbours
    return bool(np.any(bonded & apart & (radii_A[centres] > 0.0) & (radii_A[neighbours] > 0.0)))
