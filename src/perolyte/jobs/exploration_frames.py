"""Frames of exploring runs, read back as structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pymatgen.core import Structure

from perolyte.jobs.exploration_settings import ExplorationSettings
from perolyte.potentials.dynamics import ReplicaOutcome
from perolyte.trajectories import open_trajectory
from perolyte.trajectories.observables import read_observable
from perolyte.units import FS_PER_PS

__all__ = ["CandidateFrame", "read_candidates", "read_frames", "read_last_frame"]


@dataclass(frozen=True, eq=False)
class CandidateFrame:
    """A doubtful frame.

    Attributes
    ----------
    run, frame
        Numbers, from 0.
    time_ps
        ps from the start of the run.
    uncertainty_eV_A
        eV/Å, calibrated, of the most uncertain atom.
    structure
        Atoms in the cell.
    """

    run: int
    frame: int
    time_ps: float
    uncertainty_eV_A: float
    structure: Structure


def read_candidates(
    outcomes: Sequence[ReplicaOutcome], settings: ExplorationSettings
) -> tuple[list[CandidateFrame], list[int]]:
    """Return doubtful frames of runs, and how many each run has.

    Where there are more than ``max_candidates``, every run gives the same share of its own, evenly
    over time; the frame that stopped a run is always among them.

    Parameters
    ----------
    outcomes
        Of runs that stored all atoms in every frame.
    settings
        With the limits.
    """
    doubts = [read_observable(outcome.folder, "force_uncertainty") for outcome in outcomes]
    found = [np.flatnonzero(values > settings.select_uncertainty_eV_A) for values in doubts]
    n_all = sum(map(len, found))
    stride = max(1, -(-n_all // settings.max_candidates))
    candidates = []
    for run, (outcome, frames) in enumerate(zip(outcomes, found, strict=True)):
        # from the end: the last one is what stopped the run
        kept = frames[::-1][::stride][::-1]
        structures, interval_fs = read_frames(outcome.folder, kept.tolist())
        candidates += [
            CandidateFrame(
                run, frame, frame * interval_fs / FS_PER_PS, float(doubts[run][frame]), structure
            )
            for frame, structure in zip(kept.tolist(), structures, strict=True)
        ]
    return candidates, [len(frames) for frames in found]


def read_frames(folder: Path, frames: Sequence[int]) -> tuple[list[Structure], float]:
    """Return some frames of a run, in ascending order, and the time between all frames in fs."""
    source = open_trajectory(folder)
    wanted, found = set(frames), list[Structure]()
    for block in source.blocks() if wanted else ():
        for offset, scaled in enumerate(block.scaled):
            if block.first_frame + offset in wanted:
                found.append(
                    Structure(
                        block.cells_A[offset], list(source.species), scaled, to_unit_cell=True
                    )
                )
    return found, source.frame_interval_fs


def read_last_frame(folder: Path) -> Structure:
    """Return the last frame of a run that has at least one."""
    n_frames = len(read_observable(folder, "temperature"))
    return read_frames(folder, [n_frames - 1])[0][0]
