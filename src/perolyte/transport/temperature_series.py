"""Points of a temperature series as they are given, and as a fit of logarithms needs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive

__all__ = ["read_bounds", "read_series"]


def read_series(
    temperatures_K: ArrayLike,
    values: ArrayLike,
    relative_errors: ArrayLike,
    name_and_unit: tuple[str, str],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Turn values with relative errors into logarithms with errors.

    Parameters
    ----------
    temperatures_K, values
        (n_points,), K and the unit named, above zero.
    relative_errors
        (n_points,), or (n_points, 2) with one standard error below and above the value.
    name_and_unit
        What to call the values in an error message.

    Returns
    -------
    tuple of numpy.ndarray
        Temperatures (K), logarithms of the values and their standard errors, each (n_points,). Of
        an asymmetric error, the middle of its ends and half their distance, both as logarithms.

    Raises
    ------
    InputError
        For shapes that do not match, no points, numbers that are not finite and above zero, or an
        error that reaches down to zero.

    Examples
    --------
    >>> _, y, errors = read_series([300.0], [1.0], [[0.2, 0.25]], ("values", "S/cm"))
    >>> bool(abs(y[0]) < 1e-12), round(float(errors[0]), 3)
    (True, 0.223)
    """
    name, unit = name_and_unit
    temperatures = check_positive(
        temperatures_K, name="temperatures_K", unit="K", hint="give kelvin"
    )
    numbers = check_positive(
        values,
        name=name,
        unit=unit,
        hint="leave out runs that did not converge, or give their upper bounds",
    )
    errors = check_positive(
        relative_errors, name="relative_errors", unit="", hint="give fractions such as 0.10"
    )
    n_points = temperatures.size
    if (
        temperatures.shape != (n_points,)
        or numbers.shape != (n_points,)
        or errors.shape not in {(n_points,), (n_points, 2)}
    ):
        raise InputError(
            f"temperatures_K, {name} and relative_errors have shapes {temperatures.shape}, "
            f"{numbers.shape} and {errors.shape}; all must be (n_points,), the last may be "
            "(n_points, 2): give one of each per run"
        )
    if n_points == 0:
        raise InputError("temperatures_K is empty; at least one run is needed: give its results")
    if errors.ndim == 1:
        return temperatures, np.log(numbers), errors
    if (errors[:, 0] >= 1).any():
        raise InputError(
            f"relative_errors goes {errors[:, 0].max():g} below a value, which reaches 0; it must "
            "stay below 1: give such a run as one of upper_bounds"
        )
    below, above = np.log1p(-errors[:, 0]), np.log1p(errors[:, 1])
    return temperatures, np.log(numbers) + (above + below) / 2, (above - below) / 2


def read_bounds(upper_bounds: ArrayLike | None, unit: str) -> tuple[FloatArray, FloatArray]:
    """Turn upper bounds of runs without a value into logarithms.

    Parameters
    ----------
    upper_bounds
        (n_bounds, 2), temperature in K and bound; None for no bounds.
    unit
        Unit of the bounds, for an error message.

    Returns
    -------
    tuple of numpy.ndarray
        Temperatures (K) and logarithms of the bounds, each (n_bounds,).

    Raises
    ------
    InputError
        For another shape, or a number that is not finite and above zero.

    Examples
    --------
    >>> read_bounds([[300.0, 1.0]], "S/cm")[1].tolist()
    [0.0]
    """
    if upper_bounds is None:
        return np.empty(0), np.empty(0)
    bounds = check_positive(
        upper_bounds,
        name="upper_bounds",
        unit=f"K or {unit}",
        hint="give pairs of a temperature and a bound",
    )
    if bounds.ndim != 2 or bounds.shape[1] != 2:
        raise InputError(
            f"upper_bounds has shape {bounds.shape}; it must be (n_bounds, 2): give pairs of a "
            "temperature in K and a bound"
        )
    return bounds[:, 0], np.log(bounds[:, 1])
