"""Makers: flows that wire jobs, generic over the makers they are given."""

from perolyte.flows.batch_md import BatchMDMaker
from perolyte.flows.boundary import GrainBoundaryConductivityMaker
from perolyte.flows.bvse import BvseMaker
from perolyte.flows.conductivity import ConductivityMaker
from perolyte.flows.defaults import build_md_maker, build_relax_maker
from perolyte.flows.doping import DopingScreenMaker
from perolyte.flows.ingest import IngestMaker
from perolyte.flows.screening import BvseFilter
from perolyte.flows.transport import TransportMaker
from perolyte.flows.vacancies import VacancyScreenMaker
from perolyte.jobs import (
    BoundaryRecipe,
    GrainBoundary,
    ParentRecipe,
    Segregant,
    assign_identities,
)
from perolyte.structures import Dopant, Doping, Vacancy

__all__ = [
    "BatchMDMaker",
    "BoundaryRecipe",
    "BvseFilter",
    "BvseMaker",
    "ConductivityMaker",
    "Dopant",
    "Doping",
    "DopingScreenMaker",
    "GrainBoundary",
    "GrainBoundaryConductivityMaker",
    "IngestMaker",
    "ParentRecipe",
    "Segregant",
    "TransportMaker",
    "Vacancy",
    "VacancyScreenMaker",
    "assign_identities",
    "build_md_maker",
    "build_relax_maker",
]
