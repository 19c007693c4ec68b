"""``perolyte transport --paths``: tables, JSON, files, and what is refused."""

from __future__ import annotations

import json
import signal
import sys

import numpy as np
import pytest
from ase import Atoms
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.cli.app import main
from support.jumping_ions import EDGE_A, known_rate_per_ps, make_crystal, make_run
from support.walkers import FRAME_FS

OPTIONS = ("--ion", "Li", "-t", 600, "--frame-interval-fs", FRAME_FS)


def write_run(path, **options):
    from ase.io import write

    run = make_run(1, **options)
    frames = [
        Atoms(run.species, scaled_positions=scaled, cell=EDGE_A * np.eye(3), pbc=True)
        for scaled in np.array(run.coords)
    ]
    write(path, frames, format="extxyz")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    make_crystal().to(str(folder / "crystal.cif"), fmt="cif")
    return {
        "run": write_run(folder / "run.extxyz", n_frames=500, hops_per_ion=20.0),
        "short": write_run(folder / "short.extxyz", n_frames=60, hops_per_ion=1.0),
        "crystal": folder / "crystal.cif",
    }


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["perolyte", "transport", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield call
    signal.signal(signal.SIGTERM, handler)


def test_tables(call, files):
    code, out, err = call(files["run"], *OPTIONS, "--paths", "--crystal", files["crystal"])
    assert (code, err) == (0, "")
    for word in ("correlation factor f", "run.extxyz: sites", "kinds of jumps", "Li1 to Li1"):
        assert word in out
    assert "10 THz of attempts" in out
    assert "the barrier there is at least" in out


def test_json_has_the_documents(call, files):
    code, out, err = call(files["run"], files["short"], *OPTIONS, "--paths", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["schema"]["name"] == "perolyte.transport"
    first, second = report["paths"]
    assert [one["status"] for one in report["paths"]] == ["converged", "not_converged"]
    assert (first["schema_name"], first["site_source"]) == ("IonPathsDoc", "density")
    rate = known_rate_per_ps(n_frames=500, hops_per_ion=20.0)
    assert first["jump_rate_lower_per_ps"] < rate < first["jump_rate_upper_per_ps"]
    assert "density" not in first
    assert second["jump_rate_per_ps"] is None
    assert "at least 100 needed" in second["reasons"][0]
    assert "paths" not in json.loads(call(files["short"], *OPTIONS, "--json")[1])


def test_files(call, files, tmp_path):
    code, out, err = call(files["short"], *OPTIONS, "--paths", "-o", "out")
    assert (code, err) == (0, "")
    assert "short_network.(png|svg|pdf)" in out
    folder = tmp_path / "out"
    figures = {
        f"short_{name}.{ending}"
        for name in ("network", "motion", "density")
        for ending in ("png", "svg", "pdf")
    }
    others = {"short_paths.json", "short_density.cube", "short_density.html"}
    names = {path.name for path in folder.iterdir() if path.name.startswith("short")}
    assert names == figures | others
    document = json.loads((folder / "short_paths.json").read_text())
    assert (document["n_ions"], document["n_frames"]) == (12, 60)
    structure, data = read_cube(folder / "short_density.cube")
    assert structure.composition.reduced_formula == "O2"
    voxel_A3 = structure.volume / data.size
    assert data.sum() * voxel_A3 == pytest.approx(12.0, rel=1e-4)


def test_the_same_again_changes_nothing(call, files, tmp_path, monkeypatch):
    monkeypatch.setattr("perolyte.cli.result_folder.FIGURE_FORMATS", ())  # drawing takes the time
    contents = []
    for _ in range(2):
        assert call(files["short"], *OPTIONS, "--paths", "-o", "out")[0] == 0
        contents.append({path: path.read_bytes() for path in (tmp_path / "out").glob("short*")})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 3


def read_cube(path):
    from ase.io.cube import read_cube as read

    with path.open() as file:
        found = read(file)
    return AseAtomsAdaptor.get_structure(found["atoms"]), found["data"]


def test_a_file_of_nothing_but_ions(call, tmp_path, monkeypatch):
    """Its density comes with the sites instead of a framework."""
    from ase.io import read, write

    monkeypatch.setattr("perolyte.cli.result_folder.FIGURE_FORMATS", ())
    frames = read(write_run(tmp_path / "all.extxyz", n_frames=40), index=":")
    write(tmp_path / "ions.extxyz", [frame[:12] for frame in frames])
    assert call("ions.extxyz", *OPTIONS, "--paths", "--keep-drift", "-o", "out")[0] == 0
    structure, _ = read_cube(tmp_path / "out" / "ions_density.cube")
    document = json.loads((tmp_path / "out" / "ions_paths.json").read_text())
    assert structure.composition.as_dict() == {"Li": len(document["sites"])}
    assert [curve["neighbour"] for curve in document["radial_distributions"]] == ["Li"]


def test_what_is_refused(call, files, tmp_path):
    def refusal(*arguments):
        code, _, err = call(*arguments)
        assert code == 2
        assert err.count("\n") == 1
        return err

    assert "--crystal gives the sites of --paths" in refusal(
        files["short"], *OPTIONS, "--crystal", files["crystal"]
    )
    message = refusal(files["short"], *OPTIONS, "--paths", "--crystal", "absent.cif")
    assert "absent.cif" in message
    other = make_crystal()
    other.scale_lattice(90.0)
    other.to(str(tmp_path / "other.cif"), fmt="cif")
    message = refusal(files["short"], *OPTIONS, "--paths", "--crystal", "other.cif")
    assert "short.extxyz: the crystal has edges of" in message
    code, out, err = call(
        files["short"], files["short"], *OPTIONS, "--paths", "--crystal", "other.cif"
    )
    assert code == 2
    assert "2 of 2 files could not be analysed" in err
    assert "paths rejected: " in out
