"""Conductivity under stress, through the activation volume of the jump."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_broadcast, check_finite, check_number, check_positive
from perolyte.units import BOLTZMANN_EV_PER_K, EV_PER_A3_TO_GPA

__all__ = [
    "activation_energy_shift_eV",
    "migration_volume_tensor_A3",
    "stress_factor",
    "thermal_misfit_stress_GPa",
]

FloatArray = NDArray[np.float64]
_SYMMETRY = 1e-6
_VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def stress_factor(
    *, activation_volume_A3: ArrayLike, pressure_GPa: ArrayLike, temperature_K: ArrayLike
) -> FloatArray:
    """Return σ(P)/σ(0) = exp(-P ΔV/(kB T)).

    Parameters
    ----------
    activation_volume_A3
        ΔV = dE_a/dP per ion, Å³, of either sign. La0.52Li0.35TiO2.96 has 1.6 to 1.7 cm³/mol
        (Inaguma et al., J. Electrochem. Soc. 142, L8, 1995), which is 2.66 to 2.82 Å³.
    pressure_GPa
        P = -tr(stress)/3, GPa: above zero in compression.
    temperature_K
        K, above zero.

    Returns
    -------
    numpy.ndarray
        The broadcast shape of the arguments.

    Raises
    ------
    InputError
        For a temperature that is not above zero, numbers that are not finite, or shapes that do
        not broadcast.

    Examples
    --------
    >>> from perolyte.units import CM3_PER_MOL_TO_A3
    >>> factor = stress_factor(
    ...     activation_volume_A3=1.65 * CM3_PER_MOL_TO_A3, pressure_GPa=1.0, temperature_K=300.0
    ... )
    >>> f"{factor:.3f}"
    '0.516'
    """
    volume = check_finite(activation_volume_A3, "activation_volume_A3", "Å³")
    pressure = check_finite(pressure_GPa, "pressure_GPa", "GPa")
    temperature = check_positive(temperature_K, "temperature_K", "K")
    check_broadcast(volume, pressure, temperature)
    energy_eV = pressure * volume / EV_PER_A3_TO_GPA
    return np.asarray(np.exp(-energy_eV / (BOLTZMANN_EV_PER_K * temperature)))


def activation_energy_shift_eV(
    stress_GPa: ArrayLike, *, migration_volume_tensor_A3: ArrayLike
) -> float:
    """Return the change of the activation energy, -Σ σ_ij ΔΩ_ij, under any stress.

    Hydrostatic compression P gives + P tr(ΔΩ).

    Parameters
    ----------
    stress_GPa
        (3, 3), GPa, symmetric, tension above zero.
    migration_volume_tensor_A3
        (3, 3), Å³, symmetric, in the same axes: of one jump. Jumps in other directions have the
        tensor turned with them.

    Returns
    -------
    float
        eV.

    Raises
    ------
    InputError
        For another shape, or a tensor that is not symmetric and finite.

    Examples
    --------
    >>> import numpy as np
    >>> shift = activation_energy_shift_eV(
    ...     -1.0 * np.eye(3), migration_volume_tensor_A3=2.74 / 3 * np.eye(3)
    ... )
    >>> f"{1000 * shift:.0f} meV"
    '17 meV'
    """
    stress = _check_tensor(stress_GPa, "stress_GPa")
    volume = _check_tensor(migration_volume_tensor_A3, "migration_volume_tensor_A3")
    return float(-np.sum(stress * volume) / EV_PER_A3_TO_GPA)


def migration_volume_tensor_A3(
    *, compliance_1_GPa: ArrayLike, saddle_dipole_eV: ArrayLike, initial_dipole_eV: ArrayLike
) -> FloatArray:
    """Return the migration volume tensor of a jump, S : (P_saddle - P_initial).

    Parameters
    ----------
    compliance_1_GPa
        (6, 6), 1/GPa, in Voigt order xx, yy, zz, yz, xz, xy with engineering shear strains: the
        inverse of the elastic constants as they are usually printed.
    saddle_dipole_eV, initial_dipole_eV
        (3, 3), eV, elastic dipole tensors: cell volume times the stress (compression above zero)
        that the defect adds to a cell of fixed shape (doi 10.1103/PhysRevB.88.134102).

    Returns
    -------
    numpy.ndarray
        (3, 3), Å³; its trace is the activation volume.

    Raises
    ------
    InputError
        For another shape, or a tensor that is not symmetric and finite.

    Examples
    --------
    >>> import numpy as np
    >>> stiffness = np.diag([100.0, 100.0, 100.0, 50.0, 50.0, 50.0])
    >>> volume = migration_volume_tensor_A3(
    ...     compliance_1_GPa=np.linalg.inv(stiffness),
    ...     saddle_dipole_eV=np.eye(3), initial_dipole_eV=np.zeros((3, 3)),
    ... )
    >>> f"{np.trace(volume):.2f}"
    '4.81'
    """
    compliance = np.asarray(compliance_1_GPa, dtype=np.float64)
    if (
        compliance.shape != (6, 6)
        or not np.isfinite(compliance).all()
        or not np.allclose(compliance, compliance.T, rtol=_SYMMETRY, atol=1e-12)
    ):
        raise InputError(
            f"compliance_1_GPa has shape {compliance.shape}; it must be (6, 6), finite and "
            "symmetric, 1/GPa: give the inverse of the elastic constants"
        )
    difference = _check_tensor(saddle_dipole_eV, "saddle_dipole_eV") - _check_tensor(
        initial_dipole_eV, "initial_dipole_eV"
    )
    strain = compliance @ np.array([difference[pair] for pair in _VOIGT]) * EV_PER_A3_TO_GPA
    volume = np.zeros((3, 3))
    for index, (row, column) in enumerate(_VOIGT):
        volume[row, column] = volume[column, row] = strain[index] * (1.0 if index < 3 else 0.5)
    return volume


def thermal_misfit_stress_GPa(
    *,
    youngs_modulus_GPa: float,
    poisson_ratio: float,
    expansion_difference_1_K: float,
    temperature_change_K: float,
) -> float:
    """Return the biaxial stress of thermal misfit, E Δα ΔT/(1 - ν).

    Full constraint, no relaxation: an upper limit of its size.

    Parameters
    ----------
    youngs_modulus_GPa
        GPa, above zero.
    poisson_ratio
        Above -1, below 0.5.
    expansion_difference_1_K
        Expansion of the surroundings minus that of the grain, 1/K.
    temperature_change_K
        Of cooling or heating, K: below zero for cooling.

    Returns
    -------
    float
        GPa, in the two directions of constraint; tension of the grain above zero.

    Raises
    ------
    InputError
        For a number outside its range.

    Examples
    --------
    >>> stress = thermal_misfit_stress_GPa(
    ...     youngs_modulus_GPa=200.0, poisson_ratio=0.25, expansion_difference_1_K=-1e-6,
    ...     temperature_change_K=-1000.0,
    ... )
    >>> f"{stress:.2f}"
    '0.27'
    """
    modulus = check_number(youngs_modulus_GPa, "youngs_modulus_GPa", "GPa", low=1e-6, high=1e5)
    nu = check_number(poisson_ratio, "poisson_ratio", "", low=-0.999999, high=0.499999)
    difference = check_number(expansion_difference_1_K, "expansion_difference_1_K", "1/K")
    change = check_number(temperature_change_K, "temperature_change_K", "K")
    return modulus * difference * change / (1.0 - nu)


def _check_tensor(values: ArrayLike, name: str) -> FloatArray:
    tensor = np.asarray(values, dtype=np.float64)
    if tensor.shape != (3, 3) or not np.isfinite(tensor).all():
        raise InputError(f"{name} has shape {tensor.shape}; it must be (3, 3) and finite")
    largest = float(np.abs(tensor).max())
    if np.abs(tensor - tensor.T).max() > _SYMMETRY * largest:
        raise InputError(f"{name} is not symmetric; correct its off-diagonal elements")
    return tensor
