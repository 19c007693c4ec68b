"""The crystal in the figure of an energy map: surfaces, the cell, the atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.reports.level_surface import LevelSurface
from perolyte.reports.style import OKABE_ITO

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["MAX_LABELS", "draw_atoms", "draw_cell", "draw_surface", "repeat_on_faces"]

FloatArray = NDArray[np.float64]

MAX_LABELS: Final = 60
"""With more atoms, letters cover each other; the legend and the mouse then name them."""
_SURFACE: Final = OKABE_ITO["sky"]
_ATOMS: Final = (
    OKABE_ITO["orange"],
    OKABE_ITO["green"],
    OKABE_ITO["blue"],
    OKABE_ITO["purple"],
    "#8C6D31",
    "#999999",
)
_ANIONS: Final = {"O": "#B8B8B8", "F": "#C9D6A5", "S": "#E8D24A", "Cl": "#9BD19B", "N": "#9DB4E0"}
_EDGE: Final = 1e-3
"""Fractional; a site on a face of the cell is shown on the opposite face too."""


def draw_surface(surface: LevelSurface, matrix_A: FloatArray, *, name: str, is_shown: bool) -> Any:
    """Triangles of one level; ``matrix_A`` has the lattice vectors as rows."""
    import plotly.graph_objects as go

    x, y, z = (surface.points_frac @ matrix_A).T.astype(np.float32)
    kind = np.uint16 if len(x) < 2**16 else np.uint32
    i, j, k = surface.triangles.T.astype(kind)
    return go.Mesh3d(
        x=x,
        y=y,
        z=z,
        i=i,
        j=j,
        k=k,
        color=_SURFACE,
        opacity=0.5,
        flatshading=False,
        lighting={"ambient": 0.8, "diffuse": 0.5, "specular": 0.1, "roughness": 0.8},
        lightposition={"x": 1000, "y": 2000, "z": 3000},
        name=name,
        showlegend=True,
        legendgroup="surface",
        hoverinfo="skip",
        visible=is_shown,
    )


def draw_cell(matrix_A: FloatArray) -> Any:
    """Edges of the cell."""
    import plotly.graph_objects as go

    corners = []
    for axis in range(3):
        for second in (0, 1):
            for third in (0, 1):
                start = np.zeros(3)
                start[(axis + 1) % 3], start[(axis + 2) % 3] = second, third
                end = start.copy()
                end[axis] = 1
                corners += [start, end, [np.nan] * 3]
    x, y, z = (np.array(corners) @ matrix_A).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": "#444444", "width": 2},
        name="cell",
        hoverinfo="skip",
    )


def draw_atoms(framework: Structure) -> list[Any]:
    """Atoms, one trace for each element, with its symbol on each while there are few."""
    import plotly.graph_objects as go

    symbols = [_find_majority(site) for site in framework]
    points, indices = repeat_on_faces(framework.frac_coords)
    positions_A = points @ framework.lattice.matrix
    elements: Any = framework.elements
    charges = {species.symbol: float(species.oxi_state) for species in elements}
    colors = _choose_colors(charges)
    has_labels = len(points) <= MAX_LABELS
    traces = []
    for symbol in sorted(set(symbols), key=lambda s: (charges[s] < 0, s)):
        own = np.array([symbols[index] == symbol for index in indices])
        x, y, z = positions_A[own].T
        hover = [
            f"{framework[int(index)].species_string}<br>"
            + ", ".join(f"{u:.3f}" for u in framework[int(index)].frac_coords)
            for index in indices[own]
        ]
        traces.append(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers+text" if has_labels else "markers",
                marker={
                    "size": 13 if charges[symbol] > 0 else 10,
                    "color": colors[symbol],
                    "line": {"color": "#333333", "width": 1},
                    "opacity": 1.0,
                },
                text=[symbol] * int(own.sum()),
                textposition="middle center",
                textfont={"size": 10, "color": "black"},
                hovertext=hover,
                hoverinfo="text",
                name=symbol,
            )
        )
    return traces


def _find_majority(site: Any) -> str:
    """Element with the highest share of a site."""
    shares = sorted(site.species.items(), key=lambda item: (-item[1], str(item[0])))
    return str(shares[0][0].symbol)


def _choose_colors(charges: dict[str, float]) -> dict[str, str]:
    """Bright colours for cations, pale ones for anions."""
    colors = {}
    cations = sorted(symbol for symbol, charge in charges.items() if charge > 0)
    for index, symbol in enumerate(cations):
        colors[symbol] = _ATOMS[index % len(_ATOMS)]
    for symbol, charge in charges.items():
        if charge <= 0:
            colors[symbol] = _ANIONS.get(symbol, "#D0D0D0")
    return colors


def repeat_on_faces(points_frac: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Points in the cell with their images on its faces, and the index of each."""
    wrapped = np.mod(np.asarray(points_frac, dtype=np.float64).reshape(-1, 3), 1.0)
    wrapped[wrapped > 1.0 - _EDGE] -= 1.0
    found, indices = [], []
    for index, point in enumerate(wrapped):
        shifts = [(0.0, 1.0) if abs(u) < _EDGE else (0.0,) for u in point]
        for shift in np.array(np.meshgrid(*shifts)).T.reshape(-1, 3):
            found.append(point + shift)
            indices.append(index)
    return np.array(found).reshape(-1, 3), np.array(indices, dtype=np.int64)
