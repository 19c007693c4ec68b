"""How far apart two kinds of defects are in each of many arrangements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._host import INTERSTITIAL, Host
from perolyte.structures.arrangements import EMPTY
from perolyte.structures.enumeration import find_pair_shells, label_pairs

__all__ = ["DefectPair", "measure_pairs"]


@dataclass(frozen=True)
class DefectPair:
    """The nearest pair of two defects in one arrangement.

    Attributes
    ----------
    first, second : str
        Elements, "interstitial", or empty sites such as "vacancy_X".
    shell : int
        1 for nearest neighbours, 2 for the next.
    n_shells : int
        Shells that the cell has.
    distance_A : float
        Minimum image distance of ideal sites, Å.
    """

    first: str
    second: str
    shell: int
    n_shells: int
    distance_A: float


def measure_pairs(
    host: Host, arrangements: NDArray[np.str_], pair: tuple[str, str]
) -> list[DefectPair]:
    """Find the nearest pair of two defects in every arrangement.

    Parameters
    ----------
    host : Host
        The parent, with the sites of the arrangements.
    arrangements : ndarray of str
        ``(n, n_sites)``, at least one.
    pair : tuple of str
        The two defects.

    Returns
    -------
    list of DefectPair
        One for each arrangement.

    Raises
    ------
    InputError
        When an arrangement does not hold both.
    """
    (sites_a, symbol_a), (sites_b, symbol_b) = (_locate(host, arrangements, d) for d in pair)
    shells = find_pair_shells(host.sites.lattice, host.sites.frac_coords, sites_a, sites_b)
    labels = label_pairs(arrangements, shells, symbol_a, symbol_b)
    nearest, distances_A = labels.nearest_shell, labels.nearest_distance_A
    if np.any(nearest < 0):
        raise InputError(
            f"pair {pair[0]} and {pair[1]}: an arrangement does not hold two such defects; name "
            "two that every candidate of the doping has"
        )
    return [
        DefectPair(pair[0], pair[1], int(shell) + 1, shells.n_shells, float(distance_A))
        for shell, distance_A in zip(nearest, distances_A, strict=True)
    ]


def _locate(host: Host, arrangements: NDArray[np.str_], defect: str) -> tuple[list[int], str]:
    """Sites that a defect may be on, and the symbol it has there."""
    if defect.startswith("vacancy_"):
        name = defect.removeprefix("vacancy_")
        host.sublattices.get(name)
        return np.flatnonzero(host.sublattice_of == name).tolist(), EMPTY
    if defect == INTERSTITIAL:
        sites = np.flatnonzero(host.sublattice_of == INTERSTITIAL)
        held = sorted(set(arrangements[:, sites].ravel().tolist()) - {EMPTY})
        if len(held) != 1:
            raise InputError(
                f"pair: the interstitial sites hold {' and '.join(held) or 'no ion'}, allowed is "
                "one element; name it by its symbol"
            )
        return sites.tolist(), held[0]
    where = np.unique(host.sublattice_of[np.any(arrangements == defect, axis=0)])
    if len(where) == 0:
        known = [*host.states, *(f"vacancy_{name}" for name in host.sublattices.names)]
        raise InputError(
            f"pair: no arrangement holds {defect!r}; allowed are the dopants, {', '.join(known)}"
        )
    return np.flatnonzero(np.isin(host.sublattice_of, where)).tolist(), defect
