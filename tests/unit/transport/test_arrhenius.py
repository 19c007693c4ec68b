from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport.arrhenius import fit_arrhenius, fit_diffusivity_arrhenius
from perolyte.units import BOLTZMANN_EV_PER_K

TEMPERATURES_K = np.array([500.0, 600, 700, 800, 900])


def line(temperatures, energy_eV=0.3, prefactor=1e4):
    return prefactor / temperatures * np.exp(-energy_eV / (BOLTZMANN_EV_PER_K * temperatures))


def kinked(temperatures, kink_K=650.0, below_eV=0.5, above_eV=0.25):
    x = -1 / (BOLTZMANN_EV_PER_K * temperatures)
    x_kink = -1 / (BOLTZMANN_EV_PER_K * kink_K)
    energy = np.where(x < x_kink, below_eV, above_eV)
    return np.exp(9.0 + energy * (x - x_kink)) / temperatures


def test_a_perfect_line_is_recovered():
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.05))
    assert fit.status == "converged"
    assert fit.activation_energy_eV == pytest.approx(0.3)
    assert fit.ln_prefactor == pytest.approx(np.log(1e4))
    assert fit.chi2_reduced == pytest.approx(0.0, abs=1e-12)
    assert fit.covariance.shape == (2, 2)
    assert (fit.temperature_min_K, fit.temperature_max_K, fit.n_points) == (500.0, 900.0, 5)
    assert fit.predict(300.0).conductivity_S_cm == pytest.approx(line(300.0))


def test_predictions_take_the_shape_of_the_temperatures():
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.05))
    prediction = fit.predict([[300.0, 400.0, 500.0]])
    for values in (prediction.conductivity_S_cm, prediction.lower_S_cm, prediction.ln_std):
        assert values.shape == (1, 3)
    assert np.all(prediction.lower_S_cm < prediction.conductivity_S_cm)
    assert np.all(prediction.upper_S_cm > prediction.conductivity_S_cm)
    assert np.all(np.diff(prediction.ln_std) < 0)  # further from the data, less certain


def test_the_model_error_does_not_average_out():
    errors = np.full(5, 1e-4)
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), errors, model_error=0.10)
    assert fit.predict(700.0).ln_std == pytest.approx(0.10, rel=0.01)
    without = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), errors, model_error=0.0)
    assert without.predict(700.0).ln_std < 1e-3
    assert fit.activation_energy_std_eV == without.activation_energy_std_eV


def test_scatter_above_the_errors_widens_them():
    scatter = np.exp(0.3 * np.array([1, -1, 1, -1, 1]))
    quiet = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.05), model_error=0)
    noisy = fit_arrhenius(
        TEMPERATURES_K, line(TEMPERATURES_K) * scatter, np.full(5, 0.05), model_error=0
    )
    assert noisy.chi2_reduced > 1
    assert noisy.activation_energy_std_eV == pytest.approx(
        quiet.activation_energy_std_eV * np.sqrt(noisy.chi2_reduced)
    )
    half_width = np.log(noisy.predict(300.0).upper_S_cm / noisy.predict(300.0).conductivity_S_cm)
    # Student's t with 5 degrees of freedom, 97.5 %, from a table.
    assert half_width == pytest.approx(2.571 * noisy.predict(300.0).ln_std, rel=1e-3)
    lower, upper = noisy.activation_energy_interval_eV
    assert (upper - lower) / 2 == pytest.approx(2.571 * noisy.activation_energy_std_eV, rel=1e-3)
    lower, upper = quiet.activation_energy_interval_eV
    assert (upper - lower) / 2 == pytest.approx(1.960 * quiet.activation_energy_std_eV, rel=1e-3)


@pytest.mark.parametrize("temperatures", [[600.0], [600.0, 800.0], [600.0, 600.0, 800.0]])
def test_fewer_than_three_temperatures_give_no_numbers(temperatures):
    temperatures = np.array(temperatures)
    fit = fit_arrhenius(temperatures, line(temperatures), np.full(len(temperatures), 0.1))
    assert fit.status == "not_converged"
    assert "at least 3 needed" in fit.reasons[0]
    assert fit.activation_energy_eV is None
    assert fit.covariance is None
    with pytest.raises(InputError, match="at least 3 needed"):
        fit.predict(300.0)


def test_a_negative_energy_is_unphysical():
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K, energy_eV=-0.1), np.full(5, 0.1))
    assert fit.status == "unphysical"
    assert "-0.100" in fit.reasons[0]
    with pytest.raises(InputError, match="unphysical"):
        fit.predict(300.0)


def test_a_kink_is_found_and_not_crossed():
    temperatures = np.linspace(400.0, 1000.0, 8)
    fit = fit_arrhenius(temperatures, kinked(temperatures), np.full(8, 0.05))
    assert fit.status == "not_converged"
    # Two lines without noise meet where they were made to.
    assert fit.kink_temperature_K == pytest.approx(650.0, abs=0.1)
    assert fit.kink.form == "kink"
    assert fit.kink.below.activation_energy_eV == pytest.approx(0.5)
    assert fit.kink.above.activation_energy_eV == pytest.approx(0.25)
    assert 0 < fit.kink.below.activation_energy_std_eV < 0.05
    assert (fit.kink.below.temperature_max_K, fit.kink.below.n_points) == (
        pytest.approx(temperatures[2]),
        3,
    )
    assert any("the slope changes near" in reason for reason in fit.reasons)
    assert any("0.500 ± " in reason for reason in fit.reasons)
    assert fit.activation_energy_eV is None
    with pytest.raises(InputError, match="do not extrapolate"):
        fit.predict(300.0)


def test_a_step_is_found_although_the_slopes_are_equal():
    temperatures = np.linspace(400.0, 1000.0, 8)
    jumped = line(temperatures) * np.where(temperatures > 700.0, 30.0, 1.0)
    fit = fit_arrhenius(temperatures, jumped, np.full(8, 0.1))
    assert fit.status == "not_converged"
    assert fit.kink.form == "step"
    # Halfway in 1/T between the points at 657 and 743 K.
    assert fit.kink_temperature_K == pytest.approx(697.0, abs=1.0)
    assert "breaks in a step" in fit.reasons[0]
    assert fit.kink.below.activation_energy_eV == pytest.approx(0.3)
    assert fit.kink.above.activation_energy_eV == pytest.approx(0.3)


def test_a_bend_is_read_as_a_vogel_law_and_not_extrapolated():
    temperatures = np.linspace(300.0, 500.0, 8)
    vogel = np.exp(5.0 - 0.08 / (BOLTZMANN_EV_PER_K * (temperatures - 200.0))) / temperatures
    fit = fit_arrhenius(temperatures, vogel, np.full(8, 0.05))
    assert fit.status == "not_converged"
    assert fit.vogel.is_preferred
    assert "a Vogel law with T0 = 200" in fit.reasons[0]
    with pytest.raises(InputError, match="do not extrapolate a line"):
        fit.predict(250.0)


def test_a_straight_series_has_a_vogel_law_that_is_not_preferred():
    temperatures = np.linspace(400.0, 1000.0, 8)
    fit = fit_arrhenius(temperatures, line(temperatures), np.full(8, 0.1))
    assert fit.status == "converged"
    assert not fit.vogel.is_preferred
    assert fit.vogel.bic > 0


def test_five_points_are_too_few_to_tell_a_kink():
    fit = fit_arrhenius(TEMPERATURES_K, kinked(TEMPERATURES_K), np.full(5, 0.05))
    assert fit.kink_temperature_K is None
    assert fit.vogel is None
    assert fit.chi2_reduced > 1


def test_a_bend_within_the_errors_is_no_kink():
    temperatures = np.linspace(400.0, 1000.0, 8)
    bent = kinked(temperatures, below_eV=0.31, above_eV=0.30)
    assert fit_arrhenius(temperatures, bent, np.full(8, 0.1)).kink_temperature_K is None


def test_repeated_temperatures_do_not_break_the_kink_test():
    temperatures = np.array([500.0, 500, 500, 900, 900, 900, 700])
    fit = fit_arrhenius(temperatures, line(temperatures), np.full(7, 0.1))
    assert fit.status == "converged"


@pytest.mark.parametrize(
    ("temperatures", "sigma", "errors", "message"),
    [
        ([300.0, -1, 500], [1, 1, 1], [0.1] * 3, "temperatures_K is -1 K"),
        ([300.0, 400, 500], [1, 0, 1], [0.1] * 3, "conductivities_S_cm is 0"),
        ([300.0, 400, 500], [1, np.nan, 1], [0.1] * 3, "conductivities_S_cm is nan"),
        ([300.0, 400, 500], [1, 1, 1], [0.1, 0.0, 0.1], "relative_errors is 0"),
        ([300.0, 400, 500], [1, 1, 1], [0.1], "shapes"),
        ([], [], [], "empty"),
        ([300.0, 400, 500], [1, 1, 1], [[0.1, 0.2], [1.0, 0.3], [0.1, 0.1]], "goes 1 below"),
    ],
)
def test_wrong_points_are_refused(temperatures, sigma, errors, message):
    with pytest.raises(InputError, match=message):
        fit_arrhenius(temperatures, sigma, errors)


def test_a_wrong_model_error_or_temperature_is_refused():
    points = (TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.1))
    with pytest.raises(InputError, match=r"model_error is -0\.1"):
        fit_arrhenius(*points, model_error=-0.1)
    with pytest.raises(InputError, match="temperature_K is 0 K"):
        fit_arrhenius(*points).predict(0.0)


def test_a_line_of_diffusivities_has_no_factor_of_temperature():
    diffusivities = 1e-3 * np.exp(-0.25 / (BOLTZMANN_EV_PER_K * TEMPERATURES_K))
    fit = fit_diffusivity_arrhenius(TEMPERATURES_K, diffusivities, np.full(5, 0.05))
    assert fit.quantity == "diffusivity"
    assert fit.activation_energy_eV == pytest.approx(0.25)
    prediction = fit.predict_diffusivity([300.0, 700.0])
    assert prediction.diffusivity_cm2_s[1] == pytest.approx(diffusivities[2])
    assert np.all(prediction.lower_cm2_s < prediction.diffusivity_cm2_s)
    with pytest.raises(InputError, match="call predict_diffusivity"):
        fit.predict(300.0)
    conductivity = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.05))
    with pytest.raises(InputError, match="cannot give the diffusivity"):
        conductivity.predict_diffusivity(300.0)


def test_asymmetric_errors_are_those_of_the_logarithm():
    up, down = np.expm1(0.2), -np.expm1(-0.2)
    asymmetric = np.tile([down, up], (5, 1))
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), asymmetric)
    symmetric = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.2))
    assert fit.activation_energy_eV == pytest.approx(0.3)
    assert fit.activation_energy_std_eV == pytest.approx(symmetric.activation_energy_std_eV)


def test_an_error_to_one_side_moves_the_point():
    errors = np.tile([0.1, 0.1], (5, 1))
    errors[0] = [0.6, 0.1]
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), errors)
    # The coldest point may be lower than it was drawn: the slope is steeper.
    assert fit.activation_energy_eV > 0.3


def test_a_line_above_an_upper_bound_is_not_extrapolated():
    errors = np.full(5, 0.05)
    bound = [[400.0, 0.2 * line(400.0)]]
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), errors, upper_bounds=bound)
    assert fit.status == "not_converged"
    assert "at 400 K" in fit.reasons[0]
    assert fit.activation_energy_eV is None
    loose = [[400.0, 1.5 * line(400.0)]]
    fit = fit_arrhenius(TEMPERATURES_K, line(TEMPERATURES_K), errors, upper_bounds=loose)
    assert fit.status == "converged"
    assert fit.activation_energy_eV == pytest.approx(0.3)


def test_wrong_bounds_are_refused():
    points = (TEMPERATURES_K, line(TEMPERATURES_K), np.full(5, 0.1))
    with pytest.raises(InputError, match=r"upper_bounds has shape \(2,\)"):
        fit_arrhenius(*points, upper_bounds=[400.0, 1e-3])
    with pytest.raises(InputError, match="upper_bounds is 0"):
        fit_arrhenius(*points, upper_bounds=[[400.0, 0.0]])
