"""Nernst-Einstein values computed beforehand."""

from __future__ import annotations

import pytest

from perolyte.transport import nernst_einstein_conductivity

LAST_DIGIT = 2e-5
"""The reference has five significant digits."""


def test_one_ion_per_100_cubic_angstrom():
    sigma = nernst_einstein_conductivity(
        1e-8, n_ions=1.0, charge=1.0, volume_A3=100.0, temperature_K=300.0
    )
    assert 1000 * sigma == pytest.approx(0.61975, rel=LAST_DIGIT)


def test_diffusivity_behind_one_millisiemens_in_lithium_lanthanum_titanate():
    sigma = nernst_einstein_conductivity(
        2.81e-8, n_ions=1 / 3, charge=1.0, volume_A3=57.96, temperature_K=300.0
    )
    assert 1000 * sigma == pytest.approx(1.0, rel=3e-3)  # 2.81 has three digits
