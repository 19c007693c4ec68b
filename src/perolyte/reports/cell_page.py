"""What the figures of a cell to turn around share: surfaces of a bounded size, scene and page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.reports.level_surface import LevelSurface, find_level_surface, thin_out
from perolyte.reports.style import GREY

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["arrange_cell", "find_surfaces", "make_page", "make_slider"]

FloatArray = NDArray[np.float64]

MAX_SURFACE_BYTES: Final = 2_200_000
"""Of all surfaces together, in the file; the library that draws them has 4.8 MB."""
_BOX: Final = 1.95
"""Diagonal of the box of the cell in the units of plotly's camera."""
_VIEW: Final = np.array([1.3, 0.74, 0.48])
_UP: Final = np.array([0.0, 0.0, 1.0])
_CORNERS: Final = np.array(list(np.ndindex(2, 2, 2)), dtype=np.float64)


def find_surfaces(
    values: FloatArray, levels: Sequence[float], *, max_points: int
) -> list[LevelSurface]:
    """Find level surfaces on a grid as fine as the size of the file allows.

    Parameters
    ----------
    values
        (n_a, n_b, n_c), periodic; the inside of a surface is below its level.
    levels
        In the unit of the values.
    max_points
        Of the reduced grid, at first.
    """
    while True:
        thin = thin_out(values, max_points)
        surfaces = [find_level_surface(thin, level) for level in levels]
        n_bytes = sum(12 * len(s.points_frac) + 12 * len(s.triangles) for s in surfaces) * 4 / 3
        if n_bytes <= MAX_SURFACE_BYTES or max_points < 1000:
            return surfaces
        # areas go with the square of the number of points along an edge
        max_points = int(min(max_points, thin.size) * 0.9 * (MAX_SURFACE_BYTES / n_bytes) ** 1.5)


def make_slider(steps: list[dict[str, Any]], *, start: int, prefix: str) -> dict[str, Any]:
    """Return the slider under the figure."""
    return {
        "active": start,
        "steps": steps,
        "currentvalue": {"prefix": prefix},
        "len": 0.9,
        "x": 0.05,
        "pad": {"t": 10, "b": 0},
    }


def arrange_cell(
    figure: Figure, cell_A: FloatArray, *, title: str, subtitle: str, slider: dict[str, Any]
) -> None:
    """Lay a figure of a cell out: the box fills the window, and buttons look along the axes.

    Parameters
    ----------
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    title
        Plain text.
    subtitle
        With plotly's tags.
    slider
        From :func:`make_slider`.
    """
    figure.update_layout(
        title={"text": f"{escape(title)}<br><sup>{subtitle}</sup>", "x": 0.02, "xanchor": "left"},
        font={"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": "#222222"},
        paper_bgcolor="white",
        margin={"l": 10, "r": 10, "t": 70, "b": 30},
        scene=_make_scene(cell_A),
        legend={"x": 0.99, "xanchor": "right", "y": 0.98, "bgcolor": "rgba(255,255,255,0.8)"},
        sliders=[slider],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "buttons": _make_buttons(cell_A),
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


def make_page(figure: Figure, *, title: str, div_id: str) -> str:
    """Return a figure as a page that needs no network and fills the window."""
    page = figure.to_html(
        include_plotlyjs=True,
        full_html=True,
        div_id=div_id,
        default_height="100vh",
        config={"displaylogo": False, "responsive": True},
    )
    # without the margin of a page, which would make it longer than the window
    head = f"<head><title>{escape(title)}</title><style>body {{margin: 0}}</style>"
    return str(page).replace("<head>", head, 1)


def _make_scene(cell_A: FloatArray) -> dict[str, Any]:
    corners_A = _CORNERS @ cell_A
    low_A, extent_A = corners_A.min(axis=0), np.ptp(corners_A, axis=0)
    scene: dict[str, Any] = {
        f"{axis}axis": {
            "visible": False,
            "showbackground": False,
            "range": [float(low), float(low + extent)],
        }
        for axis, low, extent in zip("xyz", low_A, extent_A, strict=True)
    }
    return scene | {
        "aspectmode": "manual",
        "aspectratio": _to_xyz(_BOX * extent_A / np.linalg.norm(extent_A)),
        "camera": {"projection": {"type": "orthographic"}, "eye": _to_xyz(_VIEW)},
    }


def _make_buttons(cell_A: FloatArray) -> list[dict[str, Any]]:
    along = cell_A / np.linalg.norm(cell_A, axis=1)[:, None]
    views = {
        "free": (_VIEW, _UP),
        "along a": (along[0], along[2]),
        "along b": (along[1], along[2]),
        "along c": (along[2], along[1]),
    }
    return [
        {
            "method": "relayout",
            "label": label,
            "args": [{"scene.camera.eye": _to_xyz(eye), "scene.camera.up": _to_xyz(up)}],
        }
        for label, (eye, up) in views.items()
    ]


def _to_xyz(vector: FloatArray) -> dict[str, float]:
    return dict(zip("xyz", (float(u) for u in vector), strict=True))
