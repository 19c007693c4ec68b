"""Training: it learns what is to be learnt, goes on after a kill, and refuses what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from perolyte.errors import InputError, PotentialError, StoreError
from perolyte.folder_lock import lock_folder
from perolyte.potentials import load_potential
from perolyte.potentials.training import (
    TrainingSettings,
    TrainingStage,
    evaluate_frames,
    train_potential,
)
from perolyte.potentials.training.graphs import choose_targets
from perolyte.structures.labelled_frame import LabelledFrame
from support.labelled_salts import SHIFTS_EV, STIFFNESS, rattled_salts

SHORT = TrainingSettings(
    stages=(TrainingStage(2, 1e-3, frozen=True), TrainingStage(3, 1e-3)), batch_size=2
)


@pytest.fixture(scope="module")
def train():
    return rattled_salts(6, seed=1)


@pytest.fixture(scope="module")
def validation():
    return rattled_salts(3, seed=2)


@pytest.fixture(scope="module")
def outcome(train, validation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    longer = replace(SHORT, stages=(TrainingStage(2, 1e-3, frozen=True), TrainingStage(10, 3e-3)))
    return train_potential(train, validation, folder=folder, settings=longer, seed=1)


def test_training_corrects_what_references_cannot(outcome, validation):
    """CHGNet's surface is 0.8 of the labels'; trained, it is closer to 1, and energies fit."""
    before, after = outcome.validation_errors_before, outcome.validation_errors
    assert before.softening_slope == pytest.approx(1 / STIFFNESS, abs=1e-3)
    assert abs(after.softening_slope - 1) < 0.6 * abs(before.softening_slope - 1)
    assert after.force_mae_meV_A < 0.7 * before.force_mae_meV_A
    total = sum(outcome.reference_shifts.shifts_eV.values())
    assert total == pytest.approx(sum(SHIFTS_EV.values()), abs=0.3)
    assert abs(before.energy_bias_meV_atom) < 20


def test_the_checkpoint_is_the_potential_that_was_judged(outcome, validation):
    potential = load_potential(outcome.checkpoint, device="cpu")
    assert potential.describe()["weights_sha256"] == outcome.weights_sha256
    again = evaluate_frames(potential, validation)
    assert again.force_mae_meV_A == pytest.approx(outcome.validation_errors.force_mae_meV_A)
    baseline = evaluate_frames(load_potential(outcome.baseline, device="cpu"), validation)
    assert baseline.force_mae_meV_A == pytest.approx(
        outcome.validation_errors_before.force_mae_meV_A
    )


def test_the_curve_has_each_epoch_and_the_latest_of_the_best_is_kept(outcome):
    curve = outcome.curve
    assert [entry.epoch for entry in curve] == list(range(1, 13))
    assert [entry.stage for entry in curve] == [1] * 2 + [2] * 10
    lowest = min(entry.validation_force_meV_A for entry in curve)
    *_, best = (entry for entry in curve if entry.validation_force_meV_A <= 1.02 * lowest)
    assert best.epoch == outcome.best_epoch
    # chgnet computes in batches, perolyte's engine one by one: float32 either way
    assert outcome.validation_errors.force_mae_meV_A == pytest.approx(
        best.validation_force_meV_A, rel=1e-3
    )
    # the learning rate comes down in each stage although there are only three batches
    assert curve[1].learning_rate == pytest.approx(1e-5, rel=1e-3)
    assert curve[11].learning_rate == pytest.approx(3e-5, rel=1e-3)


def test_frozen_layers_stay(train, validation, tmp_path):
    settings = replace(SHORT, stages=(TrainingStage(1, 1e-2, frozen=True),))
    found = train_potential(train, validation, folder=tmp_path, settings=settings)
    old = torch.load(found.baseline, weights_only=True)["model"]["state_dict"]
    new = torch.load(found.checkpoint, weights_only=True)["model"]["state_dict"]
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert any(name.startswith("atom_conv_layers.3.") for name in changed)
    trained = ("atom_conv_layers.3.", "mlp.", "readout_norm.", "composition_model.")
    assert all(name.startswith(trained) for name in changed)


KILLED = """
import sys
from perolyte.potentials.training import TrainingSettings, TrainingStage, train_potential
from support.labelled_salts import rattled_salts

train_potential(
    rattled_salts(6, seed=1), rattled_salts(3, seed=2), folder=sys.argv[1], seed=4,
    settings=TrainingSettings(
        stages=(TrainingStage(2, 1e-3, frozen=True), TrainingStage(3, 1e-3)), batch_size=2
    ),
    on_epoch=lambda errors: print(errors.epoch, flush=True),
)
"""


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(train, validation, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    for line in process.stdout:
        if line.strip() == "3":
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    seen = []
    resumed = train_potential(
        train,
        validation,
        folder=tmp_path / "killed",
        settings=SHORT,
        seed=4,
        on_epoch=lambda errors: seen.append(errors.epoch),
    )
    assert seen
    assert set(seen) <= {4, 5}
    whole = train_potential(train, validation, folder=tmp_path / "whole", settings=SHORT, seed=4)
    assert resumed.curve == whole.curve
    assert resumed.weights_sha256 == whole.weights_sha256


def test_a_finished_training_is_not_done_again(outcome, train, validation):
    began = time.monotonic()
    again = train_potential(
        train,
        validation,
        folder=outcome.checkpoint.parent,
        settings=outcome.settings,
        seed=1,
        on_epoch=lambda errors: pytest.fail("trained again"),
    )
    assert again == replace(outcome)
    assert time.monotonic() - began < 30


def test_the_folder_of_another_training_is_refused(outcome, train, validation):
    with pytest.raises(InputError, match="another folder"):
        train_potential(
            train,
            validation,
            folder=outcome.checkpoint.parent,
            settings=outcome.settings,
            seed=2,
        )


def test_two_trainings_do_not_share_a_folder(train, validation, tmp_path):
    with lock_folder(tmp_path), pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        train_potential(train, validation, folder=tmp_path, settings=SHORT)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_diverging_training_says_what_to_do(train, validation, tmp_path):
    wild = replace(SHORT, stages=(TrainingStage(2, 0.1),), huber_eV=1e30, force_weight=1e30)
    with pytest.raises(PotentialError, match=r"diverged in epoch \d.*tenth"):
        train_potential(train, validation, folder=tmp_path, settings=wild)


def test_divergence_keeps_the_epochs_before(train, validation, tmp_path, monkeypatch):
    """The network is broken after two good epochs: their best is what remains."""
    from chgnet.trainer import Trainer

    original = Trainer.train

    def break_third(self, *args, **kwargs):
        original(self, *args, **kwargs)
        if len(self.training_history["f"]["val"]) == 3:
            with torch.no_grad():
                self.model.mlp.layers[0].weight[:] = float("nan")

    monkeypatch.setattr(Trainer, "train", break_third)
    settings = replace(SHORT, stages=(TrainingStage(5, 1e-3),))
    found = train_potential(train, validation, folder=tmp_path, settings=settings)
    assert found.stopped_by == "diverged"
    assert len(found.curve) == 2
    assert found.best_epoch in (1, 2)
    assert np.isfinite(found.validation_errors.force_mae_meV_A)


def test_patience_ends_a_stage(train, validation, tmp_path):
    """Noise as labels of validation: nothing that is learnt helps there."""
    generator = np.random.default_rng(0)
    noise = [
        replace(f, forces_eV_A=generator.normal(size=(2, 3)), stress_GPa=f.stress_GPa)
        for f in validation
    ]
    settings = replace(SHORT, stages=(TrainingStage(30, 1e-2),), patience=2)
    found = train_potential(train, noise, folder=tmp_path, settings=settings)
    assert found.stopped_by == "patience"
    assert len(found.curve) < 30
    forces = [entry.validation_force_meV_A for entry in found.curve]
    assert forces.index(min(forces)) + 1 + 2 == len(forces)


def test_training_from_random_weights(train, validation, tmp_path):
    settings = replace(SHORT, stages=(TrainingStage(2, 1e-3),))
    found = train_potential(train, validation, folder=tmp_path, start=None, settings=settings)
    assert found.start["version"] == "random weights"
    assert found.curve[-1].train_force_meV_A < found.curve[0].train_force_meV_A * 1.5
    load_potential(found.checkpoint, device="cpu")


def spoil(frame: LabelledFrame, **changes) -> LabelledFrame:
    return replace(frame, name="spoilt", **changes)


def test_labels_that_cannot_be_right_are_refused(train, validation, tmp_path):
    outlier = spoil(train[0], forces_eV_A=np.full((2, 3), 400.0))
    with pytest.raises(InputError, match=r"1 frames have forces above 50 eV/Å, 'spoilt'.*400"):
        train_potential([*train, outlier], validation, folder=tmp_path)
    other = spoil(train[0], energy_eV=train[0].energy_eV + 3.0)
    with pytest.raises(InputError, match=r"'spoilt' by 1.* functional"):
        train_potential([*train, other], validation, folder=tmp_path)
    bare = spoil(train[0], stress_GPa=None)
    with pytest.raises(InputError, match="1 of 10 frames have no stress"):
        train_potential([*train, bare], validation, folder=tmp_path)
    with pytest.raises(InputError, match="no validation frames"):
        train_potential(train, [], folder=tmp_path)


def test_what_is_trained_follows_the_labels(train):
    moments = [replace(frame, magmoms_muB=np.array([0.0, -1.0])) for frame in train]
    without = [replace(frame, stress_GPa=None) for frame in train]
    assert choose_targets(train, SHORT) == "efs"
    assert choose_targets(without, SHORT) == "ef"
    assert choose_targets(train, replace(SHORT, stress_weight=0.0)) == "ef"
    assert choose_targets(moments, replace(SHORT, magmom_weight=0.1)) == "efsm"


def test_settings_out_of_range():
    with pytest.raises(InputError, match="0 epochs"):
        TrainingStage(0, 1e-3)
    with pytest.raises(InputError, match="learning_rate is 1"):
        TrainingStage(1, 1.0)
    with pytest.raises(InputError, match="at least one stage"):
        TrainingSettings(stages=())
    with pytest.raises(InputError, match="patience is 0"):
        TrainingSettings(patience=0)
    with pytest.raises(InputError, match="force_weight 0"):
        TrainingSettings(force_weight=0)
    plain = SHORT.as_dict()
    assert TrainingSettings(**plain) == SHORT
