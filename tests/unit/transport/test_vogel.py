from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport.vogel import fit_vogel
from perolyte.units import BOLTZMANN_EV_PER_K

TEMPERATURES_K = np.linspace(300.0, 500.0, 8)
ERRORS = np.full(8, 0.05)


def vogel(temperatures, pseudo_eV=0.08, vogel_K=200.0):
    return 5.0 - pseudo_eV / (BOLTZMANN_EV_PER_K * (temperatures - vogel_K))


def test_a_perfect_law_is_recovered():
    fit = fit_vogel(TEMPERATURES_K, vogel(TEMPERATURES_K), ERRORS)
    # A bounded search for T0 ends within 1e-5 of its range.
    assert fit.vogel_temperature_K == pytest.approx(200.0, abs=0.1)
    assert fit.pseudo_energy_eV == pytest.approx(0.08, rel=1e-3)
    assert fit.ln_prefactor == pytest.approx(5.0, rel=1e-3)
    assert fit.covariance.shape == (3, 3)
    assert fit.is_preferred
    assert fit.predict(250.0).ln_value == pytest.approx(vogel(250.0), rel=1e-3)


def test_the_apparent_energy_is_the_local_slope():
    fit = fit_vogel(TEMPERATURES_K, vogel(TEMPERATURES_K), ERRORS)
    temperatures = np.array([399.9, 400.1])
    x = -1 / (BOLTZMANN_EV_PER_K * temperatures)
    slope = np.diff(fit.predict(temperatures).ln_value) / np.diff(x)
    assert fit.apparent_energy_eV(400.0) == pytest.approx(slope[0], rel=1e-4)


def test_a_straight_line_has_no_pole():
    straight = 5.0 - 0.3 / (BOLTZMANN_EV_PER_K * TEMPERATURES_K)
    fit = fit_vogel(TEMPERATURES_K, straight, ERRORS)
    assert not fit.is_preferred
    assert fit.vogel_temperature_K == pytest.approx(0.0, abs=1.0)
    assert fit.pseudo_energy_eV == pytest.approx(0.3, rel=1e-2)


def test_a_series_that_is_flatter_in_the_cold_is_no_vogel_law():
    x = -1 / (BOLTZMANN_EV_PER_K * TEMPERATURES_K)
    bent = np.logaddexp(0.2 * (x - x[4]), 0.8 * (x - x[4]))
    fit = fit_vogel(TEMPERATURES_K, bent, ERRORS)
    assert fit.vogel_temperature_K == pytest.approx(0.0, abs=1.0)
    assert not fit.is_preferred


def test_intervals_cover():
    """0.90 is 4 standard deviations of a binomial of 300 below 0.95."""
    rng = np.random.default_rng(0)
    truth = vogel(280.0)
    covered = 0
    for _ in range(300):
        noise = 0.05 * rng.standard_normal(8)
        prediction = fit_vogel(TEMPERATURES_K, vogel(TEMPERATURES_K) + noise, ERRORS).predict(280.0)
        covered += prediction.ln_lower < truth < prediction.ln_upper
    assert covered >= 0.90 * 300


def test_there_is_no_value_below_the_pole():
    fit = fit_vogel(TEMPERATURES_K, vogel(TEMPERATURES_K), ERRORS)
    with pytest.raises(InputError, match="only above its T0 of 200 K"):
        fit.predict([250.0, 190.0])


@pytest.mark.parametrize(
    ("temperatures", "values", "errors", "message"),
    [
        ([300.0, 310, 320, 330], [1.0] * 4, [0.1] * 4, "at least 5 are needed"),
        ([300.0] * 6, [1.0] * 6, [0.1] * 6, "1 distinct temperature"),
        ([300.0, 310, 320, 330, 340], [1.0] * 4, [0.1] * 5, "shapes"),
        ([300.0, 310, 320, 330, 340], [1.0] * 4 + [np.nan], [0.1] * 5, "holds nan"),
        ([300.0, 310, 320, 330, 340], [1.0] * 5, [0.1] * 4 + [0.0], "ln_errors is 0"),
    ],
)
def test_wrong_points_are_refused(temperatures, values, errors, message):
    with pytest.raises(InputError, match=message):
        fit_vogel(temperatures, values, errors)
