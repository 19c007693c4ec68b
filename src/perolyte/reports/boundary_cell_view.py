"""A boundary cell on paper: seen along the tilt axis, the normal to the right."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from pymatgen.core import Structure

from perolyte.reports.cell_projection import is_anion
from perolyte.reports.style import GREY, OKABE_ITO

__all__ = ["draw_boundary_cell", "mark_boundaries"]

_COLORS: Final = tuple(OKABE_ITO.values())


def draw_boundary_cell(axes: Axes, structure: Structure, mobile_ion: str | None) -> None:
    """Draw the atoms of a cell and the planes of its two boundaries, to scale.

    Parameters
    ----------
    axes
        Where to.
    structure
        Tilt axis along the first axis, normal along the third, boundaries at 0 and half of it.
    mobile_ion
        Drawn above all others.
    """
    places = np.mod(structure.frac_coords, 1.0) * np.array(structure.lattice.abc)
    symbols = np.array([site.specie.symbol for site in structure])
    others = sorted({s for s in symbols if s != mobile_ion and not is_anion(s)})
    for symbol in sorted(
        set(symbols.tolist()), key=lambda s: (not is_anion(s), s == mobile_ion, s)
    ):
        chosen = symbols == symbol
        if symbol == mobile_ion:
            color, size = _COLORS[1], 7.5
        elif is_anion(symbol):
            color, size = "#BDBDBD", 5.5
        else:
            color, size = _COLORS[(0, 2, 4, 3, 5)[others.index(symbol) % 5]], 8.0
        axes.plot(
            places[chosen, 2],
            places[chosen, 1],
            "s" if symbol == mobile_ion else "o",
            color=color,
            markersize=size,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=symbol,
        )
    mark_boundaries(axes, structure.lattice.c)
    axes.set(ylabel="across the tilt axis (Å)", aspect="equal")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def mark_boundaries(axes: Axes, length_A: float) -> None:
    """Draw the planes of the boundaries of a cell of that length, and its periodic end."""
    for share in (0.0, 0.5, 1.0):
        axes.axvline(share * length_A, color=GREY, linestyle="--", linewidth=1.0, zorder=0)
