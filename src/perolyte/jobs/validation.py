"""The checks of a potential as a job, and its document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jobflow import job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.potentials.validation.names import CHECKS, TITLES
from perolyte.potentials.validation.result import CheckOutcome, CheckQuantity, find_worst
from perolyte.schemas import (
    CheckDescription,
    CheckNumber,
    PotentialProvenance,
    ValidationDoc,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from perolyte.potentials.batch import BatchPotential

__all__ = ["describe_engine", "describe_validation", "run_checks", "validate_potential"]

_BY_CHOICE = ("not asked for", "left out of a quick validation", "no labels were given")


@job(output_schema=ValidationDoc)
def validate_potential(
    potential: str = "chgnet",
    *,
    calculator_kwargs: dict[str, Any] | None = None,
    structures: Mapping[str, Structure] | None = None,
    checks: Sequence[str] = CHECKS,
    quick: bool = False,
    seed: int = 0,
    name: str = "validation",
    campaign: str | None = None,
) -> ValidationDoc:
    """Run the checks of a potential.

    Parameters
    ----------
    potential, calculator_kwargs
        As :func:`perolyte.potentials.choosing.build_batch_potential`.
    structures
        Ordered cells to check besides those of the suite, by name.
    checks
        Names of :data:`~perolyte.potentials.validation.names.CHECKS`.
    quick
        The cheap ones only.
    seed
        Of first velocities and displacements.
    name, campaign
        That the document carries.

    Raises
    ------
    PotentialError
        Where it cannot be loaded. What a loaded potential cannot do is in the document.
    """
    from perolyte.potentials.choosing import build_batch_potential

    engine = build_batch_potential(potential, calculator_kwargs)
    outcomes = run_checks(engine, structures=structures, checks=checks, quick=quick, seed=seed)
    document = describe_validation(
        outcomes,
        potential=potential,
        engine=describe_engine(engine),
        quick=quick,
        seed=seed,
        name=name,
    )
    return document.model_copy(update={"uuid": current_uuid(), "campaign": campaign})


def run_checks(
    engine: BatchPotential,
    *,
    structures: Mapping[str, Structure] | None = None,
    checks: Sequence[str] = CHECKS,
    quick: bool = False,
    seed: int = 0,
    on_start: Callable[[str], None] | None = None,
) -> list[CheckOutcome]:
    """Run the suite as a job and the command line do.

    Raises
    ------
    InputError
        For a disordered structure, or a check that does not exist.
    """
    from perolyte.potentials.validation.suite import SuiteSettings, run_validation

    for label, structure in (structures or {}).items():
        if not structure.is_ordered:
            raise InputError(
                f"{label} ({structure.composition.reduced_formula}) has partly occupied sites; "
                "order it first, for example with 'perolyte dope', and give the ordered cell"
            )
    settings = SuiteSettings(checks=tuple(checks), quick=quick, seed=seed)
    return run_validation(engine, settings, structures=structures, on_start=on_start)


def describe_engine(engine: BatchPotential) -> PotentialProvenance:
    """Say which potential was checked, in which arithmetic and where."""
    described = engine.describe()
    return PotentialProvenance.model_validate(
        {key: described.get(key) for key in PotentialProvenance.model_fields}
    )


def describe_validation(
    outcomes: Sequence[CheckOutcome],
    *,
    potential: str,
    engine: PotentialProvenance,
    quick: bool,
    seed: int,
    name: str,
) -> ValidationDoc:
    """Build the document of outcomes.

    "not_converged" says that a check could not be made that nobody left out.
    """
    stopped = [
        f"{TITLES[outcome.name]} ({outcome.subject}): {outcome.reason}"
        for outcome in outcomes
        if outcome.verdict == "not run" and outcome.reason not in _BY_CHOICE
    ]
    return ValidationDoc(
        name=name,
        status="not_converged" if stopped else "converged",
        reasons=stopped,
        provenance=make_provenance(potential=engine, seed=seed),
        potential=potential,
        verdict=find_worst(outcome.verdict for outcome in outcomes),
        quick=quick,
        checks=[_describe(outcome) for outcome in outcomes],
        seconds=sum(outcome.seconds for outcome in outcomes),
    )


def _describe(outcome: CheckOutcome) -> CheckDescription:
    return CheckDescription(
        name=outcome.name,
        title=TITLES[outcome.name],
        subject=outcome.subject,
        verdict=outcome.verdict,
        reason=outcome.reason,
        numbers=[_describe_number(quantity) for quantity in outcome.quantities],
        settings=dict(outcome.settings),
        curves={key: list(column) for key, column in outcome.curves.items()},
        seconds=round(outcome.seconds, 3),
    )


def _describe_number(quantity: CheckQuantity) -> CheckNumber:
    fields = {key: getattr(quantity, key) for key in CheckNumber.model_fields}
    for key in ("value", "error"):
        value = fields[key]
        fields[key] = value if value is not None and math.isfinite(value) else None
    return CheckNumber(**fields)
