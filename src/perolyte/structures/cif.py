"""Read a crystal structure from a CIF or POSCAR file, or say in one line why it cannot be used.

The parsing itself is pymatgen's (doi 10.1016/j.commatsci.2012.10.028). This module adds what a
parser lets through (elements that do not exist, overlapping atoms, occupancies above one, cells
that contradict their symmetry) and keeps pymatgen's warnings with the structure.
"""

from __future__ import annotations

import hashlib
import re
import warnings as python_warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perolyte.errors import InputError
from perolyte.structures._cif_claims import (
    check_claims,
    find_dois,
    find_source_ids,
    read_stated_formula,
)
from perolyte.structures._cif_symmetry import check_metric, check_operations, list_group_names
from perolyte.structures._cif_tags import (
    check_cell_tags,
    drop_unlocated_hydrogen,
    settle_occupancy_tags,
)
from perolyte.structures._cif_text import decode_text, select_block
from perolyte.structures.checks import check_structure, warn_about_structure
from perolyte.structures.findings import StructureWarning, WarningCode
from perolyte.structures.oxidation_guess import OxidationGuess, guess_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["ParsedStructure", "read_structure"]

# What a third-party parser raises on damaged text. Listed by base class, so that an interrupt, a
# missing package or a deprecation turned into an error is never mistaken for a bad file.
_PARSER_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    re.error,
)


# How a complaint of pymatgen's parser is filed; None for those that are judged here in detail.
_COMPLAINTS: tuple[tuple[str, WarningCode | None], ...] = (
    ("Defaulting to P1", WarningCode.MISSING_SYMMETRY),
    ("Spacegroup from", WarningCode.SYMMETRY_FROM_NAME),
    ("rounded to ideal values", WarningCode.ROUNDED),
    ("1-line symmetry op", None),
    ("sum to > 1", None),
    ("Incorrect stoichiometry", None),
)


@dataclass(frozen=True)
class ParsedStructure:
    """A structure as its file gives it, with what was doubtful about the file.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Cell of the file, sites may be partially occupied; oxidation states only where declared.
    warnings : tuple of StructureWarning
        What was repaired, assumed, or looks wrong; ``str(warning)`` is one line.
    notes : tuple of StructureWarning
        Remarks that cast no doubt: disorder, split sites, rounded coordinates.
    oxidation : OxidationGuess
        Oxidation states with the method that gave them; empty where none is sure.
    stated_formula : str or None
        Formula as the file writes it.
    source_ids : dict of str to str
        Number of the entry in each database that the file names ("COD", "ICSD", "AMCSD", "CCDC",
        "MP").
    path : str
        Path of the file as it was given.
    sha256 : str
        Hexadecimal SHA-256 of the file's bytes.
    dois : tuple of str
        DOIs found in the file, in order; empty when there are none.
    """

    structure: Structure
    warnings: tuple[StructureWarning, ...]
    notes: tuple[StructureWarning, ...]
    oxidation: OxidationGuess
    stated_formula: str | None
    source_ids: dict[str, str]
    path: str
    sha256: str
    dois: tuple[str, ...]

    @property
    def doi(self) -> str | None:
        """The first DOI of the file, or None."""
        return self.dois[0] if self.dois else None

    @property
    def source_id(self) -> str | None:
        """The first database entry of the file, such as ``"COD 9002107"``, or None."""
        return next((f"{name} {number}" for name, number in self.source_ids.items()), None)

    @property
    def occupancies(self) -> tuple[dict[str, float], ...]:
        """Occupancy of each element on each site, in the order of the structure."""
        return tuple(
            {str(key): float(n) for key, n in site.species.get_el_amt_dict().items()}
            for site in self.structure
        )

    @property
    def is_disordered(self) -> bool:
        """Whether a site is shared or partly occupied."""
        return not self.structure.is_ordered


def read_structure(path: str | Path) -> ParsedStructure:
    """Read a CIF, or a POSCAR (``POSCAR*``, ``CONTCAR*``, ``*.vasp``), file.

    Parameters
    ----------
    path : str or pathlib.Path
        File to read.

    Returns
    -------
    ParsedStructure
        The structure, possibly disordered, with warnings and the hash of the file.

    Raises
    ------
    InputError
        When the file is missing, is not a structure file, or holds a structure that cannot exist.

    Examples
    --------
    >>> import tempfile
    >>> cif = '''data_srtio3
    ... _symmetry_space_group_name_H-M 'P m -3 m'
    ... _cell_length_a 3.905
    ... _cell_length_b 3.905
    ... _cell_length_c 3.905
    ... _cell_angle_alpha 90
    ... _cell_angle_beta 90
    ... _cell_angle_gamma 90
    ... loop_
    ... _atom_site_label
    ... _atom_site_fract_x
    ... _atom_site_fract_y
    ... _atom_site_fract_z
    ... Sr 0 0 0
    ... Ti 0.5 0.5 0.5
    ... O 0.5 0.5 0
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "srtio3.cif"
    ...     _ = file.write_text(cif)
    ...     read_structure(file).structure.formula
    'Sr1 Ti1 O3'
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {str(path)!r}: {reason}; give an existing file") from error
    text, found = decode_text(content, file.name)
    is_poscar = file.name.upper().startswith(("POSCAR", "CONTCAR")) or file.suffix == ".vasp"
    formula: str | None = None
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        try:
            if is_poscar:
                structure = _parse_poscar(text, file.name)
                found += check_structure(structure, file.name)
            else:
                structure, formula, more = _parse_cif(text, file.name)
                found += more
            found += warn_about_structure(structure)
            oxidation = guess_oxidation_states(structure)
        except _PARSER_FAILURES as error:
            kind = "POSCAR" if is_poscar else "CIF"
            raise InputError(
                f"{file.name}: cannot be read as {kind} ({_one_line(error)}); "
                "check that the file is complete"
            ) from error
    # Deprecations are between the libraries; what is said to the user is about the file.
    found += _file_complaints(
        [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
    )
    if oxidation.method == "declared" and oxidation.warnings:
        found += [StructureWarning(WarningCode.DECLARED_CHARGE, w) for w in oxidation.warnings]
    found = list(dict.fromkeys(found))
    return ParsedStructure(
        structure=structure,
        warnings=tuple(remark for remark in found if not remark.code.is_note),
        notes=tuple(remark for remark in found if remark.code.is_note),
        oxidation=oxidation,
        stated_formula=formula,
        source_ids={} if is_poscar else find_source_ids(text),
        path=str(path),
        sha256=hashlib.sha256(content).hexdigest(),
        dois=find_dois(text),
    )


def _file_complaints(complaints: list[str]) -> list[StructureWarning]:
    """Give the parser's own warnings their codes."""
    found = []
    for complaint in complaints:
        code: WarningCode | None = WarningCode.PARSER
        for part, candidate in _COMPLAINTS:
            if part in complaint:
                code = candidate
                break
        if code is not None:
            found.append(StructureWarning(code, _one_line(complaint)))
    return found


def _one_line(message: object, limit: int = 300) -> str:
    text = " ".join(str(message).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _parse_poscar(text: str, name: str) -> Structure:
    from pymatgen.core.structure import Structure

    lines = text.splitlines()
    # Without a line of symbols pymatgen invents H, He, Li, ... in order.
    if len(lines) < 6 or all(token.isdigit() for token in lines[5].split()):
        raise InputError(
            f"{name}: line 6 of the POSCAR has no element symbols; add them (VASP 5 format)"
        )
    structure = Structure.from_str(text, fmt="poscar")
    # Velocities and frozen coordinates belong to a run, not to the crystal.
    for name_of_property in tuple(structure.site_properties):
        structure.remove_site_property(name_of_property)
    return structure


def _parse_cif(text: str, name: str) -> tuple[Structure, str | None, list[StructureWarning]]:
    from pymatgen.io.cif import CifParser

    block, found = select_block(text, name)
    check_cell_tags(block.data, name)
    found += drop_unlocated_hydrogen(block.data, name)
    found += settle_occupancy_tags(block.data, name)
    parser = CifParser.from_str(str(block))
    complaints: list[str] = getattr(parser, "warnings", [])
    try:
        # check_occu=False keeps the sums of the file, which are judged below, site by site.
        raw = parser.parse_structures(primitive=False, check_occu=False, on_error="ignore")[0]
    except ValueError as error:
        reason = _one_line("; ".join(complaints) or error)
        raise InputError(
            f"{name}: no structure in this CIF ({reason}); "
            "check its cell, symmetry and atom positions"
        ) from error
    named = list_group_names(block.data)
    if named and any("Defaulting to P1" in complaint for complaint in complaints):
        raise InputError(
            f"{name}: symmetry {_one_line(named[0], 60)!r} is not understood; "
            "write the symmetry operations into the file (_symmetry_equiv_pos_as_xyz)"
        )
    operations = list(getattr(parser, "symmetry_operations", ()))
    found += _file_complaints(complaints)
    found += check_metric(raw, operations, name)
    found += check_operations(operations, block.data)
    structure, repairs = _settle_occupancies(raw, name)
    found += repairs
    found += check_structure(structure, name)
    found += check_claims(structure, block.data, text)
    return structure, read_stated_formula(block.data), found


def _settle_occupancies(raw: Structure, name: str) -> tuple[Structure, list[StructureWarning]]:
    """Rebuild the structure with occupancies in (0, 1]: repeated rows count once."""
    from pymatgen.core.structure import Structure

    # Rounded thirds sum to 1.001; a refinement overshoots by a few per cent; beyond is an error.
    rounding, tolerance, negligible = 0.01, 0.05, 1e-6
    species, coordinates, found = [], [], []
    for site in raw:
        occupancies = {sp: float(amount) for sp, amount in site.species.items()}
        total = sum(occupancies.values())
        if total > 1.0 + tolerance:
            if len(occupancies) > 1 or abs(total - round(total)) > rounding:
                raise InputError(
                    f"{name}: the occupancies of site {site.species_string} sum to {total:.3f}, "
                    "allowed is at most 1; correct the occupancies in the file"
                )
            symbol = next(iter(occupancies)).symbol
            message = f"an atom {symbol} is listed {round(total)} times on one site: kept once"
            found.append(StructureWarning(WarningCode.REPEATED_ATOM, message))
        elif total > 1.0 + rounding:
            message = (
                f"the occupancies of site {site.species_string} sum to {total:.3f}: scaled to 1"
            )
            found.append(StructureWarning(WarningCode.OCCUPANCY_ABOVE_ONE, message))
        if total > 1.0:
            occupancies = {sp: amount / total for sp, amount in occupancies.items()}
        kept = {sp: amount for sp, amount in occupancies.items() if amount > negligible}
        if kept:
            species.append(kept)
            coordinates.append(site.frac_coords)
        else:
            symbol = site.species.elements[0].symbol
            message = f"a site of {symbol} has occupancy 0: left out"
            found.append(StructureWarning(WarningCode.EMPTY_SITE, message))
    if not species:
        raise InputError(f"{name}: every site has occupancy 0; correct the occupancies in the file")
    structure = Structure(raw.lattice, species, coordinates)
    return structure.get_sorted_structure(), list(dict.fromkeys(found))
