"""Grains on voxels: how they grow, and what they conduct together."""

from perolyte.mesoscale.microstructure.bounds import ConductivityBounds, bound_conductivity
from perolyte.mesoscale.microstructure.current_map import current_density
from perolyte.mesoscale.microstructure.grain_map import (
    GrainMap,
    GrainSizeStatistics,
    measure_grain_sizes,
)
from perolyte.mesoscale.microstructure.growth_law import (
    GrowthLawResult,
    fit_growth_increments,
    fit_growth_law,
)
from perolyte.mesoscale.microstructure.growth_run import BoundaryKinetics, GrainGrowthState
from perolyte.mesoscale.microstructure.homogenisation import (
    EffectiveConductivityResult,
    effective_conductivity,
)
from perolyte.mesoscale.microstructure.phase_field import (
    GrainGrowthResult,
    simulate_grain_growth,
    start_grain_growth,
)
from perolyte.mesoscale.microstructure.polycrystal import (
    PolycrystalField,
    assign_conductivity,
    random_orientations,
    rotate_tensor,
)
from perolyte.mesoscale.microstructure.sintering import (
    GrainSizePrediction,
    GrowthWindow,
    fit_growth_windows,
    grain_size_after_schedule,
)
from perolyte.mesoscale.microstructure.tessellation import generate_polycrystal
from perolyte.mesoscale.microstructure.voxel_conductivity import VoxelConductivity

__all__ = [
    "BoundaryKinetics",
    "ConductivityBounds",
    "EffectiveConductivityResult",
    "GrainGrowthResult",
    "GrainGrowthState",
    "GrainMap",
    "GrainSizePrediction",
    "GrainSizeStatistics",
    "GrowthLawResult",
    "GrowthWindow",
    "PolycrystalField",
    "VoxelConductivity",
    "assign_conductivity",
    "bound_conductivity",
    "current_density",
    "effective_conductivity",
    "fit_growth_increments",
    "fit_growth_law",
    "fit_growth_windows",
    "generate_polycrystal",
    "grain_size_after_schedule",
    "measure_grain_sizes",
    "random_orientations",
    "rotate_tensor",
    "simulate_grain_growth",
    "start_grain_growth",
]
