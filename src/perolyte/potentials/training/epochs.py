"""The epochs of a training: chgnet's ``Trainer``, one epoch at a time."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from perolyte.errors import PotentialError
from perolyte.potentials.heartbeat import Heartbeat
from perolyte.potentials.training.graphs import build_loader, choose_targets, convert_frames
from perolyte.potentials.training.model import set_frozen
from perolyte.potentials.training.state import EpochErrors, TrainingState, write_state

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from chgnet.trainer import Trainer

    from perolyte.potentials.training.settings import TrainingSettings, TrainingStage
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["EpochRunner", "copy_weights"]

SAME_FORCE_ERROR = 0.02
"""Relative: smaller differences between epochs are noise of a few validation frames. Of such epochs
the latest is kept, because energies still jump from epoch to epoch where the learning rate is
high."""
_UPDATES_PER_EPOCH = 10
"""How often chgnet's Trainer moves the learning rate in an epoch, if there are as many batches."""


def copy_weights(model: CHGNet) -> dict[str, Any]:
    """Return the state of a module on the CPU, unchanged by further training."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


class EpochRunner:
    """Trains a model from any state to the end.

    Parameters
    ----------
    model
        Holds the references already corrected; its weights are those of the last epoch afterwards.
    train, validation
        Frames; they are converted to graphs once.
    settings, device, seed
        As for :func:`train_potential`.
    path
        Where the state is written after each epoch.
    on_epoch
        Called after each epoch.
    """

    def __init__(
        self,
        model: CHGNet,
        train: Sequence[LabelledFrame],
        validation: Sequence[LabelledFrame],
        *,
        settings: TrainingSettings,
        device: str,
        seed: int,
        path: Path,
        on_epoch: Callable[[EpochErrors], None] | None = None,
    ) -> None:
        self.model, self.settings, self.device, self.seed = model, settings, device, seed
        self.path, self.on_epoch = path, on_epoch
        self.targets = choose_targets([*train, *validation], settings)
        converter = model.graph_converter
        self._order = torch.Generator()
        self.train = build_loader(
            convert_frames(train, converter, targets=self.targets),
            batch_size=settings.batch_size,
            generator=self._order,
        )
        self.validation = build_loader(
            convert_frames(validation, converter, targets=self.targets),
            batch_size=settings.batch_size,
        )
        self._heartbeat = Heartbeat()

    def finish(self, state: TrainingState) -> TrainingState:
        """Do all epochs that are left, writing the state after each."""
        while state.stopped_by is None:
            stage = self.settings.stages[state.stage]
            state = self._finish_stage(state, stage)
            last = state.stage + 1 == len(self.settings.stages)
            if state.stopped_by is None and last:
                early = state.stage_epoch < stage.epochs
                state = replace(state, stopped_by="patience" if early else "length")
            elif state.stopped_by is None:
                state = state.next_stage()
            write_state(self.path, state)
        return state

    def _finish_stage(self, state: TrainingState, stage: TrainingStage) -> TrainingState:
        self.model.load_state_dict(state.weights)
        set_frozen(self.model, frozen=stage.frozen)
        trainer = self._build_trainer(stage)
        if state.optimizer is not None and state.scheduler is not None:
            trainer.optimizer.load_state_dict(state.optimizer)
            trainer.scheduler.load_state_dict(state.scheduler)
        while state.stage_epoch < stage.epochs and state.stale_epochs < self.settings.patience:
            errors = self._run_epoch(trainer, state)
            if errors is None:
                return self._roll_back(state)
            state = self._advance(state, trainer, errors)
            write_state(self.path, state)
            self._heartbeat.report(len(state.curve))
            if self.on_epoch is not None:
                self.on_epoch(errors)
        return state

    def _build_trainer(self, stage: TrainingStage) -> Trainer:
        with warnings.catch_warnings():  # the import switches all warnings off
            from chgnet.trainer import Trainer

        settings = self.settings
        targets: Any = self.targets  # the Trainer's own type leaves "efm" out, which it can train
        trainer = Trainer(
            self.model,
            targets=targets,
            energy_loss_ratio=settings.energy_weight,
            force_loss_ratio=settings.force_weight,
            stress_loss_ratio=settings.stress_weight,
            mag_loss_ratio=settings.magmom_weight,
            criterion="Huber",
            delta=settings.huber_eV,
            learning_rate=stage.learning_rate,
            epochs=stage.epochs,
            use_device=self.device,
        )
        # The Trainer counts on ten updates of the learning rate in an epoch; with fewer than ten
        # batches it makes fewer, and the cosine would never come down.
        updates = min(_UPDATES_PER_EPOCH, len(self.train))
        scheduler: Any = trainer.scheduler
        scheduler.T_max = updates * stage.epochs
        return trainer

    def _run_epoch(self, trainer: Trainer, state: TrainingState) -> EpochErrors | None:
        """Train and validate once; None where a number is not finite."""
        number = len(state.curve)
        epoch_seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        self._order.manual_seed(epoch_seed)
        trainer.starting_epoch, trainer.epochs = state.stage_epoch, state.stage_epoch + 1
        n_before = len(trainer.training_history["f"]["val"])
        with (
            torch.random.fork_rng(devices=range(torch.cuda.device_count())),
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            # of chgnet's batched graphs: their volumes are constants, as they should be
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad")
            torch.manual_seed(epoch_seed)
            trainer.train(self.train, self.validation, save_dir="")
        history = trainer.training_history
        if len(history["f"]["val"]) == n_before:
            return None
        found = {key: (parts["train"][-1], parts["val"][-1]) for key, parts in history.items()}
        finite = all(np.isfinite(pair).all() for pair in found.values())
        if not finite or not all(bool(p.isfinite().all()) for p in self.model.parameters()):
            return None
        stress = found.get("s", (None, None))
        return EpochErrors(
            epoch=number + 1,
            stage=state.stage + 1,
            learning_rate=float(trainer.optimizer.param_groups[0]["lr"]),
            train_energy_meV_atom=found["e"][0] * 1000,
            train_force_meV_A=found["f"][0] * 1000,
            validation_energy_meV_atom=found["e"][1] * 1000,
            validation_force_meV_A=found["f"][1] * 1000,
            train_stress_GPa=stress[0],
            validation_stress_GPa=stress[1],
        )

    def _advance(
        self, state: TrainingState, trainer: Trainer, errors: EpochErrors
    ) -> TrainingState:
        weights = copy_weights(self.model)
        lowest = min(state.best_force_meV_A, errors.validation_force_meV_A)
        kept = errors.validation_force_meV_A <= (1 + SAME_FORCE_ERROR) * lowest
        own = [e.validation_force_meV_A for e in state.curve if e.stage == errors.stage]
        stage_better = errors.validation_force_meV_A < min(own, default=float("inf"))
        return replace(
            state,
            stage_epoch=state.stage_epoch + 1,
            stale_epochs=0 if stage_better else state.stale_epochs + 1,
            weights=weights,
            optimizer=trainer.optimizer.state_dict(),
            scheduler=trainer.scheduler.state_dict(),
            best_weights=weights if kept else state.best_weights,
            best_epoch=errors.epoch if kept else state.best_epoch,
            curve=(*state.curve, errors),
        )

    def _roll_back(self, state: TrainingState) -> TrainingState:
        """Keep what was reached before the numbers were lost."""
        number, rate = len(state.curve) + 1, self.settings.stages[state.stage].learning_rate
        if state.best_weights is None:
            raise PotentialError(
                f"training diverged in epoch {number}: energies or weights are not finite at a "
                f"learning rate of {rate:g}; give a tenth of it, and look for labels that are wrong"
            )
        return replace(state, stopped_by="diverged", weights=state.best_weights)
