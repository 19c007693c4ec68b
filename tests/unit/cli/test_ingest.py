"""``perolyte ingest``: rows, tables, the store, and what Ctrl-C leaves."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from perolyte.cli.ingest import ingest_paths
from perolyte.cli.ingest_progress import IngestProgress
from perolyte.cli.ingest_store import StructureShelf
from perolyte.cli.ingest_table import COLUMNS, JsonWriter, RowPrinter, TableFile, make_row
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.errors import InputError, StoreError
from perolyte.sources import hash_file, reject_structure
from support.reading import make_document


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Nobody parses them here."""
    paths = [tmp_path / "in" / f"{index}.cif" for index in range(5)]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_text(f"data_{path.stem}")
    return paths


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the reading; the list names the files that were read."""
    seen: list[str] = []

    def read(paths, n_workers=None, *, keep_structure=True):
        for path in paths:
            seen.append(Path(path).name)
            sha256 = hash_file(path)
            if Path(path).stem == "1":
                yield reject_structure("1.cif", "1.cif: bad\nfile", path=str(path), sha256=sha256)
            elif Path(path).stem == "2":
                yield reject_structure(
                    "2.cif", "slow", path=str(path), sha256=sha256, rejection="timeout"
                )
            else:
                document = make_document(str(path), formula="SrTiO3", density_g_cm3=5.123456789)
                document.provenance = document.provenance.model_copy(update={"input_hash": sha256})
                yield document

    monkeypatch.setattr("perolyte.cli.ingest.ingest_batch", read)
    return seen


def ingest(paths, **options):
    defaults = {"output": None, "as_json": False, "store": None, "n_workers": 1}
    ingest_paths(paths, **{**defaults, **options})


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_table(files, reader, tmp_path, capsys):
    table = tmp_path / "new" / "t.csv"
    ingest([tmp_path / "in"], output=table)
    rows = read_table(table)
    assert list(rows[0]) == list(COLUMNS)
    assert [row["file"] for row in rows] == [str(path) for path in files]
    assert [row["status"] for row in rows] == ["ok", "rejected", "rejected", "ok", "ok"]
    assert rows[1]["reasons"] == "1.cif: bad file"
    assert (rows[0]["density"], rows[0]["tau"]) == ("5.12346", "")
    assert list(table.parent.iterdir()) == [table], "nothing half-written stays"
    out, _ = capsys.readouterr()
    assert out == f"5 files: 3 ok, 0 with warnings, 2 rejected; table in {table}\n"


def test_json_stands_alone_on_stdout(files, reader, capsys):
    ingest([files[0].parent], as_json=True)
    out, err = capsys.readouterr()
    content = json.loads(out)
    assert [entry["row_status"] for entry in content].count("rejected") == 2
    assert content[0]["row"]["formula"] == content[0]["formula"] == "SrTiO3"
    assert "structure" not in content[0]
    assert "5 files: 3 ok" in err


def test_lines_for_people(files, reader, capsys):
    ingest([files[0].parent])
    out, _ = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith(f"ok       {files[0]}: SrTiO3")
    assert lines[1] == f"rejected {files[1]}: bad file"


@pytest.mark.parametrize("store", [None, "store"])
def test_the_store_is_asked_first(files, reader, tmp_path, capsys, store):
    location = None if store is None else str(tmp_path / store)
    for _ in range(2):
        ingest([tmp_path / "in"], output=tmp_path / "t.csv", store=location)
    first, again = ["0.cif", "1.cif", "2.cif", "3.cif", "4.cif"], ["2.cif"]
    assert reader == (first + again if store else first + first), "a timeout is not final"
    assert [row["status"] for row in read_table(tmp_path / "t.csv")].count("ok") == 3
    out, _ = capsys.readouterr()
    assert ("4 found in the store" in out) == (store is not None)


def test_content_decides_not_the_name(files, reader, tmp_path):
    location = str(tmp_path / "store")
    ingest([files[0]], store=location)
    copy = files[0].with_name("copy.cif")
    copy.write_bytes(files[0].read_bytes())
    files[0].write_text("data_changed")
    with StructureShelf(location) as shelf:
        found = shelf.find([files[0], copy])
    assert {path.name: doc.name for path, doc in found.items()} == {"copy.cif": "copy.cif"}
    assert found[copy].path == str(copy)


@pytest.mark.parametrize("store", [None, "store"])
def test_what_an_interruption_leaves(files, reader, tmp_path, monkeypatch, store):
    location = None if store is None else str(tmp_path / store)
    counted = []

    def interrupt(self: IngestProgress, counts: Counter[str]) -> None:
        counted.append(1)
        if len(counted) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(IngestProgress, "advance", interrupt)
    table = tmp_path / "t.csv"
    with pytest.raises(CommandInterruptedError) as caught:
        ingest([tmp_path / "in"], output=table, store=location)
    assert f"interrupted after 3 of 5 files; their rows are in {table}; " in str(caught.value)
    assert ("the same command goes on" in str(caught.value)) == (store is not None)
    assert len(read_table(table)) == 3
    if location is not None:
        with StructureShelf(location) as shelf:
            assert {path.name for path in shelf.find(files)} == {"0.cif", "1.cif"}


def test_nothing_to_read(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        ingest([tmp_path / "missing"])
    with pytest.raises(InputError, match="no CIF or POSCAR file in"):
        ingest([tmp_path])


def test_tables_that_cannot_be_written(files, reader, tmp_path):
    with pytest.raises(StoreError, match="is a folder; give the name of a file"):
        ingest(files, output=tmp_path)
    with pytest.raises(StoreError, match="cannot write"):
        ingest(files, output=files[0] / "t.csv")


def test_an_old_table_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    with TableFile(path) as table:
        table.write(make_document("a.cif"))
        assert path.read_text() == "old"
    assert len(read_table(path)) == 1


def test_names_that_are_no_text(tmp_path):
    """File names are bytes: what is not UTF-8 must not break the table."""
    document = make_document("bad\udcff.cif")
    with TableFile(tmp_path / "t.csv") as table:
        table.write(document)
    assert read_table(tmp_path / "t.csv")[0]["file"] == "bad?.cif"
    stream = io.StringIO()
    with JsonWriter(stream) as writer:
        writer.write(make_document("[bold]x.cif", density_g_cm3=float("nan")))
    assert json.loads(stream.getvalue())[0]["row"]["density"] is None
    console = Console(file=io.StringIO())
    RowPrinter(console).write(make_document("[bold]x.cif"))
    assert "[bold]x.cif" in console.file.getvalue()


def test_no_rows_are_an_empty_array():
    stream = io.StringIO()
    with JsonWriter(stream):
        pass
    assert json.loads(stream.getvalue()) == []


def test_rows_have_every_column():
    assert tuple(make_row(make_document("a.cif"))) == COLUMNS


def test_progress_in_a_log(monkeypatch):
    now_s = iter([0.0, 5.0, 12.0])
    monkeypatch.setattr("perolyte.cli.ingest_progress.time.monotonic", lambda: next(now_s))
    console = Console(file=io.StringIO())
    progress = IngestProgress(console, n_files=8)
    progress.advance(Counter(ok=1))
    progress.advance(Counter(ok=1, rejected=1))
    text = console.file.getvalue()
    assert text == "2 of 8 files in 12 s, about 36 s left; 0 with warnings, 1 rejected\n"
