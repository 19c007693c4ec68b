"""Errors of a potential on labels, split by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from perolyte.errors import InputError
from perolyte.potentials.training.errors import FrameErrors, evaluate_frames
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
    n_trajectories = len(set(split.trajectories))
    settings = {
        "frames": f"{errors.n_frames} of {n_trajectories} trajectories, {errors.n_atoms} atoms",
        "forces by element": ", ".join(
            f"{symbol} {value:.0f} meV/Å"
            for symbol, value in sorted(errors.force_mae_by_element_meV_A.items())
        ),
    }
    return judge_check("labels", name, describe_errors(errors), settings=settings)


def describe_errors(errors: FrameErrors) -> list[CheckQuantity]:
    """Judge mean absolute errors and the softening slope."""
    quantities = [
        judge_quantity("energy MAE", errors.energy_mae_meV_atom, "meV/atom", limit=ENERGY_LIMIT),
        judge_quantity("energy bias", errors.energy_bias_meV_atom, "meV/atom"),
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
