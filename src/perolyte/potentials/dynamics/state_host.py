"""One replica between two steps, in memory of the host."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from perolyte.potentials.dynamics.ensembles import Ensemble, NoseHooverChain
from perolyte.potentials.dynamics.random_numbers import draw_velocities, remove_drift
from perolyte.potentials.dynamics.replica import FloatArray, Replica

__all__ = ["HostState", "make_first_state"]


@dataclass(frozen=True, eq=False)
class HostState:
    """One replica between two steps, as a checkpoint holds it.

    Attributes
    ----------
    step
        Steps done.
    positions_A, velocities_A_fs
        (n_atoms, 3), Å and Å/fs, unwrapped.
    forces_eV_A, energy_eV
        (n_atoms, 3) and a number; None before the first evaluation.
    force_uncertainty_eV_A
        The largest of an atom, eV/Å; NaN where the potential gives none.
    chain_positions, chain_velocities_per_fs
        (chain_length,), of the Nosé-Hoover chain; empty for other ensembles.
    """

    step: int
    positions_A: FloatArray
    velocities_A_fs: FloatArray
    forces_eV_A: FloatArray | None
    energy_eV: float | None
    chain_positions: FloatArray
    chain_velocities_per_fs: FloatArray
    force_uncertainty_eV_A: float = math.nan


def make_first_state(replica: Replica, ensemble: Ensemble) -> HostState:
    """Return a replica at step 0, before its forces are known."""
    masses = replica.masses_amu
    if replica.velocities_A_fs is None:
        velocities = draw_velocities(replica.seed, masses, replica.temperature_K)
    else:
        velocities = remove_drift(np.array(replica.velocities_A_fs, dtype=np.float64), masses)
    length = ensemble.chain_length if isinstance(ensemble, NoseHooverChain) else 0
    return HostState(
        step=0,
        positions_A=replica.positions_A,
        velocities_A_fs=velocities,
        forces_eV_A=None,
        energy_eV=None,
        chain_positions=np.zeros(length),
        chain_velocities_per_fs=np.zeros(length),
    )
