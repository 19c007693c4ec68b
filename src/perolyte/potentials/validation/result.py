"""What a check of a potential says: numbers, what they are compared with, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = [
    "VERDICTS",
    "CheckOutcome",
    "CheckQuantity",
    "Limit",
    "Reference",
    "Verdict",
    "find_worst",
    "judge_check",
    "judge_quantity",
    "skip_check",
]

Verdict = Literal["pass", "warn", "fail", "not run"]
VERDICTS: Final[tuple[Verdict, ...]] = ("pass", "warn", "fail", "not run")
"""From good to bad; what was not run says nothing of the potential."""
_FAILED: Final[tuple[Verdict, ...]] = ("fail",)


@dataclass(frozen=True)
class Reference:
    """A published number.

    Attributes
    ----------
    value, error
        In the unit of the quantity; no error where none is stated.
    source
        Where it was published, with a DOI where it has one, and what the comparison leaves out.
    """

    value: float
    source: str
    error: float | None = None


@dataclass(frozen=True)
class Limit:
    """How far a number may be off: up to ``passing`` it passes, up to ``doubtful`` it warns.

    Attributes
    ----------
    passing, doubtful
        In the unit of the quantity, or shares of the reference.
    kind
        ``"relative"`` and ``"absolute"`` distances from the reference; ``"at most"`` for the size
        of the number itself; ``"at least"`` for the number.
    never_fails
        Where the reference is not quite the same quantity, the worst verdict is a warning.
    """

    passing: float
    doubtful: float
    kind: Literal["relative", "absolute", "at most", "at least"] = "relative"
    never_fails: bool = False

    def describe(self, unit: str) -> str:
        """Say the limit in words.

        Examples
        --------
        >>> Limit(0.02, 0.05).describe("Å")
        'within 2 %; warning to 5 %'
        >>> Limit(0.0, -5.0, "at least").describe("GPa")
        'at least 0 GPa; warning to -5 GPa'
        """
        if self.kind == "relative":
            ends = [f"{100 * end:g} %" for end in (self.passing, self.doubtful)]
        else:
            ends = [f"{end:g} {unit}".strip() for end in (self.passing, self.doubtful)]
        opening = self.kind if self.kind.startswith("at") else "within"
        beyond = "; warning beyond" if self.never_fails else f"; warning to {ends[1]}"
        if ends[0] == ends[1]:
            beyond = ""
        return f"{opening} {ends[0]}{beyond}"

    def judge(self, value: float, reference: float | None) -> Verdict:
        """Return the verdict on a number.

        Examples
        --------
        >>> limit = Limit(0.02, 0.05)
        >>> limit.judge(101.0, 100.0), limit.judge(104.0, 100.0), limit.judge(94.0, 100.0)
        ('pass', 'warn', 'fail')
        """
        worst: Verdict = "warn" if self.never_fails else "fail"
        if not math.isfinite(value):
            return "fail"
        if self.kind == "at least":
            return "pass" if value >= self.passing else "warn" if value >= self.doubtful else worst
        off = abs(self._measure(value, reference))
        return "pass" if off <= self.passing else "warn" if off <= self.doubtful else worst

    def share(self, value: float, reference: float | None) -> float | None:
        """Return how much of the limit a number takes, with the sign of its deviation.

        None for a limit from below, which has no scale.

        Examples
        --------
        >>> Limit(0.02, 0.05).share(97.0, 100.0)
        -1.5
        """
        if self.kind == "at least" or not math.isfinite(value):
            return None
        return self._measure(value, reference) / self.passing

    def _measure(self, value: float, reference: float | None) -> float:
        off = value if reference is None else value - reference
        return off / abs(reference) if self.kind == "relative" and reference else off


@dataclass(frozen=True)
class CheckQuantity:
    """A number of a check.

    Attributes
    ----------
    name, unit
        What it is.
    value, error
        With its standard error, where the check gives one.
    reference, reference_error, source
        What it is compared with; None and empty where there is nothing.
    limit
        In words; empty for a number that is told and not judged.
    share
        Deviation over the limit up to which it passes; None without one.
    verdict
        None for a number that is not judged.
    """

    name: str
    value: float
    unit: str
    error: float | None = None
    reference: float | None = None
    reference_error: float | None = None
    source: str = ""
    limit: str = ""
    share: float | None = None
    verdict: Verdict | None = None

    @property
    def deviation(self) -> float | None:
        """The number less its reference; None without one."""
        return None if self.reference is None else self.value - self.reference


@dataclass(frozen=True)
class CheckOutcome:
    """How a check ended.

    Attributes
    ----------
    name
        Of the check, such as ``"elasticity"``.
    subject
        What it was made on.
    verdict
        The worst of its numbers; ``"not run"`` where it could not be made.
    reason
        Why it is not ``"pass"``, in one line with numbers; empty where it is.
    quantities
        In the order in which they are read.
    settings
        What the numbers depend on: strains, steps, temperatures, as text.
    curves
        Columns of numbers behind the check, for figures, by name with unit.
    seconds
        Wall time.
    """

    name: str
    subject: str
    verdict: Verdict
    reason: str = ""
    quantities: tuple[CheckQuantity, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    seconds: float = 0.0

    def find(self, name: str) -> CheckQuantity | None:
        """Return a number by its name, None where the check does not give it."""
        return next((quantity for quantity in self.quantities if quantity.name == name), None)


def judge_quantity(
    name: str,
    value: float,
    unit: str,
    *,
    error: float | None = None,
    reference: Reference | None = None,
    limit: Limit | None = None,
) -> CheckQuantity:
    """Compare a number with its reference and its limit.

    Examples
    --------
    >>> a = judge_quantity("a", 3.94, "Å", reference=Reference(3.905, "a paper"),
    ...                    limit=Limit(0.015, 0.03))
    >>> a.verdict, a.limit
    ('pass', 'within 1.5 %; warning to 3 %')
    """
    against = None if reference is None else reference.value
    return CheckQuantity(
        name=name,
        value=value,
        unit=unit,
        error=error,
        reference=against,
        reference_error=None if reference is None else reference.error,
        source="" if reference is None else reference.source,
        limit="" if limit is None else limit.describe(unit),
        share=None if limit is None else limit.share(value, against),
        verdict=None if limit is None else limit.judge(value, against),
    )


def judge_check(
    name: str,
    subject: str,
    quantities: Sequence[CheckQuantity],
    *,
    settings: Mapping[str, str] | None = None,
    curves: Mapping[str, Sequence[float]] | None = None,
    failures: Sequence[str] = (),
) -> CheckOutcome:
    """Build an outcome whose verdict is the worst of its numbers.

    Parameters
    ----------
    failures
        What went wrong besides numbers: a relaxation that did not converge. Each is a ``"fail"``.
    """
    bad = [q for q in quantities if q.verdict not in (None, "pass")]
    verdicts: list[Verdict] = [q.verdict for q in bad if q.verdict is not None]
    reasons = [*failures, *(_explain(quantity) for quantity in bad)]
    return CheckOutcome(
        name=name,
        subject=subject,
        verdict=find_worst([*verdicts, *(_FAILED if failures else ())]),
        reason="; ".join(reasons),
        quantities=tuple(quantities),
        settings=dict(settings or {}),
        curves={key: tuple(map(float, column)) for key, column in (curves or {}).items()},
    )


def skip_check(name: str, subject: str, reason: str) -> CheckOutcome:
    """Build the outcome of a check that was not made."""
    return CheckOutcome(name, subject, "not run", " ".join(reason.split()))


def find_worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict of what was run; ``"not run"`` where nothing was.

    Examples
    --------
    >>> find_worst(["pass", "warn", "not run"]), find_worst(["not run"]), find_worst([])
    ('warn', 'not run', 'pass')
    """
    found = list(verdicts)
    run = [verdict for verdict in found if verdict != "not run"]
    if not run:
        return "not run" if found else "pass"
    return max(run, key=VERDICTS.index)


def _explain(quantity: CheckQuantity) -> str:
    unit = f" {quantity.unit}" if quantity.unit else ""
    against = ""
    if quantity.reference is not None:
        against = f" against {quantity.reference:.4g}{unit}"
        if quantity.reference:
            share = 100 * (quantity.value / quantity.reference - 1)
            against += f" ({share:+.1f} %)"
    return f"{quantity.name} is {quantity.value:.4g}{unit}{against}, asked for {quantity.limit}"
