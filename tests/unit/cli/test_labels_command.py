"""``perolyte labels``: rows, JSON, the file and the store, exit codes."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import ase
import pytest

from perolyte.cli.app import main
from perolyte.dft.extxyz import read_extxyz, write_extxyz
from perolyte.stores import Results, open_store
from support.made_labels import THEORY, make_label, make_label_series, make_metal

LABELS = make_label_series(1, 1)
DIAMOND = Path(ase.__file__).parent / "test" / "testdata" / "vasp" / "vasprun_pstress.xml"


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["perolyte", "labels", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGTERM, handler)
        return code, *capsys.readouterr()

    return call


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """A folder with a set, the same frames once more, and a file that is damaged."""
    write_extxyz(LABELS, tmp_path / "runs" / "a.extxyz.gz")
    write_extxyz(LABELS[:2], tmp_path / "runs" / "deep" / "again.xyz")
    (tmp_path / "runs" / "broken.extxyz").write_text("no number\n")
    (tmp_path / "runs" / "notes.txt").write_text("")
    return tmp_path / "runs"


def test_rows_for_people(call, folder):
    code, out, _ = call(folder)
    assert code == 0
    assert "gpaw, PBE, 900 eV, PAW data" in out
    assert (
        f"{len(LABELS)} sound labels of {len(LABELS)} trajectories: Cu 1, Cu3Ag 4, Cu3Au 4, Cu4 3"
        in out
    )
    assert "runs/broken.extxyz: cannot be read" in out
    assert f"again.xyz) refused: same structure as {LABELS[0].name!r}" in out


def test_file_store_and_json(call, folder, tmp_path):
    code, out, err = call(folder, "-o", "set.extxyz.gz", "--store", "kept", "--json")
    assert code == 0, err
    records = json.loads(out)
    assert [source["format"] for source in records["sources"]] == ["extxyz"] * 3
    assert len(records["labels"]) == len(LABELS)
    assert records["conflicts"] == []
    written = read_extxyz(tmp_path / "set.extxyz.gz")
    energies = sorted(raw.found.energy_eV for raw in written)
    assert energies == sorted(label.energy_eV for label in LABELS)
    store = open_store("kept")
    kept = Results(store).documents("LabelDoc")
    store.close()
    assert len(kept) == len(LABELS) + 2
    # again from the store, and the same command replaces its documents
    assert call(folder, "--store", "kept")[0] == 0
    code, out, _ = call("--tasks", "kept", "--json")
    assert code == 0
    assert len(json.loads(out)["labels"]) == len(LABELS)


def test_labels_of_two_levels_are_shown_and_not_written(call, folder, tmp_path):
    other = make_label("other", make_metal(seed=50), theory=replace(THEORY, functional="PBEsol"))
    write_extxyz([other], tmp_path / "other.extxyz")
    code, out, err = call(folder, "other.extxyz", "-o", "set.extxyz")
    assert code == 2
    assert "different energy surfaces: 'other' is gpaw, PBEsol" in out
    assert "labels lie on different energy surfaces" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "set.extxyz").exists()


def test_a_calculation_of_vasp(call):
    code, out, _ = call(DIAMOND)
    assert code == 0
    assert "MP2020 corrects PBE and PBE+U, not LDA" in out
    code, out, _ = call(DIAMOND, "--raw-energies", "--last-step", "--json")
    (label,) = json.loads(out)["labels"]
    assert label["energy_eV"] == pytest.approx(-20.2469594, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "no source is given; give files or folders of labels"),
        (["missing.xyz"], 2, "missing.xyz does not exist"),
        (["."], 2, "no file of labels in ."),
        (["bad.xyz", "-o", "set.xyz"], 2, "no label is sound: set.xyz is not written"),
        (["bad.xyz", "--cutoff-ev", "-5"], 2, "--cutoff-ev is -5.0 eV"),
    ],
)
def test_wrong_calls_end_with_one_line(call, tmp_path, arguments, code, message):
    if "bad.xyz" in arguments:
        (tmp_path / "bad.xyz").write_text("nothing")
    found, _, err = call(*arguments)
    assert found == code
    assert message in err
    assert len(err.strip().splitlines()) == 1
