"""Crystal structures: read, order, dope and empty them, always neutral and with a reason."""

from perolyte.structures.cif import ParsedStructure, read_structure
from perolyte.structures.compensation import (
    SCHEMES,
    VACANCY_A,
    CompensationScheme,
    apply_scheme,
    find_neutral_schemes,
    get_scheme,
    write_reaction,
)
from perolyte.structures.doping import FRACTION_BASES, Doping, DopingResult, enumerate_dopings
from perolyte.structures.ewald import compute_ewald_energies, compute_ewald_matrix
from perolyte.structures.findings import StructureWarning, WarningCode
from perolyte.structures.geometry import find_site_distance, orient_upper_triangular
from perolyte.structures.ordering import OrderedParentResult, build_ordered_parent
from perolyte.structures.oxidation import (
    COMMON_STATES,
    OxidationResult,
    assign_oxidation_states,
    net_charge,
    read_oxidation_states,
)
from perolyte.structures.oxidation_guess import OxidationGuess, guess_oxidation_states
from perolyte.structures.perovskite import PerovskiteResult, classify_perovskite
from perolyte.structures.radii import IonicRadius, find_ionic_radius, list_tabulated_states
from perolyte.structures.reference_oxides import (
    ReferenceOxide,
    available_reference_oxides,
    oxide_reaction,
    reference_oxide,
)
from perolyte.structures.roles import SiteRoles, resolve_roles
from perolyte.structures.thermal import add_thermal_velocities
from perolyte.structures.tolerance import (
    GOLDSCHMIDT_WINDOW,
    TAU_LIMIT,
    ToleranceFactors,
    bartel_tau,
    goldschmidt_factor,
    tolerance_factors,
)
from perolyte.structures.vacancies import Vacancy, VacancyResult, enumerate_vacancies

__all__ = [
    "COMMON_STATES",
    "FRACTION_BASES",
    "GOLDSCHMIDT_WINDOW",
    "SCHEMES",
    "TAU_LIMIT",
    "VACANCY_A",
    "CompensationScheme",
    "Doping",
    "DopingResult",
    "IonicRadius",
    "OrderedParentResult",
    "OxidationGuess",
    "OxidationResult",
    "ParsedStructure",
    "PerovskiteResult",
    "ReferenceOxide",
    "SiteRoles",
    "StructureWarning",
    "ToleranceFactors",
    "Vacancy",
    "VacancyResult",
    "WarningCode",
    "add_thermal_velocities",
    "apply_scheme",
    "assign_oxidation_states",
    "available_reference_oxides",
    "bartel_tau",
    "build_ordered_parent",
    "classify_perovskite",
    "compute_ewald_energies",
    "compute_ewald_matrix",
    "enumerate_dopings",
    "enumerate_vacancies",
    "find_ionic_radius",
    "find_neutral_schemes",
    "find_site_distance",
    "get_scheme",
    "goldschmidt_factor",
    "guess_oxidation_states",
    "list_tabulated_states",
    "net_charge",
    "orient_upper_triangular",
    "oxide_reaction",
    "read_oxidation_states",
    "read_structure",
    "reference_oxide",
    "resolve_roles",
    "tolerance_factors",
    "write_reaction",
]
