"""A boundary cell seen along its tilt axis, above the density of mobile ions along the normal."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from perolyte.reports.boundary_cell_view import draw_boundary_cell, mark_boundaries
from perolyte.reports.style import (
    add_note,
    choose_temperature_looks,
    plain_text,
    say_missing,
    with_style,
)
from perolyte.schemas import GrainBoundaryDoc

__all__ = ["boundary_figure"]

_LINES: Final = ("-", "--", ":")


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
    # text in place of a drawing takes the ticks away, also from an axis that is shared
    is_whole = document.structure is not None and bool(document.profiles)
    upper, lower = figure.subplots(2, 1, sharex=is_whole, height_ratios=[1.3, 1.0])
    kind = f"Sigma {document.sigma_value} ({' '.join(map(str, document.miller))})"
    figure.suptitle(
        plain_text(title or f"{document.candidate or document.name}: {kind}"),
        x=0.01,
        ha="left",
        fontsize=11,
    )
    if document.structure is None:
        say_missing(upper, "No cell to show:\nno boundary cell has an energy.")
    else:
        draw_boundary_cell(upper, document.structure, document.mobile_ion)
        if not is_whole:
            upper.set_xlabel("along the normal (Å)")
    if document.profiles:
        _draw_profiles(lower, document)
    else:
        say_missing(lower, "No density to show:\nno run of the cell could be read.")
    add_note(figure, "Seen along the tilt axis. Dashed: boundaries.")
    return figure


def _draw_profiles(axes: Axes, document: GrainBoundaryDoc) -> None:
    length = 2 * max(document.separation_A, 1e-6)
    looks = choose_temperature_looks(profile.temperature_K for profile in document.profiles)
    for index, profile in enumerate(document.profiles):
        edges_A = np.linspace(0.0, 2 * np.mean(profile.position_A), len(profile.position_A) + 1)
        axes.stairs(
            profile.density_per_A3,
            edges_A,
            color=looks[profile.temperature_K].color,
            linestyle=_LINES[index % len(_LINES)],
            linewidth=1.4,
            label=f"{profile.temperature_K:g} K",
        )
    mark_boundaries(axes, length)
    axes.set(
        xlabel="along the normal (Å)",
        ylabel=f"{document.mobile_ion} density (1/Å³)",
        ylim=(0.0, None),
        xlim=(-0.02 * length, 1.02 * length),
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
