"""Aliovalent dopings of an ordered parent: neutral, named, and of low electrostatic energy."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_element, check_seed
from perolyte.structures._doping_host import Host, choose_count, list_moves, prepare_host
from perolyte.structures.arrangements import (
    EMPTY,
    draw_moves,
    rank_arrangements,
)
from perolyte.structures.compensation import (
    apply_scheme,
    get_scheme,
    write_reaction,
)
from perolyte.structures.oxidation import COMMON_STATES
from perolyte.structures.roles import SiteRoles

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["FRACTION_BASES", "Doping", "DopingResult", "enumerate_dopings"]

FRACTION_BASES = ("A_sites", "B_sites", "element", "formula_unit")
"""What a dopant fraction counts: all A sites (empty ones too), all B sites, the atoms of the
element that the dopant replaces, or formula units ABX3."""


@dataclass(frozen=True)
class Doping:
    """What to dope, how much, and how its charge is compensated.

    Attributes
    ----------
    element : str
        Dopant.
    scheme : str
        Name of a compensation scheme, "S1" to "S5" on A sites, "A1" to "A4" on B sites.
    oxidation_state : int or None
        State of the dopant in e; None takes the element's one common state.
    count : int or None
        Dopants in the cell. Give either this or ``fraction``.
    fraction : float or None
        Dopants per ``basis``, from 0 to 1.
    basis : str or None
        One of :data:`FRACTION_BASES`; needed with ``fraction``. 1 % of La is not 1 % of A sites.

    Examples
    --------
    >>> Doping("Sr", "S3", count=2).charge
    2
    """

    element: str
    scheme: str
    oxidation_state: int | None = None
    count: int | None = None
    fraction: float | None = None
    basis: str | None = None

    def __post_init__(self) -> None:
        check_element(self.element, "dopant")
        get_scheme(self.scheme)
        if (self.count is None) == (self.fraction is None):
            raise InputError(
                f"doping {self.element} {self.scheme}: count is {self.count} and fraction is "
                f"{self.fraction}; give exactly one of them"
            )
        if self.fraction is not None:
            if not 0.0 < self.fraction <= 1.0:
                raise InputError(
                    f"doping {self.element} {self.scheme}: fraction is {self.fraction}, allowed "
                    "is above 0 up to 1"
                )
            if self.basis not in FRACTION_BASES:
                raise InputError(
                    f"doping {self.element} {self.scheme}: basis is {self.basis!r}, allowed with "
                    f"a fraction are {', '.join(FRACTION_BASES)}"
                )
        elif self.basis is not None:
            raise InputError(
                f"doping {self.element} {self.scheme}: basis {self.basis!r} goes with a fraction, "
                "and a count is given; leave basis out"
            )

    @property
    def charge(self) -> int:
        """Oxidation state of the dopant, in e; InputError when it is neither given nor unique."""
        state = self.oxidation_state
        if state is None:
            state = COMMON_STATES.get(self.element)
        if state is None:
            raise InputError(
                f"dopant {self.element} has no single common oxidation state; "
                "give oxidation_state, e.g. 3"
            )
        return state


@dataclass(frozen=True, eq=False)
class DopingResult:
    """One doped, ordered and neutral cell.

    Attributes
    ----------
    name : str
        Element, number and scheme, e.g. "Sr2-S3"; further arrangements add their rank, "Sr2-S3-r1".
    doping : Doping
        What was asked.
    structure : pymatgen.core.Structure
        The cell, decorated with oxidation states.
    rank : int
        0 for the arrangement of lowest energy.
    dopant_count : int
        Dopants in the cell.
    basis : str
        What the fractions count; "formula_unit" when a count was asked.
    requested_fraction : float or None
        As asked, None for a count.
    achieved_fraction : float
        What the cell holds.
    changes : dict of str to int
        Atoms added and removed, ``"vacancy_A"`` for empty A sites.
    reaction : str
        Site reaction in Kröger-Vink notation.
    vacancy_sites_frac : ndarray
        ``(n_vacancies, 3)``, fractional: A sites that are empty in this cell.
    ewald_energy_eV : float
        Point-charge energy of the cell, eV; compare it at equal composition only.
    n_samples, n_distinct : int
        Arrangements drawn, and different ones among them.
    seed : int
        Seed of the draw.
    warnings : tuple of str
        What differs from what was asked.
    """

    name: str
    doping: Doping
    structure: Structure
    rank: int
    dopant_count: int
    basis: str
    requested_fraction: float | None
    achieved_fraction: float
    changes: dict[str, int]
    reaction: str
    vacancy_sites_frac: NDArray[np.float64]
    ewald_energy_eV: float
    n_samples: int
    n_distinct: int
    seed: int
    warnings: tuple[str, ...]


def enumerate_dopings(
    parent: Structure,
    dopings: Sequence[Doping],
    *,
    roles: SiteRoles | Mapping[str, Sequence[str] | str],
    vacancy_sites_frac: NDArray[np.float64],
    n_samples: int = 500,
    n_keep: int = 1,
    seed: int = 0,
) -> list[DopingResult]:
    """Dope an ordered parent in several ways, each the best of random placements.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Ordered neutral cell with oxidation states.
    dopings : sequence of Doping
        What to make.
    roles : SiteRoles or mapping
        Sublattices of the parent's elements, e.g. ``{"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}``.
    vacancy_sites_frac : ndarray
        ``(n_vacancies, 3)``, fractional: the empty A sites of the parent.
    n_samples : int
        Random placements to compare for each doping.
    n_keep : int
        Arrangements of different energy to return for each doping, fewer where fewer exist.
    seed : int
        Seed; each doping draws from its own stream, so its result does not depend on the others.

    Returns
    -------
    list of DopingResult
        In the order of ``dopings``, each by rising energy.

    Raises
    ------
    InputError
        When a doping is impossible in this cell; the message names the nearest possible one.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.structures.oxidation import assign_oxidation_states
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Na", "Nb", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> cell = assign_oxidation_states(cell * (2, 2, 2)).structure
    >>> made = enumerate_dopings(cell, [Doping("Sr", "S4", count=1)], n_samples=10,
    ...                          roles={"A": ["Na"], "B": ["Nb"], "X": ["O"]},
    ...                          vacancy_sites_frac=np.empty((0, 3)))
    >>> made[0].name, made[0].structure.composition.reduced_formula
    ('Sr1-S4', 'Na6SrNb8O24')
    """
    check_seed(seed)
    host = prepare_host(parent, roles, vacancy_sites_frac)
    results: list[DopingResult] = []
    for doping in dopings:
        made = _dope(host, doping, n_samples=n_samples, n_keep=n_keep, seed=seed)
        clash = next((r for r in results if r.name == made[0].name), None)
        if clash is not None:
            raise InputError(
                f"two dopings give the same cell {clash.name} here; remove one, or use a larger "
                "supercell to tell them apart"
            )
        results += made
    return results


def _dope(
    host: Host, doping: Doping, *, n_samples: int, n_keep: int, seed: int
) -> list[DopingResult]:
    scheme = get_scheme(doping.scheme)
    if doping.element in host.states:
        raise InputError(
            f"the dopant {doping.element} is already an element of the parent "
            f"({', '.join(sorted(host.states))}); choose another dopant"
        )
    apply = partial(
        apply_scheme,
        scheme,
        doping.element,
        dopant_charge=doping.charge,
        roles=host.roles,
        states=host.states,
    )
    count = choose_count(host, doping, scheme, apply(count=scheme.n_dopants))
    changes = apply(count=count)
    reaction = write_reaction(
        scheme,
        doping.element,
        dopant_charge=doping.charge,
        roles=host.roles,
        states=host.states,
    )
    name = f"{doping.element}{count}-{scheme.id}"
    arrangements = draw_moves(
        host.symbols,
        list_moves(host, scheme, doping.element, changes),
        n_samples=n_samples,
        seed=[seed, zlib.crc32(name.encode())],
    )
    states = {**host.states, doping.element: doping.charge}
    kept = rank_arrangements(host.sites, arrangements, states=states, n_keep=n_keep)
    basis = doping.basis or "formula_unit"
    achieved = count / host.count_basis(basis, scheme)
    warnings = _compare_with_request(doping, achieved, n_found=len(kept), n_keep=n_keep)
    return [
        DopingResult(
            name=name if rank == 0 else f"{name}-r{rank}",
            doping=doping,
            structure=host.sites.build_structure(arrangement.symbols, states),
            rank=rank,
            dopant_count=count,
            basis=basis,
            requested_fraction=doping.fraction,
            achieved_fraction=achieved,
            changes=changes,
            reaction=reaction,
            vacancy_sites_frac=host.sites.frac_coords[
                [i for i in host.find_sites("A") if arrangement.symbols[i] == EMPTY]
            ],
            ewald_energy_eV=arrangement.ewald_energy_eV,
            n_samples=n_samples,
            n_distinct=arrangement.n_distinct,
            seed=seed,
            warnings=warnings,
        )
        for rank, arrangement in enumerate(kept)
    ]


def _compare_with_request(
    doping: Doping, achieved: float, *, n_found: int, n_keep: int
) -> tuple[str, ...]:
    tolerance = 0.05  # relative; below it the cell is as good as asked
    warnings: list[str] = []
    if doping.fraction is not None and abs(achieved / doping.fraction - 1.0) > tolerance:
        warnings.append(
            f"asked for {doping.fraction:.4f} of {doping.basis}, this cell holds {achieved:.4f}"
        )
    if n_found < n_keep:
        warnings.append(f"only {n_found} arrangements of different energy among those sampled")
    return tuple(warnings)
