"""The way of the ion in the figure of an energy map: sites, hops and bottlenecks.

Every part comes with the energy from which it is reached, so that it appears with its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse import MigrationEdge, PercolationResult, SiteNetwork
from perolyte.reports.bvse_crystal_traces import repeat_on_faces
from perolyte.reports.style import OKABE_ITO

__all__ = ["SAME_EV", "Level", "cut_to_cell", "draw_bottlenecks", "draw_hops", "draw_sites"]

FloatArray = NDArray[np.float64]

SAME_EV: Final = 0.005
"""Thresholds nearer to each other than this are one level."""
_STEP_A: Final = 0.25
_BESIDE: Final = 0.02
"""Fractional; a path so near to a face runs in it."""
_PATH: Final = OKABE_ITO["vermilion"]


@dataclass(frozen=True)
class Level:
    """An energy (eV, above the lowest of the map) with what is said of it."""

    energy_eV: float
    name: str
    text: str


def draw_sites(
    network: SiteNetwork, levels: Sequence[Level], lowest_eV: float
) -> list[tuple[float, Any]]:
    """Sites, in one trace for each level that they lie below; with the energy of that."""
    import plotly.graph_objects as go

    traces: list[tuple[float, Any]] = []
    below_eV = -math.inf
    for level in levels:
        top_eV = lowest_eV + level.energy_eV
        sites = [site for site in network.sites if below_eV < site.energy_eV <= top_eV]
        below_eV = top_eV
        if not sites:
            continue
        points, indices = repeat_on_faces(np.array([site.fractional for site in sites]))
        x, y, z = (points @ network.framework.lattice.matrix).T
        hover = [
            f"site {sites[i].index}: {sites[i].energy_eV - lowest_eV:.3f} eV above the lowest<br>"
            + ", ".join(f"{u:.3f}" for u in sites[i].fractional)
            for i in indices
        ]
        trace = go.Scatter3d(
            x=x,
            y=y,
            z=z,
            mode="markers",
            marker={"symbol": "diamond", "size": 5, "color": "black"},
            hovertext=hover,
            hoverinfo="text",
            name=f"site of {network.ion}",
            legendgroup="sites",
            showlegend=not traces,
        )
        traces.append((level.energy_eV, trace))
    return traces


def draw_hops(
    network: SiteNetwork, levels: Sequence[Level], lowest_eV: float
) -> list[tuple[float, Any]]:
    """Hops, in one trace for each threshold that they lie below; with the energy of that."""
    traces: list[tuple[float, Any]] = []
    named = [level for level in levels if level.name] or [levels[-1]]
    below_eV = -math.inf
    for index, level in enumerate(named):
        edges = [
            edge
            for edge in network.edges
            if edge.is_saddle and below_eV < edge.saddle_eV - lowest_eV <= level.energy_eV + SAME_EV
        ]
        below_eV = level.energy_eV + SAME_EV
        if edges:
            traces.append((level.energy_eV, _draw_some(network, edges, level, lowest_eV, index)))
    return traces


def _draw_some(
    network: SiteNetwork, edges: Sequence[MigrationEdge], level: Level, lowest_eV: float, index: int
) -> Any:
    import plotly.graph_objects as go

    matrix_A = np.asarray(network.framework.lattice.matrix, dtype=np.float64)
    pieces: list[Any] = []
    texts: list[str] = []
    for edge in edges:
        path = _skip_points(np.asarray(edge.path_fractional), matrix_A)
        text = (
            f"site {edge.start} to {edge.end}, cell {edge.image}<br>saddle "
            f"{edge.saddle_eV - lowest_eV:.3f} eV above the lowest<br>barrier "
            f"{edge.forward_eV:.3f} eV there, {edge.reverse_eV:.3f} eV back"
        )
        for piece in cut_to_cell(path):
            pieces += [*piece, [np.nan] * 3]
            said = [""] * (len(piece) + 1)
            said[len(piece) // 2] = text  # once: in each point it would be most of the file
            texts += said
    x, y, z = (np.array(pieces).reshape(-1, 3) @ matrix_A).T.astype(np.float32)
    dash = ("solid", "dash", "dot")[min(index, 2)]
    name = f"hops for {level.name}" if level.name else "hops"
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": _PATH, "width": 6 - index, "dash": dash},
        hovertext=texts,
        hoverinfo="text",
        name=f"{name}, up to {level.energy_eV:.2f} eV",
    )


def _skip_points(path: FloatArray, matrix_A: FloatArray) -> FloatArray:
    """Keep the ends and points so far from each other that a line does not show the voxels."""
    along_A = np.cumsum(np.linalg.norm(np.diff(path, axis=0) @ matrix_A, axis=1))
    marks = np.floor(np.concatenate([[0.0], along_A]) / _STEP_A)
    kept = np.concatenate([[True], np.diff(marks) > 0.0])
    kept[-1] = True
    return path[kept]


def cut_to_cell(path: FloatArray) -> list[FloatArray]:
    """Bring a path into the cell, as pieces that end on its faces.

    What winds around a face is shown on it, and on the one opposite.
    """
    pieces = []
    low = np.floor(path.min(axis=0) - _BESIDE).astype(int)
    high = np.floor(path.max(axis=0) + _BESIDE).astype(int)
    for cell in np.ndindex(*(high - low + 1)):
        shifted = path - (low + np.array(cell))
        inside = ((shifted > -_BESIDE) & (shifted < 1.0 + _BESIDE)).all(axis=1)
        runs = np.flatnonzero(np.diff(np.concatenate([[0], inside, [0]])))
        for begin, end in runs.reshape(-1, 2):
            piece = [*shifted[begin:end]]
            if begin > 0:
                piece.insert(0, _leave_cell(shifted[begin], shifted[begin - 1]))
            if end < len(path):
                piece.append(_leave_cell(shifted[end - 1], shifted[end]))
            found = np.clip(piece, 0.0, 1.0)
            if np.ptp(found, axis=0).max() > _BESIDE:  # more than a touch
                pieces.append(found)
    return pieces


def _leave_cell(inside: FloatArray, outside: FloatArray) -> FloatArray:
    """Return the point of a line at which it leaves the cell."""
    step = outside - inside
    room = np.where(step > 0.0, 1.0 - inside, -inside)
    moves = np.abs(step) > 0.0
    share = np.where(moves, room / np.where(moves, step, 1.0), 1.0)
    return np.asarray(inside + np.clip(share.min(), 0.0, 1.0) * step)


def draw_bottlenecks(
    percolation: PercolationResult, matrix_A: FloatArray
) -> list[tuple[float, Any]]:
    """Mark the highest point of the path in each number of dimensions, with its energy."""
    import plotly.graph_objects as go

    found: list[tuple[float, str, Any]] = []
    for dimensions in (1, 2, 3):
        point = percolation.critical_points_frac[dimensions]
        energy_eV = percolation.barriers_from_cell_minimum_eV[dimensions]
        if point is None:
            continue
        if found and energy_eV - found[-1][0] < SAME_EV:
            # the way into another direction by symmetry: one place stands for all
            found[-1] = (found[-1][0], f"{found[-1][1]}, {dimensions}D", found[-1][2])
        else:
            found.append((energy_eV, f"{dimensions}D", point))
    traces: list[tuple[float, Any]] = []
    for energy_eV, dimensions_text, point in found:
        points, _ = repeat_on_faces(np.array([point]))
        x, y, z = (points @ matrix_A).T
        text = f"{dimensions_text} {energy_eV:.2f} eV"
        trace = go.Scatter3d(
            x=x,
            y=y,
            z=z,
            mode="markers+text",
            marker={
                "symbol": "square",
                "size": 6,
                "color": _PATH,
                "line": {"color": "black", "width": 1},
            },
            text=[text] + [""] * (len(points) - 1),
            textposition="top center",
            textfont={"size": 14, "color": "#8A3B00"},
            hovertext=f"bottleneck {text}",
            hoverinfo="text",
            name="bottleneck",
            legendgroup="bottlenecks",
            showlegend=not traces,
        )
        traces.append((energy_eV, trace))
    return traces
