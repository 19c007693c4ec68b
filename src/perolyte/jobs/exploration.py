"""MD with a committee, as a job: what it doubts, and what is worth a label."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobflow import CURRENT_JOB, JobConfig, job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.exploration_frames import CandidateFrame, read_candidates
from perolyte.jobs.exploration_runs import describe_run
from perolyte.jobs.exploration_settings import ExplorationSettings
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.seeds import derive_seed
from perolyte.jobs.uncertainty import calibrate_on_set, describe_calibration
from perolyte.potentials.dynamics import Replica, ReplicaOutcome, run_md_batch
from perolyte.potentials.heartbeat import Heartbeat
from perolyte.potentials.registry import is_potential_uuid
from perolyte.potentials.stored import fetch_potential
from perolyte.schemas import (
    LARGE_KEY,
    ExplorationDoc,
    PotentialDoc,
    PotentialProvenance,
    SelectedFrame,
    TrainingSetDoc,
)
from perolyte.settings import run_folder

if TYPE_CHECKING:
    from perolyte.potentials.committee import Committee

__all__ = ["explore_with_committee", "load_members"]


@job(data=LARGE_KEY, config=JobConfig(expose_store=True))
def explore_with_committee(
    structures: list[Structure],
    *,
    trajectories: list[str],
    temperatures_K: list[float],
    members: list[Any],
    training_set: TrainingSetDoc,
    settings: dict[str, Any],
    mobile_ion: str,
    charge: float,
    hop_distance_A: float,
    round_index: int,
    seed: int,
    name: str,
    campaign: str | None = None,
) -> ExplorationDoc:
    """Calibrate a committee, follow structures with it, and choose frames to label.

    The run is in ``$PEROLYTE_RUN_FOLDER/<uuid of the job>`` while it lasts, and goes on there when
    the job is run again after a kill.

    Parameters
    ----------
    structures, trajectories, temperatures_K
        Of each run: where it begins, the name that its frames bear in every round, and K.
    members
        Each a :class:`~perolyte.schemas.PotentialDoc` or its uuid, or the path of a checkpoint.
    training_set
        What the members were trained on: its frames are not chosen again, and those of
        ``calibration_splits`` calibrate the committee.
    settings
        Of :class:`~perolyte.jobs.exploration_settings.ExplorationSettings`.
    mobile_ion, charge, hop_distance_A
        To store its paths, and for its diffusivity.
    round_index, seed
        From 0; each run derives its own seed from both.
    name, campaign
        Of the document.

    Returns
    -------
    ExplorationDoc
        Runs that a guard stopped are part of it.
    """
    chosen = ExplorationSettings(**settings)
    md = chosen.make_md()
    folder = run_folder() / (current_uuid() or hashlib.sha256(name.encode()).hexdigest()[:32])
    names = [str(m.uuid if isinstance(m, PotentialDoc) else m) for m in members]
    committee = load_members(names, folder / "members")
    calibration, warnings = calibrate_on_set(committee, training_set, chosen.calibration_splits)
    committee.scale = calibration.scale if calibration else 1.0
    replicas = [
        Replica(
            f"run-{index + 1}",
            structure,
            mobile_ion,
            temperature_K=temperature_K,
            seed=derive_seed(derive_seed(seed, round_index), index),
            time_step_fs=md.time_step_fs,
        )
        for index, (structure, temperature_K) in enumerate(
            zip(structures, temperatures_K, strict=True)
        )
    ]
    outcomes = _follow(committee, replicas, md, folder / "runs")
    candidates, n_doubtful = read_candidates(outcomes, chosen)
    selected, n_too_near = _select(
        candidates, trajectories, training_set, committee, chosen, replicas, name
    )
    ion = (mobile_ion, charge, hop_distance_A)
    runs = [
        describe_run(replica, outcome, trajectory, n, ion, md.equilibration_ps)
        for replica, outcome, trajectory, n in zip(
            replicas, outcomes, trajectories, n_doubtful, strict=True
        )
    ]
    about = committee.describe()
    return ExplorationDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status="converged",
        warnings=warnings,
        provenance=make_provenance(
            seed=seed,
            potential=PotentialProvenance(
                **{key: about[key] for key in PotentialProvenance.model_fields}
            ),
            parent_uuids=[training_set.uuid, *(one for one in names if is_potential_uuid(one))],
        ),
        round=round_index,
        potentials=names,
        training_set_uuid=training_set.uuid,
        committee={key: str(value) for key, value in about.items()},
        uncertainty_scale=committee.scale,
        calibration=None if calibration is None else describe_calibration(calibration),
        runs=runs,
        selected=selected,
        n_frames=sum(run.n_frames for run in runs),
        n_doubtful=sum(n_doubtful),
        n_too_near=n_too_near,
        length_ps=sum(run.length_ps for run in runs),
        settings=asdict(chosen),
    )


def load_members(members: Sequence[str], folder: Path) -> Committee:
    """Load a committee; members of the running job's store are written to a folder.

    Parameters
    ----------
    members
        Uuids of documents of potentials, or what :func:`~perolyte.potentials.load_potential` takes.
    folder
        For their weights.

    Raises
    ------
    InputError
        For a uuid outside of a job.
    """
    from perolyte.potentials.committee import load_committee

    paths: list[str | Path] = []
    for member in members:
        if not is_potential_uuid(member):
            paths.append(member)
            continue
        if CURRENT_JOB.store is None:
            raise InputError(f"potential {member} is in a store; load it in a job, or give a path")
        paths.append(fetch_potential(member, CURRENT_JOB.store, folder=folder))
    return load_committee(paths)


def _follow(
    committee: Committee, replicas: list[Replica], md: MDSettings, folder: Path
) -> list[ReplicaOutcome]:
    heartbeat = Heartbeat()
    return run_md_batch(
        committee,
        replicas,
        ensemble=md.ensemble(),
        n_steps=md.n_steps,
        store_interval_steps=md.store_interval_steps,
        framework_interval=md.framework_interval,
        checkpoint_interval_steps=md.find_checkpoint_interval(),
        folder=folder,
        guards=md.make_guards(),
        max_batch_atoms=md.max_batch_atoms,
        on_progress=lambda progress: heartbeat.report(progress.n_done),
    )


def _select(
    candidates: list[CandidateFrame],
    trajectories: list[str],
    training_set: TrainingSetDoc,
    committee: Committee,
    settings: ExplorationSettings,
    replicas: list[Replica],
    name: str,
) -> tuple[list[SelectedFrame], int]:
    """Return the frames to label, and how many doubtful ones are like others."""
    import numpy as np

    from perolyte.potentials.chgnet_engine import ChgnetEngine
    from perolyte.potentials.frame_features import describe_frames
    from perolyte.potentials.selection import select_frames

    if not candidates:
        return [], 0
    known = [frame.structure for frame in training_set.frames]
    lead = committee.members[0]
    features = describe_frames(
        [*(c.structure for c in candidates), *known],
        engine=lead if isinstance(lead, ChgnetEngine) else None,
    )
    # the frames of another loop of this name have other names
    mark = f" {uuid[:6]}" if (uuid := current_uuid()) else ""
    spread = float(np.sqrt(((features - features.mean(axis=0)) ** 2).sum(axis=1).mean()))
    found = select_frames(
        features[: len(candidates)],
        [c.uncertainty_eV_A for c in candidates],
        n_frames=settings.n_frames,
        min_uncertainty_eV_A=settings.select_uncertainty_eV_A,
        max_uncertainty_eV_A=settings.max_uncertainty_eV_A,
        known=features[len(candidates) :],
        min_distance=settings.min_distance * spread,
    )
    selected = [
        SelectedFrame(
            name=f"{name} {candidates[index].run + 1}-{candidates[index].frame}{mark}",
            trajectory=trajectories[candidates[index].run],
            structure=candidates[index].structure,
            temperature_K=replicas[candidates[index].run].temperature_K,
            time_ps=candidates[index].time_ps,
            uncertainty_eV_A=candidates[index].uncertainty_eV_A,
            distance=distance if np.isfinite(distance) else None,
        )
        for index, distance in zip(found.indices, found.distances, strict=True)
    ]
    return selected, found.n_too_near
