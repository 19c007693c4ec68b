"""From the runs of a boundary cell and of its bulk to the resistance of the boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobflow import job

from perolyte.errors import ExecutionError
from perolyte.jobs.conductivity import describe_line
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.stored_run import UnusableRunError, open_stored_run
from perolyte.schemas import (
    BoundaryProfile,
    BoundaryScreenDoc,
    BoundaryValue,
    ConductivityDoc,
    ConductivityPoint,
    GrainBoundaryDoc,
    PotentialProvenance,
    Status,
    TrajectorySetDoc,
)
from perolyte.trajectories import read_mobile
from perolyte.transport import (
    AreaResistance,
    SlabDiffusivity,
    area_resistance,
    fit_arrhenius,
    fit_crossing_diffusivity,
    measure_density_profile,
    measure_slab,
    nernst_einstein_conductivity,
    specific_boundary_value,
)

__all__ = ["analyse_boundary", "build_boundary_document"]

POOR_PROXY = (
    "Sigma 5 is a poor proxy: in LLTO it was measured to have no significant effect on the "
    "conductivity, while Sigma 13 has (doi 10.1021/acs.nanolett.1c02174)"
)
_BOUNDARIES = (0.0, 0.5)
_GRAINS = (0.25, 0.75)
_LAGS_IN_HOPS = (0.5, 2.0)
"""Times the bulk's time for one hop, between which the slope in a slab is taken."""


@job(output_schema=GrainBoundaryDoc)
def analyse_boundary(
    run: TrajectorySetDoc | None,
    bulk: ConductivityDoc | None,
    screen: BoundaryScreenDoc | None,
    **settings: Any,
) -> GrainBoundaryDoc:
    """Do what :func:`build_boundary_document` does, as a job.

    Raises
    ------
    ExecutionError
        Where the job of the boundary's energies failed: there is no boundary to speak of.
    """
    if screen is None:
        raise ExecutionError(
            "the job of the boundary cells or of their energies failed; its error is in the run's "
            "log: correct it and run the same flow again"
        )
    document = build_boundary_document(run, bulk, screen, **settings)
    return document.model_copy(update={"uuid": current_uuid()})


def build_boundary_document(
    run: TrajectorySetDoc | None,
    bulk: ConductivityDoc | None,
    screen: BoundaryScreenDoc,
    *,
    name: str,
    mobile_ion: str,
    charge: float,
    temperatures_K: list[float],
    hop_distance_A: float,
    equilibration_ps: float,
    thickness_A: float,
    slab_width_A: float = 10.0,
    candidate: str | None = None,
    dopant: str | None = None,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> GrainBoundaryDoc:
    """Compare the conductivity across a cell with that of the bulk at each temperature.

    Parameters
    ----------
    run
        Of the boundary cell, one replica for each temperature; None where the job failed.
    bulk
        With points at the same temperatures.
    screen
        The cell that was followed, and energies.
    thickness_A
        Å, assumed, between resistance and specific conductivity.
    slab_width_A
        Å, for profiles.

    Returns
    -------
    GrainBoundaryDoc
        "converged" where at least one temperature has a resistance.
    """
    rows = [
        _analyse_temperature(
            run,
            _find_point(bulk, temperature_K),
            temperature_K,
            mobile_ion=mobile_ion,
            charge=charge,
            hop_distance_A=hop_distance_A,
            equilibration_ps=equilibration_ps,
            slab_width_A=slab_width_A,
            thickness_A=thickness_A,
        )
        for temperature_K in temperatures_K
    ]
    specific = [row["specific"] for row in rows]
    line, line_reasons = _fit_line(temperatures_K, specific)
    found = [row["asr"].status == "converged" for row in rows]
    reasons = [
        f"{T:g} K: {reason}"
        for T, row in zip(temperatures_K, rows, strict=True)
        for reason in row["asr"].reasons
    ]
    is_poor_proxy = screen.sigma_value == 5
    return GrainBoundaryDoc(
        name=name,
        campaign=campaign,
        status="converged" if any(found) else "rejected" if run is None else "not_converged",
        reasons=reasons,
        warnings=[*([POOR_PROXY] if is_poor_proxy else []), *screen.warnings],
        provenance=make_provenance(
            potential=potential,
            parent_uuids=[doc.uuid for doc in (run, bulk, screen) if doc is not None],
        ),
        sigma_value=screen.sigma_value,
        miller=screen.miller,
        axis=screen.axis,
        candidate=candidate,
        dopant=dopant,
        formula=screen.formula,
        mobile_ion=mobile_ion,
        temperatures_K=temperatures_K,
        bulk_conductivity_S_cm=[row["bulk"] for row in rows],
        cell_conductivity_S_cm=[row["cell"] for row in rows],
        asr_ohm_cm2=[row["asr"] for row in rows],
        specific_conductivity_S_cm=specific,
        thickness_A=thickness_A,
        arrhenius=line,
        arrhenius_reasons=line_reasons,
        boundary_energy_J_m2=screen.boundary_energy_J_m2,
        boundary_energies=screen.energies,
        segregation=screen.segregation,
        profiles=[row["profile"] for row in rows if row["profile"] is not None],
        separation_A=screen.separation_A or 0.0,
        mobile_ions_added=screen.mobile_ions_added,
        structure=screen.structure,
        is_poor_proxy=is_poor_proxy,
    )


def _analyse_temperature(
    run: TrajectorySetDoc | None,
    point: ConductivityPoint | None,
    temperature_K: float,
    *,
    mobile_ion: str,
    charge: float,
    hop_distance_A: float,
    equilibration_ps: float,
    slab_width_A: float,
    thickness_A: float,
) -> dict[str, Any]:
    """Return the values of one temperature by name."""
    grain = _read_bulk(point)
    position = _find_position(run, temperature_K)
    if run is None or position is None:
        missing = _missing("the MD job of the boundary cell failed; its error is in the run's log")
        return {
            "bulk": grain,
            "cell": missing,
            "asr": missing,
            "specific": missing,
            "profile": None,
        }
    if point is None or point.diffusivity_cm2_s is None:
        reason = f"the bulk has no conductivity: {'; '.join(grain.reasons)}"
        missing = BoundaryValue(status="not_converged", reasons=[reason])
        return {
            "bulk": grain,
            "cell": missing,
            "asr": missing,
            "specific": missing,
            "profile": None,
        }
    try:
        with open_stored_run(run, position=position) as source:
            mobile = read_mobile(source, mobile_ion, skip_ps=equilibration_ps, with_framework=False)
            interval_fs = source.frame_interval_fs
    except UnusableRunError as err:
        missing = BoundaryValue(status=err.status, reasons=[err.reason])
        return {
            "bulk": grain,
            "cell": missing,
            "asr": missing,
            "specific": missing,
            "profile": None,
        }
    cell_A = mobile.cell_A
    normal = np.cross(cell_A[0], cell_A[1])
    normal /= np.linalg.norm(normal)
    height_A = float(cell_A[2] @ normal)
    across = fit_crossing_diffusivity(
        mobile.positions_A,
        separation_A=height_A / 2,
        bulk_diffusivity_cm2_s=point.diffusivity_cm2_s,
        frame_interval_fs=interval_fs,
        hop_distance_A=hop_distance_A,
        normal=(float(normal[0]), float(normal[1]), float(normal[2])),
    )
    per_D = nernst_einstein_conductivity(
        1.0,
        n_ions=mobile.n_ions,
        charge=charge,
        volume_A3=mobile.volume_A3,
        temperature_K=temperature_K,
    )
    cell = BoundaryValue(
        status=across.status,
        value=_scale(across.diffusivity_cm2_s, per_D),
        error=_scale(across.std_cm2_s, per_D),
        upper_bound=_scale(across.upper_bound_cm2_s, per_D),
        reasons=list(across.reasons),
    )
    resistance = _compare(cell, grain, height_A)
    value, error, bound = specific_boundary_value(resistance, thickness_A)
    return {
        "bulk": grain,
        "cell": cell,
        "asr": BoundaryValue(
            status=resistance.status,
            value=resistance.value_ohm_cm2,
            error=resistance.std_ohm_cm2,
            lower_bound=resistance.lower_bound_ohm_cm2,
            upper_bound=resistance.upper_bound_ohm_cm2,
            reasons=list(resistance.reasons),
        ),
        "specific": _describe_specific(resistance, value, error, bound),
        "profile": _profile(
            mobile.positions_A,
            cell_A,
            point,
            interval_fs,
            temperature_K,
            hop_distance_A,
            slab_width_A,
        ),
    }


def _compare(cell: BoundaryValue, grain: BoundaryValue, height_A: float) -> AreaResistance:
    """Return the resistance; an upper bound of the cell's conductivity is a lower one of it."""
    if grain.value is None or grain.error is None:
        return AreaResistance("not_converged", tuple(grain.reasons))
    if cell.value is not None and cell.error is not None:
        return area_resistance(
            cell.value, cell.error, grain.value, grain.error, cell_length_A=height_A
        )
    lower = None
    if cell.upper_bound is not None and cell.upper_bound < grain.value:
        bounded = area_resistance(
            cell.upper_bound, 0.0, grain.value, grain.error, cell_length_A=height_A
        )
        lower = bounded.value_ohm_cm2
    return AreaResistance("not_converged", tuple(cell.reasons), lower_bound_ohm_cm2=lower)


def _describe_specific(
    resistance: AreaResistance, value: float | None, error: float | None, bound: float | None
) -> BoundaryValue:
    reasons = list(resistance.reasons)
    status: Status = resistance.status
    if value is None and status == "converged":
        status = "not_converged"
        reasons = ["the boundary conducts better than the grain: no resistance in series"]
    return BoundaryValue(
        status=status, value=value, error=error, lower_bound=bound, reasons=reasons
    )


def _profile(
    positions_A: Any,
    cell_A: Any,
    point: ConductivityPoint,
    interval_fs: float,
    temperature_K: float,
    hop_distance_A: float,
    width_A: float,
) -> BoundaryProfile | None:
    """Return density and in-plane diffusivities; lags follow the bulk's time for a hop."""
    if point.diffusivity_cm2_s is None:
        return None
    hop_ps = hop_distance_A**2 / (6.0 * point.diffusivity_cm2_s * 1e4)
    step_ps = interval_fs / 1000.0
    longest_ps = 0.2 * (len(positions_A) - 1) * step_ps
    first_ps = max(step_ps, min(_LAGS_IN_HOPS[0] * hop_ps, 0.25 * longest_ps))
    last_ps = max(first_ps + step_ps, min(_LAGS_IN_HOPS[1] * hop_ps, longest_ps))
    density = measure_density_profile(positions_A, cell_A)
    slabs = [
        measure_slab(
            positions_A,
            cell_A,
            centres=centres,
            width_A=width_A,
            frame_interval_fs=interval_fs,
            lags_ps=(first_ps, last_ps),
        )
        for centres in (_BOUNDARIES, _GRAINS)
    ]
    return BoundaryProfile(
        temperature_K=temperature_K,
        position_A=density.position_A.tolist(),
        density_per_A3=density.density_per_A3.tolist(),
        boundary_diffusivity_cm2_s=_describe_slab(slabs[0]),
        grain_diffusivity_cm2_s=_describe_slab(slabs[1]),
    )


def _describe_slab(slab: SlabDiffusivity) -> BoundaryValue:
    return BoundaryValue(
        status=slab.status,
        value=slab.diffusivity_cm2_s,
        error=slab.std_cm2_s,
        reasons=list(slab.reasons),
    )


def _fit_line(temperatures_K: list[float], values: list[BoundaryValue]) -> tuple[Any, list[str]]:
    """Fit ln(σ_gb T) against 1/T, which has the activation energy of 1/ASR."""
    good = [
        (T, value.value, value.error / value.value)
        for T, value in zip(temperatures_K, values, strict=True)
        if value.value and value.error
    ]
    if len({T for T, _, _ in good}) < 3:
        return None, [f"{len(good)} temperatures have a resistance; a line needs 3"]
    fit = fit_arrhenius(*np.asarray(good, dtype=float).T)
    return describe_line(fit), list(fit.reasons)


def _find_point(bulk: ConductivityDoc | None, temperature_K: float) -> ConductivityPoint | None:
    if bulk is None:
        return None
    near = [point for point in bulk.points if abs(point.temperature_K - temperature_K) < 1e-6]
    return near[0] if near else None


def _find_position(run: TrajectorySetDoc | None, temperature_K: float) -> int | None:
    if run is None:
        return None
    for index, replica in enumerate(run.trajectories):
        if abs(replica.temperature_K - temperature_K) < 1e-6:
            return index
    return None


def _read_bulk(point: ConductivityPoint | None) -> BoundaryValue:
    if point is None:
        return _missing("the bulk was not run at this temperature")
    if point.conductivity_S_cm is None:
        return BoundaryValue(
            status="not_converged",
            upper_bound=point.conductivity_upper_bound_S_cm,
            reasons=list(point.reasons) or ["no conductivity"],
        )
    return BoundaryValue(
        status="converged", value=point.conductivity_S_cm, error=point.conductivity_std_S_cm
    )


def _missing(reason: str) -> BoundaryValue:
    return BoundaryValue(status="rejected", reasons=[reason])


def _scale(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
