"""Site reactions in Kröger-Vink notation: written from changes, and checked by reading them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from perolyte.errors import InputError
from perolyte.structures.sublattices import Sublattice, Sublattices

__all__ = ["find_imbalances", "format_ion", "write_site_reaction"]

_ARROW = " → "
_PLUS = " + "
_TERM = re.compile(r"(?:(?P<n>\d+) )?(?P<symbol>[A-Z][a-z]?|v)(?P<marks>×|•+|′+)_(?P<site>\S+)")


def format_ion(symbol: str, charge: int) -> str:
    """Write an ion the way chemists do.

    Parameters
    ----------
    symbol : str
        Element.
    charge : int
        Oxidation state, in e.

    Returns
    -------
    str
        Symbol, number and sign; the number 1 is left out.

    Examples
    --------
    >>> format_ion("Al", 3), format_ion("Li", 1), format_ion("O", -2)
    ('Al3+', 'Li+', 'O2-')
    """
    number = "" if abs(charge) == 1 else str(abs(charge))
    return f"{symbol}{number}{'-' if charge < 0 else '+'}"


def write_site_reaction(
    changes: Mapping[str, int],
    *,
    placed: Mapping[str, str],
    states: Mapping[str, int],
    sublattices: Sublattices,
) -> str:
    """Write changes of sites as a reaction in Kröger-Vink notation.

    The notation is that of doi 10.1016/S0081-1947(08)60135-6. Effective charges refer to
    ``reference_charge`` of each sublattice; papers that take one host ion of a mixed sublattice as
    reference write other charges for the same reaction. A vacancy is V, or v where vanadium takes
    part.

    Parameters
    ----------
    changes : mapping of str to int
        Ions and vacancies (keys of :func:`~perolyte.structures.sublattices.format_vacancy`) that
        appear (positive) or vanish.
    placed : mapping of str to str
        Sublattice of each dopant.
    states : mapping of str to int
        Oxidation state of each element, dopants included, in e.
    sublattices : Sublattices
        Of the parent.

    Returns
    -------
    str
        What vanishes → what appears, in the order of ``changes``.

    Examples
    --------
    >>> from perolyte.structures.sublattices import build_sublattices
    >>> states = {"Sr": 2, "Ti": 4, "O": -2}
    >>> parent = build_sublattices({"A": "Sr", "B": "Ti", "X": "O"}, states=states)
    >>> write_site_reaction({"Al": 2, "Ti": -2, "O": -1, "vacancy_X": 1}, placed={"Al": "B"},
    ...                     states={**states, "Al": 3}, sublattices=parent)
    '2 Ti×_Ti + O×_O → 2 Al′_Ti + V••_O'
    """
    left: list[str] = []
    right: list[str] = []
    for species, change in changes.items():
        site = _find_site(species, placed, sublattices)
        is_vacancy = species == site.vacancy
        symbol = _vacancy_symbol(states) if is_vacancy else species
        effective = (0 if is_vacancy else states[species]) - site.reference_charge
        marks = "×" if effective == 0 else ("•" if effective > 0 else "′") * abs(effective)
        number = f"{abs(change)} " if abs(change) > 1 else ""
        (right if change > 0 else left).append(f"{number}{symbol}{marks}_{site.label}")
    return f"{_PLUS.join(left)}{_ARROW}{_PLUS.join(right)}"


def find_imbalances(
    reaction: str,
    changes: Mapping[str, int],
    *,
    placed: Mapping[str, str],
    states: Mapping[str, int],
    sublattices: Sublattices,
) -> tuple[str, ...]:
    """Read a reaction back and list where its mass, sites or charges do not balance.

    Parameters
    ----------
    reaction : str
        As :func:`write_site_reaction` writes it.
    changes : mapping of str to int
        Changes that the reaction should express: what appears less what vanishes.
    placed : mapping of str to str
        Sublattice of each dopant.
    states : mapping of str to int
        Oxidation state of each element, dopants included, in e.
    sublattices : Sublattices
        Of the parent.

    Returns
    -------
    tuple of str
        One line for each imbalance; empty when all balance.

    Raises
    ------
    InputError
        When the text is no such reaction.

    Examples
    --------
    >>> from perolyte.structures.sublattices import build_sublattices
    >>> states = {"Sr": 2, "Ti": 4, "O": -2}
    >>> parent = build_sublattices({"A": "Sr", "B": "Ti", "X": "O"}, states=states)
    >>> find_imbalances("Ti×_Ti → Al′_Ti", {"Al": 1, "Ti": -1}, placed={"Al": "B"},
    ...                 states={**states, "Al": 3}, sublattices=parent)
    ('effective charges: 0 → -1',)
    """
    sides = [_read_side(side) for side in reaction.split(_ARROW)]
    if len(sides) != 2:
        raise InputError(f"{reaction!r} is no site reaction; write it as 'Ti×_Ti → Zr×_Ti'")
    problems: list[str] = []
    net = Counter(sides[1])
    net.subtract(sides[0])
    wanted: Counter[tuple[str, int, str]] = Counter()
    for species, change in changes.items():
        site = _find_site(species, placed, sublattices)
        is_vacancy = species == site.vacancy
        symbol = _vacancy_symbol(states) if is_vacancy else species
        effective = (0 if is_vacancy else states[species]) - site.reference_charge
        wanted[(symbol, effective, site.label)] += change
    for key in sorted(set(net) | set(wanted)):
        if net[key] != wanted[key]:
            problems.append(
                f"{key[0]} of effective charge {key[1]:+d} on {key[2]}: "
                f"{net[key]:+d} instead of {wanted[key]:+d}"
            )
    charges = [sum(n * effective for (_, effective, _), n in side.items()) for side in sides]
    if charges[0] != charges[1]:
        problems.append(f"effective charges: {charges[0]} → {charges[1]}")
    for label in sorted({label for side in sides for _, _, label in side}):
        here = [sum(n for (_, _, site), n in side.items() if site == label) for side in sides]
        if here[0] != here[1]:
            problems.append(f"sites {label}: {here[0]} → {here[1]}")
    return tuple(problems)


def _find_site(species: str, placed: Mapping[str, str], sublattices: Sublattices) -> Sublattice:
    if species in placed:
        return sublattices.get(placed[species])
    for member in sublattices.members:
        if member.vacancy == species:
            return member
    return sublattices.find(species)


def _vacancy_symbol(states: Mapping[str, int]) -> str:
    return "v" if "V" in states else "V"


def _read_side(side: str) -> Counter[tuple[str, int, str]]:
    """Count the terms (symbol, effective charge, site) of one side."""
    terms: Counter[tuple[str, int, str]] = Counter()
    for text in side.split(_PLUS):
        match = _TERM.fullmatch(text)
        if match is None:
            raise InputError(f"{text!r} is no term of a site reaction; write e.g. '2 Al′_Ti'")
        marks = match["marks"]
        effective = marks.count("•") - marks.count("′")
        terms[(match["symbol"], effective, match["site"])] += int(match["n"] or 1)
    return terms
