from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport.periodic_cell import (
    check_cell,
    count_neighbors,
    find_image_distances,
    find_largest_unique_distance,
    find_shortest_distances,
)

FAR = list(product(range(-6, 7), repeat=3))
"""Cells that hold every copy of interest for the cells below."""


def make_cell(seed):
    rng = np.random.default_rng(seed)
    return np.diag([3.0, 4.0, 5.0]) + np.tril(rng.uniform(-4.0, 4.0, (3, 3)), -1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_distances_are_those_of_a_search_through_many_cells(seed):
    cell = make_cell(seed)
    points = np.random.default_rng(seed + 1).random((4, 3))
    vectors = (points[None, :, None] - points[:, None, None] + np.array(FAR)) @ cell
    all_distances = np.linalg.norm(vectors, axis=3)
    cutoff = 3.0
    expected = all_distances.min(axis=2)
    found = find_image_distances(points, points, cell, cutoff)
    near = expected <= cutoff
    np.testing.assert_allclose(found[near], expected[near], atol=1e-9)
    others = np.where(all_distances > 1e-9, all_distances, np.inf)
    np.testing.assert_allclose(
        find_shortest_distances(points, cell), others.min(axis=(1, 2)), atol=1e-9
    )
    counts = count_neighbors(points, points, cell, nearest_A=0.1, farthest_A=cutoff)
    np.testing.assert_array_equal(
        counts, ((all_distances >= 0.1) & (all_distances <= cutoff)).sum(axis=(1, 2))
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_within_the_unique_distance_there_is_at_most_one_copy(seed):
    cell = make_cell(seed)
    reach = find_largest_unique_distance(cell)
    points = np.random.default_rng(seed).random((5, 3))
    vectors = (points[None, :, None] - points[:, None, None] + np.array(FAR)) @ cell
    assert ((np.linalg.norm(vectors, axis=3) < reach - 1e-9).sum(axis=2) <= 1).all()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (np.ones(3), r"cell_A has shape \(3,\)"),
        (np.diag([1.0, 1.0, 0.0]), "no volume"),
        (np.diag([1.0, np.nan, 1.0]), "not finite"),
    ],
)
def test_wrong_cells_are_refused(cell, message):
    with pytest.raises(InputError, match=message):
        check_cell(cell)
