"""The cubic crystal that the grains of a boundary are cut from."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.structures.oxidation import assign_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["BoundaryTemplate", "find_template"]

_SYMMETRY_TOLERANCE_A = 0.1
_MAX_CUBIC_SITES = 20
"""Of a conventional cell that is taken as it is; larger ones are mostly ordered dopings."""
_LABELS = (1, *range(3, 10), *range(11, 18), *range(19, 36), *range(37, 54))
"""Atomic numbers that stand for sublattices: all that have an electronegativity."""


@dataclass(frozen=True, eq=False)
class BoundaryTemplate:
    """A cubic crystal, its sublattices, and what they hold.

    Attributes
    ----------
    cell : pymatgen.core.Structure
        Conventional cell; the atomic number of a site says which sublattice it is on.
    occupancies : dict of int to dict of str to float
        By that number: element and share of the sites.
    states : dict of str to int
        Oxidation state of each element, in e.
    description : str
        How it was found, in words.
    """

    cell: Structure
    occupancies: dict[int, dict[str, float]]
    states: dict[str, int]
    description: str

    def name_sublattice(self, label: int) -> str:
        """Return the main element of a sublattice."""
        held = self.occupancies[label]
        return max(sorted(held), key=lambda element: held[element])


def find_template(
    parent: Structure, oxidation_states: Mapping[str, int] | None = None
) -> BoundaryTemplate:
    """Take a cubic parent as it is, and the cubic average of an ordered perovskite.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Ordered or with partly occupied sites.
    oxidation_states : mapping of str to int, optional
        Where the structure does not carry them.

    Raises
    ------
    InputError
        For a parent that is neither cubic nor a perovskite, or a perovskite with ions beyond its
        sites.
    """
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    decorated = assign_oxidation_states(parent, oxidation_states)
    structure = decorated.structure
    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        warnings.simplefilter("ignore", DeprecationWarning)
        analyzer = SpacegroupAnalyzer(structure, symprec=_SYMMETRY_TOLERANCE_A)
        system = analyzer.get_crystal_system()
        cell = analyzer.get_conventional_standard_structure() if system == "cubic" else None
    if cell is not None and (len(cell) <= _MAX_CUBIC_SITES or not structure.is_ordered):
        return _label_sites(cell, decorated.states)
    if not structure.is_ordered:
        raise InputError(
            f"the parent {structure.composition.reduced_formula} is {system} with partly occupied "
            "sites; give a cubic parent, or order it first with build_ordered_parent"
        )
    return _average_perovskite(structure, decorated.states, system)


def _label_sites(cell: Structure, states: dict[str, int]) -> BoundaryTemplate:
    from pymatgen.core.structure import Structure

    numbers: dict[tuple[tuple[str, float], ...], int] = {}
    labels = []
    for site in cell:
        held = {ion.symbol: round(float(share), 6) for ion, share in site.species.items()}
        labels.append(numbers.setdefault(tuple(sorted(held.items())), _LABELS[len(numbers)]))
    labelled = Structure(cell.lattice, [_element(label) for label in labels], cell.frac_coords)
    return BoundaryTemplate(
        labelled,
        {label: dict(held) for held, label in numbers.items()},
        states,
        f"cubic parent, a = {cell.lattice.a:.4f} Å",
    )


def _average_perovskite(
    structure: Structure, states: dict[str, int], system: str
) -> BoundaryTemplate:
    """Return ABX3 with the volume and the contents of an ordered perovskite."""
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    from perolyte.structures.perovskite import classify_perovskite

    formula = structure.composition.reduced_formula
    found = classify_perovskite(structure)
    if found.is_perovskite != "yes":
        raise InputError(
            f"the parent {formula} is {system} and no three-dimensional perovskite (family "
            f"{found.family}); allowed are cubic parents and perovskites, whose cubic average is "
            "taken"
        )
    counts = Counter(site.specie.symbol for site in structure)
    n_cells = sum(counts[element] for element in found.sites["B"])
    occupancies: dict[int, dict[str, float]] = {}
    for label, name, n_sites in zip(_LABELS, "ABX", (1, 1, 3), strict=False):
        shares = {e: counts[e] / (n_sites * n_cells) for e in found.sites[name]}
        if sum(shares.values()) > 1.0 + 1e-6:
            raise InputError(
                f"the parent {formula} holds {sum(shares.values()):.3f} ions for each {name} site "
                "of a perovskite, allowed is up to 1; give a parent without interstitials"
            )
        occupancies[label] = shares
    a_A = (structure.volume / n_cells) ** (1.0 / 3.0)
    sites_frac = np.array([[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]) / 2
    first, second, third = (_element(label) for label in _LABELS[:3])
    cell = Structure(Lattice.cubic(a_A), [first, second, third, third, third], sites_frac)
    return BoundaryTemplate(
        cell,
        occupancies,
        states,
        f"cubic average of an ordered {system} perovskite, a = {a_A:.4f} Å: order and tilts of "
        "the parent are not kept",
    )


def _element(label: int) -> str:
    from pymatgen.core import Element

    return str(Element.from_Z(label).symbol)
