"""What a reader has to say about a structure file: a closed set of codes, each with a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["StructureWarning", "WarningCode"]


class WarningCode(StrEnum):
    """Kind of a remark about a file. Those of :attr:`notes` describe, all others cast doubt."""

    ENCODING = "encoding"
    MISSING_HEADING = "missing_heading"
    SEVERAL_BLOCKS = "several_blocks"
    STRAY_TEXT = "stray_text"
    MISSING_LABELS = "missing_labels"
    MISSING_ANGLES = "missing_angles"
    MISSING_COORDINATES = "missing_coordinates"
    MISSING_OCCUPANCY = "missing_occupancy"
    OCCUPANCY_ABOVE_ONE = "occupancy_above_one"
    EMPTY_SITE = "empty_site"
    REPEATED_ATOM = "repeated_atom"
    OVERLAP = "overlap"
    MISSING_SYMMETRY = "missing_symmetry"
    SYMMETRY_FROM_NAME = "symmetry_from_name"
    SYMMETRY_MISMATCH = "symmetry_mismatch"
    METRIC_MISMATCH = "metric_mismatch"
    VOLUME_MISMATCH = "volume_mismatch"
    DENSITY_MISMATCH = "density_mismatch"
    FORMULA_MISMATCH = "formula_mismatch"
    MISSING_CATION = "missing_cation"
    DECLARED_CHARGE = "declared_charge"
    DENSITY = "density"
    WRONG_UNIT = "wrong_unit"
    DATABASE_REMARK = "database_remark"
    PARSER = "parser"
    DISORDER = "disorder"
    SPLIT_SITES = "split_sites"
    ROUNDED = "rounded"
    TEXT_LEFT_OUT = "text_left_out"

    @property
    def is_note(self) -> bool:
        """Whether the remark describes a sound file instead of casting doubt on it."""
        return self in _NOTES


_NOTES = frozenset(
    {
        WarningCode.DISORDER,
        WarningCode.SPLIT_SITES,
        WarningCode.ROUNDED,
        WarningCode.TEXT_LEFT_OUT,
    }
)


@dataclass(frozen=True)
class StructureWarning:
    """One remark about a file.

    Attributes
    ----------
    code : WarningCode
        Kind of the remark, for counting and filtering.
    message : str
        One line with the value and what was done about it.
    """

    code: WarningCode
    message: str

    def __str__(self) -> str:
        return self.message
