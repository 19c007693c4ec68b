from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from perolyte.errors import InputError
from perolyte.mesoscale import (
    charged_boundary_conductivity,
    mott_schottky_potential_V,
    space_charge_profile,
)

DILUTE = {"temperature_K": 600.0, "relative_permittivity": 50.0, "concentration_cm3": 1e18}
VOLT_PER_U = 8.617333e-5 * 600.0
SOLVED = 1e-3
"""Of profiles interpolated between 4001 solved points, against integrals by quadrature."""


def layer(u, model="site_limited", theta=0.3, **given):
    fraction = theta if model == "site_limited" else None
    return space_charge_profile(
        u * VOLT_PER_U, **DILUTE, model=model, site_fraction=fraction, **given
    )


@pytest.mark.parametrize("model", ["mott_schottky", "gouy_chapman", "site_limited"])
def test_without_a_potential_there_is_no_layer(model):
    flat = layer(0.0, model)
    assert np.all(flat.potential_V == 0.0)
    assert flat.resistivity_ratio == flat.conductivity_ratio_along == 1.0
    assert flat.excess_resistance_nm == flat.layer_thickness_nm == 0.0


@given(
    st.floats(0.5, 8.0),
    st.sampled_from([-1.0, 1.0]),
    st.sampled_from(["gouy_chapman", "site_limited"]),
    st.floats(0.01, 0.99),
)
def test_integrals_are_those_of_the_profile(size, sign, model, theta):
    short = layer(sign * size, model, theta)
    far = 8.0 * short.layer_thickness_nm
    long = layer(sign * size, model, theta, distance_nm=np.linspace(0.0, far, 40001))
    ratio = long.concentration_ratio
    local = ratio * (1 - theta * ratio) / (1 - theta) if model == "site_limited" else ratio
    for found, values in (
        (long.excess_resistance_nm, 1 / local - 1),
        (long.excess_conductance_nm, local - 1),
    ):
        # parts of both signs may cancel: against the size of the integrand
        scale = trapezoid(np.abs(values), long.distance_nm)
        assert abs(trapezoid(values, long.distance_nm) - found) < SOLVED * 3 * scale


@pytest.mark.parametrize("model", ["gouy_chapman", "site_limited"])
@pytest.mark.parametrize("u", [-6.0, 6.0])
def test_profiles_solve_poissons_equation(model, u):
    theta = 0.3
    length = layer(u, model, theta).debye_length_nm
    fine = np.linspace(0.0, 3.0, 3001)
    found = layer(u, model, theta, distance_nm=fine * length)
    reduced = found.potential_V / VOLT_PER_U
    curvature = np.gradient(np.gradient(reduced, fine), fine)[5:-5]
    ratio = found.concentration_ratio[5:-5]
    # in Debye lengths: mobile counter-charge sinh(u); frozen one (1 - c/c∞)/2
    charge = np.sinh(reduced[5:-5]) if model == "gouy_chapman" else (1 - ratio) / 2
    middle = slice(100, 2000)
    assert np.allclose(curvature[middle], charge[middle], rtol=0.05, atol=0.02)


def test_half_filled_sites_make_no_difference_between_ions_and_vacancies():
    depleted, enriched = layer(5.0, theta=0.5), layer(-5.0, theta=0.5)
    assert depleted.excess_resistance_nm == pytest.approx(enriched.excess_resistance_nm)
    assert np.allclose(depleted.concentration_ratio, 2.0 - enriched.concentration_ratio)


def test_enrichment_of_dilute_ions_conducts_and_of_dense_ones_blocks():
    assert layer(-4.0, theta=0.01).resistivity_ratio < 1.0
    assert layer(-4.0, theta=0.9).resistivity_ratio > 3.0


def test_few_ions_on_many_sites_deplete_as_mott_and_schottky_say():
    # the exact layer has no sharp edge: excess resistance goes to theirs as u grows
    exact, sharp = layer(12.0, theta=1e-5), layer(12.0, "mott_schottky")
    assert exact.excess_resistance_nm == pytest.approx(sharp.excess_resistance_nm, rel=0.1)


@given(st.floats(1e-3, 0.99), st.floats(-30.0, 30.0))
def test_sites_are_never_overfilled(theta, u):
    ratio = layer(u, theta=theta).concentration_ratio
    assert np.all(ratio * theta <= 1.0 + 1e-12)
    assert np.all(np.diff(ratio) * np.sign(u) >= 0.0)


@given(st.floats(1e-3, 40.0), st.sampled_from([-2.0, 1.0, 2.0]))
def test_the_potential_comes_back_from_the_ratio(u, charge):
    potential = u * VOLT_PER_U / charge
    found = space_charge_profile(potential, **DILUTE, charge=charge)
    back = mott_schottky_potential_V(found.resistivity_ratio, temperature_K=600.0, charge=charge)
    # the ratio is 1 + u/3 for small u: rounding of the ratio is an error of u
    assert back == pytest.approx(potential, rel=1e-9, abs=1e-12)


def test_core_and_layers_are_separate_terms():
    flat, charged = layer(0.0), layer(4.0)
    core = {"bulk_S_cm": 1e-3, "core_thickness_nm": 1.0, "core_S_cm": 1e-7}
    core_alone = charged_boundary_conductivity(flat, **core)
    layers_alone = charged_boundary_conductivity(charged, bulk_S_cm=1e-3)
    both = charged_boundary_conductivity(charged, **core)
    assert core_alone.specific_S_cm == pytest.approx(1e-7)
    assert core_alone.core_share == pytest.approx(1.0)
    assert both.area_resistance_ohm_cm2 == pytest.approx(
        core_alone.area_resistance_ohm_cm2 + layers_alone.area_resistance_ohm_cm2
    )
    assert both.thickness_nm == pytest.approx(1.0 + layers_alone.thickness_nm)
    assert 0.0 < both.core_share < 1.0


def test_doubts_are_said():
    dense = {**DILUTE, "concentration_cm3": 5e21}
    found = space_charge_profile(0.05, **dense)
    assert "below the lattice spacing" in found.warnings[0]
    assert "well above 3" in found.warnings[1]
    assert layer(5.0, "mott_schottky").warnings == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core_potential_V": -0.1}, "attracts the ions; Mott-Schottky is for depletion"),
        ({"core_potential_V": np.nan}, "core_potential_V is nan V"),
        ({"core_potential_V": 1e3}, "give volts"),
        ({"temperature_K": -5.0}, "temperature_K is -5 K"),
        ({"concentration_cm3": 0.0}, "concentration_cm3 is 0"),
        ({"relative_permittivity": 0.5}, "relative_permittivity is 0.5"),
        ({"charge": 0.0}, "charge is 0"),
        ({"model": "linear"}, "'linear'; it must be one of mott_schottky"),
        ({"site_fraction": 0.5}, "'site_limited' needs it and the others do not"),
        ({"model": "site_limited"}, "site_fraction is None"),
        ({"model": "site_limited", "site_fraction": 1.0}, "site_fraction is 1"),
        ({"distance_nm": [1.0, 0.5]}, "it must rise"),
        ({"distance_nm": [-1.0, 0.5]}, "it must rise"),
        ({"distance_nm": 1.0}, "a list of finite numbers"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        space_charge_profile(**{"core_potential_V": 0.3, **DILUTE, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bulk_S_cm": -1e-3}, "bulk_S_cm is -0.001 S/cm"),
        ({"core_thickness_nm": -1.0, "core_S_cm": 1e-7}, "core_thickness_nm is -1 nm"),
        ({"core_thickness_nm": 1.0}, "a core has both"),
        ({"core_S_cm": 1e-7}, "a core has both"),
        ({"core_thickness_nm": 1.0, "core_S_cm": 0.0}, "core_S_cm is 0"),
    ],
)
def test_impossible_cores_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        charged_boundary_conductivity(layer(4.0), **{"bulk_S_cm": 1e-3, **changes})


def test_a_boundary_of_nothing_is_refused():
    with pytest.raises(InputError, match="no thickness"):
        charged_boundary_conductivity(layer(0.0), bulk_S_cm=1e-3)


def test_impossible_ratios_are_refused():
    with pytest.raises(InputError, match=r"resistivity_ratio is 0\.5"):
        mott_schottky_potential_V(0.5, temperature_K=300.0)
    assert mott_schottky_potential_V(1.0, temperature_K=300.0) == 0.0
