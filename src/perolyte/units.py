"""Constants and every unit conversion of perolyte.

Values are CODATA 2018 (exact by the 2019 SI where the SI defines them), doi 10.1063/5.0064853.
Conversions live only here, so that a factor can be wrong in one place at most.
"""

from __future__ import annotations

__all__ = [
    "A2_PER_PS_TO_CM2_PER_S",
    "AMU_KG",
    "AVOGADRO_PER_MOL",
    "A_PER_CM",
    "BOHR_TO_A",
    "BOLTZMANN_EV_PER_K",
    "BOLTZMANN_J_PER_K",
    "CM3_PER_MOL_TO_A3",
    "COULOMB_EV_A",
    "CUBIC_A_TO_CUBIC_CM",
    "ELEMENTARY_CHARGE_C",
    "EV_PER_A2_TO_J_PER_M2",
    "EV_PER_A3_TO_GPA",
    "FS_PER_PS",
    "KBAR_PER_GPA",
    "KELVIN_AT_0_C",
    "M_PER_S_TO_A_PER_FS",
    "NM_PER_A",
    "NM_PER_CM",
    "NM_PER_M",
    "NM_PER_UM",
    "RYDBERG_EV",
    "S_PER_CM_TO_MS_PER_CM",
    "VACUUM_PERMITTIVITY_F_PER_CM",
]

AMU_KG = 1.66053906660e-27
AVOGADRO_PER_MOL = 6.02214076e23
BOLTZMANN_J_PER_K = 1.380649e-23
ELEMENTARY_CHARGE_C = 1.602176634e-19
BOLTZMANN_EV_PER_K = BOLTZMANN_J_PER_K / ELEMENTARY_CHARGE_C
COULOMB_EV_A = 14.399645478
"""e²/(4π ε0) in eV Å."""
VACUUM_PERMITTIVITY_F_PER_CM = 8.8541878128e-14

A2_PER_PS_TO_CM2_PER_S = 1e-4
A_PER_CM = 1e8
BOHR_TO_A = 0.529177210903
CM3_PER_MOL_TO_A3 = 1.0 / 0.602214076
"""Per ion: Avogadro's number is 6.02214076e23 per mol."""
CUBIC_A_TO_CUBIC_CM = 1e-24
EV_PER_A2_TO_J_PER_M2 = 16.02176634
EV_PER_A3_TO_GPA = 160.2176634
FS_PER_PS = 1000.0
KBAR_PER_GPA = 10.0
KELVIN_AT_0_C = 273.15
M_PER_S_TO_A_PER_FS = 1e-5
NM_PER_A = 0.1
NM_PER_CM = 1e7
NM_PER_M = 1e9
NM_PER_UM = 1000.0
RYDBERG_EV = 13.605693122994
S_PER_CM_TO_MS_PER_CM = 1000.0
