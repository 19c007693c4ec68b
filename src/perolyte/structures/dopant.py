"""What enters a parent, how much of it, and which ions it displaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.structures._counting import check_element
from perolyte.structures.oxidation import COMMON_STATES
from perolyte.structures.radii import find_ionic_radius
from perolyte.structures.sublattices import Sublattice, Sublattices

__all__ = ["FRACTION_BASES", "Dopant", "find_candidate_sublattices", "place_dopant"]

FRACTION_BASES = ("A_sites", "B_sites", "element", "formula_unit")
"""What a dopant fraction counts: all A sites (empty ones too), all B sites, the atoms of the
element that the dopant replaces, or formula units (one per B site in a perovskite)."""

_COORDINATION = 6  # the one number at which nearly every ion is tabulated
_MISMATCH_PER_CHARGE = 0.1  # a difference of 1 e counts like 10 % of the radius
_CLEAR_MARGIN = 0.15  # ions within 15 % of each other in size mix: the rule of Hume-Rothery


@dataclass(frozen=True)
class Dopant:
    """One element that enters the parent.

    Attributes
    ----------
    element : str
        Symbol.
    oxidation_state : int or None
        State in e; None takes the element's one common state.
    host : str or None
        Element of the parent that it replaces; None leaves this to the compensation.
    count : int or None
        Dopants in the cell. Give either this or ``fraction``.
    fraction : float or None
        Dopants per ``basis``, above 0 up to 1.
    basis : str or None
        One of :data:`FRACTION_BASES`; needed with ``fraction``. 1 % of La is not 1 % of A sites.

    Examples
    --------
    >>> Dopant("Sr", host="La", fraction=0.02, basis="A_sites").charge
    2
    """

    element: str
    oxidation_state: int | None = None
    host: str | None = None
    count: int | None = None
    fraction: float | None = None
    basis: str | None = None

    def __post_init__(self) -> None:
        check_element(self.element, "dopant")
        what = f"dopant {self.element}"
        if self.host is not None:
            check_element(self.host, "host")
        if self.host == self.element:
            raise InputError(
                f"{what}: the host is {self.host} too; give another element of the parent"
            )
        if (self.count is None) == (self.fraction is None):
            raise InputError(
                f"{what}: count is {self.count} and fraction is {self.fraction}; "
                "give exactly one of them"
            )
        if self.fraction is None:
            self._check_count(what)
            return
        if not 0.0 < self.fraction <= 1.0:
            raise InputError(
                f"{what}: fraction is {self.fraction}, allowed is above 0 up to 1; "
                "give e.g. 0.02 for 2 %"
            )
        if self.basis not in FRACTION_BASES:
            raise InputError(
                f"{what}: basis is {self.basis!r}, allowed with a fraction are "
                f"{', '.join(FRACTION_BASES)}; give one of them"
            )

    def _check_count(self, what: str) -> None:
        if not isinstance(self.count, int) or isinstance(self.count, bool) or self.count < 1:
            raise InputError(f"{what}: count is {self.count!r}, allowed are integers from 1")
        if self.basis is not None:
            raise InputError(
                f"{what}: basis {self.basis!r} goes with a fraction, and a count is given; "
                "leave basis out"
            )

    @property
    def charge(self) -> int:
        """Oxidation state in e; InputError when it is neither given nor unique."""
        if self.oxidation_state is not None:
            return self.oxidation_state
        if self.element not in COMMON_STATES:
            raise InputError(
                f"dopant {self.element} has no single common oxidation state; "
                "give oxidation_state, e.g. 3"
            )
        return COMMON_STATES[self.element]


def find_candidate_sublattices(
    dopant: Dopant, *, sublattices: Sublattices, states: Mapping[str, int]
) -> tuple[Sublattice, ...]:
    """Find the sublattices that a dopant could enter: its host's, or all of ions of its sign.

    Parameters
    ----------
    dopant : Dopant
        The dopant.
    sublattices : Sublattices
        Of the parent.
    states : mapping of str to int
        Oxidation state of each element of the parent, in e.

    Returns
    -------
    tuple of Sublattice
        At least one.

    Raises
    ------
    InputError
        When the host or ions of this sign are not in the structure, or the dopant is.
    """
    if dopant.element in sublattices.elements:
        raise InputError(
            f"the dopant {dopant.element} is already an element of the parent "
            f"({', '.join(sorted(sublattices.elements))}); choose another dopant"
        )
    if dopant.host is not None:
        if dopant.host not in sublattices.elements:
            raise InputError(
                f"dopant {dopant.element}: the host {dopant.host} is not in the structure, "
                f"allowed are {', '.join(sublattices.elements)}; choose one of them"
            )
        return (sublattices.find(dopant.host),)
    found = tuple(
        member
        for member in sublattices.members
        if any(states[element] * dopant.charge > 0 for element in member.elements)
    )
    if not found:
        raise InputError(
            f"dopant {dopant.element} has the charge {dopant.charge:+d} e, and no sublattice holds "
            "ions of this sign; give its oxidation_state, or its host"
        )
    return found


def place_dopant(
    dopant: Dopant, *, sublattices: Sublattices, states: Mapping[str, int]
) -> Sublattice:
    """Choose the sublattice of a dopant: its host's, or the one whose ions it resembles most.

    The misfit to an ion is the relative difference of the Shannon radii at coordination six, plus
    0.1 for each unit of charge; a sublattice counts with its best ion. It is taken when every
    other one fits worse by at least 0.15. This separates Sr on A from Al on B in LLTO, and leaves
    to the user what may go either way: Y in BaZrO3, Al in a garnet, F in Li3OCl.

    Parameters
    ----------
    dopant : Dopant
        The dopant.
    sublattices : Sublattices
        Of the parent.
    states : mapping of str to int
        Oxidation state of each element of the parent, in e.

    Returns
    -------
    Sublattice
        Where the dopant goes.

    Raises
    ------
    InputError
        When the host is not in the structure, or two sublattices fit about equally well.

    Examples
    --------
    >>> from perolyte.structures.sublattices import build_sublattices
    >>> states = {"Sr": 2, "Ti": 4, "O": -2}
    >>> parent = build_sublattices({"A": "Sr", "B": "Ti", "X": "O"}, states=states)
    >>> place_dopant(Dopant("La", count=1), sublattices=parent, states=states).name
    'A'
    """
    candidates = find_candidate_sublattices(dopant, sublattices=sublattices, states=states)
    if len(candidates) == 1:
        return candidates[0]
    ranked = sorted(
        (min(_measure_misfit(dopant, e, states[e]) for e in member.elements), index)
        for index, member in enumerate(candidates)
    )
    close = [candidates[i] for misfit, i in ranked if misfit - ranked[0][0] < _CLEAR_MARGIN]
    if len(close) > 1:
        raise InputError(
            f"dopant {dopant.element} may go onto {' or '.join(m.label for m in close)}: radii and "
            f"charges fit about equally well; give host, e.g. host={close[0].elements[0]!r}"
        )
    return close[0]


def _measure_misfit(dopant: Dopant, element: str, state: int) -> float:
    own = find_ionic_radius(dopant.element, dopant.charge, coordination=_COORDINATION)
    other = find_ionic_radius(element, state, coordination=_COORDINATION)
    mismatch = abs(own.radius_A - other.radius_A) / other.radius_A
    return round(mismatch + _MISMATCH_PER_CHARGE * abs(dopant.charge - state), 9)
