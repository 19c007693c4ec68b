from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.mesoscale import (
    blocking_factor,
    brick_layer_conductivity,
    specific_boundary_conductivity,
)

MODELS = ("series", "parallel", "maier", "maxwell_garnett")
ROUNDING = 1e-9
GIVEN = {
    "bulk_S_cm": 1e-3,
    "boundary_S_cm": 1e-7,
    "grain_size_nm": 100.0,
    "boundary_thickness_nm": 1.0,
}
conductivities = st.floats(-9, 0).map(lambda exponent: 10.0**exponent)
grains_nm = st.floats(1, 5).map(lambda exponent: 10.0**exponent)


def fraction(grain_nm, thickness_nm):
    return 1 - (grain_nm / (grain_nm + thickness_nm)) ** 3


@given(conductivities, conductivities, grains_nm, st.floats(0.0, 10.0))
def test_maxwell_garnett_is_the_hashin_shtrikman_bound_within_wieners(
    bulk, boundary, grain, thickness
):
    total = brick_layer_conductivity(
        bulk_S_cm=bulk,
        boundary_S_cm=boundary,
        grain_size_nm=grain,
        boundary_thickness_nm=thickness,
        model="maxwell_garnett",
    )
    phi = fraction(grain, thickness)
    if bulk != boundary:  # the textbook form divides by the difference
        gap = 1 / (bulk - boundary) + phi / (3 * boundary)
        assert total == pytest.approx(boundary + (1 - phi) / gap, rel=1e-6)
    lower = 1 / ((1 - phi) / bulk + phi / boundary)
    upper = (1 - phi) * bulk + phi * boundary
    assert lower * (1 - ROUNDING) <= total <= upper * (1 + ROUNDING)


@given(
    conductivities,
    st.floats(1e-6, 0.1),
    grains_nm,
    st.floats(1e-4, 0.1),
    st.sampled_from(["series", "maier"]),
)
def test_thin_blocking_boundaries_stay_within_wieners_bounds(bulk, contrast, grain, ratio, model):
    total = brick_layer_conductivity(
        bulk_S_cm=bulk,
        boundary_S_cm=bulk * contrast,
        grain_size_nm=grain,
        boundary_thickness_nm=grain * ratio,
        model=model,
    )
    phi = fraction(1.0, ratio)
    assert total >= (1 - ROUNDING) / ((1 - phi) / bulk + phi / (bulk * contrast))
    assert total <= (1 + ROUNDING) * ((1 - phi) * bulk + phi * bulk * contrast)


@given(conductivities, conductivities, grains_nm, st.floats(0.0, 10.0), st.sampled_from(MODELS))
def test_the_total_rises_with_either_conductivity(bulk, boundary, grain, thickness, model):
    def total(bulk_S_cm, boundary_S_cm):
        return brick_layer_conductivity(
            bulk_S_cm=bulk_S_cm,
            boundary_S_cm=boundary_S_cm,
            grain_size_nm=grain,
            boundary_thickness_nm=thickness,
            model=model,
        )

    base = total(bulk, boundary)
    assert total(2 * bulk, boundary) >= base * (1 - ROUNDING)
    assert total(bulk, 2 * boundary) >= base * (1 - ROUNDING)


@pytest.mark.parametrize("model", MODELS)
def test_without_boundaries_the_bulk_remains(model):
    total = brick_layer_conductivity(**{**GIVEN, "boundary_thickness_nm": 0.0}, model=model)
    assert total == pytest.approx(1e-3)


def test_maier_has_both_limits():
    thin = {"grain_size_nm": 1e5, "boundary_thickness_nm": 1.0, "bulk_S_cm": 1e-6}
    blocking, conducting = 1e-12, 1e-1
    assert brick_layer_conductivity(**thin, boundary_S_cm=blocking, model="maier") == pytest.approx(
        brick_layer_conductivity(**thin, boundary_S_cm=blocking), rel=1e-3
    )
    assert brick_layer_conductivity(
        **thin, boundary_S_cm=conducting, model="maier"
    ) == pytest.approx(
        brick_layer_conductivity(**thin, boundary_S_cm=conducting, model="parallel"), rel=1e-3
    )


def test_arrays_broadcast():
    total = brick_layer_conductivity(
        **{**GIVEN, "bulk_S_cm": [1e-3, 2e-3], "grain_size_nm": [[10.0], [100.0], [1000.0]]}
    )
    assert total.shape == (3, 2)


@pytest.mark.parametrize("model", MODELS)
def test_complex_conductivities_reduce_to_real_ones(model):
    real = brick_layer_conductivity(**GIVEN, model=model)
    turned = brick_layer_conductivity(
        **{**GIVEN, "bulk_S_cm": 1e-3 + 0j, "boundary_S_cm": 1e-7 + 0j}, model=model
    )
    assert np.iscomplexobj(turned)
    assert turned == pytest.approx(real)


def test_displacement_current_shorts_the_boundary():
    omega_epsilon = 1e-2j  # far above the peak of the boundary: the bulk alone remains
    total = brick_layer_conductivity(
        **{**GIVEN, "bulk_S_cm": 1e-3 + omega_epsilon, "boundary_S_cm": 1e-7 + omega_epsilon}
    )
    assert total.real == pytest.approx(1e-3, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bulk_S_cm": -1e-3}, "bulk_S_cm is -0.001 S/cm"),
        ({"boundary_S_cm": [1e-7, 0.0]}, "boundary_S_cm is 0 S/cm"),
        ({"boundary_S_cm": np.nan}, "boundary_S_cm is nan"),
        ({"boundary_thickness_nm": -1.0}, "boundary of -1 nm"),
        ({"boundary_thickness_nm": 101.0}, "grain of 100 nm has a boundary of 101 nm"),
        ({"grain_size_nm": [50.0, 0.0]}, "grain of 0 nm"),
        ({"grain_size_nm": [1.0, 2.0], "boundary_thickness_nm": [0.1] * 3}, "broadcast"),
        ({"bulk_S_cm": [1.0, 2.0], "boundary_S_cm": [0.1] * 3}, "broadcast"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        brick_layer_conductivity(**{**GIVEN, **changes})
    with pytest.raises(InputError, match=message):
        blocking_factor(**{**GIVEN, **changes})


def test_an_unknown_model_is_refused():
    with pytest.raises(InputError, match="'cubes'; it must be one of series"):
        brick_layer_conductivity(**GIVEN, model="cubes")


def test_bruggeman_is_refused_for_grains_with_the_reason():
    with pytest.raises(InputError, match="current pass continuous boundaries by: use 'series'"):
        brick_layer_conductivity(**GIVEN, model="bruggeman")


def test_a_conductivity_along_that_a_model_ignores_is_refused():
    with pytest.raises(InputError, match="boundary_along_S_cm is given, which model 'series'"):
        brick_layer_conductivity(**GIVEN, boundary_along_S_cm=1e-3)


def test_complex_resistances_are_not_compared():
    with pytest.raises(InputError, match="complex"):
        blocking_factor(**{**GIVEN, "bulk_S_cm": 1e-3 + 1e-4j})
    with pytest.raises(InputError, match="complex"):
        specific_boundary_conductivity(1j + 1, grain_size_nm=10.0, boundary_thickness_nm=1.0)


def test_blocking_factor_is_the_lost_share_of_the_series_conductivity():
    lost = 1 - brick_layer_conductivity(**GIVEN) / 1e-3
    assert blocking_factor(**GIVEN) == pytest.approx(lost)


def test_apparent_and_specific_conductivity_describe_one_resistance():
    apparent = 3e-5
    specific = specific_boundary_conductivity(
        apparent, grain_size_nm=1000.0, boundary_thickness_nm=2.0
    )
    total = brick_layer_conductivity(
        bulk_S_cm=1e-3, boundary_S_cm=specific, grain_size_nm=1000.0, boundary_thickness_nm=2.0
    )
    assert 1 / total == pytest.approx(1 / 1e-3 + 1 / apparent)


@given(conductivities, conductivities, conductivities, st.floats(1e-4, 0.1))
def test_boundaries_may_conduct_differently_along_and_across(bulk, across, along, ratio):
    given_S_cm = {"bulk_S_cm": bulk, "boundary_S_cm": across, "boundary_along_S_cm": along}
    sizes = {"grain_size_nm": 100.0, "boundary_thickness_nm": 100.0 * ratio}
    phi = fraction(1.0, ratio)
    both = brick_layer_conductivity(**given_S_cm, **sizes, model="maier")
    # across: the plate of one boundary in series with what the grain and the others carry along
    carried = bulk + 2 / 3 * phi * along
    assert both == pytest.approx(carried / (1 + phi / 3 * bulk / across))
    parallel = brick_layer_conductivity(**given_S_cm, **sizes, model="parallel")
    assert parallel == pytest.approx(carried)
