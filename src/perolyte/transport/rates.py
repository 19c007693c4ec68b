"""Rates of counted events with Poisson errors, and the barriers they imply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from perolyte.errors import InputError
from perolyte.transport.checks import check_positive
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["BarrierEstimate", "RateEstimate", "estimate_barrier", "estimate_rate"]

_COVERAGE = 0.95


@dataclass(frozen=True)
class RateEstimate:
    """A rate from counted events.

    Attributes
    ----------
    n_events
        Events seen.
    exposure_ps
        ps, time during which they could happen, summed over ions.
    rate_per_ps
        1/ps; None where none was seen.
    lower_per_ps, upper_per_ps
        1/ps, exact 95 % interval of a Poisson count; without events, 0 and the one-sided 95 % upper
        bound.
    """

    n_events: int
    exposure_ps: float
    rate_per_ps: float | None
    lower_per_ps: float
    upper_per_ps: float


@dataclass(frozen=True)
class BarrierEstimate:
    """A free-energy barrier from a rate.

    Attributes
    ----------
    barrier_eV
        eV; None without events, or for a rate above the attempt frequency.
    lower_eV, upper_eV
        eV, from the interval of the rate; the upper end is None without events.
    reason
        Why there is no value; empty where there is one.
    """

    barrier_eV: float | None
    lower_eV: float | None
    upper_eV: float | None
    reason: str


def estimate_rate(n_events: int, exposure_ps: float) -> RateEstimate:
    """Return the rate of independent events with its exact Poisson interval.

    The interval of Garwood (doi 10.1093/biomet/28.3-4.437). Jumps that come in pairs, there and
    straight back, are not independent; their interval is too narrow.

    Parameters
    ----------
    n_events
        Zero or more.
    exposure_ps
        ps, above zero.

    Returns
    -------
    RateEstimate
        Rate and interval.

    Raises
    ------
    InputError
        For a negative count, or an exposure that is not above zero.

    Examples
    --------
    >>> none = estimate_rate(0, 100.0)
    >>> none.rate_per_ps is None, round(none.upper_per_ps, 3)
    (True, 0.03)
    >>> some = estimate_rate(10, 100.0)
    >>> some.rate_per_ps, round(some.lower_per_ps, 3), round(some.upper_per_ps, 3)
    (0.1, 0.048, 0.184)
    """
    if n_events < 0:
        raise InputError(f"n_events is {n_events}; it must be 0 or more: give a count")
    exposure = float(
        check_positive(exposure_ps, name="exposure_ps", unit="ps", hint="give the time observed")
    )
    tail = (1 - _COVERAGE) / 2
    if n_events == 0:
        return RateEstimate(0, exposure, None, 0.0, float(-np.log(1 - _COVERAGE) / exposure))
    return RateEstimate(
        n_events=n_events,
        exposure_ps=exposure,
        rate_per_ps=n_events / exposure,
        lower_per_ps=float(stats.gamma.ppf(tail, n_events) / exposure),
        upper_per_ps=float(stats.gamma.ppf(1 - tail, n_events + 1) / exposure),
    )


def estimate_barrier(
    rate: RateEstimate, *, temperature_K: float, attempt_frequency_THz: float
) -> BarrierEstimate:
    """Return the barrier of transition-state theory, ΔF = kB T ln(ν/k).

    Vineyard, doi 10.1016/0022-3697(57)90059-8. A factor of 2 in the attempt frequency shifts it by
    0.7 kB T.

    Parameters
    ----------
    rate
        Of one path, in 1/ps.
    temperature_K
        K.
    attempt_frequency_THz
        THz, that is 1/ps; the frequency at which the ion rattles.

    Returns
    -------
    BarrierEstimate
        With a lower end only where no jump was seen.

    Raises
    ------
    InputError
        For a temperature or frequency that is not above zero.

    Examples
    --------
    >>> rate = estimate_rate(100, 1000.0)
    >>> barrier = estimate_barrier(rate, temperature_K=600.0, attempt_frequency_THz=10.0)
    >>> f"{barrier.barrier_eV:.3f} ({barrier.lower_eV:.3f} to {barrier.upper_eV:.3f}) eV"
    '0.238 (0.228 to 0.249) eV'
    """
    temperature = check_positive(
        temperature_K, name="temperature_K", unit="K", hint="give that of the run"
    )
    frequency = check_positive(
        attempt_frequency_THz, name="attempt_frequency_THz", unit="THz", hint="10 is usual"
    )
    thermal_eV = BOLTZMANN_EV_PER_K * float(temperature)
    lower = thermal_eV * float(np.log(frequency / rate.upper_per_ps))
    if rate.rate_per_ps is None:
        return BarrierEstimate(
            None, lower, None, "no jump seen; the barrier has a lower bound only"
        )
    upper = thermal_eV * float(np.log(frequency / rate.lower_per_ps))
    if rate.rate_per_ps >= frequency:
        reason = (
            f"the rate of {rate.rate_per_ps:.3g} /ps is not below the attempt frequency of "
            f"{float(frequency):.3g} THz; the ion does not wait on this site"
        )
        return BarrierEstimate(None, None, None, reason)
    barrier = thermal_eV * float(np.log(frequency / rate.rate_per_ps))
    return BarrierEstimate(barrier, lower, upper, "")
