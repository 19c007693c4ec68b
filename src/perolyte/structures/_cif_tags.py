"""Values of a CIF data block that no structure can have, and those that can be put right."""

from __future__ import annotations

import math
import re

from perolyte.errors import InputError
from perolyte.structures.findings import StructureWarning, WarningCode

__all__ = ["check_cell_tags", "drop_unlocated_hydrogen", "settle_occupancy_tags"]

_ANGLE_TAGS = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
_CELL_SETTING_TAGS = ("_symmetry_cell_setting", "_space_group_crystal_system")
_LENGTH_RANGE_A = (0.5, 1.0e3)
_OCCUPANCY_TOLERANCE = 0.01
_MAX_REFINED_OCCUPANCY = 1.25


def _first(value: str | list[str]) -> str:
    if isinstance(value, list):
        return value[0] if value else ""
    return value


def check_cell_tags(data: dict, name: str) -> None:
    """Refuse cell lengths and angles that are missing, not numbers, or impossible.

    Parameters
    ----------
    data : dict
        Tags of the data block.
    name : str
        How messages call the file.

    Raises
    ------
    InputError
        Naming the tag and its value. A missing angle is left to the crystal system, when given.
    """
    from pymatgen.io.cif import str2float

    limits = {f"_cell_length_{axis}": (*_LENGTH_RANGE_A, "Å") for axis in "abc"}
    limits |= dict.fromkeys(_ANGLE_TAGS, (1.0, 179.0, "°"))
    for tag, (low, high, unit) in limits.items():
        text = _first(data.get(tag, ""))
        if not text and unit == "°" and any(data.get(key) for key in _CELL_SETTING_TAGS):
            continue
        try:
            value = str2float(text) if text else math.nan
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            shown = text[:40] or "missing"
            raise InputError(
                f"{name}: {tag} is {shown}, allowed are numbers from {low:g} to {high:g} {unit}; "
                "correct the cell in the file"
            )


def drop_unlocated_hydrogen(data: dict, name: str) -> list[StructureWarning]:
    """Leave out, in place, hydrogen atoms that are listed without coordinates.

    Parameters
    ----------
    data : dict
        Tags of the data block.
    name : str
        How messages call the file.

    Returns
    -------
    list of StructureWarning
        How many were left out.

    Raises
    ------
    InputError
        When another atom, or every atom, has no coordinates.
    """
    columns = {tag: data.get(f"_atom_site_fract_{tag}") for tag in "xyz"}
    lists = [column for column in columns.values() if isinstance(column, list)]
    labels = data["_atom_site_label"]
    if len(lists) < 3 or not isinstance(labels, list) or len({len(c) for c in lists}) > 1:
        return []
    unknown = [i for i, row in enumerate(zip(*lists, strict=True)) if {"?", "."} & set(row)]
    if not unknown:
        return []
    heavy = [labels[i] for i in unknown if not re.match(r"[HD](?![a-z])", labels[i])]
    if heavy or len(unknown) == len(lists[0]):
        who = f"atom {heavy[0][:20]}" if len(unknown) < len(lists[0]) else "every atom"
        raise InputError(
            f"{name}: {who} has no coordinates (? or .); add them, or use an entry that has them"
        )
    size = len(lists[0])
    for key, column in data.items():
        if key.startswith("_atom_site_") and isinstance(column, list) and len(column) == size:
            data[key] = [value for i, value in enumerate(column) if i not in unknown]
    message = f"{len(unknown)} hydrogen atoms without coordinates were left out"
    return [StructureWarning(WarningCode.MISSING_COORDINATES, message)]


def settle_occupancy_tags(data: dict, name: str) -> list[StructureWarning]:
    """Refuse a row whose occupancy is negative, well above one, or not a number.

    A refined occupancy (with its uncertainty in brackets) up to 1.25 says that the site is full
    and something of the refinement is not settled: it is set to 1, in place.

    Parameters
    ----------
    data : dict
        Tags of the data block.
    name : str
        How messages call the file.

    Returns
    -------
    list of StructureWarning
        One for each occupancy that was set to 1.

    Raises
    ------
    InputError
        Naming the atom and its occupancy.
    """
    from pymatgen.io.cif import str2float

    occupancies = data.get("_atom_site_occupancy", [])
    rows = [occupancies] if isinstance(occupancies, str) else occupancies
    labels = data["_atom_site_label"]
    labels = [labels] if isinstance(labels, str) else labels
    warnings: list[StructureWarning] = []
    for index, (label, text) in enumerate(zip(labels, rows, strict=False)):
        try:
            value = str2float(text)
        except ValueError:
            value = math.nan
        refined = re.fullmatch(r"[\d.]+\(\d+\)", text.strip()) is not None
        if 1.0 + _OCCUPANCY_TOLERANCE < value <= _MAX_REFINED_OCCUPANCY and refined:
            message = f"atom {label[:20]} has the refined occupancy {text[:20]}: set to 1"
            warnings.append(StructureWarning(WarningCode.OCCUPANCY_ABOVE_ONE, message))
            if isinstance(occupancies, str):
                data["_atom_site_occupancy"] = "1.0"
            else:
                occupancies[index] = "1.0"
        elif not 0.0 <= value <= 1.0 + _OCCUPANCY_TOLERANCE:
            raise InputError(
                f"{name}: atom {label[:20]} has occupancy {text[:20]}, allowed are 0 to 1; "
                "correct the occupancy in the file"
            )
    return warnings
