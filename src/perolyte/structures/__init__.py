"""Crystal structures: read, order, dope and empty them, always neutral and with a reason."""

from perolyte.structures._host import resolve_sublattices
from perolyte.structures.boundaries import BoundaryCell, BoundarySet, grain_boundary
from perolyte.structures.cif import ParsedStructure, read_structure
from perolyte.structures.compensation import (
    NAMED_COMPENSATIONS,
    Compensation,
    find_compensations,
    get_compensation,
)
from perolyte.structures.defect_pairs import DefectPair
from perolyte.structures.dopant import FRACTION_BASES, Dopant
from perolyte.structures.doping import (
    ALL_SCHEMES,
    DopantAmount,
    Doping,
    DopingResult,
    enumerate_dopings,
    generate_dopings,
)
from perolyte.structures.doping_cells import find_doping_cells
from perolyte.structures.enumeration import (
    ArrangementSet,
    SitePermutations,
    arrange,
    count_arrangements,
    enumerate_arrangements,
    enumerate_complexes,
    find_pair_shells,
    find_site_permutations,
    label_pairs,
    sample_arrangements,
)
from perolyte.structures.ewald import compute_ewald_energies, compute_ewald_matrix
from perolyte.structures.findings import StructureWarning, WarningCode
from perolyte.structures.geometry import find_site_distance, orient_upper_triangular
from perolyte.structures.interstitials import InterstitialSites, find_interstitial_sites
from perolyte.structures.monte_carlo import sample_equilibrium, sample_low_energy
from perolyte.structures.occupation import remove_states
from perolyte.structures.ordering import (
    ORDERING_METHODS,
    OrderedParentResult,
    build_ordered_parent,
    build_ordered_parents,
)
from perolyte.structures.oxidation import (
    COMMON_STATES,
    OxidationResult,
    assign_oxidation_states,
    net_charge,
    read_oxidation_states,
)
from perolyte.structures.oxidation_guess import OxidationGuess, guess_oxidation_states
from perolyte.structures.perovskite import PerovskiteResult, classify_perovskite
from perolyte.structures.placement import Placement, PlacementResult, SelectionRule
from perolyte.structures.radii import IonicRadius, find_ionic_radius, list_tabulated_states
from perolyte.structures.reference_oxides import (
    ReferenceOxide,
    available_reference_oxides,
    oxide_reaction,
    reference_oxide,
)
from perolyte.structures.roles import SiteRoles, resolve_roles
from perolyte.structures.scores import StructureScores, score_structure
from perolyte.structures.sublattices import Sublattices, build_sublattices, find_sublattices
from perolyte.structures.supercells import SupercellChoice, find_supercells
from perolyte.structures.thermal import add_thermal_velocities
from perolyte.structures.tolerance import (
    GOLDSCHMIDT_WINDOW,
    TAU_LIMIT,
    ToleranceFactors,
    bartel_tau,
    goldschmidt_factor,
    tolerance_factors,
)
from perolyte.structures.vacancies import (
    ALL_COMPENSATIONS,
    Vacancy,
    VacancyResult,
    enumerate_vacancies,
)

__all__ = [
    "ALL_COMPENSATIONS",
    "ALL_SCHEMES",
    "COMMON_STATES",
    "FRACTION_BASES",
    "GOLDSCHMIDT_WINDOW",
    "NAMED_COMPENSATIONS",
    "ORDERING_METHODS",
    "TAU_LIMIT",
    "ArrangementSet",
    "BoundaryCell",
    "BoundarySet",
    "Compensation",
    "DefectPair",
    "Dopant",
    "DopantAmount",
    "Doping",
    "DopingResult",
    "InterstitialSites",
    "IonicRadius",
    "OrderedParentResult",
    "OxidationGuess",
    "OxidationResult",
    "ParsedStructure",
    "PerovskiteResult",
    "Placement",
    "PlacementResult",
    "ReferenceOxide",
    "SelectionRule",
    "SitePermutations",
    "SiteRoles",
    "StructureScores",
    "StructureWarning",
    "Sublattices",
    "SupercellChoice",
    "ToleranceFactors",
    "Vacancy",
    "VacancyResult",
    "WarningCode",
    "add_thermal_velocities",
    "arrange",
    "assign_oxidation_states",
    "available_reference_oxides",
    "bartel_tau",
    "build_ordered_parent",
    "build_ordered_parents",
    "build_sublattices",
    "classify_perovskite",
    "compute_ewald_energies",
    "compute_ewald_matrix",
    "count_arrangements",
    "enumerate_arrangements",
    "enumerate_complexes",
    "enumerate_dopings",
    "enumerate_vacancies",
    "find_compensations",
    "find_doping_cells",
    "find_interstitial_sites",
    "find_ionic_radius",
    "find_pair_shells",
    "find_site_distance",
    "find_site_permutations",
    "find_sublattices",
    "find_supercells",
    "generate_dopings",
    "get_compensation",
    "goldschmidt_factor",
    "grain_boundary",
    "guess_oxidation_states",
    "label_pairs",
    "list_tabulated_states",
    "net_charge",
    "orient_upper_triangular",
    "oxide_reaction",
    "read_oxidation_states",
    "read_structure",
    "reference_oxide",
    "remove_states",
    "resolve_roles",
    "resolve_sublattices",
    "sample_arrangements",
    "sample_equilibrium",
    "sample_low_energy",
    "score_structure",
    "tolerance_factors",
]
