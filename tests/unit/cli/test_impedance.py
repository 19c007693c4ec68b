"""``perolyte impedance``: tables, JSON, files, the store, exit codes."""

from __future__ import annotations

import csv
import json
import signal
import sys

import pytest

from perolyte.cli.app import main
from perolyte.stores import open_store
from perolyte.stores.results import Results
from support.spectra import make_circuit, make_spectrum, write_spectrum


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spectra")
    return write_spectrum(folder / "sample.csv", *make_spectrum(make_circuit(), noise=2e-3))


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["perolyte", "impedance", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGTERM, handler)
        return code, *capsys.readouterr()

    return call


def test_lines_for_people(call, file):
    code, out, _ = call(file, "--grain-size-nm", 2000, "--boundary-thickness-nm", 2)
    assert code == 0
    assert "sample.csv: converged, p(R1,CPE1)-p(R2,CPE2)-CPE3" in out
    assert "bulk conductivity" in out
    assert "permittivity of boundaries 1 times the bulk's" in out
    assert "boundary conductivity (specific, sizes)" in out


def test_files_and_documents_of_several_spectra(call, file, tmp_path):
    other = tmp_path / "more" / "sample.csv"
    other.parent.mkdir()
    write_spectrum(other, *make_spectrum(make_circuit(), noise=2e-3, seed=4))
    bad = tmp_path / "bad.csv"
    bad.write_text("nothing")
    code, out, err = call(
        file, other, bad, "-o", "out", "--store", "kept", "--json", "-t", 290, "-t", 310, "-t", 1
    )
    assert code == 2
    assert "1 of 3 files could not be analysed" in err
    records = json.loads(out)
    assert [record["sample"]["temperature_K"] for record in records["spectra"]] == [290.0, 310.0]
    assert "0 rows of at least three numbers" in records["failed"][0]["reason"]
    names = {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")}
    figures = {f"impedance_{stem}.{kind}" for stem in ("sample", "sample-2") for kind in FIGURES}
    assert names == {"impedance.json", "impedance.csv", *figures}
    with (tmp_path / "out" / "impedance.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len([row for row in rows if row["quantity"] == "bulk conductivity"]) == 2
    store = open_store("kept")
    kept = Results(store).documents("ImpedanceDoc")
    store.close()
    assert sorted(kept["uuid"]) == sorted(record["uuid"] for record in records["spectra"])


FIGURES = ("png", "svg", "pdf")


def test_the_same_command_replaces_and_another_is_refused(call, file, tmp_path):
    assert call(file, "-o", "out")[0] == 0
    assert call(file, "-o", "out", "--grain-size-nm", 2000)[0] == 0
    other = write_spectrum(tmp_path / "other.csv", *make_spectrum(make_circuit(), seed=9))
    code, _, err = call(other, "-o", "out")
    assert code == 2
    assert "holds results of other spectra" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--area-cm2", "-1"], "area_cm2 is -1 cm²"),
        (["--imaginary", "both"], "--imaginary 'both' is not allowed"),
        (["-t", "1", "-t", "2"], "given 2 times for 1 files"),
        (["--grain-size-nm", "5", "--boundary-thickness-nm", "6"], "grain of 5 nm"),
        (["--boundary-thickness-nm", "6"], "without a grain size"),
    ],
)
def test_wrong_options_end_with_one_line(call, file, arguments, message):
    code, _, err = call(file, *arguments)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_a_file_in_the_place_of_the_folder(call, file, tmp_path):
    (tmp_path / "out").write_text("")
    code, _, err = call(file, "-o", "out")
    assert code == 3
    assert "is no directory" in err
