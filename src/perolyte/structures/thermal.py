"""Starting a molecular dynamics run from a relaxed structure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.units import BOLTZMANN_EV_PER_K

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["add_thermal_velocities"]

_EQUIPARTITION = 2.0
"""At a potential minimum all energy is kinetic; half of it goes over into vibrations at once."""


def add_thermal_velocities(structure: Structure, temperature_K: float, *, seed: int) -> Structure:
    """Give the atoms of a relaxed structure velocities that settle at a temperature.

    Velocities are drawn from the Maxwell-Boltzmann distribution, freed of net momentum and scaled
    to exactly twice the temperature: in a structure at its potential minimum half of the kinetic
    energy turns into potential energy within a vibration, so that the run starts out at the
    temperature asked for. Drawn at the temperature itself, the thermostat would have to supply
    the other half, and a Nosé-Hoover thermostat overshoots when it does: 20 % for a picosecond
    in a cell of 58 atoms.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Relaxed, ordered.
    temperature_K : float
        Above 0 K.
    seed : int
        Of the random draw.

    Returns
    -------
    pymatgen.core.Structure
        Copy with the site property ``velocities``, ``(n_sites, 3)`` in Å per
        ``Å (amu/eV)^(1/2)``, the unit of ASE.

    Raises
    ------
    InputError
        For a temperature that is not positive, or a single atom.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> moving = add_thermal_velocities(cell, 300.0, seed=1)
    >>> len(moving.site_properties["velocities"])
    8
    """
    if not (math.isfinite(temperature_K) and temperature_K > 0):
        raise InputError(f"temperature is {temperature_K} K; it must be above 0: give kelvin")
    if len(structure) < 2:
        raise InputError(
            f"{structure.composition.reduced_formula} has one atom, which cannot move against "
            "anything; use a supercell"
        )
    masses_amu = np.array([float(site.specie.atomic_mass) for site in structure])
    target_eV = _EQUIPARTITION * BOLTZMANN_EV_PER_K * temperature_K
    rng = np.random.default_rng(seed)
    velocities = rng.normal(size=(len(structure), 3)) * np.sqrt(target_eV / masses_amu)[:, None]
    velocities -= masses_amu @ velocities / masses_amu.sum()
    mean_eV = float((masses_amu @ velocities**2).sum()) / (3 * len(structure))
    velocities *= math.sqrt(target_eV / mean_eV)
    moving = structure.copy()
    moving.add_site_property("velocities", velocities.tolist())
    return moving
