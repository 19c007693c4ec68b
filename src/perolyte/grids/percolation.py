"""Energies at which a periodic grid opens a way without end in one, two and three dimensions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError

__all__ = ["PercolationResult", "find_percolation"]

_DIMENSIONS = (1, 2, 3)
_MAX_VOXELS = np.iinfo(np.int32).max
_NEIGHBOUR_STEPS = {6: 1, 26: 3}


@dataclass(frozen=True)
class PercolationResult:
    """Percolation of one map. Keys of the mappings are the dimensions 1, 2 and 3.

    Attributes
    ----------
    barriers_eV : mapping of int to float
        Threshold above the minimum of the component that percolates; inf where none does.
    barriers_from_cell_minimum_eV : mapping of int to float
        Threshold above the minimum of the whole cell; inf where none percolates.
    thresholds_eV : mapping of int to float
        Energy at which a component first extends in so many dimensions; inf where none does.
    minimum_eV : float
        Lowest energy of the cell.
    component_minima_eV : mapping of int to float
        Lowest energy of the component that percolates; inf where none does.
    critical_voxels : mapping of int to tuple of int or None
        The voxel that completes the path, its highest: the bottleneck.
    critical_points_frac : mapping of int to tuple of float or None
        Its fractional coordinates, from 0 to 1.
    directions : mapping of int to tuple
        Independent cell vectors by which the component meets its own image.
    connectivity : int
        Neighbours of a voxel, 26 or 6.
    energy_limit_eV : float or None
        Search ended here, above the minimum of the cell.
    status : str
        "percolates" in three dimensions, "partial" in fewer, "no_path" in none.
    reasons : tuple of str
        Why a dimension is missing.
    """

    barriers_eV: Mapping[int, float]
    barriers_from_cell_minimum_eV: Mapping[int, float]
    thresholds_eV: Mapping[int, float]
    minimum_eV: float
    component_minima_eV: Mapping[int, float]
    critical_voxels: Mapping[int, tuple[int, int, int] | None]
    critical_points_frac: Mapping[int, tuple[float, float, float] | None]
    directions: Mapping[int, tuple[tuple[int, int, int], ...]]
    connectivity: int
    energy_limit_eV: float | None
    status: Literal["percolates", "partial", "no_path"]
    reasons: tuple[str, ...]


def find_percolation(
    values_eV: ArrayLike,
    *,
    connectivity: Literal[26, 6] = 26,
    energy_limit_eV: float | None = None,
) -> PercolationResult:
    """Find the barriers to endless motion in one, two and three dimensions, exactly.

    Voxels join components in order of energy, each with the periodic image it is in; a component
    extends in as many dimensions as its loops around the cell have independent directions.

    Parameters
    ----------
    values_eV
        ``(n_a, n_b, n_c)``, periodic, eV; voxels of infinite energy are closed.
    connectivity
        26: voxels that share a corner are neighbours, a lower bound of the barrier on the grid.
        6: voxels that share a face, an upper bound. The difference vanishes with the spacing.
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
    >>> channel = np.full((4, 4, 4), np.inf)
    >>> channel[:, 0, 0] = [0.0, 0.2, 0.4, 0.2]
    >>> result = find_percolation(channel)
    >>> result.barriers_eV[1], result.barriers_eV[2], result.status
    (0.4, inf, 'partial')
    """
    from perolyte.grids._union_find import percolate

    values = np.asarray(values_eV)
    _check(values, connectivity, energy_limit_eV)
    values = np.ascontiguousarray(values, dtype=np.float64)
    lowest = float(values.min())
    limit = np.inf if energy_limit_eV is None else lowest + energy_limit_eV
    if not math.isfinite(limit):
        limit = float(values.max(where=np.isfinite(values), initial=lowest))
    voxels, minima, bases = percolate(values, limit, _NEIGHBOUR_STEPS[connectivity])
    return _collect(values, voxels, minima, bases, connectivity, energy_limit_eV)


def _collect(
    values: NDArray[np.float64],
    voxels: NDArray[np.int64],
    minima: NDArray[np.int64],
    bases: NDArray[np.int64],
    connectivity: int,
    energy_limit_eV: float | None,
) -> PercolationResult:
    lowest = float(values.min())
    flat = values.ravel()
    thresholds = dict.fromkeys(_DIMENSIONS, math.inf)
    component_minima = dict(thresholds)
    barriers = dict(thresholds)
    critical: dict[int, tuple[int, int, int] | None] = dict.fromkeys(_DIMENSIONS)
    points: dict[int, tuple[float, float, float] | None] = dict.fromkeys(_DIMENSIONS)
    directions: dict[int, tuple[tuple[int, int, int], ...]] = dict.fromkeys(_DIMENSIONS, ())
    for d in _DIMENSIONS:
        if voxels[d - 1] < 0:
            continue
        thresholds[d] = float(flat[voxels[d - 1]])
        component_minima[d] = float(flat[minima[d - 1]])
        barriers[d] = thresholds[d] - component_minima[d]
        i, j, k = (int(x) for x in np.unravel_index(voxels[d - 1], values.shape))
        critical[d] = (i, j, k)
        points[d] = (i / values.shape[0], j / values.shape[1], k / values.shape[2])
        directions[d] = _order_directions(bases[d - 1])
    n_found = int((voxels >= 0).sum())
    return PercolationResult(
        barriers_eV=barriers,
        barriers_from_cell_minimum_eV={d: thresholds[d] - lowest for d in _DIMENSIONS},
        thresholds_eV=thresholds,
        minimum_eV=lowest,
        component_minima_eV=component_minima,
        critical_voxels=critical,
        critical_points_frac=points,
        directions=directions,
        connectivity=connectivity,
        energy_limit_eV=energy_limit_eV,
        status="percolates" if n_found == 3 else "partial" if n_found else "no_path",
        reasons=_explain(n_found, energy_limit_eV),
    )


def _order_directions(basis: NDArray[np.int64]) -> tuple[tuple[int, int, int], ...]:
    """Independent vectors with the first component that is not zero positive, sorted."""
    vectors = []
    for row in basis:
        x, y, z = (int(component) for component in row)
        if (x, y, z) != (0, 0, 0):
            vectors.append(max((x, y, z), (-x, -y, -z)))
    return tuple(sorted(vectors, reverse=True))


def _explain(n_found: int, energy_limit_eV: float | None) -> tuple[str, ...]:
    if n_found == 3:
        return ()
    below = "at any energy" if energy_limit_eV is None else f"up to {energy_limit_eV:g} eV"
    missing = " and ".join(f"{d}D" for d in _DIMENSIONS[n_found:])
    return (f"no {missing} path {below} above the minimum of the cell",)


def _check(values: NDArray[np.float64], connectivity: int, energy_limit_eV: float | None) -> None:
    if values.ndim != 3 or values.size == 0:
        raise InputError(
            f"the map has the shape {values.shape}; it must have three dimensions, none of them 0"
        )
    if values.size > _MAX_VOXELS:
        raise InputError(
            f"the map has {values.size} voxels; at most {_MAX_VOXELS} can be numbered: coarsen it"
        )
    if connectivity not in _NEIGHBOUR_STEPS:
        raise InputError(f"connectivity is {connectivity}; it must be 26 or 6")
    if energy_limit_eV is not None and not energy_limit_eV > 0.0:
        raise InputError(
            f"energy_limit_eV is {energy_limit_eV:g} eV; it must be above 0, or None for no limit"
        )
    if np.isnan(values).any() or not np.isfinite(values.min()):
        raise InputError(
            "the map has voxels that are not numbers, or its minimum is infinite; give energies "
            "in eV, inf for closed voxels"
        )
