"""Types of the values of a campaign file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Count", "Flag", "Number", "OxidationState", "Section", "Whole"]

# Strict: YAML has numbers of its own, and "yes" or a quoted "5" where one belongs is a slip.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
OxidationState = Annotated[int, Field(strict=True, ge=-8, le=9)]


class Section(BaseModel):
    """A part of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
