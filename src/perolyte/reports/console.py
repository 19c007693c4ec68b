"""The ranked table in a terminal."""

from __future__ import annotations

from typing import Final, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from perolyte.reports.selection import (
    describe_binding,
    describe_doping,
    describe_status,
    find_target_temperature,
    resolved_fit,
    resolved_room,
    short_reason,
)
from perolyte.reports.text import DASH, format_energy, format_interval, format_with_error
from perolyte.schemas import ResultRow, ScreeningSummaryDoc

__all__ = ["binding_lines", "ranked_table", "reason_lines"]

_MAX_REASON: Final = 240
_GAP: Final = 2
_SHORTEST_FORMULA: Final = 6
_CAPTION: Final = (
    "Er: reaction energy per dopant or vacancy. σ: Nernst-Einstein (Haven ratio 1), with its 95 % "
    "interval. Digits in parentheses: standard error."
)


def ranked_table(summary: ScreeningSummaryDoc, *, width: int = 100) -> Table:
    """Return the candidates in the order of their ranks, for a terminal of ``width`` columns.

    Candidates without a resolved conductivity are dimmed and have a dash for it;
    :func:`reason_lines` says why.
    """
    target = f"{find_target_temperature(summary):g} K"
    title = Text(f"campaign {summary.campaign or summary.name}")
    table = Table(
        title=title,
        caption=Text(_CAPTION),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    headings = ["#", "name", "formula", "doping", "Er (eV)", "Ea (eV)", f"σ({target}) (S/cm)"]
    headings.append("status")
    rows = sorted(summary.candidates, key=lambda row: row.rank)
    lines = [[Text(cell) for cell in _write_cells(row)] for row in rows]
    widths = [
        max(len(heading), *(_cell_width(cell) for cell in cells))
        for heading, *cells in zip(headings, *lines, strict=True)
    ]
    # in a narrow terminal only the formula is cut: everything else is the answer
    formula = headings.index("formula")
    spare = width - sum(widths) - _GAP * len(widths)
    widths[formula] = max(_SHORTEST_FORMULA, widths[formula] + min(0, spare))
    for heading, cell_width in zip(headings, widths, strict=True):
        justify: Literal["right", "left"] = "right" if heading in ("#", "Er (eV)") else "left"
        table.add_column(heading, justify=justify, no_wrap=True, min_width=cell_width)
    for row, line in zip(rows, lines, strict=True):
        line[formula].truncate(widths[formula], overflow="ellipsis")
        table.add_row(*line, style=None if resolved_room(row) else "dim")
    return table


def reason_lines(summary: ScreeningSummaryDoc) -> list[Text]:
    """Return one line per candidate that is not resolved, with the reason in words.

    Candidates that no molecular dynamics was asked for share one line. The lines are rich texts,
    so that brackets in names are not read as markup.
    """
    rows = sorted(summary.candidates, key=lambda row: row.rank)
    not_asked = [row for row in rows if row.status == "not_run" and not row.reasons]
    lines = [
        f"{row.name}: {describe_status(row)}: {short_reason(row)}".rstrip(": ")
        for row in rows
        if resolved_room(row) is None and row not in not_asked
    ]
    if not_asked:
        lines.append(f"no molecular dynamics was run for: {', '.join(r.name for r in not_asked)}")
    return [Text(_cut(line)) for line in lines]


def binding_lines(summary: ScreeningSummaryDoc) -> list[Text]:
    """Return one line per defect pair and distance: its binding energy, or why there is none."""
    return [Text(_cut(describe_binding(entry))) for entry in summary.binding_energies]


def _write_cells(row: ResultRow) -> list[str]:
    fit, room = resolved_fit(row), resolved_room(row)
    return [
        str(row.rank),
        row.name,
        row.formula,
        describe_doping(row),
        format_energy(row.reaction_energy_eV_per_dopant),
        format_with_error(fit.activation_energy_eV, fit.activation_energy_std_eV) if fit else DASH,
        format_interval(room.conductivity_S_cm, room.lower_S_cm, room.upper_S_cm) if room else DASH,
        describe_status(row).replace("relaxation ", "relaxation\n"),
    ]


def _cell_width(cell: Text) -> int:
    return max((part.cell_len for part in cell.split("\n")), default=0)


def _cut(line: str) -> str:
    return line if len(line) <= _MAX_REASON else line[: _MAX_REASON - 1] + "…"
