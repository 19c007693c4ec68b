"""Basins of attraction of an energy grid, and where they meet: the watershed of a periodic map.

Every voxel follows its lowest neighbour down to a minimum. In the crystal without end that is a
minimum in one particular cell, so that each voxel carries, beside the number of its basin, the
cell offset ("copy") of the minimum that it belongs to. Two voxels that touch and differ in either
belong to neighbouring basins; the lowest such contact is the saddle of the pair on the grid. As a
descending chain joins each voxel to its minimum, the highest energy that a path between two minima
must cross is the same in this graph of basins as on the grid itself: nothing is approximated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

__all__ = ["Basins", "Meetings", "flood_basins", "list_neighbour_steps"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_FIRST_CAPACITY = 2**16


@dataclass(frozen=True, eq=False)
class Meetings:
    """Lowest contact of each pair of basins.

    Attributes
    ----------
    first, second : ndarray of int
        (n_meetings,), basins; the copy of ``second`` in cell ``image`` touches that of ``first``
        in cell 0.
    image : ndarray of int
        (n_meetings, 3), cell offset.
    energy_eV : ndarray of float
        (n_meetings,), the higher of the two voxels that touch.
    voxel : ndarray of int
        (n_meetings,), flat index of that higher voxel.
    voxel_in_second : ndarray of bool
        (n_meetings,), whether it belongs to ``second``.
    """

    first: IntArray
    second: IntArray
    image: IntArray
    energy_eV: FloatArray
    voxel: IntArray
    voxel_in_second: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Basins:
    """Watershed of a periodic grid.

    Attributes
    ----------
    shape : tuple of int
        Voxels along a, b and c.
    labels : ndarray of int
        (n_voxels,), basin of each voxel, flat C order; -1 above the energy limit.
    copies : ndarray of int
        (n_voxels, 3), cell of the minimum that the voxel in cell 0 belongs to.
    minima : ndarray of int
        (n_basins,), flat index of the lowest voxel of each basin.
    meetings : Meetings
        Where the basins touch.
    """

    shape: tuple[int, int, int]
    labels: NDArray[np.int32]
    copies: NDArray[np.int16]
    minima: IntArray
    meetings: Meetings


def list_neighbour_steps(connectivity: int) -> IntArray:
    """Return the steps from a voxel to its neighbours.

    Parameters
    ----------
    connectivity : int
        6 (faces) or 26 (faces, edges and corners).

    Returns
    -------
    ndarray of int
        (connectivity, 3), faces first, then edges, then corners.

    Raises
    ------
    InputError
        When the connectivity is neither.

    Examples
    --------
    >>> list_neighbour_steps(6).tolist()[:2]
    [[-1, 0, 0], [0, -1, 0]]
    """
    if connectivity not in (6, 26):
        raise InputError(f"connectivity {connectivity!r} is not known; choose 6 or 26 neighbours")
    cube = np.indices((3, 3, 3)).reshape(3, -1).T - 1
    squares = (cube**2).sum(axis=1)
    steps = cube[np.argsort(squares, kind="stable")]
    return np.ascontiguousarray(steps[1 : connectivity + 1], dtype=np.int64)


def flood_basins(
    energies_eV: NDArray[np.floating], *, energy_limit_eV: float, connectivity: int = 26
) -> Basins:
    """Divide a periodic energy grid into the basins of its minima.

    Voxels are taken in ascending order of energy (ties by index). One without a lower neighbour
    starts a basin; every other joins that of its lowest neighbour. On a plateau this may start
    more basins than there are minima; they meet at zero height and vanish when shallow basins are
    merged.

    Parameters
    ----------
    energies_eV : ndarray
        (n_a, n_b, n_c), eV, periodic.
    energy_limit_eV : float
        Voxels above this energy (absolute, eV) belong to no basin.
    connectivity : int
        6 or 26 neighbours.

    Returns
    -------
    Basins
        Labels, copies, minima and meetings.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * np.arange(8) / 8)
    >>> basins = flood_basins(wave[:, None, None] * np.ones((8, 1, 1)), energy_limit_eV=2.0)
    >>> basins.minima.tolist()
    [4]
    """
    from perolyte.bvse._watershed import assign_basins, find_meetings

    steps = list_neighbour_steps(connectivity)
    shape = energies_eV.shape
    flat = np.ascontiguousarray(energies_eV, dtype=np.float64).ravel()
    allowed = np.flatnonzero(flat <= energy_limit_eV)
    order = allowed[np.argsort(flat[allowed], kind="stable")]
    grid = np.array(shape, dtype=np.int64)
    labels = np.full(flat.size, -1, dtype=np.int32)
    copies = np.zeros((flat.size, 3), dtype=np.int16)
    minima = assign_basins(flat, order, grid, steps, labels, copies)
    capacity = _FIRST_CAPACITY
    while True:
        keys = np.empty((capacity, 5), dtype=np.int64)
        contacts = np.empty((capacity, 2), dtype=np.int64)
        found = find_meetings(order, grid, steps, labels, copies, keys, contacts)
        if found >= 0:
            break
        capacity *= 4
    keys, contacts = keys[:found], contacts[:found]
    meetings = Meetings(
        first=keys[:, 0],
        second=keys[:, 1],
        image=keys[:, 2:],
        energy_eV=flat[contacts[:, 0]],
        voxel=contacts[:, 0],
        voxel_in_second=contacts[:, 1].astype(np.bool_),
    )
    return Basins(
        shape=(shape[0], shape[1], shape[2]),
        labels=labels,
        copies=copies,
        minima=minima,
        meetings=meetings,
    )
