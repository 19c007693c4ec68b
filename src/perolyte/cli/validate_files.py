"""The files that ``perolyte validate`` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perolyte.cli.result_folder import open_result_folder
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
    with open_result_folder(folder, RECORD, _identify, record, "potentials"):
        card = write_trust_card(document, folder / CARD, training=training)
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        return [replace_file(folder / RECORD, text), card]


def _identify(record: dict[str, Any]) -> list[str]:
    engine = record["provenance"]["potential"] or {}
    return [f"{key} {engine.get(key)}" for key in ("name", "version", "weights_sha256", "dtype")]
