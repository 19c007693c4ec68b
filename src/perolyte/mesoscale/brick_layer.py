"""Conductivity of cubic grains separated by thin boundaries."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import (
    check_broadcast,
    check_conductivity,
    check_geometry,
    check_real,
)
from perolyte.mesoscale.effective_media import maxwell_garnett_conductivity

__all__ = ["BrickLayerModel", "blocking_factor", "boundary_fraction", "brick_layer_conductivity"]

BrickLayerModel = Literal["series", "parallel", "maier", "maxwell_garnett"]


def brick_layer_conductivity(
    *,
    bulk_S_cm: ArrayLike,
    boundary_S_cm: ArrayLike,
    grain_size_nm: ArrayLike,
    boundary_thickness_nm: ArrayLike,
    boundary_along_S_cm: ArrayLike | None = None,
    model: BrickLayerModel = "series",
) -> NDArray[Any]:
    """Return the total conductivity of grains of edge d with boundaries of thickness δ.

    With the boundary fraction φ = 1 - (d/(d + δ))³, across (⟂) and along (∥) a boundary:

    - "series": 1/σ = 1/σ_b + (δ/d)/σ_⟂, for blocking boundaries
      (Fleig and Maier, J. Eur. Ceram. Soc. 19, 693, 1999, for its limits).
    - "parallel": σ = σ_b + (2/3) φ σ_∥, for boundaries that conduct much better than the bulk.
    - "maier": [σ_b σ_⟂ + (2/3) φ σ_∥ σ_⟂] / [σ_⟂ + (φ/3) σ_b], both at once
      (Maier, Ber. Bunsenges. Phys. Chem. 90, 26, 1986).
    - "maxwell_garnett": :func:`maxwell_garnett_conductivity`, coated spheres, with one boundary
      conductivity in all directions.

    The simple forms take thin boundaries (δ much below d) and are best where they are named for;
    "maxwell_garnett" never leaves the bounds that hold for any isotropic mixture.

    Parameters
    ----------
    bulk_S_cm, boundary_S_cm
        S/cm, specific to each phase (:func:`specific_boundary_conductivity` converts a measured
        boundary value), real part above zero. Complex σ + iωε gives the response at a frequency
        (:func:`complex_conductivity`). ``boundary_S_cm`` is the one across the boundary.
    grain_size_nm
        Edge d of a grain, nm.
    boundary_thickness_nm
        Electrical width δ of a boundary, nm, from 0 to ``grain_size_nm``.
    boundary_along_S_cm
        S/cm, along the boundary, for "parallel" and "maier"; by default as across.
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
        than its boundary, shapes that do not broadcast, another model, or a conductivity along
        the boundary that the model does not use.

    Examples
    --------
    >>> total = brick_layer_conductivity(
    ...     bulk_S_cm=1e-3, boundary_S_cm=1e-7, grain_size_nm=[100.0, 1000.0],
    ...     boundary_thickness_nm=1.0,
    ... )
    >>> [f"{value:.3e}" for value in total]
    ['9.901e-06', '9.091e-05']
    """
    bulk = check_conductivity(bulk_S_cm, "bulk_S_cm")
    boundary = check_conductivity(boundary_S_cm, "boundary_S_cm")
    ratio = check_geometry(grain_size_nm, boundary_thickness_nm)
    along = _choose_along(boundary, boundary_along_S_cm, model)
    check_broadcast(bulk, boundary, along, ratio)
    phi = _to_fraction(ratio)
    if model == "series":
        return np.asarray(bulk * boundary / (boundary + ratio * bulk))
    if model == "parallel":
        return np.asarray(bulk + 2.0 / 3.0 * phi * along)
    if model == "maier":
        along_and_through = boundary * (bulk + 2.0 / 3.0 * phi * along)
        return np.asarray(along_and_through / (boundary + phi / 3.0 * bulk))
    return maxwell_garnett_conductivity(bulk, boundary, shell_fraction=phi)


def boundary_fraction(
    *, grain_size_nm: ArrayLike, boundary_thickness_nm: ArrayLike
) -> NDArray[np.float64]:
    """Return the share of the boundaries in the volume, φ = 1 - (d/(d + δ))³, about 3 δ/d.

    Parameters
    ----------
    grain_size_nm, boundary_thickness_nm
        nm, as in :func:`brick_layer_conductivity`.

    Returns
    -------
    numpy.ndarray
        0 to 0.875, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        For sizes that :func:`brick_layer_conductivity` refuses.

    Examples
    --------
    >>> f"{boundary_fraction(grain_size_nm=100.0, boundary_thickness_nm=1.0):.4f}"
    '0.0294'
    """
    return _to_fraction(check_geometry(grain_size_nm, boundary_thickness_nm))


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
    bulk = check_real(check_conductivity(bulk_S_cm, "bulk_S_cm"), "bulk_S_cm")
    boundary = check_real(check_conductivity(boundary_S_cm, "boundary_S_cm"), "boundary_S_cm")
    ratio = check_geometry(grain_size_nm, boundary_thickness_nm)
    check_broadcast(bulk, boundary, ratio)
    return np.asarray(ratio * bulk / (boundary + ratio * bulk), dtype=np.float64)


def _to_fraction(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - (1 + ratio)⁻³, exact for thin boundaries too."""
    return np.asarray(-np.expm1(-3.0 * np.log1p(ratio)))


def _choose_along(boundary: NDArray[Any], along_S_cm: ArrayLike | None, model: str) -> NDArray[Any]:
    """Check the model, and return the conductivity along the boundaries that it uses."""
    if model == "bruggeman":
        raise InputError(
            "model is 'bruggeman'; it lets the current pass continuous boundaries by: use 'series' "
            "or 'maxwell_garnett' for grains, bruggeman_conductivity for two mixed phases"
        )
    if model not in get_args(BrickLayerModel):
        raise InputError(
            f"model is {model!r}; it must be one of {', '.join(get_args(BrickLayerModel))}: "
            "use 'series' for blocking boundaries"
        )
    if along_S_cm is None:
        return boundary
    if model not in ("parallel", "maier"):
        raise InputError(
            f"boundary_along_S_cm is given, which model {model!r} does not use: leave it out, or "
            "choose 'maier'"
        )
    return check_conductivity(along_S_cm, "boundary_along_S_cm")
