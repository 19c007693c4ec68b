"""From a disordered parent to an ordered, neutral supercell of low electrostatic energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_seed
from perolyte.structures._integer_counts import (
    DisorderedSites,
    find_neutral_counts,
    split_counts,
)
from perolyte.structures.arrangements import (
    EMPTY,
    SYMBOL_DTYPE,
    SiteSet,
    SublatticeMove,
    draw_moves,
    rank_arrangements,
)
from perolyte.structures.oxidation import assign_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.sites import PeriodicSite
    from pymatgen.core.structure import Structure

__all__ = ["OrderedParentResult", "build_ordered_parent"]

_ORDERED_TOLERANCE = 1e-3  # an occupancy this near 1 is full: files round to three digits


@dataclass(frozen=True, eq=False)
class OrderedParentResult:
    """An ordered supercell and how far it is from the parent's occupancies.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Ordered, neutral supercell, decorated with oxidation states.
    vacancy_sites_frac : ndarray
        ``(n_vacancies, 3)``, fractional: sites of the disordered sublattice left empty.
    counts : dict of str to int
        Ions placed on the disordered sites, ``"vacancy"`` the empty ones; empty when the parent
        was ordered.
    nominal_counts : dict of str to float
        The same from the occupancies of the parent.
    reason : str
        Why these counts were taken.
    ewald_energy_eV : float
        Point-charge energy of the cell, eV; compare it at equal composition only.
    n_samples, n_distinct : int
        Arrangements drawn, and different ones among them.
    seed : int
        Seed of the draw.
    warnings : tuple of str
        What was assumed on the way.
    """

    structure: Structure
    vacancy_sites_frac: NDArray[np.float64]
    counts: dict[str, int]
    nominal_counts: dict[str, float]
    reason: str
    ewald_energy_eV: float
    n_samples: int
    n_distinct: int
    seed: int
    warnings: tuple[str, ...]


def build_ordered_parent(
    structure: Structure,
    *,
    supercell: tuple[int, int, int] = (2, 2, 3),
    composition: Mapping[str, int] | None = None,
    oxidation_states: Mapping[str, int] | None = None,
    n_samples: int = 500,
    seed: int = 0,
) -> OrderedParentResult:
    """Build an ordered neutral supercell; of a disordered parent, the best of random arrangements.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Parent cell, ordered or with partially occupied sites.
    supercell : tuple of int
        Repeats along a, b and c.
    composition : mapping of str to int, optional
        Ions to put on the disordered sites of the supercell, e.g. ``{"Li": 3, "La": 7}``; the
        other sites stay empty. Left out: the neutral whole numbers nearest to the occupancies.
    oxidation_states : mapping of str to int, optional
        States in e; the rest as :func:`~perolyte.structures.oxidation.assign_oxidation_states`.
    n_samples : int
        Random arrangements to compare.
    seed : int
        Seed of the arrangements.

    Returns
    -------
    OrderedParentResult
        The arrangement of lowest Ewald energy.

    Raises
    ------
    InputError
        When the cell cannot be neutral, or the composition does not fit the disordered sites; the
        message names the net charge and the nearest neutral choice.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> llto = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.87), [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> build_ordered_parent(llto, n_samples=20).counts
    {'La': 7, 'Li': 3, 'vacancy': 2}
    """
    if len(supercell) != 3 or any(int(n) != n or n < 1 for n in supercell):
        raise InputError(
            f"supercell is {supercell}, allowed are three integers from 1, e.g. (2, 2, 3)"
        )
    check_seed(seed)
    decorated = assign_oxidation_states(structure, oxidation_states)
    cell = decorated.structure.copy()
    cell.make_supercell([int(n) for n in supercell])
    sites = SiteSet(cell.lattice, np.mod(cell.frac_coords, 1.0))
    symbols = np.array(
        [EMPTY if _is_disordered(site) else site.species.elements[0].symbol for site in cell],
        dtype=SYMBOL_DTYPE,
    )
    fixed_charge = sum(decorated.states[str(symbol)] for symbol in symbols if symbol != EMPTY)
    disordered = _group_disordered_sites(cell)
    counts: dict[str, int] = {}
    nominal: dict[str, float] = {}
    if disordered is None:
        _check_ordered(fixed_charge, composition)
        arrangements, reason = symbols[None, :], "the parent is ordered"
    else:
        target, reason = _choose_counts(disordered, composition, fixed_charge, decorated.states)
        names = (*disordered.elements, "vacancy")
        counts = dict(zip(names, target, strict=True))
        nominal = {k: float(v) for k, v in zip(names, disordered.nominal, strict=True)}
        moves = _list_moves(disordered, target)
        arrangements = draw_moves(symbols, moves, n_samples=n_samples, seed=seed)
    best = rank_arrangements(sites, arrangements, states=decorated.states)[0]
    return OrderedParentResult(
        structure=sites.build_structure(best.symbols, decorated.states),
        vacancy_sites_frac=sites.frac_coords[best.symbols == EMPTY],
        counts=counts,
        nominal_counts=nominal,
        reason=reason,
        ewald_energy_eV=best.ewald_energy_eV,
        n_samples=len(arrangements),
        n_distinct=best.n_distinct,
        seed=seed,
        warnings=decorated.warnings,
    )


def _list_moves(disordered: DisorderedSites, target: tuple[int, ...]) -> list[SublatticeMove]:
    """Ions to put on each group of equal occupancies."""
    table = split_counts(disordered, target)
    if table is None:
        raise InputError(
            f"the composition {_format_counts(disordered, target)} does not fit the sites: an "
            "element would sit where the parent has none of it; change composition"
        )
    return [
        SublatticeMove(
            sites=group,
            removed={},
            added={e: int(n) for e, n in zip(disordered.elements, row[:-1], strict=True)},
        )
        for group, row in zip(disordered.groups, table, strict=True)
    ]


def _is_disordered(site: PeriodicSite) -> bool:
    species = site.species
    return len(species) > 1 or abs(species.num_atoms - 1.0) > _ORDERED_TOLERANCE


def _group_disordered_sites(cell: Structure) -> DisorderedSites | None:
    """Group the partially occupied sites by their occupancies; None when there are none."""
    groups: dict[tuple[tuple[str, float], ...], list[int]] = {}
    for index, site in enumerate(cell):
        if _is_disordered(site):
            amounts = site.species.get_el_amt_dict().items()
            key = tuple(sorted((str(e), round(float(n), 9)) for e, n in amounts))
            groups.setdefault(key, []).append(index)
    if not groups:
        return None
    elements = tuple(sorted({element for key in groups for element, _ in key}))
    rows = [[dict(key).get(element, 0.0) for element in elements] for key in groups]
    occupancies = np.array(rows)
    vacant = np.clip(1.0 - occupancies.sum(axis=1), 0.0, 1.0)
    vacant[vacant < _ORDERED_TOLERANCE] = 0.0
    return DisorderedSites(
        elements=elements,
        groups=tuple(map(tuple, groups.values())),
        occupancies=np.column_stack([occupancies, vacant]),
    )


def _check_ordered(charge: int, composition: Mapping[str, int] | None) -> None:
    if composition is not None:
        raise InputError(
            f"composition {dict(composition)} is given, but the parent has no partially occupied "
            "site to fill; leave composition out"
        )
    if charge:
        raise InputError(
            f"the ordered supercell has a net charge of {charge:+d} e, allowed is 0; "
            "check the oxidation states or the composition of the parent"
        )


def _format_counts(disordered: DisorderedSites, counts: tuple[float, ...]) -> str:
    names = (*disordered.elements, "vacancy")
    return ", ".join(f"{name} {round(n, 2):g}" for name, n in zip(names, counts, strict=True))


def _choose_counts(
    disordered: DisorderedSites,
    composition: Mapping[str, int] | None,
    fixed_charge: int,
    states: Mapping[str, int],
) -> tuple[tuple[int, ...], str]:
    """Choose the counts by element, vacancies last, and say why."""
    if composition is None:
        target = find_neutral_counts(disordered, fixed_charge=fixed_charge, states=states)
        nominal = _format_counts(disordered, tuple(disordered.nominal.tolist()))
        chosen = _format_counts(disordered, target)
        return target, f"nearest neutral whole numbers to nominal {nominal}: {chosen}"
    for element, n in composition.items():
        if element not in disordered.elements:
            raise InputError(
                f"composition names {element}, allowed are the elements of the partially occupied "
                f"sites: {', '.join(disordered.elements)}"
            )
        if not isinstance(n, int) or isinstance(n, bool) or n < 0:
            raise InputError(f"composition gives {element} {n!r}, allowed are integers from 0")
    wanted = tuple(composition.get(element, 0) for element in disordered.elements)
    vacancies = disordered.n_sites - sum(wanted)
    charge = fixed_charge + sum(
        n * states[element] for element, n in zip(disordered.elements, wanted, strict=True)
    )
    if vacancies < 0 or charge:
        nearest = find_neutral_counts(
            disordered,
            fixed_charge=fixed_charge,
            states=states,
            target=(*wanted, max(vacancies, 0)),
        )
        shown = " ".join(f"{e} {n}" for e, n in zip(disordered.elements, wanted, strict=True))
        raise InputError(
            f"composition {shown} ({sum(wanted)} ions on {disordered.n_sites} sites) has a net "
            f"charge of {charge:+d} e, allowed is 0; the nearest neutral choice is "
            f"{_format_counts(disordered, nearest)}"
        )
    return (*wanted, vacancies), "as given"
