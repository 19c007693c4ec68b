"""Reaction energy of every candidate."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perolyte.reports.selection import describe_status
from perolyte.reports.style import (
    GREY,
    NOTE_SIZE,
    OKABE_ITO,
    Look,
    add_note,
    make_figure,
    place_legend,
    plain_text,
    say_missing,
    shorten,
    with_style,
)
from perolyte.reports.text import finite_or_none, formula_unicode
from perolyte.schemas import ResultRow, ScreeningSummaryDoc

__all__ = ["ranking_figure"]

_KINDS: Final = {
    "doping": Look(color=OKABE_ITO["blue"], marker="o", line="-"),
    "vacancy": Look(color=OKABE_ITO["orange"], marker="s", line="-"),
}


@with_style
def ranking_figure(summary: ScreeningSummaryDoc) -> Figure:
    """Draw the reaction energy per dopant or vacancy, lowest on top; the parent is the zero line.

    Parameters
    ----------
    summary
        Of one campaign.

    Returns
    -------
    matplotlib.figure.Figure
        Candidates without an energy are named with the reason; with no energy at all, the axes
        say so.
    """
    rows = [row for row in summary.candidates if row.kind != "parent"]
    energies = {row.name: energy for row in rows if (energy := _energy(row)) is not None}
    known = sorted(
        (row for row in rows if row.name in energies),
        key=lambda row: (energies[row.name], row.name),
    )
    unknown = [row for row in rows if row.name not in energies]
    figure, [[axes]] = make_figure(8.4, max(3.0, 1.7 + 0.36 * len(rows)))
    axes.set(xlabel="Reaction energy per dopant or vacancy (eV)")
    if not known:
        say_missing(axes, _explain_nothing(rows))
        return figure
    for place, row in enumerate(known):
        look, energy = _look(row), energies[row.name]
        axes.plot(
            [0.0, energy], [place, place], color=look.color, linewidth=2.0, solid_capstyle="butt"
        )
        axes.plot(energy, place, color=look.color, marker=look.marker, markersize=8)
    axes.axvline(0.0, color=GREY, linewidth=1.0, zorder=0)
    axes.margins(x=0.12)
    for place, row in enumerate(unknown, start=len(known)):
        _write_beside_zero(axes, place, f"no energy: {_why(row)}")
    axes.set_yticks(range(len(rows)), [_label(row) for row in [*known, *unknown]])
    axes.tick_params(axis="y", left=False, right=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.grid(visible=True, color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    present = {row.kind for row in known}
    place_legend(
        figure,
        [
            (Line2D([], [], color=look.color, marker=look.marker, linewidth=2.0), kind)
            for kind, look in _KINDS.items()
            if kind in present
        ]
        + [(Line2D([], [], color=GREY, linewidth=1.0), "parent")],
    )
    add_note(
        figure,
        "Parent and binary oxides react to candidate and binary oxides. The error of the potential "
        "is not known for this energy: no bars.",
    )
    return figure


def _energy(row: ResultRow) -> float | None:
    return finite_or_none(row.reaction_energy_eV_per_dopant)


def _look(row: ResultRow) -> Look:
    return _KINDS.get(row.kind, _KINDS["doping"])


def _label(row: ResultRow) -> str:
    return plain_text(f"{shorten(row.name, 22)}  {shorten(formula_unicode(row.formula), 24)}")


def _why(row: ResultRow) -> str:
    words = describe_status(row)
    return words if words.startswith("relaxation") or not row.reasons else row.reasons[0]


def _write_beside_zero(axes: Axes, place: int, text: str) -> None:
    low, high = axes.get_xlim()
    on_left = high < -low  # write where there is more room
    axes.annotate(
        plain_text(shorten(text, 60)),
        (0.0, place),
        xytext=(-6 if on_left else 6, 0),
        textcoords="offset points",
        ha="right" if on_left else "left",
        va="center",
        fontsize=NOTE_SIZE,
        color=GREY,
        annotation_clip=False,
    )


def _explain_nothing(rows: list[ResultRow]) -> str:
    if not rows:
        return "No reaction energy to show:\nthe campaign has no candidate besides the parent."
    lines = [f"{row.name}: {_why(row)}" for row in rows[:6]]
    more = len(rows) - len(lines)
    lines += [f"and {more} more candidates"] if more > 0 else []
    return "\n".join(["No reaction energy to show: none is resolved.", *lines])
