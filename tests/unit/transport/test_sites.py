from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport.sites import assign_sites, define_sites

ALONG_X = np.array([1.0, 0.0, 0.0])
CHAIN = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 5.0, 5.0]))
"""Sites 4 Å apart, cores of 1.6 Å."""


def follow(x):
    return assign_sites(np.asarray(x, dtype=float)[:, None, None] * ALONG_X, CHAIN)


def test_rattling_across_a_boundary_is_no_jump():
    rng = np.random.default_rng(0)
    x = 2.0 + 0.35 * np.sin(np.arange(400)) + 0.01 * rng.standard_normal(400)
    x[0] = 0.0
    path = follow(x)
    assert len(path.jumps) == 0
    # The nearest site alone would have changed more than a hundred times.
    assert np.abs(np.diff(x > 2.0)).sum() > 100


def test_frames_between_two_cores_are_transit_and_excursions_are_not():
    path = follow([0.0, 1.8, 2.2, 0.1, 1.9, 2.1, 4.0, 4.2, 2.2])
    assert path.site_index[:, 0].tolist() == [0, 0, 0, 0, -1, -1, 1, 1, -1]
    (jump,) = zip(
        path.jumps.departure_frame,
        path.jumps.arrival_frame,
        path.jumps.origin,
        path.jumps.destination,
        strict=True,
    )
    assert jump == (3, 6, 0, 1)
    assert path.unassigned_fraction == pytest.approx(3 / 9)


def test_an_ion_that_enters_no_core_is_on_no_site():
    path = follow(np.full(10, 2.0))
    assert (path.site_index == -1).all()
    assert path.unassigned_fraction == 1.0


def test_a_jump_to_a_periodic_copy_carries_its_cell():
    path = follow([4.0, 8.0, 12.0, 8.0])
    assert path.jumps.image[:, 0].tolist() == [1, 0, 0]
    assert path.jumps.vector_A[:, 0].tolist() == [4.0, 4.0, -4.0]


def test_a_single_site_is_left_for_its_own_copy():
    sites = define_sites([[0, 0, 0]], 4 * np.eye(3))
    path = assign_sites(np.array([0.0, 4.0, 4.0, 0.0])[:, None, None] * ALONG_X, sites)
    assert path.site_index[:, 0].tolist() == [0, 0, 0, 0]
    assert path.jumps.image[:, 0].tolist() == [1, -1]


@settings(max_examples=25, deadline=None)
@given(
    turn=st.sampled_from([[[1, 0, 0], [2, 1, 0], [0, 0, 1]], [[1, 1, 0], [0, 1, 0], [-3, 2, 1]]]),
    seed=st.integers(0, 1000),
    shift=st.tuples(*[st.floats(-20, 20)] * 3),
)
def test_jumps_do_not_depend_on_the_choice_of_cell_or_origin(turn, seed, shift):
    rng = np.random.default_rng(seed)
    hops = rng.integers(-1, 2, (30, 3, 3)) * (rng.random((30, 3, 1)) < 0.3)
    positions = 4.0 * np.cumsum(hops, axis=0) + 0.2 * rng.standard_normal((30, 3, 3))
    cubic = assign_sites(positions, define_sites([[0, 0, 0]], 4 * np.eye(3)))
    cell = 4.0 * np.array(turn, dtype=float)
    origin = np.array(shift)
    skewed = assign_sites(positions + origin, define_sites([origin @ np.linalg.inv(cell)], cell))
    np.testing.assert_array_equal(skewed.site_index, cubic.site_index)
    np.testing.assert_array_equal(skewed.jumps.arrival_frame, cubic.jumps.arrival_frame)
    np.testing.assert_allclose(skewed.jumps.vector_A, cubic.jumps.vector_A, atol=1e-9)


def test_more_jumps_than_the_first_list_holds():
    x = 4.0 * np.tile([0, 1], 3000)
    path = follow(x)
    assert len(path.jumps) == len(x) - 1
    assert path.jumps.arrival_frame[-1] == len(x) - 1


def test_cores_do_not_overlap_in_a_crowded_cell():
    rng = np.random.default_rng(1)
    points, cell = rng.random((40, 3)), np.diag([9.0, 10.0, 11.0])
    radii = define_sites(points, cell).core_radii_A
    away = points[None] - points[:, None]
    away -= np.round(away)
    distances = np.linalg.norm(away @ cell, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (radii[:, None] + radii[None] <= 0.8 * distances + 1e-12).all()


@pytest.mark.parametrize(
    ("sites", "kwargs", "message"),
    [
        ([[0, 0]], {}, r"sites_frac has shape \(1, 2\)"),
        ([], {}, "sites_frac has shape"),
        ([[np.nan, 0, 0]], {}, "not finite"),
        ([[0, 0, 0], [0.999, 0, 0]], {}, "0.008 Å from another"),
        ([[0, 0, 0]], {"labels": ["a", "b"]}, "2 names for 1 sites"),
        ([[0, 0, 0]], {"core_fraction": 0.5}, "core_fraction is 0.5"),
    ],
)
def test_wrong_sites_are_refused(sites, kwargs, message):
    with pytest.raises(InputError, match=message):
        define_sites(sites, 8 * np.eye(3), **kwargs)


def test_a_flat_cell_is_refused():
    with pytest.raises(InputError, match="no volume"):
        define_sites([[0, 0, 0]], [[1, 0, 0], [0, 1, 0], [1, 1, 0]])
