"""Find the smallest near-cubic supercells that hold dopings in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.structures.oxidation import assign_oxidation_states
from perolyte.structures.sublattices import Sublattices, find_sublattices
from perolyte.structures.supercells.choice import (
    SupercellChoice,
    build_choice,
    format_species,
)
from perolyte.structures.supercells.counts import ParentCell, read_parent_cell
from perolyte.structures.supercells.search import CellSearch
from perolyte.structures.supercells.shapes import is_nearly_orthogonal, measure_shape
from perolyte.structures.supercells.targets import CellTarget, reach_target

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["find_supercells", "measure_supercell"]

Axis = Literal["a", "b", "c"]


def find_supercells(
    structure: Structure,
    *,
    targets: Sequence[CellTarget],
    sublattices: Sublattices | None = None,
    empty_sites: Mapping[str, int] | None = None,
    tolerance: float = 0.1,
    composition_tolerance: float = 0.005,
    max_atoms: int = 1200,
    n_best: int = 5,
    even_axes: Sequence[Axis] = (),
    shapes: Literal["auto", "diagonal", "any"] = "auto",
    max_aspect: float = 2.0,
) -> tuple[SupercellChoice, ...]:
    """Find the smallest near-cubic supercells in which every doping comes out as asked.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered parent. A cell that is doubled by layer order keeps whole layers by
        itself.
    targets : sequence of CellTarget
        Dopings; each must come out in the same cell.
    sublattices : Sublattices, optional
        Found from the structure when left out.
    empty_sites : mapping of str to int, optional
        Empty sites per cell that the structure does not list, by sublattice.
    tolerance : float
        Allowed relative difference of an achieved fraction.
    composition_tolerance : float
        Allowed difference of an element from the occupancies of a disordered parent, per
        disordered site, once the numbers are whole and neutral.
    max_atoms : int
        Largest cell, in atoms before doping.
    n_best : int
        Number of cells to return, each of another size.
    even_axes : sequence of str
        "a", "b", "c": edges along which layers alternate although the parent's cell holds one.
    shapes : {"auto", "diagonal", "any"}
        Repeats along the edges, or any nearly orthogonal edges; "auto" takes repeats when the
        angles of the parent's cell are within 10 degrees of 90.
    max_aspect : float
        Largest ratio of the longest to the shortest edge of the reduced cell.

    Returns
    -------
    tuple of SupercellChoice
        By rising number of atoms, at most ``n_best``.

    Raises
    ------
    InputError
        When no cell will do; the message names the nearest fraction and the cell that is needed.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.structures.compensation import find_compensations
    >>> from perolyte.structures.dopant import Dopant
    >>> parent = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Sr2+", "Ti4+", "O2-"],
    ...                                    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> al = Dopant("Al", host="Ti", fraction=0.06, basis="B_sites")
    >>> a3 = find_compensations([al], states={"Sr": 2, "Ti": 4, "O": -2},
    ...                         sublattices=find_sublattices(parent))[0]
    >>> best = find_supercells(parent, targets=[CellTarget((al,), a3)])[0]
    >>> best.n_formula_units, best.n_atoms, best.reached[0].counts
    (32, 160, {'Al': 2})
    """
    for name, value, lowest in (
        ("tolerance", tolerance, 0),
        ("composition_tolerance", composition_tolerance, 0),
        ("max_atoms", max_atoms, 1),
        ("n_best", n_best, 1),
        ("max_aspect", max_aspect, 1),
    ):
        if not value >= lowest:
            raise InputError(f"{name} is {value}, allowed is {lowest} or more; raise it")
    unknown = [axis for axis in even_axes if axis not in ("a", "b", "c")]
    if unknown:
        raise InputError(f"even_axes names {unknown[0]!r}, allowed are 'a', 'b' and 'c'")
    lattice_A = np.asarray(structure.lattice.matrix, dtype=np.float64)
    search = CellSearch(
        cell=_read_cell(structure, sublattices, empty_sites),
        lattice_A=lattice_A,
        targets=tuple(targets),
        tolerance=tolerance,
        composition_tolerance=composition_tolerance,
        diagonal=is_nearly_orthogonal(lattice_A) if shapes == "auto" else shapes == "diagonal",
        even_axes=tuple("abc".index(axis) for axis in even_axes),
        max_aspect=max_aspect,
    )
    choices = search.collect(
        max_cells=search.count_cells(max_atoms), max_atoms=max_atoms, n_best=n_best
    )
    if not choices:
        raise InputError(search.explain_refusal(max_atoms))
    return tuple(choices)


def measure_supercell(
    structure: Structure,
    matrix: ArrayLike,
    *,
    targets: Sequence[CellTarget] = (),
    sublattices: Sublattices | None = None,
    empty_sites: Mapping[str, int] | None = None,
) -> SupercellChoice:
    """Say what a given supercell holds, however far from what is asked.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered parent.
    matrix : array_like of int
        ``(3,)`` repeats along the edges or ``(3, 3)`` rows of edges.
    targets, sublattices, empty_sites
        As in :func:`find_supercells`.

    Returns
    -------
    SupercellChoice
        With the nearest whole numbers of dopants.

    Raises
    ------
    InputError
        When the cell cannot be neutral, or has no room for a single unit of a doping.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> llto = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.87), [{"Li+": 1 / 3, "La3+": 5 / 9}, "Ti4+", "O2-"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> measure_supercell(llto, (3, 3, 4)).n_atoms
    176
    """
    whole = np.asarray(matrix)
    whole = np.diag(whole) if whole.shape == (3,) else whole
    if whole.shape != (3, 3) or np.any(whole != np.round(whole)) or round(np.linalg.det(whole)) < 1:
        raise InputError(
            f"matrix is {np.asarray(matrix).tolist()}, allowed are three integers from 1 or 3 x 3 "
            "integers with a determinant from 1; give e.g. (3, 3, 4)"
        )
    lattice_A = np.asarray(structure.lattice.matrix, dtype=np.float64)
    cell = _read_cell(structure, sublattices, empty_sites)
    n_cells = round(float(np.linalg.det(whole)))
    counts = cell.count(n_cells)
    if counts is None:
        raise InputError(
            f"{n_cells} cells of the parent cannot be neutral near its occupancies; check the "
            "oxidation states, or choose another supercell"
        )
    reached = []
    for target in targets:
        one = reach_target(target, cell, n_cells=n_cells, species=counts.species)
        if one is None:
            raise InputError(
                f"{n_cells} cells of the parent ({format_species(counts)}) have no room for "
                f"{target.label}; choose a larger supercell or another compensation"
            )
        reached.append(one)
    shape = measure_shape(lattice_A, whole.astype(np.int64))
    return build_choice(cell, n_cells, counts, tuple(reached), shape)


def _read_cell(
    structure: Structure, sublattices: Sublattices | None, empty_sites: Mapping[str, int] | None
) -> ParentCell:
    decorated = assign_oxidation_states(structure)
    return read_parent_cell(
        decorated.structure,
        sublattices=sublattices or find_sublattices(decorated.structure),
        states=decorated.states,
        empty_sites=empty_sites or {},
    )
