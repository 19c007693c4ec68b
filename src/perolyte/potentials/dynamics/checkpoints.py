"""Checkpoints: all that is needed to go on as if nothing had happened, two of them at a time."""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import StoreError
from perolyte.potentials.dynamics.atomic_files import hash_bytes, write_atomically
from perolyte.potentials.dynamics.frames import FrameBuffer
from perolyte.potentials.dynamics.guards import MeltWatch
from perolyte.potentials.dynamics.state_host import HostState

__all__ = ["Checkpoint", "DamagedCheckpointError", "list_checkpoints", "read_checkpoint"]

_MAGIC = b"perolyte MD checkpoint 1\n"
_PATTERN = "checkpoint_*.bin"
_N_KEPT = 2
_FRAMES, _HASH_LENGTH = "frames_", 64


class DamagedCheckpointError(StoreError):
    """A checkpoint that its own hash does not fit; the one before may be whole."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A replica between two steps, with its frames that are in no chunk yet.

    Attributes
    ----------
    state
        Positions, velocities, forces, thermostat. The noise of a step follows from seed and step.
    frames
        Since the last chunk, up to but without the frame of this step.
    melt
        Of the guards.
    manifest
        As it was, to restore it.
    """

    state: HostState
    frames: FrameBuffer
    melt: MeltWatch
    manifest: dict[str, Any]

    def write(self, folder: Path, *, n_mobile: int) -> Path:
        """Write it into a folder, and remove all but the two newest.

        Raises
        ------
        StoreError
            If it cannot be written; the older ones stay.
        """
        content = self._encode(n_mobile)
        path = folder / f"checkpoint_{self.state.step:012d}.bin"
        write_atomically(path, _MAGIC + hash_bytes(content).encode() + b"\n" + content)
        for old in list_checkpoints(folder)[_N_KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def _encode(self, n_mobile: int) -> bytes:
        state = self.state
        header = {
            "step": state.step,
            "energy_eV": state.energy_eV,
            "force_uncertainty_eV_A": state.force_uncertainty_eV_A,
            "first_frame": self.frames.first_frame,
            "melt_stride": self.melt.stride,
            "melt_n_seen": self.melt.n_seen,
            "manifest": self.manifest,
            "versions": {"numpy": np.__version__},
        }
        arrays: dict[str, NDArray] = {
            "positions_A": state.positions_A,
            "velocities_A_fs": state.velocities_A_fs,
            "chain_positions": state.chain_positions,
            "chain_velocities_per_fs": state.chain_velocities_per_fs,
            "header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
        }
        if state.forces_eV_A is not None:
            arrays["forces_eV_A"] = state.forces_eV_A
        if self.melt.snapshots:
            arrays["melt"] = np.stack(self.melt.snapshots)
        frames = self.frames.to_arrays(n_mobile, len(state.positions_A))
        arrays |= {_FRAMES + name: values for name, values in frames.items()}
        memory = io.BytesIO()
        np.savez(memory, allow_pickle=False, **arrays)
        return memory.getvalue()


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, the newest first."""
    return sorted(folder.glob(_PATTERN), reverse=True)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, after its hash was found to fit.

    Raises
    ------
    DamagedCheckpointError
        For a file that is cut, changed, or no checkpoint.
    """
    try:
        content = path.read_bytes()
    except OSError as err:
        raise DamagedCheckpointError(f"{path} cannot be read ({err.strerror})") from err
    start = len(_MAGIC) + _HASH_LENGTH + 1
    stated, body = content[len(_MAGIC) : start - 1], content[start:]
    if not content.startswith(_MAGIC) or hash_bytes(body).encode() != stated:
        raise DamagedCheckpointError(f"{path} is damaged: its SHA-256 does not fit its content")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _decode(arrays)
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as err:
        raise DamagedCheckpointError(f"{path} was written by another version ({err})") from err


def _decode(arrays: dict[str, NDArray]) -> Checkpoint:
    header = json.loads(arrays["header"].tobytes())
    frames = {
        name.removeprefix(_FRAMES): values
        for name, values in arrays.items()
        if name.startswith(_FRAMES)
    }
    return Checkpoint(
        state=HostState(
            step=header["step"],
            positions_A=arrays["positions_A"],
            velocities_A_fs=arrays["velocities_A_fs"],
            forces_eV_A=arrays.get("forces_eV_A"),
            energy_eV=header["energy_eV"],
            force_uncertainty_eV_A=header.get("force_uncertainty_eV_A", math.nan),
            chain_positions=arrays["chain_positions"],
            chain_velocities_per_fs=arrays["chain_velocities_per_fs"],
        ),
        frames=FrameBuffer.from_arrays(header["first_frame"], frames),
        melt=MeltWatch(
            snapshots=list(arrays.get("melt", ())),
            stride=header["melt_stride"],
            n_seen=header["melt_n_seen"],
        ),
        manifest=header["manifest"],
    )
