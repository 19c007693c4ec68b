"""Training of a CHGNet on labelled frames: staged, restartable, judged on frames it never saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from perolyte.folder_lock import lock_folder
from perolyte.potentials.devices import choose_device
from perolyte.potentials.training.checks import check_energies, check_frames
from perolyte.potentials.training.epochs import EpochRunner, copy_weights
from perolyte.potentials.training.errors import FrameErrors, evaluate_frames, predict_energies
from perolyte.potentials.training.graphs import hash_frames
from perolyte.potentials.training.model import (
    build_engine,
    build_model,
    shift_references,
    write_checkpoint,
)
from perolyte.potentials.training.references import ReferenceShifts, correct_atom_references
from perolyte.potentials.training.settings import TrainingSettings
from perolyte.potentials.training.state import (
    EpochErrors,
    StoppedBy,
    TrainingState,
    read_state,
)
from perolyte.settings import torch_threads

if TYPE_CHECKING:
    from chgnet.model import CHGNet

    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["TrainingOutcome", "train_potential"]

STATE_FILE = "training_state.pt"
CHECKPOINT_FILE = "potential.pth.tar"
BASELINE_FILE = "references_only.pth.tar"


@dataclass(frozen=True)
class TrainingOutcome:
    """A trained potential, and how it came about.

    Parameters
    ----------
    checkpoint
        What :func:`~perolyte.potentials.load_potential` reads.
    weights_sha256
        Of that file.
    baseline
        The starting potential with only its references corrected: what training is to be compared
        with.
    start
        Name, version and SHA-256 of the weights that it started from.
    curve
        Errors after each epoch.
    best_epoch
        Whose weights were kept, counted from 1: the latest of those within 2 % of the lowest force
        MAE on the validation frames.
    stopped_by
        "length": all epochs are done; "patience": the last stage ended early; "diverged": numbers
        were no longer finite, and the best epoch before is kept.
    reference_shifts
        Of the elements' energies, before and after the epochs together.
    train_errors, validation_errors
        Of the trained potential.
    validation_errors_before
        Of the baseline.
    data_sha256
        Of training frames and labels.
    settings, seed
        As asked for.
    device
        Where the last epochs were trained.
    """

    checkpoint: Path
    weights_sha256: str
    baseline: Path
    start: dict[str, str]
    curve: tuple[EpochErrors, ...]
    best_epoch: int
    stopped_by: StoppedBy
    reference_shifts: ReferenceShifts
    train_errors: FrameErrors
    validation_errors: FrameErrors
    validation_errors_before: FrameErrors
    data_sha256: str
    settings: TrainingSettings
    seed: int
    device: str


def train_potential(
    train: Sequence[LabelledFrame],
    validation: Sequence[LabelledFrame],
    *,
    folder: str | Path,
    start: str | Path | None = "chgnet",
    settings: TrainingSettings | None = None,
    seed: int = 0,
    references: Sequence[LabelledFrame] = (),
    on_epoch: Callable[[EpochErrors], None] | None = None,
) -> TrainingOutcome:
    """Train a CHGNet with chgnet's own ``Trainer``, epoch by epoch.

    References of elements are corrected first, and again for the trained network. After each epoch
    everything is written to the folder: the same call goes on there after a kill, and gives what it
    would have given without.

    Parameters
    ----------
    train
        What is learnt.
    validation
        What decides which epoch is kept: of other trajectories than those trained on.
    folder
        Of this training alone.
    start
        "chgnet", the path of a checkpoint, or None to train from random weights.
    settings
        By default :class:`TrainingSettings`.
    seed
        Of random weights and of the order of frames.
    references
        Labels of the same kind for elements that the training frames lack or do not tell apart,
        such as binary oxides; only references of elements are fitted to them.
    on_epoch
        Called after each epoch.

    Raises
    ------
    InputError
        For no frames, labels that cannot be right, or a folder with another training.
    PotentialError
        If the start cannot be loaded or does not know an element, or the first epoch diverges.
    StoreError
        If another process trains in the folder, or it cannot be written.
    """
    settings, folder = settings or TrainingSettings(), Path(folder)
    check_frames(train, validation, references, settings)
    with lock_folder(folder):
        return _train(
            train,
            validation,
            folder=folder,
            start=start,
            settings=settings,
            seed=seed,
            references=references,
            on_epoch=on_epoch,
        )


def _train(
    train: Sequence[LabelledFrame],
    validation: Sequence[LabelledFrame],
    *,
    folder: Path,
    start: str | Path | None,
    settings: TrainingSettings,
    seed: int,
    references: Sequence[LabelledFrame],
    on_epoch: Callable[[EpochErrors], None] | None,
) -> TrainingOutcome:
    device = choose_device(settings.device)
    if device == "cpu":
        torch.set_num_threads(torch_threads())
    model, origin = build_model(start, seed=seed)
    first = _correct(model, origin, train, references, settings, device)
    if start is not None:
        check_energies([*train, *validation], build_engine(model, origin, device=device), settings)
    baseline = folder / BASELINE_FILE
    write_checkpoint(baseline, model, {"start": origin, "shifts_eV": first.shifts_eV})
    before = evaluate_frames(build_engine(model, origin, device=device), validation)
    inputs = _hash_inputs(train, validation, references, origin, settings, seed)
    state = read_state(folder / STATE_FILE, inputs)
    state = state or TrainingState(inputs, copy_weights(model))
    if state.stopped_by is None:
        runner = EpochRunner(
            model,
            train,
            validation,
            settings=settings,
            device=device,
            seed=seed,
            path=folder / STATE_FILE,
            on_epoch=on_epoch,
        )
        state = runner.finish(state)
    model.to("cpu").load_state_dict(state.best_weights or state.weights)
    last = _correct(model, origin, train, references, settings, device)
    data_sha256 = hash_frames(train)
    notes = {"start": origin, "data_sha256": data_sha256, "seed": seed, "epoch": state.best_epoch}
    write_checkpoint(folder / CHECKPOINT_FILE, model, notes)
    engine = build_engine(model, origin, device=device)
    return TrainingOutcome(
        checkpoint=folder / CHECKPOINT_FILE,
        weights_sha256=hashlib.sha256((folder / CHECKPOINT_FILE).read_bytes()).hexdigest(),
        baseline=baseline,
        start=origin,
        curve=state.curve,
        best_epoch=state.best_epoch,
        stopped_by=state.stopped_by or "length",
        reference_shifts=first.plus(last),
        train_errors=evaluate_frames(engine, train),
        validation_errors=evaluate_frames(engine, validation),
        validation_errors_before=before,
        data_sha256=data_sha256,
        settings=settings,
        seed=seed,
        device=device,
    )


def _correct(
    model: CHGNet,
    origin: dict[str, str],
    train: Sequence[LabelledFrame],
    references: Sequence[LabelledFrame],
    settings: TrainingSettings,
    device: str,
) -> ReferenceShifts:
    """Correct the references of a model to the labels."""
    engine = build_engine(model, origin, device=device)
    shifts = correct_atom_references(
        train,
        predict_energies(engine, train),
        references=references,
        reference_energies_eV=predict_energies(engine, references),
        prior_eV=settings.reference_prior_eV,
        noise_eV_atom=settings.reference_noise_eV_atom,
    )
    shift_references(model, shifts.shifts_eV)
    return shifts


def _hash_inputs(
    train: Sequence[LabelledFrame],
    validation: Sequence[LabelledFrame],
    references: Sequence[LabelledFrame],
    origin: dict[str, str],
    settings: TrainingSettings,
    seed: int,
) -> str:
    asked = {name: value for name, value in settings.as_dict().items() if name != "device"}
    frames = [hash_frames(part) for part in (train, validation, references)]
    content = [*frames, origin["version"], origin["weights_sha256"], asked, seed]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
