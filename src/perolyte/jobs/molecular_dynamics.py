"""Molecular dynamics of one structure at several temperatures, restartable, as one job."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from jobflow import CURRENT_JOB, Job, JobConfig, Response, job
from pymatgen.core import Structure

from perolyte.errors import ExecutionError
from perolyte.jobs.diffusion import check_ion_and_framework
from perolyte.jobs.md_convergence import run_to_target
from perolyte.jobs.md_documents import ReplicaWriter
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.md_starts import find_starts, keep_start
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.run_files import restore_files
from perolyte.potentials.choosing import build_batch_potential
from perolyte.potentials.heartbeat import Heartbeat
from perolyte.schemas import PotentialProvenance, TrajectorySetDoc
from perolyte.settings import run_folder
from perolyte.trajectories.chunked import MANIFEST

__all__ = ["run_molecular_dynamics"]


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
    check_ion_and_framework(structure, mobile_ion)
    folder = run_folder() / (current_uuid() or _hash_inputs(structure, name, settings, seed))
    _restore_previous(folder)
    starts = find_starts(structure, temperatures_K, seed, chosen, folder)
    n_before = _count_steps(folder)
    engine = build_batch_potential(chosen.potential, chosen.calculator_kwargs)
    heartbeat = Heartbeat()
    ends = run_to_target(
        engine,
        [s.to_replica(mobile_ion, chosen.time_step_fs) for s in starts if s.failure is None],
        chosen,
        folder,
        charge=charge,
        hop_distance_A=hop_distance_A,
        on_progress=lambda progress: heartbeat.report(progress.n_done),
    )
    writer = ReplicaWriter(name, mobile_ion, chosen, potential, campaign)
    unfinished = [label for label, end in ends.items() if end.stopped_by == "wall_time"]
    output = TrajectorySetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status="not_converged" if unfinished else "converged",
        reasons=[f"the wall time was up in {', '.join(unfinished)}"] if unfinished else [],
        provenance=make_provenance(seed=seed, potential=potential),
        trajectories=[
            writer.describe(start, ends[start.label], engine.describe())
            if start.label in ends
            else writer.describe_failure(start)
            for start in starts
        ],
    )
    if not unfinished:
        return Response(output=output)
    if sum(document.n_steps for document in output.trajectories) <= n_before:
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
    return Response(output=output, replace=_like_the_running(further))


def _like_the_running(further: Job) -> Job:
    """Give a job the name and the resources of the one that it replaces."""
    running = CURRENT_JOB.job
    if running is not None:
        further.name, further.metadata = running.name, dict(running.metadata)
        further.config = running.config
    return further


def _hash_inputs(structure: Structure, name: str, settings: dict[str, Any], seed: int) -> str:
    """Name the folder of a run that is no job, by what is run."""
    content = [structure.as_dict(), name, settings, seed]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _count_steps(folder: Path) -> int:
    """Return the steps of all replicas that are on this disk."""
    manifests = folder.glob(f"*/{MANIFEST}")
    return sum(int(json.loads(path.read_bytes()).get("n_steps", 0)) for path in manifests)


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
        if document.files:
            restore_files(document, folder / document.replica)
        keep_start(folder, document)
