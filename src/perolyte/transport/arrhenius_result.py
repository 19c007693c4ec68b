"""An Arrhenius line, and what can be read from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.kink import Kink
from perolyte.transport.vogel import VogelResult
from perolyte.transport.weighted_fit import choose_coverage_factor
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["ArrheniusPrediction", "ArrheniusResult", "DiffusivityPrediction", "Quantity"]

Quantity = Literal["conductivity", "diffusivity"]


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
class DiffusivityPrediction:
    """Diffusivity read from an Arrhenius line; arrays have the shape of the temperatures.

    Attributes
    ----------
    temperature_K
        K.
    diffusivity_cm2_s
        cm²/s, the median.
    lower_cm2_s, upper_cm2_s
        cm²/s, ends of the 95 % interval.
    ln_std
        Standard error of ln D: line and model error together.
    """

    temperature_K: FloatArray
    diffusivity_cm2_s: FloatArray
    lower_cm2_s: FloatArray
    upper_cm2_s: FloatArray
    ln_std: FloatArray


@dataclass(frozen=True, eq=False)
class ArrheniusResult:
    """A weighted line through ln(σT), or ln D, against -1/(kB T).

    Numbers are None where ``status`` is "not_converged".

    Attributes
    ----------
    status
        "converged"; "not_converged" (too few temperatures, a change of regime, or a bound that the
        line contradicts); "unphysical" (σT or D falls on heating).
    reasons
        Why the status is not "converged", in words with numbers.
    activation_energy_eV, activation_energy_std_eV
        eV, slope and its standard error (without the model error, which shifts all points alike).
    ln_prefactor
        ln A of σT = A exp(-Ea/(kB T)), A in S K/cm; or of D, A in cm²/s.
    covariance
        (2, 2), of (ln A, Ea in eV), inflated by ``chi2_reduced`` where that is above 1.
    chi2_reduced
        Scatter about the line over the scatter that the relative errors promise.
    n_points
        Points given.
    temperature_min_K, temperature_max_K
        K, range of the points.
    kink_temperature_K
        K, where two lines describe the points better than one; None without such a place.
    model_error
        Relative error that all points share.
    activation_energy_interval_eV
        eV, 95 % interval, wider than 1.96 standard errors where the scatter set the scale of few
        points (:func:`~perolyte.transport.weighted_fit.choose_coverage_factor`).
    quantity
        What was fitted: "conductivity" (as σT) or "diffusivity".
    kink
        The two lines, each with its activation energy and error; None without a kink.
    vogel
        Vogel-Tammann-Fulcher law of the same points; None below 6 points. Where its
        ``is_preferred`` is True the line is not converged.
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
    activation_energy_interval_eV: tuple[float, float] | None = None
    quantity: Quantity = "conductivity"
    kink: Kink | None = None
    vogel: VogelResult | None = None

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
            For a result that is not converged (the message repeats the reasons), a line of
            diffusivities, or a temperature that is not above zero.
        """
        temperature, ln_value, half_width, ln_std = self._read("conductivity", temperature_K)
        ln_sigma = ln_value - np.log(temperature)
        return ArrheniusPrediction(
            temperature_K=temperature,
            conductivity_S_cm=np.exp(ln_sigma),
            lower_S_cm=np.exp(ln_sigma - half_width),
            upper_S_cm=np.exp(ln_sigma + half_width),
            ln_std=ln_std,
        )

    def predict_diffusivity(self, temperature_K: ArrayLike) -> DiffusivityPrediction:
        """Read the diffusivity at other temperatures from a line of diffusivities.

        Parameters
        ----------
        temperature_K
            Any shape, K.

        Returns
        -------
        DiffusivityPrediction
            cm²/s, same shape; the interval as in :meth:`predict`.

        Raises
        ------
        InputError
            As in :meth:`predict`, and for a line of conductivities.
        """
        temperature, ln_value, half_width, ln_std = self._read("diffusivity", temperature_K)
        return DiffusivityPrediction(
            temperature_K=temperature,
            diffusivity_cm2_s=np.exp(ln_value),
            lower_cm2_s=np.exp(ln_value - half_width),
            upper_cm2_s=np.exp(ln_value + half_width),
            ln_std=ln_std,
        )

    def _read(
        self, quantity: Quantity, temperature_K: ArrayLike
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return temperatures, values of the line, half widths at 95 % and errors, all of ln."""
        if self.quantity != quantity:
            raise InputError(
                f"this line was fitted to the {self.quantity} and cannot give the {quantity}: "
                f"call {'predict_diffusivity' if quantity == 'conductivity' else 'predict'}, or "
                f"fit the {quantity}"
            )
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
        line_std = np.sqrt(np.einsum("...i,ij,...j", regressors, self.covariance, regressors))
        factor = choose_coverage_factor(self.chi2_reduced, self.n_points)
        normal = choose_coverage_factor(None, self.n_points)
        half_width = np.hypot(factor * line_std, normal * self.model_error)
        return temperature, regressors @ line, half_width, np.hypot(line_std, self.model_error)
