"""Bond lengths of the mobile ion, scaled by the strain of the framework around it.

An option that is off by default: ``docs/bvse_accuracy.md`` says what it does to the agreement with
barriers from density functional theory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.framework import parse_ion, remove_ion
from perolyte.bvse.parameters import MorseParameters, morse_parameters
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["find_radius_scaling"]

FloatArray = NDArray[np.float64]

_CUTOFF_A = 6.0  # softBV parameters count the shells beyond the first; the rest is below 1e-3
_FACTORS = (0.7, 1.4)


def find_radius_scaling(structure: Structure, ion: str) -> dict[str, float]:
    """Find the factor on the bond lengths of the mobile ion that removes the framework's strain.

    The valence sum of a framework cation c of charge V_c, from softBV parameters,

        S_c(λ) = Σ_j exp[α_cj (r0_cj - R_cj / λ)],

    equals V_c for one factor λ_c: the ratio of the distances found to those of an unstrained
    environment with the same distortion. (The sum and not the mean distance is compared, because
    the mean grows with distortion at equal valence: distortion theorem, Brown, doi
    10.1021/cr900053k.) In a perovskite λ_A and λ_B lie on opposite sides of 1 when the sizes of A
    and B do not match (the tolerance factor in terms of bond valences), and on the same side when
    all distances are too long or short, as with lattice constants of a density functional. The
    distances of the mobile ion to an anion X are scaled by the mean over the framework's cations
    that bond to X,

        λ_X = Σ_c w_cX λ_c / Σ_c w_cX,

    weighted by the valence w_cX that they share with X. r0 and r_min of the pair are multiplied by
    λ_X when the result is given to :func:`perolyte.bvse.energy_map` as ``radius_scaling``.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Decorated with oxidation states; partial occupancies count with their share.
    ion : str
        Mobile ion, a cation, e.g. "Li+". It takes no part.

    Returns
    -------
    dict of str to float
        Factor for each anion that framework cations bond to; anions without are left out, so that
        their distances stay as tabulated.

    Raises
    ------
    InputError
        When the ion is an anion or not in the structure, a pair has no parameters, or no factor
        between 0.7 and 1.4 gives a cation its charge.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> def build(a_A):
    ...     return Structure.from_spacegroup(
    ...         "Pm-3m", Lattice.cubic(a_A), [{"Li+": 0.3, "La3+": 0.567}, "Ti4+", "O2-"],
    ...         [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> narrow, wide = (find_radius_scaling(build(a_A), "Li+")["O"] for a_A in (3.9, 4.0))
    >>> round(narrow, 2), abs(wide / narrow - 4.0 / 3.9) < 2e-3
    (1.01, True)
    """
    if parse_ion(ion).charge < 0:
        raise InputError(f"{ion} is an anion; the scaling is defined for mobile cations, e.g. Li+")
    framework = remove_ion(structure, parse_ion(ion))
    centres, neighbours, _, distances_A = framework.get_neighbor_list(_CUTOFF_A)
    totals: dict[str, float] = {}
    weights: dict[str, float] = {}
    for index, site in enumerate(framework):
        rows = centres == index
        for species, occupancy in sorted(site.species.items()):
            bonds = _list_bonds(framework, species, neighbours[rows], distances_A[rows])
            if not bonds:
                continue
            factor = _solve_factor(bonds, species)
            for bond in bonds:
                weight = float(occupancy) * bond.sum_valence(factor)
                totals[bond.pair.anion] = totals.get(bond.pair.anion, 0.0) + weight * factor
                weights[bond.pair.anion] = weights.get(bond.pair.anion, 0.0) + weight
    return {anion: totals[anion] / weights[anion] for anion in sorted(totals)}


@dataclass(frozen=True, eq=False)
class _Bonds:
    """Distances (Å) from a cation to one kind of anion, and the occupancies of those."""

    pair: MorseParameters
    lengths_A: FloatArray
    occupancies: FloatArray

    def sum_valence(self, factor: float) -> float:
        """Bond valences with all distances divided by the factor."""
        exponents = self.pair.alpha_per_A * (self.pair.r0_A - self.lengths_A / factor)
        return float(self.occupancies @ np.exp(exponents))


def _list_bonds(
    framework: Structure,
    species: Any,
    neighbours: NDArray[np.int64],
    distances_A: FloatArray,
) -> list[_Bonds]:
    """Bonds of a cation to each kind of anion; none of an anion."""
    if species.oxi_state <= 0:
        return []
    rows: dict[Any, list[tuple[float, float]]] = {}
    for neighbour, distance_A in zip(neighbours, distances_A, strict=True):
        others: Any = framework[int(neighbour)].species
        for other, occupancy in others.items():
            if other.oxi_state < 0:
                rows.setdefault(other, []).append((float(distance_A), float(occupancy)))
    bonds = []
    for anion in sorted(rows):
        lengths_A, occupancies = np.array(rows[anion]).T
        pair = morse_parameters(species.symbol, species.oxi_state, anion.symbol, anion.oxi_state)
        bonds.append(_Bonds(pair, lengths_A, occupancies))
    return bonds


def _solve_factor(bonds: list[_Bonds], species: Any) -> float:
    """Factor at which the valence sum is the charge; the sum rises with the factor."""
    from scipy.optimize import brentq

    def excess(factor: float) -> float:
        return sum(bond.sum_valence(factor) for bond in bonds) - float(species.oxi_state)

    low, high = _FACTORS
    if excess(low) > 0.0 or excess(high) < 0.0:
        found = excess(1.0) + float(species.oxi_state)
        raise InputError(
            f"{species} has the valence sum {found:.2f}, and no factor from {low} to {high} on its "
            "distances gives its charge; check its oxidation state, or leave radius_scaling out"
        )
    return float(brentq(excess, low, high, xtol=1e-10))
