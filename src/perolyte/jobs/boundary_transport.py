"""From the runs of a boundary cell and of its bulk to the resistance of the boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobflow import job

from perolyte.errors import ExecutionError
from perolyte.jobs.boundary_temperature import BoundaryAnalysis, analyse_temperature
from perolyte.jobs.conductivity import describe_line
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    BoundaryScreenDoc,
    BoundaryValue,
    ConductivityDoc,
    ConductivityPoint,
    GrainBoundaryDoc,
    PotentialProvenance,
    TrajectorySetDoc,
)
from perolyte.transport import fit_arrhenius

__all__ = ["analyse_boundary", "build_boundary_document"]

POOR_PROXY = (
    "Sigma 5 is a poor proxy: in LLTO it was measured to have no significant effect on the "
    "conductivity, while Sigma 13 has (doi 10.1021/acs.nanolett.1c02174)"
)


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
    options = BoundaryAnalysis(
        mobile_ion=mobile_ion,
        charge=charge,
        hop_distance_A=hop_distance_A,
        equilibration_ps=equilibration_ps,
        thickness_A=thickness_A,
        slab_width_A=slab_width_A,
    )
    rows = [
        analyse_temperature(run, _find_point(bulk, kelvin), kelvin, options)
        for kelvin in temperatures_K
    ]
    specific = [row.specific for row in rows]
    line, line_reasons = _fit_line(temperatures_K, specific)
    found = [row.asr.status == "converged" for row in rows]
    reasons = [
        f"{T:g} K: {reason}"
        for T, row in zip(temperatures_K, rows, strict=True)
        for reason in row.asr.reasons
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
        bulk_conductivity_S_cm=[row.bulk for row in rows],
        cell_conductivity_S_cm=[row.cell for row in rows],
        asr_ohm_cm2=[row.asr for row in rows],
        specific_conductivity_S_cm=specific,
        thickness_A=thickness_A,
        arrhenius=line,
        arrhenius_reasons=line_reasons,
        boundary_energy_J_m2=screen.boundary_energy_J_m2,
        boundary_energies=screen.energies,
        segregation=screen.segregation,
        profiles=[row.profile for row in rows if row.profile is not None],
        separation_A=screen.separation_A or 0.0,
        mobile_ions_added=screen.mobile_ions_added,
        structure=screen.structure,
        is_poor_proxy=is_poor_proxy,
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
