"""Train a potential on a set of labels, as one restartable job."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jobflow import CURRENT_JOB, JobConfig, job

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.potentials.registry import hash_checkpoint, is_potential_uuid
from perolyte.potentials.training import TrainingSettings, evaluate_frames
from perolyte.schemas import (
    SPLITS,
    FrameErrorsDescription,
    PotentialDoc,
    PotentialProvenance,
    ReferenceShiftsDescription,
    TrainingEpoch,
    TrainingSetDoc,
)
from perolyte.schemas.potential import WEIGHTS_KEY
from perolyte.settings import run_folder

if TYPE_CHECKING:
    from perolyte.potentials.training import TrainingOutcome

__all__ = ["describe_training", "train_on_set"]


# a start that is itself in the store is read from there
@job(output_schema=PotentialDoc, data=WEIGHTS_KEY, config=JobConfig(expose_store=True))
def train_on_set(
    training_set: TrainingSetDoc,
    *,
    name: str,
    start: str | None,
    settings: dict[str, Any],
    seed: int = 0,
    start_sha256: str | None = None,
    campaign: str | None = None,
) -> PotentialDoc:
    """Train on the "train" frames of a set and judge the potential on all other splits.

    The training is in ``$PEROLYTE_RUN_FOLDER/<uuid of the job>`` while it lasts: the same job goes
    on there after a kill.

    Parameters
    ----------
    training_set
        With its large data.
    name, campaign
        Of the document.
    start
        "chgnet", the path of a checkpoint, the uuid of a trained potential, or None for random
        weights.
    settings
        Fields of :class:`~perolyte.potentials.training.TrainingSettings`.
    seed
        Of the order of frames, and of random weights.
    start_sha256
        Of the starting checkpoint when the flow was built.

    Returns
    -------
    PotentialDoc
        Its weights are large data.
    """
    from perolyte.potentials.training import train_potential

    frames = {split: training_set.frames_of(split) for split in SPLITS}
    folder = run_folder() / (current_uuid() or _hash_inputs(training_set, start, settings, seed))
    outcome = train_potential(
        frames["train"],
        frames["validation"],
        start=_find_start(start, start_sha256),
        settings=TrainingSettings(**settings),
        folder=folder,
        seed=seed,
        references=frames["reference"],
    )
    document = describe_training(outcome, training_set, name=name, campaign=campaign)
    return document.model_copy(update={"uuid": current_uuid()})


def describe_training(
    outcome: TrainingOutcome,
    training_set: TrainingSetDoc,
    *,
    name: str,
    campaign: str | None = None,
) -> PotentialDoc:
    """Judge a trained potential on each split, and build its document with its weights."""
    content = outcome.checkpoint.read_bytes()
    diverged = outcome.stopped_by == "diverged"
    lost = f"diverged in epoch {len(outcome.curve) + 1}; epoch {outcome.best_epoch} is kept"
    shifts = asdict(outcome.reference_shifts)
    return PotentialDoc(
        name=name,
        campaign=campaign,
        status="not_converged" if diverged else "converged",
        reasons=[lost] if diverged else [],
        warnings=_find_doubts(outcome, training_set),
        provenance=make_provenance(
            seed=outcome.seed,
            potential=PotentialProvenance(
                name=outcome.start["name"],
                version=outcome.start["version"],
                weights_sha256=outcome.start["weights_sha256"] or None,
                dtype="float32",
            ),
            parent_uuids=[training_set.uuid],
            input_hash=outcome.data_sha256,
        ),
        start=outcome.start,
        training_set_uuid=training_set.uuid,
        data_sha256=outcome.data_sha256,
        elements=sorted(outcome.train_errors.force_mae_by_element_meV_A),
        label_engine=training_set.engine,
        label_settings_sha256=training_set.settings_sha256,
        settings=outcome.settings.as_dict(),
        errors=_judge(outcome.checkpoint, training_set, outcome.device),
        errors_before=_judge(outcome.baseline, training_set, outcome.device),
        curve=[TrainingEpoch(**asdict(entry)) for entry in outcome.curve],
        best_epoch=outcome.best_epoch,
        stopped_by=outcome.stopped_by,
        reference_shifts=ReferenceShiftsDescription(
            **{**shifts, "unknown_combinations": list(shifts["unknown_combinations"])}
        ),
        computed_on={"device": outcome.device, **_list_versions()},
        weights_sha256=hashlib.sha256(content).hexdigest(),
        n_bytes=len(content),
        weights_data=base64.b64encode(content).decode(),
    )


def _judge(
    checkpoint: Path, training_set: TrainingSetDoc, device: str
) -> dict[str, FrameErrorsDescription]:
    """Return the errors on each split that has frames; those of a slope by trajectory."""
    from perolyte.potentials import load_potential

    # on a GPU, compiling costs more than a few hundred evaluations give back
    compile_: Literal["auto", False] = "auto" if device == "cpu" else False
    potential = load_potential(checkpoint, device=device, compile=compile_)
    errors: dict[str, FrameErrorsDescription] = {}
    for split in SPLITS:
        own = [frame for frame in training_set.frames if frame.split == split]
        if own:
            found = evaluate_frames(
                potential,
                [frame.to_frame() for frame in own],
                blocks=[frame.trajectory for frame in own],
            )
            errors[split] = FrameErrorsDescription(**asdict(found))
    return errors


def _find_doubts(outcome: TrainingOutcome, training_set: TrainingSetDoc) -> list[str]:
    """Say what a reader of the errors should know."""
    doubts = []
    if not any(training_set.n_frames.get(split) for split in SPLITS if split.startswith("held_")):
        doubts.append("no frames were held out: errors on the validation frames chose the epoch")
    forces = [entry.validation_force_meV_A for entry in outcome.curve]
    if outcome.stopped_by == "length" and forces and forces[-1] == min(forces):
        doubts.append("the last epoch is the best: more epochs may be better")
    return doubts


def _find_start(start: str | None, expected_sha256: str | None) -> str | Path | None:
    from perolyte.potentials.stored import fetch_potential

    if start is None:
        return None
    if is_potential_uuid(start):
        store = CURRENT_JOB.store
        if store is None:
            raise InputError(
                f"start {start!r} is the uuid of a potential, and there is no store outside a job; "
                "give the path of a checkpoint"
            )
        return fetch_potential(start, store)
    if expected_sha256 is not None:
        hash_checkpoint(start, expected_sha256)
    return start


def _hash_inputs(
    training_set: TrainingSetDoc, start: str | None, settings: dict[str, Any], seed: int
) -> str:
    """Name the folder of a training that is no job, by what is trained."""
    content = [training_set.data_sha256, start, settings, seed]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _list_versions() -> dict[str, str]:
    return {package: version(package) for package in ("chgnet", "torch")}
