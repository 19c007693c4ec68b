"""Assumed space-charge layers in the map: exact layers, both signs, labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.jobs import build_grain_size_map
from perolyte.mesoscale import (
    CeramicParameters,
    LognormalValue,
    SpaceChargeTerm,
    charged_boundary_conductivity,
    debye_length_nm,
    grain_size_map,
    law_from_value,
    space_charge_profile,
)
from perolyte.mesoscale.space_charge_term import draw_potential_shifts, layer_excess_nm
from perolyte.schemas import GivenSpaceCharge
from perolyte.units import BOLTZMANN_EV_PER_K
from support.ceramics import SimulatedBoundary, make_line, make_settings

CONCENTRATION_CM3, PERMITTIVITY = 1e20, 100.0
BULK_S_CM, BOUNDARY_S_CM, THICKNESS_NM = 1e-3, 1e-5, 1.0
GIVEN = {"potential_V": 0.2, "concentration_cm3": CONCENTRATION_CM3, "source": "a guess"}


def make_map(term, *, temperatures_K=(300.0, 400.0), decades=0.0, n_draws=400):
    return grain_size_map(
        CeramicParameters(
            bulk=law_from_value(BULK_S_CM, temperature_K=300.0, activation_energy_eV=0.3),
            boundary=law_from_value(BOUNDARY_S_CM, temperature_K=300.0, activation_energy_eV=0.4),
            boundary_thickness_nm=LognormalValue(THICKNESS_NM),
            bulk_permittivity=LognormalValue(PERMITTIVITY, decades),
            boundary_permittivity=LognormalValue(PERMITTIVITY),
            space_charge=term,
        ),
        grain_sizes_nm=[100.0, 1000.0],
        temperatures_K=temperatures_K,
        n_draws=n_draws,
        seed=3,
    )


def test_gouy_chapman_layers_add_what_their_exact_integral_says():
    potential_V = 0.15
    plain, charged = make_map(None), make_map(SpaceChargeTerm(potential_V, CONCENTRATION_CM3))
    for column, kelvin in enumerate((300.0, 400.0)):
        length_nm = debye_length_nm(
            temperature_K=kelvin,
            relative_permittivity=PERMITTIVITY,
            concentration_cm3=CONCENTRATION_CM3,
        )
        each_nm = 2 * length_nm * math.expm1(potential_V / (2 * BOLTZMANN_EV_PER_K * kelvin))
        sigma = plain.bulk_S_cm.value[column]
        expected = (
            THICKNESS_NM / plain.boundary_S_cm.value[column] + 2 * each_nm / sigma
        )  # nm cm/S, thickness over conductivity
        found = THICKNESS_NM / charged.boundary_S_cm.value[column]
        assert found == pytest.approx(expected, rel=1e-9)
        for line, size_nm in enumerate((100.0, 1000.0)):
            total = 1 / (1 / sigma + expected / size_nm)
            assert charged.total_S_cm.value[line][column] == pytest.approx(total, rel=1e-9)


def test_core_and_layers_are_those_of_a_charged_boundary():
    """Which counts the bulk that the layers would be without a potential; the map's grains do."""
    term = SpaceChargeTerm(0.12, CONCENTRATION_CM3, model="site_limited", site_fraction=0.3)
    layer = space_charge_profile(
        0.12,
        temperature_K=300.0,
        relative_permittivity=PERMITTIVITY,
        concentration_cm3=CONCENTRATION_CM3,
        model="site_limited",
        site_fraction=0.3,
    )
    known = charged_boundary_conductivity(
        layer, bulk_S_cm=BULK_S_CM, core_thickness_nm=THICKNESS_NM, core_S_cm=BOUNDARY_S_CM
    )
    expected = known.area_resistance_ohm_cm2 - 2 * layer.layer_thickness_nm * 1e-7 / BULK_S_CM
    found = THICKNESS_NM * 1e-7 / make_map(term).boundary_S_cm.value[0]
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", ["gouy_chapman", "site_limited"])
def test_a_positive_potential_blocks_and_a_negative_one_helps(model):
    share = {"site_fraction": 0.1} if model == "site_limited" else {}
    plain, blocking, helping = (
        make_map(SpaceChargeTerm(V, CONCENTRATION_CM3, model=model, **share)).boundary_S_cm.value
        for V in (0.0, 0.1, -0.05)
    )
    assert plain == pytest.approx(make_map(None).boundary_S_cm.value)
    assert (blocking < plain).all()
    assert (helping > plain).all()


def test_the_error_of_the_potential_enters_and_other_draws_stay():
    term = SpaceChargeTerm(0.15, CONCENTRATION_CM3, potential_std_V=0.03)
    sure = make_map(SpaceChargeTerm(0.15, CONCENTRATION_CM3)).boundary_S_cm
    assert sure.upper == pytest.approx(sure.lower)
    unsure = make_map(term).boundary_S_cm
    ends = [
        make_map(SpaceChargeTerm(0.15 + sign * 1.96 * 0.03, CONCENTRATION_CM3)).boundary_S_cm.value
        for sign in (1, -1)
    ]
    # quantiles of 400 draws on a hypercube: the ends of the interval to a few per cent
    assert unsure.lower == pytest.approx(ends[0], rel=0.06)
    assert unsure.upper == pytest.approx(ends[1], rel=0.06)
    assert abs(np.std(draw_potential_shifts(term, 400, 3)) - 0.03) < 0.002
    with_errors = [make_map(given, decades=0.3).bulk_peak_Hz for given in (None, term)]
    assert with_errors[0].lower == pytest.approx(with_errors[1].lower)


def test_the_table_of_potentials_is_exact_enough():
    term = SpaceChargeTerm(0.05, CONCENTRATION_CM3, potential_std_V=0.05)
    potentials_V = np.linspace(-0.1, 0.25, 50)
    permittivity = np.linspace(50.0, 200.0, 50)
    kelvin = np.array([300.0])
    found = layer_excess_nm(term, kelvin, potentials_V, permittivity)[:, 0]
    exact = [
        layer_excess_nm(term, kelvin, np.array([V]), np.array([eps]))[0, 0]
        for V, eps in zip(potentials_V, permittivity, strict=True)
    ]
    # beside errors of tens of per cent; a picometre where layers vanish
    assert found == pytest.approx(exact, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SpaceChargeTerm(0.2, 1e20, model="mott_schottky"), "either sign"),
        (lambda: SpaceChargeTerm(9.0, 1e20), "potential_V"),
        (lambda: SpaceChargeTerm(0.2, 1e20, potential_std_V=-0.1), "potential_std_V"),
        (lambda: make_map(SpaceChargeTerm(0.2, -1.0)), "concentration_cm3"),
        (lambda: make_map(SpaceChargeTerm(-0.3, 1e10)), "more than the boundary resists"),
    ],
)
def test_refusals_are_one_line(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_map_shows_simulated_boundaries_with_and_without_layers_and_says_which():
    simulated = SimulatedBoundary(
        candidate="Li0.33La0.56TiO3", arrhenius=make_line(0.35, ln_prefactor=7.0)
    )
    settings = make_settings(space_charge=GivenSpaceCharge(**GIVEN, potential_std_V=0.02))
    document = build_grain_size_map([], settings, boundaries=[simulated], seed=1)
    rows = {row.boundary: row for row in document.maps.boundaries}
    assert list(rows) == ["Σ5 (310)", "Σ5 (310) + space charge", "grain boundary"]
    plain, charged, given = rows.values()
    assert (plain.label, charged.label, given.label) == ("computed", "assumed", "literature")
    assert charged.conductivity_S_cm < plain.conductivity_S_cm
    assert charged.activation_energy_eV is None
    assert "a guess" in charged.source
    entered = {
        material.boundary: {quantity.name: quantity for quantity in material.parameters}
        for material in document.maps.materials
    }
    potential = entered["Σ5 (310) + space charge"]["space-charge potential (gouy_chapman)"]
    assert (potential.value, potential.label, potential.unit) == (0.2, "assumed", "V")
    assert potential.upper == pytest.approx(0.2 + 1.96 * 0.02)
    assert not any("space-charge" in name for name in entered["Σ5 (310)"])
    # what is beside them does not change
    without = build_grain_size_map([], make_settings(), boundaries=[simulated], seed=1)
    assert without.maps.boundaries[0] == plain
    assert without.maps.boundaries[1] == given
    dense = make_settings(space_charge=GivenSpaceCharge(**GIVEN | {"concentration_cm3": 5.75e21}))
    warned = build_grain_size_map([], dense, boundaries=[simulated], seed=1).warnings
    assert any(text.startswith("space charge: ") for text in warned)
