"""Canonical Monte Carlo over arrangements of ions, weighted by their point-charge energy.

The chain (Metropolis, doi 10.1063/1.1699114) swaps unlike occupants of one sublattice and stays in
the space of the moves: as many ions of each element leave their sites as asked, no more.

Formal charges without screening separate ions far more than real crystals do. What enters the
weight is exp(-E / (relative_permittivity kB temperature_K)), so only the product of the two counts.
The default permittivity, 10, is a round figure between the electronic permittivity of oxide
perovskites (about 5, which screens at fixed ions) and their much larger static one; the default
temperature of an equilibrium sample, 1500 K, is one at which cations of these ceramics still
exchange during sintering. Both are conventions, not properties of one material: vary them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_seed
from perolyte.structures._monte_carlo_chain import SwapChain, SwapProblem, get_charges
from perolyte.structures.arrangements import (
    RankedArrangement,
    SiteSet,
    SublatticeMove,
    rank_arrangements,
)
from perolyte.structures.ewald import compute_ewald_energies
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = [
    "EquilibriumSample",
    "LowEnergySample",
    "estimate_autocorrelation",
    "sample_equilibrium",
    "sample_low_energy",
]

_RANDOM_SWEEPS = 50  # at infinite temperature, to learn the scale of the energy
_ROUND_OFF = 1e-9  # relative
_WINDOW = 5.0  # in autocorrelation times, as in the reference of estimate_autocorrelation
_EQUILIBRATION_LIMIT = 4.0  # standard errors between the two halves of a chain


@dataclass(frozen=True, eq=False)
class LowEnergySample:
    """The arrangements of lowest energy that annealed chains have seen.

    Attributes
    ----------
    kept : tuple of RankedArrangement
        By rising energy, all different by more than 1e-6 eV; ``n_distinct`` is the number of
        arrangements that the chains brought home before the cut.
    n_chains_at_lowest : int
        Chains that came to the lowest energy. When it is 1 of many, run more sweeps.
    n_trials, n_accepted : int
        Swaps tried and accepted, over all chains.
    seed : int
        Seed; chain k draws from ``SeedSequence([seed, k])``.
    """

    kept: tuple[RankedArrangement, ...]
    n_chains_at_lowest: int
    n_trials: int
    n_accepted: int
    seed: int


@dataclass(frozen=True, eq=False)
class EquilibriumSample:
    """Arrangements drawn with Boltzmann weights.

    Attributes
    ----------
    arrangements : ndarray of str
        ``(n_samples, n_sites)``, in the order of the chain, spaced so that they are independent.
    ewald_energies_eV : ndarray
        ``(n_samples,)``, point-charge energies of the cell, eV, unscreened.
    sweep_energies_eV : ndarray
        ``(n_sweeps,)``, the same after every sweep.
    autocorrelation_sweeps : float
        Integrated autocorrelation time of the energy or of the occupants of the sites, whichever is
        longer, sweeps; 0.5 for independent sweeps, infinite when nothing ever changed.
    spacing_sweeps : int
        Sweeps between two samples.
    acceptance : float
        Accepted part of the trial swaps.
    seed : int
        Seed of the chain.
    warnings : tuple of str
        Where the chain was too short.
    """

    arrangements: NDArray[np.str_]
    ewald_energies_eV: NDArray[np.float64]
    sweep_energies_eV: NDArray[np.float64]
    autocorrelation_sweeps: float
    spacing_sweeps: int
    acceptance: float
    seed: int
    warnings: tuple[str, ...]


def sample_low_energy(
    sites: SiteSet,
    symbols: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    *,
    states: Mapping[str, int],
    n_keep: int = 10,
    temperature_K: float = 300.0,
    start_temperature_K: float | None = None,
    relative_permittivity: float = 10.0,
    n_sweeps: int = 5000,
    n_chains: int = 4,
    seed: int = 0,
) -> LowEnergySample:
    """Find arrangements of low point-charge energy by annealing several chains.

    Parameters
    ----------
    sites : SiteSet
        The sites.
    symbols : ndarray of str
        ``(n_sites,)``, the arrangement to start from.
    moves : sequence of SublatticeMove
        Moves on disjoint sublattices; they span the space that is searched.
    states : mapping of str to int
        Charge of each element, in e.
    n_keep : int
        Arrangements to keep; those within 1e-6 eV of each other count once.
    temperature_K : float
        Temperature at the end; each chain cools to it geometrically.
    start_temperature_K : float, optional
        Temperature at the start; left out, that of a swap in a random arrangement.
    relative_permittivity : float
        Divides all energies in the weights, never in the results.
    n_sweeps : int
        Sweeps of each chain; a sweep is as many trial swaps as there are sites that may change.
    n_chains : int
        Chains, each from its own random arrangement.
    seed : int
        Seed.

    Returns
    -------
    LowEnergySample
        The lowest arrangements seen by any chain at any moment.

    Raises
    ------
    InputError
        When the moves are impossible, a number is out of its range, or no arrangement without two
        ions nearer than 0.7 Å is found.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> grid = np.stack(np.meshgrid([0, 0.5], [0, 0.5], [0, 0.5]), -1).reshape(-1, 3)
    >>> sites = SiteSet(Lattice.cubic(5.6), grid)
    >>> move = SublatticeMove(tuple(range(8)), {}, {"Na": 4, "Cl": 4})
    >>> found = sample_low_energy(
    ...     sites, np.full(8, "", "<U3"), [move], states={"Na": 1, "Cl": -1}, n_keep=2)
    >>> round(found.kept[0].ewald_energy_eV * 2.8 / 4 / 14.3996, 4)  # rocksalt: minus Madelung's
    -1.7476
    """
    _check_numbers(n_keep=n_keep, n_sweeps=n_sweeps, n_chains=n_chains)
    _check_weight(temperature_K, start_temperature_K, relative_permittivity)
    check_seed(seed)
    problem = SwapProblem.build(sites, symbols, moves, states)
    codes: list[NDArray[np.int8]] = []
    lowest_eV: list[float] = []
    n_accepted = 0
    for index in range(n_chains):
        chain = problem.start_chain([seed, index])
        start_eV = _choose_start(chain, start_temperature_K, relative_permittivity)
        end_eV = BOLTZMANN_EV_PER_K * temperature_K * relative_permittivity
        ladder_eV = np.geomspace(max(start_eV, end_eV), end_eV, n_sweeps)
        n_accepted += chain.run(ladder_eV, n_pool=n_keep)
        codes += [c for c, e in zip(chain.pool_codes, chain.pool_eV, strict=True) if e < math.inf]
        lowest_eV.append(float(chain.pool_eV[0]))
    arrangements = problem.space.decode(np.array(codes), background=problem.symbols)
    kept = rank_arrangements(sites, arrangements, states=states, n_keep=n_keep)
    tie_eV = 1e-5  # energies of chains are sums of many small changes
    return LowEnergySample(
        kept=kept,
        n_chains_at_lowest=sum(e < min(lowest_eV) + tie_eV for e in lowest_eV),
        n_trials=n_chains * n_sweeps * len(problem.space.movable),
        n_accepted=n_accepted,
        seed=seed,
    )


def sample_equilibrium(
    sites: SiteSet,
    symbols: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    *,
    states: Mapping[str, int],
    n_samples: int = 10,
    temperature_K: float = 1500.0,
    relative_permittivity: float = 10.0,
    n_sweeps: int = 5000,
    seed: int = 0,
) -> EquilibriumSample:
    """Draw independent arrangements with the weights of one temperature.

    The chain cools from the energy of a swap in a random arrangement to the temperature during a
    quarter of the sweeps, stays there for another quarter, and is then recorded.

    Parameters
    ----------
    sites, symbols, moves, states
        As in :func:`sample_low_energy`.
    n_samples : int
        Arrangements to draw; fewer come back, with a warning, when the chain is too short for as
        many independent ones.
    temperature_K : float
        Temperature of the weights.
    relative_permittivity : float
        Divides all energies in the weights, never in the results.
    n_sweeps : int
        Sweeps that are recorded; half as many precede them.
    seed : int
        Seed.

    Returns
    -------
    EquilibriumSample
        The samples, with the autocorrelation time that spaces them. It knows only what the chain
        has seen: where one order is locked in, compare several seeds.

    Raises
    ------
    InputError
        As :func:`sample_low_energy`.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> sites = SiteSet(Lattice.cubic(8.0), np.random.default_rng(0).random((6, 3)))
    >>> sample = sample_equilibrium(
    ...     sites, np.full(6, "", "<U3"), [SublatticeMove(tuple(range(6)), {}, {"Li": 2})],
    ...     states={"Li": 1}, n_samples=5)
    >>> sample.arrangements.shape, sample.autocorrelation_sweeps < 5
    ((5, 6), True)
    """
    _check_numbers(n_samples=n_samples, n_sweeps=n_sweeps)
    _check_weight(temperature_K, None, relative_permittivity)
    check_seed(seed)
    problem = SwapProblem.build(sites, symbols, moves, states)
    chain = problem.start_chain([seed])
    end_eV = BOLTZMANN_EV_PER_K * temperature_K * relative_permittivity
    start_eV = _choose_start(chain, None, relative_permittivity)
    n_cool = max(1, n_sweeps // 4)
    chain.run(np.geomspace(max(start_eV, end_eV), end_eV, n_cool))
    chain.run(np.full(n_cool, end_eV))
    n_accepted = chain.run(np.full(n_sweeps, end_eV), record=True)
    time_sweeps = _estimate_memory(chain, len(problem.space.species))
    # Four times the decay length of an exponential whose integrated time is this: exp(-4) = 2 %.
    spacing = n_sweeps if math.isinf(time_sweeps) else math.ceil(max(4 * (time_sweeps - 0.5), 1))
    rows = np.arange(n_sweeps - 1, -1, -min(spacing, n_sweeps))[:n_samples][::-1]
    arrangements = problem.space.decode(chain.sweep_codes[rows], background=problem.symbols)
    return EquilibriumSample(
        arrangements=arrangements,
        ewald_energies_eV=compute_ewald_energies(
            sites.ewald_matrix, get_charges(arrangements, states)
        ),
        sweep_energies_eV=chain.sweep_eV,
        autocorrelation_sweeps=time_sweeps,
        spacing_sweeps=spacing,
        acceptance=n_accepted / max(n_sweeps * len(problem.space.movable), 1),
        seed=seed,
        warnings=_judge_chain(chain.sweep_eV, time_sweeps, n_found=len(rows), n_asked=n_samples),
    )


def estimate_autocorrelation(series: NDArray[np.float64]) -> float:
    """Integrated autocorrelation time of a series, tau = ½ + Σ rho(t), in steps.

    The sum is cut at the first t of five tau or more (doi 10.1007/978-1-4899-0319-8_6).

    Parameters
    ----------
    series : ndarray
        ``(n_steps,)``, or ``(n_steps, n_series)``, whose covariances are added; any unit.

    Returns
    -------
    float
        0.5 for independent steps; infinite when nothing ever changes.

    Examples
    --------
    >>> bool(0.4 < estimate_autocorrelation(np.random.default_rng(0).normal(size=5000)) < 0.6)
    True
    """
    n_steps = len(series)
    covariance = np.zeros(n_steps)
    for column in series.reshape(n_steps, -1).T:
        centred = column - np.mean(column)
        # Round-off of an energy that never changed is no fluctuation.
        if np.max(np.abs(centred)) > _ROUND_OFF * max(1.0, float(np.max(np.abs(column)))):
            spectrum = np.fft.rfft(centred, 2 * n_steps)
            covariance += np.fft.irfft(np.abs(spectrum) ** 2)[:n_steps]
    if covariance[0] == 0.0:
        return math.inf
    times = np.cumsum(covariance / covariance[0]) - 0.5
    settled = np.flatnonzero(np.arange(n_steps) >= _WINDOW * times)
    return max(float(times[settled[0]] if len(settled) else times[-1]), 0.5)


def _estimate_memory(chain: SwapChain, n_species: int) -> float:
    """Autocorrelation time of the energy or of the occupants, whichever is longer."""
    if not chain.can_change:
        return 0.5
    occupants = [chain.sweep_codes == code for code in range(n_species)]
    time_sweeps = estimate_autocorrelation(np.concatenate(occupants, axis=1))
    of_energy = estimate_autocorrelation(chain.sweep_eV)
    # Ions of equal charge change places at constant energy.
    return time_sweeps if math.isinf(of_energy) else max(time_sweeps, of_energy)


def _choose_start(
    chain: SwapChain, start_temperature_K: float | None, relative_permittivity: float
) -> float:
    """Thermal energy to start cooling from, eV: as given, or that of a swap among random ions.

    The energy of a cell is a sum over its n sites, so one swap, of two of them, changes it by
    about 2/√n of the spread between random arrangements.
    """
    if start_temperature_K is not None:
        return BOLTZMANN_EV_PER_K * start_temperature_K * relative_permittivity
    chain.run(np.full(_RANDOM_SWEEPS, math.inf))
    return 2.0 * float(np.std(chain.sweep_eV)) / math.sqrt(max(chain.n_sites, 1))


def _judge_chain(
    energies_eV: NDArray[np.float64], time_sweeps: float, *, n_found: int, n_asked: int
) -> tuple[str, ...]:
    warnings: list[str] = []
    if n_found < n_asked:
        warnings.append(
            f"{n_found} of {n_asked} samples are independent in {len(energies_eV)} sweeps "
            f"(autocorrelation {time_sweeps:.1f} sweeps); raise n_sweeps or the temperature"
        )
    half = len(energies_eV) // 2
    if half and not math.isinf(time_sweeps):
        error_eV = np.std(energies_eV) * math.sqrt(2.0 * time_sweeps / half)
        drift_eV = float(np.mean(energies_eV[half:]) - np.mean(energies_eV[:half]))
        if abs(drift_eV) > _EQUILIBRATION_LIMIT * math.sqrt(2.0) * error_eV:
            warnings.append(
                f"the mean energy drifts by {drift_eV:+.3f} eV between the halves of the chain: "
                "it is not in equilibrium; raise n_sweeps"
            )
    return tuple(warnings)


def _check_numbers(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise InputError(f"{name} is {number}, allowed are integers from 1")


def _check_weight(
    temperature_K: float, start_temperature_K: float | None, relative_permittivity: float
) -> None:
    for name, value, unit in (
        ("temperature_K", temperature_K, " K"),
        ("start_temperature_K", start_temperature_K, " K"),
        ("relative_permittivity", relative_permittivity, ""),
    ):
        if value is not None and not (value > 0.0 and math.isfinite(value)):
            raise InputError(f"{name} is {value}{unit}, allowed are positive numbers; correct it")
