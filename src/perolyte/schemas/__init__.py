"""Documents that jobs return and stores keep."""

from perolyte.schemas.base import Document, PotentialProvenance, Provenance, Quantity, Status
from perolyte.schemas.candidate import CandidateDoc, CandidateSetDoc, DopingDescription
from perolyte.schemas.energetics import RankedCandidate, RankingDoc, RelaxDoc
from perolyte.schemas.summary import ResultRow, ScreeningSummaryDoc
from perolyte.schemas.transport import (
    ArrheniusFit,
    ConductivityDoc,
    ConductivityPoint,
    DiffusionDoc,
    GrainSizeMap,
    RoomTemperatureConductivity,
)

__all__ = [
    "ArrheniusFit",
    "CandidateDoc",
    "CandidateSetDoc",
    "ConductivityDoc",
    "ConductivityPoint",
    "DiffusionDoc",
    "Document",
    "DopingDescription",
    "GrainSizeMap",
    "PotentialProvenance",
    "Provenance",
    "Quantity",
    "RankedCandidate",
    "RankingDoc",
    "RelaxDoc",
    "ResultRow",
    "RoomTemperatureConductivity",
    "ScreeningSummaryDoc",
    "Status",
]
