"""Cheap scores of a structure, and which structures to keep by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._bond_valence import BOND_REACH_A, sum_bond_valences
from perolyte.structures._counting import check_seed
from perolyte.structures.oxidation import read_oxidation_states
from perolyte.structures.tolerance import ToleranceFactors, tolerance_factors

if TYPE_CHECKING:
    from pymatgen.core.composition import Composition
    from pymatgen.core.structure import Structure

__all__ = ["RANK_CRITERIA", "KeptScore", "StructureScores", "rank_scores", "score_structure"]

RANK_CRITERIA = (
    "ewald_energy_eV",
    "global_instability_index",
    "min_distance_A",
    "goldschmidt",
    "tau",
)
"""What structures can be ranked by: lowest energy, lowest index, longest shortest distance,
Goldschmidt factor nearest to 1, lowest tau."""

_DECIMALS = 6  # of a criterion; equivalent structures differ by rounding only


@dataclass(frozen=True, eq=False)
class StructureScores:
    """Scores of one structure; None where a score is not defined, with the reason in warnings.

    Attributes
    ----------
    formula : str
        Elements and numbers of the cell.
    ewald_energy_eV : float or None
        Point-charge energy of the cell, eV, as given; comparable at equal composition only.
    min_distance_A : float or None
        Shortest distance between two atoms, images included, Å; None above 6 Å.
    closest_pair : tuple of int or None
        Indices of these two atoms.
    closest_elements : tuple of str or None
        Their elements.
    bond_valence_sums : ndarray
        ``(n_atoms,)``, positive, valence units; nan where an element has no parameter.
    global_instability_index : float or None
        Root mean square difference of bond valence sums from oxidation states, valence units
        (doi 10.1016/0022-4596(92)90094-C). Real crystals are rarely above 0.2
        (doi 10.1021/cr900053k); structures before relaxation are.
    goldschmidt, octahedral, tau : float or None
        Tolerance factors with mean radii over the occupied sites.
    warnings : tuple of str
        What could not be computed, and assumptions about radii.
    """

    formula: str
    ewald_energy_eV: float | None
    min_distance_A: float | None
    closest_pair: tuple[int, int] | None
    closest_elements: tuple[str, str] | None
    bond_valence_sums: NDArray[np.float64]
    global_instability_index: float | None
    goldschmidt: float | None
    octahedral: float | None
    tau: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class KeptScore:
    """One structure that is kept.

    Attributes
    ----------
    index : int
        Its place in the list that was ranked.
    rank : int or None
        Its rank by the criterion, from 0; None when the criterion is not defined for it.
    reason : str
        Why it is kept.
    """

    index: int
    rank: int | None
    reason: str


def score_structure(
    structure: Structure,
    *,
    ewald_energy_eV: float | None = None,
    sites: Mapping[str, Sequence[str] | Mapping[str, float]] | None = None,
) -> StructureScores:
    """Score an ordered structure with oxidation states.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered cell, decorated with oxidation states.
    ewald_energy_eV : float, optional
        Its point-charge energy, which whoever placed the ions knows.
    sites : mapping, optional
        Elements of "A", "B" and "X" for the tolerance factors, as in
        :func:`~perolyte.structures.tolerance.tolerance_factors`; found from sizes when left out.

    Returns
    -------
    StructureScores
        A structure that is no perovskite has no tolerance factors, and says so.

    Raises
    ------
    InputError
        When the structure is disordered or lacks oxidation states.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.structures.oxidation import assign_oxidation_states
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> scores = score_structure(assign_oxidation_states(cell).structure)
    >>> round(scores.min_distance_A, 4), scores.closest_elements, scores.goldschmidt < 1.01
    (1.9525, ('Ti', 'O'), True)
    """
    if not structure.is_ordered:
        raise InputError(
            "the structure has partially occupied sites; order it first with build_ordered_parent"
        )
    from pymatgen.core.composition import Composition

    states = read_oxidation_states(structure)
    elements = [next(iter(site.species)).symbol for site in structure]
    composition = Composition(Counter(elements))
    centres, neighbours, _, distances_A = structure.get_neighbor_list(
        BOND_REACH_A, exclude_self=True
    )
    warnings: list[str] = []
    closest: tuple[int, int] | None = None
    if len(distances_A):
        # Rounded, and the first of equal ones, so that the pair does not depend on the last bits.
        pair = np.lexsort((neighbours, centres, np.round(distances_A, _DECIMALS)))[0]
        closest = (int(centres[pair]), int(neighbours[pair]))
    else:
        warnings.append(f"no two atoms are within {BOND_REACH_A:g} Å")
    sums = sum_bond_valences(
        elements,
        elements,
        centres=centres,
        neighbours=neighbours,
        distances_A=distances_A,
        states=states,
    )
    missing = sorted({e for e, valence in zip(elements, sums, strict=True) if np.isnan(valence)})
    index: float | None = None
    if missing:
        warnings.append(f"no bond valence parameters for a neighbour of {', '.join(missing)}")
    else:
        formal = np.array([abs(states[e]) for e in elements], dtype=np.float64)
        index = float(np.sqrt(np.mean((sums - formal) ** 2)))
    factors, notes = _find_factors(composition, states, sites)
    return StructureScores(
        formula=composition.formula,
        ewald_energy_eV=ewald_energy_eV,
        min_distance_A=None if closest is None else float(distances_A[pair]),
        closest_pair=closest,
        closest_elements=None if closest is None else (elements[closest[0]], elements[closest[1]]),
        bond_valence_sums=sums,
        global_instability_index=index,
        goldschmidt=None if factors is None else factors.goldschmidt,
        octahedral=None if factors is None else factors.octahedral,
        tau=None if factors is None else factors.tau,
        warnings=(*warnings, *notes),
    )


def _find_factors(
    composition: Composition,
    states: Mapping[str, int],
    sites: Mapping[str, Sequence[str] | Mapping[str, float]] | None,
) -> tuple[ToleranceFactors | None, tuple[str, ...]]:
    """Tolerance factors and their warnings, or None and the reason."""
    try:
        factors = tolerance_factors(composition, oxidation_states=states, sites=sites)
    except InputError as error:
        return None, (f"no tolerance factors: {error}",)
    return factors, factors.warnings


def rank_scores(
    scores: Sequence[StructureScores],
    *,
    criterion: str = "ewald_energy_eV",
    n_best: int = 1,
    n_random: int = 0,
    seed: int = 0,
) -> tuple[KeptScore, ...]:
    """Keep the best structures by one criterion, and some of the others at random.

    The random ones say what the criterion is worth: a filter that throws away the best structure
    is only found out by what it did not choose.

    Parameters
    ----------
    scores : sequence of StructureScores
        What to choose from.
    criterion : str
        One of :data:`RANK_CRITERIA`.
    n_best, n_random : int
        Structures to keep by rank, and at random among the others; fewer where fewer exist.
    seed : int
        Seed of the random choice.

    Returns
    -------
    tuple of KeptScore
        The best by rank, then the random ones by index.

    Raises
    ------
    InputError
        For an unknown criterion, negative numbers, and Ewald energies of different compositions.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cells = [Structure(Lattice.cubic(a_A), ["Cs+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    ...          for a_A in (3.5, 4.1, 4.5)]
    >>> kept = rank_scores([score_structure(cell) for cell in cells],
    ...                    criterion="global_instability_index")
    >>> kept[0].index, kept[0].reason.split(",")[0]
    (1, 'rank 1 of 3 by global_instability_index')
    """
    if criterion not in RANK_CRITERIA:
        raise InputError(f"criterion is {criterion!r}, allowed are {', '.join(RANK_CRITERIA)}")
    for name, number in (("n_best", n_best), ("n_random", n_random)):
        if number < 0:
            raise InputError(f"{name} is {number}, allowed are integers from 0")
    check_seed(seed)
    formulas = sorted({score.formula for score in scores})
    if criterion == "ewald_energy_eV" and len(formulas) > 1:
        raise InputError(
            f"Ewald energies of {formulas[0]} and {formulas[1]} do not compare, allowed is one "
            "composition; rank each alone, or use another criterion"
        )
    values = [getattr(score, criterion) for score in scores]
    defined = [i for i, value in enumerate(values) if value is not None]
    penalty = _PENALTIES[criterion]
    order = sorted(defined, key=lambda i: (round(penalty(values[i]), _DECIMALS), i))
    ranks = {index: rank for rank, index in enumerate(order)}
    best = order[:n_best]
    others = [i for i in range(len(scores)) if i not in set(best)]
    drawn = np.random.default_rng(seed).permutation(len(others))[:n_random]
    return (
        *(
            KeptScore(i, r, f"rank {r + 1} of {len(order)} by {criterion}, {values[i]:.6g}")
            for r, i in enumerate(best)
        ),
        *(
            KeptScore(i, ranks.get(i), f"one of {len(drawn)} drawn from {len(others)} others")
            for i in sorted(others[k] for k in drawn)
        ),
    )


_PENALTIES: dict[str, Callable[[float], float]] = {
    "ewald_energy_eV": lambda energy_eV: energy_eV,
    "global_instability_index": lambda index: index,
    "min_distance_A": lambda distance_A: -distance_A,
    "goldschmidt": lambda factor: abs(factor - 1.0),
    "tau": lambda tau: tau,
}
