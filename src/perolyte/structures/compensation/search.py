"""Search for all neutral ways to dope a parent that are not sums of smaller ones.

A doping displaces ions: every dopant takes the place of one ion of its sublattice. The charge that
is left over is balanced by repeating *one* step: an ion leaves its site, an ion enters an empty
site, or one ion takes the place of another on its sublattice. So at most two species change besides
those that the dopants displace. Combinations of several steps are left out: they mix these
compensations, or compensate a compensation. Dopants that enter together may balance each other, and
only then does one of them enter an empty site: with a step, it is an ion's place that it takes.

Of the results only those are kept that are no sum of smaller neutral and site-balanced changes of
the same signs, changes of the parent alone included: the elements of the Hilbert basis of their
orthant (doi 10.1137/1.9781611972443, chapter 3), and so the smallest number of dopants.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

from perolyte.errors import InputError
from perolyte.structures.compensation.derivations import (
    Derivation,
    derive_changes,
    is_irreducible,
)
from perolyte.structures.compensation.kroger_vink import format_ion, write_site_reaction
from perolyte.structures.compensation.naming import (
    ISOVALENT,
    NAMED_COMPENSATIONS,
    describe,
    name_compensation,
    rank_name,
)
from perolyte.structures.compensation.problem import Problem, prepare_problem
from perolyte.structures.compensation.refusals import explain_refusal
from perolyte.structures.compensation.result import Compensation
from perolyte.structures.dopant import Dopant, find_candidate_sublattices, place_dopant
from perolyte.structures.sublattices import Sublattices

__all__ = ["find_compensations", "get_compensation"]


def find_compensations(
    dopants: Sequence[Dopant],
    *,
    states: Mapping[str, int],
    sublattices: Sublattices,
    empty_sites: Mapping[str, int | bool] | None = None,
    allowed: Collection[str] | None = None,
    ratio: Sequence[int] | None = None,
    max_multiple: int = 4,
) -> tuple[Compensation, ...]:
    """Find the ways to keep a parent neutral when dopants enter.

    Parameters
    ----------
    dopants : sequence of Dopant
        One dopant, or several that enter together. A dopant without host goes onto the sublattice
        that :func:`~perolyte.structures.dopant.place_dopant` chooses.
    states : mapping of str to int
        Oxidation state of each element of the parent, in e.
    sublattices : Sublattices
        Of the parent.
    empty_sites : mapping of str to int or bool, optional
        Sublattices with empty sites in the parent, by name: ions can enter there.
    allowed : collection of str, optional
        What may change besides the displaced ions: elements and keys such as ``"vacancy_A"``.
        All elements, and vacancies where a sublattice ``can_empty``, when left out.
    ratio : sequence of int, optional
        Numbers of the dopants relative to each other. Read from counts or from fractions of the
        same basis when left out.
    max_multiple : int
        Largest multiple of the (reduced) ratio in one unit.

    Returns
    -------
    tuple of Compensation
        Nothing to balance first, then by the names S1 to A4, then the simplest first (few
        dopants, few species, few ions). Names are unique.

    Raises
    ------
    InputError
        When nothing is neutral; the message names what would have to be allowed, or the nearest
        charge of the dopant that works.

    Examples
    --------
    >>> from perolyte.structures.sublattices import build_sublattices
    >>> states = {"Li": 1, "La": 3, "Ti": 4, "O": -2}
    >>> llto = build_sublattices({"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}, states=states)
    >>> found = find_compensations([Dopant("Sr", count=2)], states=states, sublattices=llto,
    ...                            empty_sites={"A": True})
    >>> [f"{c.name} x{c.dopants['Sr']}" for c in found]
    ['S1 x2', 'S2 x1', 'S3 x2', 'S4 x1', 'S5 x3']
    >>> found[0].changes, found[0].reaction
    ({'La': -2, 'O': -1, 'vacancy_X': 1}, '2 La•_A + O×_O → 2 Sr×_A + V••_O')
    """
    placed = [place_dopant(d, sublattices=sublattices, states=states) for d in dopants]
    problem = prepare_problem(
        dopants, placed, ratio, states, sublattices, empty_sites=empty_sites or {}, allowed=allowed
    )
    found = _search(problem, max_multiple)
    if not found:
        raise InputError(explain_refusal(problem, max_multiple=max_multiple))
    return found


def get_compensation(
    name: str,
    dopants: Sequence[Dopant],
    *,
    states: Mapping[str, int],
    sublattices: Sublattices,
    empty_sites: Mapping[str, int | bool] | None = None,
    allowed: Collection[str] | None = None,
    ratio: Sequence[int] | None = None,
    max_multiple: int = 4,
) -> Compensation:
    """Return the compensation of a name; it also says onto which sublattice dopants go.

    Parameters
    ----------
    name : str
        Name as :func:`find_compensations` gives it, e.g. "S3".
    dopants, states, sublattices, empty_sites, allowed, ratio, max_multiple
        As in :func:`find_compensations`, but a dopant without host may enter any sublattice of
        ions of its sign.

    Returns
    -------
    Compensation
        The one of this name.

    Raises
    ------
    InputError
        When it is not neutral for these dopants, with those that are; or when two hosts give the
        same name.

    Examples
    --------
    >>> from perolyte.structures.sublattices import build_sublattices
    >>> states = {"Na": 1, "Nb": 5, "O": -2}
    >>> parent = build_sublattices({"A": "Na", "B": "Nb", "X": "O"}, states=states)
    >>> get_compensation("S4", [Dopant("Sr", count=1)], states=states, sublattices=parent).changes
    {'Na': -2, 'vacancy_A': 1}
    """
    candidates = [
        find_candidate_sublattices(d, sublattices=sublattices, states=states) for d in dopants
    ]
    problems = [
        prepare_problem(
            dopants,
            placed,
            ratio,
            states,
            sublattices,
            empty_sites=empty_sites or {},
            allowed=allowed,
        )
        for placed in itertools.product(*candidates)
    ]
    found = [c for problem in problems for c in _search(problem, max_multiple)]
    if not found:
        raise InputError(explain_refusal(problems[0], max_multiple=max_multiple))
    matches = [compensation for compensation in found if compensation.name == name]
    if len(matches) > 1:
        hosts = " or ".join(", ".join(match.replaced.values()) for match in matches)
        raise InputError(
            f"compensation {name} fits dopants in place of {hosts}; give the host of each dopant"
        )
    if matches:
        return matches[0]
    ions = " and ".join(format_ion(d.element, d.charge) for d in dopants)
    choices: dict[str, list[str]] = {}
    for one in sorted(found, key=_sort_key):
        where = " and ".join(sublattices.get(place).label for place in one.placed.values())
        choices.setdefault(where, []).append(one.name)
    listed = "; ".join(f"{', '.join(names)} on {where}" for where, names in choices.items())
    raise InputError(
        f"compensation {name!r} is not known or not neutral for {ions} in this parent; use {listed}"
    )


def _search(problem: Problem, max_multiple: int) -> tuple[Compensation, ...]:
    if max_multiple < 1:
        raise InputError(f"max_multiple is {max_multiple}, allowed are integers from 1, e.g. 4")
    by_content: dict[tuple[object, ...], list[Derivation]] = {}
    for derivation in derive_changes(problem, max_multiple):
        key = (derivation.n_units, *sorted(derivation.changes.items()))
        by_content.setdefault(key, []).append(derivation)
    found = []
    for same in by_content.values():
        wanted = [one for one in same if _has_required_hosts(problem, one)]
        if wanted and is_irreducible(problem, same[0]):
            # The name follows from the content alone, whichever host was asked for.
            name = _name(problem, min(same, key=lambda one: _prefer(problem, one)))
            plainest = min(wanted, key=lambda one: _prefer(problem, one))
            found.append(_finish(problem, plainest, name))
    return tuple(sorted(found, key=_sort_key))


def _has_required_hosts(problem: Problem, derivation: Derivation) -> bool:
    chosen = dict(zip(problem.ratio, derivation.hosts, strict=True))
    return all(chosen[dopant] == host for dopant, host in problem.required.items())


def _prefer(problem: Problem, derivation: Derivation) -> tuple[object, ...]:
    """Sort key of derivations of the same changes: the plainest account comes first."""
    name = _name(problem, derivation)
    misfit = sum(
        abs(problem.charges[dopant] - problem.states.get(host, 0))
        for dopant, host in zip(problem.ratio, derivation.hosts, strict=True)
    )
    return (
        not name.startswith(ISOVALENT),
        name not in NAMED_COMPENSATIONS,
        derivation.mechanism is not None,
        misfit,
        derivation.hosts.count(problem.sublattices.mobile or ""),
        name,
    )


def _name(problem: Problem, derivation: Derivation) -> str:
    aliovalent = any(
        problem.charges[dopant] != problem.states.get(host, 0)
        for dopant, host in zip(problem.ratio, derivation.hosts, strict=True)
    )
    return name_compensation(
        derivation.hosts,
        derivation.mechanism,
        is_aliovalent=aliovalent,
        sublattices=problem.sublattices,
    )


def _finish(problem: Problem, derivation: Derivation, name: str) -> Compensation:
    dopants = {dopant: n * derivation.n_units for dopant, n in problem.ratio.items()}
    replaced = dict(zip(problem.ratio, derivation.hosts, strict=True))
    placed = {dopant: sublattice.name for dopant, sublattice in problem.placed.items()}
    states = {**problem.states, **problem.charges}
    return Compensation(
        name=name,
        dopants=dopants,
        replaced=replaced,
        placed=placed,
        changes=derivation.changes,
        description=describe(
            dopants,
            replaced,
            derivation.mechanism,
            derivation.n_steps,
            states=states,
            sublattices=problem.sublattices,
        ),
        reaction=write_site_reaction(
            {**dopants, **derivation.changes},
            placed=placed,
            states=states,
            sublattices=problem.sublattices,
        ),
    )


def _sort_key(compensation: Compensation) -> tuple[object, ...]:
    return (
        rank_name(compensation.name),
        sum(compensation.dopants.values()),
        len(compensation.changes),
        sum(map(abs, compensation.changes.values())),
        compensation.name,
    )
