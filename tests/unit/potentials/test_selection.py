"""Selection of frames: what must hold for any candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from perolyte.errors import InputError
from perolyte.potentials.selection import select_frames

numbers = st.floats(-10, 10, allow_nan=False)
sizes = st.integers(1, 25)


@st.composite
def cases(draw):
    n, m = draw(sizes), draw(st.integers(0, 8))
    features = draw(arrays(float, (n, 2), elements=numbers))
    doubts = draw(arrays(float, (n,), elements=st.floats(0, 1)))
    known = draw(arrays(float, (m, 2), elements=numbers))
    limit, tolerance = draw(st.floats(0, 0.8)), draw(st.floats(0, 5))
    return features, doubts, known, limit, tolerance, draw(st.integers(1, 12))


def choose(case):
    features, doubts, known, limit, tolerance, n_frames = case
    return select_frames(
        features,
        doubts,
        n_frames=n_frames,
        min_uncertainty_eV_A=limit,
        known=known,
        min_distance=tolerance,
    )


@given(cases())
def test_what_every_selection_keeps(case):
    features, doubts, known, limit, tolerance, n_frames = case
    found = choose(case)
    assert found == choose(case)
    chosen = list(found.indices)
    assert len(set(chosen)) == len(chosen) <= n_frames
    assert (doubts[chosen] >= limit).all()
    assert found.n_doubtful == (doubts >= limit).sum()
    points = np.concatenate([known, features[chosen]])
    for position, index in enumerate(chosen):
        before = points[: len(known) + position]
        gaps = np.linalg.norm(before - features[index], axis=1)
        if len(gaps):
            assert gaps.min() == found.distances[position]
            assert gaps.min() > 0
            assert gaps.min() >= tolerance
        else:
            assert found.distances[position] == np.inf


@given(cases())
def test_a_short_selection_left_nothing_out(case):
    features, doubts, known, limit, tolerance, n_frames = case
    found = choose(case)
    if len(found.indices) == n_frames:
        return
    points = np.concatenate([known, features[list(found.indices)]])
    left = [i for i in np.flatnonzero(doubts >= limit) if i not in found.indices]
    assert found.n_too_near == len(left)
    for index in left:
        gap = np.linalg.norm(points - features[index], axis=1).min()
        assert gap == 0 or gap < tolerance


@given(cases())
def test_asking_for_fewer_gives_the_first_of_them(case):
    found = choose(case)
    fewer = choose((*case[:-1], 1))
    assert fewer.indices == found.indices[:1]


def test_labelled_frames_are_never_chosen_again():
    features = np.random.default_rng(0).normal(size=(30, 4))
    first = select_frames(features, np.ones(30), n_frames=10, min_uncertainty_eV_A=0.1)
    known = features[list(first.indices)]
    second = select_frames(
        features, np.ones(30), n_frames=30, min_uncertainty_eV_A=0.1, known=known
    )
    assert sorted(first.indices + second.indices) == list(range(30))


def test_distance_and_doubt_both_count():
    features = [[0.0], [1.0], [2.0]]
    near_but_doubtful = select_frames(
        features, [0.1, 0.9, 0.1], n_frames=1, min_uncertainty_eV_A=0, known=[[0.0]]
    )
    far = select_frames(
        features, [0.1, 0.3, 0.2], n_frames=1, min_uncertainty_eV_A=0, known=[[0.0]]
    )
    assert (near_but_doubtful.indices, far.indices) == ((1,), (2,))


def test_frames_beyond_the_upper_limit_are_left_alone():
    found = select_frames(
        [[0.0], [1.0]], [0.3, 40.0], n_frames=2, min_uncertainty_eV_A=0.1, max_uncertainty_eV_A=5.0
    )
    assert found.indices == (0,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_frames": 0}, "0 frames of 0.1 to inf"),
        ({"min_uncertainty_eV_A": -1.0}, "1 frames of -1.0"),
        ({"max_uncertainty_eV_A": 0.05}, "limits from 0 on that rise"),
        ({"min_distance": float("nan")}, "min_distance is nan"),
        ({"features": [[1.0], [np.nan]]}, "not finite"),
        ({"features": [1.0, 2.0]}, "do not fit together"),
        ({"known": [[1.0, 2.0]]}, "known features are"),
    ],
)
def test_refusals(changes, message):
    usual = {
        "features": [[1.0], [2.0]],
        "uncertainties_eV_A": [0.2, 0.3],
        "n_frames": 1,
        "min_uncertainty_eV_A": 0.1,
    }
    with pytest.raises(InputError, match=message):
        select_frames(**(usual | changes))
