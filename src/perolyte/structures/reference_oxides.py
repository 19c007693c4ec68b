"""Binary oxides that balance neutral doping reactions: crystal structures and stoichiometry.

A neutral substitution exchanges cations with a reservoir of binary oxides, for example
La + Li + 2 SrO -> 2 Sr + 1/2 La2O3 + 1/2 Li2O (host sites left out). The cells are starting points
for a relaxation, good to about 1 %; they are not reference data for bond lengths.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "ReferenceOxide",
    "available_reference_oxides",
    "oxide_reaction",
    "reference_oxide",
]

_Cell = tuple[float, float, float, float, float, float]
_Sites = tuple[tuple[str, tuple[float, float, float]], ...]

_BALANCE_TOLERANCE = 1e-6  # atoms; absorbs floating-point sums only


@dataclass(frozen=True)
class ReferenceOxide:
    """A binary oxide: stoichiometry, crystal structure and where the numbers come from.

    Attributes
    ----------
    formula : str
        Formula unit, cation first, smallest integers: "La2O3".
    cation : str
        Symbol of the cation.
    oxidation_state : int
        Oxidation state of the cation, in e.
    n_cations, n_oxygen : int
        Atoms per formula unit.
    space_group : str
        Hermann-Mauguin symbol of the standard setting (hexagonal axes for R groups).
    cell : tuple of float
        a, b, c in Å and alpha, beta, gamma in degrees, conventional cell.
    sites : tuple of (str, tuple of float)
        Element and fractional coordinates of each atom of the asymmetric unit.
    source : str
        The paper, and the record its numbers were read in.
    doi : str or None
        DOI of the paper or of the compilation that quotes its numbers; None where there is none.
    """

    formula: str
    cation: str
    oxidation_state: int
    n_cations: int
    n_oxygen: int
    space_group: str
    cell: _Cell
    sites: _Sites
    source: str
    doi: str | None

    def structure(self) -> Structure:
        """Build the conventional cell.

        Returns
        -------
        pymatgen.core.Structure
            Ordered structure without oxidation states, not relaxed.
        """
        from pymatgen.core.lattice import Lattice
        from pymatgen.core.structure import Structure

        return Structure.from_spacegroup(
            self.space_group,
            Lattice.from_parameters(*self.cell),
            [element for element, _ in self.sites],
            [coordinates for _, coordinates in self.sites],
        )


def _describe_oxide(
    cation: str,
    state: int,
    space_group: str,
    cell: _Cell,
    sites: _Sites,
    source: str,
    doi: str | None = None,
) -> ReferenceOxide:
    """Derive the smallest neutral formula unit from the state of the cation."""
    n_cations = 1 + state % 2
    n_oxygen = state * n_cations // 2
    formula = f"{cation}{n_cations if n_cations > 1 else ''}O{n_oxygen if n_oxygen > 1 else ''}"
    return ReferenceOxide(
        formula, cation, state, n_cations, n_oxygen, space_group, cell, sites, source, doi
    )


def _cubic(a_A: float) -> _Cell:
    return (a_A, a_A, a_A, 90.0, 90.0, 90.0)


def _rock_salt(cation: str, a_A: float, source: str, doi: str | None = None) -> ReferenceOxide:
    sites = ((cation, (0.0, 0.0, 0.0)), ("O", (0.5, 0.5, 0.5)))
    return _describe_oxide(cation, 2, "Fm-3m", _cubic(a_A), sites, source, doi)


def _antifluorite(cation: str, a_A: float, source: str) -> ReferenceOxide:
    sites = ((cation, (0.25, 0.25, 0.25)), ("O", (0.0, 0.0, 0.0)))
    return _describe_oxide(cation, 1, "Fm-3m", _cubic(a_A), sites, source)


_WYCKOFF = "Wyckoff, Crystal Structures, 2nd ed., Interscience (1963)"
_ROUNDED = "in common use; rounded, the paper is not identified"

_OXIDES = (
    _antifluorite("Li", 4.619, f"{_WYCKOFF}, as in COD 9009059"),
    _antifluorite("Na", 5.55, f"cell of antifluorite Na2O {_ROUNDED}"),
    _rock_salt("Mg", 4.211, "Hazen, Am. Mineral. 61 (1976) 266-271, as in AMCSD 0000501"),
    _rock_salt("Ca", 4.81072, "Verbraeken et al. (2009), as in COD 7200686", "10.1039/b820173k"),
    _rock_salt("Sr", 5.16, f"cell of rock-salt SrO {_ROUNDED}"),
    _rock_salt("Ba", 5.523, f"{_WYCKOFF}, as in COD 9008599"),
    _describe_oxide(
        "Al",
        3,
        "R-3c",
        (4.757, 4.757, 12.9877, 90.0, 90.0, 120.0),
        (("Al", (0.0, 0.0, 0.35218)), ("O", (0.30625, 0.0, 0.25))),
        "Kirfel and Eichhorn (1990), corundum, as in COD 9007498",
        "10.1107/S0108767389012596",
    ),
    _describe_oxide(
        "La",
        3,
        "P-3m1",
        (3.9381, 3.9381, 6.1361, 90.0, 90.0, 120.0),
        (("La", (1 / 3, 2 / 3, 0.2467)), ("O", (1 / 3, 2 / 3, 0.647)), ("O", (0.0, 0.0, 0.0))),
        "Aldebert (1979), as in AFLOW prototype A2B3_hP5_164_d_ad",
        "10.1016/j.commatsci.2018.10.043",
    ),
    _describe_oxide(
        "Y",
        3,
        "Ia-3",
        _cubic(10.6431),
        (("Y", (0.0, 0.0, 0.0)), ("Y", (0.2664, 0.0, 0.25)), ("O", (0.37, 0.392, 0.145))),
        "Park et al., Journal of Materials Chemistry 21 (2011) 5780, as in COD 7205917",
    ),
    _describe_oxide(
        "Ti",
        4,
        "P4_2/mnm",
        (4.5937, 4.5937, 2.9587, 90.0, 90.0, 90.0),
        (("Ti", (0.0, 0.0, 0.0)), ("O", (0.30478, 0.30478, 0.0))),
        "Howard, Sabine and Dickson, Acta Cryst. B 47 (1991) 462, rutile, as in AMCSD 0019092",
        "10.1107/S010876819100335X",
    ),
    _describe_oxide(
        "Zr",
        4,
        "P2_1/c",
        (5.1505, 5.2116, 5.3173, 90.0, 99.23, 90.0),
        (
            ("Zr", (0.2754, 0.0395, 0.2083)),
            ("O", (0.07, 0.3317, 0.3447)),
            ("O", (0.4496, 0.7569, 0.4792)),
        ),
        "Howard, Hill and Reichert, Acta Cryst. B 44 (1988) 116, baddeleyite, as in AFLOW",
        "10.1016/j.commatsci.2017.01.017",
    ),
)

_BY_CATION = {(oxide.cation, oxide.oxidation_state): oxide for oxide in _OXIDES}


def available_reference_oxides() -> tuple[str, ...]:
    """List the formulas of the reference oxides, by oxidation state of the cation.

    Examples
    --------
    >>> available_reference_oxides()[-2:]
    ('TiO2', 'ZrO2')
    """
    return tuple(oxide.formula for oxide in _OXIDES)


def reference_oxide(cation: str, oxidation_state: int) -> ReferenceOxide:
    """Look up the binary oxide of a cation.

    Parameters
    ----------
    cation : str
        Symbol of the element.
    oxidation_state : int
        Its oxidation state, in e.

    Returns
    -------
    ReferenceOxide
        Stoichiometry, structure and source.

    Raises
    ------
    InputError
        When there is no reference oxide of that cation in that state.

    Examples
    --------
    >>> reference_oxide("La", 3).structure().composition.formula
    'La2 O3'
    """
    try:
        return _BY_CATION[cation, oxidation_state]
    except KeyError:
        raise InputError(
            f"no reference oxide of {cation} in state {oxidation_state:+g}; there are "
            f"{', '.join(available_reference_oxides())}: choose one of these cations and states"
        ) from None


def oxide_reaction(
    delta: Mapping[str, int | float], oxidation_states: Mapping[str, int]
) -> dict[str, float]:
    """Balance a neutral doping reaction with binary oxides.

    The reaction is parent + consumed oxides -> doped + released oxides. Each cation goes to, or
    comes from, its own binary oxide; oxygen then balances exactly if the doping is neutral.

    Parameters
    ----------
    delta : mapping of str to int or float
        Atoms in the doped cell minus atoms in the parent, by element; oxygen too, where it changes.
        Zeros are ignored.
    oxidation_states : mapping of str to int
        State of each cation in ``delta``, in e; further elements are ignored.

    Returns
    -------
    dict of str to float
        Formula units of each oxide, products minus reactants: negative is consumed, positive is
        released. In the order of ``delta``.

    Raises
    ------
    InputError
        For a count that is not finite, an element without a state, an anion other than oxygen, a
        cation without reference oxide, or oxygen that does not balance.

    Examples
    --------
    >>> oxide_reaction({"Sr": 2, "La": -1, "Li": -1}, {"Sr": 2, "La": 3, "Li": 1})
    {'SrO': -2.0, 'La2O3': 0.5, 'Li2O': 0.5}
    """
    reaction: dict[str, float] = {}
    oxygen = 0.0
    for element, count in delta.items():
        if not math.isfinite(count):
            raise InputError(
                f"the change of {element} is {count} atoms; it must be finite: count the atoms of "
                "both cells again"
            )
        if element == "O":
            oxygen += count
        elif count != 0:
            oxide = reference_oxide(element, _read_cation_state(element, oxidation_states))
            units = -count / oxide.n_cations
            reaction[oxide.formula] = units
            oxygen += units * oxide.n_oxygen
    if abs(oxygen) > _BALANCE_TOLERANCE:
        raise InputError(
            f"the oxide reaction leaves {oxygen:+g} O atoms on the product side; it must leave 0 "
            f"(within {_BALANCE_TOLERANCE:g}): make the doping neutral, or add the change of O to "
            "delta"
        )
    return reaction


def _read_cation_state(element: str, oxidation_states: Mapping[str, int]) -> int:
    """Return the state of a cation; refuse a missing one and anions other than oxygen."""
    state = oxidation_states.get(element)
    if state is None:
        raise InputError(
            f"no oxidation state is given for {element}; states are given for "
            f"{', '.join(oxidation_states) or 'no element'}: add one for each cation that changes"
        )
    if state <= 0:
        raise InputError(
            f"{element} changes and has state {state:+g}; only O may change among the anions: "
            "balance reactions with other anions with their own binary compounds"
        )
    return state
