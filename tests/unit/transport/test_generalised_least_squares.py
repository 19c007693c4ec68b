from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport.generalised_least_squares import fit_line

X = np.array([1.0, 2.0, 4.0, 8.0])


def make_covariance(seed):
    factor = np.random.default_rng(seed).normal(size=(4, 8))
    return factor @ factor.T


@pytest.mark.parametrize("seed", range(5))
def test_the_solution_is_that_of_the_normal_equations(seed):
    covariance = make_covariance(seed)
    y = 2.0 * X + 1.0 + np.linalg.cholesky(covariance) @ np.random.default_rng(9).normal(size=4)
    design = np.stack([X, np.ones(4)], axis=1)
    precision = design.T @ np.linalg.inv(covariance) @ design
    expected = np.linalg.solve(precision, design.T @ np.linalg.inv(covariance) @ y)
    line = fit_line(X, y, covariance)
    assert [line.slope, line.intercept] == pytest.approx(expected, rel=1e-6)
    assert line.slope_weights @ y == pytest.approx(line.slope)
    assert line.intercept_weights @ y == pytest.approx(line.intercept)
    # The variance of the weights is the inverse of the normal matrix: nothing linear is better.
    variance = line.slope_weights @ covariance @ line.slope_weights
    assert variance == pytest.approx(np.linalg.inv(precision)[0, 0], rel=1e-6)


def test_units_and_the_size_of_the_covariance_do_not_matter():
    y = np.array([3.0, 5.5, 9.0, 18.0])
    covariance = make_covariance(1)
    line = fit_line(X, y, covariance)
    scaled = fit_line(1e-3 * X, 1e6 * y, 1e-20 * covariance)
    assert scaled.slope == pytest.approx(1e9 * line.slope)


def test_a_prior_is_one_more_measurement_of_the_intercept():
    y = np.array([3.0, 5.5, 9.0, 18.0])
    covariance = make_covariance(2)
    free = fit_line(X, y, covariance)
    held = fit_line(X, y, covariance, intercept_prior=(0.5, 1e-6))
    loose = fit_line(X, y, covariance, intercept_prior=(0.5, 1e6))
    assert held.intercept == pytest.approx(0.5, abs=1e-6)
    assert loose.slope == pytest.approx(free.slope)
    assert (free.slope_per_prior, abs(loose.slope_per_prior) < 1e-9) == (0.0, True)
    moved = fit_line(X, y, covariance, intercept_prior=(0.6, 1.0)).slope
    line = fit_line(X, y, covariance, intercept_prior=(0.5, 1.0))
    assert moved - line.slope == pytest.approx(0.1 * line.slope_per_prior)


def test_points_that_are_nearly_the_same_number_do_not_break_it():
    covariance = np.full((4, 4), 1.0) + 1e-14 * np.diag(X)
    assert np.isfinite(fit_line(X, 2 * X, covariance).slope)
