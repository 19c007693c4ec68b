"""Makers: flows that wire jobs, generic over the makers they are given."""

from perolyte.flows.active_learning import ActiveLearningMaker
from perolyte.flows.aimd import AimdMaker
from perolyte.flows.batch_md import BatchMDMaker
from perolyte.flows.boundary import GrainBoundaryConductivityMaker
from perolyte.flows.bvse import BvseMaker
from perolyte.flows.conductivity import ConductivityMaker
from perolyte.flows.defaults import build_md_maker, build_relax_maker
from perolyte.flows.doping import DopingScreenMaker
from perolyte.flows.ingest import IngestMaker
from perolyte.flows.label_convergence import LabelConvergenceMaker
from perolyte.flows.labelling import LabelMaker
from perolyte.flows.microstructure import MicrostructureMaker
from perolyte.flows.screening import BvseFilter
from perolyte.flows.training import PotentialTrainingMaker
from perolyte.flows.transport import TransportMaker
from perolyte.flows.vacancies import VacancyScreenMaker
from perolyte.flows.validation import PotentialValidationMaker
from perolyte.jobs import (
    BoundaryRecipe,
    GrainBoundary,
    ParentRecipe,
    Segregant,
    assign_identities,
)
from perolyte.structures import Dopant, Doping, Vacancy

__all__ = [
    "ActiveLearningMaker",
    "AimdMaker",
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
    "LabelConvergenceMaker",
    "LabelMaker",
    "MicrostructureMaker",
    "ParentRecipe",
    "PotentialTrainingMaker",
    "PotentialValidationMaker",
    "Segregant",
    "TransportMaker",
    "Vacancy",
    "VacancyScreenMaker",
    "assign_identities",
    "build_md_maker",
    "build_relax_maker",
]
