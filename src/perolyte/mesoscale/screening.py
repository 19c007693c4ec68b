"""How far mobile charges screen a potential."""

from __future__ import annotations

import numpy as np

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number
from perolyte.units import (
    BOLTZMANN_EV_PER_K,
    ELEMENTARY_CHARGE_C,
    NM_PER_CM,
    VACUUM_PERMITTIVITY_F_PER_CM,
)

__all__ = ["check_charge", "debye_length_nm"]


def debye_length_nm(
    *,
    temperature_K: float,
    relative_permittivity: float,
    concentration_cm3: float,
    charge: float = 1.0,
) -> float:
    """Return the screening length √[ε kB T/(2 z² e² c)] of dilute mobile charges.

    Parameters
    ----------
    temperature_K
        K, above zero.
    relative_permittivity
        At least 1. That of lithium lanthanum titanate, near 100, is an assumption.
    concentration_cm3
        Of the mobile ion in the bulk, cm⁻³, above zero.
    charge
        Of the ion, elementary charges, not zero.

    Returns
    -------
    float
        nm.

    Raises
    ------
    InputError
        For an argument outside its range.

    References
    ----------
    Maier, doi 10.1016/0079-6786(95)00004-E.

    Examples
    --------
    >>> length = debye_length_nm(
    ...     temperature_K=300.0, relative_permittivity=100.0, concentration_cm3=5.75e21
    ... )
    >>> f"{length:.2f}"
    '0.11'
    """
    temperature = check_number(temperature_K, "temperature_K", "K", low=1.0, high=1e4)
    epsilon = check_number(relative_permittivity, "relative_permittivity", "", low=1.0, high=1e6)
    density = check_number(concentration_cm3, "concentration_cm3", "cm⁻³", low=1e6, high=1e24)
    z = check_charge(charge)
    thermal_J = BOLTZMANN_EV_PER_K * ELEMENTARY_CHARGE_C * temperature
    charge_C = z * ELEMENTARY_CHARGE_C
    squared = epsilon * VACUUM_PERMITTIVITY_F_PER_CM * thermal_J / (2.0 * charge_C**2 * density)
    return float(np.sqrt(squared) * NM_PER_CM)


def check_charge(charge: float) -> float:
    """Return the charge of an ion, refusing none."""
    z = check_number(charge, "charge", "elementary charges", low=-6.0, high=6.0)
    if z == 0.0:
        raise InputError("charge is 0; a mobile ion has one: give elementary charges, as 1 for Li")
    return z
