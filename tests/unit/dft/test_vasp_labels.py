"""VASP: the input that is written, and the output of real calculations (those that ASE ships)."""

from __future__ import annotations

import gzip
from pathlib import Path

import ase
import numpy as np
import pytest
from ase.io import read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Incar
from pymatgen.io.vasp.sets import MPRelaxSet

from perolyte.dft.compatibility import find_mp2020_correction_eV
from perolyte.dft.labels import build_label
from perolyte.dft.reading import ReadingChoices, list_label_files, read_label_files
from perolyte.dft.stress import find_pressure_GPa, stress_from_ase
from perolyte.dft.vasp import build_vasp_static_maker, correct_energy, find_vasp_theory
from perolyte.dft.vasprun import read_vasprun
from perolyte.errors import InputError

FILES = Path(ase.__file__).parent / "test" / "testdata" / "vasp"
SALT, DIAMOND = FILES / "vasprun_dfpt.xml", FILES / "vasprun_pstress.xml"
SRTIO3 = Structure.from_spacegroup(
    "Pm-3m",
    Lattice.cubic(3.9),
    ["Sr", "Ti", "O"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
)
SYMMETRY = pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
"""pymatgen asks spglib in its old way."""
MP_NAMES = {"Sr": "Sr_sv", "Ti": "Ti_pv", "O": "O"}


# -- input -----------------------------------------------------------------------------------------


@SYMMETRY
def test_input_is_written_without_pseudopotentials(tmp_path):
    maker = build_vasp_static_maker(write_input_set_kwargs={"potcar_spec": True})
    inputs = maker.input_set_generator.get_input_set(SRTIO3, **maker.write_input_set_kwargs)
    inputs.write_input(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "INCAR",
        "KPOINTS",
        "POSCAR",
        "POTCAR.spec",
    }
    assert (tmp_path / "POTCAR.spec").read_text().split() == list(MP_NAMES.values())
    incar = Incar.from_file(tmp_path / "INCAR")
    assert (incar["ENCUT"], incar["NSW"], incar["ISMEAR"], incar["EDIFF"]) == (520, 0, 0, 1e-6)
    assert "GGA" not in incar, "PBE is that of the pseudopotentials"
    assert not incar["LWAVE"]


@SYMMETRY
def test_u_cutoff_and_pseudopotentials_are_those_of_the_materials_project():
    iron = SRTIO3.copy()
    iron.replace_species({"Ti": "Fe"})
    ours = build_vasp_static_maker().input_set_generator.get_input_set(iron, potcar_spec=True)
    theirs = MPRelaxSet(iron).get_input_set(potcar_spec=True)
    for tag in ("ENCUT", "LDAU", "LDAUU", "LDAUL", "LASPH", "ISPIN", "LMAXMIX", "SIGMA"):
        assert ours["INCAR"][tag] == theirs["INCAR"][tag], tag
    assert ours["POTCAR.spec"] == theirs["POTCAR.spec"]
    assert ours["INCAR"]["LDAUU"] == [0, 5.3, 0]


@SYMMETRY
def test_tags_of_the_user_win():
    maker = build_vasp_static_maker(user_incar_settings={"EDIFF": 1e-8})
    assert maker.input_set_generator.get_input_set(SRTIO3, potcar_spec=True).incar["EDIFF"] == 1e-8


# -- MP2020 ----------------------------------------------------------------------------------------


def test_correction_of_an_oxide():
    """-0.687 eV for each oxygen (doi 10.1038/s41598-021-94550-5); Ti, Sr and Li have none."""
    found = find_mp2020_correction_eV(SRTIO3, pseudopotentials=MP_NAMES, hubbard_U_eV={})
    assert found == pytest.approx(3 * -0.687, abs=2e-3)
    twice = SRTIO3 * (2, 1, 1)
    found = find_mp2020_correction_eV(twice, pseudopotentials=MP_NAMES, hubbard_U_eV={})
    assert found == pytest.approx(6 * -0.687, abs=4e-3)


def test_correction_of_an_oxide_with_u():
    """-2.256 eV for each iron that has its U."""
    iron = SRTIO3.copy()
    iron.replace_species({"Ti": "Fe"})
    names = {"Sr": "Sr_sv", "Fe": "Fe_pv", "O": "O"}
    found = find_mp2020_correction_eV(iron, pseudopotentials=names, hubbard_U_eV={"Fe": 5.3})
    assert found == pytest.approx(3 * -0.687 - 2.256, abs=3e-3)


@pytest.mark.parametrize(
    ("names", "hubbard", "message"),
    [
        ({**MP_NAMES, "Ti": "Ti_sv"}, {}, "Incompatible POTCAR"),
        (MP_NAMES, {"Ti": 3.0}, "Invalid U value of 3.0 on Ti"),
    ],
)
def test_what_mp2020_does_not_fit(names, hubbard, message):
    with pytest.raises(InputError, match=message):
        find_mp2020_correction_eV(SRTIO3, pseudopotentials=names, hubbard_U_eV=hubbard)


def test_a_correction_is_named_and_optional():
    theory = find_vasp_theory({"ENCUT": 520}, [f"PAW_PBE {name} 1" for name in MP_NAMES.values()])
    corrected, value = correct_energy(theory, SRTIO3, "MP2020")
    assert corrected.energy_correction == "MP2020"
    assert value < -2
    assert correct_energy(theory, SRTIO3, None) == (theory, 0.0)
    other = find_vasp_theory({"ENCUT": 520, "GGA": "PS"}, ["PAW_PBE O 1"])
    with pytest.raises(InputError, match="not PBEsol; leave energies as they are"):
        correct_energy(other, SRTIO3, "MP2020")


# -- level of theory -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "title", "functional"),
    [
        ({}, "PAW_PBE O 08Apr2002", "PBE"),
        ({"GGA": "--"}, "PAW_PBE O 08Apr2002", "PBE"),
        ({"GGA": "Pe"}, "PAW O 22Mar2012", "PBE"),
        ({}, "PAW O 22Mar2012", "LDA"),
        ({"GGA": "PS"}, "PAW_PBE O 08Apr2002", "PBEsol"),
        ({"METAGGA": "R2SCAN"}, "PAW_PBE O 08Apr2002", "R2SCAN"),
        ({"GGA": "PE", "LHFCALC": True}, "PAW_PBE O 08Apr2002", "hybrid of PBE"),
        ({"IVDW": 11}, "PAW_PBE O 08Apr2002", "PBE+vdW(11)"),
        ({"GGA": "BF"}, "PAW_PBE O 08Apr2002", "GGA=BF"),
    ],
)
def test_functionals(tags, title, functional):
    assert find_vasp_theory(tags, [title]).functional == functional


def test_titles_that_say_nothing():
    with pytest.raises(InputError, match="of the families PAW, PAW_PBE"):
        find_vasp_theory({}, ["PAW O 1", "PAW_PBE Ti_pv 1"])
    with pytest.raises(InputError, match="'PAW_PBE' names no element"):
        find_vasp_theory({}, ["PAW_PBE"])


# -- output of real calculations -------------------------------------------------------------------


@pytest.mark.parametrize("path", [SALT, DIAMOND], ids=["response", "outer pressure"])
def test_numbers_are_those_that_ase_reads(path):
    (raw,) = read_vasprun(path, correction=None)
    label = build_label(raw)
    atoms = read(path)
    assert label.status == "converged"
    # ASE takes the work of the outer pressure from another digit of the constant
    assert label.energy_eV == pytest.approx(atoms.calc.results["free_energy"], abs=1e-7)
    np.testing.assert_allclose(label.forces_eV_A, atoms.get_forces(), atol=1e-12)
    expected = find_pressure_GPa(stress_from_ase(atoms.get_stress()))
    assert label.pressure_GPa == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(label.structure.cart_coords, atoms.get_positions(), atol=1e-9)


def test_what_a_file_says_of_itself():
    (raw,) = read_vasprun(SALT, correction=None)
    assert (raw.theory.functional, raw.theory.cutoff_eV) == ("PBE", 400.0)
    assert raw.theory.pseudopotentials == {"Cl": "Cl", "Na": "Na"}
    assert raw.theory.numerics["kpoints"] == [3, 3, 3]
    assert (raw.engine_version, raw.group.kind) == ("6.3.2", "static")
    (raw,) = read_vasprun(DIAMOND, correction=None)
    assert raw.theory.functional == "LDA"
    assert raw.found.scf_converged


def test_a_file_that_the_correction_does_not_fit():
    label = build_label(read_vasprun(SALT)[0])
    assert label.status == "rejected"
    assert "MP2020 does not fit" in label.reasons[0]
    assert "--raw-energies" in label.reasons[0]


def test_electrons_that_ran_out_of_steps(tmp_path):
    text = DIAMOND.read_text()
    path = tmp_path / "vasprun.xml"
    path.write_text(text.replace('name="NELM">    60', 'name="NELM">     9'))
    label = build_label(read_vasprun(path, correction=None)[0])
    assert (label.status, label.reasons) == ("not_converged", ["the electrons are not converged"])


def test_packed_files_in_folders(tmp_path):
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    (folder / "vasprun.xml.gz").write_bytes(gzip.compress(DIAMOND.read_bytes()))
    (folder / ".hidden.xyz").write_text("")
    (folder / "OUTCAR").write_text("")
    paths = list_label_files([tmp_path])
    assert [path.name for path in paths] == ["vasprun.xml.gz"]
    (file,) = read_label_files(paths, ReadingChoices(correction=None))
    assert [raw.name for raw in file.labels] == [f"{folder.as_posix()}/vasprun-0"]


def test_forces_of_a_learned_force_field_are_no_labels(tmp_path):
    path = tmp_path / "vasprun.xml"
    tag = '<i type="logical" name="ML_LMLFF"> T </i>'
    path.write_text(DIAMOND.read_text().replace("<incar>", f"<incar>{tag}"))
    with pytest.raises(InputError, match="ML_LMLFF = T"):
        read_vasprun(path)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.0, 1.0), st.binary(max_size=4))
def test_any_cut_gives_a_label_or_one_line(tmp_path, share, inserted):
    content = DIAMOND.read_bytes()
    path = tmp_path / "vasprun.xml"
    path.write_bytes(content[: int(share * len(content))] + inserted)
    (file,) = read_label_files([path], ReadingChoices(correction=None))
    assert bool(file.reason) != bool(file.labels)
    if file.reason:
        assert "\n" not in file.reason
    for raw in file.labels:
        assert raw.found.energy_eV == pytest.approx(-20.2469594, abs=1e-6)


def test_a_cut_file_says_so(tmp_path):
    text = DIAMOND.read_text()
    path = tmp_path / "vasprun.xml"
    path.write_text(text[: text.index("</calculation>") + len("</calculation>")])
    (raw,) = read_vasprun(path, correction=None)
    assert raw.found.notes == ("the file ends too early: only its complete steps are read",)
