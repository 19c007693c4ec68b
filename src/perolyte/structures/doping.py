"""Aliovalent dopings of an ordered parent: neutral, named, each symmetry-distinct cell once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_seed
from perolyte.structures._dopant_counts import choose_units, count_basis, find_ratio
from perolyte.structures._host import Host, Roles, prepare_host
from perolyte.structures.arrangements import EMPTY
from perolyte.structures.compensation import Compensation, find_compensations, get_compensation
from perolyte.structures.dopant import Dopant
from perolyte.structures.placement import Placement, PlacementResult, SelectionRule, place_ions

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "ALL_SCHEMES",
    "DopantAmount",
    "Doping",
    "DopingResult",
    "enumerate_dopings",
    "generate_dopings",
]

ALL_SCHEMES = "all"
"""Instead of the name of a scheme: every compensation that is neutral."""


@dataclass(frozen=True)
class Doping:
    """What to dope, and how its charge is compensated.

    Attributes
    ----------
    dopants : tuple of Dopant
        One dopant, or several that enter together; a single one may be given as it is.
    scheme : str
        Name of a compensation, e.g. "S3", or "all".
    pair : tuple of str or None
        Two defects, elements or empty sites such as "vacancy_X": the best arrangement is kept for
        every neighbour shell of the two, nearest to farthest.

    Examples
    --------
    >>> Doping(Dopant("Sr", count=2), "S3").label
    'Sr'
    """

    dopants: tuple[Dopant, ...]
    scheme: str = ALL_SCHEMES
    pair: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        given: Any = self.dopants
        listed = [given] if isinstance(given, Dopant | Mapping) else list(given)
        dopants = tuple(d if isinstance(d, Dopant) else Dopant(**d) for d in listed)
        if not dopants:
            raise InputError("a doping without dopants was asked; give at least one Dopant")
        elements = [dopant.element for dopant in dopants]
        repeated = sorted({e for e in elements if elements.count(e) > 1})
        if repeated:
            raise InputError(
                f"dopant {repeated[0]} is given twice in one doping; give it once, or make two "
                "dopings"
            )
        object.__setattr__(self, "dopants", dopants)
        if self.pair is not None:
            if len(self.pair) != 2:
                raise InputError(
                    f"pair is {self.pair!r}, allowed are two defects, e.g. ('Al', 'vacancy_X')"
                )
            object.__setattr__(self, "pair", (str(self.pair[0]), str(self.pair[1])))

    @property
    def label(self) -> str:
        """Elements of the dopants, joined by "+"."""
        return "+".join(dopant.element for dopant in self.dopants)


@dataclass(frozen=True)
class DopantAmount:
    """How much of one dopant a cell holds.

    Attributes
    ----------
    dopant : Dopant
        What was asked.
    count : int
        Atoms in the cell.
    basis : str
        What the fraction counts; "formula_unit" when a count was asked.
    achieved_fraction : float
        What the cell holds.
    """

    dopant: Dopant
    count: int
    basis: str
    achieved_fraction: float


@dataclass(frozen=True, eq=False)
class DopingResult:
    """One doped, ordered and neutral cell.

    Attributes
    ----------
    name : str
        Elements, numbers and scheme, e.g. "Sr2-S3", "Al1Nb1-self-compensated"; with a defect pair
        its shell, "Al2-A3-n1"; arrangements that are not the best one add their rank, "Sr2-S3-r1".
    doping : Doping
        What was asked.
    compensation : Compensation
        How the charge is balanced: name, words, Kröger-Vink reaction.
    amounts : tuple of DopantAmount
        How much of each dopant the cell holds.
    structure : pymatgen.core.Structure
        The cell, decorated with oxidation states.
    changes : dict of str to int
        Atoms added and removed, ``"vacancy_A"`` and the like for empty sites.
    empty_sites_frac : dict of str to ndarray
        ``(n, 3)``, fractional, by sublattice: sites that are empty in this cell.
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
    doping: Doping
    compensation: Compensation
    amounts: tuple[DopantAmount, ...]
    structure: Structure
    changes: dict[str, int]
    empty_sites_frac: dict[str, NDArray[np.float64]]
    placement: Placement
    arrangements: PlacementResult
    seed: int
    warnings: tuple[str, ...]


def enumerate_dopings(
    parent: Structure,
    dopings: Sequence[Doping],
    *,
    roles: Roles = None,
    empty_sites_frac: Mapping[str, NDArray[np.float64]] | None = None,
    rule: SelectionRule | None = None,
    seed: int = 0,
) -> list[DopingResult]:
    """Dope an ordered parent in several ways; keep the best arrangements of each.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Ordered neutral cell with oxidation states.
    dopings : sequence of Doping
        What to make.
    roles : SiteRoles, Sublattices, mapping or None
        Elements of each sublattice, e.g. ``{"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}``; found
        from the structure when left out.
    empty_sites_frac : mapping of str to ndarray, optional
        ``(n, 3)``, fractional, by sublattice: empty sites of the parent that ions may enter, such
        as the A vacancies of LLTO or interstitial positions.
    rule : SelectionRule, optional
        How many arrangements to compare and to keep; the best one of each when left out.
    seed : int
        Seed; each doping draws from its own stream, so its result does not depend on the others.

    Returns
    -------
    list of DopingResult
        In the order of ``dopings``; with "all", one or more for every neutral compensation that
        this cell can hold.

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
    >>> made = enumerate_dopings(cell, [Doping(Dopant("Sr", count=1))])
    >>> made[0].name, made[0].structure.composition.reduced_formula
    ('Sr1-S4', 'Na6SrNb8O24')
    >>> made[0].arrangements.n_distinct  # the vacancy is a 1st, 2nd or 3rd neighbour of Sr
    3
    """
    return list(
        generate_dopings(
            parent,
            dopings,
            roles=roles,
            empty_sites_frac=empty_sites_frac,
            rule=rule,
            seed=seed,
        )
    )


def generate_dopings(
    parent: Structure,
    dopings: Sequence[Doping],
    *,
    roles: Roles = None,
    empty_sites_frac: Mapping[str, NDArray[np.float64]] | None = None,
    rule: SelectionRule | None = None,
    seed: int = 0,
) -> Iterator[DopingResult]:
    """Yield what :func:`enumerate_dopings` returns, one cell after the other.

    Ten thousand cells need not be in memory together. Parameters and errors are the same; an
    impossible doping is found when its turn comes.
    """
    check_seed(seed)
    host = prepare_host(parent, roles, empty_sites_frac)
    owner: dict[str, int] = {}
    for index, doping in enumerate(dopings):
        for result in _dope(host, doping, rule or SelectionRule(), seed):
            if owner.setdefault(result.name, index) != index:
                raise InputError(
                    f"two dopings give the same cell {result.name} here; remove one, or use a "
                    "larger supercell to tell them apart"
                )
            yield result


def _dope(host: Host, doping: Doping, rule: SelectionRule, seed: int) -> Iterator[DopingResult]:
    if doping.scheme != ALL_SCHEMES:
        yield from _dope_with(host, doping, _get_compensation(host, doping), rule, seed, notes=())
        return
    found = find_compensations(
        doping.dopants,
        states=host.states,
        sublattices=host.sublattices,
        empty_sites=host.n_empty,
        ratio=find_ratio(host, doping.dopants),
    )
    refused: list[InputError] = []
    possible: list[Compensation] = []
    for compensation in found:
        try:
            choose_units(host, doping.dopants, compensation)
        except InputError as err:
            refused.append(err)
        else:
            possible.append(compensation)
    if not possible:
        raise refused[0]
    notes = tuple(f"left out: {err}" for err in refused)
    for index, compensation in enumerate(possible):
        yield from _dope_with(host, doping, compensation, rule, seed, notes=() if index else notes)


def _get_compensation(host: Host, doping: Doping) -> Compensation:
    return get_compensation(
        doping.scheme,
        doping.dopants,
        states=host.states,
        sublattices=host.sublattices,
        empty_sites=host.n_empty,
        ratio=find_ratio(host, doping.dopants),
    )


def _dope_with(
    host: Host,
    doping: Doping,
    compensation: Compensation,
    rule: SelectionRule,
    seed: int,
    *,
    notes: tuple[str, ...],
) -> Iterator[DopingResult]:
    n_units = choose_units(host, doping.dopants, compensation)
    changes = {species: n * n_units for species, n in compensation.unit.items()}
    amounts = tuple(_measure(host, dopant, compensation, changes) for dopant in doping.dopants)
    counts = "".join(f"{element}{changes[element]}" for element in compensation.dopants)
    stem = f"{counts}-{compensation.name}"
    states = {**host.states, **{d.element: d.charge for d in doping.dopants}}
    placed = place_ions(
        host,
        host.list_moves(changes, compensation.placed),
        states=states,
        rule=rule,
        seed=[seed, zlib.crc32(stem.encode())],
        pair=doping.pair,
    )
    warnings = (*notes, *_compare_with_request(amounts), *placed.warnings)
    for placement in placed.placements:
        yield DopingResult(
            name=placement.extend_name(stem),
            doping=doping,
            compensation=compensation,
            amounts=amounts,
            structure=host.sites.build_structure(placement.symbols, states),
            changes=changes,
            empty_sites_frac=_find_empty(host, placement.symbols),
            placement=placement,
            arrangements=placed,
            seed=seed,
            warnings=warnings,
        )


def _measure(
    host: Host, dopant: Dopant, compensation: Compensation, changes: Mapping[str, int]
) -> DopantAmount:
    count = changes[dopant.element]
    return DopantAmount(
        dopant=dopant,
        count=count,
        basis=dopant.basis or "formula_unit",
        achieved_fraction=count / count_basis(host, dopant, compensation),
    )


def _find_empty(host: Host, symbols: NDArray[np.str_]) -> dict[str, NDArray[np.float64]]:
    """Empty sites of an arrangement by sublattice; those that an ion has just left included."""
    empty = symbols == EMPTY
    return {
        name: host.sites.frac_coords[empty & (host.sublattice_of == name)]
        for name in host.sublattices.names
        if np.any(empty & (host.sublattice_of == name))
    }


def _compare_with_request(amounts: Sequence[DopantAmount]) -> tuple[str, ...]:
    tolerance = 0.05  # relative; below it the cell is as good as asked
    return tuple(
        f"asked for {asked:.4g} {amount.dopant.element} per {amount.basis}, this cell holds "
        f"{amount.achieved_fraction:.4f}"
        for amount in amounts
        if (asked := amount.dopant.fraction) is not None
        and abs(amount.achieved_fraction / asked - 1.0) > tolerance
    )
