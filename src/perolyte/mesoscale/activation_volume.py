"""Activation volume from activation energies at several pressures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_finite, check_positive
from perolyte.units import EV_PER_A3_TO_GPA

__all__ = ["ActivationVolumeResult", "fit_activation_volume"]


@dataclass(frozen=True)
class ActivationVolumeResult:
    """Slope of the activation energy over pressure.

    Attributes
    ----------
    activation_volume_A3, activation_volume_std_A3
        Per ion, Å³; the error is None for two points without errors of their own.
    energy_at_zero_eV
        Of the line, at no pressure.
    chi2_reduced
        None without errors, or without degrees of freedom.
    """

    activation_volume_A3: float
    activation_volume_std_A3: float | None
    energy_at_zero_eV: float
    chi2_reduced: float | None


def fit_activation_volume(
    pressures_GPa: ArrayLike, energies_eV: ArrayLike, *, energy_errors_eV: ArrayLike | None = None
) -> ActivationVolumeResult:
    """Fit ΔV = dE_a/dP to activation energies at several pressures.

    Parameters
    ----------
    pressures_GPa
        (n,) GPa, above zero in compression, at least two different.
    energies_eV
        (n,) eV.
    energy_errors_eV
        (n,) eV, standard errors; without them all points weigh alike, and the error of the slope
        comes from their scatter.

    Returns
    -------
    ActivationVolumeResult
        Slope, its standard error, and the line.

    Raises
    ------
    InputError
        For lists that do not match, fewer than two pressures, or an error not above zero.

    Examples
    --------
    >>> fit = fit_activation_volume([0.0, 1.0, 2.0], [0.330, 0.347, 0.364])
    >>> f"{fit.activation_volume_A3:.2f}"
    '2.72'
    """
    pressures = check_finite(pressures_GPa, "pressures_GPa", "GPa")
    energies = check_finite(energies_eV, "energies_eV", "eV")
    has_errors = energy_errors_eV is not None
    errors = np.ones_like(energies)
    if energy_errors_eV is not None:
        errors = check_positive(energy_errors_eV, "energy_errors_eV", "eV")
    if pressures.ndim != 1 or not pressures.shape == energies.shape == errors.shape:
        raise InputError(
            f"{pressures.size} pressures, {energies.size} energies and {errors.size} errors; they "
            "must be lists of one length: give one energy for each pressure"
        )
    if np.unique(pressures).size < 2:
        raise InputError("a slope needs at least two different pressures (GPa): compute another")
    design = np.stack([np.ones_like(pressures), pressures], axis=1) / errors[:, None]
    covariance = np.linalg.inv(design.T @ design)
    line = covariance @ design.T @ (energies / errors)
    n_free = pressures.size - 2
    chi2 = float(np.sum((energies / errors - design @ line) ** 2)) / n_free if n_free else None
    scale = 1.0 if has_errors else chi2
    return ActivationVolumeResult(
        activation_volume_A3=float(line[1]) * EV_PER_A3_TO_GPA,
        activation_volume_std_A3=(
            None if scale is None else float(np.sqrt(covariance[1, 1] * scale)) * EV_PER_A3_TO_GPA
        ),
        energy_at_zero_eV=float(line[0]),
        chi2_reduced=chi2 if has_errors else None,
    )
