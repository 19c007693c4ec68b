"""Where ions are: their probability density on a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.grids import GridFormat, format_grid
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory
from perolyte.transport.periodic_cell import check_cell

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["ProbabilityDensity", "format_density", "map_density"]

_MAX_VOXELS = 2**31 - 1
_MIN_BLOCKS = 2
_SAME_CELL = 1e-3
"""Å, between lattice vectors of a density and of the structure shown with it."""


@dataclass(frozen=True, eq=False)
class ProbabilityDensity:
    """Visits of ions to the voxels of a periodic grid.

    Attributes
    ----------
    cell_A
        (3, 3), Å, rows are the lattice vectors of the cell shown (of a folded density, the small
        one).
    block_counts
        (n_blocks, n_a, n_b, n_c), ions found in each voxel, over all frames of each part of the
        run; voxel (i, j, k) has its middle at the fractional coordinates (i/n_a, j/n_b, k/n_c).
    n_frames
        Frames counted.
    n_ions
        Ions in the cell shown, on average.
    """

    cell_A: FloatArray
    block_counts: NDArray[np.int32]
    n_frames: int
    n_ions: float

    @property
    def counts(self) -> NDArray[np.int64]:
        """Visits over all blocks, (n_a, n_b, n_c)."""
        return np.asarray(self.block_counts.sum(axis=0, dtype=np.int64))

    @property
    def values_per_A3(self) -> FloatArray:
        """Ions per Å³, (n_a, n_b, n_c); its integral over the cell is the number of ions."""
        counts = self.counts
        voxel_A3 = abs(float(np.linalg.det(self.cell_A))) / counts.size
        return np.asarray(counts * (self.n_ions / (counts.sum() * voxel_A3)))


def map_density(
    positions_A: ArrayLike | Iterable[ArrayLike],
    cell_A: ArrayLike,
    *,
    spacing_A: float = 0.2,
    divisions: tuple[int, int, int] | None = None,
    fold: tuple[int, int, int] = (1, 1, 1),
    n_blocks: int = 5,
) -> ProbabilityDensity:
    """Count ions in the voxels of a grid, frame by frame.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, Cartesian, wrapped or not, drift of the framework removed; or such
        arrays one after another, of which one at a time is held.
    cell_A
        (3, 3), Å, mean cell; rows are the lattice vectors.
    spacing_A
        Å, largest distance of voxels along each lattice vector.
    divisions
        Voxels along a, b and c instead of a spacing.
    fold
        How often a smaller cell repeats along a, b and c; its copies are put on top of one another,
        which is right where the framework repeats so.
    n_blocks
        Parts of the run that are kept apart, for errors. One array is cut into parts that follow
        one another; of several arrays, every n_blocks-th goes to one part.

    Returns
    -------
    ProbabilityDensity
        Visits on the grid.

    Raises
    ------
    InputError
        For wrong positions, no positions, a wrong cell, spacing, division or fold, or fewer than 2
        blocks.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> density = map_density(rng.normal(2.0, 0.3, (100, 5, 3)), 4 * np.eye(3), spacing_A=0.5)
    >>> density.counts.shape, round(float(density.values_per_A3.sum() * 0.5**3), 6)
    ((8, 8, 8), 5.0)
    """
    cell = check_cell(cell_A)
    folds = _check_whole(fold, "fold")
    small = cell / folds[:, None]
    shape = _choose_divisions(small, spacing_A, divisions)
    if n_blocks < _MIN_BLOCKS:
        raise InputError(f"n_blocks is {n_blocks}; it must be at least {_MIN_BLOCKS}: 5 is usual")
    inverse = np.linalg.inv(small)
    counts = np.zeros((n_blocks, int(shape.prod())), dtype=np.int32)
    n_frames = n_visits = 0
    for number, chunk in enumerate(_list_chunks(positions_A, n_blocks)):
        fractional = chunk.reshape(-1, 3) @ inverse
        # The middle of voxel 0 is the origin.
        place = np.floor(fractional * shape + 0.5).astype(np.int64) % shape
        flat = np.ravel_multi_index(tuple(place.T), tuple(shape))
        counts[number % n_blocks] += np.bincount(flat, minlength=counts.shape[1]).astype(np.int32)
        n_frames += len(chunk)
        n_visits += len(flat)
    if n_frames == 0:
        raise InputError("positions_A holds no frames; at least one is needed: give a trajectory")
    return ProbabilityDensity(
        cell_A=small,
        block_counts=counts.reshape(n_blocks, *shape),
        n_frames=n_frames,
        n_ions=n_visits / n_frames / float(folds.prod()),
    )


def format_density(
    density: ProbabilityDensity, structure: Structure, file_format: GridFormat
) -> Iterator[str]:
    """Write a density as text for VESTA and other programs, in ions per Å³, piece by piece.

    Parameters
    ----------
    density
        From :func:`map_density`.
    structure
        pymatgen structure of the same cell: the atoms to show with it.
    file_format
        "cube", "grd" or "locpot" (:func:`perolyte.grids.format_grid`).

    Returns
    -------
    iterator of str
        Pieces of the file, in order.

    Raises
    ------
    InputError
        For another cell or format.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> density = map_density(np.zeros((4, 1, 3)), 4 * np.eye(3), spacing_A=1.0)
    >>> oxide = Structure(Lattice.cubic(4.0), ["O"], [[0.5, 0.5, 0.5]])
    >>> "".join(format_density(density, oxide, "grd")).splitlines()[0]
    'density of mobile ions in 1/A^3'
    """
    if not np.allclose(structure.lattice.matrix, density.cell_A, rtol=0, atol=_SAME_CELL):
        given = ", ".join(f"{length:.3f}" for length in structure.lattice.abc)
        own = ", ".join(f"{length:.3f}" for length in np.linalg.norm(density.cell_A, axis=1))
        raise InputError(
            f"the structure has edges of {given} Å and the density of {own} Å, or they are turned "
            "against one another; give the structure of the cell that the density shows"
        )
    title = "density of mobile ions in 1/A^3"
    return format_grid(density.values_per_A3, structure, file_format, title=title)


def _list_chunks(
    positions_A: ArrayLike | Iterable[ArrayLike], n_blocks: int
) -> Iterator[FloatArray]:
    """Yield parts of one array, or the arrays given, each (n_frames, n_ions, 3)."""
    if isinstance(positions_A, np.ndarray):
        positions = check_trajectory(positions_A)
        yield from np.array_split(positions, n_blocks)
        return
    if not isinstance(positions_A, Iterable):
        raise InputError(
            f"positions_A is a {type(positions_A).__name__}; it must be an array of shape "
            "(n_frames, n_ions, 3), or several: give the positions of the ions"
        )
    for chunk in positions_A:
        yield check_trajectory(chunk)


def _choose_divisions(
    cell_A: FloatArray, spacing_A: float, divisions: tuple[int, int, int] | None
) -> NDArray[np.int64]:
    if divisions is not None:
        shape = _check_whole(divisions, "divisions")
    else:
        spacing = float(check_positive(spacing_A, name="spacing_A", unit="Å", hint="0.2 is usual"))
        lengths = np.linalg.norm(cell_A, axis=1)
        # An edge that is a whole number of spacings is not divided once more for its last bits.
        shape = np.maximum(1, np.ceil(lengths / spacing - 1e-9)).astype(np.int64)
    if shape.astype(np.float64).prod() > _MAX_VOXELS:
        raise InputError(
            f"the grid would have {shape.tolist()} voxels, more than {_MAX_VOXELS} in all: use a "
            "larger spacing_A"
        )
    return shape


def _check_whole(values: tuple[int, int, int], name: str) -> NDArray[np.int64]:
    whole = np.array(values)
    if whole.shape != (3,) or whole.dtype.kind not in "iu" or (whole < 1).any():
        raise InputError(
            f"{name} is {values}; it must be three whole numbers of at least 1, along a, b and c"
        )
    return whole.astype(np.int64)
