"""Training sets that grow with labels, and samples of them for the members of a committee."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jobflow import job

from perolyte.jobs.provenance import current_uuid
from perolyte.jobs.training_set import assemble_training_set
from perolyte.schemas import LARGE_KEY, LabelDoc, TrainingFrame, TrainingSetDoc

__all__ = [
    "draw_training_set",
    "extend_training_set",
    "grow_training_set",
    "sample_trajectories",
]


@job(output_schema=TrainingSetDoc, data=LARGE_KEY)
def extend_training_set(
    previous: TrainingSetDoc, labels: list[Any], *, name: str, campaign: str | None = None
) -> TrainingSetDoc:
    """Add labels to a training set, as a job; see :func:`grow_training_set`."""
    grown = grow_training_set(previous, labels, name=name, campaign=campaign)
    return grown.model_copy(update={"uuid": current_uuid()})


@job(output_schema=TrainingSetDoc, data=LARGE_KEY)
def draw_training_set(
    training_set: TrainingSetDoc, *, seed: int, name: str, campaign: str | None = None
) -> TrainingSetDoc:
    """Draw the training set of a member, as a job; see :func:`sample_trajectories`."""
    drawn = sample_trajectories(training_set, seed=seed, name=name, campaign=campaign)
    return drawn.model_copy(update={"uuid": current_uuid()})


def grow_training_set(
    previous: TrainingSetDoc,
    labels: Sequence[LabelDoc],
    *,
    name: str,
    campaign: str | None = None,
) -> TrainingSetDoc:
    """Return a training set with further labels.

    Frames keep their splits, and a trajectory that has one keeps it; new trajectories are divided
    by the rules of the set, so that what is held out stays held out.

    Parameters
    ----------
    previous
        The set so far.
    labels
        Of its level of theory; unsound ones are listed as refused.
    name, campaign
        Of the document.

    Raises
    ------
    InputError
        If the labels are of another level of theory, or bear the name of a frame.
    """
    known = [_as_label(frame, previous) for frame in previous.frames]
    return _assemble([*known, *labels], previous, name=name, campaign=campaign)


def sample_trajectories(
    training_set: TrainingSetDoc, *, seed: int, name: str, campaign: str | None = None
) -> TrainingSetDoc:
    """Return the set with a bootstrap sample of its training trajectories (about 63 % of them).

    As many trajectories as there are to train on are drawn with replacement; one that is drawn
    several times counts once. References and all other splits stay whole.

    Parameters
    ----------
    training_set
        The set to draw from.
    seed
        Of the draw.
    name, campaign
        Of the document.
    """
    names = sorted({f.trajectory for f in training_set.frames if _is_drawn(f)})
    drawn = np.random.default_rng(seed).integers(len(names), size=len(names))
    kept = {names[index] for index in drawn.tolist()}
    labels = [
        _as_label(frame, training_set)
        for frame in training_set.frames
        if not _is_drawn(frame) or frame.trajectory in kept
    ]
    return _assemble(labels, training_set, name=name, campaign=campaign)


def _is_drawn(frame: TrainingFrame) -> bool:
    """Say whether a frame may be left out: without its oxide an element has no reference energy."""
    return frame.split == "train" and frame.kind != "reference"


def _assemble(
    labels: Sequence[LabelDoc], previous: TrainingSetDoc, *, name: str, campaign: str | None
) -> TrainingSetDoc:
    return assemble_training_set(
        labels,
        held_out_temperatures_K=previous.held_out_temperatures_K,
        held_out_elements=previous.held_out_elements,
        validation_fraction=previous.validation_fraction,
        held_out_fraction=previous.held_out_fraction,
        train_references=previous.train_references,
        seed=previous.seed,
        name=name,
        previous=previous,
        campaign=campaign,
    )


def _as_label(frame: TrainingFrame, training_set: TrainingSetDoc) -> LabelDoc:
    """Return the label that a frame was; its energy has the correction already."""
    return LabelDoc(
        uuid=frame.label_uuid,
        name=frame.name,
        status="converged",
        provenance=training_set.provenance,
        formula=frame.structure.composition.reduced_formula,
        structure=frame.structure,
        energy_eV=frame.energy_eV,
        forces_eV_A=frame.forces_eV_A,
        stress_GPa=frame.stress_GPa,
        magmoms_muB=frame.magmoms_muB,
        engine=training_set.engine,
        settings=training_set.settings,
        settings_sha256=training_set.settings_sha256,
        scf_converged=None,
        composition=frame.composition,
        trajectory=frame.trajectory,
        temperature_K=frame.temperature_K,
        kind=frame.kind,
    )
