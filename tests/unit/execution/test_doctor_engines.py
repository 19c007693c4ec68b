"""One line for each engine, true of what is installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from perolyte.execution.doctor_engines import check_engines


def lines(monkeypatch, tmp_path, **variables: str) -> dict:
    for name in ("ASE_CP2K_COMMAND", "CP2K_DATA_DIR", "PEROLYTE_ESPRESSO_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("ESPRESSO_PSEUDO", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {check.name: check for check in check_engines()}


def make_program(folder, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_what_is_missing_and_how_to_get_it(monkeypatch, tmp_path):
    found = lines(monkeypatch, tmp_path)
    assert list(found) == ["GPAW", "VASP", "Quantum ESPRESSO", "CP2K", "training of CHGNet"]
    for name in ("VASP", "Quantum ESPRESSO", "CP2K"):
        assert found[name].state == "warning", "none of them is needed"
        assert "PATH" in found[name].text
        assert found[name].advice
    assert "'vasp_std'" in found["VASP"].text
    assert "perolyte inputs" in found["VASP"].text
    assert found["training of CHGNet"].state == "ok"
    is_here = find_spec("gpaw") is not None
    assert found["GPAW"].state == ("ok" if is_here else "warning")
    assert ("PAW data" in found["GPAW"].text) == is_here
    assert all("\n" not in check.text + check.advice for check in found.values())


def test_programs_that_are_there(monkeypatch, tmp_path):
    for name in ("pw.x", "cp2k.psmp", "mpirun"):
        make_program(tmp_path, name)
    (tmp_path / "Li.UPF").write_text("")
    found = lines(
        monkeypatch,
        tmp_path,
        PEROLYTE_ESPRESSO_COMMAND="mpirun -n 4 pw.x",
        ESPRESSO_PSEUDO=str(tmp_path),
    )
    assert found["CP2K"].state == found["Quantum ESPRESSO"].state == "ok"
    assert "'mpirun -n 4 pw.x', 1 pseudopotentials" in found["Quantum ESPRESSO"].text
    bare = lines(monkeypatch, tmp_path, CP2K_DATA_DIR=str(tmp_path / "none"))
    assert bare["CP2K"].advice == "mend CP2K_DATA_DIR"
    assert "no pseudopotentials" in bare["Quantum ESPRESSO"].text


@pytest.mark.parametrize("has_folder", [True, False])
def test_vasp_with_a_command(has_folder, monkeypatch, tmp_path):
    from atomate2 import SETTINGS as ATOMATE_SETTINGS
    from pymatgen.core import SETTINGS as PYMATGEN_SETTINGS

    make_program(tmp_path, "srun")
    monkeypatch.setattr(ATOMATE_SETTINGS, "VASP_CMD", "srun -n 8 vasp_std")
    folder = tmp_path if has_folder else tmp_path / "none"
    monkeypatch.setitem(PYMATGEN_SETTINGS, "PMG_VASP_PSP_DIR", str(folder))
    check = lines(monkeypatch, tmp_path)["VASP"]
    assert check.state == ("ok" if has_folder else "warning")
    assert str(folder) in check.text
