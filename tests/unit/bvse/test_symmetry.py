from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.bvse._kernel import find_representatives
from perolyte.bvse.symmetry import choose_grid, find_operations


@pytest.fixture
def diamond() -> Structure:
    """Space group Fd-3m, with translations by quarters."""
    return Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.43), ["Si"], [[0, 0, 0]])


def find_grid(structure: Structure, **options):
    kinds = np.zeros(len(structure), dtype=np.int64)
    rotations, translations = find_operations(structure, kinds)
    return choose_grid(np.array(structure.lattice.abc), rotations, translations, **options)


def test_every_operation_is_kept_where_the_grid_can_be_chosen(diamond):
    grid = find_grid(diamond, spacing_A=0.3)
    assert len(grid.rotations) == 192
    assert grid.divisions == (20, 20, 20)


def test_operations_that_do_not_fit_given_divisions_are_left_out(diamond):
    assert len(find_grid(diamond, divisions=(18, 18, 18)).rotations) < 192
    assert len(find_grid(diamond, divisions=(19, 20, 21)).rotations) < 20


@pytest.mark.parametrize("divisions", [(20, 20, 20), (18, 18, 18), (19, 20, 21)])
def test_operations_permute_the_voxels_and_form_a_group(diamond, divisions):
    grid = find_grid(diamond, divisions=divisions)
    images = {
        (rotation % divisions[0]).tobytes() + shift.tobytes()
        for rotation, shift in zip(grid.rotations, grid.shifts, strict=True)
    }
    assert len(images) == len(grid.rotations)
    rng = np.random.default_rng(0)
    for index in rng.integers(0, len(grid.rotations), 5):
        voxels = np.stack(np.indices(divisions), axis=-1).reshape(-1, 3)
        moved = (voxels @ grid.rotations[index].T + grid.shifts[index]) % divisions
        assert len(np.unique(moved, axis=0)) == len(voxels)
        other = rng.integers(0, len(grid.rotations))
        shift = (grid.rotations[index] @ grid.shifts[other] + grid.shifts[index]) % divisions
        rotation = grid.rotations[index] @ grid.rotations[other]
        assert any(
            (rotation == r).all() and (shift == s).all()
            for r, s in zip(grid.rotations, grid.shifts, strict=True)
        )


def test_each_orbit_has_one_representative(diamond):
    grid = find_grid(diamond, divisions=(8, 8, 8))
    is_first = find_representatives(np.array(grid.divisions), grid.rotations, grid.shifts)
    covered = np.zeros(grid.divisions, dtype=int)
    for voxel in np.argwhere(is_first):
        orbit = (grid.rotations @ voxel + grid.shifts) % grid.divisions
        for image in np.unique(orbit, axis=0):
            covered[tuple(image)] += 1
    assert (covered == 1).all()


def test_the_identity_comes_first(diamond):
    grid = find_grid(diamond, spacing_A=0.4)
    np.testing.assert_array_equal(grid.rotations[0], np.eye(3))
    np.testing.assert_array_equal(grid.shifts[0], 0)


def test_noise_on_the_positions_takes_the_symmetry_away(diamond):
    assert len(find_grid(diamond.perturb(0.01), spacing_A=0.4).rotations) == 1


def test_sites_of_different_kinds_are_not_exchanged(diamond):
    kinds = np.arange(len(diamond))
    rotations, _ = find_operations(diamond, kinds)
    assert len(rotations) < 192
