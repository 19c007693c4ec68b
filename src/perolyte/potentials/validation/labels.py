"""Errors of a potential on labels, split by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from perolyte.errors import InputError
from perolyte.potentials.training.errors import FrameErrors, evaluate_frames, predict_energies
from perolyte.potentials.validation.result import (
    CheckOutcome,
    CheckQuantity,
    Limit,
    Reference,
    judge_check,
    judge_quantity,
)

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["LabelledSplit", "check_labels", "describe_errors"]

ENERGY_LIMIT: Final = Limit(5.0, 10.0, "at most")
FORCE_LIMIT: Final = Limit(50.0, 80.0, "at most")
STRESS_LIMIT: Final = Limit(0.3, 0.6, "at most")
SLOPE_LIMIT: Final = Limit(0.03, 0.06, "absolute")
_OTHER_REFERENCE_MEV_ATOM: Final = 50.0
"""No useful potential is off by more on its own energy scale."""
_FRAMES_PER_ELEMENT: Final = 4
"""Fewer frames would be fitted by the offsets instead of judged."""
ONE: Final = Reference(1.0, "1: neither too soft nor too stiff, doi 10.1038/s41524-024-01500-6")


@dataclass(frozen=True, eq=False)
class LabelledSplit:
    """Frames of one split.

    Attributes
    ----------
    frames
        At least one.
    trajectories
        Where each frame comes from: frames of one trajectory are not independent.
    """

    frames: Sequence[LabelledFrame]
    trajectories: Sequence[str]

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.trajectories):
            raise InputError(
                f"a split of {len(self.frames)} frames of {len(self.trajectories)} trajectories; "
                "give at least one frame, and one trajectory for each"
            )


def check_labels(potential: BatchPotential, split: LabelledSplit, *, name: str) -> CheckOutcome:
    """Compare a potential with the labels of one split.

    Parameters
    ----------
    name
        Of the split.
    """
    errors = evaluate_frames(potential, split.frames, blocks=list(split.trajectories))
    without_offsets = None
    if errors.energy_mae_meV_atom > _OTHER_REFERENCE_MEV_ATOM:
        without_offsets = _fit_offsets(potential, split.frames)
    n_trajectories = len(set(split.trajectories))
    settings = {
        "frames": f"{errors.n_frames} of {n_trajectories} trajectories, {errors.n_atoms} atoms",
        "forces by element": ", ".join(
            f"{symbol} {value:.0f} meV/Å"
            for symbol, value in sorted(errors.force_mae_by_element_meV_A.items())
        ),
    }
    if without_offsets is not None:
        settings["energies"] = (
            "those of the labels have other reference energies: offsets of the elements, fitted "
            "on these frames, are taken out before they are judged"
        )
    quantities = describe_errors(errors, without_offsets_meV_atom=without_offsets)
    return judge_check("labels", name, quantities, settings=settings)


def describe_errors(
    errors: FrameErrors, *, without_offsets_meV_atom: float | None = None
) -> list[CheckQuantity]:
    """Judge mean absolute errors and the softening slope.

    Parameters
    ----------
    errors
        Of one split.
    without_offsets_meV_atom
        MAE of the energy after offsets of the elements are taken out, where labels and potential
        have different reference energies; it is judged instead, meV/atom.
    """
    is_comparable = without_offsets_meV_atom is None
    quantities = [
        judge_quantity(
            "energy MAE",
            errors.energy_mae_meV_atom,
            "meV/atom",
            limit=ENERGY_LIMIT if is_comparable else None,
        ),
        judge_quantity("energy bias", errors.energy_bias_meV_atom, "meV/atom"),
    ]
    if without_offsets_meV_atom is not None:
        quantities.append(
            judge_quantity(
                "energy MAE without offsets",
                without_offsets_meV_atom,
                "meV/atom",
                limit=ENERGY_LIMIT,
            )
        )
    quantities += [
        judge_quantity("force MAE", errors.force_mae_meV_A, "meV/Å", limit=FORCE_LIMIT),
    ]
    if errors.stress_mae_GPa is not None:
        quantities.append(
            judge_quantity("stress MAE", errors.stress_mae_GPa, "GPa", limit=STRESS_LIMIT)
        )
    if errors.softening_slope is not None:
        quantities.append(
            judge_quantity(
                "softening slope",
                errors.softening_slope,
                "",
                error=errors.softening_slope_error,
                reference=ONE,
                limit=SLOPE_LIMIT,
            )
        )
    return quantities


def _fit_offsets(potential: BatchPotential, frames: Sequence[LabelledFrame]) -> float | None:
    """Return the energy MAE (meV/atom) beside offsets of elements; None for too few frames."""
    elements = sorted({site.specie.symbol for frame in frames for site in frame.structure})
    if len(frames) < _FRAMES_PER_ELEMENT * len(elements):
        return None
    shares = np.array(
        [
            [frame.structure.composition.get_atomic_fraction(symbol) for symbol in elements]
            for frame in frames
        ]
    )
    energies = predict_energies(potential, frames)
    off = np.array(
        [
            energy / len(frame.structure) - frame.energy_per_atom_eV
            for energy, frame in zip(energies, frames, strict=True)
        ]
    )
    fitted = shares @ np.linalg.lstsq(shares, off, rcond=None)[0]
    return float(np.abs(off - fitted).mean()) * 1000
