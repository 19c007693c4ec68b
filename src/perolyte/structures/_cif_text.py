"""From the bytes of a CIF to one data block that pymatgen's parser can be trusted with.

pymatgen reads a block as a whole: a broken bibliography, an unknown occupancy or a tag in the
wrong case loses a structure whose atoms are all there. Here the text is cleaned, the block that
holds atoms is chosen, and only the tags that define the structure are kept.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from typing import TYPE_CHECKING

from perolyte.errors import InputError
from perolyte.structures.findings import StructureWarning, WarningCode

if TYPE_CHECKING:
    from pymatgen.io.cif import CifBlock

__all__ = ["decode_text", "select_block"]

_KEPT_PREFIXES = (
    "_cell_",
    "_symmetry_",
    "_space_group_",
    "_atom_site_",
    "_atom_type_",
    "_chemical_formula_",
    "_exptl_crystal_density_diffrn",
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
        "_exptl_crystal_density_diffrn",
        "_cell_volume",
        "_chemical_formula_structural",
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


def decode_text(data: bytes, name: str) -> tuple[str, list[StructureWarning]]:
    """Decode the bytes of a structure file and normalise its white space.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        How messages call the file.

    Returns
    -------
    str and list of StructureWarning
        Text with line feeds only and no control characters, and warnings.

    Raises
    ------
    InputError
        When the file is empty or binary.
    """
    warnings: list[StructureWarning] = []
    if not data.strip():
        raise InputError(f"{name}: the file is empty; give a CIF or POSCAR file")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        text = data.decode("latin-1")
        message = f"not valid UTF-8 at byte {error.start}: read as Latin-1"
        warnings.append(StructureWarning(WarningCode.ENCODING, message))
    if "\x00" in text:
        raise InputError(f"{name}: binary content (NUL bytes); give a text CIF, not an archive")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]", " ", text), warnings


def select_block(text: str, name: str) -> tuple[CifBlock, list[StructureWarning]]:
    """Choose the data block that holds atoms and keep the tags that define its structure.

    Parameters
    ----------
    text : str
        Text of the CIF, as :func:`decode_text` returns it.
    name : str
        How messages call the file.

    Returns
    -------
    pymatgen.io.cif.CifBlock and list of StructureWarning
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
        message = (
            f"{len(with_atoms)} data blocks hold atoms ({', '.join(headers[:5])}): "
            f"the first, {headers[0]!r}, was read"
        )
        warnings.append(StructureWarning(WarningCode.SEVERAL_BLOCKS, message))
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
    return CifBlock(data, loops, "structure"), warnings


def _split_blocks(text: str, name: str) -> tuple[list[str], list[StructureWarning]]:
    """Split at ``data_`` headings, except inside semicolon-delimited text."""
    warnings: list[StructureWarning] = []
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
        message = "no data_ heading: the whole file was read as one data block"
        warnings.append(StructureWarning(WarningCode.MISSING_HEADING, message))
        blocks.append(["data_unnamed", *orphans])
    if not blocks:
        kind = "an HTML page" if re.search(r"<\s*(!doctype|html|head|body)", text, re.I) else "text"
        raise InputError(
            f"{name}: {kind}, not a CIF (no data_ heading and no _cell_length_a); "
            "download the CIF itself"
        )
    return ["\n".join(block) for block in blocks], warnings


def _parse_block(
    block_type: type[CifBlock], text: str, warnings: list[StructureWarning]
) -> CifBlock:
    """Parse one block; the parser's one warning per stray word becomes one line."""
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        block = block_type.from_str(text)
    stray = [str(warning.message).rsplit(": ", maxsplit=1)[-1] for warning in caught]
    if stray:
        # In a bibliography it is an unquoted title; behind a cell length it is a broken number.
        structural, others = _count_idle_words(text)
        is_harmless = structural == 0 and others >= len(stray)
        code = WarningCode.TEXT_LEFT_OUT if is_harmless else WarningCode.STRAY_TEXT
        message = f"text that belongs to no tag was left out: {' '.join(stray)[:80]}"
        warnings.append(StructureWarning(code, message))
    return block


def _count_idle_words(text: str) -> tuple[int, int]:
    """Count words that follow a complete tag, outside loops: behind structural tags, and others."""
    counts = {True: 0, False: 0}
    is_structural = in_text_field = in_loop = False
    values = 0
    for line in text.split("\n"):
        if line.startswith(";"):
            in_text_field = not in_text_field
            values = 1
            continue
        words = re.findall(r"'[^']*'|\"[^\"]*\"|[^\s]+", re.split(r"(?:^|\s)#", line)[0])
        if in_text_field or not words:
            continue
        if words[0].startswith("_") or words[0].lower().startswith("loop_"):
            in_loop = words[0].lower().startswith("loop_") or (in_loop and len(words) == 1)
            is_structural = words[0].lower().startswith(_KEPT_PREFIXES)
            values, words = 0, words[1:]
        if not in_loop:
            counts[is_structural] += max(0, values + len(words) - 1) - max(0, values - 1)
            values += len(words)
    return counts[True], counts[False]


def _repair_tags(data: dict, name: str) -> list[StructureWarning]:
    """Fill what CIF gives a default for, in place, and say so."""
    warnings: list[StructureWarning] = []
    if "_atom_site_label" not in data:
        if "_atom_site_type_symbol" not in data:
            raise InputError(
                f"{name}: the atoms have neither _atom_site_label nor _atom_site_type_symbol; "
                "add one of these columns so that their elements are known"
            )
        data["_atom_site_label"] = list(data["_atom_site_type_symbol"])
        message = "no _atom_site_label: the type symbols were used as labels"
        warnings.append(StructureWarning(WarningCode.MISSING_LABELS, message))
    hydrogens = data.get("_atom_site_attached_hydrogens")
    if isinstance(hydrogens, list):
        data["_atom_site_attached_hydrogens"] = ["0" if n == "?" else n for n in hydrogens]
    missing_angles = [tag for tag in _ANGLE_TAGS if not data.get(tag)]
    if missing_angles:
        message = f"{', '.join(missing_angles)} missing: taken from the crystal system"
        warnings.append(StructureWarning(WarningCode.MISSING_ANGLES, message))
    occupancies = data.get("_atom_site_occupancy")
    if isinstance(occupancies, list):
        unknown = [index for index, value in enumerate(occupancies) if value in ("?", ".")]
        for index in unknown:
            occupancies[index] = "1.0"
        if unknown:
            message = f"{len(unknown)} occupancies are not given (? or .): read as 1, the default"
            warnings.append(StructureWarning(WarningCode.MISSING_OCCUPANCY, message))
    return warnings
