"""What the checks of a potential found, each beside what it is compared with."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.base import Document

__all__ = ["CheckDescription", "CheckNumber", "ValidationDoc", "Verdict"]

Verdict = Literal["pass", "warn", "fail", "not run"]


class CheckNumber(BaseModel):
    """A number of a check."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: float | None = Field(description="None where it is no finite number")
    unit: str
    error: float | None = Field(default=None, description="standard error")
    reference: float | None = None
    reference_error: float | None = None
    source: str = Field(default="", description="of the reference, with its DOI")
    limit: str = Field(default="", description="in words; empty for a number that is only told")
    share: float | None = Field(
        default=None, description="deviation over the limit up to which it passes, with its sign"
    )
    verdict: Verdict | None = None


class CheckDescription(BaseModel):
    """How a check ended; the verdict is the worst of its numbers."""

    model_config = ConfigDict(extra="forbid")

    name: str
    title: str
    subject: str
    verdict: Verdict
    reason: str = Field(default="", description="why it is not 'pass'")
    numbers: list[CheckNumber] = Field(default_factory=list)
    settings: dict[str, str] = Field(default_factory=dict)
    curves: dict[str, list[float]] = Field(
        default_factory=dict, description="columns behind the check, by name with unit"
    )
    seconds: float = 0.0

    def find(self, name: str) -> CheckNumber | None:
        """Return a number by its name, None where the check does not give it."""
        return next((number for number in self.numbers if number.name == name), None)


class ValidationDoc(Document):
    """The checks of one potential.

    ``status`` says whether they could be made; ``verdict`` what they say of the potential. A
    failed check is a result.
    """

    current_version: ClassVar[int] = 1

    potential: str = Field(description="name or path that was asked for")
    potential_uuid: str | None = Field(default=None, description="document of its training")
    verdict: Verdict = Field(description="the worst of the checks that were made")
    quick: bool
    checks: list[CheckDescription]
    labels: str | None = Field(default=None, description="file or set of the labels")
    labels_sha256: str | None = None
    seconds: float = Field(description="wall time of all checks")

    def find(self, name: str) -> list[CheckDescription]:
        """Return the checks of a name: one for each split of labels, for each structure."""
        return [check for check in self.checks if check.name == name]
