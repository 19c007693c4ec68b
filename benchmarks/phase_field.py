"""How fast grains grow on 1024² voxels, in how much memory, and where the time goes.

2,000 steps with 100 grains at the start, in single precision: seconds and peak memory of the run,
and the share of its parts from a profile of the same steps. Then the seconds of a step in double
precision, and with 1,200 grains, both over 50 steps: grains share order parameters, so that
twelve times as many grains do not take twelve times as long.

    python benchmarks/phase_field.py [--quick] [--threads N]

The last line is one JSON object. Seconds are of processors unless named wall. --quick takes 200
steps on 512² voxels.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import time
from typing import Any

from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    generate_polycrystal,
    simulate_grain_growth,
    start_grain_growth,
)

KINETICS = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
PARTS = {
    "fft": ("r2c", "c2r"),
    "reaction": ("react",),
    "telling grains apart": ("follow_grains",),
    "records": ("record",),
}
"""Functions of a profile by what they do; the last two with all that they call."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="512² and 200 steps, within 15 s")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    n, n_steps = (512, 200) if arguments.quick else (1024, 2000)
    # compile, or load what was compiled before
    for precision in ("float32", "float64"):
        grow(64, 8, n_steps=50, precision=precision, n_threads=1)
    result = {"n_voxels": n * n, "n_steps": n_steps, "threads": arguments.threads}
    result |= time_long(n, n_steps, arguments.threads)
    few = 50
    for name, n_grains, precision in (
        ("float64_ms_per_step", 100, "float64"),
        ("1200_grains_ms_per_step", 1200 if n == 1024 else 300, "float32"),
    ):
        _, cpu, _ = grow(n, n_grains, n_steps=few, precision=precision, n_threads=arguments.threads)
        result[name] = round(1e3 * cpu / few, 1)
        print(f"{name}: {result[name]}")
    print(json.dumps(result))


def time_long(n: int, n_steps: int, n_threads: int) -> dict[str, Any]:
    """Time the run, then profile a part of it: a profile slows what it sees."""
    found, cpu, wall = grow(n, 100, n_steps=n_steps, precision="float32", n_threads=n_threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{n}², {n_steps} steps, {found.n_grains[0]} to {found.n_grains[-1]} grains: {cpu:.1f} s "
        f"of processors, {wall:.1f} s wall, {peak / 1024:.0f} MB; energy falls: "
        f"{found.is_monotonic}",
        flush=True,
    )
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    grow(n, 100, n_steps=100, precision="float32", n_threads=1)
    profile.disable()
    return {
        "n_grains": [int(found.n_grains[0]), int(found.n_grains[-1])],
        "n_parameters": len(found.state.fields),
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
        "peak_memory_mb": round(peak / 1024),
        "shares": divide(pstats.Stats(profile)),
    }


def grow(
    n: int, n_grains: int, *, n_steps: int, precision: Any, n_threads: int
) -> tuple[Any, float, float]:
    """Return a growth, its seconds of processors and of the clock, without making the grains."""
    grains = generate_polycrystal((n, n), n_grains=n_grains, grain_size_nm=1000.0, seed=0)
    state = start_grain_growth(grains, precision=precision)
    cpu, wall = time.process_time(), time.perf_counter()
    found = simulate_grain_growth(state, KINETICS, n_steps=n_steps, step=0.4, n_threads=n_threads)
    return found, time.process_time() - cpu, time.perf_counter() - wall


def divide(profile: pstats.Stats) -> dict[str, float]:
    """Return the share of each part in the time of the simulation."""
    seconds: dict[str, float] = {}
    for (_, _, name), row in profile.stats.items():  # type: ignore[attr-defined]
        # of a compiled function the name is "<built-in method module.name>"
        last = name.rstrip(">").rsplit(".", 1)[-1]
        seconds[last] = seconds.get(last, 0.0) + row[3]
    whole = seconds["simulate_grain_growth"]
    shares = {
        part: round(sum(seconds.get(name, 0.0) for name in names) / whole, 2)
        for part, names in PARTS.items()
    }
    print("shares: " + ", ".join(f"{part} {100 * share:.0f} %" for part, share in shares.items()))
    return shares


if __name__ == "__main__":
    main()
