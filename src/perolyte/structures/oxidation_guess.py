"""Oxidation states of a structure as it was read: declared, from its formula, or from its bonds.

Nothing is enforced here: where no source is sure, there are no states and a reason. To decorate a
structure for a calculation, use :func:`perolyte.structures.assign_oxidation_states`.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

from perolyte.structures._electronegativity import read_electronegativity
from perolyte.structures.oxidation import COMMON_STATES

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["OxidationGuess", "guess_oxidation_states"]

_NEUTRAL = 0.01  # of the anion charge; occupancies have two or three digits
_MAX_COMBINATIONS = 5000
_MAX_BOND_VALENCE_SITES = 40  # the search grows steeply; larger cells are rarely ambiguous
_MAX_PERMUTATIONS = 200


@dataclass(frozen=True)
class OxidationGuess:
    """Oxidation states and the method that gave them.

    Attributes
    ----------
    states : dict of str to float
        Mean state of each element, in e; empty when no method is sure.
    method : str or None
        "declared" by the file; "composition" when the common states of the elements leave one
        neutral choice; "bond_valence" when the bond lengths decide; None when nothing does.
    warnings : tuple of str
        Mixed valence, a charge that does not balance, or why there are no states.
    """

    states: dict[str, float]
    method: Literal["declared", "bond_valence", "composition"] | None
    warnings: tuple[str, ...]


def guess_oxidation_states(structure: Structure) -> OxidationGuess:
    """Find the oxidation states of a structure, with the method that gave them.

    In this order: states that the file declares; the only neutral combination of common states;
    bond valences (O'Keeffe and Brese, doi 10.1107/S0108768190011041; pymatgen's analyzer) for
    ordered cells of up to 40 sites, where several combinations are neutral.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure, ordered or not.

    Returns
    -------
    OxidationGuess
        States in e with method and warnings.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> guess_oxidation_states(cell)
    OxidationGuess(states={'O': -2.0, 'Sr': 2.0, 'Ti': 4.0}, method='composition', warnings=())
    """
    amounts = {str(k): float(n) for k, n in structure.composition.get_el_amt_dict().items()}
    declared = _read_declared(structure)
    if declared:
        charge = sum(amounts[element] * state for element, state in declared.items())
        negative = sum(amounts[e] * -state for e, state in declared.items() if state < 0.0)
        if abs(charge) > _NEUTRAL * max(negative, 1.0):
            note = f"the declared oxidation states leave a charge of {charge:+.3g} e per cell"
            return OxidationGuess(declared, "declared", (note,))
        return OxidationGuess(declared, "declared", ())
    neutral, reason = _list_neutral(amounts)
    if len(neutral) == 1:
        return OxidationGuess(neutral[0], "composition", ())
    if not neutral:
        mixed = _mix_valence(amounts)
        if mixed is not None:
            states, element = mixed
            note = f"{element} has the mean oxidation state {states[element]:+.2f}"
            return OxidationGuess(states, "composition", (note,))
    else:
        reason = f"{len(neutral)} combinations of oxidation states are neutral"
        states_by_bonds = _analyze_bonds(structure)
        if states_by_bonds:
            return OxidationGuess(states_by_bonds, "bond_valence", ())
    return OxidationGuess({}, None, (f"oxidation states are not known: {reason}",))


def _read_declared(structure: Structure) -> dict[str, float]:
    """Mean declared state of each element; empty when one is missing or all are zero."""
    totals: dict[str, float] = {}
    weights: dict[str, float] = {}
    for species, amount in structure.composition.items():
        state = getattr(species, "oxi_state", None)
        if state is None:
            return {}
        symbol = species.symbol
        totals[symbol] = totals.get(symbol, 0.0) + float(state) * float(amount)
        weights[symbol] = weights.get(symbol, 0.0) + float(amount)
    states = {symbol: total / weights[symbol] for symbol, total in sorted(totals.items())}
    return states if any(states.values()) else {}


def _list_states(element: str) -> tuple[int, ...]:
    from pymatgen.core.periodic_table import Element

    if element in COMMON_STATES and element not in ("Cl", "Br", "I", "P"):
        return (COMMON_STATES[element],)
    known = Element(element)
    return tuple(sorted({*known.icsd_oxidation_states, *known.common_oxidation_states} - {0}))


def _list_neutral(amounts: Mapping[str, float]) -> tuple[list[dict[str, float]], str]:
    """Neutral combinations in which every anion is more electronegative than every cation."""
    elements = sorted(amounts)
    options = [_list_states(element) for element in elements]
    chi = {element: read_electronegativity(element) for element in elements}
    leader = max(elements, key=lambda element: chi[element])
    options = [
        tuple(z for z in states if z < 0) if element == leader else states
        for element, states in zip(elements, options, strict=True)
    ]
    size = 1
    for states in options:
        size *= len(states)
    if not 0 < size <= _MAX_COMBINATIONS:
        return [], "no common states" if size == 0 else f"{size} combinations of states"
    found = []
    for combination in product(*options):
        charges = dict(zip(elements, map(float, combination), strict=True))
        negative = sum(amounts[e] * -z for e, z in charges.items() if z < 0.0)
        total = sum(amounts[e] * z for e, z in charges.items())
        if abs(total) > _NEUTRAL * negative:
            continue
        highest_cation = max((chi[e] for e, z in charges.items() if z > 0.0), default=0.0)
        if all(chi[e] > highest_cation for e, z in charges.items() if z < 0.0):
            found.append(charges)
    return found, "no combination of common states is neutral"


def _mix_valence(amounts: Mapping[str, float]) -> tuple[dict[str, float], str] | None:
    """Put the missing charge on the one element without a single common state."""
    options = {element: _list_states(element) for element in sorted(amounts)}
    open_elements = [element for element, states in options.items() if len(states) != 1]
    if len(open_elements) != 1:
        return None
    element = open_elements[0]
    states = {e: float(z[0]) for e, z in options.items() if e != element}
    state = -sum(amounts[e] * z for e, z in states.items()) / amounts[element]
    cationic = [z for z in options[element] if z > 0]
    if not cationic or not min(cationic) <= state <= max(cationic):
        return None
    return dict(sorted({**states, element: round(state, 3)}.items())), element


def _analyze_bonds(structure: Structure) -> dict[str, float]:
    """Mean state of each element from bond valences; empty where they do not decide."""
    if not structure.is_ordered or len(structure) > _MAX_BOND_VALENCE_SITES:
        return {}
    from pymatgen.analysis.bond_valence import BVAnalyzer

    with python_warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        python_warnings.simplefilter("ignore", DeprecationWarning)
        try:
            valences = BVAnalyzer(max_permutations=_MAX_PERMUTATIONS).get_valences(structure)
        except (ValueError, TypeError, ArithmeticError, LookupError):
            return {}  # it finds no assignment, or has no parameters for an element
    by_element: dict[str, list[float]] = {}
    for site, valence in zip(structure, valences, strict=True):
        by_element.setdefault(site.specie.symbol, []).append(float(valence))
    return {element: sum(v) / len(v) for element, v in sorted(by_element.items())}
