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
from perolyte.structures._cif_text import (
    check_cell_tags,
    check_occupancy_tags,
    decode_text,
    find_dois,
    select_block,
)
from perolyte.structures.checks import check_structure, warn_about_structure

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


_SYMMETRY_TAGS = (
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_operation_xyz",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_alt",
    "_space_group_IT_number",
    "_symmetry_Int_Tables_number",
)


@dataclass(frozen=True)
class ParsedStructure:
    """A structure as its file gives it, with what was doubtful about the file.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Cell of the file, sites may be partially occupied; oxidation states only where declared.
    warnings : tuple of str
        One line each: what was repaired, assumed, or looks wrong.
    path : str
        Path of the file as it was given.
    sha256 : str
        Hexadecimal SHA-256 of the file's bytes.
    dois : tuple of str
        DOIs found in the file, in order; empty when there are none.
    """

    structure: Structure
    warnings: tuple[str, ...]
    path: str
    sha256: str
    dois: tuple[str, ...]

    @property
    def doi(self) -> str | None:
        """The first DOI of the file, or None."""
        return self.dois[0] if self.dois else None


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
    text, notes = decode_text(content, file.name)
    is_poscar = file.name.upper().startswith(("POSCAR", "CONTCAR")) or file.suffix == ".vasp"
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        try:
            if is_poscar:
                structure, more = _parse_poscar(text, file.name)
            else:
                structure, more = _parse_cif(text, file.name)
            check_structure(structure, file.name)
            more += warn_about_structure(structure)
        except _PARSER_FAILURES as error:
            kind = "POSCAR" if is_poscar else "CIF"
            raise InputError(
                f"{file.name}: cannot be read as {kind} ({_one_line(error)}); "
                "check that the file is complete"
            ) from error
    lines = (*notes, *more, *(_one_line(warning.message) for warning in caught))
    return ParsedStructure(
        structure=structure,
        warnings=tuple(dict.fromkeys(lines)),
        path=str(path),
        sha256=hashlib.sha256(content).hexdigest(),
        dois=find_dois(text),
    )


def _one_line(message: object, limit: int = 300) -> str:
    text = " ".join(str(message).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _parse_poscar(text: str, name: str) -> tuple[Structure, tuple[str, ...]]:
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
    return structure, ()


def _parse_cif(text: str, name: str) -> tuple[Structure, tuple[str, ...]]:
    from pymatgen.io.cif import CifParser

    block, notes = select_block(text, name)
    check_cell_tags(block.data, name)
    check_occupancy_tags(block.data, name)
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
    group = [str(block.data[key]) for key in _SYMMETRY_TAGS if key in block.data]
    named = [value for value in group if value.strip(" ?.'") not in ("", "P 1", "P1", "1")]
    if named and any("Defaulting to P1" in complaint for complaint in complaints):
        raise InputError(
            f"{name}: symmetry {_one_line(named[0], 60)!r} is not understood; "
            "write the symmetry operations into the file (_symmetry_equiv_pos_as_xyz)"
        )
    metric = _check_metric(raw, parser, name)
    structure, repairs = _settle_occupancies(raw, name)
    formula = str(block.data.get("_chemical_formula_sum", "")).strip(" ?.'")
    stoichiometry = parser.check(structure) if formula else None
    more = () if stoichiometry is None else (_one_line(stoichiometry),)
    return structure, (*notes, *map(_one_line, complaints), *repairs, *metric, *more)


def _settle_occupancies(raw: Structure, name: str) -> tuple[Structure, tuple[str, ...]]:
    """Rebuild the structure with occupancies in (0, 1]: repeated rows count once."""
    from pymatgen.core.structure import Structure

    tolerance, negligible = 0.01, 1e-6
    species, coordinates, warnings = [], [], []
    for site in raw:
        occupancies = {sp: float(amount) for sp, amount in site.species.items()}
        total = sum(occupancies.values())
        if total > 1.0 + tolerance:
            if len(occupancies) > 1 or abs(total - round(total)) > tolerance:
                raise InputError(
                    f"{name}: the occupancies of site {site.species_string} sum to {total:.3f}, "
                    "allowed is at most 1; correct the occupancies in the file"
                )
            symbol = next(iter(occupancies)).symbol
            warnings.append(
                f"an atom {symbol} is listed {round(total)} times on one site: kept once"
            )
        if total > 1.0:
            occupancies = {sp: amount / total for sp, amount in occupancies.items()}
        kept = {sp: amount for sp, amount in occupancies.items() if amount > negligible}
        if kept:
            species.append(kept)
            coordinates.append(site.frac_coords)
        else:
            warnings.append(
                f"a site of {site.species.elements[0].symbol} has occupancy 0: left out"
            )
    if not species:
        raise InputError(f"{name}: every site has occupancy 0; correct the occupancies in the file")
    structure = Structure(raw.lattice, species, coordinates)
    return structure.get_sorted_structure(), tuple(dict.fromkeys(warnings))


def _check_metric(structure: Structure, parser: object, name: str) -> tuple[str, ...]:
    """Compare the cell with the symmetry of the file: every rotation must keep the metric."""
    import numpy as np

    tolerance = 1e-4  # relative; four digits of a length or 0.006° of an angle
    nonsense = 0.1  # no refinement is that far off: the operations belong to another cell
    lattice = structure.lattice
    metric = lattice.matrix @ lattice.matrix.T
    scale = np.outer(lattice.abc, lattice.abc)
    worst = 0.0
    for operation in getattr(parser, "symmetry_operations", ()):
        rotation = operation.rotation_matrix
        worst = max(worst, float(np.max(np.abs(rotation.T @ metric @ rotation - metric) / scale)))
    if worst <= tolerance:
        return ()
    if worst > nonsense:
        raise InputError(
            f"{name}: the symmetry operations change the cell by {worst:.2f} (relative), allowed "
            f"is at most {nonsense}; correct the operations or the cell in the file"
        )
    return (f"cell lengths and angles break the symmetry of the file by {worst:.1e} (relative)",)
