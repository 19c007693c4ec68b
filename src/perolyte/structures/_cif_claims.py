"""What a CIF says of itself (formula, volume, density, origin) held against its atoms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perolyte.structures.findings import StructureWarning, WarningCode

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["check_claims", "find_dois", "find_source_ids", "read_stated_formula"]

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>;,\[\]{}]+")
_ID_TAGS = {
    "COD": ("_cod_database_code",),
    "ICSD": ("_database_code_icsd", "_icsd_database_code"),
    "AMCSD": ("_database_code_amcsd",),
    "CCDC": ("_database_code_depnum_ccdc_archive", "_database_code_csd"),
}
_ID_PATTERNS = {
    "COD": re.compile(r"crystallography\.net/(?:cod|cif)/[^\s]*?(\d{7})\.cif", re.I),
    "ICSD": re.compile(r"^data_(\d+)-ICSD\b|^data_ICSD[_-]?(\d+)\b", re.I | re.M),
    "MP": re.compile(r"\b(mp-\d{1,9})\b"),
}
_REMARK_TAGS = (
    "_cod_duplicate_entry",
    "_cod_suboptimal_structure",
    "_cod_error_flag",
    "_cod_error_description",
)
_VOLUME_TOLERANCE = 0.01
_DENSITY_TOLERANCE = 0.05  # many files round it to two digits
_FORMULA_RELATIVE, _FORMULA_ABSOLUTE = 0.03, 0.02


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


def find_source_ids(text: str) -> dict[str, str]:
    r"""Find the numbers of the entry in the databases it came from.

    Examples
    --------
    >>> find_source_ids("data_x\n_database_code_amcsd 0002890\n# mp-5827")
    {'AMCSD': '0002890', 'MP': 'mp-5827'}
    """
    found: dict[str, str] = {}
    for database, tags in _ID_TAGS.items():
        for tag in tags:
            match = re.search(rf"^\s*{tag}\s+['\"]?([\w.-]*\w)", text, re.I | re.M)
            if match:
                found.setdefault(database, match.group(1))
    for database, pattern in _ID_PATTERNS.items():
        match = pattern.search(text)
        if match and database not in found:
            found[database] = next(group for group in match.groups() if group)
    return found


def read_stated_formula(data: dict) -> str | None:
    """Take the formula of the file as it is written: the sum, else the structural one."""
    for tag in ("_chemical_formula_sum", "_chemical_formula_structural"):
        text = " ".join(_text(data.get(tag)).split())
        if text.strip(" ?.'\""):
            return text.strip(" '\"")
    return None


def check_claims(structure: Structure, data: dict, text: str) -> list[StructureWarning]:
    """Compare what the block says with the structure that was read from it.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Structure of the file.
    data : dict
        Tags of the data block.
    text : str
        Whole text of the file, for remarks of the database.

    Returns
    -------
    list of StructureWarning
        Differences of formula, cell volume and density, and what the database says of the entry.
    """
    found: list[StructureWarning] = []
    for tag in _FORMULA_TAGS:
        stated = _text(data.get(tag))
        amounts = _parse_formula(stated)
        if amounts is None:
            continue
        differing = _compare_formulas(amounts, structure.composition.get_el_amt_dict())
        if differing:
            found.append(
                StructureWarning(
                    WarningCode.FORMULA_MISMATCH,
                    f"the formula {' '.join(stated.split())[:80]!r} differs from the atoms: "
                    + ", ".join(differing),
                )
            )
            break  # both formulas of a file usually tell the same
    for tag, value, code, tolerance, unit in (
        ("_cell_volume", structure.volume, WarningCode.VOLUME_MISMATCH, _VOLUME_TOLERANCE, "Å3"),
        (
            "_exptl_crystal_density_diffrn",
            float(structure.density),
            WarningCode.DENSITY_MISMATCH,
            _DENSITY_TOLERANCE,
            "g/cm3",
        ),
    ):
        given = _number(data.get(tag))
        if given is not None and given > 0.0 and abs(value / given - 1.0) > tolerance:
            message = f"{tag} is {given:g} {unit}, the atoms and the cell give {value:.4g}"
            found.append(StructureWarning(code, message))
    for tag in _REMARK_TAGS:
        match = re.search(rf"^{tag}\s+(\S.*|\n;.*)", text, re.I | re.M)
        if match and match.group(1).strip(" ?.'"):
            said = " ".join(match.group(1).split())[:80]
            message = f"the database remarks {tag.removeprefix('_cod_')}: {said}"
            found.append(StructureWarning(WarningCode.DATABASE_REMARK, message))
    return found


_FORMULA_TAGS = ("_chemical_formula_sum", "_chemical_formula_structural")


def _text(value: object) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return "" if value is None else str(value)


def _number(value: object) -> float | None:
    match = re.match(r"\s*(\d+\.?\d*|\.\d+)(?:\(\d+\))?\s*$", _text(value))
    return float(match.group(1)) if match else None


def _parse_formula(text: str) -> dict[str, float] | None:
    """Amounts of a formula; None when it is empty, unknown, or not one pymatgen reads."""
    from pymatgen.core.composition import Composition
    from pymatgen.core.periodic_table import Element

    cleaned = "".join(text.strip(" '\"").split()).replace("[", "(").replace("]", ")")
    if not cleaned.strip("?.") or len(cleaned) > 300:
        return None
    try:
        amounts = Composition(re.sub(r"D(?![a-z])", "H", cleaned))
        plain = {str(key): float(n) for key, n in amounts.get_el_amt_dict().items() if n > 0.0}
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return plain if plain and all(Element.is_valid_symbol(key) for key in plain) else None


def _compare_formulas(stated: dict[str, float], atoms: dict[str, float]) -> list[str]:
    """Elements whose amount differs, at the multiple of the formula that explains most of them."""
    counted: dict[str, float] = {}
    for element, number in atoms.items():
        symbol = "H" if element == "D" else element
        counted[symbol] = counted.get(symbol, 0.0) + float(number)
    best: list[str] | None = None
    for reference, amount in stated.items():
        if not counted.get(reference):
            continue
        scale = counted[reference] / amount
        differing = []
        for element in dict.fromkeys((*stated, *counted)):
            said, seen = stated.get(element, 0.0), counted.get(element, 0.0) / scale
            if abs(said - seen) > max(_FORMULA_ABSOLUTE, _FORMULA_RELATIVE * said):
                differing.append(f"{element} {said:.4g} stated, {seen:.4g} found")
        if best is None or len(differing) < len(best):
            best = differing
    return ["no element in common"] if best is None else best
