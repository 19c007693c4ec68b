"""Thermostats sample the canonical ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from perolyte.potentials.dynamics import Guards, Langevin, NoseHooverChain, Replica
from perolyte.potentials.dynamics.random_numbers import draw_velocities
from perolyte.units import BOLTZMANN_EV_PER_K
from support.md_runs import make_crystal, read_observable, run
from support.pair_potential import PairPotential, SpringPotential

OFF = Guards(temperature_factor=1e9, stop_melting=False, min_distance_A=0.0)
UNLIKELY = 1e-3
"""A true sampler fails at this level once in a thousand seeds, and the seeds are fixed."""


def sample(folder, ensemble, potential, *, n_steps, interval, temperature_K=400.0, seed=3):
    replica = Replica(
        "a", make_crystal(), "Li", temperature_K=temperature_K, seed=seed, time_step_fs=2.0
    )
    run(
        folder,
        potential=potential,
        replicas=[replica],
        ensemble=ensemble,
        n_steps=n_steps,
        store_interval_steps=interval,
        framework_interval=1,
        checkpoint_interval_steps=None,
        guards=OFF,
    )
    return folder / "a"


def thin(values, skipped):
    """Return values that do not remember each other: every so manieth, by their own memory."""
    kept = values[skipped:]
    moved = kept - kept.mean()
    memory = [(moved[lag:] * moved[: len(moved) - lag]).mean() for lag in range(len(moved) // 10)]
    below = np.flatnonzero(np.array(memory) < 0.05 * memory[0])
    return kept[:: max(1, int(below[0]))]


@pytest.mark.parametrize(
    ("ensemble", "n_steps"),
    [(Langevin(20.0), 8000), (NoseHooverChain(60.0), 12000)],
    ids=["langevin", "chain"],
)
def test_the_kinetic_energy_is_distributed_as_it_should(ensemble, n_steps, tmp_path):
    folder = sample(tmp_path, ensemble, PairPotential(), n_steps=n_steps, interval=20)
    kinetic = thin(read_observable(folder, "kinetic_energy"), 40)
    reduced = 2 * kinetic / (BOLTZMANN_EV_PER_K * 400.0)
    n = len(reduced)
    assert n >= 40
    chi_square = stats.chi2(3 * 32 - 3)
    assert stats.kstest(reduced, chi_square.cdf).pvalue > UNLIKELY
    # equal parts of the distribution, 8 of them
    counts = np.bincount((8 * chi_square.cdf(reduced)).astype(int), minlength=8)
    assert stats.chisquare(counts).pvalue > UNLIKELY
    error = np.sqrt(2 / (93 * n))
    assert reduced.mean() / 93 == pytest.approx(1.0, abs=4 * error)


def test_springs_have_the_width_of_the_canonical_ensemble(tmp_path):
    """<u²> = (3N - 3) kT/k, without an error of the time step (doi 10.1093/amrx/abs010)."""
    sites, stiffness = make_crystal().positions, 2.0
    potential = SpringPotential(sites, stiffness_eV_A2=stiffness)
    folder = sample(tmp_path, Langevin(30.0), potential, n_steps=8000, interval=20)
    energy = thin(read_observable(folder, "potential_energy"), 40)
    reduced = 2 * energy / (BOLTZMANN_EV_PER_K * 400.0)
    assert stats.kstest(reduced, stats.chi2(93).cdf).pvalue > UNLIKELY
    error = np.sqrt(2 / (93 * len(reduced)))
    assert reduced.mean() / 93 == pytest.approx(1.0, abs=4 * error)


def test_light_and_heavy_atoms_are_equally_hot():
    masses = np.repeat([7.0, 139.0], 2000)
    velocities = draw_velocities(1, masses, 500.0)
    energies = 0.5 * masses[:, None] * 103.642697 * velocities**2
    for part in (energies[:2000], energies[2000:]):
        assert part.mean() == pytest.approx(
            0.5 * BOLTZMANN_EV_PER_K * 500.0, rel=4 * np.sqrt(2 / 6000)
        )
    scaled = velocities * np.sqrt(masses * 103.642697 / (BOLTZMANN_EV_PER_K * 500.0))[:, None]
    assert stats.kstest(scaled.ravel(), "norm").pvalue > UNLIKELY
