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
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.impedance import analyse_impedance, describe_impedance
from perolyte.jobs.ingest import ingest_files
from perolyte.jobs.offloading import offload_inputs
from perolyte.jobs.paths import PathSettings, analyse_paths, describe_paths
from perolyte.jobs.ranking import rank_candidates
from perolyte.jobs.recipe import ParentRecipe
from perolyte.jobs.relaxation import build_relax_document, relax_candidates
from perolyte.jobs.summary import refresh_summary, summarise_screening

__all__ = [
    "AnnealSettings",
    "BoundaryRecipe",
    "BvseRun",
    "GrainBoundary",
    "ParentRecipe",
    "PathSettings",
    "Segregant",
    "analyse_boundary",
    "analyse_diffusion",
    "analyse_impedance",
    "analyse_paths",
    "assign_identities",
    "average_runs",
    "build_boundaries",
    "build_boundary_cells",
    "build_boundary_document",
    "build_candidates",
    "build_conductivity",
    "build_relax_document",
    "compute_bvse",
    "describe_bvse",
    "describe_diffusion",
    "describe_impedance",
    "describe_line",
    "describe_paths",
    "fit_conductivity",
    "generate_candidates",
    "ingest_files",
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
]
