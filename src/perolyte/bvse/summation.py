"""Sum of the pair energies over all sites, for each voxel that symmetry leaves to compute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.potentials import TABLE_STEP_A2, PairTables
from perolyte.bvse.symmetry import GridSymmetry

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["sum_pairs"]

_BATCHES_PER_THREAD = 8  # rows differ in work; small batches keep all threads busy to the end


def sum_pairs(
    framework: Structure,
    tables: PairTables,
    grid: GridSymmetry,
    *,
    dtype: str,
    cutoff_A: float,
    cap_eV: float,
) -> NDArray[Any]:
    """Compute the energy of one voxel per orbit and copy it to the others.

    Runs in as many threads as numba uses (NUMBA_NUM_THREADS); the result does not depend on it.

    Parameters
    ----------
    framework
        Sites, without the mobile ion.
    tables
        Pair energies of the sites.
    grid
        Divisions and the operations that map the voxels onto each other.
    dtype
        "float64" or "float32", of the result.
    cutoff_A
        Å, the longest reach of a pair.
    cap_eV
        eV, upper limit of the energies.

    Returns
    -------
    ndarray
        ``(n_a, n_b, n_c)``, eV.
    """
    from numba import get_num_threads

    from perolyte.bvse._kernel import add_pairs, copy_orbits, find_representatives

    energies = np.empty(grid.divisions, dtype=dtype)
    is_first = None
    if len(grid.rotations) > 1:
        is_first = find_representatives(np.array(grid.divisions), grid.rotations, grid.shifts)
    rows = _list_rows(grid.divisions, is_first)
    matrix = np.asarray(framework.lattice.matrix, dtype=np.float64)
    row_frac = np.zeros((len(rows), 3))
    row_frac[:, :2] = rows[:, :2] / np.array(grid.divisions[:2])
    axes = _axes_along_c(matrix)
    row_places = row_frac @ matrix @ axes
    sites, kinds = _list_images(framework, tables, matrix, axes, cutoff_A)
    voxel_A = float(np.linalg.norm(matrix[2])) / grid.divisions[2]

    def fill(batch: NDArray[np.int64]) -> None:
        add_pairs(
            energies,
            rows[batch[0] : batch[-1] + 1],
            row_places[batch[0] : batch[-1] + 1],
            sites,
            kinds,
            voxel_A,
            tables.coefficients,
            tables.reach2_A2,
            tables.tail_eV,
            TABLE_STEP_A2,
            cap_eV,
        )

    n_threads = get_num_threads()
    n_batches = min(len(rows), n_threads * _BATCHES_PER_THREAD)
    batches = np.array_split(np.arange(len(rows)), n_batches)
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(fill, batches))
    if is_first is not None:
        copy_orbits(energies, is_first, grid.rotations, grid.shifts)
    return energies


def _list_rows(
    divisions: tuple[int, int, int], is_first: NDArray[np.bool_] | None
) -> NDArray[np.int32]:
    """Rows with voxels to compute: first and second index, first and last plus one third index."""
    n_a, n_b, n_c = divisions
    if is_first is None:
        i, j = np.divmod(np.arange(n_a * n_b), n_b)
        return np.stack([i, j, np.zeros_like(i), np.full_like(i, n_c)], axis=1).astype(np.int32)
    i, j = np.nonzero(is_first.any(axis=2))
    chosen = is_first[i, j]
    low = chosen.argmax(axis=1)
    high = n_c - chosen[:, ::-1].argmax(axis=1)
    return np.stack([i, j, low, high], axis=1).astype(np.int32)


def _axes_along_c(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal axes as columns, the third along c."""
    along = matrix[2] / np.linalg.norm(matrix[2])
    first = matrix[0] - (matrix[0] @ along) * along
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(along, first), along], axis=1)


def _list_images(
    framework: Structure,
    tables: PairTables,
    matrix: NDArray[np.float64],
    axes: NDArray[np.float64],
    cutoff_A: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images of the sites across c that reach into the cell, in axes along c, by kind."""
    frac = np.mod(framework.frac_coords, 1.0)
    across = (matrix @ axes)[:2, :2]
    # distances of the opposite faces, seen along c
    heights_A = abs(np.linalg.det(across)) / np.linalg.norm(across, axis=1)[::-1]
    reach = cutoff_A / heights_A
    n_a, n_b = (int(n) for n in np.floor(1.0 + reach))
    shifts = np.array(
        [(a, b, 0) for a in range(-n_a, n_a + 1) for b in range(-n_b, n_b + 1)], dtype=np.float64
    )
    images = (frac[:, None, :] + shifts[None, :, :]).reshape(-1, 3)
    kinds = np.repeat(tables.kinds, len(shifts))
    inside = ((images[:, :2] > -reach) & (images[:, :2] < 1.0 + reach)).all(axis=1)
    inside &= tables.reach2_A2[kinds] > 0.0
    images, kinds = images[inside], kinds[inside]
    order = np.argsort(kinds, kind="stable")  # one table after the other stays in the cache
    return np.ascontiguousarray(images[order] @ matrix @ axes), kinds[order].astype(np.int64)
