"""Sites of the mobile ion as a crystal has them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray
from perolyte.transport.periodic_cell import find_shortest_distances
from perolyte.transport.sites import SiteSet, define_sites

if TYPE_CHECKING:
    from pymatgen.core import PeriodicSite, Structure

__all__ = ["find_crystal_sites"]

_EDGE_TOLERANCE = 0.05
"""Relative; cells expand by this much at most between the crystal and a hot run."""
_ANGLE_TOLERANCE_DEG = 3.0
_SPLIT_SITE_A = 1.5
_SYMPREC_A = 0.1
"""Å; a relaxed cell is off its symmetry by less."""
_MAX_KINDS = 20


def find_crystal_sites(
    structure: Structure, element: str, cell_A: FloatArray
) -> tuple[SiteSet, list[str]]:
    """Take the sites that an element has in a crystal, repeated to the cell of a run.

    Parameters
    ----------
    structure
        The cell of the run, or one that repeats in it along a, b and c; sites may be partly
        occupied. Its axes and its origin must be those of the run.
    element
        Symbol.
    cell_A
        (3, 3), Å, mean cell of the run; rows are the lattice vectors.

    Returns
    -------
    tuple of SiteSet and list of str
        Sites with the labels that the crystal gives them, or one for each kind that its symmetry
        makes, and what is doubtful about them.

    Raises
    ------
    InputError
        For a cell that does not fit, or a crystal without the element.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(4.0), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> sites, notes = find_crystal_sites(salt, "Li", np.diag([8.2, 4.1, 4.1]))
    >>> sites.fractional.tolist(), sites.labels, notes
    ([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]], ('Li1', 'Li1'), [])
    """
    repeats = _count_repeats(structure, cell_A)
    chosen = [index for index, site in enumerate(structure) if _holds(site, element)]
    if not chosen:
        raise InputError(
            f"the crystal {structure.composition.reduced_formula} has no {element}: give one with "
            "the sites of the mobile ion, or leave it out (sites are then found from the run)"
        )
    names, notes = _name_sites(structure, chosen, element)
    places, labels = list[FloatArray](), list[str]()
    for index, name in zip(chosen, names, strict=True):
        for cell in np.ndindex(*repeats):
            within = np.mod(structure[index].frac_coords, 1.0)
            places.append((within + cell) / np.array(repeats))
            labels.append(name)
    sites = define_sites(np.array(places), cell_A, labels=labels)
    shortest_A = float(find_shortest_distances(sites.fractional, sites.cell_A).min())
    if shortest_A < _SPLIT_SITE_A:
        notes.append(
            f"sites of the crystal are {shortest_A:.2f} Å apart: moves between parts of a split "
            "site count as jumps"
        )
    return sites, notes


def _holds(site: PeriodicSite, element: str) -> bool:
    return element in {getattr(kind, "symbol", str(kind)) for kind in site.species}


def _name_sites(
    structure: Structure, chosen: Sequence[int], element: str
) -> tuple[list[str], list[str]]:
    """Return a label for each site, and what is to be known about them.

    Where a reader has not kept the labels of the file, sites that symmetry makes equal are of one
    kind: Li1, Li2 and so on, in the order of the structure.
    """
    labels = [str(structure[index].label) for index in chosen]
    if all(
        label != structure[index].species_string
        for index, label in zip(chosen, labels, strict=True)
    ):
        return labels, []
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        dataset = SpacegroupAnalyzer(structure, symprec=_SYMPREC_A).get_symmetry_dataset()
    orbits = [int(dataset.equivalent_atoms[index]) for index in chosen]
    order = list(dict.fromkeys(orbits))
    if len(order) <= _MAX_KINDS:
        return [f"{element}{order.index(orbit) + 1}" for orbit in orbits], []
    note = (
        f"the crystal has {len(order)} kinds of {element} sites by symmetry, more than "
        f"{_MAX_KINDS}: they are counted as one"
    )
    return [element] * len(chosen), [note]


def _count_repeats(structure: Structure, cell_A: FloatArray) -> tuple[int, int, int]:
    from pymatgen.core import Lattice

    own, run = structure.lattice, Lattice(cell_A)
    repeats = np.maximum(1, np.round(np.array(run.abc) / np.array(own.abc))).astype(int)
    stretch = np.array(run.abc) / (repeats * np.array(own.abc)) - 1
    turn = np.array(run.angles) - np.array(own.angles)
    if (abs(stretch) > _EDGE_TOLERANCE).any() or (abs(turn) > _ANGLE_TOLERANCE_DEG).any():
        edges, angles = (
            [", ".join(f"{u:.4g}" for u in values) for values in pair]
            for pair in ((own.abc, run.abc), (own.angles, run.angles))
        )
        raise InputError(
            f"the crystal has edges of {edges[0]} Å at {angles[0]}° and the run {edges[1]} Å at "
            f"{angles[1]}°; it must be the cell of the run or repeat in it along a, b and c: give "
            "such a cell, or leave it out (sites are then found from the run)"
        )
    return int(repeats[0]), int(repeats[1]), int(repeats[2])
