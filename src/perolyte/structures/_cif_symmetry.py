"""The symmetry operations of a CIF held against its cell and against the group it names."""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.structures.findings import StructureWarning, WarningCode

if TYPE_CHECKING:
    from pymatgen.core.operations import SymmOp
    from pymatgen.core.structure import Structure

__all__ = ["check_metric", "check_operations", "list_group_names"]

_NAME_TAGS = (
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_alt",
)
_NUMBER_TAGS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
_OPERATION_TAGS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
_METRIC_TOLERANCE = 1e-4  # relative; four digits of a length or 0.006° of an angle
_NONSENSE = 0.1  # no refinement is that far off: the operations belong to another cell


def list_group_names(data: dict) -> list[str]:
    """List what the tags of a block say of its symmetry, without those that say nothing or P1."""
    values = [
        str(data[tag]) for tag in (*_OPERATION_TAGS, *_NAME_TAGS, *_NUMBER_TAGS) if tag in data
    ]
    return [value for value in values if value.strip(" ?.'") not in ("", "P 1", "P1", "1")]


def check_metric(
    structure: Structure, operations: Sequence[SymmOp], name: str
) -> list[StructureWarning]:
    """Compare the cell with the symmetry of the file: every rotation must keep the metric.

    Raises
    ------
    InputError
        When an operation changes the cell by more than a tenth.
    """
    lattice = structure.lattice
    metric = lattice.matrix @ lattice.matrix.T
    scale = np.outer(lattice.abc, lattice.abc)
    worst = 0.0
    for operation in operations:
        rotation = operation.rotation_matrix
        worst = max(worst, float(np.max(np.abs(rotation.T @ metric @ rotation - metric) / scale)))
    if worst <= _METRIC_TOLERANCE:
        return []
    if worst > _NONSENSE:
        raise InputError(
            f"{name}: the symmetry operations change the cell by {worst:.2f} (relative), allowed "
            f"is at most {_NONSENSE}; correct the operations or the cell in the file"
        )
    message = f"cell lengths and angles break the symmetry of the file by {worst:.1e} (relative)"
    return [StructureWarning(WarningCode.METRIC_MISMATCH, message)]


def check_operations(operations: Sequence[SymmOp], data: dict) -> list[StructureWarning]:
    """Compare the group that the operations form with the one that the file names.

    Parameters
    ----------
    operations : sequence of pymatgen.core.operations.SymmOp
        Operations the structure was built with.
    data : dict
        Tags of the data block.

    Returns
    -------
    list of StructureWarning
        Empty when they agree, or when the file names no group in a setting that is known.
    """
    if not any(data.get(tag) for tag in _OPERATION_TAGS):
        return []  # they were made from the name
    stated = _read_number(data)
    if stated is None:
        return []
    found = _identify_group(operations)
    if found == stated[0]:
        return []
    what = "form no group" if found is None else f"are those of number {found}"
    message = f"the file names space group {stated[1]}, its {len(operations)} operations {what}"
    return [StructureWarning(WarningCode.SYMMETRY_MISMATCH, message)]


def _identify_group(operations: Sequence[SymmOp]) -> int | None:
    import spglib

    rotations = np.array([np.rint(op.rotation_matrix) for op in operations], dtype="intc")
    translations = np.array([op.translation_vector for op in operations], dtype="double")
    with python_warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        python_warnings.simplefilter("ignore", DeprecationWarning)
        try:
            group = spglib.get_spacegroup_type_from_symmetry(rotations, translations, symprec=1e-3)
        except spglib.SpglibError:
            return None
    return None if group is None else int(group.number)


def _read_number(data: dict) -> tuple[int, str] | None:
    """Read the number of the named group and the words of the file; None for an unknown one."""
    for tag in _NUMBER_TAGS:
        text = str(data.get(tag, "")).strip(" '\"")
        if text.isdigit() and 1 <= int(text) <= 230:
            return int(text), text
    from pymatgen.symmetry.groups import SYMM_DATA

    known = {re.sub(r"[\s_]", "", key): key for key in SYMM_DATA["space_group_encoding"]}
    for tag in _NAME_TAGS:
        text = str(data.get(tag, "")).strip(" '\"")
        symbol = known.get(re.sub(r"[\s_]", "", text).split(":")[0])
        if symbol is not None:
            return int(SYMM_DATA["space_group_encoding"][symbol]["int_number"]), text
    return None
