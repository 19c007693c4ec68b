"""Derive changes from displaced ions and one balancing step, and drop sums of smaller ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from perolyte.structures.compensation.mechanisms import Mechanism
from perolyte.structures.compensation.problem import Problem, find_residue

__all__ = ["Derivation", "derive_changes", "is_irreducible"]


@dataclass(frozen=True)
class Derivation:
    """One way to arrive at changes: what is displaced, and the step that balances it."""

    hosts: tuple[str, ...]
    mechanism: Mechanism | None
    n_units: int
    n_steps: int
    changes: dict[str, int]


def derive_changes(problem: Problem, max_multiple: int) -> Iterator[Derivation]:
    """Balance every choice of displaced species with every step that can do it.

    Parameters
    ----------
    problem : Problem
        The doping.
    max_multiple : int
        Largest multiple of the ratio in one unit.

    Yields
    ------
    Derivation
        Neutral and site-balanced; the same changes may come several times.
    """
    for hosts in itertools.product(*(problem.hosts[dopant] for dopant in problem.ratio)):
        residue = find_residue(problem, hosts)
        if residue == 0:
            yield Derivation(hosts, None, 1, 0, _sum_changes(problem, hosts, None, 1, 0))
            continue
        if any(host not in problem.states for host in hosts):
            continue  # a dopant on an empty site that a step balances is an ion on the site itself
        for step in problem.mechanisms:
            if step.charge * residue > 0:
                continue
            common = gcd(residue, step.charge)
            n_units, n_steps = abs(step.charge) // common, abs(residue) // common
            if n_units <= max_multiple:
                changes = _sum_changes(problem, hosts, step, n_units, n_steps)
                yield Derivation(hosts, step, n_units, n_steps, changes)


def _sum_changes(
    problem: Problem, hosts: Sequence[str], step: Mechanism | None, n_units: int, n_steps: int
) -> dict[str, int]:
    """Sum the changes without dopants: displaced ions, ions of the step, empty sites last."""
    changes: dict[str, int] = {}
    for n, host in zip(problem.ratio.values(), hosts, strict=True):
        changes[host] = changes.get(host, 0) - n * n_units
    if step is not None:
        changes[step.gained] = changes.get(step.gained, 0) + n_steps
        changes[step.lost] = changes.get(step.lost, 0) - n_steps
    vacancies = {member.vacancy for member in problem.sublattices.members}
    ordered = sorted(changes.items(), key=lambda item: item[0] in vacancies)
    return {species: change for species, change in ordered if change}


def is_irreducible(problem: Problem, derivation: Derivation) -> bool:
    """Say whether no smaller neutral, site-balanced change of the same signs is contained.

    Parameters
    ----------
    problem : Problem
        The doping.
    derivation : Derivation
        The changes to test; dopants count in units of their ratio.

    Returns
    -------
    bool
        False when the changes are a sum of two others of the same signs.
    """
    species = list(derivation.changes)
    charges = [problem.states.get(s, 0) for s in species]
    where = {e: m.name for m in problem.sublattices.members for e in (*m.elements, m.vacancy)}
    names = sorted({where[s] for s in species})
    dopant_charge = sum(n * problem.charges[d] for d, n in problem.ratio.items())
    entering = {
        name: sum(n for d, n in problem.ratio.items() if problem.placed[d].name == name)
        for name in names
    }
    ranges = [
        range(change + 1) if change > 0 else range(change, 1)
        for change in derivation.changes.values()
    ]
    whole = (derivation.n_units, *derivation.changes.values())
    for part in itertools.product(range(derivation.n_units + 1), *ranges):
        units, *changes = part
        if part == whole or not any(part):
            continue
        if units * dopant_charge + sum(map(int.__mul__, changes, charges)):
            continue
        balance = {name: units * entering[name] for name in names}
        for s, change in zip(species, changes, strict=True):
            balance[where[s]] += change
        if not any(balance.values()):
            return False
    return True
