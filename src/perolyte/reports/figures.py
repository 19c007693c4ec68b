"""All figures of a campaign, as objects and as files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from perolyte.files import replace_file
from perolyte.reports.arrhenius_plot import arrhenius_figure
from perolyte.reports.boundary_table_plot import arc_frequency_figure, boundary_table_figure
from perolyte.reports.ceramic_map_page import ceramic_map_html
from perolyte.reports.ceramic_map_plot import ceramic_map_figure
from perolyte.reports.grain_size_plot import grain_size_figure
from perolyte.reports.msd_plot import msd_figure
from perolyte.reports.ranking_plot import ranking_figure
from perolyte.reports.style import with_style
from perolyte.schemas import CeramicMaps, ScreeningSummaryDoc

__all__ = [
    "CERAMIC_FIGURES",
    "FIGURES",
    "INTERACTIVE_MAP",
    "arc_frequency_figure",
    "arrhenius_figure",
    "boundary_table_figure",
    "ceramic_map_figure",
    "draw_figures",
    "grain_size_figure",
    "msd_figure",
    "ranking_figure",
    "render_figure",
    "settle_layout",
    "write_figures",
]

FIGURES: Final[dict[str, Callable[[ScreeningSummaryDoc], Figure]]] = {
    "arrhenius": arrhenius_figure,
    "msd": msd_figure,
    "grain_size": grain_size_figure,
    "ranking": ranking_figure,
}
"""Every figure by the name of its files."""

CERAMIC_FIGURES: Final[dict[str, Callable[[CeramicMaps], Figure]]] = {
    "ceramic_map": ceramic_map_figure,
    "boundaries": boundary_table_figure,
    "arc_frequencies": arc_frequency_figure,
}
"""Those of a campaign that asks for maps over grain size and temperature."""

INTERACTIVE_MAP: Final = "ceramic_map.html"

_FORMATS: Final = ("png", "svg", "pdf")
_DATE_FIELDS: Final = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Left out, so that the same summary gives the same file."""


def write_figures(summary: ScreeningSummaryDoc, folder: str | Path) -> list[Path]:
    """Write every figure as PNG (200 dpi), SVG and PDF, and the map to point at as a page.

    Parameters
    ----------
    summary
        Of one campaign.
    folder
        Made where it is missing; files of the same names are replaced.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    paths = []
    for name, figure in draw_figures(summary):
        settle_layout(figure)
        for file_format in _FORMATS:
            path = Path(folder) / f"{name}.{file_format}"
            paths.append(replace_file(path, render_figure(figure, file_format)))
    maps = summary.ceramic_maps
    if maps is not None and maps.materials:
        title = f"{summary.campaign or summary.name}: conductivity over grain size"
        path = Path(folder) / INTERACTIVE_MAP
        paths.append(replace_file(path, ceramic_map_html(maps, title=title)))
    return paths


def draw_figures(summary: ScreeningSummaryDoc) -> Iterator[tuple[str, Figure]]:
    """Draw the figures of a campaign one after another, with their names."""
    for name, draw in FIGURES.items():
        yield name, draw(summary)
    if summary.ceramic_maps is not None:
        for name, draw_maps in CERAMIC_FIGURES.items():
            yield name, draw_maps(summary.ceramic_maps)


@with_style
def settle_layout(figure: Figure) -> None:
    """Arrange a figure once and for all, instead of once per file."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


@with_style
def render_figure(figure: Figure, file_format: str) -> bytes:
    """Return a figure as the content of a ``png``, ``svg`` or ``pdf`` file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=file_format, metadata=_DATE_FIELDS.get(file_format))
    return buffer.getvalue()
