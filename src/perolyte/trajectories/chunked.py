"""Runs of perolyte's own MD: a folder with a manifest and chunks of frames in the H5MD layout.

Mobile ions are stored in every frame, all atoms in some, and the mass-weighted centre of the
framework in every frame again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.trajectories.failures import PARSER_ERRORS, refuse_damage, shorten_error
from perolyte.trajectories.intervals import ReadingOptions, resolve_interval
from perolyte.trajectories.source import (
    FrameBlock,
    TrajectorySource,
    check_cells,
    check_positions,
    count_block_frames,
)
from perolyte.trajectories.species import check_species, list_masses
from perolyte.transport.checks import FloatArray

__all__ = ["MANIFEST", "RUN_FORMAT", "open_run", "read_run"]

MANIFEST = "manifest.json"
RUN_FORMAT = "perolyte-md-run"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Frames of one file: arrays as :class:`FrameBlock` needs them, in float64 Å."""

    mobile_A: FloatArray
    centres_A: FloatArray
    snapshots_A: FloatArray
    snapshot_frames: NDArray[np.int64]


def read_run(folder: str | Path) -> TrajectorySource:
    """Open the run of one replica: its folder, or the manifest in it.

    Mobile ions have their stored positions in every frame. All other atoms rest, from one frame
    that stores all atoms to the next, and move as a whole so that their centre of mass is the
    stored one: the drift of the framework is exact in every frame, and its vibration is that of
    the frames with all atoms.

    Parameters
    ----------
    folder
        That :func:`perolyte.potentials.dynamics.run_md_batch` made for a replica.

    Returns
    -------
    TrajectorySource
        Unwrapped; each chunk is checked against its SHA-256 when it is read.

    Raises
    ------
    InputError
        Naming the file that is missing or damaged.
    """
    return open_run(Path(folder), ReadingOptions())


def open_run(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open a run as :func:`read_run`, with what the user says about time.

    Raises
    ------
    InputError
        As :func:`read_run`.
    """
    manifest = _read_manifest(path)
    folder = path if path.is_dir() else path.parent
    with refuse_damage(f"{path}", "the manifest is of another version, write it again"):
        inputs = manifest["inputs"]
        species = check_species(manifest["species"], path)
        cell_A = np.array(manifest["cell_A"], dtype=np.float64).reshape(3, 3)
        ion = str(inputs["mobile_ion"])
        slow = int(inputs["framework_interval"])
        stated_fs = float(inputs["store_interval_steps"]) * float(inputs["time_step_fs"])
        has_thermostat = inputs["ensemble"]["kind"] != "NVE"
        temperature_K = float(inputs["temperature_K"]) if has_thermostat else None
        chunks = list(manifest["chunks"])
        hashes = "".join(str(chunk["sha256"]) for chunk in chunks)
    interval_fs, warnings = resolve_interval(path, options, stated_fs=stated_fs, missing="")
    is_mobile = np.array([name == ion for name in species])
    check_cells(cell_A[np.newaxis], path, 0, n_atoms=len(species))
    assembler = _Assembler(folder, chunks, is_mobile, list_masses(species), cell_A)
    return TrajectorySource(
        path=path,
        format=RUN_FORMAT,
        species=species,
        frame_interval_fs=interval_fs,
        iterate=assembler.blocks,
        is_unwrapped=True,
        has_fixed_order=True,
        temperature_K=temperature_K,
        warnings=(*warnings, *_list_doubts(manifest, ion, slow, bool(is_mobile.all()))),
        content_sha256=hashlib.sha256(hashes.encode()).hexdigest(),
    )


def _list_doubts(manifest: dict[str, Any], ion: str, slow: int, is_all: bool) -> list[str]:
    doubts = []
    if slow > 1 and not is_all:
        doubts.append(
            f"atoms other than {ion} are stored in every {slow}. frame and rest in between: only "
            f"{ion} can be followed at shorter times"
        )
    status = manifest.get("status")
    if status not in {"running", "finished"}:
        doubts.append(
            f"the run {status} and was stopped at step {manifest.get('n_steps')}: "
            f"{manifest.get('reason')}"
        )
    return doubts


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST if path.is_dir() else path
    if not file.is_file():
        inside = sorted(found.parent.name for found in path.glob(f"*/{MANIFEST}"))
        if inside:
            raise InputError(
                f"{path} holds the runs of {len(inside)} replicas ({', '.join(inside[:5])}): give "
                "the folder of one of them"
            )
        what = f"is a folder without {MANIFEST}" if path.is_dir() else "is not there"
        raise InputError(f"{path} {what}: give a trajectory, or the folder of a replica of a run")
    try:
        record: Any = json.loads(file.read_bytes())
    except PARSER_ERRORS as err:
        raise _refuse_manifest(file, shorten_error(err)) from err
    if not isinstance(record, dict) or record.get("format") != RUN_FORMAT:
        raise InputError(f"{file} is no manifest of a run: give the folder of one replica of a run")
    stated = record.pop("sha256", None)
    body = json.dumps(record, sort_keys=True).encode()
    if stated != hashlib.sha256(body).hexdigest():
        raise _refuse_manifest(file, "its SHA-256 does not fit its content")
    if record.get("version") != _VERSION:
        raise InputError(
            f"{file} is of version {record.get('version')}, {_VERSION} is read: use the perolyte "
            "that wrote it"
        )
    return record


def _refuse_manifest(file: Path, reason: str) -> InputError:
    return InputError(
        f"{file} is damaged ({reason}): run again with the same inputs, which restores it from a "
        "checkpoint, or copy it again"
    )


class _Assembler:
    """Puts frames together from mobile ions, centres, and the last frame with all atoms."""

    def __init__(
        self,
        folder: Path,
        chunks: list[dict[str, Any]],
        is_mobile: NDArray[np.bool_],
        masses_amu: FloatArray,
        cell_A: FloatArray,
    ) -> None:
        self._folder, self._chunks = folder, chunks
        self._is_mobile, self._cell_A = is_mobile, cell_A
        weights = np.where(is_mobile, 0.0, masses_amu)
        total = weights.sum()
        self._weights = weights[~is_mobile] / total if total else weights[~is_mobile]

    def blocks(self) -> Iterator[FrameBlock]:
        """Read chunk by chunk."""
        inverse = np.linalg.inv(self._cell_A)
        size = count_block_frames(self._is_mobile.size)
        last: FloatArray | None = None
        n_read = 0
        for record in self._chunks:
            chunk = self._read(record, n_read)
            path = self._folder / str(record["file"])
            for start in range(0, len(chunk.mobile_A), size):
                part = slice(start, start + size)
                positions = self._place(chunk, part, n_read, last, path)
                check_positions(positions, path, n_read + start)
                cells = np.broadcast_to(self._cell_A, (len(positions), 3, 3))
                yield FrameBlock(n_read + start, positions @ inverse, cells)
            if len(chunk.snapshots_A):
                last = chunk.snapshots_A[-1]
            n_read += len(chunk.mobile_A)

    def _place(
        self, chunk: _Chunk, part: slice, first: int, last: FloatArray | None, path: Path
    ) -> FloatArray:
        """Return all atoms in some frames of a chunk, (n_frames, n_atoms, 3), Å."""
        mobile = chunk.mobile_A[part]
        positions = np.empty((len(mobile), self._is_mobile.size, 3))
        positions[:, self._is_mobile] = mobile
        if self._is_mobile.all():
            return positions
        known, frames = chunk.snapshots_A, chunk.snapshot_frames
        if last is not None:
            known, frames = np.concatenate([last[None], known]), np.append(-1, frames)
        numbers = first + np.arange(len(chunk.mobile_A))[part]
        held = np.searchsorted(frames, numbers, side="right") - 1
        if not len(frames) or held.min() < 0:
            raise InputError(
                f"{path} begins without a frame of all atoms: the run cannot be read without the "
                "chunk before it, copy the folder again"
            )
        framework = known[held][:, ~self._is_mobile]
        centres = np.einsum("a,fax->fx", self._weights, framework)
        shift = chunk.centres_A[part] - centres
        positions[:, ~self._is_mobile] = framework + shift[:, np.newaxis]
        return positions

    def _read(self, record: dict[str, Any], n_read: int) -> _Chunk:
        """Read a chunk whole, and see that it is what was written."""
        with refuse_damage(f"{self._folder / MANIFEST}", "its list of chunks is damaged"):
            name, stated = str(record["file"]), str(record["sha256"])
            first, n_frames = int(record["first_frame"]), int(record["n_frames"])
        path = self._folder / name
        lost = f"frames {first} to {first + n_frames - 1} are in it; copy it again, or run anew"
        try:
            content = path.read_bytes()
        except FileNotFoundError as err:
            raise InputError(f"{path} is missing: {lost}") from err
        except OSError as err:
            raise InputError(f"{path} cannot be read ({err.strerror}): {lost}") from err
        if hashlib.sha256(content).hexdigest() != stated:
            raise InputError(f"{path} is damaged, its SHA-256 is not that in {MANIFEST}: {lost}")
        if first != n_read:
            raise InputError(
                f"{path} begins with frame {first}, frame {n_read} is due: the list of chunks in "
                f"{MANIFEST} is wrong, copy the folder again"
            )
        with refuse_damage(f"{path}", lost):
            return self._decode(content, first)

    def _decode(self, content: bytes, first: int) -> _Chunk:
        import h5py

        with h5py.File(io.BytesIO(content), "r") as file:
            mobile, everything = file["particles/mobile"], file["particles/all"]
            moved = mobile["displacement/value"][()].astype(np.float64)
            start = np.asarray(everything["initial_position"][()])[self._is_mobile]
            snapshots = np.empty((0, self._is_mobile.size, 3))
            frames = np.empty(0, dtype=np.int64)
            if "position" in everything:
                snapshots = everything["position/value"][()].astype(np.float64)
                steps_per_frame = int(mobile["displacement/step"][()])
                step = everything["position/step"]
                steps = int(step.attrs["offset"]) + int(step[()]) * np.arange(len(snapshots))
                frames = steps // steps_per_frame
            return _Chunk(
                mobile_A=start + moved,
                centres_A=file["observables/framework_centre/value"][()],
                snapshots_A=snapshots,
                snapshot_frames=frames,
            )
