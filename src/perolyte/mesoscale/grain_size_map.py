"""Total conductivity over grain size and temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.brick_layer import (
    BrickLayerModel,
    blocking_factor,
    brick_layer_conductivity,
)

__all__ = ["GrainSizeMapResult", "grain_size_map"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GrainSizeMapResult:
    """Conductivity of a polycrystal; rows are grain sizes, columns temperatures.

    Attributes
    ----------
    grain_sizes_nm, temperatures_K
        (n_sizes,) nm and (n_temperatures,) K.
    total_S_cm, lower_S_cm, upper_S_cm
        (n_sizes, n_temperatures), S/cm, and its 95 % band from the bulk.
    blocking_factor
        (n_sizes, n_temperatures), share of the boundaries in the resistance, 0 to 1.
    model
        The brick-layer model.
    """

    grain_sizes_nm: FloatArray
    temperatures_K: FloatArray
    total_S_cm: FloatArray
    lower_S_cm: FloatArray
    upper_S_cm: FloatArray
    blocking_factor: FloatArray
    model: BrickLayerModel


def grain_size_map(
    *,
    bulk_S_cm: ArrayLike,
    bulk_lower_S_cm: ArrayLike,
    bulk_upper_S_cm: ArrayLike,
    boundary_S_cm: ArrayLike,
    boundary_thickness_nm: ArrayLike,
    grain_sizes_nm: ArrayLike,
    temperatures_K: ArrayLike,
    model: BrickLayerModel = "series",
) -> GrainSizeMapResult:
    """Combine bulk and boundary conductivities for every grain size and temperature.

    The total rises with the bulk conductivity in every model, so the ends of the bulk interval
    give the ends of the band exactly. The boundary is taken as known: where the blocking factor
    is near 1, the band says little about the real uncertainty, which is that of the boundary.

    Parameters
    ----------
    bulk_S_cm, bulk_lower_S_cm, bulk_upper_S_cm
        (n_temperatures,), S/cm, the value and its 95 % interval.
    boundary_S_cm
        (n_temperatures,) or one number, S/cm, specific to the boundary.
    boundary_thickness_nm
        (n_temperatures,) or one number, nm.
    grain_sizes_nm
        (n_sizes,), nm.
    temperatures_K
        (n_temperatures,), K, above zero.
    model
        As in :func:`brick_layer_conductivity`, which gives the formulas and their sources.

    Returns
    -------
    GrainSizeMapResult
        Arrays (n_sizes, n_temperatures).

    Raises
    ------
    InputError
        For shapes that do not match, a temperature not above zero, an interval that does not hold
        its value, or what :func:`brick_layer_conductivity` refuses.

    Examples
    --------
    >>> result = grain_size_map(
    ...     bulk_S_cm=[1e-3], bulk_lower_S_cm=[5e-4], bulk_upper_S_cm=[2e-3],
    ...     boundary_S_cm=4e-8, boundary_thickness_nm=1.0,
    ...     grain_sizes_nm=[100.0, 10000.0], temperatures_K=[300.0],
    ... )
    >>> [f"{value:.3e}" for value in result.total_S_cm[:, 0]]
    ['3.984e-06', '2.857e-04']
    """
    temperatures = np.asarray(temperatures_K, dtype=np.float64)
    sizes = np.asarray(grain_sizes_nm, dtype=np.float64)
    if temperatures.ndim != 1 or sizes.ndim != 1 or not temperatures.size or not sizes.size:
        raise InputError(
            f"temperatures_K has shape {temperatures.shape}, grain_sizes_nm {sizes.shape}; both "
            "must be one-dimensional and not empty: give lists"
        )
    if not (np.isfinite(temperatures) & (temperatures > 0)).all():
        raise InputError(
            f"temperatures_K is {temperatures.tolist()} K; all must be finite and above 0: "
            "give kelvin"
        )
    bulk = _check_series(bulk_S_cm, "bulk_S_cm", temperatures)
    lower = _check_series(bulk_lower_S_cm, "bulk_lower_S_cm", temperatures)
    upper = _check_series(bulk_upper_S_cm, "bulk_upper_S_cm", temperatures)
    boundary = _check_series(boundary_S_cm, "boundary_S_cm", temperatures, single=True)
    thickness = _check_series(
        boundary_thickness_nm, "boundary_thickness_nm", temperatures, single=True
    )
    if not ((lower <= bulk) & (bulk <= upper)).all():
        worst = int(np.argwhere(~((lower <= bulk) & (bulk <= upper)))[0, 0])
        raise InputError(
            f"bulk_S_cm is {bulk[worst]:g} S/cm at {temperatures[worst]:g} K, its interval "
            f"{lower[worst]:g} to {upper[worst]:g} S/cm; the value must lie inside: check the order"
        )

    def total(bulk_ends: FloatArray) -> FloatArray:
        return brick_layer_conductivity(
            bulk_S_cm=bulk_ends,
            boundary_S_cm=boundary,
            grain_size_nm=sizes[:, None],
            boundary_thickness_nm=thickness,
            model=model,
        )

    return GrainSizeMapResult(
        grain_sizes_nm=sizes,
        temperatures_K=temperatures,
        total_S_cm=total(bulk),
        lower_S_cm=total(lower),
        upper_S_cm=total(upper),
        blocking_factor=blocking_factor(
            bulk_S_cm=bulk,
            boundary_S_cm=boundary,
            grain_size_nm=sizes[:, None],
            boundary_thickness_nm=thickness,
        ),
        model=model,
    )


def _check_series(
    values: ArrayLike, name: str, temperatures: FloatArray, *, single: bool = False
) -> FloatArray:
    """Return one number per temperature; a single number serves all where that is allowed."""
    series = np.asarray(values)
    is_shape_right = series.shape == temperatures.shape or (single and series.ndim == 0)
    if np.iscomplexobj(series) or not is_shape_right:
        allowed = f"({temperatures.size},){' or one number' if single else ''}, real"
        raise InputError(
            f"{name} has shape {series.shape} and type {series.dtype}; it must be {allowed}: "
            "give one value per temperature"
        )
    return np.asarray(np.broadcast_to(series, temperatures.shape), dtype=np.float64)
