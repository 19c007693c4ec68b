"""Errors on labelled frames, and the softening slope with its own error."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.potentials import load_potential
from perolyte.potentials.training import evaluate_frames, fit_softening_slope
from support.labelled_salts import SHIFTS_EV, STIFFNESS, rattled_salts


def test_a_potential_that_is_too_soft_says_by_how_much():
    frames = rattled_salts(4, seed=1)
    errors = evaluate_frames(load_potential("chgnet", device="cpu"), frames)
    assert errors.softening_slope == pytest.approx(1 / STIFFNESS, abs=1e-4)
    assert errors.softening_slope_error < 1e-4
    largest = np.abs([frame.forces_eV_A for frame in frames]).mean() * 1000
    assert errors.force_mae_meV_A == pytest.approx(largest * (1 - 1 / STIFFNESS), rel=1e-3)
    assert errors.energy_bias_meV_atom == pytest.approx(-500 * sum(SHIFTS_EV.values()), abs=0.1)
    assert errors.stress_mae_GPa > 0
    assert set(errors.force_mae_by_element_meV_A) == {"Mg", "O"}
    assert (errors.n_frames, errors.n_atoms) == (4, 8)


def test_without_stress_there_is_no_stress_error():
    frames = rattled_salts(1, seed=1, stress=False)
    assert evaluate_frames(load_potential("chgnet", device="cpu"), frames).stress_mae_GPa is None


def test_the_slope_error_covers_scatter_between_trajectories():
    """Slopes of 40 trajectories scatter by 0.1: the error is 0.1 / sqrt(40)."""
    generator = np.random.default_rng(5)
    labels, found, blocks = [], [], []
    for trajectory in range(40):
        slope = 0.9 + 0.1 * generator.normal()
        for _ in range(10):
            label = generator.normal(size=(20, 3))
            labels.append(label)
            found.append(slope * label)
            blocks.append(str(trajectory))
    slope, error = fit_softening_slope(found, labels, blocks=blocks)
    assert slope == pytest.approx(0.9, abs=4 * 0.1 / np.sqrt(40))
    assert error == pytest.approx(0.1 / np.sqrt(40), rel=0.35)
    assert fit_softening_slope(found, labels)[1] < 0.5 * error


def test_a_single_block_gives_no_error_and_no_forces_no_slope():
    labels = [np.ones((2, 3))] * 2
    assert fit_softening_slope(labels, labels, blocks=["a", "a"]) == (1.0, None)
    assert fit_softening_slope(labels, [np.zeros((2, 3))] * 2) == (None, None)
    alone = [labels[0], 1e-3 * labels[0]]
    assert fit_softening_slope(alone, alone) == (pytest.approx(1.0), None), "one has all forces"


def test_wrong_numbers_are_refused():
    labels = [np.ones((2, 3))] * 2
    with pytest.raises(InputError, match="1 blocks for 2 frames"):
        fit_softening_slope(labels, labels, blocks=["a"])
    with pytest.raises(InputError, match="no frames"):
        evaluate_frames(load_potential("chgnet", device="cpu"), [])
