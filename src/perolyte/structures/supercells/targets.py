"""Dopings that a supercell should hold, and how near a given cell comes to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.structures.compensation import Compensation
from perolyte.structures.dopant import Dopant
from perolyte.structures.supercells.counts import ParentCell

__all__ = ["CellTarget", "ReachedTarget", "may_reach", "reach_target"]

_SLACK = 1e-6  # units; keeps 1.9999999 from being cut to 1


@dataclass(frozen=True)
class CellTarget:
    """One doping that the supercell should hold.

    Attributes
    ----------
    dopants : tuple of Dopant
        With counts or fractions; those that enter together.
    compensation : Compensation
        Fixes the steps of their numbers, and what a fraction of an element refers to.
    """

    dopants: tuple[Dopant, ...]
    compensation: Compensation

    def __post_init__(self) -> None:
        given = sorted(dopant.element for dopant in self.dopants)
        if given != sorted(self.compensation.dopants):
            raise InputError(
                f"the target has the dopants {', '.join(given)}, and its compensation "
                f"{self.compensation.name} {', '.join(sorted(self.compensation.dopants))}; "
                "give the same ones"
            )

    @property
    def label(self) -> str:
        """What is asked, for messages: ``"Sr 0.02 of A_sites with S3"``."""
        amounts = " and ".join(
            f"{d.count} {d.element}"
            if d.fraction is None
            else f"{d.element} {d.fraction:g} of {d.basis}"
            for d in self.dopants
        )
        return f"{amounts} with {self.compensation.name}"


@dataclass(frozen=True)
class ReachedTarget:
    """A doping in whole numbers.

    Attributes
    ----------
    target : CellTarget
        What was asked.
    counts : dict of str to int
        Dopants in the cell.
    fractions : dict of str to float
        Achieved fractions: of the asked basis, of formula units where a count was asked.
    deviation : float
        Largest relative difference between an achieved and its asked fraction, 0 for counts.
    """

    target: CellTarget
    counts: dict[str, int]
    fractions: dict[str, float]
    deviation: float


def reach_target(
    target: CellTarget, cell: ParentCell, *, n_cells: int, species: Mapping[str, int]
) -> ReachedTarget | None:
    """Choose the number of units of a doping that comes nearest to what was asked.

    Parameters
    ----------
    target : CellTarget
        What was asked.
    cell : ParentCell
        One cell of the parent.
    n_cells : int
        Cells in the supercell.
    species : mapping of str to int
        What the supercell holds.

    Returns
    -------
    ReachedTarget or None
        The nearest, of two equally near the larger; None when the cell lacks ions or sites for a
        single unit, or for a count that was asked.

    Raises
    ------
    InputError
        When a basis means nothing in this parent, or a count is no multiple of the unit.
    """
    compensation = target.compensation
    n_basis = {
        dopant.element: _count_basis(dopant, compensation, cell, n_cells, species)
        for dopant in target.dopants
    }
    limit = min(
        (species.get(s, 0) // -change for s, change in compensation.changes.items() if change < 0),
        default=0,
    )
    units = _list_units(target, n_basis)
    if any(dopant.count is not None for dopant in target.dopants):
        possible = [n for n in units if n <= limit]
    else:
        possible = sorted({min(n, limit) for n in units} - {0})
    if not possible:
        return None
    reached = [_measure(target, n_basis, n) for n in possible]
    return min(reached, key=lambda one: (round(one.deviation, 9), -sum(one.counts.values())))


def may_reach(
    target: CellTarget,
    cell: ParentCell,
    *,
    n_cells: int,
    tolerance: float,
    composition_tolerance: float,
) -> bool:
    """Say quickly whether a number of cells could hold a doping, before ions are counted.

    Parameters
    ----------
    target : CellTarget
        What was asked.
    cell : ParentCell
        One cell of the parent.
    n_cells : int
        Cells in the supercell.
    tolerance : float
        Allowed relative difference of a fraction.
    composition_tolerance : float
        Allowed difference of an element per disordered site.

    Returns
    -------
    bool
        False only when :func:`reach_target` would come out too far for every composition.
    """
    for dopant in target.dopants:
        if dopant.fraction is None:
            continue
        if dopant.basis == "element":
            replaced = _find_replaced(dopant, target.compensation, cell)
            least, most = cell.bound(replaced, n_cells, error=composition_tolerance)
        else:
            least = most = _count_basis(dopant, target.compensation, cell, n_cells, {})
        step = target.compensation.dopants[dopant.element]
        lowest = math.ceil(dopant.fraction * least * (1 - tolerance) / step - _SLACK)
        highest = math.floor(dopant.fraction * most * (1 + tolerance) / step + _SLACK)
        if max(lowest, 1) > highest:
            return False
    return True


def _count_basis(
    dopant: Dopant,
    compensation: Compensation,
    cell: ParentCell,
    n_cells: int,
    species: Mapping[str, int],
) -> int:
    basis = dopant.basis or "formula_unit"
    if basis == "formula_unit":
        return cell.n_formula_units * n_cells
    if basis == "element":
        return species.get(_find_replaced(dopant, compensation, cell), 0)
    name = basis.removesuffix("_sites")
    if name not in cell.n_sites:
        raise InputError(
            f"dopant {dopant.element}: this parent has no sublattice {name} "
            f"({', '.join(cell.n_sites)}); give basis='element' or 'formula_unit'"
        )
    return cell.n_sites[name] * n_cells


def _find_replaced(dopant: Dopant, compensation: Compensation, cell: ParentCell) -> str:
    replaced = compensation.replaced[dopant.element]
    if replaced not in cell.sublattices.elements:
        raise InputError(
            f"dopant {dopant.element} enters empty sites with {compensation.name}, and its "
            "fraction counts the replaced element; give basis='formula_unit'"
        )
    return replaced


def _list_units(target: CellTarget, n_basis: Mapping[str, int]) -> list[int]:
    """Numbers of units next to what each dopant asks; one number where counts are asked."""
    fixed: set[int] = set()
    near: set[int] = set()
    for dopant in target.dopants:
        step = target.compensation.dopants[dopant.element]
        if dopant.count is not None:
            target.compensation.apply(dopant.count, element=dopant.element)  # a multiple, or error
            fixed.add(dopant.count // step)
        else:
            below = math.floor((dopant.fraction or 0.0) * n_basis[dopant.element] / step + _SLACK)
            near |= {max(below, 1), below + 1}
    if len(fixed) > 1:
        ratio = ":".join(str(n) for n in target.compensation.dopants.values())
        raise InputError(
            f"{target.label}: the counts are not in the ratio {ratio} of "
            f"{', '.join(target.compensation.dopants)}; change them or the ratio"
        )
    # Dopants that ask for different numbers meet somewhere between.
    return sorted(fixed) or list(range(min(near), max(near) + 1))


def _measure(target: CellTarget, n_basis: Mapping[str, int], n_units: int) -> ReachedTarget:
    counts = {element: n * n_units for element, n in target.compensation.dopants.items()}
    fractions = {e: n / n_basis[e] if n_basis[e] else math.inf for e, n in counts.items()}
    deviation = max(
        abs(fractions[d.element] / d.fraction - 1.0) if d.fraction is not None else 0.0
        for d in target.dopants
    )
    return ReachedTarget(target, counts, fractions, deviation)
