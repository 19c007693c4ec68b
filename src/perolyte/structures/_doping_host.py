"""The parent of a doping: its sublattices, what they can give, and where ions go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import reach_count
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.compensation import VACANCY_A, CompensationScheme
from perolyte.structures.oxidation import read_oxidation_states
from perolyte.structures.roles import SiteRoles, resolve_roles

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from perolyte.structures.doping import Doping

__all__ = ["Host", "choose_count", "list_moves", "prepare_host"]


@dataclass(frozen=True, eq=False)
class Host:
    """An ordered parent with all its A, B and X sites, occupied or empty.

    Attributes
    ----------
    sites : SiteSet
        The sites: first those of the parent's atoms, then the empty A sites.
    states : dict of str to int
        Oxidation state of each element, in e.
    symbols : ndarray of str
        ``(n_sites,)``, the element on each site, "" where empty.
    roles : SiteRoles
        Roles of the elements.
    """

    sites: SiteSet
    states: dict[str, int]
    symbols: NDArray[np.str_]
    roles: SiteRoles

    def count(self, element: str) -> int:
        """Count the atoms of an element; "" counts the empty sites."""
        return int(np.sum(self.symbols == element))

    def find_sites(self, sublattice: str) -> tuple[int, ...]:
        """Find the sites of sublattice "A", "B" or "X"; empty sites belong to A."""
        elements = [*getattr(self.roles, sublattice), *([EMPTY] if sublattice == "A" else [])]
        return tuple(np.flatnonzero(np.isin(self.symbols, elements)).tolist())

    def count_basis(self, basis: str, scheme: CompensationScheme) -> int:
        """Count what a dopant fraction refers to."""
        if basis == "A_sites":
            return len(self.find_sites("A"))
        if basis == "element":
            return self.count(getattr(self.roles, scheme.replaced_role))
        return len(self.find_sites("B"))  # one B site per formula unit ABX3


def prepare_host(
    parent: Structure,
    roles: SiteRoles | Mapping[str, Sequence[str] | str],
    vacancy_sites_frac: NDArray[np.float64],
) -> Host:
    """Check that a parent can be doped and list its sites; InputError when it cannot."""
    if not parent.is_ordered:
        raise InputError(
            "the parent has partially occupied sites; order it first with build_ordered_parent"
        )
    states = read_oxidation_states(parent)
    charge = sum(states[site.specie.symbol] for site in parent)
    if charge:
        raise InputError(f"the parent has a net charge of {charge:+d} e, allowed is 0")
    resolved = resolve_roles(roles, states)
    vacancies = np.asarray(vacancy_sites_frac, dtype=np.float64).reshape(-1, 3)
    symbols = [site.specie.symbol for site in parent] + [EMPTY] * len(vacancies)
    return Host(
        sites=SiteSet(parent.lattice, np.vstack([parent.frac_coords, vacancies])),
        states=states,
        symbols=np.array(symbols, dtype=SYMBOL_DTYPE),
        roles=resolved,
    )


def choose_count(
    host: Host, doping: Doping, scheme: CompensationScheme, unit: Mapping[str, int]
) -> int:
    """Dopants to place: as asked, or the nearest that the scheme and the cell allow."""
    available = {
        element: host.count(EMPTY if element == VACANCY_A else element)
        for element, change in unit.items()
        if change < 0
    }
    n_units = min(n // -unit[element] for element, n in available.items())
    scarce = min(available, key=lambda element: available[element] // -unit[element])
    limit = f"{available[scarce]} {'empty A sites' if scarce == VACANCY_A else scarce}"
    what = f"doping {doping.element} with scheme {scheme.id}"
    if n_units == 0:
        raise InputError(
            f"{what} needs {-unit[scarce]} {'empty A sites' if scarce == VACANCY_A else scarce} "
            f"for {scheme.n_dopants} dopant(s), the cell has {available[scarce]}; "
            "use a larger supercell or another scheme"
        )
    max_count = n_units * scheme.n_dopants
    if doping.count is not None:
        if doping.count > max_count:
            raise InputError(
                f"{what}: count is {doping.count}, allowed are up to {max_count}, "
                f"because the cell has {limit}; lower the count or use a larger supercell"
            )
        return doping.count
    basis, fraction = doping.basis or "", doping.fraction or 0.0
    n_basis = host.count_basis(basis, scheme)
    count = reach_count(fraction, n_basis=n_basis, step=scheme.n_dopants, max_count=max_count)
    if count is None:
        counts = range(scheme.n_dopants, max_count + 1, scheme.n_dopants)
        nearest = sorted(counts, key=lambda n: abs(n / n_basis - fraction))[:3]
        reachable = ", ".join(f"{n / n_basis:.4f} ({n} {doping.element})" for n in sorted(nearest))
        raise InputError(
            f"{what}: fraction {fraction:g} of {basis} is not reachable with {n_basis} in the "
            f"cell; nearest are {reachable}; choose one or use a larger supercell"
        )
    return count


def list_moves(
    host: Host, scheme: CompensationScheme, dopant: str, changes: Mapping[str, int]
) -> list[SublatticeMove]:
    """Translate changes into ions that leave and enter each sublattice."""
    moves = []
    for sublattice in ("A", "B", "X"):
        members = set(getattr(host.roles, sublattice))
        if sublattice == scheme.dopant_site:
            members.add(dopant)
        here = {element: n for element, n in changes.items() if element in members}
        if here:
            moves.append(
                SublatticeMove(
                    sites=host.find_sites(sublattice),
                    removed={element: -n for element, n in here.items() if n < 0},
                    added={element: n for element, n in here.items() if n > 0},
                )
            )
    return moves
