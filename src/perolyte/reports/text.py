"""Numbers and formulas as text: no more digits than the error warrants, a dash for no number."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from markupsafe import Markup, escape

__all__ = [
    "DASH",
    "finite_or_none",
    "format_bounds",
    "format_energy",
    "format_given",
    "format_interval",
    "format_significant",
    "format_temperature",
    "format_upper_bound",
    "format_with_error",
    "formula_html",
    "formula_unicode",
    "reaction_html",
]

DASH: Final = "—"
"""What stands where there is no number."""

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_COUNT: Final = re.compile(r"(?<=[A-Za-z)\]])\d+(?:\.\d+)?")
_SITE_SPECIES: Final = re.compile(r"([A-Z][a-z]?)([×•′]+)_([A-Z][a-z]?)")
_PLAIN_EXPONENTS: Final = range(-2, 4)
_WIDE: Final = 100.0
"""Ratio of the ends of an interval above which each end is written with its own power of ten."""


def finite_or_none(value: float | None) -> float | None:
    """Return the number, or None where there is none (None, NaN, infinity).

    Examples
    --------
    >>> finite_or_none(float("nan")) is None, finite_or_none(0.0)
    (True, 0.0)
    """
    return None if value is None or not math.isfinite(value) else float(value)


def format_with_error(value: float | None, error: float | None) -> str:
    """Write a value with its standard error in parentheses, in units of the last digit.

    The error has two digits below 355 and one digit from there on, the rule of the Particle Data
    Group (doi 10.1093/ptep/ptac097, section 5.3 of the introduction).

    Parameters
    ----------
    value, error
        In one unit. Without a usable error the value gets two significant digits and no
        parentheses; without a value the text is a dash.

    Examples
    --------
    >>> format_with_error(1.234e-4, 5e-6), format_with_error(0.3127, 0.0184)
    ('1.23(5)×10⁻⁴', '0.313(18)')
    >>> format_with_error(None, None)
    '—'
    """
    value, error = finite_or_none(value), finite_or_none(error)
    if value is None:
        return DASH
    if error is None or error <= 0:
        return format_significant(value, 2)
    place = _place_of_error(error)
    units, error_units = _round_to(value, place), _round_to(error, place)
    base = place + max(_exponent(units), _exponent(error_units))
    if base in _PLAIN_EXPONENTS:
        decimals = max(0, -place)
        digits = error_units if place < 0 else error_units * 10**place
        return f"{_scale(units, place):.{decimals}f}({digits})"
    return f"{_scale(units, place - base):f}({error_units}){_power(base)}"


def format_energy(value: float | None) -> str:
    """Write an energy difference in eV, which has no error of its own: two decimals and a sign.

    Examples
    --------
    >>> format_energy(-0.1537), format_energy(0.0), format_energy(None)
    ('−0.15', '0', '—')
    """
    value = finite_or_none(value)
    if value is None:
        return DASH
    return f"{value:+.2f}".replace("-", "−") if value else "0"


def format_given(value: float) -> str:
    """Write a number that somebody stated, with the digits that it came with.

    Examples
    --------
    >>> format_given(1.6e-8), format_given(2.42)
    ('1.6×10⁻⁸', '2.42')
    """
    mantissa, _, exponent = f"{value:g}".partition("e")
    return mantissa + (_power(int(exponent)) if exponent else "")


def format_interval(value: float | None, lower: float | None, upper: float | None) -> str:
    """Write a value with the ends of its interval, all with the digits that the interval leaves.

    Parameters
    ----------
    value, lower, upper
        In one unit, lower <= value <= upper. A dash stands for a missing one.

    Examples
    --------
    >>> format_interval(1.234e-4, 0.4e-4, 3.8e-4)
    '1.2 (0.4–3.8)×10⁻⁴'
    >>> format_interval(1.2e-4, 3.1e-6, 4.4e-3)
    '1×10⁻⁴ (3×10⁻⁶ – 4×10⁻³)'
    """
    value, lower, upper = (finite_or_none(number) for number in (value, lower, upper))
    if value is None or lower is None or upper is None:
        return DASH
    side = min(value - lower, upper - value)
    if side <= 0:
        return format_significant(value, 2)
    place = _place_of_error(side / 2)
    if upper > _WIDE * lower or _round_to(lower, place) <= 0:
        ends = f"{format_significant(lower, 1)} – {format_significant(upper, 1)}"
        return f"{format_significant(value, 1)} ({ends})"
    base = max(_exponent(_round_to(value, place)) + place, place)
    shift = 0 if base in _PLAIN_EXPONENTS else base
    decimals = max(0, shift - place)
    middle, low, high = (
        f"{_scale(_round_to(number, place), place - shift):.{decimals}f}"
        for number in (value, lower, upper)
    )
    return f"{middle} ({low}–{high}){_power(shift)}"


def format_significant(value: float | None, digits: int) -> str:
    """Write a value with a number of significant digits.

    Examples
    --------
    >>> format_significant(3.456e-5, 2), format_significant(0.0, 2), format_significant(1432.0, 2)
    ('3.5×10⁻⁵', '0', '1400')
    """
    value = finite_or_none(value)
    if value is None:
        return DASH
    if value == 0:
        return "0"
    place = math.floor(math.log10(abs(value))) - digits + 1
    units = _round_to(value, place)
    if _exponent(units) == digits:  # 9.96 became 10.0, which has a digit too many
        place += 1
        units = _round_to(value, place)
    base = _exponent(units) + place
    if base in _PLAIN_EXPONENTS:
        return f"{_scale(units, place):.{max(0, -place)}f}"
    return f"{_scale(units, place - base):.{max(0, base - place)}f}{_power(base)}"


def format_upper_bound(value: float | None) -> str:
    """Write an upper bound with two digits, rounded up so that it stays one.

    Examples
    --------
    >>> format_upper_bound(3.41e-7)
    '< 3.5×10⁻⁷'
    """
    value = finite_or_none(value)
    if value is None or value <= 0:
        return DASH
    return f"< {_write_above(value)}"


def format_bounds(lower: float | None, upper: float | None) -> str:
    """Write the bounds of what has no value with two digits, rounded so that they stay bounds.

    Parameters
    ----------
    lower, upper
        In one unit, of any sign. None where there is no such bound.

    Examples
    --------
    >>> format_bounds(1.04e-6, 1.99e-5), format_bounds(-3e-7, 2e-6)
    ('1.0×10⁻⁶ – 2.0×10⁻⁵', '−3.0×10⁻⁷ – 2.0×10⁻⁶')
    >>> format_bounds(5.19e-3, None), format_bounds(None, 3.41e-7), format_bounds(None, None)
    ('> 5.1×10⁻³', '< 3.5×10⁻⁷', '—')
    """
    lower, upper = finite_or_none(lower), finite_or_none(upper)
    low = None if lower is None else _swap_sign(_write_above(-lower))
    high = None if upper is None else _write_above(upper).replace("-", "−")
    if low is not None and high is not None:
        return f"{low} – {high}"
    if low is not None:
        return f"> {low}"
    return DASH if high is None else f"< {high}"


def format_temperature(temperature_K: float) -> str:
    """Write a temperature with its unit.

    Examples
    --------
    >>> format_temperature(300.0)
    '300 K'
    """
    return f"{temperature_K:g} K"


def formula_unicode(formula: str) -> str:
    """Write the numbers of a chemical formula as subscripts.

    Examples
    --------
    >>> formula_unicode("Li3La7(TiO3)12"), formula_unicode("Li0.5La0.5TiO3")
    ('Li₃La₇(TiO₃)₁₂', 'Li₀.₅La₀.₅TiO₃')
    """
    return _COUNT.sub(lambda match: match[0].translate(_SUBSCRIPTS), formula)


def formula_html(formula: str) -> Markup:
    """Write a formula, or a reaction of formulas, as HTML with subscripts; all else is escaped.

    Examples
    --------
    >>> formula_html("2 SrO + La2O3")
    Markup('2 SrO + La<sub>2</sub>O<sub>3</sub>')
    """
    return Markup(_COUNT.sub(r"<sub>\g<0></sub>", str(escape(formula))))  # noqa: S704 (escaped)


def reaction_html(reaction: str) -> Markup:
    """Write a Kröger-Vink reaction as HTML: charges raised, sites lowered; all else is escaped.

    Examples
    --------
    >>> reaction_html("2 La•_A + O×_O → 2 Sr×_A + V••_O")[:29]
    Markup('2 La<sub>A</sub><sup>•</sup> ')
    """
    species = r"\1<sub>\3</sub><sup>\2</sup>"
    return Markup(_SITE_SPECIES.sub(species, str(escape(reaction))))  # noqa: S704 (escaped)


def _write_above(value: float) -> str:
    """Write a number with two digits, none of them taking it below what it is."""
    if value == 0:
        return "0"
    place = math.floor(math.log10(abs(value))) - 1
    # 1e-9: a bound of exactly 3.5e-7 is not to become 3.6e-7 by the rounding of binary numbers
    units = math.ceil(value / 10.0**place - 1e-9)
    return format_significant(units * 10.0**place, 2)


def _swap_sign(text: str) -> str:
    return text.removeprefix("-") if text.startswith("-") or text == "0" else f"−{text}"


def _place_of_error(error: float) -> int:
    """Return the power of ten of the last digit that the error leaves."""
    exponent = math.floor(math.log10(error))
    return exponent - 1 if error / 10.0**exponent < 3.55 else exponent


def _round_to(value: float, place: int) -> int:
    """Return the value in units of 10**place."""
    return int(Decimal(value).scaleb(-place).to_integral_value())


def _exponent(units: int) -> int:
    return len(str(abs(units))) - 1


def _scale(units: int, exponent: int) -> Decimal:
    return Decimal(units).scaleb(exponent)


def _power(exponent: int) -> str:
    return "" if exponent == 0 else f"×10{str(exponent).translate(_SUPERSCRIPTS)}"
