"""The table in a terminal, and the answer in sentences."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from perolyte.reports import binding_lines, ranked_table, reason_lines, write_headline
from perolyte.schemas import ScreeningSummaryDoc

SUMMARIES = ("unresolved", "mixed", "nothing_run", "many", "one_point")


def render(summary: ScreeningSummaryDoc, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(ranked_table(summary))
    for line in reason_lines(summary):
        console.print(line, highlight=False, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if f" {name} " in line)


@pytest.mark.parametrize("name", SUMMARIES)
def test_table_fits_100_columns_uncut(
    name: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    summary = every_summary[name]
    text = render(summary)
    table = text.split("interval.")[0]
    assert max(map(len, table.splitlines())) <= 100
    assert "…" not in table
    for row in summary.candidates:
        assert row.name in table
    assert "converge " not in table  # no status is cut
    assert "Haven ratio 1" in table


def test_resolved_and_unresolved_rows(mixed: ScreeningSummaryDoc) -> None:
    text = render(mixed)
    assert "×10⁻⁴" in line_of(text, "Sr2-S3")
    assert "converged" in line_of(text, "Sr2-S3")
    for name in ("Ba2-S3", "Al2-A2", "Ge1-A1"):
        assert "×10" not in line_of(text, name)
        assert "—" in line_of(text, name)


def test_unresolved_rows_are_dimmed(mixed: ScreeningSummaryDoc) -> None:
    styles = [row.style for row in ranked_table(mixed).rows]
    assert styles == [None, None, "dim", "dim", "dim"]


def test_reasons_name_every_unresolved_candidate(mixed: ScreeningSummaryDoc) -> None:
    lines = [line.plain for line in reason_lines(mixed)]
    assert len(lines) == 3
    assert lines[0].startswith("Ba2-S3: not converged: 2 distinct temperature(s)")
    assert "12 net hops" in lines[0]
    assert lines[2].startswith("Ge1-A1: relaxation not converged: largest force")


def test_candidates_that_were_not_run_share_a_line(nothing_run: ScreeningSummaryDoc) -> None:
    lines = [line.plain for line in reason_lines(nothing_run)]
    assert lines == ["no molecular dynamics was run for: parent, Sr2-S3, Ba2-S3"]


def test_a_name_is_not_read_as_markup(
    mixed: ScreeningSummaryDoc, make_hostile: Callable[..., ScreeningSummaryDoc]
) -> None:
    hostile = make_hostile(mixed)
    row = hostile.candidates[1].model_copy(update={"conductivity": None, "status": "not_run"})
    text = render(hostile.model_copy(update={"candidates": [row]}), width=200)
    assert text.count("[bold]") == 3  # its name in the table, and with its reason in the line


def test_headline_names_the_best_and_an_order_that_is_not_settled(
    mixed: ScreeningSummaryDoc,
) -> None:
    sentences = write_headline(mixed)
    assert sentences[0].startswith("Sr2-S3 conducts best of 2 resolved candidates: σ(300 K) = ")
    assert "extrapolated from 700–1200 K" in sentences[0]
    assert sentences[1] == (
        "Its interval overlaps with that of parent, so that their order is not settled."
    )
    assert "Not resolved: Ba2-S3 (not converged), Al2-A2 (unphysical)." in sentences
    assert any("Ge1-A1" in sentence for sentence in sentences)


def test_headline_does_not_doubt_a_clear_order(mixed: ScreeningSummaryDoc) -> None:
    row = mixed.candidates[1]
    assert row.conductivity is not None
    assert row.conductivity.room_temperature is not None
    lower = {"conductivity_S_cm": 1e-9, "lower_S_cm": 5e-10, "upper_S_cm": 2e-9}
    room = row.conductivity.room_temperature.model_copy(update=lower)
    doc = row.conductivity.model_copy(update={"room_temperature": room})
    rows = [mixed.candidates[0], row.model_copy(update={"conductivity": doc})]
    assert "not settled" not in " ".join(
        write_headline(mixed.model_copy(update={"candidates": rows}))
    )


def test_headline_without_any_result(
    unresolved: ScreeningSummaryDoc, nothing_run: ScreeningSummaryDoc
) -> None:
    sentences = write_headline(unresolved)
    assert sentences[0] == "No conductivity at 300 K is resolved, and none is extrapolated."
    assert "12 net hops" in sentences[2]
    assert "S/cm" not in " ".join(sentences)
    assert write_headline(nothing_run)[0] == (
        "No conductivity was calculated: no molecular dynamics was run."
    )


def test_binding_energies_say_against_what(bound: ScreeningSummaryDoc) -> None:
    first, second = (line.plain for line in binding_lines(bound))
    assert first == (
        "Al2-A3-n1: Al and vacancy_X 1.94 Å apart: bound, −0.42 eV against 5.80 Å (Al2-A3-n3)"
    )
    assert second.endswith("no binding energy: relaxation not converged: Al2-A3-n2")
