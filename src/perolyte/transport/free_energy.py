"""Free energy of ions in their cell, and the barrier that it puts to endless motion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.grids import PercolationResult, find_percolation
from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.density import ProbabilityDensity
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["FreeEnergyBarriers", "find_free_energy_barriers", "map_free_energy"]

_DIMENSIONS = (1, 2, 3)
_UNSEEN = -math.log(0.05)
"""Visits that a voxel without any may still have been due, one-sided 95 % of a Poisson count."""


@dataclass(frozen=True, eq=False)
class FreeEnergyBarriers:
    """Free-energy barriers to endless motion in one, two and three dimensions (the keys).

    Attributes
    ----------
    status
        "converged" where ions were seen all along a way through the cell in three dimensions,
        "not_converged" otherwise.
    reasons
        Which dimensions are missing, and what that says.
    barriers_eV
        eV above the minimum of the region that percolates; None where no way was visited.
    barriers_std_eV
        eV, standard error from leaving out one block of the run at a time; None where a barrier is
        missing with one of the blocks left out.
    lower_bound_eV
        eV, what a missing barrier is at least (95 %): a voxel on the way was never visited, and the
        most visited one so many times. It grows with the length of the run.
    percolation
        Thresholds, bottlenecks and directions.
    temperature_K
        K.
    """

    status: Status
    reasons: tuple[str, ...]
    barriers_eV: Mapping[int, float | None]
    barriers_std_eV: Mapping[int, float | None]
    lower_bound_eV: float
    percolation: PercolationResult
    temperature_K: float


def map_free_energy(density: ProbabilityDensity, *, temperature_K: float) -> FloatArray:
    """Return F = -kB T ln(ρ/ρ_max); voxels that no ion visited are inf.

    Parameters
    ----------
    density
        From :func:`~perolyte.transport.map_density`.
    temperature_K
        K, of the run.

    Returns
    -------
    numpy.ndarray
        (n_a, n_b, n_c), eV, 0 at the most visited voxel.

    Raises
    ------
    InputError
        For a temperature that is not above zero.

    Examples
    --------
    >>> from perolyte.transport.density import map_density
    >>> positions = np.array([0.0, 0.0, 0.0, 2.0])[:, None, None] * np.array([1.0, 0, 0])
    >>> density = map_density(positions, 4 * np.eye(3), divisions=(2, 1, 1))
    >>> map_free_energy(density, temperature_K=600.0).ravel().round(4).tolist()
    [0.0, 0.0568]
    """
    return _invert(density.counts, _thermal_energy(temperature_K))


def find_free_energy_barriers(
    density: ProbabilityDensity, *, temperature_K: float, connectivity: Literal[26, 6] = 26
) -> FreeEnergyBarriers:
    """Find the lowest barriers of the free energy over which ions can travel without end.

    A migration barrier at finite temperature. Voxels with few visits scatter, and the best way
    picks the lucky ones, so that barriers at the bottleneck of a short run are slightly low.

    Parameters
    ----------
    density
        From :func:`~perolyte.transport.map_density`.
    temperature_K
        K, of the run.
    connectivity
        26: voxels that share a corner are neighbours; 6: those that share a face.

    Returns
    -------
    FreeEnergyBarriers
        Barriers with errors; where ions were not seen all along a way, a lower bound.

    Raises
    ------
    InputError
        For a temperature that is not above zero, or another connectivity.

    Examples
    --------
    >>> from perolyte.transport.density import map_density
    >>> x = np.array([0.0, 0.1, -0.1, 0.0, 2.0, 0.1, 2.1, 0.0])
    >>> positions = x[:, None, None] * np.array([1.0, 0, 0])
    >>> density = map_density(positions, 4 * np.eye(3), divisions=(2, 1, 1), n_blocks=2)
    >>> barriers = find_free_energy_barriers(density, temperature_K=600.0)
    >>> round(barriers.barriers_eV[3], 4)
    0.0568
    """
    if connectivity not in (6, 26):
        raise InputError(f"connectivity is {connectivity}; it must be 26 or 6")
    thermal_eV = _thermal_energy(temperature_K)
    counts = density.counts
    percolation = find_percolation(_invert(counts, thermal_eV), connectivity=connectivity)
    n_blocks = len(density.block_counts)
    left_out = []
    for block in density.block_counts:
        rest = counts - block
        if rest.any():
            found = find_percolation(_invert(rest, thermal_eV), connectivity=connectivity)
            left_out.append([found.barriers_eV[d] for d in _DIMENSIONS])
    spread = np.array(left_out)
    barriers: dict[int, float | None] = dict.fromkeys(_DIMENSIONS)
    errors: dict[int, float | None] = dict.fromkeys(_DIMENSIONS)
    for column, d in enumerate(_DIMENSIONS):
        if math.isfinite(percolation.barriers_eV[d]):
            barriers[d] = percolation.barriers_eV[d]
            if len(spread) == n_blocks and np.isfinite(spread[:, column]).all():
                errors[d] = float(np.sqrt((n_blocks - 1) * spread[:, column].var()))
    lower_bound = max(0.0, thermal_eV * math.log(int(counts.max()) / _UNSEEN))
    missing = [f"{d}D" for d in _DIMENSIONS if barriers[d] is None]
    reasons: tuple[str, ...] = ()
    if missing:
        reason = (
            f"no ion was seen all along a way in {' and '.join(missing)}: the barrier there is at "
            f"least {lower_bound:.3f} eV (95 %); run longer, fold symmetric cells or use a larger "
            "spacing_A"
        )
        reasons = (reason,)
    return FreeEnergyBarriers(
        status="not_converged" if missing else "converged",
        reasons=reasons,
        barriers_eV=barriers,
        barriers_std_eV=errors,
        lower_bound_eV=lower_bound,
        percolation=percolation,
        temperature_K=float(temperature_K),
    )


def _thermal_energy(temperature_K: float) -> float:
    """Return kB T in eV."""
    temperature = check_positive(
        temperature_K, name="temperature_K", unit="K", hint="give that of the run"
    )
    return BOLTZMANN_EV_PER_K * float(temperature)


def _invert(counts: NDArray[np.int64], thermal_eV: float) -> FloatArray:
    """Return kB T ln(max/counts), inf where there are none."""
    visited = counts > 0
    ratio = np.divide(counts.max(), counts, out=np.full(counts.shape, np.inf), where=visited)
    return np.asarray(thermal_eV * np.log(ratio))
