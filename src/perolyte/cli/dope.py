"""``perolyte dope`` and ``perolyte vacancies``: candidates of a structure, as files."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perolyte.cli.amounts import describe_amounts, list_notes
from perolyte.cli.candidate_files import FILE_FORMATS, describe_candidates, write_candidates
from perolyte.cli.dopant_text import (
    parse_counts,
    parse_doping,
    parse_roles,
    parse_supercell,
    parse_vacancy,
)
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.cli.outputs import make_console
from perolyte.errors import InputError, StoreError
from perolyte.jobs import ParentRecipe, build_candidates
from perolyte.schemas import CandidateDoc, CandidateSetDoc
from perolyte.structures import Doping, Vacancy, read_structure

__all__ = ["CellOptions", "make_dopings", "make_vacancies"]

_USUAL_IONS = ("Li", "Na", "K", "Ag", "Cu", "H", "F", "O")
_MAX_SITES = 10_000  # distances and Ewald sums of all pairs take about 20 GB there


@dataclass(frozen=True)
class CellOptions:
    """Options that both commands share, as the command line gives them."""

    supercell: str
    max_atoms: int
    roles: Sequence[str]
    composition: str | None
    oxidation_states: str | None
    ion: str | None
    ordering: str
    cells: int
    keep: int
    random: int
    samples: int
    max_enumerated: int
    seed: int
    output: Path | None
    file_format: str
    as_json: bool


def make_dopings(
    path: Path, texts: Sequence[str], *, scheme: str, pair: str | None, options: CellOptions
) -> None:
    """Dope a structure in every way that was asked; write or show the candidates."""
    if not texts:
        raise InputError("no dopant is given; add e.g. --dopant Sr2+=2")
    dopings = [parse_doping(text, scheme=scheme, pair=_parse_pair(pair)) for text in texts]
    _make(path, dopings, [], options)


def make_vacancies(
    path: Path, texts: Sequence[str], *, pair: str | None, options: CellOptions
) -> None:
    """Empty sites of a structure in every way that was asked; write or show the candidates."""
    if not texts:
        raise InputError("no vacancy is given; add e.g. --vacancy O=1")
    vacancies = [parse_vacancy(text, pair=_parse_pair(pair)) for text in texts]
    _make(path, [], vacancies, options)


def _parse_pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, comma, second = (part.strip() for part in text.partition(","))
    if not (first and comma and second):
        raise InputError(f"--pair {text!r} is not understood; write e.g. --pair Al,vacancy_X")
    return first, second


def _make(
    path: Path, dopings: list[Doping], vacancies: list[Vacancy], options: CellOptions
) -> None:
    try:
        found = _find_candidates(path, dopings, vacancies, options)
        manifest = None
        if options.output is not None:
            manifest = write_candidates(found, options.output, file_format=options.file_format)
        _print(found, manifest, options)
    except KeyboardInterrupt:
        raise CommandInterruptedError(
            "interrupted; the same command again makes the same candidates"
        ) from None


def _find_candidates(
    path: Path, dopings: list[Doping], vacancies: list[Vacancy], options: CellOptions
) -> CandidateSetDoc:
    _check_files(options)
    supercell = parse_supercell(options.supercell)
    if supercell is None and not any(d.fraction for doping in dopings for d in doping.dopants):
        raise InputError(
            "--supercell auto needs the amount of a dopant as a fraction, e.g. Sr2+=2%/A_sites; "
            "with counts give the repeats, e.g. --supercell 3x3x4"
        )
    parsed = read_structure(path)
    _check_size(len(parsed.structure), supercell)
    elements = [str(element) for element in parsed.structure.composition.element_composition]
    return build_candidates(
        parsed.structure,
        _build_recipe(options, supercell, elements),
        dopings=dopings,
        vacancies=vacancies,
        seed=options.seed,
        warnings=[str(warning) for warning in parsed.warnings],
        input_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _check_files(options: CellOptions) -> None:
    """Refuse what would be found out only after the work."""
    if options.file_format not in FILE_FORMATS:
        raise InputError(
            f"--format {options.file_format!r} is not known; use {', '.join(FILE_FORMATS)}"
        )
    output = options.output
    if output is not None and output.exists() and not output.is_dir():
        raise StoreError(f"{output} is no directory; give another name with -o")


def _check_size(n_sites: int, supercell: tuple[int, int, int] | None) -> None:
    n_all = n_sites * math.prod(supercell or (1, 1, 1))
    if n_all > _MAX_SITES:
        raise InputError(
            f"the supercell has {n_all} sites, allowed are up to {_MAX_SITES}; give fewer repeats "
            "with --supercell"
        )


def _build_recipe(
    options: CellOptions, supercell: tuple[int, int, int] | None, elements: Sequence[str]
) -> ParentRecipe:
    ion = options.ion
    if ion is None:
        ion = next((e for e in _USUAL_IONS if e in elements), elements[0])
    composition = options.composition
    states = options.oxidation_states
    return ParentRecipe(
        mobile_ion=ion,
        roles=parse_roles(options.roles),
        supercell=supercell,
        max_atoms=options.max_atoms,
        composition=None
        if composition is None
        else parse_counts(composition, option="--composition", example="'Li=12,La=20'"),
        oxidation_states=None
        if states is None
        else parse_counts(states, option="--oxidation-states", example="'Ti=4,O=-2'"),
        ordering=options.ordering,
        n_cells=options.cells,
        n_samples=options.samples,
        n_keep=options.keep,
        n_random=options.random,
        max_enumerated=options.max_enumerated,
    )


def _print(found: CandidateSetDoc, manifest: dict[str, Any] | None, options: CellOptions) -> None:
    try:
        if options.as_json:
            shown = manifest or {
                "warnings": found.warnings,
                "candidates": describe_candidates(found),
            }
            print(json.dumps(shown, indent=2, ensure_ascii=False), flush=True)  # noqa: T201
        else:
            _show(make_console(), found, options.output)
    except BrokenPipeError:  # whoever reads has seen enough
        raise
    except OSError as err:
        raise StoreError(f"cannot print the candidates ({err.strerror}); free some space") from err


def _show(console: Console, found: CandidateSetDoc, output: Path | None) -> None:
    console.print(_build_table(found))
    for text in list_notes(found):
        console.print(f"note: {text}", markup=False, highlight=False, soft_wrap=True)
    if output is None:
        text = "nothing is written; give a directory with -o"
    else:
        text = f"wrote {output / 'manifest.json'}"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _build_table(found: CandidateSetDoc) -> Table:
    """One row per candidate; columns that would be empty are left out."""
    n_parents = sum(doc.kind == "parent" for doc in found.candidates)
    n_others = len(found.candidates) - n_parents
    table = Table(
        title=f"{n_others} candidate{'s' if n_others != 1 else ''} and the "
        f"{'parent' if n_parents == 1 else f'{n_parents} parents'}",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),  # names are those of files, so that they need all the room
    )
    rows = [[write(doc) for _, write in _COLUMNS] for doc in found.candidates]
    shown = [n for n in range(len(_COLUMNS)) if any(row[n] for row in rows)]
    for n in shown:
        heading = _COLUMNS[n][0]
        width = max(len(row[n]) for row in rows)
        table.add_column(
            heading,
            min_width=min(width, _NAME_WIDTH) if heading == "name" else None,
            justify="left" if heading in ("name", "formula", "kept as") else "right",
            no_wrap=heading not in ("name", "formula", "achieved"),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(escape(row[n]) for n in shown))
    return table


def _write_distinct(doc: CandidateDoc) -> str:
    """Whole numbers below a million, powers of ten above."""
    log10 = doc.arrangement.log10_n_distinct if doc.arrangement else None
    if log10 is None:
        return ""
    if log10 > _LARGEST_LOG10:
        return f"1e+{log10:.0f}"
    return f"{10**log10:.0f}" if log10 < 6 else f"{10**log10:.1e}"


def _write_copies(doc: CandidateDoc) -> str:
    degeneracy = doc.arrangement.degeneracy if doc.arrangement else None
    return "" if degeneracy is None else str(degeneracy)


def _write_distance(doc: CandidateDoc) -> str:
    pairs = doc.arrangement.pairs if doc.arrangement else []
    return f"{pairs[0].distance_A:.2f}" if pairs else ""


def _write_choice(doc: CandidateDoc) -> str:
    is_random = doc.arrangement is not None and doc.arrangement.kept_as == "random"
    return "random" if is_random else ""


def _write_energy(doc: CandidateDoc) -> str:
    return "" if doc.ewald_energy_eV is None else f"{doc.ewald_energy_eV:.3f}"


_LARGEST_LOG10 = 300  # of a float
_NAME_WIDTH = 30
_COLUMNS: tuple[tuple[str, Callable[[CandidateDoc], str]], ...] = (
    ("name", lambda doc: doc.name),
    ("formula", lambda doc: doc.formula),
    ("atoms", lambda doc: str(doc.n_atoms)),
    ("achieved", describe_amounts),
    ("pair (Å)", _write_distance),
    ("distinct", _write_distinct),
    ("copies", _write_copies),
    ("kept as", _write_choice),
    ("Ewald (eV)", _write_energy),
)
