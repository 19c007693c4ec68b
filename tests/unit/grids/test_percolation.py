"""What :func:`find_percolation` adds for grids that are no energy maps; the rest is in bvse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perolyte.bvse import percolation_barriers
from perolyte.errors import InputError
from perolyte.grids import find_percolation

CLOSED = np.inf


def test_closed_voxels_are_never_crossed():
    grid = np.full((6, 6, 6), CLOSED)
    grid[:, 2, 3] = [0.0, 0.1, 0.3, 0.1, 0.0, 0.2]
    result = find_percolation(grid)
    assert result.barriers_eV == {1: pytest.approx(0.3), 2: math.inf, 3: math.inf}
    assert result.directions[1] == ((1, 0, 0),)
    assert result.critical_voxels[1] == (2, 2, 3)
    assert result.status == "partial"
    assert result.reasons == ("no 2D and 3D path at any energy above the minimum of the cell",)


def test_there_is_no_limit_unless_one_is_given():
    grid = np.zeros((4, 1, 1))
    grid[2] = 50.0
    assert find_percolation(grid).barriers_eV[3] == 50.0
    assert find_percolation(grid, energy_limit_eV=10.0).barriers_eV[3] == math.inf
    # maps of site energies have one by default
    assert percolation_barriers(grid).barriers_eV[3] == math.inf


def test_a_grid_of_closed_voxels_is_refused():
    with pytest.raises(InputError, match="its minimum is infinite"):
        find_percolation(np.full((2, 2, 2), CLOSED))
