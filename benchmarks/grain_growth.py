"""Whether simulated grains grow by the law of curvature, d² - d0² = K t, and what disturbs it.

Voronoi cells on 1024² voxels, 2,300 at the start, single precision, one seed or more. Two measures
of size over time: the mean area, the cell over the number of grains; and the square of the mean
intercept, which is smoother, for it does not jump when a grain vanishes. Curvature alone makes both
straight lines, once sizes over their mean no longer change. The exponent n of d^n = d0^n + K t is
fitted over a decade of the area, all seeds together, from where the Voronoi cells are forgotten.
The same fit to one mosaic of 300 grains on 384² and 512² voxels, and with half the step, shows
what the width of boundaries, the step and few grains do.

    python benchmarks/grain_growth.py [--quick] [--threads N] [--seeds N] [--redraw]

The last line is one JSON object; it and the curves go to docs/data/grain_growth.json, and a figure
to docs/figures/grain_growth.png. Growths that are in the file are not done again: with --redraw
none. Lengths are in voxels; mobility times energy of a boundary is one voxel² per unit of time.
Seconds are of processors: six minutes for each seed, one and a half for the mosaics. --quick takes
one small growth and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    GrainGrowthState,
    fit_growth_increments,
    generate_polycrystal,
    measure_grain_sizes,
    simulate_grain_growth,
    start_grain_growth,
)

KINETICS = BoundaryKinetics(energy_J_m2=1.0, mobility_m4_J_s=1e-18)
"""M γ is one nm²/s, and a voxel one nm."""
STEP = 0.4
N_BETWEEN = 40
"""Steps between looks at the grains."""
LARGE = {"n": 1024, "n_grains": 2300, "until": 110}
MOSAIC = {"n_grains": 300, "until": 60, "seed": 10}
MOSAICS = ((384, STEP), (512, STEP), (384, STEP / 2))
"""Voxels along an edge, and step."""
FORGOTTEN = 800.0
"""Mean area, in voxels, from which the spread of areas rises no more."""
TRANSIENT = 1.3
"""The same for a mosaic, over its first mean area: a compromise, for its growth is short."""
DECADE = 10.0
DOCS = Path(__file__).parents[1] / "docs"
DATA = DOCS / "data" / "grain_growth.json"
FIGURE = DOCS / "figures" / "grain_growth.png"

Curves = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one growth on 256², within 20 s")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=1, help="large growths")
    parser.add_argument("--redraw", action="store_true", help="from the curves in docs/data")
    arguments = parser.parse_args()
    if arguments.quick:
        run = grow(256, 150, until=15, seed=0, step=STEP, n_threads=arguments.threads)
        slope = fit_slope(*list_areas(run)[:2], 0.0, np.inf)
        print(json.dumps({"slope": round(slope, 3), "cpu_s": run["cpu_s"]}))
        return
    runs: list[Curves] = json.loads(DATA.read_text())["runs"] if DATA.exists() else []
    if not arguments.redraw:
        wanted = [{"n": n, **MOSAIC, "step": step} for n, step in MOSAICS]
        wanted += [{**LARGE, "seed": seed, "step": STEP} for seed in range(arguments.seeds)]
        for given in wanted:
            if not any(given.items() <= run.items() for run in runs):
                runs.append(grow(**given, n_threads=arguments.threads))
                write(runs, {})
    result = analyse(runs)
    write(runs, result)
    draw(runs, result)
    print(format_table(result))
    print(json.dumps(result))


def write(runs: list[Curves], result: dict[str, Any]) -> None:
    lines = ",\n".join(json.dumps(run) for run in runs)
    DATA.write_text(f'{{"result": {json.dumps(result)},\n"runs": [\n{lines}\n]}}\n')


def grow(n: int, n_grains: int, *, until: int, seed: int, step: float, n_threads: int) -> Curves:
    """Return the curves of one growth from ``n_grains`` to ``until`` on n² voxels."""
    size = float(np.sqrt(4.0 / np.pi * n * n / n_grains))
    grains = generate_polycrystal((n, n), n_grains=n_grains, grain_size_nm=size, seed=seed)
    state = start_grain_growth(grains, precision="float32")
    cpu = time.process_time()
    rows = [look(state)]
    while rows[-1][1] > until:
        state = simulate_grain_growth(
            state,
            KINETICS,
            n_steps=N_BETWEEN,
            step=step,
            record_every=N_BETWEEN,
            n_threads=n_threads,
        ).state
        rows.append(look(state))
    cpu_s = round(time.process_time() - cpu, 1)
    print(f"{n}², seed {seed}, step {step:g}: {state.n_steps} steps, {cpu_s} s", flush=True)
    names = ("time", "number", "intercept", "area_spread", "sides_variance")
    columns = [np.round(column, 4).tolist() for column in zip(*rows, strict=True)]
    return {
        "n": n,
        "n_grains": n_grains,
        "until": until,
        "seed": seed,
        "step": step,
        "cpu_s": cpu_s,
        "curves": dict(zip(names, columns, strict=True)),
    }


def look(state: GrainGrowthState) -> tuple[float, ...]:
    """Return time, number of grains, intercept, and spreads of areas and numbers of sides."""
    labels = state.grains.labels
    areas = np.bincount(labels.ravel())
    areas = areas[areas > 0]
    return (
        state.time_s,
        len(areas),
        measure_grain_sizes(state.grains).intercept_nm,
        float(areas.std() / areas.mean()),
        float(count_sides(labels).var()),
    )


def count_sides(labels: np.ndarray) -> np.ndarray:
    """Return the number of neighbours of each grain that is there."""
    pairs = []
    for axis in range(2):
        other = np.roll(labels, -1, axis)
        differs = labels != other
        pairs.append(np.sort(np.stack([labels[differs], other[differs]], 1), axis=1))
    counts = np.bincount(np.unique(np.concatenate(pairs), axis=0).ravel())
    return counts[np.unique(labels)]


def list_areas(*runs: Curves) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times and mean areas of runs together, from numbers of grains and from intercepts."""
    # a run ends when few grains are left: the earliest end is that of all
    length = min(len(run["curves"]["time"]) for run in runs)
    times, number, intercept = (
        np.array([run["curves"][name][:length] for run in runs])
        for name in ("time", "number", "intercept")
    )
    area = len(runs) * runs[0]["n"] ** 2 / number.sum(axis=0)
    # lengths of boundary add up, and intercepts are their inverse
    square = (1.0 / (1.0 / intercept).mean(axis=0)) ** 2
    # in units of the mean area, which it is a constant share of
    return times[0], area, square * np.exp(np.log(area / square).mean())


def fit_exponent(
    times: np.ndarray, area: np.ndarray, low: float, high: float
) -> tuple[float, float]:
    """Return n of d^n = d0^n + K t while the area, d², goes from low to high, and its error."""
    first, last = find_range(area, low, high)
    found = fit_growth_increments(times[first:last], np.sqrt(area[first:last]), n_dimensions=2)
    return found.exponent, found.exponent_std


def find_range(area: np.ndarray, low: float, high: float) -> tuple[int, int]:
    """Return where the area first reaches low, and one past where it first reaches high."""
    first, last = int(np.argmax(area >= low)), int(np.argmax(area >= high))
    return first, last + 1 if area[last] >= high else len(area)


def fit_slope(times: np.ndarray, area: np.ndarray, low: float, high: float) -> float:
    """Return d(area)/dt over M γ while the area goes from low to high."""
    first, last = find_range(area, low, high)
    return float(np.polyfit(times[first:last], area[first:last], 1)[0])


def analyse(runs: list[Curves]) -> dict[str, Any]:
    large = [run for run in runs if LARGE.items() <= run.items()]
    times, *areas = list_areas(*large)
    end = FORGOTTEN * DECADE
    first, last = find_range(areas[0], FORGOTTEN, end)
    number = np.sum([run["curves"]["number"][: len(times)] for run in large], axis=0)
    result: dict[str, Any] = {
        "n_large": len(large),
        "area_from_to": [FORGOTTEN, end],
        "n_grains_from_to": [int(number[first]), int(number[last - 1])],
    }
    for name, area in zip(("number", "intercept"), areas, strict=True):
        found = {
            "exponent": fit_exponent(times, area, FORGOTTEN, end),
            "exponent_from_start": fit_exponent(times, area, 0.0, DECADE * areas[0][0]),
        }
        result[name] = {key: [round(x, 3) for x in value] for key, value in found.items()}
        result[name]["slope"] = round(fit_slope(times, area, FORGOTTEN, end), 3)
    result["mosaic"] = []
    for run in runs:
        if not MOSAIC.items() <= run.items():
            continue
        times, *areas = list_areas(run)
        row: dict[str, Any] = {"n": run["n"], "step": run["step"]}
        begin = TRANSIENT * areas[0][0]
        row["widths_across"] = [
            round(float(np.sqrt(4 * area / np.pi)) / KINETICS.width_voxels, 1)
            for area in (areas[0][0], areas[0][-1])
        ]
        for name, area in zip(("number", "intercept"), areas, strict=True):
            row[name] = {
                "exponent": [round(x, 2) for x in fit_exponent(times, area, begin, np.inf)],
                "slope": round(fit_slope(times, area, begin, np.inf), 3),
            }
        result["mosaic"].append(row)
        print(row)
    return result


def format_table(result: dict[str, Any]) -> str:
    """Return the table of docs/microstructure.md."""
    lines = [
        "| size from | n | n from the very start | slope of the area over Mγ |",
        "|---|---|---|---|",
    ]
    for name, words in (("number", "the number of grains"), ("intercept", "the mean intercept")):
        row = result[name]
        both = ["{:.2f} ± {:.2f}".format(*row[key]) for key in ("exponent", "exponent_from_start")]
        lines.append(f"| {words} | {both[0]} | {both[1]} | {row['slope']:.2f} |")
    return "\n".join(lines)


def draw(runs: list[Curves], result: dict[str, Any]) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from perolyte.reports.figures import render_figure
    from perolyte.reports.grain_map_plot import draw_grains
    from perolyte.reports.style import GREY, OKABE_ITO, SETTINGS, add_note

    large = [run for run in runs if LARGE.items() <= run.items()]
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.6, 8.4), layout="constrained")
        (growth, spread), (before, after) = figure.subplots(2, 2)
        times, *areas = list_areas(*large)
        for name, area, color, line in (
            ("from the number of grains", areas[0], OKABE_ITO["blue"], "-"),
            ("from the mean intercept", areas[1], OKABE_ITO["vermilion"], "--"),
        ):
            growth.plot(times / 1e3, area, color=color, linestyle=line, label=name)
        first, last = find_range(areas[0], FORGOTTEN, FORGOTTEN * DECADE)
        rate, start = np.polyfit(times[first:last], areas[0][first:last], 1)
        growth.plot(
            times / 1e3,
            start + rate * times,
            color=GREY,
            linewidth=0.9,
            label=f"line through a decade, {rate:.2f} Mγ",
        )
        for area in (FORGOTTEN, FORGOTTEN * DECADE):
            growth.axhline(area, color=GREY, linestyle=":", linewidth=0.9)
        exponent, error = result["intercept"]["exponent"]
        growth.set(
            xlabel="time × Mγ (1000 voxels²)",
            ylabel="mean area (voxels²)",
            title=f"n = {exponent:.2f} ± {error:.2f} (intercept), between the dotted lines",
        )
        growth.legend()
        marks = zip(large, ("o", "s", "^", "D"), OKABE_ITO.values(), strict=False)
        for run, marker, color in marks:
            _, area, _ = list_areas(run)
            for name, fill in (("area_spread", color), ("sides_variance", "none")):
                spread.plot(
                    area[::4],
                    run["curves"][name][: len(area) : 4],
                    linestyle="none",
                    marker=marker,
                    color=color,
                    markerfacecolor=fill,
                    markersize=4.5,
                )
        spread.axvline(FORGOTTEN, color=GREY, linestyle=":", linewidth=0.9)
        spread.set(
            xscale="log",
            xlabel="mean area (voxels²)",
            ylabel="spread",
            ylim=(0.0, None),
        )
        for fill, label in ((GREY, "areas: std over mean"), ("none", "sides: variance")):
            spread.plot([], [], "o", color=GREY, markerfacecolor=fill, markersize=4.5, label=label)
        spread.legend(loc="lower right")
        state = start_grain_growth(
            generate_polycrystal((288, 288), n_grains=180, grain_size_nm=24.2, seed=2),
            precision="float32",
        )
        for axes, n_steps in ((before, 250), (after, 4200)):
            state = simulate_grain_growth(state, KINETICS, n_steps=n_steps, step=STEP).state
            draw_grains(axes, state.grains)
            axes.set(xlabel="x (voxels)", ylabel="y (voxels)")
            axes.set_title(f"in a smaller cell, {state.grains.n_grains} grains")
        together = f"{len(large)} cells together" if len(large) > 1 else "one cell"
        add_note(figure, f"Above: {together} of 1024² voxels, boundaries 6 voxels wide.")
        FIGURE.write_bytes(render_figure(figure, "png"))


if __name__ == "__main__":
    main()
