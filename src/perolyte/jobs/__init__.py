"""Jobs: each calls one function, builds one document and returns it."""

from perolyte.jobs.bvse import BvseRun, compute_bvse, describe_bvse, run_bvse
from perolyte.jobs.candidates import build_candidates, generate_candidates
from perolyte.jobs.conductivity import (
    build_conductivity,
    describe_line,
    fit_conductivity,
    fit_conductivity_of_files,
    run_conductivities,
)
from perolyte.jobs.diffusion import (
    analyse_diffusion,
    analyse_trajectory_file,
    describe_diffusion,
    measure_diffusion,
    prepare_md_structure,
)
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.ingest import ingest_files
from perolyte.jobs.ranking import rank_candidates
from perolyte.jobs.recipe import ParentRecipe
from perolyte.jobs.relaxation import build_relax_document, relax_candidates
from perolyte.jobs.summary import GrainBoundary, map_over_grain_size, summarise_screening

__all__ = [
    "BvseRun",
    "GrainBoundary",
    "ParentRecipe",
    "analyse_diffusion",
    "analyse_trajectory_file",
    "assign_identities",
    "build_candidates",
    "build_conductivity",
    "build_relax_document",
    "compute_bvse",
    "describe_bvse",
    "describe_diffusion",
    "describe_line",
    "fit_conductivity",
    "fit_conductivity_of_files",
    "generate_candidates",
    "ingest_files",
    "map_over_grain_size",
    "measure_diffusion",
    "prepare_md_structure",
    "rank_candidates",
    "relax_candidates",
    "run_bvse",
    "run_conductivities",
    "summarise_screening",
]
