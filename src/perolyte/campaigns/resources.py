"""What a campaign file may say about a cluster: queue, time and hardware for each class of jobs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

__all__ = ["JobClass", "ResourceSpec"]

JobClass = Literal[
    "relaxation",
    "molecular_dynamics",
    "training",
    "dft",
    "bond_valence",
    "candidates",
    "analysis",
]
Whole = Annotated[int, Field(strict=True)]
_WALLTIME = re.compile(r"(\d{1,3}-)?\d{1,3}:[0-5]\d:[0-5]\d")
_MEMORY = re.compile(r"\d+(MB|GB)")


class ResourceSpec(BaseModel):
    """What the jobs of one class are given on a cluster, and the queue they go to.

    Examples
    --------
    >>> ResourceSpec(queue="gpu", gpus=1, walltime="12:00:00").gpus
    1
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="of the workers that may run them; gpu, cpu and analysis are set up",
    )
    walltime: str | None = Field(default=None, description="hh:mm:ss or d-hh:mm:ss")
    gpus: Whole | None = Field(default=None, ge=0, le=64)
    cores: Whole | None = Field(default=None, ge=1, le=4096)
    memory: str | None = Field(default=None, description="such as 16GB")
    queue: str | None = Field(default=None, min_length=1, description="or partition")
    queue_adapter: dict[str, JsonValue] = Field(
        default_factory=dict, description="further keys of FireWorks' queue adapter, as they are"
    )

    @field_validator("walltime", mode="before")
    @classmethod
    def _time(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            # YAML reads 24:00:00 without quotes as a number of base 60: seconds
            minutes, seconds = divmod(value, 60)
            return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        if isinstance(value, str) and not _WALLTIME.fullmatch(value):
            message = "write hours, minutes and seconds, such as '24:00:00'"
            raise ValueError(message)
        return value

    @field_validator("memory")
    @classmethod
    def _amount(cls, value: str | None) -> str | None:
        if value is not None and not _MEMORY.fullmatch(value):
            message = "write a whole number with its unit, MB or GB, such as '16GB'"
            raise ValueError(message)
        return value
