"""Maps of ceramics to point at: every number with its interval, in one HTML file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.reports.cell_page import make_page
from perolyte.reports.ceramic_map_plot import find_extrapolated_spans
from perolyte.reports.style import OKABE_ITO
from perolyte.schemas import CeramicMaps, MaterialMap

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["ceramic_map_html", "interactive_map_figure"]

FloatArray = NDArray[np.float64]

_QUANTITIES: Final = ("total conductivity", "blocking factor", "error in decades")
_N_GRIDS: Final = len(_QUANTITIES)
_N_SHEETS: Final = _N_GRIDS + 1
_N_TRACES: Final = _N_SHEETS + 4
_MOST_DECADES: Final = 1.5
"""Of the colours of errors; wider ones have the last colour."""


def ceramic_map_html(maps: CeramicMaps, *, title: str) -> str:
    """Return the maps as a page that needs no network.

    Raises
    ------
    InputError
        When no material has a map.
    """
    return make_page(interactive_map_figure(maps, title=title), title=title, div_id="ceramic-map")


def interactive_map_figure(maps: CeramicMaps, *, title: str) -> Figure:
    """Draw one material at a time; menus choose it and what is shown.

    Where the mouse points, the conductivity, the blocking factor, both arcs and their 95 %
    intervals are written. What is outside of a fitted range is hatched, and said there. With a
    single temperature the materials are lines over grain size.

    Parameters
    ----------
    maps
        Of at least one material.
    title
        Plain text.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    InputError
        When no material has a map.
    """
    import plotly.graph_objects as go

    if not maps.materials:
        raise InputError(
            "no material has a map over grain size; the document's left_out says why: resolve a "
            "bulk conductivity or give a boundary"
        )
    figure = go.Figure()
    if len(maps.temperatures_K) == 1:
        _draw_lines(figure, maps)
    else:
        _draw_contours(figure, maps)
        figure.update_layout(updatemenus=_make_menus(maps))
    figure.update_layout(
        title={"text": escape(title), "x": 0.02, "xanchor": "left"},
        font={"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": "#222222"},
        plot_bgcolor="white",
        paper_bgcolor="white",
        margin={"l": 80, "r": 20, "t": 120, "b": 70},
        legend={"orientation": "h", "x": 0.0, "y": -0.2},
        xaxis={
            "type": "log",
            "title": {"text": "grain size (nm)"},
            "ticks": "outside",
            "exponentformat": "power",
            "dtick": 1,
        },
    )
    return figure


def _draw_contours(figure: Figure, maps: CeramicMaps) -> None:
    import plotly.graph_objects as go

    first = _make_data(maps, maps.materials[0])
    low, high = _range_of_totals(maps)
    scales: tuple[dict[str, Any], ...] = (
        {"contours": {"start": low, "end": high, "size": 0.25}, "colorscale": "Cividis"},
        {"contours": {"start": 0, "end": 1, "size": 0.1}, "colorscale": "Blues"},
        {"contours": {"start": 0, "end": _MOST_DECADES, "size": 0.1}, "colorscale": "Oranges"},
    )
    bars = ("log₁₀ σ (S/cm)", "share of<br>boundaries", "half of the<br>95 % interval")
    ticks: tuple[dict[str, Any], ...] = ({"dtick": 1}, {"dtick": 0.2}, {"dtick": 0.5})
    for index, (scale, bar, tick) in enumerate(zip(scales, bars, ticks, strict=True)):
        figure.add_trace(
            go.Contour(
                x=first["x"][index],
                y=first["y"][index],
                z=first["z"][index],
                hoverinfo="skip",
                visible=index == 0,
                showlegend=False,
                autocontour=False,
                colorbar={"title": {"text": bar}, **tick},
                line={"width": 0.5},
                **scale,
            )
        )
    # the words are on a sheet of their own: once, not with each quantity
    figure.add_trace(
        go.Heatmap(
            x=first["x"][_N_GRIDS],
            y=first["y"][_N_GRIDS],
            z=first["z"][_N_GRIDS],
            text=first["text"][_N_GRIDS],
            hovertemplate="%{text}<extra></extra>",
            opacity=0.0,
            showscale=False,
        )
    )
    for index, (name, dash, width) in enumerate(
        (("blocking factor 0.5", "solid", 3), ("its 95 % interval", "dot", 1.5), ("", "dot", 1.5))
    ):
        place = _N_SHEETS + index
        figure.add_trace(
            go.Scatter(
                x=first["x"][place],
                y=first["y"][place],
                mode="lines",
                name=name,
                showlegend=bool(name),
                legendgroup=f"half {min(index, 1)}",
                line={"color": OKABE_ITO["vermilion"], "dash": dash, "width": width},
                hoverinfo="skip",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=first["x"][-1],
            y=first["y"][-1],
            mode="lines",
            name="hatched: outside of a fitted range",
            line={"width": 0, "color": "#888888"},
            fill="toself",
            fillpattern={"shape": "/", "fgcolor": "#ffffff", "bgcolor": "rgba(0,0,0,0)", "size": 9},
            hoverinfo="skip",
        )
    )
    sizes, temperatures = maps.grain_sizes_nm, maps.temperatures_K
    figure.update_yaxes(
        title={"text": "temperature (K)"}, range=[temperatures[0], temperatures[-1]]
    )
    figure.update_xaxes(range=[float(np.log10(sizes[0])), float(np.log10(sizes[-1]))])


def _make_data(maps: CeramicMaps, material: MaterialMap) -> dict[str, list[Any]]:
    """Return x, y, z and text of every trace, for one material."""
    sizes, temperatures = maps.grain_sizes_nm, maps.temperatures_K
    total, alpha = material.total_S_cm, material.blocking_factor
    decades = 0.5 * np.log10(np.array(total.upper) / np.array(total.lower))
    grids = [np.log10(np.array(total.value)).T, np.array(alpha.value).T, decades.T]
    half = material.half_blocking_nm
    low, high = sizes[0], sizes[-1]
    outline_x: list[float | None] = []
    outline_y: list[float | None] = []
    for bottom, top in find_extrapolated_spans(temperatures, material.extrapolated):
        outline_x += [low, high, high, low, low, None]
        outline_y += [bottom, bottom, top, top, bottom, None]
    rounded = [np.round(grid, 4).tolist() for grid in grids]
    return {
        "x": [*[sizes] * _N_SHEETS, half.value, half.lower, half.upper, outline_x],
        "y": [*[temperatures] * _N_SHEETS, *[temperatures] * 3, outline_y],
        "z": [*rounded, rounded[0], *[None] * 4],
        "text": [*[None] * _N_GRIDS, _write_points(maps, material), *[None] * 4],
    }


def _write_points(maps: CeramicMaps, material: MaterialMap) -> list[list[str]]:
    return [
        [_write_point(maps, material, i, j) for i in range(len(maps.grain_sizes_nm))]
        for j in range(len(maps.temperatures_K))
    ]


def _write_point(maps: CeramicMaps, material: MaterialMap, i: int, j: int) -> str:
    total, alpha = material.total_S_cm, material.blocking_factor
    bulk, boundary = material.bulk_peak_Hz, material.boundary_peak_Hz
    lines = [
        f"{maps.grain_sizes_nm[i]:.3g} nm, {maps.temperatures_K[j]:g} K",
        f"σ = {total.value[i][j]:.2e} S/cm ({total.lower[i][j]:.1e} to {total.upper[i][j]:.1e})",
    ]
    low, high = alpha.lower[i][j], alpha.upper[i][j]
    lines.append(f"blocking factor {alpha.value[i][j]:.3f} ({low:.2f} to {high:.2f})")
    lines += [
        f"{name} arc {band.value[j]:.1e} Hz ({band.lower[j]:.0e} to {band.upper[j]:.0e})"
        for name, band in (("bulk", bulk), ("boundary", boundary))
    ]
    which = material.extrapolated[j]
    if which is not None:
        lines.append(f"<b>extrapolated: {which} outside of its fitted range</b>")
    return "<br>".join(lines)


def _range_of_totals(maps: CeramicMaps) -> tuple[float, float]:
    logs = np.log10([material.total_S_cm.value for material in maps.materials])
    return float(np.floor(logs.min())), float(np.ceil(logs.max()))


def _make_menus(maps: CeramicMaps) -> list[dict[str, Any]]:
    every = list(range(_N_TRACES))
    materials = [
        {
            "method": "restyle",
            "label": escape(f"{material.name}, {material.boundary}"),
            "args": [_make_data(maps, material), every],
        }
        for material in maps.materials
    ]
    quantities = [
        {
            "method": "restyle",
            "label": name,
            "args": [{"visible": [i == index for i in range(_N_GRIDS)]}, every[:_N_GRIDS]],
        }
        for index, name in enumerate(_QUANTITIES)
    ]
    place = {"y": 1.02, "yanchor": "bottom", "xanchor": "left", "direction": "down"}
    return [
        {"buttons": materials, "x": 0.0, "active": 0, **place},
        {"buttons": quantities, "x": 0.5, "active": 0, **place},
    ]


def _draw_lines(figure: Figure, maps: CeramicMaps) -> None:
    import plotly.graph_objects as go

    colors = list(OKABE_ITO.values())
    for index, material in enumerate(maps.materials):
        color = colors[index % len(colors)]
        total = material.total_S_cm
        lower, value, upper = (
            [row[0] for row in rows] for rows in (total.lower, total.value, total.upper)
        )
        group, sizes = f"m{index}", maps.grain_sizes_nm
        figure.add_trace(
            go.Scatter(
                x=[*sizes, *sizes[::-1]],
                y=[*lower, *upper[::-1]],
                fill="toself",
                fillcolor=color,
                opacity=0.15,
                line={"width": 0},
                legendgroup=group,
                showlegend=False,
                hoverinfo="skip",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=sizes,
                y=value,
                mode="lines",
                name=escape(f"{material.name}, {material.boundary}"),
                legendgroup=group,
                text=[_write_point(maps, material, i, 0) for i in range(len(sizes))],
                hovertemplate="%{text}<extra></extra>",
                line={
                    "color": color,
                    "dash": "solid" if material.extrapolated[0] is None else "dash",
                },
            )
        )
    figure.update_yaxes(
        type="log",
        title={"text": f"total conductivity at {maps.temperatures_K[0]:g} K (S/cm)"},
        exponentformat="power",
        dtick=1,
    )
