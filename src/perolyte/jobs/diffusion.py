"""From a structure and one trajectory to a diffusivity."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobflow import job
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.trajectory import read_mean_temperature, read_positions
from perolyte.schemas import DiffusionDoc, PotentialProvenance, Status
from perolyte.structures import add_thermal_velocities, orient_upper_triangular
from perolyte.transport import (
    DiffusivityResult,
    fit_diffusivity,
    nernst_einstein_conductivity,
)
from perolyte.units import FS_PER_PS

__all__ = ["analyse_diffusion", "prepare_md_structure"]

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
    try:
        cell_A, mobile, positions_A = read_positions(trajectory, mobile_ion, n_skipped=n_skipped)
    except InputError as err:
        # A jump of half a cell between frames, or positions that are no numbers: with frames this
        # close together the run has exploded, which is a result.
        return _without_numbers("unphysical", [f"the MD run cannot be followed: {err}"], common)
    result = fit_diffusivity(
        positions_A[:, mobile],
        frame_interval_fs=frame_interval_fs,
        hop_distance_A=hop_distance_A,
        framework_positions_A=positions_A[:, ~mobile],
    )
    mean_K = read_mean_temperature(trajectory, n_skipped=n_skipped)
    volume_A3 = float(abs(np.linalg.det(cell_A)))
    # sigma is proportional to D: one factor serves the value and its error
    sigma_per_D = nernst_einstein_conductivity(
        1.0,
        n_ions=result.n_ions,
        charge=charge,
        volume_A3=volume_A3,
        temperature_K=temperature_K,
    )
    return _with_numbers(result, mean_K, float(sigma_per_D), {**common, "volume_A3": volume_A3})


def _with_numbers(
    result: DiffusivityResult, mean_K: float | None, sigma_per_D: float, common: dict[str, Any]
) -> DiffusionDoc:
    status, reasons = _judge_temperature(result, mean_K, common["temperature_K"])
    use = status == "converged"
    diffusivity = result.diffusivity_cm2_s if use else None
    std = result.diffusivity_std_cm2_s if use else None
    return DiffusionDoc(
        status=status,
        reasons=reasons,
        warnings=list(result.warnings),
        mean_temperature_K=mean_K,
        n_ions=result.n_ions,
        run_length_ps=result.run_length_ps,
        diffusivity_cm2_s=diffusivity,
        diffusivity_std_cm2_s=std,
        diffusivity_upper_bound_cm2_s=result.diffusivity_upper_bound_cm2_s,
        conductivity_S_cm=None if diffusivity is None else diffusivity * sigma_per_D,
        conductivity_std_S_cm=None if std is None else std * sigma_per_D,
        relative_error=result.relative_error if use else None,
        n_net_hops=result.n_net_hops,
        log_log_slope=result.log_log_slope,
        fit_window_ps=result.window_ps,
        lag_ps=list(map(float, result.lag_ps)),
        msd_A2=list(map(float, result.msd_A2)),
        **common,
    )


def _judge_temperature(
    result: DiffusivityResult, mean_K: float | None, temperature_K: float
) -> tuple[Status, list[str]]:
    """Add to the fit's verdict whether the run was at its temperature."""
    reasons = list(result.reasons)
    if mean_K is None or abs(mean_K / temperature_K - 1.0) <= MAX_TEMPERATURE_DEVIATION:
        return result.status, reasons
    reasons.append(
        f"mean temperature {mean_K:.0f} K is more than {MAX_TEMPERATURE_DEVIATION:.0%} from "
        f"the thermostat's {temperature_K:g} K; equilibrate longer"
    )
    return ("unphysical" if result.status == "unphysical" else "not_converged"), reasons


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
