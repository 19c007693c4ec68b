"""Metropolis chains of swaps: the problem they work on, and their state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._swap_space import SwapSpace, build_swap_space
from perolyte.structures.arrangements import EMPTY, SiteSet, SublatticeMove, draw_moves
from perolyte.structures.checks import MIN_DISTANCE_A
from perolyte.structures.ewald import compute_potentials

if TYPE_CHECKING:
    from perolyte.structures._monte_carlo_kernels import SwapTable

__all__ = ["SwapChain", "SwapProblem", "get_charges"]

_CLASH_SWEEPS = 2000
_CLASH_TEMPERATURE = 0.3  # in clashes: one more is accepted in 4 % of trials


class SwapChain:
    """One Metropolis chain: its arrangement, its random numbers, and what it recorded."""

    def __init__(
        self,
        problem: SwapProblem,
        rng: np.random.Generator,
        codes: NDArray[np.int8],
    ) -> None:
        self._problem = problem
        self._rng = rng
        self._codes = codes
        self.n_sites = len(codes)
        self.can_change = len(problem.space.channels) > 0
        self.sweep_eV = np.empty(0)
        self.sweep_codes = np.empty((0, len(codes)), dtype=np.int8)
        self.pool_eV = np.empty(0)
        self.pool_codes = np.empty((0, len(codes)), dtype=np.int8)

    def count_clashes(self) -> int:
        """Count the pairs of ions too near each other, of which one may move."""
        table = self._problem.table
        occupied = self._codes != 0
        pairs = np.repeat(occupied, np.diff(table.close_starts)) & occupied[table.close_sites]
        return int(pairs.sum()) // 2 + int(table.fixed_clashes[occupied].sum())

    def run(
        self,
        thermal_eV: NDArray[np.float64],
        *,
        n_pool: int = 0,
        record: bool = False,
        only_clashes: bool = False,
    ) -> int:
        """Run a sweep at each temperature; return the accepted swaps."""
        from perolyte.structures._monte_carlo_kernels import run_chain

        n_sites = self.n_sites
        self.sweep_eV = np.empty(len(thermal_eV))
        self.sweep_codes = np.empty((len(thermal_eV) if record else 0, n_sites), dtype=np.int8)
        self.pool_eV = np.full(n_pool, math.inf)
        self.pool_codes = np.zeros((n_pool, n_sites), dtype=np.int8)
        # Afresh for each run, so that rounding cannot pile up.
        energy_eV, potentials_V = self._problem.evaluate(self._codes)
        if not self.can_change:
            self.sweep_eV[:] = energy_eV
            self.sweep_codes[:] = self._codes
            self.pool_eV[:1], self.pool_codes[:1] = energy_eV, self._codes
            return 0
        _, _, n_accepted = run_chain(
            self._rng,
            self._problem.table,
            self._codes,
            potentials_V,
            energy_eV,
            self.count_clashes(),
            np.ascontiguousarray(thermal_eV, dtype=np.float64),
            only_clashes,
            self.sweep_eV,
            self.sweep_codes,
            self.pool_eV,
            self.pool_codes,
        )
        return int(n_accepted)


@dataclass(frozen=True, eq=False)
class SwapProblem:
    """The space, the energy of the sites that never change, and the table of the kernel."""

    space: SwapSpace
    symbols: NDArray[np.str_]
    moves: tuple[SublatticeMove, ...]
    table: SwapTable
    fixed_potentials_V: NDArray[np.float64]
    fixed_energy_eV: float

    @classmethod
    def build(
        cls,
        sites: SiteSet,
        symbols: NDArray[np.str_],
        moves: Sequence[SublatticeMove],
        states: Mapping[str, int],
    ) -> SwapProblem:
        from perolyte.structures._monte_carlo_kernels import SwapTable

        space = build_swap_space(symbols, moves)
        movable = space.movable
        background = symbols.copy()
        background[movable] = EMPTY
        matrix = sites.ewald_matrix
        charges = get_charges(background[None, :], states)[0]
        potentials_V = compute_potentials(matrix, charges)
        close = sites.too_close[np.ix_(movable, movable)]
        fixed = background != EMPTY
        if np.any(sites.too_close[np.ix_(fixed, fixed)]):
            raise InputError(
                f"two ions that no move touches are nearer than {MIN_DISTANCE_A} Å; correct the "
                "structure"
            )
        table = SwapTable(
            matrix=np.ascontiguousarray(matrix[np.ix_(movable, movable)]),
            charges_e=np.array([0.0, *(_get_state(e, states) for e in space.species[1:])]),
            class_starts=space.class_starts,
            hosts=space.hosts,
            channels=space.channels,
            channel_ends=np.cumsum(space.channel_weights),
            close_starts=np.concatenate([[0], np.cumsum(close.sum(axis=1))]).astype(np.int64),
            close_sites=np.nonzero(close)[1].astype(np.int64),
            fixed_clashes=sites.too_close[np.ix_(movable, fixed)].sum(axis=1).astype(np.int64),
        )
        return cls(
            space=space,
            symbols=symbols,
            moves=tuple(moves),
            table=table,
            fixed_potentials_V=potentials_V[movable],
            fixed_energy_eV=0.5 * float(charges @ potentials_V),
        )

    def evaluate(self, codes: NDArray[np.int8]) -> tuple[float, NDArray[np.float64]]:
        """Energy of the cell, eV, and potentials at the movable sites, V."""
        charges = self.table.charges_e[codes]
        own_V = compute_potentials(self.table.matrix, charges)
        energy_eV = self.fixed_energy_eV + float(charges @ (self.fixed_potentials_V + 0.5 * own_V))
        return energy_eV, self.fixed_potentials_V + own_V

    def start_chain(self, seed: list[int]) -> SwapChain:
        """Begin a chain at a random arrangement in which no two ions are too near."""
        rng = np.random.default_rng(seed)
        start = draw_moves(self.symbols, self.moves, n_samples=1, seed=[*seed, 1])[0]
        chain = SwapChain(self, rng, self.space.encode(start))
        if chain.count_clashes():
            chain.run(np.full(_CLASH_SWEEPS, _CLASH_TEMPERATURE), only_clashes=True)
        if chain.count_clashes():
            raise InputError(
                f"no arrangement was found in which all ions are at least {MIN_DISTANCE_A} Å "
                "apart; lower the number of ions, or merge the split sites of the parent"
            )
        return chain


def _get_state(element: str, states: Mapping[str, float]) -> float:
    if element not in states:
        raise InputError(f"{element} has no oxidation state; give it, e.g. {{{element!r}: 2}}")
    return float(states[element])


def get_charges(arrangements: NDArray[np.str_], states: Mapping[str, float]) -> NDArray[np.float64]:
    """``(n, n_sites)`` charges, e."""
    charges = np.zeros(arrangements.shape)
    for element in np.unique(arrangements):
        if element != EMPTY:
            charges[arrangements == element] = _get_state(str(element), states)
    return charges
