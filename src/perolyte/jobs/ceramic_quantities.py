"""All that entered a map of a ceramic, each with its label and source."""

from __future__ import annotations

from typing import Any

import numpy as np

from perolyte.jobs.ceramic_inputs import BoundaryChoice, BulkChoice
from perolyte.mesoscale import GrainSizeMapResult, LognormalValue
from perolyte.schemas import GivenSpaceCharge, GrainSizeSettings, Quantity

__all__ = ["find_table_index", "list_quantities"]

_TABLE_K = 300.0


def list_quantities(
    bulk: BulkChoice,
    boundary: BoundaryChoice,
    result: GrainSizeMapResult,
    settings: GrainSizeSettings,
) -> list[Quantity]:
    """Return bulk, boundary, layers, thickness and permittivities, as they entered a map."""
    at = find_table_index(result)
    where = f"at {result.temperatures_K[at]:g} K"
    found = []
    for part, choice, band in (
        ("bulk", bulk, result.bulk_S_cm),
        ("boundary", boundary, result.boundary_S_cm),
    ):
        law = choice.law
        found.append(
            Quantity(
                name=f"{part} conductivity {where}",
                value=float(band.value[at]),
                lower=float(band.lower[at]),
                upper=float(band.upper[at]),
                unit="S/cm",
                label=choice.label,
                source=choice.source,
            )
        )
        if law.activation_energy_eV is not None:
            half = 1.96 * float(np.sqrt(law.covariance[1][1]))
            found.append(
                Quantity(
                    name=f"{part} activation energy",
                    value=law.activation_energy_eV,
                    lower=law.activation_energy_eV - half,
                    upper=law.activation_energy_eV + half,
                    unit="eV",
                    label=choice.energy_label,
                    source=choice.energy_source,
                )
            )
    found += _list_layers(boundary.space_charge)
    thickness = boundary.thickness_nm
    low, high = thickness.interval()
    found.append(
        Quantity(
            name="boundary thickness",
            value=thickness.value,
            lower=low,
            upper=high,
            unit="nm",
            label=boundary.thickness_label,
            source=boundary.source,
        )
    )
    return found + _list_permittivities(settings)


def _list_layers(given: GivenSpaceCharge | None) -> list[Quantity]:
    if given is None:
        return []
    half_V = 1.96 * given.potential_std_V
    common: dict[str, Any] = {"label": "assumed", "source": given.source}
    return [
        Quantity(
            name=f"space-charge potential ({given.model})",
            value=given.potential_V,
            lower=given.potential_V - half_V,
            upper=given.potential_V + half_V,
            unit="V",
            **common,
        ),
        Quantity(
            name="concentration of mobile ions in the bulk",
            value=given.concentration_cm3,
            unit="cm⁻³",
            **common,
        ),
    ]


def _list_permittivities(settings: GrainSizeSettings) -> list[Quantity]:
    decades = settings.permittivity_uncertainty_decades
    values = {"bulk": settings.bulk_permittivity, "boundary": settings.boundary_permittivity}
    return [
        Quantity(
            name=f"{part} relative permittivity",
            value=value,
            lower=LognormalValue(value, decades).interval()[0],
            upper=LognormalValue(value, decades).interval()[1],
            unit="",
            label="assumed",
            source=settings.permittivity_source,
        )
        for part, value in values.items()
    ]


def find_table_index(result: GrainSizeMapResult) -> int:
    """Return the place of the temperature that tables are for."""
    return int(np.argmin(np.abs(result.temperatures_K - _TABLE_K)))
