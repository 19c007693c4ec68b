from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport import remove_framework_drift, unwrap_positions
from perolyte.transport.positions import DriftRemover, Unwrapper

ROUNDING_A = 1e-9
"""Positions of tens of Å pass through a matrix inverse: 1e-9 Å is far above its rounding."""

SKEWED_A = np.array([[10.0, 0.0, 0.0], [-4.0, 9.0, 0.0], [1.0, 2.0, 8.0]])


def wrap(positions, cells):
    scaled = positions @ np.linalg.inv(cells)
    return (scaled - np.floor(scaled)) @ cells


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_unwrapping_undoes_wrapping_in_a_skewed_cell(seed):
    rng = np.random.default_rng(seed)
    scaled = rng.random((1, 4, 3)) + np.cumsum(rng.uniform(-0.4, 0.4, (50, 4, 3)), axis=0)
    scaled -= np.floor(scaled[0])  # frame 0 inside the cell, as a wrapped trajectory starts
    path = scaled @ SKEWED_A
    assert np.allclose(unwrap_positions(wrap(path, SKEWED_A), SKEWED_A), path, atol=ROUNDING_A)


def test_an_unwrapped_path_stays_as_it_is():
    path = np.linspace(0.0, 35.0, 20)[:, None, None] * np.ones((1, 2, 3))
    assert np.allclose(unwrap_positions(path, 10 * np.eye(3)), path, atol=ROUNDING_A)


def test_a_breathing_cell_is_not_motion():
    scale = 1 + 0.05 * np.sin(np.arange(40.0))
    cells = scale[:, None, None] * 10 * np.eye(3)
    scaled = np.array([[0.9, 0.5, 0.2], [0.1, 0.3, 0.7]])
    unwrapped = unwrap_positions(scaled @ cells, cells)
    assert np.allclose(unwrapped, scaled @ cells.mean(axis=0), atol=ROUNDING_A)


def test_an_ambiguous_step_names_frame_atom_and_axis():
    positions = np.zeros((3, 2, 3))
    positions[2, 1, 2] = 4.9
    with pytest.raises(InputError, match=r"atom 1 moves by 0\.49 .* edge c between frames 1 and 2"):
        unwrap_positions(positions, 10 * np.eye(3))
    positions[2, 1, 2] = 4.4
    assert unwrap_positions(positions, 10 * np.eye(3))[2, 1, 2] == pytest.approx(4.4)


@pytest.mark.parametrize(
    ("positions", "cells", "message"),
    [
        (np.zeros((1, 2, 3)), np.eye(3), "1 frame"),
        (np.zeros((4, 3)), np.eye(3), "shape"),
        (np.zeros((4, 0, 3)), np.eye(3), "at least one atom"),
        (np.zeros((4, 2, 3)), np.ones((3, 3, 3)), "for 4 frames"),
        (np.zeros((4, 2, 3)), np.zeros((3, 3)), "no volume"),
        (np.zeros((4, 2, 3)), np.full((3, 3), np.nan), "not finite"),
    ],
)
def test_what_cannot_be_unwrapped_is_refused(positions, cells, message):
    with pytest.raises(InputError, match=message):
        unwrap_positions(positions, cells)


def test_nan_names_frame_and_atom():
    positions = np.zeros((5, 3, 3))
    positions[3, 2, 0] = np.nan
    with pytest.raises(InputError, match="frame 3, atom 2"):
        unwrap_positions(positions, np.eye(3))


def test_drift_of_the_framework_is_removed_and_ions_keep_their_net_motion():
    rng = np.random.default_rng(3)
    drift = np.cumsum(rng.normal(size=(30, 1, 3)), axis=0)
    drift -= drift[0]
    sites = rng.random((1, 6, 3)) * 10
    mobile = np.array([False, True, False, False, True, False])
    masses = np.array([16.0, 7, 48, 16, 7, 139])
    flight = np.zeros((30, 6, 3))
    flight[:, mobile] = np.arange(30.0)[:, None, None] * 0.3
    result = remove_framework_drift(sites + drift + flight, masses, mobile)
    assert np.allclose(result, sites + flight, atol=ROUNDING_A)


def test_the_framework_is_weighted_by_mass():
    positions = np.zeros((2, 3, 3))
    positions[1, 0, 0] = 4.0
    result = remove_framework_drift(positions, [1.0, 3.0, 7.0], [False, False, True])
    assert result[1, 2, 0] == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("masses", "mobile", "message"),
    [
        ([1.0, 2.0], [True, True], "2 of 2 atoms are mobile"),
        ([1.0, 2.0], [False, False], "0 of 2 atoms are mobile"),
        ([1.0, 0.0], [False, True], "masses_amu is 0 amu"),
        ([1.0], [False, True], "one per atom"),
        ([1.0, 2.0], [0, 1], "type bool"),
    ],
)
def test_a_system_without_ions_framework_or_masses_is_refused(masses, mobile, message):
    with pytest.raises(InputError, match=message):
        remove_framework_drift(np.zeros((3, 2, 3)), masses, mobile)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(1, 49), max_size=6, unique=True))
def test_blocks_of_any_length_give_the_same_paths(seed, cuts):
    rng = np.random.default_rng(seed)
    scaled = rng.random((1, 5, 3)) + np.cumsum(rng.uniform(-0.4, 0.4, (50, 5, 3)), axis=0)
    wrapped = scaled - np.floor(scaled)
    masses, mobile = rng.uniform(1, 200, 5), np.array([True, False, False, True, False])
    unwrapper, remover = Unwrapper(), DriftRemover(masses, mobile)
    parts = [remover.follow(unwrapper.follow(part)) for part in np.split(wrapped, sorted(cuts))]
    path = scaled - np.floor(scaled[0])
    assert np.allclose(
        np.concatenate(parts), remove_framework_drift(path, masses, mobile), atol=ROUNDING_A
    )


def test_a_long_run_adds_up_no_rounding():
    step = 0.1 + 1e-3 * np.random.default_rng(0).random()
    scaled = (step * np.arange(200_000.0) % 1.0)[:, None, None] * np.ones((1, 1, 3))
    unwrapper = Unwrapper()
    last = [unwrapper.follow(part) for part in np.array_split(scaled, 50)][-1][-1, 0, 0]
    assert last % 1.0 == pytest.approx(scaled[-1, 0, 0], abs=ROUNDING_A)
    assert last == pytest.approx(step * 199_999, rel=1e-12)


def test_steps_of_later_blocks_are_named_by_their_frame():
    unwrapper = Unwrapper(first_frame=10)
    unwrapper.follow(np.zeros((4, 2, 3)))
    with pytest.raises(InputError, match=r"atom 1 .* edge b between frames 14 and 15"):
        unwrapper.follow(np.array([[[0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0.48, 0]]], dtype=float))


@pytest.mark.parametrize("shape", [(2, 3, 3), (0, 2, 3), (2, 2), (2, 2, 2)])
def test_a_block_of_other_atoms_is_refused(shape):
    unwrapper = Unwrapper()
    unwrapper.follow(np.zeros((4, 2, 3)))
    with pytest.raises(InputError, match="does not continue"):
        unwrapper.follow(np.zeros(shape))


def test_a_block_with_a_number_that_is_none_is_refused():
    block = np.zeros((3, 2, 3))
    block[1, 1, 0] = np.nan
    with pytest.raises(InputError, match="atom 1 moves by nan"):
        Unwrapper().follow(block)
