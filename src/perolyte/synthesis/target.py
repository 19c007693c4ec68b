"""The composition that is to be made, read from a formula."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from perolyte.errors import InputError
from perolyte.synthesis._masses import weigh_g_per_mol

__all__ = ["TargetComposition", "read_target"]

_FRACTION = re.compile(r"(\d+)/(\d+)")
_ALLOWED = re.compile(r"[A-Za-z0-9.()\[\]/ ]{1,200}")
_MAX_AMOUNT = 1e5


@dataclass(frozen=True)
class TargetComposition:
    """Amounts of the elements in one formula unit.

    Attributes
    ----------
    formula
        As written.
    amounts
        Element to number of atoms, in the order of the formula.
    molar_mass_g
        g/mol of formula units.
    """

    formula: str
    amounts: dict[str, float]
    molar_mass_g: float


def read_target(formula: str) -> TargetComposition:
    """Read a formula; amounts may be decimal numbers or fractions.

    Parameters
    ----------
    formula
        Such as ``"Li1/3La5/9TiO3"`` or ``"Li0.33La0.557TiO3"``.

    Returns
    -------
    TargetComposition

    Raises
    ------
    InputError
        For text that is no formula of elements with positive amounts.

    Examples
    --------
    >>> target = read_target("Li1/3La5/9TiO3")
    >>> round(target.molar_mass_g, 3), round(target.amounts["La"], 4)
    (175.347, 0.5556)
    """
    from pymatgen.core import Composition

    text = formula.strip()
    hint = "write it such as Li1/3La5/9TiO3 or Li0.33La0.557TiO3"
    if not _ALLOWED.fullmatch(text):
        raise InputError(f"{formula[:60]!r} is not a formula; {hint}")
    try:
        decimal = _FRACTION.sub(lambda found: _to_decimal(found[1], found[2]), text)
        composition = Composition(decimal, strict=True)
    except (ValueError, ZeroDivisionError, KeyError, TypeError, OverflowError) as error:
        raise InputError(
            f"{formula[:60]!r} is not a formula of known elements ({_first_line(error)}); {hint}"
        ) from error
    amounts = {str(element): float(n) for element, n in composition.items()}
    if not amounts or not all(0 < n <= _MAX_AMOUNT for n in amounts.values()):
        raise InputError(f"{formula[:60]!r} has an amount that cannot be; {hint}")
    return TargetComposition(text, amounts, weigh_g_per_mol(amounts))


def _to_decimal(numerator: str, denominator: str) -> str:
    return f"{float(Fraction(int(numerator), int(denominator))):.12f}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:80]
