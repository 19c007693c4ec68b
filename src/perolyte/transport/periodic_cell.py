"""Distances in a cell of any shape that repeats without end."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray

__all__ = [
    "check_cell",
    "count_images",
    "count_neighbors",
    "find_image_distances",
    "find_largest_unique_distance",
    "find_shortest_distances",
]

_FLAT = 1e-6
"""Volume over the product of the edges, below which a cell has no volume."""
_ROWS_AT_ONCE = 256


def check_cell(cell_A: ArrayLike) -> FloatArray:
    """Return a cell as a float array, or say what is wrong with it.

    Parameters
    ----------
    cell_A
        (3, 3), Å; rows are the lattice vectors.

    Returns
    -------
    numpy.ndarray
        (3, 3), Å, float64.

    Raises
    ------
    InputError
        For another shape, numbers that are not finite, or a cell without volume.

    Examples
    --------
    >>> check_cell(4 * np.eye(3)).shape
    (3, 3)
    """
    cell = np.ascontiguousarray(cell_A, dtype=np.float64)
    if cell.shape != (3, 3):
        raise InputError(
            f"cell_A has shape {cell.shape}; it must be (3, 3), lattice vectors as rows in Å: give "
            "the mean cell of the trajectory"
        )
    edges = float(np.prod(np.linalg.norm(cell, axis=1)))
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) <= _FLAT * edges:
        raise InputError(
            "cell_A is not finite or has no volume (Å); it needs three independent lattice vectors "
            "as rows: check the cell of the trajectory"
        )
    return cell


def find_largest_unique_distance(cell_A: FloatArray) -> float:
    """Return half the smallest distance between opposite faces of a cell.

    Nearer than that, a point sees at most one periodic copy of another.

    Parameters
    ----------
    cell_A
        (3, 3), Å, rows are the lattice vectors.

    Returns
    -------
    float
        Å.

    Examples
    --------
    >>> find_largest_unique_distance(np.diag([4.0, 6.0, 8.0]))
    2.0
    """
    return float(_find_heights(cell_A).min()) / 2


def count_images(cell_A: FloatArray, cutoff_A: float) -> NDArray[np.int64]:
    """Return how many cells on each side can hold a copy of a point within a distance.

    For a difference of fractional coordinates that was wrapped to at most 1/2.

    Parameters
    ----------
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    cutoff_A
        Å.

    Returns
    -------
    numpy.ndarray
        (3,), along a, b and c.

    Examples
    --------
    >>> count_images(4 * np.eye(3), 7.0).tolist()
    [2, 2, 2]
    """
    return np.floor(cutoff_A / _find_heights(cell_A) + 0.5).astype(np.int64)


def find_image_distances(
    first_frac: FloatArray, second_frac: FloatArray, cell_A: FloatArray, cutoff_A: float
) -> FloatArray:
    """Return the distance of each pair of points to its nearest copy, exact up to a cutoff.

    Parameters
    ----------
    first_frac, second_frac
        (n_first, 3) and (n_second, 3), fractional coordinates.
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    cutoff_A
        Å; pairs farther apart than that may be given too large a distance.

    Returns
    -------
    numpy.ndarray
        (n_first, n_second), Å.

    Examples
    --------
    >>> find_image_distances(np.zeros((1, 3)), np.full((1, 3), 0.9), np.eye(3), 0.5).round(3)
    array([[0.173]])
    """
    nearest = np.full((len(first_frac), len(second_frac)), np.inf)
    images = _list_images(cell_A, cutoff_A)
    for start in range(0, len(first_frac), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        difference = second_frac[None, :] - first_frac[rows, None]
        difference -= np.round(difference)
        for image in images:
            squares = (((difference + image) @ cell_A) ** 2).sum(axis=2)
            np.minimum(nearest[rows], squares, out=nearest[rows])
    return np.sqrt(nearest)


def count_neighbors(
    first_frac: FloatArray,
    second_frac: FloatArray,
    cell_A: FloatArray,
    *,
    nearest_A: float,
    farthest_A: float,
) -> NDArray[np.int64]:
    """Return how many points, periodic copies included, each point has within a range of distances.

    Parameters
    ----------
    first_frac, second_frac
        (n_first, 3) and (n_second, 3), fractional coordinates.
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    nearest_A, farthest_A
        Å, ends of the range, above 0.

    Returns
    -------
    numpy.ndarray
        (n_first,), neighbours.

    Examples
    --------
    >>> origin = np.zeros((1, 3))
    >>> count_neighbors(origin, origin, 4 * np.eye(3), nearest_A=3.9, farthest_A=4.1).tolist()
    [6]
    """
    counts = np.zeros(len(first_frac), dtype=np.int64)
    images = _list_images(cell_A, farthest_A)
    for start in range(0, len(first_frac), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        difference = second_frac[None, :] - first_frac[rows, None]
        difference -= np.round(difference)
        for image in images:
            distances = np.sqrt((((difference + image) @ cell_A) ** 2).sum(axis=2))
            is_within = (distances >= nearest_A) & (distances <= farthest_A)
            counts[rows] += is_within.sum(axis=1)
    return counts


def find_shortest_distances(points_frac: FloatArray, cell_A: FloatArray) -> FloatArray:
    """Return the distance of each point to the nearest other one, its own copies included.

    Parameters
    ----------
    points_frac
        (n_points, 3), fractional coordinates.
    cell_A
        (3, 3), Å, rows are the lattice vectors.

    Returns
    -------
    numpy.ndarray
        (n_points,), Å.

    Examples
    --------
    >>> points = np.array([[0.0, 0.0, 0.0], [0.4, 0.0, 0.0]])
    >>> find_shortest_distances(points, np.diag([10.0, 3.0, 5.0])).tolist()
    [3.0, 3.0]
    """
    shortest_edge = float(np.linalg.norm(cell_A, axis=1).min())
    nearest = find_image_distances(points_frac, points_frac, cell_A, shortest_edge)
    np.fill_diagonal(nearest, shortest_edge)
    for image in _list_images(cell_A, shortest_edge):
        if image.any():
            own = float(np.linalg.norm(image @ cell_A))
            np.fill_diagonal(nearest, np.minimum(nearest.diagonal(), own))
    return np.asarray(nearest.min(axis=1))


def _find_heights(cell_A: FloatArray) -> FloatArray:
    """Return the distances between opposite faces, (3,), Å."""
    return np.asarray(1.0 / np.linalg.norm(np.linalg.inv(cell_A), axis=0))


def _list_images(cell_A: FloatArray, cutoff_A: float) -> FloatArray:
    reach = count_images(cell_A, cutoff_A)
    ranges = [np.arange(-n, n + 1) for n in reach]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)
