"""Boundaries of grains: values known beforehand, limits, and an independent code for circuits."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pytest
from scipy.special import lambertw

from perolyte.mesoscale import (
    CeramicConstants,
    Circuit,
    ConstantPhaseElement,
    SampleGeometry,
    activation_energy_shift_eV,
    apparent_boundary_conductivity,
    arc_frequency_Hz,
    blocking_factor,
    boundary_fraction,
    brick_layer_conductivity,
    bruggeman_conductivity,
    ceramic_circuit,
    charged_boundary_conductivity,
    complex_conductivity,
    debye_length_nm,
    derive_conductivities,
    fit_circuit,
    hashin_shtrikman_bounds,
    impedance_spectrum,
    maxwell_garnett_conductivity,
    migration_volume_tensor_A3,
    mott_schottky_potential_V,
    space_charge_profile,
    specific_boundary_conductivity,
    stress_factor,
    wiener_bounds,
)
from perolyte.units import CM3_PER_MOL_TO_A3, EV_PER_A3_TO_GPA

LAST_DIGIT = 1e-4
"""Tables have four or five significant digits."""
TITANATE = {"temperature_K": 300.0, "relative_permittivity": 100.0, "concentration_cm3": 5.75e21}


@pytest.mark.parametrize(
    ("grain_size_nm", "bruggeman", "maxwell_garnett"),
    [(1000.0, 9.955e-4, 9.0901e-5), (100.0, 9.559e-4, 9.9007e-6), (25.0, 8.335e-4, 2.4961e-6)],
)
def test_bruggeman_misses_the_blocking_film(grain_size_nm, bruggeman, maxwell_garnett):
    phi = boundary_fraction(grain_size_nm=grain_size_nm, boundary_thickness_nm=1.0)
    mixed = bruggeman_conductivity(1e-3, 1e-7, second_fraction=phi)
    coated = maxwell_garnett_conductivity(1e-3, 1e-7, shell_fraction=phi)
    assert mixed == pytest.approx(bruggeman, rel=2e-4)  # four digits in the table
    assert coated == pytest.approx(maxwell_garnett, rel=LAST_DIGIT)
    assert mixed > 10 * coated


def test_bounds_of_a_mixture():
    given = {"first_S_cm": 1.0, "second_S_cm": 10.0, "second_fraction": 0.25}
    assert wiener_bounds(**given) == pytest.approx((1.2903, 3.25), rel=LAST_DIGIT)
    assert hashin_shtrikman_bounds(**given) == pytest.approx((1.6923, 2.7027), rel=LAST_DIGIT)


def test_tops_of_the_arcs():
    assert arc_frequency_Hz(1e-3, relative_permittivity=100.0) == pytest.approx(18.0e6, rel=2e-3)
    assert arc_frequency_Hz(4e-8, relative_permittivity=100.0) == pytest.approx(719.0, rel=1e-3)


@pytest.mark.parametrize(
    ("potential_V", "u", "ratio", "approximation"),
    [(0.2, 7.736, 160.65, 148.01), (0.3, 11.605, 4960.5, 4721.9)],
)
def test_depletion_layers(potential_V, u, ratio, approximation):
    layer = space_charge_profile(potential_V, **TITANATE)
    assert layer.reduced_potential == pytest.approx(u, rel=LAST_DIGIT)
    assert layer.resistivity_ratio == pytest.approx(ratio, rel=LAST_DIGIT)
    reduced = layer.reduced_potential
    assert np.exp(reduced) / (2 * reduced) == pytest.approx(approximation, rel=LAST_DIGIT)
    assert mott_schottky_potential_V(ratio, temperature_K=300.0) == pytest.approx(
        potential_V, rel=LAST_DIGIT
    )


def test_the_inverse_goes_to_lamberts_function():
    # u = -W₋₁(-1/(2 r)) inverts exp(u)/(2 u), which is 1/(2 u) too low: 0.5 % of u at u = 14
    exact = mott_schottky_potential_V(1e6, temperature_K=300.0) / 0.025852
    approximate = float(-lambertw(-1 / 2e6, k=-1).real)
    assert exact == pytest.approx(approximate, rel=5e-3)


@pytest.mark.parametrize(("permittivity", "width_nm"), [(30, 0.42), (100, 0.76), (300, 1.32)])
def test_width_of_a_depletion_layer(permittivity, width_nm):
    given = {**TITANATE, "relative_permittivity": float(permittivity)}
    assert space_charge_profile(0.3, **given).layer_thickness_nm == pytest.approx(
        width_nm, abs=0.005
    )


def test_excess_resistance_of_mobile_countercharges():
    layer = space_charge_profile(0.2, **TITANATE, model="gouy_chapman")
    assert layer.excess_resistance_nm / layer.debye_length_nm == pytest.approx(
        93.71, rel=LAST_DIGIT
    )
    assert debye_length_nm(**TITANATE) == pytest.approx(0.11, abs=0.005)


def test_pressure_on_the_titanate():
    volume_A3 = 1.65 * CM3_PER_MOL_TO_A3
    factor = stress_factor(activation_volume_A3=volume_A3, pressure_GPa=1.0, temperature_K=300.0)
    assert factor == pytest.approx(0.516, abs=2e-3)
    assert 1000 * volume_A3 / EV_PER_A3_TO_GPA == pytest.approx(17.0, abs=0.2)  # meV per GPa
    volumes_A3 = CM3_PER_MOL_TO_A3 * np.array([1.6, 1.7])
    assert volumes_A3 == pytest.approx([2.66, 2.82], abs=0.005)


def test_a_tensor_under_hydrostatic_pressure_is_its_trace():
    rng = np.random.default_rng(3)
    stiffness = np.diag([315.6, 315.6, 315.6, 121.5, 121.5, 121.5])  # strontium titanate, GPa
    stiffness[:3, :3] += 102.7 * (1 - np.eye(3))
    dipole = rng.normal(size=(3, 3))
    volume = migration_volume_tensor_A3(
        compliance_1_GPa=np.linalg.inv(stiffness),
        saddle_dipole_eV=dipole + dipole.T,
        initial_dipole_eV=np.zeros((3, 3)),
    )
    bulk_modulus_GPa = (315.6 + 2 * 102.7) / 3
    trace = np.trace(dipole + dipole.T) / (3 * bulk_modulus_GPa) * EV_PER_A3_TO_GPA
    assert np.trace(volume) == pytest.approx(trace)
    # a shear of the dipole gives half the engineering strain on each side
    assert volume[0, 1] == pytest.approx((dipole + dipole.T)[0, 1] / (2 * 121.5) * EV_PER_A3_TO_GPA)
    shift = activation_energy_shift_eV(-2.0 * np.eye(3), migration_volume_tensor_A3=volume)
    assert shift == pytest.approx(2.0 * np.trace(volume) / EV_PER_A3_TO_GPA)


def test_the_circuit_is_the_brick_layer_at_every_frequency():
    """The series model with σ + iωε is the circuit of two RC elements, for thin boundaries."""
    constants = CeramicConstants(1e-3, 4e-8, grain_size_nm=1000.0, boundary_thickness_nm=1.0)
    frequency = np.geomspace(1.0, 1e10, 60)
    circuit = ceramic_circuit(constants, length_cm=0.1, area_cm2=0.5)
    total = brick_layer_conductivity(
        bulk_S_cm=complex_conductivity(1e-3, relative_permittivity=100.0, frequency_Hz=frequency),
        boundary_S_cm=complex_conductivity(
            4e-8, relative_permittivity=100.0, frequency_Hz=frequency
        ),
        grain_size_nm=1000.0,
        boundary_thickness_nm=1.0,
    )
    assert np.allclose(impedance_spectrum(frequency, circuit), 0.1 / 0.5 / total, rtol=1e-12)


def test_a_boundary_of_layers_alone_is_the_bulk_over_the_ratio():
    layer = space_charge_profile(0.2, **TITANATE)
    boundary = charged_boundary_conductivity(layer, bulk_S_cm=1e-3)
    assert boundary.specific_S_cm == pytest.approx(1e-3 / layer.resistivity_ratio)
    assert boundary.thickness_nm == pytest.approx(2 * layer.layer_thickness_nm)
    assert boundary.core_share == 0.0


def test_the_impedance_package_has_the_same_circuit():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the plotting libraries it loads
        circuits = pytest.importorskip("impedance.models.circuits")
    circuit = Circuit(
        ceramic_circuit(
            CeramicConstants(
                1e-4,
                1e-8,
                grain_size_nm=2000.0,
                boundary_thickness_nm=2.0,
                boundary_exponent=0.85,
            ),
            length_cm=0.1,
            area_cm2=0.5,
        ).arcs,
        ConstantPhaseElement(2e-6, 0.8),
        series_resistance_ohm=12.0,
    )
    frequency = np.geomspace(1e8, 0.1, 70)
    values = [12.0]
    for arc in circuit.arcs:
        values += [arc.resistance_ohm, arc.element.coefficient, arc.element.exponent]
    values += [2e-6, 0.8]
    theirs = circuits.CustomCircuit(circuit.label, initial_guess=values)
    ours = impedance_spectrum(frequency, circuit)
    with pytest.warns(UserWarning, match="initial parameters"):
        assert np.allclose(theirs.predict(frequency, use_initial=True), ours, rtol=1e-12)
    # and its fit, started at the truth, is no better than ours, which has no start
    noise = np.random.default_rng(0).normal(size=(2, frequency.size))
    noisy = ours + 0.01 * np.abs(ours) * (noise[0] + 1j * noise[1])
    theirs.fit(frequency, noisy, weight_by_modulus=True)
    found = fit_circuit(frequency, noisy, n_arcs=2, has_electrode=True, has_series=True)
    misfits = [
        float(np.sum(np.abs((noisy - fitted) / noisy) ** 2))
        for fitted in (impedance_spectrum(frequency, found.circuit), theirs.predict(frequency))
    ]
    assert misfits[0] <= misfits[1] * (1 + 1e-6)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """500 noisy spectra: 95 % intervals of the conductivities, specific ones among them."""
    constants = CeramicConstants(
        1e-4,
        1e-8,
        grain_size_nm=2000.0,
        boundary_thickness_nm=2.0,
        bulk_exponent=0.95,
        boundary_exponent=0.85,
    )
    circuit = ceramic_circuit(
        constants, length_cm=0.1, area_cm2=0.5, electrode=ConstantPhaseElement(2e-6, 0.85)
    )
    truth = {
        "bulk conductivity": 1e-4,
        "boundary conductivity (apparent)": 1e-5,
        "boundary conductivity (specific, capacitances)": 1e-8,
        "boundary thickness over grain size": 1e-3,
        "total conductivity": 1 / (1e4 + 1e5),
    }
    frequency = np.geomspace(1e7, 1.0, 50)
    clean = impedance_spectrum(frequency, circuit)
    rng = np.random.default_rng(11)
    n_spectra = 500
    hits = dict.fromkeys(truth, 0)
    for _ in range(n_spectra):
        noise = rng.normal(size=(2, frequency.size))
        noisy = clean + 0.01 * np.abs(clean) * (noise[0] + 1j * noise[1])
        fit = fit_circuit(frequency, noisy, n_arcs=2, has_electrode=True)
        found = derive_conductivities(fit, frequency, SampleGeometry(0.1, 0.5))
        for name, value in truth.items():
            measured = found.find(name)
            assert measured is not None
            hits[name] += measured.lower <= value <= measured.upper
    # 95 % of 500 with a standard error of 1 %: three of them to either side
    for name, count in hits.items():
        assert 0.92 <= count / n_spectra <= 0.98, name


@pytest.mark.shared_data
def test_published_ceramics(shared_data):
    """Bulk and boundary of a hot-pressed ceramic, and a boundary given relative to its bulk."""
    with (shared_data / "llto_experiments" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pressed = next(row for row in rows if row["doi_or_report"] == "ARL-TR-7401")
    bulk, apparent = float(pressed["sigma_bulk_S_cm"]), float(pressed["sigma_gb_S_cm"])
    sizes = {
        "grain_size_nm": 1000.0 * float(pressed["grain_size_um"]),
        "boundary_thickness_nm": 1.0,
    }
    specific = specific_boundary_conductivity(apparent, **sizes)
    assert apparent_boundary_conductivity(specific, **sizes) == pytest.approx(apparent)
    total = brick_layer_conductivity(bulk_S_cm=bulk, boundary_S_cm=specific, **sizes)
    assert total == pytest.approx(3.71e-5, rel=2e-3)
    assert blocking_factor(bulk_S_cm=bulk, boundary_S_cm=specific, **sizes) > 0.95
    # the same ceramic as a spectrum comes back from its arcs, without its grain size
    constants = CeramicConstants(bulk, float(specific), **sizes)
    frequency = np.geomspace(1e9, 1.0, 80)
    circuit = ceramic_circuit(constants, length_cm=0.1, area_cm2=1.0)
    fit = fit_circuit(frequency, impedance_spectrum(frequency, circuit), n_arcs=2)
    found = derive_conductivities(fit, frequency, SampleGeometry(0.1, 1.0))
    measured = found.find("boundary conductivity (specific, capacitances)")
    assert measured is not None
    assert measured.value == pytest.approx(float(specific), rel=1e-3)
    # another laboratory: boundaries four orders below the bulk; orders of magnitude, so a decade
    other = next(row for row in rows if "orders below bulk" in row["qualifier"])
    assert abs(np.log10(float(other["sigma_gb_S_cm"]) / specific)) < 1.0
