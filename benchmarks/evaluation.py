"""CPU seconds of one CHGNet evaluation, against the chgnet package's own ASE calculator.

    python benchmarks/evaluation.py           # 58 and 528 atoms
    python benchmarks/evaluation.py --quick   # 58 atoms

Same structures, same weights, one thread, alternating in one run; medians. Energy, forces and
stress from both; the package's calculator also gives magnetic moments, which cannot be left out of
it. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from chgnet.model.dynamics import CHGNetCalculator

from perolyte.campaigns import load_campaign
from perolyte.potentials.chgnet import ChgnetCalculator

ROOT = Path(__file__).resolve().parent.parent
CELLS = {"58_atoms": "quickstart.yaml", "528_atoms": "llto_doping.yaml"}


def cpu_seconds(calculator: Any, atoms: Any) -> float:
    begin = time.process_time()
    calculator.calculate(atoms)
    return time.process_time() - begin


def compare(name: str, repeats: int) -> dict[str, float]:
    structure = load_campaign(ROOT / "workflows" / CELLS[name]).preview().candidates[0].structure
    atoms = structure.to_ase_atoms()
    atoms.rattle(0.05, seed=1)
    ours = ChgnetCalculator(device="cpu")
    constant_volume = ChgnetCalculator(device="cpu", stress=False)
    theirs = CHGNetCalculator(use_device="cpu")
    calculators = {"ours": ours, "ours_without_stress": constant_volume, "chgnet": theirs}
    times: dict[str, list[float]] = {key: [] for key in calculators}
    for repeat in range(repeats + 1):
        for key, calculator in calculators.items():
            seconds = cpu_seconds(calculator, atoms)
            if repeat > 0:  # the first call pays for torch's start
                times[key].append(seconds)
    medians = {key: statistics.median(values) for key, values in times.items()}
    difference = np.abs(ours.results["forces"] - theirs.results["forces"]).max()
    return {
        f"seconds_{name}": round(medians["ours"], 3),
        f"seconds_without_stress_{name}": round(medians["ours_without_stress"], 3),
        f"ratio_vs_chgnet_{name}": round(medians["chgnet"] / medians["ours"], 2),
        f"ratio_without_stress_{name}": round(
            medians["chgnet"] / medians["ours_without_stress"], 2
        ),
        f"max_force_difference_eV_A_{name}": float(f"{difference:.1e}"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    for name in list(CELLS)[: 1 if quick else 2]:
        figures |= compare(name, repeats=5 if quick else 3)
        print(figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
