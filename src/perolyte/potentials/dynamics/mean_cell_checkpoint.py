"""Checkpoints of a search for the mean cell: the state of ASE's integrator, and the samples."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from perolyte.potentials.dynamics.atomic_files import hash_bytes, write_atomically

__all__ = ["CellSearch", "fingerprint"]

_PARTS = ("", "_thermostat", "_barostat")


@dataclass
class CellSearch:
    """How far a search is.

    Attributes
    ----------
    step
        Steps done.
    deformations, temperatures_K
        Samples so far: (3, 3) each, and K.
    """

    step: int = 0
    deformations: list[NDArray] = field(default_factory=list)
    temperatures_K: list[float] = field(default_factory=list)

    def save(self, path: Path, mover: Any, name: str) -> None:
        """Write the search down, in place of what was there.

        Parameters
        ----------
        mover
            ASE's integrator, with its atoms.
        name
            Fingerprint of what is sought.

        Raises
        ------
        StoreError
            Where the disk is full.
        """
        arrays: dict[str, Any] = {
            "step": self.step,
            "deformations": np.array(self.deformations).reshape(-1, 3, 3),
            "temperatures_K": np.array(self.temperatures_K),
        }
        arrays |= {"/".join(key): getattr(part, key[1]) for key, part in _list_state(mover)}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        content = buffer.getvalue()
        header = f"{name} {hash_bytes(content)}\n".encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, header + content)

    @classmethod
    def load(cls, path: Path, mover: Any, name: str) -> CellSearch:
        """Return the search that a file holds, and bring the integrator to where it was.

        A file that is not there, damaged, or of another search begins a new one.
        """
        content = _read(path, name)
        if content is None:
            return cls()
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                for key, part in _list_state(mover):
                    value = arrays["/".join(key)]
                    setattr(part, key[1], value if value.ndim else value.item())
                mover._update_atoms()
                return cls(
                    int(arrays["step"]),
                    list(arrays["deformations"]),
                    list(arrays["temperatures_K"]),
                )
        except (OSError, ValueError, KeyError, BadZipFile):
            return cls()


def fingerprint(*inputs: Any) -> str:
    """Return the hash of what is sought, and of the integrator that seeks it.

    Examples
    --------
    >>> fingerprint(300.0, [1, 2]) == fingerprint(300.0, [1, 2])
    True
    """
    parts = [value.tobytes() if isinstance(value, np.ndarray) else repr(value) for value in inputs]
    return hash_bytes(repr([version("ase"), *parts]).encode())


def _list_state(mover: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield name and owner of the numbers that the integrator and its chains hold."""
    for owner in _PARTS:
        part = getattr(mover, owner) if owner else mover
        for name, value in sorted(vars(part).items()):
            is_number = isinstance(value, (float, np.floating))
            if name.startswith("_") and (is_number or isinstance(value, np.ndarray)):
                yield (owner, name), part


def _read(path: Path, name: str) -> bytes | None:
    try:
        header, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if header.decode(errors="replace") == f"{name} {hash_bytes(content)}" else None
