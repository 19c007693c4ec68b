"""A crystal cell on paper: the view along one of its axes."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pymatgen.core import Element, Structure

from perolyte.reports.bvse_crystal_traces import repeat_on_faces
from perolyte.reports.style import GREY

__all__ = ["choose_axis", "draw_framework", "draw_outline", "is_anion", "project_cell"]

FloatArray = NDArray[np.float64]

_ANION_ELECTRONEGATIVITY: Final = 2.5
"""Pauling; S, Se, I and above."""
_MANY_ATOMS: Final = 150
"""Marks of more atoms than these cover the drawing and are made small."""


def choose_axis(cell_A: FloatArray) -> int:
    """Return the shortest axis: the view with the fewest things behind each other.

    Examples
    --------
    >>> choose_axis(np.diag([4.0, 3.0, 5.0]))
    1
    """
    return int(np.argmin(np.round(np.linalg.norm(cell_A, axis=1), 3)))


def project_cell(cell_A: FloatArray, axis: int) -> FloatArray:
    """Return the (3, 2) matrix from fractional coordinates to the plane of the drawing, Å.

    Seen along the axis, with the next one of a, b, c to the right.

    Examples
    --------
    >>> project_cell(np.diag([4.0, 3.0, 5.0]), 1).round(3).tolist()
    [[0.0, 4.0], [0.0, 0.0], [5.0, 0.0]]
    """
    away = cell_A[axis] / np.linalg.norm(cell_A[axis])
    right = cell_A[(axis + 1) % 3] - (cell_A[(axis + 1) % 3] @ away) * away
    right /= np.linalg.norm(right)
    return np.asarray(cell_A @ np.stack([right, np.cross(away, right)], axis=1))


def draw_outline(axes: Axes, plane: FloatArray, axis: int) -> None:
    """Draw the cell, name its two axes, and set equal scales in Å."""
    second, third = (axis + 1) % 3, (axis + 2) % 3
    u, v = plane[second], plane[third]
    outline = np.array([0 * u, u, u + v, v, 0 * u])
    axes.plot(*outline.T, color=GREY, linewidth=0.8, zorder=2)
    axes.set(
        xlabel=f"{'abc'[second]} (Å)",
        ylabel=f"{'abc'[third]} (Å)",
        aspect="equal",
    )
    axes.tick_params(top=True, right=True)


def is_anion(symbol: str) -> bool:
    """Guess by its electronegativity, for colours and sizes only, whether an element is an anion.

    Examples
    --------
    >>> is_anion("S"), is_anion("P")
    (True, False)
    """
    return bool(Element(symbol).X > _ANION_ELECTRONEGATIVITY)


def draw_framework(axes: Axes, framework: Structure | None, plane: FloatArray) -> None:
    """Draw the atoms that stay, in grey and behind all else: cations dark, anions light."""
    if framework is None:
        return
    points, indices = repeat_on_faces(framework.frac_coords)
    anions = np.array([is_anion(framework[int(index)].specie.symbol) for index in indices])
    small = 0.55 if len(points) > _MANY_ATOMS else 1.0
    x, y = (points @ plane).T
    for chosen, color, size in ((anions, "#E6E6E6", 8.0), (~anions, "#BDBDBD", 9.0)):
        axes.plot(
            x[chosen],
            y[chosen],
            "o",
            color=color,
            markersize=size * small,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=1,
        )
