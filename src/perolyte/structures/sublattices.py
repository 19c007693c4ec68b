"""Which elements share sites, in any parent: the frame in which dopings are balanced."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perolyte.errors import InputError
from perolyte.structures.oxidation import read_oxidation_states
from perolyte.structures.perovskite import PerovskiteResult, classify_perovskite
from perolyte.structures.roles import SiteRoles, resolve_roles

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "Sublattice",
    "Sublattices",
    "build_sublattices",
    "convert_roles",
    "find_sublattices",
    "format_vacancy",
]

_MAX_VACANCY_CHARGE = 2  # e; vacancies of higher charge are rare, and made only when asked for
_THREE_DIMENSIONAL = ("simple", "a_site_deficient", "double", "anti_perovskite")


def format_vacancy(sublattice: str) -> str:
    """Write the key of the empty sites of a sublattice, e.g. "vacancy_A"."""
    return f"vacancy_{sublattice}"


@dataclass(frozen=True)
class Sublattice:
    """Sites that share elements.

    Attributes
    ----------
    name : str
        "A", "B", "X" in a perovskite; the elements joined by "-" elsewhere.
    elements : tuple of str
        Elements of the parent on these sites.
    reference_charge : int
        Charge of a regular site in e, to which effective charges refer.
    can_empty : bool
        Whether compensation may empty sites here without being told.
    """

    name: str
    elements: tuple[str, ...]
    reference_charge: int
    can_empty: bool

    @property
    def vacancy(self) -> str:
        """Key of the empty sites in dictionaries of changes."""
        return format_vacancy(self.name)

    @property
    def label(self) -> str:
        """Subscript in Kröger-Vink notation: the one element, or the name of a mixed sublattice."""
        return self.elements[0] if len(self.elements) == 1 else self.name


@dataclass(frozen=True)
class Sublattices:
    """All sublattices of a parent, and the elements that play a named part in compensation.

    Attributes
    ----------
    members : tuple of Sublattice
        The sublattices; no element is on two of them.
    mobile : str or None
        The monovalent ion that moves (Li in LLTO, in Li3OCl and in a garnet).
    host : str or None
        The immobile A cation of a perovskite (La in LLTO, Sr in SrTiO3).
    center : str or None
        The first B cation of a perovskite.
    anion : str or None
        The first anion of a perovskite.
    """

    members: tuple[Sublattice, ...]
    mobile: str | None = None
    host: str | None = None
    center: str | None = None
    anion: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sublattices."""
        return tuple(member.name for member in self.members)

    @property
    def elements(self) -> tuple[str, ...]:
        """Elements of the parent, sublattice by sublattice."""
        return tuple(element for member in self.members for element in member.elements)

    def get(self, name: str) -> Sublattice:
        """Return the sublattice of a name; InputError when there is none."""
        for member in self.members:
            if member.name == name:
                return member
        raise InputError(f"there is no sublattice {name!r}; allowed are {', '.join(self.names)}")

    def find(self, element: str) -> Sublattice:
        """Return the sublattice of an element of the parent; InputError when it is not there."""
        for member in self.members:
            if element in member.elements:
                return member
        raise InputError(
            f"{element} is not in the structure; allowed are {', '.join(self.elements)}"
        )


def convert_roles(roles: SiteRoles, states: Mapping[str, int]) -> Sublattices:
    """Turn the roles of a perovskite ABX3 into sublattices.

    Parameters
    ----------
    roles : SiteRoles
        Roles of the elements.
    states : mapping of str to int
        Oxidation state of each element, in e.

    Returns
    -------
    Sublattices
        Sublattices "A", "B" and "X".

    Examples
    --------
    >>> llto = SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",))
    >>> convert_roles(llto, {"Li": 1, "La": 3, "Ti": 4, "O": -2}).get("A")
    Sublattice(name='A', elements=('Li', 'La'), reference_charge=2, can_empty=True)
    """
    members = {"A": roles.A, "B": roles.B, "X": roles.X}
    return build_sublattices(members, states=states, mobile=roles.mobile, host=roles.host)


def build_sublattices(
    members: Mapping[str, Sequence[str] | str],
    *,
    states: Mapping[str, int],
    amounts: Mapping[str, float] | None = None,
    n_sites: Mapping[str, int] | None = None,
    mobile: str | None = None,
    host: str | None = None,
) -> Sublattices:
    """Describe sublattices given by name.

    Effective charges refer to the mean charge of the ions of a sublattice, rounded. Only the A
    sublattice of a perovskite takes the charge that balances a formula without vacancies, because
    its empty sites are part of the parent: +2 in LLTO, +1 in La1/3NbO3.

    Parameters
    ----------
    members : mapping of str to sequence of str
        Elements of each sublattice. The names A, B and X declare a perovskite; with anions on B
        an anti-perovskite.
    states : mapping of str to int
        Oxidation state of each element, in e.
    amounts : mapping of str to float, optional
        Number of atoms of each element, for mean charges; left out, the first element of a
        sublattice stands for it.
    n_sites : mapping of str to int, optional
        Number of A, B and X sites of a perovskite; 1, 1 and 3 when left out.
    mobile, host : str, optional
        The mobile ion and the immobile A cation; found by their charges when left out.

    Returns
    -------
    Sublattices
        The description.

    Raises
    ------
    InputError
        When an element is on two sublattices or has no oxidation state, or a list is empty.

    Examples
    --------
    >>> garnet = build_sublattices({"Li": "Li", "La": "La", "Zr": "Zr", "O": "O"},
    ...                            states={"Li": 1, "La": 3, "Zr": 4, "O": -2})
    >>> garnet.mobile, [m.name for m in garnet.members if m.can_empty]
    ('Li', ['Li', 'O'])
    """
    lists = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in members.items()}
    _check_members(lists, states)
    charges = {name: _mean_charge(held, states, amounts) for name, held in lists.items()}
    is_perovskite = set(lists) == {"A", "B", "X"} and charges["B"] > 0 > charges["X"]
    if not is_perovskite:
        monovalent = [e for held in lists.values() for e in held if states[e] == 1]
        return Sublattices(
            members=tuple(
                Sublattice(name, held, charges[name], abs(charges[name]) <= _MAX_VACANCY_CHARGE)
                for name, held in lists.items()
            ),
            mobile=mobile or (monovalent[0] if len(monovalent) == 1 else None),
        )
    sites = n_sites or {"A": 1, "B": 1, "X": 3}
    balance = -(sites["B"] * charges["B"] + sites["X"] * charges["X"]) / sites["A"]
    charges["A"] = _round_half_up(balance)
    roles = resolve_roles(
        SiteRoles(A=lists["A"], B=lists["B"], X=lists["X"], mobile=mobile, host=host), states
    )
    return Sublattices(
        members=tuple(
            Sublattice(name, lists[name], charges[name], name != "B") for name in ("A", "B", "X")
        ),
        mobile=roles.mobile,
        host=roles.host,
        center=roles.replaced_b,
        anion=roles.anion,
    )


def find_sublattices(
    structure: Structure, *, classification: PerovskiteResult | None = None
) -> Sublattices:
    """Find the sublattices of a parent from its structure.

    In a perovskite and its relatives they are A, B and X. Elsewhere the elements that share a
    site, directly or through others, form one sublattice, and all other elements one each.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered parent, decorated with oxidation states.
    classification : PerovskiteResult, optional
        What :func:`~perolyte.structures.perovskite.classify_perovskite` says; computed when left
        out.

    Returns
    -------
    Sublattices
        The description, elements of a sublattice by falling amount.

    Raises
    ------
    InputError
        When an element of a perovskite is on two sublattices, or oxidation states are missing.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Cl-", "O2-", "Li+"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> found = find_sublattices(cell)
    >>> found.names, found.mobile, found.find("Li").label
    (('A', 'B', 'X'), 'Li', 'Li')
    """
    states = read_oxidation_states(structure)
    amounts = {str(e): float(n) for e, n in structure.composition.get_el_amt_dict().items()}
    result = classification or classify_perovskite(structure)
    roles = {name: result.sites.get(name, ()) for name in ("A", "B", "X")}
    listed = [element for held in roles.values() for element in held]
    if not all(roles.values()) or set(listed) != set(amounts):
        return build_sublattices(_merge_shared(structure, states), states=states, amounts=amounts)
    twice = sorted({element for element in listed if listed.count(element) > 1})
    if twice:
        raise InputError(
            f"{twice[0]} is on two of the sublattices A, B and X; one per element is supported: "
            "start from a parent without antisites, and dope it with this element"
        )
    mobile = result.mobile_ion
    return build_sublattices(
        {k: sorted(v, key=lambda e: (-round(amounts[e], 6), e)) for k, v in roles.items()},
        states=states,
        amounts=amounts,
        n_sites=None if result.family in _THREE_DIMENSIONAL else _count_sites(structure, roles),
        mobile=mobile if mobile and mobile in roles["A"] and states[mobile] == 1 else None,
    )


def _count_sites(structure: Structure, roles: Mapping[str, Sequence[str]]) -> dict[str, int]:
    where = {element: name for name, held in roles.items() for element in held}
    names = [where[site.species.elements[0].symbol] for site in structure]
    return {name: names.count(name) for name in roles}


def _merge_shared(structure: Structure, states: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """One group of elements for each connected set of elements that share sites."""
    groups = [{element} for element in sorted(states)]
    for site in structure:
        here = {species.symbol for species in site.species.elements}
        joined = [group for group in groups if group & here]
        if len(joined) > 1:
            groups = [group for group in groups if not group & here] + [set().union(*joined)]
    # Cations first, the mobile ones before the others, then by name.
    ordered = sorted(
        (tuple(sorted(group)) for group in groups),
        key=lambda held: (states[held[0]] < 0, abs(states[held[0]]), held),
    )
    return {"-".join(held): held for held in ordered}


def _check_members(lists: Mapping[str, tuple[str, ...]], states: Mapping[str, int]) -> None:
    seen: dict[str, str] = {}
    for name, held in lists.items():
        if not held:
            raise InputError(f"sublattice {name} has no element; list them, e.g. {{'A': ['Sr']}}")
        for element in held:
            if element in seen:
                raise InputError(
                    f"{element} is on the sublattices {seen[element]} and {name}; "
                    "list each element once"
                )
            if element not in states:
                raise InputError(
                    f"{element} is on sublattice {name}, but it has no oxidation state; "
                    "is it in the structure?"
                )
            seen[element] = name


def _mean_charge(
    held: Sequence[str], states: Mapping[str, int], amounts: Mapping[str, float] | None
) -> int:
    if amounts is None:
        return states[held[0]]
    total = sum(amounts[element] for element in held)
    return _round_half_up(sum(amounts[element] * states[element] for element in held) / total)


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5 + 1e-6)  # the small term: file occupancies are cut digits
