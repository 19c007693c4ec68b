"""Where an ion can be in a crystal at each energy: a figure to turn around, in one HTML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perolyte.bvse import EnergyMap, PercolationResult, SiteNetwork
from perolyte.reports.bvse_crystal_traces import draw_atoms, draw_cell, draw_surface
from perolyte.reports.bvse_path_traces import (
    SAME_EV,
    Level,
    draw_bottlenecks,
    draw_hops,
    draw_sites,
)
from perolyte.reports.cell_page import arrange_cell, find_surfaces, make_page, make_slider

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["choose_levels", "isosurface_figure", "isosurface_html"]

MAX_POINTS: Final = 64_000
"""Of the reduced grid, at first."""
_N_BELOW: Final = 3
"""Levels below the first threshold."""
_WORTH_A_LOOK_EV: Final = 0.2
"""Thresholds farther apart than this have a level between them."""


def choose_levels(barriers_eV: Mapping[int, float]) -> list[tuple[float, str]]:
    """Choose the energies that are worth a look: the thresholds, and some below and between.

    Parameters
    ----------
    barriers_eV
        Thresholds in 1, 2 and 3 dimensions, above the lowest energy of the cell; inf for none.

    Returns
    -------
    list of tuple
        Energy in eV and the dimensions it opens, such as "1D, 2D", or "".

    Examples
    --------
    >>> choose_levels({1: 0.4, 2: 0.4, 3: 1.0})
    [(0.1, ''), (0.2, ''), (0.3, ''), (0.4, '1D, 2D'), (0.7, ''), (1.0, '3D')]
    """
    opened: list[tuple[float, list[str]]] = []
    for dimensions, barrier in sorted(barriers_eV.items()):
        if not math.isfinite(barrier):
            continue
        if opened and abs(opened[-1][0] - barrier) < SAME_EV:
            opened[-1][1].append(f"{dimensions}D")
        else:
            opened.append((barrier, [f"{dimensions}D"]))
    if not opened:
        return [(energy, "") for energy in (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)]
    first = opened[0][0]
    levels = [(first * (i + 1) / (_N_BELOW + 1), "") for i in range(_N_BELOW)]
    for index, (energy, names) in enumerate(opened):
        if index and energy - opened[index - 1][0] > _WORTH_A_LOOK_EV:
            levels.append((0.5 * (opened[index - 1][0] + energy), ""))
        levels.append((energy, ", ".join(names)))
    return [(round(energy, 6), names) for energy, names in levels]


def isosurface_figure(
    energies: EnergyMap,
    percolation: PercolationResult,
    network: SiteNetwork | None = None,
    *,
    title: str | None = None,
) -> Figure:
    """Draw the regions below each of some energies, with the framework, the sites and the paths.

    A slider moves through the energies, among them the thresholds of the endless paths; the legend
    hides and shows the rest. The grid is reduced so that the figure stays small; each point keeps
    the lowest energy around it, so that no passage is closed.

    Parameters
    ----------
    energies
        The map.
    percolation
        Its barriers.
    network
        Its sites and hops; without it neither is shown.
    title
        Above the figure; by default the formula, the ion and the convention.

    Returns
    -------
    plotly.graph_objects.Figure
        See :func:`isosurface_html` for a file.
    """
    import plotly.graph_objects as go

    levels = _describe_levels(percolation)
    matrix_A = np.asarray(energies.framework.lattice.matrix, dtype=np.float64)
    lowest_eV = percolation.minimum_eV
    # a hair above, so that the voxel of the bottleneck itself is inside
    heights_eV = [lowest_eV + level.energy_eV + 1e-6 for level in levels]
    surfaces = find_surfaces(energies.energies_eV, heights_eV, max_points=MAX_POINTS)
    start = next((i for i, level in enumerate(levels) if level.name), len(levels) // 2)
    figure = go.Figure()
    for index, (level, surface) in enumerate(zip(levels, surfaces, strict=True)):
        figure.add_trace(
            draw_surface(
                surface, matrix_A, name=f"below {level.energy_eV:.2f} eV", is_shown=index == start
            )
        )
    always: list[Any] = [draw_cell(matrix_A), *draw_atoms(energies.framework)]
    reached = draw_bottlenecks(percolation, matrix_A)
    if network is not None:
        reached += draw_sites(network, levels, lowest_eV)
        reached += draw_hops(network, levels, lowest_eV)
    figure.add_traces(always)
    for energy_eV, trace in reached:
        trace.visible = energy_eV <= levels[start].energy_eV + SAME_EV
        figure.add_trace(trace)
    # only what follows the level: what a reader has hidden in the legend stays hidden
    n_levels, n_reached = len(levels), len(reached)
    moved = [*range(n_levels), *range(n_levels + len(always), n_levels + len(always) + n_reached)]
    steps = []
    for index, level in enumerate(levels):
        shown = [i == index for i in range(n_levels)]
        shown += [energy_eV <= level.energy_eV + SAME_EV for energy_eV, _ in reached]
        steps.append(
            {"method": "restyle", "args": [{"visible": shown}, moved], "label": level.text}
        )
    barriers = ", ".join(
        f"E<sub>{d}D</sub> {barrier:.2f} eV" if math.isfinite(barrier) else f"no {d}D path"
        for d, barrier in percolation.barriers_eV.items()
    )
    arrange_cell(
        figure,
        matrix_A,
        title=title or _title(energies),
        subtitle=barriers,
        slider=make_slider(steps, start=start, prefix="energy above the lowest (eV): "),
    )
    return figure


def isosurface_html(
    energies: EnergyMap,
    percolation: PercolationResult,
    network: SiteNetwork | None = None,
    *,
    title: str | None = None,
) -> str:
    """Return the figure of :func:`isosurface_figure` as a page that needs no network."""
    figure = isosurface_figure(energies, percolation, network, title=title)
    return make_page(figure, title=title or _title(energies), div_id="energy-map")


def _describe_levels(percolation: PercolationResult) -> list[Level]:
    chosen = choose_levels(percolation.barriers_from_cell_minimum_eV)
    return [
        Level(energy_eV, name, f"{energy_eV:.2f}" + (f" ({name})" if name else ""))
        for energy_eV, name in chosen
    ]


def _title(energies: EnergyMap) -> str:
    formula = energies.structure.composition.reduced_formula
    return f"{energies.ion} in {formula} ({energies.convention} convention)"
