from __future__ import annotations

import sys

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.mesoscale import CeramicConstants
from perolyte.spectra import check_kramers_kronig
from support.spectra import ELECTRODE, make_circuit, make_spectrum

IDEAL = CeramicConstants(1e-4, 1e-8, 2000.0, 2.0)


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("electrode", [None, ELECTRODE])
def test_circuits_agree_with_themselves(electrode, noise):
    for constants in ({}, {"constants": IDEAL}):
        circuit = make_circuit(**constants, electrode=electrode)
        found = check_kramers_kronig(*make_spectrum(circuit, noise=noise))
        assert found.is_consistent
        # the fit follows some of the noise, and leaves up to a percent of sharp arcs
        assert 0.5 * noise < found.noise < noise + 0.01


def test_a_sample_that_changes_while_it_is_measured_fails():
    frequency, impedance = make_spectrum(make_circuit(), noise=1e-3)
    drifting = impedance * np.linspace(1.0, 1.3, frequency.size)
    found = check_kramers_kronig(frequency, drifting)
    assert not found.is_consistent
    assert found.systematic > 0.015


def test_parts_that_do_not_belong_together_fail():
    frequency, impedance = make_spectrum(make_circuit(electrode=None))
    assert not check_kramers_kronig(frequency, impedance.real + 0.7j * impedance.imag).is_consistent


def test_few_points_are_refused():
    frequency, impedance = make_spectrum(make_circuit(), n=6)
    with pytest.raises(InputError, match="6 frequencies are too few"):
        check_kramers_kronig(frequency, impedance)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "impedance.validation", None)
    with pytest.raises(InputError, match=r"pip install 'perolyte\[impedance\]'"):
        check_kramers_kronig(*make_spectrum(make_circuit()))
