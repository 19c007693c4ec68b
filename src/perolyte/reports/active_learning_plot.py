"""Active learning: uncertainties beside true errors, and doubts and labels round by round."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    OKABE_ITO,
    add_note,
    make_figure,
    number_log_axis,
    place_legend,
    say_missing,
    with_style,
)
from perolyte.schemas import ActiveLearningDoc, ActiveLearningRoundDoc, ExplorationDoc

__all__ = ["calibration_figure", "learning_figure"]

_MARGIN: Final = 1.4
_LEAST_PERCENT: Final = 1e-2
"""%, drawn for a round without a doubtful frame: a logarithmic axis has no zero."""


@with_style
def calibration_figure(exploration: ExplorationDoc) -> Figure:
    """Draw true force errors over calibrated uncertainties, both as root mean squares of bins.

    Parameters
    ----------
    exploration
        Whose committee was calibrated.

    Returns
    -------
    matplotlib.figure.Figure
        Without a calibration, its axes say in words why.
    """
    found = exploration.calibration
    figure, [[axes]] = make_figure(7.4, EMPTY_HEIGHT_IN if found is None else 4.4)
    axes.set(xlabel="Uncertainty of force (eV/Å)", ylabel="True error of force (eV/Å)")
    if found is None:
        say_missing(axes, "\n".join(exploration.warnings) or "The committee was not calibrated.")
        return figure
    doubts = np.array([row.uncertainty_eV_A for row in found.reliability])
    errors = np.array([row.error_eV_A for row in found.reliability])
    values = np.concatenate([doubts, errors[errors > 0]])
    ends = np.array([values.min() / _MARGIN, values.max() * _MARGIN])
    (line,) = axes.plot(ends, ends, color=GREY, linestyle="--")
    (raw,) = axes.plot(
        doubts / found.scale, errors, "o", color=OKABE_ITO["orange"], fillstyle="none"
    )
    (points,) = axes.plot(doubts, errors, "s-", color=OKABE_ITO["blue"])
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        number_log_axis(axis)
    entries: list[tuple[Artist, str]] = [
        (line, "equal"),
        (points, f"calibrated (×{found.scale:.3g} ± {found.scale_error:.1g})"),
        (raw, "spread of the members"),
    ]
    place_legend(figure, entries)
    pairs = zip(found.coverage_levels, found.coverage, strict=True)
    covered = ", ".join(f"{100 * p:.0f} %: {100 * seen:.0f} %" for p, seen in pairs)
    add_note(
        figure,
        f"{found.n_frames} held-out frames, {found.n_atoms} forces; rank correlation "
        f"{found.rank_correlation:.2f}; observed coverage of intervals of {covered}",
    )
    return figure


@with_style
def learning_figure(loop: ActiveLearningDoc) -> Figure:
    """Draw the share of doubtful frames and the labels of each round.

    Parameters
    ----------
    loop
        With at least one round.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels over the rounds.
    """
    figure = Figure(figsize=(7.4, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, sharex=True)
    limit = loop.stop_rule.get("max_doubtful_percent")
    entries = _draw_doubts(top, loop.rounds, float(str(limit)) if limit is not None else None)
    entries += _draw_labels(bottom, loop.rounds)
    bottom.set_xlabel("Round")
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    place_legend(figure, entries)
    add_note(figure, f"{loop.status.replace('_', ' ')}: {'; '.join(loop.reasons)}".rstrip(": "))
    return figure


def _draw_doubts(
    axes: Axes, rounds: list[ActiveLearningRoundDoc], limit: float | None
) -> list[tuple[Artist, str]]:
    numbers = [one.round for one in rounds]
    percents = [max(one.doubtful_percent, _LEAST_PERCENT) for one in rounds]
    (line,) = axes.plot(numbers, percents, "o-", color=OKABE_ITO["blue"])
    axes.set(yscale="log", ylabel="Doubtful frames (%)", ylim=(_LEAST_PERCENT / 2, 200.0))
    entries: list[tuple[Artist, str]] = [(line, "doubtful frames")]
    if limit:
        rule = axes.axhline(limit, color=GREY, linestyle="--")
        entries.append((rule, "limit of the rule"))
    return entries


def _draw_labels(axes: Axes, rounds: list[ActiveLearningRoundDoc]) -> list[tuple[Artist, str]]:
    numbers = [one.round for one in rounds]
    sound = [one.n_labelled for one in rounds]
    failed = [len(one.failed_labels) for one in rounds]
    good = axes.bar(numbers, sound, width=0.6, color=OKABE_ITO["green"])
    axes.set_ylabel("Labels")
    entries: list[tuple[Artist, str]] = [(good[0], "labelled")]
    if any(failed):
        bad = axes.bar(numbers, failed, width=0.6, bottom=sound, color=OKABE_ITO["vermilion"])
        entries.append((bad[0], "failed"))
    return entries
