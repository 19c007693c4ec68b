"""The rate of grain growth over temperature, and what a sintering schedule gives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number, check_positive
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = [
    "GrainSizePrediction",
    "GrowthWindow",
    "fit_growth_windows",
    "grain_size_after_schedule",
]

CAVEAT = (
    "one rate over all temperatures: perovskite titanates change their mechanism of growth with "
    "temperature, and not by Arrhenius' law (doi 10.1007/s10853-015-9535-6); split the windows "
    "where measured rates do"
)
_SIGNIFICANT = 0.05
_N_DRAWS = 4000


@dataclass(frozen=True)
class GrowthWindow:
    """The rate of growth between two temperatures, ln K = ln K0 - Q/(k T).

    Attributes
    ----------
    low_K, high_K
        K, where the rate was measured.
    ln_prefactor
        ln of K0 in nm^n/s.
    activation_energy_eV
        Q, eV; below zero where growth slows down on heating, as strontium titanate does.
    covariance
        ((2), (2)) of (ln K0, Q).
    exponent
        n of the law that K belongs to.
    is_arrhenius
        Whether the rates agree with one straight line within their errors; None where there are
        too few to tell.
    """

    low_K: float
    high_K: float
    ln_prefactor: float
    activation_energy_eV: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    exponent: float = 2.0
    is_arrhenius: bool | None = None

    def __post_init__(self) -> None:
        check_number(self.low_K, "low_K", "K", low=np.finfo(float).tiny, high=self.high_K)
        check_number(self.exponent, "exponent", "", low=1.0, high=10.0)
        check_number(self.activation_energy_eV, "activation_energy_eV", "eV")


@dataclass(frozen=True, eq=False)
class GrainSizePrediction:
    """Grain size after sintering.

    Attributes
    ----------
    size_nm, lower_nm, upper_nm
        nm, mean size: median and 95 % interval from the errors of the rates and of the start.
    quantile, quantile_size_nm
        Of the sizes of single grains, lognormal around the mean size, its error included.
    after_each_nm
        nm, median of the mean size after each piece of the schedule.
    is_extrapolated
        Whether a piece that makes grains grow by more than 1 % is outside the windows.
    warnings
        What to keep in mind.
    """

    size_nm: float
    lower_nm: float
    upper_nm: float
    quantile: tuple[float, ...]
    quantile_size_nm: tuple[float, ...]
    after_each_nm: tuple[float, ...]
    is_extrapolated: bool
    warnings: tuple[str, ...]


def fit_growth_windows(
    temperatures_K: ArrayLike,
    rate_nm_s: ArrayLike,
    *,
    relative_std: ArrayLike,
    transitions_K: Sequence[float] = (),
    exponent: float = 2.0,
) -> list[GrowthWindow]:
    """Fit ln K = ln K0 - Q/(k T) between transitions of the mechanism.

    Parameters
    ----------
    temperatures_K
        (n,) K.
    rate_nm_s
        (n,) K of each temperature, nm^n/s.
    relative_std
        (n,) or one number, standard error of K over K.
    transitions_K
        K, where one window ends and the next begins.
    exponent
        n of the law.

    Returns
    -------
    list of GrowthWindow
        In rising order of temperature. A window with a p-value below 0.05 has ``is_arrhenius``
        False.

    Raises
    ------
    InputError
        For numbers that are not above zero, or a window with fewer than two temperatures.

    Examples
    --------
    >>> T = np.array([1400.0, 1450.0, 1500.0])
    >>> [window] = fit_growth_windows(T, 1e12 * np.exp(-3.0 / (BOLTZMANN_EV_PER_K * T)),
    ...                               relative_std=0.1)
    >>> round(window.activation_energy_eV, 6), window.is_arrhenius
    (3.0, True)
    """
    temperatures = check_positive(np.atleast_1d(temperatures_K), "temperatures_K", "K")
    rates = check_positive(np.atleast_1d(rate_nm_s), "rate_nm_s", "nm^n/s")
    if temperatures.shape != rates.shape:
        raise InputError(f"{temperatures.size} temperatures and {rates.size} rates; one for each")
    errors = check_positive(np.broadcast_to(relative_std, rates.shape), "relative_std", "")
    edges = [0.0, *sorted(transitions_K), np.inf]
    windows = []
    for low, high in itertools.pairwise(edges):
        chosen = (temperatures >= low) & (temperatures < high)
        if len(np.unique(temperatures[chosen])) < 2:
            raise InputError(
                f"between {low:g} and {high:g} K there are {chosen.sum()} rates; a window needs "
                "two temperatures: leave a transition out, or measure more"
            )
        windows.append(_fit_window(temperatures[chosen], rates[chosen], errors[chosen], exponent))
    return windows


def grain_size_after_schedule(
    schedule: Sequence[tuple[float, float]],
    windows: Sequence[GrowthWindow],
    *,
    initial_size_nm: float,
    initial_std_nm: float = 0.0,
    log_std: float = 0.3,
    seed: int = 0,
) -> GrainSizePrediction:
    """Return the grain size after pieces of constant temperature.

    Parameters
    ----------
    schedule
        (temperature in K, time in s) of each piece; ramps as several pieces.
    windows
        Of :func:`fit_growth_windows`. A temperature outside is taken from the nearest window, and
        said so.
    initial_size_nm, initial_std_nm
        nm, mean size before, and its standard error.
    log_std
        Standard deviation of ln(size) of single grains: that of a simulation, or measured.
    seed
        Of the draws of rates from their covariances.

    Returns
    -------
    GrainSizePrediction
        An empirical rule carried through, not a prediction of the mechanism.

    Raises
    ------
    InputError
        For an empty schedule, no window, windows of different exponents or a number out of range.

    Examples
    --------
    >>> window = GrowthWindow(1400.0, 1600.0, 34.0, 3.0, ((0.0, 0.0), (0.0, 0.0)))
    >>> found = grain_size_after_schedule([(1473.0, 6 * 3600.0)], [window], initial_size_nm=300.0)
    >>> round(found.size_nm), found.is_extrapolated
    (26188, False)
    """
    _check_schedule(schedule, windows)
    check_number(initial_size_nm, "initial_size_nm", "nm", low=np.finfo(float).tiny)
    check_number(initial_std_nm, "initial_std_nm", "nm", low=0.0, high=initial_size_nm / 2)
    check_number(log_std, "log_std", "", low=0.0, high=2.0)
    rng = np.random.default_rng(seed)
    drawn = [
        rng.multivariate_normal(
            [w.ln_prefactor, w.activation_energy_eV], np.array(w.covariance), _N_DRAWS
        )
        for w in windows
    ]
    n = windows[0].exponent
    sizes = np.abs(initial_size_nm + initial_std_nm * rng.standard_normal(_N_DRAWS))
    warnings = [CAVEAT] if len(windows) == 1 else []
    if any(w.is_arrhenius is False for w in windows):
        warnings.append("rates in a window do not follow one Arrhenius line; split it")
    after, is_extrapolated = [], False
    for temperature_K, time_s in schedule:
        index, distance_K = _find_window(windows, temperature_K)
        ln_k = drawn[index][:, 0] - drawn[index][:, 1] / (BOLTZMANN_EV_PER_K * temperature_K)
        grown = (sizes**n + np.exp(ln_k) * time_s) ** (1.0 / n)
        if distance_K > 0 and np.median(grown / sizes) > 1.01:
            is_extrapolated = True
            warnings.append(f"{temperature_K:g} K is {distance_K:g} K outside the measured windows")
        sizes = grown
        after.append(float(np.median(sizes)))
    lower, middle, upper = np.quantile(sizes, [0.025, 0.5, 0.975])
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    # the mean of single grains is that of the law
    single = sizes * np.exp(log_std * rng.standard_normal(_N_DRAWS) - 0.5 * log_std**2)
    return GrainSizePrediction(
        size_nm=float(middle),
        lower_nm=float(lower),
        upper_nm=float(upper),
        quantile=quantiles,
        quantile_size_nm=tuple(np.quantile(single, quantiles).tolist()),
        after_each_nm=tuple(after),
        is_extrapolated=is_extrapolated,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _fit_window(
    temperatures_K: NDArray[np.float64],
    rates: NDArray[np.float64],
    relative_std: NDArray[np.float64],
    exponent: float,
) -> GrowthWindow:
    from scipy.stats import chi2

    design = np.column_stack([np.ones(len(rates)), -1.0 / (BOLTZMANN_EV_PER_K * temperatures_K)])
    weighted = design / relative_std[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    found = covariance @ weighted.T @ (np.log(rates) / relative_std)
    misfit = float((((np.log(rates) - design @ found) / relative_std) ** 2).sum())
    free = len(rates) - 2
    return GrowthWindow(
        low_K=float(temperatures_K.min()),
        high_K=float(temperatures_K.max()),
        ln_prefactor=float(found[0]),
        activation_energy_eV=float(found[1]),
        covariance=(
            (float(covariance[0, 0]), float(covariance[0, 1])),
            (float(covariance[1, 0]), float(covariance[1, 1])),
        ),
        exponent=exponent,
        is_arrhenius=bool(chi2.sf(misfit, free) >= _SIGNIFICANT) if free > 0 else None,
    )


def _check_schedule(
    schedule: Sequence[tuple[float, float]], windows: Sequence[GrowthWindow]
) -> None:
    if not schedule or not windows:
        raise InputError(
            f"{len(schedule)} pieces of a schedule and {len(windows)} windows; give one of each"
        )
    for temperature_K, time_s in schedule:
        check_number(temperature_K, "temperature of the schedule", "K", low=np.finfo(float).tiny)
        check_number(time_s, "time of the schedule", "s", low=0.0)
    if len({window.exponent for window in windows}) > 1:
        raise InputError("windows have different exponents; fit all with one")


def _find_window(windows: Sequence[GrowthWindow], temperature_K: float) -> tuple[int, float]:
    """Return the nearest window, and how far outside it a temperature is, K."""
    away = [max(w.low_K - temperature_K, temperature_K - w.high_K, 0.0) for w in windows]
    index = int(np.argmin(away))
    return index, away[index]
