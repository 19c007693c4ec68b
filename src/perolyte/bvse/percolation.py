"""Energies at which an ion can travel without end in one, two and three dimensions."""

from __future__ import annotations

from typing import Literal

from numpy.typing import ArrayLike

from perolyte.bvse.map import EnergyMap
from perolyte.grids import PercolationResult, find_percolation

__all__ = ["PercolationResult", "percolation_barriers"]


def percolation_barriers(
    energies: EnergyMap | ArrayLike,
    *,
    connectivity: Literal[26, 6] = 26,
    energy_limit_eV: float | None = 10.0,
) -> PercolationResult:
    """Find the barriers to endless motion in one, two and three dimensions, exactly.

    How: :func:`perolyte.grids.find_percolation`.

    Parameters
    ----------
    energies
        A map, or any periodic ``(n_a, n_b, n_c)`` array in eV; voxels of infinite energy are
        closed.
    connectivity
        26: voxels that share a corner are neighbours, a lower bound of the barrier on the grid
        and what bvlain does. 6: voxels that share a face, an upper bound. The difference vanishes
        with the spacing.
    energy_limit_eV
        eV above the minimum of the cell where the search ends; None for no limit.

    Returns
    -------
    PercolationResult
        Barriers, bottlenecks and directions; inf with a reason where nothing percolates.

    Raises
    ------
    InputError
        For an array that is not three-dimensional, is empty, or has voxels that are not numbers;
        another connectivity; or a limit that is not above zero.

    Examples
    --------
    >>> import numpy as np
    >>> wave = (1 - np.cos(2 * np.pi * np.arange(10) / 10)) / 2
    >>> surface = 0.3 * wave[:, None, None] + 0.5 * wave[:, None] + 0.9 * wave
    >>> result = percolation_barriers(surface)
    >>> {dimension: round(barrier, 6) for dimension, barrier in result.barriers_eV.items()}
    {1: 0.3, 2: 0.5, 3: 0.9}
    >>> result.directions[1]
    ((1, 0, 0),)
    """
    values = energies.energies_eV if isinstance(energies, EnergyMap) else energies
    return find_percolation(values, connectivity=connectivity, energy_limit_eV=energy_limit_eV)
