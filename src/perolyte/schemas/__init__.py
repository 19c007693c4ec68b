"""Documents that jobs return and stores keep."""

from perolyte.schemas.base import Document, PotentialProvenance, Provenance, Quantity, Status
from perolyte.schemas.candidate import CandidateDoc, CandidateSetDoc, DopingDescription
from perolyte.schemas.energetics import RankedCandidate, RankingDoc, RelaxDoc
from perolyte.schemas.structure import (
    CellDescription,
    PerovskiteDescription,
    RowStatus,
    SpaceGroupDescription,
    StructureDoc,
    StructureSetDoc,
    ToleranceDescription,
)
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
    "CellDescription",
    "ConductivityDoc",
    "ConductivityPoint",
    "DiffusionDoc",
    "Document",
    "DopingDescription",
    "GrainSizeMap",
    "PerovskiteDescription",
    "PotentialProvenance",
    "Provenance",
    "Quantity",
    "RankedCandidate",
    "RankingDoc",
    "RelaxDoc",
    "ResultRow",
    "RoomTemperatureConductivity",
    "RowStatus",
    "ScreeningSummaryDoc",
    "SpaceGroupDescription",
    "Status",
    "StructureDoc",
    "StructureSetDoc",
    "ToleranceDescription",
]
