"""Ions that feel nothing but friction and noise diffuse with D = kT/(m gamma)."""

from __future__ import annotations

import pytest
from ase import Atoms

from perolyte.potentials.dynamics import Guards, Langevin, Replica
from perolyte.trajectories import analyse_run, open_trajectory
from perolyte.trajectories.species import list_masses
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, BOLTZMANN_EV_PER_K
from support.md_runs import make_crystal, run
from support.pair_potential import GhostPotential

FRICTION_PER_PS = 50.0
TEMPERATURE_K = 600.0
EV_PER_AMU_IN_A2_PER_PS2 = 9648.53321
DISTRUST = 4.0
"""Standard errors; the seed is fixed."""


def test_free_ions_diffuse_through_files_and_fit_as_theory_says(tmp_path):
    crystal = make_crystal(n_lithium=0)
    holes = crystal.positions[:12] + crystal.cell.array[0] / 4
    atoms = Atoms("Li12", positions=holes, cell=crystal.cell, pbc=True) + crystal
    ions = Replica("ghosts", atoms, "Li", temperature_K=TEMPERATURE_K, seed=1, time_step_fs=2.0)
    outcome = run(
        tmp_path,
        potential=GhostPotential(),
        replicas=[ions],
        ensemble=Langevin(FRICTION_PER_PS),
        n_steps=12000,
        store_interval_steps=20,
        framework_interval=5,
        checkpoint_interval_steps=None,
        guards=Guards(min_distance_A=0.0),  # ions may meet
    )[0]
    assert outcome.status == "finished", outcome.reason
    result = analyse_run(open_trajectory(outcome.folder), "Li", charge=1, hop_distance_A=2.0)
    fit = result.diffusivity
    masses = list_masses(atoms.get_chemical_symbols())
    # in the frame of the framework, which diffuses as one heavy particle
    inverse_mass = 1 / masses[0] + 1 / masses[12:].sum()
    thermal = BOLTZMANN_EV_PER_K * TEMPERATURE_K * EV_PER_AMU_IN_A2_PER_PS2 * inverse_mass
    known = thermal / FRICTION_PER_PS * A2_PER_PS_TO_CM2_PER_S
    assert fit.status == "converged", fit.reasons
    assert fit.relative_error < 0.3
    assert fit.diffusivity_cm2_s == pytest.approx(known, rel=DISTRUST * fit.relative_error)
