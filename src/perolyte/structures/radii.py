"""Effective ionic radii of Shannon (doi 10.1107/S0567739476001551), one ion at a time.

The numbers are those of pymatgen's element data. Effective ionic radii (O2- in sixfold
coordination is 1.40 Å) are used throughout, never crystal radii, in which cations are 0.14 Å larger
and anions 0.14 Å smaller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from perolyte.errors import InputError

__all__ = ["IonicRadius", "find_ionic_radius", "list_tabulated_states"]

_NUMERALS = (
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
)
_COORDINATIONS = {numeral: number for number, numeral in enumerate(_NUMERALS, start=1)}
# Shannon has no Sn2+; tin(II) halide perovskites need one. Value of Bartel et al. (their table S1).
_ADDED_RADII_A = {("Sn", 2): (6, 1.15)}
_ADDED_SOURCE = "Bartel 2019, doi 10.1126/sciadv.aav0693"
_SHANNON_SOURCE = "Shannon 1976, doi 10.1107/S0567739476001551"


@dataclass(frozen=True)
class IonicRadius:
    """The radius of one ion and what it was tabulated for.

    Attributes
    ----------
    element : str
        Symbol of the element.
    oxidation_state : int
        Charge of the ion, in e.
    coordination : int
        Coordination number the radius is tabulated for.
    requested_coordination : int
        Coordination number that was asked for; differs where the table has no such entry.
    radius_A : float
        Effective ionic radius, in Å.
    spin : str
        "high", "low", or "" where the table makes no difference.
    source : str
        Where the number comes from, with its DOI.
    """

    element: str
    oxidation_state: int
    coordination: int
    requested_coordination: int
    radius_A: float
    spin: str
    source: str

    @property
    def label(self) -> str:
        """The ion as it is written: ``Li+``, ``Ti4+``, ``O2-``."""
        size, sign = abs(self.oxidation_state), "+" if self.oxidation_state > 0 else "-"
        return f"{self.element}{size if size > 1 else ''}{sign}"


def list_tabulated_states(element: str) -> tuple[int, ...]:
    """List the oxidation states of an element that have a positive radius.

    Parameters
    ----------
    element : str
        Symbol of the element.

    Returns
    -------
    tuple of int
        States in e, ascending; empty when there are none.

    Examples
    --------
    >>> list_tabulated_states("Ti")
    (2, 3, 4)
    """
    return tuple(sorted(_tabulated(element)))


@cache
def find_ionic_radius(element: str, oxidation_state: int, *, coordination: int) -> IonicRadius:
    """Look up an ion at a coordination number, or at the nearest one that is tabulated.

    Of two coordination numbers equally near, the lower is taken. Of two spin states, high spin is
    taken: oxygen and the halogens are weak ligands, and Bartel et al. do the same.

    Parameters
    ----------
    element : str
        Symbol of the element.
    oxidation_state : int
        Charge of the ion, in e.
    coordination : int
        Wanted coordination number; 12 for the A site of a perovskite, 6 for B and X.

    Returns
    -------
    IonicRadius
        The radius and the coordination number it belongs to.

    Raises
    ------
    InputError
        When the element does not exist or the ion has no positive radius.

    Examples
    --------
    >>> find_ionic_radius("Li", 1, coordination=12)
    IonicRadius(element='Li', oxidation_state=1, coordination=8, requested_coordination=12, \
radius_A=0.92, spin='', source='Shannon 1976, doi 10.1107/S0567739476001551')
    """
    table = _tabulated(element)
    entries = table.get(oxidation_state)
    if not entries:
        known = ", ".join(f"{state:+d}" for state in sorted(table)) or "none"
        raise InputError(
            f"{element} with oxidation state {oxidation_state:+d} has no Shannon radius, tabulated "
            f"are {known}; give other oxidation states"
        )
    # "high" sorts before "low"; then the smaller radius of square and tetrahedral entries.
    number, spin, radius_A, source = min(
        entries, key=lambda entry: (abs(entry[0] - coordination), entry[0], entry[1], entry[2])
    )
    return IonicRadius(element, oxidation_state, number, coordination, radius_A, spin, source)


@cache
def _tabulated(element: str) -> dict[int, tuple[tuple[int, str, float, str], ...]]:
    """Entries (coordination, spin, radius in Å, source) of each oxidation state of an element."""
    from pymatgen.core.periodic_table import Element

    if not Element.is_valid_symbol(element):
        raise InputError(f"{element!r} is no chemical element; correct its symbol")
    entries: dict[int, list[tuple[int, str, float, str]]] = {}
    for state, by_coordination in (Element(element).data.get("Shannon radii") or {}).items():
        for numeral, by_spin in by_coordination.items() if state else ():
            # IVSQ, IVPY and IIIPY are square and pyramidal variants of the same number.
            number = _COORDINATIONS[numeral.removesuffix("SQ").removesuffix("PY")]
            for spin, values in by_spin.items():
                radius_A = float(values["ionic_radius"])
                # H+ and C4+ have negative entries, which have no meaning as a size.
                if math.isfinite(radius_A) and radius_A > 0.0:
                    kind = spin.removesuffix(" Spin").lower()
                    entries.setdefault(int(state), []).append(
                        (number, kind, radius_A, _SHANNON_SOURCE)
                    )
    for (symbol, state), (number, radius_A) in _ADDED_RADII_A.items():
        if symbol == element and state not in entries:
            entries[state] = [(number, "", radius_A, _ADDED_SOURCE)]
    return {state: tuple(rows) for state, rows in entries.items()}
