"""Random numbers that are a function of (seed, step, atom): a restart needs no stored state.

Philox (doi 10.1145/2063384.2063405) counts instead of iterating, so that the noise of any step can
be had at once, and a replica gets the same noise whoever shares its batch.
"""

from __future__ import annotations

import numpy as np

from perolyte.potentials.dynamics.replica import FloatArray
from perolyte.potentials.dynamics.scales import MASS_PER_AMU
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["STEPS_PER_BLOCK", "draw_noise_block", "draw_velocities", "remove_drift"]

STEPS_PER_BLOCK = 32
"""Drawn together, because setting up the generator takes longer than drawing for one step."""
_NOISE, _VELOCITIES = 0, 1


def draw_noise_block(seed: int, block: int, n_atoms: int) -> FloatArray:
    """Return standard normal numbers for the steps of one block, (STEPS_PER_BLOCK, n_atoms, 3).

    Parameters
    ----------
    seed
        Of the replica.
    block
        Step // STEPS_PER_BLOCK.
    n_atoms
        Of the replica.

    Examples
    --------
    >>> again = draw_noise_block(7, 3, 2) == draw_noise_block(7, 3, 2)
    >>> bool(again.all())
    True
    """
    return _open_stream(seed, block, _NOISE).standard_normal((STEPS_PER_BLOCK, n_atoms, 3))


def draw_velocities(seed: int, masses_amu: FloatArray, temperature_K: float) -> FloatArray:
    """Return Maxwell-Boltzmann velocities with the centre of mass at rest, (n_atoms, 3), Å/fs.

    They are not scaled to the temperature: the kinetic energy fluctuates as in the canonical
    ensemble of 3 n_atoms - 3 degrees of freedom.

    Examples
    --------
    >>> velocities = draw_velocities(1, np.array([7.0, 16.0]), 300.0)
    >>> bool(abs(np.array([7.0, 16.0]) @ velocities).max() < 1e-15)
    True
    """
    normal = _open_stream(seed, 0, _VELOCITIES).standard_normal((len(masses_amu), 3))
    masses = masses_amu[:, np.newaxis] * MASS_PER_AMU
    return remove_drift(normal * np.sqrt(BOLTZMANN_EV_PER_K * temperature_K / masses), masses_amu)


def remove_drift(velocities_A_fs: FloatArray, masses_amu: FloatArray) -> FloatArray:
    """Return velocities (n_atoms, 3) without that of the centre of mass."""
    drift = masses_amu @ velocities_A_fs / masses_amu.sum()
    return velocities_A_fs - drift


def _open_stream(seed: int, block: int, stream: int) -> np.random.Generator:
    key = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    # the generator itself counts in the first word
    counter = np.array([0, block, stream, 0], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
