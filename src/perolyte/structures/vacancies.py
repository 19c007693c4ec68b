"""Vacancies in an ordered parent, compensated by removing other ions: cells stay neutral."""

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
from perolyte.structures.arrangements import (
    SYMBOL_DTYPE,
    SiteSet,
    SublatticeMove,
    draw_moves,
    rank_arrangements,
)
from perolyte.structures.oxidation import read_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["Vacancy", "VacancyResult", "enumerate_vacancies"]


@dataclass(frozen=True)
class Vacancy:
    """Which ions to remove.

    Attributes
    ----------
    element : str
        Element whose vacancies are wanted.
    count : int
        Their number in the cell.
    compensation : mapping of str to int
        Ions removed with them so that the cell stays neutral, e.g. ``{"Li": 2}``.

    Examples
    --------
    >>> Vacancy("O", 1, {"Li": 2}).name
    'VO1-VLi2'
    """

    element: str
    count: int
    compensation: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.element in self.compensation:
            raise InputError(
                f"vacancy {self.element}: its compensation removes {self.element} too; "
                "put all of them into count"
            )
        for element, n in self.removed.items():
            check_element(element, "vacancy")
            if not isinstance(n, int) or isinstance(n, bool) or n < 1:
                raise InputError(
                    f"vacancy {element}: the number is {n!r}, allowed are integers from 1"
                )

    @property
    def removed(self) -> dict[str, int]:
        """All ions that leave, by element."""
        return {self.element: self.count, **dict(sorted(self.compensation.items()))}

    @property
    def name(self) -> str:
        """Name that follows from the content."""
        return "-".join(f"V{element}{n}" for element, n in self.removed.items())


@dataclass(frozen=True, eq=False)
class VacancyResult:
    """One neutral cell with vacancies.

    Attributes
    ----------
    name : str
        Elements and numbers removed, e.g. "VO1-VLi2"; further arrangements add their rank, "-r1".
    vacancy : Vacancy
        What was asked.
    structure : pymatgen.core.Structure
        The cell, decorated with oxidation states.
    rank : int
        0 for the arrangement of lowest energy.
    achieved_fraction : float
        Part of the element's atoms that is missing.
    changes : dict of str to int
        Atoms removed, as negative numbers.
    reaction : str
        Site reaction in Kröger-Vink notation; effective charges refer to the removed ions.
    removed_sites_frac : ndarray
        ``(n_removed, 3)``, fractional: the sites that became empty.
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
    vacancy: Vacancy
    structure: Structure
    rank: int
    achieved_fraction: float
    changes: dict[str, int]
    reaction: str
    removed_sites_frac: NDArray[np.float64]
    ewald_energy_eV: float
    n_samples: int
    n_distinct: int
    seed: int
    warnings: tuple[str, ...]


def enumerate_vacancies(
    parent: Structure,
    vacancies: Sequence[Vacancy],
    *,
    n_samples: int = 500,
    n_keep: int = 1,
    seed: int = 0,
) -> list[VacancyResult]:
    """Remove ions from an ordered parent in several ways, each the best of random choices.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Ordered neutral cell with oxidation states.
    vacancies : sequence of Vacancy
        What to remove.
    n_samples : int
        Random choices of sites to compare for each vacancy.
    n_keep : int
        Arrangements of different energy to return for each, fewer where fewer exist.
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
    >>> made = enumerate_vacancies(cell, [Vacancy("O", 1, {"Na": 2})], n_samples=10)
    >>> made[0].name, made[0].reaction
    ('VO1-VNa2', 'O×_O + 2 Na×_Na → V••_O + 2 V′_Na')
    """
    check_seed(seed)
    if not parent.is_ordered:
        raise InputError(
            "the parent has partially occupied sites; order it first with build_ordered_parent"
        )
    states = read_oxidation_states(parent)
    sites = SiteSet(parent.lattice, np.asarray(parent.frac_coords, dtype=np.float64))
    symbols = np.array([site.specie.symbol for site in parent], dtype=SYMBOL_DTYPE)
    results: list[VacancyResult] = []
    for vacancy in vacancies:
        if any(result.name == vacancy.name for result in results):
            raise InputError(f"vacancy {vacancy.name} is asked twice; remove one")
        results += _remove(
            sites, symbols, states, vacancy, n_samples=n_samples, n_keep=n_keep, seed=seed
        )
    return results


def _remove(
    sites: SiteSet,
    symbols: NDArray[np.str_],
    states: Mapping[str, int],
    vacancy: Vacancy,
    *,
    n_samples: int,
    n_keep: int,
    seed: int,
) -> list[VacancyResult]:
    _check_removal(symbols, states, vacancy)
    moves = [
        SublatticeMove(tuple(np.flatnonzero(symbols == element).tolist()), {element: n}, {})
        for element, n in vacancy.removed.items()
    ]
    arrangements = draw_moves(
        symbols, moves, n_samples=n_samples, seed=[seed, zlib.crc32(vacancy.name.encode())]
    )
    kept = rank_arrangements(sites, arrangements, states=states, n_keep=n_keep)
    found = f"only {len(kept)} arrangements of different energy among those sampled"
    return [
        VacancyResult(
            name=vacancy.name if rank == 0 else f"{vacancy.name}-r{rank}",
            vacancy=vacancy,
            structure=sites.build_structure(arrangement.symbols, states),
            rank=rank,
            achieved_fraction=vacancy.count / int(np.sum(symbols == vacancy.element)),
            changes={element: -n for element, n in vacancy.removed.items()},
            reaction=_write_removal(vacancy, states),
            removed_sites_frac=sites.frac_coords[arrangement.symbols != symbols],
            ewald_energy_eV=arrangement.ewald_energy_eV,
            n_samples=n_samples,
            n_distinct=arrangement.n_distinct,
            seed=seed,
            warnings=(found,) if len(kept) < n_keep else (),
        )
        for rank, arrangement in enumerate(kept)
    ]


def _check_removal(symbols: NDArray[np.str_], states: Mapping[str, int], vacancy: Vacancy) -> None:
    for element, n in vacancy.removed.items():
        present = int(np.sum(symbols == element))
        if n > present:
            raise InputError(
                f"vacancy {vacancy.name}: {n} {element} are to be removed, the cell has {present}; "
                "lower the number or use a larger supercell"
            )
    parent_charge = sum(states[str(symbol)] for symbol in symbols)
    charge = parent_charge - sum(n * states[element] for element, n in vacancy.removed.items())
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


def _write_removal(vacancy: Vacancy, states: Mapping[str, int]) -> str:
    left, right = [], []
    for element, n in vacancy.removed.items():
        number = f"{n} " if n > 1 else ""
        effective = -states[element]
        marks = ("•" if effective > 0 else "′") * abs(effective)
        left.append(f"{number}{element}×_{element}")
        right.append(f"{number}V{marks}_{element}")
    return f"{' + '.join(left)} → {' + '.join(right)}"
