from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport.cooperative import measure_cooperation
from perolyte.transport.jump_correlation import correlation_factor, measure_returns
from perolyte.transport.jumps import jump_statistics
from perolyte.transport.occupation import measure_occupation, measure_residence
from perolyte.transport.sites import assign_sites, define_sites
from perolyte.units import A2_PER_PS_TO_CM2_PER_S

ALONG_X = np.array([1.0, 0.0, 0.0])
CHAIN = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 5.0, 5.0]), labels=["A", "B"])


def follow(x):
    x = np.asarray(x, dtype=float)
    return assign_sites((x[:, None] if x.ndim == 1 else x)[..., None] * ALONG_X, CHAIN)


def test_no_jump_gives_an_upper_bound_of_the_rate():
    path = follow(np.zeros((101, 3)))
    jumps = jump_statistics(path, frame_interval_ps=0.1, temperature_K=600.0)
    assert jumps.status == "not_converged"
    assert jumps.n_jumps == 0
    # 3 ions watched for 10 ps: -ln 0.05 over 30 ps.
    assert jumps.jump_rate.rate_per_ps is None
    assert jumps.jump_rate.upper_per_ps == pytest.approx(-np.log(0.05) / 30)
    assert "the rate is below 0.1 /ps per ion" in jumps.reasons[0]
    assert jumps.edges == jumps.label_edges == ()
    assert jumps.mean_distance_A is None
    assert jumps.random_walk_diffusivity_cm2_s == 0.0
    result = correlation_factor(jumps, diffusivity_cm2_s=1e-6, diffusivity_std_cm2_s=1e-7)
    assert result.status == "not_converged"
    assert result.correlation_factor is None
    assert measure_returns(path.jumps).n_pairs == 0
    assert measure_cooperation(path, frame_interval_ps=0.1).status == "not_converged"
    (residence,) = measure_residence(path, frame_interval_ps=0.1)
    assert residence.mean_time_ps is None
    assert residence.lower_ps == pytest.approx(30.3 / -np.log(0.05))
    assert residence.upper_ps is None


def test_sites_that_do_not_fit_the_run_are_rejected():
    path = follow(np.full((50, 2), 2.0))
    jumps = jump_statistics(path, frame_interval_ps=0.1)
    assert jumps.status == "rejected"
    assert "on no site for 100% of the time" in jumps.reasons[0]
    assert measure_residence(path, frame_interval_ps=0.1) == ()


def test_labels_keep_ways_apart_and_pool_their_jumps():
    path = follow(np.repeat([0.0, 4.0, 8.0, 4.0, 0.0], 10))
    jumps = jump_statistics(path, frame_interval_ps=0.1)
    assert jumps.jump_matrix.tolist() == [[0, 2], [2, 0]]
    there, back = jumps.label_edges
    assert (there.origin_label, there.destination_label) == ("A", "B")
    # A to B: 2 jumps in 3 ps on A, over the two neighbours of A.
    assert there.rate.rate_per_ps == pytest.approx(2 / 3 / 2)
    assert back.rate.rate_per_ps == pytest.approx(2 / 2 / 2)
    assert [edge.image for edge in jumps.edges] == [
        (-1, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        (1, 0, 0),
    ]
    assert there.barrier is None
    squares = 4 * 4.0**2
    assert jumps.random_walk_diffusivity_cm2_s == pytest.approx(
        A2_PER_PS_TO_CM2_PER_S * squares / (6 * 4.9)
    )


def test_an_ion_that_goes_to_and_fro_only_returns():
    path = follow(np.tile(np.repeat([0.0, 4.0], 3), 100))
    result = measure_returns(path.jumps)
    assert result.back_jump_fraction == 1.0
    assert result.mean_cosine == pytest.approx(-1.0)
    assert result.correlation_factor == pytest.approx(0.0, abs=1e-12)


def test_few_pairs_give_no_correlation_factor():
    result = measure_returns(follow(np.repeat([0.0, 4.0, 8.0], 3)).jumps)
    assert result.status == "not_converged"
    assert result.n_pairs == 1
    assert "1 pairs of successive jumps" in result.reasons[0]
    assert result.correlation_factor is None
    assert result.mean_cosine == pytest.approx(1.0)


def test_jumps_of_one_ion_do_not_cooperate_with_themselves():
    path = follow(np.tile(np.repeat([0.0, 4.0], 3), 50))
    result = measure_cooperation(path, frame_interval_ps=0.1)
    assert result.n_pairs == 0
    assert result.expected_pairs == 0.0


def test_pairs_farther_apart_than_the_window_do_not_count():
    x = np.zeros((100, 2))
    x[:, 1] = 4.0
    x[30:, 0] += 4.0
    x[40:, 1] += 4.0
    path = follow(x)
    near = measure_cooperation(path, frame_interval_ps=0.1, window_ps=1.0)
    far = measure_cooperation(path, frame_interval_ps=0.1, window_ps=0.9)
    assert (near.n_pairs, far.n_pairs) == (1, 0)
    # Two times of 99, at most 10 apart: (99 + 2 (98 + ... + 89))/99².
    assert near.expected_pairs == pytest.approx((99 + 2 * sum(range(89, 99))) / 99**2)
    assert near.enhancement == pytest.approx(1 / near.expected_pairs)
    apart = measure_cooperation(path, frame_interval_ps=0.1, distance_A=3.9)
    assert apart.n_pairs == 0


def test_occupation_counts_ions_on_sites():
    x = np.zeros((10, 2))
    x[5:, 0] = 4.0
    x[8:, 1] = 2.0
    result = measure_occupation(follow(x))
    assert result.label_occupation == {"A": 1.3, "B": 0.5}
    assert result.unassigned_fraction == pytest.approx(0.1)


def test_survival_counts_stays_that_the_run_cuts_off():
    # Stays on B of 2 and 4 frames with an end, and of 3 without.
    x = np.repeat([0.0, 4.0, 0.0, 4.0, 0.0, 4.0], [2, 2, 2, 4, 2, 3])
    b = next(r for r in measure_residence(follow(x), frame_interval_ps=1.0) if r.label == "B")
    assert b.time_ps.tolist() == [2.0, 4.0]
    # Kaplan-Meier by hand: 1 of 3, then 1 of 1.
    assert b.survival == pytest.approx([2 / 3, 0.0])
    assert b.mean_time_ps == pytest.approx(9 / 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda path: jump_statistics(path, frame_interval_ps=0.0), "frame_interval_ps is 0"),
        (lambda path: measure_residence(path, frame_interval_ps=-1), "frame_interval_ps is -1"),
        (
            lambda path: measure_cooperation(path, frame_interval_ps=1.0, window_ps=99),
            "window_ps is 99 ps; the run has 19 ps",
        ),
        (
            lambda path: jump_statistics(path, frame_interval_ps=1, temperature_K=0),
            "temperature_K is 0",
        ),
    ],
)
def test_wrong_numbers_are_refused(call, message):
    path = follow(np.repeat([0.0, 4.0], 10))
    with pytest.raises(InputError, match=message):
        call(path)
