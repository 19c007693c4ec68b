"""Reference tables of polycrystals, computed beforehand from the formulas by hand."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.mesoscale import (
    CeramicParameters,
    LognormalValue,
    brick_layer_conductivity,
    grain_size_map,
    law_from_value,
    specific_boundary_conductivity,
)

LAST_DIGIT = 1e-4
"""The tables have four or five significant digits."""


@pytest.mark.parametrize(
    ("grain_size_nm", "series", "maier", "maxwell_garnett"),
    [
        (1000.0, 9.0909e-5, 9.1074e-5, 9.0901e-5),
        (100.0, 9.9010e-6, 1.0098e-5, 9.9007e-6),
        (25.0, 2.4938e-6, 2.6953e-6, 2.4961e-6),
    ],
)
def test_blocking_boundaries_of_lithium_lanthanum_titanate(
    grain_size_nm, series, maier, maxwell_garnett
):
    expected = {"series": series, "maier": maier, "maxwell_garnett": maxwell_garnett}
    for model, value in expected.items():
        total = brick_layer_conductivity(
            bulk_S_cm=1e-3,
            boundary_S_cm=1e-7,
            grain_size_nm=grain_size_nm,
            boundary_thickness_nm=1.0,
            model=model,
        )
        assert total == pytest.approx(value, rel=LAST_DIGIT)


def test_hot_pressed_ceramic():
    # Measured: bulk 1.5e-3 and apparent boundary 3.8e-5 S/cm at 2.42 µm grains.
    specific = specific_boundary_conductivity(
        3.8e-5, grain_size_nm=2420.0, boundary_thickness_nm=1.0
    )
    assert specific == pytest.approx(1.6e-8, rel=0.02)
    total = brick_layer_conductivity(
        bulk_S_cm=1.5e-3,
        boundary_S_cm=specific,
        grain_size_nm=2420.0,
        boundary_thickness_nm=1.0,
    )
    assert total == pytest.approx(3.71e-5, rel=2e-3)


@pytest.mark.parametrize("model", ["maier", "maxwell_garnett"])
@pytest.mark.parametrize("boundary_S_cm", [1e-6, 1e-4, 1e-2])
def test_cubes_lie_between_two_laminates(model, boundary_S_cm):
    """Bound the cell of the brick layer by laminates, which need no formula of the models.

    Current that cannot leave its column (through the grain, or beside it) gives a lower bound on
    the conductivity, planes of one potential an upper bound.
    """
    bulk_S_cm, grain_nm, thickness_nm = 1e-3, 500.0, 1.0
    edge_nm = grain_nm + thickness_nm
    area = (grain_nm / edge_nm) ** 2
    column = edge_nm / (grain_nm / bulk_S_cm + thickness_nm / boundary_S_cm)
    lower = area * column + (1 - area) * boundary_S_cm
    plane = area * bulk_S_cm + (1 - area) * boundary_S_cm
    upper = edge_nm / (grain_nm / plane + thickness_nm / boundary_S_cm)
    total = brick_layer_conductivity(
        bulk_S_cm=bulk_S_cm,
        boundary_S_cm=boundary_S_cm,
        grain_size_nm=grain_nm,
        boundary_thickness_nm=thickness_nm,
        model=model,
    )
    # The models are right to first order in thickness over grain size, and take the cell edge for
    # the grain edge: 0.2 % each here.
    assert lower * (1 - 0.004) <= total <= upper * (1 + 0.004)


REFERENCE_CERAMIC = {"bulk": (1e-3, 0.33), "boundary": (4e-8, 0.42)}
"""S/cm at 300 K and eV; the boundary is 1 nm thick."""
TOTAL_S_CM = [
    [3.984e-6, 3.469e-5, 1.726e-4],
    [3.846e-5, 3.276e-4, 1.590e-3],
    [2.857e-4, 2.106e-3, 8.910e-3],
]
BLOCKING = [[0.9960, 0.9935, 0.9905], [0.9615, 0.9383, 0.9128], [0.7143, 0.6032, 0.5115]]


def test_map_of_grain_size_and_temperature():
    laws = {
        name: law_from_value(sigma, temperature_K=300.0, activation_energy_eV=energy)
        for name, (sigma, energy) in REFERENCE_CERAMIC.items()
    }
    result = grain_size_map(
        CeramicParameters(
            **laws,
            boundary_thickness_nm=LognormalValue(1.0),
            bulk_permittivity=LognormalValue(100.0),
            boundary_permittivity=LognormalValue(100.0),
        ),
        grain_sizes_nm=[100.0, 1000.0, 10000.0],
        temperatures_K=[300.0, 350.0, 400.0],
    )
    assert np.allclose(result.total_S_cm.value, TOTAL_S_CM, rtol=5e-4)
    assert np.allclose(result.blocking_factor.value, BLOCKING, atol=1e-4)
    # arcs at 300 K, known beforehand: 18.0 MHz and 719 Hz at a relative permittivity of 100
    assert result.bulk_peak_Hz.value[0] == pytest.approx(18.0e6, rel=2e-3)
    assert result.boundary_peak_Hz.value[0] == pytest.approx(719.0, rel=1e-3)
    # bulk and boundaries resist alike where d = thickness times the ratio of the conductivities
    assert result.half_blocking_nm.value[0] == pytest.approx(1.0 * 1e-3 / 4e-8)
    assert result.is_bulk_extrapolated.tolist() == [False, True, True]
