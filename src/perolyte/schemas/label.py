"""Labels of electronic-structure codes, and the sets that potentials are trained on."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.schemas.base import Document
from perolyte.schemas.large import MAX_INLINE_ATOMS, LargeDocument
from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["SPLITS", "LabelDoc", "RefusedLabel", "SplitName", "TrainingFrame", "TrainingSetDoc"]

SplitName = Literal[
    "train",
    "validation",
    "held_out_trajectory",
    "held_out_temperature",
    "held_out_dopant",
    "reference",
]
SPLITS: tuple[SplitName, ...] = (
    "train",
    "validation",
    "held_out_trajectory",
    "held_out_temperature",
    "held_out_dopant",
    "reference",
)


class LabelDoc(Document):
    """What an electronic-structure code says of one structure, judged.

    "converged" can be trained on; "not_converged", "unphysical" and "rejected" have their reasons
    and, where there are any, their numbers.
    """

    formula: str
    structure: Structure
    energy_eV: float | None = Field(
        default=None, description="free energy of the electrons as the code gives it, whole cell"
    )
    energy_correction_eV: float = Field(
        default=0.0, description="of settings.energy_correction; training adds it to energy_eV"
    )
    forces_eV_A: list[list[float]] | None = None
    stress_GPa: list[list[float]] | None = Field(
        default=None, description="(3, 3), positive where the cell is stretched"
    )
    stress_doubt: str | None = Field(
        default=None, description="why the stress is not to be used: frames are without it"
    )
    magmoms_muB: list[float] | None = None
    engine: str
    engine_version: str | None = None
    settings: dict[str, Any] = Field(description="of perolyte.dft.LevelOfTheory")
    settings_sha256: str
    net_force_eV_A: float | None = None
    max_force_eV_A: float | None = None
    pressure_GPa: float | None = Field(default=None, description="positive where compressed")
    scf_converged: bool | None = Field(description="None where the source does not say")
    composition: str = Field(description="group of labels with the same atoms")
    trajectory: str = Field(description="frames of one trajectory resemble each other")
    temperature_K: float | None = None
    kind: str = Field(description="md, rattled, strained, reference, active, ...")
    details: dict[str, Any] = Field(default_factory=dict, description="of the sampling")
    source: str | None = Field(default=None, description="file it was read from")
    task_uuid: str | None = Field(default=None, description="of the code's own document")

    @property
    def sound_stress_GPa(self) -> list[list[float]] | None:
        """Stress, where there is one and nothing speaks against it."""
        return None if self.stress_doubt else self.stress_GPa

    def to_frame(self) -> LabelledFrame:
        """Return what trainers take: its energy has the correction, a doubtful stress is left out.

        Raises
        ------
        InputError
            If the label has no energy or no forces.
        """
        if self.energy_eV is None or self.forces_eV_A is None:
            raise InputError(
                f"label {self.name!r} has no numbers ({'; '.join(self.reasons)}); leave it out"
            )
        energy_eV = self.energy_eV + self.energy_correction_eV
        return _make_frame(self, energy_eV, self.sound_stress_GPa)


class TrainingFrame(BaseModel):
    """A label in a training set."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: str
    split: SplitName
    structure: Structure
    energy_eV: float = Field(description="with its correction")
    forces_eV_A: list[list[float]]
    stress_GPa: list[list[float]] | None = None
    magmoms_muB: list[float] | None = None
    composition: str
    trajectory: str
    temperature_K: float | None = None
    kind: str
    label_uuid: str | None = None

    def to_frame(self) -> LabelledFrame:
        """Return what trainers take."""
        return _make_frame(self, self.energy_eV, self.stress_GPa)


class RefusedLabel(BaseModel):
    """A label that is not in the set."""

    model_config = ConfigDict(extra="forbid")

    name: str
    reason: str


class TrainingSetDoc(LargeDocument):
    """Labels of one level of theory, each in one split."""

    large_fields: ClassVar[tuple[str, ...]] = ("frames",)

    frames: list[TrainingFrame]
    n_frames: dict[SplitName, int] = Field(description="by split")
    n_atoms: dict[SplitName, int]
    n_trajectories: dict[SplitName, int]
    compositions: dict[str, int] = Field(description="frames by composition")
    elements: list[str]
    n_given: int = Field(description="labels, before any was refused")
    n_duplicates: int
    refused: list[RefusedLabel] = Field(default_factory=list)
    engine: str
    settings: dict[str, Any] = Field(description="of the first label; all lie on one level")
    settings_sha256: str
    data_sha256: str = Field(description="of the frames and their splits")
    seed: int
    validation_fraction: float
    held_out_fraction: float
    train_references: bool = Field(
        default=False, description="references without a held-out element are trained on"
    )
    held_out_temperatures_K: list[float] = Field(default_factory=list)
    held_out_elements: list[str] = Field(default_factory=list)

    def frames_of(self, split: SplitName) -> list[LabelledFrame]:
        """Return the frames of a split.

        Raises
        ------
        InputError
            For a split that does not exist.
        """
        if split not in SPLITS:
            raise InputError(f"split {split!r} does not exist; choose one of {', '.join(SPLITS)}")
        return [frame.to_frame() for frame in self.frames if frame.split == split]

    @property
    def assignment(self) -> dict[str, SplitName]:
        """Split of each trajectory, for a later set that keeps it."""
        return {frame.trajectory: frame.split for frame in self.frames}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        counted = dict.fromkeys(SPLITS, 0)
        for frame in self.frames:
            counted[frame.split] += 1
        if counted != {split: self.n_frames.get(split, 0) for split in SPLITS}:
            message = f"n_frames {self.n_frames} contradicts the frames, which are {counted}"
            raise ValueError(message)
        return self

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        if sum(len(frame.structure) for frame in self.frames) > MAX_INLINE_ATOMS:
            return {"frames": written.pop("frames")}
        return super()._take_large(written)


def _make_frame(
    source: LabelDoc | TrainingFrame, energy_eV: float, stress_GPa: list[list[float]] | None
) -> LabelledFrame:
    def as_array(values: Any) -> Any:
        return None if values is None else np.array(values, dtype=float)

    return LabelledFrame(
        name=source.name,
        structure=source.structure,
        energy_eV=energy_eV,
        forces_eV_A=as_array(source.forces_eV_A),
        stress_GPa=as_array(stress_GPa),
        magmoms_muB=as_array(source.magmoms_muB),
    )
