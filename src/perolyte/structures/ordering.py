"""From a disordered parent to ordered, neutral supercells, one or several of each composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_seed
from perolyte.structures._disordered_parent import DisorderedParent, read_disordered_parent
from perolyte.structures._monte_carlo_chain import get_charges
from perolyte.structures.arrangements import EMPTY, draw_moves, rank_arrangements
from perolyte.structures.checks import MIN_DISTANCE_A
from perolyte.structures.ewald import compute_ewald_energies
from perolyte.structures.monte_carlo import sample_equilibrium
from perolyte.structures.special_quasirandom import sample_quasirandom

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "ORDERING_METHODS",
    "OrderedParentResult",
    "build_ordered_parent",
    "build_ordered_parents",
]

ORDERING_METHODS = ("ewald", "monte_carlo", "sqs", "random")
"""The best of random arrangements by point-charge energy; a canonical Monte Carlo sample at a
temperature; a special quasirandom structure; one arrangement at random."""

_DEFAULT_SAMPLES = {"ewald": 500, "monte_carlo": 5000, "sqs": 3000, "random": 100}
_ENERGY_DECIMALS = 6  # eV; equivalent arrangements differ by rounding only, about 1e-9 eV


@dataclass(frozen=True, eq=False)
class OrderedParentResult:
    """An ordered supercell and how far it is from the parent's occupancies.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Ordered, neutral supercell, decorated with oxidation states.
    vacancy_sites_frac : ndarray
        ``(n_vacancies, 3)``, fractional: sites of the disordered sublattice left empty.
    counts : dict of str to int
        Ions placed on the disordered sites, ``"vacancy"`` the empty ones; empty when the parent
        was ordered.
    nominal_counts : dict of str to float
        The same from the occupancies of the parent.
    reason : str
        Why these counts were taken.
    ewald_energy_eV : float
        Point-charge energy of the cell, eV; compare it at equal composition only.
    method : str
        One of :data:`ORDERING_METHODS`.
    n_samples : int
        What the method was given: arrangements drawn, sweeps, or steps.
    n_distinct : int
        Different arrangements among those drawn (recorded ones of a Monte Carlo chain).
    seed : int
        Seed of this cell's own draw.
    warnings : tuple of str
        What was assumed on the way.
    correlation_mismatch, random_correlation_mismatch : float or None
        Of a special quasirandom structure: Σ |difference| of its correlations from those of the
        random alloy, and the mean of random arrangements, dimensionless.
    """

    structure: Structure
    vacancy_sites_frac: NDArray[np.float64]
    counts: dict[str, int]
    nominal_counts: dict[str, float]
    reason: str
    ewald_energy_eV: float
    method: str
    n_samples: int
    n_distinct: int
    seed: int
    warnings: tuple[str, ...]
    correlation_mismatch: float | None = None
    random_correlation_mismatch: float | None = None


@dataclass(frozen=True, eq=False)
class _Draw:
    """What a method found with one seed: arrangements in the order of preference."""

    arrangements: Sequence[NDArray[np.str_]]
    n_distinct: int
    warnings: tuple[str, ...] = ()
    mismatch: float | None = None
    random_mismatch: float | None = None


@dataclass(frozen=True)
class _Settings:
    n_cells: int
    n_samples: int
    temperature_K: float
    relative_permittivity: float


def build_ordered_parent(
    structure: Structure,
    *,
    supercell: Sequence[int] | ArrayLike = (2, 2, 3),
    composition: Mapping[str, int] | None = None,
    oxidation_states: Mapping[str, int] | None = None,
    method: str = "ewald",
    n_samples: int | None = None,
    temperature_K: float = 1500.0,
    relative_permittivity: float = 10.0,
    seed: int = 0,
) -> OrderedParentResult:
    """Build one ordered neutral supercell; the first of :func:`build_ordered_parents`.

    Parameters
    ----------
    structure, supercell, composition, oxidation_states, method, n_samples, temperature_K, \
relative_permittivity, seed
        As in :func:`build_ordered_parents`.

    Returns
    -------
    OrderedParentResult
        With the method "ewald", the arrangement of lowest energy among random ones.

    Raises
    ------
    InputError
        As :func:`build_ordered_parents`.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> llto = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.87), [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> build_ordered_parent(llto, n_samples=20).counts
    {'La': 7, 'Li': 3, 'vacancy': 2}
    """
    return build_ordered_parents(
        structure,
        supercell=supercell,
        composition=composition,
        oxidation_states=oxidation_states,
        method=method,
        n_samples=n_samples,
        temperature_K=temperature_K,
        relative_permittivity=relative_permittivity,
        seed=seed,
    )[0]


def build_ordered_parents(
    structure: Structure,
    *,
    supercell: Sequence[int] | ArrayLike = (2, 2, 3),
    composition: Mapping[str, int] | None = None,
    oxidation_states: Mapping[str, int] | None = None,
    method: str = "ewald",
    n_cells: int = 1,
    n_samples: int | None = None,
    temperature_K: float = 1500.0,
    relative_permittivity: float = 10.0,
    seed: int = 0,
) -> tuple[OrderedParentResult, ...]:
    """Build several independent ordered neutral supercells of one composition.

    Groups of sites with equal occupancies, such as the layers of a layered parent, keep their own
    composition with every method.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Parent cell, ordered or with partially occupied sites.
    supercell : three integers or 3 x 3 integers
        Repeats along a, b and c, or the supercell's vectors as rows in terms of those of the cell.
    composition : mapping of str to int, optional
        Ions to put on the disordered sites of the supercell, e.g. ``{"Li": 3, "La": 7}``; the
        other sites stay empty. Left out: the neutral whole numbers nearest to the occupancies.
    oxidation_states : mapping of str to int, optional
        States in e; the rest as :func:`~perolyte.structures.oxidation.assign_oxidation_states`.
    method : str
        One of :data:`ORDERING_METHODS`.
    n_cells : int
        Cells wanted. Fewer come back, with a warning, when the method finds the same one again.
    n_samples : int, optional
        Effort for each cell: random arrangements to compare ("ewald", 500; "random", 100, of which
        it takes the first possible one), sweeps ("monte_carlo", 5000), or steps ("sqs", 3000).
    temperature_K, relative_permittivity : float
        Of the weights of "monte_carlo"; see :mod:`perolyte.structures.monte_carlo`.
    seed : int
        Seed of the first cell; cell k draws from ``SeedSequence([seed, k])``. Each result records
        the seed of its own cell.

    Returns
    -------
    tuple of OrderedParentResult
        In the order of their seeds.

    Raises
    ------
    InputError
        When the cell cannot be neutral, or the composition does not fit the disordered sites (the
        message names the net charge and the nearest neutral choice); for an unknown method, a
        number out of its range, and "sqs" without the package icet.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> llto = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.87), [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> cells = build_ordered_parents(llto, method="monte_carlo", n_cells=3, temperature_K=6000)
    >>> cells[0].seed, len(cells), cells[2].counts
    (0, 3, {'La': 7, 'Li': 3, 'vacancy': 2})
    """
    if method not in ORDERING_METHODS:
        raise InputError(f"method is {method!r}, allowed are {', '.join(ORDERING_METHODS)}")
    settings = _Settings(
        n_cells=n_cells,
        n_samples=_DEFAULT_SAMPLES[method] if n_samples is None else n_samples,
        temperature_K=temperature_K,
        relative_permittivity=relative_permittivity,
    )
    for name, number in (("n_cells", n_cells), ("n_samples", settings.n_samples)):
        if number < 1:
            raise InputError(f"{name} is {number}, allowed are integers from 1")
    check_seed(seed)
    parent = read_disordered_parent(
        structure, supercell=supercell, composition=composition, oxidation_states=oxidation_states
    )
    seeds = [seed, *(_derive_seed(seed, index) for index in range(1, n_cells))]
    if not parent.moves:
        draws: list[_Draw] = [_Draw([parent.symbols], 1)]
    else:
        draws = _METHODS[method](parent, settings, seeds)
    chosen = _choose_different(parent, draws)
    notes = parent.warnings
    if len(chosen) < n_cells:
        few = (
            f"{n_cells} cells were asked and {len(chosen)} different ones found by the method "
            f"{method}; raise n_samples or the temperature, or use a larger supercell"
        )
        notes = (*notes, few)
    return tuple(
        _make_result(parent, draws[index], symbols, method, settings, seeds[index], notes)
        for index, symbols in chosen
    )


def _derive_seed(seed: int, index: int) -> int:
    """Seed of a further cell, a whole number so that it can be recorded and given again."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def _order_by_ewald(
    parent: DisorderedParent, settings: _Settings, seeds: Sequence[int]
) -> list[_Draw]:
    draws = []
    for seed in seeds:
        drawn = draw_moves(parent.symbols, parent.moves, n_samples=settings.n_samples, seed=seed)
        kept = rank_arrangements(parent.sites, drawn, states=parent.states, n_keep=settings.n_cells)
        draws.append(_Draw([k.symbols for k in kept], kept[0].n_distinct))
    return draws


def _order_at_random(
    parent: DisorderedParent, settings: _Settings, seeds: Sequence[int]
) -> list[_Draw]:
    draws = []
    close = parent.sites.too_close.astype(np.float64)
    for seed in seeds:
        drawn = draw_moves(parent.symbols, parent.moves, n_samples=settings.n_samples, seed=seed)
        occupied = (drawn != EMPTY).astype(np.float64)
        possible = drawn[np.einsum("ij,ij->i", occupied @ close, occupied) < 0.5]
        if len(possible) == 0:
            raise InputError(
                f"in all {len(drawn)} random arrangements two ions are nearer than "
                f"{MIN_DISTANCE_A} Å; use the method monte_carlo, or merge the split sites"
            )
        draws.append(_Draw(list(possible), len(np.unique(possible, axis=0))))
    return draws


def _order_by_monte_carlo(
    parent: DisorderedParent, settings: _Settings, seeds: Sequence[int]
) -> list[_Draw]:
    draws = []
    for seed in seeds:
        sample = sample_equilibrium(
            parent.sites,
            parent.symbols,
            parent.moves,
            states=parent.states,
            n_samples=1,
            temperature_K=settings.temperature_K,
            relative_permittivity=settings.relative_permittivity,
            n_sweeps=settings.n_samples,
            seed=seed,
        )
        n_distinct = len(np.unique(np.round(sample.sweep_energies_eV, _ENERGY_DECIMALS)))
        draws.append(_Draw(list(sample.arrangements), n_distinct, sample.warnings))
    return draws


def _order_quasirandomly(
    parent: DisorderedParent, settings: _Settings, seeds: Sequence[int]
) -> list[_Draw]:
    sample = sample_quasirandom(
        parent.sites, parent.symbols, parent.moves, seeds=seeds, n_steps=settings.n_samples
    )
    return [
        _Draw(
            [cell.symbols],
            1,
            mismatch=cell.mismatch,
            random_mismatch=sample.random_mismatch_mean,
        )
        for cell in sample.cells
    ]


_METHODS: dict[str, Callable[[DisorderedParent, _Settings, Sequence[int]], list[_Draw]]] = {
    "ewald": _order_by_ewald,
    "monte_carlo": _order_by_monte_carlo,
    "sqs": _order_quasirandomly,
    "random": _order_at_random,
}


def _choose_different(
    parent: DisorderedParent, draws: Sequence[_Draw]
) -> list[tuple[int, NDArray[np.str_]]]:
    """From each draw its first arrangement that is not equivalent to one already taken.

    Two quadratic forms tell arrangements apart, that of the formal charges and one that gives
    elements of equal charge different weights.
    """
    elements = sorted(parent.states)
    weights = {e: parent.states[e] + np.sqrt(k + 2.0) for k, e in enumerate(elements)}
    chosen: list[tuple[int, NDArray[np.str_]]] = []
    taken: list[tuple[float, ...]] = []
    for index, draw in enumerate(draws):
        for symbols in draw.arrangements:
            charges = np.vstack(
                [get_charges(symbols[None, :], states) for states in (parent.states, weights)]
            )
            marks = tuple(compute_ewald_energies(parent.sites.ewald_matrix, charges))
            if not any(np.allclose(marks, other, rtol=0.0, atol=1e-6) for other in taken):
                chosen.append((index, symbols))
                taken.append(marks)
                break
    return chosen


def _make_result(
    parent: DisorderedParent,
    draw: _Draw,
    symbols: NDArray[np.str_],
    method: str,
    settings: _Settings,
    seed: int,
    notes: tuple[str, ...],
) -> OrderedParentResult:
    charges = get_charges(symbols[None, :], parent.states)
    energy_eV = float(compute_ewald_energies(parent.sites.ewald_matrix, charges)[0])
    return OrderedParentResult(
        structure=parent.sites.build_structure(symbols, parent.states),
        vacancy_sites_frac=parent.sites.frac_coords[symbols == EMPTY],
        counts=parent.counts,
        nominal_counts=parent.nominal_counts,
        reason=parent.reason,
        ewald_energy_eV=round(energy_eV, _ENERGY_DECIMALS),
        method=method,
        n_samples=settings.n_samples if parent.moves else 1,
        n_distinct=draw.n_distinct,
        seed=seed,
        warnings=notes + draw.warnings,
        correlation_mismatch=draw.mismatch,
        random_correlation_mismatch=draw.random_mismatch,
    )
