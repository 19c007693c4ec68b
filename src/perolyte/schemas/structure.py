"""A crystal structure of a database: what its file says, and what was recognised in it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pymatgen.core import Structure

from perolyte.schemas.base import Document
from perolyte.schemas.large import MAX_INLINE_ATOMS, LargeDocument

__all__ = [
    "CellDescription",
    "PerovskiteDescription",
    "RowStatus",
    "SpaceGroupDescription",
    "StructureDoc",
    "StructureSetDoc",
    "ToleranceDescription",
]

RowStatus = Literal["ok", "warning", "rejected"]
"""``ok``: nothing to say. ``warning``: usable, read the warnings. ``rejected``: no structure."""


class CellDescription(BaseModel):
    """Lengths and angles of the cell as it is in the file."""

    model_config = ConfigDict(extra="forbid")

    a_A: float
    b_A: float
    c_A: float
    alpha_deg: float
    beta_deg: float
    gamma_deg: float
    volume_A3: float


class SpaceGroupDescription(BaseModel):
    """Space group found from the atoms, whatever symbol the file names."""

    model_config = ConfigDict(extra="forbid")

    symbol: str = Field(description="Hermann-Mauguin, short")
    number: int = Field(ge=1, le=230)
    symprec_A: float = Field(description="smallest tolerance that gives this group")
    by_symprec: dict[str, int] = Field(description="number found at each tolerance tried, in Å")
    is_stable: bool = Field(description="two neighbouring tolerances agree")


class ToleranceDescription(BaseModel):
    """Tolerance factors with the radii they were computed from."""

    model_config = ConfigDict(extra="forbid")

    goldschmidt: float
    octahedral: float
    tau: float | None
    goldschmidt_is_perovskite: bool
    tau_is_perovskite: bool
    ions: dict[str, list[str]] = Field(description="on A, B and X")
    radii_A: dict[str, float] = Field(description="mean of each site")
    coordinations: dict[str, dict[str, int]] = Field(description="of each ion's radius, by site")
    oxidation_states: dict[str, float]
    oxidation_method: str
    is_extrapolated: bool = Field(description="tau was not fitted to such a composition")
    warnings: list[str]


class PerovskiteDescription(BaseModel):
    """What the topology of the structure says."""

    model_config = ConfigDict(extra="forbid")

    is_perovskite: Literal["yes", "no", "related"]
    family: str
    sites: dict[str, list[str]] = Field(description="elements on A, B and X")
    a_occupancy: float | None
    framework_dimension: int | None
    mobile_ion: str | None
    mobile_ion_dimension: int | None
    tilt_system: str | None
    a_order: str | None
    b_order: str | None
    evidence: list[str]
    warnings: list[str] = Field(description="what was assumed to classify it")
    tolerance: ToleranceDescription | None


class StructureDoc(Document):
    """One structure of a file or a database, or the reason why there is none.

    ``status`` is "converged" for the rows "ok" and "warning", "rejected" for "rejected". The
    ``warnings`` are about the file; what the classification assumed is in ``perovskite``.
    """

    row_status: RowStatus
    rejection: Literal["unreadable", "timeout", "crash"] | None = Field(
        default=None, description="timeout and crash say nothing final of the file"
    )
    warning_codes: list[str] = Field(
        default_factory=list, description="one for each of the warnings, in their order"
    )
    notes: list[str] = Field(
        default_factory=list, description="disorder and the like, which cast no doubt"
    )
    source: str = Field(description="'file', 'ase', 'materials_project' or 'optimade'")
    source_id: str | None = Field(default=None, description="in the database of origin")
    dois: list[str] = Field(default_factory=list)
    path: str | None = Field(default=None, description="as it was given")
    stated_formula: str | None = Field(default=None, description="as the source writes it")
    formula: str | None = None
    structure: Structure | None = None
    cell: CellDescription | None = None
    density_g_cm3: float | None = None
    n_sites: int | None = None
    is_disordered: bool | None = None
    space_group: SpaceGroupDescription | None = None
    oxidation_states: dict[str, float] = Field(default_factory=dict)
    oxidation_method: str | None = None
    oxidation_warnings: list[str] = Field(default_factory=list)
    perovskite: PerovskiteDescription | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.warning_codes) != len(self.warnings):
            message = f"{len(self.warnings)} warnings need as many codes"
            raise ValueError(message)
        if (self.row_status == "rejected") != (self.status == "rejected"):
            message = f"row_status {self.row_status!r} contradicts status {self.status!r}"
            raise ValueError(message)
        if (self.row_status == "rejected") != (self.rejection is not None):
            message = f"row_status {self.row_status!r} contradicts rejection {self.rejection!r}"
            raise ValueError(message)
        return self


class StructureSetDoc(LargeDocument):
    """The structures of one batch, in the order of its files."""

    large_fields: ClassVar[tuple[str, ...]] = ("structures",)

    structures: list[StructureDoc]

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        if sum(len(doc.structure or ()) for doc in self.structures) > MAX_INLINE_ATOMS:
            return {"structures": written.pop("structures")}
        return super()._take_large(written)
