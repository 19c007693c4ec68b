"""How fast a trajectory becomes a diffusivity, next to pymatgen-analysis-diffusion and kinisi.

Walkers that rattle in their cages, 60 mobile ions among 300 atoms, every 100 fs.

    python benchmarks/transport.py [--quick] [--frames N]

The last line is one JSON object. Seconds are CPU time of one thread (for perolyte the fastest of
three repeats), memory is what a process of its own takes above its imports, input included.

- `seconds`, `peak_memory_mb`: 20,000 frames, from wrapped positions: unwrapping, framework drift,
  mean squared displacements at all lags per ion and direction, D tensor, tracer and charge
  diffusivity, Haven ratio, conductivities, all with errors.
- `ratio_vs_diffusion_analyzer`: at the same number of frames, both from unwrapped displacements of
  all atoms, which is what that package takes.
- `ratio_vs_kinisi`: both from wrapped positions, at the number of frames `frames_kinisi`. It is
  small because kinisi takes a time that grows with the square of it; it is given arrays, so that
  its conversion of structures does not count.
- `streaming_seconds`, `streaming_memory_mb`: `frames_streaming` frames of the 60 ions, fed in
  blocks of 1,000, and the fit.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import psutil
from threadpoolctl import threadpool_limits

from perolyte.transport import fit_diffusivity
from perolyte.transport.conductivity import convert_to_conductivity
from perolyte.transport.diffusivity import fit_displacements
from perolyte.transport.positions import DriftRemover, Unwrapper
from perolyte.transport.streaming_msd import StreamingMSD

N_ATOMS, N_IONS = 300, 60
CELL_A, HOP_A, RATTLE_A = 15.0, 3.0, 0.2
HOPS_PER_FRAME = 0.02
FRAME_FS = 100.0
BLOCK_FRAMES = 500
IS_MOBILE = np.arange(N_ATOMS) < N_IONS
MASSES_AMU = np.where(IS_MOBILE, 6.94, 15.999)
FITTED = {"frame_interval_fs": FRAME_FS, "hop_distance_A": HOP_A}
BYTES_PER_MB = 1e6


def main() -> None:
    arguments = read_arguments()
    n_frames = arguments.frames
    n_kinisi, n_streaming = (600, 100_000) if arguments.quick else (1000, 1_000_000)
    whole = measure(lambda: time_whole(n_frames))
    ours = measure(lambda: time_from_displacements(n_frames))
    found: dict[str, Any] = {
        "frames": n_frames,
        "seconds": round(whole["cpu_s"], 3),
        "wall_seconds": round(whole["clock_s"], 3),
        "peak_memory_mb": round(whole["memory_mb"]),
        "seconds_from_displacements": round(ours["cpu_s"], 3),
    }
    print(f"perolyte: D {whole['value']:.4g} cm²/s")
    peers = {
        "diffusion_analyzer": (lambda: time_diffusion_analyzer(n_frames), ours),
        "kinisi": (lambda: time_kinisi(n_kinisi), measure(lambda: time_whole(n_kinisi))),
    }
    for name, (work, same) in peers.items():
        try:
            peer = measure(work)
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        found[f"seconds_{name}"] = round(peer["cpu_s"], 2)
        found[f"memory_mb_{name}"] = round(peer["memory_mb"])
        found[f"ratio_vs_{name}"] = round(peer["cpu_s"] / same["cpu_s"], 1)
        print(f"{name}: D {peer['value']:.4g} cm²/s, perolyte {same['value']:.4g} cm²/s")
    found["frames_kinisi"] = n_kinisi
    streaming = measure(lambda: time_streaming(n_streaming))
    found |= {
        "frames_streaming": n_streaming,
        "streaming_seconds": round(streaming["cpu_s"], 2),
        "streaming_memory_mb": round(streaming["memory_mb"]),
    }
    print(json.dumps(found))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer frames for kinisi and stream")
    parser.add_argument("--frames", type=int, default=20_000)
    return parser.parse_args()


def make_ions(rng: np.random.Generator, n_frames: int, start_A: Any = 0.0) -> np.ndarray:
    """Return (n_frames, n_ions, 3), Å, sites of hopping ions without rattle."""
    hops = rng.random((n_frames, N_IONS)) < HOPS_PER_FRAME
    frames, ions = np.nonzero(hops)
    steps = np.zeros((n_frames, N_IONS, 3))
    lengths = rng.choice([-HOP_A, HOP_A], size=len(frames))
    steps[frames, ions, rng.integers(3, size=len(frames))] = lengths
    return start_A + np.cumsum(steps, axis=0)


def make_atoms(n_frames: int) -> np.ndarray:
    """Return (n_frames, n_atoms, 3), Å, unwrapped."""
    rng = np.random.default_rng(0)
    atoms = RATTLE_A * rng.standard_normal((n_frames, N_ATOMS, 3))
    atoms[:, :N_IONS] += make_ions(rng, n_frames)
    atoms += CELL_A * rng.random((N_ATOMS, 3))
    return atoms


def time_whole(n_frames: int) -> dict[str, float]:
    scaled = make_atoms(n_frames)
    scaled /= CELL_A
    scaled %= 1.0

    def work() -> float:
        unwrapper, remover = Unwrapper(), DriftRemover(MASSES_AMU, IS_MOBILE)
        positions = np.empty((n_frames, N_IONS, 3))
        for first in range(0, n_frames, BLOCK_FRAMES):
            block = slice(first, first + BLOCK_FRAMES)
            path = remover.follow(unwrapper.follow(scaled[block]))
            positions[block] = path[:, IS_MOBILE] * CELL_A
        result = fit_diffusivity(positions, **FITTED)
        convert_to_conductivity(result, charge=1, volume_A3=CELL_A**3, temperature_K=800.0)
        return float(result.diffusivity_cm2_s or np.nan)

    return time_fastest(work, repeats=3)


def time_from_displacements(n_frames: int) -> dict[str, float]:
    displacements = make_atoms(n_frames)
    displacements -= displacements[:1].copy()
    weights = np.where(IS_MOBILE, 0.0, MASSES_AMU)
    weights /= weights.sum()

    def work() -> float:
        drift = weights @ displacements
        positions = displacements[:, :N_IONS] - drift[:, np.newaxis]
        return float(fit_diffusivity(positions, **FITTED).diffusivity_cm2_s or np.nan)

    return time_fastest(work, repeats=3)


def time_diffusion_analyzer(n_frames: int) -> dict[str, float]:
    from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
    from pymatgen.core import Lattice, Structure

    displacements = make_atoms(n_frames).transpose(1, 0, 2).copy()
    displacements -= displacements[:, :1].copy()
    species = ["Li"] * N_IONS + ["O"] * (N_ATOMS - N_IONS)
    structure = Structure(Lattice.cubic(CELL_A), species, np.zeros((N_ATOMS, 3)))

    def work() -> float:
        analyzer = DiffusionAnalyzer(structure, displacements, "Li", 800.0, int(FRAME_FS), 1)
        return float(analyzer.diffusivity)

    return time_fastest(work, repeats=1)


def time_kinisi(n_frames: int) -> dict[str, float]:
    import scipp
    from kinisi.diffusion_analyzer import DiffusionAnalyzer
    from kinisi.displacement import calculate_msd
    from kinisi.parser import Parser

    coordinates = make_atoms(n_frames) / CELL_A % 1.0
    femtosecond = scipp.Unit("fs")

    def work() -> float:
        parser = Parser(
            scipp.array(dims=["time", "particle", "dimension"], values=coordinates),
            scipp.array(
                dims=["time", "row", "column"],
                values=np.tile(CELL_A * np.eye(3), (n_frames, 1, 1)),
                unit="angstrom",
            ),
            FRAME_FS * femtosecond,
            1 * scipp.Unit("dimensionless"),
            specie_indices=scipp.array(dims=["particle"], values=np.flatnonzero(IS_MOBILE)),
            drift_indices=scipp.array(dims=["particle"], values=np.flatnonzero(~IS_MOBILE)),
        )
        analyzer = DiffusionAnalyzer(parser)
        analyzer._dg = calculate_msd(parser, progress=False)
        first_fs = FRAME_FS * n_frames / 20
        analyzer.diffusion(first_fs * femtosecond, progress=False)
        return float(np.mean(analyzer.D.values))

    return time_fastest(work, repeats=1)


def time_streaming(n_frames: int) -> dict[str, float]:
    rng = np.random.default_rng(1)
    StreamingMSD().add(np.zeros((2, 1, 3)))  # the kernel is compiled once per installation
    streaming, sites, cpu_s, clock_s = StreamingMSD(), np.zeros((1, N_IONS, 3)), 0.0, 0.0
    for _ in range(n_frames // 1000):
        sites = make_ions(rng, 1000, sites[-1:])
        block = sites + RATTLE_A * rng.standard_normal(sites.shape)
        added = time_fastest(lambda: streaming.add(block) or 0.0, repeats=1)  # noqa: B023
        cpu_s, clock_s = cpu_s + added["cpu_s"], clock_s + added["clock_s"]

    def work() -> float:
        run = streaming.result()
        return float(fit_displacements(run.ions, run.collective, **FITTED).diffusivity_cm2_s or 0)

    fitted = time_fastest(work, repeats=1)
    return fitted | {"cpu_s": cpu_s + fitted["cpu_s"], "clock_s": clock_s + fitted["clock_s"]}


def time_fastest(work: Callable[[], float], *, repeats: int) -> dict[str, float]:
    """Return the shortest processor and clock seconds, and the value."""
    cpu_s, clock_s = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(repeats):
            started_s, started_cpu_s = time.perf_counter(), time.process_time()
            value = work()
            clock_s.append(time.perf_counter() - started_s)
            cpu_s.append(time.process_time() - started_cpu_s)
    return {"cpu_s": min(cpu_s), "clock_s": min(clock_s), "value": value}


def measure(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Run a piece of work in a process of its own; add its peak memory above the start."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=run_child, args=(sender, work))
    process.start()
    sender.close()
    try:
        found = receiver.recv()
    except EOFError:
        sys.exit("a calculation ended without a result, out of memory perhaps")
    process.join()
    if isinstance(found, ImportError):
        raise found
    return found


def run_child(sender: Connection, work: Callable[[], dict[str, float]]) -> None:
    before_mb = psutil.Process().memory_info().rss / BYTES_PER_MB
    try:
        with threadpool_limits(1):
            found = work()
    except ImportError as error:
        sender.send(ImportError(str(error)))
        return
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / BYTES_PER_MB
    sender.send(found | {"memory_mb": max(0.0, peak_mb - before_mb)})


if __name__ == "__main__":
    main()
