"""``perolyte inputs``: what is written, again, and over what it never writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pymatgen.core import Structure
from pymatgen.io.vasp import Incar, Kpoints
from typer.testing import CliRunner

from perolyte.cli.app import app
from perolyte.errors import InputError
from support.documents import make_structure

# pymatgen asks spglib in its old way
pytestmark = pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
ROOT = Path(__file__).resolve().parents[3]


def call(*words: object) -> str:
    result = CliRunner().invoke(app, ["inputs", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def refuse(*words: object) -> str:
    with pytest.raises(InputError) as caught:
        CliRunner().invoke(app, ["inputs", *map(str, words)], catch_exceptions=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def salts(tmp_path):
    folder = tmp_path / "salts"
    folder.mkdir()
    for number in range(2):
        structure = make_structure(Li=4, Cl=4)
        structure.perturb(0.02 * (number + 1), seed=number)
        structure.to(str(folder / f"salt{number}.cif"))
    return folder


def test_everything_that_vasp_needs_but_potcars(salts, tmp_path):
    out = tmp_path / "out"
    text = call(salts, "-o", out, "-t", 600, "-t", 900)
    assert "8 calculations of vasp" in text
    assert "8 written, 0 as they were" in text
    folder = out / "aimd/salt0/900K"
    assert sorted(p.name for p in folder.iterdir()) == ["INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"]
    assert (folder / "POTCAR.spec").read_text().split() == ["Li_sv", "Cl"]
    incar = Incar.from_file(folder / "INCAR")
    assert (incar["TEBEG"], incar["IBRION"], incar["ENCUT"], incar["POTIM"]) == (900, 0, 520, 2)
    assert Kpoints.from_file(folder / "KPOINTS").kpts == [(1, 1, 1)]
    assert len(Structure.from_file(folder / "POSCAR")) == 8
    static = Incar.from_file(out / "static/salt0/INCAR")
    assert (static["NSW"], static["ENCUT"]) == (0, 520)
    assert Incar.from_file(out / "relax/salt1/INCAR")["ISIF"] == 3


def test_the_manifest_says_what_differs(salts, tmp_path):
    out = tmp_path / "out"
    printed = json.loads(call(salts, "-o", out, "--kind", "aimd", "-t", 600, "-t", 900, "--json"))
    written = json.loads((out / "inputs.json").read_text())
    assert printed["calculations"] == written["calculations"]
    assert set(written["calculations"]["aimd/salt0/600K"]) == {
        "INCAR",
        "KPOINTS",
        "POSCAR",
        "POTCAR.spec",
    }
    compared = written["incar"]["aimd"]
    assert compared["common"]["IBRION"] == "0"
    assert compared["differing"]["aimd/salt1/900K"] == {"TEBEG": "900.0", "TEEND": "900.0"}


def test_again_it_writes_nothing_and_what_is_gone_comes_back(salts, tmp_path):
    out = tmp_path / "out"
    call(salts, "-o", out, "--kind", "static")
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*/*/*")}
    assert "0 written, 2 as they were" in call(salts, "-o", out, "--kind", "static")
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*/*/*")} == times
    (out / "static/salt0/INCAR").unlink()
    assert "1 written, 1 as they were" in call(salts, "-o", out, "--kind", "static")
    call(salts, "-o", out, "--kind", "relax")
    known = json.loads((out / "inputs.json").read_text())["calculations"]
    assert set(known) == {f"{kind}/salt{n}" for kind in ("static", "relax") for n in (0, 1)}


def test_it_writes_over_nothing(salts, tmp_path):
    out = tmp_path / "out"
    call(salts, "-o", out, "--kind", "static")
    edited = out / "static/salt1/INCAR"
    edited.write_text("NSW = 1\n")
    assert "is there with another content, edited" in refuse(salts, "-o", out, "--kind", "static")
    assert edited.read_text() == "NSW = 1\n"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("x")
    assert "holds 'thesis.tex' and no inputs.json" in refuse(salts, "-o", foreign)
    (foreign / "inputs.json").write_text("[]")
    assert "is not of this command" in refuse(salts, "-o", foreign)
    (foreign / "inputs.json").write_text("{")
    assert "is no readable manifest" in refuse(salts, "-o", foreign)
    assert "is a file" in refuse(salts, "-o", salts / "salt0.cif")


def test_a_campaign_names_its_engine(tmp_path):
    source = (ROOT / "workflows/quickstart.yaml").read_text()
    source = source.replace("structure: ../", f"structure: {ROOT}/")
    path = tmp_path / "c.yaml"
    path.write_text(
        f"{source}\naimd: {{engine: gpaw, settings: {{plane_wave_cutoff_eV: 300.0}}}}\n"
    )
    out = tmp_path / "out"
    text = call(path, "-o", out, "--kind", "static", "--kind", "aimd")
    assert "of gpaw" in text
    script = (out / "static/parent/run.py").read_text()
    assert "'plane_wave_cutoff_eV': 300.0" in script
    assert "'kpoint_length_A': 15.0" in script, "nothing is left to a default"
    for file in out.rglob("run.py"):
        compile(file.read_text(), str(file), "exec")


def test_gpaw_relaxes_cells_where_stresses_converge(salts, tmp_path):
    call(salts, "-o", tmp_path / "out", "--engine", "gpaw", "--kind", "relax", "--kind", "static")
    cutoffs = {
        kind: "'plane_wave_cutoff_eV': 800.0" in (tmp_path / f"out/{kind}/salt0/run.py").read_text()
        for kind in ("relax", "static")
    }
    assert cutoffs == {"relax": True, "static": False}


def test_a_script_runs_as_it_is(salts, tmp_path, monkeypatch):
    import runpy

    out = tmp_path / "out"
    engine = "support.toy_electrolyte.ToyElectrolyte"
    call(salts, "-o", out, "--kind", "static", "--engine", engine, "--settings", '{"width_A": 0.7}')
    folder = out / "static/salt0"
    monkeypatch.chdir(folder)
    runpy.run_path(str(folder / "run.py"))
    assert "forces" in (folder / "result.extxyz").read_text()


@pytest.mark.gpaw
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")
def test_scripts_of_gpaw_run_as_they_are(tmp_path, monkeypatch):
    import runpy

    from support.aimd_runs import COARSE, SALT

    SALT.to(str(tmp_path / "POSCAR"), fmt="poscar")
    out = tmp_path / "out"
    words = ["--engine", "gpaw", "--settings", json.dumps(COARSE), "-t", 300, "--production", 0.02]
    call(tmp_path / "POSCAR", "-o", out, "--kind", "static", *words)
    monkeypatch.chdir(out / "static/POSCAR")
    runpy.run_path("run.py")
    assert Path("result.extxyz").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kind", "phonon"], "--kind 'phonon' is not known; use static, relax, aimd"),
        (["--engine", "nwchem"], "engine 'nwchem' is not known; use vasp, cp2k"),
        (["--engine", "no.such.Thing"], "cannot be imported"),
        (["--settings", "{"], "--settings is no JSON"),
        (["--settings", "[1]"], "write a JSON object"),
        (["--settings", '{"x": 1}'], "VASP setting 'x' is not known"),
        (["--engine", "gpaw", "--settings", '{"x": 1}'], "GPAW setting 'x' is not known"),
        (
            ["--engine", "gpaw", "--settings", '{"plane_wave_cutoff_eV": 500}', "--kind", "relax"],
            "relax with plane_wave_cutoff_eV 500 eV: stresses converge from 800 eV on",
        ),
        (["--ion", "Na"], "salt0 holds no Na, only Cl, Li"),
        (["--production", "-1"], "--production is -1.0 ps"),
        (["-t", "-5"], "--temperature is -5 K"),
    ],
)
def test_what_is_refused(words, message, salts, tmp_path):
    assert message in refuse(salts, "-o", tmp_path / "out", *words)


def test_paths_that_hold_nothing_or_too_much(salts, tmp_path, llto):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no CIF or POSCAR file" in refuse(empty, "-o", tmp_path / "out")
    campaign = ROOT / "workflows/quickstart.yaml"
    assert "give one campaign, or structures only" in refuse(
        salts, campaign, "-o", tmp_path / "out"
    )
    llto.to(str(tmp_path / "llto.cif"))
    assert "partly occupied sites; order it" in refuse(tmp_path / "llto.cif", "-o", tmp_path / "o2")


def test_ctrl_c_says_how_far_it_came(salts, tmp_path, monkeypatch):
    from perolyte.cli import inputs as module
    from perolyte.cli.interruption import CommandInterruptedError

    usual, seen = module.make_input_files, []

    def stop(*args, **kwargs):
        seen.append(1)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return usual(*args, **kwargs)

    monkeypatch.setattr(module, "make_input_files", stop)
    out = tmp_path / "out"
    with pytest.raises(CommandInterruptedError, match="interrupted after 3 folders"):
        CliRunner().invoke(app, ["inputs", str(salts), "-o", str(out)], catch_exceptions=False)
    assert "3 written, 3 as they were" in call(salts, "-o", out)
