"""What the models of polycrystals refuse, said once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError

__all__ = [
    "check_broadcast",
    "check_conductivity",
    "check_finite",
    "check_fraction",
    "check_geometry",
    "check_number",
    "check_positive",
    "check_real",
]


def check_conductivity(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return conductivities (S/cm) as a float or complex array."""
    sigma = _to_numbers(values, name)
    wrong = ~(np.isfinite(sigma) & (sigma.real > 0))
    if wrong.any():
        raise InputError(
            f"{name} is {np.atleast_1d(sigma)[np.atleast_1d(wrong)][0]:g} S/cm; its real part must "
            "be finite and above 0: leave out what did not converge"
        )
    return sigma


def check_real(sigma: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Refuse a complex conductivity where resistances are compared."""
    if np.iscomplexobj(sigma):
        raise InputError(
            f"{name} is complex (S/cm); resistances are compared at zero frequency: "
            "give the real conductivity"
        )
    return np.asarray(sigma, dtype=np.float64)


def check_geometry(
    grain_size_nm: ArrayLike, boundary_thickness_nm: ArrayLike
) -> NDArray[np.float64]:
    """Return thickness over grain size."""
    grain = _to_reals(grain_size_nm, "grain_size_nm")
    thickness = _to_reals(boundary_thickness_nm, "boundary_thickness_nm")
    check_broadcast(grain, thickness)
    grain, thickness = np.broadcast_arrays(grain, thickness)
    allowed = np.isfinite(grain) & (grain > 0) & (thickness >= 0) & (thickness <= grain)
    if not allowed.all():
        place = tuple(np.argwhere(~allowed)[0])
        raise InputError(
            f"a grain of {grain[place]:g} nm has a boundary of {thickness[place]:g} nm; the grain "
            "must be above 0 nm and the boundary from 0 nm to the grain size: correct the sizes"
        )
    return np.asarray(thickness / grain, dtype=np.float64)


def check_finite(values: ArrayLike, name: str, unit: str) -> NDArray[np.float64]:
    """Return real numbers that are finite."""
    numbers = _to_reals(values, name)
    if not np.isfinite(numbers).all():
        wrong = np.atleast_1d(numbers)[~np.isfinite(np.atleast_1d(numbers))][0]
        raise InputError(f"{name} is {wrong:g} {unit}; it must be finite: leave that point out")
    return numbers


def check_fraction(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return shares of a volume, 0 to 1."""
    fraction = _to_reals(values, name)
    wrong = ~((fraction >= 0) & (fraction <= 1))
    if wrong.any():
        raise InputError(
            f"{name} is {np.atleast_1d(fraction)[np.atleast_1d(wrong)][0]:g}; a share of the "
            "volume is from 0 to 1: give a fraction, not a percentage"
        )
    return fraction


def check_positive(values: ArrayLike, name: str, unit: str) -> NDArray[np.float64]:
    """Return real numbers that are finite and above zero."""
    numbers = _to_reals(values, name)
    wrong = ~(np.isfinite(numbers) & (numbers > 0))
    if wrong.any():
        value = np.atleast_1d(numbers)[np.atleast_1d(wrong)][0]
        raise InputError(
            f"{name} is {f'{value:g} {unit}'.strip()}; it must be finite and above 0: correct it"
        )
    return numbers


def check_number(
    value: float, name: str, unit: str, *, low: float = -np.inf, high: float = np.inf
) -> float:
    """Return one finite number from ``low`` to ``high``, ends included."""
    numbers = _to_reals(value, name)
    if numbers.ndim or not np.isfinite(numbers) or not low <= float(numbers) <= high:
        allowed = "finite" if np.isinf(low) and np.isinf(high) else f"from {low:g} to {high:g}"
        shown = f"{float(numbers):g} {unit}".strip() if numbers.ndim == 0 else "an array"
        raise InputError(f"{name} is {shown}; it must be one number, {allowed}: correct it")
    return float(numbers)


def check_broadcast(*arrays: NDArray[Any]) -> None:
    """Refuse arrays whose shapes do not combine."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError as error:
        raise InputError(
            f"arrays of shapes {', '.join(str(array.shape) for array in arrays)} do not broadcast; "
            "conductivities and sizes must combine: give one length, or add axes"
        ) from error


def _to_numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        numbers = np.asarray(values)
        return numbers.astype(np.complex128 if np.iscomplexobj(numbers) else np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is {values!r:.60}; it must be a number or numbers") from error


def _to_reals(values: ArrayLike, name: str) -> NDArray[np.float64]:
    numbers = _to_numbers(values, name)
    if np.iscomplexobj(numbers):
        raise InputError(f"{name} is complex; it must be real: give its real part")
    return np.asarray(numbers, dtype=np.float64)
