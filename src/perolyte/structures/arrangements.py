"""Ions on a fixed set of sites: draw random arrangements, rank them, turn them into structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._electronegativity import read_electronegativity
from perolyte.structures.checks import MIN_DISTANCE_A
from perolyte.structures.ewald import compute_ewald_energies, compute_ewald_matrix
from perolyte.structures.occupation import occupy_site

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

__all__ = [
    "EMPTY",
    "SYMBOL_DTYPE",
    "RankedArrangement",
    "SiteSet",
    "SublatticeMove",
    "draw_moves",
    "rank_arrangements",
]

EMPTY = ""
"""Symbol of a site without an ion."""

SYMBOL_DTYPE = np.dtype("<U3")
"""Of arrays of element symbols: wide enough for every element, so that none is ever cut."""

_ENERGY_DECIMALS = 6  # eV; equivalent arrangements differ by rounding only, about 1e-9 eV


@dataclass(frozen=True, eq=False)
class SiteSet:
    """Sites of a supercell, occupied or not.

    Attributes
    ----------
    lattice : pymatgen.core.Lattice
        Cell.
    frac_coords : ndarray
        ``(n_sites, 3)``, fractional, occupied and empty sites.
    """

    lattice: Lattice
    frac_coords: NDArray[np.float64]

    @cached_property
    def ewald_matrix(self) -> NDArray[np.float64]:
        """Ewald matrix of the sites, eV per e²."""
        return compute_ewald_matrix(self.lattice, self.frac_coords)

    @cached_property
    def too_close(self) -> NDArray[np.bool_]:
        """``(n_sites, n_sites)``: pairs that cannot be occupied together."""
        distances_A = self.lattice.get_all_distances(self.frac_coords, self.frac_coords)
        close = distances_A < MIN_DISTANCE_A
        np.fill_diagonal(close, False)
        return close

    def build_structure(self, symbols: NDArray[np.str_], states: Mapping[str, int]) -> Structure:
        """Structure of an arrangement, decorated with charges and sorted by element.

        Elements come in pymatgen's order, by electronegativity.
        """
        from pymatgen.core.structure import Structure

        present = sorted(set(symbols.tolist()) - {EMPTY})
        # One object per element and no sorting of sites: cells are large and candidates many.
        species_of = {symbol: occupy_site(symbol, states[symbol]) for symbol in present}
        ordered = sorted(present, key=lambda symbol: (read_electronegativity(symbol), symbol))
        groups = [np.flatnonzero(symbols == symbol) for symbol in ordered]
        species = [
            species_of[symbol]
            for symbol, group in zip(ordered, groups, strict=True)
            for _ in range(len(group))
        ]
        return Structure(self.lattice, species, self.frac_coords[np.concatenate(groups)])


@dataclass(frozen=True)
class SublatticeMove:
    """Ions leaving and entering one sublattice.

    Attributes
    ----------
    sites : tuple of int
        Indices of the sublattice's sites, occupied and empty.
    removed, added : dict of str to int
        Number of ions of each element taken from and put on these sites.
    """

    sites: tuple[int, ...]
    removed: Mapping[str, int]
    added: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class RankedArrangement:
    """One arrangement among the sampled ones.

    Attributes
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, the element on each site, "" where empty.
    ewald_energy_eV : float
        Point-charge energy of the cell, in eV.
    n_distinct : int
        Number of different arrangements that were compared.
    """

    symbols: NDArray[np.str_]
    ewald_energy_eV: float
    n_distinct: int


def draw_moves(
    symbols: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    *,
    n_samples: int,
    seed: int | list[int],
) -> NDArray[np.str_]:
    """Apply moves to an arrangement, choosing the sites at random.

    Ions that enter take the sites of those that leave, then empty sites; when more leave than
    enter, the sites that stay empty are chosen at random too.

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, the arrangement to start from.
    moves : sequence of SublatticeMove
        Moves on disjoint sublattices; they must be possible.
    n_samples : int
        Number of arrangements to draw.
    seed : int or list of int
        Seed of the random generator.

    Returns
    -------
    ndarray of str
        ``(n_samples, n_sites)``.

    Raises
    ------
    InputError
        When ``n_samples`` is not positive.
    """
    if n_samples < 1:
        raise InputError(f"n_samples is {n_samples}, allowed is at least 1; give e.g. 500")
    rng = np.random.default_rng(seed)
    drawn = np.tile(symbols, (n_samples, 1))
    for move in moves:
        sites = np.array(move.sites)
        of_element = {element: sites[symbols[sites] == element] for element in move.removed}
        empty = sites[symbols[sites] == EMPTY]
        entering = np.array(
            [e for e, n in move.added.items() for _ in range(n)], dtype=SYMBOL_DTYPE
        )
        for row in drawn:
            leaving = [
                rng.choice(of_element[element], n, replace=False)
                for element, n in move.removed.items()
            ]
            freed = np.concatenate(leaving) if leaving else np.empty(0, dtype=int)
            row[freed] = EMPTY
            n_filled = max(len(entering) - len(freed), 0)
            targets = np.concatenate([freed, rng.choice(empty, n_filled, replace=False)])
            row[rng.permutation(targets)[: len(entering)]] = entering
    return drawn


def rank_arrangements(
    sites: SiteSet,
    arrangements: NDArray[np.str_],
    *,
    states: Mapping[str, int],
    n_keep: int = 1,
) -> tuple[RankedArrangement, ...]:
    """Keep the arrangements of lowest point-charge energy.

    Formal charges without screening exaggerate order: use the rank as a filter, not as physics.

    Parameters
    ----------
    sites : SiteSet
        The sites.
    arrangements : ndarray of str
        ``(n_samples, n_sites)``.
    states : dict of str to int
        Charge of each element, in e.
    n_keep : int
        Number to keep; arrangements of equal energy (1e-6 eV, symmetry-equivalent) count once.

    Returns
    -------
    tuple of RankedArrangement
        By rising energy, at most ``n_keep``.

    Raises
    ------
    InputError
        When ``n_keep`` is not positive, or every arrangement has two ions nearer than 0.7 Å.
    """
    if n_keep < 1:
        raise InputError(f"n_keep is {n_keep}, allowed is at least 1")
    distinct = np.unique(arrangements, axis=0)
    occupied = (distinct != EMPTY).astype(np.float64)
    clashes = np.einsum("ij,ij->i", occupied @ sites.too_close.astype(np.float64), occupied)
    distinct = distinct[clashes < 0.5]
    if len(distinct) == 0:
        raise InputError(
            f"in all {len(arrangements)} sampled arrangements two ions are nearer than "
            f"{MIN_DISTANCE_A} Å; raise n_samples, or merge the split sites of the parent"
        )
    charges = np.zeros(distinct.shape)
    for element, state in states.items():
        charges[distinct == element] = state
    # Rounded, so that the choice among equivalent arrangements does not depend on the last bits.
    energies_eV = np.round(compute_ewald_energies(sites.ewald_matrix, charges), _ENERGY_DECIMALS)
    kept: list[RankedArrangement] = []
    for index in np.argsort(energies_eV, kind="stable"):
        energy_eV = float(energies_eV[index])
        if kept and energy_eV == kept[-1].ewald_energy_eV:
            continue
        kept.append(RankedArrangement(distinct[index], energy_eV, len(distinct)))
        if len(kept) == n_keep:
            break
    return tuple(kept)
