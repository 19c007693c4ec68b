"""The directory of ``perolyte inputs``: written once, never over what somebody else put there."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Self

from perolyte import __version__
from perolyte.cli.result_folder import explain_writing, lock_results
from perolyte.dft.input_files import hash_files
from perolyte.errors import InputError
from perolyte.files import replace_file

__all__ = ["InputsFolder"]

_FORMAT = "perolyte-inputs"


class InputsFolder:
    """Folders of input files with a manifest of their hashes.

    Files that are there and as they should be are left. A file with another content is never
    replaced, and neither is a directory used that holds anything but such folders.

    Raises
    ------
    InputError
        For a directory with other data, or a file with another content.
    StoreError
        Where it cannot be written, or another process writes there.
    """

    MANIFEST: ClassVar[str] = "inputs.json"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._hashes: dict[str, dict[str, str]] = {}
        self._incars: dict[str, dict[str, str]] = {}
        self.n_written = 0

    def __enter__(self) -> Self:
        self._refuse_foreign()
        self._stack.enter_context(lock_results(self._folder))
        with explain_writing(self._folder):
            if not (self._folder / self.MANIFEST).exists():
                # from here on the directory is known, should the command be interrupted
                self._write({"calculations": {}})
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def n_seen(self) -> int:
        """Calculations so far."""
        return len(self._hashes)

    def add(self, name: str, files: dict[str, str]) -> None:
        """Write the files of one calculation, unless they are there."""
        folder = self._folder / name
        hashes = hash_files(files)
        missing = []
        for file in files:
            found = _hash_existing(folder / file)
            if found is None:
                missing.append(file)
            elif found != hashes[file]:
                raise InputError(
                    f"{folder / file} is there with another content, edited or of another command; "
                    "choose another directory with -o, or remove it"
                )
        with explain_writing(self._folder):
            for file in missing:
                replace_file(folder / file, files[file], lasting=False)
        self.n_written += bool(missing)
        self._hashes[name] = hashes
        if "INCAR" in files:
            rows = (line.partition("=") for line in files["INCAR"].splitlines() if "=" in line)
            self._incars[name] = {key.strip(): value.strip() for key, _, value in rows}

    def finish(self, engine: str, kinds: list[str] | list[Any]) -> dict[str, Any]:
        """Write the manifest and return it."""
        manifest = {
            "engine": engine,
            "kinds": list(kinds),
            "note": "structures as they were given or made, before any relaxation",
            "calculations": {**self._list_others(), **self._hashes},
            "incar": self._compare_incars(),
        }
        with explain_writing(self._folder):
            self._write(manifest)
        return manifest

    def _list_others(self) -> dict[str, Any]:
        """Return the calculations of earlier commands in the same directory."""
        known: dict[str, Any] = _read_manifest(self._folder / self.MANIFEST)["calculations"]
        return known

    def _compare_incars(self) -> dict[str, Any]:
        """Return the tags that all calculations of a kind share, and where others differ."""
        kinds = sorted({name.partition("/")[0] for name in self._incars})
        compared = {}
        for kind in kinds:
            incars = {name: v for name, v in self._incars.items() if name.startswith(f"{kind}/")}
            counts = Counter(item for incar in incars.values() for item in incar.items())
            common = {key: v for (key, v), count in counts.items() if count == len(incars)}
            differing = {
                name: {key: v for key, v in incar.items() if key not in common}
                for name, incar in incars.items()
            }
            compared[kind] = {"common": common, "differing": differing}
        return compared

    def _write(self, content: dict[str, Any]) -> None:
        record = {"format": _FORMAT, "perolyte_version": __version__, **content}
        replace_file(self._folder / self.MANIFEST, json.dumps(record, indent=1) + "\n")

    def _refuse_foreign(self) -> None:
        path = self._folder / self.MANIFEST
        if path.exists():
            _read_manifest(path)
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise InputError(f"{self._folder} is a file; choose another directory with -o")
        found = sorted(p.name for p in self._folder.iterdir()) if self._folder.is_dir() else []
        found = [name for name in found if name != ".lock"]
        if found:
            raise InputError(
                f"{self._folder} holds {found[0]!r} and no {self.MANIFEST}: it is not of this "
                "command; choose another directory with -o"
            )


def _hash_existing(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except OSError as err:
        raise InputError(
            f"{path} cannot be read ({err.strerror}); choose another directory with -o"
        ) from err


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise InputError(
            f"{path} is no readable manifest ({' '.join(str(err).split())}); choose another "
            "directory with -o"
        ) from err
    is_own = isinstance(record, dict) and record.get("format") == _FORMAT
    if not is_own or not isinstance(record.get("calculations"), dict):
        raise InputError(f"{path} is not of this command; choose another directory with -o")
    own: dict[str, Any] = record
    return own
