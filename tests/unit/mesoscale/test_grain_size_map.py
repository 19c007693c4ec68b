from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.mesoscale import brick_layer_conductivity, grain_size_map

GIVEN = {
    "bulk_S_cm": [1e-3, 3e-3],
    "bulk_lower_S_cm": [5e-4, 2e-3],
    "bulk_upper_S_cm": [2e-3, 5e-3],
    "boundary_S_cm": [4e-8, 4e-7],
    "boundary_thickness_nm": 1.0,
    "grain_sizes_nm": [50.0, 500.0, 5000.0],
    "temperatures_K": [300.0, 350.0],
}


@pytest.mark.parametrize("model", ["series", "maier", "maxwell_garnett"])
def test_each_point_is_its_own_brick_layer(model):
    result = grain_size_map(**GIVEN, model=model)
    assert result.total_S_cm.shape == result.blocking_factor.shape == (3, 2)
    for bulk_name, mapped in (
        ("bulk_S_cm", result.total_S_cm),
        ("bulk_lower_S_cm", result.lower_S_cm),
        ("bulk_upper_S_cm", result.upper_S_cm),
    ):
        point = brick_layer_conductivity(
            bulk_S_cm=GIVEN[bulk_name][1],
            boundary_S_cm=4e-7,
            grain_size_nm=500.0,
            boundary_thickness_nm=1.0,
            model=model,
        )
        assert mapped[1, 1] == pytest.approx(float(point))
    assert result.model == model


def test_the_band_holds_the_value_and_narrows_where_boundaries_block():
    result = grain_size_map(**GIVEN)
    assert np.all(result.lower_S_cm < result.total_S_cm)
    assert np.all(result.upper_S_cm > result.total_S_cm)
    assert np.all(np.diff(result.upper_S_cm / result.lower_S_cm, axis=0) > 0)
    assert np.all(np.diff(result.blocking_factor, axis=0) < 0)


def test_one_boundary_serves_all_temperatures():
    one = grain_size_map(**{**GIVEN, "boundary_S_cm": 4e-8})
    many = grain_size_map(**{**GIVEN, "boundary_S_cm": [4e-8, 4e-8]})
    assert np.array_equal(one.total_S_cm, many.total_S_cm)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bulk_S_cm": [1e-3]}, "one value per temperature"),
        ({"bulk_S_cm": 1e-3}, "one value per temperature"),
        ({"boundary_S_cm": [1e-8, 1e-8, 1e-8]}, "or one number"),
        ({"bulk_S_cm": [1e-3 + 1j, 1e-3]}, "real"),
        ({"bulk_lower_S_cm": [2e-3, 2e-3]}, "must lie inside"),
        ({"bulk_upper_S_cm": [np.nan, 5e-3]}, "must lie inside"),
        ({"temperatures_K": [300.0, 0.0]}, "give kelvin"),
        ({"temperatures_K": []}, "not empty"),
        ({"grain_sizes_nm": 100.0}, "one-dimensional"),
        ({"grain_sizes_nm": [0.5]}, "boundary of 1 nm"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        grain_size_map(**{**GIVEN, **changes})
