"""Grains of a microstructure, what they conduct together, and where the current flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.reports.grain_map_plot import (
    draw_boundaries,
    draw_grains,
    find_extent,
    find_plane,
    lay_rows,
)
from perolyte.reports.style import (
    GREY,
    OKABE_ITO,
    add_note,
    plain_text,
    say_missing,
    with_style,
)
from perolyte.schemas import MicrostructureDoc

if TYPE_CHECKING:
    # compiled code, which reports of campaigns do not need
    from perolyte.mesoscale.microstructure import GrainMap

__all__ = ["current_figure", "microstructure_figure"]

_AXES: Final = "xyz"


@with_style
def microstructure_figure(document: MicrostructureDoc, *, title: str = "") -> Figure:
    """Draw the grains, in a cut through the middle, and the conductivity between its bounds.

    Parameters
    ----------
    document
        With its large data; without them the grains are said to be missing.
    title
        Above the figure; by default the name of the document.

    Returns
    -------
    matplotlib.figure.Figure
        A conductivity that did not converge is said to be missing, with the reason.
    """
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
    figure.suptitle(plain_text(title or document.name), x=0.01, ha="left", fontsize=11)
    if document.grains is None:
        say_missing(left, "No grains to show:\nthe document was read without its large data.")
    else:
        from perolyte.mesoscale.microstructure import GrainMap

        grains = GrainMap(document.grains.labels(), document.grains.voxel_nm)
        draw_grains(left, grains)
    if document.conductivity_S_cm is None:
        say_missing(right, "\n".join(["No conductivity:", *document.reasons]))
    else:
        _draw_bounds(right, document)
    sizes = document.sizes
    add_note(
        figure,
        f"{sizes.n_grains} grains of {sizes.mean_nm:.3g} nm (mean of equivalent diameters)"
        + (", one plane of the cell." if document.settings.n_dimensions == 3 else "."),
    )
    return figure


@with_style
def current_figure(
    grains: GrainMap,
    current_A_cm2: ArrayLike,
    *,
    axis: int = 0,
    smooth_voxels: int = 7,
    title: str = "",
) -> Figure:
    """Draw grains beside the density of the current, relative to its mean, with its lines.

    Parameters
    ----------
    grains
        Seen in a cut through the middle of the last axis, where there are three.
    current_A_cm2
        (d, n_x, n_y[, n_z]), of :func:`~perolyte.mesoscale.microstructure.current_density` on the
        voxels of the grains.
    axis
        Of the applied field, 0 or 1: one that lies in the cut.
    smooth_voxels
        Voxels along an edge over which the current is averaged, 1 for none. By default the width
        over which :func:`~perolyte.mesoscale.microstructure.assign_conductivity` spreads thin
        boundaries: inside it the current is that of the spreading.
    title
        Above the figure.

    Returns
    -------
    matplotlib.figure.Figure
        Lines follow the current in the cut.

    Raises
    ------
    InputError
        For a current on other voxels, an axis across the cut, or no voxel to average over.
    """
    current = np.asarray(current_A_cm2, dtype=np.float64)
    if current.shape != (grains.n_dimensions, *grains.labels.shape):
        raise InputError(
            f"the current has the shape {current.shape}; for these grains give "
            f"{(grains.n_dimensions, *grains.labels.shape)}"
        )
    if axis not in (0, 1):
        raise InputError(f"axis is {axis}; give 0 or 1, in the plane that is drawn")
    if not smooth_voxels >= 1:
        raise InputError(f"smooth_voxels is {smooth_voxels}; give 1 or more voxels")
    mean = float(current[axis].mean())
    if not mean > 0:
        raise InputError(f"the mean current along axis {axis} is {mean:g} A/cm²; take its own axis")
    shown = _cut(_smooth(current / mean, smooth_voxels))
    figure = Figure(figsize=(9.8, 4.9), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    figure.suptitle(plain_text(title), x=0.01, ha="left", fontsize=11)
    draw_grains(left, grains)
    extent, _ = find_extent(grains)
    image = right.imshow(
        lay_rows(np.sqrt((shown**2).sum(axis=0))),
        origin="lower",
        extent=extent,
        cmap="cividis",
        vmin=0.0,
        interpolation="nearest",
    )
    draw_boundaries(right, find_plane(grains), extent)
    _draw_lines(right, shown, extent)
    right.set(xlabel=left.get_xlabel())
    figure.colorbar(image, ax=right, label="current density over its mean")
    over = f" Averaged over {smooth_voxels} voxels." if smooth_voxels > 1 else ""
    add_note(figure, f"Field along {_AXES[axis]}. White: lines of the current.{over}")
    return figure


def _cut(values: NDArray[Any]) -> NDArray[Any]:
    """Return (d, n_x, n_y) of a current: in three dimensions in the middle of the last axis."""
    return values[..., values.shape[-1] // 2] if values.ndim == 4 else values


def _smooth(current: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    from scipy.ndimage import uniform_filter

    # the cell repeats
    return np.stack([uniform_filter(component, n, mode="wrap") for component in current])


def _draw_lines(
    axes: Axes, current: NDArray[np.float64], extent: tuple[float, float, float, float]
) -> None:
    n_x, n_y = current.shape[1:]
    x = (np.arange(n_x) + 0.5) * extent[1] / n_x
    y = (np.arange(n_y) + 0.5) * extent[3] / n_y
    axes.streamplot(
        x,
        y,
        current[0].T,
        current[1].T,
        color="white",
        linewidth=0.7,
        arrowsize=0.7,
        density=1.3,
    )
    axes.set(xlim=extent[:2], ylim=extent[2:])


def _draw_bounds(axes: Axes, document: MicrostructureDoc) -> None:
    tensor = np.asarray(document.conductivity_S_cm)
    bounds = document.bounds
    rows: list[tuple[str, NDArray[Any], NDArray[Any] | None]] = [
        (
            "Wiener, of the voxels",
            np.diag(np.asarray(bounds.wiener_lower_S_cm)),
            np.diag(np.asarray(bounds.wiener_upper_S_cm)),
        )
    ]
    if bounds.hashin_shtrikman_lower_S_cm is not None:
        rows.append(
            (
                "Hashin-Shtrikman,\nof two phases",
                np.diag(np.asarray(bounds.hashin_shtrikman_lower_S_cm)),
                np.diag(np.asarray(bounds.hashin_shtrikman_upper_S_cm)),
            )
        )
    if document.brick_layer_S_cm is not None:
        rows.append(("brick layer,\nin series", np.array([document.brick_layer_S_cm]), None))
    rows.append(("this microstructure", np.diag(tensor), None))
    for place, (_, low, high) in enumerate(reversed(rows)):
        if high is not None:
            axes.plot(
                [low.min(), high.max()],
                [place, place],
                color=OKABE_ITO["sky"],
                linewidth=9,
                solid_capstyle="butt",
            )
            continue
        is_computed = place == 0
        axes.plot(
            low,
            [place] * len(low),
            linestyle="none",
            marker="D" if is_computed else "s",
            color=OKABE_ITO["vermilion"] if is_computed else GREY,
        )
    names = [name for name, _, _ in reversed(rows)]
    axes.set(
        xscale="log",
        xlabel="conductivity (S cm⁻¹)",
        yticks=range(len(rows)),
        yticklabels=names,
        ylim=(-0.6, len(rows) - 0.4),
    )
    axes.annotate(
        ", ".join(f"{_AXES[a] * 2} {value:.3g}" for a, value in enumerate(np.diag(tensor))),
        (0.5, 0.06),
        xycoords="axes fraction",
        ha="center",
        color=OKABE_ITO["vermilion"],
        fontsize=9,
    )
    axes.tick_params(which="both", top=True)
