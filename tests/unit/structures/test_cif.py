"""Reading structure files: what is accepted, repaired with a warning, and refused in one line."""

from __future__ import annotations

import csv
import hashlib
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymatgen.symmetry.groups import SpaceGroup

from perolyte.errors import InputError
from perolyte.structures import read_structure

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
        (LLTO + "_chemical_formula_sum 'Li La Ti O4'\n", "stoichiometry"),
    ],
)
def test_doubtful_files_are_read_with_a_warning(write, content, part):
    parsed = read_structure(write(content))
    if part is None:
        assert parsed.warnings == ()
    else:
        assert any(part in warning for warning in parsed.warnings), parsed.warnings
        assert all("\n" not in warning for warning in parsed.warnings)


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


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_files_raise_input_error_only(tmp_path_factory, data):
    """Bytes flipped, inserted, removed, and the file cut: a structure or an InputError."""
    content = bytearray(LLTO.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, max(len(content) - 1, 0)))
        kind = data.draw(st.sampled_from(["flip", "insert", "remove", "cut"]))
        if kind == "flip" and content:
            content[position] = data.draw(st.integers(0, 255))
        elif kind == "insert":
            tokens = [b"-", b"?", b"'", b"\n;", b"\nloop_\n", b" _ ", b"e99", b"\ndata_x\n", b"nan"]
            content[position:position] = data.draw(st.sampled_from(tokens))
        elif kind == "remove":
            del content[position : position + data.draw(st.integers(1, 30))]
        elif data.draw(st.booleans()):
            del content[position:]
    path = tmp_path_factory.mktemp("fuzz") / "x.cif"
    path.write_bytes(bytes(content))
    try:
        parsed = read_structure(path)
    except InputError as error:
        message, n_sites = str(error), None
    else:
        message, n_sites = "", len(parsed.structure)
    assert "\n" not in message
    assert n_sites is None or n_sites > 0


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
    warned = [
        row for row in rows if row["expected"] == "warn" and outcomes[row["file"]] is not None
    ]
    silent = [row["file"] for row in warned if not outcomes[row["file"]].warnings]
    # One entry repeats another entry of its database; nothing inside the file shows it.
    assert silent in ([], ["ct_duplicate.cif"])
