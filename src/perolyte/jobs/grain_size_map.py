"""Maps of ceramics over grain size and temperature, from documents and labelled values."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jobflow import job

from perolyte.jobs.ceramic_inputs import (
    AtomisticBoundary,
    BoundaryChoice,
    BulkChoice,
    choose_boundaries,
    list_bulks,
)
from perolyte.jobs.ceramic_quantities import find_table_index, list_quantities
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.mesoscale import (
    Band,
    CeramicParameters,
    GrainSizeMapResult,
    LognormalValue,
    SpaceChargeTerm,
    grain_size_map,
    space_charge_profile,
)
from perolyte.schemas import (
    LARGE_KEY,
    BoundaryRow,
    CandidateSetDoc,
    CeramicMaps,
    ConductivityDoc,
    DopingDescription,
    GivenSpaceCharge,
    GrainSizeMapDoc,
    GrainSizeSettings,
    MaterialMap,
    TemperatureBand,
    ValueGrid,
)
from perolyte.units import NM_PER_CM

__all__ = ["build_grain_size_map", "map_grain_sizes"]

_N_REASONS = 3


@job(output_schema=GrainSizeMapDoc, data=LARGE_KEY)
def map_grain_sizes(
    conductivities: list[ConductivityDoc | None] | None,
    settings: dict[str, Any],
    *,
    candidates: CandidateSetDoc | None = None,
    boundaries: list[AtomisticBoundary | None] | None = None,
    name: str = "grain-size map",
    seed: int = 0,
    campaign: str | None = None,
) -> GrainSizeMapDoc:
    """Map every material whose bulk is resolved, and the given ones.

    Parameters
    ----------
    conductivities
        Of the candidates; what failed is None.
    settings
        Fields of :class:`~perolyte.schemas.GrainSizeSettings`.
    candidates
        They say what each candidate is doped with.
    boundaries
        Simulated boundaries (GrainBoundaryDoc); what failed is None.
    name, campaign
        Of the document.
    seed
        Of the draws.
    """
    dopings = {doc.name: doc.doping for doc in candidates.candidates} if candidates else {}
    document = build_grain_size_map(
        [doc for doc in conductivities or [] if doc is not None],
        GrainSizeSettings.model_validate(settings),
        dopings=dopings,
        boundaries=[doc for doc in boundaries or [] if doc is not None],
        name=name,
        seed=seed,
    )
    return document.model_copy(update={"uuid": current_uuid(), "campaign": campaign})


def build_grain_size_map(
    conductivities: Sequence[ConductivityDoc],
    settings: GrainSizeSettings,
    *,
    dopings: Mapping[str, DopingDescription | None] | None = None,
    boundaries: Sequence[AtomisticBoundary] = (),
    name: str = "grain-size map",
    seed: int = 0,
) -> GrainSizeMapDoc:
    """Build the document of :func:`map_grain_sizes` outside a job.

    Returns
    -------
    GrainSizeMapDoc
        "not_converged" where no material has both a bulk and a boundary.
    """
    bulks, left_out = list_bulks(conductivities, dopings or {}, settings)
    materials, rows, uuids, warnings = [], [], [], []
    n_charged = 0
    for bulk in bulks:
        chosen, reasons = choose_boundaries(bulk, settings, boundaries)
        if not chosen:
            why = "; ".join(reasons[:_N_REASONS]) or "no boundary is given or computed for it"
            left_out[bulk.name] = why
        warnings += [f"{bulk.name}: {reason}" for reason in reasons]
        for boundary in chosen:
            result = _compute(bulk, boundary, settings, seed)
            n_charged += boundary.space_charge is not None
            materials.append(_describe_material(bulk, boundary, result, settings))
            rows.append(_describe_row(bulk, boundary, result))
            uuids += [bulk.uuid, boundary.uuid]
    if n_charged:
        warnings += _doubt_layers(settings)
    warnings += [_warn_range(material, settings.temperatures_K) for material in materials]
    return GrainSizeMapDoc(
        name=name,
        status="converged" if materials else "not_converged",
        reasons=[] if materials else [f"{key}: {text}" for key, text in left_out.items()],
        warnings=[text for text in dict.fromkeys(warnings) if text],
        provenance=make_provenance(seed=seed, parent_uuids=list(dict.fromkeys(uuids))),
        maps=CeramicMaps(
            grain_sizes_nm=_grid(settings),
            temperatures_K=settings.temperatures_K,
            model=f"brick layer, {settings.model}",
            n_draws=settings.n_draws,
            seed=seed,
            materials=materials,
            boundaries=rows,
            left_out=left_out,
        ),
    )


def _grid(settings: GrainSizeSettings) -> list[float]:
    ends = settings.grain_size_min_nm, settings.grain_size_max_nm
    return np.geomspace(*ends, settings.n_grain_sizes).tolist()


def _compute(
    bulk: BulkChoice, boundary: BoundaryChoice, settings: GrainSizeSettings, seed: int
) -> GrainSizeMapResult:
    decades = settings.permittivity_uncertainty_decades
    own = zlib.crc32(f"{bulk.name}\n{boundary.name}".encode())
    return grain_size_map(
        CeramicParameters(
            bulk=bulk.law,
            boundary=boundary.law,
            boundary_thickness_nm=boundary.thickness_nm,
            bulk_permittivity=LognormalValue(settings.bulk_permittivity, decades),
            boundary_permittivity=LognormalValue(settings.boundary_permittivity, decades),
            space_charge=_make_term(boundary.space_charge),
        ),
        grain_sizes_nm=_grid(settings),
        temperatures_K=settings.temperatures_K,
        model=settings.model,
        n_draws=settings.n_draws,
        # by name, so that a further material does not change the others
        seed=int(np.random.SeedSequence([seed, own]).generate_state(1)[0]),
    )


def _make_term(given: GivenSpaceCharge | None) -> SpaceChargeTerm | None:
    return None if given is None else SpaceChargeTerm(**given.model_dump(exclude={"source"}))


def _doubt_layers(settings: GrainSizeSettings) -> list[str]:
    """Return what makes the layers an order of magnitude only."""
    given = settings.space_charge
    if given is None:
        return []
    layer = space_charge_profile(
        given.potential_V,
        temperature_K=settings.temperatures_K[0],
        relative_permittivity=settings.bulk_permittivity,
        concentration_cm3=given.concentration_cm3,
        model=given.model,
        site_fraction=given.site_fraction,
    )
    return [f"space charge: {text}" for text in layer.warnings]


def _describe_material(
    bulk: BulkChoice,
    boundary: BoundaryChoice,
    result: GrainSizeMapResult,
    settings: GrainSizeSettings,
) -> MaterialMap:
    flags = zip(result.is_bulk_extrapolated, result.is_boundary_extrapolated, strict=True)
    return MaterialMap(
        name=bulk.name,
        formula=bulk.formula,
        dopant=bulk.dopant,
        fraction=bulk.fraction,
        boundary=boundary.name,
        total_S_cm=_to_grid(result.total_S_cm),
        blocking_factor=_to_grid(result.blocking_factor),
        bulk_S_cm=_to_series(result.bulk_S_cm),
        boundary_S_cm=_to_series(result.boundary_S_cm),
        bulk_peak_Hz=_to_series(result.bulk_peak_Hz),
        boundary_peak_Hz=_to_series(result.boundary_peak_Hz),
        half_blocking_nm=_to_series(result.half_blocking_nm),
        extrapolated=[_say_outside(*(bool(flag) for flag in pair)) for pair in flags],
        parameters=list_quantities(bulk, boundary, result, settings),
    )


def _describe_row(
    bulk: BulkChoice, boundary: BoundaryChoice, result: GrainSizeMapResult
) -> BoundaryRow:
    at = find_table_index(result)
    sigma = result.boundary_S_cm
    # with layers the conductivity follows no line
    energy = None if boundary.space_charge else boundary.law.activation_energy_eV
    thickness_cm = boundary.thickness_nm.value / NM_PER_CM
    return BoundaryRow(
        material=bulk.name,
        dopant=bulk.dopant,
        fraction=bulk.fraction,
        boundary=boundary.name,
        temperature_K=float(result.temperatures_K[at]),
        conductivity_S_cm=float(sigma.value[at]),
        lower_S_cm=float(sigma.lower[at]),
        upper_S_cm=float(sigma.upper[at]),
        area_resistance_ohm_cm2=thickness_cm / float(sigma.value[at]),
        activation_energy_eV=energy,
        activation_energy_std_eV=None if energy is None else _energy_std(boundary),
        thickness_nm=boundary.thickness_nm.value,
        bulk_over_boundary=float(result.bulk_S_cm.value[at] / sigma.value[at]),
        label=boundary.label,
        source=boundary.source,
        is_extrapolated=bool(result.is_boundary_extrapolated[at]),
    )


def _energy_std(boundary: BoundaryChoice) -> float:
    return float(np.sqrt(boundary.law.covariance[1][1]))


def _say_outside(is_bulk: bool, is_boundary: bool) -> str | None:
    if is_bulk and is_boundary:
        return "bulk and boundary"
    return "bulk" if is_bulk else "boundary" if is_boundary else None


def _warn_range(material: MaterialMap, temperatures_K: Sequence[float]) -> str:
    outside = [
        f"{kelvin:g}"
        for kelvin, which in zip(temperatures_K, material.extrapolated, strict=True)
        if which is not None
    ]
    if not outside:
        return ""
    shown = outside[0] if len(outside) == 1 else f"{outside[0]} to {outside[-1]}"
    return (
        f"{material.name}, {material.boundary}: {len(outside)} of {len(temperatures_K)} "
        f"temperatures ({shown} K) are outside of the range that bulk or boundary rest on; the map "
        "is hatched there"
    )


def _to_grid(band: Band) -> ValueGrid:
    return ValueGrid(
        value=band.value.tolist(), lower=band.lower.tolist(), upper=band.upper.tolist()
    )


def _to_series(band: Band) -> TemperatureBand:
    return TemperatureBand(
        value=band.value.tolist(), lower=band.lower.tolist(), upper=band.upper.tolist()
    )
