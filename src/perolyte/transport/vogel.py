"""The Vogel-Tammann-Fulcher law: a conductivity that bends because free space freezes in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.kink import STRONG_EVIDENCE, compare_with_line
from perolyte.transport.weighted_fit import choose_coverage_factor, fit_weighted
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["VogelPrediction", "VogelResult", "fit_vogel"]

_MIN_TEMPERATURES = 5
_N_STARTS = 40
_HIGHEST_VOGEL_RATIO = 0.98
"""Of the Vogel temperature over the lowest one measured; nearer, the fit runs into its pole."""


@dataclass(frozen=True, eq=False)
class VogelPrediction:
    """ln y read from a Vogel law, in the shape of the temperatures.

    Attributes
    ----------
    temperature_K
        K.
    ln_value, ln_std
        Logarithm of the quantity fitted (σT in S K/cm, or D in cm²/s), and its standard error.
    ln_lower, ln_upper
        Ends of the 95 % interval.
    """

    temperature_K: FloatArray
    ln_value: FloatArray
    ln_std: FloatArray
    ln_lower: FloatArray
    ln_upper: FloatArray


@dataclass(frozen=True, eq=False)
class VogelResult:
    """ln y = ln A - B/(kB (T - T0)).

    Attributes
    ----------
    ln_prefactor
        ln A, in the unit of y.
    pseudo_energy_eV, pseudo_energy_std_eV
        eV, B and its standard error.
    vogel_temperature_K, vogel_temperature_std_K
        K, T0 and its standard error.
    covariance
        (3, 3), of (ln A, B in eV, T0 in K), inflated by the reduced χ² where that is above 1.
    chi2, chi2_reduced
        Scatter about the law, and per degree of freedom.
    n_points
        Points fitted.
    bic
        Bayesian information criterion minus that of the straight Arrhenius line; negative where
        this law is the better one.
    is_preferred
        True where the difference is strong (below -6).
    """

    ln_prefactor: float
    pseudo_energy_eV: float
    pseudo_energy_std_eV: float
    vogel_temperature_K: float
    vogel_temperature_std_K: float
    covariance: FloatArray
    chi2: float
    chi2_reduced: float
    n_points: int
    bic: float
    is_preferred: bool

    def apparent_energy_eV(self, temperature_K: ArrayLike) -> FloatArray:
        """Return the slope that an Arrhenius plot shows at a temperature, B T²/(T - T0)².

        Parameters
        ----------
        temperature_K
            Any shape, K, above T0.

        Returns
        -------
        numpy.ndarray
            eV, same shape.

        Raises
        ------
        InputError
            For a temperature at or below T0.
        """
        temperature = self._check_above_pole(temperature_K)
        ratio = temperature / (temperature - self.vogel_temperature_K)
        return np.asarray(self.pseudo_energy_eV * ratio**2)

    def predict(self, temperature_K: ArrayLike) -> VogelPrediction:
        """Read the law at other temperatures, with an interval by linear propagation.

        Parameters
        ----------
        temperature_K
            Any shape, K, above T0.

        Returns
        -------
        VogelPrediction
            Logarithms, same shape.

        Raises
        ------
        InputError
            For a temperature at or below T0, where the law has no value.
        """
        temperature = self._check_above_pole(temperature_K)
        coefficients = np.array([self.ln_prefactor, self.pseudo_energy_eV])
        gradient = _gradient(temperature, self.pseudo_energy_eV, self.vogel_temperature_K)
        ln_value = gradient[..., :2] @ coefficients
        ln_std = np.sqrt(np.einsum("...i,ij,...j", gradient, self.covariance, gradient))
        half_width = choose_coverage_factor(self.chi2_reduced, self.n_points) * ln_std
        return VogelPrediction(
            temperature_K=temperature,
            ln_value=ln_value,
            ln_std=ln_std,
            ln_lower=ln_value - half_width,
            ln_upper=ln_value + half_width,
        )

    def _check_above_pole(self, temperature_K: ArrayLike) -> FloatArray:
        temperature = check_positive(
            temperature_K, name="temperature_K", unit="K", hint="give kelvin"
        )
        if (temperature <= self.vogel_temperature_K).any():
            raise InputError(
                f"temperature_K is {temperature.min():g} K; a Vogel law has a value only above "
                f"its T0 of {self.vogel_temperature_K:.0f} K: simulate there instead"
            )
        return temperature


def fit_vogel(temperatures_K: ArrayLike, ln_values: ArrayLike, ln_errors: ArrayLike) -> VogelResult:
    """Fit ln y = ln A - B/(kB (T - T0)) with 0 <= T0 < the lowest temperature.

    The law of Vogel, Tammann and Fulcher (doi 10.1111/j.1151-2916.1925.tb16731.x), which glasses
    and polymers follow. T0 = 0 is the Arrhenius line. A and B are linear for given T0, so that only
    T0 is searched.

    Parameters
    ----------
    temperatures_K
        (n_points,), K; at least 5 distinct ones.
    ln_values, ln_errors
        (n_points,), logarithm of σT (S K/cm) or D (cm²/s), and its standard errors.

    Returns
    -------
    VogelResult
        Parameters with errors, and how they compare with a straight line.

    Raises
    ------
    InputError
        For fewer than 5 distinct temperatures, shapes that do not match, or numbers that are not
        finite (temperatures and errors: above 0).

    Examples
    --------
    >>> temperature_K = np.linspace(300.0, 500.0, 8)
    >>> ln_sigma_T = 5.0 - 0.08 / (BOLTZMANN_EV_PER_K * (temperature_K - 200.0))
    >>> fit = fit_vogel(temperature_K, ln_sigma_T, np.full(8, 0.05))
    >>> round(fit.vogel_temperature_K), round(fit.pseudo_energy_eV, 3), fit.is_preferred
    (200, 0.08, True)
    """
    temperatures, y, errors = _check_series(temperatures_K, ln_values, ln_errors)
    highest = _HIGHEST_VOGEL_RATIO * float(temperatures.min())

    def scatter(vogel_K: float) -> float:
        return fit_weighted(_gradient(temperatures, 0.0, vogel_K)[:, :2], y, errors).chi2

    # The scatter can have two minima in T0, hence a grid before the refinement.
    starts = np.linspace(0.0, highest, _N_STARTS)
    best = int(np.argmin([scatter(start) for start in starts]))
    bounds = (starts[max(0, best - 1)], starts[min(_N_STARTS - 1, best + 1)])
    refined = minimize_scalar(scatter, bounds=bounds, method="bounded")
    vogel_K = float(refined.x if refined.fun < scatter(starts[best]) else starts[best])
    fit = fit_weighted(_gradient(temperatures, 0.0, vogel_K)[:, :2], y, errors)
    pseudo_energy = float(fit.coefficients[1])
    # Linearised about the best law, for errors that hold all three parameters.
    full = fit_weighted(_gradient(temperatures, pseudo_energy, vogel_K), y, errors)
    chi2_reduced = fit.chi2 / (len(y) - 3)
    covariance = full.covariance * max(1.0, chi2_reduced)
    gain = compare_with_line(scatter(0.0), fit.chi2, n_points=len(y), n_extra=1)
    return VogelResult(
        ln_prefactor=float(fit.coefficients[0]),
        pseudo_energy_eV=pseudo_energy,
        pseudo_energy_std_eV=float(np.sqrt(covariance[1, 1])),
        vogel_temperature_K=vogel_K,
        vogel_temperature_std_K=float(np.sqrt(covariance[2, 2])),
        covariance=covariance,
        chi2=fit.chi2,
        chi2_reduced=chi2_reduced,
        n_points=len(y),
        bic=-gain,
        is_preferred=gain > STRONG_EVIDENCE and pseudo_energy > 0,
    )


def _gradient(temperatures: FloatArray, pseudo_energy_eV: float, vogel_K: float) -> FloatArray:
    """Return the derivatives of ln y by ln A, B and T0, (..., 3)."""
    above = temperatures - vogel_K
    inverse = -1.0 / (BOLTZMANN_EV_PER_K * above)
    return np.stack([np.ones_like(above), inverse, pseudo_energy_eV * inverse / above], axis=-1)


def _check_series(
    temperatures_K: ArrayLike, ln_values: ArrayLike, ln_errors: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    temperatures = check_positive(
        temperatures_K, name="temperatures_K", unit="K", hint="give kelvin"
    )
    errors = check_positive(ln_errors, name="ln_errors", unit="", hint="give fractions")
    y = np.asarray(ln_values, dtype=np.float64)
    if temperatures.ndim != 1 or not temperatures.shape == y.shape == errors.shape:
        raise InputError(
            f"temperatures_K, ln_values and ln_errors have shapes {temperatures.shape}, {y.shape} "
            f"and {errors.shape}; all must be (n_points,): give one of each per run"
        )
    if not np.isfinite(y).all():
        raise InputError(
            f"ln_values holds {y[~np.isfinite(y)][0]}; all must be finite: leave out runs that did "
            "not converge"
        )
    n_distinct = len(np.unique(temperatures))
    if n_distinct < _MIN_TEMPERATURES:
        raise InputError(
            f"{n_distinct} distinct temperature(s) cannot fix the three parameters of a Vogel law; "
            f"at least {_MIN_TEMPERATURES} are needed: run others"
        )
    return temperatures, y, errors
