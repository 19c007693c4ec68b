"""Put labels together into a set that a potential is trained on."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from jobflow import job

from perolyte.dft.duplicates import find_duplicates
from perolyte.dft.splitting import SplitFrame, split_frames
from perolyte.dft.theory import LevelOfTheory, find_conflicts
from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    LARGE_KEY,
    SPLITS,
    LabelDoc,
    RefusedLabel,
    SplitName,
    TrainingFrame,
    TrainingSetDoc,
)

__all__ = ["assemble_training_set", "build_training_set"]

DUPLICATE_TOLERANCE_A = 0.01
MAX_ENERGY_STEP_EV_ATOM = 1.0
"""Between a label and the median of its composition: heat to 2000 K is 0.26 eV/atom, so that more
is another reference energy."""
_SHOWN = 3


@job(output_schema=TrainingSetDoc, data=LARGE_KEY)
def build_training_set(
    labels: list[Any],
    *,
    held_out_temperatures_K: Sequence[float] = (),
    held_out_elements: Sequence[str] = (),
    validation_fraction: float = 0.1,
    held_out_fraction: float = 0.1,
    train_references: bool = True,
    seed: int = 0,
    name: str = "training set",
    previous: TrainingSetDoc | None = None,
    campaign: str | None = None,
) -> TrainingSetDoc:
    """Put labels together, as a job.

    Parameters
    ----------
    labels
        Documents, or lists of them; None for a label whose job failed.
    held_out_temperatures_K, held_out_elements, validation_fraction, held_out_fraction, \
    train_references, seed
        As :func:`perolyte.dft.splitting.split_frames`.
    name, previous, campaign
        As :func:`assemble_training_set`.

    Returns
    -------
    TrainingSetDoc
        Its frames are large data.
    """
    document = assemble_training_set(
        _flatten(labels),
        held_out_temperatures_K=held_out_temperatures_K,
        held_out_elements=held_out_elements,
        validation_fraction=validation_fraction,
        held_out_fraction=held_out_fraction,
        train_references=train_references,
        seed=seed,
        name=name,
        previous=previous,
        campaign=campaign,
    )
    return document.model_copy(update={"uuid": current_uuid()})


def assemble_training_set(
    labels: Sequence[LabelDoc],
    *,
    held_out_temperatures_K: Sequence[float] = (),
    held_out_elements: Sequence[str] = (),
    validation_fraction: float = 0.1,
    held_out_fraction: float = 0.1,
    train_references: bool = True,
    seed: int = 0,
    name: str = "training set",
    previous: TrainingSetDoc | None = None,
    duplicate_tolerance_A: float = DUPLICATE_TOLERANCE_A,
    campaign: str | None = None,
) -> TrainingSetDoc:
    """Leave out what is not sound or said twice, and divide the rest.

    Parameters
    ----------
    labels
        Of one level of theory.
    held_out_temperatures_K, held_out_elements, validation_fraction, held_out_fraction, \
    train_references, seed
        As :func:`perolyte.dft.splitting.split_frames`.
    name
        Of the set.
    previous
        An earlier set: its trajectories stay in their splits.
    duplicate_tolerance_A
        Å; see :func:`perolyte.dft.duplicates.find_duplicates`.
    campaign
        Name that the document carries.

    Raises
    ------
    InputError
        If labels lie on different levels of theory, two have one name, none is sound, or nothing is
        left to train on.
    """
    refused = [
        RefusedLabel(name=label.name, reason="; ".join(label.reasons) or label.status)
        for label in labels
        if label.status != "converged"
    ]
    sound = [label for label in labels if label.status == "converged"]
    if not sound:
        raise InputError(
            f"none of {len(labels)} labels is sound"
            + (f" ({refused[0].name}: {refused[0].reason})" if refused else "")
            + "; compute or import others"
        )
    _check_names(sound)
    theory = _check_theory(sound)
    same = find_duplicates([label.structure for label in sound], duplicate_tolerance_A)
    kept = [label for label, other in zip(sound, same, strict=True) if other is None]
    refused += [
        RefusedLabel(name=label.name, reason=f"same structure as {sound[other].name!r}")
        for label, other in zip(sound, same, strict=True)
        if other is not None
    ]
    splits = split_frames(
        [_as_split_frame(label) for label in kept],
        held_out_temperatures_K=held_out_temperatures_K,
        held_out_elements=held_out_elements,
        validation_fraction=validation_fraction,
        held_out_fraction=held_out_fraction,
        train_references=train_references,
        seed=seed,
        fixed=None if previous is None else previous.assignment,
    )
    frames = [_as_frame(label, split) for label, split in zip(kept, splits, strict=True)]
    return TrainingSetDoc(
        name=name,
        campaign=campaign,
        status="converged",
        warnings=_find_doubts(kept, frames),
        provenance=make_provenance(seed=seed, parent_uuids=[label.uuid for label in kept]),
        frames=frames,
        **_count(frames),
        n_given=len(labels),
        n_duplicates=sum(other is not None for other in same),
        refused=refused,
        engine=theory.engine,
        settings=theory.as_settings(),
        settings_sha256=theory.sha256,
        data_sha256=_hash_frames(frames),
        seed=seed,
        validation_fraction=validation_fraction,
        held_out_fraction=held_out_fraction,
        train_references=train_references,
        held_out_temperatures_K=list(held_out_temperatures_K),
        held_out_elements=list(held_out_elements),
    )


def _flatten(labels: Sequence[Any]) -> list[LabelDoc]:
    flat: list[LabelDoc] = []
    for item in labels:
        if isinstance(item, list):
            flat += _flatten(item)
        elif item is not None:
            flat.append(item if isinstance(item, LabelDoc) else LabelDoc.model_validate(item))
    return flat


def _check_names(labels: Sequence[LabelDoc]) -> None:
    twice = [name for name, n in Counter(label.name for label in labels).items() if n > 1]
    if twice:
        raise InputError(
            f"{len(twice)} names are given to several labels ({', '.join(twice[:_SHOWN])}); give "
            "each label a name of its own"
        )


def _check_theory(labels: Sequence[LabelDoc]) -> LevelOfTheory:
    theories = [(label.name, LevelOfTheory.from_settings(label.settings)) for label in labels]
    conflicts = find_conflicts(theories)
    if conflicts:
        more = f" and {len(conflicts) - 1} other differences" if len(conflicts) > 1 else ""
        raise InputError(
            f"labels lie on different energy surfaces: {conflicts[0]}{more}; make one set of each"
        )
    return theories[0][1]


def _as_split_frame(label: LabelDoc) -> SplitFrame:
    return SplitFrame(
        trajectory=label.trajectory,
        composition=label.composition,
        elements=frozenset(element.symbol for element in label.structure.composition),
        temperature_K=label.temperature_K,
        kind=label.kind,
    )


def _as_frame(label: LabelDoc, split: SplitName) -> TrainingFrame:
    frame = label.to_frame()
    return TrainingFrame(
        name=label.name,
        split=split,
        structure=label.structure,
        energy_eV=frame.energy_eV,
        forces_eV_A=label.forces_eV_A or [],
        stress_GPa=label.sound_stress_GPa,
        magmoms_muB=label.magmoms_muB,
        composition=label.composition,
        trajectory=label.trajectory,
        temperature_K=label.temperature_K,
        kind=label.kind,
        label_uuid=label.uuid,
    )


def _count(frames: Sequence[TrainingFrame]) -> dict[str, Any]:
    by_split = {split: [frame for frame in frames if frame.split == split] for split in SPLITS}
    return {
        "n_frames": {split: len(members) for split, members in by_split.items()},
        "n_atoms": {
            split: sum(len(frame.structure) for frame in members)
            for split, members in by_split.items()
        },
        "n_trajectories": {
            split: len({frame.trajectory for frame in members})
            for split, members in by_split.items()
        },
        "compositions": dict(sorted(Counter(frame.composition for frame in frames).items())),
        "elements": sorted(
            {element.symbol for frame in frames for element in frame.structure.composition}
        ),
    }


def _find_doubts(labels: Sequence[LabelDoc], frames: Sequence[TrainingFrame]) -> list[str]:
    """Say what casts doubt on the set as a whole."""
    doubts = []
    first = labels[0].settings
    if first["engine"] == "unknown" or (first["functional"] is None and not first["options"]):
        doubts.append("no label states its functional: whether they fit together is not known")
    numerics = {json.dumps(label.settings["numerics"], sort_keys=True) for label in labels}
    if len(numerics) > 1:
        doubts.append(
            f"labels were made with {len(numerics)} choices of k-points, smearing or tolerances"
        )
    without = sum(frame.stress_GPa is None for frame in frames)
    if 0 < without < len(frames):
        doubts.append(f"{without} of {len(frames)} frames have no stress")
    if not any(frame.split == "validation" for frame in frames):
        doubts.append("no trajectory is left for validation")
    return doubts + _find_energy_steps(frames)


def _find_energy_steps(frames: Sequence[TrainingFrame]) -> list[str]:
    energies: dict[str, list[float]] = {}
    for frame in frames:
        formula = frame.structure.composition.reduced_formula
        energies.setdefault(formula, []).append(frame.energy_eV / len(frame.structure))
    doubts = []
    for formula, values in sorted(energies.items()):
        far = np.abs(np.array(values) - np.median(values)) > MAX_ENERGY_STEP_EV_ATOM
        if far.any():
            doubts.append(
                f"{int(far.sum())} frames of {formula} lie more than {MAX_ENERGY_STEP_EV_ATOM:g} "
                "eV/atom from the others: another reference energy, or atoms too close"
            )
    return doubts


def _hash_frames(frames: Sequence[TrainingFrame]) -> str:
    digest = hashlib.sha256()
    for frame in frames:
        structure = frame.structure
        numbers = {
            "name": frame.name,
            "split": frame.split,
            "elements": [site.specie.symbol for site in structure],
            "cell": structure.lattice.matrix.tolist(),
            "places": structure.frac_coords.tolist(),
            "energy": frame.energy_eV,
            "forces": frame.forces_eV_A,
            "stress": frame.stress_GPa,
            "magmoms": frame.magmoms_muB,
        }
        digest.update(json.dumps(numbers, sort_keys=True).encode())
    return digest.hexdigest()
