"""Oxidation states of a perovskite composition, from its formula alone.

The rules for ABX3 are those of Bartel et al. (doi 10.1126/sciadv.aav0693, Methods): neutral
combinations of states that have Shannon radii, and a choice among them by electronegativity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from perolyte.errors import InputError
from perolyte.structures._electronegativity import read_electronegativity
from perolyte.structures.oxidation import COMMON_STATES
from perolyte.structures.radii import list_tabulated_states

__all__ = ["ANION_STATES", "GuessedStates", "guess_states", "write_formula"]

ANION_STATES = {
    "N": -3,
    **dict.fromkeys(("O", "S", "Se", "Te"), -2),
    **dict.fromkeys(("F", "Cl", "Br", "I"), -1),
}
_FIXED_STATES = {
    **dict.fromkeys(("Li", "Na", "K", "Rb", "Cs", "Fr", "Ag"), 1),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Ra"), 2),
}
_USUALLY_THREE = frozenset(
    {
        *("Sc", "Y", "La", "Al", "Ga", "In", "Pr", "Nd", "Pm", "Sm"),
        *("Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"),
    }
)
_SIMILAR_ELECTRONEGATIVITY = 0.9  # ratio above which Bartel et al. keep the states close
_NEUTRAL_E = 0.03  # per formula unit; printed amounts have two or three digits
_NEARLY_NEUTRAL_E = 1.0  # files of LLTO without their Li lack up to 0.5
_MAX_COMBINATIONS = 20_000


@dataclass(frozen=True)
class GuessedStates:
    """Oxidation state of each element, in e, and what had to be assumed."""

    states: dict[str, float]
    warnings: tuple[str, ...]


def guess_states(
    amounts: Mapping[str, float], anions: tuple[str, ...], given: Mapping[str, float]
) -> GuessedStates:
    """Choose oxidation states that make the composition neutral.

    Parameters
    ----------
    amounts : mapping of str to float
        Amount of each element per formula unit.
    anions : tuple of str
        Elements that are anions.
    given : mapping of str to float
        Known states, in e; they are kept.

    Returns
    -------
    GuessedStates
        States in e, fractional for at most one element of mixed valence.

    Raises
    ------
    InputError
        When no choice is neutral within 1 e per formula unit, or an element has no radius.
    """
    unknown = [e for e in anions if e not in given and e not in ANION_STATES]
    if unknown:
        raise InputError(
            f"{unknown[0]} is taken as the anion, but it has no usual state as one; give it in "
            f"oxidation_states, for example {{'{unknown[0]}': -3}}"
        )
    fixed = {element: float(ANION_STATES[element]) for element in anions if element not in given}
    fixed.update({element: float(state) for element, state in given.items()})
    open_elements = sorted(element for element in amounts if element not in fixed)
    charge = sum(amounts[element] * state for element, state in fixed.items())
    options = [_candidate_states(element) for element in open_elements]
    size = 1
    for states in options:
        size *= len(states)
    if size > _MAX_COMBINATIONS:
        options = [
            (COMMON_STATES[element],) if COMMON_STATES.get(element, 0) > 0 else states
            for element, states in zip(open_elements, options, strict=True)
        ]
    residuals = {
        combination: charge
        + sum(
            amounts[element] * state
            for element, state in zip(open_elements, combination, strict=True)
        )
        for combination in _limited_product(options, amounts)
    }
    neutral = [states for states, residual in residuals.items() if abs(residual) <= _NEUTRAL_E]
    if neutral:
        chosen = _choose(neutral, open_elements, oxide="O" in anions)
        return GuessedStates(fixed | dict(zip(open_elements, map(float, chosen), strict=True)), ())
    mixed = _mix_valence(amounts, open_elements, charge)
    if mixed is not None:
        found, element = mixed
        note = f"{element} was given the mean state {found[element]:+.2f}, which is neutral"
        return GuessedStates(fixed | found, (note,))
    plain = {element: _plain_state(element) for element in open_elements}
    residual = charge + sum(amounts[element] * plain[element] for element in open_elements)
    if abs(residual) > _NEARLY_NEUTRAL_E:
        raise InputError(
            f"{write_formula(amounts)}: no oxidation states with Shannon radii make it neutral; "
            "give oxidation_states, e.g. {'Mn': 3}"
        )
    return GuessedStates(fixed | plain, ())


def _candidate_states(element: str) -> tuple[int, ...]:
    if element in _FIXED_STATES:
        return (_FIXED_STATES[element],)
    states = tuple(state for state in list_tabulated_states(element) if state > 0)
    if not states:
        raise InputError(
            f"{element} has no Shannon radius as a cation; tolerance factors need another element"
        )
    return states


def _limited_product(options: list[tuple[int, ...]], amounts: Mapping[str, float]) -> product:
    size = 1
    for states in options:
        size *= len(states)
    if size > _MAX_COMBINATIONS:
        raise InputError(
            f"{write_formula(amounts)}: {size} combinations of oxidation states, allowed are "
            f"{_MAX_COMBINATIONS}; give oxidation_states"
        )
    return product(*options)


def _choose(neutral: list[tuple[int, ...]], elements: list[str], *, oxide: bool) -> tuple[int, ...]:
    """Choose among neutral combinations: 3+ where usual, then by electronegativity."""
    if oxide:
        for index, element in enumerate(elements):
            if element in _USUALLY_THREE:
                neutral = [states for states in neutral if states[index] == 3] or neutral
    if len(neutral) == 1:
        return neutral[0]
    varying = [
        index for index in range(len(elements)) if len({states[index] for states in neutral}) > 1
    ]
    chi = {index: read_electronegativity(elements[index]) for index in varying}
    donor = min(varying, key=lambda index: (chi[index], elements[index]))
    acceptor = max(varying, key=lambda index: (chi[index], elements[index]))
    similar = chi[donor] > _SIMILAR_ELECTRONEGATIVITY * chi[acceptor]
    reversed_pair = len(elements) == 2 and len(neutral) == 2 and neutral[0] == neutral[1][::-1]

    def rank(states: tuple[int, ...]) -> tuple[int, ...]:
        spread = max(states[i] for i in varying) - min(states[i] for i in varying)
        sign = 0 if reversed_pair else (1 if similar else -1)
        return (sign * spread, -states[donor], states[acceptor], *states)

    return min(neutral, key=rank)


def _mix_valence(
    amounts: Mapping[str, float], elements: list[str], charge: float
) -> tuple[dict[str, float], str] | None:
    """Put the missing charge on the one element that is known for several states."""
    several = [element for element in elements if len(_candidate_states(element)) > 1]
    unusual = [e for e in several if e not in COMMON_STATES and e not in _USUALLY_THREE]
    pool = unusual or several
    if len(pool) != 1:
        return None
    element = pool[0]
    states = {other: _plain_state(other) for other in elements if other != element}
    rest = charge + sum(amounts[other] * state for other, state in states.items())
    state = -rest / amounts[element]
    options = _candidate_states(element)
    if not min(options) <= state <= max(options):
        return None
    return states | {element: state}, element


def _plain_state(element: str) -> float:
    """Take the common state of an element, else the highest that is tabulated."""
    options = _candidate_states(element)
    if element in _USUALLY_THREE and 3 in options:
        return 3.0
    common = COMMON_STATES.get(element)
    return float(common if common in options else options[-1])


def write_formula(amounts: Mapping[str, float]) -> str:
    """Write amounts as a formula for a message."""
    return "".join(f"{element}{amount:.4g}" for element, amount in amounts.items())
