"""MD with perolyte's engine against atomate2's ``ForceFieldMDMaker`` with stock CHGNet.

    python benchmarks/md.py            # 78 and 314 atoms, CPU, one thread
    python benchmarks/md.py --quick    # 78 atoms
    python benchmarks/md.py --gpu      # replicas in batches of 1 to 128 on a GPU, against ASE

Same ordered cells of Li1/3La5/9TiO3, weights, time step (1 fs), thermostat (Nosé-Hoover, 600 K)
and stored frames (one in ten steps). Figures are CPU seconds per step from the difference of a
short and a longer run, so that loading, compiling and the end of a job cancel; each run is a
process of its own, with its peak resident memory. ``ratio_vs_atomate2`` and ``memory_ratio`` are
those of the largest cell; ``storage_share`` is what a step costs beyond the evaluation alone
(integration, guards, frames, checkpoints), over the step. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from evaluation import make_calculator, make_cell, measure_md, read_peak_MB

STORE_INTERVAL = 10
STEPS = {"atomate2": (10, 40), "perolyte": (10, 210)}
"""Short and longer run; ours may be longer, because it is faster."""
BATCHES = (1, 8, 32, 128)
GPU_STEPS = 200


def measure_engine(n_atoms: int) -> dict[str, Any]:
    """CPU seconds per step of ``run_md_batch``, and of the evaluations alone."""
    import torch

    from perolyte.potentials import SystemBatch, load_potential
    from perolyte.potentials.dynamics import NoseHooverChain, Replica, run_md_batch

    torch.set_num_threads(1)
    atoms = make_cell(n_atoms)
    potential = load_potential("chgnet", device="cpu")
    seconds, wall = [], []
    for n_steps in STEPS["perolyte"]:
        replica = Replica("one", atoms, "Li", temperature_K=600.0, seed=1, time_step_fs=1.0)
        begin, wall_begin = time.process_time(), time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            run_md_batch(
                potential,
                [replica],
                ensemble=NoseHooverChain(damping_fs=100.0),
                n_steps=n_steps,
                store_interval_steps=STORE_INTERVAL,
                framework_interval=1,
                folder=folder,
            )
        seconds.append(time.process_time() - begin)
        wall.append(time.perf_counter() - wall_begin)
    n_more = STEPS["perolyte"][1] - STEPS["perolyte"][0]
    per_step = (seconds[1] - seconds[0]) / n_more
    memory = read_peak_MB()
    batch, positions_A = SystemBatch.from_structures([atoms])
    rng = np.random.default_rng(0)
    begin = time.process_time()
    for _ in range(60):
        moved = positions_A + torch.from_numpy(rng.normal(0, 0.002, tuple(positions_A.shape)))
        potential.evaluate(batch, moved)
    alone = (time.process_time() - begin) / 60
    forces = potential.evaluate(batch, positions_A).forces_eV_A.numpy()
    return {
        "n_atoms": len(atoms),
        "seconds": per_step,
        "wall": (wall[1] - wall[0]) / n_more,
        "memory_MB": memory,
        "storage_share": max(0.0, 1 - alone / per_step),
        "path": potential.describe().get("path"),
        "forces": forces.tolist(),
    }


def compile_kernels(n_atoms: int) -> dict[str, Any]:
    """Fill numba's cache: compiling takes a gigabyte, once per installation."""
    from perolyte.potentials import SystemBatch, load_potential

    batch, positions_A = SystemBatch.from_structures([make_cell(n_atoms)])
    load_potential("chgnet").evaluate(batch, positions_A)
    return {}


def find_force_difference(n_atoms: int, forces: list[list[float]]) -> float:
    """Return the largest difference from stock CHGNet, eV/Å."""
    atoms = make_cell(n_atoms)
    calculator = make_calculator("chgnet")
    calculator.calculate(atoms)
    return float(np.abs(np.asarray(calculator.results["forces"]) - np.asarray(forces)).max())


def measure_gpu(n_atoms: int) -> dict[str, Any]:
    """Atom-steps per second of batches on a GPU, of ASE with stock CHGNet, and memory."""
    import torch

    from perolyte.potentials import load_potential
    from perolyte.potentials.dynamics import NoseHooverChain, Replica, run_md_batch

    atoms = make_cell(n_atoms)
    found: dict[str, Any] = {"n_atoms": len(atoms), "device": torch.cuda.get_device_name()}
    potential = load_potential("chgnet", device="cuda")
    for size in BATCHES:
        replicas = [
            Replica(f"r{i}", atoms, "Li", temperature_K=600.0, seed=i, time_step_fs=1.0)
            for i in range(size)
        ]
        torch.cuda.reset_peak_memory_stats()
        walls = []
        for n_steps in (50, 50 + GPU_STEPS):
            with tempfile.TemporaryDirectory() as folder:
                begin = time.perf_counter()
                run_md_batch(
                    potential,
                    replicas,
                    ensemble=NoseHooverChain(damping_fs=100.0),
                    n_steps=n_steps,
                    store_interval_steps=STORE_INTERVAL,
                    folder=folder,
                    max_batch_atoms=size * len(atoms),
                )
                walls.append(time.perf_counter() - begin)
        rate = size * len(atoms) * GPU_STEPS / (walls[1] - walls[0])
        found[f"atom_steps_per_s_{size}"] = round(rate)
        memory = torch.cuda.max_memory_allocated() / (size * len(atoms))
        found[f"memory_kB_per_atom_{size}"] = round(memory / 1024)
    found["path"] = potential.describe().get("path")
    found["atom_steps_per_s_stock"] = round(_time_stock_on_gpu(atoms))
    return found


def _time_stock_on_gpu(atoms: Any) -> float:
    from ase import units
    from ase.md.verlet import VelocityVerlet
    from chgnet.model.dynamics import CHGNetCalculator

    with contextlib.redirect_stdout(io.StringIO()):
        atoms.calc = CHGNetCalculator(use_device="cuda")
    mover = VelocityVerlet(atoms, timestep=1.0 * units.fs)
    mover.run(10)
    begin = time.perf_counter()
    mover.run(50)
    return len(atoms) * 50 / (time.perf_counter() - begin)


def run_apart(*arguments: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(n_atoms: int) -> dict[str, Any]:
    theirs = run_apart("--one", "atomate2", str(n_atoms))
    ours = run_apart("--one", "perolyte", str(n_atoms))
    key = f"{ours['n_atoms']}_atoms"
    figures = {
        f"seconds_per_step_{key}": round(ours["seconds"], 4),
        f"seconds_per_step_atomate2_{key}": round(theirs["seconds"], 4),
        f"ratio_{key}": round(theirs["seconds"] / ours["seconds"], 2),
        f"memory_{key}_MB": round(ours["memory_MB"]),
        f"memory_atomate2_{key}_MB": round(theirs["memory_MB"]),
        f"storage_share_{key}": round(ours["storage_share"], 3),
    }
    for name, value in figures.items():
        print(f"{name}: {value}")
    return figures | {
        "ratio_vs_atomate2": figures[f"ratio_{key}"],
        "memory_ratio": round(ours["memory_MB"] / theirs["memory_MB"], 3),
        "storage_share": figures[f"storage_share_{key}"],
        "max_force_difference_eV_A": find_force_difference(n_atoms, ours["forces"]),
        "path": ours["path"],
        "device": "cpu",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "ATOMS"))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.one:
        what, n_atoms = arguments.one[0], int(arguments.one[1])
        measure = {
            "atomate2": lambda n: measure_md("chgnet", n),
            "perolyte": measure_engine,
            "gpu": measure_gpu,
            "warm": compile_kernels,
        }[what]
        print(json.dumps(measure(n_atoms)))
        return
    figures: dict[str, Any] = {}
    run_apart("--one", "warm", "40")
    for n_atoms in (78,) if arguments.quick else (78, 314):
        if arguments.gpu:
            found = run_apart("--one", "gpu", str(n_atoms))
            print(found)
            figures[f"gpu_{n_atoms}_atoms"] = found
        else:
            figures |= compare(n_atoms)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
