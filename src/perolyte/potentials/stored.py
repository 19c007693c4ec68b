"""Trained potentials out of a store, into a file that every potential is loaded from."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError, StoreError
from perolyte.files import replace_file
from perolyte.schemas import PotentialDoc
from perolyte.schemas.potential import WEIGHTS_KEY
from perolyte.settings import run_folder

if TYPE_CHECKING:
    from jobflow import JobStore

__all__ = ["fetch_potential"]


def fetch_potential(uuid: str, store: JobStore, *, folder: str | Path | None = None) -> Path:
    """Write the weights of a trained potential to a file named by their SHA-256, once.

    Parameters
    ----------
    uuid
        Of a :class:`~perolyte.schemas.PotentialDoc`.
    store
        Connected, with the additional store that its jobs wrote to.
    folder
        Where files of weights are kept; by default ``potentials`` in ``$PEROLYTE_RUN_FOLDER``.

    Returns
    -------
    pathlib.Path
        What :func:`~perolyte.potentials.load_potential` reads.

    Raises
    ------
    InputError
        If the store has no potential of that uuid.
    StoreError
        If its weights are missing or damaged, or cannot be written.
    """
    query = {"uuid": uuid, "output.schema_name": "PotentialDoc"}
    wanted = ["output.weights_sha256"]
    found = store.query_one(query, wanted, sort={"index": -1})
    if found is None:
        raise InputError(
            f"the store has no trained potential with uuid {uuid!r}; give that of a PotentialDoc"
        )
    sha256 = str(found["output"]["weights_sha256"])
    place = run_folder() / "potentials" if folder is None else Path(folder)
    path = place / f"{sha256}.pth.tar"
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path
    whole: Any = store.query_one(query, sort={"index": -1}, load=True)
    data = _decode(PotentialDoc.model_validate(whole["output"]))
    try:
        return replace_file(path, data)
    except OSError as err:
        raise StoreError(f"{path} cannot be written ({err.strerror}); free some space") from err


def _decode(document: PotentialDoc) -> bytes:
    """Return the weights of a document, checked against its SHA-256."""
    if not isinstance(document.weights_data, str):
        raise StoreError(
            f"the store has the document of potential {document.name!r} without its {WEIGHTS_KEY}; "
            "open the store that its job wrote to, with its additional store"
        )
    try:
        data = base64.b64decode(document.weights_data, validate=True)
    except ValueError as err:
        raise StoreError(f"weights of {document.name!r} are no base64 ({err})") from err
    if hashlib.sha256(data).hexdigest() != document.weights_sha256:
        raise StoreError(
            f"the weights of potential {document.name!r} are damaged: their SHA-256 is not that of "
            "the document; restore the store from a backup, or train again"
        )
    return data
