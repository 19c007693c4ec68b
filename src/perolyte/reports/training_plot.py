"""How a training went: errors after each epoch, and which epoch was kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perolyte.reports.style import (
    EMPTY_HEIGHT_IN,
    GREY,
    OKABE_ITO,
    add_note,
    number_log_axis,
    place_legend,
    plain_text,
    say_missing,
    with_style,
)
from perolyte.schemas import PotentialDoc, TrainingEpoch

__all__ = ["training_figure"]

_TRAIN: Final[dict[str, Any]] = {"color": OKABE_ITO["blue"], "linestyle": "-"}
_VALIDATION: Final[dict[str, Any]] = {"color": OKABE_ITO["vermilion"], "linestyle": "--"}
_BEST: Final[dict[str, Any]] = {"color": GREY, "linestyle": ":"}
_BEFORE: Final[dict[str, Any]] = {"color": OKABE_ITO["black"], "marker": "x", "linestyle": "none"}


@with_style
def training_figure(document: PotentialDoc) -> Figure:
    """Draw force and energy errors over epochs, with the start and the epoch that was kept.

    Parameters
    ----------
    document
        Of a trained potential; its weights are not needed.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels; without epochs they say so.
    """
    figure = Figure(figsize=(9.6, 3.6 if document.curve else EMPTY_HEIGHT_IN), layout="constrained")
    forces, energies = figure.subplots(1, 2)
    if not document.curve:
        for axes in (forces, energies):
            say_missing(axes, "no epoch was trained")
        return figure
    before = document.errors_before.get("validation")
    _draw(forces, document, lambda e: (e.train_force_meV_A, e.validation_force_meV_A))
    _draw(energies, document, lambda e: (e.train_energy_meV_atom, e.validation_energy_meV_atom))
    forces.set_ylabel("MAE of forces (meV Å⁻¹)")
    energies.set_ylabel("MAE of energies (meV atom⁻¹)")
    if before is not None:
        forces.plot([0], [before.force_mae_meV_A], **_BEFORE)
        energies.plot([0], [before.energy_mae_meV_atom], **_BEFORE)
    handles: list[tuple[Artist, str]] = [
        (Line2D([], [], **_TRAIN), "training frames"),
        (Line2D([], [], **_VALIDATION), "validation frames"),
        (Line2D([], [], **_BEST), f"kept: epoch {document.best_epoch}"),
    ]
    if before is not None:
        handles.append((Line2D([], [], **_BEFORE), "before, validation"))
    place_legend(figure, handles, title=plain_text(document.name))
    add_note(figure, _describe_end(document))
    return figure


def _draw(
    axes: Axes,
    document: PotentialDoc,
    read: Callable[[TrainingEpoch], tuple[float, float]],
) -> None:
    epochs = [entry.epoch for entry in document.curve]
    pairs = [read(entry) for entry in document.curve]
    axes.plot(epochs, [pair[0] for pair in pairs], **_TRAIN)
    axes.plot(epochs, [pair[1] for pair in pairs], **_VALIDATION)
    axes.axvline(document.best_epoch, **_BEST)
    changes = [
        later.epoch - 0.5
        for earlier, later in zip(document.curve, document.curve[1:], strict=False)
        if later.stage != earlier.stage
    ]
    for change in changes:
        axes.axvline(change, color=GREY, linewidth=0.6)
    axes.set(xlabel="Epoch", yscale="log", xlim=(-0.5, epochs[-1] + 0.5))
    number_log_axis(axes.yaxis)
    axes.tick_params(which="both", top=True, right=True)


def _describe_end(document: PotentialDoc) -> str:
    n_stages = document.curve[-1].stage
    ends = {
        "length": "all epochs were done",
        "patience": "ended early: forces of the validation frames had stopped improving",
        "diverged": "ended: numbers were no longer finite",
    }
    stages = f"{n_stages} stages, divided by thin lines; " if n_stages > 1 else ""
    text = f"{stages}{ends[document.stopped_by]}."
    return text[0].upper() + text[1:]
