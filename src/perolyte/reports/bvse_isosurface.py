"""Where an ion can be in a crystal at each energy: a figure to turn around, in one HTML file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse import EnergyMap, PercolationResult, SiteNetwork
from perolyte.reports.bvse_crystal_traces import draw_atoms, draw_cell, draw_surface
from perolyte.reports.bvse_path_traces import (
    SAME_EV,
    Level,
    draw_bottlenecks,
    draw_hops,
    draw_sites,
)
from perolyte.reports.level_surface import LevelSurface, find_level_surface, thin_out
from perolyte.reports.style import GREY

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["choose_levels", "isosurface_figure", "isosurface_html"]

FloatArray = NDArray[np.float64]

MAX_SURFACE_BYTES: Final = 2_200_000
"""Of all surfaces together, in the file; the library that draws them has 4.8 MB."""
MAX_POINTS: Final = 64_000
"""Of the reduced grid, at first."""
_N_BELOW: Final = 3
"""Levels below the first threshold."""
_WORTH_A_LOOK_EV: Final = 0.2
"""Thresholds farther apart than this have a level between them."""
_BOX: Final = 1.95
"""Diagonal of the box of the cell in the units of plotly's camera."""
_CORNERS: Final = np.array(list(np.ndindex(2, 2, 2)), dtype=np.float64)


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
    surfaces = _find_surfaces(energies, [lowest_eV + level.energy_eV for level in levels])
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
    _arrange(
        figure,
        steps,
        start,
        title=title or _title(energies),
        percolation=percolation,
        matrix_A=matrix_A,
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
    page = figure.to_html(
        include_plotlyjs=True,
        full_html=True,
        div_id="energy-map",
        default_height="100vh",
        config={"displaylogo": False, "responsive": True},
    )
    name = title or _title(energies)
    # without the margin of a page, which would make it longer than the window
    head = f"<head><title>{_escape(name)}</title><style>body {{margin: 0}}</style>"
    return str(page).replace("<head>", head, 1)


def _describe_levels(percolation: PercolationResult) -> list[Level]:
    chosen = choose_levels(percolation.barriers_from_cell_minimum_eV)
    return [
        Level(energy_eV, name, f"{energy_eV:.2f}" + (f" ({name})" if name else ""))
        for energy_eV, name in chosen
    ]


def _title(energies: EnergyMap) -> str:
    formula = energies.structure.composition.reduced_formula
    return f"{energies.ion} in {formula} ({energies.convention} convention)"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# -- surfaces --------------------------------------------------------------------------------------


def _find_surfaces(energies: EnergyMap, levels_eV: Sequence[float]) -> list[LevelSurface]:
    """Surfaces on a grid as fine as the size of the file allows."""
    max_points = MAX_POINTS
    while True:
        thin = thin_out(energies.energies_eV, max_points)
        surfaces = [find_level_surface(thin, level_eV + 1e-6) for level_eV in levels_eV]
        n_bytes = sum(12 * len(s.points_frac) + 12 * len(s.triangles) for s in surfaces) * 4 / 3
        if n_bytes <= MAX_SURFACE_BYTES or max_points < 1000:
            return surfaces
        # areas go with the square of the number of points along an edge
        max_points = int(min(max_points, thin.size) * 0.9 * (MAX_SURFACE_BYTES / n_bytes) ** 1.5)


# -- layout ----------------------------------------------------------------------------------------


def _arrange(
    figure: Figure,
    steps: list[dict[str, Any]],
    start: int,
    *,
    title: str,
    percolation: PercolationResult,
    matrix_A: FloatArray,
) -> None:
    # the box of the cell fills the window, however long or flat it is
    corners_A = _CORNERS @ matrix_A
    low_A, extent_A = corners_A.min(axis=0), np.ptp(corners_A, axis=0)
    scene: dict[str, Any] = {
        f"{axis}axis": {
            "visible": False,
            "showbackground": False,
            "range": [float(low), float(low + extent)],
        }
        for axis, low, extent in zip("xyz", low_A, extent_A, strict=True)
    }
    scene["aspectmode"] = "manual"
    scene["aspectratio"] = _to_xyz(_BOX * extent_A / np.linalg.norm(extent_A))
    along = matrix_A / np.linalg.norm(matrix_A, axis=1)[:, None]
    views = {
        "free": (np.array([1.3, 0.74, 0.48]), np.array([0.0, 0.0, 1.0])),
        "along a": (along[0], along[2]),
        "along b": (along[1], along[2]),
        "along c": (along[2], along[1]),
    }
    buttons = [
        {
            "method": "relayout",
            "label": label,
            "args": [{"scene.camera.eye": _to_xyz(eye), "scene.camera.up": _to_xyz(up)}],
        }
        for label, (eye, up) in views.items()
    ]
    scene["camera"] = {
        "projection": {"type": "orthographic"},
        "eye": _to_xyz(views["free"][0]),
    }
    barriers = ", ".join(
        f"E<sub>{d}D</sub> {barrier:.2f} eV" if math.isfinite(barrier) else f"no {d}D path"
        for d, barrier in percolation.barriers_eV.items()
    )
    figure.update_layout(
        title={"text": f"{_escape(title)}<br><sup>{barriers}</sup>", "x": 0.02, "xanchor": "left"},
        font={"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": "#222222"},
        paper_bgcolor="white",
        margin={"l": 10, "r": 10, "t": 70, "b": 30},
        scene=scene,
        legend={"x": 0.99, "xanchor": "right", "y": 0.98, "bgcolor": "rgba(255,255,255,0.8)"},
        sliders=[
            {
                "active": start,
                "steps": steps,
                "currentvalue": {"prefix": "energy above the lowest (eV): "},
                "len": 0.9,
                "x": 0.05,
                "pad": {"t": 10, "b": 0},
            }
        ],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "buttons": buttons,
                "x": 0.02,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "top",
                "showactive": False,
            }
        ],
        annotations=[
            {
                "text": "click in the legend to hide or show; drag to turn",
                "showarrow": False,
                "xref": "paper",
                "yref": "paper",
                "x": 0.99,
                "y": 0.0,
                "xanchor": "right",
                "font": {"size": 11, "color": GREY},
            }
        ],
    )


def _to_xyz(vector: FloatArray) -> dict[str, float]:
    return dict(zip("xyz", (float(u) for u in vector), strict=True))
