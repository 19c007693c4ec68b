"""From trajectories to diffusivities, conductivities and activation energies, with error bars.

The order of use: :func:`unwrap_positions`, :func:`remove_framework_drift`,
:func:`fit_diffusivity` for each temperature, :func:`nernst_einstein_conductivity`, and
:func:`fit_arrhenius` over the temperatures that converged.

Where ions go on the way: :func:`map_density` and :func:`find_density_sites` or the crystal's own
sites, :func:`define_sites`, :func:`assign_sites`, and :func:`jump_statistics`.
"""

from perolyte.transport.arrhenius import (
    ArrheniusPrediction,
    ArrheniusResult,
    DiffusivityPrediction,
    fit_arrhenius,
    fit_diffusivity_arrhenius,
)
from perolyte.transport.boundary_resistance import (
    AreaResistance,
    area_resistance,
    specific_boundary_value,
)
from perolyte.transport.conductivity import haven_ratio, nernst_einstein_conductivity
from perolyte.transport.cooperative import CooperationResult, measure_cooperation
from perolyte.transport.crossing import (
    CrossingDiffusivity,
    fit_crossing_diffusivity,
    series_diffusivity,
)
from perolyte.transport.crystal_sites import find_crystal_sites
from perolyte.transport.density import ProbabilityDensity, format_density, map_density
from perolyte.transport.diffusivity import DiffusivityResult, fit_diffusivity
from perolyte.transport.framework import FrameworkResult, check_framework
from perolyte.transport.free_energy import (
    FreeEnergyBarriers,
    find_free_energy_barriers,
    map_free_energy,
)
from perolyte.transport.hop_free_energy import HopFreeEnergy, find_hop_free_energies
from perolyte.transport.jump_correlation import (
    CorrelationResult,
    ReturnResult,
    correlation_factor,
    measure_returns,
)
from perolyte.transport.jump_network import JumpEdge
from perolyte.transport.jumps import JumpStatistics, jump_statistics
from perolyte.transport.kink import Kink, Segment
from perolyte.transport.length import estimate_required_length, predict_relative_error
from perolyte.transport.msd import (
    MSDResult,
    collective_squared_displacement,
    mean_squared_displacement,
)
from perolyte.transport.non_gaussian import NonGaussianResult, measure_non_gaussian
from perolyte.transport.occupation import (
    OccupationResult,
    ResidenceResult,
    measure_occupation,
    measure_residence,
)
from perolyte.transport.positions import (
    DriftRemover,
    Unwrapper,
    remove_framework_drift,
    unwrap_positions,
)
from perolyte.transport.radial_distribution import (
    RadialDistributionResult,
    measure_radial_distribution,
)
from perolyte.transport.rates import (
    BarrierEstimate,
    RateEstimate,
    estimate_barrier,
    estimate_rate,
)
from perolyte.transport.replicas import ReplicaResult, combine_replicas
from perolyte.transport.selection import parse_ion, parse_sites, select_ions
from perolyte.transport.site_search import DensitySites, find_density_sites
from perolyte.transport.sites import (
    JumpEvents,
    SiteSet,
    SiteTrajectory,
    assign_sites,
    define_sites,
)
from perolyte.transport.slab import (
    DensityProfile,
    SlabDiffusivity,
    measure_density_profile,
    measure_slab,
)
from perolyte.transport.van_hove import VanHoveResult, measure_van_hove
from perolyte.transport.vogel import VogelPrediction, VogelResult, fit_vogel

ANALYSIS_VERSION = 2
"""Raised when the same trajectory would give other numbers than before: documents that carry an
older one are rebuilt by :class:`perolyte.builders.ConductivityBuilder`."""

__all__ = [
    "ANALYSIS_VERSION",
    "AreaResistance",
    "ArrheniusPrediction",
    "ArrheniusResult",
    "BarrierEstimate",
    "CooperationResult",
    "CorrelationResult",
    "CrossingDiffusivity",
    "DensityProfile",
    "DensitySites",
    "DiffusivityPrediction",
    "DiffusivityResult",
    "DriftRemover",
    "FrameworkResult",
    "FreeEnergyBarriers",
    "HopFreeEnergy",
    "JumpEdge",
    "JumpEvents",
    "JumpStatistics",
    "Kink",
    "MSDResult",
    "NonGaussianResult",
    "OccupationResult",
    "ProbabilityDensity",
    "RadialDistributionResult",
    "RateEstimate",
    "ReplicaResult",
    "ResidenceResult",
    "ReturnResult",
    "Segment",
    "SiteSet",
    "SiteTrajectory",
    "SlabDiffusivity",
    "Unwrapper",
    "VanHoveResult",
    "VogelPrediction",
    "VogelResult",
    "area_resistance",
    "assign_sites",
    "check_framework",
    "collective_squared_displacement",
    "combine_replicas",
    "correlation_factor",
    "define_sites",
    "estimate_barrier",
    "estimate_rate",
    "estimate_required_length",
    "find_crystal_sites",
    "find_density_sites",
    "find_free_energy_barriers",
    "find_hop_free_energies",
    "fit_arrhenius",
    "fit_crossing_diffusivity",
    "fit_diffusivity",
    "fit_diffusivity_arrhenius",
    "fit_vogel",
    "format_density",
    "haven_ratio",
    "jump_statistics",
    "map_density",
    "map_free_energy",
    "mean_squared_displacement",
    "measure_cooperation",
    "measure_density_profile",
    "measure_non_gaussian",
    "measure_occupation",
    "measure_radial_distribution",
    "measure_residence",
    "measure_returns",
    "measure_slab",
    "measure_van_hove",
    "nernst_einstein_conductivity",
    "parse_ion",
    "parse_sites",
    "predict_relative_error",
    "remove_framework_drift",
    "select_ions",
    "series_diffusivity",
    "specific_boundary_value",
    "unwrap_positions",
]
