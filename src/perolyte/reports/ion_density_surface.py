"""Surfaces around where ions were seen, to turn around, in one HTML file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.reports.bvse_crystal_traces import draw_atoms, draw_cell, draw_surface
from perolyte.reports.bvse_path_traces import cut_to_cell
from perolyte.reports.cell_page import arrange_cell, find_surfaces, make_page, make_slider
from perolyte.reports.cell_projection import is_anion
from perolyte.reports.level_surface import LevelSurface
from perolyte.reports.style import OKABE_ITO
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
    barriers = ", ".join(
        f"F<sub>{entry.dimensions}D</sub> {entry.barrier_eV:.2f} eV"
        if entry.barrier_eV is not None
        else f"no {entry.dimensions}D way seen"
        for entry in document.free_energy
    )
    name = title or f"{document.mobile_ion} in {document.name}"
    prefix = "the surface holds this share of the ions: "
    arrange_cell(
        figure,
        cell_A,
        title=f"{name}, {document.temperature_K:g} K",
        subtitle=barriers,
        slider=make_slider(_make_steps(), start=_START, prefix=prefix),
    )
    return figure


def ion_density_html(document: IonPathsDoc, *, title: str = "") -> str:
    """Return the figure of :func:`ion_density_page` as a page that needs no network."""
    name = title or f"{document.mobile_ion} in {document.name}"
    return make_page(ion_density_page(document, title=title), title=name, div_id="ion-density")


def _find_surfaces(density: IonDensity) -> list[LevelSurface]:
    """Return surfaces of the smoothed density, on a grid as fine as the size of the file allows."""
    from scipy.ndimage import gaussian_filter

    steps_A = np.linalg.norm(np.array(density.cell_A), axis=1) / np.array(density.divisions)
    smooth = gaussian_filter(density.grid().astype(np.float64), _SMOOTHING_A / steps_A, mode="wrap")
    levels = find_levels(smooth)
    # a density has its inside above the level
    return find_surfaces(-smooth, [-level for level in levels], max_points=_MAX_POINTS)


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
        f"site {site.index} ({escape(site.label)})<br>{site.occupation:.2f} ions"
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


def _make_steps() -> list[dict[str, Any]]:
    indices = list(range(len(_SHARES)))
    return [
        {
            "method": "restyle",
            "args": [{"visible": [other == index for other in indices]}, indices],
            "label": f"{share:.0%}",
        }
        for index, share in enumerate(_SHARES)
    ]
