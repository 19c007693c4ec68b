"""The cells of a boundary, and their energies over terminations and rigid shifts."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from perolyte.reports.boundary_cell_view import draw_boundary_cell
from perolyte.reports.style import GREY, OKABE_ITO, add_note, plain_text, say_missing, with_style
from perolyte.schemas import (
    BoundaryCellDescription,
    BoundaryEnergy,
    BoundaryScreenDoc,
    BoundarySetDoc,
)

__all__ = ["boundary_cells_figure"]

_COLORS: Final = tuple(OKABE_ITO.values())
_MARKERS: Final = ("o", "s", "^", "D")
_MANY_CELLS: Final = 24
"""Names of more cells than these do not fit below the energies."""


@with_style
def boundary_cells_figure(cells: BoundarySetDoc, screen: BoundaryScreenDoc | None = None) -> Figure:
    """Draw what was built, and where the energies are known the lowest cell above all of them.

    Parameters
    ----------
    cells
        Of one boundary. Without energies the first cell of each of up to two terminations is drawn.
    screen
        Their energies.

    Returns
    -------
    matplotlib.figure.Figure
        What is not there is said in words.
    """
    figure = Figure(figsize=(10.0, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    plane = " ".join(map(str, cells.miller))
    title = f"{cells.name}: Sigma {cells.sigma_value} ({plane}), {cells.angle_degrees:.2f}°"
    figure.suptitle(plain_text(title), x=0.01, ha="left", fontsize=11)
    if screen is None:
        _draw_terminations(figure, cells)
    else:
        upper, lower = figure.subplots(2, 1, height_ratios=[1.0, 1.2])
        if screen.structure is None:
            say_missing(upper, "No cell to show:\nnone has an energy.")
        else:
            draw_boundary_cell(upper, screen.structure, cells.mobile_ion)
            upper.set_title(f"lowest: {screen.chosen}, {screen.chosen_stage}", loc="left")
            upper.set_xlabel("along the normal (Å)")
        _draw_energies(lower, cells, screen)
    note = "Cells seen along the tilt axis. Dashed: boundaries."
    if screen is not None and not all(energy.is_converged for energy in screen.energies):
        note += " Open marks: forces above the limit when the relaxation ended."
    add_note(figure, note)
    return figure


def _draw_terminations(figure: Figure, cells: BoundarySetDoc) -> None:
    firsts: dict[str, BoundaryCellDescription] = {}
    for cell in cells.cells:
        firsts.setdefault(cell.termination, cell)
    shown = list(firsts.values())[:2]
    if not shown:
        say_missing(figure.subplots(), "No cell to show:\nno shift gives one.")
        return
    grid = figure.subplots(len(shown), 1, squeeze=False)
    for axes, cell in zip(grid.flat, shown, strict=True):
        draw_boundary_cell(axes, cell.structure, cells.mobile_ion)
        axes.set_title(f"{cell.name}, not relaxed", loc="left")
    grid[-1, 0].set_xlabel("along the normal (Å)")


def _draw_energies(axes: Axes, cells: BoundarySetDoc, screen: BoundaryScreenDoc) -> None:
    """Draw a mark for each cell; open ones are not relaxed to the limit."""
    known = [energy for energy in screen.energies if energy.energy_J_m2 is not None]
    if not known:
        say_missing(axes, "No energies to show:\nsee the reasons in the manifest.")
        return
    places = {cell.name: place for place, cell in enumerate(cells.cells)}
    terminations = list(dict.fromkeys(cell.termination for cell in cells.cells))
    of_cell = {cell.name: terminations.index(cell.termination) for cell in cells.cells}
    labelled: set[tuple[int, str]] = set()
    for energy in known:
        index = of_cell[energy.name]
        key = (index, energy.stage)
        axes.plot(
            places[energy.name],
            np.array([energy.energy_J_m2]),
            color=_COLORS[(index + len(terminations) * (energy.stage == "annealed")) % 7],
            marker=_MARKERS[index % 2 + 2 * (energy.stage == "annealed")],
            markerfacecolor=None if energy.is_converged else "white",
            linestyle="none",
            label=None if key in labelled else f"{terminations[index]}, {energy.stage}",
        )
        labelled.add(key)
    _mark_chosen(axes, screen, places)
    names = [cell.name.rsplit("-s", 1)[-1] for cell in cells.cells]
    step = -(-len(names) // _MANY_CELLS)
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=90 if step > 1 else 45)
    axes.set(xlabel="rigid shift (steps of the grid)", ylabel="boundary energy (J/m²)")
    axes.margins(y=0.15)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _mark_chosen(axes: Axes, screen: BoundaryScreenDoc, places: dict[str, int]) -> None:
    best = _find_chosen(screen)
    if best is not None and best.energy_J_m2 is not None:
        axes.axhline(best.energy_J_m2, color=GREY, linewidth=0.8, zorder=0)
        axes.annotate(
            f"{best.energy_J_m2:.2f} J/m²",
            (places[best.name], best.energy_J_m2),
            xytext=(6, 6),
            textcoords="offset points",
            color=GREY,
        )


def _find_chosen(screen: BoundaryScreenDoc) -> BoundaryEnergy | None:
    for energy in screen.energies:
        if (energy.name, energy.stage) == (screen.chosen, screen.chosen_stage):
            return energy
    return None
