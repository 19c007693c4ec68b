"""Label structures: with a calculator in the job itself, or from another maker's task document."""

from __future__ import annotations

from typing import Any

from jobflow import job
from pymatgen.core import Structure

from perolyte.dft.evaluation import Evaluation, evaluate_structure, plain_structure
from perolyte.dft.gpaw import GpawCalculator, check_gpaw
from perolyte.dft.labels import FrameGroup, RawLabel, build_label
from perolyte.dft.tasks import read_task
from perolyte.dft.theory import LevelOfTheory
from perolyte.dft.vasp import EnergyCorrection
from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.potentials import describe_potential
from perolyte.potentials.choosing import build_calculator
from perolyte.schemas import LabelDoc

__all__ = ["compute_label", "describe_engine", "judge_task"]


@job(output_schema=LabelDoc)
def compute_label(
    structure: Structure,
    *,
    name: str,
    engine: str = "gpaw",
    engine_kwargs: dict[str, Any] | None = None,
    group: dict[str, Any] | None = None,
    campaign: str | None = None,
) -> LabelDoc:
    """Compute energy, forces and stress of a structure, and judge them.

    Parameters
    ----------
    structure
        Ordered.
    name
        Of the label.
    engine, engine_kwargs
        "gpaw", or the import path of an ASE calculator, and its options.
    group
        Fields of :class:`~perolyte.dft.labels.FrameGroup`.
    campaign
        Name that the document carries.

    Returns
    -------
    LabelDoc
        "not_converged" or "rejected" with the reason where the calculation fails.

    Raises
    ------
    ExecutionError
        If the engine is not installed.
    InputError
        For a disordered structure, or options that the engine does not have.
    """
    kwargs = dict(engine_kwargs or {})
    theory, version = describe_engine(engine, kwargs)
    calculator = GpawCalculator(**kwargs) if engine == "gpaw" else build_calculator(engine, kwargs)
    plain = plain_structure(structure)
    found = evaluate_structure(plain, calculator)
    if isinstance(calculator, GpawCalculator):
        calculator.forget()
    raw = RawLabel(
        name=name,
        structure=plain,
        found=found,
        theory=theory,
        engine_version=version,
        group=FrameGroup.from_dict(group),
    )
    return build_label(raw, provenance=make_provenance(), uuid=current_uuid(), campaign=campaign)


@job(output_schema=LabelDoc)
def judge_task(
    task: Any,
    *,
    structure: Structure,
    name: str,
    engine: str,
    task_uuid: str,
    group: dict[str, Any] | None = None,
    theory: dict[str, Any] | None = None,
    energy_correction: EnergyCorrection | None = "MP2020",
    campaign: str | None = None,
) -> LabelDoc:
    """Judge a finished calculation of another maker; one whose job failed arrives here as None.

    Parameters
    ----------
    task
        Document of atomate2's VASP or ASE makers.
    structure
        That was computed.
    name, group, campaign
        As :func:`compute_label`.
    engine
        Name of the maker, for a calculation that failed.
    task_uuid
        Of the calculation.
    theory
        Fields of :class:`~perolyte.dft.theory.LevelOfTheory`, for a calculation of ASE.
    energy_correction
        Of VASP's energies.
    """
    described = FrameGroup.from_dict(group)
    level = None if theory is None else LevelOfTheory.from_settings(theory)
    if task is None:
        raw = RawLabel(
            name=name,
            structure=plain_structure(structure),
            found=Evaluation(failure="the calculation failed; its error is in the run's log"),
            theory=level or LevelOfTheory(engine=engine),
            group=described,
        )
    else:
        raw = read_task(
            task, name=name, group=described, theory=level, correction=energy_correction
        )
    return build_label(
        raw,
        provenance=make_provenance(parent_uuids=[task_uuid]),
        uuid=current_uuid(),
        campaign=campaign,
        task_uuid=task_uuid,
    )


def describe_engine(
    engine: str, engine_kwargs: dict[str, Any] | None = None
) -> tuple[LevelOfTheory, str | None]:
    """Return the level of theory of an engine, and its version.

    Parameters
    ----------
    engine, engine_kwargs
        As :func:`compute_label`.

    Raises
    ------
    ExecutionError
        If GPAW is asked for and not installed.
    InputError
        For an engine that is not known, or options that it does not have.

    Examples
    --------
    >>> describe_engine("ase.calculators.emt.EMT")[0].engine
    'ase.calculators.emt.EMT'
    """
    kwargs = dict(engine_kwargs or {})
    if engine == "gpaw":
        return GpawCalculator(**kwargs).theory, check_gpaw()
    if engine == "vasp":
        raise InputError("VASP computes with files; use LabelMaker(engine='vasp') for it")
    described = describe_potential(engine, kwargs)
    name = str(described["name"])
    # the level of a calculator is all of its options: nothing else is known of it
    return LevelOfTheory(engine=name, options=kwargs), described["version"]
