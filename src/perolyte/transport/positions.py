"""Continuous paths of atoms in the frame of the framework."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory

__all__ = ["remove_framework_drift", "unwrap_positions"]

_LARGEST_CLEAR_STEP = 0.45
"""A step of half a cell edge can be read both ways; 0.05 of the edge is kept as a margin."""


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
    scaled = positions @ np.linalg.inv(cells)
    steps = np.diff(scaled, axis=0)
    steps -= np.round(steps)
    if np.abs(steps).max() > _LARGEST_CLEAR_STEP:
        step, atom, axis = np.argwhere(np.abs(steps) > _LARGEST_CLEAR_STEP)[0]
        raise InputError(
            f"atom {atom} moves by {abs(steps[step, atom, axis]):.2f} of cell edge {'abc'[axis]} "
            f"between frames {step} and {step + 1}; at most {_LARGEST_CLEAR_STEP} can be "
            "unwrapped: write frames more often or use a larger cell"
        )
    path = np.concatenate([scaled[:1], scaled[:1] + np.cumsum(steps, axis=0)])
    mean_cell = cells if cells.ndim == 2 else cells.mean(axis=0)
    return np.asarray(path @ mean_cell, dtype=np.float64)


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
    masses = check_positive(
        masses_amu, name="masses_amu", unit="amu", hint="give the mass of each atom"
    )
    is_mobile = np.asarray(mobile)
    n_atoms = positions.shape[1]
    if is_mobile.dtype != np.bool_ or is_mobile.shape != (n_atoms,) or masses.shape != (n_atoms,):
        raise InputError(
            f"mobile is {is_mobile.dtype} of shape {is_mobile.shape} and masses_amu has shape "
            f"{masses.shape}; both must be ({n_atoms},), mobile of type bool: give one per atom"
        )
    if not is_mobile.any() or is_mobile.all():
        raise InputError(
            f"{int(is_mobile.sum())} of {n_atoms} atoms are mobile; at least one mobile ion and "
            "one framework atom are needed: check the mobile species"
        )
    framework = np.average(positions[:, ~is_mobile], axis=1, weights=masses[~is_mobile])
    return positions - (framework - framework[0])[:, None, :]
