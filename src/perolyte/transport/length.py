"""How long a run must be for the error that is wanted."""

from __future__ import annotations

from typing import Literal

import numpy as np

from perolyte.errors import InputError
from perolyte.transport.checks import check_positive
from perolyte.transport.collective import INTERCEPT_STD
from perolyte.transport.displacements import choose_lags
from perolyte.transport.generalised_least_squares import fit_line
from perolyte.transport.hops import MIN_NET_HOPS
from perolyte.transport.overlaps import count_overlaps, hopping_covariance
from perolyte.transport.window import last_lag, pass_one_hop
from perolyte.units import A2_PER_PS_TO_CM2_PER_S

__all__ = ["estimate_required_length", "predict_relative_error"]

_FRAMES_PER_HOP = 16
_FEWEST_HOPS_PER_ION = 2.0
"""The mean squared displacement at half the run must pass one squared hop."""
_MOST_HOPS_PER_ION = 1e7
_N_BISECTIONS = 28

Quantity = Literal["tracer", "charge"]


def predict_relative_error(
    hops_per_ion: float,
    *,
    n_ions: float,
    dimension: int = 3,
    quantity: Quantity = "tracer",
) -> float:
    """Return the relative standard error that :func:`fit_diffusivity` will find, before a run.

    It is that of the same weights under the covariance of ions that hop independently, fitted from
    the time of one hop to a fifth of the run.

    Parameters
    ----------
    hops_per_ion
        Mean number of hops of an ion in the run, at least 2.
    n_ions
        Mobile ions that move independently.
    dimension
        Directions in which they move.
    quantity
        "tracer", or "charge" for the sum of the ions, whose error does not depend on their number.

    Returns
    -------
    float
        Standard error over value.

    Raises
    ------
    InputError
        For fewer than 2 hops, or a number of ions that is not above zero.

    Examples
    --------
    >>> round(predict_relative_error(20.0, n_ions=36), 2)
    0.06
    >>> round(predict_relative_error(20.0, n_ions=36, quantity="charge"), 1)
    0.1
    """
    if not (np.isfinite(hops_per_ion) and hops_per_ion >= _FEWEST_HOPS_PER_ION):
        raise InputError(
            f"hops_per_ion is {hops_per_ion:g}; at least {_FEWEST_HOPS_PER_ION:g} are needed for "
            "a diffusivity: plan a longer run"
        )
    check_positive(n_ions, name="n_ions", unit="ions", hint="count the mobile ions")
    is_charge = quantity == "charge"
    n_frames = round(hops_per_ion * _FRAMES_PER_HOP) + 1
    lags = choose_lags(last_lag(n_frames))
    # Lengths in hops, time in frames.
    msd = lags / _FRAMES_PER_HOP
    used = lags >= pass_one_hop(lags, np.nextafter(msd, np.inf), 1.0)
    covariance = hopping_covariance(
        count_overlaps(lags[used], n_frames - 1),
        slope_A2=1 / _FRAMES_PER_HOP,
        intercept_A2=0.0,
        n_ions=1,
        hop_distance_A=0.0 if is_charge else 1.0,
        dimension=dimension,
    )
    std = INTERCEPT_STD * float(msd[used][0])
    line = fit_line(
        lags[used].astype(np.float64),
        msd[used],
        covariance,
        intercept_prior=(0.0, std) if is_charge else None,
    )
    variance = line.slope_weights @ covariance @ line.slope_weights
    variance += (line.slope_per_prior * std) ** 2
    return float(np.sqrt(variance / (1.0 if is_charge else n_ions))) * _FRAMES_PER_HOP


def estimate_required_length(
    target_relative_error: float,
    *,
    diffusivity_cm2_s: float,
    n_ions: float,
    hop_distance_A: float,
    dimension: int = 3,
    quantity: Quantity = "tracer",
) -> float:
    """Return how long a run must be, ps, for a relative standard error.

    At least as long as a diffusivity needs at all: 100 net hops, and two per ion.

    Parameters
    ----------
    target_relative_error
        Standard error over value, above zero.
    diffusivity_cm2_s
        cm²/s, tracer diffusivity expected, or an upper bound for a shortest length.
    n_ions
        Mobile ions; where a run has shown that they move together,
        :attr:`DiffusivityResult.n_independent_ions`.
    hop_distance_A
        Å.
    dimension
        Directions in which ions move.
    quantity
        "tracer" or "charge".

    Returns
    -------
    float
        ps, without equilibration; ``inf`` where 10 million hops of each ion would not do.

    Raises
    ------
    InputError
        For a number that is not above zero.

    Examples
    --------
    >>> run = {"diffusivity_cm2_s": 1e-6, "n_ions": 36, "hop_distance_A": 3.87}
    >>> tracer_ps = estimate_required_length(0.1, **run)
    >>> charge_ps = estimate_required_length(0.1, quantity="charge", **run)
    >>> round(tracer_ps, -2), charge_ps > 10 * tracer_ps
    (1000.0, True)
    """
    target = check_positive(
        target_relative_error, name="target_relative_error", unit="", hint="give one such as 0.1"
    )
    diffusivity = check_positive(
        diffusivity_cm2_s, name="diffusivity_cm2_s", unit="cm²/s", hint="give one that is expected"
    )
    hop = check_positive(
        hop_distance_A, name="hop_distance_A", unit="Å", hint="give the site distance"
    )
    check_positive(n_ions, name="n_ions", unit="ions", hint="count the mobile ions")
    least = max(_FEWEST_HOPS_PER_ION, MIN_NET_HOPS / n_ions)
    per_hop_ps = float(hop**2 / (2 * dimension * diffusivity / A2_PER_PS_TO_CM2_PER_S))

    def is_enough(hops: float) -> bool:
        error = predict_relative_error(hops, n_ions=n_ions, dimension=dimension, quantity=quantity)
        return bool(error <= target)

    if is_enough(least):
        return least * per_hop_ps
    if not is_enough(_MOST_HOPS_PER_ION):
        return float("inf")
    low, high = np.log(least), np.log(_MOST_HOPS_PER_ION)
    for _ in range(_N_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high)) * per_hop_ps
