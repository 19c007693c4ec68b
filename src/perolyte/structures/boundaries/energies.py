"""Energy of a boundary, and how much of a dopant it collects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from perolyte.errors import InputError
from perolyte.units import BOLTZMANN_EV_PER_K, EV_PER_A2_TO_J_PER_M2

__all__ = ["boundary_energy_J_m2", "boundary_fraction"]


def boundary_energy_J_m2(
    cell_energy_eV: float,
    bulk_energy_eV: float,
    area_A2: float,
    *,
    excess: Mapping[str, int] | None = None,
    chemical_potentials_eV: Mapping[str, float] | None = None,
) -> float:
    """Return the energy of one of the two boundaries of a cell, J/m².

    γ = [E_cell - E_bulk - Σ Δn_i μ_i]/(2 A), with E_bulk of as many bulk formula units as the cell
    has and Δn_i the atoms beyond them (A. P. Sutton, R. W. Balluffi, Interfaces in Crystalline
    Materials, Oxford 1995, chapter 5).

    Parameters
    ----------
    cell_energy_eV, bulk_energy_eV
        eV, of the cell and of the bulk of the same size.
    area_A2
        Å², of one boundary.
    excess
        Atoms beyond the bulk's, by element.
    chemical_potentials_eV
        eV per atom, for each element of the excess.

    Returns
    -------
    float
        J/m².

    Raises
    ------
    InputError
        For an area that is not above zero, an energy that is not finite, or an element of the
        excess without a chemical potential.

    Examples
    --------
    >>> round(boundary_energy_J_m2(-98.0, -100.0, 20.0), 4)
    0.8011
    >>> round(boundary_energy_J_m2(-93.0, -100.0, 20.0, excess={"O": -1},
    ...                            chemical_potentials_eV={"O": -5.0}), 4)
    0.8011
    """
    if not (np.isfinite(area_A2) and area_A2 > 0):
        raise InputError(f"area_A2 is {area_A2} Å²; it must be above 0: give that of one boundary")
    if not (np.isfinite(cell_energy_eV) and np.isfinite(bulk_energy_eV)):
        raise InputError(
            f"energies are {cell_energy_eV} eV and {bulk_energy_eV} eV; they must be finite: "
            "leave out cells that the potential refused"
        )
    given = chemical_potentials_eV or {}
    missing = sorted(e for e, n in (excess or {}).items() if n and e not in given)
    if missing:
        raise InputError(
            f"the cell holds {(excess or {})[missing[0]]:+d} {missing[0]} beyond the bulk and no "
            f"chemical potential of {missing[0]} is given; give it, or a stoichiometric cell"
        )
    reservoir_eV = sum(n * given[element] for element, n in (excess or {}).items() if n)
    per_A2 = (cell_energy_eV - bulk_energy_eV - reservoir_eV) / (2.0 * area_A2)
    return float(per_A2 * EV_PER_A2_TO_J_PER_M2)


def boundary_fraction(
    segregation_energies_eV: Sequence[float], bulk_fraction: float, temperature_K: float
) -> float:
    """Return the mean share of boundary sites that a dopant holds (Langmuir-McLean).

    x/(1 - x) = x_b/(1 - x_b) exp(-E/kB T) for each site, averaged over the sites: the spectral
    form of White and Coghlan (Metall. Trans. A 8, 403, 1977). Dopants do
    not interact and the bulk stays as it is.

    Parameters
    ----------
    segregation_energies_eV
        (n_sites,), eV, negative where the dopant prefers the boundary.
    bulk_fraction
        Of the host's sites in the bulk, between 0 and 1.
    temperature_K
        K, at which the dopant was last in equilibrium: that of sintering, not of use.

    Returns
    -------
    float
        0 to 1.

    Raises
    ------
    InputError
        For no energies, a share outside 0 to 1 or a temperature that is not above zero.

    Examples
    --------
    >>> round(boundary_fraction([0.0], 0.05, 1500.0), 6)
    0.05
    >>> round(boundary_fraction([-0.3], 0.05, 1500.0), 3)
    0.349
    """
    energies = np.asarray(segregation_energies_eV, dtype=np.float64)
    if energies.ndim != 1 or len(energies) == 0 or not np.isfinite(energies).all():
        raise InputError(
            f"segregation_energies_eV has shape {energies.shape}; give a list of finite energies"
        )
    if not 0.0 < bulk_fraction < 1.0:
        raise InputError(f"bulk_fraction is {bulk_fraction}; it must be between 0 and 1")
    if not (np.isfinite(temperature_K) and temperature_K > 0):
        raise InputError(f"temperature_K is {temperature_K} K; it must be above 0")
    exponents = np.clip(-energies / (BOLTZMANN_EV_PER_K * temperature_K), -500.0, 500.0)
    odds = bulk_fraction / (1.0 - bulk_fraction) * np.exp(exponents)
    return float(np.mean(odds / (1.0 + odds)))
