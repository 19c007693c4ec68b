"""Oxidation states: given, declared by the file, tabulated where unique, or fixed by neutrality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "COMMON_STATES",
    "OxidationResult",
    "assign_oxidation_states",
    "net_charge",
    "read_oxidation_states",
]

COMMON_STATES: dict[str, int] = {
    **dict.fromkeys(("H", "Li", "Na", "K", "Rb", "Cs", "Ag"), 1),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd"), 2),
    **dict.fromkeys(("Al", "Ga", "In", "Sc", "Y", "La", "Nd", "Gd", "Dy", "Ho", "Er", "Lu"), 3),
    **dict.fromkeys(("Si", "Ge", "Ti", "Zr", "Hf"), 4),
    **dict.fromkeys(("P", "Nb", "Ta"), 5),
    "W": 6,
    "O": -2,
    **dict.fromkeys(("F", "Cl", "Br", "I"), -1),
}
"""The one common state of an element in solid electrolytes. Elements with several (Mn, Fe, Co, Ce,
Sn, Pb, S, N, ...) are left out on purpose: their state must be given or follow from neutrality."""

_INTEGER_TOLERANCE = 0.02  # occupancies in files are rounded to two or three digits


@dataclass(frozen=True)
class OxidationResult:
    """A decorated structure and where each oxidation state came from.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Copy of the structure with an oxidation state on every species.
    states : dict of str to int
        State of each element, in e.
    method : str
        The least certain source used: "explicit", "declared", "table" or "neutrality".
    sources : dict of str to str
        Source of each element's state, the same words.
    net_charge : float
        Charge of the cell with these states, in e.
    warnings : tuple of str
        What was assumed.
    """

    structure: Structure
    states: dict[str, int]
    method: str
    sources: dict[str, str]
    net_charge: float
    warnings: tuple[str, ...]


def net_charge(composition: Mapping[str, float], states: Mapping[str, int]) -> float:
    """Sum the charges of a composition.

    Parameters
    ----------
    composition : mapping of str to float
        Number of atoms of each element.
    states : mapping of str to int
        Oxidation state of each element, in e.

    Returns
    -------
    float
        Net charge in e.

    Raises
    ------
    InputError
        When an element has no state.

    Examples
    --------
    >>> net_charge({"Li": 3, "La": 7, "Ti": 12, "O": 36}, {"Li": 1, "La": 3, "Ti": 4, "O": -2})
    0.0
    """
    missing = [element for element in composition if element not in states]
    if missing:
        raise InputError(
            f"{missing[0]} has no oxidation state; give it, e.g. {{{missing[0]!r}: 2}}"
        )
    return float(sum(amount * states[element] for element, amount in composition.items()))


def read_oxidation_states(structure: Structure) -> dict[str, int]:
    """Read the state of each element from a decorated structure.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure with oxidation states on all species.

    Returns
    -------
    dict of str to int
        State of each element, in e.

    Raises
    ------
    InputError
        When an element has no state, two states, or one that is not an integer.
    """
    states: dict[str, int] = {}
    # not structure.elements, which adds all sites up: cells are large and candidates many
    for species in {id(ion): ion for site in structure for ion in site.species}.values():
        state = getattr(species, "oxi_state", None)
        symbol = species.symbol
        if state is None:
            raise InputError(
                f"{symbol} has no oxidation state in this structure; "
                "decorate it with assign_oxidation_states first"
            )
        if abs(state - round(state)) > 1e-6 or states.get(symbol, round(state)) != round(state):
            raise InputError(
                f"{symbol} has the oxidation state {state:g} beside {states.get(symbol, 'none')}; "
                f"one integer per element is supported, e.g. {{{symbol!r}: {round(state)}}}"
            )
        states[symbol] = round(state)
    return states


def assign_oxidation_states(
    structure: Structure, states: Mapping[str, int] | None = None
) -> OxidationResult:
    """Give every element of a structure its oxidation state.

    Each element takes, in this order: the given state; the one declared in the structure; the
    common state of :data:`COMMON_STATES`; for a single element left, the integer that makes the
    cell neutral (flagged by a warning).

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered structure.
    states : mapping of str to int, optional
        Known states, in e. Elements that are not in the structure are refused.

    Returns
    -------
    OxidationResult
        The decorated structure; ``net_charge`` is reported, not enforced.

    Raises
    ------
    InputError
        When an element is left without a state.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> assign_oxidation_states(cell).states
    {'O': -2, 'Sr': 2, 'Ti': 4}
    """
    amounts = {k: float(v) for k, v in structure.composition.get_el_amt_dict().items()}
    given = dict(states or {})
    for element, state in given.items():
        if element not in amounts:
            raise InputError(
                f"an oxidation state is given for {element}, which is not in "
                f"{structure.composition.reduced_formula}; leave it out"
            )
        if not isinstance(state, int) or isinstance(state, bool):
            raise InputError(f"oxidation state {state!r} of {element} is no integer; give e.g. 2")
    declared, warnings = _collect_declared(structure, skip=set(given))
    resolved: dict[str, int] = {}
    sources: dict[str, str] = {}
    for source, table in (("explicit", given), ("declared", declared), ("table", COMMON_STATES)):
        for element in sorted(amounts):
            if element in table and element not in resolved:
                resolved[element], sources[element] = table[element], source
    unresolved = [element for element in sorted(amounts) if element not in resolved]
    if unresolved:
        element = unresolved[0]
        resolved[element] = _balance_last_element(amounts, resolved, unresolved)
        sources[element] = "neutrality"
        balanced = f"{element} {resolved[element]:+d}"
        warnings += (f"{balanced} was chosen so that the cell is neutral; give it to be sure",)
    decorated = structure.copy()
    decorated.add_oxidation_state_by_element({k: float(z) for k, z in resolved.items()})
    order = ("explicit", "declared", "table", "neutrality")
    return OxidationResult(
        structure=decorated,
        states=dict(sorted(resolved.items())),
        method=max(sources.values(), key=order.index),
        sources=dict(sorted(sources.items())),
        net_charge=net_charge(amounts, resolved),
        warnings=warnings,
    )


def _collect_declared(
    structure: Structure, skip: set[str]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """States written in the structure; a structure that declares only zeros declares nothing."""
    declared: dict[str, int] = {}
    for species in structure.elements:
        state, symbol = getattr(species, "oxi_state", None), species.symbol
        if state is None or symbol in skip:
            continue
        if abs(state - round(state)) > 1e-6 or declared.get(symbol, round(state)) != round(state):
            raise InputError(
                f"{symbol} is declared with several or fractional oxidation states; "
                f"give one integer, e.g. {{{symbol!r}: {round(state)}}}"
            )
        declared[symbol] = round(state)
    if declared and not any(declared.values()):
        return {}, ("all declared oxidation states are 0: they were ignored",)
    return declared, ()


def _balance_last_element(
    amounts: Mapping[str, float], resolved: Mapping[str, int], unresolved: list[str]
) -> int:
    """State that makes the cell neutral when exactly one element lacks one."""
    from pymatgen.core.periodic_table import Element

    element = unresolved[0]
    hint = f"give it, e.g. states={{{element!r}: 3}}"
    if len(unresolved) > 1:
        raise InputError(
            f"{element} has no single common oxidation state (nor have "
            f"{', '.join(unresolved[1:])}); {hint}"
        )
    known = {symbol: amounts[symbol] for symbol in resolved}
    state = (0.0 - net_charge(known, resolved)) / amounts[element]
    allowed = Element(element).oxidation_states
    if abs(state - round(state)) > _INTEGER_TOLERANCE or round(state) not in allowed:
        raise InputError(
            f"{element} needs the oxidation state {state:+.2f} for a neutral cell, "
            f"known are {', '.join(f'{z:+d}' for z in allowed) or 'none'}; {hint}"
        )
    return round(state)
