"""Impedance spectra with a known truth, and files of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perolyte.mesoscale import (
    CeramicConstants,
    Circuit,
    ConstantPhaseElement,
    ceramic_circuit,
    impedance_spectrum,
)

LENGTH_CM, AREA_CM2 = 0.1, 0.5
TRUTH = CeramicConstants(
    1e-4,
    1e-8,
    grain_size_nm=2000.0,
    boundary_thickness_nm=2.0,
    bulk_exponent=0.95,
    boundary_exponent=0.85,
)
ELECTRODE = ConstantPhaseElement(2e-6, 0.85)


def make_circuit(constants=TRUTH, *, electrode=ELECTRODE) -> Circuit:
    return ceramic_circuit(constants, length_cm=LENGTH_CM, area_cm2=AREA_CM2, electrode=electrode)


def make_spectrum(circuit, *, highest=1e8, lowest=1.0, n=56, noise=0.0, seed=0):
    """Return frequencies (falling) and impedances with noise in proportion to their size."""
    frequency = np.geomspace(highest, lowest, n)
    clean = impedance_spectrum(frequency, circuit)
    real, imaginary = np.random.default_rng(seed).normal(size=(2, n))
    return frequency, clean + noise * np.abs(clean) * (real + 1j * imaginary)


def write_spectrum(
    path: Path,
    frequency,
    impedance,
    *,
    titles="freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm",
    head=f"# length_cm = {LENGTH_CM}\n# area_cm2 = {AREA_CM2}\n# temperature_K = 300\n",
) -> Path:
    rows = (
        f"{f:.8g},{z.real:.8g},{-z.imag:.8g}\n" for f, z in zip(frequency, impedance, strict=True)
    )
    path.write_text(f"{head}{titles}\n{''.join(rows)}", encoding="utf-8")
    return path
