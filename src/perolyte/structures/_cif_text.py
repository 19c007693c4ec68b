"""From the bytes of a CIF to one data block that pymatgen's parser can be trusted with.

pymatgen reads a block as a whole: a broken bibliography, an unknown occupancy or a tag in the
wrong case loses a structure whose atoms are all there. Here the text is cleaned, the block that
holds atoms is chosen, and only the tags that define the structure are kept.
"""

from __future__ import annotations

import math
import re
import warnings as python_warnings
from typing import TYPE_CHECKING

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.io.cif import CifBlock

__all__ = ["check_cell_tags", "check_occupancy_tags", "decode_text", "find_dois", "select_block"]

_KEPT_PREFIXES = (
    "_cell_",
    "_symmetry_",
    "_space_group_",
    "_atom_site_",
    "_atom_type_",
    "_chemical_formula_",
)
# CIF data names are case-insensitive (International Tables G, 2.2.7.1.3); the parser's are not.
_CANONICAL_NAMES = {
    name.lower(): name
    for name in (
        "_cell_length_a",
        "_cell_length_b",
        "_cell_length_c",
        "_cell_angle_alpha",
        "_cell_angle_beta",
        "_cell_angle_gamma",
        "_atom_site_label",
        "_atom_site_type_symbol",
        "_atom_site_fract_x",
        "_atom_site_fract_y",
        "_atom_site_fract_z",
        "_atom_site_occupancy",
        "_atom_type_symbol",
        "_atom_type_oxidation_number",
        "_chemical_formula_sum",
        "_symmetry_equiv_pos_as_xyz",
        "_space_group_symop_operation_xyz",
        "_symmetry_space_group_name_H-M",
        "_space_group_name_H-M_alt",
        "_symmetry_Int_Tables_number",
        "_space_group_IT_number",
        "_space_group_name_Hall",
        "_symmetry_space_group_name_Hall",
    )
}
_ANGLE_TAGS = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
_CELL_SETTING_TAGS = ("_symmetry_cell_setting", "_space_group_crystal_system")
_LENGTH_RANGE_A = (0.5, 1.0e3)
_OCCUPANCY_TOLERANCE = 0.01
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>;,\[\]{}]+")


def decode_text(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Decode the bytes of a structure file and normalise its white space.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        How messages call the file.

    Returns
    -------
    tuple of str and tuple of str
        Text with line feeds only and no control characters, and warnings.

    Raises
    ------
    InputError
        When the file is empty or binary.
    """
    warnings: tuple[str, ...] = ()
    if not data.strip():
        raise InputError(f"{name}: the file is empty; give a CIF or POSCAR file")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        text = data.decode("latin-1")
        warnings = (f"not valid UTF-8 at byte {error.start}: read as Latin-1",)
    if "\x00" in text:
        raise InputError(f"{name}: binary content (NUL bytes); give a text CIF, not an archive")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]", " ", text), warnings


def find_dois(text: str) -> tuple[str, ...]:
    """Find the DOIs written anywhere in a text, in order and without repeats.

    Examples
    --------
    >>> find_dois("_journal_paper_doi 10.1021/cm020609u")
    ('10.1021/cm020609u',)
    """
    found: list[str] = []
    for match in _DOI.findall(text):
        doi = match.rstrip(".:")
        if doi.count(")") > doi.count("("):  # the closing bracket of the sentence around it
            doi = doi.rstrip(".:)")
        found.append(doi)
    return tuple(dict.fromkeys(found))


def select_block(text: str, name: str) -> tuple[CifBlock, tuple[str, ...]]:
    """Choose the data block that holds atoms and keep the tags that define its structure.

    Parameters
    ----------
    text : str
        Text of the CIF, as :func:`decode_text` returns it.
    name : str
        How messages call the file.

    Returns
    -------
    tuple of pymatgen.io.cif.CifBlock and tuple of str
        The block and the warnings about what was repaired.

    Raises
    ------
    InputError
        When the text is not a CIF, or no block holds a cell and atoms.
    """
    from pymatgen.io.cif import CifBlock

    blocks, warnings = _split_blocks(text, name)
    with_atoms = [block for block in blocks if re.search(r"_atom_site_fract_x", block, re.I)]
    if not with_atoms:
        raise InputError(
            f"{name}: no data block holds atom positions (_atom_site_fract_x); "
            "export the CIF with its atoms"
        )
    if len(with_atoms) > 1:
        headers = [block.split(maxsplit=1)[0][len("data_") :] for block in with_atoms]
        warnings.append(
            f"{len(with_atoms)} data blocks hold atoms ({', '.join(headers[:5])}): "
            f"the first, {headers[0]!r}, was read"
        )
    block = _parse_block(CifBlock, with_atoms[0], warnings)
    data = {
        _CANONICAL_NAMES.get(key.lower(), key): value
        for key, value in block.data.items()
        if key.lower().startswith(_KEPT_PREFIXES)
    }
    warnings += _repair_tags(data, name)
    loops = [
        [_CANONICAL_NAMES.get(key.lower(), key) for key in loop]
        for loop in block.loops
        if loop and loop[0].lower().startswith(_KEPT_PREFIXES)
    ]
    for loop in loops:
        if "_atom_site_fract_x" in loop and "_atom_site_label" not in loop:
            loop.insert(0, "_atom_site_label")
    return CifBlock(data, loops, "structure"), tuple(warnings)


def _split_blocks(text: str, name: str) -> tuple[list[str], list[str]]:
    """Split at ``data_`` headings, except inside semicolon-delimited text."""
    warnings: list[str] = []
    blocks: list[list[str]] = []
    orphans: list[str] = []
    in_text_field = False
    for line in text.split("\n"):
        if line.startswith(";"):
            in_text_field = not in_text_field
        if not in_text_field and line.lstrip().lower().startswith("data_"):
            blocks.append([line.lstrip()])
        else:
            (blocks[-1] if blocks else orphans).append(line)
    if not blocks and any("_cell_length_a" in line.lower() for line in orphans):
        warnings.append("no data_ heading: the whole file was read as one data block")
        blocks.append(["data_unnamed", *orphans])
    if not blocks:
        kind = "an HTML page" if re.search(r"<\s*(!doctype|html|head|body)", text, re.I) else "text"
        raise InputError(
            f"{name}: {kind}, not a CIF (no data_ heading and no _cell_length_a); "
            "download the CIF itself"
        )
    return ["\n".join(block) for block in blocks], warnings


def _parse_block(block_type: type[CifBlock], text: str, warnings: list[str]) -> CifBlock:
    """Parse one block; the parser's one warning per stray word becomes one line."""
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        block = block_type.from_str(text)
    stray = [str(warning.message).rsplit(": ", maxsplit=1)[-1] for warning in caught]
    if stray:
        warnings.append(f"text that belongs to no tag was left out: {' '.join(stray)[:80]}")
    return block


def _repair_tags(data: dict, name: str) -> list[str]:
    """Fill what CIF gives a default for, in place, and say so."""
    warnings: list[str] = []
    if "_atom_site_label" not in data:
        if "_atom_site_type_symbol" not in data:
            raise InputError(
                f"{name}: the atoms have neither _atom_site_label nor _atom_site_type_symbol; "
                "add one of these columns so that their elements are known"
            )
        data["_atom_site_label"] = list(data["_atom_site_type_symbol"])
        warnings.append("no _atom_site_label: the type symbols were used as labels")
    hydrogens = data.get("_atom_site_attached_hydrogens")
    if isinstance(hydrogens, list):
        data["_atom_site_attached_hydrogens"] = ["0" if n == "?" else n for n in hydrogens]
    missing_angles = [tag for tag in _ANGLE_TAGS if not data.get(tag)]
    if missing_angles:
        warnings.append(f"{', '.join(missing_angles)} missing: taken from the crystal system")
    occupancies = data.get("_atom_site_occupancy")
    if isinstance(occupancies, list):
        unknown = [index for index, value in enumerate(occupancies) if value in ("?", ".")]
        for index in unknown:
            occupancies[index] = "1.0"
        if unknown:
            warnings.append(
                f"{len(unknown)} occupancies are not given (? or .): read as 1, the CIF default"
            )
    return warnings


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


def check_occupancy_tags(data: dict, name: str) -> None:
    """Refuse a row whose occupancy is negative, above one, or not a number.

    Parameters
    ----------
    data : dict
        Tags of the data block.
    name : str
        How messages call the file.

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
    for label, text in zip(labels, rows, strict=False):
        try:
            value = str2float(text)
        except ValueError:
            value = math.nan
        if not 0.0 <= value <= 1.0 + _OCCUPANCY_TOLERANCE:
            raise InputError(
                f"{name}: atom {label[:20]} has occupancy {text[:20]}, allowed are 0 to 1; "
                "correct the occupancy in the file"
            )
