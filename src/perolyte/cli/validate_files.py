"""The files that ``perolyte validate`` writes."""

from __future__ import annotations

import json
from pathlib import Path

from perolyte.errors import InputError, StoreError
from perolyte.execution.lock import lock_folder
from perolyte.files import replace_file
from perolyte.reports.trust_card import write_trust_card
from perolyte.schemas import PotentialDoc, ValidationDoc

__all__ = ["write_validation"]

CARD = "trust_card.html"
RECORD = "validation.json"


def write_validation(
    document: ValidationDoc, folder: Path, *, training: PotentialDoc | None = None
) -> list[Path]:
    """Write the document and its card; those of the same potential are replaced.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    InputError
        When the folder holds the validation of another potential.
    StoreError
        When a file cannot be written, or another process writes there.
    """
    record = document.model_dump(mode="json")
    try:
        with lock_folder(folder):
            _refuse_foreign(folder / RECORD, record)
            card = write_trust_card(document, folder / CARD, training=training)
            # last: a record means that the card is there
            text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
            return [replace_file(folder / RECORD, text), card]
    except OSError as err:
        raise StoreError(
            f"cannot write {err.filename or folder} ({err.strerror}); free some space or choose "
            "another directory with -o, then give the same command again"
        ) from err


def _refuse_foreign(path: Path, record: dict[str, object]) -> None:
    try:
        held = _identify(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{path} is not readable as a result of this command ({err}); choose another directory "
            "with -o, or remove that file"
        ) from err
    if held != _identify(record):
        raise InputError(
            f"{path.parent} holds the validation of another potential; choose another directory "
            "with -o, or remove it first"
        )


def _identify(record: dict[str, object]) -> tuple[str, ...]:
    provenance = record["provenance"]
    engine = provenance["potential"] if isinstance(provenance, dict) else None
    found = engine or {}
    return tuple(str(found.get(key)) for key in ("name", "version", "weights_sha256", "dtype"))
