"""Barriers of an ion on its way through a crystal: the energy along it, and the map of its hops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from perolyte.bvse import MigrationEdge, PercolationResult, SiteNetwork
from perolyte.reports.bvse_crystal_traces import MAX_LABELS, repeat_on_faces
from perolyte.reports.bvse_path_traces import SAME_EV, cut_to_cell
from perolyte.reports.bvse_profile import EndlessPath, find_endless_path
from perolyte.reports.style import (
    GREY,
    OKABE_ITO,
    add_note,
    plain_text,
    say_missing,
    with_style,
)

__all__ = ["network_figure"]

FloatArray = NDArray[np.float64]

_COLORS: Final = (OKABE_ITO["blue"], OKABE_ITO["vermilion"], OKABE_ITO["green"])
_LINES: Final = ("-", "--", "-.")
_MAX_SITE_NAMES: Final = 14
_SAME_PLACE_A: Final = 0.3


@with_style
def network_figure(
    network: SiteNetwork, percolation: PercolationResult, *, title: str = ""
) -> Figure:
    """Draw the energy along the endless paths, and the hops as seen along the shortest axis.

    Parameters
    ----------
    network
        Sites and hops, looked for at least up to the thresholds.
    percolation
        Barriers of the same map.
    title
        Above the figure.

    Returns
    -------
    matplotlib.figure.Figure
        With no endless path, the left part says so in words.
    """
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    profile, plan = figure.subplots(1, 2, width_ratios=(1.1, 1.0))
    paths = _list_paths(network, percolation)
    _draw_profile(profile, paths, percolation)
    _draw_plan(figure, plan, network, percolation)
    if title:
        figure.suptitle(plain_text(title), x=0.01, ha="left", fontsize=11)
    add_note(
        figure,
        "Barriers of a rigid framework, for ranking and for finding paths; they are no activation "
        "energies.",
    )
    return figure


# -- profile ---------------------------------------------------------------------------------------


def _list_paths(
    network: SiteNetwork, percolation: PercolationResult
) -> list[tuple[str, float, EndlessPath | None]]:
    """Paths of different thresholds: the dimensions they open, the barrier, the path."""
    found: list[tuple[str, float, EndlessPath | None]] = []
    before: tuple[tuple[int, int, int], ...] = ()
    for dimensions in (1, 2, 3):
        threshold_eV = percolation.thresholds_eV[dimensions]
        if not math.isfinite(threshold_eV):
            break
        previous_eV = percolation.thresholds_eV[dimensions - 1] if dimensions > 1 else -math.inf
        if threshold_eV - previous_eV < SAME_EV:
            names, barrier_eV, path = found[-1]
            found[-1] = (f"{names}, {dimensions}D", barrier_eV, path)
        else:
            path = find_endless_path(network, threshold_eV, not_along=before)
            found.append((f"{dimensions}D", percolation.barriers_eV[dimensions], path))
        before = percolation.directions[dimensions]
    return found


def _draw_profile(
    axes: Axes,
    paths: Sequence[tuple[str, float, EndlessPath | None]],
    percolation: PercolationResult,
) -> None:
    drawn = [(names, barrier_eV, path) for names, barrier_eV, path in paths if path is not None]
    axes.set_title("One period of the endless path", loc="left")
    axes.set(xlabel="Distance along the path (Å)", ylabel="Energy above the lowest site (eV)")
    axes.tick_params(top=True, right=True)
    if not drawn:
        reason = "; ".join(percolation.reasons) or "the paths wind through more than six cells"
        say_missing(axes, f"No endless path to show:\n{reason}.")
        return
    for index, (names, barrier_eV, path) in enumerate(drawn):
        zero_eV = percolation.component_minima_eV[int(names[0])]
        color = _COLORS[index % len(_COLORS)]
        direction = " ".join(str(u).replace("-", "−") for u in path.winding)
        axes.plot(
            path.distance_A,
            path.energy_eV - zero_eV,
            color=color,
            linestyle=_LINES[index % len(_LINES)],
            label=f"{names}: {barrier_eV:.2f} eV, along [{direction}]",
        )
        axes.axhline(barrier_eV, color=color, linewidth=0.8, linestyle=":", zorder=0)
        _mark_sites(axes, path, zero_eV, color)
    top_eV = max(barrier_eV for _, barrier_eV, _ in drawn)
    axes.set_ylim(-0.08 * top_eV, (1.12 + 0.09 * len(drawn)) * top_eV)
    axes.margins(x=0.02)
    axes.legend(loc="upper left", borderaxespad=0.3)


def _mark_sites(axes: Axes, path: EndlessPath, zero_eV: float, color: str) -> None:
    """Mark the sites on the way, with their numbers while there is room."""
    at = np.searchsorted(path.distance_A, np.array(path.site_distances_A) - 1e-6)
    at = np.clip(at, 0, len(path.distance_A) - 1)
    energies = path.energy_eV[at] - zero_eV
    axes.plot(path.distance_A[at], energies, "o", color=color, markersize=4.5)
    if len(path.site_indices) > _MAX_SITE_NAMES:
        return
    for index, x, y in zip(path.site_indices, path.distance_A[at], energies, strict=True):
        axes.annotate(
            f"{index}",
            (x, y),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
            color=color,
        )


# -- plan ------------------------------------------------------------------------------------------


def _draw_plan(
    figure: Figure, axes: Axes, network: SiteNetwork, percolation: PercolationResult
) -> None:
    """Draw cell, atoms, hops (colour: height of the saddle) and sites, projected."""
    matrix_A = np.asarray(network.framework.lattice.matrix, dtype=np.float64)
    axis = _choose_axis(network)
    plane = _project(matrix_A, axis)
    axes.set_title(f"Hops, seen along {'abc'[axis]}", loc="left")
    axes.set(xlabel="Å", ylabel="Å", aspect="equal")
    axes.tick_params(top=True, right=True)
    edges = _list_hops(network, percolation)
    second, third = plane[(axis + 1) % 3], plane[(axis + 2) % 3]
    outline = np.array([0 * second, second, second + third, third, 0 * second])
    axes.plot(*outline.T, color=GREY, linewidth=0.8)
    _draw_atoms(axes, network, plane)
    if edges:
        _draw_edges(figure, axes, edges, plane, percolation.minimum_eV)
    top_eV = max((edge.saddle_eV for edge in edges), default=percolation.minimum_eV)
    sites = [site for site in network.sites if site.energy_eV <= top_eV]
    if sites:
        points, indices = repeat_on_faces(np.array([site.fractional for site in sites]))
        x, y = (points @ plane).T
        axes.plot(x, y, "D", color="black", markersize=4, zorder=4)
        if len(sites) <= _MAX_SITE_NAMES:
            _name_once(axes, points @ plane, [str(sites[i].index) for i in indices])
    axes.margins(0.1)


def _choose_axis(network: SiteNetwork) -> int:
    """Return the shortest axis of the cell: the view with the fewest things behind each other."""
    return int(np.argmin(np.round(network.framework.lattice.abc, 3)))


def _project(matrix_A: FloatArray, axis: int) -> FloatArray:
    """(3, 2) matrix from fractional coordinates to the plane of the drawing, Å."""
    away = matrix_A[axis] / np.linalg.norm(matrix_A[axis])
    right = matrix_A[(axis + 1) % 3] - (matrix_A[(axis + 1) % 3] @ away) * away
    right /= np.linalg.norm(right)
    return np.asarray(matrix_A @ np.stack([right, np.cross(away, right)], axis=1))


def _list_hops(network: SiteNetwork, percolation: PercolationResult) -> list[MigrationEdge]:
    """Hops up to the highest threshold, highest first; where nothing percolates, all of them."""
    finite = [value for value in percolation.thresholds_eV.values() if math.isfinite(value)]
    top_eV = max(finite) + SAME_EV if finite else math.inf
    hops = [edge for edge in network.edges if edge.is_saddle and edge.saddle_eV <= top_eV]
    return sorted(hops, key=lambda edge: (-edge.saddle_eV, edge.index))


def _draw_edges(
    figure: Figure,
    axes: Axes,
    edges: Sequence[MigrationEdge],
    plane: FloatArray,
    lowest_eV: float,
) -> None:
    """Draw hops as they run through the cell: low saddles dark, thick and on top."""
    heights = np.array([edge.saddle_eV - lowest_eV for edge in edges])
    low, high = float(heights.min()), float(heights.max())
    # one height alone has no scale: it then is the dark end
    norm = Normalize(low, high if high - low > SAME_EV else low + 1.0)
    colors = mpl.colormaps["cividis"]
    lines, looks, widths = [], [], []
    for edge, height in zip(edges, heights, strict=True):
        share = float(norm(height))
        for piece in cut_to_cell(np.asarray(edge.path_fractional)):
            lines.append(piece @ plane)
            looks.append(colors(0.9 * share))
            widths.append(2.6 - 1.4 * share)
    axes.add_collection(LineCollection(lines, colors=looks, linewidths=widths, zorder=3))
    if high - low > SAME_EV:
        shown = mpl.colors.ListedColormap(colors(np.linspace(0.0, 0.9, 256)))
        bar = figure.colorbar(ScalarMappable(norm, shown), ax=axes, pad=0.02, fraction=0.05)
        bar.set_label("Saddle above the lowest site (eV)")
    else:
        axes.set_title(f"{axes.get_title('left')}; all saddles at {low:.2f} eV", loc="left")


def _draw_atoms(axes: Axes, network: SiteNetwork, plane: FloatArray) -> None:
    """Draw the framework in grey, behind all else: cations dark and large, anions light."""
    framework = network.framework
    points, indices = repeat_on_faces(framework.frac_coords)
    is_cation = np.array([_is_cation(framework[int(index)]) for index in indices])
    symbols = [framework[int(index)].species.elements[0].symbol for index in indices]
    x, y = (points @ plane).T
    looks: list[tuple[NDArray[np.bool_], str, float]] = [
        (~is_cation, "#E3E3E3", 9.0),
        (is_cation, "#B5B5B5", 12.0),
    ]
    for chosen, color, size in looks:
        axes.plot(
            x[chosen],
            y[chosen],
            "o",
            color=color,
            markersize=size,
            markeredgecolor="white",
            zorder=1,
        )
    if len(points) <= MAX_LABELS:
        _name_once(axes, points @ plane, symbols, is_site=False)


def _is_cation(site: Any) -> bool:
    return sum(float(s.oxi_state) * float(share) for s, share in site.species.items()) > 0.0


def _name_once(
    axes: Axes, places: FloatArray, names: Sequence[str], *, is_site: bool = True
) -> None:
    """Write names beside points, one for each place: what lies behind it stays without."""
    taken: set[tuple[int, int]] = set()
    for (x, y), name in zip(places, names, strict=True):
        key = (round(x / _SAME_PLACE_A), round(y / _SAME_PLACE_A))
        if key in taken:
            continue
        taken.add(key)
        axes.annotate(
            name,
            (x, y),
            xytext=(4, 4) if is_site else (0, 0),
            textcoords="offset points",
            ha="left" if is_site else "center",
            va="bottom" if is_site else "center",
            fontsize=8 if is_site else 7,
            color="black" if is_site else "#555555",
            zorder=5 if is_site else 2,
            annotation_clip=False,
        )
