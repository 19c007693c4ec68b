"""Formula, oxidation states and sites as a caller gives them, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from perolyte.errors import InputError
from perolyte.structures._electronegativity import read_electronegativity
from perolyte.structures._perovskite_sites import SiteAmounts

if TYPE_CHECKING:
    from pymatgen.core.composition import Composition

__all__ = ["find_site_anions", "merge_sites", "read_composition", "read_sites", "read_states"]


def read_composition(composition: str | Composition, *, minimum: int) -> dict[str, float]:
    """Read the amounts of each element; refuse formulas of too few."""
    from pymatgen.core.composition import Composition as PymatgenComposition
    from pymatgen.core.periodic_table import Element

    try:
        parsed = PymatgenComposition(composition)
        amounts = {str(k): float(v) for k, v in parsed.get_el_amt_dict().items() if v > 0.0}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot read the formula {composition!r}; give e.g. 'CaTiO3'") from error
    unknown = [element for element in amounts if not Element.is_valid_symbol(element)]
    if unknown or len(amounts) < minimum:
        what = f"{unknown[0]} is no element" if unknown else f"{len(amounts)} element(s)"
        raise InputError(
            f"formula {str(composition)!r}: {what}, at least {minimum} elements are needed; "
            "give e.g. CaTiO3"
        )
    return amounts


def read_states(
    states: Mapping[str, float] | None, amounts: Mapping[str, float]
) -> dict[str, float]:
    """Read the given states as numbers; refuse those of other elements, and zero."""
    given = {element: float(state) for element, state in (states or {}).items()}
    for element, state in given.items():
        if element not in amounts:
            raise InputError(
                f"an oxidation state is given for {element}, which is not in the formula; leave it "
                "out"
            )
        if not math.isfinite(state) or state == 0.0:
            raise InputError(f"oxidation state {state} of {element}; give a number other than 0")
    return given


def read_sites(
    sites: Mapping[str, Sequence[str] | Mapping[str, float]], amounts: Mapping[str, float]
) -> SiteAmounts:
    """Read amounts per B site; elements given without amounts take those of the formula."""
    if set(sites) != {"A", "B", "X"}:
        raise InputError(f"sites {sorted(sites)}; give exactly A, B and X")
    shared: SiteAmounts = {}
    listed: list[str] = []
    for site in "ABX":
        content = sites[site]
        names = [content] if isinstance(content, str) else list(content)
        listed += [] if isinstance(content, Mapping) else names
        for element in names:
            if element not in amounts:
                raise InputError(f"{element} of site {site} is not in the formula; correct sites")
        shared[site] = (
            {e: float(n) for e, n in content.items()}
            if isinstance(content, Mapping)
            else {e: amounts[e] for e in names}
        )
        if not shared[site] or not all(n > 0.0 for n in shared[site].values()):
            raise InputError(f"site {site} is empty or has an amount below 0; give its elements")
    repeated = sorted({e for e in listed if sum(e in shared[site] for site in "ABX") > 1})
    if repeated:
        raise InputError(
            f"{repeated[0]} is on several sites; give its amount on each, "
            f"e.g. {{'A': {{'{repeated[0]}': 0.1}}}}"
        )
    n_b = sum(shared["B"].values())
    return {site: {e: n / n_b for e, n in content.items()} for site, content in shared.items()}


def merge_sites(shared: SiteAmounts) -> dict[str, float]:
    """Sum the amounts of each element over the sites."""
    merged: dict[str, float] = {}
    for content in shared.values():
        for element, amount in content.items():
            merged[element] = merged.get(element, 0.0) + amount
    return merged


def find_site_anions(shared: SiteAmounts, given: Mapping[str, float]) -> tuple[str, ...]:
    """Find the anions: X, or A and B where X holds cations, as in an anti-perovskite."""
    x = tuple(shared["X"])
    centres = tuple(dict.fromkeys((*shared["A"], *shared["B"])))
    if all(element in given for element in x):
        return x if given[x[0]] < 0.0 else centres

    def mean(elements: Sequence[str]) -> float:
        return sum(read_electronegativity(element) for element in elements) / len(elements)

    return x if mean(x) > mean(centres) else centres
