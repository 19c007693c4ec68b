"""Which bulk and which boundary a map is made of, with the label and source of each number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from perolyte.mesoscale import ConductivityLaw, LognormalValue, law_from_value
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityDoc,
    DopingDescription,
    GivenBoundary,
    GivenBulk,
    GivenSpaceCharge,
    GrainSizeSettings,
)
from perolyte.units import NM_PER_A

__all__ = [
    "AtomisticBoundary",
    "BoundaryChoice",
    "BulkChoice",
    "choose_boundaries",
    "law_from_fit",
    "list_bulks",
]

Label = Literal["computed", "fitted", "literature", "assumed"]

_THICKNESS_DECADES = 0.3
"""Of the width of a simulated boundary: where it ends is a matter of definition."""


class AtomisticBoundary(Protocol):
    """What of a simulated boundary is used: a GrainBoundaryDoc has it."""

    uuid: str | None
    name: str
    status: Any
    reasons: list[str]
    sigma_value: int
    miller: tuple[int, int, int]
    candidate: str | None
    arrhenius: ArrheniusFit | None
    arrhenius_reasons: list[str]
    thickness_A: float


@dataclass(frozen=True)
class BulkChoice:
    """A bulk conductivity and where it comes from."""

    name: str
    formula: str | None
    dopant: str | None
    fraction: float | None
    law: ConductivityLaw
    label: Label
    source: str
    energy_label: Label
    energy_source: str
    uuid: str | None = None


@dataclass(frozen=True)
class BoundaryChoice:
    """A boundary and where it comes from; its law is without the layers of a space charge."""

    name: str
    law: ConductivityLaw
    thickness_nm: LognormalValue
    label: Label
    thickness_label: Label
    source: str
    energy_label: Label
    energy_source: str
    uuid: str | None = None
    space_charge: GivenSpaceCharge | None = None


def law_from_fit(fit: ArrheniusFit) -> ConductivityLaw:
    """Return the law of a fitted line, with Student's t as the line's own intervals have it."""
    is_scaled = fit.chi2_reduced is not None and fit.chi2_reduced > 1
    (a, b), (c, d) = fit.covariance
    return ConductivityLaw(
        ln_prefactor=fit.ln_prefactor,
        activation_energy_eV=fit.activation_energy_eV,
        covariance=((a, b), (c, d)),
        temperature_min_K=fit.temperature_min_K,
        temperature_max_K=fit.temperature_max_K,
        model_error=fit.model_error,
        degrees_of_freedom=fit.n_points if is_scaled else math.inf,
    )


def list_bulks(
    conductivities: Sequence[ConductivityDoc],
    dopings: Mapping[str, DopingDescription | None],
    settings: GrainSizeSettings,
) -> tuple[list[BulkChoice], dict[str, str]]:
    """Return the bulk conductivities that can be mapped, and why others cannot, by name."""
    bulks: list[BulkChoice] = []
    left_out: dict[str, str] = {}
    for doc in conductivities:
        if doc.status != "converged" or doc.arrhenius is None:
            reason = "; ".join(doc.reasons[:2]) or "no line over temperature"
            left_out[doc.name] = f"no resolved bulk conductivity: {reason}"
            continue
        doping = dopings.get(doc.name)
        bulks.append(
            BulkChoice(
                name=doc.name,
                formula=doc.formula,
                dopant=None if doping is None else doping.element,
                fraction=None if doping is None else doping.fraction_achieved,
                law=law_from_fit(doc.arrhenius),
                label="computed",
                source=f"document {doc.uuid}",
                energy_label="computed",
                energy_source=f"document {doc.uuid}",
                uuid=doc.uuid,
            )
        )
    bulks += [_describe_given(given) for given in settings.bulk]
    return bulks, left_out


def choose_boundaries(
    bulk: BulkChoice,
    settings: GrainSizeSettings,
    atomistic: Sequence[AtomisticBoundary],
) -> tuple[list[BoundaryChoice], list[str]]:
    """Return the boundaries that a material is mapped with, and why others are not used.

    Simulated ones of this very candidate, each kind by itself; and the given value that says most
    of it: for the candidate, for its dopant, or for all. A value that names no dopant is for the
    material as it was measured: taken over to a doped one, it is an assumption and says so.
    """
    chosen: list[BoundaryChoice] = []
    reasons: list[str] = []
    for doc in atomistic:
        if (doc.candidate or "parent") != bulk.name:
            continue
        kind = f"Σ{doc.sigma_value} ({''.join(str(index) for index in doc.miller)})"
        if doc.arrhenius is None:
            why = "; ".join([*doc.arrhenius_reasons, *doc.reasons][:2]) or str(doc.status)
            reasons.append(f"{kind}: no conductivity over temperature: {why}")
            continue
        simulated = BoundaryChoice(
            name=kind,
            law=law_from_fit(doc.arrhenius),
            thickness_nm=LognormalValue(doc.thickness_A * NM_PER_A, _THICKNESS_DECADES),
            label="computed",
            thickness_label="assumed",
            source=f"document {doc.uuid}",
            energy_label="computed",
            energy_source=f"document {doc.uuid}",
            uuid=doc.uuid,
        )
        chosen.append(simulated)
        if settings.space_charge is not None:
            chosen.append(_with_layers(simulated, settings.space_charge))
    given = _find_given(bulk, settings.values)
    if given is not None:
        chosen.append(_take_given(bulk, given))
    return chosen, reasons


def _with_layers(simulated: BoundaryChoice, given: GivenSpaceCharge) -> BoundaryChoice:
    """Add assumed layers: a potential without long-range charges has none of its own."""
    return replace(
        simulated,
        name=f"{simulated.name} + space charge",
        label="assumed",
        source=f"{simulated.source}, with space-charge layers: {given.source}",
        space_charge=given,
    )


def _find_given(bulk: BulkChoice, values: Sequence[GivenBoundary]) -> GivenBoundary | None:
    elements = set() if bulk.dopant is None else set(bulk.dopant.split("+"))
    tests = (
        lambda value: value.candidate == bulk.name,
        lambda value: value.dopant is not None and value.dopant in elements,
        lambda value: value.candidate is None and value.dopant is None,
    )
    for test in tests:
        found = next(filter(test, values), None)
        if found is not None:
            return found
    return None


def _take_given(bulk: BulkChoice, given: GivenBoundary) -> BoundaryChoice:
    is_transfer = bulk.dopant is not None and given.candidate is None and given.dopant is None
    prefix = f"taken over from a material without {bulk.dopant}: " if is_transfer else ""
    energy_label, energy_source = _find_energy_source(given)
    return BoundaryChoice(
        name=given.name,
        law=_law_of(given),
        thickness_nm=LognormalValue(given.thickness_nm, given.thickness_uncertainty_decades),
        label="assumed" if is_transfer else given.label,
        thickness_label="assumed" if is_transfer else given.thickness_label,
        source=prefix + given.source,
        energy_label="assumed" if is_transfer else energy_label,
        energy_source=prefix + energy_source,
    )


def _find_energy_source(given: GivenBoundary | GivenBulk) -> tuple[Label, str]:
    return (
        given.activation_energy_label or given.label,
        given.activation_energy_source or given.source,
    )


def _describe_given(given: GivenBulk) -> BulkChoice:
    energy_label, energy_source = _find_energy_source(given)
    return BulkChoice(
        name=given.name,
        formula=given.formula,
        dopant=given.dopant,
        fraction=given.fraction,
        law=_law_of(given),
        label=given.label,
        source=given.source,
        energy_label=energy_label,
        energy_source=energy_source,
    )


def _law_of(given: GivenBoundary | GivenBulk) -> ConductivityLaw:
    return law_from_value(
        given.conductivity_S_cm,
        temperature_K=given.temperature_K,
        decades=given.uncertainty_decades,
        activation_energy_eV=given.activation_energy_eV,
        activation_energy_std_eV=(
            0.0 if given.activation_energy_eV is None else given.activation_energy_std_eV
        ),
        temperature_min_K=given.temperature_min_K,
        temperature_max_K=given.temperature_max_K,
    )
