"""Names and words for compensations: functions of what is replaced and of what balances it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perolyte.structures.compensation.kroger_vink import format_ion
from perolyte.structures.compensation.mechanisms import Mechanism
from perolyte.structures.sublattices import Sublattices

__all__ = [
    "ISOVALENT",
    "NAMED_COMPENSATIONS",
    "SELF_COMPENSATED",
    "describe",
    "name_compensation",
    "rank_name",
]

ISOVALENT = "isovalent"
SELF_COMPENSATED = "self-compensated"

NAMED_COMPENSATIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "S1": ("host", "vacancy", ("anion",)),
    "S2": ("host", "fill", ("mobile",)),
    "S3": ("host", "exchange", ("mobile", "host")),
    "S4": ("mobile", "vacancy", ("mobile",)),
    "S5": ("host", "fill", ("host",)),
    "A1": ("center", "fill", ("mobile",)),
    "A2": ("center", "exchange", ("mobile", "host")),
    "A3": ("center", "vacancy", ("anion",)),
    "A4": ("center", "fill", ("host",)),
}
"""Role of the replaced ion, kind of the balancing step, and roles of the ions of that step (what
leaves first): roles are those of :class:`~perolyte.structures.sublattices.Sublattices`. S1: anion
vacancies; S2: added mobile ions; S3: host and mobile ions replaced together; S4: vacancies of the
mobile ion; S5: A vacancies filled; A1: added mobile ions; A2: host for mobile ions; A3: anion
vacancies; A4: added host ions. The unit follows from the charges: with Sr2+ in LLTO, S1 and S3 take
two dopants and S5 three; with Al3+, A2 and A3 take two and A4 three."""


def name_compensation(
    hosts: Sequence[str],
    mechanism: Mechanism | None,
    *,
    is_aliovalent: bool,
    sublattices: Sublattices,
) -> str:
    """Name a derivation; the same content in the same parent always gets the same name.

    Parameters
    ----------
    hosts : sequence of str
        What each dopant displaces.
    mechanism : Mechanism or None
        What balances the charge; None where nothing has to.
    is_aliovalent : bool
        Whether any dopant differs in charge from what it displaces.
    sublattices : Sublattices
        Of the parent.

    Returns
    -------
    str
        Letters, digits and hyphens.
    """
    # Several dopants on the same kind of ion are named like one.
    distinct = list(hosts) if len(set(hosts)) > 1 else [hosts[0]]
    tokens = [_write_host(host, sublattices) for host in distinct]
    if mechanism is None:
        prefix = SELF_COMPENSATED if is_aliovalent else ISOVALENT
        # With one element on each sublattice there is no other way, and nothing to tell apart.
        alone = all(_is_alone(host, sublattices) for host in hosts)
        return prefix if alone else "-".join([prefix, *tokens])
    for name, (replaced, kind, ions) in NAMED_COMPENSATIONS.items():
        if [getattr(sublattices, replaced)] != distinct or kind != mechanism.kind:
            continue
        if tuple(getattr(sublattices, role) for role in ions) == _list_ions(mechanism):
            return name
    return "-".join([*tokens, _write_mechanism(mechanism)])


def rank_name(name: str) -> int:
    """Position of a name in a list: nothing to balance first, then the named ones, then others."""
    if name.startswith((ISOVALENT, SELF_COMPENSATED)):
        return -1
    named = list(NAMED_COMPENSATIONS)
    return named.index(name) if name in named else len(named)


def describe(
    dopants: Mapping[str, int],
    hosts: Mapping[str, str],
    mechanism: Mechanism | None,
    n_steps: int,
    *,
    states: Mapping[str, int],
    sublattices: Sublattices,
) -> str:
    """Say in words what one unit does.

    Parameters
    ----------
    dopants : mapping of str to int
        Dopants of one unit.
    hosts : mapping of str to str
        What each dopant displaces.
    mechanism : Mechanism or None
        What balances the charge.
    n_steps : int
        How often, per unit.
    states : mapping of str to int
        Oxidation state of each element, dopants included, in e.
    sublattices : Sublattices
        Of the parent.

    Returns
    -------
    str
        One line.
    """
    empty = {member.vacancy: member.name for member in sublattices.members}

    def write(n: int, species: str) -> str:
        if species in empty:
            return f"{n} empty {empty[species]} site{'s' if n > 1 else ''}"
        return f"{n} {format_ion(species, states[species])}"

    parts = [
        f"{write(n, dopant)} {'replace' if n > 1 else 'replaces'} {write(n, hosts[dopant])}"
        for dopant, n in dopants.items()
    ]
    text = ", ".join(parts)
    if mechanism is None:
        aliovalent = any(states[d] != states.get(h, 0) for d, h in hosts.items())
        return f"{text}; {'their charges cancel' if aliovalent else 'no charge to balance'}"
    if mechanism.kind == "vacancy":
        sites = "leave their sites" if n_steps > 1 else "leaves its site"
        return f"{text}; {write(n_steps, mechanism.lost)} {sites} empty"
    verb = "take" if n_steps > 1 else "takes"
    return (
        f"{text}; {write(n_steps, mechanism.gained)} {verb} the place of "
        f"{write(n_steps, mechanism.lost)}"
    )


def _is_alone(host: str, sublattices: Sublattices) -> bool:
    return host in sublattices.elements and len(sublattices.find(host).elements) == 1


def _list_ions(mechanism: Mechanism) -> tuple[str, ...]:
    if mechanism.kind == "vacancy":
        return (mechanism.lost,)
    if mechanism.kind == "fill":
        return (mechanism.gained,)
    return (mechanism.lost, mechanism.gained)


def _write_host(host: str, sublattices: Sublattices) -> str:
    for member in sublattices.members:
        if member.vacancy == host:
            return f"empty{member.name}"
    return host


def _write_mechanism(mechanism: Mechanism) -> str:
    if mechanism.kind == "vacancy":
        return f"v{mechanism.lost}"
    if mechanism.kind == "fill":
        return f"add{mechanism.gained}"
    return f"{mechanism.gained}for{mechanism.lost}"
