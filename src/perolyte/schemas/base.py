"""What every stored document has: a schema name and version, a status, provenance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from perolyte.status import Status

__all__ = ["Document", "PotentialProvenance", "Provenance", "Quantity", "Status"]


class PotentialProvenance(BaseModel):
    """Which potential made a number."""

    model_config = ConfigDict(extra="forbid")

    name: str
    version: str | None = None
    weights_sha256: str | None = Field(default=None, description="None for an analytic potential")
    dtype: str | None = None
    device: str | None = None


class Provenance(BaseModel):
    """Where a document comes from: enough to find its parents and to make it again."""

    model_config = ConfigDict(extra="forbid")

    perolyte_version: str
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    seed: int | None = None
    potential: PotentialProvenance | None = None
    parent_uuids: list[str] = Field(default_factory=list)
    input_hash: str | None = Field(default=None, description="SHA-256 of the input file")

    @field_validator("created_at")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        """Read a time without a zone as UTC: that is how stores keep it."""
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Document(BaseModel):
    """Base of all documents. Unknown fields are refused.

    ``schema_name`` is the class's name: queries select on it. ``uuid`` is the uuid of the job that
    wrote the document, None when it was made outside a job.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    current_version: ClassVar[int] = 1

    schema_name: str = ""
    schema_version: int = 1
    uuid: str | None = None
    campaign: str | None = None
    name: str
    status: Status
    reasons: list[str] = Field(
        default_factory=list, description="why the status is not 'converged', in words with numbers"
    )
    warnings: list[str] = Field(default_factory=list)
    provenance: Provenance

    @model_validator(mode="before")
    @classmethod
    def _fill_schema(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = {key: value for key, value in values.items() if not key.startswith("@")}
        named = values.setdefault("schema_name", cls.__name__) or cls.__name__
        if named != cls.__name__:
            message = f"document says schema_name {named!r}, expected {cls.__name__!r}"
            raise ValueError(message)
        version = values.setdefault("schema_version", cls.current_version)
        if isinstance(version, int) and version > cls.current_version:
            message = (
                f"{cls.__name__} has schema_version {version}, this perolyte reads up to "
                f"{cls.current_version}; upgrade perolyte"
            )
            raise ValueError(message)
        return values


class Quantity(BaseModel):
    """A parameter with its label: computed here, fitted, from the literature, or assumed."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: float
    unit: str
    label: Literal["computed", "fitted", "literature", "assumed"]
    source: str
    lower: float | None = Field(default=None, description="95 % interval, where there is one")
    upper: float | None = None
