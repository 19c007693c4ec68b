from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport import fit_arrhenius
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
    # Student's t with 3 degrees of freedom, 97.5 %, from a table.
    assert half_width == pytest.approx(3.182 * noisy.predict(300.0).ln_std, rel=1e-3)


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
    # Points are 86 K apart, and the kink is placed halfway between two of them.
    assert fit.kink_temperature_K == pytest.approx(650.0, abs=60.0)
    assert "the slope changes near" in fit.reasons[0]
    with pytest.raises(InputError, match="do not extrapolate"):
        fit.predict(300.0)


def test_five_points_are_too_few_to_tell_a_kink():
    fit = fit_arrhenius(TEMPERATURES_K, kinked(TEMPERATURES_K), np.full(5, 0.05))
    assert fit.kink_temperature_K is None
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
