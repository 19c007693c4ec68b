"""How figures look: one place for colours, markers, fonts and sizes.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind readers
can tell apart; markers and line styles tell the same apart in greyscale.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from perolyte.schemas import ScreeningSummaryDoc

__all__ = [
    "EMPTY_HEIGHT_IN",
    "GREY",
    "MAX_BANDS",
    "NOTE_SIZE",
    "OKABE_ITO",
    "SETTINGS",
    "Look",
    "add_note",
    "choose_candidate_looks",
    "choose_temperature_looks",
    "make_figure",
    "number_log_axis",
    "place_legend",
    "plain_text",
    "say_missing",
    "shorten",
    "with_style",
]

P = ParamSpec("P")
R = TypeVar("R")

OKABE_ITO: Final = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}
"""Without its yellow, which is too faint for lines on white."""

GREY: Final = "#666666"
NOTE_SIZE: Final = 8.5
EMPTY_HEIGHT_IN: Final = 3.2
MAX_BANDS: Final = 6
"""More bands than these cover each other; bars and tables then give the intervals."""
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d", "H", "8")
_LINES: Final = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))

SETTINGS: Final[Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib and has ⁻¹, σ and subscripts
    "font.size": 10.0,
    "axes.labelsize": 11.0,
    "axes.titlesize": 10.0,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 6.0,
    "errorbar.capsize": 2.5,
    "savefig.dpi": 200,
    "svg.fonttype": "path",  # the same glyphs on every machine
    "svg.hashsalt": "perolyte",  # the same summary gives the same file
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Look:
    """How one candidate or one temperature is drawn, the same in every figure."""

    color: Any
    marker: str
    line: Any


def with_style(function: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function with the settings of this module; the user's stay as they were."""

    @functools.wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(SETTINGS):
            return function(*args, **kwargs)

    return styled


def choose_candidate_looks(summary: ScreeningSummaryDoc) -> dict[str, Look]:
    """Return the look of every candidate by its name."""
    colors = list(OKABE_ITO.values())
    return {
        row.name: Look(
            color=colors[index % len(colors)],
            marker=_MARKERS[index % len(_MARKERS)],
            line=_LINES[index // len(colors) % len(_LINES)],
        )
        for index, row in enumerate(summary.candidates)
    }


def choose_temperature_looks(temperatures_K: Iterable[float]) -> dict[float, Look]:
    """Return the look of every temperature: dark is cold, light is hot, also in greyscale."""
    temperatures = sorted(temperatures_K)
    shades = np.linspace(0.05, 0.85, len(temperatures)) if len(temperatures) > 1 else [0.3]
    colors = [mpl.colormaps["cividis"](shade) for shade in shades]
    return {
        temperature: Look(color=color, marker=_MARKERS[index % len(_MARKERS)], line="-")
        for index, (temperature, color) in enumerate(zip(temperatures, colors, strict=True))
    }


def make_figure(
    width_in: float, height_in: float, *, n_rows: int = 1, n_columns: int = 1
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure outside pyplot, and its axes by row and column (shared scales)."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat:
        axes.tick_params(which="both", top=True, right=True)
    return figure, [list(row) for row in grid]


def place_legend(figure: Figure, handles: Sequence[tuple[Artist, str]], *, title: str = "") -> None:
    """Put the legend to the right of the axes, where it covers nothing."""
    if handles:
        artists, labels = zip(*handles, strict=True)
        figure.legend(
            list(artists),
            list(labels),
            loc="outside right upper",
            title=title or None,
            alignment="left",
            handlelength=2.6,
            labelspacing=0.55,
        )


def say_missing(axes: Axes, message: str) -> None:
    """Write inside empty axes what is missing and why."""
    axes.set(xticks=[], yticks=[])
    axes.minorticks_off()
    lines = [textwrap.fill(part, 74, subsequent_indent="    ") for part in message.splitlines()]
    axes.text(
        0.08,
        0.5,
        plain_text("\n".join(lines)),
        transform=axes.transAxes,
        ha="left",
        va="center",
        color=GREY,
        linespacing=1.5,
    )


def add_note(figure: Figure, text: str) -> None:
    """Write a line below the axes; nothing for an empty text."""
    if text:
        width = int(figure.get_figwidth() * 13)
        figure.supxlabel(
            plain_text(textwrap.fill(text, width)),
            fontsize=NOTE_SIZE,
            color=GREY,
            x=0.01,
            ha="left",
            linespacing=1.4,
        )


def shorten(text: str, width: int = 26) -> str:
    """Cut a long name for a legend.

    Examples
    --------
    >>> shorten("a name that is much too long for a legend")
    'a name that is much too l…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def number_log_axis(axis: Axis) -> None:
    """Write plain numbers at 1, 2, 5, 10, ... of a logarithmic axis of a decade or two."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def plain_text(text: str) -> str:
    """Return text that matplotlib shows as it is: no formulas from $, no label hidden by _."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
