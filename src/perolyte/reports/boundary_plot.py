"""A boundary cell seen along its tilt axis, above the density of mobile ions along the normal."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pymatgen.core import Structure

from perolyte.reports.cell_projection import is_anion
from perolyte.reports.style import GREY, OKABE_ITO, add_note, plain_text, say_missing, with_style
from perolyte.schemas import GrainBoundaryDoc

__all__ = ["boundary_figure"]

_COLORS: Final = tuple(OKABE_ITO.values())


@with_style
def boundary_figure(document: GrainBoundaryDoc, *, title: str = "") -> Figure:
    """Draw the cell with its two boundaries, and where the mobile ions were.

    Parameters
    ----------
    document
        With its structure; profiles are drawn where there are some.
    title
        Above the figure; by default that of the document.

    Returns
    -------
    matplotlib.figure.Figure
        Without a structure it says so in words.
    """
    figure = Figure(figsize=(10.0, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1.3, 1.0])
    plane = " ".join(map(str, document.miller))
    figure.suptitle(
        plain_text(title or f"{document.name}: Sigma {document.sigma_value} ({plane})"),
        x=0.01,
        ha="left",
        fontsize=11,
    )
    if document.structure is None:
        say_missing(upper, "No cell to show:\nno boundary cell has an energy.")
    else:
        _draw_cell(upper, document.structure, document.mobile_ion)
    if document.profiles:
        _draw_profiles(lower, document)
    else:
        say_missing(lower, "No density to show:\nno run of the cell could be read.")
    add_note(figure, "Seen along the tilt axis. Dashed: boundaries.")
    return figure


def _draw_cell(axes: Axes, structure: Structure, mobile_ion: str) -> None:
    places = np.mod(structure.frac_coords, 1.0) * np.array(structure.lattice.abc)
    symbols = np.array([site.specie.symbol for site in structure])
    others = sorted({s for s in symbols if s != mobile_ion and not is_anion(s)})
    for symbol in sorted(
        set(symbols.tolist()), key=lambda s: (not is_anion(s), s == mobile_ion, s)
    ):
        chosen = symbols == symbol
        if symbol == mobile_ion:
            color, size = _COLORS[1], 5.0
        elif is_anion(symbol):
            color, size = "#D9D9D9", 4.0
        else:
            color, size = _COLORS[(0, 2, 4, 3, 5)[others.index(symbol) % 5]], 5.5
        axes.plot(
            places[chosen, 2],
            places[chosen, 1],
            "o",
            color=color,
            markersize=size,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=symbol,
        )
    _mark_boundaries(axes, structure.lattice.c)
    axes.set(ylabel="across the tilt axis (Å)", aspect="equal")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _draw_profiles(axes: Axes, document: GrainBoundaryDoc) -> None:
    length = 2 * max(document.separation_A, 1e-6)
    for index, profile in enumerate(document.profiles):
        axes.step(
            profile.position_A,
            profile.density_per_A3,
            where="mid",
            color=_COLORS[index % len(_COLORS)],
            label=f"{profile.temperature_K:g} K",
        )
    _mark_boundaries(axes, length)
    axes.set(
        xlabel="along the normal (Å)",
        ylabel=f"{document.mobile_ion} density (1/Å³)",
        ylim=(0.0, None),
        xlim=(-0.02 * length, 1.02 * length),
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _mark_boundaries(axes: Axes, length_A: float) -> None:
    for share in (0.0, 0.5, 1.0):
        axes.axvline(share * length_A, color=GREY, linestyle="--", linewidth=1.0, zorder=0)
