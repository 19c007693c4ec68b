from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport.interval import bound_value, interval_95
from perolyte.transport.replicas import combine_replicas


def test_equal_runs_average_their_error_down():
    mean = combine_replicas([2.0, 2.0, 2.0, 2.0], [0.1] * 4)
    assert mean.value == 2.0
    assert mean.relative_error == pytest.approx(0.05)
    assert (mean.error_source, mean.n_runs, mean.chi2_reduced) == ("runs", 4, 0.0)
    assert mean.upper == pytest.approx(2.0 * np.exp(1.96 * 0.05), rel=1e-3)


def test_a_better_run_counts_more():
    assert combine_replicas([1.0, 2.0], [0.1, 0.2]).value == pytest.approx(1.2)


def test_runs_that_disagree_set_the_error_themselves():
    mean = combine_replicas([1.0, 2.0, 3.0], [0.05, 0.05, 0.05])
    assert mean.error_source == "scatter"
    assert mean.relative_error == pytest.approx(0.5 / np.sqrt(3))
    # Student's t with 2 degrees of freedom, 97.5 %, from a table.
    assert np.log(mean.upper / mean.value) == pytest.approx(4.303 * mean.relative_error, rel=1e-3)


def test_intervals_cover_and_cross_checks_seldom_cry_wolf():
    rng = np.random.default_rng(0)
    means = [
        combine_replicas(rng.normal(1.0, errors), errors)
        for errors in rng.uniform(0.05, 0.1, size=(1000, 4))
    ]
    covered = np.mean([mean.lower < 1.0 < mean.upper for mean in means])
    assert covered == pytest.approx(0.95, abs=0.025)  # 0.7 % standard error
    assert np.mean([mean.error_source == "scatter" for mean in means]) < 0.03


@pytest.mark.parametrize(
    ("values", "errors", "message"),
    [
        ([1.0], [0.1], "at least 2 runs"),
        ([1.0, 2.0], [0.1], "shapes"),
        ([1.0, -2.0], [0.1, 0.1], "values is -2"),
        ([1.0, 2.0], [0.1, 0.0], "relative_errors is 0"),
    ],
)
def test_wrong_runs_are_refused(values, errors, message):
    with pytest.raises(InputError, match=message):
        combine_replicas(values, errors)


def test_intervals_are_even_in_the_logarithm():
    lower, upper = interval_95(3.0, 0.2, 4)
    assert lower * upper == pytest.approx(9.0)
    # Student's t with 4 degrees of freedom, 97.5 % and 95 %, from a table.
    assert np.log(upper / 3.0) == pytest.approx(2.776 * 0.2, rel=1e-3)
    assert bound_value(3.0, 0.3, 4) == pytest.approx(3.0 * np.exp(2.132 * 0.1), rel=1e-3)
    assert bound_value(-1.0, 0.3, 4) == pytest.approx(2.132 * 0.3, rel=1e-3)
