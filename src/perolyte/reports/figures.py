"""All figures of a campaign, as objects and as files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from perolyte.files import replace_file
from perolyte.reports.arrhenius_plot import arrhenius_figure
from perolyte.reports.grain_size_plot import grain_size_figure
from perolyte.reports.msd_plot import msd_figure
from perolyte.reports.ranking_plot import ranking_figure
from perolyte.reports.style import with_style
from perolyte.schemas import ScreeningSummaryDoc

__all__ = [
    "FIGURES",
    "arrhenius_figure",
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

_FORMATS: Final = ("png", "svg", "pdf")
_DATE_FIELDS: Final = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Left out, so that the same summary gives the same file."""


def write_figures(summary: ScreeningSummaryDoc, folder: str | Path) -> list[Path]:
    """Write every figure as PNG (200 dpi), SVG and PDF.

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
    for name, draw in FIGURES.items():
        figure = draw(summary)
        settle_layout(figure)
        for file_format in _FORMATS:
            path = Path(folder) / f"{name}.{file_format}"
            paths.append(replace_file(path, render_figure(figure, file_format)))
    return paths


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
