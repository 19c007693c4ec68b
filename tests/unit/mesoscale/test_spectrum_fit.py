from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.mesoscale import (
    Arc,
    CeramicConstants,
    Circuit,
    ConstantPhaseElement,
    SampleGeometry,
    choose_circuit,
    derive_conductivities,
    fit_circuit,
    impedance_spectrum,
)
from perolyte.mesoscale._spectrum_problem import SpectrumProblem
from perolyte.mesoscale.spectrum_guess import CircuitForm
from support.spectra import AREA_CM2, ELECTRODE, LENGTH_CM, TRUTH, make_circuit, make_spectrum

GEOMETRY = SampleGeometry(LENGTH_CM, AREA_CM2)
SPECIFIC = "boundary conductivity (specific, capacitances)"


def test_without_noise_the_circuit_comes_back():
    circuit = make_circuit()
    fit = fit_circuit(*make_spectrum(circuit), n_arcs=2, has_electrode=True)
    assert fit.converged
    assert fit.relative_noise < 1e-6
    for found, true in zip(fit.circuit.arcs, circuit.arcs, strict=True):
        assert found.resistance_ohm == pytest.approx(true.resistance_ohm, rel=1e-4)
        assert found.element.exponent == pytest.approx(true.element.exponent, abs=1e-4)
    assert fit.circuit.electrode is not None
    assert fit.circuit.electrode.coefficient == pytest.approx(ELECTRODE.coefficient, rel=1e-4)


def test_the_derivatives_are_those_of_the_model():
    frequency, impedance = make_spectrum(make_circuit(), noise=0.01)
    problem = SpectrumProblem(frequency, impedance, CircuitForm(2, True, True))
    values = np.array([7.0, -16.0, 0.9, 10.0, -7.0, 0.8, 11.0, 0.7, 3.0])
    exact = problem.jacobian(values)
    for k in range(values.size):
        step = 1e-6 * np.eye(values.size)[k]
        slope = (problem.residuals(values + step) - problem.residuals(values - step)) / 2e-6
        assert np.allclose(exact[:, k], slope, rtol=1e-5, atol=1e-8)


def test_an_ideal_arc_has_an_exponent_of_one_without_error():
    ideal = CeramicConstants(1e-4, 1e-8, 2000.0, 2.0)
    fit = fit_circuit(*make_spectrum(make_circuit(ideal, electrode=None)), n_arcs=2)
    assert fit.at_limit == ("n1", "n2")
    assert np.all(fit.covariance[2] == 0.0)
    assert fit.circuit.arcs[0].element.exponent == 1.0


@pytest.mark.parametrize("noise", [1e-3, 1e-2])
@pytest.mark.parametrize(
    ("circuit", "n_arcs", "has_electrode", "has_series"),
    [
        (make_circuit(), 2, True, False),
        (make_circuit(electrode=None), 2, False, False),
        (Circuit(make_circuit().arcs[1:], ELECTRODE, 300.0), 1, True, True),
        (Circuit((), ELECTRODE, 300.0), 0, True, True),
    ],
)
def test_evidence_finds_the_elements(circuit, n_arcs, has_electrode, has_series, noise):
    chosen = choose_circuit(*make_spectrum(circuit, noise=noise, seed=5)).fit
    assert len(chosen.circuit.arcs) == n_arcs
    assert (chosen.circuit.electrode is not None) == has_electrode
    assert (chosen.circuit.series_resistance_ohm > 0) == has_series
    assert chosen.relative_noise == pytest.approx(noise, rel=0.3)
    assert abs(chosen.autocorrelation) < 0.4


def test_arcs_that_merge_are_correlated():
    element = ConstantPhaseElement(1e-9, 0.9)
    close = Circuit((Arc(1e4, element), Arc(1e4, ConstantPhaseElement(4e-9, 0.9))))
    fit = fit_circuit(*make_spectrum(close, noise=2e-3, seed=1), n_arcs=2)
    pairs = fit.correlated(0.95)
    assert pairs
    assert pairs == tuple(sorted(pairs, key=lambda pair: -abs(pair[2])))
    assert ("ln R1", "ln R2") in {pair[:2] for pair in pairs}


@pytest.mark.parametrize(("factor", "n_arcs"), [(3.0, 2), (1.0, 1)])
def test_equal_arcs_are_told_apart_by_their_times(factor, n_arcs):
    elements = (ConstantPhaseElement((1e-5 * k) ** 0.9 / 1e4, 0.9) for k in (1.0, factor))
    circuit = Circuit(tuple(Arc(1e4, element) for element in elements))
    chosen = choose_circuit(*make_spectrum(circuit, highest=1e7, noise=5e-3, seed=2)).fit
    assert len(chosen.circuit.arcs) == n_arcs


def test_boundaries_of_large_grains_are_taken_with_a_warning():
    large = CeramicConstants(1e-4, 1e-8, 20000.0, 1.0)
    frequency, impedance = make_spectrum(make_circuit(large, electrode=None), noise=1e-3)
    found = derive_conductivities(choose_circuit(frequency, impedance).fit, frequency, GEOMETRY)
    assert found.roles.roles == ("bulk", "boundary")
    assert "an electrode can have this capacitance too" in found.warnings[0]


def test_a_wrong_circuit_is_seen_in_its_residuals():
    fit = fit_circuit(*make_spectrum(make_circuit(), noise=1e-3), n_arcs=1, has_electrode=True)
    assert fit.autocorrelation > 0.5


def test_conductivities_of_a_ceramic_with_their_labels():
    frequency, impedance = make_spectrum(make_circuit(), noise=2e-3)
    fit = choose_circuit(frequency, impedance).fit
    sizes = SampleGeometry(LENGTH_CM, AREA_CM2, grain_size_nm=2000.0, boundary_thickness_nm=2.0)
    found = derive_conductivities(fit, frequency, sizes)
    assert found.roles.roles == ("bulk", "boundary")
    expected = {
        "bulk conductivity": (1e-4, "fitted"),
        "boundary conductivity (apparent)": (1e-5, "fitted"),
        "total conductivity": (1 / 1.1e5, "fitted"),
        "blocking factor": (1 / 1.1, "fitted"),
        "bulk permittivity": (100.0, "fitted"),
        "boundary thickness over grain size": (1e-3, "assumed"),
        "boundary thickness": (2.0, "assumed"),
        SPECIFIC: (1e-8, "assumed"),
        "boundary conductivity (specific, sizes)": (1e-8, "assumed"),
    }
    assert [value.name for value in found.values] == list(expected)
    for value in found.values:
        true, label = expected[value.name]
        assert value.value == pytest.approx(true, rel=0.02)
        assert value.lower < value.value < value.upper
        assert value.label == label
        assert bool(value.assumption) == (label == "assumed")
    assert found.warnings == ()


def test_a_window_that_misses_the_bulk_arc_says_so_and_takes_the_intercept():
    fast = CeramicConstants(1e-3, 1e-8, 2000.0, 2.0, boundary_exponent=0.85)
    frequency, impedance = make_spectrum(make_circuit(fast), highest=1e5, n=41, noise=5e-3)
    fit = choose_circuit(frequency, impedance).fit
    assert fit.circuit.label == "R0-p(R1,CPE1)-CPE2"
    found = derive_conductivities(fit, frequency, GEOMETRY)
    text = " ".join(found.warnings)
    assert "up to 1e+05 Hz, misses the bulk arc" in text
    assert "near 1.8e+07 Hz" in text
    bulk = found.find("bulk conductivity")
    assert bulk is not None
    assert bulk.value == pytest.approx(1e-3, rel=0.05)
    assert bulk.label == "assumed"
    assert found.find(SPECIFIC) is None
    assumed = SampleGeometry(LENGTH_CM, AREA_CM2, bulk_permittivity=100.0)
    specific = derive_conductivities(fit, frequency, assumed).find(SPECIFIC)
    assert specific is not None
    assert specific.value == pytest.approx(1e-8, rel=0.05)
    assert "bulk permittivity 100" in specific.assumption


def test_a_top_outside_the_window_is_extrapolated():
    frequency, impedance = make_spectrum(make_circuit(), highest=1e6, n=49, noise=1e-3)
    found = derive_conductivities(choose_circuit(frequency, impedance).fit, frequency, GEOMETRY)
    assert any("top of the bulk arc" in text and "extrapolated" in text for text in found.warnings)


def test_two_arcs_of_one_process_leave_one_unassigned():
    film = make_circuit().arcs[1]
    other = Arc(0.3 * film.resistance_ohm, ConstantPhaseElement(3e-6, 0.95))
    third = Circuit((*make_circuit().arcs, other))
    frequency, impedance = make_spectrum(third, lowest=0.01, n=80)
    fit = fit_circuit(frequency, impedance, n_arcs=3)
    found = derive_conductivities(fit, frequency, SampleGeometry(1e-4 * LENGTH_CM, 100 * AREA_CM2))
    assert "unassigned" in found.roles.roles
    assert any("is in no conductivity" in text for text in found.warnings)


def test_an_inductive_spectrum_has_no_circuit():
    frequency = np.geomspace(1e6, 1.0, 40)
    with pytest.raises(InputError, match="no circuit"):
        choose_circuit(frequency, 1e-3 * frequency * 1j)


def test_every_result_is_the_same_again():
    frequency, impedance = make_spectrum(make_circuit(), noise=0.01)
    first, second = (choose_circuit(frequency, impedance) for _ in range(2))
    assert np.array_equal(first.fit.values, second.fit.values)
    assert first.tried == second.tried


def test_the_order_of_the_frequencies_does_not_matter():
    frequency, impedance = make_spectrum(make_circuit(), noise=0.01)
    one = fit_circuit(frequency, impedance, n_arcs=2, has_electrode=True)
    other = fit_circuit(frequency[::-1], impedance[::-1], n_arcs=2, has_electrode=True)
    assert np.allclose(one.values, other.values, atol=1e-5)


@pytest.mark.parametrize(
    ("frequency", "impedance", "message"),
    [
        ([1.0, 2.0], [1.0], "lists of one length"),
        ([1.0, 2.0], [1.0, 2.0], "2 frequencies; a fit needs at least 5"),
        ([1.0, 2.0, 3.0, 4.0, -5.0], [1.0] * 5, "frequency_Hz is -5 Hz"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0, 0.0, 1.0, 1.0], "impedance at 3 Hz is 0"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0, np.nan, 1.0, 1.0], "impedance at 3 Hz is nan"),
    ],
)
def test_wrong_spectra_are_refused(frequency, impedance, message):
    with pytest.raises(InputError, match=message):
        fit_circuit(frequency, impedance, n_arcs=1)


def test_impossible_questions_are_refused():
    frequency, impedance = make_spectrum(make_circuit(), n=6)
    with pytest.raises(InputError, match="n_arcs is 5"):
        fit_circuit(frequency, impedance, n_arcs=5)
    with pytest.raises(InputError, match="n_arcs is 0"):
        fit_circuit(frequency, impedance, n_arcs=0)
    with pytest.raises(InputError, match="12 parameters cannot be fitted to 6 frequencies"):
        fit_circuit(frequency, impedance, n_arcs=3, has_electrode=True, has_series=True)
    with pytest.raises(InputError, match="max_arcs is 9"):
        choose_circuit(frequency, impedance, max_arcs=9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length_cm": 0.0}, "length_cm is 0 cm"),
        ({"area_cm2": -1.0}, "area_cm2 is -1 cm²"),
        ({"boundary_thickness_nm": 1.0}, "without a grain size"),
        ({"boundary_thickness_nm": -1.0, "grain_size_nm": 10.0}, "boundary_thickness_nm is -1 nm"),
        ({"boundary_thickness_nm": 20.0, "grain_size_nm": 10.0}, "grain of 10 nm has a boundary"),
        ({"bulk_permittivity": 0.0}, "bulk_permittivity is 0"),
        ({"permittivity_ratio": np.inf}, "permittivity_ratio is inf"),
    ],
)
def test_impossible_samples_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        SampleGeometry(**{"length_cm": 0.1, "area_cm2": 0.5, **changes})


def test_truth_of_the_support_module():
    # the spectra of these tests are of the constants that they say
    frequency, impedance = make_spectrum(make_circuit(electrode=None), lowest=1e-3)
    total = LENGTH_CM / AREA_CM2 * (1 / TRUTH.bulk_S_cm + 1e-3 / TRUTH.boundary_S_cm)
    assert impedance[-1].real == pytest.approx(total, rel=1e-3)
    assert impedance_spectrum(frequency, make_circuit()).shape == (56,)
