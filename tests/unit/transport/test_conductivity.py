from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport import fit_diffusivity, haven_ratio, nernst_einstein_conductivity
from perolyte.transport.conductivity import convert_to_conductivity

GIVEN = {"n_ions": 36, "charge": 1, "volume_A3": 6000.0, "temperature_K": 800.0}


def test_numbers_give_a_float_and_arrays_broadcast():
    assert isinstance(nernst_einstein_conductivity(1e-6, **GIVEN), float)
    temperatures = np.array([600.0, 800.0])
    result = nernst_einstein_conductivity(
        [[1e-6], [2e-6]], **{**GIVEN, "temperature_K": temperatures}
    )
    assert result.shape == (2, 2)
    assert result[0, 1] == pytest.approx(nernst_einstein_conductivity(1e-6, **GIVEN))


def test_scaling_laws():
    one = nernst_einstein_conductivity(1e-6, **GIVEN)
    assert nernst_einstein_conductivity(1e-6, **{**GIVEN, "charge": -2}) == pytest.approx(4 * one)
    assert nernst_einstein_conductivity(1e-6, **{**GIVEN, "n_ions": 72}) == pytest.approx(2 * one)
    assert nernst_einstein_conductivity(
        1e-6, **{**GIVEN, "temperature_K": 1600.0}
    ) == pytest.approx(one / 2)
    assert nernst_einstein_conductivity(0.0, **GIVEN) == 0.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_ions", 0),
        ("charge", 0),
        ("volume_A3", -1.0),
        ("temperature_K", 0.0),
        ("temperature_K", [300.0, -5.0]),
        ("temperature_K", np.nan),
    ],
)
def test_wrong_numbers_are_named(name, value):
    with pytest.raises(InputError, match=name):
        nernst_einstein_conductivity(1e-6, **{**GIVEN, name: value})


@pytest.mark.parametrize("diffusivity", [-1e-9, np.nan, None])
def test_an_unresolved_diffusivity_has_no_conductivity(diffusivity):
    with pytest.raises(InputError, match="diffusivity_cm2_s"):
        nernst_einstein_conductivity(diffusivity, **GIVEN)


def test_haven_ratio():
    assert haven_ratio(2e-8, 5e-8) == pytest.approx(0.4)
    with pytest.raises(InputError, match="charge_diffusivity"):
        haven_ratio(1e-8, 0.0)
    with pytest.raises(InputError, match="tracer_diffusivity"):
        haven_ratio(np.nan, 1e-8)


def test_both_conductivities_are_their_diffusivities_times_one_factor():
    walk = np.random.default_rng(0).normal(size=(2000, 20, 3)).cumsum(axis=0)
    run = fit_diffusivity(walk, frame_interval_fs=100.0, hop_distance_A=3.0)
    cell = {"charge": 1, "volume_A3": 4000.0, "temperature_K": 800.0}
    sigma = convert_to_conductivity(run, **cell)
    factor = nernst_einstein_conductivity(1.0, n_ions=20, **cell)
    assert sigma.nernst_einstein_S_cm == pytest.approx(factor * run.diffusivity_cm2_s)
    assert sigma.nernst_einstein_upper_S_cm == pytest.approx(factor * run.diffusivity_upper_cm2_s)
    assert sigma.collective_S_cm == pytest.approx(factor * run.charge.diffusivity_cm2_s)
    assert sigma.collective_std_S_cm == pytest.approx(factor * run.charge.diffusivity_std_cm2_s)
    assert sigma.collective_lower_S_cm < sigma.collective_S_cm < sigma.collective_upper_S_cm


def test_a_run_without_diffusivity_has_no_conductivity():
    still = fit_diffusivity(np.zeros((200, 5, 3)), frame_interval_fs=100.0, hop_distance_A=3.0)
    sigma = convert_to_conductivity(still, charge=1, volume_A3=4000.0, temperature_K=800.0)
    assert sigma.nernst_einstein_S_cm is None
    assert sigma.collective_upper_S_cm is None
