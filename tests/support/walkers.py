"""Walkers on a lattice that rattle in their cages: their diffusivities are known exactly."""

from __future__ import annotations

import numpy as np

HOP_A = 3.87
FRAME_FS = 100.0
RATTLE_A = 0.3
"""Standard deviation of each coordinate about the site, as of lithium near 1000 K."""


def walk(seed, *, n_frames, n_ions, hops_per_ion, n_together=1, keep_groups=True):
    """Return (n_frames, n_ions, 3), Å: hops at random times along x, y or z.

    The ``n_together`` ions of one event hop the same way: always the same ions, or others each
    time. The charge diffusivity is ``n_together`` times that of the tracer.
    """
    rng = np.random.default_rng(seed)
    n_events = rng.poisson(hops_per_ion * n_ions / n_together)
    frames = rng.integers(1, n_frames, size=n_events)
    if keep_groups:
        first = n_together * rng.integers(n_ions // n_together, size=n_events)
        ions = first[:, np.newaxis] + np.arange(n_together)
    else:
        ions = rng.random((n_events, n_ions)).argsort(axis=1)[:, :n_together]
    axes, signs = rng.integers(3, size=n_events), rng.choice([-HOP_A, HOP_A], size=n_events)
    steps = np.zeros((n_frames, n_ions, 3))
    np.add.at(steps, (frames[:, np.newaxis], ions, axes[:, np.newaxis]), signs[:, np.newaxis])
    return steps.cumsum(axis=0) + RATTLE_A * rng.normal(size=steps.shape)


def true_diffusivity(*, n_frames, hops_per_ion):
    """cm²/s, of the tracer, from a² / 6 per hop; 1 Å²/fs = 0.1 cm²/s."""
    return 0.1 * HOP_A**2 / 6 * hops_per_ion / ((n_frames - 1) * FRAME_FS)
