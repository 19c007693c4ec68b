"""What the solver of the cell problem is asked for: the field, its axes and its settings."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure._cell_problem import Scheme
from perolyte.mesoscale.microstructure._conjugate_gradient import Solution
from perolyte.mesoscale.microstructure.voxel_conductivity import VoxelConductivity

__all__ = ["Precision", "cast_field", "check_field", "check_settings", "find_axes", "say_why"]

Precision = Literal["float64", "float32"]

_SINGLE_LIMIT = 1e-6
"""Single precision cannot promise less."""


def check_field(given: ArrayLike | VoxelConductivity) -> VoxelConductivity:
    if isinstance(given, VoxelConductivity):
        given.check()
        return given
    return VoxelConductivity.from_array(given)


def check_settings(
    field: VoxelConductivity,
    tolerance: float,
    max_iterations: int,
    scheme: str,
    precision: str,
    n_threads: int,
) -> None:
    if scheme not in get_args(Scheme):
        raise InputError(f"scheme is {scheme!r}; it must be one of {', '.join(get_args(Scheme))}")
    if precision not in get_args(Precision):
        raise InputError(f"precision is {precision!r}; it must be float64 or float32")
    lowest = _SINGLE_LIMIT if precision == "float32" else 1e-14
    if not lowest <= tolerance < 1:
        raise InputError(
            f"tolerance is {tolerance:g}; in {precision} it must be from {lowest:g} to below 1"
        )
    for name, value in (("max_iterations", max_iterations), ("n_threads", n_threads)):
        if not value >= 1:
            raise InputError(f"{name} is {value}; it must be at least 1")
    if scheme == "finite_volume" and not field.is_isotropic:
        off_diagonal = field.components_S_cm[field.n_dimensions :]
        if np.abs(off_diagonal).max() > 1e-9 * np.abs(field.components_S_cm).max():
            raise InputError(
                "tensors of voxels are turned against the grid, which the scheme 'finite_volume' "
                "cannot represent: use 'rotated'"
            )


def find_axes(field: VoxelConductivity) -> tuple[int, ...]:
    """Return where the axes are among three."""
    return (0, 1, 2) if field.n_dimensions == 3 else (0, 2)


def cast_field(field: VoxelConductivity, precision: Precision) -> NDArray[Any]:
    kind: Any = np.float64 if precision == "float64" else np.float32
    if field.is_complex:
        kind = np.result_type(kind, np.complex64)
    return np.ascontiguousarray(field.to_three(), dtype=kind)


def say_why(solution: Solution, axis: int, tolerance: float) -> str:
    return (
        f"the conductivity along axis {axis} is known to {solution.error_bound:.1e}, not to "
        f"{tolerance:.1e}, after {solution.n_iterations} iterations: allow more, or a larger "
        "tolerance"
    )
