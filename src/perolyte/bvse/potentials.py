"""Pair energies between the mobile ion and each framework site, as tables in the squared distance.

A kernel that reads a table has one form for every convention and needs no square root,
exponential or error function per pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.framework import MobileIon
from perolyte.bvse.parameters import (
    BVSE_COULOMB_EV_A,
    MorseParameters,
    find_covalent_radius,
    find_quantum_number,
    morse_parameters,
)
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "BVSEConvention",
    "PairPotential",
    "PairTables",
    "find_pair_potentials",
    "tabulate_pairs",
]

BVSEConvention = Literal["softbv", "bvlain"]

SWITCH_WIDTH_A = 1.0
"""The softbv convention fades pair energies out over the last Å before the cutoff."""
TABLE_STEP_A2 = 0.05
"""Spacing of the nodes in R²; the cubic between them is within 1e-5 eV below 20 eV."""
SMALL_PAIR_EV = 1e-5
"""From where a pair stays below this, its energy is added as that of a uniform density of sites."""
_CORE_A = 0.3  # nearer to a nucleus than this the energy is far above every cap


@dataclass(frozen=True)
class PairPotential:
    """Energy between the mobile ion and one framework ion.

    Attributes
    ----------
    morse : MorseParameters or None
        For ions of opposite charge.
    repulsion_eV_A : float
        k q_1 q_2 of ions of like charge, with q = V / sqrt(n); 0 for opposite charges.
    screening_A : float
        Length ρ of the screening erfc(R/ρ); unused for opposite charges.
    morse_factor : float
        1 in the softbv convention, 1/2 in that of bvlain.
    """

    morse: MorseParameters | None
    repulsion_eV_A: float
    screening_A: float
    morse_factor: float

    def evaluate(
        self, distance_A: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Energy (eV) and its derivative (eV/Å) at distances (Å) above zero, without cutoff."""
        from scipy.special import erfc

        r = np.asarray(distance_A, dtype=np.float64)
        if self.morse is not None:
            depth = self.morse_factor * self.morse.d0_eV
            alpha = self.morse.alpha_per_A
            decay = np.exp(alpha * (self.morse.r_min_A - r))
            return depth * decay * (decay - 2.0), -2.0 * alpha * depth * decay * (decay - 1.0)
        x = r / self.screening_A
        energy = self.repulsion_eV_A / r * erfc(x)
        gaussian = 2.0 / np.sqrt(np.pi) * np.exp(-(x**2)) / self.screening_A
        return energy, -energy / r - self.repulsion_eV_A / r * gaussian


@dataclass(frozen=True)
class PairTables:
    """Cubic pieces of the pair energies of each kind of site.

    Attributes
    ----------
    coefficients : ndarray
        ``(n_kinds, 4, n_pieces)``, eV: c0 + c1 f + c2 f² + c3 f³ at R² = (piece + f) step.
    reach2_A2 : ndarray
        ``(n_kinds,)``, Å², squared distance up to which a kind is summed site by site.
    tail_eV : float
        eV, energy of all sites between there and the cutoff, the same everywhere.
    kinds : ndarray
        ``(n_sites,)``, kind of each framework site.
    """

    coefficients: NDArray[np.float64]
    reach2_A2: NDArray[np.float64]
    tail_eV: float
    kinds: NDArray[np.int64]


def find_pair_potentials(
    framework: Structure,
    ion: MobileIon,
    *,
    convention: BVSEConvention,
    screening_factor: float,
    radius_scaling: Mapping[str, float],
) -> dict[str, PairPotential]:
    """Pair potential of the mobile ion with each species of the framework.

    Parameters
    ----------
    framework
        Decorated, without the mobile ion.
    ion
        The mobile ion.
    convention
        "softbv": the published Morse potential. "bvlain": half of it.
    screening_factor
        f of the screening length f (r_1 + r_2), with covalent radii.
    radius_scaling
        Factor on the bond length (r0 and r_min) with an element; 1 where not given.

    Returns
    -------
    dict of str to PairPotential
        By species string.

    Raises
    ------
    InputError
        For another convention, a pair without parameters or with unphysical ones, or a scaling
        that is far from 1 or of an element that has no bond with the ion.
    """
    if convention not in get_args(BVSEConvention):
        raise InputError(
            f"convention is {convention!r}; it must be one of {', '.join(get_args(BVSEConvention))}"
        )
    potentials: dict[str, PairPotential] = {}
    bonded: set[str] = set()
    elements: Any = framework.elements
    for species in sorted(elements, key=str):
        element, charge = species.symbol, float(species.oxi_state)
        if charge * ion.charge < 0:
            bonded.add(element)
            bond = _find_bond(ion, element, charge, float(radius_scaling.get(element, 1.0)))
            morse_factor = 0.5 if convention == "bvlain" else 1.0
            potentials[str(species)] = PairPotential(bond, 0.0, 1.0, morse_factor)
            continue
        shells = find_quantum_number(ion.element) * find_quantum_number(element)
        radii_A = find_covalent_radius(ion.element) + find_covalent_radius(element)
        potentials[str(species)] = PairPotential(
            None,
            BVSE_COULOMB_EV_A * ion.charge * charge / np.sqrt(shells),
            screening_factor * radii_A,
            0.0,
        )
    unused = sorted(set(radius_scaling) - bonded)
    if unused:
        raise InputError(
            f"radius_scaling is given for {', '.join(unused)}; only elements of charge opposite to "
            f"{ion.label} have a bond length: {', '.join(sorted(bonded)) or 'none here'}"
        )
    return potentials


def _find_bond(ion: MobileIon, element: str, charge: float, factor: float) -> MorseParameters:
    """Parameters of the mobile ion with an ion of opposite charge, scaled."""
    mobile, other = (ion.element, ion.charge), (element, charge)
    cation, anion = (mobile, other) if ion.charge > 0 else (other, mobile)
    morse = morse_parameters(*cation, *anion)
    if not morse.is_usable:
        raise InputError(
            f"the tabulated bond of {morse.cation}{morse.cation_charge:+d} with "
            f"{morse.anion}{morse.anion_charge:+d} has a softness of {morse.alpha_per_A:.3g} 1/Å, "
            "which must be above 0; the source is wrong there and this compound cannot be treated"
        )
    if not 0.5 < factor < 2.0:
        raise InputError(
            f"radius_scaling of {element} is {factor:g}; bond lengths scale by a factor near 1, "
            "between 0.5 and 2"
        )
    return morse.scaled(factor) if factor != 1.0 else morse


def tabulate_pairs(
    framework: Structure,
    potentials: Mapping[str, PairPotential],
    *,
    cutoff_A: float,
    switched: bool,
    cap_eV: float,
) -> PairTables:
    """Tabulate the energy of the mobile ion with each kind of framework site.

    Sites with the same occupants in the same amounts are one kind; its energy is the sum over
    occupants, weighted by occupancy.

    Parameters
    ----------
    framework
        Decorated, without the mobile ion.
    potentials
        From :func:`find_pair_potentials`.
    cutoff_A
        Å; pair energies are zero beyond.
    switched
        Fade out over the last Å (quintic step, continuous second derivative) or end abruptly.
    cap_eV
        eV; pair energies are limited to ten times this, so that no table holds infinities.

    Returns
    -------
    PairTables
        For the kernel.
    """
    occupants = [
        tuple(sorted((str(s), round(float(x), 9)) for s, x in site.species.items()))
        for site in framework
    ]
    names = sorted(set(occupants))
    n_pieces = int(np.ceil(cutoff_A**2 / TABLE_STEP_A2)) + 1
    u = np.arange(n_pieces + 1) * TABLE_STEP_A2
    r = np.sqrt(np.maximum(u, _CORE_A**2))
    kinds = np.array([names.index(occupant) for occupant in occupants])
    density_per_A3 = np.bincount(kinds) / framework.volume
    coefficients = np.empty((len(names), 4, n_pieces))
    reach2_A2 = np.empty(len(names))
    tail_eV = 0.0
    for kind, name in enumerate(names):
        energy, slope = np.zeros_like(r), np.zeros_like(r)
        for species, occupancy in name:
            value, derivative = potentials[species].evaluate(r)
            energy += occupancy * value
            slope += occupancy * derivative
        if switched:
            energy, slope = _switch_off(r, energy, slope, cutoff_A)
        slope *= TABLE_STEP_A2 / (2.0 * r)  # per piece, dE/d(R²) = E'/(2R)
        slope[(energy > 10.0 * cap_eV) | (u < _CORE_A**2)] = 0.0
        energy = np.minimum(energy, 10.0 * cap_eV)
        rise = np.diff(energy)
        coefficients[kind] = (
            energy[:-1],
            slope[:-1],
            3.0 * rise - 2.0 * slope[:-1] - slope[1:],
            slope[:-1] + slope[1:] - 2.0 * rise,
        )
        last = int(np.flatnonzero(np.abs(energy) > SMALL_PAIR_EV).max(initial=0))
        reach2_A2[kind] = min(u[last], cutoff_A**2)
        # 4π ∫ E R² dR is 2π ∫ E R d(R²)
        shells = 2.0 * np.pi * energy[last:-1] * r[last:-1] * TABLE_STEP_A2
        tail_eV += float(density_per_A3[kind] * shells.sum())
    return PairTables(coefficients, reach2_A2, tail_eV, kinds)


def _switch_off(
    r: NDArray[np.float64],
    energy: NDArray[np.float64],
    slope: NDArray[np.float64],
    cutoff_A: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Multiply by 1 - t³ (10 - 15 t + 6 t²), t from 0 to 1 over the last Å before the cutoff."""
    t = np.clip((r - cutoff_A + SWITCH_WIDTH_A) / SWITCH_WIDTH_A, 0.0, 1.0)
    weight = 1.0 - t**3 * (10.0 - 15.0 * t + 6.0 * t**2)
    derivative = -30.0 * t**2 * (1.0 - t) ** 2 / SWITCH_WIDTH_A
    return energy * weight, slope * weight + energy * derivative
