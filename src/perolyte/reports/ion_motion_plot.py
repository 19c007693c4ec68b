"""How ions move and sit: neighbours, van Hove functions, non-Gaussian parameter, residence."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from perolyte.reports.style import (
    GREY,
    OKABE_ITO,
    add_note,
    plain_text,
    say_missing,
    with_style,
)
from perolyte.reports.text import format_with_error
from perolyte.schemas import IonPathsDoc

__all__ = ["ion_motion_figure"]

_LINES: Final = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))

_ROOM_FOR_LEGEND: Final = 9.0
"""Times the highest point, on a logarithmic scale."""


@with_style
def ion_motion_figure(document: IonPathsDoc, *, title: str = "") -> Figure:
    """Draw neighbours, both parts of the van Hove function and the non-Gaussian parameter.

    Parameters
    ----------
    document
        Of one run.
    title
        Above the figure; by default ion, name and temperature.

    Returns
    -------
    matplotlib.figure.Figure
        Panels without curves say so in words.
    """
    figure = Figure(figsize=(9.6, 6.6), layout="constrained")
    FigureCanvasAgg(figure)
    ((radial, own), (alpha, distinct)) = figure.subplots(2, 2)
    for axes in (radial, own, alpha, distinct):
        axes.tick_params(which="both", top=True, right=True)
    _draw_radial(radial, document)
    _draw_van_hove(own, distinct, document)
    _draw_alpha(alpha, document)
    heading = title or f"{document.mobile_ion} in {document.name}, {document.temperature_K:g} K"
    figure.suptitle(plain_text(heading), x=0.01, ha="left", fontsize=11)
    if document.status != "converged":
        add_note(figure, f"{document.status.replace('_', ' ')}: {'; '.join(document.reasons)}")
    return figure


def _draw_radial(axes: Axes, document: IonPathsDoc) -> None:
    axes.set_title(f"Neighbours of {document.mobile_ion}", loc="left")
    axes.set(xlabel="Distance (Å)", ylabel="g(r)")
    if not document.radial_distributions:
        say_missing(axes, "No frames to show.")
        return
    colors = list(OKABE_ITO.values())
    for index, curve in enumerate(document.radial_distributions[: len(colors)]):
        axes.plot(
            curve.distance_A,
            curve.values,
            color=colors[index],
            linestyle=_LINES[index % len(_LINES)],
            label=plain_text(curve.neighbour),
        )
    axes.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlim(0.0, document.radial_distributions[0].distance_A[-1])
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="best")


def _draw_van_hove(own: Axes, distinct: Axes, document: IonPathsDoc) -> None:
    own.set_title("The same ion, after a time", loc="left")
    own.set(xlabel="Distance moved (Å)", ylabel="$G_s$ (1/Å)")
    distinct.set_title("Another ion where one was, after a time", loc="left")
    distinct.set(xlabel="Distance (Å)", ylabel="$G_d$ over mean density")
    found = document.van_hove
    if found is None:
        for axes in (own, distinct):
            say_missing(axes, "No frames to show.")
        return
    shades = np.linspace(0.05, 0.82, len(found.lag_ps)) if len(found.lag_ps) > 1 else [0.3]
    for axes, rows in ((own, found.self_part), (distinct, found.distinct_part)):
        for index, (lag_ps, values) in enumerate(zip(found.lag_ps, rows, strict=True)):
            axes.plot(
                found.distance_A,
                values,
                color=mpl.colormaps["cividis"](shades[index]),
                linestyle=_LINES[index % len(_LINES)],
                label=f"{lag_ps:.3g} ps",
            )
        axes.set_xlim(0.0, found.distance_A[-1])
        axes.set_ylim(bottom=0.0)
    own.set_yscale("symlog", linthresh=0.02, linscale=0.4)
    own.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    distinct.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    top = max(max(row) for row in found.self_part)
    own.set_ylim(0.0, _ROOM_FOR_LEGEND * top if top > 0 else 1.0)
    own.legend(loc="upper right", ncols=2)


def _draw_alpha(axes: Axes, document: IonPathsDoc) -> None:
    axes.set_title("Non-Gaussian parameter", loc="left")
    axes.set(xlabel="Time (ps)", ylabel="$α_2$")
    found = document.non_gaussian
    values = [] if found is None else found.alpha2
    if found is None or not any(value is not None for value in values):
        reason = "no frames" if found is None else found.reason
        say_missing(axes, f"Nothing to show:\n{reason}.")
        return
    lag = np.array(found.lag_ps)
    alpha2 = np.array(values, dtype=np.float64)
    std = np.array(found.alpha2_std, dtype=np.float64)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    color = OKABE_ITO["blue"]
    if np.isfinite(std).any():
        axes.fill_between(
            lag, alpha2 - std, alpha2 + std, color=color, alpha=0.25, linewidth=0, label="1 std"
        )
    axes.plot(lag, alpha2, color=color)
    axes.axhline(0.0, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    if found.maximum is not None and found.maximum_lag_ps is not None:
        axes.plot(found.maximum_lag_ps, found.maximum, "o", color=OKABE_ITO["vermilion"])
        # of the width of the panel: the words stay inside
        place = np.log(found.maximum_lag_ps / lag[0]) / np.log(max(lag[-1] / lag[0], 1.01))
        value = format_with_error(found.maximum, found.maximum_std)
        axes.annotate(
            f"maximum {value} at {found.maximum_lag_ps:.2g} ps",
            (found.maximum_lag_ps, found.maximum + (found.maximum_std or 0.0)),
            xytext=(0, 7),
            textcoords="offset points",
            ha=("left", "center", "right")[int(2.999 * place)],
            fontsize=8.5,
        )
        axes.margins(y=0.14)
    elif found.reason is not None:
        axes.text(
            0.03,
            0.96,
            plain_text(f"no maximum: {found.reason.partition(':')[0]}"),
            transform=axes.transAxes,
            va="top",
            fontsize=8.5,
            color=GREY,
        )
