"""Jobs: each calls one function, builds one document and returns it."""

from perolyte.jobs.averaging import average_runs
from perolyte.jobs.boundary_cells import BoundaryRecipe, build_boundaries, build_boundary_cells
from perolyte.jobs.boundary_relaxation import AnnealSettings
from perolyte.jobs.boundary_screen import screen_boundaries, screen_boundary_cells
from perolyte.jobs.boundary_segregation import Segregant
from perolyte.jobs.boundary_transport import analyse_boundary, build_boundary_document
from perolyte.jobs.bvse import BvseRun, compute_bvse, describe_bvse, run_bvse
from perolyte.jobs.candidates import build_candidates, generate_candidates
from perolyte.jobs.conductivity import (
    build_conductivity,
    describe_line,
    fit_conductivity,
    run_conductivities,
)
from perolyte.jobs.diffusion import analyse_diffusion, prepare_md_structure
from perolyte.jobs.diffusion_numbers import describe_diffusion
from perolyte.jobs.grain_size import GrainBoundary, map_over_grain_size
from perolyte.jobs.grain_size_map import build_grain_size_map, map_grain_sizes
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.impedance import analyse_impedance, describe_impedance
from perolyte.jobs.ingest import ingest_files
from perolyte.jobs.labels import compute_label, judge_task
from perolyte.jobs.microstructure import homogenise_microstructure
from perolyte.jobs.offloading import offload_inputs
from perolyte.jobs.paths import PathSettings, analyse_paths, describe_paths
from perolyte.jobs.ranking import rank_candidates
from perolyte.jobs.recipe import ParentRecipe
from perolyte.jobs.relaxation import build_relax_document, relax_candidates
from perolyte.jobs.summary import refresh_summary, summarise_screening
from perolyte.jobs.synthesis_recipe import RecipeSettings, build_recipe
from perolyte.jobs.training_set import assemble_training_set, build_training_set
from perolyte.jobs.validation import describe_validation, validate_potential

__all__ = [
    "AnnealSettings",
    "BoundaryRecipe",
    "BvseRun",
    "GrainBoundary",
    "ParentRecipe",
    "PathSettings",
    "RecipeSettings",
    "Segregant",
    "analyse_boundary",
    "analyse_diffusion",
    "analyse_impedance",
    "analyse_paths",
    "assemble_training_set",
    "assign_identities",
    "average_runs",
    "build_boundaries",
    "build_boundary_cells",
    "build_boundary_document",
    "build_candidates",
    "build_conductivity",
    "build_grain_size_map",
    "build_recipe",
    "build_relax_document",
    "build_training_set",
    "compute_bvse",
    "compute_label",
    "describe_bvse",
    "describe_diffusion",
    "describe_impedance",
    "describe_line",
    "describe_paths",
    "describe_validation",
    "fit_conductivity",
    "generate_candidates",
    "homogenise_microstructure",
    "ingest_files",
    "judge_task",
    "map_grain_sizes",
    "map_over_grain_size",
    "offload_inputs",
    "prepare_md_structure",
    "rank_candidates",
    "refresh_summary",
    "relax_candidates",
    "run_bvse",
    "run_conductivities",
    "screen_boundaries",
    "screen_boundary_cells",
    "summarise_screening",
    "validate_potential",
]
