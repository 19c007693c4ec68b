"""A measured impedance spectrum and the circuit fitted to it, as Nyquist and Bode plots."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from perolyte.mesoscale import Arc, Circuit, ConstantPhaseElement, impedance_spectrum
from perolyte.reports.style import GREY, OKABE_ITO, add_note, plain_text, shorten, with_style
from perolyte.schemas import ImpedanceDoc

__all__ = ["impedance_figure"]

_ROLE_COLORS: Final = {
    "bulk": OKABE_ITO["blue"],
    "boundary": OKABE_ITO["vermilion"],
    "electrode": OKABE_ITO["green"],
    "unassigned": OKABE_ITO["purple"],
}
_ROLE_LINES: Final[dict[str, Any]] = {
    "bulk": "--",
    "boundary": "-.",
    "electrode": ":",
    "unassigned": (0, (1, 1)),
}
_PREFIXES: Final = ((1e9, "GΩ"), (1e6, "MΩ"), (1e3, "kΩ"), (1.0, "Ω"), (1e-3, "mΩ"))
_N_FINE: Final = 400
_SMALL: Final = 0.2
"""Share of the plot below which the arc of the bulk has an inset."""
_TAIL: Final = 1.5
"""How far, in arcs, the tail of the electrode is followed in the Nyquist plot."""


@with_style
def impedance_figure(document: ImpedanceDoc) -> Figure:
    """Draw -Im Z over Re Z, and size, phase and misfit over frequency.

    Parameters
    ----------
    document
        Of one spectrum; without a circuit the points stand alone.

    Returns
    -------
    matplotlib.figure.Figure
        The Nyquist plot has equal scales and shows the arcs, each with its frequency of the top; a
        long tail of the electrode leaves it at the top.
    """
    frequency = np.asarray(document.frequency_Hz)
    measured = np.asarray(document.real_ohm) + 1j * np.asarray(document.imaginary_ohm)
    circuit = _rebuild(document)
    figure = Figure(figsize=(10.4, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    halves: Any = figure.subfigures(1, 2, width_ratios=(1.25, 1.0))
    left, right = halves
    nyquist: Axes = left.subplots()
    bode: NDArray[np.object_] = right.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": (3, 2, 1.4)}
    )
    for axes in (nyquist, *bode):
        axes.tick_params(which="both", top=True, right=True)
    handles = _draw_nyquist(nyquist, document, frequency, measured, circuit)
    _draw_bode(bode, frequency, measured, circuit)
    nyquist.legend(
        [artist for artist, _ in handles],
        [label for _, label in handles],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        handlelength=2.6,
    )
    add_note(figure, _describe(document))
    return figure


def _rebuild(document: ImpedanceDoc) -> Circuit | None:
    found = document.circuit
    if found is None:
        return None
    electrode = None
    if found.electrode_coefficient is not None and found.electrode_exponent is not None:
        electrode = ConstantPhaseElement(found.electrode_coefficient, found.electrode_exponent)
    arcs = tuple(
        Arc(arc.resistance_ohm, ConstantPhaseElement(arc.cpe_coefficient, arc.cpe_exponent))
        for arc in found.arcs
    )
    return Circuit(arcs, electrode, found.series_resistance_ohm)


def _draw_nyquist(
    axes: Axes,
    document: ImpedanceDoc,
    frequency: NDArray[np.float64],
    measured: NDArray[np.complex128],
    circuit: Circuit | None,
) -> list[tuple[Artist, str]]:
    width, height = _choose_extent(measured, circuit)
    scale, unit = _choose_unit(width)
    (points,) = axes.plot(
        measured.real / scale,
        -measured.imag / scale,
        linestyle="none",
        marker="o",
        markerfacecolor="none",
        color=OKABE_ITO["black"],
        markersize=4.5,
    )
    handles: list[tuple[Artist, str]] = [(points, "measured")]
    if circuit is not None and document.circuit is not None:
        _draw_inset(axes, document, measured, circuit, width)
        fine = np.geomspace(frequency.min(), frequency.max(), _N_FINE)
        fitted = impedance_spectrum(fine, circuit)
        (line,) = axes.plot(fitted.real / scale, -fitted.imag / scale, color=GREY)
        handles.append((line, "fit"))
        start = circuit.series_resistance_ohm
        for arc, described in zip(circuit.arcs, document.circuit.arcs, strict=True):
            handles.append(_draw_arc(axes, arc, described.role, start / scale, scale))
            start += arc.resistance_ohm
    axes.set(
        xlabel=f"Re Z ({unit})",
        ylabel=f"-Im Z ({unit})".replace("-", "−"),
        xlim=(min(-0.03 * width, 1.05 * float(measured.real.min())) / scale, 1.03 * width / scale),
        ylim=(-0.05 * width / scale, height / scale),
    )
    axes.set_aspect("equal", adjustable="box")
    axes.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    return handles


def _draw_inset(
    axes: Axes,
    document: ImpedanceDoc,
    measured: NDArray[np.complex128],
    circuit: Circuit,
    width: float,
) -> None:
    """Show the arc of the bulk larger where the others dwarf it."""
    roles = [arc.role for arc in document.circuit.arcs] if document.circuit else []
    if "bulk" not in roles:
        return
    bulk = circuit.arcs[roles.index("bulk")]
    end = circuit.series_resistance_ohm + bulk.resistance_ohm
    if end > _SMALL * width:
        return
    # above the arcs where a tail rises at the right, else below the arc
    place = (0.07, 0.56, 0.4, 0.4) if circuit.electrode is not None else (0.36, 0.2, 0.3, 0.36)
    inset = axes.inset_axes(place)
    scale, unit = _choose_unit(end)
    inset.plot(
        measured.real / scale,
        -measured.imag / scale,
        linestyle="none",
        marker="o",
        markerfacecolor="none",
        color=OKABE_ITO["black"],
        markersize=3,
    )
    inset.set(xlim=(-0.05 * end / scale, 1.3 * end / scale))
    inset.set(ylim=(-0.05 * end / scale, 0.9 * end / scale))
    inset.set_aspect("equal", adjustable="box")
    _draw_arc(inset, bulk, "bulk", circuit.series_resistance_ohm / scale, scale)
    inset.set_title(f"bulk ({unit})", fontsize=8.5, pad=3)
    inset.tick_params(labelsize=8)


def _choose_unit(largest_ohm: float) -> tuple[float, str]:
    return next(((size, name) for size, name in _PREFIXES if size <= largest_ohm), _PREFIXES[-1])


def _choose_extent(
    measured: NDArray[np.complex128], circuit: Circuit | None
) -> tuple[float, float]:
    """Return the largest Re Z and -Im Z to show, Ω: the arcs, and the start of a tail."""
    width = float(measured.real.max())
    height = float(max(-measured.imag.min(), 0.25 * width))
    if circuit is not None and circuit.electrode is not None and circuit.arcs:
        arcs = circuit.series_resistance_ohm + sum(arc.resistance_ohm for arc in circuit.arcs)
        width = min(width, _TAIL * arcs)
    return width, 1.06 * min(height, 0.8 * width)


def _draw_arc(axes: Axes, arc: Arc, role: str, start: float, scale: float) -> tuple[Artist, str]:
    """Draw one arc by itself where it stands in the sum, and mark its top."""
    top = arc.peak_frequency_Hz
    fine = np.geomspace(top * 1e-6, top * 1e6, _N_FINE)
    alone = arc.impedance(fine) / scale
    (line,) = axes.plot(
        start + alone.real,
        -alone.imag,
        color=_ROLE_COLORS[role],
        linestyle=_ROLE_LINES[role],
        linewidth=1.2,
    )
    summit = arc.impedance(np.array([top]))[0] / scale
    axes.plot(start + summit.real, -summit.imag, marker="^", color=_ROLE_COLORS[role], markersize=6)
    handle = Line2D(
        [], [], color=line.get_color(), linestyle=_ROLE_LINES[role], marker="^", markersize=6
    )
    return handle, f"{role} arc, top at {_format_frequency(top)}"


def _draw_bode(
    axes: NDArray[np.object_],
    frequency: NDArray[np.float64],
    measured: NDArray[np.complex128],
    circuit: Circuit | None,
) -> None:
    size, phase, misfit = axes
    mark = {
        "linestyle": "none",
        "marker": "o",
        "markerfacecolor": "none",
        "color": OKABE_ITO["black"],
        "markersize": 4.0,
    }
    size.loglog(frequency, np.abs(measured), **mark)
    phase.semilogx(frequency, -np.degrees(np.angle(measured)), **mark)
    size.set_ylabel("|Z| (Ω)")
    phase.set_ylabel("−Phase (°)")
    misfit.set(xlabel="Frequency (Hz)", ylabel="Misfit (%)")
    misfit.axhline(0.0, color=GREY, linewidth=0.6)
    if circuit is None:
        return
    fine = np.geomspace(frequency.min(), frequency.max(), _N_FINE)
    fitted = impedance_spectrum(fine, circuit)
    size.loglog(fine, np.abs(fitted), color=GREY)
    phase.semilogx(fine, -np.degrees(np.angle(fitted)), color=GREY)
    left = 100.0 * (measured - impedance_spectrum(frequency, circuit)) / np.abs(measured)
    thin: dict[str, Any] = {"linewidth": 0.8, "markersize": 4}
    misfit.semilogx(frequency, left.real, color=OKABE_ITO["blue"], marker=".", label="real", **thin)
    misfit.semilogx(
        frequency, left.imag, color=OKABE_ITO["orange"], marker="x", label="imaginary", **thin
    )
    limit = float(np.abs([left.real, left.imag]).max()) or 1.0
    misfit.set_ylim(-1.25 * limit, 2.6 * limit)  # room for the legend
    misfit.legend(ncols=2, loc="upper right", fontsize=8, borderaxespad=0.2)


def _describe(document: ImpedanceDoc) -> str:
    parts = [shorten(document.name, 60)]
    if document.sample.temperature_K is not None:
        parts.append(f"{document.sample.temperature_K:g} K")
    parts.append("no circuit" if document.circuit is None else document.circuit.label)
    if document.status != "converged":
        parts.append(document.status.replace("_", " "))
    parts += [
        f"{value.name} {value.value:.3g} S/cm ({value.lower:.3g} to {value.upper:.3g})"
        for value in document.values
        if value.unit == "S/cm"
    ]
    return plain_text("; ".join(parts))


def _format_frequency(frequency_Hz: float) -> str:
    for size, unit in ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz")):
        if frequency_Hz >= size:
            return f"{frequency_Hz / size:.3g} {unit}"
    return f"{frequency_Hz:.3g} Hz"
