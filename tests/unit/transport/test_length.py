from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport.length import estimate_required_length, predict_relative_error

RUN = {"diffusivity_cm2_s": 1e-6, "n_ions": 36, "hop_distance_A": 3.87}


def hops_per_ion(length_ps):
    return 6 * 1e-6 * 1e4 * length_ps / 3.87**2


@pytest.mark.parametrize("quantity", ["tracer", "charge"])
@pytest.mark.parametrize("target", [0.2, 0.1, 0.03])
def test_a_run_of_that_length_has_that_error(quantity, target):
    length_ps = estimate_required_length(target, quantity=quantity, **RUN)
    error = predict_relative_error(hops_per_ion(length_ps), n_ions=36, quantity=quantity)
    assert error <= target * 1.001
    shortest = hops_per_ion(length_ps) < 2.8  # 100 hops of all ions
    assert shortest or error > 0.95 * target


def test_it_scales_as_it_must():
    base = estimate_required_length(0.02, **RUN)
    assert estimate_required_length(0.01, **RUN) == pytest.approx(4 * base, rel=0.1)
    slower = estimate_required_length(0.02, **{**RUN, "diffusivity_cm2_s": 1e-7})
    assert slower == pytest.approx(10 * base)
    assert estimate_required_length(0.02, **{**RUN, "n_ions": 9}) == pytest.approx(
        4 * base, rel=0.1
    )
    charge = [
        estimate_required_length(0.1, quantity="charge", **{**RUN, "n_ions": n}) for n in (36, 72)
    ]
    assert charge[0] == pytest.approx(charge[1])


def test_the_least_is_what_a_diffusivity_needs_at_all():
    assert hops_per_ion(estimate_required_length(0.9, **RUN)) == pytest.approx(100 / 36)
    many = {**RUN, "n_ions": 500}
    assert hops_per_ion(estimate_required_length(0.9, **many)) == pytest.approx(2.0)


def test_an_error_out_of_reach_takes_for_ever():
    assert estimate_required_length(1e-9, **RUN) == np.inf


@pytest.mark.parametrize(
    ("target", "changes", "message"),
    [
        (0.0, {}, "target_relative_error is 0"),
        (0.1, {"diffusivity_cm2_s": -1.0}, "diffusivity_cm2_s is -1"),
        (0.1, {"hop_distance_A": 0.0}, "hop_distance_A is 0"),
        (0.1, {"n_ions": 0}, "n_ions is 0"),
    ],
)
def test_wrong_numbers_are_refused(target, changes, message):
    with pytest.raises(InputError, match=message):
        estimate_required_length(target, **{**RUN, **changes})


def test_too_few_hops_have_no_error():
    with pytest.raises(InputError, match="hops_per_ion is 1"):
        predict_relative_error(1.0, n_ions=36)
