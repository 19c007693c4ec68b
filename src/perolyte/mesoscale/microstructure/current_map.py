"""Where the current flows in a periodic cell of voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import ConvergenceError, InputError
from perolyte.mesoscale.microstructure._cell_problem import SpectralProblem, StencilProblem
from perolyte.mesoscale.microstructure._conjugate_gradient import solve_cell_problem
from perolyte.mesoscale.microstructure._solver_settings import (
    cast_field,
    check_field,
    check_settings,
    find_axes,
    say_why,
)
from perolyte.mesoscale.microstructure.voxel_conductivity import VoxelConductivity

__all__ = ["current_density"]


def current_density(
    conductivity_S_cm: ArrayLike | VoxelConductivity,
    *,
    axis: int = 0,
    tolerance: float = 1e-4,
    max_iterations: int = 2000,
    n_threads: int = 1,
) -> NDArray[np.float64]:
    """Return the current density in every voxel for a mean field of 1 V/cm along an axis.

    Parameters
    ----------
    conductivity_S_cm, tolerance, max_iterations, n_threads
        As :func:`effective_conductivity`, real; scheme "rotated".
    axis
        Of the field.

    Returns
    -------
    numpy.ndarray
        (d, n_x, n_y[, n_z]), A/cm².

    Raises
    ------
    InputError
        As :func:`effective_conductivity`, for a complex field, or an axis that is not there.
    ConvergenceError
        Where the tolerance was not reached.

    Examples
    --------
    >>> layers = np.ones((4, 2))
    >>> layers[0] = 0.25
    >>> print(current_density(layers, axis=1)[1, :, 0])
    [0.25 1.   1.   1.  ]
    """
    field = check_field(conductivity_S_cm)
    check_settings(field, tolerance, max_iterations, "rotated", "float64", n_threads)
    if field.is_complex:
        raise InputError("the conductivity is complex; give its real part for a map of the current")
    if axis not in range(field.n_dimensions):
        raise InputError(f"axis is {axis}; give 0 to {field.n_dimensions - 1}")
    problem = SpectralProblem(cast_field(field, "float64"), "rotated", np, None)
    applied = np.eye(3)[find_axes(field)[axis]]
    solution = solve_cell_problem(
        StencilProblem(cast_field(field, "float64"), "rotated", n_threads),
        applied,
        coercivity=field.eigenvalues()[0],
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    if solution.error_bound > tolerance:
        raise ConvergenceError(say_why(solution, axis, tolerance))
    current = problem.currents(solution.potential, applied)
    return np.stack([current[a].reshape(field.shape) for a in find_axes(field)])
