"""Tolerance factors of a perovskite composition: Goldschmidt t, octahedral mu, Bartel tau.

Goldschmidt: t = (r_A + r_X) / (√2 (r_B + r_X)), doi 10.1007/BF01507527; mu = r_B / r_X;
Bartel: tau = r_X / r_B - n_A (n_A - (r_A / r_B) / ln(r_A / r_B)), doi 10.1126/sciadv.aav0693.
Radii are Shannon's effective ionic radii with A at coordination 12, B and X at 6, or the nearest
number that is tabulated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perolyte.errors import InputError
from perolyte.structures._perovskite_sites import (
    SiteAmounts,
    assign_sites,
    find_anions,
    split_state,
)
from perolyte.structures._perovskite_states import guess_states
from perolyte.structures._tolerance_input import (
    find_site_anions,
    merge_sites,
    read_composition,
    read_sites,
    read_states,
)
from perolyte.structures.radii import IonicRadius, find_ionic_radius

if TYPE_CHECKING:
    from pymatgen.core.composition import Composition

__all__ = [
    "GOLDSCHMIDT_WINDOW",
    "TAU_LIMIT",
    "ToleranceFactors",
    "bartel_tau",
    "goldschmidt_factor",
    "tolerance_factors",
]

TAU_LIMIT = 4.18
"""A perovskite is expected below this tau (Bartel et al.)."""
GOLDSCHMIDT_WINDOW = (0.825, 1.059)
"""A perovskite is expected between these t (Bartel et al., fitted to the same compounds)."""
_COORDINATION = {"A": 12, "B": 6, "X": 6}
_FULL_OCCUPANCY = 0.99
_RATIO_TOLERANCE = 0.02
_NEUTRAL_E = 1e-3


@dataclass(frozen=True)
class ToleranceFactors:
    """Tolerance factors with every choice that went into them.

    Attributes
    ----------
    goldschmidt : float
        Goldschmidt factor t, dimensionless.
    octahedral : float
        Octahedral factor mu = r_B / r_X, dimensionless.
    tau : float or None
        Bartel factor, dimensionless; None where it is not defined (r_A = r_B, anti-perovskite).
    tau_is_perovskite : bool
        Whether tau is below 4.18; False where tau is None.
    goldschmidt_is_perovskite : bool
        Whether t is between 0.825 and 1.059.
    A, B, X : tuple of str
        Ions on each site, such as ``("Ca2+",)``.
    radii_A : dict of str to float
        Mean radius of "A", "B" and "X" over occupied sites, in Å.
    ions : dict of str to tuple of IonicRadius
        The ions of "A", "B" and "X" with their radius, the coordination number it is tabulated
        for and its source.
    amounts : dict of str to dict of str to float
        Amount of each ion on each site, per B site.
    oxidation_states : dict of str to float
        State of each element, in e.
    oxidation_method : str
        "given" when all states came from the caller, otherwise "composition".
    a_occupancy : float
        Sum of the A amounts per B site; 1 for ABX3.
    a_size_variance_A2 : float
        Variance of the A radius over occupied A sites, in Å2.
    is_extrapolated : bool
        Whether the composition is outside those that tau was fitted to and tested on (ABX3 and
        A2BB'X6 of full sites).
    warnings : tuple of str
        Surrogate radii, assumptions, extrapolations, one line each.
    """

    goldschmidt: float
    octahedral: float
    tau: float | None
    tau_is_perovskite: bool
    goldschmidt_is_perovskite: bool
    A: tuple[str, ...]
    B: tuple[str, ...]
    X: tuple[str, ...]
    radii_A: dict[str, float]
    ions: dict[str, tuple[IonicRadius, ...]]
    amounts: dict[str, dict[str, float]]
    oxidation_states: dict[str, float]
    oxidation_method: str
    a_occupancy: float
    a_size_variance_A2: float
    is_extrapolated: bool
    warnings: tuple[str, ...]

    @property
    def coordinations(self) -> dict[str, dict[str, int]]:
        """Coordination number of the radius used for each ion of "A", "B" and "X"."""
        return {
            site: {ion.label: ion.coordination for ion in ions} for site, ions in self.ions.items()
        }


def goldschmidt_factor(radius_a_A: float, radius_b_A: float, *, radius_x_A: float) -> float:
    """Compute t = (r_A + r_X) / (√2 (r_B + r_X)), doi 10.1007/BF01507527.

    Parameters
    ----------
    radius_a_A, radius_b_A, radius_x_A : float
        Radii of A, B and X, in Å.

    Returns
    -------
    float
        Goldschmidt factor, dimensionless.

    Raises
    ------
    InputError
        When a radius is not positive.

    Examples
    --------
    >>> round(goldschmidt_factor(1.34, 0.605, radius_x_A=1.40), 4)
    0.9663
    """
    _check_radii(radius_a_A, radius_b_A, radius_x_A)
    return (radius_a_A + radius_x_A) / (math.sqrt(2.0) * (radius_b_A + radius_x_A))


def bartel_tau(
    radius_a_A: float, radius_b_A: float, *, radius_x_A: float, oxidation_a: float
) -> float:
    """Compute tau = r_X/r_B - n_A (n_A - (r_A/r_B) / ln(r_A/r_B)), doi 10.1126/sciadv.aav0693.

    Parameters
    ----------
    radius_a_A, radius_b_A, radius_x_A : float
        Radii of A, B and X, in Å.
    oxidation_a : float
        Oxidation state of A, in e.

    Returns
    -------
    float
        Bartel factor, dimensionless. It was fitted where r_A > r_B and diverges at r_A = r_B.

    Raises
    ------
    InputError
        When a radius is not positive or r_A equals r_B.

    Examples
    --------
    >>> round(bartel_tau(1.34, 0.605, radius_x_A=1.40, oxidation_a=2), 3)
    3.885
    """
    _check_radii(radius_a_A, radius_b_A, radius_x_A)
    ratio = radius_a_A / radius_b_A
    if abs(ratio - 1.0) < 1e-9:
        raise InputError(
            f"tau diverges at r_A = r_B = {radius_b_A:.3f} Å; use radii that differ, or t and mu"
        )
    return radius_x_A / radius_b_A - oxidation_a * (oxidation_a - ratio / math.log(ratio))


def tolerance_factors(
    composition: str | Composition,
    *,
    oxidation_states: Mapping[str, float] | None = None,
    sites: Mapping[str, Sequence[str] | Mapping[str, float]] | None = None,
) -> ToleranceFactors:
    """Compute t, mu and tau of a composition, with the radii and states that were used.

    Sites with several ions get the mean radius over occupied sites, as Bartel et al. do for
    A2BB'X6; n_A is the mean oxidation state of the A ions.

    Parameters
    ----------
    composition : str or pymatgen.core.Composition
        Formula, e.g. ``"CaTiO3"``; amounts may be fractional and in any multiple.
    oxidation_states : mapping of str to float, optional
        Known states of elements, in e; the others are chosen so that the formula is neutral. A
        fractional state is a mixture of the two tabulated states around it.
    sites : mapping, optional
        Elements of "A", "B" and "X": a sequence of elements, or amounts per element for elements
        that are on several sites. Found from amounts and sizes when left out.

    Returns
    -------
    ToleranceFactors
        Factors, choices and warnings.

    Raises
    ------
    InputError
        When the formula cannot be read or shared between three sites, no neutral states exist, or
        an ion has no Shannon radius.

    Examples
    --------
    >>> result = tolerance_factors("CaTiO3")
    >>> result.A, result.B, result.X, round(result.goldschmidt, 4), round(result.tau, 3)
    (('Ca2+',), ('Ti4+',), ('O2-',), 0.9663, 3.885)
    >>> tolerance_factors("Li0.33La0.557TiO3").is_extrapolated
    True
    """
    amounts = read_composition(composition, minimum=3 if sites is None else 2)
    given = read_states(oxidation_states, amounts)
    if sites is None:
        negative = tuple(element for element, state in given.items() if state < 0)
        anions = negative if len(given) == len(amounts) and negative else find_anions(amounts)
    else:
        shared = read_sites(sites, amounts)
        amounts = merge_sites(shared)
        anions = find_site_anions(shared, given)
    per_x = 3.0 / sum(amounts[element] for element in anions)
    guessed = guess_states({e: n * per_x for e, n in amounts.items()}, anions, given)
    warnings = list(guessed.warnings)
    if sites is None:
        shared, notes = assign_sites(amounts, guessed.states, anions)
        warnings += notes
    return _evaluate(
        shared, guessed.states, warnings, "given" if len(given) == len(amounts) else "composition"
    )


def _evaluate(
    shared: SiteAmounts, states: Mapping[str, float], warnings: list[str], method: str
) -> ToleranceFactors:
    """Look up the radii, average them, and compute the factors."""
    ions = {site: _list_ions(site, shared[site], states) for site in "ABX"}
    radii_A = {site: _mean(ions[site]) for site in "ABX"}
    n_a = sum(shared["A"].values())
    oxidation_a = sum(n * states[element] for element, n in shared["A"].items()) / n_a
    warnings += _describe(shared, states, ions)
    inverted = oxidation_a < 0.0
    tau = None
    if inverted:
        warnings.append("anti-perovskite roles: tau is not defined, t has other limits")
    elif abs(radii_A["A"] - radii_A["B"]) < 1e-9:
        warnings.append(f"tau diverges at r_A = r_B = {radii_A['B']:.3f} Å")
    else:
        tau = bartel_tau(
            radii_A["A"], radii_A["B"], radius_x_A=radii_A["X"], oxidation_a=oxidation_a
        )
        if radii_A["A"] < radii_A["B"]:
            warnings.append(
                f"r_A {radii_A['A']:.3f} Å is below r_B {radii_A['B']:.3f} Å: tau has no meaning"
            )
    reasons = _extrapolations(shared, ions)
    warnings += [f"tau is an extrapolation: {reason}" for reason in reasons]
    goldschmidt = goldschmidt_factor(radii_A["A"], radii_A["B"], radius_x_A=radii_A["X"])
    low, high = GOLDSCHMIDT_WINDOW
    return ToleranceFactors(
        goldschmidt=goldschmidt,
        octahedral=radii_A["B"] / radii_A["X"],
        tau=tau,
        tau_is_perovskite=tau is not None and tau < TAU_LIMIT,
        goldschmidt_is_perovskite=low < goldschmidt < high,
        A=tuple(ion.label for ion, _ in ions["A"]),
        B=tuple(ion.label for ion, _ in ions["B"]),
        X=tuple(ion.label for ion, _ in ions["X"]),
        radii_A=radii_A,
        ions={site: tuple(ion for ion, _ in ions[site]) for site in "ABX"},
        amounts={site: {ion.label: amount for ion, amount in ions[site]} for site in "ABX"},
        oxidation_states={
            element: float(states[element]) for element in sorted(merge_sites(shared))
        },
        oxidation_method=method,
        a_occupancy=n_a,
        a_size_variance_A2=sum(
            amount * (ion.radius_A - radii_A["A"]) ** 2 for ion, amount in ions["A"]
        )
        / n_a,
        is_extrapolated=bool(reasons) or inverted,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _list_ions(
    site: str, amounts: Mapping[str, float], states: Mapping[str, float]
) -> list[tuple[IonicRadius, float]]:
    return [
        (find_ionic_radius(element, state, coordination=_COORDINATION[site]), amount * share)
        for element, amount in amounts.items()
        for state, share in split_state(element, states[element])
    ]


def _mean(ions: Sequence[tuple[IonicRadius, float]]) -> float:
    total = sum(n for _, n in ions)
    return sum(ion.radius_A * (n / total) for ion, n in ions)


def _describe(
    shared: SiteAmounts,
    states: Mapping[str, float],
    ions: Mapping[str, Sequence[tuple[IonicRadius, float]]],
) -> list[str]:
    """Warnings about the charge and about radii that stand in for missing ones."""
    warnings = []
    charge = sum(states[e] * n for site in shared.values() for e, n in site.items())
    if abs(charge) > _NEUTRAL_E:
        warnings.append(f"the states leave a charge of {charge:+.3f} e per formula unit")
    for site in "ABX":
        for ion, _ in ions[site]:
            if ion.coordination != ion.requested_coordination:
                warnings.append(
                    f"{ion.label} on {site}: radius {ion.radius_A:g} Å of coordination "
                    f"{ion.coordination} stands in for {ion.requested_coordination}"
                )
            if not ion.source.startswith("Shannon"):
                warnings.append(f"{ion.label} on {site}: radius from {ion.source}")
    return warnings


def _extrapolations(
    shared: SiteAmounts, ions: Mapping[str, Sequence[tuple[IonicRadius, float]]]
) -> list[str]:
    """Why the composition is none of those that tau was fitted to or tested on."""
    n_a, n_x = sum(shared["A"].values()), sum(shared["X"].values())
    reasons = []
    if n_a < _FULL_OCCUPANCY:
        reasons.append(f"A sites are {n_a:.3f} occupied")
    elif n_a > 1.0 + _RATIO_TOLERANCE:
        reasons.append(f"{n_a:.3f} A per B")
    if abs(n_x - 3.0) > 3.0 * _RATIO_TOLERANCE:
        reasons.append(f"{n_x:.3f} X per B")
    for site, allowed in (("A", 1), ("B", 2), ("X", 1)):
        if len(ions[site]) > allowed:
            reasons.append(f"{len(ions[site])} ions on {site}")
    if len(ions["B"]) == 2 and abs(ions["B"][0][1] - 0.5) > _RATIO_TOLERANCE:
        reasons.append("two B ions in a ratio other than 1 to 1")
    return reasons


def _check_radii(*radii_A: float) -> None:
    for radius_A in radii_A:
        if not (math.isfinite(radius_A) and radius_A > 0.0):
            raise InputError(f"radius {radius_A} Å, allowed are positive numbers; correct it")
