"""Pair and time correlations of systems without order, with all order, and of a real run."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from perolyte.transport.non_gaussian import measure_non_gaussian
from perolyte.transport.radial_distribution import measure_radial_distribution
from perolyte.transport.van_hove import measure_van_hove

TRICLINIC_A = np.array([[9.0, 0.0, 0.0], [3.5, 8.0, 0.0], [-2.0, 2.5, 10.0]])
FIVE_SIGMA = 5.0
"""One of 100 bins lies farther out once in 17,000 runs."""


def scatter_gas(rng, n_frames, n_ions):
    return rng.random((n_frames, n_ions, 3)) @ TRICLINIC_A


@pytest.mark.parametrize("cutoff_A", [None, 9.0])
def test_an_ideal_gas_has_no_structure_in_a_cell_of_any_shape(cutoff_A):
    """Also beyond half the cell, where several copies of one ion are counted."""
    rng = np.random.default_rng(1)
    result = measure_radial_distribution(
        scatter_gas(rng, 20, 60),
        TRICLINIC_A,
        other_positions_A=scatter_gas(rng, 20, 80),
        cutoff_A=cutoff_A,
        bin_width_A=0.2,
    )
    seen = result.counts > 20
    assert seen.sum() > 0.8 * len(seen)
    error = result.values[seen] / np.sqrt(result.counts[seen])
    assert (np.abs(result.values[seen] - 1) < FIVE_SIGMA * error).all()
    assert result.values[seen].mean() == pytest.approx(1.0, abs=0.02)


def test_ions_of_one_kind_see_one_ion_less():
    rng = np.random.default_rng(2)
    result = measure_radial_distribution(scatter_gas(rng, 400, 10), TRICLINIC_A, bin_width_A=3.0)
    error = result.values[0] / np.sqrt(result.counts[0] / 2)  # each pair is counted twice
    assert result.values[0] == pytest.approx(1 - 1 / 10, abs=FIVE_SIGMA * error)


@pytest.mark.parametrize("turn", [np.eye(3), [[1, 0, 0], [2, 1, 0], [-1, 3, 1]]])
def test_shells_of_a_crystal_do_not_depend_on_the_choice_of_cell(turn):
    """Face-centred cubic: 12, 6, 24 and 12 neighbours; any cell vectors of the same lattice."""
    primitive = 2.0 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    result = measure_radial_distribution(
        np.zeros((2, 1, 3)), np.array(turn) @ primitive, cutoff_A=6.0
    )
    shells = np.flatnonzero(result.counts)
    np.testing.assert_array_equal(np.diff(result.coordination[shells], prepend=0), [12, 6, 24, 12])
    # A shell that lies on the end of a bin belongs to the next one.
    np.testing.assert_allclose(result.distance_A[shells], np.sqrt([8, 16, 24, 32]), atol=0.0251)


@pytest.mark.shared_data
def test_sulfur_and_sodium_in_cubic_sodium_thiophosphate(shared_data):
    """Published: the maximum is at 2.90 Å (first 10 frames, 0.1 Å grid, smoothed by 0.1 Å).

    The same program on a grid of 0.01 Å gives 2.85 Å.
    """
    with gzip.open(shared_data / "md_na3ps4" / "cNa3PS4_pda.json.gz") as file:
        run = json.load(file)
    cell = np.array(run["structure"]["lattice"]["matrix"])
    sites = run["structure"]["sites"]
    element = np.array([site["species"][0]["element"] for site in sites])
    start = np.array([site["abc"] for site in sites]) @ cell
    positions = start + np.array(run["displacements"])[:, :10].transpose(1, 0, 2)
    result = measure_radial_distribution(
        positions[:, element == "S"],
        cell,
        other_positions_A=positions[:, element == "Na"],
        cutoff_A=6.5,
        bin_width_A=0.02,
    )
    kernel = np.exp(-0.5 * (np.arange(-25, 26) * 0.02 / 0.1) ** 2)
    smooth = np.convolve(result.values, kernel / kernel.sum(), mode="same")
    assert result.distance_A[smooth.argmax()] == pytest.approx(2.90, abs=0.1)
    assert result.distance_A[smooth.argmax()] == pytest.approx(2.85, abs=0.03)
    # Its height there; kernels on another grid differ by a percent.
    assert smooth.max() == pytest.approx(3.207, rel=0.02)


def test_brownian_ions_have_gaussian_van_hove_functions():
    rng = np.random.default_rng(3)
    step_A, n_ions = 0.4, 60
    walk = np.cumsum(step_A * rng.standard_normal((1500, n_ions, 3)), axis=0)
    positions = walk + scatter_gas(rng, 1, n_ions)
    lags = [1, 4]
    result = measure_van_hove(
        positions, TRICLINIC_A, lags, frame_interval_ps=0.1, bin_width_A=0.25, max_origins=300
    )
    r = result.distance_A
    for row, lag in enumerate(lags):
        variance = lag * step_A**2
        expected = (
            4 * np.pi * r**2 * (2 * np.pi * variance) ** -1.5 * np.exp(-(r**2) / 2 / variance)
        )
        # Steps of 5 frames between origins: 300 * 60 displacements that do not overlap.
        error = np.sqrt(np.maximum(expected, 0.02) / (0.25 * 300 * n_ions))
        # 0.01 for the curvature within a bin.
        assert (np.abs(result.self_part[row] - expected) < FIVE_SIGMA * error + 0.02).all()
        assert result.self_part[row].sum() * 0.25 == pytest.approx(1.0, abs=0.01)
        # Ions that do not feel one another are spread evenly at all times.
        assert result.distinct_part[row, r > 1.5].mean() == pytest.approx(1.0, abs=0.03)


def test_ions_in_a_ring_refill_the_places_that_others_left():
    angle = 2 * np.pi * np.arange(6) / 6
    ring = 3.0 * np.stack([np.cos(angle), np.sin(angle), np.zeros(6)], axis=1) + 6.0
    positions = np.array([np.roll(ring, shift, axis=0) for shift in range(4)])
    result = measure_van_hove(positions, 12 * np.eye(3), [0, 1], frame_interval_ps=0.1)
    assert result.distinct_part[0, 0] == 0
    assert result.distinct_part[1, 0] > 0
    # Each ion moved by one side of the hexagon.
    assert result.distance_A[result.self_part[1].argmax()] == pytest.approx(3.0, abs=0.051)


def test_free_diffusion_is_gaussian():
    rng = np.random.default_rng(4)
    walk = np.cumsum(rng.standard_normal((4000, 40, 3)), axis=0)
    result = measure_non_gaussian(walk, frame_interval_ps=0.1, lags=[1, 10, 100])
    assert (np.abs(result.alpha2) < 4 * result.alpha2_std).all()
    assert (result.alpha2_std < [0.01, 0.03, 0.1]).all()


def test_half_of_the_ions_at_rest_give_one():
    """<r²> and <r⁴> are halved: α₂ = 2 * (0 + 1) - 1."""
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.standard_normal((4000, 40, 3)), axis=0)
    walk[:, ::2] = 0.0
    result = measure_non_gaussian(walk, frame_interval_ps=0.1, lags=[1, 10])
    assert result.alpha2 == pytest.approx([1.0, 1.0], abs=0.05)
