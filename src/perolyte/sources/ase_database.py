"""Structures in a database of ASE (``.db``, ``.json``, or a PostgreSQL address)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from perolyte.errors import InputError
from perolyte.sources.base import LoadedStructure, SourceItem, hash_record

__all__ = ["AseDatabaseSource"]


@dataclass(frozen=True)
class AseDatabaseSource:
    """Rows of an ASE database.

    Parameters
    ----------
    location : str or pathlib.Path
        File, or address, as ``ase.db.connect`` takes it.
    selection : str
        In the language of ``ase.db``, for example ``"Ti,natoms<100"``; empty for all rows.
    """

    kind: ClassVar[str] = "ase"

    location: str | Path
    selection: str = ""

    def __iter__(self) -> Iterator[SourceItem]:
        """Yield the rows in the order of the database.

        Raises
        ------
        InputError
            When there is no such file, it is no database, or the selection is not understood.
        """
        import sqlite3

        import ase.db

        location = str(self.location)
        is_file = re.match(r"[a-z]+://", location) is None
        if is_file and not Path(location).is_file():
            raise InputError(f"there is no ASE database at {location}; check the path")
        try:
            database: Any = ase.db.connect(location)
            for row in database.select(self.selection):
                yield SourceItem(f"{Path(location).name}#{row.id}", partial(_load_row, row))
        except (ValueError, KeyError, OSError, sqlite3.Error, AssertionError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"the ASE database {Path(location).name} cannot be read with the selection "
                f"{self.selection!r} ({text}); see 'ase db --help'"
            ) from error


def _load_row(row: Any) -> LoadedStructure:
    from pymatgen.io.ase import AseAtomsAdaptor

    if not all(row.pbc):
        raise InputError(
            f"row {row.id} is periodic along {sum(map(bool, row.pbc))} directions only; "
            "a crystal needs 3"
        )
    atoms = row.toatoms()
    atoms.calc = None  # energies and forces belong to a calculation, not to the crystal
    structure = AseAtomsAdaptor.get_structure(atoms)
    for name in tuple(structure.site_properties):
        structure.remove_site_property(name)
    record = {
        "cell": atoms.cell.tolist(),
        "positions": atoms.positions.tolist(),
        "numbers": atoms.numbers.tolist(),
    }
    return LoadedStructure(
        structure=structure,
        source=AseDatabaseSource.kind,
        source_id=str(row.unique_id),
        sha256=hash_record(record),
        stated_formula=row.formula,
    )
