"""Documents that jobs return and stores keep."""

from perolyte.schemas.base import Document, PotentialProvenance, Provenance, Quantity, Status
from perolyte.schemas.bvse import (
    BvseDoc,
    BvseSetDoc,
    BvseSettings,
    HopDescription,
    PercolationDescription,
)
from perolyte.schemas.candidate import (
    ArrangementDescription,
    CandidateDoc,
    CandidateSetDoc,
    DopantDescription,
    DopingDescription,
    PairDescription,
)
from perolyte.schemas.energetics import BindingEnergy, RankedCandidate, RankingDoc, RelaxDoc
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
    ChargeTransport,
    ConductivityDoc,
    ConductivityPoint,
    DiffusionDoc,
    GrainSizeMap,
    RegimeChange,
    RegimeSegment,
    RoomTemperatureConductivity,
    VogelFit,
)

__all__ = [
    "ArrangementDescription",
    "ArrheniusFit",
    "BindingEnergy",
    "BvseDoc",
    "BvseSetDoc",
    "BvseSettings",
    "CandidateDoc",
    "CandidateSetDoc",
    "CellDescription",
    "ChargeTransport",
    "ConductivityDoc",
    "ConductivityPoint",
    "DiffusionDoc",
    "Document",
    "DopantDescription",
    "DopingDescription",
    "GrainSizeMap",
    "HopDescription",
    "PairDescription",
    "PercolationDescription",
    "PerovskiteDescription",
    "PotentialProvenance",
    "Provenance",
    "Quantity",
    "RankedCandidate",
    "RankingDoc",
    "RegimeChange",
    "RegimeSegment",
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
    "VogelFit",
]
