"""Preconditioned conjugate gradients that stop by the error of the effective conductivity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perolyte.mesoscale.microstructure._cell_problem import CellProblem

__all__ = ["Solution", "solve_cell_problem"]

_MAX_RESTARTS = 5
"""In single precision the recurrence drifts from the true residual."""


@dataclass(frozen=True, eq=False)
class Solution:
    """The potential of one applied field.

    Attributes
    ----------
    potential, residual
        (n_0, n_1, n_2).
    current
        (3,), mean.
    value
        Mean of (E + grad u)·σ(E + grad u): E·σ_eff·E with the error of second order.
    error_bound
        Of ``value``, relative.
    n_iterations
        Of conjugate gradients.
    """

    potential: Any
    residual: Any
    current: NDArray[Any]
    value: Any
    error_bound: float
    n_iterations: int


def solve_cell_problem(
    problem: CellProblem,
    applied: NDArray[np.float64],
    *,
    coercivity: float,
    tolerance: float,
    max_iterations: int,
) -> Solution:
    """Solve div σ(E + grad u) = 0.

    With the part g of the current that is a gradient, the energy of what is left to find is at
    most <g²>/σ_min, which is the error of E·σ_eff·E: the iteration ends by that bound. Complex
    conductivities are symmetric, not Hermitian: the products are without conjugation, which makes
    it the method of doi 10.1109/20.106415; ``coercivity`` takes the place of σ_min.
    """
    nothing = np.zeros(3)
    u = problem.zeros()
    n_iterations = n_restarts = 0
    while True:
        residual, means = problem.apply(u, applied)
        residual = -residual
        z = problem.precondition(residual)
        value = means[3]
        bound = problem.norm2(residual, z) / coercivity / abs(value)
        is_over = n_iterations >= max_iterations or n_restarts > _MAX_RESTARTS
        if bound <= tolerance or is_over:
            return Solution(u, residual, means[:3], value, float(bound), n_iterations)
        n_restarts += 1
        p, rz = z, problem.dot(residual, z)
        while bound > tolerance and n_iterations < max_iterations:
            product, means_p = problem.apply(p, nothing)
            step = rz / means_p[3]
            u = u + step * p
            residual = residual - step * product
            value = value - step * rz
            z = problem.precondition(residual)
            bound = problem.norm2(residual, z) / coercivity / abs(value)
            rz_next = problem.dot(residual, z)
            p = z + (rz_next / rz) * p
            rz = rz_next
            n_iterations += 1
