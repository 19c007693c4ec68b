"""The parent of a candidate: its sublattices, what they hold, and where ions can go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.enumeration import SitePermutations, find_site_permutations
from perolyte.structures.oxidation import read_oxidation_states
from perolyte.structures.roles import SiteRoles
from perolyte.structures.sublattices import (
    Sublattices,
    build_sublattices,
    convert_roles,
    find_sublattices,
)
from perolyte.structures.supercells.counts import count_formula_units

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["INTERSTITIAL", "Host", "Roles", "prepare_host", "resolve_sublattices"]

INTERSTITIAL = "interstitial"
"""Name of the sublattice of sites between those of the parent."""

Roles = SiteRoles | Sublattices | Mapping[str, Sequence[str] | str] | None
"""Elements of each sublattice; None finds them from the structure."""


@dataclass(frozen=True, eq=False)
class Host:
    """An ordered parent with all its sites, occupied or empty.

    Attributes
    ----------
    sites : SiteSet
        The sites: first those of the parent's atoms, then the empty ones.
    symbols : ndarray of str
        ``(n_sites,)``, the element on each site, "" where empty.
    sublattice_of : ndarray of str
        ``(n_sites,)``, name of the sublattice of each site.
    states : dict of str to int
        Oxidation state of each element, in e.
    sublattices : Sublattices
        Their elements and roles.
    """

    sites: SiteSet
    symbols: NDArray[np.str_]
    sublattice_of: NDArray[np.str_]
    states: dict[str, int]
    sublattices: Sublattices

    @cached_property
    def permutations(self) -> SitePermutations:
        """Symmetry of the parent, empty sites included."""
        labels = list(zip(self.symbols.tolist(), self.sublattice_of.tolist(), strict=True))
        return find_site_permutations(self.sites.lattice, self.sites.frac_coords, labels)

    @property
    def n_empty(self) -> dict[str, int]:
        """Number of empty sites of each sublattice that has some."""
        names, counts = np.unique(self.sublattice_of[self.symbols == EMPTY], return_counts=True)
        return {str(name): int(n) for name, n in zip(names, counts, strict=True)}

    @property
    def n_formula_units(self) -> int:
        """B sites of a perovskite; elsewhere what all full sublattices have in common."""
        numbers = {name: self.count_sites(name) for name in self.sublattices.names}
        return count_formula_units(numbers, sublattices=self.sublattices, partly=set(self.n_empty))

    def count(self, species: str) -> int:
        """Count the atoms of an element, or the sites of a key such as "vacancy_A"."""
        if species.startswith("vacancy_"):
            return self.n_empty.get(species.removeprefix("vacancy_"), 0)
        return int(np.sum(self.symbols == species))

    def count_sites(self, sublattice: str) -> int:
        """Count the sites of a sublattice, empty ones too; InputError when there is none."""
        self.sublattices.get(sublattice)
        return int(np.sum(self.sublattice_of == sublattice))

    def with_empty_sites(self, frac_coords: NDArray[np.float64], sublattice: str) -> Host:
        """Add empty sites, ``(n, 3)`` fractional, of a sublattice of their own."""
        n_new = len(frac_coords)
        coords = np.vstack([self.sites.frac_coords, np.mod(frac_coords, 1.0)])
        return replace(
            self,
            sites=SiteSet(self.sites.lattice, coords),
            symbols=np.concatenate([self.symbols, np.full(n_new, EMPTY, dtype=SYMBOL_DTYPE)]),
            sublattice_of=np.concatenate([self.sublattice_of, np.full(n_new, sublattice)]),
        )

    def list_moves(
        self, changes: Mapping[str, int], placed: Mapping[str, str]
    ) -> list[SublatticeMove]:
        """Translate changes into ions that leave and enter each sublattice.

        ``placed`` names the sublattice of each element that is new.
        """
        moves = []
        for name in self.sublattices.names:
            here = {
                element: n
                for element, n in changes.items()
                if n != 0 and self._find_sublattice(element, placed) == name
            }
            if here:
                moves.append(
                    SublatticeMove(
                        sites=tuple(np.flatnonzero(self.sublattice_of == name).tolist()),
                        removed={element: -n for element, n in here.items() if n < 0},
                        added={element: n for element, n in here.items() if n > 0},
                    )
                )
        return moves

    def _find_sublattice(self, element: str, placed: Mapping[str, str]) -> str | None:
        if element.startswith("vacancy_"):
            return None  # follows from the ions
        return placed[element] if element in placed else self.sublattices.find(element).name


def prepare_host(
    parent: Structure,
    roles: Roles,
    empty_sites_frac: Mapping[str, NDArray[np.float64]] | None = None,
) -> Host:
    """Check that a parent can be changed and list its sites.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Ordered neutral cell with oxidation states.
    roles : SiteRoles, Sublattices, mapping or None
        Elements of each sublattice; None finds them.
    empty_sites_frac : mapping of str to ndarray, optional
        ``(n, 3)``, fractional, by sublattice: sites that ions may enter.

    Raises
    ------
    InputError
        When the parent is disordered or charged, an element has no sublattice, or empty sites
        belong to a sublattice that is not there.
    """
    if not parent.is_ordered:
        raise InputError(
            "the parent has partially occupied sites; order it first with build_ordered_parent"
        )
    states = read_oxidation_states(parent)
    charge = sum(states[site.specie.symbol] for site in parent)
    if charge:
        raise InputError(
            f"the parent has a net charge of {charge:+d} e, allowed is 0; check the oxidation "
            "states or the composition"
        )
    sublattices = resolve_sublattices(parent, roles)
    symbols = [site.specie.symbol for site in parent]
    names = [sublattices.find(symbol).name for symbol in symbols]
    coords = [np.asarray(parent.frac_coords, dtype=np.float64)]
    for name, frac in (empty_sites_frac or {}).items():
        sublattices.get(name)
        sites_frac = np.asarray(frac, dtype=np.float64).reshape(-1, 3)
        coords.append(sites_frac)
        symbols += [EMPTY] * len(sites_frac)
        names += [name] * len(sites_frac)
    return Host(
        sites=SiteSet(parent.lattice, np.mod(np.vstack(coords), 1.0)),
        symbols=np.array(symbols, dtype=SYMBOL_DTYPE),
        sublattice_of=np.array(names, dtype=np.str_),
        states=states,
        sublattices=sublattices,
    )


def resolve_sublattices(structure: Structure, roles: Roles) -> Sublattices:
    """Find or describe the sublattices of a structure.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered, with oxidation states.
    roles : SiteRoles, Sublattices, mapping or None
        Elements of each sublattice, with ``"mobile"`` and ``"host"`` where charges do not tell;
        None finds them.

    Returns
    -------
    Sublattices
        The sublattices.

    Raises
    ------
    InputError
        When an element of the structure is on none of them, or they contradict the structure.
    """
    if roles is None:
        return find_sublattices(structure)
    if isinstance(roles, Sublattices):
        return roles
    states = read_oxidation_states(structure)
    if isinstance(roles, SiteRoles):
        return convert_roles(roles, states)
    members = {name: held for name, held in roles.items() if name not in ("mobile", "host")}
    listed = {e for held in members.values() for e in ([held] if isinstance(held, str) else held)}
    missing = sorted(set(states) - listed)
    if missing:
        raise InputError(
            f"{missing[0]} of the structure is on no sublattice of the roles "
            f"({', '.join(members)}); add it to one of them"
        )
    return build_sublattices(
        members,
        states=states,
        amounts=structure.composition.element_composition.get_el_amt_dict(),
        mobile=_get_name(roles, "mobile"),
        host=_get_name(roles, "host"),
    )


def _get_name(roles: Mapping[str, Sequence[str] | str], key: str) -> str | None:
    return str(roles[key]) if key in roles else None
