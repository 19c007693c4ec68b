"""How fast a microstructure of 256³ voxels is homogenised, and whether a finite-volume code agrees.

Grains of two phases, conductivities apart by the contrast, single precision, three directions,
error below 1e-3. First 256³ voxels at contrast 1e4: seconds of the solution, and the peak memory of
all that came before, grains included. Then, on 64³ voxels, iterations of contrasts from 10 to 1e4,
films of voxels around all grains at contrast 1e4, the hardest case, and thin boundaries as
laminates; from a profile on 128³ voxels where the time goes; and films of two voxels on 24³ voxels
with the same voxels divided by 2 and 4, in two schemes. Last fipy (finite volumes on the same
periodic voxels, conjugate gradients of its own) on 64³ voxels with films, against perolyte's scheme
of that kind: both solve to many more digits than a ceramic needs.

    python benchmarks/homogenisation.py [--quick] [--threads N]

The last line is one JSON object. Seconds are of processors unless named wall. Without fipy the
comparison is left out, and said so. --quick leaves 256³ out, and compares on 20³.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import time
from typing import Any

import numpy as np

from perolyte.mesoscale.microstructure import (
    assign_conductivity,
    effective_conductivity,
    generate_polycrystal,
)

CONTRASTS = (10.0, 100.0, 1e3, 1e4)
TOLERANCE = 1e-3
N_GRAINS = 100
PEER_CONTRAST = 100.0
PEER_TOLERANCE = 1e-8
"""Of the error of the conductivity here, of the residual there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without 256³, within 45 s")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    warm_up()
    result: dict[str, Any] = {"threads": arguments.threads}
    if not arguments.quick:
        # before anything else, so that the peak is its own
        result |= time_large(256, arguments.threads)
        result["shares"] = profile_solution(128)
    result |= sweep(64, arguments.threads)
    result["films_refined"] = refine(24, (1, 2) if arguments.quick else (1, 2, 4))
    result |= compare(20 if arguments.quick else 64)
    print(json.dumps(result))


def warm_up() -> None:
    """Compile, or load what was compiled before."""
    grains = generate_polycrystal((16, 16, 16), n_grains=4, grain_size_nm=100.0, seed=0)
    field = assign_conductivity(
        grains, bulk_S_cm=1.0, boundary_S_cm=0.1, boundary_thickness_nm=1.0
    ).conductivity
    scalar = boundary_voxels(grains.labels, 10.0)
    for precision in ("float32", "float64"):
        effective_conductivity(field, precision=precision)
        effective_conductivity(scalar, precision=precision)
    effective_conductivity(scalar, scheme="finite_volume")


def boundary_voxels(labels: np.ndarray, contrast: float) -> np.ndarray:
    """1 in grains, 1/contrast in the two voxels beside a boundary: closed films."""
    at_boundary = np.zeros(labels.shape, dtype=bool)
    for axis in range(3):
        differs = labels != np.roll(labels, -1, axis)
        at_boundary |= differs | np.roll(differs, 1, axis)
    return np.where(at_boundary, 1.0 / contrast, 1.0).astype(np.float32)


def timed(work: Any) -> tuple[Any, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - cpu, time.perf_counter() - wall


def solve(field: Any, n_threads: int, what: str) -> dict[str, Any]:
    found, cpu, wall = timed(
        lambda: effective_conductivity(
            field, precision="float32", tolerance=TOLERANCE, n_threads=n_threads
        )
    )
    print(
        f"{what}: {found.mean_S_cm:.5f}, {found.status}, iterations {found.n_iterations}, "
        f"{cpu:.1f} s of processors, {wall:.1f} s",
        flush=True,
    )
    return {
        "iterations": max(found.n_iterations),
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
    }


def make_grains(n: int, n_threads: int) -> Any:
    return generate_polycrystal(
        (n, n, n), n_grains=N_GRAINS, grain_size_nm=1000.0, seed=0, n_threads=n_threads
    )


def two_phases(labels: np.ndarray, contrast: float) -> np.ndarray:
    """Half of the grains conduct worse."""
    is_worse = np.random.default_rng(0).random(N_GRAINS) < 0.5
    return np.where(is_worse, 1.0 / contrast, 1.0).astype(np.float32)[labels]


def sweep(n: int, n_threads: int) -> dict[str, Any]:
    grains = make_grains(n, n_threads)
    iterations = {
        f"{contrast:g}": solve(
            two_phases(grains.labels, contrast), n_threads, f"{n}³, two phases, {contrast:g}"
        )["iterations"]
        for contrast in CONTRASTS
    }
    films = boundary_voxels(grains.labels, CONTRASTS[-1])
    made, cpu_made, _ = timed(
        lambda: assign_conductivity(
            grains,
            bulk_S_cm=1.0,
            boundary_S_cm=1.0 / CONTRASTS[-1],
            boundary_thickness_nm=1.0,
            n_threads=n_threads,
        )
    )
    laminates = solve(made.conductivity, n_threads, f"{n}³, laminates")
    return {
        "iterations": iterations,
        "iterations_films": solve(films, n_threads, f"{n}³, films")["iterations"],
        "iterations_laminates": laminates["iterations"],
        "assign_us_per_voxel": round(1e6 * cpu_made / n**3, 2),
    }


def time_large(n: int, n_threads: int) -> dict[str, Any]:
    field = two_phases(make_grains(n, n_threads).labels, CONTRASTS[-1])
    found = solve(field, n_threads, f"{n}³, two phases, {CONTRASTS[-1]:g}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {f"large_{key}": value for key, value in found.items()} | {
        "n_voxels": n**3,
        "peak_memory_mb": round(peak / 1024),
    }


def profile_solution(n: int) -> dict[str, float]:
    """Return the share of FFT and differences in a solution on one thread."""
    field = two_phases(make_grains(n, 1).labels, CONTRASTS[-1])
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    solve(field, 1, f"{n}³, two phases, {CONTRASTS[-1]:g}, profiled")
    profile.disable()
    seconds: dict[str, float] = {}
    for (_, _, name), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        # of a compiled function the name is "<built-in method module.name>"
        last = name.rstrip(">").rsplit(".", 1)[-1]
        seconds[last] = seconds.get(last, 0.0) + row[3]
    whole = seconds["effective_conductivity"]
    shares = {
        "fft": round((seconds["r2c"] + seconds["c2r"]) / whole, 2),
        "differences": round(seconds["apply"] / whole, 2),
        "products": round(seconds["dot"] / whole, 2),
    }
    print("shares: " + ", ".join(f"{part} {100 * share:.0f} %" for part, share in shares.items()))
    return shares


def refine(n: int, divisions: tuple[int, ...]) -> dict[str, list[float]]:
    """Solve the same films on finer and finer voxels: where two schemes go."""
    grains = generate_polycrystal((n, n, n), n_grains=5, grain_size_nm=1000.0, seed=1)
    films = boundary_voxels(grains.labels, PEER_CONTRAST)
    found: dict[str, list[float]] = {"finite_volume": [], "rotated": []}
    for division in divisions:
        fine = np.kron(films, np.ones((division,) * 3, np.float32))
        for scheme, values in found.items():
            result = effective_conductivity(
                fine, scheme=scheme, precision="float32", tolerance=TOLERANCE
            )
            values.append(round(result.mean_S_cm, 5))
    print(f"films of two voxels divided by {divisions}: {found}", flush=True)
    return found


def compare(n: int) -> dict[str, Any]:
    """Solve one direction with fipy on the same voxels."""
    try:
        import fipy
    except ImportError:
        print("fipy is not installed: no comparison (pip install 'perolyte[benchmark]')")
        return {}
    grains = generate_polycrystal((n, n, n), n_grains=5, grain_size_nm=1000.0, seed=1)
    field = boundary_voxels(grains.labels, PEER_CONTRAST).astype(np.float64)
    theirs, their_solve, their_cpu = solve_with_fipy(fipy, field)
    ours, our_cpu, _ = timed(
        lambda: effective_conductivity(field, scheme="finite_volume", tolerance=PEER_TOLERANCE)
    )
    value = ours.conductivity_S_cm[0, 0]
    # theirs is one direction, ours are three
    solving, all_in_all = their_solve / (our_cpu / 3), their_cpu / (our_cpu / 3)
    print(
        f"{n}³: fipy {theirs:.8f} in {their_solve:.1f} s of processors, {their_cpu:.1f} s with its "
        f"mesh; ours {value:.8f} in {our_cpu / 3:.2f} s per direction: ratio {solving:.1f}, with "
        f"the mesh {all_in_all:.1f}"
    )
    return {
        "n_voxels_vs_fipy": n**3,
        "difference_vs_fipy": float(f"{abs(value / theirs - 1):.1e}"),
        "cpu_ratio_vs_fipy": round(solving, 1),
        "cpu_ratio_vs_fipy_with_mesh": round(all_in_all, 1),
    }


def solve_with_fipy(fipy: Any, field: np.ndarray) -> tuple[float, float, float]:
    """Return the xx entry, and seconds of solving and of all.

    Solves div σ grad u = -div σ E on a periodic grid, faces in harmonic mean.
    """
    start = time.process_time()
    n = len(field)
    mesh = fipy.PeriodicGrid3D(nx=n, ny=n, nz=n)
    # fipy counts x fastest
    sigma = fipy.CellVariable(mesh=mesh, value=field.transpose(2, 1, 0).ravel())
    face = sigma.harmonicFaceValue
    u = fipy.CellVariable(mesh=mesh, value=0.0)
    applied = fipy.FaceVariable(mesh=mesh, rank=1, value=0.0)
    applied[0] = 1.0
    # the potential is free up to a constant, which the small term takes away
    equation = fipy.DiffusionTerm(coeff=face) + (face * applied).divergence
    equation -= fipy.ImplicitSourceTerm(coeff=1e-10)
    solver = fipy.LinearPCGSolver(tolerance=PEER_TOLERANCE, iterations=20_000)
    _, solving, _ = timed(lambda: equation.solve(var=u, solver=solver))
    current = np.asarray((face * (u.faceGrad + applied))[0])
    # the same through every plane of faces: one in the middle
    centres, normals = np.asarray(mesh.faceCenters), np.abs(np.asarray(mesh.faceNormals))
    middle = (normals[0] > 0.5) & (np.abs(centres[0] - n // 2) < 0.25)
    return float(current[middle].mean()), solving, time.process_time() - start


if __name__ == "__main__":
    main()
