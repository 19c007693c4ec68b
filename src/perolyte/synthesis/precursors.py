"""What the cations of an oxide are weighed in as, and in which charge they end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.synthesis._masses import weigh_g_per_mol

__all__ = ["Precursor", "choose_precursors"]

_CATION = re.compile("[A-Z][a-z]?")

_DEFAULT_POWDERS = (
    "Li2CO3 Na2CO3 K2CO3 Rb2CO3 Cs2CO3 MgO CaCO3 SrCO3 BaCO3 ZnO Al2O3 Ga2O3 In2O3 Sc2O3 "
    "Y2O3 B2O3 La2O3 CeO2 Pr6O11 Nd2O3 Sm2O3 Eu2O3 Gd2O3 Tb4O7 Dy2O3 Ho2O3 Er2O3 Yb2O3 "
    "Lu2O3 Tm2O3 Bi2O3 Sb2O3 TiO2 ZrO2 HfO2 SiO2 GeO2 SnO2 V2O5 Nb2O5 Ta2O5 MoO3 WO3 Cr2O3 "
    "MnO2 Fe2O3 Co3O4 NiO CuO"
)
"""A carbonate of what forms a stable one, else the oxide; each with one cation."""
_STATES = {
    **dict.fromkeys(("Li", "Na", "K", "Rb", "Cs"), 1),
    **dict.fromkeys(("Mg", "Ca", "Sr", "Ba", "Zn", "Ni", "Cu"), 2),
    **dict.fromkeys(("Al", "Ga", "In", "Sc", "Y", "B", "La", "Pr", "Nd", "Sm", "Eu", "Gd"), 3),
    **dict.fromkeys(("Tb", "Dy", "Ho", "Er", "Yb", "Lu", "Tm", "Bi", "Cr", "Fe", "Co"), 3),
    **dict.fromkeys(("Ce", "Ti", "Zr", "Hf", "Si", "Ge", "Sn", "Mn"), 4),
    **dict.fromkeys(("V", "Nb", "Ta", "Sb"), 5),
    **dict.fromkeys(("Mo", "W"), 6),
}
"""In an oxide fired in air; used for the check of neutrality only."""


@dataclass(frozen=True)
class Precursor:
    """One powder.

    Attributes
    ----------
    element
        Cation that it brings.
    formula
        Of the powder.
    molar_mass_g
        g/mol of the formula.
    n_cations
        Cations in the formula.
    n_carbon
        Carbon in the formula, which leaves as CO2.
    oxidation_state
        Of the cation in the product, e; None where it is not tabulated.
    """

    element: str
    formula: str
    molar_mass_g: float
    n_cations: float
    n_carbon: float
    oxidation_state: int | None


def choose_precursors(
    elements: list[str], *, given: Mapping[str, str] | None = None
) -> dict[str, Precursor]:
    """Return the powder for each cation: a carbonate of what forms stable ones, else the oxide.

    Parameters
    ----------
    elements
        Cations of the product.
    given
        Element to formula, in place of the usual powder.

    Raises
    ------
    InputError
        For an element without a usual powder, or a given powder that does not bring it, brings
        another cation too, or is none of oxide, carbonate, hydroxide.

    Examples
    --------
    >>> powders = choose_precursors(["Li", "Ti"])
    >>> {element: powder.formula for element, powder in powders.items()}
    {'Li': 'Li2CO3', 'Ti': 'TiO2'}
    """
    asked = dict(given or {})
    unused = sorted(set(asked) - set(elements))
    if unused:
        raise InputError(
            f"a precursor is given for {', '.join(unused)}, which the product does not hold; it "
            f"holds {', '.join(elements)}: remove or correct it"
        )
    return {element: _describe(element, asked.get(element)) for element in elements}


def _find_usual(element: str) -> str | None:
    powders = _DEFAULT_POWDERS.split()
    return next((name for name in powders if _CATION.findall(name)[0] == element), None)


def _describe(element: str, given: str | None) -> Precursor:
    from pymatgen.core import Composition

    name = given or _find_usual(element)
    if name is None:
        raise InputError(
            f"no usual powder is known for {element}; this recipe is for oxides from oxides and "
            f"carbonates: give one, such as {element}2O3"
        )
    try:
        composition = Composition(name, strict=True)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"precursor {name[:40]!r} of {element} is not a formula") from error
    held = {str(key): float(n) for key, n in composition.items()}
    others = sorted(set(held) - {element, "O", "C", "H"})
    if element not in held or others:
        what = f"also holds {', '.join(others)}" if others else f"holds no {element}"
        raise InputError(
            f"precursor {name} {what}; one powder must bring {element} alone, as oxide, carbonate "
            "or hydroxide: give another"
        )
    return Precursor(
        element=element,
        formula=name,
        molar_mass_g=weigh_g_per_mol(held),
        n_cations=held[element],
        n_carbon=held.get("C", 0.0),
        oxidation_state=_STATES.get(element),
    )
