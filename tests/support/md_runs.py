"""Small molecular dynamics runs, and a process that does one and dies on the way."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import numpy as np
from ase.build import bulk

from perolyte.potentials.dynamics import Langevin, NoseHooverChain, Replica, run_md_batch
from support.pair_potential import PairPotential

ENSEMBLES = {"langevin": Langevin(5.0), "chain": NoseHooverChain(50.0)}


def make_crystal(n_lithium=6, *, size=(2, 2, 2)):
    """A face-centred cubic crystal near the minimum of the pair potential, some of it lithium."""
    atoms = bulk("Ar", "fcc", a=3.66, cubic=True) * size
    atoms.symbols[:n_lithium] = "Li"
    atoms.symbols[n_lithium:] = "O"
    return atoms


def make_replicas(n=2, **changes):
    """Replicas that differ in size, temperature, time step and seed."""
    sizes = [(2, 2, 2), (3, 2, 2), (2, 2, 2)]
    return [
        Replica(
            f"r{index}",
            changes.get("structure", make_crystal(size=sizes[index % 3])),
            "Li",
            temperature_K=changes.get("temperature_K", 300.0 + 100.0 * index),
            seed=changes.get("seed", 11 + index),
            time_step_fs=changes.get("time_step_fs", 1.0 + 0.5 * index),
        )
        for index in range(n)
    ]


def run(folder, *, potential=None, replicas=None, **changes):
    """Run with settings that make several chunks in few steps."""
    settings = {
        "ensemble": Langevin(5.0),
        "n_steps": 200,
        "store_interval_steps": 5,
        "framework_interval": 2,
        "checkpoint_interval_steps": 40,
        "max_batch_atoms": 1000,
    }
    return run_md_batch(
        PairPotential() if potential is None else potential,
        make_replicas() if replicas is None else replicas,
        folder=folder,
        **(settings | changes),
    )


def read_frames(folder):
    """Return the bytes of every chunk under a folder, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*.h5")}


def run_and_die(folder, kind, seed, n_evaluations):
    """Run in a process of its own and kill it: at an evaluation, or while it writes a file."""
    rng = random.Random(seed)
    potential = PairPotential()
    if rng.random() < 0.5:
        potential.evaluate = _Mortal(potential.evaluate, rng.randint(1, n_evaluations))
    else:
        os.fsync = _Mortal(lambda handle: None, rng.randint(1, 70))
    run(folder, potential=potential, ensemble=ENSEMBLES[kind])


class _Mortal:
    """Calls a function a number of times, then ends the process before or after."""

    def __init__(self, function, n_calls):
        self._function, self._left = function, n_calls

    def __call__(self, *args, **kwargs):
        self._left -= 1
        if self._left > 0:
            return self._function(*args, **kwargs)
        if os.getpid() % 2:
            self._function(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return None


def last_state(folder):
    """Return the newest checkpoint's state of a replica."""
    from perolyte.potentials.dynamics.checkpoints import list_checkpoints, read_checkpoint

    return read_checkpoint(list_checkpoints(Path(folder))[0]).state


def read_observable(folder, name):
    """Return an observable of all chunks of a replica, one value for each frame."""
    import h5py

    values = []
    for path in sorted(Path(folder).glob("frames_*.h5")):
        with h5py.File(path, "r") as file:
            values.append(file[f"observables/{name}/value"][()])
    return np.concatenate(values)
