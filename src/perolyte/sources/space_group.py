"""Space group of a structure from its atoms, over several tolerances."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["SYMPRECS_A", "SpaceGroupResult", "find_space_group"]

SYMPRECS_A = (1e-3, 1e-2, 1e-1)
USUAL_SYMPREC_A = 1e-2
MAX_SITES = 1500
"""The search compares all pairs of sites: 1,500 take seconds."""


@dataclass(frozen=True)
class SpaceGroupResult:
    """A space group and how firmly it is known.

    Attributes
    ----------
    symbol, number
        Hermann-Mauguin symbol (short) and number.
    symprec_A : float
        The smallest tolerance in Å that gives this group.
    by_symprec : dict of float to int
        Number at each tolerance at which one was found.
    is_stable : bool
        Whether two neighbouring tolerances agree.
    """

    symbol: str
    number: int
    symprec_A: float
    by_symprec: dict[float, int]
    is_stable: bool


def find_space_group(
    structure: Structure, symprecs_A: Sequence[float] = SYMPRECS_A
) -> SpaceGroupResult | None:
    """Find the space group on which neighbouring tolerances agree.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Sites with equal mixtures of species count as equal.
    symprecs_A : sequence of float
        Tolerances in Å, rising.

    Returns
    -------
    SpaceGroupResult or None
        The group of the longest run of neighbouring tolerances; where none agree, the one at
        0.01 Å. None when no group is found, or the cell has more than 1,500 sites.

    Notes
    -----
    spglib (doi 10.1080/27660400.2024.2384822).

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> find_space_group(cell).number
    221
    """
    if len(structure) > MAX_SITES:
        return None
    kinds: dict[str, int] = {}
    types = [kinds.setdefault(_name_mixture(site), len(kinds) + 1) for site in structure]
    cell = (structure.lattice.matrix.tolist(), structure.frac_coords.tolist(), types)
    found: list[tuple[float, int, str]] = []
    for symprec_A in symprecs_A:
        group = _search(cell, symprec_A)
        if group is not None:
            found.append((symprec_A, *group))
    if not found:
        return None
    runs: list[list[tuple[float, int, str]]] = []
    for entry in found:
        if runs and runs[-1][-1][1] == entry[1]:
            runs[-1].append(entry)
        else:
            runs.append([entry])
    longest = max(runs, key=lambda run: (len(run), run[0][0] == USUAL_SYMPREC_A))
    symprec_A, number, symbol = longest[0]
    return SpaceGroupResult(
        symbol=symbol,
        number=number,
        symprec_A=symprec_A,
        by_symprec={tolerance: n for tolerance, n, _ in found},
        is_stable=len(longest) > 1,
    )


def _name_mixture(site: object) -> str:
    """Name what sits on a site, with occupancies rounded as far as files are exact."""
    species = site.species  # type: ignore[attr-defined]
    amounts = sorted((sp.symbol, round(float(amount), 4)) for sp, amount in species.items())
    return repr(amounts)


def _search(cell: tuple[list, list, list], symprec_A: float) -> tuple[int, str] | None:
    import spglib

    with warnings.catch_warnings():
        # two answers for "none": an error, or, until spglib 3, None and this warning
        warnings.filterwarnings("ignore", "Set OLD_ERROR_HANDLING", DeprecationWarning)
        try:
            dataset = spglib.get_symmetry_dataset(cell, symprec=symprec_A)
        except spglib.SpglibError:
            return None
    return None if dataset is None else (int(dataset.number), str(dataset.international))
