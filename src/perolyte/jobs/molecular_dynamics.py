"""Molecular dynamics of one structure at several temperatures, restartable, as one job."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jobflow import CURRENT_JOB, JobConfig, Response, job
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.errors import ConvergenceError, ExecutionError, InputError
from perolyte.jobs.md_convergence import ReplicaEnd, run_to_target
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.run_files import collect_files, restore_files
from perolyte.jobs.seeds import derive_seed
from perolyte.potentials.choosing import build_batch_potential, build_calculator
from perolyte.potentials.dynamics import Progress, Replica, equilibrate_cell
from perolyte.potentials.dynamics.ensembles import describe_ensemble
from perolyte.potentials.heartbeat import Heartbeat
from perolyte.schemas import (
    MeanCellDescription,
    PotentialProvenance,
    Status,
    TrajectoryDoc,
    TrajectorySetDoc,
)
from perolyte.settings import run_folder
from perolyte.trajectories import open_trajectory
from perolyte.trajectories.chunked import MANIFEST
from perolyte.trajectories.observables import read_observable
from perolyte.units import FS_PER_PS

__all__ = ["run_molecular_dynamics"]

_STATUS: dict[str, Status] = {"finished": "converged", "unfinished": "not_converged"}
_CELL_SKIPPED = 0.2


# a job that goes on reads what its earlier parts left in the store
@job(data="chunk_data", config=JobConfig(expose_store=True))
def run_molecular_dynamics(
    structure: Structure,
    *,
    name: str,
    temperatures_K: list[float],
    mobile_ion: str,
    charge: float,
    hop_distance_A: float,
    settings: dict[str, Any],
    seed: int = 0,
    potential: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> Response:
    """Run every temperature and replica of a structure, as far as its settings ask for.

    The run is in ``$PEROLYTE_RUN_FOLDER/<uuid of the job>`` while it lasts: the same job goes on
    there after a kill. Where the wall time is up, the job hands its frames and checkpoints to the
    store and replaces itself, and goes on from there on any machine.

    Parameters
    ----------
    structure
        Ordered and relaxed.
    name
        Of the documents; replicas add temperature and number.
    temperatures_K
        K.
    charge, hop_distance_A
        Of the mobile ion, elementary charges and Å, to judge when a run is long enough.
    settings
        Of :class:`~perolyte.jobs.md_settings.MDSettings`.
    seed
        Each replica derives its own.

    Returns
    -------
    Response
        With a :class:`~perolyte.schemas.TrajectorySetDoc`.
    """
    chosen = MDSettings(**settings)
    _check_structure(structure, mobile_ion)
    folder = run_folder() / (current_uuid() or _hash_inputs(structure, name, settings, seed))
    _restore_previous(folder)
    cells: dict[str, MeanCellDescription] = {}
    starts: dict[str, Structure] = {}
    broken: dict[str, TrajectoryDoc] = {}
    common = _Common(name, mobile_ion, potential, campaign)
    labels: list[str] = []
    replicas: list[Replica] = []
    for index, temperature_K in enumerate(temperatures_K):
        for number in range(chosen.n_replicas):
            label = f"{temperature_K:g}K-{number + 1}"
            labels.append(label)
            own_seed = derive_seed(seed, index * chosen.n_replicas + number)
            try:
                start, velocities, cell = _choose_start(
                    structure, label, temperature_K, own_seed, chosen, folder
                )
            except ConvergenceError as err:
                # a cell that boils at this temperature is a result, and no reason to lose others
                broken[label] = _describe_broken(
                    structure, label, temperature_K, own_seed, str(err), chosen, common
                )
                continue
            if cell is not None:
                cells[label] = cell
            starts[label] = start
            replicas.append(
                Replica(
                    label,
                    start,
                    mobile_ion,
                    temperature_K=temperature_K,
                    seed=own_seed,
                    time_step_fs=chosen.time_step_fs,
                    velocities_A_fs=velocities,
                )
            )
    n_before = _count_steps(folder)
    engine = build_batch_potential(chosen.potential, chosen.potential_kwargs)
    heartbeat = Heartbeat()
    ends = run_to_target(
        engine,
        replicas,
        chosen,
        folder,
        charge=charge,
        hop_distance_A=hop_distance_A,
        on_progress=lambda progress: heartbeat.report(_count(progress)),
    )
    described = engine.describe()
    found = {
        r.name: _describe(
            r, starts[r.name], ends[r.name], cells.get(r.name), chosen, described, common
        )
        for r in replicas
    }
    documents = [broken.get(label) or found[label] for label in labels]
    unfinished = [r.name for r in replicas if ends[r.name].stopped_by == "wall_time"]
    output = TrajectorySetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status="not_converged" if unfinished else "converged",
        reasons=[f"the wall time was up in {', '.join(unfinished)}"] if unfinished else [],
        provenance=make_provenance(seed=seed, potential=potential),
        trajectories=documents,
    )
    if not unfinished:
        return Response(output=output)
    if sum(document.n_steps for document in documents) <= n_before:
        raise ExecutionError(
            f"nothing was done in {chosen.wall_time_limit_s:g} s: the next checkpoint, "
            f"{chosen.find_checkpoint_interval()} steps away, takes longer; raise "
            "wall_time_limit_s, or lower checkpoint_interval_steps"
        )
    further = run_molecular_dynamics(
        structure,
        name=name,
        temperatures_K=temperatures_K,
        mobile_ion=mobile_ion,
        charge=charge,
        hop_distance_A=hop_distance_A,
        settings=settings,
        seed=seed,
        potential=potential,
        campaign=campaign,
    )
    running = CURRENT_JOB.job
    if running is not None:
        further.name, further.metadata = running.name, dict(running.metadata)
        further.config = running.config
    return Response(output=output, replace=further)


def _check_structure(structure: Structure, mobile_ion: str) -> None:
    elements = {el.symbol for el in structure.composition.elements}
    if mobile_ion not in elements or len(elements) == 1:
        raise InputError(
            f"structure {structure.composition.reduced_formula} needs the mobile ion {mobile_ion} "
            f"and a framework; it holds {', '.join(sorted(elements))}"
        )


def _hash_inputs(structure: Structure, name: str, settings: dict[str, Any], seed: int) -> str:
    """Name the folder of a run that is no job, by what is run."""
    content = [structure.as_dict(), name, settings, seed]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _restore_previous(folder: Path) -> None:
    """Write what an earlier part of this job left in the store, unless it is on this disk."""
    running, store = CURRENT_JOB.job, CURRENT_JOB.store
    if folder.exists() or running is None or store is None or running.index == 1:
        return
    before = store.query_one(
        {"uuid": running.uuid, "index": {"$lt": running.index}}, sort={"index": -1}, load=True
    )
    if before is None:
        return
    for document in TrajectorySetDoc.model_validate(before["output"]).trajectories:
        restore_files(document, folder / replica_label(document))
        if document.mean_cell is not None:
            start = {
                "structure": document.structure.as_dict(),
                "velocities_A_fs": document.first_velocities_A_fs,
                "cell": document.mean_cell.model_dump(),
            }
            _write_start(folder, replica_label(document), start)


def replica_label(document: TrajectoryDoc) -> str:
    """Return the name of the replica's folder, the end of the document's name."""
    return document.name.rsplit(" ", 1)[-1]


def _choose_start(
    structure: Structure,
    label: str,
    temperature_K: float,
    seed: int,
    settings: MDSettings,
    folder: Path,
) -> tuple[Structure, Any, MeanCellDescription | None]:
    """Return structure, velocities (Å/fs) and mean cell that a replica starts with."""
    if settings.cell_equilibration_ps == 0:
        return structure, None, None
    path = folder / "starts" / f"{label}.json"
    if path.is_file():
        start = json.loads(path.read_text(encoding="utf-8"))
    else:
        start = _find_start(structure, temperature_K, seed, settings)
        _write_start(folder, label, start)
    cell = MeanCellDescription.model_validate(start["cell"])
    return Structure.from_dict(start["structure"]), start["velocities_A_fs"], cell


def _find_start(
    structure: Structure, temperature_K: float, seed: int, settings: MDSettings
) -> dict[str, Any]:
    from ase import units

    n_steps = round(settings.cell_equilibration_ps * FS_PER_PS / settings.time_step_fs)
    options = {k: v for k, v in settings.potential_kwargs.items() if k != "stress"}
    mean = equilibrate_cell(
        build_calculator(settings.potential, options),
        structure,
        temperature_K,
        n_steps=n_steps,
        n_skipped_steps=round(_CELL_SKIPPED * n_steps),
        seed=seed,
        time_step_fs=settings.time_step_fs,
    )
    cell = MeanCellDescription(
        cell_A=mean.cell_A.tolist(),
        cell_error_A=np.asarray(mean.cell_error_A).tolist(),
        volume_A3=mean.volume_A3,
        volume_error_A3=mean.volume_error_A3,
        temperature_K=mean.temperature_K,
        n_samples=mean.n_samples,
    )
    bare = mean.atoms.copy()
    bare.set_momenta(np.zeros((len(bare), 3)))
    return {
        "structure": AseAtomsAdaptor.get_structure(bare).as_dict(),
        "velocities_A_fs": (mean.atoms.get_velocities() * units.fs).tolist(),
        "cell": cell.model_dump(),
    }


def _write_start(folder: Path, label: str, start: dict[str, Any]) -> None:
    path = folder / "starts" / f"{label}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(start), encoding="utf-8")
    temporary.replace(path)


def _count_steps(folder: Path) -> int:
    """Return the steps of all replicas that are on this disk."""
    manifests = folder.glob(f"*/{MANIFEST}")
    return sum(int(json.loads(path.read_bytes()).get("n_steps", 0)) for path in manifests)


def _count(progress: Progress) -> int:
    return progress.n_done


@dataclass(frozen=True)
class _Common:
    """What all documents of a job share."""

    name: str
    mobile_ion: str
    potential: PotentialProvenance | None
    campaign: str | None


def _describe(
    replica: Replica,
    structure: Structure,
    end: ReplicaEnd,
    cell: MeanCellDescription | None,
    settings: MDSettings,
    engine: dict[str, Any],
    common: _Common,
) -> TrajectoryDoc:
    outcome = end.outcome
    velocities = None if cell is None else np.asarray(replica.velocities_A_fs).tolist()
    return TrajectoryDoc(
        status=_STATUS.get(outcome.status, "unphysical"),
        reasons=[outcome.reason] if outcome.reason else [],
        warnings=list(outcome.warnings),
        first_velocities_A_fs=velocities,
        mean_temperature_K=_mean_temperature(outcome.folder, settings),
        run_length_ps=outcome.n_steps * replica.time_step_fs / FS_PER_PS,
        n_steps=outcome.n_steps,
        n_frames=outcome.n_frames,
        md_status=outcome.status,
        stopped_by=end.stopped_by,
        relative_error=end.relative_error,
        mean_cell=cell,
        files=collect_files(outcome.folder, with_checkpoints=end.stopped_by == "wall_time"),
        computed_on={str(key): str(value) for key, value in engine.items()},
        **_list_inputs(
            structure, replica.name, replica.temperature_K, replica.seed, settings, common
        ),
    )


def _describe_broken(
    structure: Structure,
    label: str,
    temperature_K: float,
    seed: int,
    reason: str,
    settings: MDSettings,
    common: _Common,
) -> TrajectoryDoc:
    """Return the document of a replica that did not survive the search for its mean cell."""
    return TrajectoryDoc(
        status="unphysical",
        reasons=[reason],
        run_length_ps=0.0,
        n_steps=0,
        n_frames=0,
        md_status="exploded",
        stopped_by="guard",
        files=[],
        **_list_inputs(structure, label, temperature_K, seed, settings, common),
    )


def _list_inputs(
    structure: Structure,
    label: str,
    temperature_K: float,
    seed: int,
    settings: MDSettings,
    common: _Common,
) -> dict[str, Any]:
    return {
        "campaign": common.campaign,
        "name": f"{common.name} {label}",
        "provenance": make_provenance(seed=seed, potential=common.potential),
        "formula": structure.composition.reduced_formula,
        "structure": structure,
        "mobile_ion": common.mobile_ion,
        "temperature_K": temperature_K,
        "replica_seed": seed,
        "ensemble": describe_ensemble(settings.ensemble()),
        "time_step_fs": settings.time_step_fs,
        "frame_interval_fs": settings.frame_interval_fs,
        "framework_interval": settings.framework_interval,
        "equilibration_ps": settings.equilibration_ps,
        "settings": asdict(settings),
    }


def _mean_temperature(folder: Path, settings: MDSettings) -> float | None:
    """Return the mean kinetic temperature after equilibration, K; None without frames there."""
    source = open_trajectory(folder)
    first = round(settings.equilibration_ps * FS_PER_PS / source.frame_interval_fs)
    values = read_observable(folder, "temperature")[first:]
    return float(np.mean(values)) if len(values) else None
