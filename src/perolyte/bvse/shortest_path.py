"""Path of least work between two minima that does not rise above their saddle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.basins import list_neighbour_steps
from perolyte.bvse.merging import MergedBasins

__all__ = ["PathFinder"]

IntArray = NDArray[np.int64]

_LENGTH_WEIGHT = 0.1
"""Cost of 1 Å at the bottom, in units of 1 Å at the height of the saddle. It keeps paths short
where the map is flat, and is small enough that the path runs along the valley elsewhere."""


class PathFinder:
    """Dijkstra's search over the voxels of two basins; work arrays are shared by all searches.

    Among the paths from minimum to minimum inside the two basins that stay at or below the saddle,
    the one with the least sum of length x (height above the lower minimum / height of the saddle
    + 0.1) is found. The shortest path would cut corners at the height of the saddle; this one
    follows the valley.

    Parameters
    ----------
    basins : MergedBasins
        Sites and their voxels.
    energies_eV : ndarray
        (n_a, n_b, n_c), eV.
    matrix_A : ndarray
        (3, 3), lattice vectors in rows, Å.
    connectivity : int
        6 or 26, as in the flooding.
    """

    def __init__(
        self,
        basins: MergedBasins,
        energies_eV: NDArray[np.floating],
        *,
        matrix_A: NDArray[np.float64],
        connectivity: int,
    ) -> None:
        self._basins = basins
        self._shape = np.array(energies_eV.shape, dtype=np.int64)
        self._energies = np.ascontiguousarray(energies_eV, dtype=np.float64).ravel()
        self._steps = list_neighbour_steps(connectivity)
        self._lengths_A = np.linalg.norm(self._steps / self._shape @ matrix_A, axis=1)
        self._cost = np.full(2 * self._energies.size, np.inf)
        self._previous = np.full(2 * self._energies.size, -1, dtype=np.int64)

    def find(
        self, first: int, second: int, image: tuple[int, int, int], saddle_eV: float
    ) -> tuple[IntArray, IntArray]:
        """Return the voxels of the path and the cells they lie in.

        Parameters
        ----------
        first, second : int
            Sites.
        image : tuple of int
            Cell of the second one.
        saddle_eV : float
            Energy of their saddle, eV.

        Returns
        -------
        tuple of ndarray
            (n_points,) flat indices and (n_points, 3) cells; from the minimum of ``first`` in cell
            0 to that of ``second`` in ``image``.
        """
        from perolyte.bvse._dijkstra import search_path

        ends = self._basins.minima[[first, second]]
        sites = np.array([first, second], dtype=np.int64)
        floor = float(self._energies[ends].min())
        voxels = search_path(
            self._energies,
            self._basins.labels,
            self._basins.copies,
            self._shape,
            self._steps,
            self._lengths_A,
            sites,
            np.array(image, dtype=np.int64),
            ends,
            np.array([floor, saddle_eV, _LENGTH_WEIGHT]),
            self._cost,
            self._previous,
        )
        side = voxels[:, 1:]
        cells = side * np.array(image) - self._basins.copies[voxels[:, 0]]
        return voxels[:, 0], cells
