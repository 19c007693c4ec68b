"""From a structure and one trajectory to a diffusivity."""

from __future__ import annotations

from typing import Any

from jobflow import job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.diffusion_numbers import describe_diffusion, describe_failure
from perolyte.jobs.provenance import current_uuid
from perolyte.jobs.stored_run import (
    Run,
    UnusableRunError,
    open_stored_run,
    read_mean_temperature,
)
from perolyte.schemas import DiffusionDoc, PotentialProvenance, TrajectorySetDoc
from perolyte.structures import add_thermal_velocities, orient_upper_triangular
from perolyte.trajectories import analyse_run

__all__ = ["analyse_diffusion", "check_ion_and_framework", "prepare_md_structure"]


@job
def prepare_md_structure(
    structure: Structure, *, mobile_ion: str, temperature_K: float, seed: int
) -> Structure:
    """Orient a relaxed structure for MD and give its atoms their starting velocities.

    The Nosé-Hoover integrator of ASE needs an upper-triangular cell; the rotation keeps every
    distance. Velocities: :func:`perolyte.structures.add_thermal_velocities`.

    Raises
    ------
    InputError
        If the structure holds no mobile ion, or nothing else.
    """
    check_ion_and_framework(structure, mobile_ion)
    return add_thermal_velocities(orient_upper_triangular(structure), temperature_K, seed=seed)


def check_ion_and_framework(structure: Structure, mobile_ion: str) -> None:
    """Refuse a structure that holds no mobile ion, or nothing else.

    Raises
    ------
    InputError
        Naming what it holds.
    """
    elements = {el.symbol for el in structure.composition.elements}
    if mobile_ion not in elements or len(elements) == 1:
        raise InputError(
            f"structure {structure.composition.reduced_formula} needs the mobile ion {mobile_ion} "
            f"and a framework; it holds {', '.join(sorted(elements))}"
        )


@job(output_schema=DiffusionDoc)
def analyse_diffusion(
    run: Run,
    *,
    name: str,
    mobile_ion: str,
    charge: float,
    hop_distance_A: float,
    temperature_K: float | None = None,
    equilibration_ps: float = 0.0,
    time_step_fs: float | None = None,
    frame_interval_fs: float | None = None,
    sites: list[int | str] | None = None,
    reading: dict[str, Any] | None = None,
    position: int | None = None,
    trajectory_uuid: str | None = None,
    trajectory_sha256: str | None = None,
    seed: int | None = None,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> DiffusionDoc:
    """Turn one run into diffusivities and conductivities.

    Parameters
    ----------
    run
        Where it is: :data:`perolyte.jobs.stored_run.Run`.
    charge
        Of the mobile ion, in elementary charges.
    temperature_K
        K; by default what the run states.
    equilibration_ps
        Discarded at the start.
    sites
        Which atoms, where not all of the element: :func:`perolyte.trajectories.analyse_run`.
    frame_interval_fs, reading, position
        As :func:`perolyte.jobs.stored_run.open_stored_run`.
    trajectory_sha256
        Of a file when the flow was built. Another content is refused, because the job is known by
        this one.
    trajectory_uuid, time_step_fs, seed, potential
        For the document.

    Returns
    -------
    DiffusionDoc
        "rejected" without a run, "unphysical" for an own run that exploded or melted.

    Raises
    ------
    InputError
        Naming the file, for what cannot be read, or is another file by now.
    """
    if isinstance(run, TrajectorySetDoc) and position is not None and seed is None:
        seed = run.trajectories[position].replica_seed
    common: dict[str, Any] = {
        "name": name,
        "campaign": campaign,
        "mobile_ion": mobile_ion,
        "equilibration_ps": equilibration_ps,
        "time_step_fs": time_step_fs,
        "sites": sites,
        "source": run if isinstance(run, str) else None,
        "reading": reading,
        "trajectory_uuid": trajectory_uuid,
        "trajectory_position": position,
        "uuid": current_uuid(),
        "seed": seed,
        "potential": potential,
    }
    try:
        with open_stored_run(
            run, position=position, frame_interval_fs=frame_interval_fs, reading=reading
        ) as source:
            if isinstance(run, str) and trajectory_sha256 not in (None, source.sha256):
                raise InputError(
                    f"{run} has changed since the flow was built (SHA-256 {source.sha256[:12]}, "
                    f"was {str(trajectory_sha256)[:12]}); build the flow again"
                )
            found = analyse_run(
                source,
                mobile_ion,
                charge=charge,
                hop_distance_A=hop_distance_A,
                temperature_K=temperature_K,
                sites=sites,
                skip_ps=equilibration_ps,
            )
    except UnusableRunError as err:
        return describe_failure(
            err.status,
            err.reason,
            charge=charge,
            temperature_K=temperature_K,
            hop_distance_A=hop_distance_A,
            frame_interval_fs=frame_interval_fs,
            **common,
        )
    n_skipped = found.mobile.n_skipped
    mean_K = read_mean_temperature(run, position=position, n_skipped=n_skipped)
    return describe_diffusion(found, mean_temperature_K=mean_K, **common)
