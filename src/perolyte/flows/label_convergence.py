"""Find how fine the settings of a code must be before hundreds of frames are labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jobflow import Flow, Maker, OnMissing
from pymatgen.core import Structure

from perolyte.dft.label_convergence import ConvergenceTolerances, check_values
from perolyte.errors import InputError
from perolyte.flows.labelling import LabelMaker
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.label_convergence import judge_convergence

__all__ = ["LabelConvergenceMaker"]


@dataclass
class LabelConvergenceMaker(Maker):
    """Label the same frames with finer and finer settings, and say which will do.

    No check of a single label sees a coarse mesh of k-points: its forces sum to zero and its
    electrons converge. Frames that are hot or rattled show it, perfect crystals do not.

    Parameters
    ----------
    option
        Of the engine, as in ``label_maker.engine_kwargs``.
    values
        From the coarsest to the finest; the finest is what the others are compared with.
    label_maker
        With all other settings.
    energy_tolerance_meV_atom, force_tolerance_meV_A
        As :class:`~perolyte.dft.label_convergence.ConvergenceTolerances`.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.7), ["Cu"], [[0, 0, 0]])
    >>> maker = LabelConvergenceMaker(
    ...     "rc", (4.0, 6.0, 9.0), LabelMaker(engine="ase.calculators.lj.LennardJones")
    ... )
    >>> flow = maker.make({"hot": copper.perturb(0.1)})
    >>> [job.name for job in flow.jobs]
    ['label hot rc 4.0', 'label hot rc 6.0', 'label hot rc 9.0', 'label convergence of rc']
    """

    option: str = "kpoint_length_A"
    values: Sequence[Any] = (7.5, 11.0, 15.0, 19.0)
    label_maker: LabelMaker = field(default_factory=LabelMaker)
    energy_tolerance_meV_atom: float = 3.0
    force_tolerance_meV_A: float = 15.0
    name: str = "label convergence"
    campaign: str | None = None

    def make(self, structures: Mapping[str, Structure]) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.LabelConvergenceDoc`.

        Parameters
        ----------
        structures
            Ordered and off their equilibrium, by name. Two or three will do; with more than one of
            each composition what energies have in common does not count.

        Raises
        ------
        InputError
            Without structures, with fewer than two values, for tolerances that are not above zero,
            or for an option that the engine does not have.
        """
        if not structures:
            raise InputError("no structures to label; give at least one that is hot or rattled")
        check_values(self.values)
        ConvergenceTolerances(self.energy_tolerance_meV_atom, self.force_tolerance_meV_A)
        jobs: list[Any] = []
        labels: list[list[Any]] = []
        for value in self.values:
            maker = self._make_finer(value)
            row = [
                maker.make(structure, name=f"{name} {self.option} {value}")
                for name, structure in structures.items()
            ]
            jobs += row
            labels.append([job.output for job in row])
        judged = judge_convergence(
            labels,
            option=self.option,
            values=list(self.values),
            energy_tolerance_meV_atom=self.energy_tolerance_meV_atom,
            force_tolerance_meV_A=self.force_tolerance_meV_A,
            name=f"{self.name} of {self.option}",
            campaign=self.campaign,
        )
        judged.name = f"{self.name} of {self.option}"
        judged.config.on_missing_references = OnMissing.NONE
        return assign_identities(Flow([*jobs, judged], output=judged.output, name=judged.name))

    def _make_finer(self, value: Any) -> LabelMaker:
        maker = self.label_maker
        if maker.static_maker is not None:
            raise InputError(
                "the settings of a static_maker are its own; give engine and engine_kwargs to "
                "the label_maker"
            )
        kwargs = {**maker.engine_kwargs, self.option: value}
        return replace(maker, engine_kwargs=kwargs, campaign=self.campaign or maker.campaign)
