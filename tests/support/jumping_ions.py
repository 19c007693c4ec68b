"""Lattice walkers in a periodic crystal: runs whose sites and rates are known beforehand."""

from __future__ import annotations

import numpy as np
from pymatgen.core import Lattice, Structure
from pymatgen.core.trajectory import Trajectory

from support.walkers import FRAME_FS, HOP_A

N_CELLS = 4
EDGE_A = N_CELLS * HOP_A
RATTLE_A = 0.25


def make_run(seed=0, *, n_frames=2000, n_ions=12, hops_per_ion=20.0, returns=0.0):
    """Return a trajectory of lithium that hops between the corners of cells with O in the middle.

    Any number of ions may be on one site. Each hops ``hops_per_ion`` times in the run, at most
    once in a frame, and is in its new place from one frame to the next. A share ``returns`` of the
    hops goes straight back; all others take one of the six ways at random.
    """
    rng = np.random.default_rng(seed)
    places = rng.integers(N_CELLS, size=(n_ions, 3)).astype(float)
    centres = np.empty((n_frames, n_ions, 3))
    last = np.zeros((n_ions, 3))
    for frame in range(n_frames):
        steps = np.zeros((n_ions, 3))
        steps[np.arange(n_ions), rng.integers(3, size=n_ions)] = rng.choice([-1.0, 1.0], n_ions)
        goes_back = (rng.random(n_ions) < returns) & last.any(axis=1)
        steps[goes_back] = -last[goes_back]
        hops = rng.random(n_ions) < hops_per_ion / (n_frames - 1) * (frame > 0)
        last[hops] = steps[hops]
        places[hops] += steps[hops]
        centres[frame] = places
    paths = HOP_A * centres + RATTLE_A * rng.normal(size=centres.shape)
    middles = (np.indices((N_CELLS,) * 3).reshape(3, -1).T + 0.5) * HOP_A
    framework = middles + 0.05 * rng.normal(size=(n_frames, len(middles), 3))
    scaled = np.concatenate([paths, framework], axis=1) / EDGE_A
    species = ["Li"] * n_ions + ["O"] * len(middles)
    return Trajectory(species, scaled % 1.0, lattice=np.eye(3) * EDGE_A)


def make_crystal(*, label="Li1"):
    """Return one cell of the crystal of :func:`make_run`."""
    crystal = Structure(Lattice.cubic(HOP_A), ["Li", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    crystal[0].label = label
    return crystal


def known_rate_per_ps(*, n_frames=2000, hops_per_ion=20.0):
    """1/ps, of all ways of one ion together."""
    return hops_per_ion / ((n_frames - 1) * FRAME_FS / 1000)
