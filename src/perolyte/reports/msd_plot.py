"""Mean squared displacement over lag: what every diffusivity rests on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from perolyte.reports.arrhenius_line import NORMAL_95
from perolyte.reports.selection import candidates_with_md
from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    NOTE_SIZE,
    Look,
    choose_temperature_looks,
    make_figure,
    place_legend,
    plain_text,
    say_missing,
    shorten,
    with_style,
)
from perolyte.reports.text import finite_or_none, format_temperature
from perolyte.schemas import ConductivityPoint, ResultRow, ScreeningSummaryDoc

__all__ = ["find_hop_distance", "msd_figure"]

_MAX_COLUMNS: Final = 3
_MAX_WITH_MINOR_TICKS: Final = 6
"""Panels; minor ticks are most of the time that drawing takes."""
_FEW_DECADES: Final = 300.0
"""Ratio of the longest to the shortest lag below which 2 and 5 are labelled too."""
_WIDEST_BAND: Final = 3.0
"""Of ln MSD; a wider band says no more and would take all the axes."""
_STATUS_LINES: Final[dict[str, Any]] = {
    "converged": "-",
    "not_converged": (0, (4, 2)),
    "unphysical": ":",
}
_STATUS_LABELS: Final = {
    "converged": "converged",
    "not_converged": "not converged",
    "unphysical": "unphysical",
}


@with_style
def msd_figure(summary: ScreeningSummaryDoc) -> Figure:
    """Draw MSD over lag, one panel per candidate, with fit windows and the line of one hop.

    Parameters
    ----------
    summary
        Of one campaign. The line of one hop needs ``hop_distance_A`` among the MD settings.

    Returns
    -------
    matplotlib.figure.Figure
        With no trajectory analysed, its axes say so in words.
    """
    rows = [row for row in candidates_with_md(summary) if _curves(row)]
    if not rows:
        figure, [[axes]] = make_figure(8.4, EMPTY_HEIGHT_IN)
        axes.set(xlabel="Lag (ps)", ylabel="MSD (Å²)")
        say_missing(axes, _explain_nothing(summary))
        return figure
    n_columns = 2 if len(rows) == 4 else min(_MAX_COLUMNS, len(rows))
    n_rows = -(-len(rows) // n_columns)
    figure, grid = make_figure(
        2.9 * n_columns + 2.4, 2.75 * n_rows + 0.4, n_rows=n_rows, n_columns=n_columns
    )
    panels = [axes for line in grid for axes in line]
    looks = choose_temperature_looks({p.temperature_K for row in rows for p in _curves(row)})
    for axes, row in zip(panels, rows, strict=False):
        axes.set(xscale="log", yscale="log")
        _draw_candidate(axes, row, looks)
        if len(rows) > _MAX_WITH_MINOR_TICKS:
            axes.minorticks_off()
        _label_lags(axes)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, high * (high / low) ** 0.3)  # room for the words in the corner
    _label_outside(grid, len(rows))
    for axes in panels[len(rows) :]:
        axes.remove()
    place_legend(figure, _legend(rows, looks))
    return figure


def _label_lags(axes: Axes) -> None:
    """Write 0.02, 0.05, 0.1: a short run spans one decade, with no room for more."""
    low, high = axes.get_xlim()
    if high / low < _FEW_DECADES:
        axes.xaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    else:
        axes.xaxis.set_minor_locator(NullLocator())
    for set_formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        set_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def find_hop_distance(row: ResultRow) -> float | None:
    """Return the hop distance in Å that the analysis counted with, None where it is not stored."""
    settings = row.conductivity.md_settings if row.conductivity else {}
    value = settings.get("hop_distance_A")
    return finite_or_none(float(value)) if isinstance(value, (int, float)) else None


def _curves(row: ResultRow) -> list[ConductivityPoint]:
    points = row.conductivity.points if row.conductivity else []
    return sorted((p for p in points if _drawable(p)[0].size), key=lambda p: p.temperature_K)


def _drawable(point: ConductivityPoint) -> tuple[np.ndarray, np.ndarray]:
    """Return lags (ps) and MSD (Å²) that have a place on logarithmic axes."""
    lag, msd = np.asarray(point.lag_ps, dtype=float), np.asarray(point.msd_A2, dtype=float)
    shown = (lag > 0) & (msd > 0) & np.isfinite(msd)
    return lag[shown], msd[shown]


def _draw_candidate(axes: Axes, row: ResultRow, looks: dict[float, Look]) -> None:
    for point in _curves(row):
        look = looks[point.temperature_K]
        lag, msd = _drawable(point)
        axes.plot(
            lag,
            msd,
            color=look.color,
            linestyle=_STATUS_LINES.get(point.status, _STATUS_LINES["not_converged"]),
        )
        axes.plot(lag[-1], msd[-1], color=look.color, marker=look.marker)
        _draw_band(axes, point, look)
        if point.fit_window_ps is not None:
            first, last = point.fit_window_ps
            window = (lag >= first * (1 - 1e-9)) & (lag <= last * (1 + 1e-9))
            axes.plot(
                lag[window],
                msd[window],
                color=look.color,
                alpha=0.3,
                linewidth=7.0,
                solid_capstyle="butt",
                zorder=1,
            )
    hop_A = find_hop_distance(row)
    if hop_A is not None:
        axes.axhline(hop_A**2, color=GREY, linestyle="--", linewidth=1.0, zorder=0)
    axes.set_title(plain_text(shorten(row.name, 30)), loc="left", fontweight="bold")
    axes.text(
        0.03,
        0.97,
        _describe_curves(row),
        transform=axes.transAxes,
        ha="left",
        va="top",
        fontsize=NOTE_SIZE,
        color="#333333",
    )


def _draw_band(axes: Axes, point: ConductivityPoint, look: Look) -> None:
    """Shade 95 % of the mean squared displacement, as a factor, so that it stays above zero."""
    if len(point.msd_std_A2) != len(point.lag_ps):
        return  # documents of earlier versions hold no errors
    lag, msd, std = (
        np.asarray(values, dtype=float) for values in (point.lag_ps, point.msd_A2, point.msd_std_A2)
    )
    shown = (lag > 0) & (msd > 0) & np.isfinite(msd) & np.isfinite(std)
    factor = np.exp(np.minimum(NORMAL_95 * std[shown] / msd[shown], _WIDEST_BAND))
    axes.fill_between(
        lag[shown],
        msd[shown] / factor,
        msd[shown] * factor,
        color=look.color,
        alpha=0.15,
        linewidth=0,
        zorder=0.5,
    )


def _describe_curves(row: ResultRow) -> str:
    """Return one line per status with its temperatures."""
    lines = []
    for status, label in _STATUS_LABELS.items():
        temperatures = [f"{p.temperature_K:g}" for p in _curves(row) if p.status == status]
        if temperatures and len(temperatures) == len(_curves(row)) and len(temperatures) > 1:
            lines.append(f"{label}: all")
        elif temperatures:
            lines.append(f"{label}: {', '.join(temperatures)} K")
    return "\n".join(lines)


def _label_outside(grid: list[list[Axes]], n_used: int) -> None:
    """Label the left column, and the lowest panel of each column."""
    n_columns = len(grid[0])
    for index in range(n_used):
        axes = grid[index // n_columns][index % n_columns]
        if index % n_columns == 0:
            axes.set_ylabel("MSD (Å²)")
        if index + n_columns >= n_used:
            axes.set_xlabel("Lag (ps)")
            axes.tick_params(which="both", labelbottom=True)


def _legend(rows: list[ResultRow], looks: dict[float, Look]) -> list[tuple[Artist, str]]:
    handles: list[tuple[Artist, str]] = [
        (Line2D([], [], color=look.color, marker=look.marker), format_temperature(temperature))
        for temperature, look in looks.items()
    ]
    handles.append((Line2D([], [], linestyle="none"), ""))
    present = {point.status for row in rows for point in _curves(row)}
    handles += [
        (Line2D([], [], color=GREY, linestyle=_STATUS_LINES[status]), label)
        for status, label in _STATUS_LABELS.items()
        if status in present
    ]
    if any(point.fit_window_ps for row in rows for point in _curves(row)):
        handles.append((Line2D([], [], color=GREY, linewidth=7.0, alpha=0.3), "fit window"))
    if any(point.msd_std_A2 for row in rows for point in _curves(row)):
        handles.append((Patch(color=GREY, alpha=0.25, linewidth=0), "95 % band"))
    hops = sorted({hop for hop in map(find_hop_distance, rows) if hop is not None})
    if hops:
        label = "one hop: a², a = " + ", ".join(f"{hop:.3g}" for hop in hops) + " Å"
        handles.append((Line2D([], [], color=GREY, linestyle="--", linewidth=1.0), label))
    return handles


def _explain_nothing(summary: ScreeningSummaryDoc) -> str:
    if not candidates_with_md(summary):
        return "No displacements to show:\nno molecular dynamics was run in this campaign."
    return "No displacements to show:\nno trajectory of this campaign could be analysed."
