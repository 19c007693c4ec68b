"""How parent cells are made and which of their arrangements are kept, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.structures import (
    Doping,
    OrderedParentResult,
    SelectionRule,
    Sublattices,
    assign_oxidation_states,
    build_ordered_parents,
    find_doping_cells,
    read_oxidation_states,
    resolve_sublattices,
)

__all__ = ["OrderedParents", "ParentRecipe", "order_parents"]


@dataclass(frozen=True)
class ParentRecipe:
    """How ordered, neutral parent cells are made, and which arrangements of a candidate are kept.

    Parameters
    ----------
    mobile_ion
        Element whose transport is asked for.
    roles
        Elements on the sublattices, ``{"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}``; ``"mobile"``
        and ``"host"`` name the A cations that compensate where charges do not tell. None finds
        them from the structure.
    supercell
        Repeats along a, b and c; None finds the smallest near-cubic cell for the dopings.
    max_atoms, fraction_tolerance
        Of a cell that is found: its size, and how far a dopant fraction may be from what was asked,
        relative.
    composition
        Atoms per supercell on the disordered sites; None for the nearest neutral choice.
    oxidation_states
        In e, by element; None for those declared in the file, or the common ones.
    ordering
        How a disordered parent is ordered: ``"ewald"``, ``"monte_carlo"``, ``"sqs"``, ``"random"``.
    n_cells
        Independent ordered cells; every candidate is made from each.
    n_samples
        Random draws, and sweeps of a search, for each candidate with too many arrangements to
        compare all.
    n_ordering_samples
        Effort of the ordering: random arrangements, sweeps or steps; None for the method's own.
    n_keep, n_random
        Arrangements kept of each candidate: those of lowest point-charge energy, and random ones.
    max_enumerated
        All symmetry-distinct arrangements are compared up to this number.
    """

    mobile_ion: str
    roles: Mapping[str, Sequence[str] | str] | None = None
    supercell: tuple[int, int, int] | None = (1, 1, 1)
    max_atoms: int = 600
    fraction_tolerance: float = 0.1
    composition: dict[str, int] | None = None
    oxidation_states: dict[str, int] | None = None
    ordering: str = "ewald"
    n_cells: int = 1
    n_samples: int = 200
    n_ordering_samples: int | None = None
    n_keep: int = 1
    n_random: int = 0
    max_enumerated: int = 5000

    def as_inputs(self) -> dict[str, Any]:
        """Return the recipe as plain data, which is what travels between jobs."""
        supercell = None if self.supercell is None else list(self.supercell)
        return {**asdict(self), "supercell": supercell}

    @property
    def rule(self) -> SelectionRule:
        """Which arrangements are kept."""
        return SelectionRule(
            n_keep=self.n_keep,
            n_random=self.n_random,
            max_enumerated=self.max_enumerated,
            n_samples=self.n_samples,
        )


@dataclass(frozen=True, eq=False)
class OrderedParents:
    """The parent cells of a screen.

    Attributes
    ----------
    cells
        Ordered, neutral cells of one composition.
    sublattices
        Their sublattices.
    notes
        How they were chosen, in words.
    """

    cells: tuple[OrderedParentResult, ...]
    sublattices: Sublattices
    notes: tuple[str, ...]

    @property
    def empty_sublattice(self) -> str | None:
        """Sublattice of the sites that ordering left empty; None when there are none."""
        first = self.cells[0]
        if len(first.vacancy_sites_frac) == 0:
            return None
        return self.sublattices.find(next(e for e in first.counts if e != "vacancy")).name

    def list_mobile_sublattice(self, ion: str) -> list[str]:
        """Elements that share the sites of an ion."""
        return list(self.sublattices.find(ion).elements)


def order_parents(
    structure: Structure, recipe: ParentRecipe, dopings: Sequence[Doping], *, seed: int
) -> OrderedParents:
    """Make the ordered cells that a recipe describes.

    Raises
    ------
    InputError
        When a cell cannot be neutral or large enough, or lacks the mobile ion.
    """
    decorated = assign_oxidation_states(structure, recipe.oxidation_states).structure
    sublattices = resolve_sublattices(decorated, recipe.roles)
    notes: list[str] = []
    supercell: Any = recipe.supercell
    if supercell is None:
        choice = find_doping_cells(
            decorated,
            dopings,
            sublattices=sublattices,
            max_atoms=recipe.max_atoms,
            tolerance=recipe.fraction_tolerance,
        )[0]
        supercell = choice.matrix
        notes.append(f"the supercell was chosen: {choice.reason}")
    cells = build_ordered_parents(
        structure,
        supercell=supercell,
        composition=recipe.composition,
        oxidation_states=recipe.oxidation_states,
        method=recipe.ordering,
        n_cells=recipe.n_cells,
        n_samples=recipe.n_ordering_samples,
        seed=seed,
    )
    states = read_oxidation_states(cells[0].structure)
    if recipe.mobile_ion not in states:
        raise InputError(
            f"mobile ion {recipe.mobile_ion!r} is not in the parent cell, which holds "
            f"{', '.join(states)}; name one of these"
        )
    return OrderedParents(cells, sublattices, (*notes, _describe_counts(cells[0])))


def _describe_counts(ordered: OrderedParentResult) -> str:
    """Say how far the ordered cell is from the occupancies of the file."""
    if not ordered.counts:
        return "the parent is ordered in the file"
    held = ", ".join(f"{ion} {n}" for ion, n in ordered.counts.items())
    nominal = ", ".join(f"{ion} {n:.2f}" for ion, n in ordered.nominal_counts.items())
    return f"the cell holds {held}; the file's occupancies give {nominal}"
