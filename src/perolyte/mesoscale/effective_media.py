"""Conductivity of isotropic mixtures of two phases, and the bounds that none can leave."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.mesoscale._checks import (
    check_broadcast,
    check_conductivity,
    check_fraction,
    check_real,
)

__all__ = [
    "bruggeman_conductivity",
    "hashin_shtrikman_bounds",
    "maxwell_garnett_conductivity",
    "wiener_bounds",
]

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


def maxwell_garnett_conductivity(
    core_S_cm: ArrayLike, shell_S_cm: ArrayLike, *, shell_fraction: ArrayLike
) -> NDArray[Any]:
    """Return the conductivity of spheres, each coated by its share of a continuous shell.

    σ = σ_s [2 φ σ_s + (3 - 2 φ) σ_c] / [(3 - φ) σ_s + φ σ_c] with the shell's fraction φ: the form
    of Maxwell and Wagner, exact for coated spheres that fill space, and the Hashin-Shtrikman bound
    on the side of the shell (doi 10.1063/1.1728579). For grains in a film of boundary it holds
    from micrometres down to nanometres (Kidner et al., J. Am. Ceram. Soc. 88, 2005).

    Parameters
    ----------
    core_S_cm, shell_S_cm
        S/cm, real or complex (σ + iωε), real part above zero.
    shell_fraction
        Share of the shell in the volume, 0 to 1.

    Returns
    -------
    numpy.ndarray
        S/cm, the broadcast shape of the arguments; complex where a conductivity is.

    Raises
    ------
    InputError
        For a conductivity that is not above zero, a fraction outside 0 to 1, or shapes that do
        not broadcast.

    Examples
    --------
    >>> f"{maxwell_garnett_conductivity(1.0, 10.0, shell_fraction=0.25):.4f}"
    '2.7027'
    """
    core = check_conductivity(core_S_cm, "core_S_cm")
    shell = check_conductivity(shell_S_cm, "shell_S_cm")
    phi = check_fraction(shell_fraction, "shell_fraction")
    check_broadcast(core, shell, phi)
    # Collected by conductivity, so that no large terms cancel for strongly blocking shells.
    inner = 2.0 * phi * shell + (3.0 - 2.0 * phi) * core
    return np.asarray(shell * inner / ((3.0 - phi) * shell + phi * core))


def bruggeman_conductivity(
    first_S_cm: ArrayLike, second_S_cm: ArrayLike, *, second_fraction: ArrayLike
) -> NDArray[Any]:
    """Return the conductivity of two phases that are mixed grain by grain, neither continuous.

    The physical root of Σ φ_i (σ_i - σ)/(σ_i + 2 σ) = 0 in three dimensions
    (doi 10.1002/andp.19354160705): σ = [B + √(B² + 8 σ_1 σ_2)]/4 with
    B = (3 φ_1 - 1) σ_1 + (3 φ_2 - 1) σ_2.

    Parameters
    ----------
    first_S_cm, second_S_cm
        S/cm, real or complex (σ + iωε), real part above zero.
    second_fraction
        Share of the second phase in the volume, 0 to 1.

    Returns
    -------
    numpy.ndarray
        S/cm, the broadcast shape of the arguments; complex where a conductivity is.

    Raises
    ------
    InputError
        As :func:`maxwell_garnett_conductivity`.

    Warnings
    --------
    Not for grains in a film of boundary: the film is continuous, however thin, and this model lets
    the current pass it by. At σ_gb/σ_b = 1e-4 and 100 nm grains with 1 nm boundaries it gives a
    hundred times the conductivity of the brick layer.

    Examples
    --------
    >>> f"{bruggeman_conductivity(1.0, 10.0, second_fraction=0.25):.4f}"
    '1.9453'
    """
    first = check_conductivity(first_S_cm, "first_S_cm")
    second = check_conductivity(second_S_cm, "second_S_cm")
    phi = check_fraction(second_fraction, "second_fraction")
    check_broadcast(first, second, phi)
    mean = (2.0 - 3.0 * phi) * first + (3.0 * phi - 1.0) * second
    root = np.sqrt(mean**2 + 8.0 * first * second)
    # Of two equal forms of the root the one without a difference of large terms.
    is_high = np.real(mean) >= 0.0
    below = np.where(is_high, 1.0, root - mean)
    return np.asarray(np.where(is_high, (mean + root) / 4.0, 2.0 * first * second / below))


def wiener_bounds(
    first_S_cm: ArrayLike, second_S_cm: ArrayLike, *, second_fraction: ArrayLike
) -> Bounds:
    """Return the harmonic and the arithmetic mean: bounds in every direction of any mixture.

    Wiener, Abhandlungen der Sächsischen Akademie 32, 509 (1912); layers across and along
    the current reach them.

    Parameters
    ----------
    first_S_cm, second_S_cm
        S/cm, real: complex conductivities are bounded by regions of the plane, not by two numbers.
    second_fraction
        Share of the second phase in the volume, 0 to 1.

    Returns
    -------
    lower, upper : numpy.ndarray
        S/cm, the broadcast shape of the arguments.

    Raises
    ------
    InputError
        As :func:`maxwell_garnett_conductivity`, and for a complex conductivity.

    Examples
    --------
    >>> ["{:.4f}".format(bound) for bound in wiener_bounds(1.0, 10.0, second_fraction=0.25)]
    ['1.2903', '3.2500']
    """
    first, second, phi = _check_mixture(first_S_cm, second_S_cm, second_fraction)
    lower = 1.0 / ((1.0 - phi) / first + phi / second)
    return np.asarray(lower), np.asarray((1.0 - phi) * first + phi * second)


def hashin_shtrikman_bounds(
    first_S_cm: ArrayLike, second_S_cm: ArrayLike, *, second_fraction: ArrayLike
) -> Bounds:
    """Return the best bounds of an isotropic mixture that is known by its fractions alone.

    doi 10.1063/1.1728579: coated spheres with the worse, or the better, conductor outside.

    Parameters
    ----------
    first_S_cm, second_S_cm, second_fraction
        As :func:`wiener_bounds`.

    Returns
    -------
    lower, upper : numpy.ndarray
        S/cm, the broadcast shape of the arguments; inside Wiener's.

    Raises
    ------
    InputError
        As :func:`wiener_bounds`.

    Examples
    --------
    >>> ["{:.4f}".format(b) for b in hashin_shtrikman_bounds(1.0, 10.0, second_fraction=0.25)]
    ['1.6923', '2.7027']
    """
    first, second, phi = _check_mixture(first_S_cm, second_S_cm, second_fraction)
    outside_first = maxwell_garnett_conductivity(second, first, shell_fraction=1.0 - phi)
    outside_second = maxwell_garnett_conductivity(first, second, shell_fraction=phi)
    return (
        np.asarray(np.minimum(outside_first, outside_second)),
        np.asarray(np.maximum(outside_first, outside_second)),
    )


def _check_mixture(
    first_S_cm: ArrayLike, second_S_cm: ArrayLike, second_fraction: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    first = check_real(check_conductivity(first_S_cm, "first_S_cm"), "first_S_cm")
    second = check_real(check_conductivity(second_S_cm, "second_S_cm"), "second_S_cm")
    phi = check_fraction(second_fraction, "second_fraction")
    check_broadcast(first, second, phi)
    return first, second, phi
