"""How many ions and empty sites a number of cells of a parent holds, as neutral whole numbers."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.structures._integer_counts import (
    DisorderedSites,
    find_neutral_counts,
    split_counts,
)
from perolyte.structures.sublattices import Sublattices

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["CellCounts", "ParentCell", "count_formula_units", "read_parent_cell"]

_ORDERED_TOLERANCE = 1e-3  # an occupancy this near 1 is full: files round to three digits
_MAX_ELEMENTS = 4  # on disordered sites; the search for neutral numbers grows with a power of it


@dataclass(frozen=True)
class CellCounts:
    """What a supercell holds.

    Attributes
    ----------
    species : dict of str to int
        Atoms of each element, and empty sites by keys such as "vacancy_A".
    error : float
        Largest difference of an element from its nominal number, per disordered site.
    """

    species: dict[str, int]
    error: float

    def count_atoms(self, sublattices: Sublattices) -> int:
        """Count the atoms, without the empty sites."""
        return sum(n for s, n in self.species.items() if s in sublattices.elements)


@dataclass(frozen=True, eq=False)
class ParentCell:
    """One cell of a parent, counted.

    Attributes
    ----------
    sublattices : Sublattices
        Its sublattices.
    states : dict of str to int
        Oxidation state of each element, in e.
    n_sites : dict of str to int
        Sites of each sublattice, empty ones too.
    n_formula_units : int
        Formula units.
    ordered : dict of str to int
        Atoms on fully occupied sites, and empty sites declared beside the structure.
    disordered : tuple of (str, dict, int)
        Sublattice, occupancies by element and number of sites of each kind of partly occupied
        site.
    """

    sublattices: Sublattices
    states: dict[str, int]
    n_sites: dict[str, int]
    n_formula_units: int
    ordered: dict[str, int]
    disordered: tuple[tuple[str, dict[str, float], int], ...]

    @property
    def n_atoms(self) -> float:
        """Mean number of atoms."""
        fixed = sum(n for s, n in self.ordered.items() if s in self.states)
        return fixed + sum(n * sum(held.values()) for _, held, n in self.disordered)

    def bound(self, element: str, n_cells: int, *, error: float) -> tuple[float, float]:
        """Least and most atoms of an element when each disordered site may be off by ``error``."""
        nominal = self.ordered.get(element, 0) + sum(
            held.get(element, 0.0) * n for _, held, n in self.disordered
        )
        slack = error * sum(n for _, held, n in self.disordered)
        return (nominal - slack) * n_cells, (nominal + slack) * n_cells

    def count(self, n_cells: int) -> CellCounts | None:
        """Count a supercell; None when no neutral whole numbers lie near the occupancies."""
        species = Counter({s: n * n_cells for s, n in self.ordered.items()})
        charge = sum(n * self.states.get(s, 0) for s, n in species.items())
        if not self.disordered:
            return CellCounts(dict(species), 0.0) if charge == 0 else None
        sites = self._build_sites(n_cells)
        try:
            counts = find_neutral_counts(sites, fixed_charge=charge, states=self.states)
        except InputError:  # says that there are none, which is an answer here
            return None
        table = split_counts(sites, counts) if len(self.disordered) > 1 else np.array([counts])
        if table is None:
            return None
        for (name, _, _), row in zip(self.disordered, table.tolist(), strict=True):
            species.update(dict(zip(sites.elements, row, strict=False)))
            if row[-1]:
                species[self.sublattices.get(name).vacancy] += row[-1]
        error = np.max(np.abs(np.array(counts) - sites.nominal)) / sites.n_sites
        return CellCounts(dict(species), round(float(error), 9))

    def _build_sites(self, n_cells: int) -> DisorderedSites:
        elements = tuple(sorted({e for _, held, _ in self.disordered for e in held}))
        rows = [[held.get(e, 0.0) for e in elements] for _, held, _ in self.disordered]
        vacant = [max(1.0 - sum(row), 0.0) for row in rows]
        ends = np.cumsum([0, *(n * n_cells for _, _, n in self.disordered)]).tolist()
        return DisorderedSites(
            elements=elements,
            groups=tuple(tuple(range(a, b)) for a, b in itertools.pairwise(ends)),
            occupancies=np.array(
                [
                    [*row, v if v > _ORDERED_TOLERANCE else 0.0]
                    for row, v in zip(rows, vacant, strict=True)
                ]
            ),
        )


def read_parent_cell(
    structure: Structure,
    *,
    sublattices: Sublattices,
    states: Mapping[str, int],
    empty_sites: Mapping[str, int],
) -> ParentCell:
    """Count one cell of a parent.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered parent.
    sublattices : Sublattices
        Its sublattices.
    states : mapping of str to int
        Oxidation state of each element, in e.
    empty_sites : mapping of str to int
        Empty sites per cell that the structure does not list, by sublattice.

    Returns
    -------
    ParentCell
        The counted cell.

    Raises
    ------
    InputError
        When more than four elements share disordered sites, or an element is on no sublattice.
    """
    ordered: Counter[str] = Counter()
    kinds: Counter[tuple[str, tuple[tuple[str, float], ...]]] = Counter()
    n_sites: Counter[str] = Counter()
    for site in structure:
        amounts = {str(e): float(n) for e, n in site.species.get_el_amt_dict().items()}
        name = sublattices.find(next(iter(amounts))).name
        n_sites[name] += 1
        if len(amounts) > 1 or abs(sum(amounts.values()) - 1.0) > _ORDERED_TOLERANCE:
            key = tuple(sorted((e, round(n, 9)) for e, n in amounts.items()))
            kinds[(name, key)] += 1
        else:
            ordered[next(iter(amounts))] += 1
    for name, n in empty_sites.items():
        n_sites[name] += n
        ordered[sublattices.get(name).vacancy] += n
    disordered = tuple((name, dict(key), n) for (name, key), n in sorted(kinds.items()))
    shared = sorted({e for _, held, _ in disordered for e in held})
    if len(shared) > _MAX_ELEMENTS:
        raise InputError(
            f"{len(shared)} elements ({', '.join(shared)}) share the disordered sites, allowed are "
            f"up to {_MAX_ELEMENTS}; order the parent first with a composition of your choice"
        )
    partly = {name for name, _, _ in disordered} | set(empty_sites)
    return ParentCell(
        sublattices=sublattices,
        states=dict(states),
        n_sites=dict(n_sites),
        n_formula_units=count_formula_units(n_sites, sublattices=sublattices, partly=partly),
        ordered=dict(ordered),
        disordered=disordered,
    )


def count_formula_units(
    n_sites: Mapping[str, int], *, sublattices: Sublattices, partly: set[str] | frozenset[str]
) -> int:
    """Count formula units: B sites in a perovskite, elsewhere what all full sublattices share.

    Parameters
    ----------
    n_sites : mapping of str to int
        Sites of each sublattice.
    sublattices : Sublattices
        The sublattices.
    partly : set of str
        Sublattices with empty sites, which do not count unless there are no others.

    Returns
    -------
    int
        The greatest common divisor of the numbers of sites of the full sublattices: 8 for a cubic
        cell of the garnet Li7La3Zr2O12, whatever its lithium.
    """
    if {"A", "B", "X"} <= set(sublattices.names):
        return n_sites["B"]
    full = [n for name, n in n_sites.items() if name not in partly]
    return math.gcd(*(full or n_sites.values()))
