"""Energy drift and Li diffusion of one LLTO cell: our engine against ASE with the chgnet package.

    python benchmarks/agreement.py             # 20 ps each, in an hour
    python benchmarks/agreement.py --quick     # 0.1 ps each

A cell of 19 atoms (LiLa2Ti4O12 with an empty A site) is heated by Langevin dynamics; from that one
state follow 20 ps at constant energy and 1 fs, by velocity Verlet: ours in float32, ours in
float64, and ASE's with the package's calculator. Printed are the slope of the total energy with
its standard error from blocks, and the diffusivity of Li from the same frames by
`perolyte.transport`, or the bound that they set.
``--only`` runs one of the three, ``--folder`` keeps what is there already. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RUNS = ("float32", "float64", "chgnet")
TIME_STEP_FS, STORE_INTERVAL = 1.0, 10
TEMPERATURE_K, HEATING_STEPS = 1400.0, 2000
N_BLOCKS = 5


def make_cell() -> Any:
    from ase import Atoms

    a = 3.90
    scaled, symbols = [], []
    for i in range(2):
        for j in range(2):
            symbols += ["Ti", "O", "O", "O"]
            scaled += [(i + 0.5, j + 0.5, 0.5), (i, j + 0.5, 0.5), (i + 0.5, j, 0.5)]
            scaled += [(i + 0.5, j + 0.5, 0.0)]
    for symbol, (i, j) in {"Li": (0, 0), "La": (0, 1)}.items():
        symbols.append(symbol)
        scaled.append((i, j, 0))
    symbols.append("La")
    scaled.append((1, 0, 0))
    atoms = Atoms(symbols, positions=np.array(scaled) * a, cell=[2 * a, 2 * a, a], pbc=True)
    atoms.rattle(0.05, seed=1)
    return atoms


def load_start(folder: Path, n_steps: int) -> Any:
    """Return the heated atoms with their velocities, the same for every run."""
    from ase import units
    from ase.io import read, write
    from ase.md.langevin import Langevin
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

    from perolyte.potentials.chgnet import ChgnetCalculator

    kept = folder / "start.traj"
    if not kept.exists():
        atoms = make_cell()
        atoms.calc = ChgnetCalculator(stress=False)
        rng = np.random.default_rng(1)
        MaxwellBoltzmannDistribution(atoms, temperature_K=TEMPERATURE_K, rng=rng)
        friction = 0.01 / units.fs
        Langevin(
            atoms, TIME_STEP_FS * units.fs, temperature_K=TEMPERATURE_K, friction=friction, rng=rng
        ).run(n_steps)
        momenta = atoms.get_momenta()
        masses = atoms.get_masses()[:, None]
        atoms.set_momenta(momenta - masses * momenta.sum(axis=0) / masses.sum())
        write(kept, atoms)
    return read(kept)


def run_ours(start: Any, dtype: str, folder: Path, n_steps: int) -> tuple[Any, np.ndarray]:
    """Return the trajectory, and the total energy in eV at every stored step."""
    from ase import units

    from perolyte.potentials import load_potential
    from perolyte.potentials.dynamics import NVE, Replica, run_md_batch
    from perolyte.trajectories import open_trajectory
    from perolyte.trajectories.observables import read_observable

    replica = Replica(
        dtype,
        start,
        "Li",
        temperature_K=TEMPERATURE_K,
        seed=1,
        time_step_fs=TIME_STEP_FS,
        velocities_A_fs=start.get_velocities() * units.fs,
    )
    outcome = run_md_batch(
        load_potential("chgnet", device="cpu", dtype=dtype),
        [replica],
        ensemble=NVE(),
        n_steps=n_steps,
        store_interval_steps=STORE_INTERVAL,
        framework_interval=1,
        folder=folder,
    )[0]
    energies = read_observable(outcome.folder, "conserved_energy")
    return open_trajectory(outcome.folder), np.asarray(energies)


def run_chgnet(start: Any, folder: Path, n_steps: int) -> tuple[Any, np.ndarray]:
    """Return the same for the package's calculator in ASE; goes on where it was killed."""
    from ase import units
    from ase.io import Trajectory, read
    from ase.md.verlet import VelocityVerlet
    from chgnet.model.dynamics import CHGNetCalculator

    from perolyte.trajectories import open_trajectory

    file = folder / "chgnet.traj"
    done = len(Trajectory(file)) if file.exists() else 0
    atoms = read(file, -1) if done else start.copy()
    atoms.calc = CHGNetCalculator(use_device="cpu", verbose=False)
    n_left = n_steps - max(done - 1, 0) * STORE_INTERVAL
    if n_left > 0:
        with Trajectory(file, "a", atoms) as frames:
            dynamics = VelocityVerlet(atoms, TIME_STEP_FS * units.fs)
            skip = {0} if done else set()

            def store() -> None:
                if dynamics.nsteps not in skip:
                    frames.write()

            dynamics.attach(store, interval=STORE_INTERVAL)
            dynamics.run(n_left)
    frames = Trajectory(file)
    energies = np.array([frame.get_total_energy() for frame in frames])
    interval_fs = TIME_STEP_FS * STORE_INTERVAL
    return open_trajectory(file, frame_interval_fs=interval_fs), energies


def measure_drift(energies_eV: np.ndarray, n_atoms: int) -> dict[str, float]:
    """Return slope and standard error in eV/atom/ps; the error is from slopes of blocks."""
    step_ps = TIME_STEP_FS * STORE_INTERVAL / 1000
    per_atom = np.asarray(energies_eV)[1:] / n_atoms
    times = np.arange(len(per_atom)) * step_ps
    slope = float(np.polyfit(times, per_atom, 1)[0])
    means = np.array([block.mean() for block in np.array_split(per_atom, 2 * N_BLOCKS)])
    middles = np.array([block.mean() for block in np.array_split(times, 2 * N_BLOCKS)])
    covariance = np.polyfit(middles, means, 1, cov=True)[1]
    return {
        "drift_eV_atom_ps": slope,
        "standard_error": float(np.sqrt(covariance[0, 0])),
        "n_steps": STORE_INTERVAL * (len(energies_eV) - 1),
    }


def measure_diffusion(trajectory: Any) -> dict[str, Any]:
    from perolyte.trajectories import analyse_run

    found = analyse_run(
        trajectory, "Li", charge=1, hop_distance_A=3.9, temperature_K=TEMPERATURE_K
    ).diffusivity
    return {
        "status": found.status,
        "diffusivity_cm2_s": found.diffusivity_cm2_s,
        "interval_95_cm2_s": [found.diffusivity_lower_cm2_s, found.diffusivity_upper_cm2_s],
        "upper_bound_cm2_s": found.diffusivity_upper_bound_cm2_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--only", choices=RUNS)
    parser.add_argument("--folder", type=Path, help="kept, and gone on with")
    options = parser.parse_args()
    n_steps, heating = (100, 50) if options.quick else (options.steps, HEATING_STEPS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        start = load_start(folder, heating)
        results = {}
        for name in RUNS if options.only is None else (options.only,):
            began = time.process_time()
            if name == "chgnet":
                trajectory, energies = run_chgnet(start, folder, n_steps)
            else:
                trajectory, energies = run_ours(start, name, folder, n_steps)
            results[name] = {
                **measure_drift(energies, len(start)),
                **({} if options.quick else measure_diffusion(trajectory)),
                "cpu_s": time.process_time() - began,
            }
            print(name, results[name], flush=True)
    print(json.dumps(results))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    sys.exit(main())
