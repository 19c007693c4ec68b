"""Write candidates as structure files beside a manifest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymatgen.core import Structure
from pymatgen.io.cif import CifWriter
from pymatgen.io.vasp import Poscar

from perolyte.cli.result_folder import explain_writing, lock_results
from perolyte.errors import InputError
from perolyte.files import replace_file
from perolyte.schemas import CandidateDoc, CandidateSetDoc

__all__ = ["FILE_FORMATS", "describe_candidates", "write_candidates"]

FILE_FORMATS = ("cif", "poscar", "both")
MANIFEST = "manifest.json"
TABLE = "manifest.csv"
_SCHEMA = {"name": "perolyte.candidates", "version": 1}
_COLUMNS = (
    "name",
    "kind",
    "formula",
    "n_atoms",
    "scheme",
    "reaction",
    "fraction_achieved",
    "shell",
    "pair_distance_A",
    "degeneracy",
    "log10_n_distinct",
    "method",
    "kept_as",
    "ewald_energy_eV",
    "min_distance_A",
    "global_instability_index_vu",
    "file",
    "sha256",
)


def write_candidates(found: CandidateSetDoc, folder: Path, *, file_format: str) -> dict[str, Any]:
    """Write one file per candidate, manifest.csv and manifest.json; return the manifest.

    The same candidates give the same bytes, so that repeating a command changes nothing. A folder
    holds one set of candidates; files of other content are never replaced.

    Raises
    ------
    InputError
        When the folder holds other candidates or structures.
    StoreError
        When a file cannot be written, or another process writes there.
    """
    manifest, files = _render_all(found, file_format)
    with explain_writing(folder):
        if not _list_missing(folder, files):
            return manifest
        _refuse_foreign(folder, manifest, files)
        with lock_results(folder):
            _refuse_foreign(folder, manifest, files)  # another process may have been faster
            for name in _list_missing(folder, files):
                for stale in folder.glob(f".{name}.*.tmp"):  # of a process that was killed
                    stale.unlink()
                replace_file(folder / name, files[name])
    return manifest


def describe_candidates(found: CandidateSetDoc) -> list[dict[str, Any]]:
    """Return one flat record per candidate, as the manifest has it."""
    return [_describe(doc) for doc in found.candidates]


def _describe(doc: CandidateDoc) -> dict[str, Any]:
    arrangement, doping = doc.arrangement, doc.doping
    pair = arrangement.pairs[0] if arrangement and arrangement.pairs else None
    return {
        "name": doc.name,
        "kind": doc.kind,
        "candidate_uuid": doc.candidate_uuid,
        "cell": doc.cell,
        "formula": doc.formula,
        "n_atoms": doc.n_atoms,
        "scheme": doping.scheme if doping else None,
        "compensation": doping.compensation if doping else None,
        "reaction": doping.reaction if doping else None,
        "dopants": [dopant.model_dump() for dopant in doping.dopants] if doping else [],
        "fraction_achieved": doping.fraction_achieved if doping else None,
        "composition_change": doc.composition_change,
        "oxidation_states": doc.oxidation_states,
        "pair": [pair.first, pair.second] if pair else None,
        "shell": pair.shell if pair else None,
        "pair_distance_A": _round(pair.distance_A) if pair else None,
        "degeneracy": arrangement.degeneracy if arrangement else None,
        "n_distinct": arrangement.n_distinct if arrangement else None,
        "log10_n_distinct": _round(arrangement.log10_n_distinct) if arrangement else None,
        "method": arrangement.method if arrangement else None,
        "reason": arrangement.reason if arrangement else None,
        "kept_as": arrangement.kept_as if arrangement else None,
        "rank": arrangement.rank if arrangement else None,
        "ewald_energy_eV": doc.ewald_energy_eV,
        "min_distance_A": _round(doc.min_distance_A),
        "global_instability_index_vu": _round(doc.global_instability_index_vu),
        "warnings": doc.warnings,
    }


def _round(value: float | None) -> float | None:
    """Cut the last digits, which differ from machine to machine."""
    return None if value is None else round(value, 4)


def _render_all(found: CandidateSetDoc, file_format: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the manifest, and the text of all files, its own last."""
    rows = describe_candidates(found)
    files: dict[str, str] = {}
    for row, doc in zip(rows, found.candidates, strict=True):
        own = dict(_render(doc, file_format))
        row["files"] = {n: hashlib.sha256(text.encode()).hexdigest() for n, text in own.items()}
        row["file"], row["sha256"] = next(iter(row["files"].items()))
        files |= own
    manifest = {
        "schema": _SCHEMA,
        "seed": found.provenance.seed,
        "perolyte_version": found.provenance.perolyte_version,
        "source_sha256": found.provenance.input_hash,
        "warnings": found.warnings,
        "candidates": rows,
    }
    files[TABLE] = _format_csv(rows)
    # last: a manifest means that its files are there
    files[MANIFEST] = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    return manifest, files


def _render(doc: CandidateDoc, file_format: str) -> Iterator[tuple[str, str]]:
    if file_format in ("cif", "both"):
        yield f"{doc.name}.cif", _write_cif(doc)
    if file_format in ("poscar", "both"):
        # grouped by element, as VASP's POTCAR needs it
        poscar = Poscar(doc.structure.get_sorted_structure(), comment=doc.name)
        yield f"POSCAR_{doc.name}", poscar.get_str(significant_figures=10)


def _write_cif(doc: CandidateDoc) -> str:
    """CIF in P1 with oxidation states, so that reading it again needs no guess."""
    plain = doc.structure
    # made anew: a copy has labels of its own, which the file would repeat for every site
    structure = Structure(plain.lattice, plain.species, plain.frac_coords)
    structure.add_oxidation_state_by_element({e: float(z) for e, z in doc.oxidation_states.items()})
    return f"# {doc.name}: {doc.formula}\n{CifWriter(structure, significant_figures=10)}"


def _format_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _list_missing(folder: Path, files: dict[str, str]) -> list[str]:
    """List files that are not there, or hold something else."""
    return [name for name, text in files.items() if _read(folder / name) != text.encode()]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _refuse_foreign(folder: Path, manifest: dict[str, Any], files: dict[str, str]) -> None:
    """Refuse a folder with other candidates, or with files of others that would be replaced."""
    own = {TABLE, MANIFEST} if _recognise(folder, manifest) else set()
    changed = [n for n in _list_missing(folder, files) if (folder / n).exists() and n not in own]
    strangers = [] if own else _list_structures(folder, files)
    for name in [*changed, *strangers]:
        raise InputError(
            f"{folder / name} is there and is none of these candidates; choose another directory "
            "with -o, or move that file"
        )


def _list_structures(folder: Path, files: dict[str, str]) -> list[str]:
    """List structure files that are not ours."""
    if not folder.is_dir():
        return []
    found = [*folder.glob("*.cif"), *folder.glob("POSCAR_*")]
    return sorted(path.name for path in found if path.name not in files)


def _recognise(folder: Path, manifest: dict[str, Any]) -> bool:
    """Say whether the folder holds a manifest of the same files; refuse one of others."""
    path = folder / MANIFEST
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        held = {row["name"]: (row["candidate_uuid"], row["files"]) for row in old["candidates"]}
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{path} is not readable as a manifest of candidates ({err}); choose another directory "
            "with -o, or remove that file"
        ) from err
    asked = {row["name"]: (row["candidate_uuid"], row["files"]) for row in manifest["candidates"]}
    if held == asked:
        return True
    same = {name: uuid for name, (uuid, _) in held.items()} == {
        name: uuid for name, (uuid, _) in asked.items()
    }
    what = "these candidates in another format" if same else f"{len(held)} other candidates"
    raise InputError(f"{folder} holds {what}; choose another directory with -o, or remove it first")
