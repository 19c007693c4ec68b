"""Which rows of a table are asked for; what is not there is said, with what is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict

from perolyte.errors import InputError

__all__ = ["Choice", "FilterOptions", "Range", "RowFilter"]

Range = float | tuple[float | None, float | None] | None
Choice = str | Sequence[str] | None

_TOLERANCE = 1e-6  # relative: a fraction of 1/36 is found as 0.0277778 too
_N_LISTED = 12


class FilterOptions(TypedDict, total=False):
    """Keyword arguments of every table, see `RowFilter`."""

    dopant: Choice
    fraction: Range
    temperature_K: Range
    family: Choice
    status: Choice


@dataclass(frozen=True)
class RowFilter:
    """Conditions that all must hold; None asks nothing.

    Attributes
    ----------
    dopant : str or sequence of str
        Elements; a co-doping has each of its own, and "Al+Nb" names it alone.
    fraction : float or tuple
        Of the dopant that the cell holds, or the range (lowest, highest) with None for no end.
    temperature_K : float or tuple
        K, or a range.
    family, campaign, status : str or sequence of str
        Allowed values.

    Raises
    ------
    InputError
        When a range is no range.

    Examples
    --------
    >>> RowFilter(fraction=(0.01, 0.03)).apply([{"fraction": 0.02}, {"fraction": 0.05}])
    [{'fraction': 0.02}]
    """

    dopant: Choice = None
    fraction: Range = None
    temperature_K: Range = None
    family: Choice = None
    campaign: Choice = None
    status: Choice = None

    @classmethod
    def from_options(cls, campaign: Choice, options: Mapping[str, Any]) -> RowFilter:
        """Make one from keyword arguments.

        Raises
        ------
        InputError
            When a keyword is no filter.
        """
        allowed = [field.name for field in fields(cls)]
        unknown = [name for name in options if name not in allowed]
        if unknown:
            raise InputError(f"there is no filter {unknown[0]!r}; use {', '.join(allowed)}")
        return cls(campaign=campaign, **options)

    def __post_init__(self) -> None:
        for name in ("fraction", "temperature_K"):
            _check_range(name, getattr(self, name))

    def apply(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows that are asked for.

        Raises
        ------
        InputError
            When a dopant, family, campaign or status occurs in none of the rows.
        """
        if not rows:
            return rows
        for name in ("campaign", "status", "family"):
            wanted = _as_list(getattr(self, name))
            if wanted is not None:
                _check_known(name, wanted, {str(row.get(name)) for row in rows if row.get(name)})
        dopants = _as_list(self.dopant)
        if dopants is not None:
            present = {part for row in rows for part in _split_dopant(row)}
            _check_known("dopant", dopants, present)
        for name in ("fraction", "temperature_K"):
            if getattr(self, name) is not None and not any(name in row for row in rows):
                raise InputError(f"these results have no {name}; leave that filter out")
        return [row for row in rows if self._accepts(row)]

    def _accepts(self, row: Mapping[str, Any]) -> bool:
        for name in ("campaign", "status", "family"):
            wanted = _as_list(getattr(self, name))
            if wanted is not None and row.get(name) not in wanted:
                return False
        dopants = _as_list(self.dopant)
        if dopants is not None and not _split_dopant(row).intersection(dopants):
            return False
        asked = ((row.get(name), getattr(self, name)) for name in ("fraction", "temperature_K"))
        return all(limits is None or _is_within(value, limits) for value, limits in asked)


def _as_list(choice: Choice) -> list[str] | None:
    if choice is None:
        return None
    return [choice] if isinstance(choice, str) else list(choice)


def _split_dopant(row: Mapping[str, Any]) -> set[str]:
    dopant = row.get("dopant")
    return set() if dopant is None else {dopant, *str(dopant).split("+")}


def _check_known(name: str, wanted: Sequence[str], present: set[str]) -> None:
    unknown = [value for value in wanted if value not in present]
    if unknown:
        listed = sorted(present)
        shown = ", ".join(listed[:_N_LISTED]) or "none"
        more = f" and {len(listed) - _N_LISTED} more" if len(listed) > _N_LISTED else ""
        raise InputError(
            f"{name} {unknown[0]!r} is not among these results; there is {shown}{more}"
        )


def _check_range(name: str, asked: Any) -> None:
    if asked is None:
        return
    ends = asked if isinstance(asked, tuple | list) else (asked, asked)
    is_numbers = all(
        end is None or (isinstance(end, int | float) and not isinstance(end, bool)) for end in ends
    )
    if len(ends) != 2 or not is_numbers or (None not in ends and ends[0] > ends[1]):
        raise InputError(
            f"{name} {asked!r} is not a number or a range; write for example 0.02, (0.01, 0.05) or "
            "(0.01, None)"
        )


def _is_within(value: Any, asked: Any) -> bool:
    if not isinstance(value, int | float):
        return False
    if not isinstance(asked, tuple | list):
        return abs(value - asked) <= _TOLERANCE * max(abs(asked), abs(value))
    low, high = asked
    return (low is None or value >= low) and (high is None or value <= high)
