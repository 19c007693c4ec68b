"""Figures of a trust card: deviations over their limits, the curves behind them, learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from perolyte.reports.style import GREY, OKABE_ITO, plain_text, shorten, with_style
from perolyte.schemas import CheckDescription, PotentialDoc, ValidationDoc

__all__ = ["TRUST_FIGURES", "DrawnFigure", "draw_curves", "draw_deviations", "draw_learning"]

_LOOKS: Final = {
    "pass": (OKABE_ITO["green"], "o"),
    "warn": (OKABE_ITO["orange"], "s"),
    "fail": (OKABE_ITO["vermilion"], "X"),
}
_WIDEST: Final = 4.0
"""Limits; what is farther off stands at the edge as an arrow with its number."""
_MAX_PANELS: Final = 6


@dataclass(frozen=True)
class DrawnFigure:
    """A figure, its caption, and what a reader who does not see it is told."""

    figure: Figure
    caption: str
    words: str


@with_style
def draw_deviations(
    validation: ValidationDoc, training: PotentialDoc | None = None
) -> DrawnFigure | None:
    """Draw every judged number as a share of its limit; None where nothing was judged."""
    rows = [
        (check, number.name, number.share, str(number.verdict))
        for check in validation.checks
        for number in check.numbers
        if number.share is not None and number.verdict is not None
    ]
    if not rows:
        return None
    figure = Figure(figsize=(8.6, 0.8 + 0.27 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=OKABE_ITO["sky"], alpha=0.18, linewidth=0)
    axes.axvline(0, color=GREY, linewidth=0.8)
    for place, (_, _, share, verdict) in enumerate(rows):
        color, marker = _LOOKS[verdict]
        shown = float(np.clip(share, -_WIDEST, _WIDEST))
        axes.plot([0, shown], [place, place], color=color, linewidth=1.4, alpha=0.6)
        axes.plot([shown], [place], marker=marker, color=color, markersize=7, clip_on=False)
        if abs(share) > _WIDEST:
            side = -1 if share > 0 else 1
            axes.annotate(
                f"{share:+.3g}".replace("-", "−"),
                (shown, place),
                xytext=(8 * side, 0),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                va="center",
                fontsize=8.5,
            )
    labels = [plain_text(f"{_shorten_subject(check)} {name}") for check, name, _, _ in rows]
    axes.set_yticks(range(len(rows)), labels)
    axes.invert_yaxis()
    axes.set_xlim(-_WIDEST - 0.2, _WIDEST + 0.2)
    axes.set_xlabel("deviation over the limit")
    axes.tick_params(top=True)
    words = ", ".join(f"{name} {share:+.2f}" for _, name, share, _ in rows)
    return DrawnFigure(
        figure,
        "Deviation of each judged number over the limit up to which it passes: circles in the "
        "band pass, squares are doubtful, crosses fail.",
        f"Deviations over their limits: {words}.",
    )


def _shorten_subject(check: CheckDescription) -> str:
    if check.name == "lattice":  # the number says which crystal
        return ""
    if check.name == "labels":
        return f"{check.subject.replace('_', ' ')}:"
    return f"{check.title}:"


@with_style
def draw_curves(
    validation: ValidationDoc, training: PotentialDoc | None = None
) -> DrawnFigure | None:
    """Draw the columns behind the checks, one panel each; None where there are none."""
    shown = [check for check in validation.checks if len(check.curves) == 2][:_MAX_PANELS]
    if not shown:
        return None
    n_columns = 2 if len(shown) > 1 else 1
    n_rows = -(-len(shown) // n_columns)
    figure = Figure(figsize=(8.6, 2.9 * n_rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes, check in zip(grid.flat, shown, strict=False):
        _draw_curve(axes, check)
    names = ", ".join(f"{check.title} of {check.subject}" for check in shown)
    return DrawnFigure(
        figure,
        "What lies behind: energies over volume, along the paths of hops, and in time without a "
        "thermostat.",
        f"Curves: {names}.",
    )


def _draw_curve(axes: Axes, check: CheckDescription) -> None:
    (x_name, x), (y_name, y) = check.curves.items()
    values = np.asarray(y)
    is_dense = len(x) > 60
    if check.name == "equation_of_state":
        values = values - values.min()
    axes.plot(
        x,
        values,
        color=OKABE_ITO["blue"],
        marker=None if is_dense else "o",
        linewidth=0.8 if is_dense else 1.5,
        markersize=4.5,
    )
    axes.set(xlabel=x_name, ylabel=y_name)
    axes.set_title(plain_text(shorten(f"{check.title}: {check.subject}", 52)), loc="left")
    axes.tick_params(top=True, right=True)


@with_style
def draw_learning(
    validation: ValidationDoc, training: PotentialDoc | None = None
) -> DrawnFigure | None:
    """Draw errors on training and validation frames over epochs; None without a training."""
    if training is None or not training.curve:
        return None
    epochs = [entry.epoch for entry in training.curve]
    figure = Figure(figsize=(8.6, 3.0), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for axes, field, label in (
        (left, "energy_meV_atom", "energy MAE (meV/atom)"),
        (right, "force_meV_A", "force MAE (meV/Å)"),
    ):
        for part, color, line in (
            ("train", OKABE_ITO["blue"], "--"),
            ("validation", OKABE_ITO["vermilion"], "-"),
        ):
            values = [getattr(entry, f"{part}_{field}") for entry in training.curve]
            axes.plot(epochs, values, color=color, linestyle=line, label=part)
        axes.axvline(training.best_epoch, color=GREY, linewidth=0.8, linestyle=":")
        axes.set(xlabel="epoch", ylabel=label, yscale="log")
        axes.tick_params(which="both", top=True, right=True)
    left.legend()
    return DrawnFigure(
        figure,
        f"Learning curve; the dotted line is the epoch that was kept ({training.best_epoch}).",
        f"Learning curve over {len(epochs)} epochs.",
    )


TRUST_FIGURES: Final[
    tuple[Callable[[ValidationDoc, PotentialDoc | None], DrawnFigure | None], ...]
] = (draw_deviations, draw_learning, draw_curves)
"""In the order of the page."""
