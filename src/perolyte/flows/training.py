"""Fine-tune a potential on labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobflow import Job, Maker, OutputReference

from perolyte.errors import InputError, PotentialError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.training import train_on_set
from perolyte.potentials.registry import (
    describe_potential,
    hash_checkpoint,
    is_potential_uuid,
)
from perolyte.potentials.training import TrainingSettings
from perolyte.schemas import TrainingSetDoc

__all__ = ["PotentialTrainingMaker"]


@dataclass
class PotentialTrainingMaker(Maker):
    """Train a CHGNet on a set of labels, as one job of the training queue (a GPU by default).

    The job writes its state after each epoch to ``$PEROLYTE_RUN_FOLDER/<uuid of the job>`` and goes
    on there when it is run again after a kill. The weights go to the store's large data;
    ``load_potential(uuid, store=...)`` gives them to the MD engine.

    Parameters
    ----------
    start
        "chgnet", the path of a checkpoint, the uuid of a trained potential in the store, or None to
        train from random weights.
    settings
        Fields of :class:`~perolyte.potentials.training.TrainingSettings`, as plain values.
    campaign
        Name that the document carries.

    Examples
    --------
    >>> job = PotentialTrainingMaker(settings={"batch_size": 8}).make(
    ...     OutputReference("6f1d0c3e-9b0a-5a52-8f1e-3f6f3a0f7c11"), seed=1
    ... )
    >>> job.name, job.metadata["n_evaluations"]
    ('training', 100)
    """

    name: str = "training"
    start: str | None = "chgnet"
    settings: dict[str, Any] = field(default_factory=dict)
    campaign: str | None = None

    def make(
        self,
        training_set: TrainingSetDoc | OutputReference,
        *,
        seed: int = 0,
        label: str | None = None,
    ) -> Job:
        """Build the job; its output is a :class:`~perolyte.schemas.PotentialDoc`.

        Parameters
        ----------
        training_set
            A document, or a reference to one.
        seed
            Of the order of frames, and of random weights.
        label
            Name of the document; by default that of the maker.

        Raises
        ------
        InputError
            For settings that do not exist or are out of range, or a start that is not there.
        """
        settings = self._check_settings()
        job = train_on_set(
            training_set,
            name=label or self.name,
            start=self.start,
            settings=self.settings,
            seed=seed,
            start_sha256=self._hash_start(),
            campaign=self.campaign,
        )
        job.name = f"{self.name} {label}" if label else self.name
        job.metadata["n_evaluations"] = settings.n_epochs
        return assign_identities(job)

    def _check_settings(self) -> TrainingSettings:
        try:
            return TrainingSettings(**self.settings)
        except TypeError as err:
            raise InputError(
                f"training settings {sorted(self.settings)} cannot be used ({err}); give fields of "
                f"TrainingSettings: {', '.join(TrainingSettings.__dataclass_fields__)}"
            ) from err

    def _hash_start(self) -> str | None:
        """Return the SHA-256 of a starting checkpoint, None for a name; check that it exists."""
        if self.start is None or is_potential_uuid(self.start):
            return None
        try:
            if self.start.startswith("chgnet") and not Path(self.start).exists():
                release = self.start.removeprefix("chgnet").removeprefix("-") or "0.3.0"
                describe_potential("chgnet", {"version": release})
                return None
            return hash_checkpoint(self.start)
        except PotentialError as err:
            raise InputError(
                f"start {self.start!r} is not there ({err}); give 'chgnet', the path of a "
                "checkpoint, the uuid of a trained potential, or None"
            ) from err
