"""Reading structure files: what is accepted, repaired with a warning, and refused in one line."""

from __future__ import annotations

import csv
import hashlib
import warnings
from pathlib import Path

import pytest
from pymatgen.symmetry.groups import SpaceGroup

from perolyte.errors import InputError
from perolyte.structures import WarningCode, read_structure

OPERATIONS = "\n".join(f"'{op.as_xyz_str()}'" for op in SpaceGroup("Pm-3m").symmetry_ops)
SYMMETRY_LOOP = f"loop_\n_symmetry_equiv_pos_as_xyz\n{OPERATIONS}\n"
CELL = f"""data_llto
# doi 10.1016/0167-2738(94)90309-3.
_symmetry_space_group_name_H-M 'P m -3 m'
_cell_length_a 3.871(2)
_cell_length_b 3.871
_cell_length_c 3.871
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{SYMMETRY_LOOP}"""
ATOMS = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Li1 Li 0 0 0 0.34
La1 La 0 0 0 0.553333
Ti1 Ti 0.5 0.5 0.5 1
O1 O 0.5 0.5 0 1
"""
LLTO = CELL + ATOMS
POSCAR = """SrTiO3
1.0
3.905 0 0
0 3.905 0
0 0 3.905
Sr Ti O
1 1 3
direct
0 0 0
0.5 0.5 0.5
0.5 0.5 0
0.5 0 0.5
0 0.5 0.5
"""


@pytest.fixture
def write(tmp_path):
    def _write(content, name="x.cif"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def test_a_good_file_is_read_without_warnings(write):
    path = write(LLTO)
    parsed = read_structure(path)
    assert parsed.warnings == ()
    assert parsed.structure.composition.get_el_amt_dict() == pytest.approx(
        {"Li": 0.34, "La": 0.553333, "Ti": 1.0, "O": 3.0}
    )
    assert parsed.structure.lattice.a == pytest.approx(3.871)
    assert parsed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert parsed.path == str(path)
    assert parsed.doi == "10.1016/0167-2738(94)90309-3"


def test_a_file_without_doi_has_none(write):
    parsed = read_structure(write(LLTO.replace("# doi 10.1016/0167-2738(94)90309-3.\n", "")))
    assert (parsed.dois, parsed.doi) == ((), None)


@pytest.mark.parametrize("name", ["POSCAR", "POSCAR.llto", "CONTCAR", "cell.vasp"])
def test_poscar_names(write, name):
    assert read_structure(write(POSCAR, name)).structure.composition.reduced_formula == "SrTiO3"


def test_legal_oddities_change_nothing(write):
    odd = LLTO.replace("_cell_length_a", "_CELL_LENGTH_A").replace(" 0 0 0 ", "\t0\t0 0 ")
    odd = odd.replace("_atom_site_fract_x", "_Atom_Site_Fract_x").replace("\n", "\r\n")
    parsed = read_structure(write(b"\xef\xbb\xbf" + odd.encode()))
    assert parsed.warnings == ()
    assert parsed.structure == read_structure(write(LLTO, "y.cif")).structure


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (LLTO.replace("data_llto\n", ""), "no data_ heading"),
        (
            LLTO.replace("_atom_site_label\n", "")
            .replace("Li1 ", "")
            .replace("La1 ", "")
            .replace("Ti1 ", "")
            .replace("O1 ", ""),
            "no _atom_site_label",
        ),
        (LLTO.replace("0.5 0.5 0 1", "0.5 0.5 0 ?"), "occupancies are not given"),
        (LLTO.replace("_cell_length_b", "stray words\n_cell_length_b"), "left out: stray words"),
        (LLTO.replace("data_llto", "data_first") + LLTO, "2 data blocks hold atoms"),
        (LLTO + "_publ_author_name 'Inaguma \xe9'\n".encode("latin-1").decode("latin-1"), None),
        ((LLTO + "# Å\n").encode("latin-1"), "not valid UTF-8"),
        (
            LLTO.replace("_cell_angle_alpha 90", "_symmetry_cell_setting cubic"),
            "_cell_angle_alpha missing",
        ),
        (LLTO.replace(SYMMETRY_LOOP, ""), "H-M used"),
        (LLTO.replace("_cell_length_b 3.871", "_cell_length_b 3.95"), "break the symmetry"),
        (LLTO + "O2 O 0.5 0.5 0 1\n", "listed 2 times"),
        (LLTO + "F1 F 0.25 0.25 0.25 0\n", "occupancy 0"),
        (LLTO.replace("3.871", "7.315"), "bohr"),
        (LLTO + "_chemical_formula_sum 'Li La Ti O4'\n", "O 4 stated"),
    ],
)
def test_doubtful_files_are_read_with_a_warning(write, content, part):
    parsed = read_structure(write(content))
    if part is None:
        assert parsed.warnings == ()
    else:
        lines = [str(warning) for warning in parsed.warnings]
        assert any(part in line for line in lines), lines
        assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x00\x01\x02data_", "binary"),
        ("<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        ("just some words\n", "not a CIF"),
        (CELL, "no data block holds atom positions"),
        (
            LLTO.replace("_cell_length_a 3.871(2)", "_cell_length_a -3.871"),
            "_cell_length_a is -3.871",
        ),
        (LLTO.replace("_cell_length_a 3.871(2)", "_cell_length_a 0"), "_cell_length_a is 0"),
        (LLTO.replace("_cell_length_a 3.871(2)", "_cell_length_a 3,871"), "3,871"),
        (LLTO.replace("_cell_length_a 3.871(2)\n", ""), "_cell_length_a is missing"),
        (LLTO.replace("_cell_length_a 3.871(2)", "_cell_length_a nan"), "_cell_length_a is nan"),
        (LLTO.replace("_cell_angle_beta 90", "_cell_angle_beta 0"), "_cell_angle_beta is 0"),
        (LLTO.replace("Ti1 Ti", "Xx1 Xx"), "Xx is no chemical element"),
        (LLTO.replace("0.5 0.5 0 1", "0.5 0.5 0 -0.2"), "occupancy -0.2"),
        (LLTO.replace("0.5 0.5 0 1", "0.5 0.5 0 1.7"), "occupancy 1.7"),
        (LLTO.replace("0 0 0 0.34", "0 0 0 0.9"), "sum to 1.45"),
        (LLTO + "Ti2 Ti 0.55 0.5 0.5 1\n", "Å apart"),
        (LLTO[:-5], "check"),
        (LLTO.replace("_cell_angle_alpha 90\n", ""), "_cell_angle_alpha is missing"),
        (
            LLTO.replace("'P m -3 m'", "'no such group'").replace(SYMMETRY_LOOP, ""),
            "not understood",
        ),
        (LLTO.replace(OPERATIONS, "'x,y,z'\n'x,y,x'"), "change the cell"),
        (LLTO.replace("3.871", "90"), "per site"),
    ],
)
def test_bad_files_are_refused_in_one_line(write, content, part):
    path = write(content)
    with pytest.raises(InputError) as caught:
        read_structure(path)
    message = str(caught.value)
    assert part in message
    assert "x.cif" in message
    assert "\n" not in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_structure(tmp_path / "nothing.cif")
    with pytest.raises(InputError, match="cannot read"):
        read_structure(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        read_structure("null\0byte.cif")


def test_a_poscar_without_symbols_is_not_given_invented_ones(write):
    with pytest.raises(InputError, match="no element symbols"):
        read_structure(write(POSCAR.replace("Sr Ti O\n", ""), "POSCAR"))


def test_close_sites_may_share_an_occupancy(write):
    split = LLTO.replace("0 0 0 0.34", "0.1 0 0 0.05")
    assert len(read_structure(write(split)).structure) == 11  # La, six split Li, Ti and three O


def test_warnings_do_not_leak(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_structure(write(LLTO + "O2 O 0.5 0.5 0 1\n"))


@pytest.mark.shared_data
def test_labelled_corpus(shared_data: Path):
    """Every well-formed file is read, every file that must be rejected is, none crashes."""
    folder = shared_data / "cif_corpus"
    with (folder / "labels.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    outcomes = {}
    for row in rows:
        try:
            outcomes[row["file"]] = read_structure(folder / "cifs" / row["file"])
        except InputError:
            outcomes[row["file"]] = None
    wrong = [
        row["file"]
        for row in rows
        if (row["expected"] == "parse" and outcomes[row["file"]] is None)
        or (row["expected"] == "reject" and outcomes[row["file"]] is not None)
    ]
    assert wrong == []
    # The files of a lanthanum lithium titanate, and of an anti-perovskite, from which Li or H is
    # missing are labelled for parsing; their charge does not balance, which is said.
    missing = {f"ob_{name}.cif" for name in ("cy2", "5tl", "u2y", "hta", "s3h", "hx7")}
    warned = {name for name, parsed in outcomes.items() if parsed is not None and parsed.warnings}
    refused = {name for name, parsed in outcomes.items() if parsed is None}
    expected_warned = {row["file"] for row in rows if row["expected"] == "warn"}
    # This one holds a single row of question marks instead of atoms.
    without_atoms = {"ct_1010800_no_spcgrp_info.cif"}
    files = {row["file"] for row in rows}
    assert warned - expected_warned == missing & files
    assert expected_warned - warned == without_atoms & files
    assert refused & expected_warned == without_atoms & files
    for name in missing & files:
        codes = {warning.code for warning in outcomes[name].warnings}
        assert codes == {WarningCode.MISSING_CATION}


def codes_of(parsed):
    return {warning.code for warning in parsed.warnings}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ((LLTO + "# Å\n").encode("latin-1"), "encoding"),
        (LLTO.replace("data_llto\n", ""), "missing_heading"),
        (LLTO.replace("data_llto", "data_first") + LLTO, "several_blocks"),
        (LLTO.replace("_cell_length_b 3.871", "_cell_length_b 3.871 00"), "stray_text"),
        (LLTO.replace("0.5 0.5 0 1", "0.5 0.5 0 ?"), "missing_occupancy"),
        (LLTO.replace("0.5 0.5 0 1", "0.5 0.5 0 1.15(4)"), "occupancy_above_one"),
        (LLTO.replace("0 0 0 0.34", "0 0 0 0.47"), "occupancy_above_one"),
        (LLTO + "H1 H ? ? ? 1\n", "missing_coordinates"),
        (LLTO + "O2 O 0.5 0.5 0 1\n", "repeated_atom"),
        (LLTO.replace("0 0 0 0.34", "0.1 0 0 0.52"), "overlap"),
        (
            LLTO.replace(SYMMETRY_LOOP, "").replace(
                "_symmetry_space_group_name_H-M 'P m -3 m'\n", ""
            ),
            "missing_symmetry",
        ),
        (LLTO.replace(SYMMETRY_LOOP, ""), "symmetry_from_name"),
        (LLTO.replace("'P m -3 m'", "'I m -3 m'"), "symmetry_mismatch"),
        (LLTO + "_symmetry_Int_Tables_number 225\n", "symmetry_mismatch"),
        (LLTO.replace("_cell_length_b 3.871", "_cell_length_b 3.95"), "metric_mismatch"),
        (LLTO + "_cell_volume 61.2\n", "volume_mismatch"),
        (LLTO + "_exptl_crystal_density_diffrn 3.1\n", "density_mismatch"),
        (LLTO + "_chemical_formula_sum 'Li La Ti2 O6'\n", "formula_mismatch"),
        (LLTO + "_chemical_formula_structural 'La0.55 Ti O3'\n", "formula_mismatch"),
        (LLTO.replace("Li1 Li 0 0 0 0.34\n", ""), "missing_cation"),
        (LLTO.replace("3.871", "12.1"), "density"),
        (LLTO + "_cod_duplicate_entry 1234567\n", "database_remark"),
    ],
)
def test_each_doubt_has_its_code(write, content, code):
    parsed = read_structure(write(content))
    assert WarningCode(code) in codes_of(parsed), parsed.warnings
    assert not any(warning.code.is_note for warning in parsed.warnings)
    assert all(note.code.is_note for note in parsed.notes)


@pytest.mark.parametrize(
    "line",
    [
        "_chemical_formula_sum 'Li0.34 La0.55 Ti O3'",
        "_chemical_formula_sum 'Li1.02 La1.66 Ti3 O9'",
        "_chemical_formula_structural 'Li0.34La0.553(TiO3)'",
        "_chemical_formula_sum ?",
        "_chemical_formula_sum 'nonsense'",
        "_cell_volume 58.01(9)",
        "_cell_volume ?",
        "_symmetry_Int_Tables_number 221",
        "_exptl_crystal_density_diffrn 5.06",
        "_publ_section_title Structure of a titanate",
    ],
)
def test_true_and_empty_claims_are_no_doubt(write, line):
    assert read_structure(write(f"{LLTO}{line}\n")).warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("O1 O 0.5 0.5 0 1", "O1 O ? ? ? 1", "atom O1 has no coordinates"),
        ("0.5 0.5 0 1", "0.5 0.5 0 1.4(1)", "occupancy 1.4(1)"),
        ("0.5 0.5 0 1", "0.5 0.5 0 1.15", "occupancy 1.15"),
    ],
)
def test_more_bad_files_are_refused(write, old, new, part):
    with pytest.raises(InputError) as caught:
        read_structure(write(LLTO.replace(old, new)))
    assert part in str(caught.value)


def test_disorder_is_a_note_and_occupancies_are_given_per_site(write):
    parsed = read_structure(write(LLTO))
    assert parsed.is_disordered
    assert [note.code for note in parsed.notes] == [WarningCode.DISORDER]
    assert len(parsed.occupancies) == len(parsed.structure)
    shared = next(site for site in parsed.occupancies if "La" in site)
    assert shared == pytest.approx({"Li": 0.34, "La": 0.553333})
    split = read_structure(write(LLTO.replace("0 0 0 0.34", "0.1 0 0 0.05")))
    assert WarningCode.SPLIT_SITES in {note.code for note in split.notes}


def test_the_origin_of_the_file_is_kept(write):
    lines = "_database_code_amcsd 0002890\n_cod_database_code 9002107\n_database_code_ICSD 12345\n"
    parsed = read_structure(write(f"{LLTO}{lines}_chemical_formula_sum 'Li0.34 La0.553 Ti O3'\n"))
    assert parsed.source_ids == {"COD": "9002107", "ICSD": "12345", "AMCSD": "0002890"}
    assert parsed.source_id == "COD 9002107"
    assert parsed.stated_formula == "Li0.34 La0.553 Ti O3"
    plain = read_structure(write(LLTO + "_database_code_ICSD ?\n"))
    assert (plain.source_ids, plain.source_id, plain.stated_formula) == ({}, None, None)
    named = read_structure(write("#  mp-5827\n" + LLTO.replace("data_llto", "data_155950-ICSD")))
    assert named.source_ids == {"ICSD": "155950", "MP": "mp-5827"}


def test_declared_states_are_kept_and_held_against_neutrality(write):
    states = "loop_\n_atom_type_symbol\n_atom_type_oxidation_number\n"
    good = LLTO.replace(" Li 0", " Li+ 0").replace(" La 0", " La3+ 0").replace(" Ti 0", " Ti4+ 0")
    good = good.replace(" O 0", " O2- 0")
    parsed = read_structure(write(f"{good}{states}Li+ 1\nLa3+ 3\nTi4+ 4\nO2- -2\n"))
    assert parsed.oxidation.method == "declared"
    assert parsed.oxidation.states == {"La": 3.0, "Li": 1.0, "O": -2.0, "Ti": 4.0}
    assert parsed.warnings == ()
    wrong = read_structure(write(f"{good}{states}Li+ 1\nLa3+ 3\nTi4+ 3\nO2- -2\n"))
    assert codes_of(wrong) == {WarningCode.DECLARED_CHARGE}
