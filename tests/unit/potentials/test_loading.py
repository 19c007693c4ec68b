"""Loading: pretrained weights, fine-tuned checkpoints, and files that are neither."""

from __future__ import annotations

import copy
import hashlib
import subprocess
import sys
from pathlib import Path

import chgnet
import pytest
import torch
from ase.build import bulk

from perolyte.errors import PotentialError
from perolyte.potentials import SystemBatch, load_potential
from perolyte.potentials.loading import load_chgnet_weights

PRETRAINED = next((Path(chgnet.__file__).parent / "pretrained" / "0.3.0").glob("*.pth.tar"))


@pytest.fixture(scope="module")
def pretrained_model() -> dict:
    return torch.load(PRETRAINED, map_location="cpu", weights_only=True)["model"]


def energy_of(potential) -> float:
    batch, positions_A = SystemBatch.from_structures([bulk("MgO", "rocksalt", a=4.2)])
    return float(potential.evaluate(batch, positions_A).energies_eV[0])


def test_a_fine_tuned_checkpoint(tmp_path, pretrained_model):
    """As chgnet's Trainer writes it; the energy follows the change made to it."""
    model = copy.deepcopy(pretrained_model)
    model["state_dict"]["composition_model.fc.weight"][0, 11] += 0.5  # magnesium
    path = tmp_path / "fine_tuned.pth.tar"
    history = {"e": {"train": [0.1], "val": [0.2]}}
    torch.save({"model": model, "training_history": history, "trainer_args": {}}, path)
    tuned, pretrained = load_potential(path, device="cpu"), load_potential(device="cpu")
    assert energy_of(tuned) - energy_of(pretrained) == pytest.approx(0.5, abs=1e-5)
    described = tuned.describe()
    assert described["version"] == "checkpoint fine_tuned.pth.tar"
    assert described["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_checkpoint_that_changes_is_read_again(tmp_path, pretrained_model):
    path = tmp_path / "model.pth.tar"
    hashes = []
    for shift in (0.0, 0.25):
        model = copy.deepcopy(pretrained_model)
        model["state_dict"]["composition_model.fc.weight"] += shift
        torch.save({"model": model, "note": "x" * int(shift * 100)}, path)
        hashes.append(load_chgnet_weights(str(path))[1]["weights_sha256"])
    assert hashes[0] != hashes[1]


def test_pretrained_weights_by_name():
    weights, origin = load_chgnet_weights("chgnet")
    assert origin["version"].startswith("0.3.0 (chgnet ")
    assert load_chgnet_weights("chgnet-0.3.0")[0] is weights, "once per process"
    assert load_chgnet_weights("chgnet-r2scan")[1]["version"].startswith("r2scan ")


class Anything:
    """What a pickle may hold, and torch must not load."""


def test_files_that_cannot_be_loaded(tmp_path, pretrained_model):
    whole = PRETRAINED.read_bytes()
    files = {
        "empty": b"",
        "text": b"not a checkpoint\n" * 10,
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:50_000] + bytes(1000) + whole[51_000:],
    }
    expected = dict.fromkeys(files, "checkpoint")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    few = dict(list(pretrained_model["state_dict"].items())[:20])
    others = {
        "object": ({"model": Anything()}, "could run code"),
        "list": ([1, 2], "not one of CHGNet"),
        "foreign": ({"state_dict": {}}, "not one of CHGNet"),
        "few": ({"model": {**pretrained_model, "state_dict": few}}, "incomplete"),
        "no tensors": ({"model": {"state_dict": {"a": 1}, "model_args": {}}}, "incomplete"),
        "no state": ({"model": {"state_dict": 3, "model_args": {}}}, "incomplete"),
    }
    for name, (state, message) in others.items():
        torch.save(state, tmp_path / name)
        expected[name] = message
    for name, message in expected.items():
        with pytest.raises(PotentialError, match=message) as caught:
            load_potential(tmp_path / name, device="cpu")
        assert "\n" not in str(caught.value), name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chgnet-9.9", r"'9\.9' are not in the installed chgnet wheel; use one of 0\.2\.0, 0\.3"),
        ("no/such/file.pth.tar", "neither a known name"),
        ("magic", "neither a known name"),
        ("", "neither a known name"),
    ],
)
def test_names_that_are_unknown(name, expected):
    with pytest.raises(PotentialError, match=expected) as caught:
        load_potential(name)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(PotentialError, match="nor a file"):
        load_potential(tmp_path)


def test_importing_the_package_does_not_load_torch():
    code = (
        "import sys, perolyte.potentials as p; assert 'torch' not in sys.modules; "
        "assert 'load_potential' in p.__all__; p.load_potential; assert 'torch' in sys.modules; "
        "assert 'chgnet' not in sys.modules and 'pymatgen' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
