"""The checks of a potential as a job, and its document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jobflow import CURRENT_JOB, JobConfig, job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.potentials.stored import fetch_potential
from perolyte.potentials.validation.names import CHECKS, TITLES
from perolyte.potentials.validation.result import CheckOutcome, CheckQuantity, find_worst
from perolyte.schemas import (
    SPLITS,
    CheckDescription,
    CheckNumber,
    PotentialDoc,
    PotentialProvenance,
    TrainingSetDoc,
    ValidationDoc,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.validation.labels import LabelledSplit

__all__ = [
    "describe_engine",
    "describe_validation",
    "run_checks",
    "split_training_set",
    "validate_potential",
]

_BY_CHOICE = ("not asked for", "left out of a quick validation", "no labels were given")


# the weights of a trained potential are in the store
@job(output_schema=ValidationDoc, config=JobConfig(expose_store=True))
def validate_potential(
    potential: str = "chgnet",
    *,
    calculator_kwargs: dict[str, Any] | None = None,
    trained: PotentialDoc | None = None,
    training_set: TrainingSetDoc | None = None,
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
    trained
        Of the same store, to be checked instead.
    training_set
        Whose splits it is compared with; with its large data.
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

    if trained is not None:
        potential = str(_fetch(trained))
    engine = build_batch_potential(potential, calculator_kwargs)
    outcomes = run_checks(
        engine,
        splits=None if training_set is None else split_training_set(training_set),
        structures=structures,
        checks=checks,
        quick=quick,
        seed=seed,
    )
    document = describe_validation(
        outcomes,
        potential=potential if trained is None else trained.name,
        engine=describe_engine(engine),
        quick=quick,
        seed=seed,
        name=name,
        trained=trained,
        labels=None if training_set is None else training_set.name,
        labels_sha256=None if training_set is None else training_set.data_sha256,
    )
    return document.model_copy(update={"uuid": current_uuid(), "campaign": campaign})


def _fetch(trained: PotentialDoc) -> Path:
    store = CURRENT_JOB.store
    if store is None or trained.uuid is None:
        raise InputError(
            f"the weights of {trained.name!r} are in a store, and this is no job of one; give the "
            "path of its checkpoint as potential"
        )
    return fetch_potential(trained.uuid, store)


def split_training_set(training_set: TrainingSetDoc) -> dict[str, LabelledSplit]:
    """Return the splits of a set that have frames, by name."""
    from perolyte.potentials.validation.labels import LabelledSplit

    splits: dict[str, LabelledSplit] = {}
    for split in SPLITS:
        own = [frame for frame in training_set.frames if frame.split == split]
        if own:
            splits[split] = LabelledSplit(
                [frame.to_frame() for frame in own], [frame.trajectory for frame in own]
            )
    return splits


def run_checks(
    engine: BatchPotential,
    *,
    splits: Mapping[str, LabelledSplit] | None = None,
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
    return run_validation(engine, settings, splits=splits, structures=structures, on_start=on_start)


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
    trained: PotentialDoc | None = None,
    labels: str | None = None,
    labels_sha256: str | None = None,
) -> ValidationDoc:
    """Build the document of outcomes.

    "not_converged" says that a check could not be made that nobody left out.

    Parameters
    ----------
    outcomes
        From :func:`run_checks`.
    potential, engine
        What was asked for, and what it is.
    quick, seed, name
        As :func:`validate_potential`.
    trained
        Document of its training.
    labels, labels_sha256
        Name and content of the labels that it was compared with.
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
        provenance=make_provenance(
            potential=engine,
            seed=seed,
            parent_uuids=[None if trained is None else trained.uuid],
            input_hash=labels_sha256,
        ),
        potential=potential,
        potential_uuid=None if trained is None else trained.uuid,
        labels=labels,
        labels_sha256=labels_sha256,
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
