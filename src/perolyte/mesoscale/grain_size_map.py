"""What a ceramic conducts over grain size and temperature, with the errors of all that enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.boundary_conversions import arc_frequency_Hz
from perolyte.mesoscale.brick_layer import (
    BrickLayerModel,
    blocking_factor,
    brick_layer_conductivity,
)
from perolyte.mesoscale.ceramic_parameters import CeramicParameters
from perolyte.mesoscale.space_charge_term import (
    SpaceChargeTerm,
    add_layers,
    draw_potential_shifts,
    layer_excess_nm,
)

__all__ = ["Band", "GrainSizeMapResult", "grain_size_map"]

FloatArray = NDArray[np.float64]

_N_DIMENSIONS = 11
_QUANTILES = (0.025, 0.975)
MIN_DRAWS = 40
"""Fewer have no 2.5 % quantile inside them."""
MAX_DRAWS = 100_000


@dataclass(frozen=True, eq=False)
class Band:
    """A quantity with its 95 % interval, three arrays of one shape."""

    value: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True, eq=False)
class GrainSizeMapResult:
    """Conductivity of a polycrystal; rows are grain sizes, columns temperatures.

    Attributes
    ----------
    grain_sizes_nm, temperatures_K
        (n_sizes,) nm and (n_temperatures,) K.
    total_S_cm, blocking_factor
        (n_sizes, n_temperatures): S/cm, and share of the boundaries in the resistance, 0 to 1.
    bulk_S_cm, boundary_S_cm
        (n_temperatures,), S/cm, what entered.
    bulk_peak_Hz, boundary_peak_Hz
        (n_temperatures,), Hz, tops of the two arcs: they do not depend on the grain size.
    half_blocking_nm
        (n_temperatures,), nm, grain size where bulk and boundaries resist alike.
    is_bulk_extrapolated, is_boundary_extrapolated
        (n_temperatures,), whether the temperature is outside the range of that law.
    model
        The brick-layer model.
    n_draws
        Draws behind the intervals.
    """

    grain_sizes_nm: FloatArray
    temperatures_K: FloatArray
    total_S_cm: Band
    blocking_factor: Band
    bulk_S_cm: Band
    boundary_S_cm: Band
    bulk_peak_Hz: Band
    boundary_peak_Hz: Band
    half_blocking_nm: Band
    is_bulk_extrapolated: NDArray[np.bool_]
    is_boundary_extrapolated: NDArray[np.bool_]
    model: BrickLayerModel
    n_draws: int


@dataclass(frozen=True, eq=False)
class _Inputs:
    """One set of numbers, or as many as there are draws along the first axis."""

    bulk: FloatArray
    boundary: FloatArray
    thickness: FloatArray
    bulk_permittivity: FloatArray
    boundary_permittivity: FloatArray


def grain_size_map(
    parameters: CeramicParameters,
    *,
    grain_sizes_nm: ArrayLike,
    temperatures_K: ArrayLike,
    model: BrickLayerModel = "series",
    n_draws: int = 500,
    seed: int = 0,
) -> GrainSizeMapResult:
    """Compute conductivity, blocking factor and arc frequencies with their 95 % intervals.

    The values are those of the parameters as given. The intervals are quantiles of draws (Monte
    Carlo on a Latin hypercube, doi 10.1080/00401706.1979.10489755) of all parameters together:
    prefactor and activation energy of each law with their covariance, errors that all temperatures
    share, thickness and permittivities. A drawn boundary is at most as thick as the grain.

    Parameters
    ----------
    parameters
        Of the material.
    grain_sizes_nm
        (n_sizes,), nm, above the boundary's thickness.
    temperatures_K
        (n_temperatures,), K. Those outside the range of a law are computed and marked.
    model
        As in :func:`brick_layer_conductivity`, which gives the formulas and their sources.
    n_draws
        40 to 100,000. With 500 an end of an interval is known to a tenth of its half width.
    seed
        Of the draws; the same seed gives the same intervals.

    Returns
    -------
    GrainSizeMapResult

    Raises
    ------
    InputError
        For arrays that are not one-dimensional, sizes and temperatures that are not above zero, a
        grain not larger than its boundary, another temperature than that of a law without
        activation energy, too few or many draws, or another model.

    Examples
    --------
    >>> from perolyte.mesoscale import LognormalValue, law_from_value
    >>> given = CeramicParameters(
    ...     bulk=law_from_value(1e-3, temperature_K=300.0, activation_energy_eV=0.33),
    ...     boundary=law_from_value(
    ...         4e-8, temperature_K=300.0, activation_energy_eV=0.42, decades=0.5),
    ...     boundary_thickness_nm=LognormalValue(1.0),
    ...     bulk_permittivity=LognormalValue(100.0), boundary_permittivity=LognormalValue(100.0),
    ... )
    >>> result = grain_size_map(given, grain_sizes_nm=[1000.0], temperatures_K=[300.0, 400.0])
    >>> [f"{value:.3e}" for value in result.total_S_cm.value[0]]
    ['3.846e-05', '1.590e-03']
    >>> result.is_bulk_extrapolated.tolist()
    [False, True]
    """
    sizes = _check_axis(grain_sizes_nm, "grain_sizes_nm", "nm")
    temperatures = _check_axis(temperatures_K, "temperatures_K", "K")
    thickness_nm = parameters.boundary_thickness_nm.value
    if not sizes.min() > thickness_nm:
        raise InputError(
            f"a grain of {sizes.min():g} nm is not larger than its boundary of {thickness_nm:g} "
            "nm; the brick layer needs grains: begin with larger ones"
        )
    check_number(n_draws, "n_draws", "", low=MIN_DRAWS, high=MAX_DRAWS)
    middle = _take_middle(parameters, temperatures)
    draws = _draw(parameters, temperatures, int(n_draws), seed)
    if parameters.space_charge is not None:
        potentials_V = draw_potential_shifts(parameters.space_charge, int(n_draws), seed)
        middle = _charge(middle, parameters.space_charge, temperatures, np.array([0.0]))
        draws = _charge(draws, parameters.space_charge, temperatures, potentials_V)
    total, alpha = _over_sizes(middle, draws, sizes, model)
    make = partial(_make_band, middle=middle, draws=draws)
    return GrainSizeMapResult(
        grain_sizes_nm=sizes,
        temperatures_K=temperatures,
        total_S_cm=total,
        blocking_factor=alpha,
        bulk_S_cm=make(lambda given: given.bulk),
        boundary_S_cm=make(lambda given: given.boundary),
        bulk_peak_Hz=make(
            lambda given: arc_frequency_Hz(
                given.bulk, relative_permittivity=given.bulk_permittivity
            )
        ),
        boundary_peak_Hz=make(
            lambda given: arc_frequency_Hz(
                given.boundary, relative_permittivity=given.boundary_permittivity
            )
        ),
        half_blocking_nm=make(lambda given: given.thickness * given.bulk / given.boundary),
        is_bulk_extrapolated=~parameters.bulk.holds_at(temperatures),
        is_boundary_extrapolated=~parameters.boundary.holds_at(temperatures),
        model=model,
        n_draws=int(n_draws),
    )


def _take_middle(parameters: CeramicParameters, temperatures: FloatArray) -> _Inputs:
    return _Inputs(
        bulk=parameters.bulk.conductivity_S_cm(temperatures)[None],
        boundary=parameters.boundary.conductivity_S_cm(temperatures)[None],
        thickness=np.full((1, 1), parameters.boundary_thickness_nm.value),
        bulk_permittivity=np.full((1, 1), parameters.bulk_permittivity.value),
        boundary_permittivity=np.full((1, 1), parameters.boundary_permittivity.value),
    )


def _draw(
    parameters: CeramicParameters, temperatures: FloatArray, n_draws: int, seed: int
) -> _Inputs:
    from scipy.special import ndtri
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(_N_DIMENSIONS, rng=np.random.default_rng(seed))
    # the open interval: a normal quantile of 0 is minus infinity
    uniform = np.clip(sampler.random(n_draws), 1e-12, 1 - 1e-12)
    normal = ndtri(uniform)
    return _Inputs(
        bulk=parameters.bulk.draw(temperatures, normal=normal[:, :3], uniform=uniform[:, 3]),
        boundary=parameters.boundary.draw(
            temperatures, normal=normal[:, 4:7], uniform=uniform[:, 7]
        ),
        thickness=parameters.boundary_thickness_nm.draw(normal[:, 8:9]),
        bulk_permittivity=parameters.bulk_permittivity.draw(normal[:, 9:10]),
        boundary_permittivity=parameters.boundary_permittivity.draw(normal[:, 10:11]),
    )


def _charge(
    given: _Inputs, term: SpaceChargeTerm, temperatures: FloatArray, shifts_V: FloatArray
) -> _Inputs:
    excess_nm = layer_excess_nm(
        term, temperatures, term.potential_V + shifts_V, given.bulk_permittivity[:, 0]
    )
    return replace(
        given, boundary=add_layers(given.boundary, given.bulk, given.thickness, excess_nm)
    )


def _over_sizes(
    middle: _Inputs, draws: _Inputs, sizes: FloatArray, model: BrickLayerModel
) -> tuple[Band, Band]:
    """Map one grain size after another: all at once would hold every draw of every point."""
    total, alpha = [], []
    for size in sizes:

        def conduct(given: _Inputs, size: float = float(size)) -> FloatArray:
            return np.asarray(
                brick_layer_conductivity(
                    bulk_S_cm=given.bulk,
                    boundary_S_cm=given.boundary,
                    grain_size_nm=size,
                    boundary_thickness_nm=np.minimum(given.thickness, size),
                    model=model,
                )
            )

        def block(given: _Inputs, size: float = float(size)) -> FloatArray:
            return blocking_factor(
                bulk_S_cm=given.bulk,
                boundary_S_cm=given.boundary,
                grain_size_nm=size,
                boundary_thickness_nm=np.minimum(given.thickness, size),
            )

        total.append(_make_band(conduct, middle=middle, draws=draws))
        alpha.append(_make_band(block, middle=middle, draws=draws))
    return _stack(total), _stack(alpha)


def _make_band(
    compute: Callable[[_Inputs], FloatArray], *, middle: _Inputs, draws: _Inputs
) -> Band:
    value = compute(middle)[0]
    lower, upper = np.quantile(compute(draws), _QUANTILES, axis=0)
    # without errors all draws are the value itself, up to rounding
    return Band(value, np.minimum(lower, value), np.maximum(upper, value))


def _stack(bands: list[Band]) -> Band:
    return Band(
        *(np.stack([getattr(b, name) for b in bands]) for name in ("value", "lower", "upper"))
    )


def _check_axis(values: ArrayLike, name: str, unit: str) -> FloatArray:
    try:
        axis = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is {values!r:.60}; it must be a list of numbers") from error
    if axis.ndim != 1 or not axis.size:
        raise InputError(
            f"{name} has shape {axis.shape}; it must be one-dimensional and not empty: give a list"
        )
    if not (np.isfinite(axis) & (axis > 0)).all():
        raise InputError(
            f"{name} is {axis.tolist()!s:.80} {unit}; all must be finite and above 0: correct them"
        )
    return axis
