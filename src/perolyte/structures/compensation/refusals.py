"""Why a doping cannot be neutral, and what would have to be different."""

from __future__ import annotations

from dataclasses import replace
from math import gcd

from perolyte.structures.compensation.derivations import derive_changes
from perolyte.structures.compensation.kroger_vink import format_ion
from perolyte.structures.compensation.mechanisms import Mechanism, list_mechanisms
from perolyte.structures.compensation.problem import Problem, find_residue

__all__ = ["explain_refusal"]

_MAX_NAMED = 2  # choices that the message lists
_LARGEST_CHARGE = 7  # e


def explain_refusal(problem: Problem, *, max_multiple: int) -> str:
    """Write the message for a doping that nothing balances.

    Parameters
    ----------
    problem : Problem
        The doping; nothing that may change balances it.
    max_multiple : int
        Largest multiple of the ratio that was tried.

    Returns
    -------
    str
        One line: the charge left over, what could balance it, the nearest charge that works.
    """
    hosts = [problem.required.get(dopant, problem.hosts[dopant][0]) for dopant in problem.ratio]
    residue = find_residue(problem, hosts)
    what = " and ".join(
        f"{f'{n} ' if n > 1 else ''}{format_ion(dopant, problem.charges[dopant])} on "
        f"{_write_host(problem, host)}"
        for (dopant, n), host in zip(problem.ratio.items(), hosts, strict=True)
    )
    advice = _list_remedies(problem, residue, max_multiple)
    advice += _list_charges(problem, max_multiple)
    return (
        f"doping {what} leaves a net charge of {residue:+d} e, allowed is 0, and nothing that may "
        f"change balances it; {' or '.join(advice) or 'choose another dopant or host'}"
    )


def _write_host(problem: Problem, host: str) -> str:
    return format_ion(host, problem.states[host]) if host in problem.states else "an empty site"


def _list_remedies(problem: Problem, residue: int, max_multiple: int) -> list[str]:
    """List steps that would balance the charge if they were allowed, the fewest dopants first."""
    everything = {
        *problem.sublattices.elements,
        *(member.vacancy for member in problem.sublattices.members),
    }
    steps = list_mechanisms(
        problem.sublattices, states=problem.states, may_vanish=everything, may_appear=everything
    )
    fitting = [
        (abs(step.charge) // gcd(step.charge, residue), abs(step.charge), index, step)
        for index, step in enumerate(steps)
        if residue * step.charge < 0
    ]
    remedies = []
    for n_units, *_, step in sorted(fitting, key=lambda entry: entry[:3])[:_MAX_NAMED]:
        if step not in problem.mechanisms:
            remedies.append(_write_remedy(problem, step))
        elif n_units > max_multiple:
            remedies.append(f"raise max_multiple to {n_units}")
    return list(dict.fromkeys(remedies))


def _write_remedy(problem: Problem, step: Mechanism) -> str:
    ion = step.lost if step.kind != "fill" else step.gained
    name = format_ion(ion, problem.states[ion])
    if step.kind == "vacancy":
        return f"allow {step.gained!r} (vacancies of {name})"
    if step.kind == "fill":
        return (
            f"start from a parent with empty {problem.sublattices.find(ion).name} sites for {name}"
        )
    return f"allow {step.lost} and {step.gained} to change"


def _list_charges(problem: Problem, max_multiple: int) -> list[str]:
    """Find the nearest charge of the same sign at which a single dopant could be balanced."""
    if len(problem.charges) > 1:
        return []
    ((dopant, charge),) = problem.charges.items()
    sign = 1 if charge > 0 else -1
    for other in sorted(range(1, _LARGEST_CHARGE + 1), key=lambda z: (abs(z - abs(charge)), z)):
        changed = replace(problem, charges={dopant: sign * other})
        if other != abs(charge) and any(
            problem.required.get(dopant, one.hosts[0]) == one.hosts[0]
            for one in derive_changes(changed, max_multiple)
        ):
            return [f"take a dopant of charge {sign * other:+d} e"]
    return []
