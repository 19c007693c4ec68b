"""Labels in files of extended XYZ: nothing is lost, and what is damaged is refused in one line."""

from __future__ import annotations

import gzip
import io
import json

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perolyte.dft.evaluation import as_atoms
from perolyte.dft.extxyz import format_extxyz, read_extxyz, write_extxyz
from perolyte.dft.labels import build_label
from perolyte.dft.reading import read_label_files
from perolyte.dft.stress import stress_from_ase
from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import InputError
from support.made_labels import make_label, make_label_series, make_metal

LAST_DIGIT = 5.1e-9
"""Places and forces have eight decimals."""
TEXT = st.text(max_size=12)
LABEL = make_label(temperature_K=300.0, strain=0.01, kind="md")
quick = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_same(label, again):
    assert (again.name, again.energy_eV) == (label.name, label.energy_eV)
    kept = (
        "settings",
        "settings_sha256",
        "engine",
        "engine_version",
        "composition",
        "status",
        "trajectory",
        "temperature_K",
        "kind",
        "details",
        "energy_correction_eV",
        "scf_converged",
        "warnings",
        "magmoms_muB",
    )
    for field in kept:
        assert getattr(again, field) == getattr(label, field), field
    assert again.structure.species == label.structure.species
    pairs = (
        (again.structure.cart_coords, label.structure.cart_coords),
        (again.forces_eV_A, label.forces_eV_A),
        (again.stress_GPa, label.stress_GPa),
        (again.structure.lattice.matrix, label.structure.lattice.matrix),
    )
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=0, atol=LAST_DIGIT)


@pytest.mark.parametrize("name", ["set.extxyz", "set.extxyz.gz"])
def test_there_and_back(tmp_path, name):
    labels = [
        *make_label_series(1, 1),
        LABEL.model_copy(update={"name": "m", "magmoms_muB": [0.5] * 4}),
    ]
    path = write_extxyz(labels, tmp_path / "new" / name)
    for label, raw in zip(labels, read_extxyz(path), strict=True):
        assert raw.source == str(path)
        assert_same(label, build_label(raw).model_copy(update={"source": None}))


def test_the_same_labels_give_the_same_bytes(tmp_path):
    one, two = (write_extxyz([LABEL], tmp_path / name).read_bytes() for name in ("a.gz", "b.gz"))
    assert one == two
    assert gzip.decompress(one).decode() == format_extxyz([LABEL])


WORDS = st.dictionaries(TEXT, TEXT | st.floats(-9, 9) | st.none(), max_size=3)


@quick
@given(name=TEXT.filter(str), words=WORDS, trajectory=TEXT.filter(str))
def test_any_text_survives(tmp_path, name, words, trajectory):
    label = LABEL.model_copy(update={"name": name, "details": words, "trajectory": trajectory})
    path = tmp_path / "a.extxyz"
    path.write_text(format_extxyz([label]), encoding="utf-8")
    (raw,) = read_extxyz(path)
    assert (raw.name, raw.group.details, raw.group.trajectory) == (name, words, trajectory)


def test_other_programs_find_what_they_look_for(tmp_path):
    from ase.io import read

    path = write_extxyz([LABEL], tmp_path / "a.extxyz.gz")
    atoms = read(path)
    assert atoms.get_potential_energy() == LABEL.energy_eV
    np.testing.assert_allclose(atoms.get_forces(), LABEL.forces_eV_A, atol=LAST_DIGIT)
    np.testing.assert_allclose(stress_from_ase(atoms.get_stress()), LABEL.stress_GPa, atol=1e-9)
    assert atoms.info["trajectory"] == "a"


def test_a_correction_stands_apart(tmp_path):
    label = LABEL.model_copy(update={"energy_correction_eV": -1.5})
    (raw,) = read_extxyz(write_extxyz([label], tmp_path / "a.extxyz"))
    assert raw.found.energy_eV == LABEL.energy_eV
    assert build_label(raw).to_frame().energy_eV == pytest.approx(LABEL.energy_eV - 1.5)


def test_files_of_other_programs(tmp_path):
    """Only keys of ASE, or the names that trainers use; a virial instead of a stress."""
    structure = make_metal()
    plain = as_atoms(structure)
    plain.calc = SinglePointCalculator(plain, energy=-1.0, forces=np.ones((4, 3)))
    plain.info = {"config_type": "rattled", "temperature_K": 300}
    other = as_atoms(structure)
    other.info = {"REF_energy": -2.0, "virial": np.eye(3)}
    other.arrays["REF_forces"] = np.zeros((4, 3))
    nothing = as_atoms(structure)
    path = tmp_path / "b.xyz"
    write(path, [plain, other, nothing], format="extxyz")
    stated = LevelOfTheory("cp2k", "PBE")
    labels = [build_label(raw) for raw in read_extxyz(path, stated=stated)]
    assert [label.energy_eV for label in labels] == [-1.0, -2.0, None]
    assert [label.status for label in labels] == ["not_converged", "converged", "rejected"]
    assert labels[2].reasons == ["there is no energy"]
    assert labels[0].kind == "rattled"
    assert labels[0].temperature_K == 300.0
    volume = structure.volume
    assert labels[1].stress_GPa[0][0] == pytest.approx(-160.2176634 / volume)
    assert labels[1].trajectory == str(tmp_path / "b")
    assert {label.engine for label in labels} == {"cp2k"}


def test_a_label_without_numbers_is_not_written(tmp_path):
    failed = LABEL.model_copy(update={"energy_eV": None, "reasons": ["it crashed"]})
    with pytest.raises(InputError, match="label 'a' has no numbers"):
        write_extxyz([failed], tmp_path / "a.extxyz")
    with pytest.raises(InputError, match="there is no label to write"):
        write_extxyz([], tmp_path / "a.extxyz")
    assert list(tmp_path.iterdir()) == []


# -- damage ----------------------------------------------------------------------------------------

TWO = format_extxyz([LABEL, LABEL.model_copy(update={"name": "b"})])


def read_text(folder, content: bytes):
    path = folder / "a.extxyz"
    path.write_bytes(content)
    (file,) = read_label_files([path])
    assert (file.reason is None) == bool(file.labels)
    if file.reason:
        assert "\n" not in file.reason
        assert str(path) in file.reason
    return file


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        TWO[: len(TWO) // 3].encode(),
        TWO.replace('pbc="T T T"', 'pbc="T T F"').encode(),
        TWO.replace("_JSON {", "_JSON {{").encode(),
        TWO.replace('cutoff_eV\\": 600.0', 'cutoff_eV\\": true').replace("Cu ", "Qq ").encode(),
        gzip.compress(TWO.encode())[:-20],
        b"\x1f\x8b broken",
        TWO.encode() + b"\xff\xfe",
    ],
)
def test_damaged_files_are_refused(tmp_path, content):
    assert read_text(tmp_path, content).reason


def test_settings_of_another_program_version(tmp_path):
    file = read_text(tmp_path, TWO.replace("cutoff_eV", "colour").encode())
    assert "settings of a label have the keys colour" in file.reason


@quick
@given(st.integers(0, len(TWO) - 1), st.integers(0, len(TWO) - 1), st.binary(max_size=6))
def test_any_damage_gives_labels_or_one_line(tmp_path, first, second, inserted):
    begin, end = sorted((first, second))
    content = TWO.encode()
    read_text(tmp_path, content[:begin] + inserted + content[end:])


@quick
@given(st.integers(0, len(TWO) - 1), st.integers(0, 255))
def test_one_wrong_byte_gives_labels_or_one_line(tmp_path, place, byte):
    content = bytearray(TWO.encode())
    content[place] = byte
    for raw in read_text(tmp_path, bytes(content)).labels:
        build_label(raw)


def test_numbers_of_the_file_are_json(tmp_path):
    """What people see when they open the file."""
    header = TWO.splitlines()[1]
    start = header.index("_JSON ") + 6
    text = header[start : header.index('}}}"') + 3].replace('\\"', '"')
    assert json.loads(text)["settings"]["functional"] == "PBE"
    assert io.StringIO(TWO).readline() == "4\n"
