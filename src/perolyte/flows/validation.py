"""Check a potential against labels and published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobflow import Flow, Maker, OutputReference
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.validation import validate_potential
from perolyte.potentials import resolve_potential
from perolyte.potentials.validation.names import CHECKS
from perolyte.schemas import PotentialDoc, TrainingSetDoc

__all__ = ["PotentialValidationMaker"]


@dataclass
class PotentialValidationMaker(Maker):
    """Run the validation suite on a potential, as one job.

    Parameters
    ----------
    potential, calculator_kwargs
        "chgnet", the path of a fine-tuned CHGNet, or the import path of an ASE calculator, with
        its options.
    checks
        Names of :data:`~perolyte.potentials.validation.names.CHECKS`; by default all.
    quick
        The cheap ones only.
    seed
        Of first velocities and displacements.
    campaign
        Name that the document carries.

    Examples
    --------
    >>> flow = PotentialValidationMaker(quick=True).make()
    >>> [job.name for job in flow.jobs]
    ['validation of chgnet']
    """

    name: str = "validation"
    potential: str = "chgnet"
    calculator_kwargs: dict[str, Any] = field(default_factory=dict)
    checks: tuple[str, ...] = CHECKS
    quick: bool = False
    seed: int = 0
    campaign: str | None = None

    def make(
        self,
        trained: PotentialDoc | OutputReference | None = None,
        *,
        training_set: TrainingSetDoc | OutputReference | None = None,
        structures: Mapping[str, Structure] | None = None,
    ) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.ValidationDoc`.

        Parameters
        ----------
        trained
            Output of a :class:`~perolyte.flows.PotentialTrainingMaker`, to be checked instead of
            ``potential``.
        training_set
            Whose splits it is compared with.
        structures
            Ordered cells to check besides those of the suite, by name.

        Raises
        ------
        InputError
            For a potential or a check that is not known.
        """
        unknown = [name for name in self.checks if name not in CHECKS]
        if unknown:
            raise InputError(f"checks hold {unknown}; use some of {', '.join(CHECKS)}")
        resolve_potential(self.potential, self.calculator_kwargs)
        job = validate_potential(
            self.potential,
            calculator_kwargs=self.calculator_kwargs,
            trained=trained,
            training_set=training_set,
            structures=dict(structures or {}),
            checks=list(self.checks),
            quick=self.quick,
            seed=self.seed,
            name=self.name,
            campaign=self.campaign,
        )
        label = Path(self.potential).name if trained is None else "the trained potential"
        job.name = f"{self.name} of {label}"
        return assign_identities(Flow([job], output=job.output, name=self.name))
