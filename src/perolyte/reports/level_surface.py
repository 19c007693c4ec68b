"""Surface of equal energy in a periodic map, as triangles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["LevelSurface", "find_level_surface", "thin_out"]

FloatArray = NDArray[np.float64]

_CORNERS = np.array(list(product((0, 1), repeat=3)))
_EDGES = tuple(
    (i, j)
    for i, first in enumerate(_CORNERS)
    for j, second in enumerate(_CORNERS)
    if i < j and np.abs(first - second).sum() == 1
)


@dataclass(frozen=True, eq=False)
class LevelSurface:
    """Triangles between a region and what is around it.

    Attributes
    ----------
    points_frac : ndarray
        (n_points, 3), fractional coordinates in the cell, ends included.
    triangles : ndarray
        (n_triangles, 3), indices of points, counter-clockwise as seen from the higher energies.
    """

    points_frac: FloatArray
    triangles: NDArray[np.int64]


def thin_out(energies_eV: NDArray[np.floating], max_points: int) -> FloatArray:
    """Reduce a periodic grid for a picture, without closing a passage.

    Each point takes the lowest energy of the voxels around it, so that what is connected stays
    connected; a region grows by up to half of the new spacing.

    Parameters
    ----------
    energies_eV
        (n_a, n_b, n_c), eV.
    max_points
        Upper limit of the size of the result.

    Returns
    -------
    ndarray
        The grid itself where it is small enough, eV.
    """
    from scipy.ndimage import minimum_filter

    values = np.asarray(energies_eV, dtype=np.float64)
    factor = (values.size / max_points) ** (1.0 / 3.0)
    if factor <= 1.0:
        return values
    # a flat cell keeps two points along its short edge
    shape = [max(2, int(n / factor)) if n > 1 else 1 for n in values.shape]
    steps = [n / m for n, m in zip(values.shape, shape, strict=True)]
    # an odd window is centred on its voxel
    window = [2 * int(np.ceil((step - 1.0) / 2.0)) + 1 for step in steps]
    lowest = minimum_filter(values, size=window, mode="wrap")
    picked = [
        np.round(np.arange(m) * step).astype(int) % n
        for m, step, n in zip(shape, steps, values.shape, strict=True)
    ]
    return np.asarray(lowest[np.ix_(*picked)])


def find_level_surface(energies_eV: FloatArray, level_eV: float) -> LevelSurface:
    """Find the surface around all points below an energy, in one cell.

    Surface nets (Gibson, doi 10.1007/BFb0056277): one point in each voxel that the surface
    crosses, at the mean of the crossings of its edges, and one square across each crossed edge.
    It holds no long thin triangles, which a picture would show as spots.

    Parameters
    ----------
    energies_eV
        (n_a, n_b, n_c), eV, periodic.
    level_eV
        eV.

    Returns
    -------
    LevelSurface
        Empty where the level lies below or above all energies.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * np.arange(12) / 12)
    >>> field = wave[:, None, None] + wave[:, None] + wave
    >>> surface = find_level_surface(field, -2.1)
    >>> np.allclose(surface.points_frac.mean(axis=0), 0.5)  # a ball in the middle
    True
    """
    values = np.pad(np.asarray(energies_eV, dtype=np.float64), ((1, 2),) * 3, mode="wrap")
    values = values - level_eV
    inside = values < 0.0
    numbers, points = _place_points(values, inside)
    squares = [_list_squares(numbers, inside, axis) for axis in range(3)]
    corners = np.concatenate(squares)
    triangles = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    # the voxels beside the cell only serve to close it: what they hold is cut at its faces
    shape = np.array(energies_eV.shape)
    fractional = (points - 1.0) / shape
    beside = (fractional[triangles] <= 0.0).all(axis=1) | (fractional[triangles] >= 1.0).all(axis=1)
    triangles = triangles[~beside.any(axis=1)]
    used, renumbered = np.unique(triangles, return_inverse=True)
    return LevelSurface(
        points_frac=np.clip(fractional[used], 0.0, 1.0),
        triangles=renumbered.reshape(triangles.shape),
    )


def _place_points(
    values: FloatArray, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the number of the point of each voxel, -1 for none, and the points in steps."""
    n = np.array(values.shape) - 1
    count = np.zeros(n, dtype=np.int64)
    for x, y, z in _CORNERS:
        count += inside[x : n[0] + x, y : n[1] + y, z : n[2] + z]
    crossed = np.argwhere((count > 0) & (count < len(_CORNERS)))
    numbers = np.full(n, -1, dtype=np.int64)
    numbers[tuple(crossed.T)] = np.arange(len(crossed))
    total, n_crossings = np.zeros((len(crossed), 3)), np.zeros(len(crossed))
    corner_values = values[tuple(np.moveaxis(crossed[:, None] + _CORNERS, -1, 0))]
    for i, j in _EDGES:
        low, high = corner_values[:, i], corner_values[:, j]
        cuts = (low < 0.0) != (high < 0.0)
        share = low[cuts] / (low[cuts] - high[cuts])
        total[cuts] += _CORNERS[i] + share[:, None] * (_CORNERS[j] - _CORNERS[i])
        n_crossings[cuts] += 1.0
    return numbers, crossed + total / np.maximum(n_crossings, 1.0)[:, None]


def _list_squares(
    numbers: NDArray[np.int64], inside: NDArray[np.bool_], axis: int
) -> NDArray[np.int64]:
    """Corners of the squares across the crossed edges along one axis, around the way outward."""
    ahead = np.roll(inside, -1, axis)
    crossed = np.argwhere(inside != ahead)
    n = np.array(numbers.shape)
    second, third = (axis + 1) % 3, (axis + 2) % 3
    is_whole = (crossed[:, axis] < n[axis]) & (crossed < n).all(axis=1)
    is_whole &= (crossed[:, second] > 0) & (crossed[:, third] > 0)
    crossed = crossed[is_whole]
    around = np.zeros((4, 3), dtype=np.int64)
    around[[1, 2], second] = -1
    around[[2, 3], third] = -1
    squares = numbers[tuple(np.moveaxis(crossed[:, None] + around, -1, 0))]
    is_inward = ~inside[tuple(crossed.T)]
    squares[is_inward] = squares[is_inward, ::-1]
    return squares
