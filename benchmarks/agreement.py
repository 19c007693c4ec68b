"""Energy drift and Li diffusion of LLTO cells: our engine against ASE with the chgnet package.

    python benchmarks/agreement.py --drift          # 20 ps each, in an hour
    python benchmarks/agreement.py --diffusion      # 120 ps each, in two hours
    python benchmarks/agreement.py --quick          # 0.1 ps each of both

Drift: LiLa2Ti4O12 with an empty A site is heated by Langevin dynamics; from that one state follow
20 ps at constant energy and 1 fs, by velocity Verlet: ours in float32, ours in float64, and ASE's
with the package's calculator. Printed is the slope of the total energy with its standard error
from blocks. Diffusion: Li2LaTi4O12, two ions and an empty site, at 1500 K by Nose-Hoover chains and
2 fs, ours in float32 and ASE's with the package; both are analysed by `perolyte.transport`.
``--only`` runs one of the engines, ``--folder`` keeps what is there already and goes on with it.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ENGINES = ("float32", "float64", "chgnet")
STORE_INTERVAL = 10
HEATING_STEPS = 2000
CELL_EDGE_A = 3.90
N_BLOCKS = 10


@dataclass(frozen=True)
class Task:
    """What is run: ions on the A sites (the rest is empty), thermostat, time step and length."""

    name: str
    ions: tuple[str, ...]
    temperature_K: float
    time_step_fs: float
    is_thermostatted: bool
    n_steps: int
    engines: tuple[str, ...]

    @property
    def frame_interval_fs(self) -> float:
        return self.time_step_fs * STORE_INTERVAL


TASKS = (
    Task("drift", ("Li", "La", "La"), 1400.0, 1.0, False, 20_000, ENGINES),
    Task("diffusion", ("Li", "Li", "La"), 1500.0, 2.0, True, 60_000, ("float32", "chgnet")),
)


def make_cell(task: Task) -> Any:
    """Return two by two by one cubic perovskite cells with four A sites."""
    from ase import Atoms

    symbols: list[str] = []
    places: list[tuple[float, float, float]] = []
    corners = [(i, j) for i in range(2) for j in range(2)]
    for i, j in corners:
        symbols += ["Ti", "O", "O", "O"]
        places += [(i + 0.5, j + 0.5, 0.5), (i, j + 0.5, 0.5), (i + 0.5, j, 0.5)]
        places += [(i + 0.5, j + 0.5, 0.0)]
    for ion, (i, j) in zip(task.ions, corners, strict=False):
        symbols.append(ion)
        places.append((i, j, 0))
    cell_A = CELL_EDGE_A * np.array([2, 2, 1])
    atoms = Atoms(symbols, positions=CELL_EDGE_A * np.array(places), cell=cell_A, pbc=True)
    atoms.rattle(0.05, seed=1)
    return atoms


def load_start(task: Task, folder: Path, n_steps: int) -> Any:
    """Return the heated atoms with their velocities, the same for every engine."""
    from ase import units
    from ase.io import read, write
    from ase.md.langevin import Langevin
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

    from perolyte.potentials.chgnet import ChgnetCalculator

    kept = folder / "start.traj"
    if not kept.exists():
        atoms = make_cell(task)
        atoms.calc = ChgnetCalculator(stress=False)
        rng = np.random.default_rng(1)
        heat = {"temperature_K": task.temperature_K, "rng": rng}
        MaxwellBoltzmannDistribution(atoms, **heat)
        Langevin(atoms, task.time_step_fs * units.fs, friction=0.01 / units.fs, **heat).run(n_steps)
        momenta, masses = atoms.get_momenta(), atoms.get_masses()[:, None]
        atoms.set_momenta(momenta - masses * momenta.sum(axis=0) / masses.sum())
        write(kept, atoms)
    return read(kept)


def run_ours(task: Task, start: Any, dtype: str, folder: Path, n_steps: int) -> Path:
    """Return the folder of the run."""
    from ase import units

    from perolyte.potentials import load_potential
    from perolyte.potentials.dynamics import NVE, NoseHooverChain, Replica, run_md_batch

    damping_fs = 100 * task.time_step_fs
    replica = Replica(
        dtype,
        start,
        "Li",
        temperature_K=task.temperature_K,
        seed=1,
        time_step_fs=task.time_step_fs,
        velocities_A_fs=start.get_velocities() * units.fs,
    )
    (outcome,) = run_md_batch(
        load_potential("chgnet", device="cpu", dtype=dtype),
        [replica],
        ensemble=NoseHooverChain(damping_fs=damping_fs) if task.is_thermostatted else NVE(),
        n_steps=n_steps,
        store_interval_steps=STORE_INTERVAL,
        framework_interval=1,
        folder=folder,
    )
    return Path(outcome.folder)


def run_chgnet(task: Task, start: Any, folder: Path, n_steps: int) -> Path:
    """Return the file of the run of the package in ASE; goes on where it was killed."""
    from ase import units
    from ase.io import Trajectory, read
    from ase.md.nose_hoover_chain import NoseHooverChainNVT
    from ase.md.verlet import VelocityVerlet
    from chgnet.model.dynamics import CHGNetCalculator

    file = folder / "chgnet.traj"
    n_done = len(Trajectory(file)) if file.exists() else 0
    n_left = n_steps - max(n_done - 1, 0) * STORE_INTERVAL
    if n_left <= 0:
        return file
    atoms = read(file, -1) if n_done else start.copy()
    atoms.calc = CHGNetCalculator(use_device="cpu", verbose=False)
    step = task.time_step_fs * units.fs
    dynamics: Any = VelocityVerlet(atoms, step)
    if task.is_thermostatted:
        dynamics = NoseHooverChainNVT(
            atoms, step, temperature_K=task.temperature_K, tdamp=100 * step
        )
    with Trajectory(file, "a", atoms) as frames:

        def store() -> None:
            if dynamics.nsteps or not n_done:
                frames.write()

        dynamics.attach(store, interval=STORE_INTERVAL)
        dynamics.run(n_left)
    return file


def read_energies(path: Path) -> np.ndarray:
    """Return the total energy in eV of each stored frame of a run at constant energy."""
    from ase.io import Trajectory

    from perolyte.trajectories.observables import read_observable

    if path.is_dir():
        return np.asarray(read_observable(path, "conserved_energy"))
    return np.array([frame.get_total_energy() for frame in Trajectory(path)])


def measure_drift(task: Task, path: Path, n_atoms: int) -> dict[str, float]:
    """Return slope and standard error in eV/atom/ps, from the means of blocks."""
    per_atom = read_energies(path)[1:] / n_atoms
    times_ps = np.arange(len(per_atom)) * task.frame_interval_fs / 1000
    means = [block.mean() for block in np.array_split(per_atom, N_BLOCKS)]
    middles = [block.mean() for block in np.array_split(times_ps, N_BLOCKS)]
    fit, covariance = np.polyfit(middles, means, 1, cov=True)
    return {
        "drift_eV_atom_ps": float(fit[0]),
        "standard_error": float(np.sqrt(covariance[0, 0])),
        "run_length_ps": float(times_ps[-1]),
    }


def measure_diffusion(task: Task, path: Path) -> dict[str, Any]:
    """Return the diffusivity of Li, or why there is none."""
    from perolyte.trajectories import analyse_run, open_trajectory

    interval_fs = None if path.is_dir() else task.frame_interval_fs
    found = analyse_run(
        open_trajectory(path, frame_interval_fs=interval_fs),
        "Li",
        charge=1,
        hop_distance_A=CELL_EDGE_A,
        temperature_K=task.temperature_K,
        skip_ps=1.0,
    ).diffusivity
    return {
        "status": found.status,
        "reasons": list(found.reasons),
        "diffusivity_cm2_s": found.diffusivity_cm2_s,
        "interval_95_cm2_s": [found.diffusivity_lower_cm2_s, found.diffusivity_upper_cm2_s],
        "upper_bound_cm2_s": found.diffusivity_upper_bound_cm2_s,
        "n_net_hops": found.n_net_hops,
        "run_length_ps": found.run_length_ps,
    }


def run_task(task: Task, folder: Path, only: str | None, *, quick: bool) -> dict[str, Any]:
    """Run the engines one after the other and print what each gives."""
    n_steps, heating = (100, 50) if quick else (task.n_steps, HEATING_STEPS)
    folder.mkdir(parents=True, exist_ok=True)
    start = load_start(task, folder, heating)
    results = {}
    for engine in task.engines if only is None else (only,):
        began_s = time.process_time()
        if engine == "chgnet":
            path = run_chgnet(task, start, folder, n_steps)
        else:
            path = run_ours(task, start, engine, folder, n_steps)
        found = {"cpu_s": time.process_time() - began_s}
        if not task.is_thermostatted:
            found |= measure_drift(task, path, len(start))
        elif not quick:
            found |= measure_diffusion(task, path)
        results[engine] = found
        print(task.name, engine, found, flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    for task in TASKS:
        parser.add_argument(f"--{task.name}", action="store_true")
    parser.add_argument("--only", choices=ENGINES)
    parser.add_argument("--folder", type=Path, help="kept, and gone on with")
    options = parser.parse_args()
    chosen = [task for task in TASKS if getattr(options, task.name)] or TASKS
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        results = {
            task.name: run_task(task, folder / task.name, options.only, quick=options.quick)
            for task in chosen
        }
    print(json.dumps(results))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    sys.exit(main())
