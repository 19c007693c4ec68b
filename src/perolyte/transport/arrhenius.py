"""Activation energies and conductivities at other temperatures, with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.kink import find_kink, fit_weighted
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["ArrheniusPrediction", "ArrheniusResult", "fit_arrhenius"]

_MIN_TEMPERATURES = 3
_COVERAGE = 0.95


@dataclass(frozen=True, eq=False)
class ArrheniusPrediction:
    """Conductivity read from an Arrhenius line; arrays have the shape of the temperatures.

    Attributes
    ----------
    temperature_K
        K.
    conductivity_S_cm
        S/cm, the median.
    lower_S_cm, upper_S_cm
        S/cm, ends of the 95 % interval.
    ln_std
        Standard error of ln σ: line and model error together.
    """

    temperature_K: FloatArray
    conductivity_S_cm: FloatArray
    lower_S_cm: FloatArray
    upper_S_cm: FloatArray
    ln_std: FloatArray


@dataclass(frozen=True, eq=False)
class ArrheniusResult:
    """A weighted line through ln(σT) against -1/(kB T).

    Numbers are None where ``status`` is "not_converged".

    Attributes
    ----------
    status
        "converged"; "not_converged" (too few temperatures, or a kink); "unphysical" (the
        conductivity falls on heating).
    reasons
        Why the status is not "converged", in words with numbers.
    activation_energy_eV, activation_energy_std_eV
        eV, slope and its standard error (without the model error, which shifts all points alike).
    ln_prefactor
        ln A of σT = A exp(-Ea/(kB T)), A in S K/cm.
    covariance
        (2, 2), of (ln A, Ea in eV), inflated by ``chi2_reduced`` where that is above 1.
    chi2_reduced
        Scatter about the line over the scatter that the relative errors promise.
    n_points
        Points given.
    temperature_min_K, temperature_max_K
        K, range of the points.
    kink_temperature_K
        K, where two lines meet that describe the points better than one; None without a kink.
    model_error
        Relative error that all points share.
    """

    status: Status
    reasons: tuple[str, ...]
    activation_energy_eV: float | None
    activation_energy_std_eV: float | None
    ln_prefactor: float | None
    covariance: FloatArray | None
    chi2_reduced: float | None
    n_points: int
    temperature_min_K: float
    temperature_max_K: float
    kink_temperature_K: float | None
    model_error: float

    def predict(self, temperature_K: ArrayLike) -> ArrheniusPrediction:
        """Read the conductivity at other temperatures from the line.

        The interval is that of the line, with Student's t where the covariance was inflated by
        the scatter itself, and the model error added in quadrature to ln σ.

        Parameters
        ----------
        temperature_K
            Any shape, K.

        Returns
        -------
        ArrheniusPrediction
            S/cm, same shape.

        Raises
        ------
        InputError
            For a result that is not converged (the message repeats the reasons), or a temperature
            that is not above zero.
        """
        if self.covariance is None or self.status != "converged" or self.ln_prefactor is None:
            raise InputError(
                f"an Arrhenius fit with status {self.status!r} cannot be read at other "
                f"temperatures ({'; '.join(self.reasons)}): simulate there instead"
            )
        temperature = check_positive(
            temperature_K, name="temperature_K", unit="K", hint="give kelvin"
        )
        regressors = np.stack(
            [np.ones_like(temperature), -1.0 / (BOLTZMANN_EV_PER_K * temperature)], axis=-1
        )
        line = np.array([self.ln_prefactor, self.activation_energy_eV])
        ln_sigma = regressors @ line - np.log(temperature)
        line_std = np.sqrt(np.einsum("...i,ij,...j", regressors, self.covariance, regressors))
        normal = stats.norm.ppf(0.5 + _COVERAGE / 2)
        inflated = self.chi2_reduced is not None and self.chi2_reduced > 1
        factor = stats.t.ppf(0.5 + _COVERAGE / 2, self.n_points - 2) if inflated else normal
        half_width = np.hypot(factor * line_std, normal * self.model_error)
        return ArrheniusPrediction(
            temperature_K=temperature,
            conductivity_S_cm=np.exp(ln_sigma),
            lower_S_cm=np.exp(ln_sigma - half_width),
            upper_S_cm=np.exp(ln_sigma + half_width),
            ln_std=np.hypot(line_std, self.model_error),
        )


def fit_arrhenius(
    temperatures_K: ArrayLike,
    conductivities_S_cm: ArrayLike,
    relative_errors: ArrayLike,
    *,
    model_error: float = 0.10,
) -> ArrheniusResult:
    """Fit ln(σT) = ln A - Ea/(kB T), the form that hopping theory gives.

    Fitting ln σ would lower Ea by about kB T. Points are weighted by their relative errors; where
    they scatter more than those allow, the covariance is multiplied by the reduced χ²
    (doi 10.1093/ptep/ptac097, section 5.2.2). From 6 points on, two lines that meet are
    compared with one by the Bayesian information criterion (doi 10.1214/aos/1176344136), because
    a line across a change of mechanism says nothing about other temperatures.

    Parameters
    ----------
    temperatures_K
        (n_points,), K. Repeated temperatures are independent runs.
    conductivities_S_cm
        (n_points,), S/cm, above zero.
    relative_errors
        (n_points,), standard error of σ over σ, independent between points.
    model_error
        Relative error of σ that all points share (the potential, the cell). It does not average
        out over points, so it is added to each prediction, not to each point.

    Returns
    -------
    ArrheniusResult
        With "not_converged" and no numbers below 3 distinct temperatures or across a kink, and
        "unphysical" for a negative activation energy.

    Raises
    ------
    InputError
        For shapes that do not match, or a number that is not finite and above zero (model error:
        not finite or negative).

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.units import BOLTZMANN_EV_PER_K
    >>> temperature_K = np.array([600.0, 800.0, 1000.0])
    >>> sigma_S_cm = 1e4 / temperature_K * np.exp(-0.30 / (BOLTZMANN_EV_PER_K * temperature_K))
    >>> fit = fit_arrhenius(temperature_K, sigma_S_cm, [0.1, 0.1, 0.1])
    >>> f"{fit.activation_energy_eV:.3f} +- {fit.activation_energy_std_eV:.3f} eV"
    '0.300 +- 0.018 eV'
    >>> bool(fit.predict(300.0).lower_S_cm < fit.predict(300.0).conductivity_S_cm)
    True
    """
    temperatures, ln_sigma_T, errors = _check_points(
        temperatures_K, conductivities_S_cm, relative_errors
    )
    if not (np.isfinite(model_error) and model_error >= 0):
        raise InputError(
            f"model_error is {model_error}; it must be finite and not negative: "
            "give a fraction such as 0.10"
        )
    n_distinct = len(np.unique(temperatures))
    if n_distinct < _MIN_TEMPERATURES:
        reason = (
            f"{n_distinct} distinct temperature(s), at least {_MIN_TEMPERATURES} needed: "
            "run or extend others"
        )
        return _unresolved(temperatures, model_error, reason)
    x = -1.0 / (BOLTZMANN_EV_PER_K * temperatures)
    ones = np.ones_like(x)
    line, covariance, chi2 = fit_weighted(np.stack([ones, x], axis=1), ln_sigma_T, errors)
    kink = find_kink(x, ln_sigma_T, errors, chi2)
    if kink is not None:
        kink_temperature, below, above = kink
        reason = (
            f"the slope changes near {kink_temperature:.0f} K from {below:.3f} eV below to "
            f"{above:.3f} eV above it: fit each side on its own and do not extrapolate across it"
        )
        return _unresolved(temperatures, model_error, reason, kink_temperature)
    chi2_reduced = chi2 / (len(x) - 2)
    covariance = covariance * max(1.0, chi2_reduced)
    energy, std = float(line[1]), float(np.sqrt(covariance[1, 1]))
    reasons: tuple[str, ...] = ()
    if energy < 0:
        reason = (
            f"the activation energy is {energy:.3f} ± {std:.3f} eV, negative: check for melting "
            "or a phase change among the temperatures"
        )
        reasons = (reason,)
    return ArrheniusResult(
        status="unphysical" if reasons else "converged",
        reasons=reasons,
        activation_energy_eV=energy,
        activation_energy_std_eV=std,
        ln_prefactor=float(line[0]),
        covariance=covariance,
        chi2_reduced=chi2_reduced,
        n_points=len(x),
        temperature_min_K=float(temperatures.min()),
        temperature_max_K=float(temperatures.max()),
        kink_temperature_K=None,
        model_error=float(model_error),
    )


def _check_points(
    temperatures_K: ArrayLike, conductivities_S_cm: ArrayLike, relative_errors: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return temperatures (K), ln(σT) and relative errors, each (n_points,)."""
    temperatures = check_positive(
        temperatures_K, name="temperatures_K", unit="K", hint="give kelvin"
    )
    sigma = check_positive(
        conductivities_S_cm,
        name="conductivities_S_cm",
        unit="S/cm",
        hint="leave out runs that did not converge",
    )
    errors = check_positive(
        relative_errors, name="relative_errors", unit="", hint="give fractions such as 0.10"
    )
    if temperatures.ndim != 1 or not temperatures.shape == sigma.shape == errors.shape:
        raise InputError(
            f"temperatures_K, conductivities_S_cm and relative_errors have shapes "
            f"{temperatures.shape}, {sigma.shape} and {errors.shape}; all must be (n_points,): "
            "give one of each per run"
        )
    if temperatures.size == 0:
        raise InputError("temperatures_K is empty; at least one run is needed: give its results")
    return temperatures, np.log(sigma * temperatures), errors


def _unresolved(
    temperatures: FloatArray, model_error: float, reason: str, kink_K: float | None = None
) -> ArrheniusResult:
    return ArrheniusResult(
        status="not_converged",
        reasons=(reason,),
        activation_energy_eV=None,
        activation_energy_std_eV=None,
        ln_prefactor=None,
        covariance=None,
        chi2_reduced=None,
        n_points=len(temperatures),
        temperature_min_K=float(temperatures.min()),
        temperature_max_K=float(temperatures.max()),
        kink_temperature_K=kink_K,
        model_error=float(model_error),
    )
