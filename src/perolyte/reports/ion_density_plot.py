"""Where ions were seen in the cell, projected on paper."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from perolyte.reports.cell_projection import draw_outline, project_cell
from perolyte.reports.style import add_note, plain_text, say_missing, with_style
from perolyte.schemas import IonDensity, IonPathsDoc

__all__ = ["ion_density_figure"]

FloatArray = NDArray[np.float64]

_DECADES: Final = 3.0
"""Shown below the highest column."""


@with_style
def ion_density_figure(document: IonPathsDoc, *, title: str = "") -> Figure:
    """Draw the density of the ions summed along each of the three axes, on one scale.

    Parameters
    ----------
    document
        With its density.
    title
        Above the figure; by default ion, name and temperature.

    Returns
    -------
    matplotlib.figure.Figure
        Without a density it says so in words.
    """
    heading = title or f"{document.mobile_ion} in {document.name}, {document.temperature_K:g} K"
    if document.density is None:
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        say_missing(figure.subplots(), "No density to show:\nthe document came without it.")
        return figure
    cell_A = np.array(document.density.cell_A)
    planes = [project_cell(cell_A, axis) for axis in range(3)]
    extents = [np.ptp(_list_corners(plane), axis=0) for plane in planes]
    figure = Figure(figsize=(11.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3, width_ratios=[float(extent[0]) for extent in extents])
    columns = [_sum_columns(document.density, axis) for axis in range(3)]
    highest = max(float(column.max()) for column in columns)
    lowest = min(float(column[column > 0.0].min()) for column in columns)
    norm = LogNorm(min(max(highest / 10**_DECADES, lowest), 0.5 * highest), highest)
    for axis, (axes, column, plane) in enumerate(zip(panels, columns, planes, strict=True)):
        _draw_columns(axes, column, plane, axis, norm)
        _mark_sites(axes, document, plane)
        axes.set_title(f"along {'abc'[axis]}", loc="left")
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(norm, mpl.colormaps["cividis_r"]),
        ax=list(panels),
        pad=0.01,
        fraction=0.03,
    )
    bar.set_label("Ions per area (1/Å²)")
    figure.suptitle(plain_text(heading), x=0.01, ha="left", fontsize=11)
    add_note(
        figure,
        f"Summed along each axis over {document.run_length_ps:.4g} ps; white: no ion was seen. "
        "Crosses: sites.",
    )
    return figure


def _list_corners(plane: FloatArray) -> FloatArray:
    return np.array(list(np.ndindex(2, 2, 2))) @ plane


def _sum_columns(density: IonDensity, axis: int) -> FloatArray:
    """Return ions per Å² seen along an axis; the next axis of the cell is the first index."""
    counts = density.grid()
    summed = counts.sum(axis=axis)
    if axis == 1:  # a and c are left; c comes first, as in the drawing
        summed = summed.T
    plane = project_cell(np.array(density.cell_A), axis)
    u, v = plane[(axis + 1) % 3], plane[(axis + 2) % 3]
    area_A2 = abs(float(u[0] * v[1] - u[1] * v[0])) / summed.size
    return np.asarray(summed * (density.n_ions / (counts.sum() * area_A2)))


def _draw_columns(
    axes: Axes, column: FloatArray, plane: FloatArray, axis: int, norm: LogNorm
) -> None:
    u, v = plane[(axis + 1) % 3], plane[(axis + 2) % 3]
    n_u, n_v = column.shape
    # a voxel has its middle at i/n: the first one is half on the other side of the cell
    wide = np.pad(column, ((0, 1), (0, 1)), mode="wrap")
    first = (np.arange(n_u + 2) - 0.5) / n_u
    second = (np.arange(n_v + 2) - 0.5) / n_v
    x, y = np.moveaxis(first[:, None, None] * u + second[None, :, None] * v, -1, 0)
    mesh = axes.pcolormesh(
        x,
        y,
        np.ma.masked_less_equal(wide, 0.0),
        norm=norm,
        cmap="cividis_r",
        rasterized=True,
        zorder=1,
    )
    draw_outline(axes, plane, axis)
    corners = np.array([0 * u, u, u + v, v])
    mesh.set_clip_path(mpl.path.Path(corners), axes.transData)
    low, high = corners.min(axis=0), corners.max(axis=0)
    edge = 0.02 * float((high - low).max())
    axes.set(xlim=(low[0] - edge, high[0] + edge), ylim=(low[1] - edge, high[1] + edge))


def _mark_sites(axes: Axes, document: IonPathsDoc, plane: FloatArray) -> None:
    if not document.sites:
        return
    x, y = (np.array([site.fractional for site in document.sites]) @ plane).T
    axes.plot(x, y, "+", color="black", markersize=5, markeredgewidth=0.8, zorder=4)
