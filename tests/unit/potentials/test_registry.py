"""Names of potentials, and what documents say of them."""

from __future__ import annotations

import re

import pytest

import perolyte
from perolyte.errors import InputError
from perolyte.potentials import (
    PotentialSpec,
    describe_potential,
    name_of_potential,
    resolve_potential,
)

TOY = "support.toy_electrolyte.ToyElectrolyte"
CHGNET = "perolyte.potentials.chgnet.ChgnetCalculator"


def test_a_registered_name():
    spec = resolve_potential("chgnet", {"device": "cpu"})
    assert spec.import_path == CHGNET
    assert spec.kwargs == {"device": "cpu"}
    assert spec.calculator_meta == {
        "@module": "perolyte.potentials.chgnet",
        "@callable": "ChgnetCalculator",
    }
    assert name_of_potential(CHGNET) == "chgnet"


def test_an_import_path():
    spec = resolve_potential(TOY, {"delay_s": 0.1})
    assert spec == PotentialSpec(TOY, {"delay_s": 0.1})
    assert spec.calculator_meta["@callable"] == "ToyElectrolyte"
    assert name_of_potential(TOY) == TOY


def test_the_arguments_are_copied():
    given = {"device": "cpu"}
    spec = resolve_potential("chgnet", given)
    given["device"] = "cuda"
    assert spec.kwargs == {"device": "cpu"}


@pytest.mark.parametrize(
    ("name", "kwargs", "expected"),
    [
        (
            "magic",
            None,
            "not known; use one of chgnet, mace, the path of a CHGNet checkpoint, or the import",
        ),
        ("", None, "not known"),
        (".Potential", None, "not known"),
        ("..x", None, "cannot be imported"),
        ("no.such.Potential", None, "No module named 'no'"),
        ("support.toy_electrolyte.Missing", None, "Missing"),
        ("math.pi", None, "not callable"),
        ("chgnet", {"devise": "cpu"}, "'devise'.*it takes version, device, stress"),
        ("ase.units.create_units", {"x": 1}, "it takes codata_version"),
    ],
)
def test_what_cannot_be_used(name, kwargs, expected):
    with pytest.raises(InputError, match=expected) as caught:
        resolve_potential(name, kwargs)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_chgnet_is_described_by_its_weights():
    described = describe_potential("chgnet")
    assert described["name"] == "CHGNet"
    assert re.fullmatch(r"0\.3\.0 \(chgnet .+\)", described["version"])
    assert re.fullmatch("[0-9a-f]{64}", described["weights_sha256"])


def test_other_calculators_are_described_by_their_package():
    described = describe_potential("ase.calculators.emt.EMT")
    assert described["name"] == "ase.calculators.emt.EMT"
    assert re.match(r"\d+\.\d+", described["version"])
    assert described["weights_sha256"] is None
    assert describe_potential(TOY)["version"] is None, "no distribution holds it"
    own = describe_potential("perolyte.potentials.heartbeat.Heartbeat")
    assert own["version"] == perolyte.__version__
