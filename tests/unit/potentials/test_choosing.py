"""From the name in a campaign to an engine or a calculator: names, checkpoints, import paths."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path

import pytest
from ase.build import bulk

from perolyte.errors import InputError, PotentialError
from perolyte.potentials import describe_potential, resolve_potential
from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.choosing import build_batch_potential, build_calculator

CHGNET_FOLDER = Path(importlib.util.find_spec("chgnet").origin).parent / "pretrained" / "0.3.0"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The pretrained weights under another name, as a checkpoint of one's own."""
    (weights,) = CHGNET_FOLDER.glob("*.pth.tar")
    return Path(shutil.copy(weights, tmp_path / "own.pth.tar"))


def energies_eV(name: str, **kwargs) -> tuple[float, float]:
    """Of the engine and of the calculator."""
    atoms = bulk("MgO", "rocksalt", a=4.2)
    batch, positions_A = SystemBatch.from_structures([atoms])
    engine = build_batch_potential(name, kwargs)
    atoms.calc = build_calculator(name, kwargs)
    return float(engine.evaluate(batch, positions_A).energies_eV[0]), atoms.get_potential_energy()


def test_a_name_and_a_checkpoint_of_it_agree(checkpoint):
    by_name = energies_eV("chgnet", device="cpu")
    by_path = energies_eV(str(checkpoint), device="cpu")
    assert by_name == pytest.approx(by_path, abs=1e-6)
    assert by_name[0] == pytest.approx(by_name[1], abs=1e-5)


def test_a_checkpoint_is_known_by_its_content(checkpoint, tmp_path, monkeypatch):
    sha256 = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    spec = resolve_potential(str(checkpoint))
    assert spec.name == "chgnet"
    assert spec.kwargs == {"checkpoint": str(checkpoint), "checkpoint_sha256": sha256}
    described = describe_potential(str(checkpoint))
    assert described["version"] == "checkpoint own.pth.tar"
    assert described["weights_sha256"] == sha256 == describe_potential("chgnet")["weights_sha256"]
    monkeypatch.chdir(tmp_path)
    assert resolve_potential("own.pth.tar") == spec, "a relative path is made absolute"


@pytest.mark.parametrize("build", [build_batch_potential, build_calculator])
def test_a_checkpoint_that_changed_is_refused(build, checkpoint):
    kwargs = resolve_potential(str(checkpoint)).kwargs
    checkpoint.write_bytes(checkpoint.read_bytes() + b"x")
    with pytest.raises(PotentialError, match="has changed since the flow was built"):
        build("chgnet", kwargs)


@pytest.mark.parametrize("name", ["gone.pth.tar", "models/gone", "~/gone.pt"])
def test_a_checkpoint_that_is_not_there(name):
    with pytest.raises(InputError, match="is no file; give the path of a checkpoint"):
        resolve_potential(name)


def test_options_of_engine_and_calculator():
    both = {"device": "cpu", "stress": False, "skin_A": 0.3, "compile": False}
    assert energies_eV("chgnet", **both) == pytest.approx(energies_eV("chgnet"), abs=1e-5)
    calculator = build_calculator("chgnet", both)
    assert "stress" in calculator.implemented_properties, "MD at constant pressure needs it"
    with pytest.raises(InputError, match=r"cannot be called with kwargs.*devise"):
        build_batch_potential("chgnet", {"devise": "cpu"})


def test_another_calculator_gets_its_own_options():
    name = "support.toy_electrolyte.ToyElectrolyte"
    engine = build_batch_potential(name, {"repulsion_eV": 2.0})
    assert "repulsion_eV" in engine.describe()["kwargs"]
    for build in (build_batch_potential, build_calculator):
        with pytest.raises(InputError, match="has no option 'skin_A', which is CHGNet's"):
            build(name, {"skin_A": 0.1})


def test_another_release_is_named():
    described = describe_potential("chgnet", {"version": "r2scan"})
    assert described["version"].startswith("r2scan (chgnet ")
    assert described["weights_sha256"] != describe_potential("chgnet")["weights_sha256"]
