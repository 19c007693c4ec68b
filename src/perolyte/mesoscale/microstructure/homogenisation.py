"""Effective conductivity of a periodic cell of voxels."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.mesoscale.microstructure._cell_problem import (
    CellProblem,
    Scheme,
    SpectralProblem,
    StencilProblem,
)
from perolyte.mesoscale.microstructure._conjugate_gradient import Solution, solve_cell_problem
from perolyte.mesoscale.microstructure._solver_settings import (
    Precision,
    cast_field,
    check_field,
    check_settings,
    find_axes,
    say_why,
)
from perolyte.mesoscale.microstructure.bounds import ConductivityBounds, bound_conductivity
from perolyte.mesoscale.microstructure.voxel_conductivity import VoxelConductivity
from perolyte.status import Status

__all__ = ["EffectiveConductivityResult", "effective_conductivity"]


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
    field = check_field(conductivity_S_cm)
    check_settings(field, tolerance, max_iterations, scheme, precision, n_threads)
    sigma = cast_field(field, precision)
    lowest, highest = field.eigenvalues()
    problem = _choose_problem(sigma, scheme, n_threads, xp, device)
    columns: list[NDArray[Any]] = []
    solutions: list[Solution] = []
    for axis in find_axes(field):
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
    axes = find_axes(field)
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
        say_why(solution, axis, tolerance)
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
