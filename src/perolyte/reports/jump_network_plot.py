"""The network of jumps of a run: which ways ions take, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from perolyte.jobs.paths_tables import MIN_JUMPS_OF_A_WAY
from perolyte.reports.bvse_crystal_traces import repeat_on_faces
from perolyte.reports.bvse_path_traces import cut_to_cell
from perolyte.reports.cell_projection import (
    choose_axis,
    draw_framework,
    draw_outline,
    project_cell,
)
from perolyte.reports.style import (
    GREY,
    OKABE_ITO,
    add_note,
    plain_text,
    say_missing,
    shorten,
    with_style,
)
from perolyte.schemas import IonPathsDoc, JumpDescription

__all__ = ["jump_network_figure"]

FloatArray = NDArray[np.float64]

_MAX_SITE_NAMES: Final = 40
_RATES_WIDTH_IN: Final = 4.6
_PLAN_HEIGHT_IN: Final = 3.6
_SCALES_IN: Final = 1.5
_N_POINTS: Final = 33
"""Of a straight line, so that it can be cut at the faces of the cell."""
_SITE_AREA: Final = 34.0
"""Points², of a site that always holds one ion."""
_SMALLEST_AREA: Final = 3.0
_THINNEST, _THICKEST = 0.8, 3.8
_MAX_KINDS: Final = 7
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_NEAR_A: Final = 0.3
"""A site so near to another on paper is behind it."""
_MAX_BARRIERS: Final = 12


@dataclass(frozen=True)
class _Way:
    """Both directions between two sites: line in fractional coordinates, jumps, rate of either."""

    line: FloatArray
    n_jumps: int
    rate_per_ps: float | None


@with_style
def jump_network_figure(document: IonPathsDoc, *, title: str = "") -> Figure:
    """Draw sites and ways as seen along the shortest axis, and rates over the length of jumps.

    Parameters
    ----------
    document
        Of one run. Without rates the ways show how many jumps were seen.
    title
        Above the figure; by default ion, name and temperature.

    Returns
    -------
    matplotlib.figure.Figure
        Without a jump it shows the sites, and says so in words.
    """
    width_in = _choose_width(document)
    figure = Figure(figsize=(width_in + _RATES_WIDTH_IN, 4.9))
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained", wspace=0.06)
    plan, rates = figure.subplots(1, 2, width_ratios=(width_in, _RATES_WIDTH_IN))
    _draw_plan(figure, plan, document)
    _draw_rates(rates, document)
    heading = title or f"{document.mobile_ion} in {document.name}, {document.temperature_K:g} K"
    figure.suptitle(plain_text(heading), x=0.01, ha="left", fontsize=11)
    add_note(figure, _explain(document))
    return figure


def _explain(document: IonPathsDoc) -> str:
    text = (
        f"{document.n_jumps} jumps of {document.n_ions} ions in {document.run_length_ps:.4g} ps. "
        "Circles: sites, larger the more they are occupied. Rates are per ion on the site and per "
        "way, with 95 % Poisson intervals."
    )
    if document.status == "converged":
        return text
    return f"{document.status.replace('_', ' ')}: {'; '.join(document.reasons)}. {text}"


def _choose_width(document: IonPathsDoc) -> float:
    """Return the width of the left part in inches: that of the cell, beside its scales."""
    if document.cell_A is None:
        return _RATES_WIDTH_IN
    cell_A = np.array(document.cell_A)
    corners = np.array(list(np.ndindex(2, 2, 2))) @ project_cell(cell_A, choose_axis(cell_A))
    wide, high = np.ptp(corners, axis=0)
    return float(np.clip(_PLAN_HEIGHT_IN * wide / high, 2.0, 6.5)) + _SCALES_IN


# -- plan ------------------------------------------------------------------------------------------


def _draw_plan(figure: Figure, axes: Axes, document: IonPathsDoc) -> None:
    if document.cell_A is None or not document.sites:
        say_missing(axes, "No sites to show:\n" + "; ".join(document.reasons))
        return
    cell_A = np.array(document.cell_A)
    axis = choose_axis(cell_A)
    plane = project_cell(cell_A, axis)
    axes.set_title(f"Sites and jumps, seen along {'abc'[axis]}", loc="left")
    draw_outline(axes, plane, axis)
    draw_framework(axes, document.framework, plane)
    ways = _list_ways(document)
    if ways:
        _draw_ways(figure, axes, ways, plane)
    _draw_sites(axes, document, plane)
    axes.margins(0.1)


def _list_ways(document: IonPathsDoc) -> list[_Way]:
    """Put the two directions of each way together, the least used ones first."""
    sites = {site.index: np.array(site.fractional) for site in document.sites}
    found: dict[tuple[int, int, tuple[int, int, int]], list[JumpDescription]] = {}
    for jump in document.jumps:
        if jump.origin is None or jump.destination is None or jump.image is None:
            continue
        there = (jump.origin, jump.destination, jump.image)
        i, j, k = jump.image
        back = (jump.destination, jump.origin, (-i, -j, -k))
        found.setdefault(min(there, back), []).append(jump)
    ways = []
    for (origin, destination, image), members in found.items():
        start, end = sites[origin], sites[destination] + image
        share = np.linspace(0.0, 1.0, _N_POINTS)[:, np.newaxis]
        n_jumps = sum(jump.n_jumps for jump in members)
        exposure_ps = sum(jump.exposure_ps for jump in members)
        is_resolved = document.jump_rate_per_ps is not None and n_jumps >= MIN_JUMPS_OF_A_WAY
        ways.append(
            _Way(
                line=start + share * (end - start),
                n_jumps=n_jumps,
                rate_per_ps=n_jumps / exposure_ps if is_resolved else None,
            )
        )
    return sorted(ways, key=lambda way: (way.rate_per_ps or 0.0, way.n_jumps))


def _draw_ways(figure: Figure, axes: Axes, ways: Sequence[_Way], plane: FloatArray) -> None:
    """Draw frequent ways dark, thick and on top; those without a rate thin and dotted."""
    has_rates = any(way.rate_per_ps is not None for way in ways)
    values = [way.rate_per_ps if has_rates else float(way.n_jumps) for way in ways]
    numbers = np.array([value for value in values if value is not None])
    low, high = float(numbers.min()), float(numbers.max())
    norm: Normalize = LogNorm(low, high) if has_rates else Normalize(low, high)
    is_one = high - low <= 1e-9 * high
    colors = mpl.colormaps["cividis_r"]
    for way, value in zip(ways, values, strict=True):
        share = 1.0 if is_one or value is None else float(norm(value))
        pieces = [piece @ plane for piece in cut_to_cell(way.line)]
        axes.add_collection(
            LineCollection(
                pieces,
                colors=GREY if value is None else colors(0.15 + 0.85 * share),
                linewidths=_THINNEST
                if value is None
                else _THINNEST + (_THICKEST - _THINNEST) * share,
                linestyles=":" if value is None else "-",
                zorder=3,
            )
        )
    label = "Rate there and back (1/ps)" if has_rates else "Jumps seen, there and back"
    if is_one:
        value_text = f"{high:.2g} /ps" if has_rates else f"{high:.0f} jump(s)"
        axes.set_title(f"{axes.get_title('left')}; {value_text} on each way", loc="left")
        return
    shown = mpl.colors.ListedColormap(colors(np.linspace(0.15, 1.0, 256)))
    bar = figure.colorbar(ScalarMappable(norm, shown), ax=axes, pad=0.02, fraction=0.05)
    bar.set_label(label)
    if has_rates:
        for set_formatter in (bar.ax.yaxis.set_major_formatter, bar.ax.yaxis.set_minor_formatter):
            set_formatter(FuncFormatter(lambda value, _: f"{value:.2g}"))
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def _draw_sites(axes: Axes, document: IonPathsDoc, plane: FloatArray) -> None:
    """Draw each site as large as it is occupied."""
    points, indices = repeat_on_faces(np.array([site.fractional for site in document.sites]))
    occupations = np.array([site.occupation for site in document.sites])[indices]
    x, y = (points @ plane).T
    axes.scatter(
        x,
        y,
        s=np.maximum(_SMALLEST_AREA, _SITE_AREA * occupations),
        color="white",
        edgecolors="black",
        linewidths=1.1,
        zorder=4,
    )
    if len(document.sites) > _MAX_SITE_NAMES:
        return
    taken: list[FloatArray] = []
    for (u, v), index in zip(points @ plane, indices, strict=True):
        place = np.array([u, v])
        if any(np.linalg.norm(place - other) < _NEAR_A for other in taken):
            continue  # behind one that has its number
        taken.append(place)
        axes.annotate(
            str(document.sites[int(index)].index),
            (u, v),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7.5,
            zorder=5,
        )


# -- rates -----------------------------------------------------------------------------------------


def _draw_rates(axes: Axes, document: IonPathsDoc) -> None:
    """Draw the rate of each kind of way over its length; without a value only the interval."""
    axes.set_title("Kinds of jumps", loc="left")
    axes.tick_params(which="both", top=True, right=True)
    axes.set(xlabel="Length of the jump (Å)", ylabel="Rate per ion and way (1/ps)")
    if not document.jump_kinds:
        reason = "; ".join(document.reasons) or "no jump was seen"
        say_missing(axes, f"No jumps to show:\n{reason}.")
        return
    axes.set_yscale("log")
    names = list(
        dict.fromkeys((kind.origin_label, kind.destination_label) for kind in document.jump_kinds)
    )
    colors = list(OKABE_ITO.values())
    labelled = 0
    for kind in document.jump_kinds:
        place = names.index((kind.origin_label, kind.destination_label))
        look = min(place, _MAX_KINDS - 1)
        color = colors[look] if place < _MAX_KINDS else GREY
        axes.plot(
            [kind.distance_A] * 2,
            [kind.rate_lower_per_ps, kind.rate_upper_per_ps],
            color=color,
            marker="_",
            markersize=7,
            linewidth=1.3,
        )
        if kind.rate_per_ps is None:
            continue
        axes.plot(kind.distance_A, kind.rate_per_ps, _MARKERS[look], color=color)
        if kind.barrier_eV is not None and labelled < _MAX_BARRIERS:
            labelled += 1
            axes.annotate(
                f"{kind.barrier_eV:.2f} eV",
                (kind.distance_A, kind.rate_per_ps),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=color,
            )
    _place_names(axes, names, colors, document)
    axes.margins(x=0.16, y=0.08)
    if axes.get_ylim()[1] / axes.get_ylim()[0] > 1e4:
        axes.yaxis.set_minor_locator(NullLocator())


def _place_names(
    axes: Axes,
    names: Sequence[tuple[str, str]],
    colors: Sequence[str],
    document: IonPathsDoc,
) -> None:
    shown = list(names[: _MAX_KINDS - 1] if len(names) > _MAX_KINDS else names)
    if len(names) == 1:
        shown = []  # nothing to tell apart
    for index, (origin, destination) in enumerate(shown):
        axes.plot(
            [],
            [],
            _MARKERS[index],
            color=colors[index],
            label=plain_text(f"{shorten(origin, 12)} to {shorten(destination, 12)}"),
        )
    if len(names) > _MAX_KINDS:
        axes.plot([], [], _MARKERS[-1], color=GREY, label=f"{len(names) - len(shown)} others")
    if any(kind.rate_per_ps is None for kind in document.jump_kinds):
        axes.plot([], [], "|", color=GREY, markersize=10, label="too few jumps: interval only")
    if any(kind.barrier_eV is not None for kind in document.jump_kinds):
        axes.plot(
            [],
            [],
            " ",
            label=f"eV: barrier, attempts at {document.attempt_frequency_THz:g} THz assumed",
        )
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", handlelength=1.2)
