"""Compiled Metropolis chain of charge swaps on a fixed set of sites."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["SwapTable", "run_chain"]

_TIE_EV = 1e-6  # arrangements nearer in energy count as one: equivalent ones differ by rounding
_MAX_DRAWS = 4096  # for one unlike pair; a cap that depends on nothing keeps draws symmetric


class SwapTable(NamedTuple):
    """What a chain needs to know and never changes; sites are those that may change.

    Attributes
    ----------
    matrix : ndarray
        ``(n_sites, n_sites)``, Ewald matrix, eV per e².
    charges_e : ndarray
        ``(n_species,)``, charge of each occupant code; code 0 is the empty site.
    class_starts, hosts, channels : ndarray of int
        As in :class:`~perolyte.structures._swap_space.SwapSpace`.
    channel_ends : ndarray
        ``(n_channels,)``, cumulated weights of the channels.
    close_starts, close_sites : ndarray of int
        Sites too near to each site: ``close_sites[close_starts[i]:close_starts[i + 1]]``.
    fixed_clashes : ndarray of int
        ``(n_sites,)``, number of ions that never move and are too near to each site.
    """

    matrix: NDArray[np.float64]
    charges_e: NDArray[np.float64]
    class_starts: NDArray[np.int64]
    hosts: NDArray[np.int64]
    channels: NDArray[np.int64]
    channel_ends: NDArray[np.float64]
    close_starts: NDArray[np.int64]
    close_sites: NDArray[np.int64]
    fixed_clashes: NDArray[np.int64]


@njit(cache=True, nogil=True)
def run_chain(
    rng: np.random.Generator,
    table: SwapTable,
    codes: NDArray[np.int8],
    potentials_V: NDArray[np.float64],
    energy_eV: float,
    n_clashes: int,
    thermal_eV: NDArray[np.float64],
    only_clashes: bool,
    sweep_energies_eV: NDArray[np.float64],
    sweep_codes: NDArray[np.int8],
    pool_energies_eV: NDArray[np.float64],
    pool_codes: NDArray[np.int8],
) -> tuple[float, int, int]:
    """Run one sweep (as many trials as sites) for every entry of ``thermal_eV``.

    ``codes`` and ``potentials_V`` are changed in place. After each sweep the energy and, where
    ``sweep_codes`` has rows, the arrangement are recorded. The pool keeps the lowest different
    energies seen, ascending, and must come filled with infinities.

    With ``only_clashes`` the energy is the number of clashes, in units of which ``thermal_eV``
    then is, and the chain ends as soon as none is left; otherwise no swap may add a clash.

    Returns the final energy, the final number of clashes and the number of accepted swaps.
    """
    n_sites = len(codes)
    matrix = table.matrix
    n_accepted = 0
    _offer(pool_energies_eV, pool_codes, energy_eV, codes)
    for sweep in range(len(thermal_eV)):
        for _ in range(n_sites):
            if only_clashes and n_clashes == 0:
                return energy_eV, n_clashes, n_accepted
            i, j = _draw_swap(rng, table, codes)
            if codes[i] == codes[j]:
                continue
            more = _count_more_clashes(table, codes, i, j)
            change_e = table.charges_e[codes[j]] - table.charges_e[codes[i]]
            delta_eV = change_e * (potentials_V[i] - potentials_V[j])
            delta_eV += change_e * change_e * (matrix[i, i] + matrix[j, j] - 2.0 * matrix[i, j])
            if more > 0 and not only_clashes:
                continue
            barrier_eV = float(more) if only_clashes else delta_eV
            if barrier_eV > 0.0 and rng.random() >= math.exp(-barrier_eV / thermal_eV[sweep]):
                continue
            n_accepted += 1
            n_clashes += more
            energy_eV += delta_eV
            codes[i], codes[j] = codes[j], codes[i]
            if change_e != 0.0:
                twice = 2.0 * change_e
                for k in range(n_sites):
                    potentials_V[k] += twice * (matrix[i, k] - matrix[j, k])
            _offer(pool_energies_eV, pool_codes, energy_eV, codes)
        sweep_energies_eV[sweep] = energy_eV
        if len(sweep_codes) > 0:
            sweep_codes[sweep] = codes
    return energy_eV, n_clashes, n_accepted


@njit(cache=True, nogil=True)
def _draw_swap(
    rng: np.random.Generator, table: SwapTable, codes: NDArray[np.int8]
) -> tuple[int, int]:
    """Draw two sites to swap, as likely as the two of the reverse swap.

    Within a class the number of unlike pairs does not change by a swap, and between classes that
    of sites without their host does not: drawing again until such a pair comes is symmetric.
    """
    target = rng.random()
    channel = 0
    while channel < len(table.channel_ends) - 1 and target >= table.channel_ends[channel]:
        channel += 1
    a, b = table.channels[channel, 0], table.channels[channel, 1]
    for _ in range(_MAX_DRAWS):
        i = _draw_site(rng, table, a)
        j = _draw_site(rng, table, b)
        if a == b:
            if codes[i] != codes[j]:
                return i, j
        elif codes[i] != table.hosts[a] and codes[j] != table.hosts[b]:
            return i, j
    return 0, 0


@njit(cache=True, nogil=True)
def _draw_site(rng: np.random.Generator, table: SwapTable, index: int) -> int:
    start = table.class_starts[index]
    return start + int(rng.random() * (table.class_starts[index + 1] - start))


@njit(cache=True, nogil=True)
def _count_more_clashes(table: SwapTable, codes: NDArray[np.int8], i: int, j: int) -> int:
    """Count the pairs of ions too near each other after a swap minus before."""
    if (codes[i] == 0) == (codes[j] == 0):
        return 0
    left, entered = (j, i) if codes[i] == 0 else (i, j)
    more = table.fixed_clashes[entered] - table.fixed_clashes[left]
    for p in range(table.close_starts[entered], table.close_starts[entered + 1]):
        k = table.close_sites[p]
        if k != left and codes[k] != 0:
            more += 1
    for p in range(table.close_starts[left], table.close_starts[left + 1]):
        if codes[table.close_sites[p]] != 0:
            more -= 1
    return more


@njit(cache=True, nogil=True)
def _offer(
    pool_energies_eV: NDArray[np.float64],
    pool_codes: NDArray[np.int8],
    energy_eV: float,
    codes: NDArray[np.int8],
) -> None:
    """Insert an arrangement into the pool unless it is too high or its energy is there already."""
    size = len(pool_energies_eV)
    if size == 0 or energy_eV >= pool_energies_eV[size - 1] - _TIE_EV:
        return
    place = 0
    while pool_energies_eV[place] < energy_eV - _TIE_EV:
        place += 1
    if pool_energies_eV[place] <= energy_eV + _TIE_EV:
        return
    for k in range(size - 1, place, -1):
        pool_energies_eV[k] = pool_energies_eV[k - 1]
        pool_codes[k] = pool_codes[k - 1]
    pool_energies_eV[place] = energy_eV
    pool_codes[place] = codes
