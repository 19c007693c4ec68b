"""How aliovalent doping of a perovskite is compensated: named schemes as data.

Every scheme is a vector of integer changes of sublattice roles for the smallest number of dopants
that keeps the counts whole. Whether it is neutral follows from the charges of the actual elements
and is checked each time, so the same schemes serve parents other than LLTO.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.structures.oxidation import net_charge
from perolyte.structures.roles import SiteRoles

__all__ = [
    "SCHEMES",
    "VACANCY_A",
    "CompensationScheme",
    "apply_scheme",
    "find_neutral_schemes",
    "format_ion",
    "get_scheme",
    "write_reaction",
]

VACANCY_A = "vacancy_A"
"""Key of empty A sites in the dictionaries of changes."""


@dataclass(frozen=True)
class CompensationScheme:
    """One way to keep the cell neutral when dopants enter.

    Attributes
    ----------
    id : str
        Short name, e.g. "S3".
    dopant_site : str
        "A" or "B": the sublattice of the dopant.
    changes : dict of str to int
        Change of atoms per ``n_dopants`` dopants, by role: "host", "mobile" (A cations),
        "replaced_b", "anion" and "vacancy_A" (empty A sites).
    n_dopants : int
        Number of dopants that ``changes`` belongs to; dopant counts are multiples of it.
    source : str
        DOI of a series prepared this way, or "derivation".
    """

    id: str
    dopant_site: str
    changes: Mapping[str, int]
    n_dopants: int
    source: str = "derivation"

    @property
    def replaced_role(self) -> str:
        """Role of the element that the dopant sits in for: the first that is removed."""
        return next(role for role, change in self.changes.items() if change < 0)


SCHEMES: dict[str, CompensationScheme] = {
    scheme.id: scheme
    for scheme in (
        CompensationScheme("S1", "A", {"host": -2, "anion": -1}, 2),
        CompensationScheme("S2", "A", {"host": -1, "mobile": 1, VACANCY_A: -1}, 1),
        CompensationScheme("S3", "A", {"host": -1, "mobile": -1}, 2),
        CompensationScheme("S4", "A", {"mobile": -2, VACANCY_A: 1}, 1),
        CompensationScheme("S5", "A", {"host": -2, VACANCY_A: -1}, 3),
        CompensationScheme("A1", "B", {"replaced_b": -1, "mobile": 1, VACANCY_A: -1}, 1),
        CompensationScheme(
            "A2",
            "B",
            {"replaced_b": -2, "host": 1, "mobile": -1},
            2,
            source="10.1016/j.jallcom.2017.05.278",
        ),
        CompensationScheme("A3", "B", {"replaced_b": -2, "anion": -1}, 2),
        CompensationScheme("A4", "B", {"replaced_b": -3, "host": 1, VACANCY_A: -1}, 3),
    )
}
"""The named schemes. S1: anion vacancies; S2: added mobile ions; S3: host and mobile replaced
together; S4: two mobile ions replaced by one dopant; S5: A vacancies filled. A1: added mobile ions;
A2: host for mobile ions; A3: anion vacancies; A4: added host ions."""


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


def get_scheme(scheme_id: str) -> CompensationScheme:
    """Return the scheme of a name.

    Parameters
    ----------
    scheme_id : str
        Name, e.g. "S3".

    Returns
    -------
    CompensationScheme
        The scheme.

    Raises
    ------
    InputError
        When there is no such scheme.

    Examples
    --------
    >>> get_scheme("S3").n_dopants
    2
    """
    if scheme_id not in SCHEMES:
        raise InputError(
            f"unknown compensation scheme {scheme_id!r}; allowed are {', '.join(SCHEMES)}"
        )
    return SCHEMES[scheme_id]


def _name_roles(scheme: CompensationScheme, roles: SiteRoles) -> dict[str, int]:
    """Write the changes per ``n_dopants`` by element instead of role, without the dopant."""
    changes: dict[str, int] = {}
    for role, change in scheme.changes.items():
        element = VACANCY_A if role == VACANCY_A else getattr(roles, role)
        if element is None:
            raise InputError(
                f"scheme {scheme.id} needs a {role} ion on the A sites ({', '.join(roles.A)}), "
                f"none was found; name it in the roles, e.g. {role}={roles.A[-1]!r}, or choose "
                "another scheme"
            )
        changes[element] = change
    return changes


def find_neutral_schemes(
    dopant_charge: int, *, roles: SiteRoles, states: Mapping[str, int]
) -> tuple[str, ...]:
    """List the schemes that are neutral for a dopant of this charge in this parent.

    Parameters
    ----------
    dopant_charge : int
        Oxidation state of the dopant, in e.
    roles : SiteRoles
        Roles of the parent's elements.
    states : mapping of str to int
        Oxidation states of the parent's elements, in e.

    Returns
    -------
    tuple of str
        Names of the schemes.

    Examples
    --------
    >>> llto = SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",), mobile="Li", host="La")
    >>> find_neutral_schemes(3, roles=llto, states={"Li": 1, "La": 3, "Ti": 4, "O": -2})
    ('A1', 'A2', 'A3', 'A4')
    """
    neutral = []
    for scheme in SCHEMES.values():
        missing = any(role != VACANCY_A and getattr(roles, role) is None for role in scheme.changes)
        if not missing and _scheme_charge(scheme, dopant_charge, roles, states) == 0:
            neutral.append(scheme.id)
    return tuple(neutral)


def _scheme_charge(
    scheme: CompensationScheme, dopant_charge: int, roles: SiteRoles, states: Mapping[str, int]
) -> int:
    changes = _name_roles(scheme, roles)
    charge = net_charge(changes, {**states, VACANCY_A: 0})
    return round(charge) + scheme.n_dopants * dopant_charge


def apply_scheme(
    scheme: CompensationScheme,
    dopant: str,
    *,
    dopant_charge: int,
    count: int,
    roles: SiteRoles,
    states: Mapping[str, int],
) -> dict[str, int]:
    """Integer changes of a cell for a number of dopants.

    Parameters
    ----------
    scheme : CompensationScheme
        How charge is compensated.
    dopant : str
        Symbol of the dopant.
    dopant_charge : int
        Its oxidation state, in e.
    count : int
        Number of dopants, a multiple of ``scheme.n_dopants``.
    roles : SiteRoles
        Roles of the parent's elements.
    states : mapping of str to int
        Oxidation states of the parent's elements, in e.

    Returns
    -------
    dict of str to int
        Atoms added (positive) or removed by element, the dopant included; ``"vacancy_A"`` is the
        change of the number of empty A sites. Charges sum to zero, and so do the A and B sites.

    Raises
    ------
    InputError
        When the count is no multiple, or the scheme is not neutral for this charge.

    Examples
    --------
    >>> llto = SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",), mobile="Li", host="La")
    >>> apply_scheme(SCHEMES["S3"], "Sr", dopant_charge=2, count=2, roles=llto,
    ...              states={"Li": 1, "La": 3, "Ti": 4, "O": -2})
    {'Sr': 2, 'La': -1, 'Li': -1}
    """
    if count < 1 or count % scheme.n_dopants:
        below = count - count % scheme.n_dopants
        allowed = [str(n) for n in (below, below + scheme.n_dopants) if n > 0]
        raise InputError(
            f"{count} {dopant} with scheme {scheme.id}: the count must be a positive multiple of "
            f"{scheme.n_dopants}; nearest are {' and '.join(allowed)}"
        )
    residue = _scheme_charge(scheme, dopant_charge, roles, states)
    if residue:
        neutral = find_neutral_schemes(dopant_charge, roles=roles, states=states)
        replaced = getattr(roles, scheme.replaced_role)
        needed = dopant_charge - residue / scheme.n_dopants
        advice = f"use {', '.join(neutral)}" if neutral else "no named scheme is neutral for it"
        raise InputError(
            f"{format_ion(dopant, dopant_charge)} on {format_ion(replaced, states[replaced])} with "
            f"scheme {scheme.id} leaves a net charge of {residue:+d} e per {scheme.n_dopants} "
            f"dopant(s), allowed is 0; {scheme.id} takes a dopant of charge {needed:+g}; "
            f"for {format_ion(dopant, dopant_charge)} {advice}"
        )
    units = count // scheme.n_dopants
    changes = {element: change * units for element, change in _name_roles(scheme, roles).items()}
    return {dopant: count, **changes}


def write_reaction(
    scheme: CompensationScheme,
    dopant: str,
    *,
    dopant_charge: int,
    roles: SiteRoles,
    states: Mapping[str, int],
) -> str:
    """Write the site reaction of a scheme in Kröger-Vink notation.

    Effective charges refer to the mean charge that the ideal ABX3 formula gives each sublattice:
    z_ref(B) and z_ref(X) are those of the replaced ions, z_ref(A) = -z_ref(B) - 3 z_ref(X), which
    is +2 in LLTO. Papers that take the La site as reference write other charges for the same
    reaction.

    Parameters
    ----------
    scheme : CompensationScheme
        The scheme.
    dopant : str
        Symbol of the dopant.
    dopant_charge : int
        Its oxidation state, in e.
    roles : SiteRoles
        Roles of the parent's elements.
    states : mapping of str to int
        Oxidation states of the parent's elements, in e.

    Returns
    -------
    str
        Species of the parent consumed → species formed, for ``n_dopants`` dopants.

    Examples
    --------
    >>> llto = SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",), mobile="Li", host="La")
    >>> write_reaction(SCHEMES["S1"], "Sr", dopant_charge=2, roles=llto,
    ...                states={"Li": 1, "La": 3, "Ti": 4, "O": -2})
    '2 La•_A + O×_O → 2 Sr×_A + V••_O'
    """
    z_b, z_x = states[roles.replaced_b], states[roles.anion]
    reference = {"A": -z_b - 3 * z_x, "B": z_b, "X": z_x}
    labels = {"A": "A", "B": roles.replaced_b, "X": roles.anion}

    def write(n: int, element: str, site: str, charge: int) -> str:
        effective = charge - reference[site]
        marks = "×" if effective == 0 else ("•" if effective > 0 else "′") * abs(effective)
        return f"{f'{n} ' if n > 1 else ''}{element}{marks}_{labels[site]}"

    left: list[str] = []
    right = [write(scheme.n_dopants, dopant, scheme.dopant_site, dopant_charge)]
    for element, change in _name_roles(scheme, roles).items():
        site = "B" if element in roles.B else "X" if element in roles.X else "A"
        symbol, charge = ("V", 0) if element == VACANCY_A else (element, states[element])
        (right if change > 0 else left).append(write(abs(change), symbol, site, charge))
        if site == "X":  # the only sublattice whose vacancies are not counted in the changes
            (left if change > 0 else right).append(write(abs(change), "V", site, 0))
    return f"{' + '.join(left)} → {' + '.join(right)}"
