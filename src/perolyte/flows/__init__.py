"""Makers: flows that wire jobs, generic over the makers they are given."""

from perolyte.flows.conductivity import ConductivityMaker
from perolyte.flows.defaults import build_md_maker, build_relax_maker
from perolyte.flows.doping import DopingScreenMaker
from perolyte.flows.ingest import IngestMaker
from perolyte.jobs import GrainBoundary, ParentRecipe, assign_identities
from perolyte.structures import Doping, Vacancy

__all__ = [
    "ConductivityMaker",
    "Doping",
    "DopingScreenMaker",
    "GrainBoundary",
    "IngestMaker",
    "ParentRecipe",
    "Vacancy",
    "assign_identities",
    "build_md_maker",
    "build_relax_maker",
]
