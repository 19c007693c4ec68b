"""``perolyte validate``: table, JSON, files, the store, exit codes."""

from __future__ import annotations

import json
import signal
import sys

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.cli.app import main
from perolyte.stores import open_store
from perolyte.stores.results import Results

EMT = "ase.calculators.emt.EMT"
COPPER = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.59), ["Cu"], [[0, 0, 0]])


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "180")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["perolyte", "validate", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGTERM, handler)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def copper(tmp_path):
    path = tmp_path / "copper.cif"
    COPPER.to(str(path))
    return path


def test_a_structure_of_the_user(call, copper, tmp_path):
    code, out, _ = call(EMT, "--structure", copper, "-o", "out", "--store", "kept", "--quick")
    assert code == 0
    assert "Lattice parameters: copper" in out
    assert "could not be made: No EMT-potential for" in out
    record = json.loads((tmp_path / "out" / "validation.json").read_text("utf-8"))
    assert record["verdict"] == "pass"
    assert record["status"] == "not_converged", "the crystals of the suite could not be asked for"
    page = (tmp_path / "out" / "trust_card.html").read_text("utf-8")
    assert "Trust card" in page
    assert "copper a" in page
    store = open_store("kept")
    kept = Results(store).documents("ValidationDoc")
    store.close()
    assert list(kept["uuid"]) == [record["uuid"]]
    # the same command again replaces its own, another potential is refused
    assert call(EMT, "--structure", copper, "-o", "out", "--quick")[0] == 0
    code, _, err = call("ase.calculators.lj.LennardJones", "--check", "labels", "-o", "out")
    assert code == 2
    assert "holds results of other potentials" in err


def test_json_for_machines(call):
    code, out, _ = call(EMT, "--check", "conservation", "--quick", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["schema_name"] == "ValidationDoc"
    reasons = {check["name"]: check["reason"] for check in record["checks"]}
    assert reasons["elasticity"] == "not asked for"
    assert "No EMT-potential" in reasons["conservation"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["magic"], 2, "'magic' is not known"),
        ([EMT, "--check", "taste"], 2, "--check 'taste' is not known; use labels, lattice"),
        ([EMT, "--structure", "nowhere.cif"], 2, "nowhere.cif"),
        ([EMT, "--labels", "nothing.extxyz"], 2, "nothing.extxyz"),
        (["6f1d0c3e-9b0a-5a52-8f1e-3f6f3a0f7c11"], 2, "give the store that holds it with --store"),
    ],
)
def test_misuse(call, arguments, code, message):
    found, _, err = call(*arguments)
    assert found == code
    assert message in err
    assert err.count("\n") == 1


def test_a_disordered_structure_is_refused(call, tmp_path):
    mixed = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(3.7), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]]
    )
    mixed.to(str(tmp_path / "mixed.cif"))
    code, _, err = call(EMT, "--structure", "mixed.cif")
    assert code == 2
    assert "partly occupied sites; order it first" in err
