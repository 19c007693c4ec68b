"""Checks of numbers and arrays that every transport function shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError

__all__ = ["FloatArray", "check_positive", "check_trajectory"]

FloatArray = NDArray[np.float64]


def check_trajectory(positions_A: ArrayLike, *, name: str = "positions_A") -> FloatArray:
    """Return a trajectory as a float array, or say what is wrong with it.

    Parameters
    ----------
    positions_A
        (n_frames, n_atoms, 3), Å; at least two frames and one atom, all finite.
    name
        What to call the array in an error message.

    Returns
    -------
    numpy.ndarray
        (n_frames, n_atoms, 3), Å, float64.

    Raises
    ------
    InputError
        For another shape, a single frame, no atoms, or a number that is not finite.

    Examples
    --------
    >>> check_trajectory([[[0, 0, 0]], [[0, 0, 1]]]).shape
    (2, 1, 3)
    """
    positions = np.asarray(positions_A, dtype=np.float64)
    if positions.ndim != 3 or positions.shape[2] != 3 or positions.shape[1] == 0:
        raise InputError(
            f"{name} has shape {positions.shape}; it must be (n_frames, n_atoms, 3) with at least "
            "one atom: give Cartesian positions frame by frame"
        )
    if len(positions) < 2:
        raise InputError(
            f"{name} holds {len(positions)} frame(s); a displacement needs at least 2: "
            "write frames more often or run longer"
        )
    finite = np.isfinite(positions)
    if not finite.all():
        frame, atom, _ = np.argwhere(~finite)[0]
        raise InputError(
            f"{name} of frame {frame}, atom {atom} is {positions[frame, atom].tolist()} Å; "
            "positions must be finite: cut the trajectory before the simulation broke"
        )
    return positions


def check_positive(values: ArrayLike, *, name: str, unit: str, hint: str) -> FloatArray:
    """Return finite numbers above zero as a float array, or name the first that is not.

    Parameters
    ----------
    values
        Any shape.
    name, unit, hint
        What the numbers are called, their unit, and what to do about a wrong one.

    Returns
    -------
    numpy.ndarray
        float64, same shape.

    Raises
    ------
    InputError
        For a number that is not finite or not above zero.

    Examples
    --------
    >>> check_positive(300, name="temperature_K", unit="K", hint="give kelvin").item()
    300.0
    """
    numbers = np.asarray(values, dtype=np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers > 0))
    if wrong.any():
        raise InputError(
            f"{name} is {np.atleast_1d(numbers)[np.atleast_1d(wrong)][0]:g} {unit}; "
            f"it must be finite and above 0: {hint}"
        )
    return numbers
