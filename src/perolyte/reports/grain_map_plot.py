"""Grains of a map in pale colours, with their boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from perolyte.reports.style import OKABE_ITO
from perolyte.units import NM_PER_UM

if TYPE_CHECKING:
    # compiled code, which reports of campaigns do not need
    from perolyte.mesoscale.microstructure import GrainMap

__all__ = ["draw_boundaries", "draw_grains", "find_extent", "find_plane", "lay_rows"]

_TINTS: Final = tuple(
    tuple(0.45 * np.array(to_rgb(OKABE_ITO[name])) + 0.55)
    for name in ("sky", "orange", "green", "purple", "blue", "vermilion")
)
"""Pale, so that black boundaries stand out; more than a map in a plane needs."""
_LONG_NM: Final = 2000.0
"""Edges from here on are given in µm."""


def draw_grains(axes: Axes, grains: GrainMap) -> None:
    """Draw grains in pale colours, neighbours in other ones, with their boundaries in black.

    Parameters
    ----------
    axes
        To draw on.
    grains
        In three dimensions a cut through the middle of the last axis.
    """
    labels = find_plane(grains)
    extent, unit = find_extent(grains)
    axes.imshow(lay_rows(_tint(labels)), origin="lower", extent=extent, interpolation="nearest")
    draw_boundaries(axes, labels, extent)
    axes.set(xlabel=f"x ({unit})", ylabel=f"y ({unit})")


def draw_boundaries(
    axes: Axes, labels: NDArray[np.int32], extent: tuple[float, float, float, float]
) -> None:
    """Draw lines between the voxels of different grains, for labels (n_x, n_y)."""
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


def find_extent(grains: GrainMap) -> tuple[tuple[float, float, float, float], str]:
    """Return the edges of the cell in the plane, as imshow takes them, and their unit."""
    edges = grains.edges_nm[:2]
    scale, unit = (NM_PER_UM, "µm") if max(edges) >= _LONG_NM else (1.0, "nm")
    return (0.0, edges[0] / scale, 0.0, edges[1] / scale), unit


def find_plane(grains: GrainMap) -> NDArray[np.int32]:
    """Return labels (n_x, n_y): in three dimensions the middle of the last axis."""
    labels = grains.labels
    return labels if labels.ndim == 2 else labels[:, :, labels.shape[2] // 2]


def lay_rows(values: NDArray[Any]) -> NDArray[Any]:
    """Return what imshow wants: y down the rows."""
    return values.swapaxes(0, 1)
