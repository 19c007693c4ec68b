"""The files of an MD run as part of a document, and back."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from perolyte.errors import StoreError
from perolyte.schemas import RunFile, TrajectoryDoc
from perolyte.trajectories.chunked import MANIFEST

__all__ = ["collect_files", "restore_files"]


def collect_files(folder: Path, *, with_checkpoints: bool) -> list[RunFile]:
    """Read manifest and chunks of a replica's folder, and its checkpoints where it is to go on.

    Chunks that the manifest does not name, left by a kill, are not taken.

    Raises
    ------
    StoreError
        Where a file cannot be read or is not the one that the manifest names.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
        record = json.loads(manifest)
        names = {str(chunk["file"]): str(chunk["sha256"]) for chunk in record["chunks"]}
        files = [_read(folder / MANIFEST)]
        for name, sha256 in names.items():
            file = _read(folder / name)
            if file.sha256 != sha256:
                raise StoreError(
                    f"{folder / name} is damaged: its SHA-256 is not that of the manifest; delete "
                    f"{folder} and run again"
                )
            files.append(file)
        if with_checkpoints:
            files += [_read(path) for path in sorted(folder.glob("checkpoint*"))]
    except OSError as err:
        raise StoreError(f"{folder} cannot be read ({err.strerror}); run the job again") from err
    return files


def restore_files(document: TrajectoryDoc, folder: Path) -> None:
    """Write the files of a run into a folder.

    Raises
    ------
    StoreError
        For data that are not in the document, damaged, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in document.files:
            (folder / Path(file.name).name).write_bytes(_decode(file, document.name))
    except OSError as err:
        raise StoreError(f"{folder} cannot be written ({err.strerror}); free some space") from err


def _read(path: Path) -> RunFile:
    data = path.read_bytes()
    return RunFile(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        n_bytes=len(data),
        chunk_data=base64.b64encode(data).decode(),
    )


def _decode(file: RunFile, run: str) -> bytes:
    if not isinstance(file.chunk_data, str):
        raise StoreError(
            f"{file.name} of the run {run} is a reference to large data that were not loaded; load "
            "the document with load=True"
        )
    data = base64.b64decode(file.chunk_data)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise StoreError(
            f"{file.name} of the run {run} is damaged in the store; run its MD job again"
        )
    return data
