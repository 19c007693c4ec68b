"""``perolyte ingest`` as a process, on a folder with everything that a folder can hold."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from perolyte.schemas import StructureDoc
from perolyte.stores import Results, open_store


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Path:
    structures = repository / "examples" / "structures"
    good = (structures / "srtio3.cif").read_text()
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "good.cif").write_text(good)
    (folder / "deep" / "llto.CIF").write_bytes((structures / "llto_cubic.cif").read_bytes())
    (folder / "duplicate.cif").write_text(good)
    (folder / "empty.cif").write_bytes(b"")
    (folder / "binary.cif").write_bytes(bytes(range(256)) * 20)
    (folder / "bad.cif").write_text(good.replace("_cell_length_a", "_cell_length_z"))
    (folder / "gone.cif").symlink_to("nowhere")
    (folder / "POSCAR").write_text(
        "NaCl\n1.0\n5.6 0 0\n0 5.6 0\n0 0 5.6\nNa Cl\n4 4\ndirect\n"
        "0 0 0\n.5 .5 0\n.5 0 .5\n0 .5 .5\n.5 .5 .5\n0 0 .5\n0 .5 0\n.5 0 0\n"
    )
    (folder / "notes.txt").write_text("not looked at")
    return folder


def read_table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}


def test_a_folder(folder, tmp_path, run_command):
    store, table = tmp_path / "store", tmp_path / "table.csv"
    done = run_command("ingest", folder, "-o", table, "--store", store, "--workers", 2)
    assert (done.returncode, done.stderr) == (0, "")
    rows = read_table(table)
    rejected = {"bad.cif", "binary.cif", "empty.cif", "gone.cif"}
    assert {name for name, row in rows.items() if row["status"] == "rejected"} == rejected
    assert all(rows[name]["reasons"] for name in rejected)
    assert set(rows) - rejected == {"good.cif", "duplicate.cif", "llto.CIF", "POSCAR"}
    good = rows["good.cif"]
    assert (good["formula"], good["space_group"], good["number"]) == ("SrTiO3", "Pm-3m", "221")
    assert (good["is_perovskite"], good["family"]) == ("yes", "simple")
    assert (good["A"], good["B"], good["X"]) == ("Sr", "Ti", "O")
    # methods of the field: SrTiO3 t 1.0016, mu 0.4321, tau 3.804
    factors = [float(good[name]) for name in ("goldschmidt", "octahedral", "tau")]
    assert factors == pytest.approx([1.0016, 0.4321, 3.804], abs=5e-4)
    assert (good["disordered"], good["framework_dimension"]) == ("false", "3")
    assert (rows["llto.CIF"]["disordered"], rows["llto.CIF"]["is_perovskite"]) == ("true", "yes")
    assert (rows["POSCAR"]["number"], rows["POSCAR"]["is_perovskite"]) == ("225", "no")
    assert "8 files: " in done.stdout
    assert "4 rejected; 0 found in the store" in done.stdout

    found = open_store(store, create=False)
    try:
        frame = Results(found).documents("StructureDoc")
        uuid = frame.loc[frame["formula"] == "SrTiO3", "uuid"].item()
        document = StructureDoc.model_validate(Results(found).document(uuid))
    finally:
        found.close()
    # good and duplicate are one content; a link to nowhere has none
    assert len(frame) == 6
    assert document.structure.composition.reduced_formula == "SrTiO3"
    assert document.provenance.input_hash is not None

    again = run_command("ingest", folder, "-o", tmp_path / "2.csv", "--store", store)
    assert again.returncode == 0
    assert "7 found in the store" in again.stdout
    assert read_table(tmp_path / "2.csv") == rows

    machine = run_command("ingest", folder, "--json", "--workers", 1)
    assert [entry["row"]["status"] for entry in json.loads(machine.stdout)] == [
        row["status"] for row in rows.values()
    ]


def test_what_is_not_there(tmp_path, run_command):
    for path in [tmp_path / "missing.cif", tmp_path]:
        done = run_command("ingest", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1


def test_interrupted(folder, tmp_path, command, environment):
    """Ctrl-C goes to the whole group, workers included; they leave no trace of their own."""
    good = (folder / "good.cif").read_text()
    for index in range(2000):
        (folder / f"n{index}.cif").write_text(good.replace("data_", f"data_{index}_", 1))
    table = tmp_path / "t.csv"
    process = subprocess.Popen(
        [*command, "ingest", str(folder), "-o", str(table), "--workers", "2"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s:
        begun = list(tmp_path.glob(".t.csv.*.tmp"))
        if begun and begun[0].stat().st_size > 0:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.count("\n") == 1
    assert "perolyte: interrupted after" in err
    assert f"their rows are in {table}" in err
    assert 0 < len(read_table(table)) < 2000
    assert list(tmp_path.glob(".t.csv*")) == []
