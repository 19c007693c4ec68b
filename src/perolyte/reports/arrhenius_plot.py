"""Conductivity over inverse temperature."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from perolyte.reports.arrhenius_line import bar_of_point, bound_conductivity, predict_line
from perolyte.reports.selection import (
    candidates_with_md,
    describe_status,
    resolved_fit,
    resolved_points,
    resolved_room,
    short_reason,
)
from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    MAX_BANDS,
    NOTE_SIZE,
    Look,
    add_note,
    choose_candidate_looks,
    make_figure,
    place_legend,
    plain_text,
    say_missing,
    shorten,
    with_style,
)
from perolyte.schemas import (
    ArrheniusFit,
    ResultRow,
    RoomTemperatureConductivity,
    ScreeningSummaryDoc,
)

__all__ = ["arrhenius_figure"]

_TOP_TICKS_K: Final = (200, 250, 300, 350, 400, 500, 600, 800, 1000, 1200, 1500, 2000, 3000)
_ERROR_BARS: Final[dict[str, Any]] = {"linestyle": "none", "linewidth": 1.2}
_N_MISSING_SHOWN: Final = 6
_N_REASONS_SHOWN: Final = 3
_MIN_WIDTH: Final = 0.4
_MIN_RATIO: Final = 100.0
"""Smallest width (K⁻¹, times 1000) and ratio of the ends that axes have, also around one point."""
_SIDE_STEP: Final = 0.03
"""K⁻¹ (times 1000) between extrapolated marks, which would otherwise hide each other."""


@with_style
def arrhenius_figure(summary: ScreeningSummaryDoc) -> Figure:
    """Draw σT over 1000/T: points with 95 % bars, lines with 95 % bands, extrapolations dashed.

    Parameters
    ----------
    summary
        Of one campaign.

    Returns
    -------
    matplotlib.figure.Figure
        With no resolved temperature, its axes say in words what is missing.
    """
    looks = choose_candidate_looks(summary)
    rows = candidates_with_md(summary)
    drawn = [row for row in rows if resolved_points(row)]
    figure, [[axes]] = make_figure(8.4, 5.4 if drawn else EMPTY_HEIGHT_IN)
    axes.set(xlabel="1000/T (K⁻¹)", ylabel="σT (S K cm⁻¹)")
    if not drawn:
        say_missing(axes, _explain_nothing(rows))
        return figure
    axes.set_yscale("log")
    extrapolated = [row.name for row in drawn if resolved_room(row)]
    for row in drawn:
        place = extrapolated.index(row.name) if row.name in extrapolated else 0
        look, shift = looks[row.name], _SIDE_STEP * place
        _draw_candidate(axes, row, look, shift=shift, has_band=len(drawn) <= MAX_BANDS)
    _frame_extrapolated(axes, [room for room in map(resolved_room, drawn) if room])
    has_bounds = any(_bounds(row) for row in drawn)
    _set_temperature_axes(axes)
    handles: list[tuple[Artist, str]] = [
        (_handle(row, looks[row.name]), plain_text(shorten(row.name))) for row in drawn
    ]
    place_legend(figure, handles + _key(drawn, has_bounds=has_bounds))
    without_line = [row for row in drawn if resolved_fit(row) is None]
    missing = [row for row in rows if row not in drawn]
    notes = [
        _note("No line, because the fit is not resolved", without_line),
        _note("Not drawn, because no temperature is resolved", missing),
    ]
    add_note(figure, " ".join(filter(None, notes)))
    return figure


def _draw_candidate(
    axes: Axes, row: ResultRow, look: Look, *, shift: float, has_band: bool
) -> None:
    """Draw one candidate; ``shift`` sets its extrapolated mark beside those of the others."""
    fit, room = resolved_fit(row), resolved_room(row)
    if fit is not None:
        _draw_line(axes, fit, room, look, has_band=has_band)
    for point in resolved_points(row):
        inverse = 1000.0 / point.temperature_K
        values = tuple(point.temperature_K * end for end in bar_of_point(point))
        _draw_point(axes, inverse, values, look)
    if room is not None:
        ends = (room.lower_S_cm, room.conductivity_S_cm, room.upper_S_cm)
        values = tuple(room.temperature_K * end for end in ends)
        _draw_point(axes, 1000.0 / room.temperature_K + shift, values, look, is_extrapolated=True)
    for temperature, sigma_T in _bounds(row):
        axes.errorbar(
            1000.0 / temperature,
            sigma_T,
            yerr=0.45 * sigma_T,
            uplims=True,
            color=look.color,
            marker="_",
            markersize=9,
            **_ERROR_BARS,
        )


def _draw_line(
    axes: Axes,
    fit: ArrheniusFit,
    room: RoomTemperatureConductivity | None,
    look: Look,
    *,
    has_band: bool,
) -> None:
    coldest = fit.temperature_min_K if room is None else room.temperature_K
    inverse = np.linspace(1 / fit.temperature_max_K, 1 / min(coldest, fit.temperature_min_K), 200)
    line = predict_line(fit, 1 / inverse)
    sigma_T, lower, upper = (
        values / inverse for values in (line.conductivity_S_cm, line.lower_S_cm, line.upper_S_cm)
    )
    if has_band:
        axes.fill_between(1000 * inverse, lower, upper, color=look.color, alpha=0.13, linewidth=0)
    inside = inverse <= 1 / fit.temperature_min_K * (1 + 1e-9)
    axes.plot(1000 * inverse[inside], sigma_T[inside], color=look.color, linestyle="-")
    axes.plot(1000 * inverse[~inside], sigma_T[~inside], color=look.color, linestyle=(0, (4, 3)))


def _draw_point(
    axes: Axes,
    inverse: float,
    values: tuple[float, ...],
    look: Look,
    *,
    is_extrapolated: bool = False,
) -> None:
    lower, middle, upper = values
    axes.errorbar(
        inverse,
        middle,
        yerr=[[middle - lower], [upper - middle]],
        color=look.color,
        marker=look.marker,
        zorder=3,
        markerfacecolor="white" if is_extrapolated else look.color,
        **_ERROR_BARS,
    )


def _frame_extrapolated(axes: Axes, rooms: list[RoomTemperatureConductivity]) -> None:
    """Say that marks side by side are all at one temperature, whatever the axis below them says."""
    if len(rooms) < 2:
        return
    inverse = 1000.0 / rooms[0].temperature_K
    end = inverse + _SIDE_STEP * (len(rooms) - 0.3)
    axes.axvspan(inverse - 0.7 * _SIDE_STEP, end, color=GREY, alpha=0.1, linewidth=0, zorder=0)
    axes.annotate(
        f"all at {rooms[0].temperature_K:g} K",
        (end, 0.98),
        xycoords=("data", "axes fraction"),
        xytext=(-1, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=NOTE_SIZE,
        color=GREY,
    )


def _bounds(row: ResultRow) -> list[tuple[float, float]]:
    """Return (T in K, upper bound of σT in S K/cm) of the temperatures that did not converge."""
    points = row.conductivity.points if row.conductivity else []
    pairs = [(point.temperature_K, bound_conductivity(point)) for point in points]
    return [(temperature, temperature * bound) for temperature, bound in pairs if bound]


def _set_temperature_axes(axes: Axes) -> None:
    """Label the top of the axes with temperatures, and widen them around few points."""
    axes.tick_params(which="both", top=False)
    axes.margins(x=0.06)
    low, high = axes.get_xlim()
    middle, half = (low + high) / 2, max(high - low, _MIN_WIDTH) / 2
    low, high = middle - half, middle + half
    axes.set_xlim(low, high)
    bottom, top = axes.get_ylim()
    factor = math.sqrt(max(1.0, _MIN_RATIO * bottom / top))
    axes.set_ylim(bottom / factor, top * factor)
    above = axes.twiny()
    above.set(xlim=(low, high), xlabel="T (K)")
    inside = [t for t in _TOP_TICKS_K if low <= 1000.0 / t <= high]
    shown: list[int] = []
    for temperature in inside:  # cold to hot, which is right to left
        gap = (1000.0 / shown[-1] - 1000.0 / temperature) / (high - low) if shown else 1.0
        if gap > 0.08:
            shown.append(temperature)
    above.set_xticks([1000.0 / t for t in shown], [str(t) for t in shown])


def _handle(row: ResultRow, look: Look) -> Line2D:
    handle = Line2D([], [], color=look.color, marker=look.marker)
    if resolved_fit(row) is None:
        handle.set_linestyle("none")
    return handle


def _key(drawn: list[ResultRow], *, has_bounds: bool) -> list[tuple[Artist, str]]:
    """Return the legend entries that say what marks and lines mean."""
    key: list[tuple[Artist, str]] = [
        (Line2D([], [], linestyle="none"), ""),
        (Line2D([], [], color=GREY, marker="o", linestyle="none"), "simulated, bar: 95 %"),
    ]
    if any(resolved_fit(row) for row in drawn) and len(drawn) <= MAX_BANDS:
        key.append((Patch(color=GREY, alpha=0.25, linewidth=0), "95 % band of the fit"))
    rooms = sorted({room.temperature_K for room in map(resolved_room, drawn) if room})
    if rooms:
        label = "extrapolated to " + ", ".join(f"{temperature:g} K" for temperature in rooms)
        label += (
            ",\nside by side" if sum(resolved_room(row) is not None for row in drawn) > 1 else ""
        )
        open_mark = Line2D(
            [], [], color=GREY, marker="o", markerfacecolor="white", linestyle=(0, (4, 3))
        )
        key.append((open_mark, label))
    if has_bounds:
        arrow = Line2D([], [], color=GREY, marker=r"$\downarrow$", markersize=9, linestyle="none")
        key.append((arrow, "not converged:\n95 % upper bound"))
    return key


def _explain_nothing(rows: list[ResultRow]) -> str:
    if not rows:
        return "No conductivity to show:\nno molecular dynamics was run in this campaign."
    reasons: dict[str, list[str]] = {}
    for row in rows:
        why = f"{describe_status(row)}: {short_reason(row)}".rstrip(": ")
        reasons.setdefault(why, []).append(shorten(row.name))
    lines = [f"{_list(names)}: {why}." for why, names in list(reasons.items())[:_N_REASONS_SHOWN]]
    more = sum(len(names) for names in list(reasons.values())[_N_REASONS_SHOWN:])
    lines += [f"And {more} more candidates."] if more else []
    return "\n".join(
        ["No conductivity to show: no temperature of any candidate is resolved.", *lines]
    )


def _list(names: list[str]) -> str:
    more = len(names) - _N_MISSING_SHOWN
    tail = f" and {more} more" if more > 0 else ""
    return ", ".join(names[:_N_MISSING_SHOWN]) + tail


def _note(words: str, rows: list[ResultRow]) -> str:
    names = _list([f"{shorten(row.name)} ({describe_status(row)})" for row in rows])
    return f"{words}: {names}." if rows else ""
