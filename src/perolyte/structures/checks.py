"""Physical checks of a parsed structure: what no crystal can be, and what looks wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["MIN_DISTANCE_A", "check_structure", "warn_about_structure"]

MIN_DISTANCE_A = 0.7
"""Two atoms are never nearer: H-H in H2 is 0.74 Å."""
_MIN_DISTANCE_TO_H_A = 0.5  # X-rays see the electron of H, about 0.1 to 0.2 Å short of its proton
_MIN_THICKNESS_A = 0.5
_MAX_VOLUME_PER_SITE_A3 = 4000.0  # solids have 10 to 60; above it the neighbour grid explodes
_OCCUPANCY_TOLERANCE = 0.01


def check_structure(structure: Structure, name: str) -> None:
    """Refuse a structure that cannot exist.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure as parsed.
    name : str
        How messages call it.

    Raises
    ------
    InputError
        For a flat or an almost empty cell, coordinates that are not finite, a symbol that is no
        element, or two sites nearer than 0.7 Å (0.5 Å to hydrogen) whose occupancies sum to more
        than one.
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
    centres, neighbours, _, distances_A = structure.get_neighbor_list(MIN_DISTANCE_A)
    occupancy = np.array([site.species.num_atoms for site in structure])
    has_h = np.array([any(sp.symbol in ("H", "D") for sp in site.species) for site in structure])
    for i, j, distance_A in zip(centres, neighbours, distances_A, strict=True):
        if (has_h[i] or has_h[j]) and distance_A >= _MIN_DISTANCE_TO_H_A:
            continue
        if occupancy[i] + occupancy[j] > 1.0 + _OCCUPANCY_TOLERANCE:
            raise InputError(
                f"{name}: {structure[i].species_string} and {structure[j].species_string} are "
                f"{distance_A:.2f} Å apart, allowed is at least {MIN_DISTANCE_A} Å for atoms that "
                "are present together; remove one or give partial occupancies"
            )


def warn_about_structure(structure: Structure) -> tuple[str, ...]:
    """Say what looks wrong although it is possible.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure that passed :func:`check_structure`.

    Returns
    -------
    tuple of str
        A warning when no two atoms are within bonding distance, which is the mark of a cell given
        in the wrong unit: bohr read as Å stretches every bond by 1.89.
    """
    from pymatgen.core.periodic_table import Element

    stretch_limit, fallback_A = 1.4, 1.5  # few elements have no tabulated radius
    radii_A = np.array(
        [
            max(float(Element(sp.symbol).atomic_radius or fallback_A) for sp in site.species)
            for site in structure
        ]
    )
    cutoff_A = stretch_limit * 2.0 * float(np.max(radii_A))
    centres, neighbours, _, distances_A = structure.get_neighbor_list(cutoff_A)
    if np.any(distances_A <= stretch_limit * (radii_A[centres] + radii_A[neighbours])):
        return ()
    message = (
        f"no two atoms are within {stretch_limit} times a bond length: "
        "are the cell lengths in Å (not bohr)?"
    )
    return (message,)
