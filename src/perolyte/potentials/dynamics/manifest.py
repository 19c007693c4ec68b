"""The manifest of a replica's folder: what was run, and its chunks with their hashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perolyte import __version__
from perolyte.errors import InputError, StoreError
from perolyte.potentials.dynamics.atomic_files import hash_bytes, write_atomically
from perolyte.potentials.dynamics.ensembles import Ensemble, describe_ensemble
from perolyte.potentials.dynamics.replica import Replica
from perolyte.potentials.dynamics.run_settings import RunSettings

__all__ = ["MANIFEST", "check_same_inputs", "make_manifest", "read_manifest", "write_manifest"]

MANIFEST = "manifest.json"
_FORMAT = "perolyte-md-run"
_VERSION = 1
_IDENTITY = ("name", "version", "weights_sha256", "dtype")
"""What of a potential must be the same when a run goes on; device and way of computing need not."""


def make_manifest(
    replica: Replica, settings: RunSettings, ensemble: Ensemble, potential: dict[str, Any]
) -> dict[str, Any]:
    """Return the manifest of a run that has not begun."""
    # named only where it was chosen, so that runs begun before there was a choice can go on
    chosen = settings.chunk_interval_steps
    chunks = {} if chosen is None else {"chunk_interval_steps": chosen}
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "perolyte_version": __version__,
        "inputs": {
            "name": replica.name,
            "structure_sha256": replica.fingerprint(),
            "mobile_ion": replica.mobile_ion,
            "temperature_K": float(replica.temperature_K),
            "time_step_fs": float(replica.time_step_fs),
            "seed": int(replica.seed),
            "ensemble": describe_ensemble(ensemble),
            "store_interval_steps": settings.store_interval_steps,
            "framework_interval": settings.framework_interval,
            "checkpoint_interval_steps": settings.checkpoint_interval_steps,
            **chunks,
            "potential": {k: v for k, v in potential.items() if k in _IDENTITY},
        },
        "computed_on": {k: v for k, v in potential.items() if k not in _IDENTITY},
        "species": list(replica.species),
        "cell_A": replica.cell_A.tolist(),
        "status": "running",
        "reason": "",
        "n_steps": 0,
        "chunks": [],
    }


def check_same_inputs(folder: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to go on with a run of other inputs.

    Raises
    ------
    InputError
        Naming the first input that differs.
    """
    for key in dict.fromkeys([*wanted["inputs"], *found["inputs"]]):
        old, value = found["inputs"].get(key), wanted["inputs"].get(key)
        if old != value:
            raise InputError(
                f"{folder} holds a run with {key} = {_shorten(old)}, and {_shorten(value)} was "
                "given: give the same inputs to go on, or another folder"
            )


def _shorten(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def write_manifest(folder: Path, record: dict[str, Any]) -> None:
    """Write the manifest with its own hash.

    Raises
    ------
    StoreError
        If it cannot be written; the one before stays.
    """
    body = {key: value for key, value in record.items() if key != "sha256"}
    signed = {**body, "sha256": _sign(body)}
    write_atomically(folder / MANIFEST, json.dumps(signed, indent=1).encode())


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Read the manifest, None where there is none.

    Raises
    ------
    StoreError
        For one that is cut, changed, or of another version.
    """
    path = folder / MANIFEST
    try:
        record: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as err:
        raise StoreError(f"{path} is damaged ({err})") from err
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        raise StoreError(f"{path} is no manifest of a run; give another folder")
    stated = record.pop("sha256", None)
    if stated != _sign(record):
        raise StoreError(f"{path} is damaged: its SHA-256 does not fit its content")
    if record.get("version") != _VERSION:
        raise StoreError(
            f"{path} is of version {record.get('version')}, this perolyte writes {_VERSION}: go on "
            "with the version that began the run"
        )
    return record


def _sign(body: dict[str, Any]) -> str:
    return hash_bytes(json.dumps(body, sort_keys=True).encode())
