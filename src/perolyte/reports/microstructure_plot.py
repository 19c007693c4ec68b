"""Grains of a microstructure, what they conduct together, and where the current flows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure import GrainMap
from perolyte.reports.style import (
    GREY,
    OKABE_ITO,
    add_note,
    plain_text,
    say_missing,
    with_style,
)
from perolyte.schemas import MicrostructureDoc
from perolyte.units import NM_PER_UM

__all__ = ["current_figure", "microstructure_figure"]

_AXES: Final = "xyz"
_TINTS: Final = tuple(
    tuple(0.45 * np.array(to_rgb(OKABE_ITO[name])) + 0.55)
    for name in ("sky", "orange", "green", "purple", "blue", "vermilion")
)
"""Pale, so that black boundaries stand out; more than a map in a plane needs."""
_LONG_NM: Final = 2000.0
"""Edges from here on are given in µm."""


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
        grains = GrainMap(document.grains.labels(), document.grains.voxel_nm)
        _draw_grains(left, grains)
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
    _draw_grains(left, grains)
    extent, _ = _find_extent(grains)
    image = right.imshow(
        _turn(np.sqrt((shown**2).sum(axis=0))),
        origin="lower",
        extent=extent,
        cmap="cividis",
        vmin=0.0,
        interpolation="nearest",
    )
    _draw_boundaries(right, _plane(grains), extent)
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


def _turn(values: NDArray[Any]) -> NDArray[Any]:
    """Return what imshow wants: y down the rows."""
    return values.swapaxes(0, 1)


def _find_extent(grains: GrainMap) -> tuple[tuple[float, float, float, float], str]:
    edges = grains.edges_nm[:2]
    scale, unit = (NM_PER_UM, "µm") if max(edges) >= _LONG_NM else (1.0, "nm")
    return (0.0, edges[0] / scale, 0.0, edges[1] / scale), unit


def _plane(grains: GrainMap) -> NDArray[np.int32]:
    labels = grains.labels
    return labels if labels.ndim == 2 else labels[:, :, labels.shape[2] // 2]


def _draw_grains(axes: Axes, grains: GrainMap) -> None:
    labels = _plane(grains)
    extent, unit = _find_extent(grains)
    axes.imshow(_turn(_tint(labels)), origin="lower", extent=extent, interpolation="nearest")
    _draw_boundaries(axes, labels, extent)
    axes.set(xlabel=f"x ({unit})", ylabel=f"y ({unit})")


def _draw_boundaries(
    axes: Axes, labels: NDArray[np.int32], extent: tuple[float, float, float, float]
) -> None:
    segments = _find_boundaries(labels) * (extent[1] / labels.shape[0])
    axes.add_collection(LineCollection(list(segments), colors="black", linewidths=0.7))


def _tint(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (n_x, n_y, 3): neighbours, also through the edge of the cell, in other tints."""
    known, places = np.unique(labels, return_inverse=True)
    numbers = places.reshape(labels.shape)
    near: list[set[int]] = [set() for _ in known]
    for axis in range(2):
        other = np.roll(numbers, -1, axis)
        differs = numbers != other
        for a, b in set(zip(numbers[differs].tolist(), other[differs].tolist(), strict=True)):
            near[a].add(b)
            near[b].add(a)
    chosen = np.full(len(known), -1)
    for grain in sorted(range(len(known)), key=lambda g: (-len(near[g]), g)):
        taken = {int(chosen[other]) for other in near[grain]}
        free = [tint for tint in range(len(_TINTS)) if tint not in taken]
        # the least used of the free ones; where none is free the black line tells grains apart
        chosen[grain] = min(free or range(len(_TINTS)), key=lambda t: (int((chosen == t).sum()), t))
    return np.array(_TINTS)[chosen[numbers]]


def _find_boundaries(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (n, 2, 2) segments between voxels of different grains, in voxels."""
    i, j = np.nonzero(labels[:-1] != labels[1:])
    upright = np.stack([np.stack([i + 1, j], -1), np.stack([i + 1, j + 1], -1)], axis=1)
    i, j = np.nonzero(labels[:, :-1] != labels[:, 1:])
    level = np.stack([np.stack([i, j + 1], -1), np.stack([i + 1, j + 1], -1)], axis=1)
    return np.concatenate([upright, level]).astype(np.float64)


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
