"""Firing windows from the literature, and how a ceramic is looked at afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perolyte.synthesis.lithium_loss import FiringStep
from perolyte.synthesis.target import TargetComposition

__all__ = [
    "FiringWindow",
    "Label",
    "Line",
    "find_firing",
    "is_lithium_lanthanum_titanate",
    "plan_characterisation",
]

Label = Literal["computed", "empirical rule", "hypothesis"]

_SUTORIK = "Sutorik et al., J. Mater. Sci. 47, 6992 (2012), doi 10.1007/s10853-012-6650-5"
_TRONG = "Le Dinh Trong et al., J. Mater. Sci. Eng. B 4 (2014), doi 10.17265/2161-6221/2014.04.003"
_BELOUS = "Belous et al., Chem. Mater. (2004), on the formation of Li0.5La0.5TiO3"
_KWON = "Kwon et al., J. Mater. Chem. A 5, 6257 (2017)"
_PRACTICE = "common practice for titanate perovskites, no single source"
_REVIEW = "review: doi 10.3390/ma16227088"


@dataclass(frozen=True)
class Line:
    """One statement of a recipe.

    Attributes
    ----------
    text
        In words, with numbers and units.
    label
        What it rests on.
    source
        Where it is from.
    """

    text: str
    label: Label
    source: str


@dataclass(frozen=True)
class FiringWindow:
    """Holds that are proposed, and statements about them.

    Attributes
    ----------
    calcination, sintering
        The holds.
    lines
        With label and source.
    is_known
        Whether the windows were reported for this family of compositions.
    """

    calcination: FiringStep
    sintering: FiringStep
    lines: tuple[Line, ...]
    is_known: bool


def is_lithium_lanthanum_titanate(target: TargetComposition) -> bool:
    """Say whether a product is LLTO, doped or not: mostly Li, La and Ti.

    Examples
    --------
    >>> from perolyte.synthesis import read_target
    >>> [is_lithium_lanthanum_titanate(read_target(f)) for f in ("Li1/3La5/9TiO3", "BaTiO3")]
    [True, False]
    """
    amounts = target.amounts
    if not {"Li", "La", "Ti"} <= set(amounts):
        return False
    cations = sum(n for element, n in amounts.items() if element != "O")
    own = sum(amounts[element] for element in ("Li", "La", "Ti"))
    return own > 0.7 * cations and amounts["Ti"] > 0.3 * cations


def find_firing(target: TargetComposition) -> FiringWindow:
    """Return the windows that were reported for LLTO; for others common practice, and say so."""
    calcination, sintering = FiringStep(900.0, 1.0), FiringStep(1200.0, 6.0)
    cover = Line(
        "cover the pellets and bury them in powder of the same composition: lithium leaves from "
        "the surface",
        "empirical rule",
        _PRACTICE,
    )
    if not is_lithium_lanthanum_titanate(target):
        calcination, sintering = FiringStep(1000.0, 6.0), FiringStep(1300.0, 6.0)
        few = (
            Line(
                "no window is known here for this composition: begin with calcination at 800 to "
                "1100 °C and sintering at 1200 to 1350 °C for 4 to 12 h, and follow the density",
                "hypothesis",
                f"{_PRACTICE}, taken over to this composition",
            ),
            cover,
        )
        return FiringWindow(calcination, sintering, few, is_known=False)
    lines = (
        Line(
            "calcine at 900 °C for 1 h, sinter at 1200 °C for 6 h: gave a lattice conductivity of "
            "1.14e-3 S/cm for Li0.29La0.57TiO3",
            "empirical rule",
            _SUTORIK,
        ),
        Line(
            "of 1100 to 1250 °C, 1200 °C gave the best grains (1.5e-3 S/cm) and boundaries "
            "(4.8e-5 S/cm, apparent)",
            "empirical rule",
            _TRONG,
        ),
        Line("sintering around 1300 °C was used as well", "empirical rule", _BELOUS),
        Line(
            "sintering temperature and lithium content together decide the boundaries: the best "
            "total conductivity so obtained was 4.8e-4 S/cm",
            "empirical rule",
            _KWON,
        ),
        cover,
        Line(
            "quenched samples are more disordered and conduct better, slow cooling orders La in "
            "layers: note the rate",
            "empirical rule",
            _REVIEW,
        ),
        Line(
            "one law of grain growth does not hold over the window: growth of titanate perovskites "
            "changes with temperature and may become abnormal, so measure the grains of each run",
            "empirical rule",
            "Rheinheimer and Hoffmann, doi 10.1007/s10853-015-9535-6",
        ),
    )
    return FiringWindow(calcination, sintering, lines, is_known=True)


def plan_characterisation(
    target: TargetComposition, *, density_g_cm3: float | None
) -> tuple[Line, ...]:
    """Return how the ceramic is looked at: phases, density, grains, lithium, conduction, stress.

    Parameters
    ----------
    target
        The product.
    density_g_cm3
        Of the perfect crystal, None where no volume is known.
    """
    is_llto = is_lithium_lanthanum_titanate(target)
    phases = (
        "; look for Li2TiO3, Li2Ti3O7, La2Ti2O7 and TiO2, and for superlattice peaks of a doubled "
        "c axis"
        if is_llto
        else "; look for the powders themselves and for their binary compounds"
    )
    dense = "" if density_g_cm3 is None else f" (95 % is {0.95 * density_g_cm3:.2f} g/cm³)"
    lines = [
        Line(f"XRD, 10 to 90° 2θ, Rietveld refinement{phases}", "empirical rule", _PRACTICE),
        Line(
            f"density by Archimedes, above 95 % of the X-ray density{dense}",
            "empirical rule",
            _PRACTICE,
        ),
        Line(
            "grain size from SEM or EBSD: mean lineal intercept times 1.56, for at least 200 "
            "grains",
            "empirical rule",
            "Mendelson, J. Am. Ceram. Soc. 52, 443 (1969); method: ISO 13383-1:2012",
        ),
        Line(
            "impedance from 1 Hz to 10 MHz (to 3 GHz if possible) at 10 to 50 mV with blocking Au "
            "or Pt electrodes, -40 to 100 °C: Kramers-Kronig test, then bulk, boundary and tail "
            "(perolyte impedance)",
            "empirical rule",
            _PRACTICE,
        ),
        Line(
            "activation energies from ln(σT) against 1/T, bulk and boundary apart",
            "empirical rule",
            _PRACTICE,
        ),
        Line("dc polarisation for the electronic part", "empirical rule", _PRACTICE),
        Line(
            "impedance at 0 to 1 GPa for the activation volume",
            "empirical rule",
            "Inaguma et al., J. Electrochem. Soc. 142, L8 (1995)",
        ),
    ]
    if "Li" in target.amounts:
        lines.insert(
            3,
            Line(
                "lithium by ICP after sintering: the composition is what was measured, not what "
                "was weighed",
                "empirical rule",
                _SUTORIK if is_llto else _PRACTICE,
            ),
        )
    return tuple(lines)
