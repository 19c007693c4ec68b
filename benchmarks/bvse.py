"""How fast bond valence energy maps and barriers are, against bvlain, and whether they agree.

For each reference structure both codes make a map of the same voxels with the same cutoff and find
the barriers in 1, 2 and 3 dimensions, in one process each, one after the other. bvlain looks at the
k nearest sites only: the ratio is with k above the number of sites within the cutoff, and its
default of 100 is shown beside it. Then the time for a cell of 264 atoms (3 x 3 x 6 cells of
Li1/3La5/9TiO3) at 0.1 Å, map and barriers.

    python benchmarks/bvse.py [--quick] [--data FOLDER]

FOLDER holds bvse_reference and the folders with its CIFs; default: the variable
PEROLYTE_SHARED_DATA. Without it only the cell of 264 atoms is timed. The last line is one JSON
object. Seconds are of the clock unless named cpu; memory is the peak above that before the start.
perolyte runs three times: its median enters the ratios, its fastest run is given for the large
cell. bvlain runs once. Compiled code is loaded before. Structures for which bvlain would need more
memory than is free are left out, and said so. --quick takes the structures with the fewest pairs.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import multiprocessing
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from pymatgen.core import Lattice, Structure
from scipy.spatial import cKDTree

from perolyte.bvse import energy_map, percolation_barriers
from perolyte.errors import PerolyteError
from perolyte.structures import assign_oxidation_states, read_structure

SPACING_A = 0.2
CUTOFF_A = 10.0
ENERGY_LIMIT_EV = 5.0
CHEMICAL_EV = 10.0
DEFAULT_NEIGHBOURS = 100
N_QUICK = 4
N_REPEATS = 3
# arrays of one double per voxel and neighbour that bvlain holds at its peak, as measured
BVLAIN_ARRAYS = 14
LARGE_SPACING_A = 0.1
LARGE_STATES = {"Li": 1, "La": 3, "Ti": 4, "O": -2}


def main() -> None:
    arguments = read_arguments()
    warm_up()
    result = time_large_cell(build_large_cell())
    if arguments.data is not None:
        result |= compare(Path(arguments.data), n_quick=N_QUICK if arguments.quick else None)
    print(json.dumps(result))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK} structures, within 45 s")
    parser.add_argument("--data", default=os.environ.get("PEROLYTE_SHARED_DATA"))
    return parser.parse_args()


def warm_up() -> None:
    """Compile, or load what was compiled before."""
    cell = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.03), ["Li1+", "F1-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    percolation_barriers(energy_map(cell, "Li+", spacing_A=0.5))


def build_large_cell() -> Structure:
    """264 atoms, La, Li and vacancies in a random order."""
    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.871),
        ["La", "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    cell.make_supercell([3, 3, 6])
    a_sites = [index for index, site in enumerate(cell) if site.specie.symbol == "La"]
    shuffled = [int(index) for index in np.random.default_rng(0).permutation(a_sites)]
    for index in shuffled[:18]:
        cell.replace(index, "Li")
    cell.remove_sites(shuffled[48:])
    return cell


def time_large_cell(cell: Structure) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        mapped = energy_map(cell, "Li+", spacing_A=LARGE_SPACING_A, oxidation_states=LARGE_STATES)
        return {"barriers": percolation_barriers(mapped).barriers_eV}

    found = measure(work, repeats=N_REPEATS)
    print(
        f"{len(cell)} atoms at {LARGE_SPACING_A} Å: {found['fastest_s']:.2f} s, median "
        f"{found['seconds']:.2f} s ({found['cpu_s']:.2f} s of processors), "
        f"{found['memory_mb']:.0f} MB"
    )
    return {
        "seconds_264_atoms_0p1A": round(found["fastest_s"], 3),
        "cpu_s_264_atoms_0p1A": round(found["cpu_s"], 3),
        "memory_mb_264_atoms_0p1A": round(found["memory_mb"]),
    }


def compare(data: Path, n_quick: int | None) -> dict[str, Any]:
    """Run both codes on the reference structures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bvlain import Lain
    cases = sorted(read_cases(data), key=lambda case: case["n_pairs"])[:n_quick]
    ratios, cpu_ratios, memory_ratios, differences, default_ratios = [], [], [], [], []
    map_difference_eV, default_map_difference_eV, skipped = 0.0, 0.0, []
    for case in cases:
        if case["n_pairs"] * 8 * BVLAIN_ARRAYS > psutil.virtual_memory().available:
            skipped.append(case["name"])
            print(f"{case['name']}: left out, bvlain needs more memory than is free")
            continue
        ours = measure(lambda case=case: run_perolyte(case), repeats=N_REPEATS)
        theirs = measure(lambda case=case: run_bvlain(Lain, case, case["n_neighbours"]))
        default = measure(lambda case=case: run_bvlain(Lain, case, DEFAULT_NEIGHBOURS))
        ratios.append(theirs["seconds"] / ours["seconds"])
        default_ratios.append(default["seconds"] / ours["seconds"])
        cpu_ratios.append(theirs["cpu_s"] / ours["cpu_s"])
        memory_ratios.append(theirs["memory_mb"] / max(ours["memory_mb"], 1.0))
        pairs = zip(ours["barriers"], theirs["barriers"], strict=True)
        differences.append(max(0.0 if a == b else abs(a - b) for a, b in pairs))
        chemical = theirs["map"] < CHEMICAL_EV
        for other, key in ((ours, "ours"), (default, "default")):
            worst = float(np.abs(other["map"] - theirs["map"])[chemical].max())
            if key == "ours":
                map_difference_eV = max(map_difference_eV, worst)
            else:
                default_map_difference_eV = max(default_map_difference_eV, worst)
        print(
            f"{case['name']}: {ours['seconds'] * 1e3:.0f} ms, bvlain {theirs['seconds']:.2f} s "
            f"(k={case['n_neighbours']}), {default['seconds']:.2f} s (k={DEFAULT_NEIGHBOURS}); "
            f"{ours['memory_mb']:.0f} against {theirs['memory_mb']:.0f} MB; "
            f"barriers {format_barriers(ours)} against {format_barriers(theirs)} eV"
        )
    if not ratios:
        return {"n_structures": 0, "skipped": skipped}
    return {
        "ratio_vs_bvlain": round(statistics.median(ratios), 1),
        "lowest_ratio_vs_bvlain": round(min(ratios), 1),
        "ratio_vs_bvlain_default_k": round(statistics.median(default_ratios), 1),
        "cpu_ratio_vs_bvlain": round(statistics.median(cpu_ratios), 1),
        "memory_ratio_vs_bvlain": round(statistics.median(memory_ratios), 1),
        "max_difference_eV": round(max(differences), 4),
        "max_map_difference_eV": round(map_difference_eV, 6),
        "max_map_error_of_default_k_eV": round(default_map_difference_eV, 6),
        "n_structures": len(ratios),
        "skipped": skipped,
    }


def read_cases(data: Path) -> list[dict[str, Any]]:
    """Reference structures with their grid and the neighbours that bvlain has to look at."""
    table = data / "bvse_reference" / "bvlain_barriers.csv"
    if not table.is_file():
        sys.exit(f"no {table}; give the right folder as --data")
    cases = []
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["E_1D_eV"]]
    for row in rows:
        try:
            parsed = read_structure(data / row["cif"]).structure
            structure = assign_oxidation_states(parsed).structure
        except PerolyteError as error:
            sys.exit(f"{row['cif']}: {error}")
        # bvlain repeats the first plane of each axis as its last
        divisions = tuple(int(length // SPACING_A) - 1 for length in structure.lattice.abc)
        element = row["mobile_ion"].rstrip("+-0123456789")
        n_neighbours = count_neighbours(structure, element)
        n_voxels = math.prod(n + 1 for n in divisions)
        cases.append(
            {
                "name": Path(row["cif"]).stem,
                "structure": structure,
                "ion": row["mobile_ion"],
                "divisions": divisions,
                "n_neighbours": n_neighbours,
                "n_pairs": n_voxels * n_neighbours,
            }
        )
    return cases


def count_neighbours(structure: Structure, element: str) -> int:
    """Bound the framework sites within the cutoff of any point: those of a coarse grid, widened."""
    framework = structure.copy()
    framework.remove_sites([i for i, site in enumerate(framework) if site.specie.symbol == element])
    matrix = structure.lattice.matrix
    steps = [np.arange(0, 1, 0.7 / length) for length in structure.lattice.abc]
    points = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3) @ matrix
    widest_A = 0.5 * 0.7 * math.sqrt(3.0) * 1.5  # corners of skewed boxes are farther away
    reach_A = CUTOFF_A + widest_A
    inverse_heights = np.linalg.norm(np.linalg.inv(matrix), axis=0)
    images = [
        np.arange(-np.ceil(reach_A * h) - 1, np.ceil(reach_A * h) + 2) for h in inverse_heights
    ]
    shifts = np.stack(np.meshgrid(*images, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    sites = ((framework.frac_coords % 1.0)[None] + shifts).reshape(-1, 3) @ matrix
    counts = cKDTree(sites).query_ball_point(points, reach_A, return_length=True)
    return int(counts.max())


def run_perolyte(case: dict[str, Any]) -> dict[str, Any]:
    mapped = energy_map(
        case["structure"],
        case["ion"],
        divisions=case["divisions"],
        convention="bvlain",
        cutoff_A=CUTOFF_A,
    )
    result = percolation_barriers(mapped, energy_limit_eV=ENERGY_LIMIT_EV)
    return {
        "map": mapped.energies_eV,
        "barriers": list(result.barriers_from_cell_minimum_eV.values()),
    }


def run_bvlain(code: Any, case: dict[str, Any], n_neighbours: int) -> dict[str, Any]:
    calculation = code(verbose=False)
    calculation.read_structure(case["structure"], oxi_check=False)
    with np.errstate(all="ignore"):
        mapped = calculation.bvse_distribution(
            mobile_ion=case["ion"], r_cut=CUTOFF_A, resolution=SPACING_A, k=n_neighbours
        )
    barriers = calculation.percolation_barriers(encut=ENERGY_LIMIT_EV)
    return {
        "map": np.ascontiguousarray(mapped[:-1, :-1, :-1]),
        "barriers": [float(barrier) for barrier in barriers.values()],
    }


def format_barriers(found: dict[str, Any]) -> str:
    return "/".join(f"{barrier:.3f}" for barrier in found["barriers"])


def measure(work: Callable[[], dict[str, Any]], repeats: int = 1) -> dict[str, Any]:
    """Run a piece of work in a process of its own; add its seconds (median) and peak memory."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=run_child, args=(sender, work, repeats))
    process.start()
    sender.close()
    try:
        found = receiver.recv()
    except EOFError:
        sys.exit("a calculation ended without a result, out of memory perhaps")
    process.join()
    return found


def run_child(sender: Connection, work: Callable[[], dict[str, Any]], repeats: int) -> None:
    before_mb = psutil.Process().memory_info().rss / 1e6
    clock_s, cpu_s = [], []
    for _ in range(repeats):
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        found = work()
        clock_s.append(time.perf_counter() - started_s)
        cpu_s.append(time.process_time() - started_cpu_s)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    sender.send(
        found
        | {
            "seconds": statistics.median(clock_s),
            "fastest_s": min(clock_s),
            "cpu_s": statistics.median(cpu_s),
            "memory_mb": max(0.0, peak_mb - before_mb),
        }
    )


if __name__ == "__main__":
    main()
