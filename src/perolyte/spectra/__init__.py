"""Measured impedance spectra: reading them from tables, and testing them before a fit."""

from perolyte.spectra.kramers_kronig import KramersKronigResult, check_kramers_kronig
from perolyte.spectra.reading import IMAGINARY_NAMES, ImpedanceSpectrum, read_spectrum

__all__ = [
    "IMAGINARY_NAMES",
    "ImpedanceSpectrum",
    "KramersKronigResult",
    "check_kramers_kronig",
    "read_spectrum",
]
