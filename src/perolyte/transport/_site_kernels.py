"""Compiled loop that follows ions from the core of one site to that of another."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["EVENT_COLUMNS", "follow_ions"]

EVENT_COLUMNS = 8
"""Ion, last frame in the old core, first in the new one, old site, new site, image (3)."""


@njit(cache=True, nogil=True)
def follow_ions(
    positions_A: NDArray[np.float64],
    inverse_cell: NDArray[np.float64],
    cell_A: NDArray[np.float64],
    sites_frac: NDArray[np.float64],
    squared_radii: NDArray[np.float64],
    reach: NDArray[np.int64],
    site_index: NDArray[np.int32],
    events: NDArray[np.int64],
) -> int:
    """Write the site of each ion and frame, and the jumps; return how many jumps there are.

    More jumps than rows of ``events`` are counted, not written. An ion belongs to a site from the
    first frame in its core to the last one before another core is entered; what lies between, and
    what follows the last visit, is -1.
    """
    n_frames, n_ions = site_index.shape
    point = np.empty(3)
    image = np.zeros(3, np.int64)
    home = np.zeros(3, np.int64)
    n_events = 0
    for ion in range(n_ions):
        site, last = -1, -1
        for frame in range(n_frames):
            site_index[frame, ion] = -1
            for axis in range(3):
                point[axis] = (
                    positions_A[frame, ion, 0] * inverse_cell[0, axis]
                    + positions_A[frame, ion, 1] * inverse_cell[1, axis]
                    + positions_A[frame, ion, 2] * inverse_cell[2, axis]
                )
            # Cores do not overlap, so that an ion in its own core is in no other.
            if site >= 0 and (
                _square_distance(point, sites_frac[site], home, cell_A) <= squared_radii[site]
            ):
                site_index[last + 1 : frame + 1, ion] = site
                last = frame
                continue
            entered = _find_core(point, sites_frac, squared_radii, reach, cell_A, image)
            if entered < 0:
                continue
            if site >= 0:
                if n_events < events.shape[0]:
                    row = events[n_events]
                    row[0], row[1], row[2], row[3], row[4] = ion, last, frame, site, entered
                    for axis in range(3):
                        row[5 + axis] = image[axis] - home[axis]
                n_events += 1
            site, last = entered, frame
            home[:] = image
            site_index[frame, ion] = site
    return n_events


@njit(cache=True, nogil=True)
def _find_core(
    point: NDArray[np.float64],
    sites_frac: NDArray[np.float64],
    squared_radii: NDArray[np.float64],
    reach: NDArray[np.int64],
    cell_A: NDArray[np.float64],
    image: NDArray[np.int64],
) -> int:
    """Return the site whose core holds the point, -1 for none, and write its cell."""
    nearest = np.empty(3, np.int64)
    for site in range(sites_frac.shape[0]):
        for axis in range(3):
            nearest[axis] = int(np.round(point[axis] - sites_frac[site, axis]))
        for a in range(-reach[0], reach[0] + 1):
            for b in range(-reach[1], reach[1] + 1):
                for c in range(-reach[2], reach[2] + 1):
                    image[0], image[1], image[2] = nearest[0] + a, nearest[1] + b, nearest[2] + c
                    square = _square_distance(point, sites_frac[site], image, cell_A)
                    if square <= squared_radii[site]:
                        return site
    return -1


@njit(cache=True, nogil=True)
def _square_distance(
    point: NDArray[np.float64],
    site_frac: NDArray[np.float64],
    image: NDArray[np.int64],
    cell_A: NDArray[np.float64],
) -> float:
    a = point[0] - site_frac[0] - image[0]
    b = point[1] - site_frac[1] - image[1]
    c = point[2] - site_frac[2] - image[2]
    total = 0.0
    for axis in range(3):
        length = a * cell_A[0, axis] + b * cell_A[1, axis] + c * cell_A[2, axis]
        total += length * length
    return total
