"""One neutral way to dope: what changes with the smallest whole number of dopants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perolyte.errors import InputError

__all__ = ["Compensation"]


@dataclass(frozen=True)
class Compensation:
    """Changes of a parent that go with its dopants; charges and sites balance.

    Attributes
    ----------
    name : str
        "S1" to "S5" and "A1" to "A4" where such a mechanism is meant, "isovalent",
        "self-compensated", or a name made of what is replaced and what balances it, such as
        "Sr-vSr"; letters, digits and hyphens.
    dopants : mapping of str to int
        Dopants per unit, the smallest whole numbers.
    replaced : mapping of str to str
        Species of the parent that each dopant displaces: an element, or the key of an empty site.
    placed : mapping of str to str
        Name of the sublattice of each dopant.
    changes : mapping of str to int
        Ions of the parent added (positive) or removed per unit; ``"vacancy_A"`` and the like
        count the empty sites of a sublattice.
    description : str
        The same in words.
    reaction : str
        Site reaction of one unit in Kröger-Vink notation.
    """

    name: str
    dopants: Mapping[str, int]
    replaced: Mapping[str, str]
    placed: Mapping[str, str]
    changes: Mapping[str, int]
    description: str
    reaction: str

    @property
    def unit(self) -> dict[str, int]:
        """All changes of one unit, dopants first."""
        return {**self.dopants, **self.changes}

    def apply(self, count: int, *, element: str | None = None) -> dict[str, int]:
        """Multiply the unit to a number of dopants.

        Parameters
        ----------
        count : int
            Number of dopants in the cell, a multiple of those of one unit.
        element : str, optional
            Which dopant is counted; the first one when left out.

        Returns
        -------
        dict of str to int
            All changes of the cell, dopants first.

        Raises
        ------
        InputError
            When the count is no positive multiple; the nearest ones are named.

        Examples
        --------
        >>> s3 = Compensation("S3", {"Sr": 2}, {"Sr": "La"}, {"Sr": "A"}, {"La": -1, "Li": -1},
        ...                   "", "")
        >>> s3.apply(4)
        {'Sr': 4, 'La': -2, 'Li': -2}
        """
        counted = element if element is not None else next(iter(self.dopants))
        if counted not in self.dopants:
            raise InputError(
                f"{counted} is no dopant of {self.name}; allowed are {', '.join(self.dopants)}"
            )
        step = self.dopants[counted]
        if not isinstance(count, int) or isinstance(count, bool) or count < 1 or count % step:
            below = count // step * step if count > 0 else 0
            allowed = [f"{n:g}" for n in (below, below + step) if n > 0]
            raise InputError(
                f"{count} {counted} with {self.name}: the count must be a positive multiple of "
                f"{step}; nearest {'are' if len(allowed) > 1 else 'is'} {' and '.join(allowed)}"
            )
        return {species: change * (count // step) for species, change in self.unit.items()}
