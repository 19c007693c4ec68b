from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.mesoscale import (
    boundary_fraction,
    brick_layer_conductivity,
    bruggeman_conductivity,
    complex_conductivity,
    hashin_shtrikman_bounds,
    maxwell_garnett_conductivity,
    wiener_bounds,
)

ROUNDING = 1e-9
conductivities = st.floats(-12, 2).map(lambda exponent: 10.0**exponent)
fractions = st.floats(0.0, 1.0)
frequencies = st.floats(-2, 12).map(lambda exponent: 10.0**exponent)
permittivities = st.floats(0, 4).map(lambda exponent: 10.0**exponent)


@given(conductivities, conductivities, fractions)
def test_every_mixture_lies_within_its_bounds(first, second, fraction):
    low, high = wiener_bounds(first, second, second_fraction=fraction)
    tight_low, tight_high = hashin_shtrikman_bounds(first, second, second_fraction=fraction)
    assert low * (1 - ROUNDING) <= tight_low <= tight_high * (1 + ROUNDING)
    assert tight_high <= high * (1 + ROUNDING)
    for mixed in (
        bruggeman_conductivity(first, second, second_fraction=fraction),
        maxwell_garnett_conductivity(first, second, shell_fraction=fraction),
    ):
        assert tight_low * (1 - ROUNDING) <= mixed <= tight_high * (1 + ROUNDING)


@given(conductivities, conductivities, permittivities, permittivities, frequencies, fractions)
def test_the_phase_of_a_mixture_lies_between_those_of_its_parts(
    first, second, epsilon_1, epsilon_2, frequency, fraction
):
    parts = [
        complex_conductivity(s, relative_permittivity=e, frequency_Hz=frequency)
        for s, e in ((first, epsilon_1), (second, epsilon_2))
    ]
    ends = sorted(float(np.angle(part)) for part in parts)
    for mixed in (
        maxwell_garnett_conductivity(*parts, shell_fraction=fraction),
        bruggeman_conductivity(*parts, second_fraction=fraction),
        brick_layer_conductivity(
            bulk_S_cm=parts[0],
            boundary_S_cm=parts[1],
            grain_size_nm=100.0,
            boundary_thickness_nm=100.0 * fraction,
        ),
    ):
        assert ends[0] - ROUNDING <= np.angle(mixed) <= ends[1] + ROUNDING


@given(conductivities, permittivities, frequencies, fractions)
def test_two_equal_phases_are_one(sigma, epsilon, frequency, fraction):
    both = complex_conductivity(sigma, relative_permittivity=epsilon, frequency_Hz=frequency)
    assert maxwell_garnett_conductivity(both, both, shell_fraction=fraction) == pytest.approx(both)
    assert bruggeman_conductivity(both, both, second_fraction=fraction) == pytest.approx(both)


@given(conductivities, conductivities, fractions)
def test_bruggeman_knows_no_order_of_the_phases(first, second, fraction):
    one = bruggeman_conductivity(first, second, second_fraction=fraction)
    other = bruggeman_conductivity(second, first, second_fraction=1.0 - fraction)
    assert one == pytest.approx(other, rel=1e-6)  # the fraction is rounded once more


def test_bruggeman_percolates_at_a_third():
    blocking, conducting = 1e-12, 1.0
    below = bruggeman_conductivity(blocking, conducting, second_fraction=0.30)
    above = bruggeman_conductivity(blocking, conducting, second_fraction=0.36)
    assert below < 1e-10
    assert above == pytest.approx((3 * 0.36 - 1) / 2, rel=1e-6)


def test_the_fraction_of_thin_boundaries_is_three_times_the_ratio():
    phi = boundary_fraction(grain_size_nm=1e6, boundary_thickness_nm=[0.0, 1.0])
    assert phi[0] == 0.0
    assert phi[1] == pytest.approx(3e-6, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first_S_cm": -1.0}, "first_S_cm is -1 S/cm"),
        ({"second_S_cm": 0.0}, "second_S_cm is 0 S/cm"),
        ({"second_fraction": 25.0}, "second_fraction is 25; a share of the volume is from 0 to 1"),
        ({"second_fraction": np.nan}, "second_fraction is nan"),
        ({"first_S_cm": "high"}, "first_S_cm is 'high'; it must be a number"),
        ({"first_S_cm": [1.0, 2.0], "second_S_cm": [1.0] * 3}, "do not broadcast"),
    ],
)
@pytest.mark.parametrize(
    "function", [bruggeman_conductivity, wiener_bounds, hashin_shtrikman_bounds]
)
def test_wrong_input_is_refused(function, changes, message):
    given = {"first_S_cm": 1.0, "second_S_cm": 2.0, "second_fraction": 0.5, **changes}
    with pytest.raises(InputError, match=message):
        function(**given)


def test_complex_conductivities_have_no_two_bounds():
    with pytest.raises(InputError, match="first_S_cm is complex"):
        wiener_bounds(1.0 + 1j, 2.0, second_fraction=0.5)
