"""Say which setting of a code is fine enough for labels."""

from __future__ import annotations

from typing import Any

from jobflow import job

from perolyte.dft.label_convergence import (
    ConvergenceTolerances,
    check_values,
    choose_value,
    compare_labels,
)
from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import LabelConvergenceDoc, LabelDifference, LabelDoc

__all__ = ["judge_convergence"]


@job(output_schema=LabelConvergenceDoc)
def judge_convergence(
    labels: list[list[LabelDoc | None]],
    *,
    option: str,
    values: list[Any],
    energy_tolerance_meV_atom: float,
    force_tolerance_meV_A: float,
    name: str = "label convergence",
    campaign: str | None = None,
) -> LabelConvergenceDoc:
    """Compare every value of a setting with the finest, and choose the coarsest that will do.

    Parameters
    ----------
    labels
        For each value of the setting, from the coarsest to the finest, the labels of the same
        frames in the same order; None for one whose job failed.
    option, values
        Name and values of the setting.
    energy_tolerance_meV_atom, force_tolerance_meV_A
        As :class:`~perolyte.dft.label_convergence.ConvergenceTolerances`.
    name, campaign
        Of the document.

    Raises
    ------
    InputError
        For fewer than two values, tolerances that are not positive, or labels that do not fit them.
    """
    tolerances = ConvergenceTolerances(energy_tolerance_meV_atom, force_tolerance_meV_A)
    check_values(values)
    if len(labels) != len(values) or len({len(row) for row in labels}) != 1 or not labels[0]:
        raise InputError(
            f"labels of {[len(row) for row in labels]} frames for {len(values)} values; give the "
            "same frames for each"
        )
    differences = [
        compare_labels(value, row, labels[-1], tolerances)
        for value, row in zip(values, labels, strict=True)
    ]
    chosen = choose_value(differences)
    known = [label for row in labels for label in row if label is not None]
    return LabelConvergenceDoc(
        uuid=current_uuid(),
        name=name,
        campaign=campaign,
        status="not_converged" if chosen is None else "converged",
        reasons=[] if chosen is not None else [_say_why(option, values, differences[-2])],
        provenance=make_provenance(parent_uuids=[label.uuid for label in known]),
        engine=known[0].engine if known else "unknown",
        option=option,
        frames=[f"frame {k}" if x is None else x.name for k, x in enumerate(labels[-1])],
        differences=differences,
        energy_tolerance_meV_atom=energy_tolerance_meV_atom,
        force_tolerance_meV_A=force_tolerance_meV_A,
        chosen=None if chosen is None else values[chosen],
    )


def _say_why(option: str, values: list[Any], found: LabelDifference) -> str:
    if found.reasons:
        return f"labels with {option} {values[-2]} or {values[-1]}: {found.reasons[0]}"
    energy = found.relative_energy_meV_atom
    energy = found.energy_meV_atom if energy is None else energy
    return (
        f"between {option} {values[-2]} and {values[-1]} labels still differ by {energy:.2g} "
        f"meV/atom and {found.force_meV_A:.2g} meV/Å; add a finer value"
    )
