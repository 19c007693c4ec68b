"""Compiled loops of the energy map.

A row is the set of voxels with the same first two indices; it runs along c. Seen along c, a site
is a point at a distance from the row, so that R² of the voxels is a parabola in the third index:
the inner loops run over consecutive voxels with nothing but a table to read.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_pairs", "copy_orbits", "find_representatives"]

ROWS_PER_BUNCH = 32
"""Rows that share one list of sites near them."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _locate(
    pieces: NDArray[np.int32],
    fractions: NDArray[np.float64],
    count: int,
    away: float,
    aside2: float,
    step2: float,
) -> None:
    """Find where the squared distances of consecutive voxels are in a table.

    Apart from the look-up, so that it compiles to vector instructions. ``away`` is in voxels from
    the site along c to the first voxel; squared lengths are in units of the table step.
    """
    for n in range(count):
        along = away + np.float64(np.int32(n))  # 32-bit integers have vector conversions
        u = aside2 + step2 * along * along
        pieces[n] = np.int32(u)
        fractions[n] = u - np.float64(np.int32(u))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _look_up(
    row: NDArray[np.float64],
    pieces: NDArray[np.int32],
    fractions: NDArray[np.float64],
    table: NDArray[np.float64],
) -> None:
    """Add the energies of one site to consecutive voxels."""
    for n in range(row.size):
        f, p = fractions[n], np.uint32(pieces[n])
        row[n] += table[0, p] + f * (table[1, p] + f * (table[2, p] + f * table[3, p]))


@njit(cache=True, nogil=True, error_model="numpy")
def add_pairs(
    energies: NDArray[np.float64],
    rows: NDArray[np.int32],
    row_places: NDArray[np.float64],
    sites: NDArray[np.float64],
    site_kinds: NDArray[np.int64],
    voxel_A: float,
    coefficients: NDArray[np.float64],
    reach2_A2: NDArray[np.float64],
    tail_eV: float,
    table_step_A2: float,
    cap_eV: float,
) -> None:
    """Write the energies of some rows.

    Parameters
    ----------
    energies
        ``(n_a, n_b, n_c)``, eV, float64 or float32; written in place.
    rows
        ``(n_rows, 4)``: first and second index, first and last plus one third index to compute.
    row_places
        ``(n_rows, 3)``, Å: two coordinates across c and the one along c of the row's first voxel.
    sites
        ``(n_sites, 3)``, Å, in the same axes: one image of each site along c, every image across
        c that reaches into the cell.
    site_kinds
        ``(n_sites,)``.
    voxel_A
        Distance of voxels along c.
    coefficients, reach2_A2, tail_eV, table_step_A2
        Of :class:`perolyte.bvse.potentials.PairTables`.
    cap_eV
        Upper limit of the energies.
    """
    n_c = energies.shape[2]
    buffer, fractions, pieces = np.empty(n_c), np.empty(n_c), np.empty(n_c, np.int32)
    near = np.empty(sites.shape[0], np.int64)
    step2 = voxel_A * voxel_A / table_step_A2
    for first in range(0, rows.shape[0], ROWS_PER_BUNCH):
        last = min(first + ROWS_PER_BUNCH, rows.shape[0])
        n_near = _list_near(row_places[first:last], sites, site_kinds, reach2_A2, near)
        for index in range(first, last):
            i, j, low, high = rows[index]
            buffer[low:high] = tail_eV
            for s in range(n_near):
                site = near[s]
                kind = site_kinds[site]
                x = sites[site, 0] - row_places[index, 0]
                y = sites[site, 1] - row_places[index, 1]
                aside2 = x * x + y * y
                room2 = reach2_A2[kind] - aside2
                if room2 <= 0.0:
                    continue
                half = math.sqrt(room2) / voxel_A
                center = (sites[site, 2] - row_places[index, 2]) / voxel_A
                # images along c: those whose interval touches low to high - 1
                before = math.ceil((low - half - center) / n_c)
                after = math.floor((high - 1 + half - center) / n_c)
                for image in range(before, after + 1):
                    middle = center + image * n_c
                    start = max(low, math.ceil(middle - half))
                    stop = min(high, math.floor(middle + half) + 1)
                    _locate(
                        pieces,
                        fractions,
                        stop - start,
                        start - middle,
                        aside2 / table_step_A2,
                        step2,
                    )
                    _look_up(buffer[start:stop], pieces, fractions, coefficients[kind])
            for k in range(low, high):
                energies[i, j, k] = min(buffer[k], cap_eV)


@njit(cache=True, nogil=True, error_model="numpy")
def _list_near(
    places: NDArray[np.float64],
    sites: NDArray[np.float64],
    site_kinds: NDArray[np.int64],
    reach2_A2: NDArray[np.float64],
    near: NDArray[np.int64],
) -> int:
    """List the sites that reach any of some rows; return how many."""
    n_rows = places.shape[0]
    x_mid = places[:, 0].sum() / n_rows
    y_mid = places[:, 1].sum() / n_rows
    spread = 0.0
    for row in range(n_rows):
        spread = max(spread, math.hypot(places[row, 0] - x_mid, places[row, 1] - y_mid))
    n_near = 0
    for site in range(sites.shape[0]):
        x, y = sites[site, 0] - x_mid, sites[site, 1] - y_mid
        limit = math.sqrt(reach2_A2[site_kinds[site]]) + spread
        if x * x + y * y < limit * limit:
            near[n_near] = site
            n_near += 1
    return n_near


@njit(cache=True, nogil=True)
def find_representatives(
    divisions: NDArray[np.int64], rotations: NDArray[np.int64], shifts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark one voxel of each orbit, the first in the order of the array.

    Parameters
    ----------
    divisions
        ``(3,)``.
    rotations, shifts
        ``(n_operations, 3, 3)`` and ``(n_operations, 3)``: operations on voxel indices, the
        identity first.

    Returns
    -------
    ndarray
        ``(n_a, n_b, n_c)``, bool.
    """
    n_a, n_b, n_c = divisions
    is_first = np.ones((n_a, n_b, n_c), np.bool_)
    for i in range(n_a):
        for j in range(n_b):
            for k in range(n_c):
                if not is_first[i, j, k]:
                    continue
                for op in range(1, rotations.shape[0]):
                    a, b, c = _map_voxel(i, j, k, rotations[op], shifts[op], divisions)
                    if a != i or b != j or c != k:
                        is_first[a, b, c] = False
    return is_first


@njit(cache=True, nogil=True)
def copy_orbits(
    energies: NDArray[np.float64],
    is_first: NDArray[np.bool_],
    rotations: NDArray[np.int64],
    shifts: NDArray[np.int64],
) -> None:
    """Copy the energies of the marked voxels to the rest of their orbits."""
    divisions = np.array(energies.shape)
    for i in range(divisions[0]):
        for j in range(divisions[1]):
            for k in range(divisions[2]):
                if not is_first[i, j, k]:
                    continue
                for op in range(1, rotations.shape[0]):
                    a, b, c = _map_voxel(i, j, k, rotations[op], shifts[op], divisions)
                    energies[a, b, c] = energies[i, j, k]


@njit(cache=True, nogil=True)
def _map_voxel(
    i: int,
    j: int,
    k: int,
    rotation: NDArray[np.int64],
    shift: NDArray[np.int64],
    divisions: NDArray[np.int64],
) -> tuple[int, int, int]:
    a = rotation[0, 0] * i + rotation[0, 1] * j + rotation[0, 2] * k + shift[0]
    b = rotation[1, 0] * i + rotation[1, 1] * j + rotation[1, 2] * k + shift[1]
    c = rotation[2, 0] * i + rotation[2, 1] * j + rotation[2, 2] * k + shift[2]
    return a % divisions[0], b % divisions[1], c % divisions[2]
