"""Nearest periodic neighbours of points in a crystal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["Neighbours", "find_neighbours", "list_images"]

_MAX_IMAGES = 400_000  # points in the search box; 100 MB of memory at most


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of each centre, nearest first.

    Attributes
    ----------
    index : numpy.ndarray
        ``(n_centres, k)``, row of the point; −1 where there are fewer than k.
    image : numpy.ndarray
        ``(n_centres, k, 3)``, lattice translation of the point.
    vector_A : numpy.ndarray
        ``(n_centres, k, 3)``, Å, from the centre to the point.
    distance_A : numpy.ndarray
        ``(n_centres, k)``, Å; infinite where there are fewer than k.
    """

    index: NDArray[np.int64]
    image: NDArray[np.int64]
    vector_A: NDArray[np.float64]
    distance_A: NDArray[np.float64]


def list_images(
    matrix: NDArray[np.float64], centres: NDArray[np.float64], radius_A: float
) -> NDArray[np.int64]:
    """Return the ``(n_images, 3)`` translations that may bring points of the cell [0, 1) near.

    Near is within ``radius_A`` of the fractional ``(n_centres, 3)`` ``centres``.
    """
    heights_A = 1.0 / np.linalg.norm(np.linalg.inv(matrix), axis=0)
    reach = radius_A / heights_A
    low = np.floor(centres.min(axis=0) - reach - 1.0).astype(int)
    high = np.ceil(centres.max(axis=0) + reach).astype(int)
    grids = np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)))
    return np.stack([grid.ravel() for grid in grids], axis=1)


def find_neighbours(
    matrix: NDArray[np.float64],
    centres: NDArray[np.float64],
    points: NDArray[np.float64],
    *,
    n_nearest: int,
    radius_A: float,
) -> Neighbours:
    """Find the nearest points of each centre.

    Parameters
    ----------
    matrix : numpy.ndarray
        ``(3, 3)``, Å, rows are lattice vectors.
    centres, points : numpy.ndarray
        ``(n, 3)``, fractional, any cell. A point on a centre (below 0.01 Å) is left out.
    n_nearest : int
        Neighbours wanted per centre.
    radius_A : float
        None beyond this distance.

    Returns
    -------
    Neighbours
        Filled with −1 and infinity where a centre has fewer.
    """
    empty = Neighbours(
        index=np.full((len(centres), n_nearest), -1, dtype=np.int64),
        image=np.zeros((len(centres), n_nearest, 3), dtype=np.int64),
        vector_A=np.zeros((len(centres), n_nearest, 3)),
        distance_A=np.full((len(centres), n_nearest), np.inf),
    )
    if len(centres) == 0 or len(points) == 0:
        return empty
    home = np.floor(points).astype(np.int64)
    images = list_images(matrix, centres, radius_A)
    if len(images) * len(points) > _MAX_IMAGES:
        images = images[: max(1, _MAX_IMAGES // len(points))]
    fractional = (points - home)[None, :, :] + images[:, None, :]
    heights_A = 1.0 / np.linalg.norm(np.linalg.inv(matrix), axis=0)
    reach = radius_A / heights_A
    near = np.all(
        (fractional >= centres.min(axis=0) - reach - 1e-9)
        & (fractional <= centres.max(axis=0) + reach + 1e-9),
        axis=2,
    )
    which_image, which_point = np.nonzero(near)
    cloud = fractional[which_image, which_point] @ matrix
    if len(cloud) == 0:
        return empty
    origin = centres @ matrix
    wanted = n_nearest + 1  # the centre itself may be among the points
    distance, row = cKDTree(cloud).query(
        origin, k=list(range(1, wanted + 1)), distance_upper_bound=radius_A
    )
    distance = np.where(distance < 0.01, np.inf, distance)
    order = np.argsort(distance, axis=1, kind="stable")[:, :n_nearest]
    distance = np.take_along_axis(distance, order, axis=1)
    row = np.take_along_axis(row, order, axis=1)
    found = np.isfinite(distance)
    row = np.where(found, row, 0)
    vector = np.where(found[..., None], cloud[row] - origin[:, None, :], 0.0)
    index = np.where(found, which_point[row], -1)
    shift = images[which_image[row]] - home[which_point[row]]
    return Neighbours(
        index=index.astype(np.int64),
        image=np.where(found[..., None], shift, 0).astype(np.int64),
        vector_A=vector,
        distance_A=distance,
    )
