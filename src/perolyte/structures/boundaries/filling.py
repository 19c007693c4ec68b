"""Ions on the sites of a cell: as many as the parent has, neutral by the mobile ion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.arrangements import (
    EMPTY,
    SYMBOL_DTYPE,
    SiteSet,
    SublatticeMove,
    draw_moves,
    rank_arrangements,
)
from perolyte.structures.boundaries.template import BoundaryTemplate

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

__all__ = ["Filling", "UnbalancedCellError", "fill_sites"]

_FULL = 1e-6


class UnbalancedCellError(InputError):
    """The mobile ion cannot make a cell neutral."""


@dataclass(frozen=True, eq=False)
class Filling:
    """A neutral cell.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        With oxidation states.
    counts : dict of str to int
        Atoms of each element.
    charge_before_e : int
        Before mobile ions were added or removed.
    mobile_ions_added : int
        Below zero where they were removed.
    """

    structure: Structure
    counts: dict[str, int]
    charge_before_e: int
    mobile_ions_added: int


def fill_sites(
    lattice: Lattice,
    coords_A: NDArray[np.float64],
    labels: NDArray[np.int64],
    template: BoundaryTemplate,
    *,
    mobile_ion: str | None,
    n_samples: int,
    seed: int,
) -> Filling:
    """Fill every sublattice as the template does, in whole numbers, and make the cell neutral.

    Where ions have a choice of sites, the arrangement of lowest point-charge energy among
    ``n_samples`` random ones is taken.

    Raises
    ------
    UnbalancedCellError
        For a charge without a mobile ion to balance it, or with too few of its ions or sites.
    """
    sites_of = {label: np.flatnonzero(labels == label) for label in template.occupancies}
    counts = {
        label: _round_counts(held, len(sites_of[label]))
        for label, held in template.occupancies.items()
    }
    charge = sum(
        template.states[element] * n for held in counts.values() for element, n in held.items()
    )
    added = 0
    if charge:
        added = _balance(counts, sites_of, template, charge, mobile_ion)
    sites = SiteSet(lattice, np.mod(lattice.get_fractional_coords(coords_A), 1.0))
    symbols = np.full(len(labels), EMPTY, dtype=SYMBOL_DTYPE)
    moves = []
    for label, held in counts.items():
        present = {element: n for element, n in sorted(held.items()) if n}
        if len(present) == 1 and sum(present.values()) == len(sites_of[label]):
            symbols[sites_of[label]] = next(iter(present))
        elif present:
            moves.append(SublatticeMove(tuple(sites_of[label].tolist()), {}, present))
    if moves:
        drawn = draw_moves(symbols, moves, n_samples=n_samples, seed=seed)
        symbols = rank_arrangements(sites, drawn, states=template.states)[0].symbols
    present_symbols, numbers = np.unique(symbols[symbols != EMPTY], return_counts=True)
    return Filling(
        structure=sites.build_structure(symbols, template.states),
        counts={str(e): int(n) for e, n in zip(present_symbols, numbers, strict=True)},
        charge_before_e=charge,
        mobile_ions_added=added,
    )


def _round_counts(held: dict[str, float], n_sites: int) -> dict[str, int]:
    """Share sites by largest remainder, empty ones among them."""
    names = sorted(held)
    wanted = np.array([held[name] * n_sites for name in names])
    total = round(float(wanted.sum()))
    counts = np.floor(wanted + _FULL).astype(int)
    order = np.argsort(-np.round(wanted - counts, 6), kind="stable")
    for index in order[: max(0, total - int(counts.sum()))]:
        counts[index] += 1
    return {name: int(n) for name, n in zip(names, counts, strict=True)}


def _balance(
    counts: dict[int, dict[str, int]],
    sites_of: dict[int, NDArray[np.int64]],
    template: BoundaryTemplate,
    charge: int,
    mobile_ion: str | None,
) -> int:
    """Change the number of mobile ions in place, and return by how many."""
    label = next((k for k, held in counts.items() if mobile_ion in held), None)
    if mobile_ion is None or label is None:
        raise UnbalancedCellError(
            f"the cell has a net charge of {charge:+d} e and no mobile ion that could balance it; "
            "keep all ions (overlaps='expand'), or give mobile_ion"
        )
    state = template.states[mobile_ion]
    if charge % state:
        raise UnbalancedCellError(
            f"the net charge of {charge:+d} e is no multiple of the {state:+d} e of {mobile_ion}; "
            "keep all ions (overlaps='expand')"
        )
    added = -charge // state
    n_present = counts[label][mobile_ion]
    n_empty = len(sites_of[label]) - sum(counts[label].values())
    if n_present + added < 0 or added > n_empty:
        limit = f"{n_present} are there" if added < 0 else f"{n_empty} sites are empty"
        raise UnbalancedCellError(
            f"a net charge of {charge:+d} e needs {added:+d} {mobile_ion}, but {limit}; keep all "
            "ions (overlaps='expand')"
        )
    counts[label][mobile_ion] = n_present + added
    return added
