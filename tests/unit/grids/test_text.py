"""The formats themselves are read back in the tests of bvse; here what any grid may be."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.common import VolumetricData

from perolyte.errors import InputError
from perolyte.grids import format_grid

SIX_DIGITS = 1e-6


def test_a_grid_keeps_its_order_and_its_title(tmp_path):
    structure = Structure(Lattice.orthorhombic(3, 4, 5), ["Li"], [[0.1, 0.2, 0.3]])
    values = np.random.default_rng(0).random((3, 4, 5))
    path = tmp_path / "density.cube"
    path.write_text("".join(format_grid(values, structure, "cube", title="density in 1/Å³")))
    assert path.read_text().splitlines()[0] == "density in 1/Å³"
    found = VolumetricData.from_cube(path)
    np.testing.assert_allclose(found.data["total"], values, rtol=SIX_DIGITS)


def test_a_list_of_values_is_no_grid():
    structure = Structure(Lattice.cubic(3), ["Li"], [[0, 0, 0]])
    with pytest.raises(InputError, match=r"shape \(4,\)"):
        format_grid(np.zeros(4), structure, "grd", title="")
