"""Bond valence site energies: where an ion can move in a frozen framework, and what it costs."""

from perolyte.bvse.export import MapFormat, format_map
from perolyte.bvse.map import ENERGY_CAP_EV, EnergyMap, energy_map
from perolyte.bvse.neb_images import neb_images
from perolyte.bvse.network import MigrationEdge, Site, SiteNetwork
from perolyte.bvse.parameters import MorseParameters, list_pairs, morse_parameters
from perolyte.bvse.paths import migration_paths
from perolyte.bvse.percolation import PercolationResult, percolation_barriers
from perolyte.bvse.potentials import BVSEConvention
from perolyte.bvse.radius_scaling import find_radius_scaling

__all__ = [
    "ENERGY_CAP_EV",
    "BVSEConvention",
    "EnergyMap",
    "MapFormat",
    "MigrationEdge",
    "MorseParameters",
    "PercolationResult",
    "Site",
    "SiteNetwork",
    "energy_map",
    "find_radius_scaling",
    "format_map",
    "list_pairs",
    "migration_paths",
    "morse_parameters",
    "neb_images",
    "percolation_barriers",
]
