"""How much of each powder is weighed in for a mass of product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.synthesis.precursors import choose_precursors
from perolyte.synthesis.target import TargetComposition
from perolyte.units import AVOGADRO_PER_MOL, CUBIC_A_TO_CUBIC_CM

__all__ = ["MassBalance", "WeighedPowder", "balance_powders", "xray_density_g_cm3"]

CO2_G_PER_MOL = 44.0095
_OXYGEN_TOLERANCE = 0.02
"""Of the oxygen that neutrality asks for: formulas are rounded."""
_MAX_MASS_G = 1e6


@dataclass(frozen=True)
class WeighedPowder:
    """One line of the mass balance.

    Attributes
    ----------
    element, formula
        Cation and the powder that brings it.
    amount_mmol
        mmol of the cation in the product.
    stoichiometric_g
        g of pure powder for the product as written.
    with_excess_g
        The same with the excess.
    excess
        0.1 for 10 %.
    assay, ignition_loss
        Share of pure powder by mass in what is left after ignition, and share that leaves on
        ignition.
    weighed_g
        g to be weighed: with excess, over assay and what the ignition leaves.
    """

    element: str
    formula: str
    amount_mmol: float
    stoichiometric_g: float
    with_excess_g: float
    excess: float
    assay: float
    ignition_loss: float
    weighed_g: float


@dataclass(frozen=True)
class MassBalance:
    """All powders of a batch.

    Attributes
    ----------
    mass_g
        Of product, without excess.
    molar_mass_g, amount_mmol
        g/mol, and mmol of formula units.
    powders
        In the order of the formula.
    total_weighed_g, carbon_dioxide_g
        g of all powders, and of CO2 that leaves.
    warnings
        In words.
    """

    mass_g: float
    molar_mass_g: float
    amount_mmol: float
    powders: tuple[WeighedPowder, ...]
    total_weighed_g: float
    carbon_dioxide_g: float
    warnings: tuple[str, ...]


def balance_powders(
    target: TargetComposition,
    *,
    mass_g: float,
    excess: Mapping[str, float] | None = None,
    assay: Mapping[str, float] | None = None,
    ignition_loss: Mapping[str, float] | None = None,
    precursors: Mapping[str, str] | None = None,
) -> MassBalance:
    """Balance a batch: with n = mass/M formula units, n a/k mol of a powder with k cations.

    Parameters
    ----------
    target
        The product, an oxide.
    mass_g
        Of product, g, above zero.
    excess
        By cation, above -1 and up to 1; 0.1 for 10 %.
    assay
        By cation, share of the pure powder, above 0 and up to 1.
    ignition_loss
        By cation, share that leaves when the powder is fired before (water, carbonate), 0 to below
        0.5. Leave it out for a powder that was fired just before weighing.
    precursors
        By cation, in place of the usual powders.

    Returns
    -------
    MassBalance

    Raises
    ------
    InputError
        For a product without oxygen or with another anion, one that is not neutral with the usual
        oxidation states, and numbers that cannot be.

    Examples
    --------
    >>> from perolyte.synthesis import read_target
    >>> batch = balance_powders(read_target("Li1/3La5/9TiO3"), mass_g=10.0, excess={"Li": 0.1})
    >>> [(p.formula, round(p.with_excess_g, 4)) for p in batch.powders]
    [('Li2CO3', 0.7725), ('La2O3', 5.1613), ('TiO2', 4.5547)]
    """
    if not 0 < mass_g <= _MAX_MASS_G or not math.isfinite(mass_g):
        raise InputError(f"mass_g is {mass_g:g} g; it must be above 0 and up to 1e6: correct it")
    cations = [element for element in target.amounts if element != "O"]
    if "O" not in target.amounts or not cations:
        raise InputError(
            f"{target.formula} is not an oxide; this recipe is for oxides from oxides and "
            "carbonates: another route needs another recipe"
        )
    powders = choose_precursors(cations, given=precursors)
    shares = {
        "excess": _check_shares("excess", excess, cations, low=-1.0, high=1.0),
        "assay": _check_shares("assay", assay, cations, low=0.0, high=1.0),
        "ignition_loss": _check_shares(
            "ignition_loss", ignition_loss, cations, low=-1e-12, high=0.5
        ),
    }
    unknown = _check_neutral(target, {e: p.oxidation_state for e, p in powders.items()})
    amount_mol = mass_g / target.molar_mass_g
    lines, carbon_mol = [], 0.0
    for element, powder in powders.items():
        moles = amount_mol * target.amounts[element] / powder.n_cations
        own_excess = shares["excess"].get(element, 0.0)
        own_assay = shares["assay"].get(element, 1.0)
        own_loss = max(shares["ignition_loss"].get(element, 0.0), 0.0)
        with_excess_g = moles * powder.molar_mass_g * (1.0 + own_excess)
        carbon_mol += moles * (1.0 + own_excess) * powder.n_carbon
        lines.append(
            WeighedPowder(
                element=element,
                formula=powder.formula,
                amount_mmol=1e3 * amount_mol * target.amounts[element],
                stoichiometric_g=moles * powder.molar_mass_g,
                with_excess_g=with_excess_g,
                excess=own_excess,
                assay=own_assay,
                ignition_loss=own_loss,
                weighed_g=with_excess_g / (own_assay * (1.0 - own_loss)),
            )
        )
    return MassBalance(
        mass_g=mass_g,
        molar_mass_g=target.molar_mass_g,
        amount_mmol=1e3 * amount_mol,
        powders=tuple(lines),
        total_weighed_g=sum(line.weighed_g for line in lines),
        carbon_dioxide_g=carbon_mol * CO2_G_PER_MOL,
        warnings=tuple(unknown),
    )


def xray_density_g_cm3(*, molar_mass_g: float, volume_A3: float) -> float:
    """Return the density of the perfect crystal, M/(N_A V).

    Parameters
    ----------
    molar_mass_g
        g/mol of what fills the volume.
    volume_A3
        Å³, of the same.

    Examples
    --------
    >>> round(xray_density_g_cm3(molar_mass_g=175.347, volume_A3=3.871**3), 2)
    5.02
    """
    if not (0 < molar_mass_g < math.inf and 0 < volume_A3 < math.inf):
        raise InputError(
            f"a mass of {molar_mass_g:g} g/mol in {volume_A3:g} Å³ has no density; both must be "
            "above 0: correct them"
        )
    return molar_mass_g / (AVOGADRO_PER_MOL * volume_A3 * CUBIC_A_TO_CUBIC_CM)


def _check_shares(
    name: str, given: Mapping[str, float] | None, cations: list[str], *, low: float, high: float
) -> dict[str, float]:
    shares = dict(given or {})
    for element, value in shares.items():
        if element not in cations:
            raise InputError(
                f"{name} is given for {element}, which is no cation of the product; these are "
                f"{', '.join(cations)}"
            )
        if not low < value <= high:
            raise InputError(
                f"{name} of {element} is {value:g}; it must be above {max(low, -1.0):g} and up to "
                f"{high:g}: give a share, 0.1 for 10 %"
            )
    return shares


def _check_neutral(target: TargetComposition, states: dict[str, int | None]) -> list[str]:
    unknown = [element for element, state in states.items() if state is None]
    if unknown:
        return [f"neutrality is not checked: no usual oxidation state of {', '.join(unknown)}"]
    charge = sum(target.amounts[element] * (state or 0) for element, state in states.items())
    oxygen = target.amounts["O"]
    if abs(charge / 2 - oxygen) > _OXYGEN_TOLERANCE * oxygen:
        shown = ", ".join(f"{element}{state}+" for element, state in states.items())
        raise InputError(
            f"{target.formula} holds {oxygen:g} O where its cations ({shown}) ask for "
            f"{charge / 2:.4g}; fired in air it takes up or loses the rest: give the neutral "
            "formula"
        )
    return []
