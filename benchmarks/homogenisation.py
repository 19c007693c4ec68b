"""How fast a microstructure of 256³ voxels is homogenised, and whether a finite-volume code agrees.

Grains of two phases, conductivities apart by the contrast: iterations of contrasts from 10 to 1e4
on 64³ voxels, then seconds and peak memory for 256³ voxels at 1e4, three directions, single
precision, error below 1e-3. On 64³ voxels also films of voxels around all grains at contrast 1e4,
the hardest case, and thin boundaries as laminates. Then fipy (finite volumes on the same periodic
voxels, its own solver) on 32³ voxels, against perolyte's scheme of that kind and the rotated one.

    python benchmarks/homogenisation.py [--quick] [--threads N]

The last line is one JSON object. Seconds are of processors unless named wall. Without fipy the
comparison is left out, and said so. --quick leaves 256³ out and compares on 20³.
"""

from __future__ import annotations

import argparse
import json
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without 256³, within 45 s")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    warm_up()
    result = compare(20 if arguments.quick else 32)
    result |= sweep(64, arguments.threads)
    if not arguments.quick:
        result |= time_large(256, arguments.threads)
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


def compare(n: int) -> dict[str, Any]:
    """Solve one direction with fipy on the same voxels."""
    try:
        import fipy
    except ImportError:
        print("fipy is not installed: no comparison (pip install 'perolyte[benchmark]')")
        return {}
    grains = generate_polycrystal((n, n, n), n_grains=5, grain_size_nm=1000.0, seed=1)
    field = boundary_voxels(grains.labels, PEER_CONTRAST).astype(np.float64)
    theirs, their_cpu, _ = timed(lambda: solve_with_fipy(fipy, field))
    ours, our_cpu, _ = timed(lambda: effective_conductivity(field, scheme="finite_volume"))
    rotated = effective_conductivity(field)
    # theirs is one direction, ours are three
    value, turned = ours.conductivity_S_cm[0, 0], rotated.conductivity_S_cm[0, 0]
    ratio = their_cpu / (our_cpu / 3)
    print(
        f"{n}³: fipy {theirs:.6f} in {their_cpu:.1f} s of processors, ours {value:.6f} in "
        f"{our_cpu / 3:.2f} s per direction (ratio {ratio:.0f}); rotated scheme {turned:.6f}"
    )
    return {
        "difference_vs_fipy": float(f"{abs(value / theirs - 1):.2e}"),
        "difference_rotated_vs_fipy": float(f"{abs(turned / theirs - 1):.2e}"),
        "cpu_ratio_vs_fipy": round(ratio, 1),
    }


def solve_with_fipy(fipy: Any, field: np.ndarray) -> float:
    """Return the xx entry: div σ grad u = -div σ E on a periodic grid, faces in harmonic mean."""
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
    equation.solve(var=u, solver=fipy.LinearPCGSolver(tolerance=1e-10, iterations=20_000))
    current = np.asarray((face * (u.faceGrad + applied))[0])
    # the same through every plane of faces: one in the middle
    centres, normals = np.asarray(mesh.faceCenters), np.abs(np.asarray(mesh.faceNormals))
    middle = (normals[0] > 0.5) & (np.abs(centres[0] - n // 2) < 0.25)
    return float(current[middle].mean())


if __name__ == "__main__":
    main()
