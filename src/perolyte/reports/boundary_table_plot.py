"""Conductivities of boundaries by dopant, and the arcs that a measurement would see."""

from __future__ import annotations

import math
from typing import Final

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from perolyte.reports.ceramic_map_plot import find_extrapolated_spans
from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    MAX_BANDS,
    OKABE_ITO,
    add_note,
    make_figure,
    place_legend,
    plain_text,
    say_missing,
    shorten,
    with_style,
)
from perolyte.schemas import BoundaryRow, CeramicMaps

__all__ = ["arc_frequency_figure", "boundary_table_figure"]

MAX_ROWS: Final = 24
_MARKERS: Final = {"computed": "o", "fitted": "D", "literature": "s", "assumed": "^"}
_WINDOW_HZ: Final = (1.0, 1e7)


@with_style
def boundary_table_figure(maps: CeramicMaps) -> Figure:
    """Draw the specific conductivity of each boundary with its 95 % interval and its label.

    Parameters
    ----------
    maps
        Their table from doping to boundary.
    """
    rows = maps.boundaries[:MAX_ROWS]
    figure, [[axes]] = make_figure(8.4, max(EMPTY_HEIGHT_IN, 1.4 + 0.34 * len(rows)))
    axes.set(xlabel="Specific conductivity of the boundary (S cm⁻¹)")
    if not rows:
        say_missing(axes, "No boundary: none is given or computed.")
        return figure
    for place, row in enumerate(rows):
        color = _color_of(row)
        axes.plot([row.lower_S_cm, row.upper_S_cm], [place, place], color=color)
        axes.plot(
            row.conductivity_S_cm,
            place,
            marker=_MARKERS[row.label],
            color=color,
            markerfacecolor="white" if row.is_extrapolated else color,
            linestyle="none",
        )
    axes.set(xscale="log", ylim=(len(rows) - 0.4, -0.6), xlim=_whole_decades(rows))
    axes.set_yticks(range(len(rows)), [_name_row(row) for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    labels = [label for label in _MARKERS if any(row.label == label for row in rows)]
    handles: list[tuple[Artist, str]] = [
        (Line2D([], [], color=GREY, marker=_MARKERS[label], linestyle="none"), label)
        for label in labels
    ]
    if any(row.is_extrapolated for row in rows):
        hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="none")
        handles.append((hollow, "extrapolated"))
    handles.append((Line2D([], [], color=GREY), "95 % interval"))
    place_legend(figure, handles, title=f"at {rows[0].temperature_K:g} K")
    more = len(maps.boundaries) - len(rows)
    add_note(figure, f"{more} more are in the document." if more > 0 else "")
    return figure


def _whole_decades(rows: list[BoundaryRow]) -> tuple[float, float]:
    """Return ends of an axis that has two labelled decades or more, whatever the intervals."""
    low = math.floor(math.log10(min(row.lower_S_cm for row in rows)))
    high = math.ceil(math.log10(max(row.upper_S_cm for row in rows)))
    return 10.0**low, 10.0 ** max(high, low + 1)


@with_style
def arc_frequency_figure(maps: CeramicMaps) -> Figure:
    """Draw the tops of the arcs of bulk and boundary over temperature with 95 % bands.

    The window of a common impedance analyser is shaded: an arc with its top outside is not seen.

    Parameters
    ----------
    maps
        Of a few materials; bands are drawn for up to six.
    """
    figure, [[axes]] = make_figure(8.4, 4.6 if maps.materials else EMPTY_HEIGHT_IN)
    axes.set(xlabel="Temperature (K)", ylabel="Top of the arc (Hz)")
    if not maps.materials:
        say_missing(axes, "No arcs: there is no material with bulk and boundary.")
        return figure
    colors = list(OKABE_ITO.values())
    shown = maps.materials[: len(colors)]
    temperatures = maps.temperatures_K
    axes.axhspan(*_WINDOW_HZ, color="#eeeeee", zorder=0)
    for color, material in zip(colors, shown, strict=False):
        for band, line in ((material.bulk_peak_Hz, "-"), (material.boundary_peak_Hz, "--")):
            if len(shown) <= MAX_BANDS:
                axes.fill_between(
                    temperatures, band.lower, band.upper, color=color, alpha=0.12, linewidth=0
                )
            marker = "o" if len(temperatures) == 1 else ""
            axes.plot(temperatures, band.value, color=color, linestyle=line, marker=marker)
    axes.set(yscale="log")
    _hatch_common(axes, maps)
    handles: list[tuple[Artist, str]] = [
        (Line2D([], [], color=color), plain_text(shorten(f"{m.name}, {m.boundary}", 34)))
        for color, m in zip(colors, shown, strict=False)
    ]
    handles += [
        (Line2D([], [], color=GREY), "bulk"),
        (Line2D([], [], color=GREY, linestyle="--"), "boundary"),
        (Patch(color="#eeeeee"), "1 Hz to 10 MHz"),
    ]
    place_legend(figure, handles)
    more = len(maps.materials) - len(shown)
    note = "Hatched where every material is outside of its fitted range." if _common(maps) else ""
    more_note = f"{more} more materials are in the document." if more > 0 else ""
    add_note(figure, f"{note} {more_note}".strip())
    return figure


def _common(maps: CeramicMaps) -> list[tuple[float, float]]:
    """Ranges that are outside for every material: lines of several share one panel."""
    by_temperature = zip(*(material.extrapolated for material in maps.materials), strict=True)
    every = ["all" if all(which) else None for which in by_temperature]
    return find_extrapolated_spans(maps.temperatures_K, every)


def _hatch_common(axes: Axes, maps: CeramicMaps) -> None:
    for low, high in _common(maps):
        if high > low:
            axes.axvspan(
                low, high, facecolor="none", hatch="///", edgecolor=GREY, linewidth=0, alpha=0.25
            )


def _color_of(row: BoundaryRow) -> str:
    return OKABE_ITO["blue"] if row.dopant is None else OKABE_ITO["vermilion"]


def _name_row(row: BoundaryRow) -> str:
    dopant = "" if row.dopant is None else f" [{row.dopant}]"
    return plain_text(f"{shorten(row.material, 24)}{dopant}: {shorten(row.boundary, 18)}")
