"""Candidates: the parent, its dopings and its defects."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document
from perolyte.schemas.large import MAX_INLINE_ATOMS, LargeDocument
from perolyte.schemas.structure_columns import read_columns, write_columns

__all__ = [
    "ArrangementDescription",
    "CandidateDoc",
    "CandidateSetDoc",
    "DopantDescription",
    "DopingDescription",
    "PairDescription",
]


class DopantDescription(BaseModel):
    """One dopant of a candidate: how many, of what they were asked as."""

    model_config = ConfigDict(extra="forbid")

    element: str
    oxidation_state: int
    host: str | None = Field(default=None, description="element that it was asked to replace")
    n_dopants: int
    basis: str = Field(description="what the fractions are counted on")
    fraction_requested: float | None = None
    fraction_achieved: float


class DopingDescription(BaseModel):
    """How a candidate differs from its parent."""

    model_config = ConfigDict(extra="forbid")

    element: str = Field(description="the dopant; several are joined by '+', for example 'Al+Nb'")
    scheme: str = Field(description="compensation scheme, for example 'S3'")
    compensation: str | None = Field(default=None, description="the scheme in words")
    reaction: str = Field(description="defect reaction in Kroger-Vink form")
    n_dopants: int = Field(description="of all elements together")
    basis: str | None = Field(
        default=None, description="what the fractions are counted on; None when there are several"
    )
    fraction_requested: float | None = None
    fraction_achieved: float | None = None
    dopants: list[DopantDescription] = Field(default_factory=list)


class PairDescription(BaseModel):
    """The nearest pair of two defects in a candidate."""

    model_config = ConfigDict(extra="forbid")

    first: str = Field(description="element, or 'vacancy_X' for an empty X site")
    second: str
    shell: int = Field(description="1 for nearest neighbours, 2 for the next, ...")
    n_shells: int = Field(description="shells that the cell has")
    distance_A: float = Field(description="minimum image, before relaxation")


class ArrangementDescription(BaseModel):
    """Which of all arrangements of the same composition a candidate is, and how it was found."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["enumerated", "sampled", "fixed"]
    reason: str = Field(description="why it was enumerated or sampled, with the counts")
    kept_as: str = Field(description="why this one was kept: lowest energy, random, a shell")
    rank: int = Field(description="0 for the lowest point-charge energy among those compared")
    degeneracy: int | None = Field(
        default=None,
        description="symmetry-equivalent copies in the cell; None above 64 bits",
    )
    n_compared: int = Field(description="different arrangements that were compared")
    n_distinct: int | None = Field(
        default=None,
        description="symmetry-distinct arrangements that exist, exact; None above 64 bits",
    )
    log10_n_distinct: float | None = None
    pairs: list[PairDescription] = Field(default_factory=list)


class CandidateDoc(Document):
    """One neutral, ordered structure that is worth a calculation."""

    kind: Literal["parent", "doping", "vacancy"]
    candidate_uuid: str | None = Field(
        default=None, description="of the content: the same cell has the same, whoever makes it"
    )
    cell: int = Field(default=0, description="which of the ordered parent cells it was made from")
    formula: str
    structure: Structure
    n_atoms: int
    mobile_ion: str
    doping: DopingDescription | None = None
    composition_change: dict[str, int] = Field(
        default_factory=dict, description="change of the number of atoms against the parent"
    )
    oxidation_states: dict[str, int]
    arrangement: ArrangementDescription | None = None
    ewald_energy_eV: float | None = Field(
        default=None,
        description="point charges; a filter, not a physical energy",
    )
    min_distance_A: float | None = Field(default=None, description="shortest interatomic distance")
    global_instability_index_vu: float | None = Field(
        default=None,
        description="rms deviation of bond-valence sums from the oxidation states; None where "
        "there are no bond-valence parameters",
    )
    n_arrangements_sampled: int | None = None


class CandidateSetDoc(LargeDocument):
    """All candidates of one parent.

    Above `MAX_INLINE_ATOMS` the structures are written as arrays among the large data.
    """

    current_version: ClassVar[int] = 2
    large_fields: ClassVar[tuple[str, ...]] = ("candidates",)

    candidates: list[CandidateDoc]
    hop_distance_A: float = Field(description="distance between neighbouring sites of the ion")
    family: str | None = Field(
        default=None, description="perovskite family of the parent; None where it is none"
    )

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        if sum(doc.n_atoms for doc in self.candidates) <= MAX_INLINE_ATOMS:
            return super()._take_large(written)
        for row in written["candidates"]:
            del row["structure"]
        structures = write_columns([doc.structure for doc in self.candidates])
        return {**super()._take_large(written), "structures": structures}

    @classmethod
    def _join_large(cls, kept: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = large.get("candidates") or kept["candidates"]
        if "structures" not in large:
            return {"candidates": rows}
        structures = read_columns(large["structures"])
        return {
            "candidates": [
                {**row, "structure": structure}
                for row, structure in zip(rows, structures, strict=True)
            ]
        }
