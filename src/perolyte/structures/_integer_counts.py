"""Whole numbers of ions for a disordered parent: neutral, and as near the occupancies as can be."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

__all__ = ["DisorderedSites", "find_neutral_counts", "split_counts"]

_SEARCH_RADIUS = 6  # ions of each element around the nominal number
_MAX_ELEMENTS = 4
_OCCUPANCY_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class DisorderedSites:
    """The partially occupied sites of a supercell, grouped by their occupancies.

    Attributes
    ----------
    elements : tuple of str
        Elements on these sites.
    groups : tuple of tuple of int
        Site indices of each group of equal occupancies.
    occupancies : ndarray
        ``(n_groups, n_elements + 1)``; the last column is the vacancy fraction.
    """

    elements: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    occupancies: NDArray[np.float64]

    @property
    def n_sites(self) -> int:
        """Number of disordered sites."""
        return sum(map(len, self.groups))

    @property
    def nominal(self) -> NDArray[np.float64]:
        """``(n_elements + 1,)``: mean number of each element, and of vacancies last."""
        return np.array([len(group) for group in self.groups]) @ self.occupancies


def split_counts(disordered: DisorderedSites, counts: Sequence[int]) -> NDArray[np.int64] | None:
    """Share total counts among the groups, as near their occupancies as whole numbers allow.

    The occupancies are scaled to the totals by iterative proportional fitting
    (doi 10.1214/aoms/1177731829) and rounded by largest remainder.

    Parameters
    ----------
    disordered : DisorderedSites
        The groups.
    counts : sequence of int
        Number of each element, and of vacancies last.

    Returns
    -------
    ndarray or None
        ``(n_groups, n_elements + 1)``, or None when an element would have to sit where the parent
        has none of it.
    """
    sizes = np.array([len(group) for group in disordered.groups], dtype=np.float64)
    totals = np.array(counts, dtype=np.float64)
    table = disordered.occupancies * sizes[:, None]
    for _ in range(200):
        columns = table.sum(axis=0)
        table = table * np.divide(totals, columns, out=np.zeros_like(totals), where=columns > 0)
        rows = table.sum(axis=1)
        table = table * np.divide(sizes, rows, out=np.zeros_like(sizes), where=rows > 0)[:, None]
    if np.max(np.abs(table.sum(axis=0) - totals)) > 0.01:
        return None
    whole = np.floor(table + 1e-6).astype(np.int64)
    remainders = table - whole
    missing_rows = (sizes - whole.sum(axis=1)).astype(np.int64)
    missing_columns = (totals - whole.sum(axis=0)).round().astype(np.int64)
    order = sorted(np.ndindex(*table.shape), key=lambda cell: (-remainders[cell], cell))
    for row, column in itertools.chain(order, order):
        if table[row, column] <= 0:
            continue
        # One at a time first; the second pass takes what rounding left over.
        n = min(1, missing_rows[row], missing_columns[column])
        whole[row, column] += n
        missing_rows[row] -= n
        missing_columns[column] -= n
    return whole if not missing_rows.any() else None


def find_neutral_counts(
    disordered: DisorderedSites,
    *,
    fixed_charge: int,
    states: Mapping[str, int],
    target: Sequence[float] | None = None,
) -> tuple[int, ...]:
    """Neutral whole numbers nearest to a target, by the sum of squared differences.

    Parameters
    ----------
    disordered : DisorderedSites
        The sites to fill.
    fixed_charge : int
        Charge of all other sites, in e.
    states : mapping of str to int
        Oxidation state of each element, in e.
    target : sequence of float, optional
        Number of each element, vacancies last; the nominal numbers when left out.

    Returns
    -------
    tuple of int
        Number of each element, and of vacancies last.

    Raises
    ------
    InputError
        When no neutral choice lies within 6 ions of the target, or there are over 4 elements.
    """
    n_elements = len(disordered.elements)
    if n_elements > _MAX_ELEMENTS:
        raise InputError(
            f"{n_elements} elements share the disordered sites, allowed are up to {_MAX_ELEMENTS} "
            "without a composition; give composition, e.g. {'Li': 3, 'La': 7}"
        )
    goal = np.asarray(disordered.nominal if target is None else target, dtype=np.float64)
    centre = np.round(goal[:-1]).astype(int)
    steps = np.arange(-_SEARCH_RADIUS, _SEARCH_RADIUS + 1)
    box = centre + np.stack(np.meshgrid(*[steps] * n_elements, indexing="ij"), -1).reshape(
        -1, n_elements
    )
    charges = box @ np.array([states[element] for element in disordered.elements]) + fixed_charge
    vacancies = disordered.n_sites - box.sum(axis=1)
    box = np.column_stack([box, vacancies])[
        (charges == 0) & (vacancies >= 0) & (box >= 0).all(axis=1)
    ]
    distances = np.round(((box - goal) ** 2).sum(axis=1), 9)
    for index in np.argsort(distances, kind="stable"):
        if split_counts(disordered, box[index].tolist()) is not None:
            return tuple(int(n) for n in box[index])
    raise InputError(
        "no neutral whole-number composition lies near the nominal occupancies in this supercell; "
        "check the oxidation states, or give a larger supercell"
    )
