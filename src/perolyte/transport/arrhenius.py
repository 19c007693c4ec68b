"""Activation energies, and whether one line is all that a temperature series says."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.arrhenius_result import (
    ArrheniusPrediction,
    ArrheniusResult,
    DiffusivityPrediction,
    Quantity,
)
from perolyte.transport.checks import FloatArray
from perolyte.transport.kink import Kink, find_kink
from perolyte.transport.temperature_series import read_bounds, read_series
from perolyte.transport.vogel import VogelResult, fit_vogel
from perolyte.transport.weighted_fit import WeightedFit, choose_coverage_factor, fit_weighted
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = [
    "ArrheniusPrediction",
    "ArrheniusResult",
    "DiffusivityPrediction",
    "fit_arrhenius",
    "fit_diffusivity_arrhenius",
]

_MIN_TEMPERATURES = 3
_MIN_POINTS_FOR_VOGEL = 6
"""One more than it has parameters and the line's test needs: as for a kink."""


def fit_arrhenius(
    temperatures_K: ArrayLike,
    conductivities_S_cm: ArrayLike,
    relative_errors: ArrayLike,
    *,
    model_error: float = 0.10,
    upper_bounds: ArrayLike | None = None,
) -> ArrheniusResult:
    """Fit ln(σT) = ln A - Ea/(kB T), the form that hopping theory gives.

    Fitting ln σ would lower Ea by about kB T. Points are weighted by their relative errors; where
    they scatter more than those allow, the covariance is multiplied by the reduced χ²
    (doi 10.1093/ptep/ptac097, section 5.2.2). From 6 points on, two lines, meeting or not, and a
    Vogel law are compared with one line by the Bayesian information criterion
    (doi 10.1214/aos/1176344136), because a line across a change of mechanism says nothing about
    other temperatures.

    Parameters
    ----------
    temperatures_K
        (n_points,), K. Repeated temperatures are independent runs.
    conductivities_S_cm
        (n_points,), S/cm, above zero.
    relative_errors
        (n_points,), standard error of σ over σ, independent between points; or (n_points, 2), the
        distances to the lower and upper end of one standard error over σ, the lower below 1.
    model_error
        Relative error of σ that all points share (the potential, the cell). It does not average
        out over points, so it is added to each prediction, not to each point.
    upper_bounds
        (n_bounds, 2), temperature in K and one-sided 95 % upper bound of σ in S/cm, of runs too
        short to give a value. They do not enter the line; the line has to agree with them.

    Returns
    -------
    ArrheniusResult
        With "not_converged" and no numbers below 3 distinct temperatures, across a change of
        regime, or above an upper bound, and "unphysical" for a negative activation energy.

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
    temperatures, ln_sigma, errors = read_series(
        temperatures_K, conductivities_S_cm, relative_errors, ("conductivities_S_cm", "S/cm")
    )
    bound_K, ln_bound = read_bounds(upper_bounds, "S/cm")
    return _fit_series(
        (temperatures, ln_sigma + np.log(temperatures), errors),
        bounds=(bound_K, ln_bound + np.log(bound_K)),
        model_error=model_error,
        quantity="conductivity",
    )


def fit_diffusivity_arrhenius(
    temperatures_K: ArrayLike,
    diffusivities_cm2_s: ArrayLike,
    relative_errors: ArrayLike,
    *,
    model_error: float = 0.10,
    upper_bounds: ArrayLike | None = None,
) -> ArrheniusResult:
    """Fit ln D = ln D0 - Ea/(kB T), as :func:`fit_arrhenius` fits ln(σT).

    Parameters
    ----------
    temperatures_K
        (n_points,), K. Repeated temperatures are independent runs.
    diffusivities_cm2_s
        (n_points,), cm²/s, above zero.
    relative_errors, model_error
        As for :func:`fit_arrhenius`, of D.
    upper_bounds
        (n_bounds, 2), temperature in K and one-sided 95 % upper bound of D in cm²/s.

    Returns
    -------
    ArrheniusResult
        With ``quantity`` "diffusivity"; read it with
        :meth:`~perolyte.transport.ArrheniusResult.predict_diffusivity`.

    Raises
    ------
    InputError
        As for :func:`fit_arrhenius`.

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.units import BOLTZMANN_EV_PER_K
    >>> temperature_K = np.array([600.0, 800.0, 1000.0])
    >>> D_cm2_s = 1e-3 * np.exp(-0.30 / (BOLTZMANN_EV_PER_K * temperature_K))
    >>> fit = fit_diffusivity_arrhenius(temperature_K, D_cm2_s, [0.1, 0.1, 0.1])
    >>> f"{fit.predict_diffusivity(300.0).diffusivity_cm2_s:.2e}"
    '9.12e-09'
    """
    temperatures, ln_diffusivity, errors = read_series(
        temperatures_K, diffusivities_cm2_s, relative_errors, ("diffusivities_cm2_s", "cm²/s")
    )
    return _fit_series(
        (temperatures, ln_diffusivity, errors),
        bounds=read_bounds(upper_bounds, "cm²/s"),
        model_error=model_error,
        quantity="diffusivity",
    )


def _fit_series(
    series: tuple[FloatArray, FloatArray, FloatArray],
    *,
    bounds: tuple[FloatArray, FloatArray],
    model_error: float,
    quantity: Quantity,
) -> ArrheniusResult:
    """Fit the line, then look for what speaks against it."""
    if not (np.isfinite(model_error) and model_error >= 0):
        raise InputError(
            f"model_error is {model_error}; it must be finite and not negative: "
            "give a fraction such as 0.10"
        )
    temperatures, y, errors = series
    n_distinct = len(np.unique(temperatures))
    if n_distinct < _MIN_TEMPERATURES:
        reason = (
            f"{n_distinct} distinct temperature(s), at least {_MIN_TEMPERATURES} needed: "
            "run or extend others"
        )
        return _assemble(temperatures, None, (reason,), model_error=model_error, quantity=quantity)
    x = -1.0 / (BOLTZMANN_EV_PER_K * temperatures)
    line = fit_weighted(np.stack([np.ones_like(x), x], axis=1), y, errors)
    kink = find_kink(x, y, errors, line.chi2)
    # A Vogel law has 3 parameters, and 5 distinct temperatures are the least that fix them.
    vogel = None
    if len(x) >= _MIN_POINTS_FOR_VOGEL and n_distinct >= _MIN_POINTS_FOR_VOGEL - 1:
        vogel = fit_vogel(temperatures, y, errors)
    reasons = (
        *_explain_regimes(kink, vogel, (float(temperatures.min()), float(temperatures.max()))),
        *_explain_bounds(line, bounds, quantity),
    )
    return _assemble(
        temperatures,
        line,
        reasons,
        kink=kink,
        vogel=vogel,
        model_error=model_error,
        quantity=quantity,
    )


def _explain_regimes(
    kink: Kink | None, vogel: VogelResult | None, range_K: tuple[float, float]
) -> tuple[str, ...]:
    """Return in words which other laws beat the line, the best one first."""
    found: list[tuple[float, str]] = []
    if kink is not None:
        what = "the slope changes" if kink.form == "kink" else "the series breaks in a step"
        below, above = kink.below, kink.above
        text = (
            f"{what} near {kink.temperature_K:.0f} K from {below.activation_energy_eV:.3f} ± "
            f"{below.activation_energy_std_eV:.3f} eV below to {above.activation_energy_eV:.3f} ± "
            f"{above.activation_energy_std_eV:.3f} eV above it: fit each side on its own and do "
            "not extrapolate across it"
        )
        found.append((kink.bic, text))
    if vogel is not None and vogel.is_preferred:
        cold, hot = vogel.apparent_energy_eV(np.array(range_K))
        text = (
            f"the points bend: a Vogel law with T0 = {vogel.vogel_temperature_K:.0f} ± "
            f"{vogel.vogel_temperature_std_K:.0f} K describes them better than a line, the "
            f"apparent energy falls from {cold:.3f} eV at {range_K[0]:.0f} K to {hot:.3f} eV at "
            f"{range_K[1]:.0f} K: do not extrapolate a line, simulate nearer to the temperature "
            "wanted"
        )
        found.append((vogel.bic, text))
    return tuple(text for _, text in sorted(found))


def _explain_bounds(
    line: WeightedFit, bounds: tuple[FloatArray, FloatArray], quantity: Quantity
) -> tuple[str, ...]:
    """Return in words which upper bounds the lower 95 % end of the line exceeds.

    The model error is left out: it shifts the bound, which comes from the same model, as well.
    """
    factor = choose_coverage_factor(line.chi2_reduced, line.n_points)
    reasons = []
    for temperature, ln_bound in zip(*bounds, strict=True):
        regressor = np.array([1.0, -1.0 / (BOLTZMANN_EV_PER_K * temperature)])
        std = np.sqrt(regressor @ line.inflated_covariance @ regressor)
        lower = float(regressor @ line.coefficients - factor * std)
        if lower > ln_bound:
            reasons.append(
                f"at {temperature:.0f} K the line gives at least {np.exp(lower - ln_bound):.2g} "
                f"times the upper bound of the {quantity} that was found there: the mechanism "
                "changes between that temperature and the points; do not extrapolate past it"
            )
    return tuple(reasons)


def _assemble(
    temperatures: FloatArray,
    line: WeightedFit | None,
    reasons: tuple[str, ...],
    *,
    model_error: float,
    quantity: Quantity,
    kink: Kink | None = None,
    vogel: VogelResult | None = None,
) -> ArrheniusResult:
    """Put the result together; without a line, or with reasons against it, without numbers."""
    energy = std = ln_prefactor = chi2_reduced = covariance = interval = None
    is_unphysical = False
    if line is not None and not reasons:
        covariance, chi2_reduced = line.inflated_covariance, line.chi2_reduced
        ln_prefactor, energy = (float(value) for value in line.coefficients)
        std = float(np.sqrt(covariance[1, 1]))
        half_width = choose_coverage_factor(chi2_reduced, line.n_points) * std
        interval = (energy - half_width, energy + half_width)
        is_unphysical = energy < 0
    if is_unphysical:
        reason = (
            f"the activation energy is {energy:.3f} ± {std:.3f} eV, negative: check for melting "
            "or a phase change among the temperatures"
        )
        reasons = (reason,)
    return ArrheniusResult(
        status="unphysical" if is_unphysical else "not_converged" if reasons else "converged",
        reasons=reasons,
        activation_energy_eV=energy,
        activation_energy_std_eV=std,
        ln_prefactor=ln_prefactor,
        covariance=covariance,
        chi2_reduced=chi2_reduced,
        n_points=len(temperatures),
        temperature_min_K=float(temperatures.min()),
        temperature_max_K=float(temperatures.max()),
        kink_temperature_K=None if kink is None else kink.temperature_K,
        model_error=float(model_error),
        activation_energy_interval_eV=interval,
        quantity=quantity,
        kink=kink,
        vogel=vogel,
    )
