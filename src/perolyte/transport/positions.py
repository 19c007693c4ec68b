"""Continuous paths of atoms in the frame of the framework, at once or frame by frame.

Everything is done in scaled coordinates, in which wrapping is adding whole numbers and the
breathing of a cell is no motion; a path in Å is the scaled path times one cell, the mean one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError, PathError
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory

__all__ = ["DriftRemover", "Unwrapper", "remove_framework_drift", "unwrap_positions"]

_LARGEST_CLEAR_STEP = 0.45
"""A step of half a cell edge can be read both ways; 0.05 of the edge is kept as a margin."""
_NUMBERS_AT_ONCE = 400_000
"""3 MB: what lies between positions and paths fits a processor's cache."""


def unwrap_positions(positions_A: ArrayLike, cells_A: ArrayLike) -> FloatArray:
    """Follow each atom across the periodic boundaries.

    The minimum image is taken of each step between frames, in scaled coordinates. Where the cell
    changes from frame to frame (NPT), the scaled path is multiplied by the mean cell, so that the
    breathing of the cell is not read as motion.

    Parameters
    ----------
    positions_A
        (n_frames, n_atoms, 3), Å, Cartesian; wrapped or not.
    cells_A
        (3, 3), or (n_frames, 3, 3), Å; rows are the lattice vectors.

    Returns
    -------
    numpy.ndarray
        (n_frames, n_atoms, 3), Å, unwrapped. With one fixed cell, frame 0 equals the input.

    Raises
    ------
    InputError
        For a wrong shape, one frame, NaN, a cell without volume, or a step above 0.45 of a cell
        edge, which cannot be told from a step the other way.

    Examples
    --------
    >>> import numpy as np
    >>> wrapped = np.array([[[9.5, 0.0, 0.0]], [[0.5, 0.0, 0.0]]])
    >>> unwrap_positions(wrapped, 10 * np.eye(3))[1, 0].tolist()
    [10.5, 0.0, 0.0]
    """
    positions = check_trajectory(positions_A)
    cells = np.asarray(cells_A, dtype=np.float64)
    if cells.shape not in {(3, 3), (len(positions), 3, 3)}:
        raise InputError(
            f"cells_A has shape {cells.shape}; it must be (3, 3) or ({len(positions)}, 3, 3) for "
            f"{len(positions)} frames: give one cell, or one per frame"
        )
    # Compared with the edges, because what counts as flat depends on the size of the cell.
    edges = np.prod(np.linalg.norm(cells, axis=-1), axis=-1)
    if not np.isfinite(cells).all() or (np.abs(np.linalg.det(cells)) <= 1e-6 * edges).any():
        raise InputError(
            "cells_A holds a cell that is not finite or has no volume (Å); each needs three "
            "independent lattice vectors as rows: check the cell of every frame"
        )
    cells = np.broadcast_to(cells, (len(positions), 3, 3))
    mean_cell = cells.mean(axis=0)
    unwrapper, path = Unwrapper(), np.empty_like(positions)
    size = max(1, _NUMBERS_AT_ONCE // (3 * positions.shape[1]))
    for first in range(0, len(positions), size):
        part = slice(first, first + size)
        scaled = positions[part] @ np.linalg.inv(cells[part])
        np.matmul(unwrapper.follow(scaled), mean_cell, out=path[part])
    return path


class Unwrapper:
    """Follows atoms across the periodic boundaries, one block of frames after the other.

    Blocks of any length give the same paths. What is carried from block to block is the last
    frame and the whole number of cells that each atom has crossed, so that no rounding adds up.

    Parameters
    ----------
    first_frame
        Number of the first frame that will be given, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> unwrapper = Unwrapper()
    >>> unwrapper.follow(np.array([[[0.95, 0.0, 0.0]]]))[0, 0].tolist()
    [0.95, 0.0, 0.0]
    >>> unwrapper.follow(np.array([[[0.05, 0.0, 0.0]]]))[0, 0].tolist()
    [1.05, 0.0, 0.0]
    """

    def __init__(self, *, first_frame: int = 0) -> None:
        self._n_frames = first_frame
        self._last: FloatArray | None = None
        self._crossed: FloatArray | None = None

    def follow(self, scaled: FloatArray) -> FloatArray:
        """Continue the paths by a block.

        Parameters
        ----------
        scaled
            (n_frames, n_atoms, 3), in units of the lattice vectors, wrapped or not; the atoms of
            the block before.

        Returns
        -------
        numpy.ndarray
            Same shape, continuous; the very first frame equals the input.

        Raises
        ------
        PathError
            For a step above 0.45 of a cell edge or not a number, naming atom and frames.
        InputError
            For other atoms than before.
        """
        before = scaled[:1] if self._last is None else self._last[np.newaxis]
        if scaled.ndim != 3 or 0 in scaled.shape or scaled.shape[1:] != before.shape[1:]:
            raise InputError(
                f"a block of shape {scaled.shape} does not continue paths of {before.shape[1:]}; "
                "it must be (n_frames, n_atoms, 3) with the same atoms: give the frames in order"
            )
        steps = np.diff(scaled, axis=0, prepend=before)
        cells = np.rint(steps)
        steps -= cells
        if not max(steps.max(), -steps.min()) <= _LARGEST_CLEAR_STEP:  # not a number is refused too
            raise _refuse_step(steps, self._n_frames)
        crossed = np.zeros(before.shape[1:]) if self._crossed is None else self._crossed
        path = scaled + crossed
        crosses = cells.any(axis=0)  # few do, and adding up is the slow part
        path[:, crosses] -= np.cumsum(cells[:, crosses], axis=0)
        self._crossed = crossed - cells.sum(axis=0)
        self._last = scaled[-1].copy()
        self._n_frames += len(scaled)
        return path


def _refuse_step(steps: FloatArray, first_frame: int) -> PathError:
    """Name the first step (n_frames, n_atoms, 3) that can be read both ways."""
    step, atom, axis = np.argwhere(~(np.abs(steps) <= _LARGEST_CLEAR_STEP))[0]
    frame = first_frame + step
    return PathError(
        f"atom {atom} moves by {abs(steps[step, atom, axis]):.2f} of cell edge {'abc'[axis]} "
        f"between frames {frame - 1} and {frame}; at most {_LARGEST_CLEAR_STEP} can be "
        "unwrapped: write frames more often, use a larger cell, or check that the order of the "
        "atoms stays the same"
    )


class DriftRemover:
    """Subtracts the motion of the framework's centre of mass, one block of frames after the other.

    Parameters
    ----------
    masses_amu
        (n_atoms,), atomic mass units.
    mobile
        (n_atoms,), bool, True for the ions whose diffusion is measured.

    Raises
    ------
    InputError
        As :func:`remove_framework_drift`.

    Examples
    --------
    >>> import numpy as np
    >>> remover = DriftRemover([16.0, 7.0], [False, True])
    >>> remover.follow(np.array([[[0.0, 0, 0], [2.0, 0, 0]]]))[0, :, 0].tolist()
    [0.0, 2.0]
    >>> remover.follow(np.array([[[1.0, 0, 0], [5.0, 0, 0]]]))[0, :, 0].tolist()
    [0.0, 4.0]
    """

    def __init__(self, masses_amu: ArrayLike, mobile: ArrayLike) -> None:
        masses = check_positive(
            masses_amu, name="masses_amu", unit="amu", hint="give the mass of each atom"
        )
        is_mobile = np.asarray(mobile)
        n_atoms = masses.size
        if is_mobile.dtype != np.bool_ or is_mobile.shape != masses.shape or masses.ndim != 1:
            raise InputError(
                f"mobile is {is_mobile.dtype} of shape {is_mobile.shape} and masses_amu has shape "
                f"{masses.shape}; both must be (n_atoms,), mobile of type bool: give one per atom"
            )
        if not is_mobile.any() or is_mobile.all():
            raise InputError(
                f"{int(is_mobile.sum())} of {n_atoms} atoms are mobile; at least one mobile ion "
                "and one framework atom are needed: check the mobile species"
            )
        self._weights = np.where(is_mobile, 0.0, masses)
        self._weights /= self._weights.sum()
        self._start: FloatArray | None = None

    def follow(self, path: FloatArray) -> FloatArray:
        """Take the drift since the first frame out of the next block.

        Parameters
        ----------
        path
            (n_frames, n_atoms, 3), Å or scaled, unwrapped.

        Returns
        -------
        numpy.ndarray
            Same shape and unit, all atoms in the order given.
        """
        centre = np.einsum("a,fax->fx", self._weights, path)
        if self._start is None:
            self._start = centre[0]
        return path - (centre - self._start)[:, np.newaxis, :]


def remove_framework_drift(
    positions_A: ArrayLike, masses_amu: ArrayLike, mobile: ArrayLike
) -> FloatArray:
    """Subtract the motion of the framework's centre of mass since frame 0 from every atom.

    The framework is every atom that is not mobile. The total centre of mass is not used: holding
    it would count the recoil of the framework against the ions, which biases small cells.

    Parameters
    ----------
    positions_A
        (n_frames, n_atoms, 3), Å, unwrapped.
    masses_amu
        (n_atoms,), atomic mass units.
    mobile
        (n_atoms,), bool, True for the ions whose diffusion is measured.

    Returns
    -------
    numpy.ndarray
        (n_frames, n_atoms, 3), Å, unwrapped, all atoms in the order given.

    Raises
    ------
    InputError
        For shapes that do not match, a mass that is not positive, no mobile ion, or no framework
        atom (a system without a framework has no frame to measure in).

    Examples
    --------
    >>> import numpy as np
    >>> drifting = np.array([[[0.0, 0, 0], [2.0, 0, 0]], [[1.0, 0, 0], [5.0, 0, 0]]])
    >>> remove_framework_drift(drifting, [16.0, 7.0], [False, True])[1, :, 0].tolist()
    [0.0, 4.0]
    """
    positions = check_trajectory(positions_A)
    remover = DriftRemover(masses_amu, mobile)
    if np.size(masses_amu) != positions.shape[1]:
        raise InputError(
            f"masses_amu and mobile are for {np.size(masses_amu)} atoms, positions_A holds "
            f"{positions.shape[1]}: give one per atom"
        )
    return remover.follow(positions)
