"""Calibration of a committee on the frames of a training set that no member was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from perolyte.errors import InputError
from perolyte.schemas import CalibrationDescription, ReliabilityRow, TrainingSetDoc

if TYPE_CHECKING:
    from perolyte.potentials.calibration import Calibration
    from perolyte.potentials.committee import Committee

__all__ = ["calibrate_on_set", "describe_calibration"]

_MIN_TRAJECTORIES = 5
"""Blocks of a jackknife; with fewer trajectories its error says nothing, and frames are blocks."""


def calibrate_on_set(
    committee: Committee, training_set: TrainingSetDoc, splits: Sequence[str]
) -> tuple[Calibration | None, list[str]]:
    """Return the calibration, or why there is none: too few frames, members that never differ.

    Parameters
    ----------
    committee
        Its own scale does not count.
    training_set
        With frames in the splits.
    splits
        Whose frames count. Trajectories are blocks where there are at least five.
    """
    from perolyte.potentials.calibration import calibrate_committee

    frames = [frame for frame in training_set.frames if frame.split in splits]
    names = [frame.trajectory for frame in frames]
    blocks = names if len(set(names)) >= _MIN_TRAJECTORIES else None
    try:
        found = calibrate_committee(committee, [f.to_frame() for f in frames], blocks=blocks)
    except InputError as err:
        return None, [f"uncertainties are not calibrated: {err}"]
    return found, []


def describe_calibration(found: Calibration) -> CalibrationDescription:
    """Return a calibration as documents have it."""
    return CalibrationDescription(
        scale=found.scale,
        scale_error=found.scale_error,
        n_frames=found.n_frames,
        n_blocks=found.n_blocks,
        n_atoms=found.n_atoms,
        rank_correlation=found.rank_correlation,
        coverage_levels=list(found.coverage),
        coverage=list(found.coverage.values()),
        miscalibration_area=found.miscalibration_area,
        ence=found.ence,
        reliability=[ReliabilityRow(**asdict(row)) for row in found.bins],
    )
