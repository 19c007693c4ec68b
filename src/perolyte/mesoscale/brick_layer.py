"""Conductivity of cubic grains separated by thin boundaries."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError

__all__ = [
    "BrickLayerModel",
    "blocking_factor",
    "brick_layer_conductivity",
    "specific_boundary_conductivity",
]

BrickLayerModel = Literal["series", "parallel", "maier", "maxwell_garnett"]


def brick_layer_conductivity(
    *,
    bulk_S_cm: ArrayLike,
    boundary_S_cm: ArrayLike,
    grain_size_nm: ArrayLike,
    boundary_thickness_nm: ArrayLike,
    model: BrickLayerModel = "series",
) -> NDArray[Any]:
    """Return the total conductivity of grains of edge d with boundaries of thickness δ.

    With the boundary fraction φ = 1 - (d/(d + δ))³:

    - "series": 1/σ = 1/σ_b + (δ/d)/σ_gb, for blocking boundaries
      (Fleig and Maier, J. Eur. Ceram. Soc. 19, 693, 1999, for its limits).
    - "parallel": σ = σ_b + (2/3) φ σ_gb, for boundaries that conduct much better than the bulk.
    - "maier": [σ_b σ_gb + (2/3) φ σ_gb²] / [σ_gb + (φ/3) σ_b], both at once, with one boundary
      conductivity along and across (Maier, Ber. Bunsenges. Phys. Chem. 90, 26, 1986).
    - "maxwell_garnett": σ_gb [2 φ σ_gb + (3 - 2 φ) σ_b] / [(3 - φ) σ_gb + φ σ_b], coated
      spheres, a Hashin-Shtrikman bound (doi 10.1063/1.1728579).

    The simple forms take thin boundaries (δ much below d) and are best where they are named for;
    "maxwell_garnett" never leaves the bounds that hold for any isotropic mixture.

    Parameters
    ----------
    bulk_S_cm, boundary_S_cm
        S/cm, specific to each phase (:func:`specific_boundary_conductivity` converts a measured
        boundary value), real part above zero. Complex σ + iωε gives the response at a frequency.
    grain_size_nm
        Edge d of a grain, nm.
    boundary_thickness_nm
        Electrical width δ of a boundary, nm, from 0 to ``grain_size_nm``.
    model
        One of the four names.

    Returns
    -------
    numpy.ndarray
        S/cm, the broadcast shape of the arguments; complex where a conductivity is.

    Raises
    ------
    InputError
        For a conductivity or grain that is not above zero, a negative thickness, a grain smaller
        than its boundary, shapes that do not broadcast, or another model.

    Examples
    --------
    >>> total = brick_layer_conductivity(
    ...     bulk_S_cm=1e-3, boundary_S_cm=1e-7, grain_size_nm=[100.0, 1000.0],
    ...     boundary_thickness_nm=1.0,
    ... )
    >>> [f"{value:.3e}" for value in total]
    ['9.901e-06', '9.091e-05']
    """
    bulk = _check_conductivity(bulk_S_cm, "bulk_S_cm")
    boundary = _check_conductivity(boundary_S_cm, "boundary_S_cm")
    ratio = _check_geometry(grain_size_nm, boundary_thickness_nm)
    _check_broadcast(bulk, boundary, ratio)
    phi = -np.expm1(-3.0 * np.log1p(ratio))  # 1 - (1 + ratio)⁻³, exact for thin boundaries too
    if model == "series":
        return np.asarray(bulk * boundary / (boundary + ratio * bulk))
    if model == "parallel":
        return np.asarray(bulk + 2.0 / 3.0 * phi * boundary)
    if model == "maier":
        along_and_through = bulk * boundary + 2.0 / 3.0 * phi * boundary**2
        return np.asarray(along_and_through / (boundary + phi / 3.0 * bulk))
    if model == "maxwell_garnett":
        # Collected by conductivity, so that no large terms cancel for strongly blocking boundaries.
        inner = 2.0 * phi * boundary + (3.0 - 2.0 * phi) * bulk
        return np.asarray(boundary * inner / ((3.0 - phi) * boundary + phi * bulk))
    raise InputError(
        f"model is {model!r}; it must be one of {', '.join(get_args(BrickLayerModel))}: "
        "use 'series' for blocking boundaries"
    )


def blocking_factor(
    *,
    bulk_S_cm: ArrayLike,
    boundary_S_cm: ArrayLike,
    grain_size_nm: ArrayLike,
    boundary_thickness_nm: ArrayLike,
) -> NDArray[np.float64]:
    """Return the share of the boundaries in the resistance, R_gb / (R_b + R_gb).

    The resistances are those of the series circuit, as an impedance measurement separates them:
    1/σ_b of the bulk, (δ/d)/σ_gb of the boundaries.

    Parameters
    ----------
    bulk_S_cm, boundary_S_cm
        S/cm, specific to each phase, real, above zero.
    grain_size_nm, boundary_thickness_nm
        nm, as in :func:`brick_layer_conductivity`.

    Returns
    -------
    numpy.ndarray
        0 to 1, the broadcast shape of the arguments; 0.5 where both resist alike.

    Raises
    ------
    InputError
        As :func:`brick_layer_conductivity`, and for a complex conductivity.

    Examples
    --------
    >>> round(float(blocking_factor(
    ...     bulk_S_cm=1e-3, boundary_S_cm=4e-8, grain_size_nm=1000.0, boundary_thickness_nm=1.0
    ... )), 4)
    0.9615
    """
    bulk = _check_real(_check_conductivity(bulk_S_cm, "bulk_S_cm"), "bulk_S_cm")
    boundary = _check_real(_check_conductivity(boundary_S_cm, "boundary_S_cm"), "boundary_S_cm")
    ratio = _check_geometry(grain_size_nm, boundary_thickness_nm)
    _check_broadcast(bulk, boundary, ratio)
    return np.asarray(ratio * bulk / (boundary + ratio * bulk), dtype=np.float64)


def specific_boundary_conductivity(
    apparent_S_cm: ArrayLike, *, grain_size_nm: ArrayLike, boundary_thickness_nm: ArrayLike
) -> NDArray[np.float64]:
    """Convert the apparent conductivity of boundaries to that of their material, σ δ/d.

    Papers nearly always give the apparent value, length over area and boundary resistance, which
    is larger by d/δ, about 1000; the series model of :func:`brick_layer_conductivity` rearranged.

    Parameters
    ----------
    apparent_S_cm
        S/cm, above zero.
    grain_size_nm, boundary_thickness_nm
        nm, as in :func:`brick_layer_conductivity`.

    Returns
    -------
    numpy.ndarray
        S/cm, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        As :func:`blocking_factor`.

    Examples
    --------
    >>> specific = specific_boundary_conductivity(
    ...     3.8e-5, grain_size_nm=2420.0, boundary_thickness_nm=1.0
    ... )
    >>> f"{specific:.1e}"
    '1.6e-08'
    """
    apparent = _check_real(_check_conductivity(apparent_S_cm, "apparent_S_cm"), "apparent_S_cm")
    ratio = _check_geometry(grain_size_nm, boundary_thickness_nm)
    _check_broadcast(apparent, ratio)
    return np.asarray(apparent * ratio, dtype=np.float64)


def _check_conductivity(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return conductivities (S/cm) as a float or complex array."""
    sigma = np.asarray(values)
    sigma = sigma.astype(np.complex128 if np.iscomplexobj(sigma) else np.float64)
    wrong = ~(np.isfinite(sigma) & (sigma.real > 0))
    if wrong.any():
        raise InputError(
            f"{name} is {np.atleast_1d(sigma)[np.atleast_1d(wrong)][0]:g} S/cm; its real part must "
            "be finite and above 0: leave out what did not converge"
        )
    return sigma


def _check_real(sigma: NDArray[Any], name: str) -> NDArray[np.float64]:
    if np.iscomplexobj(sigma):
        raise InputError(
            f"{name} is complex (S/cm); resistances are compared at zero frequency: "
            "give the real conductivity"
        )
    return np.asarray(sigma, dtype=np.float64)


def _check_geometry(
    grain_size_nm: ArrayLike, boundary_thickness_nm: ArrayLike
) -> NDArray[np.float64]:
    """Return thickness over grain size."""
    grain = np.asarray(grain_size_nm, dtype=np.float64)
    thickness = np.asarray(boundary_thickness_nm, dtype=np.float64)
    _check_broadcast(grain, thickness)
    grain, thickness = np.broadcast_arrays(grain, thickness)
    allowed = np.isfinite(grain) & (grain > 0) & (thickness >= 0) & (thickness <= grain)
    if not allowed.all():
        place = tuple(np.argwhere(~allowed)[0])
        raise InputError(
            f"a grain of {grain[place]:g} nm has a boundary of {thickness[place]:g} nm; the grain "
            "must be above 0 nm and the boundary from 0 nm to the grain size: correct the sizes"
        )
    return np.asarray(thickness / grain, dtype=np.float64)


def _check_broadcast(*arrays: NDArray[Any]) -> None:
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError as error:
        raise InputError(
            f"arrays of shapes {', '.join(str(array.shape) for array in arrays)} do not broadcast; "
            "conductivities and sizes must combine: give one length, or add axes"
        ) from error
