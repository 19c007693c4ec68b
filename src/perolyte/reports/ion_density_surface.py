"""Surfaces around where ions were seen, to turn around, in one HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.reports.bvse_crystal_traces import draw_atoms, draw_cell, draw_surface
from perolyte.reports.bvse_path_traces import cut_to_cell
from perolyte.reports.cell_projection import is_anion
from perolyte.reports.level_surface import LevelSurface, find_level_surface, thin_out
from perolyte.reports.style import GREY, OKABE_ITO
from perolyte.schemas import IonDensity, IonPathsDoc

if TYPE_CHECKING:
    from plotly.graph_objects import Figure
    from pymatgen.core import Structure

__all__ = ["find_levels", "ion_density_html", "ion_density_page"]

FloatArray = NDArray[np.float64]

_SMOOTHING_A: Final = 0.25
"""Of surfaces, so that single visits are no islands."""
_SHARES: Final = (0.5, 0.8, 0.95, 0.99)
_START: Final = 1
_MAX_POINTS: Final = 300_000
"""Above them the grid is reduced, which makes the inside of a surface grow by half a voxel."""
_MAX_SURFACE_BYTES: Final = 2_200_000
_BOX: Final = 1.95
"""Diagonal of the cell in the units of plotly's camera."""


def find_levels(values: FloatArray, shares: tuple[float, ...] = _SHARES) -> list[float]:
    """Return the densities above which given shares of the ions are found.

    Parameters
    ----------
    values
        (n_a, n_b, n_c), density, in any unit.
    shares
        From 0 to 1.

    Returns
    -------
    list of float
        In the unit of the values.

    Examples
    --------
    >>> find_levels(np.array([[[1.0, 2.0, 7.0]]]), (0.6, 0.8))
    [7.0, 2.0]
    """
    ordered = np.sort(values.ravel())[::-1]
    held = np.cumsum(ordered) / ordered.sum()
    rows = np.searchsorted(held, np.array(shares) - 1e-9)
    return [float(level) for level in ordered[np.minimum(rows, len(ordered) - 1)]]


def ion_density_page(document: IonPathsDoc, *, title: str = "") -> Figure:
    """Draw surfaces around 50, 80, 95 and 99 % of the ions, with framework, sites and jumps.

    A slider moves through the shares; the legend hides and shows the rest.

    Parameters
    ----------
    document
        With its density.
    title
        Above the figure.

    Returns
    -------
    plotly.graph_objects.Figure
        See :func:`ion_density_html` for a file.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    if document.density is None:
        figure.update_layout(title={"text": "No density: the document came without it"})
        return figure
    cell_A = np.array(document.density.cell_A)
    for index, (share, surface) in enumerate(
        zip(_SHARES, _find_surfaces(document.density), strict=True)
    ):
        trace = draw_surface(surface, cell_A, name=f"{share:.0%} of ions", is_shown=index == _START)
        figure.add_trace(trace)
    figure.add_trace(draw_cell(cell_A))
    if document.framework is not None:
        figure.add_traces(draw_atoms(_guess_signs(document.framework)))
    if document.sites:
        figure.add_trace(_draw_sites(document, cell_A))
    lines = _draw_jumps(document, cell_A)
    if lines is not None:
        figure.add_trace(lines)
    _arrange(figure, cell_A, title or f"{document.mobile_ion} in {document.name}", document)
    return figure


def ion_density_html(document: IonPathsDoc, *, title: str = "") -> str:
    """Return the figure of :func:`ion_density_page` as a page that needs no network."""
    page = ion_density_page(document, title=title).to_html(
        include_plotlyjs=True,
        full_html=True,
        div_id="ion-density",
        default_height="100vh",
        config={"displaylogo": False, "responsive": True},
    )
    name = _escape(title or f"{document.mobile_ion} in {document.name}")
    head = f"<head><title>{name}</title><style>body {{margin: 0}}</style>"
    return str(page).replace("<head>", head, 1)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _find_surfaces(density: IonDensity) -> list[LevelSurface]:
    """Return surfaces of the smoothed density, on a grid as fine as the size of the file allows."""
    from scipy.ndimage import gaussian_filter

    steps_A = np.linalg.norm(np.array(density.cell_A), axis=1) / np.array(density.divisions)
    smooth = gaussian_filter(density.grid().astype(np.float64), _SMOOTHING_A / steps_A, mode="wrap")
    levels = find_levels(smooth)
    max_points = _MAX_POINTS
    while True:
        # a density has its inside above the level
        thin = thin_out(-smooth, max_points)
        surfaces = [find_level_surface(thin, -level) for level in levels]
        n_bytes = sum(12 * len(s.points_frac) + 12 * len(s.triangles) for s in surfaces) * 4 / 3
        if n_bytes <= _MAX_SURFACE_BYTES or max_points < 1000:
            return surfaces
        max_points = int(min(max_points, thin.size) * 0.9 * (_MAX_SURFACE_BYTES / n_bytes) ** 1.5)


def _guess_signs(framework: Structure) -> Structure:
    """Give elements a sign by their electronegativity: only for their colours and sizes."""
    signs = {
        element.symbol: -1.0 if is_anion(element.symbol) else 1.0
        for element in framework.composition.elements
    }
    shown = framework.copy()
    shown.add_oxidation_state_by_element(signs)
    return shown


def _draw_sites(document: IonPathsDoc, cell_A: FloatArray) -> Any:
    import plotly.graph_objects as go

    x, y, z = (np.array([site.fractional for site in document.sites]) @ cell_A).T
    hover = [
        f"site {site.index} ({_escape(site.label)})<br>{site.occupation:.2f} ions"
        + (f"<br>stays {site.residence_ps:.3g} ps" if site.residence_ps is not None else "")
        for site in document.sites
    ]
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="markers",
        marker={"symbol": "diamond", "size": 4, "color": "black"},
        hovertext=hover,
        hoverinfo="text",
        name=f"sites of {document.mobile_ion}",
    )


def _draw_jumps(document: IonPathsDoc, cell_A: FloatArray) -> Any:
    import plotly.graph_objects as go

    sites = {site.index: np.array(site.fractional) for site in document.sites}
    points: list[Any] = []
    for jump in document.jumps:
        if jump.origin is None or jump.destination is None or jump.image is None:
            continue
        start, end = sites[jump.origin], sites[jump.destination] + jump.image
        line = start + np.linspace(0.0, 1.0, 9)[:, None] * (end - start)
        for piece in cut_to_cell(line):
            points += [piece[0], piece[-1], [np.nan] * 3]
    if not points:
        return None
    x, y, z = (np.array(points) @ cell_A).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": OKABE_ITO["vermilion"], "width": 3},
        hoverinfo="skip",
        name="ways with jumps",
    )


def _arrange(figure: Figure, cell_A: FloatArray, title: str, document: IonPathsDoc) -> None:
    corners_A = np.array(list(np.ndindex(2, 2, 2))) @ cell_A
    low_A, extent_A = corners_A.min(axis=0), np.ptp(corners_A, axis=0)
    scene: dict[str, Any] = {
        f"{axis}axis": {"visible": False, "range": [float(low), float(low + extent)]}
        for axis, low, extent in zip("xyz", low_A, extent_A, strict=True)
    }
    ratio = _BOX * extent_A / np.linalg.norm(extent_A)
    scene |= {
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", map(float, ratio), strict=True)),
        "camera": {
            "projection": {"type": "orthographic"},
            "eye": {"x": 1.3, "y": 0.74, "z": 0.48},
        },
    }
    indices = list(range(len(_SHARES)))
    steps = [
        {
            "method": "restyle",
            "args": [{"visible": [other == index for other in indices]}, indices],
            "label": f"{share:.0%}",
        }
        for index, share in enumerate(_SHARES)
    ]
    barriers = ", ".join(
        f"F<sub>{entry.dimensions}D</sub> {entry.barrier_eV:.2f} eV"
        if entry.barrier_eV is not None
        else f"no {entry.dimensions}D way seen"
        for entry in document.free_energy
    )
    figure.update_layout(
        title={
            "text": f"{_escape(title)}, {document.temperature_K:g} K<br><sup>{barriers}</sup>",
            "x": 0.02,
            "xanchor": "left",
        },
        font={"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": "#222222"},
        paper_bgcolor="white",
        margin={"l": 10, "r": 10, "t": 70, "b": 30},
        scene=scene,
        legend={"x": 0.99, "xanchor": "right", "y": 0.98, "bgcolor": "rgba(255,255,255,0.8)"},
        sliders=[
            {
                "active": _START,
                "steps": steps,
                "currentvalue": {"prefix": "the surface holds this share of the ions: "},
                "len": 0.9,
                "x": 0.05,
                "pad": {"t": 10, "b": 0},
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
