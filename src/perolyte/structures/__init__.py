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
from perolyte.structures.geometry import find_site_distance, orient_upper_triangular
from perolyte.structures.ordering import OrderedParentResult, build_ordered_parent
from perolyte.structures.oxidation import (
    COMMON_STATES,
    OxidationResult,
    assign_oxidation_states,
    net_charge,
    read_oxidation_states,
)
from perolyte.structures.reference_oxides import (
    ReferenceOxide,
    available_reference_oxides,
    oxide_reaction,
    reference_oxide,
)
from perolyte.structures.roles import SiteRoles, resolve_roles
from perolyte.structures.thermal import add_thermal_velocities
from perolyte.structures.vacancies import Vacancy, VacancyResult, enumerate_vacancies

__all__ = [
    "COMMON_STATES",
    "FRACTION_BASES",
    "SCHEMES",
    "VACANCY_A",
    "CompensationScheme",
    "Doping",
    "DopingResult",
    "OrderedParentResult",
    "OxidationResult",
    "ParsedStructure",
    "ReferenceOxide",
    "SiteRoles",
    "Vacancy",
    "VacancyResult",
    "add_thermal_velocities",
    "apply_scheme",
    "assign_oxidation_states",
    "available_reference_oxides",
    "build_ordered_parent",
    "compute_ewald_energies",
    "compute_ewald_matrix",
    "enumerate_dopings",
    "enumerate_vacancies",
    "find_neutral_schemes",
    "find_site_distance",
    "get_scheme",
    "net_charge",
    "orient_upper_triangular",
    "oxide_reaction",
    "read_oxidation_states",
    "read_structure",
    "reference_oxide",
    "resolve_roles",
    "write_reaction",
]
