"""Order, reversibility and conserved energies of the integrators."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.potentials.dynamics import NVE, Guards, Langevin, NoseHooverChain, Replica
from support.md_runs import last_state, make_crystal, read_observable, run

OFF = Guards(temperature_factor=1e9, stop_melting=False)
T_FS = 1600
STEPS_FS = (1.0, 2.0, 4.0)
SECOND_ORDER = 0.25
"""On the exponent of the error, of a chaotic crystal at finite time steps."""


def follow(folder, ensemble, steps_fs, *, t_fs=T_FS, temperature_K=300.0):
    """Follow the same start with several time steps, and return the conserved energy of each."""
    energies = []
    for step_fs in steps_fs:
        replica = Replica(
            f"dt{step_fs:g}",
            make_crystal(),
            "Li",
            temperature_K=temperature_K,
            seed=2,
            time_step_fs=step_fs,
        )
        run(
            folder,
            replicas=[replica],
            ensemble=ensemble,
            n_steps=int(t_fs / step_fs),
            store_interval_steps=max(1, round(4 / step_fs)),
            framework_interval=100,
            checkpoint_interval_steps=None,
            guards=OFF,
        )
        energies.append(read_observable(folder / replica.name, "conserved_energy"))
    return energies


@pytest.mark.parametrize("ensemble", [NVE(), NoseHooverChain(50.0)], ids=lambda e: type(e).__name__)
def test_the_error_of_the_conserved_energy_is_of_second_order(ensemble, tmp_path):
    energies = follow(tmp_path, ensemble, STEPS_FS)
    errors = [energy.std() for energy in energies]
    exponents = np.diff(np.log(errors)) / np.diff(np.log(STEPS_FS))
    np.testing.assert_allclose(exponents, 2.0, atol=SECOND_ORDER)


@pytest.mark.parametrize("ensemble", [NVE(), NoseHooverChain(50.0)], ids=lambda e: type(e).__name__)
def test_the_conserved_energy_does_not_drift(ensemble, tmp_path):
    (energy,) = follow(tmp_path, ensemble, [1.0], t_fs=6000)
    time_ps = np.linspace(0, 6.0, len(energy))
    drift = np.polyfit(time_ps, energy, 1)[0] / 32
    assert abs(drift) < 1e-5  # eV/atom/ps
    assert np.ptp(energy) / 32 < 2e-4


def test_time_runs_backwards(tmp_path):
    atoms = make_crystal()
    start = Replica("out", atoms, "Li", temperature_K=300.0, seed=5, time_step_fs=2.0)
    settings = {"ensemble": NVE(), "n_steps": 400, "guards": OFF}
    run(tmp_path, replicas=[start], **settings)
    there = last_state(tmp_path / "out")
    assert np.abs(there.positions_A - atoms.positions).max() > 0.1
    turned = atoms.copy()
    turned.positions = there.positions_A
    back = Replica(
        "back",
        turned,
        "Li",
        temperature_K=300.0,
        seed=5,
        time_step_fs=2.0,
        velocities_A_fs=-there.velocities_A_fs,
    )
    run(tmp_path, replicas=[back], **settings)
    # rounding of 1e-15 grows with the chaos of the crystal
    np.testing.assert_allclose(
        last_state(tmp_path / "back").positions_A, atoms.positions, atol=1e-8
    )


def test_momentum_stays_zero(tmp_path):
    for ensemble in (NVE(), NoseHooverChain(), Langevin(20.0)):
        name = type(ensemble).__name__
        replica = Replica(name, make_crystal(), "Li", temperature_K=900.0, seed=5)
        run(tmp_path, replicas=[replica], ensemble=ensemble)
        velocities = last_state(tmp_path / name).velocities_A_fs
        momentum = replica.masses_amu @ velocities
        assert np.abs(momentum).max() < 1e-12 * np.abs(velocities).max() * replica.masses_amu.sum()
