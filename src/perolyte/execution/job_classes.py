"""What kind of work a job is: that decides the queue it goes to and the line it is counted in.

A maker or job says it with an attribute ``job_class``; those of perolyte and atomate2, which have
none, are listed here by the import path of their function or of the maker's class.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from perolyte.errors import InputError

if TYPE_CHECKING:
    from jobflow import Job

__all__ = ["JOB_CLASSES", "JobKind", "describe_job", "order_of_stage"]

JOB_CLASSES = (
    "relaxation",
    "molecular_dynamics",
    "training",
    "dft",
    "bond_valence",
    "candidates",
    "analysis",
)


@dataclass(frozen=True)
class JobKind:
    """Class of a job, for its queue, and stage of a campaign, for its line in a table."""

    job_class: str
    stage: str


_FUNCTIONS = {
    "perolyte.jobs.ingest.ingest_files": JobKind("candidates", "ingest"),
    "perolyte.jobs.candidates.generate_candidates": JobKind("candidates", "candidates"),
    "perolyte.jobs.bvse.compute_bvse": JobKind("bond_valence", "bond valence"),
    "perolyte.jobs.bvse_screen.compute_candidate_barriers": JobKind("bond_valence", "bond valence"),
    "perolyte.jobs.bvse_screen.keep_best_by_barrier": JobKind("analysis", "bond valence"),
    "perolyte.jobs.relaxation.relax_candidates": JobKind("analysis", "relaxation"),
    "perolyte.jobs.relaxation.build_relax_document": JobKind("analysis", "relaxation judged"),
    "perolyte.jobs.label_convergence.judge_convergence": JobKind("analysis", "labels judged"),
    "perolyte.jobs.labels.compute_label": JobKind("dft", "DFT"),
    "perolyte.jobs.labels.judge_task": JobKind("analysis", "labels judged"),
    "perolyte.jobs.ranking.rank_candidates": JobKind("analysis", "ranking"),
    "perolyte.jobs.exploration.explore_with_committee": JobKind(
        "molecular_dynamics", "molecular dynamics"
    ),
    "perolyte.jobs.molecular_dynamics.run_molecular_dynamics": JobKind(
        "molecular_dynamics", "molecular dynamics"
    ),
    "perolyte.jobs.training.train_on_set": JobKind("training", "training"),
    "perolyte.jobs.validation.validate_potential": JobKind("molecular_dynamics", "validation"),
    "perolyte.jobs.vasp_runs.prepare_vasp_start": JobKind("analysis", "molecular dynamics"),
    "perolyte.jobs.vasp_runs.collect_vasp_runs": JobKind("analysis", "molecular dynamics"),
    "perolyte.jobs.summary.summarise_screening": JobKind("analysis", "summary"),
    "jobflow.core.job.store_inputs": JobKind("analysis", "outputs collected"),
}
_MODULES = {
    "perolyte.jobs.active_learning": JobKind("analysis", "active learning"),
    "perolyte.jobs.diffusion": JobKind("analysis", "diffusivity"),
    "perolyte.jobs.conductivity": JobKind("analysis", "conductivity"),
    "perolyte.jobs.paths": JobKind("analysis", "ion paths"),
}
_MAKERS = {
    "perolyte.dft.makers.GpawRelaxMaker": JobKind("dft", "DFT"),
    "atomate2.ase.md.AseMDMaker": JobKind("molecular_dynamics", "molecular dynamics"),
    "atomate2.ase.jobs.AseMaker": JobKind("relaxation", "relaxation"),
    "atomate2.vasp.jobs.base.BaseVaspMaker": JobKind("dft", "DFT"),
    "atomate2.cp2k.jobs.base.BaseCp2kMaker": JobKind("dft", "DFT"),
    "atomate2.aims.jobs.base.BaseAimsMaker": JobKind("dft", "DFT"),
    "atomate2.abinit.jobs.base.BaseAbinitMaker": JobKind("dft", "DFT"),
    "atomate2.qchem.jobs.base.BaseQCMaker": JobKind("dft", "DFT"),
}
_ORDER = (
    "ingest",
    "candidates",
    "bond valence",
    "relaxation",
    "relaxation judged",
    "ranking",
    "DFT",
    "labels judged",
    "training",
    "validation",
    "molecular dynamics",
    "diffusivity",
    "ion paths",
    "conductivity",
    "outputs collected",
    "summary",
)
_STAGES = {
    "relaxation": "relaxation",
    "molecular_dynamics": "molecular dynamics",
    "training": "training",
    "dft": "DFT",
    "bond_valence": "bond valence",
    "candidates": "candidates",
}


def describe_job(job: Job) -> JobKind:
    """Return class and stage of a job; what nobody has declared is ``analysis``.

    Raises
    ------
    InputError
        For a ``job_class`` that is not one of `JOB_CLASSES`.

    Examples
    --------
    >>> from jobflow import job
    >>> @job
    ... def fit_committee():
    ...     return None
    >>> describe_job(fit_committee())
    JobKind(job_class='analysis', stage='fit committee')
    >>> task = fit_committee()
    >>> task.metadata["job_class"] = "training"
    >>> describe_job(task)
    JobKind(job_class='training', stage='training')
    """
    function = getattr(job.function, "original", job.function)
    owner = getattr(job.function, "__self__", None)
    maker = None if owner is None or isinstance(owner, ModuleType) else owner
    declared = job.metadata.get("job_class") or getattr(function, "job_class", None)
    declared = declared or getattr(maker, "job_class", None)
    if declared is not None:
        if declared not in JOB_CLASSES:
            raise InputError(
                f"job {job.name!r} has job_class {declared!r}; use one of {', '.join(JOB_CLASSES)}"
            )
        return JobKind(declared, _STAGES.get(declared, _plain(function)))
    for cls in type(maker).__mro__ if maker is not None else ():
        known = _MAKERS.get(f"{cls.__module__}.{cls.__qualname__}")
        if known is not None:
            return known
    path = f"{function.__module__}.{function.__qualname__}"
    found = _FUNCTIONS.get(path) or _MODULES.get(function.__module__)
    return found or JobKind("analysis", _plain(function))


def order_of_stage(stage: str) -> tuple[int, str]:
    """Return a key that sorts stages as a campaign goes through them."""
    return (_ORDER.index(stage) if stage in _ORDER else len(_ORDER), stage)


def _plain(function: object) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return str(name).replace("_", " ").strip()
