"""A thermally activated conductivity with the error of its parameters, and draws from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number, check_positive
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["NORMAL_95", "ConductivityLaw", "LognormalValue", "law_from_value"]

FloatArray = NDArray[np.float64]

NORMAL_95 = 1.959963984540054
"""Standard errors from the middle to the end of a 95 % interval."""
_WIDEST = 60.0
"""Of a drawn ln σ from its middle: beyond it only the arithmetic would suffer, no quantile."""
_SAME_K = 1e-9
_MAX_DECADES = 10.0


@dataclass(frozen=True)
class LognormalValue:
    """A positive number whose logarithm has a normal error.

    Parameters
    ----------
    value
        The middle, in any unit.
    decades
        From the middle to each end of the 95 % interval, in powers of ten: 0.5 is a factor of
        3.2 either way.

    Examples
    --------
    >>> [round(x, 2) for x in LognormalValue(1.0, decades=0.3).interval()]
    [0.5, 2.0]
    """

    value: float
    decades: float = 0.0

    def __post_init__(self) -> None:
        check_positive(self.value, "value", "")
        check_number(self.decades, "decades", "powers of ten", low=0.0, high=_MAX_DECADES)

    @property
    def ln_std(self) -> float:
        """Standard error of the natural logarithm."""
        return self.decades * math.log(10.0) / NORMAL_95

    def interval(self) -> tuple[float, float]:
        """Return the ends of the 95 % interval."""
        return self.value * 10.0**-self.decades, self.value * 10.0**self.decades

    def draw(self, normal: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws of the value, same shape."""
        return np.asarray(self.value * np.exp(self.ln_std * normal))


@dataclass(frozen=True)
class ConductivityLaw:
    """σT = A exp(-E/(kB T)) with the error of its parameters, and where it was fitted.

    Parameters
    ----------
    ln_prefactor
        ln A, A in S K/cm.
    activation_energy_eV
        E in eV; None for a value that is known at one temperature only.
    covariance
        (2, 2), of (ln A, E in eV).
    temperature_min_K, temperature_max_K
        K, range of what the law rests on. Outside of it every value is an extrapolation.
    model_error
        Standard error of ln σ that all temperatures share.
    degrees_of_freedom
        Of Student's t for the line; infinity for a normal distribution.

    Examples
    --------
    >>> law = law_from_value(1e-3, temperature_K=300.0, activation_energy_eV=0.33)
    >>> [f"{value:.2e}" for value in law.conductivity_S_cm([300.0, 350.0])]
    ['1.00e-03', '5.31e-03']
    """

    ln_prefactor: float
    activation_energy_eV: float | None
    covariance: tuple[tuple[float, float], tuple[float, float]]
    temperature_min_K: float
    temperature_max_K: float
    model_error: float = 0.0
    degrees_of_freedom: float = math.inf

    def __post_init__(self) -> None:
        check_number(self.ln_prefactor, "ln_prefactor", "")
        if self.activation_energy_eV is not None:
            check_number(
                self.activation_energy_eV, "activation_energy_eV", "eV", low=-1.0, high=10.0
            )
        check_number(self.model_error, "model_error", "", low=0.0, high=50.0)
        if not 0 < self.temperature_min_K <= self.temperature_max_K < math.inf:
            raise InputError(
                f"the law was fitted from {self.temperature_min_K:g} to {self.temperature_max_K:g} "
                "K; the range must rise and lie above 0 K: give kelvin, the lower end first"
            )
        if not self.degrees_of_freedom > 0:
            raise InputError(
                f"degrees_of_freedom is {self.degrees_of_freedom:g}; it must be above 0: leave it "
                "out for a normal distribution"
            )
        self._factor_covariance()

    def conductivity_S_cm(self, temperatures_K: ArrayLike) -> FloatArray:
        """Return the conductivity, S/cm, in the shape of the temperatures.

        Raises
        ------
        InputError
            For a temperature that is not above zero; and where no activation energy is known, for
            any other than that of the value.
        """
        temperatures = check_positive(temperatures_K, "temperatures_K", "K")
        return np.asarray(np.exp(self._ln_sigma(temperatures)))

    def holds_at(self, temperatures_K: ArrayLike) -> NDArray[np.bool_]:
        """Say for each temperature whether it is inside the range that the law rests on."""
        temperatures = check_positive(temperatures_K, "temperatures_K", "K")
        low = self.temperature_min_K * (1 - _SAME_K)
        high = self.temperature_max_K * (1 + _SAME_K)
        return np.asarray((temperatures >= low) & (temperatures <= high))

    def draw(
        self, temperatures_K: ArrayLike, *, normal: FloatArray, uniform: FloatArray
    ) -> FloatArray:
        """Turn random numbers into draws of the conductivity, correlated over temperatures.

        Parameters
        ----------
        temperatures_K
            (n_temperatures,), K.
        normal
            (n_draws, 3), standard normal: two for the line, one for the shared error.
        uniform
            (n_draws,), 0 to 1, for the tails of Student's t.

        Returns
        -------
        numpy.ndarray
            (n_draws, n_temperatures), S/cm.
        """
        temperatures = check_positive(temperatures_K, "temperatures_K", "K")
        line = normal[:, :2] @ self._factor_covariance().T
        if math.isfinite(self.degrees_of_freedom):
            from scipy.stats import chi2

            free = self.degrees_of_freedom
            line = line * np.sqrt(free / chi2.ppf(np.clip(uniform, 1e-12, 1.0), free))[:, None]
        regressors = np.stack(
            [np.ones_like(temperatures), -1.0 / (BOLTZMANN_EV_PER_K * temperatures)]
        )
        deviation = line @ regressors + self.model_error * normal[:, 2:3]
        deviation = np.clip(deviation, -_WIDEST, _WIDEST)
        return np.asarray(np.exp(self._ln_sigma(temperatures) + deviation))

    def _ln_sigma(self, temperatures: FloatArray) -> FloatArray:
        energy = self.activation_energy_eV
        if energy is None:
            if not self.holds_at(temperatures).all():
                wrong = temperatures[~self.holds_at(temperatures)].flat[0]
                raise InputError(
                    f"a conductivity at {wrong:g} K is asked for, but it is known at "
                    f"{self.temperature_min_K:g} K alone, without an activation energy: give "
                    "activation_energy_eV, or ask for that temperature only"
                )
            energy = 0.0
        ln_sigma_T = self.ln_prefactor - energy / (BOLTZMANN_EV_PER_K * temperatures)
        return np.asarray(ln_sigma_T - np.log(temperatures))

    def _factor_covariance(self) -> FloatArray:
        """Return L with L Lᵀ = covariance; that of a fit may be singular, a Cholesky would fail."""
        matrix = np.asarray(self.covariance, dtype=np.float64)
        if matrix.shape != (2, 2) or not np.isfinite(matrix).all():
            raise InputError(
                f"covariance has shape {matrix.shape}; it must be (2, 2) and finite, of (ln A, E): "
                "take it from the fit"
            )
        # scaled to correlations: ln A and E differ by orders of magnitude
        scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
        safe = np.where(scale > 0, scale, 1.0)
        values, vectors = np.linalg.eigh(matrix / np.outer(safe, safe))
        if values.min() < -1e-6 or not np.allclose(matrix, matrix.T, rtol=1e-6, atol=0.0):
            raise InputError(
                f"covariance {matrix.tolist()} is not that of two numbers; it must be symmetric "
                "without a negative variance: take it from the fit"
            )
        return np.asarray(safe[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))


def law_from_value(
    conductivity_S_cm: float,
    *,
    temperature_K: float,
    decades: float = 0.0,
    activation_energy_eV: float | None = None,
    activation_energy_std_eV: float = 0.0,
    temperature_min_K: float | None = None,
    temperature_max_K: float | None = None,
) -> ConductivityLaw:
    """Make the law of a value at one temperature and, if known, an activation energy of σT.

    Parameters
    ----------
    conductivity_S_cm, temperature_K
        The value, S/cm, and its temperature, K.
    decades
        From the value to each end of its 95 % interval, in powers of ten.
    activation_energy_eV, activation_energy_std_eV
        eV, of σT, with its standard error, which pivots about ``temperature_K``.
    temperature_min_K, temperature_max_K
        K, where the activation energy was measured; by default ``temperature_K`` alone.

    Returns
    -------
    ConductivityLaw

    Raises
    ------
    InputError
        For a value, temperature or error that cannot be, or a range without ``temperature_K``.

    Examples
    --------
    >>> law = law_from_value(4e-8, temperature_K=300.0, decades=0.5, activation_energy_eV=0.42)
    >>> law.holds_at([300.0, 400.0]).tolist()
    [True, False]
    """
    sigma = float(check_positive(conductivity_S_cm, "conductivity_S_cm", "S/cm"))
    kelvin = float(check_positive(temperature_K, "temperature_K", "K"))
    std = check_number(
        activation_energy_std_eV, "activation_energy_std_eV", "eV", low=0.0, high=5.0
    )
    low = kelvin if temperature_min_K is None else float(temperature_min_K)
    high = kelvin if temperature_max_K is None else float(temperature_max_K)
    if not low <= kelvin <= high:
        raise InputError(
            f"the range {low:g} to {high:g} K does not hold the {kelvin:g} K of the value: widen it"
        )
    beta = 1.0 / (BOLTZMANN_EV_PER_K * kelvin)
    energy = activation_energy_eV or 0.0
    return ConductivityLaw(
        ln_prefactor=math.log(sigma * kelvin) + energy * beta,
        activation_energy_eV=activation_energy_eV,
        covariance=((std**2 * beta**2, std**2 * beta), (std**2 * beta, std**2)),
        temperature_min_K=low,
        temperature_max_K=high,
        model_error=LognormalValue(1.0, decades).ln_std,
    )
