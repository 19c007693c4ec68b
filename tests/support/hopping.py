"""Trajectories of ions that hop on a cubic lattice, with the diffusivity that they have."""

from __future__ import annotations

import numpy as np
from pymatgen.core import Lattice
from pymatgen.core.trajectory import Trajectory

HOP_A, BOX = 3.0, 5  # a cubic lattice of 5 x 5 x 5 sites
BOX_A = HOP_A * BOX
FRAME_FS, TEMPERATURE_K = 100.0, 1000.0
HOP_PROBABILITY = 0.05  # per frame
TRUE_D_CM2_S = HOP_PROBABILITY * HOP_A**2 / (6 * FRAME_FS / 1000) * 1e-4
N_IONS = 20


def make_trajectory(
    n_frames: int = 2000,
    *,
    seed: int = 3,
    temperature_K: float | None = TEMPERATURE_K,
    drift_A: float = 0.0,
    hop_probability: float = HOP_PROBABILITY,
    n_hot: int = 0,
) -> Trajectory:
    """Lithium hops on a lattice, oxygen rattles; coordinates are wrapped as MD codes do it.

    In the first ``n_hot`` frames it hops ten times as often, as before equilibration.
    """
    rng = np.random.default_rng(seed)
    hops = np.zeros((n_frames, N_IONS, 3))
    heat = np.where(np.arange(n_frames) < n_hot, 10.0, 1.0)
    moves = rng.random((n_frames, N_IONS)) < (hop_probability * heat)[:, np.newaxis]
    axis, sign = rng.integers(0, 3, moves.shape), rng.choice([-1.0, 1.0], moves.shape)
    np.put_along_axis(hops, axis[..., np.newaxis], (sign * moves)[..., np.newaxis], axis=2)
    lithium = rng.integers(0, BOX, (N_IONS, 3)) + hops.cumsum(axis=0)
    oxygen = np.indices((3, 3, 3)).reshape(3, -1).T * BOX / 3 + 0.5
    oxygen = oxygen + 0.03 * rng.normal(size=(n_frames, 27, 3))
    sites = np.concatenate([lithium, oxygen], axis=1)
    sites += (drift_A / HOP_A) * np.arange(n_frames)[:, np.newaxis, np.newaxis]
    properties = [{} if temperature_K is None else {"temperature": temperature_K}] * n_frames
    return Trajectory(
        species=["Li"] * N_IONS + ["O"] * 27,
        coords=(sites / BOX) % 1.0,
        lattice=Lattice.cubic(HOP_A * BOX).matrix,
        constant_lattice=True,
        frame_properties=properties,
        time_step=FRAME_FS,
    )
