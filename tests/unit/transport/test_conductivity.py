from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport import haven_ratio, nernst_einstein_conductivity

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
