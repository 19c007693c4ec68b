"""A, B and X sites of a perovskite composition, from its formula alone.

For ABX3 the larger cation is on A, the rule of Bartel et al. (doi 10.1126/sciadv.aav0693, Methods).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from perolyte.errors import InputError
from perolyte.structures._electronegativity import read_electronegativity
from perolyte.structures._perovskite_states import (
    ANION_STATES,
    write_formula,
)
from perolyte.structures.radii import find_ionic_radius, list_tabulated_states

__all__ = ["SiteAmounts", "assign_sites", "find_anions", "mean_radius_A", "split_state"]

SiteAmounts = dict[str, dict[str, float]]
"""Amount of each element on A, B and X, per formula unit (one B site)."""

_SITE_TOLERANCE = 0.02


def find_anions(amounts: Mapping[str, float]) -> tuple[str, ...]:
    """Find the elements that are anions: the most electronegative, and more while X is short.

    A perovskite has 1.5 X per cation, more where A is deficient; an anti-perovskite has 2/3.
    """
    formers = sorted(
        (element for element in amounts if element in ANION_STATES),
        key=lambda element: -read_electronegativity(element),
    )
    total = sum(amounts.values())
    for count in range(1, len(formers) + 1):
        anions = formers[:count]
        n_x = sum(amounts[element] for element in anions)
        if n_x >= 1.2 * (total - n_x):
            return tuple(anions)
    n_x = sum(amounts[element] for element in formers)
    if len(formers) > 1 and abs(n_x / total - 0.4) < _SITE_TOLERANCE:
        return tuple(formers)
    raise InputError(
        f"{write_formula(amounts)}: no ABX3 or X3BA ratio of anions to cations; give sites, e.g. "
        "sites={'A': ['Ca'], 'B': ['Ti'], 'X': ['O']}"
    )


def assign_sites(
    amounts: Mapping[str, float], states: Mapping[str, float], anions: tuple[str, ...]
) -> tuple[SiteAmounts, tuple[str, ...]]:
    """Share the elements between A, B and X by amount and size.

    Among the sets of cations that fill B, the one is taken whose mean sixfold radius is smallest
    against that of the cations left for A, which for two cations is the rule of Bartel et al. Of
    more cations, A is not given a higher mean charge than B where that can be helped.

    Parameters
    ----------
    amounts : mapping of str to float
        Amount of each element.
    states : mapping of str to float
        Oxidation state of each element, in e.
    anions : tuple of str
        Elements that are anions. Where they are the minority, the roles are those of an
        anti-perovskite: cations on X, anions on A and B.

    Returns
    -------
    SiteAmounts and tuple of str
        Amounts per B site, and warnings.

    Raises
    ------
    InputError
        When no set of elements fills B, or none is left for A.
    """
    cations = [element for element in amounts if element not in anions]
    n_anions = sum(amounts[element] for element in anions)
    n_cations = sum(amounts[element] for element in cations)
    inverted = n_anions < n_cations
    corners, centres = (cations, list(anions)) if inverted else (list(anions), cations)
    n_corners, n_centres = (n_cations, n_anions) if inverted else (n_anions, n_cations)
    for n_formula, note in (
        (n_corners / 3.0, None),
        (n_centres / 2.0, f"{n_corners / n_centres * 2.0:.2f} X per A + B, 3 were expected"),
    ):
        best: tuple[tuple[bool, float, float], SiteAmounts] | None = None
        for count in range(1, len(centres)):
            for chosen in combinations(sorted(centres), count):
                b = {element: amounts[element] / n_formula for element in chosen}
                a = {e: amounts[e] / n_formula for e in centres if e not in chosen}
                if abs(sum(b.values()) - 1.0) > _SITE_TOLERANCE:
                    continue
                if not 0.0 < sum(a.values()) <= 1.0 + _SITE_TOLERANCE:
                    continue
                deficient = sum(a.values()) < 1.0 - _SITE_TOLERANCE
                if deficient and mean_radius_A(a, states, 12) < mean_radius_A(b, states, 6):
                    continue  # K2SiF6: the deficient cation is the small one, on B
                preference = _prefer(a, b, states)
                if best is None or preference > best[0]:
                    x = {element: amounts[element] / n_formula for element in corners}
                    best = (preference, {"A": a, "B": b, "X": x})
        if best is not None:
            return best[1], () if note is None else (note,)
    raise InputError(
        f"{write_formula(amounts)}: its elements cannot be shared between A, B and X of ABX3; "
        "give sites, e.g. sites={'A': ['Ca'], 'B': ['Ti'], 'X': ['O']}"
    )


def _prefer(
    a: Mapping[str, float], b: Mapping[str, float], states: Mapping[str, float]
) -> tuple[bool, float, float]:
    """How well two sets of ions suit A and B; larger is better."""

    def charge(content: Mapping[str, float]) -> float:
        total = sum(content.values())
        return sum(amount / total * abs(states[element]) for element, amount in content.items())

    def contrast(coordination: int) -> float:
        difference = mean_radius_A(a, states, coordination) - mean_radius_A(b, states, coordination)
        return round(difference, 6)  # equal radii are a tie whatever the rounding of the mean

    charges_suit = len(a) + len(b) == 2 or charge(a) <= charge(b) + 1e-6
    return charges_suit, contrast(6), contrast(12)


def mean_radius_A(
    amounts: Mapping[str, float], states: Mapping[str, float], coordination: int
) -> float:
    """Mean effective ionic radius over the occupied sites, in Å."""
    total = sum(amounts.values())
    return sum(
        amount / total * share * find_ionic_radius(element, z, coordination=coordination).radius_A
        for element, amount in amounts.items()
        for z, share in split_state(element, states[element])
    )


def split_state(element: str, state: float) -> tuple[tuple[int, float], ...]:
    """Write a mean oxidation state as shares of the two tabulated states around it."""
    if abs(state - round(state)) < 1e-3:
        return ((round(state), 1.0),)
    table = list_tabulated_states(element)
    low = max((z for z in table if z < state), default=None)
    high = min((z for z in table if z > state), default=None)
    if low is None or high is None:
        known = ", ".join(f"{z:+d}" for z in table) or "none"
        raise InputError(
            f"the mean oxidation state {state:+.2f} of {element} is outside those with a Shannon "
            f"radius ({known}); give another"
        )
    share = (state - low) / (high - low)
    return ((low, 1.0 - share), (high, share))
