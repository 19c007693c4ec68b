"""Polycrystals without a simulation of growth: periodic Voronoi and Laguerre cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.microstructure.grain_map import GrainMap

__all__ = ["generate_polycrystal"]

_FITTING_VOXELS = 20_000
"""Sizes are fitted on about as many points."""
_ROUNDS = 8
_STEPS = 10


def generate_polycrystal(
    shape: Sequence[int],
    *,
    n_grains: int,
    grain_size_nm: float,
    seed: int,
    size_spread: float | None = None,
    n_threads: int = 1,
) -> GrainMap:
    """Return a periodic polycrystal of convex grains.

    Without a spread the grains are Voronoi cells of random points. With one their volumes are
    drawn so that diameters are lognormal, and cells of a Laguerre tessellation are fitted to them,
    with rounds of Lloyd's steps that make them compact (doi 10.1080/14786435.2020.1790053).

    Parameters
    ----------
    shape
        Voxels along two or three axes.
    n_grains
        In the cell.
    grain_size_nm
        nm, diameter of a circle or sphere of the mean area or volume: it sets the edge of a voxel.
    seed
        Of the random numbers.
    size_spread
        Standard deviation of ln(diameter), 0 to 0.6; 0 for grains of one volume. Without it that
        of Voronoi cells, about 0.13 in three dimensions.
    n_threads
        For the search of the nearest point.

    Returns
    -------
    GrainMap
        A grain too small for the voxels may have none.

    Raises
    ------
    InputError
        For a number out of its range, or grains of fewer than 4 voxels on average along an edge.

    Examples
    --------
    >>> grains = generate_polycrystal((32, 32), n_grains=9, grain_size_nm=100.0, seed=1)
    >>> grains.n_grains, round(grains.voxel_nm, 2)
    (9, 8.31)
    """
    sizes = _check_shape(shape, n_grains)
    check_number(grain_size_nm, "grain_size_nm", "nm", low=np.finfo(float).tiny)
    rng = np.random.default_rng(seed)
    edges = np.array(sizes, dtype=np.float64)
    points = rng.random((n_grains, len(sizes))) * edges
    weights = np.zeros(n_grains)
    if size_spread is not None:
        spread = check_number(size_spread, "size_spread", "", low=0.0, high=0.6)
        diameters = np.exp(spread * rng.standard_normal(n_grains))
        target = diameters ** len(sizes)
        points, weights = _fit_volumes(points, target / target.sum(), edges)
    labels = np.empty(sizes, dtype=np.int32)
    for plane in range(sizes[0]):
        centres = np.indices((1, *sizes[1:])).reshape(len(sizes), -1).T + 0.5
        centres[:, 0] += plane
        nearest = _find_cells(centres, points, weights, edges, n_threads)
        labels[plane] = nearest.reshape(sizes[1:])
    volume = np.pi * grain_size_nm**2 / 4 if len(sizes) == 2 else np.pi * grain_size_nm**3 / 6
    return GrainMap(labels, float((n_grains * volume / edges.prod()) ** (1.0 / len(sizes))))


def _check_shape(shape: Sequence[int], n_grains: int) -> tuple[int, ...]:
    sizes = tuple(int(n) for n in shape)
    if len(sizes) not in (2, 3) or min(sizes) < 1:
        raise InputError(f"shape is {sizes}; give voxels along two or three axes, 1 or more each")
    if not n_grains >= 1:
        raise InputError(f"n_grains is {n_grains}; give at least 1")
    across = (np.prod(sizes, dtype=np.float64) / n_grains) ** (1.0 / len(sizes))
    if across < 4.0:
        raise InputError(
            f"{n_grains} grains in {' x '.join(map(str, sizes))} voxels are {across:.1f} voxels "
            "across; at least 4 show their shape: give more voxels or fewer grains"
        )
    return sizes


def _find_cells(
    places: NDArray[Any],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    edges: NDArray[np.float64],
    n_threads: int = 1,
) -> NDArray[np.int64]:
    """Return the cell of each place: the point with the least |x - p|² - w, periodic.

    The weight is a coordinate more, sqrt(w_max - w), that places have at zero.
    """
    from scipy.spatial import cKDTree

    if not weights.any():
        tree = cKDTree(points % edges, boxsize=edges)
        return np.asarray(tree.query(places, workers=n_threads)[1])
    height = np.sqrt(weights.max() - weights)
    # an edge of zero marks the axis that does not repeat
    tree = cKDTree(np.column_stack([points % edges, height]), boxsize=[*edges, 0.0])
    lifted = np.column_stack([places, np.zeros(len(places))])
    return np.asarray(tree.query(lifted, workers=n_threads)[1])


def _fit_volumes(
    points: NDArray[np.float64], shares: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move points and weights until cells have about the asked shares of the volume."""
    n = len(edges)
    finest = (edges.prod() / _FITTING_VOXELS) ** (1.0 / n)
    grid = [np.arange(finest / 2, edge, finest) for edge in edges]
    places = np.stack(np.meshgrid(*grid, indexing="ij"), -1).reshape(-1, n)
    target = shares * len(places)
    # of a sphere of each volume, in voxels: its derivative turns volumes into weights
    radius = (
        finest * np.cbrt(3 * target / (4 * np.pi)) if n == 3 else finest * np.sqrt(target / np.pi)
    )
    weights = radius**2
    for _ in range(_ROUNDS):
        for _ in range(_STEPS):
            owner = _find_cells(places, points, weights, edges)
            counts = np.bincount(owner, minlength=len(points))
            missing = np.clip(1.0 - counts / target, -1.0, 1.0)
            weights = weights + 0.3 * missing * radius**2
            weights -= weights.max() - (radius**2).max()
        points = _centre(places, owner, points, edges)
    return points, weights


def _centre(
    places: NDArray[np.float64],
    owner: NDArray[np.int64],
    points: NDArray[np.float64],
    edges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the centres of mass of the cells; a cell without a place keeps its point."""
    away = places - points[owner]
    away -= edges * np.round(away / edges)
    counts = np.bincount(owner, minlength=len(points))
    sums = np.stack(
        [np.bincount(owner, away[:, axis], minlength=len(points)) for axis in range(len(edges))], -1
    )
    return points + sums / np.maximum(counts, 1)[:, None]
