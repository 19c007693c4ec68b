"""The folder of one replica: manifest, chunks and checkpoints, in an order that survives a kill."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from perolyte.errors import StoreError
from perolyte.potentials.dynamics.atomic_files import hash_bytes, write_atomically
from perolyte.potentials.dynamics.checkpoints import (
    Checkpoint,
    DamagedCheckpointError,
    list_checkpoints,
    read_checkpoint,
)
from perolyte.potentials.dynamics.chunks import encode_chunk
from perolyte.potentials.dynamics.ensembles import Ensemble
from perolyte.potentials.dynamics.frames import FrameBuffer
from perolyte.potentials.dynamics.guards import MeltWatch
from perolyte.potentials.dynamics.manifest import (
    MANIFEST,
    check_same_inputs,
    make_manifest,
    read_manifest,
    write_manifest,
)
from perolyte.potentials.dynamics.replica import Replica, ReplicaOutcome
from perolyte.potentials.dynamics.run_settings import RunSettings
from perolyte.potentials.dynamics.state_host import HostState, make_first_state

__all__ = ["ReplicaFolder"]


class ReplicaFolder:
    """What of a replica is on disk.

    A chunk is written first, then the manifest that names it, then the checkpoint. Killed in
    between, the run goes on from the older checkpoint and makes the same chunk again.

    Parameters
    ----------
    folder
        Of this replica alone; made if it is not there.
    replica, settings, ensemble, potential
        What is run; ``potential`` is its description.

    Raises
    ------
    InputError
        Where the folder holds a run of other inputs.
    StoreError
        Where it cannot be read or written.
    """

    def __init__(
        self,
        folder: Path,
        replica: Replica,
        settings: RunSettings,
        ensemble: Ensemble,
        potential: dict[str, Any],
    ) -> None:
        self.folder, self._replica, self._settings = folder, replica, settings
        self._ensemble = ensemble
        self.warnings: list[str] = []
        fresh = make_manifest(replica, settings, ensemble, potential)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise StoreError(f"cannot make {folder} ({err.strerror}); give another folder") from err
        found = self._read_record()
        if found is None:
            write_manifest(folder, fresh)
        else:
            check_same_inputs(folder, found, fresh)
        self._record = fresh if found is None else found

    def _read_record(self) -> dict[str, Any] | None:
        try:
            return read_manifest(self.folder)
        except StoreError as err:
            checkpoints = self._read_checkpoints()
            if not checkpoints:
                raise StoreError(
                    f"{err}, and no checkpoint is whole: the chunks can still be read one by one; "
                    "give another folder to run anew"
                ) from err
            self.warnings.append(f"{MANIFEST} was damaged and is restored from a checkpoint")
            return checkpoints[max(checkpoints)].manifest

    @property
    def status(self) -> str:
        """As in the manifest."""
        return str(self._record["status"])

    def outcome(self) -> ReplicaOutcome:
        """Return how the run stands; a run that could go on is unfinished."""
        record = self._record
        return ReplicaOutcome(
            name=self._replica.name,
            folder=self.folder,
            status="unfinished" if record["status"] == "running" else record["status"],
            reason=record["reason"],
            n_steps=record["n_steps"],
            n_frames=sum(chunk["n_frames"] for chunk in record["chunks"]),
            warnings=tuple(self.warnings),
        )

    def is_done(self) -> bool:
        """Say whether there is nothing left to do."""
        if self.status == "finished":
            return int(self._record["n_steps"]) >= self._settings.n_steps
        return self.status != "running"

    def restore_points(self) -> dict[int, Checkpoint]:
        """Return every point that the run can go on from, by its step.

        Raises
        ------
        StoreError
            Where none is left of a run that had some.
        """
        points = self._read_checkpoints()
        n_files = len(list_checkpoints(self.folder))
        is_young = len(self._record["chunks"]) <= 1 and n_files <= 1
        if is_young:
            points.setdefault(0, self._start())
        if not points:
            raise StoreError(
                f"{self.folder} holds no checkpoint that is whole: its chunks can be read, but the "
                "run cannot go on; give another folder to run anew"
            )
        return points

    def _read_checkpoints(self) -> dict[int, Checkpoint]:
        points = dict[int, Checkpoint]()
        for path in list_checkpoints(self.folder):
            try:
                checkpoint = read_checkpoint(path)
            except DamagedCheckpointError as err:
                text = f"{err}; the run goes on from an older point"
                if text not in self.warnings:
                    self.warnings.append(text)
                continue
            points[checkpoint.state.step] = checkpoint
        return points

    def _start(self) -> Checkpoint:
        state = make_first_state(self._replica, self._ensemble)
        return Checkpoint(state, FrameBuffer(), MeltWatch(), {})

    def rewind(self, step: int) -> None:
        """Forget chunks that the run will make again when it goes on from a step."""
        kept = step // self._settings.chunk_steps
        chunks = self._record["chunks"]
        dropped = chunks[kept:]
        # the manifest first: it never names a chunk that is not there
        self._record |= {"chunks": chunks[:kept], "status": "running", "reason": ""}
        self._record["n_steps"] = step
        write_manifest(self.folder, self._record)
        for chunk in dropped:
            (self.folder / chunk["file"]).unlink(missing_ok=True)
        for path in list_checkpoints(self.folder):
            if path.name > f"checkpoint_{step:012d}.bin":
                path.unlink(missing_ok=True)

    def write_chunk(self, frames: FrameBuffer) -> None:
        """Write frames as the next chunk, without a word of it in the manifest yet."""
        replica = self._replica
        arrays = frames.to_arrays(int(replica.is_mobile.sum()), replica.n_atoms)
        content = encode_chunk(replica, self._settings, frames.first_frame, arrays)
        name = f"frames_{len(self._record['chunks']):06d}.h5"
        write_atomically(self.folder / name, content)
        self._record["chunks"].append(
            {
                "file": name,
                "sha256": hash_bytes(content),
                "n_bytes": len(content),
                "first_frame": frames.first_frame,
                "n_frames": len(frames),
            }
        )

    def write_checkpoint(self, state: HostState, frames: FrameBuffer, melt: MeltWatch) -> None:
        """Write manifest and checkpoint; at the end of a chunk the frames become one first."""
        if state.step % self._settings.chunk_steps == 0 and len(frames):
            self.write_chunk(frames)
            frames.drop(len(frames))
        self._record["n_steps"] = state.step
        write_manifest(self.folder, self._record)
        checkpoint = Checkpoint(state, frames, melt, copy.deepcopy(self._record))
        checkpoint.write(self.folder, n_mobile=int(self._replica.is_mobile.sum()))

    def close(self, frames: FrameBuffer, *, step: int, status: str, reason: str = "") -> None:
        """Write what frames there are, and how the run ended."""
        if len(frames):
            self.write_chunk(frames)
        self._record |= {"status": status, "reason": reason, "n_steps": step}
        write_manifest(self.folder, self._record)
