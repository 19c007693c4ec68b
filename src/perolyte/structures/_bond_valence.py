"""Bond valences: s = exp((R - d) / b), summed over the neighbours of opposite charge.

R comes from the atomic size and softness parameters of O'Keeffe and Brese
(doi 10.1021/ja00009a002), as tabulated in pymatgen, with their universal b of 0.37 Å. pymatgen's
own sums divide by 0.31 Å instead, which suits its statistics of oxidation states only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOND_REACH_A", "sum_bond_valences"]

BOND_REACH_A = 6.0
"""Neighbours beyond it add less than 1e-4 each for all but the largest ions."""

_SOFTNESS_A = 0.37


@cache
def _find_parameters(element: str) -> tuple[float, float] | None:
    """Size (Å) and softness parameter of an element; None where there are none."""
    from pymatgen.analysis.bond_valence import BV_PARAMS
    from pymatgen.core.periodic_table import Element

    entry = BV_PARAMS.get(Element(element))
    return None if entry is None else (float(entry["r"]), float(entry["c"]))


@cache
def _find_bond_length(first: str, second: str) -> float:
    """Length of a bond of valence one, Å, eq. 4 of the reference; nan where it is not known."""
    one, two = _find_parameters(first), _find_parameters(second)
    if one is None or two is None:
        return math.nan
    (r1, c1), (r2, c2) = one, two
    return r1 + r2 - r1 * r2 * (math.sqrt(c1) - math.sqrt(c2)) ** 2 / (c1 * r1 + c2 * r2)


def sum_bond_valences(
    centre_elements: Sequence[str],
    neighbour_elements: Sequence[str],
    *,
    centres: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    distances_A: NDArray[np.float64],
    states: Mapping[str, int],
) -> NDArray[np.float64]:
    """Sum the bond valences of every centre.

    Parameters
    ----------
    centre_elements, neighbour_elements : sequence of str
        Elements of the two lists of atoms; they may be the same list.
    centres, neighbours : ndarray of int
        ``(n_pairs,)``, indices into the two lists.
    distances_A : ndarray
        ``(n_pairs,)``, Å.
    states : mapping of str to int
        Oxidation state of each element, e; pairs of like charge have no bond.

    Returns
    -------
    ndarray
        ``(n_centres,)``, positive, valence units; nan where a parameter is missing.
    """
    kinds = sorted(set(centre_elements) | set(neighbour_elements))
    code = {element: index for index, element in enumerate(kinds)}
    lengths_A = np.full((len(kinds), len(kinds)), -math.inf)  # no bond: exp(-inf) = 0
    for a in kinds:
        for b in kinds:
            if states[a] * states[b] < 0:
                lengths_A[code[a], code[b]] = _find_bond_length(a, b)
    first = np.array([code[e] for e in centre_elements], dtype=np.int64)[centres]
    second = np.array([code[e] for e in neighbour_elements], dtype=np.int64)[neighbours]
    valences = np.exp((lengths_A[first, second] - distances_A) / _SOFTNESS_A)
    sums = np.zeros(len(centre_elements))
    np.add.at(sums, centres, valences)
    return sums
