"""Bond-valence parameters of softBV, and the two atomic numbers that turn them into energies.

The tabulated numbers (r0, r_min and α of 591 cation-anion pairs) are those of Chen and Adams,
IUCrJ 4, 614 (2017), doi 10.1107/S2052252517010211, and Chen, Wong and Adams, doi
10.1107/S2052520618015718. The well depth follows from them in closed form.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from perolyte.errors import InputError

__all__ = [
    "BVSE_COULOMB_EV_A",
    "MorseParameters",
    "find_covalent_radius",
    "find_quantum_number",
    "list_pairs",
    "morse_parameters",
]

BVSE_COULOMB_EV_A = 14.4
"""e²/(4π ε0) in eV Å, rounded as in the work that the parameters come from."""

_NOBLE_GASES = (2, 10, 18, 36, 54, 86)


@dataclass(frozen=True)
class MorseParameters:
    """Morse potential between a cation and an anion.

    E(R) = d0 {[exp(α (r_min - R)) - 1]² - 1}, with its minimum -d0 at r_min.

    Attributes
    ----------
    cation, anion : str
        Symbols of the elements.
    cation_charge, anion_charge : int
        Oxidation states, in e.
    r0_A : float
        Length of a bond of valence 1, in Å.
    r_min_A : float
        Distance of the lowest energy, in Å.
    alpha_per_A : float
        Softness α = 1/b of the bond valence exp[α (r0 - R)], in 1/Å. Below zero in a few rows of
        the source, which then describe no bond: see :attr:`is_usable`.
    """

    cation: str
    cation_charge: int
    anion: str
    anion_charge: int
    r0_A: float
    r_min_A: float
    alpha_per_A: float

    @property
    def is_usable(self) -> bool:
        """Whether the potential falls off with distance, which needs a softness above zero."""
        return self.alpha_per_A > 0.0

    @property
    def d0_eV(self) -> float:
        """Depth of the well, in eV.

        14.4 g / (2 α² r_min sqrt(n_A n_X)) with the principal quantum numbers n; g = V_A V_X for
        cations of the s and p blocks, 2 sqrt(2 V_A V_X) for those of the d and f blocks (Adams and
        Rao, doi 10.1002/pssa.201001116; checked against every tabulated pair).
        """
        product = abs(self.cation_charge * self.anion_charge)
        strength = 2.0 * math.sqrt(2.0 * product) if _is_d_or_f(self.cation) else float(product)
        shells = find_quantum_number(self.cation) * find_quantum_number(self.anion)
        return (
            BVSE_COULOMB_EV_A * strength / (2.0 * self.alpha_per_A**2 * self.r_min_A)
        ) / math.sqrt(shells)

    def scaled(self, factor: float) -> MorseParameters:
        """Stretch the bond: r0 and r_min times a factor, d0 by its closed form."""
        return MorseParameters(
            self.cation,
            self.cation_charge,
            self.anion,
            self.anion_charge,
            r0_A=self.r0_A * factor,
            r_min_A=self.r_min_A * factor,
            alpha_per_A=self.alpha_per_A,
        )


def morse_parameters(
    cation: str, cation_charge: float, anion: str, anion_charge: float
) -> MorseParameters:
    """Look up the parameters of a cation-anion pair.

    Parameters
    ----------
    cation, anion : str
        Symbols of the elements.
    cation_charge, anion_charge : float
        Oxidation states, in e; only integers are tabulated.

    Returns
    -------
    MorseParameters
        Of this very pair; nothing is interpolated.

    Raises
    ------
    InputError
        When the pair is not tabulated; the message lists the charges that are.

    Examples
    --------
    >>> lithium = morse_parameters("Li", 1, "O", -2)
    >>> lithium.r_min_A, round(lithium.d0_eV, 4)
    (1.940013, 0.9882)
    """
    found = _table().get((cation, cation_charge, anion, anion_charge))
    if found is not None:
        return found
    pair = f"{cation}{cation_charge:+g} with {anion}{anion_charge:+g}"
    charges = ", ".join(
        f"{key[0]}{key[1]:+d} with {key[2]}{key[3]:+d}"
        for key in _table()
        if key[0] == cation and key[2] == anion
    )
    if charges:
        raise InputError(
            f"no bond-valence parameters for {pair}; tabulated are {charges}: "
            "correct the oxidation states"
        )
    partners = ", ".join(sorted({key[2] for key in _table() if key[0] == cation})) or "none"
    raise InputError(
        f"no bond-valence parameters for {pair}; anions tabulated with {cation} are {partners}: "
        "this compound cannot be treated with them"
    )


def list_pairs() -> Iterator[MorseParameters]:
    """List every tabulated pair, in the order of the table.

    Examples
    --------
    >>> len(list(list_pairs()))
    591
    """
    return iter(_table().values())


@cache
def find_covalent_radius(element: str) -> float:
    """Look up a covalent radius, in Å, for the screening of the repulsion.

    The table of Cordero et al., doi 10.1039/b801115j, as ASE has it (sp3 carbon; the smaller,
    low-spin, value of Mn, Fe and Co).

    Raises
    ------
    InputError
        When the element is not in the table.

    Examples
    --------
    >>> find_covalent_radius("Li")
    1.28
    """
    from ase.data import atomic_numbers, covalent_radii, missing

    number = atomic_numbers.get(element, 0)
    radius_A = float(covalent_radii[number]) if 0 < number < len(covalent_radii) else missing
    if radius_A == missing:
        raise InputError(f"{element} has no covalent radius; elements H to Cm have one")
    return radius_A


@cache
def find_quantum_number(element: str) -> int:
    """Principal quantum number of the valence shell, which is the row of the periodic table.

    Examples
    --------
    >>> find_quantum_number("Li"), find_quantum_number("La")
    (2, 6)
    """
    number = _atomic_number(element)
    return 1 + sum(number > closed for closed in _NOBLE_GASES)


@cache
def _is_d_or_f(element: str) -> bool:
    """Whether the element is in groups 3 to 12, a lanthanide or an actinide."""
    number, row = _atomic_number(element), find_quantum_number(element)
    if row < 4:
        return False
    since_noble_gas = number - _NOBLE_GASES[row - 2]
    last = 12 if row < 6 else 26
    return 3 <= since_noble_gas <= last


def _atomic_number(element: str) -> int:
    from ase.data import atomic_numbers

    if element not in atomic_numbers or element == "X":
        raise InputError(f"{element!r} is no chemical element; correct its symbol")
    return int(atomic_numbers[element])


@cache
def _table() -> dict[tuple[str, float, str, float], MorseParameters]:
    text = resources.files("perolyte.bvse").joinpath("data/softbv.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = (
        MorseParameters(
            row["cation"],
            int(row["cation_charge"]),
            row["anion"],
            int(row["anion_charge"]),
            r0_A=float(row["r0_A"]),
            r_min_A=float(row["r_min_A"]),
            alpha_per_A=float(row["alpha_per_A"]),
        )
        for row in csv.DictReader(lines)
    )
    return {(row.cation, row.cation_charge, row.anion, row.anion_charge): row for row in rows}
