"""From conductivities of grains and boundaries to that of the ceramic, as a document."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jobflow import job

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.mesoscale import brick_layer_conductivity, hashin_shtrikman_bounds
from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    ConductivityBounds,
    EffectiveConductivityResult,
    GrainMap,
    assign_conductivity,
    effective_conductivity,
    generate_polycrystal,
    measure_grain_sizes,
    random_orientations,
    simulate_grain_growth,
)
from perolyte.schemas import (
    GrainMapDescription,
    GrainSizeDescription,
    MicrostructureDoc,
    MicrostructureSettings,
    Quantity,
    TensorBounds,
)

__all__ = ["homogenise_microstructure", "make_grains"]

_ANY_KINETICS = BoundaryKinetics(energy_J_m2=1.0, mobility_m4_J_s=1e-16)
"""Only the shape of the grains is asked for: their size is set afterwards."""


@job(output_schema=MicrostructureDoc, data="grains")
def homogenise_microstructure(
    bulk_S_cm: float | list[list[float]],
    *,
    boundary_S_cm: float,
    boundary_thickness_nm: float,
    grain_size_nm: float,
    name: str,
    boundary_along_S_cm: float | None = None,
    settings: dict[str, object] | None = None,
    labels: dict[str, str] | None = None,
    sources: dict[str, str] | None = None,
    parent_uuids: list[str] | None = None,
    seed: int = 0,
    campaign: str | None = None,
) -> MicrostructureDoc:
    """Make a polycrystal and compute what it conducts.

    Parameters
    ----------
    bulk_S_cm
        S/cm, a number, or a symmetric tensor in the axes of the crystal; grains then are turned at
        random.
    boundary_S_cm, boundary_along_S_cm
        S/cm, specific to the boundary, across and along it; along as across by default.
    boundary_thickness_nm
        nm.
    grain_size_nm
        nm, diameter of the mean grain.
    name
        Of the document.
    settings
        Fields of :class:`~perolyte.schemas.MicrostructureSettings`.
    labels, sources
        By the name of a parameter ("bulk_S_cm", "boundary_S_cm", ...): "computed", "fitted",
        "literature" or "assumed", and where it comes from; "assumed" where not said.
    parent_uuids
        Of the documents that parameters come from.
    seed
        Of grains and orientations.
    campaign
        Name that the document carries.

    Raises
    ------
    InputError
        For what the polycrystal or its conductivity refuses
        (:func:`~perolyte.mesoscale.assign_conductivity`).
    """
    checked = MicrostructureSettings.model_validate(settings or {})
    grains = make_grains(checked, grain_size_nm=grain_size_nm, seed=seed)
    is_tensor = np.ndim(bulk_S_cm) > 0
    turned = None
    if is_tensor:
        n_labels = int(grains.labels.max()) + 1
        # another stream than that of the grains
        turned = random_orientations(n_labels, n_dimensions=grains.n_dimensions, seed=seed + 1)
    field = assign_conductivity(
        grains,
        bulk_S_cm=bulk_S_cm,
        boundary_S_cm=boundary_S_cm,
        boundary_thickness_nm=boundary_thickness_nm,
        boundary_along_S_cm=boundary_along_S_cm,
        orientations=turned,
    )
    found = effective_conductivity(
        field.conductivity,
        tolerance=checked.tolerance,
        max_iterations=checked.max_iterations,
        precision=checked.precision,
    )
    brick = shtrikman = None
    if not is_tensor:
        brick = float(
            brick_layer_conductivity(
                bulk_S_cm=bulk_S_cm,
                boundary_S_cm=boundary_S_cm,
                grain_size_nm=grain_size_nm,
                boundary_thickness_nm=boundary_thickness_nm,
            )
        )
        # of the two phases: the normals of laminates follow the grains, so that their tensors
        # are no isotropic arrangement
        if boundary_along_S_cm is None:
            lower, upper = hashin_shtrikman_bounds(
                bulk_S_cm, boundary_S_cm, second_fraction=field.boundary_fraction
            )
            shtrikman = (float(lower), float(upper))
    parameters = {
        "bulk_S_cm": float(np.trace(bulk_S_cm)) / len(np.atleast_1d(bulk_S_cm))
        if is_tensor
        else float(np.asarray(bulk_S_cm)),
        "boundary_S_cm": boundary_S_cm,
        "boundary_along_S_cm": boundary_along_S_cm,
        "boundary_thickness_nm": boundary_thickness_nm,
        "grain_size_nm": grain_size_nm,
    }
    return _describe(
        found,
        grains,
        checked,
        name=name,
        brick_layer_S_cm=brick,
        shtrikman_S_cm=shtrikman,
        parameters=_label(parameters, labels or {}, sources or {}),
        parent_uuids=parent_uuids or [],
        seed=seed,
        campaign=campaign,
    )


def make_grains(settings: MicrostructureSettings, *, grain_size_nm: float, seed: int) -> GrainMap:
    """Return grains of the mean size asked for, grown where the settings say so.

    Growth gives shapes and a distribution of sizes; the edge of a voxel is then set so that the
    mean size is that asked for.

    Raises
    ------
    InputError
        As :func:`~perolyte.mesoscale.generate_polycrystal`, and where growth left one grain.
    """
    grains = generate_polycrystal(
        (settings.n_voxels,) * settings.n_dimensions,
        n_grains=settings.n_grains,
        grain_size_nm=grain_size_nm,
        seed=seed,
        size_spread=settings.size_spread,
    )
    if not settings.growth_steps:
        return grains
    grown = simulate_grain_growth(
        grains, _ANY_KINETICS, n_steps=settings.growth_steps, precision="float32"
    )
    if grown.n_grains[-1] < 2:
        raise InputError(
            f"growth over {settings.growth_steps} steps left one grain: take more grains or fewer "
            "steps"
        )
    edge_nm = grains.voxel_nm * grain_size_nm / float(grown.mean_size_nm[-1])
    return GrainMap(grown.state.grains.labels, edge_nm)


def _describe(
    found: EffectiveConductivityResult,
    grains: GrainMap,
    settings: MicrostructureSettings,
    *,
    name: str,
    brick_layer_S_cm: float | None,
    shtrikman_S_cm: tuple[float, float] | None,
    parameters: list[Quantity],
    parent_uuids: list[str],
    seed: int,
    campaign: str | None,
) -> MicrostructureDoc:
    sizes = measure_grain_sizes(grains)
    tensor, bounds = found.conductivity_S_cm, found.bounds
    source: Literal["voronoi", "laguerre", "phase_field"] = "voronoi"
    if settings.growth_steps:
        source = "phase_field"
    elif settings.size_spread is not None:
        source = "laguerre"
    return MicrostructureDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status=found.status,
        reasons=list(found.reasons),
        warnings=_warn(grains, len(sizes.diameters_nm)),
        provenance=make_provenance(seed=seed, parent_uuids=list(parent_uuids)),
        source=source,
        settings=settings,
        grains=GrainMapDescription.from_labels(grains.labels, grains.voxel_nm),
        sizes=GrainSizeDescription(
            n_grains=len(sizes.diameters_nm),
            mean_nm=sizes.mean_nm,
            mean_std_nm=sizes.mean_std_nm,
            log_std=sizes.log_std,
            intercept_size_nm=sizes.intercept_size_nm,
        ),
        conductivity_S_cm=None if tensor is None else tensor.tolist(),
        mean_S_cm=None if tensor is None else float(np.trace(tensor)) / len(tensor),
        error_bound=found.error_bound,
        bounds=_describe_bounds(bounds, shtrikman_S_cm),
        brick_layer_S_cm=brick_layer_S_cm,
        n_iterations=list(found.n_iterations),
        contrast=found.contrast,
        scheme=found.scheme,
        parameters=parameters,
    )


def _describe_bounds(
    bounds: ConductivityBounds | None, shtrikman_S_cm: tuple[float, float] | None
) -> TensorBounds:
    if bounds is None:
        raise InputError("the conductivity is complex; a document holds that of zero frequency")
    identity = np.eye(len(bounds.wiener_lower_S_cm))
    lower, upper = shtrikman_S_cm or (None, None)
    return TensorBounds(
        wiener_lower_S_cm=bounds.wiener_lower_S_cm.tolist(),
        wiener_upper_S_cm=bounds.wiener_upper_S_cm.tolist(),
        hashin_shtrikman_lower_S_cm=None if lower is None else (lower * identity).tolist(),
        hashin_shtrikman_upper_S_cm=None if upper is None else (upper * identity).tolist(),
    )


def _label(
    values: dict[str, float | None], labels: dict[str, str], sources: dict[str, str]
) -> list[Quantity]:
    unknown = sorted((set(labels) | set(sources)) - set(values))
    if unknown:
        raise InputError(
            f"labels name {', '.join(unknown)}; the parameters are {', '.join(values)}"
        )
    return [
        Quantity.model_validate(
            {
                "name": name,
                "value": value,
                "unit": "nm" if name.endswith("_nm") else "S/cm",
                "label": labels.get(name, "assumed"),
                "source": sources.get(name, "given"),
            }
        )
        for name, value in values.items()
        if value is not None
    ]


def _warn(grains: GrainMap, n_grains: int) -> list[str]:
    warnings = []
    across = (grains.labels.size / n_grains) ** (1.0 / grains.n_dimensions)
    if across < 12.0:
        warnings.append(
            f"grains are {across:.1f} voxels across: boundaries are spread over 7, so that the "
            "conductivity is rough below 12"
        )
    if n_grains < 20:
        warnings.append(f"{n_grains} grains: another seed gives another value; compare a few")
    return warnings
