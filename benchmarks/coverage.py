"""Do 95 % intervals cover the truth in 95 % of runs, and are they no wider than they must be?

Runs of walkers on a cubic lattice that rattle in their cages, whose diffusivity is known exactly:
20 to 60 ions, half of the runs with 100 to 2,000 hops of all ions together and half with 100 to
2,000 hops of each; ions hop independently, in pairs that stay together, or in chains of three
that change. `perolyte` finds the window itself. For the conductivity the charge diffusivity is
compared, to which it is proportional. Then temperature series of such runs through
`fit_arrhenius`. A few of the runs are given to pymatgen-analysis-diffusion and to kinisi as well;
kinisi, which leaves the first lag to its user, is given the one perolyte found.

    python benchmarks/coverage.py [--quick] [--runs N] [--series N] [--peers N] [--seed N]

The last line is one JSON object. Coverage is among runs with a value; `refused` is the share
without one and `coverage_bound` how often the upper bound of those holds. `width_over_scatter` is
the stated error over the scatter of the values about the truth: 1 is right, 2 twice too wide.
`error_over_counting_limit` is the stated error over 1/sqrt(number of independent hops), which
nothing can undercut.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from perolyte.transport import DiffusivityResult, fit_arrhenius, fit_diffusivity
from perolyte.transport.conductivity import convert_to_conductivity
from perolyte.units import BOLTZMANN_EV_PER_K

HOP_A = 3.87
RATTLE_A = 0.3
FRAME_FS = 100.0
CM2_S_PER_A2_FRAME = 0.1 / FRAME_FS
TEMPERATURES_K = np.array([600.0, 700.0, 800.0, 900.0, 1000.0])
ENERGY_EV = 0.30
CELL_A3 = 4000.0
IONS_MOVING_TOGETHER = {"independent": 1, "pairs": 2, "chains": 3}

if __name__ == "coverage":
    # numba asks for the package of that name, and a script's own folder is searched first.
    raise ImportError("this is a benchmark and not the package coverage")


def main() -> None:
    arguments = read_arguments()
    started_s = time.perf_counter()
    n_runs, n_series, n_peers = arguments.runs, arguments.series, arguments.peers
    if arguments.quick:
        n_runs, n_series, n_peers = min(n_runs, 240), min(n_series, 40), min(n_peers, 4)
    rows, samples = cover_diffusivities(n_runs, n_peers, np.random.default_rng(arguments.seed))
    for name in ("all", "few hops", "many hops", *IONS_MOVING_TOGETHER):
        some = [row for row in rows if name in (row["length"], row["kind"], "all")]
        print(f"perolyte, {name}: {json.dumps(summarise(some))}")
    coverage_energy, n_lines = cover_energies(n_series, np.random.default_rng(arguments.seed + 1))
    found = summarise(rows)
    found |= {"coverage_Ea": coverage_energy, "n_series": n_series, "n_lines": n_lines}
    print_peers(samples, found)
    found["seconds"] = round(time.perf_counter() - started_s, 1)
    print(json.dumps(found))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs, within 45 s")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--peers", type=int, default=20, help="runs for the other packages")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


@dataclass(frozen=True)
class Run:
    """Walkers whose diffusivity is known."""

    positions_A: np.ndarray
    tracer_cm2_s: float
    charge_cm2_s: float
    n_independent_hops: float


def walk(
    rng: np.random.Generator, *, n_frames: int, n_ions: int, hops_per_ion: float, kind: str
) -> Run:
    """Hops at random times along x, y or z; the ions of one event hop the same way."""
    n_together = IONS_MOVING_TOGETHER[kind]
    n_events = rng.poisson(hops_per_ion * n_ions / n_together)
    frames = rng.integers(1, n_frames, size=n_events)
    if kind == "chains":
        ions = rng.random((n_events, n_ions)).argsort(axis=1)[:, :n_together]
    else:
        first = n_together * rng.integers(n_ions // n_together, size=n_events)
        ions = first[:, np.newaxis] + np.arange(n_together)
    axes, signs = rng.integers(3, size=n_events), rng.choice([-HOP_A, HOP_A], size=n_events)
    steps = np.zeros((n_frames, n_ions, 3))
    np.add.at(steps, (frames[:, np.newaxis], ions, axes[:, np.newaxis]), signs[:, np.newaxis])
    positions = steps.cumsum(axis=0) + RATTLE_A * rng.normal(size=steps.shape)
    tracer = HOP_A**2 / 6 * hops_per_ion / (n_frames - 1) * CM2_S_PER_A2_FRAME
    return Run(positions, tracer, n_together * tracer, hops_per_ion * n_ions / n_together)


def draw_run(rng: np.random.Generator, index: int) -> tuple[Run, dict[str, str]]:
    kind = list(IONS_MOVING_TOGETHER)[index % len(IONS_MOVING_TOGETHER)]
    length = ("few hops", "many hops")[index // len(IONS_MOVING_TOGETHER) % 2]
    n_ions = 2 * int(rng.integers(10, 31))
    hops = 10 ** rng.uniform(2.0, np.log10(2000.0))
    run = walk(
        rng,
        n_frames=int(rng.integers(1000, 2001)),
        n_ions=n_ions,
        hops_per_ion=hops if length == "many hops" else hops / n_ions,
        kind=kind,
    )
    return run, {"kind": kind, "length": length}


def cover_diffusivities(
    n_runs: int, n_peers: int, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], list[tuple[Run, DiffusivityResult]]]:
    """Return what was found for each run, and some runs with results for the peers."""
    rows, samples = [], []
    for index in range(n_runs):
        run, labels = draw_run(rng, index)
        result = fit_diffusivity(run.positions_A, frame_interval_fs=FRAME_FS, hop_distance_A=HOP_A)
        row: dict[str, Any] = dict(labels)
        if result.status == "converged":
            row["D"] = compare(result, run.tracer_cm2_s)
            row["limit"] = result.relative_error * np.sqrt(run.n_independent_hops)
            if len(samples) < n_peers:
                samples.append((run, result))
        elif result.diffusivity_upper_bound_cm2_s is not None:
            row["bound"] = result.diffusivity_upper_bound_cm2_s > run.tracer_cm2_s
        if result.charge.status == "converged":
            row["sigma"] = compare(result.charge, run.charge_cm2_s)
        rows.append(row)
    return rows, samples


def compare(result: Any, truth: float) -> tuple[bool, float, float]:
    """Return whether the interval covers, the error of the logarithm, and the error stated."""
    covers = result.diffusivity_lower_cm2_s < truth < result.diffusivity_upper_cm2_s
    return covers, float(np.log(result.diffusivity_cm2_s / truth)), result.relative_error


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"n": len(rows)}
    for name in ("D", "sigma"):
        covers, errors, stated = np.array([row[name] for row in rows if name in row]).T
        ratios = errors / stated
        found |= {
            f"coverage_{name}": round(float(covers.mean()), 3),
            f"refused_{name}": round(1 - len(covers) / len(rows), 3),
            f"relative_error_{name}": round(float(np.median(stated)), 3),
            f"width_over_scatter_{name}": round(float(1 / np.sqrt(np.mean(ratios**2))), 2),
        }
    limits = [row["limit"] for row in rows if "limit" in row]
    found["error_over_counting_limit_D"] = round(float(np.median(limits)), 2)
    bounds = [row["bound"] for row in rows if "bound" in row]
    found["coverage_bound"] = round(float(np.mean(bounds)), 3) if bounds else None
    return found


def cover_energies(n_series: int, rng: np.random.Generator) -> tuple[float, int]:
    """Return the coverage of the activation energy and how many series gave one."""
    covered = []
    for index in range(n_series):
        kind = list(IONS_MOVING_TOGETHER)[index % len(IONS_MOVING_TOGETHER)]
        points = []
        for temperature_K in TEMPERATURES_K:
            # 15 hops of each ion at 600 K and 153 at 1,000 K.
            exponent = ENERGY_EV / BOLTZMANN_EV_PER_K * (1 / 600.0 - 1 / temperature_K)
            hops = 15.0 * np.exp(exponent)
            run = walk(rng, n_frames=800, n_ions=30, hops_per_ion=hops, kind=kind)
            result = fit_diffusivity(
                run.positions_A, frame_interval_fs=FRAME_FS, hop_distance_A=HOP_A
            )
            if result.status == "converged":
                # D of a walk is hops over time; sigma T is then an Arrhenius law with this energy.
                sigma = convert_to_conductivity(
                    result, charge=1, volume_A3=CELL_A3, temperature_K=temperature_K
                )
                points.append((temperature_K, sigma.nernst_einstein_S_cm, result.relative_error))
        fit = fit_arrhenius(*np.array(points).T)
        if fit.activation_energy_interval_eV is not None:
            lower, upper = fit.activation_energy_interval_eV
            covered.append(lower < ENERGY_EV < upper)
    return round(float(np.mean(covered)), 3), len(covered)


def print_peers(samples: list[tuple[Run, DiffusivityResult]], found: dict[str, Any]) -> None:
    """Add the coverage of D by each package on some of the runs to what was found."""
    found["n_peers"] = len(samples)
    packages: dict[str, Callable[[Run, DiffusivityResult], tuple[float, float]]] = {
        "perolyte_same_runs": lambda _, own: (
            own.diffusivity_lower_cm2_s or np.nan,
            own.diffusivity_upper_cm2_s or np.nan,
        ),
        "diffusion_analyzer": lambda run, _: run_diffusion_analyzer(run),
        "kinisi": lambda run, own: run_kinisi(run, own.window_ps[0]),
    }
    truths = np.array([run.tracer_cm2_s for run, _ in samples])
    for name, analyse in packages.items() if samples else ():
        try:
            lower, upper = np.array([analyse(run, own) for run, own in samples]).T
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        covers = (lower < truths) & (truths < upper)
        width = float(np.median((upper - lower) / (2 * 1.96 * truths)))
        found[f"coverage_D_{name}"] = round(float(covers.mean()), 3)
        found[f"relative_error_D_{name}"] = float(f"{width:.2g}")
        print(f"{name}: covers {covers.sum()} of {len(covers)}, relative error {width:.2g}")


def run_diffusion_analyzer(run: Run) -> tuple[float, float]:
    """Return its value ± 1.96 of its standard deviation, with its default settings."""
    from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
    from pymatgen.core import Lattice, Structure

    n_frames, n_ions, _ = run.positions_A.shape
    species = ["Li"] * n_ions + ["O"]
    structure = Structure(Lattice.cubic(40.0), species, np.zeros((n_ions + 1, 3)))
    displacements = np.zeros((n_ions + 1, n_frames, 3))
    displacements[:-1] = (run.positions_A - run.positions_A[0]).transpose(1, 0, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analyzer = DiffusionAnalyzer(structure, displacements, "Li", 600.0, int(FRAME_FS), 1)
    half_width = 1.96 * analyzer.diffusivity_std_dev
    return analyzer.diffusivity - half_width, analyzer.diffusivity + half_width


def run_kinisi(run: Run, first_ps: float) -> tuple[float, float]:
    """Return the 95 % interval of its posterior, fitted from the first lag to half of the run."""
    import scipp
    from kinisi.diffusion_analyzer import DiffusionAnalyzer
    from kinisi.displacement import calculate_msd
    from kinisi.parser import Parser

    n_frames, n_ions, _ = run.positions_A.shape
    cell_A = 400.0
    positions = np.concatenate([run.positions_A, np.zeros((n_frames, 1, 3))], axis=1)
    femtosecond = scipp.Unit("fs")
    # At most 200 lags: it takes a time proportional to their square.
    lags = np.unique(np.linspace(1, n_frames // 2, 200).astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = Parser(
            scipp.array(dims=["time", "particle", "dimension"], values=positions / cell_A % 1.0),
            scipp.array(
                dims=["time", "row", "column"],
                values=np.tile(cell_A * np.eye(3), (n_frames, 1, 1)),
                unit="angstrom",
            ),
            FRAME_FS * femtosecond,
            1 * scipp.Unit("dimensionless"),
            dt=scipp.array(dims=["time interval"], values=lags * FRAME_FS, unit="fs"),
            specie_indices=scipp.array(dims=["particle"], values=np.arange(n_ions)),
            drift_indices=scipp.array(dims=["particle"], values=np.array([n_ions])),
        )
        analyzer = DiffusionAnalyzer(parser)
        analyzer._dg = calculate_msd(parser, progress=False)
        analyzer.diffusion(
            1000.0 * first_ps * femtosecond,
            progress=False,
            random_state=np.random.RandomState(1),
        )
    lower, upper = np.percentile(analyzer.D.values, [2.5, 97.5])
    return float(lower), float(upper)


if __name__ == "__main__":
    main()
