"""Lattice walkers whose rates, residence times and correlations are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport.cooperative import measure_cooperation
from perolyte.transport.jump_correlation import correlation_factor, measure_returns
from perolyte.transport.jumps import jump_statistics
from perolyte.transport.occupation import measure_occupation, measure_residence
from perolyte.transport.sites import JumpEvents, assign_sites, define_sites
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, BOLTZMANN_EV_PER_K

SPACING_A = 4.0
INTERVAL_PS = 0.1
FOUR_SIGMA = 4.0
"""A correct result fails one such comparison in 16,000."""


def make_lattice(n):
    cells = np.indices((n, n, n)).reshape(3, -1).T / n
    return define_sites(cells, n * SPACING_A * np.eye(3))


def walk_on_lattice(rng, *, n_frames, n_ions, probability, rattle_A=0.25):
    """Independent walkers: at most one jump per frame, in one of six directions."""
    is_jump = rng.random((n_frames, n_ions)) < probability
    is_jump[0] = False
    axis = rng.integers(0, 3, (n_frames, n_ions))
    sign = rng.choice([-1.0, 1.0], (n_frames, n_ions))
    steps = np.zeros((n_frames, n_ions, 3))
    np.put_along_axis(steps, axis[..., None], (is_jump * sign)[..., None], axis=2)
    steps[0] = rng.integers(0, 6, (n_ions, 3))
    sites = SPACING_A * np.cumsum(steps, axis=0)
    return sites + rattle_A * rng.standard_normal(sites.shape), is_jump, sites


@pytest.fixture(scope="module")
def independent():
    rng = np.random.default_rng(1)
    positions, is_jump, centres = walk_on_lattice(rng, n_frames=4000, n_ions=100, probability=0.01)
    path = assign_sites(positions, make_lattice(6))
    return path, is_jump, centres


def test_every_jump_is_found_where_and_when_it_happened(independent):
    path, is_jump, centres = independent
    ion, frame = np.nonzero(is_jump.T)
    np.testing.assert_array_equal(path.jumps.ion, ion)
    # An ion that rattles far enough is seen in its new core a frame or so later.
    late = path.jumps.arrival_frame - frame
    assert (late >= 0).all()
    assert late.mean() < 0.01
    np.testing.assert_allclose(
        path.jumps.vector_A, centres[frame, ion] - centres[frame - 1, ion], atol=1e-9
    )


def test_the_rate_and_its_barrier_are_those_put_in(independent):
    path, _, _ = independent
    jumps = jump_statistics(path, frame_interval_ps=INTERVAL_PS, temperature_K=600.0)
    rate = 0.01 / INTERVAL_PS
    assert jumps.status == "converged"
    assert jumps.jump_rate.rate_per_ps == pytest.approx(
        rate, rel=FOUR_SIGMA / np.sqrt(jumps.n_jumps)
    )
    assert jumps.jump_rate.lower_per_ps < jumps.jump_rate.rate_per_ps < jumps.jump_rate.upper_per_ps
    (pooled,) = jumps.label_edges
    # 4,000 jumps over 1,296 ways leave some of them out, which must not raise the rate.
    assert 1100 < pooled.n_paths < 6 * 216
    assert pooled.distance_A == pytest.approx(SPACING_A)
    assert pooled.rate.rate_per_ps == pytest.approx(rate / 6, rel=FOUR_SIGMA / np.sqrt(4000))
    expected_eV = BOLTZMANN_EV_PER_K * 600.0 * np.log(10.0 / (rate / 6))
    assert pooled.barrier.barrier_eV == pytest.approx(expected_eV, abs=0.004)
    assert pooled.barrier.lower_eV < pooled.barrier.barrier_eV < pooled.barrier.upper_eV
    assert jumps.jump_matrix.sum() == jumps.n_jumps == len(path.jumps)
    # 95 % of the intervals of single ways hold the rate; 1296 ways, exact intervals cover more.
    held = [edge.rate.lower_per_ps < rate / 6 < edge.rate.upper_per_ps for edge in jumps.edges]
    assert np.mean(held) > 0.93


def test_independent_walkers_have_a_correlation_factor_of_one(independent):
    path, _, centres = independent
    jumps = jump_statistics(path, frame_interval_ps=INTERVAL_PS)
    squares = ((centres[-1] - centres[0]) ** 2).sum(axis=1)
    diffusivity = A2_PER_PS_TO_CM2_PER_S * squares.mean() / (6 * jumps.run_length_ps)
    std = diffusivity * squares.std() / squares.mean() / np.sqrt(len(squares))
    result = correlation_factor(jumps, diffusivity_cm2_s=diffusivity, diffusivity_std_cm2_s=std)
    assert abs(result.correlation_factor - 1) < FOUR_SIGMA * result.correlation_factor_std
    assert result.correlation_factor_std < 0.15
    returns = measure_returns(path.jumps)
    assert abs(returns.correlation_factor - 1) < FOUR_SIGMA * returns.correlation_factor_std
    assert abs(returns.back_jump_fraction - 1 / 6) < FOUR_SIGMA * returns.back_jump_fraction_std
    # Single ways were used about three times each, so that the choice among them is not even.
    assert returns.expected_back_jump_fraction == pytest.approx(1 / 6, abs=0.06)


def test_independent_walkers_do_not_cooperate(independent):
    path, _, _ = independent
    result = measure_cooperation(path, frame_interval_ps=INTERVAL_PS)
    assert result.expected_pairs > 100
    # Pairs share jumps, so that their number scatters somewhat more than a Poisson count.
    assert abs(result.n_pairs - result.expected_pairs) < 6 * np.sqrt(result.expected_pairs)


def test_residence_is_exponential(independent):
    path, _, _ = independent
    (residence,) = measure_residence(path, frame_interval_ps=INTERVAL_PS)
    n_jumps = residence.leaving.n_events
    assert residence.mean_time_ps == pytest.approx(
        INTERVAL_PS / 0.01, rel=FOUR_SIGMA / np.sqrt(n_jumps)
    )
    assert residence.lower_ps < residence.mean_time_ps < residence.upper_ps
    for time_ps in (2.0, 10.0, 25.0):
        row = np.searchsorted(residence.time_ps, time_ps + 1e-9) - 1
        expected = 0.99 ** (residence.time_ps[row] / INTERVAL_PS)
        assert abs(residence.survival[row] - expected) < FOUR_SIGMA * residence.survival_std[row]


def test_two_kinds_of_sites_keep_detailed_balance():
    """A chain ... A B A B ... along x: p_A k_AB = p_B k_BA."""
    rng = np.random.default_rng(2)
    n_frames, n_ions = 4000, 80
    leave = np.array([0.004, 0.016])  # per frame, to each side half
    place = np.zeros(n_ions, dtype=int)
    track = np.empty((n_frames, n_ions))
    for frame in range(n_frames):
        track[frame] = place
        jumps = rng.random(n_ions) < leave[place % 2]
        place = place + jumps * rng.choice([-1, 1], n_ions)
    positions = SPACING_A * track[..., None] * np.array([1.0, 0, 0])
    cell = np.diag([4 * SPACING_A, 5.0, 5.0])
    sites = define_sites([[n / 4, 0, 0] for n in range(4)], cell, labels=["A", "B"] * 2)
    path = assign_sites(positions, sites)
    statistics = jump_statistics(path, frame_interval_ps=INTERVAL_PS)
    there, back = statistics.label_edges
    assert (there.origin_label, back.origin_label) == ("A", "B")
    for edge, probability in ((there, 0.004), (back, 0.016)):
        expected = probability / 2 / INTERVAL_PS
        assert edge.rate.rate_per_ps == pytest.approx(
            expected, rel=FOUR_SIGMA / np.sqrt(edge.rate.n_events)
        )
    occupation = measure_occupation(path).label_occupation
    # 1,300 jumps in all, started on A.
    assert occupation["A"] / occupation["B"] == pytest.approx(4.0, rel=0.2)
    assert statistics.jump_matrix[0, 2] == 0


def diffuse_vacancy(rng, n, n_steps):
    """One vacancy on a simple cubic lattice with periodic boundaries: jumps of the ions."""
    grid = np.arange(n**3)
    coordinates = np.stack(np.unravel_index(grid, (n, n, n)), axis=1)
    directions = np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    neighbours = (coordinates[:, None] + directions) % n
    neighbour = np.ravel_multi_index(tuple(np.moveaxis(neighbours, 2, 0)), (n, n, n)).tolist()
    ion_at = list(range(n**3))
    vacancy, rows = 0, []
    for frame, direction in enumerate(rng.integers(0, 6, n_steps).tolist()):
        origin = neighbour[vacancy][direction]
        ion = ion_at[origin]
        ion_at[vacancy], ion_at[origin] = ion, -1
        rows.append((ion, frame, origin, vacancy, direction))
        vacancy = origin
    ion, frame, origin, destination, direction = np.array(rows).T
    order = np.lexsort((frame, ion))
    vectors = -directions[direction]  # the ion moves against the vacancy
    image = (coordinates[origin] + vectors - coordinates[destination]) // n
    return JumpEvents(
        ion=ion[order],
        departure_frame=frame[order],
        arrival_frame=frame[order] + 1,
        origin=origin[order],
        destination=destination[order],
        image=image[order],
        vector_A=SPACING_A * vectors[order].astype(float),
    )


def test_vacancies_on_a_simple_cubic_lattice_have_the_known_correlation_factor():
    """0.6531 (Compaan and Haven, doi 10.1039/TF9565200786), from angles and from displacements."""
    events = diffuse_vacancy(np.random.default_rng(3), 10, 200_000)
    result = measure_returns(events)
    assert result.correlation_factor_std < 0.003
    # 0.001 for a vacancy that meets ions again through the boundary.
    assert abs(result.correlation_factor - 0.6531) < (
        FOUR_SIGMA * result.correlation_factor_std + 0.001
    )
    assert result.back_jump_fraction > 1.5 / 6
    assert result.expected_back_jump_fraction == pytest.approx(1 / 6, abs=0.005)
    moved = np.zeros((1000, 3))
    np.add.at(moved, events.ion, events.vector_A)
    squares = (moved**2).sum(axis=1)
    factor = squares.sum() / (SPACING_A**2 * len(events))
    assert abs(factor - 0.6531) < FOUR_SIGMA * factor * np.sqrt(2 / 3 / 1000)


def test_ions_that_push_one_another_cooperate():
    """Rows of three ions that move along together, once in 200 frames on average."""
    rng = np.random.default_rng(4)
    n_frames, n_rows = 4000, 10
    is_jump = rng.random((n_frames, n_rows)) < 0.005
    along = np.cumsum(is_jump * rng.choice([-1.0, 1.0], is_jump.shape), axis=0)
    positions = np.zeros((n_frames, n_rows, 3, 3))
    positions[..., 0] = along[:, :, None] + np.arange(3)
    positions[..., 1] = (3 * (np.arange(n_rows) // 5))[:, None]
    positions[..., 2] = (np.arange(n_rows) % 5)[:, None]
    path = assign_sites(SPACING_A * positions.reshape(n_frames, -1, 3), make_lattice(6))
    result = measure_cooperation(path, frame_interval_ps=INTERVAL_PS, window_ps=0.5)
    # Two pairs of neighbours per move; more by chance.
    assert result.n_pairs >= 2 * is_jump[1:].sum()
    assert result.enhancement_lower > 2
    assert result.p_value < 1e-6
