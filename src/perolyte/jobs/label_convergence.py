"""Compare labels of the same frames with finer and finer settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jobflow import job

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import LabelConvergenceDoc, LabelDifference, LabelDoc

__all__ = ["compare_settings", "judge_convergence"]


@job(output_schema=LabelConvergenceDoc)
def judge_convergence(
    labels: list[list[LabelDoc | None]],
    *,
    option: str,
    values: list[Any],
    energy_tolerance_meV_atom: float = 3.0,
    force_tolerance_meV_A: float = 15.0,
    name: str = "label convergence",
    campaign: str | None = None,
) -> LabelConvergenceDoc:
    """Say which setting will do, as a job.

    Parameters
    ----------
    labels
        For each value of the setting, from the coarsest to the finest, the labels of the same
        frames in the same order; None for one whose job failed.
    option, values
        Name and values of the setting.
    energy_tolerance_meV_atom, force_tolerance_meV_A
        As :func:`compare_settings`.
    name, campaign
        Of the document.
    """
    document = compare_settings(
        labels,
        option=option,
        values=values,
        energy_tolerance_meV_atom=energy_tolerance_meV_atom,
        force_tolerance_meV_A=force_tolerance_meV_A,
        name=name,
        campaign=campaign,
    )
    return document.model_copy(update={"uuid": current_uuid()})


def compare_settings(
    labels: Sequence[Sequence[LabelDoc | None]],
    *,
    option: str,
    values: Sequence[Any],
    energy_tolerance_meV_atom: float = 3.0,
    force_tolerance_meV_A: float = 15.0,
    name: str = "label convergence",
    campaign: str | None = None,
) -> LabelConvergenceDoc:
    """Compare every setting with the finest, and choose the coarsest that will do.

    A setting will do when it and all finer ones lie within the tolerances: two coarse ones that
    happen to agree are no proof. The finest is compared with nothing, so that it is never chosen.

    Parameters
    ----------
    labels, option, values
        As :func:`judge_convergence`.
    energy_tolerance_meV_atom
        Largest difference of an energy, meV/atom.
    force_tolerance_meV_A
        Largest mean difference of the force components of a frame, meV/Å. A third of the error that
        a potential shall reach leaves that error to the potential.
    name, campaign
        Of the document.

    Raises
    ------
    InputError
        For fewer than two values, tolerances that are not positive, or labels that do not fit them.
    """
    for key, tolerance in (
        ("energy_tolerance_meV_atom", energy_tolerance_meV_atom),
        ("force_tolerance_meV_A", force_tolerance_meV_A),
    ):
        if not tolerance > 0:
            raise InputError(f"{key} is {tolerance:g}; it must be above 0")
    finest = _check_labels(labels, values)
    differences = [
        _compare(value, row, finest, energy_tolerance_meV_atom, force_tolerance_meV_A)
        for value, row in zip(values, labels, strict=True)
    ]
    will_do = [found.within_tolerance for found in differences]
    chosen = next(
        (values[k] for k in range(len(values) - 1) if all(will_do[k:])),
        None,
    )
    return LabelConvergenceDoc(
        name=name,
        campaign=campaign,
        status="not_converged" if chosen is None else "converged",
        reasons=[] if chosen is not None else [_say_why(option, values, differences)],
        provenance=make_provenance(
            parent_uuids=[x.uuid for row in labels for x in row if x is not None and x.uuid]
        ),
        engine=finest[0].engine if finest[0] is not None else "unknown",
        option=option,
        frames=[f"frame {k}" if x is None else x.name for k, x in enumerate(finest)],
        differences=differences,
        chosen=chosen,
        energy_tolerance_meV_atom=energy_tolerance_meV_atom,
        force_tolerance_meV_A=force_tolerance_meV_A,
    )


def _check_labels(
    labels: Sequence[Sequence[LabelDoc | None]], values: Sequence[Any]
) -> Sequence[LabelDoc | None]:
    """Return those of the finest setting."""
    if len(values) < 2:
        raise InputError(f"{len(values)} value of the setting; give at least 2, coarse to fine")
    if len(labels) != len(values) or len({len(row) for row in labels}) != 1 or not labels[0]:
        shape = [len(row) for row in labels]
        raise InputError(
            f"labels of {shape} frames for {len(values)} values; give the same frames for each"
        )
    return labels[-1]


def _compare(
    value: Any,
    row: Sequence[LabelDoc | None],
    finest: Sequence[LabelDoc | None],
    energy_tolerance_meV_atom: float,
    force_tolerance_meV_A: float,
) -> LabelDifference:
    reasons = _find_gaps([*row, *finest])
    if reasons:
        return LabelDifference(
            value=value,
            n_frames=len(row),
            energy_meV_atom=None,
            force_meV_A=None,
            within_tolerance=False,
            reasons=reasons,
        )
    pairs = [(a.to_frame(), b.to_frame()) for a, b in zip(row, finest, strict=True) if a and b]
    energy = max(1000 * abs(a.energy_per_atom_eV - b.energy_per_atom_eV) for a, b in pairs)
    force = max(1000 * float(np.abs(a.forces_eV_A - b.forces_eV_A).mean()) for a, b in pairs)
    stresses = [
        float(np.abs(np.array(a.stress_GPa) - b.stress_GPa).max())
        for a, b in zip(row, finest, strict=True)
        if a and b and a.stress_GPa is not None and b.stress_GPa is not None
    ]
    return LabelDifference(
        value=value,
        n_frames=len(row),
        energy_meV_atom=energy,
        force_meV_A=force,
        stress_GPa=max(stresses) if len(stresses) == len(pairs) else None,
        within_tolerance=energy <= energy_tolerance_meV_atom and force <= force_tolerance_meV_A,
    )


def _find_gaps(labels: Sequence[LabelDoc | None]) -> list[str]:
    """Say of each label without sound numbers why it has none."""
    gaps = [
        "the job of a label failed" if x is None else f"{x.name}: {'; '.join(x.reasons)}"
        for x in labels
        if x is None or x.status != "converged"
    ]
    return list(dict.fromkeys(gaps))


def _say_why(option: str, values: Sequence[Any], differences: Sequence[LabelDifference]) -> str:
    found = differences[-2]
    if found.reasons:
        return f"labels with {option} {values[-2]} or {values[-1]}: {found.reasons[0]}"
    return (
        f"between {option} {values[-2]} and {values[-1]} labels still differ by "
        f"{found.energy_meV_atom:.2g} meV/atom and {found.force_meV_A:.2g} meV/Å; add a finer value"
    )
