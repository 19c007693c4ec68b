"""A doping as a small problem in whole numbers: what enters where, and what may balance it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from perolyte.errors import InputError
from perolyte.structures.compensation.mechanisms import (
    Mechanism,
    list_mechanisms,
    select_species,
)
from perolyte.structures.dopant import Dopant
from perolyte.structures.sublattices import Sublattice, Sublattices

__all__ = ["Problem", "find_residue", "prepare_problem", "read_ratio"]

_MAX_DENOMINATOR = 1000  # fractions are given with a few digits


@dataclass(frozen=True)
class Problem:
    """What to balance.

    Attributes
    ----------
    ratio : dict of str to int
        Dopants in lowest terms.
    charges : dict of str to int
        Their charges, in e.
    placed : dict of str to Sublattice
        Where they go.
    hosts : dict of str to tuple of str
        Species of the parent that each could displace there.
    required : dict of str to str
        The one that it must displace, where the user said so.
    states : dict of str to int
        Oxidation state of each element of the parent, in e.
    sublattices : Sublattices
        Of the parent.
    mechanisms : tuple of Mechanism
        Steps that may balance the charge.
    """

    ratio: dict[str, int]
    charges: dict[str, int]
    placed: dict[str, Sublattice]
    hosts: dict[str, tuple[str, ...]]
    required: dict[str, str]
    states: dict[str, int]
    sublattices: Sublattices
    mechanisms: tuple[Mechanism, ...]


def prepare_problem(
    dopants: Sequence[Dopant],
    placed: Sequence[Sublattice],
    ratio: Sequence[int] | None,
    states: Mapping[str, int],
    sublattices: Sublattices,
    *,
    empty_sites: Mapping[str, int | bool],
    allowed: Collection[str] | None,
) -> Problem:
    """Check the parts of a doping and list what may balance it.

    Parameters
    ----------
    dopants : sequence of Dopant
        What enters.
    placed : sequence of Sublattice
        Where each dopant goes.
    ratio : sequence of int or None
        As in :func:`read_ratio`.
    states : mapping of str to int
        Oxidation state of each element of the parent, in e.
    sublattices : Sublattices
        Of the parent.
    empty_sites, allowed
        As in :func:`~perolyte.structures.compensation.mechanisms.select_species`.

    Returns
    -------
    Problem
        The doping.

    Raises
    ------
    InputError
        When a state is missing or the ratio cannot be read.
    """
    missing = [element for element in sublattices.elements if element not in states]
    if missing:
        raise InputError(
            f"{missing[0]} has no oxidation state; give it, e.g. {{{missing[0]!r}: 2}}"
        )
    vanish, appear = select_species(sublattices, empty_sites=empty_sites, allowed=allowed)
    hosts = {}
    for dopant, sublattice in zip(dopants, placed, strict=True):
        empty = (sublattice.vacancy,) if sublattice.vacancy in vanish else ()
        hosts[dopant.element] = (*sublattice.elements, *empty)
    return Problem(
        ratio=read_ratio(dopants, ratio),
        charges={dopant.element: dopant.charge for dopant in dopants},
        placed={d.element: s for d, s in zip(dopants, placed, strict=True)},
        hosts=hosts,
        required={dopant.element: dopant.host for dopant in dopants if dopant.host is not None},
        states={element: states[element] for element in sublattices.elements},
        sublattices=sublattices,
        mechanisms=list_mechanisms(
            sublattices, states=states, may_vanish=vanish, may_appear=appear
        ),
    )


def find_residue(problem: Problem, hosts: Sequence[str]) -> int:
    """Charge in e that the dopants of one ratio leave over in place of these species."""
    return sum(
        n * (problem.charges[dopant] - problem.states.get(host, 0))
        for (dopant, n), host in zip(problem.ratio.items(), hosts, strict=True)
    )


def read_ratio(dopants: Sequence[Dopant], ratio: Sequence[int] | None) -> dict[str, int]:
    """Numbers of the dopants relative to each other, in lowest terms.

    Parameters
    ----------
    dopants : sequence of Dopant
        The dopants.
    ratio : sequence of int or None
        Given numbers; None reads them from the counts, or the fractions of the same basis.

    Returns
    -------
    dict of str to int
        By element.

    Raises
    ------
    InputError
        When there is no dopant or one twice, or the ratio is not given and cannot be read.
    """
    elements = [dopant.element for dopant in dopants]
    if not elements:
        raise InputError("no dopant is given; give at least one, e.g. Dopant('Sr', count=1)")
    if len(set(elements)) != len(elements):
        twice = next(element for element in elements if elements.count(element) > 1)
        raise InputError(f"the dopant {twice} is given twice; give each element once")
    if ratio is not None:
        if len(ratio) != len(elements) or any(n != int(n) or n < 1 for n in ratio):
            raise InputError(
                f"ratio is {list(ratio)}, allowed is one integer from 1 for each of "
                f"{', '.join(elements)}; give e.g. {[1] * len(elements)}"
            )
        amounts = [Fraction(int(n)) for n in ratio]
    elif len(elements) == 1:
        amounts = [Fraction(1)]
    elif all(dopant.count is not None for dopant in dopants):
        amounts = [Fraction(dopant.count or 0) for dopant in dopants]
    elif len({dopant.basis for dopant in dopants}) == 1 and dopants[0].basis != "element":
        amounts = [Fraction(d.fraction or 0.0).limit_denominator(_MAX_DENOMINATOR) for d in dopants]
    else:
        raise InputError(
            f"the amounts of {', '.join(elements)} are not all counts or fractions of one basis "
            f"other than 'element'; give all per formula_unit, or ratio, e.g. {[1] * len(elements)}"
        )
    scale = lcm(*(amount.denominator for amount in amounts))
    whole = [int(amount * scale) for amount in amounts]
    if not all(whole):
        raise InputError(
            f"the fractions of {', '.join(elements)} are too different to dope together; "
            "give ratio, e.g. [1, 2]"
        )
    common = gcd(*whole)
    return {element: n // common for element, n in zip(elements, whole, strict=True)}
