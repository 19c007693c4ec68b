"""Boundary conductivities as measured and as the material has them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.mesoscale._checks import (
    check_broadcast,
    check_conductivity,
    check_geometry,
    check_positive,
    check_real,
)
from perolyte.units import VACUUM_PERMITTIVITY_F_PER_CM

__all__ = [
    "apparent_boundary_conductivity",
    "arc_frequency_Hz",
    "complex_conductivity",
    "conductivity_from_resistance",
    "specific_boundary_conductivity",
    "thickness_ratio_from_capacitances",
]


def conductivity_from_resistance(
    resistance_ohm: ArrayLike, *, length_cm: ArrayLike, area_cm2: ArrayLike
) -> NDArray[np.float64]:
    """Return L/(A R): of the bulk its conductivity, of the boundaries the *apparent* one.

    Parameters
    ----------
    resistance_ohm
        Ω, of one arc of the spectrum, above zero.
    length_cm, area_cm2
        Distance of the electrodes, cm, and area of one, cm², above zero.

    Returns
    -------
    numpy.ndarray
        S/cm, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        For an argument that is not above zero, or shapes that do not broadcast.

    Examples
    --------
    >>> f"{conductivity_from_resistance(2000.0, length_cm=0.1, area_cm2=0.5):.1e}"
    '1.0e-04'
    """
    resistance = check_positive(resistance_ohm, "resistance_ohm", "Ω")
    length = check_positive(length_cm, "length_cm", "cm")
    area = check_positive(area_cm2, "area_cm2", "cm²")
    check_broadcast(resistance, length, area)
    return np.asarray(length / (area * resistance))


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
    apparent = check_real(check_conductivity(apparent_S_cm, "apparent_S_cm"), "apparent_S_cm")
    ratio = check_geometry(grain_size_nm, boundary_thickness_nm)
    check_broadcast(apparent, ratio)
    return np.asarray(apparent * ratio, dtype=np.float64)


def apparent_boundary_conductivity(
    specific_S_cm: ArrayLike, *, grain_size_nm: ArrayLike, boundary_thickness_nm: ArrayLike
) -> NDArray[np.float64]:
    """Convert the conductivity of the boundary material to the apparent one, σ d/δ.

    The inverse of :func:`specific_boundary_conductivity`.

    Parameters
    ----------
    specific_S_cm
        S/cm, above zero.
    grain_size_nm, boundary_thickness_nm
        nm, as in :func:`brick_layer_conductivity`; the thickness above zero.

    Returns
    -------
    numpy.ndarray
        S/cm, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        As :func:`blocking_factor`, and for a thickness of zero.

    Examples
    --------
    >>> apparent = apparent_boundary_conductivity(
    ...     1.6e-8, grain_size_nm=2420.0, boundary_thickness_nm=1.0
    ... )
    >>> f"{apparent:.2e}"
    '3.87e-05'
    """
    specific = check_real(check_conductivity(specific_S_cm, "specific_S_cm"), "specific_S_cm")
    ratio = check_geometry(grain_size_nm, boundary_thickness_nm)
    check_positive(boundary_thickness_nm, "boundary_thickness_nm", "nm")
    check_broadcast(specific, ratio)
    return np.asarray(specific / ratio)


def thickness_ratio_from_capacitances(
    bulk_F: ArrayLike, boundary_F: ArrayLike, *, permittivity_ratio: ArrayLike = 1.0
) -> NDArray[np.float64]:
    """Return δ/d of the brick layer from the capacitances of its two arcs.

    C_b = ε_b A/L and C_gb = ε_gb (A/L)(d/δ), so that δ/d = (C_b/C_gb)(ε_gb/ε_b); times the apparent
    conductivity of the boundaries it gives the specific one without knowing d or δ
    (doi 10.1016/j.pmatsci.2017.04.009).

    Parameters
    ----------
    bulk_F, boundary_F
        F, of the same sample, above zero.
    permittivity_ratio
        ε_gb/ε_b, above zero. That it is 1 is an assumption, seldom measured.

    Returns
    -------
    numpy.ndarray
        δ/d, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        For an argument that is not above zero, or shapes that do not broadcast.

    Examples
    --------
    >>> f"{thickness_ratio_from_capacitances(1e-11, 1e-8):.3f}"
    '0.001'
    """
    bulk = check_positive(bulk_F, "bulk_F", "F")
    boundary = check_positive(boundary_F, "boundary_F", "F")
    permittivity = check_positive(permittivity_ratio, "permittivity_ratio", "")
    check_broadcast(bulk, boundary, permittivity)
    return np.asarray(bulk / boundary * permittivity)


def arc_frequency_Hz(
    conductivity_S_cm: ArrayLike, *, relative_permittivity: ArrayLike
) -> NDArray[np.float64]:
    """Return where the arc of a phase has its top, σ/(2π ε0 ε_r): no geometry enters.

    Parameters
    ----------
    conductivity_S_cm
        S/cm, specific to the phase, above zero.
    relative_permittivity
        Of the phase, above zero.

    Returns
    -------
    numpy.ndarray
        Hz, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        For an argument that is not above zero, or shapes that do not broadcast.

    Examples
    --------
    >>> [f"{arc_frequency_Hz(s, relative_permittivity=100.0):.3g}" for s in (1e-3, 4e-8)]
    ['1.8e+07', '719']
    """
    sigma = check_real(
        check_conductivity(conductivity_S_cm, "conductivity_S_cm"), "conductivity_S_cm"
    )
    epsilon = check_positive(relative_permittivity, "relative_permittivity", "")
    check_broadcast(sigma, epsilon)
    return np.asarray(sigma / (2.0 * np.pi * VACUUM_PERMITTIVITY_F_PER_CM * epsilon))


def complex_conductivity(
    conductivity_S_cm: ArrayLike, *, relative_permittivity: ArrayLike, frequency_Hz: ArrayLike
) -> NDArray[np.complex128]:
    """Return σ + i ω ε0 ε_r, what carries current at a frequency, for the models of mixtures.

    Parameters
    ----------
    conductivity_S_cm
        S/cm, real, above zero.
    relative_permittivity
        Above zero.
    frequency_Hz
        Hz, above zero.

    Returns
    -------
    numpy.ndarray
        S/cm, complex, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        For an argument that is not above zero, or shapes that do not broadcast.

    Examples
    --------
    >>> sigma = complex_conductivity(1e-3, relative_permittivity=100.0, frequency_Hz=18e6)
    >>> f"{sigma.real:.1e} {sigma.imag:.1e}"
    '1.0e-03 1.0e-03'
    """
    sigma = check_real(
        check_conductivity(conductivity_S_cm, "conductivity_S_cm"), "conductivity_S_cm"
    )
    epsilon = check_positive(relative_permittivity, "relative_permittivity", "")
    frequency = check_positive(frequency_Hz, "frequency_Hz", "Hz")
    check_broadcast(sigma, epsilon, frequency)
    return np.asarray(sigma + 2j * np.pi * frequency * VACUUM_PERMITTIVITY_F_PER_CM * epsilon)
