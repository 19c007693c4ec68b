"""Where a training stands: what the next epoch needs, written after each one."""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch

from perolyte.errors import InputError, PotentialError
from perolyte.files import replace_file

__all__ = ["EpochErrors", "StoppedBy", "TrainingState", "read_state", "write_state"]

StoppedBy = Literal["length", "patience", "diverged"]


@dataclass(frozen=True)
class EpochErrors:
    """Errors after one epoch, as the training saw them.

    Parameters
    ----------
    epoch
        Counted from 1 over all stages.
    stage
        Counted from 1.
    learning_rate
        At the end of the epoch.
    train_energy_meV_atom, validation_energy_meV_atom
        MAE, meV/atom.
    train_force_meV_A, validation_force_meV_A
        MAE of components, meV/Å.
    train_stress_GPa, validation_stress_GPa
        MAE of components, GPa; None where it was not trained.
    """

    epoch: int
    stage: int
    learning_rate: float
    train_energy_meV_atom: float
    train_force_meV_A: float
    validation_energy_meV_atom: float
    validation_force_meV_A: float
    train_stress_GPa: float | None = None
    validation_stress_GPa: float | None = None


@dataclass(frozen=True)
class TrainingState:
    """Everything that a killed training goes on from.

    Parameters
    ----------
    inputs_sha256
        Of frames, start, settings and seed: another training does not go on from here.
    stage
        The stage of the next epoch, counted from 0.
    stage_epoch
        Epochs of it that are done.
    stale_epochs
        Since the best force MAE of the stage.
    weights, optimizer, scheduler
        State of module, optimizer and learning rate; the latter two None before a stage.
    best_weights, best_epoch
        Those of the epoch that is kept, see :class:`~perolyte.potentials.training.TrainingOutcome`;
        None and 0 before the first epoch.
    curve
        One entry for each epoch.
    stopped_by
        None while there are epochs to do.
    """

    inputs_sha256: str
    weights: dict[str, Any]
    stage: int = 0
    stage_epoch: int = 0
    stale_epochs: int = 0
    optimizer: dict[str, Any] | None = None
    scheduler: dict[str, Any] | None = None
    best_weights: dict[str, Any] | None = None
    best_epoch: int = 0
    curve: tuple[EpochErrors, ...] = field(default=())
    stopped_by: StoppedBy | None = None

    @property
    def best_force_meV_A(self) -> float:
        """The lowest force MAE on the validation frames so far, meV/Å."""
        return min((e.validation_force_meV_A for e in self.curve), default=float("inf"))

    def next_stage(self) -> TrainingState:
        """Return the state at the start of the following stage: the best weights so far."""
        return replace(
            self,
            stage=self.stage + 1,
            stage_epoch=0,
            stale_epochs=0,
            weights=self.weights if self.best_weights is None else self.best_weights,
            optimizer=None,
            scheduler=None,
        )


def write_state(path: Path, state: TrainingState) -> None:
    """Write a state whole or not at all."""
    content = {name: getattr(state, name) for name in state.__dataclass_fields__}
    content["curve"] = [asdict(entry) for entry in state.curve]
    buffer = io.BytesIO()
    torch.save(content, buffer)
    replace_file(path, buffer.getvalue(), alone=True)


def read_state(path: Path, inputs_sha256: str) -> TrainingState | None:
    """Read a state; None where there is none.

    Raises
    ------
    InputError
        If it is of another training.
    PotentialError
        If it cannot be read.
    """
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        curve = tuple(EpochErrors(**entry) for entry in content.pop("curve"))
        state = TrainingState(**content, curve=curve)
    except (
        OSError,
        EOFError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
        AttributeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as err:
        raise PotentialError(
            f"training state {path} cannot be read ({type(err).__name__}); delete it to train from "
            "the start"
        ) from err
    if state.inputs_sha256 != inputs_sha256:
        raise InputError(
            f"{path.parent} holds a training of other frames, settings or seed; give another folder"
        )
    return state
