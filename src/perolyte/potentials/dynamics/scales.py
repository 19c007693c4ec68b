"""Units of the integrators: eV, Å, fs, and masses in eV fs²/Å², so that a = F/m needs no factor."""

from __future__ import annotations

from perolyte.units import AMU_KG, ELEMENTARY_CHARGE_C, M_PER_S_TO_A_PER_FS

__all__ = ["MASS_PER_AMU"]

MASS_PER_AMU = AMU_KG / ELEMENTARY_CHARGE_C / M_PER_S_TO_A_PER_FS**2
"""eV fs²/Å² per atomic mass unit."""
