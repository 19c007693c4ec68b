"""The disordered parent of a supercell: its sites, what goes on them, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.structures._integer_counts import (
    DisorderedSites,
    find_neutral_counts,
    split_counts,
)
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.oxidation import assign_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.sites import PeriodicSite
    from pymatgen.core.structure import Structure

__all__ = ["DisorderedParent", "read_disordered_parent"]

_ORDERED_TOLERANCE = 1e-3  # an occupancy this near 1 is full: files round to three digits


@dataclass(frozen=True, eq=False)
class DisorderedParent:
    """A supercell whose disordered sites are still empty, and the ions to put there.

    Attributes
    ----------
    sites : SiteSet
        All sites of the supercell.
    symbols : ndarray of str
        ``(n_sites,)``, elements on the ordered sites, "" on the disordered ones.
    moves : tuple of SublatticeMove
        Ions for each group of equal occupancies; empty when the parent is ordered.
    states : dict of str to int
        Oxidation state of each element, in e.
    counts, nominal_counts, reason, warnings
        As in :class:`~perolyte.structures.ordering.OrderedParentResult`.
    """

    sites: SiteSet
    symbols: NDArray[np.str_]
    moves: tuple[SublatticeMove, ...]
    states: dict[str, int]
    counts: dict[str, int]
    nominal_counts: dict[str, float]
    reason: str
    warnings: tuple[str, ...]


def read_disordered_parent(
    structure: Structure,
    *,
    supercell: Sequence[int] | ArrayLike,
    composition: Mapping[str, int] | None,
    oxidation_states: Mapping[str, int] | None,
) -> DisorderedParent:
    """Repeat a parent and choose neutral whole numbers; InputError when there are none."""
    repeats = _check_supercell(supercell)
    decorated = assign_oxidation_states(structure, oxidation_states)
    cell = decorated.structure.copy()
    cell.make_supercell(repeats)
    symbols = np.array(
        [EMPTY if _is_disordered(site) else site.species.elements[0].symbol for site in cell],
        dtype=SYMBOL_DTYPE,
    )
    fixed_charge = sum(decorated.states[str(symbol)] for symbol in symbols if symbol != EMPTY)
    disordered = _group_disordered_sites(cell)
    counts: dict[str, int] = {}
    nominal: dict[str, float] = {}
    moves: list[SublatticeMove] = []
    if disordered is None:
        _check_ordered(fixed_charge, composition)
        reason = "the parent is ordered"
    else:
        target, reason = _choose_counts(disordered, composition, fixed_charge, decorated.states)
        names = (*disordered.elements, "vacancy")
        counts = dict(zip(names, target, strict=True))
        nominal = {k: float(v) for k, v in zip(names, disordered.nominal, strict=True)}
        moves = _list_moves(disordered, target)
    return DisorderedParent(
        sites=SiteSet(cell.lattice, np.mod(cell.frac_coords, 1.0)),
        symbols=symbols,
        moves=tuple(moves),
        states=decorated.states,
        counts=counts,
        nominal_counts=nominal,
        reason=reason,
        warnings=decorated.warnings,
    )


def _check_supercell(supercell: Sequence[int] | ArrayLike) -> list[int] | list[list[int]]:
    wanted = "allowed are three integers from 1, e.g. (2, 2, 3), or a 3 x 3 matrix of integers"
    array = np.asarray(supercell)
    if array.dtype.kind not in "iuf" or array.shape not in ((3,), (3, 3)):
        raise InputError(f"supercell is {supercell!r}, {wanted}")
    whole = np.round(array).astype(np.int64)
    if np.any(whole != array) or (whole.ndim == 1 and np.any(whole < 1)):
        raise InputError(f"supercell is {supercell!r}, {wanted}")
    if whole.ndim == 2 and round(float(np.linalg.det(whole))) < 1:
        raise InputError(
            f"supercell {whole.tolist()} has the determinant {np.linalg.det(whole):.0f}, allowed "
            "are positive ones; change the order of its rows or their signs"
        )
    repeats: list[int] | list[list[int]] = whole.tolist()
    return repeats


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
