"""From a structure and one trajectory to a diffusivity."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from jobflow import job
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError, PathError
from perolyte.jobs.diffusion_numbers import describe_diffusion, describe_failure
from perolyte.jobs.provenance import current_uuid
from perolyte.jobs.run_files import restore_files
from perolyte.schemas import DiffusionDoc, PotentialProvenance, TrajectorySetDoc
from perolyte.structures import add_thermal_velocities, orient_upper_triangular
from perolyte.trajectories import analyse_run, open_trajectory, wrap_trajectory

__all__ = [
    "analyse_diffusion",
    "analyse_replica",
    "analyse_trajectory_file",
    "measure_diffusion",
    "measure_file",
    "measure_replica",
    "prepare_md_structure",
]


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
def analyse_replica(runs: TrajectorySetDoc | None, **settings: Any) -> DiffusionDoc:
    """Do what :func:`measure_replica` does, as a job."""
    document = measure_replica(runs, **settings)
    return document.model_copy(update={"uuid": current_uuid()})


def measure_replica(
    runs: TrajectorySetDoc | None,
    *,
    position: int,
    name: str,
    mobile_ion: str,
    charge: float,
    temperature_K: float,
    hop_distance_A: float,
    frame_interval_fs: float,
    trajectory_uuid: str | None = None,
    campaign: str | None = None,
) -> DiffusionDoc:
    """Turn one replica of perolyte's own MD into diffusivities and conductivities.

    Parameters
    ----------
    runs
        With its large data; None where the MD job failed.
    position
        Of the replica among the runs.
    temperature_K, frame_interval_fs
        K and fs, of a run that failed: others say themselves.

    Returns
    -------
    DiffusionDoc
        "rejected" without a run, "unphysical" where a guard stopped it.
    """
    common: dict[str, Any] = {
        "campaign": campaign,
        "name": name,
        "mobile_ion": mobile_ion,
        "trajectory_uuid": trajectory_uuid,
        "trajectory_position": position,
    }
    if runs is None:
        return describe_failure(
            "rejected",
            "the MD job failed; its error is in the run's log",
            charge=charge,
            temperature_K=temperature_K,
            hop_distance_A=hop_distance_A,
            frame_interval_fs=frame_interval_fs,
            equilibration_ps=0.0,
            time_step_fs=None,
            seed=None,
            potential=None,
            **common,
        )
    run = runs.trajectories[position]
    common |= {
        "equilibration_ps": run.equilibration_ps,
        "time_step_fs": run.time_step_fs,
        "seed": run.replica_seed,
        "potential": run.provenance.potential,
    }
    unmeasured: dict[str, Any] = {
        "charge": charge,
        "temperature_K": run.temperature_K,
        "hop_distance_A": hop_distance_A,
        "frame_interval_fs": run.frame_interval_fs,
    }
    if run.status == "unphysical":
        reason = f"the MD run was stopped ({run.md_status}): {'; '.join(run.reasons)}"
        return describe_failure("unphysical", reason, **common, **unmeasured)
    with tempfile.TemporaryDirectory(prefix="perolyte-") as folder:
        restore_files(run, Path(folder))
        analysed = analyse_run(
            open_trajectory(folder),
            mobile_ion,
            charge=charge,
            hop_distance_A=hop_distance_A,
            temperature_K=run.temperature_K,
            skip_ps=run.equilibration_ps,
        )
        return describe_diffusion(analysed, mean_temperature_K=run.mean_temperature_K, **common)


@job(output_schema=DiffusionDoc)
def analyse_trajectory_file(path: str, **settings: Any) -> DiffusionDoc:
    """Do what :func:`measure_file` does, as a job."""
    document = measure_file(path, **settings)
    return document.model_copy(update={"uuid": current_uuid()})


def measure_file(
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
    """Turn a trajectory file into diffusivities and conductivities.

    Parameters
    ----------
    path
        A file, or the folder of a run, that the machine of the job sees.
    mobile_ion, charge, hop_distance_A, temperature_K, skip_ps, sites
        As :func:`perolyte.trajectories.analyse_run`.
    reading
        Keyword arguments of :func:`perolyte.trajectories.open_trajectory`; atom types may be text,
        as stores have them.
    file_sha256
        Of the file when the flow was built. Another content is refused, because the job is known
        by this one.

    Raises
    ------
    InputError
        Naming the file, for what cannot be read, or is another file by now.
    """
    options = dict(reading or {})
    types = options.get("species_of_type")
    if types:
        options["species_of_type"] = {int(number): symbol for number, symbol in types.items()}
    source = open_trajectory(Path(path), **options)
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
    document = describe_diffusion(
        run,
        name=name or source.path.name,
        mobile_ion=mobile_ion,
        equilibration_ps=skip_ps,
        source=str(path),
        campaign=campaign,
    )
    return document.model_copy(update={"reading": {**(reading or {}), "sites": sites}})


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
        return describe_failure("rejected", reason, **common, **unmeasured)
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
        return describe_failure("unphysical", reason, **common, **unmeasured)
    mean_K = read_mean_temperature(trajectory, n_skipped=run.mobile.n_skipped)
    return describe_diffusion(run, mean_temperature_K=mean_K, **common)


def read_mean_temperature(trajectory: Trajectory, *, n_skipped: int) -> float | None:
    """Return the mean kinetic temperature in K, or None where the frames do not carry it."""
    properties = trajectory.frame_properties or []
    values = [frame["temperature"] for frame in properties[n_skipped:] if "temperature" in frame]
    return float(np.mean(values)) if values else None
