"""Label structures with an electronic-structure code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jobflow import Flow, Job, Maker, OnMissing, OutputReference
from pymatgen.core import Structure

from perolyte.dft.gpaw import GpawCalculator
from perolyte.dft.labels import FrameGroup
from perolyte.dft.vasp import EnergyCorrection, build_vasp_static_maker
from perolyte.errors import InputError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.labels import compute_label, judge_task
from perolyte.potentials import resolve_potential

__all__ = ["LabelMaker"]


@dataclass
class LabelMaker(Maker):
    """Compute energy, forces and stress of a structure, check them, and keep them as a document.

    A calculation that fails, or whose numbers are not sound, gives a document that says so: a flow
    of hundreds of labels does not end at one. Only an engine that is not installed is an error.

    Parameters
    ----------
    engine
        "gpaw"; "vasp" (atomate2's static maker with the settings of the Materials Project); or the
        import path of an ASE calculator.
    engine_kwargs
        Fields of :class:`~perolyte.dft.gpaw.GpawSettings`; arguments of
        :func:`~perolyte.dft.vasp.build_vasp_static_maker`; or those of the calculator.
    static_maker
        Computes instead of the engine: any maker that gives a task document of atomate2's VASP or
        ASE.
    theory
        Fields of :class:`~perolyte.dft.theory.LevelOfTheory`, for a ``static_maker`` of ASE, whose
        documents do not say. The makers of GPAW here need none.
    energy_correction
        "MP2020" for VASP, whose labels then lie beside CHGNet's own; None to leave its energies.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    >>> job = LabelMaker(engine="ase.calculators.emt.EMT").make(copper, name="copper")
    >>> job.name
    'label copper'
    """

    name: str = "label"
    engine: str = "gpaw"
    engine_kwargs: dict[str, Any] = field(default_factory=dict)
    static_maker: Maker | None = None
    theory: dict[str, Any] | None = None
    energy_correction: EnergyCorrection | None = "MP2020"
    campaign: str | None = None

    def make(
        self,
        structure: Structure | OutputReference,
        *,
        name: str,
        group: dict[str, Any] | None = None,
    ) -> Flow | Job:
        """Build the job, or flow; its output is a :class:`~perolyte.schemas.LabelDoc`.

        Parameters
        ----------
        structure
            Ordered, or a reference to one.
        name
            Of the label, unique in a set.
        group
            ``composition``, ``trajectory``, ``temperature_K``, ``kind`` and what else shall be
            kept: splits hold trajectories, temperatures and elements together by them.

        Raises
        ------
        InputError
            For an engine that is not known, options that it does not have, or a temperature that
            is none.
        """
        FrameGroup.from_dict(group)
        maker = self.static_maker
        if maker is None and self.engine == "vasp":
            maker = build_vasp_static_maker(**self.engine_kwargs)
        if maker is not None:
            return self._make_flow(maker, structure, name, group)
        if self.engine == "gpaw":
            GpawCalculator(**self.engine_kwargs)
        else:
            _check_path(self.engine, self.engine_kwargs)
        job = compute_label(
            structure,
            name=name,
            engine=self.engine,
            engine_kwargs=self.engine_kwargs,
            group=group,
            campaign=self.campaign,
        )
        job.name = f"{self.name} {name}"
        return assign_identities(job)

    def _make_flow(
        self,
        maker: Maker,
        structure: Structure | OutputReference,
        name: str,
        group: dict[str, Any] | None,
    ) -> Flow:
        task = maker.make(structure)
        task.name = f"{maker.name} {name}"
        label = judge_task(
            task.output,
            structure=structure,
            name=name,
            engine=self.engine if self.static_maker is None else type(maker).__name__,
            task_uuid=task.output.uuid,
            group=group,
            theory=self.theory or _find_theory(maker),
            energy_correction=self.energy_correction,
            campaign=self.campaign,
        )
        label.name = f"{self.name} {name}"
        label.config.on_missing_references = OnMissing.NONE
        flow = Flow([task, label], output=label.output, name=f"{self.name} {name}")
        return assign_identities(flow)


def _find_theory(maker: Maker) -> dict[str, Any] | None:
    """Return the level of theory of a maker whose calculator states it."""
    from perolyte.dft.makers import GpawRelaxMaker

    if isinstance(maker, GpawRelaxMaker):
        return GpawCalculator(**maker.calculator_kwargs).theory.as_settings()
    return None


def _check_path(engine: str, kwargs: dict[str, Any]) -> None:
    try:
        resolve_potential(engine, kwargs)
    except InputError as err:
        raise InputError(
            f"engine {engine!r} cannot be used ({err}); choose gpaw, vasp, or the import path of "
            "an ASE calculator"
        ) from err
