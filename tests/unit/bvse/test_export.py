"""Other programs read back what was written."""

from __future__ import annotations

import numpy as np
import pytest
from ase.io.cube import read_cube
from pymatgen.core import Lattice, Structure
from pymatgen.io.common import VolumetricData
from pymatgen.io.vasp.outputs import Locpot

from perolyte.bvse import energy_map, format_map
from perolyte.errors import InputError

SIX_DIGITS = 1e-6
"""Relative rounding of a value with seven significant digits."""


@pytest.fixture
def mapped():
    structure = Structure(
        Lattice.from_parameters(3.1, 3.7, 4.4, 80, 95, 110),
        ["Li1+", "O2-", {"Na1+": 0.6, "Li1+": 0.4}],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.4, 0.02]],
    )
    return energy_map(structure, "Li+", divisions=(4, 5, 7))


def test_cube_is_read_by_ase(mapped, tmp_path):
    path = tmp_path / "map.cube"
    path.write_text("".join(format_map(mapped, "cube")))
    with path.open() as file:
        found = read_cube(file)
    np.testing.assert_allclose(found["data"], mapped.energies_eV, rtol=SIX_DIGITS)
    # six decimals of a voxel edge in Bohr, times the divisions
    np.testing.assert_allclose(
        found["atoms"].cell.array, mapped.structure.lattice.matrix, atol=1e-5
    )
    assert found["atoms"].get_chemical_symbols() == ["Li", "O", "Na"]


def test_cube_is_read_by_pymatgen(mapped, tmp_path):
    path = tmp_path / "map.cube"
    path.write_text("".join(format_map(mapped, "cube")))
    found = VolumetricData.from_cube(path)
    np.testing.assert_allclose(found.data["total"], mapped.energies_eV, rtol=SIX_DIGITS)


def test_locpot_is_read_by_pymatgen(mapped, tmp_path):
    path = tmp_path / "LOCPOT"
    path.write_text("".join(format_map(mapped, "locpot")))
    found = Locpot.from_file(path)
    np.testing.assert_allclose(found.data["total"], mapped.energies_eV, rtol=SIX_DIGITS)
    np.testing.assert_allclose(found.structure.lattice.abc, mapped.structure.lattice.abc, atol=1e-6)
    assert found.structure.composition.formula == "Na1 Li1 O1"


def test_grd_has_cell_divisions_and_values(mapped):
    lines = "".join(format_map(mapped, "grd")).splitlines()
    assert "Li+" in lines[0]
    assert [float(x) for x in lines[1].split()] == pytest.approx([3.1, 3.7, 4.4, 80, 95, 110])
    assert lines[2] == "4 5 7"
    values = np.array(" ".join(lines[3:]).split(), dtype=float)
    np.testing.assert_allclose(
        values.reshape(4, 5, 7), mapped.energies_eV, rtol=SIX_DIGITS, atol=SIX_DIGITS
    )


def test_another_format_is_refused(mapped):
    with pytest.raises(
        InputError, match="map format is 'xsf'; it must be one of cube, grd, locpot"
    ):
        format_map(mapped, "xsf")
