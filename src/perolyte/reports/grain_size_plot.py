"""Total conductivity of a ceramic over its grain size."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from perolyte.reports.selection import (
    candidates_with_md,
    describe_status,
    find_target_temperature,
    resolved_map,
    resolved_room,
)
from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    MAX_BANDS,
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
from perolyte.schemas import GrainSizeMap, ScreeningSummaryDoc

__all__ = ["find_half_blocking_size", "grain_size_figure"]

_HALF: Final = 0.5
_N_MARKS: Final = 6
_N_NAMES_SHOWN: Final = 5
_REFERENCE: Final = Look(color=GREY, marker="", line=(0, (5, 3)))


@with_style
def grain_size_figure(summary: ScreeningSummaryDoc) -> Figure:
    """Draw the total conductivity over grain size with 95 % bands, and literature for comparison.

    Parameters
    ----------
    summary
        Of one campaign.

    Returns
    -------
    matplotlib.figure.Figure
        With no computed map, its axes say in words what is missing.
    """
    looks = choose_candidate_looks(summary)
    maps = {row.name: found for row in summary.candidates if (found := resolved_map(row))}
    reference = summary.reference_map
    temperature = f"{find_target_temperature(summary):g} K"
    is_empty = not maps and reference is None
    figure, [[axes]] = make_figure(8.4, EMPTY_HEIGHT_IN if is_empty else 5.0)
    axes.set(xlabel="Grain size (nm)", ylabel=f"Total conductivity at {temperature} (S cm⁻¹)")
    if is_empty:
        say_missing(axes, _explain_nothing(summary))
        return figure
    axes.set(xscale="log", yscale="log")
    for index, (name, found) in enumerate(maps.items()):
        has_band = len(maps) <= MAX_BANDS
        _draw_map(axes, found, looks[name], first_mark=index, has_band=has_band)
    if reference is not None:
        _draw_map(axes, reference, _REFERENCE, first_mark=0, has_band=False)
    place_legend(figure, _legend(maps, looks, reference))
    if not maps:
        _write_missing(axes, _explain_nothing(summary))
    shown = [*maps.items(), *([("literature", reference)] if reference else [])]
    add_note(figure, _note([name for name, found in shown if not _half_size(found)]))
    return figure


def find_half_blocking_size(grain_size_nm: list[float], blocking: list[float]) -> float | None:
    """Return the grain size where the boundaries make half of the resistance, None if outside.

    Parameters
    ----------
    grain_size_nm, blocking
        (n_sizes,) each, nm rising, and share of the boundaries in the resistance, falling.

    Examples
    --------
    >>> print(f"{find_half_blocking_size([10.0, 1000.0], [0.75, 0.25]):.1f}")
    100.0
    """
    sizes, alpha = np.asarray(grain_size_nm, dtype=float), np.asarray(blocking, dtype=float)
    if not (alpha.min() <= _HALF <= alpha.max()):
        return None
    # between two sizes ln(alpha/(1 - alpha)) is straight in ln d, for the series model exactly
    inner = np.clip(alpha, 1e-12, 1 - 1e-12)
    odds = np.log(inner / (1 - inner))
    return float(np.exp(np.interp(0.0, odds[::-1], np.log(sizes)[::-1])))


def _half_size(found: GrainSizeMap) -> float | None:
    return find_half_blocking_size(found.grain_size_nm, found.blocking_factor)


def _draw_map(
    axes: Axes, found: GrainSizeMap, look: Look, *, first_mark: int, has_band: bool
) -> None:
    sizes = np.asarray(found.grain_size_nm)
    every = max(1, len(sizes) // _N_MARKS)
    if has_band:
        ends = (found.lower_S_cm, found.upper_S_cm)
        axes.fill_between(sizes, *ends, color=look.color, alpha=0.13, linewidth=0)
    axes.plot(
        sizes,
        found.total_S_cm,
        color=look.color,
        linestyle=look.line,
        marker=look.marker,
        # where boundaries dominate all curves are one: shifted marks show that there are several
        markevery=(3 * first_mark % every, every),
        markersize=5,
    )
    half = _half_size(found)
    if half is not None:
        total = np.exp(np.interp(np.log(half), np.log(sizes), np.log(found.total_S_cm)))
        axes.plot(
            half,
            total,
            marker="o",
            markersize=12,
            markerfacecolor="none",
            markeredgewidth=1.8,
            color=look.color,
            linestyle="none",
        )


def _legend(
    maps: dict[str, GrainSizeMap], looks: dict[str, Look], reference: GrainSizeMap | None
) -> list[tuple[Artist, str]]:
    handles: list[tuple[Artist, str]] = [
        (
            Line2D([], [], color=looks[n].color, marker=looks[n].marker, linestyle=looks[n].line),
            plain_text(shorten(n)),
        )
        for n in maps
    ]
    if 0 < len(maps) <= MAX_BANDS:
        sources = sorted({found.interval_from for found in maps.values()})
        handles.append(
            (Patch(color=GREY, alpha=0.25, linewidth=0), f"95 % from the {' or '.join(sources)}")
        )
    if reference is not None:
        handles.append(
            (Line2D([], [], color=GREY, linestyle=_REFERENCE.line), "literature, not computed")
        )
    every = [*maps.values(), *([reference] if reference else [])]
    if any(_half_size(found) for found in every):
        ring = Line2D(
            [],
            [],
            color=GREY,
            marker="o",
            markersize=12,
            markerfacecolor="none",
            markeredgewidth=1.8,
            linestyle="none",
        )
        handles.append((ring, "blocking factor 0.5"))
    return handles


def _write_missing(axes: Axes, message: str) -> None:
    """Write beside the literature curve, which runs to the upper right, what is missing."""
    axes.text(
        0.03,
        0.96,
        plain_text(message),
        transform=axes.transAxes,
        ha="left",
        va="top",
        color=GREY,
        linespacing=1.4,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.9},
    )


def _explain_nothing(summary: ScreeningSummaryDoc) -> str:
    rows = candidates_with_md(summary)
    if not rows:
        return "No computed map over grain size:\nno molecular dynamics was run in this campaign."
    if any(resolved_room(row) for row in rows):
        return (
            "No computed map over grain size:\nthe campaign gives no grain-boundary conductivity "
            f"at {find_target_temperature(summary):g} K."
        )
    names = ", ".join(f"{shorten(r.name)} ({describe_status(r)})" for r in rows[:_N_NAMES_SHOWN])
    more = len(rows) - _N_NAMES_SHOWN
    return (
        "No computed map over grain size:\nno bulk conductivity is resolved.\n"
        + names.replace("), ", "),\n")
        + (f"\nand {more} more" if more > 0 else "")
    )


def _note(names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(shorten(name) for name in names[:_N_NAMES_SHOWN])
    more = len(names) - _N_NAMES_SHOWN
    tail = f" and {more} more" if more > 0 else ""
    return f"The blocking factor does not pass 0.5 in this range of grain sizes: {shown}{tail}."
