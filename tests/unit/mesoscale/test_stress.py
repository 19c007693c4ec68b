from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.mesoscale import (
    activation_energy_shift_eV,
    fit_activation_volume,
    migration_volume_tensor_A3,
    stress_factor,
    thermal_misfit_stress_GPa,
)
from perolyte.units import EV_PER_A3_TO_GPA

PRESSURES = np.linspace(0.0, 2.0, 5)
ENERGIES = 0.33 + 2.7 / EV_PER_A3_TO_GPA * PRESSURES


def test_compression_slows_and_tension_speeds():
    factors = stress_factor(
        activation_volume_A3=2.7, pressure_GPa=[1.0, 0.0, -1.0], temperature_K=300.0
    )
    assert factors[0] < factors[1] == 1.0 < factors[2]
    assert factors[0] * factors[2] == pytest.approx(1.0)


def test_only_the_stress_along_the_volume_counts():
    volume = np.diag([3.0, 0.0, 0.0])
    across = activation_energy_shift_eV(
        np.diag([0.0, 5.0, -5.0]), migration_volume_tensor_A3=volume
    )
    along = activation_energy_shift_eV(np.diag([1.0, 0.0, 0.0]), migration_volume_tensor_A3=volume)
    assert across == 0.0
    assert along == pytest.approx(-3.0 / EV_PER_A3_TO_GPA)


def test_the_slope_of_a_line_is_found_with_its_error():
    exact = fit_activation_volume(PRESSURES, ENERGIES)
    assert exact.activation_volume_A3 == pytest.approx(2.7)
    assert exact.energy_at_zero_eV == pytest.approx(0.33)
    assert exact.activation_volume_std_A3 == pytest.approx(0.0, abs=1e-9)
    weighted = fit_activation_volume(PRESSURES, ENERGIES, energy_errors_eV=np.full(5, 0.01))
    expected = 0.01 / np.sqrt(np.sum((PRESSURES - PRESSURES.mean()) ** 2)) * EV_PER_A3_TO_GPA
    assert weighted.activation_volume_std_A3 == pytest.approx(expected)
    assert weighted.chi2_reduced == pytest.approx(0.0, abs=1e-9)


def test_two_points_have_no_error_of_their_own():
    assert fit_activation_volume([0.0, 1.0], [0.3, 0.32]).activation_volume_std_A3 is None


def test_a_grain_that_shrinks_more_than_its_surroundings_is_pulled():
    # on cooling a grain of larger expansion contracts more, and is held back: tension
    given = {"youngs_modulus_GPa": 200.0, "poisson_ratio": 0.25, "temperature_change_K": -1000.0}
    assert thermal_misfit_stress_GPa(**given, expansion_difference_1_K=-1e-6) > 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: stress_factor(activation_volume_A3=1.0, pressure_GPa=1.0, temperature_K=0.0),
            "temperature_K is 0 K",
        ),
        (
            lambda: stress_factor(
                activation_volume_A3=1.0, pressure_GPa=np.inf, temperature_K=300.0
            ),
            "pressure_GPa is inf GPa",
        ),
        (
            lambda: activation_energy_shift_eV(
                np.triu(np.ones((3, 3))), migration_volume_tensor_A3=np.eye(3)
            ),
            "stress_GPa is not symmetric",
        ),
        (
            lambda: activation_energy_shift_eV(np.eye(2), migration_volume_tensor_A3=np.eye(3)),
            r"stress_GPa has shape \(2, 2\)",
        ),
        (
            lambda: migration_volume_tensor_A3(
                compliance_1_GPa=np.eye(3),
                saddle_dipole_eV=np.eye(3),
                initial_dipole_eV=np.eye(3),
            ),
            r"it must be \(6, 6\)",
        ),
        (lambda: fit_activation_volume([1.0, 1.0], [0.3, 0.3]), "two different pressures"),
        (lambda: fit_activation_volume([1.0, 2.0], [0.3]), "lists of one length"),
        (
            lambda: fit_activation_volume([1.0, 2.0], [0.3, 0.4], energy_errors_eV=[0.1, 0.0]),
            "energy_errors_eV is 0 eV",
        ),
        (
            lambda: thermal_misfit_stress_GPa(
                youngs_modulus_GPa=200.0,
                poisson_ratio=0.5,
                expansion_difference_1_K=1e-6,
                temperature_change_K=1.0,
            ),
            r"poisson_ratio is 0\.5",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
