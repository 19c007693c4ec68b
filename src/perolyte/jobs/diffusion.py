"""From a structure and one trajectory to a diffusivity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jobflow import job
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError, PathError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import ChargeTransport, DiffusionDoc, PotentialProvenance, Status
from perolyte.structures import add_thermal_velocities, orient_upper_triangular
from perolyte.trajectories import RunTransport, analyse_run, open_trajectory, wrap_trajectory
from perolyte.transport import ANALYSIS_VERSION, DiffusivityResult, estimate_required_length

__all__ = [
    "analyse_diffusion",
    "analyse_trajectory_file",
    "describe_diffusion",
    "measure_diffusion",
    "prepare_md_structure",
]

MAX_TEMPERATURE_DEVIATION = 0.15
"""A run whose mean temperature is further from the thermostat's is not that temperature."""
AIMED_RELATIVE_ERROR = 0.1
"""Of D; a run that ends with a larger one says how long it should have been."""
_ENDS = ("", "std_", "lower_", "upper_", "upper_bound_")


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
def analyse_diffusion(trajectory: Trajectory | None, **settings: Any) -> DiffusionDoc:
    """Do what :func:`measure_diffusion` does, as a job."""
    document = measure_diffusion(trajectory, **settings)
    return document.model_copy(update={"uuid": current_uuid()})


@job(output_schema=DiffusionDoc)
def analyse_trajectory_file(
    path: str,
    *,
    mobile_ion: str,
    charge: float,
    hop_distance_A: float,
    temperature_K: float | None = None,
    skip_ps: float = 0.0,
    sites: list[int | str] | None = None,
    reading: dict[str, Any] | None = None,
    file_sha256: str | None = None,
    name: str | None = None,
    campaign: str | None = None,
) -> DiffusionDoc:
    """Read a trajectory file and turn it into a diffusivity and a conductivity.

    Parameters
    ----------
    path
        A file, or the folder of a run, that the machine of the job sees.
    mobile_ion, charge, hop_distance_A, temperature_K, skip_ps, sites
        As :func:`perolyte.trajectories.analyse_run`.
    reading
        Keyword arguments of :func:`perolyte.trajectories.open_trajectory`.
    file_sha256
        Of the file when the flow was built. Another content is refused, because the job is known
        by this one.

    Raises
    ------
    InputError
        Naming the file, for what cannot be read, or is another file by now.
    """
    source = open_trajectory(Path(path), **reading or {})
    if file_sha256 is not None and source.sha256 != file_sha256:
        raise InputError(
            f"{path} has changed since the flow was built (SHA-256 {str(source.sha256)[:12]}, was "
            f"{file_sha256[:12]}); build the flow again"
        )
    run = analyse_run(
        source,
        mobile_ion,
        charge=charge,
        hop_distance_A=hop_distance_A,
        temperature_K=temperature_K,
        sites=sites,
        skip_ps=skip_ps,
    )
    label = name or source.path.name
    return describe_diffusion(
        run,
        name=label,
        mobile_ion=mobile_ion,
        equilibration_ps=skip_ps,
        source=str(path),
        campaign=campaign,
        uuid=current_uuid(),
    )


def measure_diffusion(
    trajectory: Trajectory | None,
    *,
    name: str,
    mobile_ion: str,
    charge: float,
    temperature_K: float,
    time_step_fs: float | None,
    frame_interval_fs: float,
    equilibration_ps: float,
    hop_distance_A: float,
    trajectory_uuid: str | None = None,
    seed: int | None = None,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> DiffusionDoc:
    """Turn one trajectory in memory into diffusivities and conductivities.

    Parameters
    ----------
    trajectory
        Frames at equal intervals; None where the MD job failed.
    charge
        Of the mobile ion, in elementary charges.
    equilibration_ps
        Discarded at the start.

    Returns
    -------
    DiffusionDoc
        "rejected" without a trajectory, "unphysical" for a run that exploded.
    """
    common: dict[str, Any] = {
        "campaign": campaign,
        "name": name,
        "mobile_ion": mobile_ion,
        "equilibration_ps": equilibration_ps,
        "time_step_fs": time_step_fs,
        "trajectory_uuid": trajectory_uuid,
        "seed": seed,
        "potential": potential,
    }
    unmeasured: dict[str, Any] = {
        "charge": charge,
        "temperature_K": temperature_K,
        "hop_distance_A": hop_distance_A,
        "frame_interval_fs": frame_interval_fs,
    }
    if trajectory is None:
        reason = "the MD job failed; its error is in the run's log"
        return _without_numbers("rejected", reason, **common, **unmeasured)
    try:
        run = analyse_run(
            wrap_trajectory(trajectory, frame_interval_fs=frame_interval_fs),
            mobile_ion,
            charge=charge,
            hop_distance_A=hop_distance_A,
            temperature_K=temperature_K,
            skip_ps=equilibration_ps,
        )
    except PathError as err:
        # Half a cell between frames, or positions that are no numbers: with frames this close
        # together the run has exploded, which is a result.
        reason = f"the MD run cannot be followed: {err}"
        return _without_numbers("unphysical", reason, **common, **unmeasured)
    mean_K = read_mean_temperature(trajectory, n_skipped=run.mobile.n_skipped)
    return describe_diffusion(run, mean_temperature_K=mean_K, **common)


def read_mean_temperature(trajectory: Trajectory, *, n_skipped: int) -> float | None:
    """Return the mean kinetic temperature in K, or None where the frames do not carry it."""
    properties = trajectory.frame_properties or []
    values = [frame["temperature"] for frame in properties[n_skipped:] if "temperature" in frame]
    return float(np.mean(values)) if values else None


def describe_diffusion(
    run: RunTransport,
    *,
    name: str,
    mobile_ion: str,
    equilibration_ps: float,
    mean_temperature_K: float | None = None,
    time_step_fs: float | None = None,
    source: str | None = None,
    trajectory_uuid: str | None = None,
    seed: int | None = None,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
    uuid: str | None = None,
) -> DiffusionDoc:
    """Write down what an analysed run says; numbers only where it is converged.

    Parameters
    ----------
    run
        From :func:`perolyte.trajectories.analyse_run`.
    mean_temperature_K
        K, measured. More than 15 % from the run's temperature, and it has no numbers.
    """
    fit = run.diffusivity
    status, reasons = _judge_temperature(fit, mean_temperature_K, run.temperature_K)
    use = status == "converged"
    return DiffusionDoc(
        uuid=uuid,
        campaign=campaign,
        name=name,
        status=status,
        reasons=reasons,
        warnings=list(run.warnings),
        provenance=make_provenance(
            seed=seed,
            potential=potential,
            parent_uuids=[trajectory_uuid],
            input_hash=run.mobile.source.sha256,
        ),
        mobile_ion=mobile_ion,
        charge=run.charge,
        temperature_K=run.temperature_K,
        mean_temperature_K=mean_temperature_K,
        n_ions=fit.n_ions,
        n_independent_ions=_finite(fit.n_independent_ions),
        volume_A3=run.mobile.volume_A3,
        hop_distance_A=run.hop_distance_A,
        time_step_fs=time_step_fs,
        frame_interval_fs=run.mobile.source.frame_interval_fs,
        equilibration_ps=equilibration_ps,
        run_length_ps=fit.run_length_ps,
        required_length_ps=_estimate_length(run),
        **_list_numbers(run, fit, use=use),
        relative_error=fit.relative_error if use else None,
        diffusivity_tensor_cm2_s=_to_list(fit.diffusivity_tensor_cm2_s) if use else None,
        diffusivity_tensor_std_cm2_s=_to_list(fit.diffusivity_tensor_std_cm2_s) if use else None,
        error_source=fit.error_source if use else None,
        relative_errors=fit.relative_errors if use else None,
        charge_transport=_describe_charge(run, use=use, reasons=reasons),
        n_net_hops=fit.n_net_hops,
        log_log_slope=_finite(fit.log_log_slope),
        fit_window_ps=fit.window_ps,
        intercept_A2=_finite(fit.intercept_A2),
        lag_ps=fit.lag_ps.tolist(),
        msd_A2=fit.msd_A2.tolist(),
        msd_std_A2=[_finite(value) or 0.0 for value in fit.msd_std_A2],
        source=source,
        trajectory_uuid=trajectory_uuid,
        trajectory_sha256=run.mobile.source.sha256,
        analysis_version=ANALYSIS_VERSION,
    )


def _list_numbers(run: RunTransport, fit: Any, *, use: bool) -> dict[str, Any]:
    """Return value, error, interval and bound of a diffusivity and its conductivity.

    The bound says something about any run; the others are kept where the run is used.
    """
    numbers: dict[str, Any] = {}
    for end in _ENDS:
        value = getattr(fit, f"diffusivity_{end}cm2_s")
        shown = value if use or end == "upper_bound_" else None
        numbers[f"diffusivity_{end}cm2_s"] = shown
        numbers[f"conductivity_{end}S_cm"] = run.to_conductivity(shown)
    return numbers


def _describe_charge(run: RunTransport, *, use: bool, reasons: list[str]) -> ChargeTransport:
    charge = run.diffusivity.charge
    if not use:
        status: Status = "not_converged" if charge.status == "converged" else charge.status
        return ChargeTransport(
            status=status,
            reasons=list(charge.reasons) or reasons,
            **_list_numbers(run, charge, use=False),
        )
    return ChargeTransport(
        status=charge.status,
        reasons=list(charge.reasons),
        **_list_numbers(run, charge, use=True),
        relative_error=charge.relative_error,
        haven_ratio=charge.haven_ratio,
        haven_ratio_std=charge.haven_ratio_std,
        haven_ratio_lower=charge.haven_ratio_lower,
        haven_ratio_upper=charge.haven_ratio_upper,
    )


def _estimate_length(run: RunTransport) -> float | None:
    """Return how long the run should have been, ps; a lower limit where only a bound is known."""
    fit = run.diffusivity
    diffusivity = fit.diffusivity_cm2_s or fit.diffusivity_upper_bound_cm2_s
    if not diffusivity:
        return None
    n_ions = fit.n_independent_ions if np.isfinite(fit.n_independent_ions) else fit.n_ions
    length_ps = estimate_required_length(
        AIMED_RELATIVE_ERROR,
        diffusivity_cm2_s=diffusivity,
        n_ions=min(max(n_ions, 1.0), fit.n_ions),
        hop_distance_A=run.hop_distance_A,
    )
    return _finite(length_ps)


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


def _without_numbers(
    status: Status,
    reason: str,
    *,
    seed: int | None,
    potential: PotentialProvenance | None,
    trajectory_uuid: str | None,
    **fields: Any,
) -> DiffusionDoc:
    return DiffusionDoc(
        status=status,
        reasons=[reason],
        provenance=make_provenance(seed=seed, potential=potential, parent_uuids=[trajectory_uuid]),
        n_ions=0,
        volume_A3=0.0,
        run_length_ps=0.0,
        diffusivity_cm2_s=None,
        diffusivity_std_cm2_s=None,
        conductivity_S_cm=None,
        conductivity_std_S_cm=None,
        n_net_hops=0.0,
        log_log_slope=None,
        trajectory_uuid=trajectory_uuid,
        analysis_version=ANALYSIS_VERSION,
        **fields,
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _to_list(tensor: Any) -> list[list[float]] | None:
    return None if tensor is None else np.asarray(tensor).tolist()
