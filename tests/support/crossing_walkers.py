"""Walkers on a lattice with slow links every few layers: boundaries whose resistance is known."""

from __future__ import annotations

import numpy as np
from pymatgen.core.trajectory import Trajectory

from perolyte.jobs.vasp_runs import collect_vasp_runs

HOP_A, FRAME_FS = 3.0, 100.0
WIDTH = 4
"""Sites across, along x and y."""


def walk(seed, *, n_layers, slow, n_frames=8000, n_ions=150, attempt=0.25):
    """Return (n_frames, n_ions, 3), Å, unwrapped: two boundaries in 2 ``n_layers`` layers along z.

    ``attempt`` is the chance of a hop each way along each axis in a frame. Every ``n_layers``-th
    link along z is ``slow`` times as fast, also above 1 as long as ``attempt`` allows it.
    """
    rng = np.random.default_rng(seed)
    sites = np.zeros((n_frames, n_ions, 3))
    sites[0] = rng.integers(0, [WIDTH, WIDTH, 2 * n_layers], (n_ions, 3))
    for frame in range(1, n_frames):
        here = sites[frame - 1, :, 2]
        draws = rng.random((n_ions, 3))
        up, down = np.full((2, n_ions, 3), attempt)
        up[(here + 1) % n_layers == 0, 2] *= slow
        down[here % n_layers == 0, 2] *= slow
        sites[frame] = sites[frame - 1] + (draws < up) - (draws > 1 - down)
    return sites * HOP_A


def grain_diffusivity_cm2_s(attempt=0.25):
    """Return that of the lattice without slow links; 1 Å²/ps is 1e-4 cm²/s."""
    return attempt * HOP_A**2 / (FRAME_FS / 1000.0) * 1e-4


def store_runs(walks, temperatures_K, *, n_layers):
    """Put walks among oxygen that rests into the documents of perolyte's MD, one for each."""
    edges_A = HOP_A * np.array([WIDTH, WIDTH, 2 * n_layers])
    middles = np.stack(np.meshgrid(*[[0.25, 0.75]] * 3), axis=-1).reshape(-1, 3)
    replicas = []
    for number, (positions_A, kelvin) in enumerate(zip(walks, temperatures_K, strict=True)):
        framework = np.broadcast_to(middles, (len(positions_A), *middles.shape))
        frames = np.concatenate([positions_A / edges_A, framework], axis=1)
        species = ["Li"] * positions_A.shape[1] + ["O"] * len(middles)
        replicas.append(
            {
                "replica": f"{kelvin:g}K-0",
                "temperature_K": kelvin,
                "seed": number,
                "start": None,
                "segments": [
                    {"trajectory": Trajectory(species, frames % 1.0, lattice=np.diag(edges_A))}
                ],
            }
        )
    return collect_vasp_runs.original(
        replicas,
        name="walkers",
        mobile_ion="Li",
        settings={
            "time_step_fs": FRAME_FS,
            "frame_interval_fs": FRAME_FS,
            "equilibration_ps": 0.0,
            "thermostat": "none",
        },
        seed=0,
    )
