"""Which element plays which part on the three sublattices of a perovskite ABX3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perolyte.errors import InputError

__all__ = ["SiteRoles", "resolve_roles"]


@dataclass(frozen=True)
class SiteRoles:
    """Elements of the A, B and X sublattices, and the two that compensation schemes act on.

    Attributes
    ----------
    A, B, X : tuple of str
        Elements of each sublattice; the first of B and X is the one that a scheme replaces.
    mobile : str or None
        The mobile A cation (Li in LLTO); schemes add or remove it.
    host : str or None
        The immobile A cation that dopants replace (La in LLTO).
    """

    A: tuple[str, ...]
    B: tuple[str, ...]
    X: tuple[str, ...]
    mobile: str | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        listed = (*self.A, *self.B, *self.X)
        if not (self.A and self.B and self.X):
            raise InputError(
                f"roles need at least one element each of A, B and X, got A={list(self.A)}, "
                f"B={list(self.B)}, X={list(self.X)}; give e.g. A=['Li', 'La'], B=['Ti'], X=['O']"
            )
        if len(set(listed)) != len(listed):
            raise InputError(
                f"an element has two roles in A={list(self.A)}, B={list(self.B)}, "
                f"X={list(self.X)}; list each element once"
            )
        for role, element in (("mobile", self.mobile), ("host", self.host)):
            if element is not None and element not in self.A:
                raise InputError(
                    f"the {role} ion {element} is not among the A elements {list(self.A)}; "
                    "choose one of them"
                )

    @property
    def replaced_b(self) -> str:
        """The B cation that a B dopant replaces."""
        return self.B[0]

    @property
    def anion(self) -> str:
        """The anion that a scheme removes."""
        return self.X[0]


def resolve_roles(
    roles: SiteRoles | Mapping[str, Sequence[str] | str], states: Mapping[str, int]
) -> SiteRoles:
    """Complete roles given as a mapping: find the mobile and the host A cation by their charge.

    Parameters
    ----------
    roles : SiteRoles or mapping
        ``{"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}``, with optional ``"mobile"`` and ``"host"``.
    states : mapping of str to int
        Oxidation state of each element, in e.

    Returns
    -------
    SiteRoles
        Unless given, ``mobile`` is the one A cation of charge +1 and ``host`` the one A cation of
        the highest charge above +1; None where there is no such cation or more than one.

    Raises
    ------
    InputError
        For an unknown key, or an element without a state.

    Examples
    --------
    >>> resolve_roles({"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]},
    ...               {"Li": 1, "La": 3, "Ti": 4, "O": -2}).host
    'La'
    """
    if not isinstance(roles, SiteRoles):
        unknown = sorted(set(roles) - {"A", "B", "X", "mobile", "host"})
        if unknown:
            raise InputError(f"unknown role {unknown[0]!r}; allowed are A, B, X, mobile and host")
        lists = {
            key: (value,) if isinstance(value, str) else tuple(value)
            for key, value in roles.items()
            if key in ("A", "B", "X")
        }
        single = {key: str(roles[key]) for key in ("mobile", "host") if key in roles}
        roles = SiteRoles(
            A=lists.get("A", ()),
            B=lists.get("B", ()),
            X=lists.get("X", ()),
            mobile=single.get("mobile"),
            host=single.get("host"),
        )
    for element in (*roles.A, *roles.B, *roles.X):
        if element not in states:
            raise InputError(
                f"the role of {element} is given, but it has no oxidation state; "
                "is it in the structure?"
            )
    mobile = [element for element in roles.A if states[element] == 1]
    highest = max(states[element] for element in roles.A)
    host = [element for element in roles.A if states[element] == highest > 1]
    return SiteRoles(
        A=roles.A,
        B=roles.B,
        X=roles.X,
        mobile=roles.mobile or (mobile[0] if len(mobile) == 1 else None),
        host=roles.host or (host[0] if len(host) == 1 else None),
    )
