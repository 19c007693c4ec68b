"""Thresholds known by construction, and against a search that grows each region by itself."""

from __future__ import annotations

import math
from collections import deque
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from perolyte.bvse import percolation_barriers
from perolyte.errors import InputError

EXACT = 1e-12
"""One subtraction of energies of order 1."""
CLOSED = np.inf


def make_egg_box(divisions, heights_eV):
    """a f(x) + b f(y) + c f(z) with f(u) = (1 - cos 2πu)/2."""
    waves = [(1 - np.cos(2 * np.pi * np.arange(n) / n)) / 2 for n in divisions]
    a, b, c = heights_eV
    return a * waves[0][:, None, None] + b * waves[1][None, :, None] + c * waves[2][None, None, :]


def search_by_growth(energies, steps):
    """Thresholds in 1, 2 and 3 dimensions: at each energy, walk every region with its images."""
    shape = np.array(energies.shape)
    found = [math.inf] * 3
    minima = [math.inf] * 3
    for threshold in np.unique(energies[np.isfinite(energies)]):
        seen: dict[tuple[int, ...], np.ndarray] = {}
        for start in map(tuple, np.argwhere(energies <= threshold)):
            if start in seen:
                continue
            seen[start] = np.zeros(3, dtype=int)
            loops, queue, lowest = [np.zeros(3, dtype=int)], deque([start]), energies[start]
            while queue:
                voxel = queue.popleft()
                lowest = min(lowest, energies[voxel])
                for step in steps:
                    image, place = np.divmod(np.array(voxel) + step, shape)
                    neighbour = tuple(int(x) for x in place)
                    if not energies[neighbour] <= threshold:
                        continue
                    if neighbour not in seen:
                        seen[neighbour] = seen[voxel] + image
                        queue.append(neighbour)
                    else:
                        loops.append(seen[voxel] + image - seen[neighbour])
            rank = int(np.linalg.matrix_rank(np.array(loops)))
            for dimension in range(rank):
                if threshold < found[dimension]:
                    found[dimension], minima[dimension] = float(threshold), float(lowest)
                elif threshold == found[dimension]:
                    # several regions may percolate at once; which is reported is a matter of order
                    minima[dimension] = min(minima[dimension], float(lowest))
        if math.isfinite(found[2]):
            break
    return found, minima


FACES = [s for s in product((-1, 0, 1), repeat=3) if sum(map(abs, s)) == 1]
CORNERS = [s for s in product((-1, 0, 1), repeat=3) if any(s)]
SMALL_GRIDS = arrays(
    np.float64,
    st.tuples(*[st.integers(1, 5)] * 3),
    elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, CLOSED]),
)


@settings(max_examples=40, deadline=None)
@given(energies=SMALL_GRIDS, connectivity=st.sampled_from([6, 26]))
def test_thresholds_are_those_of_a_search_by_growth(energies, connectivity):
    if not np.isfinite(energies).any():
        return
    result = percolation_barriers(energies, connectivity=connectivity, energy_limit_eV=None)
    found, _ = search_by_growth(energies, FACES if connectivity == 6 else CORNERS)
    assert list(result.thresholds_eV.values()) == found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), connectivity=st.sampled_from([6, 26]))
def test_random_surfaces_without_ties(seed, connectivity):
    energies = np.random.default_rng(seed).random((4, 5, 3))
    result = percolation_barriers(energies, connectivity=connectivity)
    found, minima = search_by_growth(energies, FACES if connectivity == 6 else CORNERS)
    assert list(result.thresholds_eV.values()) == found
    assert list(result.component_minima_eV.values()) == minima
    for dimension, voxel in result.critical_voxels.items():
        assert energies[voxel] == result.thresholds_eV[dimension]
        vectors = np.array(result.directions[dimension])
        assert np.linalg.matrix_rank(vectors) >= dimension


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shift=st.tuples(*[st.integers(0, 5)] * 3),
    axes=st.permutations([0, 1, 2]),
)
def test_origin_and_order_of_the_axes_do_not_matter(seed, shift, axes):
    energies = np.random.default_rng(seed).random((5, 4, 6))
    moved = np.roll(energies, shift, axis=(0, 1, 2)).transpose(axes)
    assert percolation_barriers(moved).barriers_eV == percolation_barriers(energies).barriers_eV


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_six_neighbours_are_never_easier_than_26(seed):
    energies = np.random.default_rng(seed).random((6, 5, 4))
    easy = percolation_barriers(energies, connectivity=26).barriers_from_cell_minimum_eV
    hard = percolation_barriers(energies, connectivity=6).barriers_from_cell_minimum_eV
    assert all(easy[dimension] <= hard[dimension] for dimension in (1, 2, 3))
    assert list(easy.values()) == sorted(easy.values())


@pytest.mark.parametrize("connectivity", [6, 26])
@pytest.mark.parametrize("divisions", [(8, 8, 8), (10, 16, 24), (40, 30, 20)])
def test_egg_box(divisions, connectivity):
    result = percolation_barriers(
        make_egg_box(divisions, (0.3, 0.5, 0.9)), connectivity=connectivity
    )
    for dimension, height_eV in zip((1, 2, 3), (0.3, 0.5, 0.9), strict=True):
        assert result.barriers_eV[dimension] == pytest.approx(height_eV, abs=EXACT)
    assert result.critical_voxels[1] == (divisions[0] // 2, 0, 0)
    assert result.critical_points_frac[2] == (0.0, 0.5, 0.0)
    assert result.directions[1] == ((1, 0, 0),)
    assert result.directions[2] == ((1, 0, 0), (0, 1, 0))
    assert (result.status, result.reasons) == ("percolates", ())


@pytest.mark.parametrize("connectivity", [6, 26])
def test_staircase_along_a_face_diagonal_is_one_dimensional(connectivity):
    energies = np.full((6, 6, 4), 2.0)
    for n in range(6):
        energies[n, n, 0] = energies[(n + 1) % 6, n, 0] = 0.1
    energies[0, 0, 0] = 0.0
    result = percolation_barriers(energies, connectivity=connectivity)
    assert result.barriers_eV == {1: 0.1, 2: 2.0, 3: 2.0}
    assert result.directions[1] == ((1, 1, 0),)


def test_a_path_that_closes_after_two_cells():
    """A thread that meets itself two cells further along a is still one-dimensional."""
    energies = np.full((8, 8, 3), CLOSED)
    for n in range(16):
        energies[n % 8, n // 2, 0] = 0.0
    result = percolation_barriers(energies)
    assert result.barriers_eV == {1: 0.0, 2: math.inf, 3: math.inf}
    assert result.directions[1] == ((2, 1, 0),)


def test_two_diagonals_make_a_plane():
    """Vectors (1, 1, 0) and (1, -1, 0) are two dimensions although no edge of the cell is crossed
    alone; counting images in a doubled cell would see one."""
    energies = np.full((8, 8, 4), 5.0)
    for n in range(8):
        energies[n, n, 0] = 0.0
        energies[n, -n % 8, 0] = 0.0
    result = percolation_barriers(energies)
    assert result.barriers_eV == {1: 0.0, 2: 0.0, 3: 5.0}


def test_barrier_starts_at_the_minimum_of_the_component_that_percolates():
    energies = np.full((6, 6, 6), 9.0)
    energies[:, 0, 0] = 1.0
    energies[3, 0, 0] = 1.5
    energies[0, 3, 3] = 0.0  # a deep pocket aside
    result = percolation_barriers(energies)
    assert result.barriers_eV[1] == 0.5
    assert result.barriers_from_cell_minimum_eV[1] == 1.5
    assert (result.minimum_eV, result.component_minima_eV[1]) == (0.0, 1.0)


def test_many_channels_at_once():
    """More components that percolate than there is room for at the start; they merge in 3D."""
    energies = np.full((16, 16, 2), 1.0)
    energies[::2, ::2, :] = np.random.default_rng(1).random((8, 8, 2)) * 0.1
    result = percolation_barriers(energies)
    assert result.barriers_from_cell_minimum_eV[1] < 0.1
    assert result.thresholds_eV[2] == result.thresholds_eV[3] == 1.0


def test_closed_map_is_a_result_with_a_reason():
    energies = np.full((5, 5, 5), CLOSED)
    energies[1:4, 1:4, 1:4] = 0.0
    result = percolation_barriers(energies)
    assert set(result.barriers_eV.values()) == {math.inf}
    assert result.critical_voxels == {1: None, 2: None, 3: None}
    assert result.status == "no_path"
    assert result.reasons == ("no 1D and 2D and 3D path up to 10 eV above the minimum of the cell",)


def test_search_ends_at_the_limit():
    energies = make_egg_box((8, 8, 8), (0.3, 0.5, 0.9))
    result = percolation_barriers(energies, energy_limit_eV=0.6)
    assert result.barriers_eV[2] == pytest.approx(0.5, abs=EXACT)
    assert result.barriers_eV[3] == math.inf
    assert result.status == "partial"
    assert result.reasons == ("no 3D path up to 0.6 eV above the minimum of the cell",)
    at_any_energy = percolation_barriers(energies + 1000.0, energy_limit_eV=None)
    assert at_any_energy.barriers_eV[3] == pytest.approx(0.9, abs=1e-9)


def test_one_voxel_touches_its_own_images():
    assert percolation_barriers(np.zeros((1, 1, 1))).barriers_eV == {1: 0.0, 2: 0.0, 3: 0.0}


def test_single_precision_and_strides_are_accepted():
    energies = make_egg_box((8, 10, 12), (0.25, 0.5, 1.0))
    expected = percolation_barriers(energies).barriers_eV
    assert percolation_barriers(energies.astype(np.float32)).barriers_eV == pytest.approx(
        expected, abs=1e-6
    )
    assert percolation_barriers(np.asfortranarray(energies)).barriers_eV == expected


@pytest.mark.parametrize(
    ("energies", "options", "message"),
    [
        (np.zeros((4, 4)), {}, r"shape \(4, 4\); it must have three dimensions"),
        (np.zeros((4, 0, 4)), {}, "none of them 0"),
        (np.full((2, 2, 2), np.nan), {}, "not numbers"),
        (np.full((2, 2, 2), np.inf), {}, "its minimum is infinite"),
        (np.full((2, 2, 2), -np.inf), {}, "its minimum is infinite"),
        (np.zeros((2, 2, 2)), {"connectivity": 18}, "connectivity is 18; it must be 26 or 6"),
        (np.zeros((2, 2, 2)), {"energy_limit_eV": 0.0}, "energy_limit_eV is 0 eV"),
    ],
)
def test_wrong_input(energies, options, message):
    with pytest.raises(InputError, match=message):
        percolation_barriers(energies, **options)
