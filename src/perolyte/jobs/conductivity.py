"""From a structure and its trajectories to a conductivity."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobflow import Flow, Response, job
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.trajectory import read_mean_temperature, read_positions
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityDoc,
    ConductivityPoint,
    DiffusionDoc,
    PotentialProvenance,
    RankingDoc,
    RoomTemperatureConductivity,
    Status,
)
from perolyte.structures import add_thermal_velocities, orient_upper_triangular
from perolyte.transport import (
    ArrheniusResult,
    fit_arrhenius,
    fit_diffusivity,
    nernst_einstein_conductivity,
)
from perolyte.units import FS_PER_PS

__all__ = ["analyse_diffusion", "fit_conductivity", "prepare_md_structure", "run_conductivities"]

MAX_TEMPERATURE_DEVIATION = 0.15
"""A run whose mean temperature is further from the thermostat's is not that temperature."""


@job
def prepare_md_structure(
    structure: Structure, *, mobile_ion: str, temperature_K: float, seed: int
) -> Structure:
    """Orient a relaxed structure for MD and give its atoms their starting velocities.

    The Nosé-Hoover integrator needs an upper-triangular cell; the rotation keeps every distance.
    Velocities: :func:`perolyte.structures.add_thermal_velocities`.

    Raises
    ------
    InputError
        If the structure holds no mobile ion, or nothing else.
    """
    elements = {el.symbol for el in structure.composition.elements}
    if mobile_ion not in elements or len(elements) == 1:
        raise InputError(
            f"structure {structure.composition.reduced_formula} needs the mobile ion {mobile_ion} "
            f"and a framework; it holds {', '.join(sorted(elements))}"
        )
    return add_thermal_velocities(orient_upper_triangular(structure), temperature_K, seed=seed)


@job(output_schema=DiffusionDoc)
def analyse_diffusion(
    trajectory: Trajectory | None,
    *,
    name: str,
    mobile_ion: str,
    charge: int,
    temperature_K: float,
    time_step_fs: float,
    frame_interval_fs: float,
    equilibration_ps: float,
    hop_distance_A: float,
    n_ions: int | None = None,
    trajectory_uuid: str | None = None,
    seed: int | None = None,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> DiffusionDoc:
    """Turn one trajectory into a tracer diffusivity and a Nernst-Einstein conductivity.

    Parameters
    ----------
    trajectory
        Frames at equal intervals; None where the MD job failed.
    charge
        Of the mobile ion, in elementary charges.
    equilibration_ps
        Discarded at the start.
    """
    common: dict[str, Any] = {
        "uuid": current_uuid(),
        "campaign": campaign,
        "name": name,
        "mobile_ion": mobile_ion,
        "temperature_K": temperature_K,
        "hop_distance_A": hop_distance_A,
        "time_step_fs": time_step_fs,
        "frame_interval_fs": frame_interval_fs,
        "equilibration_ps": equilibration_ps,
        "trajectory_uuid": trajectory_uuid,
        "provenance": make_provenance(
            seed=seed, potential=potential, parent_uuids=[trajectory_uuid]
        ),
    }
    if trajectory is None:
        reason = "the MD job failed; its error is in the run's log"
        return _without_numbers("rejected", [reason], common)
    n_skipped = round(equilibration_ps * FS_PER_PS / frame_interval_fs)
    cell_A, mobile, positions_A = read_positions(trajectory, mobile_ion, n_skipped=n_skipped)
    mean_K = read_mean_temperature(trajectory, n_skipped=n_skipped)
    result = fit_diffusivity(
        positions_A[:, mobile],
        frame_interval_fs=frame_interval_fs,
        hop_distance_A=hop_distance_A,
        framework_positions_A=positions_A[:, ~mobile],
    )
    volume_A3 = float(abs(np.linalg.det(cell_A)))
    status: Status = result.status
    reasons = list(result.reasons)
    if mean_K is not None and abs(mean_K / temperature_K - 1.0) > MAX_TEMPERATURE_DEVIATION:
        status = "unphysical" if status == "unphysical" else "not_converged"
        reasons.append(
            f"mean temperature {mean_K:.0f} K is more than {MAX_TEMPERATURE_DEVIATION:.0%} from "
            f"the thermostat's {temperature_K:g} K; equilibrate longer"
        )
    use = status == "converged" and result.diffusivity_cm2_s is not None
    diffusivity = result.diffusivity_cm2_s if use else None
    diffusivity_std = result.diffusivity_std_cm2_s if use else None
    to_sigma = float(
        nernst_einstein_conductivity(
            1.0,
            n_ions=int(mobile.sum()),
            charge=charge,
            volume_A3=volume_A3,
            temperature_K=temperature_K,
        )
    )
    return DiffusionDoc(
        status=status,
        reasons=reasons,
        warnings=list(result.warnings),
        mean_temperature_K=mean_K,
        n_ions=int(mobile.sum()),
        volume_A3=volume_A3,
        run_length_ps=result.run_length_ps,
        diffusivity_cm2_s=diffusivity,
        diffusivity_std_cm2_s=diffusivity_std,
        diffusivity_upper_bound_cm2_s=result.diffusivity_upper_bound_cm2_s,
        conductivity_S_cm=None if diffusivity is None else diffusivity * to_sigma,
        conductivity_std_S_cm=None if diffusivity_std is None else diffusivity_std * to_sigma,
        relative_error=result.relative_error if use else None,
        n_net_hops=result.n_net_hops,
        log_log_slope=result.log_log_slope,
        fit_window_ps=result.window_ps,
        lag_ps=list(map(float, result.lag_ps)),
        msd_A2=list(map(float, result.msd_A2)),
        **common,
    )


@job(output_schema=ConductivityDoc)
def fit_conductivity(
    diffusion: list[DiffusionDoc],
    *,
    name: str,
    structure: Structure,
    mobile_ion: str,
    extrapolate_to_K: float,
    md_settings: dict[str, float | int | str],
    campaign: str | None = None,
) -> ConductivityDoc:
    """Fit ln(sigma T) over the temperatures that are converged, and extrapolate if that is allowed.

    Nothing is extrapolated from fewer than three converged temperatures.
    """
    points = sorted(diffusion, key=lambda doc: doc.temperature_K)
    good = [
        (doc.temperature_K, doc.conductivity_S_cm, doc.relative_error)
        for doc in points
        if doc.conductivity_S_cm is not None and doc.relative_error is not None
    ]
    status: Status = "not_converged"
    reasons, arrhenius, room = ["no temperature is converged"], None, None
    if good:
        fit = fit_arrhenius(*np.asarray(good, dtype=float).T)
        status, reasons = fit.status, list(fit.reasons)
        arrhenius, room = _describe_fit(fit, extrapolate_to_K)
    return ConductivityDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status=status,
        reasons=[*reasons, *_reasons_by_temperature(points)],
        warnings=sorted({text for doc in points for text in doc.warnings}),
        provenance=make_provenance(
            potential=points[0].provenance.potential if points else None,
            parent_uuids=[doc.uuid for doc in points],
        ),
        formula=structure.composition.reduced_formula,
        mobile_ion=mobile_ion,
        points=[_as_point(doc) for doc in points],
        arrhenius=arrhenius,
        room_temperature=room,
        md_settings=md_settings,
    )


@job
def run_conductivities(
    ranking: RankingDoc, conductivity_maker: Any, *, hop_distance_A: float
) -> Response:
    """Run a conductivity flow for every selected candidate.

    Parameters
    ----------
    ranking
        Its ``selected`` candidates are run.
    conductivity_maker
        A :class:`~perolyte.flows.ConductivityMaker`, or a maker with the same ``make``.
    hop_distance_A
        Used where the maker has none of its own.

    Returns
    -------
    Response
        Replaces itself with a flow whose output is a list of
        :class:`~perolyte.schemas.ConductivityDoc`.
    """
    hop_A = conductivity_maker.hop_distance_A or hop_distance_A
    flows = [
        conductivity_maker.make(doc.structure, candidate=doc.name, hop_distance_A=hop_A)
        for doc in ranking.selected
    ]
    output = [flow.output for flow in flows]
    if not flows:
        return Response(output=[])
    return Response(replace=assign_identities(Flow(flows, output=output, name="conductivities")))


def _describe_fit(
    fit: ArrheniusResult, extrapolate_to_K: float
) -> tuple[ArrheniusFit | None, RoomTemperatureConductivity | None]:
    """Return the fit and the extrapolated value, or nothing where the fit is not converged."""
    if (
        fit.status != "converged"
        or fit.activation_energy_eV is None
        or fit.activation_energy_std_eV is None
        or fit.ln_prefactor is None
    ):
        return None, None
    predicted = fit.predict(extrapolate_to_K)
    return (
        ArrheniusFit(
            activation_energy_eV=fit.activation_energy_eV,
            activation_energy_std_eV=fit.activation_energy_std_eV,
            ln_prefactor=fit.ln_prefactor,
            covariance=np.asarray(fit.covariance).tolist(),
            chi2_reduced=fit.chi2_reduced,
            n_points=fit.n_points,
            temperature_min_K=fit.temperature_min_K,
            temperature_max_K=fit.temperature_max_K,
            model_error=fit.model_error,
        ),
        RoomTemperatureConductivity(
            temperature_K=extrapolate_to_K,
            conductivity_S_cm=float(predicted.conductivity_S_cm),
            lower_S_cm=float(predicted.lower_S_cm),
            upper_S_cm=float(predicted.upper_S_cm),
        ),
    )


def _without_numbers(status: Status, reasons: list[str], common: dict[str, Any]) -> DiffusionDoc:
    return DiffusionDoc(
        status=status,
        reasons=reasons,
        n_ions=0,
        volume_A3=0.0,
        run_length_ps=0.0,
        diffusivity_cm2_s=None,
        diffusivity_std_cm2_s=None,
        conductivity_S_cm=None,
        conductivity_std_S_cm=None,
        n_net_hops=0.0,
        log_log_slope=None,
        fit_window_ps=None,
        lag_ps=[],
        msd_A2=[],
        **common,
    )


def _reasons_by_temperature(points: list[DiffusionDoc]) -> list[str]:
    return [
        f"{doc.temperature_K:g} K: {reason}"
        for doc in points
        if doc.status != "converged"
        for reason in doc.reasons
    ]


def _as_point(doc: DiffusionDoc) -> ConductivityPoint:
    shared = set(ConductivityPoint.model_fields) - {"diffusion_uuid"}
    return ConductivityPoint(**{key: getattr(doc, key) for key in shared}, diffusion_uuid=doc.uuid)
