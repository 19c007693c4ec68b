"""Misfit of a circuit to a spectrum, with its derivatives and its least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from perolyte.mesoscale.spectrum_guess import CircuitForm, time_limits_s

__all__ = ["SpectrumProblem"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
_EXPONENTS = (0.3, 1.0)
_TIME_MARGIN = 10.0
_SHARES = (1e-9, 1e4)
"""Of the largest |Z|: between these a resistance is looked for."""
_MAX_STEPS = 400


class SpectrumProblem:
    """Misfit of a circuit and its derivatives."""

    def __init__(self, frequency: FloatArray, impedance: ComplexArray, form: CircuitForm) -> None:
        self.frequency, self.impedance, self.form = frequency, impedance, form
        self.size = np.abs(impedance)
        self.iomega = 2j * np.pi * frequency
        self.lowest = float(2.0 * np.pi * frequency.min())
        largest = float(self.size.max())
        amounts = (np.log(_SHARES[0] * largest), np.log(_SHARES[1] * largest))
        first, last = time_limits_s(frequency)
        times = (np.log(first / _TIME_MARGIN), np.log(last * _TIME_MARGIN))
        limits = {"ln R": amounts, "ln Z": amounts, "ln τ": times}
        chosen = [limits.get(name[:4], _EXPONENTS) for name in form.names]
        self.lower, self.upper = (np.array(side) for side in zip(*chosen, strict=True))

    def model(self, values: FloatArray) -> tuple[ComplexArray, list[ComplexArray]]:
        """Return Z and its derivatives by the parameters."""
        total = np.zeros(self.frequency.shape, dtype=np.complex128)
        slopes: list[ComplexArray] = []
        rest = list(values)
        for _ in range(self.form.n_arcs):
            log_resistance, log_time, n = rest.pop(0), rest.pop(0), rest.pop(0)
            reduced = self.iomega * np.exp(log_time)
            power = reduced**n
            arc = np.exp(log_resistance) / (1.0 + power)
            shape = arc * power / (1.0 + power)
            total += arc
            slopes += [arc, -n * shape, -np.log(reduced) * shape]
        if self.form.has_electrode:
            log_size, n = rest.pop(0), rest.pop(0)
            electrode = np.exp(log_size) * (self.iomega / self.lowest) ** -n
            total += electrode
            slopes += [electrode, -np.log(self.iomega / self.lowest) * electrode]
        if self.form.has_series:
            series = np.full(total.shape, np.exp(rest.pop(0)), dtype=np.complex128)
            total += series
            slopes.append(series)
        return total, slopes

    def residuals(self, values: FloatArray) -> FloatArray:
        """Return the relative misfit, real parts before imaginary ones."""
        relative = (self.model(values)[0] - self.impedance) / self.size
        return np.concatenate([relative.real, relative.imag])

    def misfit(self, values: FloatArray) -> float:
        """Return the sum of its squares."""
        return float(np.sum(self.residuals(values) ** 2))

    def jacobian(self, values: FloatArray) -> FloatArray:
        """Return the derivatives of the relative misfit."""
        slopes = np.stack(self.model(values)[1], axis=1) / self.size[:, None]
        return np.concatenate([slopes.real, slopes.imag])

    def solve(self, start: FloatArray, held: NDArray[np.bool_]) -> tuple[FloatArray, bool]:
        """Return the least squares and whether the search ended, some parameters held."""
        free = ~held
        inside = np.clip(start, self.lower + 1e-9, self.upper - 1e-9)
        inside[held] = start[held]

        def expand(values: FloatArray) -> FloatArray:
            full = inside.copy()
            full[free] = values
            return full

        found = least_squares(
            lambda values: self.residuals(expand(values)),
            inside[free],
            jac=lambda values: self.jacobian(expand(values))[:, free],
            bounds=(self.lower[free], self.upper[free]),
            x_scale="jac",
            max_nfev=_MAX_STEPS,
            ftol=1e-12,
            xtol=1e-12,
            gtol=1e-12,
        )
        return expand(found.x), bool(found.success)
