"""From a structure to the start of VASP's dynamics, and from its runs to trajectories."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ase import units as ase_units
from jobflow import job
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError
from perolyte.jobs.diffusion import check_ion_and_framework
from perolyte.jobs.packed_runs import PackedRun, pack_run
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.run_files import collect_files
from perolyte.potentials.dynamics import NVE, Ensemble, NoseHooverChain
from perolyte.potentials.dynamics.ensembles import describe_ensemble
from perolyte.schemas import PotentialProvenance, TrajectoryDoc, TrajectorySetDoc
from perolyte.structures import add_thermal_velocities
from perolyte.trajectories import TrajectorySource, open_trajectory, wrap_trajectory
from perolyte.units import FS_PER_PS

__all__ = ["collect_vasp_runs", "open_vasp_segment", "prepare_vasp_start"]

_PERIOD_STEPS = 40
"""Of VASP's thermostat with SMASS = 0."""


@job
def prepare_vasp_start(
    structure: Structure, *, mobile_ion: str, temperature_K: float, seed: int
) -> Structure:
    """Group the atoms by element, as a POSCAR needs them, and draw their velocities.

    The velocities are those of :func:`perolyte.structures.add_thermal_velocities` in Å/fs, the unit
    of a POSCAR: with them VASP draws none, and the run is that of the seed.

    Raises
    ------
    InputError
        If the structure holds no mobile ion, or nothing else.
    """
    check_ion_and_framework(structure, mobile_ion)
    plain = structure.get_sorted_structure()
    plain.remove_oxidation_states()
    moving = add_thermal_velocities(plain, temperature_K, seed=seed)
    velocities = np.array(moving.site_properties["velocities"]) * ase_units.fs
    moving.add_site_property("velocities", velocities.tolist())
    return moving


@job(output_schema=TrajectorySetDoc, data="chunk_data")
def collect_vasp_runs(
    replicas: list[dict[str, Any]],
    *,
    name: str,
    mobile_ion: str,
    settings: dict[str, Any],
    seed: int,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> TrajectorySetDoc:
    """Put the frames of VASP's runs together, in the files of perolyte's own MD.

    Parameters
    ----------
    replicas
        One dictionary each: ``replica`` (its name), ``temperature_K``, ``seed``, ``start`` (the
        structure with velocities in Å/fs, or None) and ``segments``, in order, as
        :func:`open_vasp_segment` takes them.
    name, campaign
        Of the documents.
    mobile_ion
        Element.
    settings
        With ``time_step_fs``, ``frame_interval_fs``, ``equilibration_ps`` and ``thermostat``.
    seed
        That the replicas' seeds were derived from.

    Raises
    ------
    InputError
        For frames that cannot be read, or do not fit together.
    """
    return TrajectorySetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status="converged",
        provenance=make_provenance(seed=seed, potential=potential),
        trajectories=[
            _describe(item, name, mobile_ion, settings, potential, campaign) for item in replicas
        ],
    )


def open_vasp_segment(segment: dict[str, Any], time_step_fs: float) -> TrajectorySource:
    """Open the frames of one VASP run.

    Parameters
    ----------
    segment
        ``trajectory``: what atomate2's task documents have under ``vasp_objects["trajectory"]``, or
        None; ``folder``: of the run, whose vasprun.xml is read where there is no trajectory.
    time_step_fs
        fs, between frames of a trajectory, which does not say it.

    Raises
    ------
    InputError
        Where there is neither.
    """
    trajectory = _decode(segment.get("trajectory"))
    if trajectory is not None:
        return wrap_trajectory(trajectory, frame_interval_fs=time_step_fs)
    folder = Path(str(segment.get("folder", "")).rpartition(":")[2])
    for file in ("vasprun.xml", "vasprun.xml.gz"):
        if (folder / file).is_file():
            return open_trajectory(folder / file, format="vasprun")
    raise InputError(
        f"the VASP run in {folder} left no trajectory in its task document and no vasprun.xml on "
        "this machine; run it again, with task_document_kwargs as atomate2's MDMaker has them"
    )


def _decode(trajectory: Any) -> Trajectory | None:
    """Return what a task document holds as pymatgen's object: emmet's, pymatgen's, or a record."""
    if trajectory is None or isinstance(trajectory, Trajectory):
        return trajectory
    if isinstance(trajectory, dict):
        if "cart_coords" not in trajectory:
            record: Any = Trajectory.from_dict(trajectory)
            return record
        from emmet.core.trajectory import Trajectory as StoredTrajectory

        known = set(StoredTrajectory.model_fields)
        trajectory = StoredTrajectory(**{k: v for k, v in trajectory.items() if k in known})
    decoded: Trajectory = trajectory.to_pmg(frame_props=())
    return decoded


def _describe(
    item: dict[str, Any],
    name: str,
    mobile_ion: str,
    settings: dict[str, Any],
    potential: PotentialProvenance | None,
    campaign: str | None,
) -> TrajectoryDoc:
    time_step_fs = float(settings["time_step_fs"])
    interval = round(float(settings["frame_interval_fs"]) / time_step_fs)
    ensemble = _name_ensemble(str(settings["thermostat"]), time_step_fs)
    sources = [open_vasp_segment(segment, time_step_fs) for segment in item["segments"]]
    engine = {"name": "VASP", "version": potential.version if potential else None}
    with tempfile.TemporaryDirectory(prefix="perolyte-") as folder:
        packed = pack_run(
            sources,
            Path(folder) / item["replica"],
            name=item["replica"],
            mobile_ion=mobile_ion,
            temperature_K=float(item["temperature_K"]),
            seed=int(item["seed"]),
            time_step_fs=time_step_fs,
            store_interval_steps=interval,
            ensemble=ensemble,
            engine=engine,
            equilibration_ps=float(settings["equilibration_ps"]),
        )
        return TrajectoryDoc(
            campaign=campaign,
            name=f"{name} {item['replica']}",
            status="converged",
            provenance=make_provenance(seed=int(item["seed"]), potential=potential),
            replica=item["replica"],
            formula=packed.structure.composition.reduced_formula,
            structure=packed.structure,
            first_velocities_A_fs=_read_velocities(item.get("start")),
            mobile_ion=mobile_ion,
            temperature_K=float(item["temperature_K"]),
            replica_seed=int(item["seed"]),
            ensemble=describe_ensemble(ensemble),
            time_step_fs=time_step_fs,
            frame_interval_fs=interval * time_step_fs,
            framework_interval=1,
            equilibration_ps=float(settings["equilibration_ps"]),
            run_length_ps=packed.n_steps * time_step_fs / FS_PER_PS,
            md_status="finished",
            stopped_by="length",
            files=collect_files(packed.folder, with_checkpoints=False),
            settings=settings,
            computed_on={"name": "VASP", "parts": str(len(sources))},
            **_list_lengths(packed),
        )


def _list_lengths(packed: PackedRun) -> dict[str, Any]:
    return {
        "mean_temperature_K": packed.mean_temperature_K,
        "n_steps": packed.n_steps,
        "n_frames": packed.n_frames,
    }


def _read_velocities(start: Structure | None) -> list[list[float]] | None:
    if start is None:
        return None
    found = start.site_properties.get("velocities")
    return None if found is None else [[float(x) for x in row] for row in found]


def _name_ensemble(thermostat: str, time_step_fs: float) -> Ensemble:
    if thermostat == "none":
        return NVE()
    return NoseHooverChain(damping_fs=_PERIOD_STEPS * time_step_fs, chain_length=1)
