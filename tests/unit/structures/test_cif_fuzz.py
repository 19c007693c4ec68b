"""Damaged files: our own error or an honest structure, soon, whatever the damage."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.structures import read_structure

MAX_SECONDS = 10.0
OVERLAP_A = 0.7
CELL = """_cell_length_a {a}
_cell_length_b {b}
_cell_length_c {c}
_cell_angle_alpha {alpha}
_cell_angle_beta {beta}
_cell_angle_gamma {gamma}
"""
ATOMS = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
"""
CUBIC = CELL.format(a="3.871(2)", b=3.871, c=3.871, alpha=90, beta=90, gamma=90)
SEEDS = (
    f"""data_llto
_chemical_formula_sum 'Li0.34 La0.553 Ti O3'
_symmetry_space_group_name_H-M 'P m -3 m'
{CUBIC}{ATOMS}Li1 Li 0 0 0 0.34
La1 La 0 0 0 0.553
Ti1 Ti 0.5 0.5 0.5 1
O1 O 0.5 0.5 0 1
""",
    f"""data_catio3
_publ_section_title
;
 Structure of a titanate
;
_cell_volume 224.21
{CELL.format(a=5.4043, b=5.4224, c=7.651, alpha=90, beta=90, gamma=90)}loop_
_space_group_symop_operation_xyz
'x,y,z'
'x,y,1/2-z'
'-x,-y,1/2+z'
'1/2+x,1/2-y,1/2+z'
'1/2-x,1/2+y,1/2-z'
'1/2-x,1/2+y,z'
'1/2+x,1/2-y,-z'
'-x,-y,-z'
{ATOMS}Ca Ca -0.00648 0.0356 0.25 1
Ti Ti 0 0.5 0 1
O1 O 0.5711 -0.0161 0.25 1
O2 O 0.2897 0.2888 0.0373 1
""",
    f"""data_hexagonal
_symmetry_Int_Tables_number 161
{CELL.format(a=5.148, b=5.148, c=13.863, alpha=90, beta=90, gamma=120)}{ATOMS}Li+ Li+ 0 0 0.279 1
Nb5+ Nb5+ 0 0 0 1
O2- O2- 0.0476 0.3433 0.0633 1
loop_
_atom_type_symbol
_atom_type_oxidation_number
Li+ 1
Nb5+ 5
O2- -2
""",
)
TOKENS = (
    *(b"-", b"?", b"'", b'"', b"\n;", b"\nloop_\n", b" _ ", b"e99", b"\ndata_x\n", b"nan"),
    *(b"inf", b"9", b".", b"#", b"\xff", b"\x00", b"1e-9", b"\n", b"(", b"/0", b"Xx", b","),
)


def damage(seed: str, rng: random.Random) -> bytes:
    """Cut, flip, insert, remove and repeat bytes, and swap the columns of a loop."""
    content = bytearray(seed.encode())
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6, 15))):
        if not content:
            break
        at = rng.randrange(len(content))
        kind = rng.choice(("flip", "flip", "insert", "remove", "repeat", "swap", "number", "cut"))
        if kind == "flip":
            content[at] = rng.randrange(256)
        elif kind == "insert":
            content[at:at] = rng.choice(TOKENS)
        elif kind == "remove":
            del content[at : at + rng.randrange(1, 30)]
        elif kind == "repeat":
            start = rng.randrange(len(content))
            content[at:at] = content[start : start + 40]
        elif kind == "cut":
            del content[at:]
        else:
            lines = content.decode("latin-1").split("\n")
            edit = swap_columns if kind == "swap" else change_number
            content = bytearray("\n".join(edit(lines, rng)).encode("latin-1"))
    return bytes(content)


def swap_columns(lines: list[str], rng: random.Random) -> list[str]:
    """Exchange two columns of every row with as many words as a random row."""
    width = len(rng.choice(lines).split())
    if width < 2:
        return lines
    i, j = rng.sample(range(width), 2)
    swapped = []
    for line in lines:
        words = line.split()
        if len(words) == width:
            words[i], words[j] = words[j], words[i]
        swapped.append(" ".join(words) if len(words) == width else line)
    return swapped


def change_number(lines: list[str], rng: random.Random) -> list[str]:
    """Replace one word by a number that is possible somewhere else."""
    at = rng.randrange(len(lines))
    words = lines[at].split()
    if words:
        words[rng.randrange(len(words))] = rng.choice(
            ("0", "0.01", "0.5", "1", "-0.2", "2.5", "90", "1000", "1e5", "-3.9", "179.9")
        )
        lines = [*lines[:at], " ".join(words), *lines[at + 1 :]]
    return lines


def smallest_distance_A(structure) -> float:
    """Shortest distance between sites that cannot be alternatives of each other."""
    centres, neighbours, _, distances_A = structure.get_neighbor_list(OVERLAP_A)
    occupancy = np.array([site.species.num_atoms for site in structure])
    # H is seen 0.2 Å too near to its neighbour by X-rays.
    is_h = np.array([any(sp.symbol in ("H", "D") for sp in site.species) for site in structure])
    together = occupancy[centres] + occupancy[neighbours] > 1.011
    judged = together & ~((is_h[centres] | is_h[neighbours]) & (distances_A >= 0.5))
    return float(np.min(distances_A[judged], initial=np.inf))


def check_one(content: bytes, path) -> bool:
    """Read the bytes as a file; return whether they gave a structure."""
    path.write_bytes(content)
    begin = time.perf_counter()
    parsed, message = None, ""
    try:
        parsed = read_structure(path)
    except InputError as error:
        message = str(error)
    assert time.perf_counter() - begin < MAX_SECONDS
    assert "\n" not in message
    if parsed is None:
        return False
    assert len(parsed.structure) > 0
    assert np.all(np.isfinite(parsed.structure.cart_coords))
    assert parsed.structure.volume > 0.0
    for site in parsed.structure:
        assert 0.0 < site.species.num_atoms <= 1.0 + 1e-6
    if smallest_distance_A(parsed.structure) < OVERLAP_A:
        assert any(str(warning.code) == "overlap" for warning in parsed.warnings)
    for remark in (*parsed.warnings, *parsed.notes):
        assert "\n" not in str(remark)
    return True


def run_fuzz(data, folder) -> None:
    rng = random.Random(data.draw(st.integers(0, 2**32 - 1)))
    check_one(damage(rng.choice(SEEDS), rng), folder / "x.cif")


def test_the_undamaged_files_are_read(tmp_path):
    assert all(check_one(seed.encode(), tmp_path / "x.cif") for seed in SEEDS)


@settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.data())
def test_damaged_files_are_refused_or_honest(tmp_path_factory, data):
    run_fuzz(data, tmp_path_factory.getbasetemp())


@pytest.mark.slow
@settings(
    max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.data())
def test_two_thousand_damaged_files_are_refused_or_honest(tmp_path_factory, data):
    run_fuzz(data, tmp_path_factory.getbasetemp())
