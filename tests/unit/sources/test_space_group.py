"""Space groups over tolerances."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.sources import find_space_group
from perolyte.sources.space_group import MAX_SITES


def make_perovskite(shift_A: float = 0.0) -> Structure:
    """SrTiO3 with Ti shifted along c: cubic without the shift, tetragonal with it."""
    a = 3.905
    places = [[0, 0, 0], [0.5, 0.5, 0.5 + shift_A / a], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Structure(Lattice.cubic(a), ["Sr", "Ti", "O", "O", "O"], places)


@pytest.mark.parametrize(
    ("shift_A", "number", "symprec_A", "is_stable"),
    [
        (0.0, 221, 1e-3, True),
        (2e-3, 221, 1e-2, True),  # rounding in the file: found from 0.01 Å on
        (0.5, 99, 1e-3, True),
        (0.04, 99, 1e-3, True),  # 0.001 and 0.01 Å agree
    ],
)
def test_the_plateau(shift_A, number, symprec_A, is_stable):
    found = find_space_group(make_perovskite(shift_A))
    assert (found.number, found.symprec_A, found.is_stable) == (number, symprec_A, is_stable)


def test_tolerances_that_all_disagree():
    found = find_space_group(make_perovskite(0.04), symprecs_A=(1e-2, 1e-1))
    assert (found.number, found.is_stable) == (99, False)
    assert found.by_symprec == {1e-2: 99, 1e-1: 221}


def test_mixed_sites_count_by_their_mixture(llto):
    assert find_space_group(llto).number == 221
    ordered = llto.copy()
    ordered.make_supercell([1, 1, 2])
    ordered.replace(0, {"La": 1.0})
    assert find_space_group(ordered).number == 123


def test_no_answer():
    pair = Structure(Lattice.cubic(4), ["Sr", "Sr"], [[0, 0, 0], [0.001, 0, 0]])
    assert find_space_group(pair, symprecs_A=(0.1,)) is None
    lattice = Lattice.cubic(100)
    many = Structure(lattice, ["Sr"] * (MAX_SITES + 1), [[0, 0, 0]] * (MAX_SITES + 1))
    assert find_space_group(many) is None
