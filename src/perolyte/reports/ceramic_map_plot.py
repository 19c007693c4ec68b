"""Maps of ceramics over grain size and temperature, one panel for each material."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    NOTE_SIZE,
    OKABE_ITO,
    add_note,
    make_figure,
    place_legend,
    plain_text,
    say_missing,
    shorten,
    with_style,
)
from perolyte.schemas import CeramicMaps, MaterialMap

__all__ = ["MAX_PANELS", "ceramic_map_figure", "find_extrapolated_spans", "name_material"]

MAX_PANELS: Final = 9
_N_COLUMNS: Final = 3
_LEVELS_PER_DECADE: Final = 4
_N_LEFT_OUT: Final = 4
_HALF: Final = OKABE_ITO["vermilion"]
_HATCH: Final = "///"


@with_style
def ceramic_map_figure(maps: CeramicMaps) -> Figure:
    """Draw contours of the total conductivity, and the line where boundaries make half of R.

    Temperatures outside of the range that bulk or boundary rest on are hatched. With a single
    temperature the total is drawn over grain size instead, with its 95 % band.

    Parameters
    ----------
    maps
        Of at least one material; without one the axes say what is missing.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = maps.materials[:MAX_PANELS]
    if not shown:
        figure, [[axes]] = make_figure(8.4, EMPTY_HEIGHT_IN)
        axes.set(xlabel="Grain size (nm)", ylabel="Temperature (K)")
        say_missing(axes, _explain_nothing(maps))
        return figure
    if len(maps.temperatures_K) == 1:
        return _draw_lines(maps, shown)
    # two by two reads better than three and one
    n_columns = 2 if len(shown) in (2, 4) else min(_N_COLUMNS, len(shown))
    n_rows = math.ceil(len(shown) / n_columns)
    figure, grid = make_figure(
        3.2 * n_columns + 2.6, 3.1 * n_rows + 0.6, n_rows=n_rows, n_columns=n_columns
    )
    levels = _choose_levels(shown)
    panels = [axes for row in grid for axes in row]
    filled = [
        _draw_panel(axes, maps, material, levels)
        for axes, material in zip(panels, shown, strict=False)
    ]
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    for index, axes in enumerate(panels[: len(shown)]):
        is_lowest = index + n_columns >= len(shown)
        axes.tick_params(labelbottom=is_lowest)
        axes.set(xlabel="Grain size (nm)" if is_lowest else "")
        axes.set(ylabel="Temperature (K)" if index % n_columns == 0 else "")
    bar = figure.colorbar(filled[0], ax=panels, pad=0.02, aspect=30)
    bar.set_ticks([x for x in levels if x == round(x)])
    bar.set_label("log₁₀ of total σ (S cm⁻¹)")
    place_legend(figure, _legend(shown))
    add_note(figure, _note(maps))
    return figure


def name_material(material: MaterialMap, *, width: int = 30) -> str:
    """Return a material with its boundary, for a title or legend."""
    return plain_text(f"{shorten(material.name, width)}, {shorten(material.boundary, width)}")


def find_extrapolated_spans(
    temperatures_K: list[float], extrapolated: list[str | None]
) -> list[tuple[float, float]]:
    """Return the ranges in K to be hatched, each to half way to the next temperature inside.

    Examples
    --------
    >>> find_extrapolated_spans([300.0, 400.0, 500.0], [None, "bulk", "bulk"])
    [(350.0, 500.0)]
    """
    spans: list[tuple[float, float]] = []
    n = len(temperatures_K)
    for index, which in enumerate(extrapolated):
        if which is None:
            continue
        kelvin = temperatures_K[index]
        low = kelvin if index == 0 else 0.5 * (temperatures_K[index - 1] + kelvin)
        high = kelvin if index == n - 1 else 0.5 * (temperatures_K[index + 1] + kelvin)
        if spans and spans[-1][1] >= low:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
    return spans


def _choose_levels(materials: list[MaterialMap]) -> list[float]:
    values = np.log10([material.total_S_cm.value for material in materials])
    low = math.floor(float(values.min()) * _LEVELS_PER_DECADE) / _LEVELS_PER_DECADE
    high = math.ceil(float(values.max()) * _LEVELS_PER_DECADE) / _LEVELS_PER_DECADE
    high = max(high, low + 1.0 / _LEVELS_PER_DECADE)
    n_steps = round((high - low) * _LEVELS_PER_DECADE)
    return [low + index / _LEVELS_PER_DECADE for index in range(n_steps + 1)]


def _draw_panel(axes: Axes, maps: CeramicMaps, material: MaterialMap, levels: list[float]) -> Any:
    sizes, temperatures = np.array(maps.grain_sizes_nm), np.array(maps.temperatures_K)
    logs = np.log10(np.array(material.total_S_cm.value)).T
    axes.set_xscale("log")
    filled = axes.contourf(sizes, temperatures, logs, levels=levels, cmap="cividis")
    whole = [x for x in levels if x == round(x)]
    lines = axes.contour(
        sizes, temperatures, logs, levels=whole, colors="white", linewidths=0.7, linestyles="-"
    )
    axes.clabel(lines, fmt=lambda x: f"{x:.0f}".replace("-", "−"), fontsize=NOTE_SIZE)
    half = material.half_blocking_nm
    for values, style, width in (
        (half.value, "-", 2.2),
        (half.lower, ":", 1.4),
        (half.upper, ":", 1.4),
    ):
        axes.plot(values, temperatures, color=_HALF, linestyle=style, linewidth=width)
    for low, high in find_extrapolated_spans(maps.temperatures_K, material.extrapolated):
        axes.axhspan(
            low, high, facecolor="none", hatch=_HATCH, edgecolor="white", linewidth=0, alpha=0.45
        )
    axes.set(
        xlim=(sizes[0], sizes[-1]),
        ylim=(temperatures[0], temperatures[-1]),
        title=name_material(material, width=22),
    )
    return filled


def _draw_lines(maps: CeramicMaps, shown: list[MaterialMap]) -> Figure:
    figure, [[axes]] = make_figure(8.4, 5.0)
    colors = list(OKABE_ITO.values())
    handles: list[tuple[Artist, str]] = []
    for index, material in enumerate(shown):
        color = colors[index % len(colors)]
        total = material.total_S_cm
        lower, value, upper = (
            [row[0] for row in rows] for rows in (total.lower, total.value, total.upper)
        )
        axes.fill_between(maps.grain_sizes_nm, lower, upper, color=color, alpha=0.13, linewidth=0)
        is_outside = material.extrapolated[0] is not None
        (line,) = axes.plot(
            maps.grain_sizes_nm, value, color=color, linestyle="--" if is_outside else "-"
        )
        handles.append((line, name_material(material)))
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="Grain size (nm)",
        ylabel=f"Total conductivity at {maps.temperatures_K[0]:g} K (S cm⁻¹)",
    )
    handles.append((Patch(color=GREY, alpha=0.25, linewidth=0), "95 %"))
    if any(material.extrapolated[0] is not None for material in shown):
        handles.append((Line2D([], [], color=GREY, linestyle="--"), "outside of a fitted range"))
    place_legend(figure, handles)
    add_note(figure, _note(maps))
    return figure


def _legend(shown: list[MaterialMap]) -> list[tuple[Artist, str]]:
    handles: list[tuple[Artist, str]] = [
        (Line2D([], [], color=_HALF, linewidth=2.2), "blocking factor 0.5"),
        (Line2D([], [], color=_HALF, linestyle=":", linewidth=1.4), "its 95 % interval"),
    ]
    if any(which for material in shown for which in material.extrapolated):
        hatched = Patch(facecolor="#bbbbbb", hatch=_HATCH, edgecolor="white", linewidth=0)
        handles.append((hatched, "outside of the\nfitted range"))
    return handles


def _note(maps: CeramicMaps) -> str:
    parts = [f"{maps.model[0].upper()}{maps.model[1:]}; intervals from {maps.n_draws} draws."]
    if len(maps.materials) > MAX_PANELS:
        parts.append(f"{len(maps.materials) - MAX_PANELS} more materials are in the document.")
    names = list(maps.left_out)
    if names:
        more = len(names) - _N_LEFT_OUT
        tail = f" and {more} more" if more > 0 else ""
        parts.append(f"Without a map: {', '.join(names[:_N_LEFT_OUT])}{tail}.")
    return " ".join(parts)


def _explain_nothing(maps: CeramicMaps) -> str:
    if not maps.left_out:
        return "No map over grain size:\nthere is no candidate with molecular dynamics."
    lines = [f"{name}: {reason}" for name, reason in list(maps.left_out.items())[:_N_LEFT_OUT]]
    return "No map over grain size:\n" + "\n".join(lines)
