"""Vacancies and interstitials in an ordered parent, compensated by other ions: neutral cells."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_element, check_seed
from perolyte.structures._host import INTERSTITIAL, Host, prepare_host
from perolyte.structures.arrangements import EMPTY, SublatticeMove
from perolyte.structures.interstitials import find_interstitial_sites
from perolyte.structures.oxidation import read_oxidation_states
from perolyte.structures.placement import Placement, PlacementResult, SelectionRule, place_ions
from perolyte.structures.sublattices import build_sublattices

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["ALL_COMPENSATIONS", "Vacancy", "VacancyResult", "enumerate_vacancies"]

ALL_COMPENSATIONS = "all"
"""Instead of the ions that leave with a vacancy: every single element that balances it."""


@dataclass(frozen=True)
class Vacancy:
    """Which ions to remove, and which of them to put on interstitial sites.

    Attributes
    ----------
    element : str
        Element whose vacancies are wanted.
    count : int
        Their number in the cell.
    compensation : mapping of str to int, or "all"
        Ions removed with them so that the cell stays neutral, e.g. ``{"Li": 2}``; "all" makes one
        candidate for every element of opposite charge that balances them alone.
    interstitials : mapping of str to int
        Ions put on interstitial sites; ``{"Li": 1}`` with a lithium vacancy is a Frenkel pair.
    pair : tuple of str or None
        Two defects such as ("vacancy_O", "vacancy_Li"), or ("vacancy_Li", "interstitial"): the
        best arrangement is kept for every neighbour shell of the two.

    Examples
    --------
    >>> Vacancy("O", 1, {"Li": 2}).name
    'VO1-VLi2'
    >>> Vacancy("Li", 1, interstitials={"Li": 1}).name
    'VLi1-Lii1'
    """

    element: str
    count: int
    compensation: Mapping[str, int] | str = field(default_factory=dict)
    interstitials: Mapping[str, int] = field(default_factory=dict)
    pair: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.compensation, str):
            if self.compensation != ALL_COMPENSATIONS:
                raise InputError(
                    f"vacancy {self.element}: compensation is {self.compensation!r}, allowed are "
                    "'all' or numbers by element, e.g. {'Li': 2}"
                )
            if self.interstitials:
                raise InputError(
                    f"vacancy {self.element}: compensation 'all' and interstitials exclude each "
                    "other; name the numbers"
                )
        elif self.element in self.compensation:
            raise InputError(
                f"vacancy {self.element}: its compensation removes {self.element} too; "
                "put all of them into count"
            )
        numbers = {**self._compensated, self.element: self.count}
        for element, n in [*numbers.items(), *self.interstitials.items()]:
            check_element(element, "vacancy")
            if not isinstance(n, int) or isinstance(n, bool) or n < 1:
                raise InputError(
                    f"vacancy {element}: the number is {n!r}, allowed are integers from 1"
                )
        if self.pair is not None:
            if len(self.pair) != 2:
                raise InputError(
                    f"pair is {self.pair!r}, allowed are two defects, e.g. "
                    "('vacancy_O', 'vacancy_Li')"
                )
            object.__setattr__(self, "pair", (str(self.pair[0]), str(self.pair[1])))

    @property
    def _compensated(self) -> dict[str, int]:
        return {} if isinstance(self.compensation, str) else dict(self.compensation)

    @property
    def removed(self) -> dict[str, int]:
        """All ions that leave, by element."""
        return {self.element: self.count, **dict(sorted(self._compensated.items()))}

    @property
    def name(self) -> str:
        """Name that follows from the content."""
        removed = [f"V{element}{n}" for element, n in self.removed.items()]
        return "-".join([*removed, *(f"{e}i{n}" for e, n in sorted(self.interstitials.items()))])


@dataclass(frozen=True, eq=False)
class VacancyResult:
    """One neutral cell with vacancies.

    Attributes
    ----------
    name : str
        Elements and numbers removed, e.g. "VO1-VLi2"; with a defect pair its shell, "-n1";
        arrangements that are not the best one add their rank, "-r1".
    vacancy : Vacancy
        What was asked, its compensation as numbers.
    structure : pymatgen.core.Structure
        The cell, decorated with oxidation states.
    achieved_fraction : float
        Part of the element's atoms that is missing.
    changes : dict of str to int
        Change of the number of atoms by element; zero for the ion of a Frenkel pair.
    reaction : str
        Site reaction in Kröger-Vink notation; effective charges refer to the removed ions.
    removed_sites_frac : ndarray
        ``(n_removed, 3)``, fractional: the sites that became empty.
    placement : Placement
        Which arrangement it is: rank, energy, degeneracy, why it was kept.
    arrangements : PlacementResult
        How many there are and how they were compared.
    seed : int
        Seed of the draw.
    warnings : tuple of str
        What differs from what was asked.
    """

    name: str
    vacancy: Vacancy
    structure: Structure
    achieved_fraction: float
    changes: dict[str, int]
    reaction: str
    removed_sites_frac: NDArray[np.float64]
    placement: Placement
    arrangements: PlacementResult
    seed: int
    warnings: tuple[str, ...]


def enumerate_vacancies(
    parent: Structure,
    vacancies: Sequence[Vacancy],
    *,
    interstitial_sites_frac: NDArray[np.float64] | None = None,
    rule: SelectionRule | None = None,
    seed: int = 0,
) -> list[VacancyResult]:
    """Remove ions from an ordered parent in several ways; keep the best arrangements of each.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Ordered neutral cell with oxidation states.
    vacancies : sequence of Vacancy
        What to remove.
    interstitial_sites_frac : ndarray, optional
        ``(n, 3)``, fractional: sites for interstitials; found by
        :func:`~perolyte.structures.interstitials.find_interstitial_sites` when left out.
    rule : SelectionRule, optional
        How many arrangements to compare and to keep; the best one of each when left out.
    seed : int
        Seed; each vacancy draws from its own stream, so its result does not depend on the others.

    Returns
    -------
    list of VacancyResult
        In the order of ``vacancies``, each by rising energy.

    Raises
    ------
    InputError
        When the removal is not neutral (the message names what would balance it), or the cell does
        not hold that many ions.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.structures.oxidation import assign_oxidation_states
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Na", "Nb", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> cell = assign_oxidation_states(cell * (2, 2, 2)).structure
    >>> made = enumerate_vacancies(cell, [Vacancy("O", 1, {"Na": 2})])
    >>> made[0].name, made[0].reaction
    ('VO1-VNa2', 'O×_O + 2 Na×_Na → V••_O + 2 V′_Na')
    """
    check_seed(seed)
    if not parent.is_ordered:
        raise InputError(
            "the parent has partially occupied sites; order it first with build_ordered_parent"
        )
    states = read_oxidation_states(parent)
    sublattices = build_sublattices({element: element for element in states}, states=states)
    host = prepare_host(parent, sublattices)
    results: list[VacancyResult] = []
    for vacancy in _expand(vacancies, host):
        if any(result.vacancy.name == vacancy.name for result in results):
            raise InputError(f"vacancy {vacancy.name} is asked twice; remove one")
        results += _remove(host, vacancy, interstitial_sites_frac, rule or SelectionRule(), seed)
    return results


def _expand(vacancies: Sequence[Vacancy], host: Host) -> list[Vacancy]:
    """Write "all" as numbers: one vacancy for every element that balances it alone."""
    expanded: list[Vacancy] = []
    for vacancy in vacancies:
        if not isinstance(vacancy.compensation, str):
            expanded.append(vacancy)
            continue
        _check_counts(host, vacancy)
        charge = -vacancy.count * host.states[vacancy.element]
        balances = [
            {element: charge // state}
            for element, state in sorted(host.states.items())
            if state * charge > 0 and charge % state == 0 and charge // state <= host.count(element)
        ]
        if not balances:
            raise InputError(
                f"vacancy {vacancy.name} leaves a net charge of {charge:+d} e that no single "
                f"element balances; {_advise_balance(host.states, vacancy, charge)}"
            )
        expanded += [
            Vacancy(vacancy.element, vacancy.count, balance, pair=vacancy.pair)
            for balance in balances
        ]
    return expanded


def _remove(
    host: Host,
    vacancy: Vacancy,
    interstitial_sites_frac: NDArray[np.float64] | None,
    rule: SelectionRule,
    seed: int,
) -> list[VacancyResult]:
    _check_counts(host, vacancy)
    _check_charge(host, vacancy)
    moves = [
        SublatticeMove(tuple(np.flatnonzero(host.symbols == element).tolist()), {element: n}, {})
        for element, n in vacancy.removed.items()
    ]
    if vacancy.interstitials:
        host = _add_interstitial_sites(host, vacancy, interstitial_sites_frac)
        sites = tuple(np.flatnonzero(host.sublattice_of == INTERSTITIAL).tolist())
        moves.append(SublatticeMove(sites, {}, vacancy.interstitials))
    placed = place_ions(
        host,
        moves,
        states=host.states,
        rule=rule,
        seed=[seed, zlib.crc32(vacancy.name.encode())],
        pair=vacancy.pair,
    )
    regular = host.sublattice_of != INTERSTITIAL
    changes = {element: -n for element, n in vacancy.removed.items()}
    for element, n in vacancy.interstitials.items():
        changes[element] = changes.get(element, 0) + n
    return [
        VacancyResult(
            name=placement.extend_name(vacancy.name),
            vacancy=vacancy,
            structure=host.sites.build_structure(placement.symbols, host.states),
            achieved_fraction=vacancy.count / host.count(vacancy.element),
            changes=changes,
            reaction=_write_reaction(vacancy, host.states),
            removed_sites_frac=host.sites.frac_coords[regular & (placement.symbols == EMPTY)],
            placement=placement,
            arrangements=placed,
            seed=seed,
            warnings=placed.warnings,
        )
        for placement in placed.placements
    ]


def _add_interstitial_sites(
    host: Host, vacancy: Vacancy, sites_frac: NDArray[np.float64] | None
) -> Host:
    if sites_frac is None:
        structure = host.sites.build_structure(host.symbols, host.states)
        element = next(iter(vacancy.interstitials))
        sites_frac = find_interstitial_sites(structure, element).frac_coords
    sites_frac = np.asarray(sites_frac, dtype=np.float64).reshape(-1, 3)
    needed = sum(vacancy.interstitials.values())
    if len(sites_frac) < needed:
        raise InputError(
            f"vacancy {vacancy.name}: {needed} interstitials are to be placed, the cell has "
            f"{len(sites_frac)} interstitial sites; lower the number or give the sites"
        )
    return host.with_empty_sites(sites_frac, INTERSTITIAL)


def _check_counts(host: Host, vacancy: Vacancy) -> None:
    for element in vacancy.interstitials:
        if element not in host.states:
            raise InputError(
                f"vacancy {vacancy.name}: the interstitial {element} is no element of the parent "
                f"({', '.join(host.states)}); choose one of them, or dope the parent with it"
            )
    for element, n in vacancy.removed.items():
        present = host.count(element)
        if present == 0:
            raise InputError(
                f"vacancy {vacancy.name}: there is no {element} in the cell, which holds "
                f"{', '.join(host.states)}; choose one of these"
            )
        if n > present:
            raise InputError(
                f"vacancy {vacancy.name}: {n} {element} are to be removed, the cell has {present}; "
                "lower the number or use a larger supercell"
            )
    if sum(vacancy.removed.values()) == int(np.sum(host.symbols != EMPTY)):
        raise InputError(
            f"vacancy {vacancy.name} removes every atom of the cell; lower the numbers"
        )


def _check_charge(host: Host, vacancy: Vacancy) -> None:
    states = host.states
    charge = -sum(n * states[element] for element, n in vacancy.removed.items())
    charge += sum(n * states[element] for element, n in vacancy.interstitials.items())
    if charge:
        raise InputError(
            f"vacancy {vacancy.name} leaves a net charge of {charge:+d} e, allowed is 0; "
            f"{_advise_balance(states, vacancy, charge)}"
        )


def _advise_balance(states: Mapping[str, int], vacancy: Vacancy, charge: int) -> str:
    """Name removals of one further element that make the cell neutral."""
    same_sign = {e: z for e, z in sorted(states.items()) if z * charge > 0}
    whole = [f"{charge // z} {e}" for e, z in same_sign.items() if charge % z == 0]
    if whole:
        return f"remove also {' or '.join(whole)}"
    options = []
    for element, state in same_sign.items():
        repeats = abs(state) // math.gcd(state, charge)
        removed = ", ".join(f"{n * repeats} {e}" for e, n in vacancy.removed.items())
        options.append(f"{removed} with {repeats * charge // state} {element}")
    return f"remove {' or '.join(options)}"


def _write_reaction(vacancy: Vacancy, states: Mapping[str, int]) -> str:
    left, right = [], []
    for element, n in vacancy.removed.items():
        left.append(f"{_write_number(n)}{element}×_{element}")
        right.append(f"{_write_number(n)}V{_write_charge(-states[element])}_{element}")
    for element, n in vacancy.interstitials.items():
        left.append(f"{_write_number(n)}V×_i")
        right.append(f"{_write_number(n)}{element}{_write_charge(states[element])}_i")
    return f"{' + '.join(left)} → {' + '.join(right)}"


def _write_number(n: int) -> str:
    return f"{n} " if n > 1 else ""


def _write_charge(charge: int) -> str:
    return ("•" if charge > 0 else "′") * abs(charge)
