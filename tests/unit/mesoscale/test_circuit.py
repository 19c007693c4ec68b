from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.mesoscale import (
    Arc,
    CeramicConstants,
    Circuit,
    ConstantPhaseElement,
    arc_frequency_Hz,
    ceramic_circuit,
    conductivity_from_resistance,
    impedance_spectrum,
    thickness_ratio_from_capacitances,
)

SIZES = {"length_cm": 0.1, "area_cm2": 0.5}
resistances = st.floats(-3, 9).map(lambda exponent: 10.0**exponent)
coefficients = st.floats(-13, -3).map(lambda exponent: 10.0**exponent)
exponents = st.floats(0.3, 1.0)


@given(resistances, coefficients, exponents)
def test_an_arc_has_its_top_at_its_frequency_and_its_ends_at_zero_and_r(
    resistance, coefficient, exponent
):
    arc = Arc(resistance, ConstantPhaseElement(coefficient, exponent))
    top = arc.peak_frequency_Hz
    at = impedance_spectrum(top * np.array([0.9, 1.0, 1.1, 1e-40, 1e40]), Circuit((arc,)))
    assert -at[1].imag >= max(-at[0].imag, -at[2].imag)
    assert at[1].real == pytest.approx(resistance / 2)
    assert at[3].real == pytest.approx(resistance, rel=1e-6)
    assert abs(at[4]) < 1e-6 * resistance
    assert 2 * np.pi * top * arc.resistance_ohm * arc.capacitance_F == pytest.approx(1.0)


def test_a_capacitor_is_its_own_effective_capacitance():
    assert Arc(1e4, ConstantPhaseElement(1e-9)).capacitance_F == pytest.approx(1e-9)


@given(st.floats(1e-6, 1.0), st.floats(1e-12, 1e-7), exponents)
def test_arcs_of_a_ceramic_carry_its_constants(bulk, boundary, exponent):
    constants = CeramicConstants(
        bulk, boundary, 1000.0, 2.0, boundary_permittivity=150.0, boundary_exponent=exponent
    )
    grain, film = ceramic_circuit(constants, **SIZES).arcs
    assert conductivity_from_resistance(grain.resistance_ohm, **SIZES) == pytest.approx(bulk)
    apparent = conductivity_from_resistance(film.resistance_ohm, **SIZES)
    ratio = thickness_ratio_from_capacitances(
        grain.capacitance_F, film.capacitance_F, permittivity_ratio=1.5
    )
    assert ratio == pytest.approx(0.002)
    assert apparent * ratio == pytest.approx(boundary)
    assert film.peak_frequency_Hz == pytest.approx(
        float(arc_frequency_Hz(boundary, relative_permittivity=150.0))
    )


def test_labels():
    arc = Arc(1.0, ConstantPhaseElement(1e-9))
    assert Circuit((arc, arc), ConstantPhaseElement(1e-6), 2.0).label == (
        "R0-p(R1,CPE1)-p(R2,CPE2)-CPE3"
    )
    assert Circuit((), ConstantPhaseElement(1e-6)).label == "CPE1"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ConstantPhaseElement(0.0), "coefficient is 0 S sⁿ"),
        (lambda: ConstantPhaseElement(1e-9, 1.1), r"exponent is 1\.1"),
        (lambda: Arc(-5.0, ConstantPhaseElement(1e-9)), "resistance_ohm is -5 Ω"),
        (Circuit, "the circuit has no element"),
        (lambda: Circuit(series_resistance_ohm=-1.0), "series_resistance_ohm is -1 Ω"),
        (
            lambda: impedance_spectrum([1.0, 0.0], Circuit(series_resistance_ohm=1.0)),
            "frequency_Hz is 0 Hz",
        ),
        (
            lambda: ceramic_circuit(CeramicConstants(1e-3, 1e-8, 1.0, 2.0), **SIZES),
            "grain of 1 nm has a boundary of 2 nm",
        ),
        (
            lambda: ceramic_circuit(CeramicConstants(1e-3, -1e-8, 10.0, 2.0), **SIZES),
            "conductivity_S_cm is -1e-08 S/cm",
        ),
        (
            lambda: ceramic_circuit(CeramicConstants(1e-3, 1e-8, 10.0, -2.0), **SIZES),
            "boundary of -2 nm",
        ),
        (
            lambda: conductivity_from_resistance(0.0, **SIZES),
            "resistance_ohm is 0 Ω",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
