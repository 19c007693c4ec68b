"""CSV and JSON read back, and what a candidate without a result looks like there."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from perolyte.files import replace_file
from perolyte.reports import csv_text, json_text, result_records, write_csv, write_json
from perolyte.schemas import Provenance, ScreeningSummaryDoc

SUMMARIES = ("unresolved", "mixed", "nothing_run", "many", "one_point")
ROOM_COLUMNS = (
    "conductivity_300K_S_cm",
    "conductivity_300K_lower_S_cm",
    "conductivity_300K_upper_S_cm",
)


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def read_json(text: str) -> Any:
    return json.loads(text, parse_constant=refuse_constant)


def with_nan(summary: ScreeningSummaryDoc) -> ScreeningSummaryDoc:
    """Put NaN wherever the documents have a place for a number that may be missing."""
    row = summary.candidates[0]
    assert row.conductivity is not None
    points = [
        p.model_copy(update={"diffusivity_cm2_s": math.nan, "n_net_hops": math.inf})
        for p in row.conductivity.points
    ]
    doc = row.conductivity.model_copy(update={"points": points})
    row = row.model_copy(
        update={
            "conductivity": doc,
            "relaxed_energy_per_atom_eV": math.nan,
            "reaction_energy_eV_per_dopant": math.nan,
        }
    )
    return summary.model_copy(update={"candidates": [row, *summary.candidates[1:]]})


@pytest.mark.parametrize("name", SUMMARIES)
def test_csv_reads_back_as_the_records(
    name: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    summary = every_summary[name]
    records = result_records(summary)
    rows = list(csv.DictReader(io.StringIO(csv_text(summary))))
    assert [row["name"] for row in rows] == [row.name for row in summary.candidates]
    for record, row in zip(records, rows, strict=True):
        assert list(record) == list(row)
        for key, value in record.items():
            if value is None:
                assert row[key] == ""
            elif isinstance(value, float):
                assert float(row[key]) == value
            else:
                assert row[key] == str(value)


def test_records_hold_the_numbers_of_the_documents(mixed: ScreeningSummaryDoc) -> None:
    best = result_records(mixed)[0]
    doc = mixed.candidates[0].conductivity
    assert doc is not None
    assert doc.room_temperature is not None
    assert doc.arrhenius is not None
    point = next(p for p in doc.points if p.temperature_K == 1000.0)
    assert best["diffusivity_1000K_cm2_s"] == point.diffusivity_cm2_s
    assert best["conductivity_std_1000K_S_cm"] == point.conductivity_std_S_cm
    assert best["status_550K"] == "not_converged"
    assert best["diffusivity_550K_cm2_s"] is None
    assert best["activation_energy_eV"] == doc.arrhenius.activation_energy_eV
    assert best["conductivity_300K_S_cm"] == doc.room_temperature.conductivity_S_cm
    assert best["conductivity_300K_upper_S_cm"] == doc.room_temperature.upper_S_cm
    assert (best["dopant"], best["scheme"], best["n_dopants"]) == ("Sr", "S3", 2)
    assert best["uuid_relaxation"] == "r-Sr2-S3"


def test_unresolved_rows_have_no_number_for_the_conductivity(
    mixed: ScreeningSummaryDoc, unresolved: ScreeningSummaryDoc
) -> None:
    records = [*result_records(mixed)[2:], *result_records(unresolved)]
    assert len(records) == 8
    for record in records:
        assert all(record[column] is None for column in (*ROOM_COLUMNS, "activation_energy_eV"))
    for entry in read_json(json_text(mixed))["candidates"][2:]:
        assert entry["room_temperature"] is None
        assert entry["arrhenius"] is None
        assert entry["reasons"]


def test_a_number_in_a_document_that_did_not_converge_is_not_passed_on(
    mixed: ScreeningSummaryDoc,
) -> None:
    row = mixed.candidates[0].model_copy(update={"status": "unphysical"})
    summary = mixed.model_copy(update={"candidates": [row]})
    assert result_records(summary)[0][ROOM_COLUMNS[0]] is None
    entry = read_json(json_text(summary))["candidates"][0]
    assert entry["room_temperature"] is None
    assert entry["grain_size_map"] is None


def test_simulated_boundaries_are_in_the_json_and_add_nothing_to_the_csv(
    with_boundaries: ScreeningSummaryDoc, nothing_run: ScreeningSummaryDoc
) -> None:
    first, second = read_json(json_text(with_boundaries))["simulated_boundaries"]
    assert (first["candidate"], first["boundary_energy_J_m2"]) == ("Sr2-S3", None)
    assert second["miller"] == [2, 1, 0]
    assert second["asr_ohm_cm2"][1]["value"] == 3.2e-6
    assert csv_text(with_boundaries) == csv_text(nothing_run)


def test_target_temperature_comes_from_the_document(mixed: ScreeningSummaryDoc) -> None:
    row = mixed.candidates[0]
    assert row.conductivity is not None
    assert row.conductivity.room_temperature is not None
    room = row.conductivity.room_temperature.model_copy(update={"temperature_K": 333.0})
    doc = row.conductivity.model_copy(update={"room_temperature": room})
    summary = mixed.model_copy(
        update={"candidates": [row.model_copy(update={"conductivity": doc})]}
    )
    assert result_records(summary)[0]["conductivity_333K_S_cm"] == room.conductivity_S_cm


def test_a_simulated_target_temperature_keeps_both_numbers(mixed: ScreeningSummaryDoc) -> None:
    row = mixed.candidates[0]
    assert row.conductivity is not None
    cold = row.conductivity.points[0].model_copy(
        update={
            "temperature_K": 300.0,
            "status": "converged",
            "diffusivity_cm2_s": 2e-9,
            "conductivity_S_cm": 1.5e-5,
        }
    )
    doc = row.conductivity.model_copy(update={"points": [cold, *row.conductivity.points]})
    summary = mixed.model_copy(
        update={"candidates": [row.model_copy(update={"conductivity": doc})]}
    )
    record = result_records(summary)[0]
    assert doc.room_temperature is not None
    assert record["conductivity_300K_S_cm"] == 1.5e-5
    assert record["conductivity_300K_fit_S_cm"] == doc.room_temperature.conductivity_S_cm


@pytest.mark.parametrize("name", SUMMARIES)
def test_json_is_strict_and_complete(
    name: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    summary = every_summary[name]
    content = read_json(json_text(summary))
    assert {"campaign", "schema", "provenance", "candidates"} <= set(content)
    assert content["provenance"]["potential"]["weights_sha256"] == "ab" * 32
    assert [c["rank"] for c in content["candidates"]] == list(range(1, len(summary.candidates) + 1))
    for entry, row in zip(content["candidates"], summary.candidates, strict=True):
        assert entry["formula"] == row.formula
        assert entry["relaxed_energy_per_atom_eV"] == row.relaxed_energy_per_atom_eV
        assert entry["uuids"] == row.uuids
        points = row.conductivity.points if row.conductivity else []
        for shown, point in zip(entry["temperatures"], points, strict=True):
            assert shown["conductivity_S_cm"] == point.conductivity_S_cm
            assert shown["diffusivity_std_cm2_s"] == point.diffusivity_std_cm2_s
            assert shown["diffusion_uuids"] == point.diffusion_uuids


def test_no_nan_reaches_a_file(mixed: ScreeningSummaryDoc) -> None:
    summary = with_nan(mixed)
    entry = read_json(json_text(summary))["candidates"][0]
    assert entry["relaxed_energy_per_atom_eV"] is None
    assert entry["temperatures"][0]["n_net_hops"] is None
    record = result_records(summary)[0]
    assert record["reaction_energy_eV_per_dopant"] is None
    assert record["conductivity_1000K_S_cm"] is None  # without D its temperature is not resolved
    assert "nan" not in csv_text(summary).lower()


def test_candidates_stand_in_the_order_of_their_ranks(mixed: ScreeningSummaryDoc) -> None:
    shuffled = mixed.model_copy(update={"candidates": mixed.candidates[::-1]})
    assert csv_text(shuffled).splitlines()[1:] == csv_text(mixed).splitlines()[1:]


def test_a_campaign_without_candidates_has_tables() -> None:
    summary = ScreeningSummaryDoc(
        name="empty",
        status="rejected",
        provenance=Provenance(perolyte_version="0"),
        parent_formula="LiTiO3",
        candidates=[],
    )
    assert csv_text(summary) == "rank\n"
    assert read_json(json_text(summary))["candidates"] == []


def test_files_end_with_a_newline_and_leave_nothing_else(
    tmp_path: Path, mixed: ScreeningSummaryDoc
) -> None:
    folder = tmp_path / "new"
    write_csv(mixed, folder / "results.csv")
    write_json(mixed, folder / "results.json")
    write_json(mixed, folder / "results.json")
    assert sorted(p.name for p in folder.iterdir()) == ["results.csv", "results.json"]
    assert all(p.read_bytes().endswith(b"\n") for p in folder.iterdir())
    assert (folder / "results.json").read_text(encoding="utf-8") == json_text(mixed)


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old\n", encoding="utf-8")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new\n")
    assert path.read_text(encoding="utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [path]
