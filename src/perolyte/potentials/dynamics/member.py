"""One replica on its way: what is known of it between two steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perolyte.potentials.dynamics.checkpoints import Checkpoint
from perolyte.potentials.dynamics.ensembles import Ensemble
from perolyte.potentials.dynamics.frames import FrameBuffer
from perolyte.potentials.dynamics.guards import Guards, MeltWatch, describe_explosion
from perolyte.potentials.dynamics.recording import BatchFrame
from perolyte.potentials.dynamics.replica import Replica
from perolyte.potentials.dynamics.replica_folder import ReplicaFolder
from perolyte.potentials.dynamics.state_host import HostState
from perolyte.units import FS_PER_PS

__all__ = ["Member"]


@dataclass(eq=False)
class Member:
    """A replica, its folder, and what has not been written yet.

    Attributes
    ----------
    replica, ensemble, folder
        What is run, how, and where it is stored.
    state
        Where it stands; valid between two calls of the batch.
    frames, melt
        Frames since the last chunk, and snapshots for the guard.
    saved_step
        Step of the last checkpoint, or of the start.
    """

    replica: Replica
    ensemble: Ensemble
    folder: ReplicaFolder
    state: HostState
    frames: FrameBuffer
    melt: MeltWatch
    saved_step: int

    @classmethod
    def restore(
        cls, replica: Replica, ensemble: Ensemble, folder: ReplicaFolder, point: Checkpoint
    ) -> Member:
        """Put a replica back to a checkpoint, or to its start."""
        step = point.state.step
        folder.rewind(step)
        return cls(replica, ensemble, folder, point.state, point.frames, point.melt, step)

    def save(self, state: HostState) -> None:
        """Write a checkpoint, and a chunk where one is due."""
        self.state = state
        self.folder.write_checkpoint(state, self.frames, self.melt)
        self.saved_step = state.step

    def judge(self, frame: BatchFrame, index: int, guards: Guards) -> str:
        """Return why this replica counts as exploded, empty where it does not."""
        scalars = frame.scalars[index]
        return describe_explosion(
            guards,
            temperature_K=float(scalars[2]),
            target_K=self.replica.temperature_K,
            energy_eV=float(scalars[0]),
            force_eV_A=float(frame.largest_forces_eV_A[index]),
        )

    def keep(self, frame: BatchFrame, index: int) -> None:
        """Take over a frame."""
        self.frames.displacements_A.append(frame.displacements_A[index])
        self.frames.centres_A.append(frame.centres_A[index])
        self.frames.scalars.append(frame.scalars[index])
        if frame.all_positions_A is not None:
            self.frames.all_positions_A.append(frame.all_positions_A[index])

    def watch_melting(
        self, frame: BatchFrame, index: int, interval_steps: int, settling_ps: float
    ) -> str:
        """Return why the framework counts as molten, empty where it does not.

        ``interval_steps`` is that of the frames with all atoms.
        """
        if frame.all_positions_A is None or self.replica.is_mobile.all():
            return ""
        framework = frame.all_positions_A[index][~self.replica.is_mobile]
        interval_ps = interval_steps * self.replica.time_step_fs / FS_PER_PS
        seen_A = framework - frame.centres_A[index].astype(np.float32)
        return self.melt.add(seen_A, interval_ps, settling_ps)
