"""From grains and their boundaries to the conductivity of a polycrystal."""

from perolyte.mesoscale.brick_layer import (
    blocking_factor,
    brick_layer_conductivity,
    specific_boundary_conductivity,
)
from perolyte.mesoscale.grain_size_map import GrainSizeMapResult, grain_size_map

__all__ = [
    "GrainSizeMapResult",
    "blocking_factor",
    "brick_layer_conductivity",
    "grain_size_map",
    "specific_boundary_conductivity",
]
