"""CPU seconds and peak memory of CHGNet, against the chgnet package's own ASE calculator.

    python benchmarks/evaluation.py                # single evaluations at 40, 78, 156, 314 atoms
    python benchmarks/evaluation.py --quick        # 40 and 78 atoms
    python benchmarks/evaluation.py --md           # steps of atomate2's MD at 78 and 314 atoms

Ordered cells of Li1/3La5/9TiO3, rattled; same structures, same weights, one thread. Each figure is
the median of a process of its own, with its peak resident memory; the calculators take turns. The
package's calculator always gives stress and magnetic moments, which cannot be left out of it; ours
is timed with stress and without. Every evaluation is at new positions. ``memory`` is the peak of a
process, ``extra`` what it grew by after everything was imported and loaded. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
CELLS = {40: (2, 2, 2), 78: (2, 2, 4), 156: (2, 4, 4), 314: (4, 4, 4)}
CALCULATORS = ("chgnet", "ours", "ours_without_stress")
MD_STEPS, MD_STORE_INTERVAL = 40, 10


def read_peak_MB() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_cell(n_atoms: int) -> Any:
    from pymatgen.io.ase import AseAtomsAdaptor

    from perolyte.structures import build_ordered_parent, read_structure

    disordered = read_structure(ROOT / "examples" / "structures" / "llto_cubic.cif").structure
    ordered = build_ordered_parent(disordered, supercell=CELLS[n_atoms], n_samples=1, seed=1)
    structure = ordered.structure.remove_oxidation_states()
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    atoms.rattle(0.05, seed=1)
    return atoms


def make_calculator(name: str) -> Any:
    if name == "chgnet":
        from chgnet.model.dynamics import CHGNetCalculator

        with contextlib.redirect_stdout(io.StringIO()):
            return CHGNetCalculator(use_device="cpu")
    from perolyte.potentials.chgnet import ChgnetCalculator

    return ChgnetCalculator(device="cpu", stress=name == "ours")


def measure_evaluations(name: str, n_atoms: int, repeats: int) -> dict[str, Any]:
    """Median CPU seconds; positions move a little each time, as in MD."""
    import torch

    torch.set_num_threads(1)
    atoms = make_cell(n_atoms)
    calculator = make_calculator(name)
    before_MB = read_peak_MB()
    rng = np.random.default_rng(0)
    seconds = []
    start = atoms.positions.copy()
    for repeat in range(repeats + 2):
        atoms.positions = start + rng.normal(0, 0.005, start.shape)
        begin = time.process_time()
        calculator.calculate(atoms)
        if repeat > 1:  # the first calls pay for torch's start and for compiling
            seconds.append(time.process_time() - begin)
    atoms.positions = start
    calculator.calculate(atoms)
    return {
        "n_atoms": len(atoms),
        "seconds": statistics.median(seconds),
        "memory_MB": read_peak_MB(),
        "extra_MB": read_peak_MB() - before_MB,
        "forces": np.asarray(calculator.results["forces"]).tolist(),
    }


def measure_md(name: str, n_atoms: int) -> dict[str, Any]:
    """CPU seconds per step of atomate2's MD with a stored frame every ten steps."""
    import torch
    from atomate2.forcefields.md import ForceFieldMDMaker
    from jobflow import run_locally
    from pymatgen.io.ase import AseAtomsAdaptor

    torch.set_num_threads(1)
    ours = {"@module": "perolyte.potentials.chgnet", "@callable": "ChgnetCalculator"}
    structure = AseAtomsAdaptor.get_structure(make_cell(n_atoms))
    seconds = []
    for n_steps in (MD_STORE_INTERVAL, MD_STORE_INTERVAL + MD_STEPS):
        maker = ForceFieldMDMaker(
            force_field_name="CHGNet" if name == "chgnet" else ours,
            calculator_kwargs={} if name == "chgnet" else {"device": "cpu"},
            ensemble="nvt",
            temperature=600,
            time_step=1.0,
            n_steps=n_steps,
            traj_interval=MD_STORE_INTERVAL,
        )
        begin = time.process_time()
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.chdir(folder),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            run_locally(maker.make(structure), ensure_success=True, log=False)
        seconds.append(time.process_time() - begin)
    # the difference of two lengths: loading, compiling and writing documents cancel
    return {
        "n_atoms": len(structure),
        "seconds": (seconds[1] - seconds[0]) / MD_STEPS,
        "memory_MB": read_peak_MB(),
    }


def run_apart(*arguments: str) -> dict[str, Any]:
    """Run this file in a process of its own and return what it found."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def compare_evaluations(n_atoms: int, repeats: int) -> dict[str, float]:
    found = {
        name: run_apart("--one", name, str(n_atoms), "--repeats", str(repeats))
        for name in CALCULATORS
    }
    key, theirs = f"{found['ours']['n_atoms']}_atoms", found["chgnet"]
    figures: dict[str, float] = {}
    for name, result in found.items():
        figures[f"seconds_{name}_{key}"] = round(result["seconds"], 4)
        figures[f"memory_{name}_{key}_MB"] = round(result["memory_MB"])
        figures[f"extra_{name}_{key}_MB"] = round(result["extra_MB"])
    for name in CALCULATORS[1:]:
        ratio = theirs["seconds"] / found[name]["seconds"]
        figures[f"ratio_{name}_{key}"] = round(ratio, 2)
    figures[f"memory_share_{key}"] = round(found["ours"]["memory_MB"] / theirs["memory_MB"], 3)
    difference = np.abs(np.array(found["ours"]["forces"]) - np.array(theirs["forces"])).max()
    figures[f"max_force_difference_eV_A_{key}"] = float(f"{difference:.1e}")
    return figures


def compare_md(n_atoms: int) -> dict[str, float]:
    found = {name: run_apart("--one-md", name, str(n_atoms)) for name in ("chgnet", "ours")}
    theirs, ours = found["chgnet"], found["ours"]
    key = f"{ours['n_atoms']}_atoms"
    return {
        f"md_seconds_per_step_chgnet_{key}": round(theirs["seconds"], 4),
        f"md_seconds_per_step_ours_{key}": round(ours["seconds"], 4),
        f"md_ratio_{key}": round(theirs["seconds"] / ours["seconds"], 2),
        f"md_memory_chgnet_{key}_MB": round(theirs["memory_MB"]),
        f"md_memory_ours_{key}_MB": round(ours["memory_MB"]),
        f"md_memory_share_{key}": round(ours["memory_MB"] / theirs["memory_MB"], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two sizes only")
    parser.add_argument("--md", action="store_true", help="MD steps instead of evaluations")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", nargs=2, metavar=("CALCULATOR", "ATOMS"), help=argparse.SUPPRESS)
    parser.add_argument("--one-md", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.one:
        name, n_atoms = arguments.one
        print(json.dumps(measure_evaluations(name, int(n_atoms), arguments.repeats)))
        return
    if arguments.one_md:
        name, n_atoms = arguments.one_md
        print(json.dumps(measure_md(name, int(n_atoms))))
        return
    figures: dict[str, float] = {}
    sizes = [78, 314] if arguments.md else list(CELLS)
    for n_atoms in sizes[: 1 if arguments.quick and arguments.md else 2 if arguments.quick else 4]:
        found = (
            compare_md(n_atoms) if arguments.md else compare_evaluations(n_atoms, arguments.repeats)
        )
        print(found, flush=True)
        figures |= found
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
