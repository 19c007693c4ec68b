"""What barriers are asked for: the ion, the states of its surroundings, the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pymatgen.core import Element, Structure

from perolyte.errors import InputError
from perolyte.schemas import BvseSettings
from perolyte.structures import assign_oxidation_states, guess_oxidation_states

__all__ = ["check_ion", "complete_ion", "decorate_structure", "make_settings"]

_ION = re.compile(r"(?P<element>[A-Z][a-z]?)([1-9]?[+-])?")


def make_settings(**fields: Any) -> BvseSettings:
    """Make settings of those fields of :class:`~perolyte.schemas.BvseSettings` that are given.

    Raises
    ------
    InputError
        For a value out of its range.

    Examples
    --------
    >>> make_settings(spacing_A=0.2).cutoff_A
    10.0
    """
    try:
        return BvseSettings(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name} is {first['input']!r}; {first['msg'].replace('Input', 'it')}"
        ) from error


def check_ion(ion: str) -> str:
    """Return an ion without spaces around it.

    Raises
    ------
    InputError
        When it is neither an element nor an element with its charge.

    Examples
    --------
    >>> [check_ion(text) for text in ("Li", " Li1+", "O2-")]
    ['Li', 'Li1+', 'O2-']
    """
    found = _ION.fullmatch(ion.strip())
    if found is None or not Element.is_valid_symbol(found["element"]):
        raise InputError(
            f"{ion!r} is no ion; write an element with its charge, such as Li1+ or O2-, or the "
            "element alone"
        )
    return ion.strip()


def decorate_structure(
    structure: Structure, states: Mapping[str, float] | None
) -> tuple[Structure, list[str]]:
    """Give every species a state: as given, as it has, assigned, or guessed with a warning."""
    given = {
        element.symbol: float(states[element.symbol])
        for element in structure.composition.element_composition
        if states and element.symbol in states
    }
    present = [getattr(species, "oxi_state", None) for species in structure.elements]
    if not given and all(present):
        return structure, []
    if len(given) == len(structure.composition.element_composition):
        return _add_states(structure, given), []
    try:
        found = assign_oxidation_states(structure, {e: round(z) for e, z in given.items()})
    except InputError:
        guess = guess_oxidation_states(structure)
        if given or not guess.states:
            raise
        listed = ", ".join(f"{element} {z:+g}" for element, z in sorted(guess.states.items()))
        note = f"oxidation states were guessed ({guess.method}): {listed}; give them to be sure"
        return _add_states(structure, guess.states), [note, *guess.warnings]
    return found.structure, list(found.warnings)


def _add_states(structure: Structure, states: Mapping[str, float]) -> Structure:
    decorated = structure.copy()
    decorated.remove_oxidation_states()
    decorated.add_oxidation_state_by_element(dict(states))
    return decorated


def complete_ion(structure: Structure, ion: str) -> str:
    """Return the ion with its charge; that of the structure where it is an element alone."""
    ion = check_ion(ion)
    elements: Any = structure.elements
    found = sorted({str(species) for species in elements if species.symbol == ion})
    if len(found) > 1:
        raise InputError(
            f"{ion} has several charges in {structure.composition.reduced_formula}: "
            f"{', '.join(found)}; name one of them"
        )
    if found:
        return found[0]
    if ion.isalpha():
        present = ", ".join(sorted(str(species) for species in elements))
        raise InputError(
            f"no {ion} is in {structure.composition.reduced_formula}, whose ions are {present}; "
            "name one of them"
        )
    return ion
