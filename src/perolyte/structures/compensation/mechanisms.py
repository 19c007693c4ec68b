"""The single steps that balance a charge: an ion leaves, enters an empty site, or is exchanged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.structures.sublattices import Sublattices

__all__ = ["Mechanism", "list_mechanisms", "select_species"]


@dataclass(frozen=True)
class Mechanism:
    """One step on one sublattice.

    Attributes
    ----------
    lost, gained : str
        What vanishes from a site and what appears on it: an element, or the key of an empty site.
    charge : int
        Change of the charge of the cell, in e.
    kind : str
        "vacancy", "fill" or "exchange".
    """

    lost: str
    gained: str
    charge: int
    kind: str


def select_species(
    sublattices: Sublattices,
    *,
    empty_sites: Mapping[str, int | bool],
    allowed: Collection[str] | None,
) -> tuple[frozenset[str], frozenset[str]]:
    """Say which species may vanish and which may appear to balance the charge.

    Parameters
    ----------
    sublattices : Sublattices
        Of the parent.
    empty_sites : mapping of str to int or bool
        Sublattices with empty sites in the parent, by name.
    allowed : collection of str or None
        Elements and keys of vacancies that may change; None for all elements, and vacancies where
        the sublattice ``can_empty`` or has empty sites.

    Returns
    -------
    tuple of frozenset of str
        Species that may vanish, and species that may appear.

    Raises
    ------
    InputError
        When a name is unknown.
    """
    for name in empty_sites:
        if name not in sublattices.names:
            raise InputError(
                f"empty_sites names the sublattice {name!r}, allowed are "
                f"{', '.join(sublattices.names)}; correct it"
            )
    known = {*sublattices.elements, *(member.vacancy for member in sublattices.members)}
    wrong = sorted(set(allowed or ()) - known)
    if wrong:
        raise InputError(
            f"allowed names {wrong[0]!r}, which is no element or vacancy of the parent; "
            f"known are {', '.join(sorted(known))}"
        )
    elements = {e for e in sublattices.elements if allowed is None or e in allowed}
    present = {m.vacancy for m in sublattices.members if empty_sites.get(m.name, 0)}
    may_form = {
        member.vacancy
        for member in sublattices.members
        if (
            member.can_empty or member.vacancy in present
            if allowed is None
            else member.vacancy in allowed
        )
    }
    may_fill = present if allowed is None else present & set(allowed)
    return frozenset(elements | may_fill), frozenset(elements | may_form)


def list_mechanisms(
    sublattices: Sublattices,
    *,
    states: Mapping[str, int],
    may_vanish: Collection[str],
    may_appear: Collection[str],
) -> tuple[Mechanism, ...]:
    """List every step that changes the charge, sublattice by sublattice.

    Parameters
    ----------
    sublattices : Sublattices
        Of the parent.
    states : mapping of str to int
        Oxidation state of each element, in e.
    may_vanish, may_appear : collection of str
        As :func:`select_species` gives them.

    Returns
    -------
    tuple of Mechanism
        In the order of the sublattices and their elements.
    """
    steps = []
    for member in sublattices.members:
        species = (*member.elements, member.vacancy)
        for lost in species:
            for gained in species:
                charge = states.get(gained, 0) - states.get(lost, 0)
                if charge and lost in may_vanish and gained in may_appear:
                    kind = (
                        "vacancy"
                        if gained == member.vacancy
                        else "fill"
                        if lost == member.vacancy
                        else "exchange"
                    )
                    steps.append(Mechanism(lost, gained, charge, kind))
    return tuple(steps)
