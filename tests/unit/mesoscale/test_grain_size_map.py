from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.mesoscale import (
    CeramicParameters,
    ConductivityLaw,
    LognormalValue,
    brick_layer_conductivity,
    grain_size_map,
    law_from_value,
    wiener_bounds,
)
from perolyte.transport import fit_arrhenius
from perolyte.units import BOLTZMANN_EV_PER_K

BULK = law_from_value(
    1e-3,
    temperature_K=300.0,
    decades=0.3,
    activation_energy_eV=0.33,
    activation_energy_std_eV=0.02,
    temperature_min_K=250.0,
    temperature_max_K=350.0,
)
BOUNDARY = law_from_value(
    4e-8,
    temperature_K=300.0,
    decades=0.5,
    activation_energy_eV=0.42,
    activation_energy_std_eV=0.02,
    temperature_min_K=280.0,
    temperature_max_K=400.0,
)
SIZES_NM = [50.0, 500.0, 5000.0, 50_000.0]
TEMPERATURES_K = [260.0, 300.0, 380.0]


def make(bulk=BULK, boundary=BOUNDARY, thickness_nm=1.0, thickness_decades=0.3):
    return CeramicParameters(
        bulk=bulk,
        boundary=boundary,
        boundary_thickness_nm=LognormalValue(thickness_nm, thickness_decades),
        bulk_permittivity=LognormalValue(100.0, 0.3),
        boundary_permittivity=LognormalValue(100.0, 0.3),
    )


def run(parameters=None, **changes):
    options = {"grain_sizes_nm": SIZES_NM, "temperatures_K": TEMPERATURES_K} | changes
    return grain_size_map(parameters or make(), **options)


@pytest.mark.parametrize("model", ["series", "maier", "maxwell_garnett"])
def test_each_point_is_its_own_brick_layer(model):
    result = run(model=model)
    assert result.total_S_cm.value.shape == result.blocking_factor.lower.shape == (4, 3)
    point = brick_layer_conductivity(
        bulk_S_cm=BULK.conductivity_S_cm(380.0),
        boundary_S_cm=BOUNDARY.conductivity_S_cm(380.0),
        grain_size_nm=500.0,
        boundary_thickness_nm=1.0,
        model=model,
    )
    assert result.total_S_cm.value[1, 2] == pytest.approx(float(point))
    assert result.model == model


def test_where_boundaries_block_the_error_is_theirs_and_where_not_the_bulks():
    result = run(grain_sizes_nm=[20.0, 1e8])
    decades = np.log10(result.total_S_cm.upper / result.total_S_cm.lower) / 2
    # at 300 K: boundary 0.5 and thickness 0.3 in quadrature, bulk 0.3; quantiles of 500 draws
    assert decades[0, 1] == pytest.approx(np.hypot(0.5, 0.3), rel=0.1)
    assert decades[1, 1] == pytest.approx(0.3, rel=0.1)


def test_the_error_of_the_energy_pivots_about_its_temperature():
    far = 1 / BOLTZMANN_EV_PER_K * abs(1 / 380.0 - 1 / 300.0) * 0.02 * 1.96 / np.log(10)
    band = run(n_draws=4000).bulk_S_cm
    decades = np.log10(band.upper / band.lower) / 2
    assert decades[1] == pytest.approx(0.3, rel=0.05)
    assert decades[2] == pytest.approx(np.hypot(0.3, far), rel=0.05)


def test_same_seed_same_map_and_another_seed_moves_only_the_intervals():
    first, again, other = run(seed=3), run(seed=3), run(seed=4)
    assert np.array_equal(first.total_S_cm.upper, again.total_S_cm.upper)
    assert not np.array_equal(first.total_S_cm.upper, other.total_S_cm.upper)
    assert np.array_equal(first.total_S_cm.value, other.total_S_cm.value)


def test_temperatures_outside_of_the_fits_are_marked_for_each_law():
    result = run()
    assert result.is_bulk_extrapolated.tolist() == [False, False, True]
    assert result.is_boundary_extrapolated.tolist() == [True, False, False]


conductivities = st.floats(1e-9, 1e-1)


@given(
    bulk=conductivities,
    boundary=conductivities,
    thickness=st.floats(0.1, 10.0),
    decades=st.floats(0.0, 2.0),
    model=st.sampled_from(["series", "maxwell_garnett"]),
)
@settings(max_examples=40, deadline=None)
def test_properties(bulk, boundary, thickness, decades, model):
    """Blocking falls with grain size, the total moves to the bulk, intervals hold their values."""
    laws = (
        law_from_value(bulk, temperature_K=300.0, decades=decades),
        law_from_value(boundary, temperature_K=300.0, decades=decades),
    )
    sizes = np.array([12.0, 100.0, 1000.0, 1e5])
    result = grain_size_map(
        make(*laws, thickness, 0.1),
        grain_sizes_nm=sizes,
        temperatures_K=[300.0],
        model=model,
        n_draws=40,
    )
    for band in (result.total_S_cm, result.blocking_factor, result.half_blocking_nm):
        assert np.all((band.lower <= band.value) & (band.value <= band.upper))
    alpha = result.blocking_factor
    assert np.all(np.diff(alpha.value[:, 0]) < 0)
    assert np.all((alpha.lower >= 0) & (alpha.upper <= 1))
    total = result.total_S_cm.value[:, 0]
    if model == "maxwell_garnett":
        # the thinnest walls change the sum by less than rounding leaves
        rises = np.diff(total) * np.sign(bulk - boundary)
        assert np.all(rises >= -1e-9 * total[1:])
        phi = 1 - (sizes / (sizes + thickness)) ** 3
        low, high = wiener_bounds(bulk, boundary, second_fraction=phi)
        assert np.all((total >= low * (1 - 1e-9)) & (total <= high * (1 + 1e-9)))
    else:
        assert np.all(np.diff(total) > 0)
        assert np.all(total < bulk)


def test_coverage_of_the_interval_of_fitted_laws():
    """Fits to noisy points of known laws: the 95 % interval holds the true total."""
    rng = np.random.default_rng(20)
    temperatures_K = np.array([280.0, 320.0, 360.0, 400.0, 440.0])
    error, n_trials = 0.15, 200
    sizes, target_K = [200.0, 25_000.0, 1e7], [300.0]
    truth = run(make(BULK, BOUNDARY, 1.0, 0.3), grain_sizes_nm=sizes, temperatures_K=target_K)
    n_held = np.zeros(len(sizes))
    for trial in range(n_trials):
        laws = []
        for law in (BULK, BOUNDARY):
            noise = np.exp(rng.normal(0.0, error, len(temperatures_K)) + rng.normal(0.0, 0.10))
            fit = fit_arrhenius(
                temperatures_K,
                law.conductivity_S_cm(temperatures_K) * noise,
                np.full(len(temperatures_K), error),
                model_error=0.10,
            )
            scaled = fit.chi2_reduced > 1
            laws.append(
                ConductivityLaw(
                    fit.ln_prefactor,
                    fit.activation_energy_eV,
                    tuple(map(tuple, fit.covariance)),
                    280.0,
                    440.0,
                    fit.model_error,
                    fit.n_points if scaled else np.inf,
                )
            )
        thickness_nm = float(LognormalValue(1.0, 0.3).draw(rng.normal(size=1))[0])
        found = run(
            make(*laws, thickness_nm, 0.3),
            grain_sizes_nm=sizes,
            temperatures_K=target_K,
            n_draws=200,
            seed=trial,
        ).total_S_cm
        true_nm = truth.total_S_cm.value[:, 0]
        n_held += (found.lower[:, 0] <= true_nm) & (true_nm <= found.upper[:, 0])
    # of 200 trials at 95 % the standard deviation is 1.5 %; 200 draws shift the ends a little
    assert np.all(n_held / n_trials > 0.90)
    assert np.all(n_held / n_trials <= 1.0)


def test_a_boundary_is_never_drawn_thicker_than_its_grain():
    result = run(make(thickness_nm=9.0, thickness_decades=1.5), grain_sizes_nm=[10.0])
    assert np.all(np.isfinite(result.total_S_cm.upper))
    assert np.all(result.blocking_factor.upper <= 1)


def test_a_value_at_one_temperature_maps_there_and_only_there():
    laws = [law_from_value(s, temperature_K=300.0) for s in (1e-3, 4e-8)]
    assert run(make(*laws), temperatures_K=[300.0]).is_bulk_extrapolated.tolist() == [False]
    with pytest.raises(InputError, match="known at 300 K alone, without an activation energy"):
        run(make(*laws))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperatures_K": [300.0, 0.0]}, "temperatures_K is .* above 0"),
        ({"temperatures_K": []}, "not empty"),
        ({"temperatures_K": ["warm"]}, "a list of numbers"),
        ({"grain_sizes_nm": 100.0}, "one-dimensional"),
        ({"grain_sizes_nm": [-5.0]}, "above 0"),
        ({"grain_sizes_nm": [0.5]}, "not larger than its boundary of 1 nm"),
        ({"grain_sizes_nm": [1.0]}, "not larger than its boundary"),
        ({"n_draws": 5}, "n_draws is 5"),
        ({"model": "bruggeman"}, "bruggeman"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        run(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (lambda: LognormalValue(-1.0), "value is -1"),
        (lambda: LognormalValue(1.0, -0.1), "decades is -0.1"),
        (lambda: law_from_value(-1e-3, temperature_K=300.0), "conductivity_S_cm is -0.001"),
        (lambda: law_from_value(1e-3, temperature_K=0.0), "temperature_K is 0"),
        (
            lambda: law_from_value(1e-3, temperature_K=300.0, temperature_min_K=310.0),
            "does not hold the 300 K",
        ),
        (
            lambda: law_from_value(1e-3, temperature_K=300.0, activation_energy_eV=99.0),
            "activation_energy_eV is 99 eV",
        ),
        (
            lambda: ConductivityLaw(1.0, 0.3, ((1.0, 2.0), (2.0, 1.0)), 300.0, 400.0),
            "not that of two numbers",
        ),
        (
            lambda: ConductivityLaw(1.0, 0.3, ((1.0, 0.0), (0.0, 1.0)), 400.0, 300.0),
            "must rise",
        ),
        (
            lambda: ConductivityLaw(
                1.0, 0.3, ((1.0, 0.0), (0.0, 1.0)), 300.0, 400.0, degrees_of_freedom=0.0
            ),
            "degrees_of_freedom",
        ),
    ],
)
def test_laws_that_cannot_be_are_refused(make_it, message):
    with pytest.raises(InputError, match=message):
        make_it()
