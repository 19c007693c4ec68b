"""Quantum ESPRESSO and CP2K: inputs that are written, and what is refused before a run."""

from __future__ import annotations

import pytest
from ase.build import bulk

from perolyte.dft.cp2k import build_cp2k, list_cp2k_parameters
from perolyte.dft.espresso import build_espresso
from perolyte.errors import ExecutionError, InputError

FILES = {"Mg": "Mg.upf", "O": "O.upf"}


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A folder on the PATH, alone there, for programs that only have to be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("PEROLYTE_ESPRESSO_COMMAND", "ESPRESSO_PSEUDO", "ASE_CP2K_COMMAND"):
        monkeypatch.delenv(name, raising=False)

    def make(name: str) -> None:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)

    return make


def read_input(folder, **settings) -> str:
    calculator = build_espresso(
        FILES, needs_program=False, directory=str(folder / "run"), **settings
    )
    calculator.write_inputfiles(bulk("MgO", "rocksalt", a=4.2), ["energy", "forces"])
    return " ".join((folder / "run/espresso.pwi").read_text().split())


def test_the_input_of_pw_x(tmp_path):
    text = read_input(tmp_path, cutoff_eV=680.28, pseudo_dir="/data/upf")
    assert "ecutwfc = 50.0" in text
    assert "ecutrho = 200.0" in text
    assert "tprnfor = .true." in text
    assert "pseudo_dir = '/data/upf'" in text
    assert "K_POINTS gamma" in text
    assert "Mg.upf" in text


def test_what_is_given_stands_above_the_rest(tmp_path):
    text = read_input(
        tmp_path,
        k_points=(2, 2, 1),
        density_cutoff_eV=5000.0,
        input_data={"ELECTRONS": {"conv_thr": 1e-10}, "system": {"nspin": 2}},
    )
    assert "conv_thr = 1e-10" in text
    assert "nspin = 2" in text
    assert "K_POINTS automatic 2 2 1 0 0 0" in text
    assert "ecutrho = 367.49" in text


def test_pw_x_that_is_not_here(program):
    with pytest.raises(ExecutionError, match=r"\('pw.x'\) is not on the PATH; install it"):
        build_espresso(FILES)


def test_pseudopotentials_that_are_not_here(program, tmp_path):
    program("pw.x")
    (tmp_path / "Mg.upf").write_text("")
    with pytest.raises(ExecutionError, match=r"pseudopotential of O, .*O\.upf, is not there"):
        build_espresso(FILES, pseudo_dir=str(tmp_path))
    (tmp_path / "O.upf").write_text("")
    assert build_espresso(FILES, pseudo_dir=str(tmp_path)).profile.command == "pw.x"


@pytest.mark.parametrize("name", ["cutoff_eV", "smearing_eV", "density_cutoff_eV"])
def test_numbers_of_espresso(name):
    with pytest.raises(InputError, match=f"{name} is -1.0 eV; give a number above 0"):
        build_espresso(FILES, needs_program=False, **{name: -1.0})


def test_cp2k_that_is_not_here(program, monkeypatch, tmp_path):
    with pytest.raises(ExecutionError, match=r"CP2K .* is not on the PATH; install it"):
        build_cp2k()
    with pytest.raises(ExecutionError, match=r"CP2K \(my_cp2k -s\) is not on the PATH"):
        build_cp2k(command="my_cp2k -s")
    monkeypatch.setenv("CP2K_DATA_DIR", str(tmp_path / "none"))
    with pytest.raises(ExecutionError, match=r"CP2K_DATA_DIR=.* is no folder"):
        build_cp2k()


def test_settings_of_cp2k():
    found = list_cp2k_parameters(cutoff_eV=8000.0, template="&DFT\n&END")
    assert (found["cutoff"], found["stress_tensor"], found["inp"]) == (8000.0, True, "&DFT\n&END")
    with pytest.raises(InputError, match="at least 5000 eV"):
        list_cp2k_parameters(cutoff_eV=400.0)
    with pytest.raises(InputError, match="max_iterations is 0"):
        list_cp2k_parameters(max_iterations=0)
