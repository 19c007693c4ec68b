"""The supercell that a list of dopings needs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Literal

from perolyte.errors import InputError
from perolyte.structures.compensation import find_compensations, get_compensation
from perolyte.structures.doping import ALL_SCHEMES, Doping
from perolyte.structures.oxidation import read_oxidation_states
from perolyte.structures.sublattices import Sublattices
from perolyte.structures.supercells import CellTarget, SupercellChoice, find_supercells

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["find_doping_cells"]

_MAX_DENOMINATOR = 1000  # fractions are given with a few digits
_FULL = 1.0 - 1e-3  # files round occupancies to three digits


def find_doping_cells(
    structure: Structure,
    dopings: Sequence[Doping],
    *,
    sublattices: Sublattices,
    max_atoms: int = 600,
    tolerance: float = 0.1,
    even_axes: Sequence[Literal["a", "b", "c"]] = (),
    n_best: int = 1,
) -> tuple[SupercellChoice, ...]:
    """Find the smallest near-cubic supercells that hold every doping as it was asked.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Parent, ordered or disordered, with oxidation states.
    dopings : sequence of Doping
        Dopings with fractions; those with counts fit any cell that is large enough. Of the scheme
        "all" the simplest compensation must fit.
    sublattices : Sublattices
        Of the parent.
    max_atoms : int
        Largest cell, in atoms before doping.
    tolerance : float
        Allowed relative difference of an achieved fraction.
    even_axes : sequence of str
        Edges along which layers alternate although the parent's cell holds one.
    n_best : int
        Number of cells to return.

    Returns
    -------
    tuple of SupercellChoice
        By rising number of atoms.

    Raises
    ------
    InputError
        When there is no doping, one of them is not neutral, or no cell within ``max_atoms`` holds
        them all.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.structures import Dopant, build_sublattices
    >>> parent = Structure.from_spacegroup("Pm-3m", Lattice.cubic(4.2), ["Ba2+", "Zr4+", "O2-"],
    ...                                    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> bazro3 = build_sublattices({"A": "Ba", "B": "Zr", "X": "O"},
    ...                            states={"Ba": 2, "Zr": 4, "O": -2})
    >>> doping = Doping(Dopant("Y", host="Zr", fraction=0.25, basis="B_sites"), "A3")
    >>> find_doping_cells(parent, [doping], sublattices=bazro3)[0].n_atoms
    40
    """
    if not dopings:
        raise InputError(
            "an automatic supercell needs dopings with fractions, and there is none; give the "
            "repeats, e.g. 2x2x2"
        )
    states = read_oxidation_states(structure)
    has_empty = {
        sublattices.find(site.species.elements[0].symbol).name: True
        for site in structure
        if site.species.num_atoms < _FULL
    }
    targets = []
    for doping in dopings:
        ratio = _find_ratio(structure, doping, sublattices)
        if doping.scheme == ALL_SCHEMES:
            found = find_compensations(
                doping.dopants,
                states=states,
                sublattices=sublattices,
                empty_sites=has_empty,
                ratio=ratio,
            )[0]
        else:
            found = get_compensation(
                doping.scheme,
                doping.dopants,
                states=states,
                sublattices=sublattices,
                empty_sites=has_empty,
                ratio=ratio,
            )
        targets.append(CellTarget(doping.dopants, found))
    return find_supercells(
        structure,
        targets=targets,
        sublattices=sublattices,
        tolerance=tolerance,
        max_atoms=max_atoms,
        even_axes=even_axes,
        n_best=n_best,
    )


def _find_ratio(
    structure: Structure, doping: Doping, sublattices: Sublattices
) -> tuple[int, ...] | None:
    """Ratio of co-dopants whose fractions count A and B sites; None where it needs no structure."""
    bases = {dopant.basis for dopant in doping.dopants}
    if len(bases) < 2 or not bases <= {"A_sites", "B_sites"}:
        return None
    n_sites = {"A_sites": 0, "B_sites": 0}
    for site in structure:
        name = sublattices.find(site.species.elements[0].symbol).name
        if f"{name}_sites" in n_sites:
            n_sites[f"{name}_sites"] += 1
    amounts = [
        Fraction(dopant.fraction or 0.0).limit_denominator(_MAX_DENOMINATOR)
        * n_sites[str(dopant.basis)]
        for dopant in doping.dopants
    ]
    scale = lcm(*(amount.denominator for amount in amounts))
    whole = [int(amount * scale) for amount in amounts]
    return tuple(n // gcd(*whole) for n in whole)
