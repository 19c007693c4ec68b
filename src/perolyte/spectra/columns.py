"""What the columns of an impedance table are, from their titles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from perolyte.errors import InputError

__all__ = ["Column", "find_columns", "names_frequency"]

Role = Literal["frequency", "real", "imaginary"]
_NAMES: dict[Role, frozenset[str]] = {
    "frequency": frozenset({"f", "freq", "frequency", "frequenz"}),
    "real": frozenset(
        {"z'", "zre", "zr", "zreal", "re", "real", "re(z)", "real(z)", "rez", "z're", "z'real"}
    ),
    "imaginary": frozenset(
        {"z''", "zim", "zi", "zimag", "im", "imag", "im(z)", "imag(z)", "imaginary", "imz"}
    ),
}
_UNITS: dict[Role, frozenset[str]] = {
    "frequency": frozenset({"hz"}),
    "real": frozenset({"ohm", "ohms", "ω"}),
    "imaginary": frozenset({"ohm", "ohms", "ω"}),
}
_PREFIXES = {"m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_PRIMES = str.maketrans({"′": "'", "’": "'", "‘": "'", "`": "'", "´": "'", "″": "''", "”": "''"})
_MINUS = "-−–"
_UNIT_END = re.compile(
    r"^(?P<name>.+?)\s*(?:/\s*(?P<slash>[^/()\[\]]+)|[\[(](?P<braces>[^\[\]()]+)[\])])$"
)
_NO_UNIT = frozenset({"z", "a", "b"})
"""In brackets these belong to the name: Re(Z), and Z'(a) of one program."""


@dataclass(frozen=True)
class Column:
    """Where a quantity stands, and what its numbers are multiplied by.

    Attributes
    ----------
    index
        Of the column, from 0.
    factor
        To Hz or Ω.
    is_negated
        Whether the title has a minus sign.
    """

    index: int
    factor: float
    is_negated: bool


def names_frequency(titles: Sequence[str]) -> bool:
    """Tell whether one of the titles is that of a frequency.

    Examples
    --------
    >>> names_frequency(["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"]), names_frequency(["1", "2"])
    (True, False)
    """
    return any(_split_title(title)[0] in _NAMES["frequency"] for title in titles)


def find_columns(titles: Sequence[str]) -> dict[Role, Column]:
    """Return the columns of frequency, real and imaginary part.

    Raises
    ------
    InputError
        When one is missing or there twice, or has a unit other than Hz or Ω with a prefix.

    Examples
    --------
    >>> found = find_columns(["freq (kHz)", "Z' (Ohm)", "-Z'' (Ohm)"])
    >>> found["frequency"].factor, found["imaginary"].is_negated
    (1000.0, True)
    """
    found: dict[Role, Column] = {}
    for index, title in enumerate(titles):
        name, unit, is_negated = _split_title(title)
        role = next((role for role, names in _NAMES.items() if name in names), None)
        if role is None:
            continue
        if role in found:
            raise InputError(
                f"columns {found[role].index + 1} and {index + 1} both hold the {role} "
                f"({title.strip()!r}); leave one"
            )
        factor = _read_unit(unit, role, title)
        found[role] = Column(index, factor, is_negated and role == "imaginary")
    missing = [role for role in _NAMES if role not in found]
    if missing:
        shown = ", ".join(repr(title.strip()) for title in titles[:8])
        raise InputError(
            f"no column of the {' and '.join(missing)} among {shown}; name them freq, Z' and Z'' "
            "(or -Z''), with Hz and Ohm"
        )
    return found


def _split_title(title: str) -> tuple[str, str | None, bool]:
    """Return the name in short form, the unit, and whether a minus sign leads."""
    text = title.strip().translate(_PRIMES).replace('""', "''").strip('"').strip()
    text = text.replace('"', "''")
    is_negated = text.startswith(tuple(_MINUS))
    text = text.lstrip(_MINUS).strip()
    unit = None
    match = _UNIT_END.match(text)
    if match:
        inside = (match["slash"] or match["braces"]).strip()
        if inside.lower() in _NO_UNIT:
            is_name = match["braces"] is not None and inside.lower() == "z"
            text = text if is_name else match["name"]
        else:
            text, unit = match["name"], inside
    short = re.sub(r"[\s_.]+", "", text.lower())
    return short, unit, is_negated


def _read_unit(unit: str | None, role: Role, title: str) -> float:
    if unit is None:
        return 1.0
    allowed = _UNITS[role]
    if unit.lower() in allowed:
        return 1.0
    if unit[:1] in _PREFIXES and unit[1:].lower() in allowed:
        return _PREFIXES[unit[0]]
    raise InputError(
        f"column {title.strip()!r} has the unit {unit!r}; it must be Hz, or Ohm for "
        "impedances, with m, k, M or G before it: convert the numbers"
    )
