"""Effective conductivity of a periodic cell of voxels."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure._cell_problem import (
    CellProblem,
    Scheme,
    SpectralProblem,
    StencilProblem,
)
from perolyte.mesoscale.microstructure._conjugate_gradient import Solution, solve_cell_problem
from perolyte.mesoscale.microstructure.bounds import ConductivityBounds, bound_conductivity
from perolyte.mesoscale.microstructure.voxel_conductivity import VoxelConductivity
from perolyte.status import Status

__all__ = ["EffectiveConductivityResult", "Precision", "current_density", "effective_conductivity"]

Precision = Literal["float64", "float32"]

_SINGLE_LIMIT = 1e-6
"""Single precision cannot promise less."""


@dataclass(frozen=True, eq=False)
class EffectiveConductivityResult:
    """What a microstructure conducts, or why that is not known.

    Attributes
    ----------
    status
        "converged" or "not_converged".
    reasons
        Why not, in words with numbers.
    conductivity_S_cm
        (d, d) S/cm, symmetric; None where it is not converged.
    error_bound
        Of the diagonal, relative, against the exact solution on these voxels: an upper limit.
        What the voxels themselves cost is not in it.
    n_iterations
        Of each direction.
    bounds
        None for complex conductivities.
    contrast
        Highest over lowest conductivity of any voxel in any direction (real parts).
    scheme, precision, n_voxels
        As computed.
    """

    status: Status
    reasons: tuple[str, ...]
    conductivity_S_cm: NDArray[Any] | None
    error_bound: float
    n_iterations: tuple[int, ...]
    bounds: ConductivityBounds | None
    contrast: float
    scheme: Scheme
    precision: Precision
    n_voxels: tuple[int, ...]

    @property
    def mean_S_cm(self) -> complex | float | None:
        """Mean over the directions, S/cm: that of a ceramic with no texture."""
        if self.conductivity_S_cm is None:
            return None
        mean = np.trace(self.conductivity_S_cm) / len(self.conductivity_S_cm)
        return complex(mean) if np.iscomplexobj(mean) else float(mean)


def effective_conductivity(
    conductivity_S_cm: ArrayLike | VoxelConductivity,
    *,
    tolerance: float = 1e-4,
    max_iterations: int = 2000,
    scheme: Scheme = "rotated",
    precision: Precision = "float64",
    n_threads: int = 1,
    xp: ModuleType | None = None,
    device: str | None = None,
) -> EffectiveConductivityResult:
    """Return the tensor that a periodic microstructure conducts like.

    Solves div σ(E + grad u) = 0 for a unit field E along each axis, with u periodic; the columns of
    the effective tensor are the mean currents. Conjugate gradients are preconditioned by the
    Laplacian, which FFT inverts: the method of Moulinec and Suquet (doi
    10.1016/S0045-7825(97)00218-1) in its form with conjugate gradients (doi
    10.1016/j.jcp.2010.07.010), with as many iterations as the root of the contrast asks for.

    Parameters
    ----------
    conductivity_S_cm
        S/cm: numbers (n_x, n_y[, n_z]), symmetric tensors (n_x, n_y[, n_z], d, d), or a
        :class:`VoxelConductivity`; real parts above zero. Complex σ + iωε gives the response at a
        frequency. Voxels are cubes.
    tolerance
        Relative, of the diagonal of the result: the iteration ends when a bound of the error falls
        below it.
    max_iterations
        Of each direction.
    scheme
        "rotated": potentials at corners, one field per voxel; for all tensors and contrasts (doi
        10.1016/j.crme.2014.12.005). "finite_volume": potentials in voxels, faces as two half voxels
        in series; axes of tensors must be those of the grid. "fourier": trigonometric
        polynomials; most accurate on smooth fields, it oscillates at high contrast.
    precision
        "float32" halves memory and time; the tolerance must then be at least 1e-6.
    n_threads
        Of FFT and differences.
    xp, device
        Array library to compute with (torch, cupy) and its name of the device; numpy by default.

    Returns
    -------
    EffectiveConductivityResult
        Without a conductivity where the tolerance was not reached.

    Raises
    ------
    InputError
        For a field that :class:`VoxelConductivity` refuses, tensors with other axes in the scheme
        "finite_volume", or a setting out of its range.

    Examples
    --------
    A third of layers that block: in series across, in parallel along.

    >>> layers = np.ones((9, 4))
    >>> layers[:3] = 0.01
    >>> result = effective_conductivity(layers, tolerance=1e-10)
    >>> print(result.conductivity_S_cm.diagonal().round(7))
    [0.0294118 0.67     ]
    """
    field = _check_field(conductivity_S_cm)
    _check_settings(field, tolerance, max_iterations, scheme, precision, n_threads)
    sigma = _cast(field, precision)
    lowest, highest = field.eigenvalues()
    problem = _choose_problem(sigma, scheme, n_threads, xp, device)
    columns: list[NDArray[Any]] = []
    solutions: list[Solution] = []
    for axis in _axes(field):
        solution = solve_cell_problem(
            problem,
            np.eye(3)[axis],
            coercivity=_find_coercivity(field, lowest),
            tolerance=tolerance,
            max_iterations=max_iterations,
        )
        columns.append(_correct(problem, solution, solutions, field))
        solutions.append(solution)
        if solution.error_bound > tolerance:
            break
    return _make_result(
        field,
        columns,
        solutions,
        tolerance,
        contrast=highest / lowest,
        scheme=scheme,
        precision=precision,
    )


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
    from perolyte.errors import ConvergenceError

    field = _check_field(conductivity_S_cm)
    _check_settings(field, tolerance, max_iterations, "rotated", "float64", n_threads)
    if field.is_complex:
        raise InputError("the conductivity is complex; give its real part for a map of the current")
    if axis not in range(field.n_dimensions):
        raise InputError(f"axis is {axis}; give 0 to {field.n_dimensions - 1}")
    problem = SpectralProblem(_cast(field, "float64"), "rotated", np, None)
    applied = np.eye(3)[_axes(field)[axis]]
    solution = solve_cell_problem(
        StencilProblem(_cast(field, "float64"), "rotated", n_threads),
        applied,
        coercivity=field.eigenvalues()[0],
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    if solution.error_bound > tolerance:
        raise ConvergenceError(_say_why(solution, axis, tolerance))
    current = problem.currents(solution.potential, applied)
    return np.stack([current[a].reshape(field.shape) for a in _axes(field)])


def _check_field(given: ArrayLike | VoxelConductivity) -> VoxelConductivity:
    if isinstance(given, VoxelConductivity):
        given.check()
        return given
    return VoxelConductivity.from_array(given)


def _check_settings(
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


def _axes(field: VoxelConductivity) -> tuple[int, ...]:
    """Return where the axes are among three."""
    return (0, 1, 2) if field.n_dimensions == 3 else (0, 2)


def _cast(field: VoxelConductivity, precision: Precision) -> NDArray[Any]:
    kind: Any = np.float64 if precision == "float64" else np.float32
    if field.is_complex:
        kind = np.result_type(kind, np.complex64)
    return np.ascontiguousarray(field.to_three(), dtype=kind)


def _choose_problem(
    sigma: NDArray[Any], scheme: Scheme, n_threads: int, xp: ModuleType | None, device: str | None
) -> CellProblem:
    if xp is not None:
        return SpectralProblem(sigma, scheme, xp, device)
    if scheme == "fourier" or np.iscomplexobj(sigma):
        return SpectralProblem(sigma, scheme, np, None)
    return StencilProblem(sigma, scheme, n_threads)


def _find_coercivity(field: VoxelConductivity, lowest: float) -> float:
    """Return the number that conductivities are at least, in the best common phase."""
    if not (field.is_complex and field.is_isotropic):
        return lowest
    values = field.components_S_cm
    angle = np.angle(values)
    turned = values * np.exp(-0.5j * (angle.min() + angle.max()))
    return max(lowest, float(turned.real.min()))


def _correct(
    problem: CellProblem, solution: Solution, earlier: list[Solution], field: VoxelConductivity
) -> NDArray[Any]:
    """Return the column of the tensor with errors of second order: (E_i + grad u_i)·σ(E + grad u).

    Entries above the diagonal come from this column, those below from later ones.
    """
    axes = _axes(field)
    column = solution.current[list(axes)]
    for index, other in enumerate([*earlier, solution]):
        column[index] = column[index] - problem.dot(other.potential, solution.residual)
    return column


def _make_result(
    field: VoxelConductivity,
    columns: list[NDArray[Any]],
    solutions: list[Solution],
    tolerance: float,
    *,
    contrast: float,
    scheme: Scheme,
    precision: Precision,
) -> EffectiveConductivityResult:
    reasons = tuple(
        _say_why(solution, axis, tolerance)
        for axis, solution in enumerate(solutions)
        if solution.error_bound > tolerance
    )
    tensor = None
    if not reasons:
        upper = np.triu(np.array(columns).T)
        tensor = upper + np.triu(upper, 1).T
    return EffectiveConductivityResult(
        status="not_converged" if reasons else "converged",
        reasons=reasons,
        conductivity_S_cm=tensor,
        error_bound=max(solution.error_bound for solution in solutions),
        n_iterations=tuple(solution.n_iterations for solution in solutions),
        bounds=None if field.is_complex else bound_conductivity(field),
        contrast=contrast,
        scheme=scheme,
        precision=precision,
        n_voxels=field.shape,
    )


def _say_why(solution: Solution, axis: int, tolerance: float) -> str:
    return (
        f"the conductivity along axis {axis} is known to {solution.error_bound:.1e}, not to "
        f"{tolerance:.1e}, after {solution.n_iterations} iterations: allow more, or a larger "
        "tolerance"
    )
