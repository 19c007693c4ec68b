"""Labels as extended XYZ, the format that most trainers read, and back.

Keys are those of ASE: ``energy`` and ``free_energy`` in eV, ``forces`` in eV/Å, ``stress`` in eV/Å³
and positive where the cell is stretched, ``magmoms``. The dictionary ``perolyte`` beside them holds
what ASE has no key for: group, engine, settings. Energies are the free energies of the code; a
correction stands apart in the dictionary. Places and forces have eight decimals.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np

from perolyte.dft.evaluation import Evaluation, as_atoms, as_structure
from perolyte.dft.labels import FrameGroup, RawLabel
from perolyte.dft.stress import stress_from_ase, stress_from_virial, stress_to_ase
from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import InputError
from perolyte.files import replace_file
from perolyte.parsing import PARSER_ERRORS, refuse_damage, shorten_error

if TYPE_CHECKING:
    from ase import Atoms

    from perolyte.schemas import LabelDoc

__all__ = ["format_extxyz", "label_from_atoms", "read_extxyz", "write_extxyz"]

_OWN_KEY = "perolyte"
_PLAIN_KEYS = ("name", "composition", "trajectory", "temperature_K", "kind")
"""Also written on their own, for people and other programs."""
_SAFE = "".join(chr(code) for code in range(32, 127) if chr(code) not in '"\\%')
"""Characters that ASE gives back as they were."""
_OTHER_ENERGIES = ("REF_energy", "dft_energy", "DFT_energy")
_OTHER_FORCES = ("REF_forces", "dft_forces", "DFT_forces", "force")
_OTHER_STRESSES = ("REF_stress", "dft_stress", "DFT_stress")
_OTHER_VIRIALS = ("virial", "virials", "REF_virial", "REF_virials", "dft_virial")
"""Names that other programs give to the same numbers, where ASE's own are not there."""


def write_extxyz(labels: Sequence[LabelDoc], path: str | Path) -> Path:
    """Write labels; a name that ends with ``.gz`` gives a packed file.

    Parameters
    ----------
    labels
        With numbers; the same labels give the same bytes.
    path
        File.

    Raises
    ------
    InputError
        For a label without numbers, or no label.
    OSError
        If the file cannot be written; one that was there before is untouched then.
    """
    text = format_extxyz(labels).encode()
    path = Path(path)
    # a time in the file would make it another one each time it is written
    return replace_file(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def format_extxyz(labels: Sequence[LabelDoc]) -> str:
    """Return the text of :func:`write_extxyz`.

    Raises
    ------
    InputError
        For a label without numbers, or no label.
    """
    from ase.io.extxyz import write_xyz

    if not labels:
        raise InputError("there is no label to write; give at least one that is sound")
    text = io.StringIO()
    write_xyz(text, [_as_atoms(label) for label in labels])
    return text.getvalue()


def _as_atoms(label: LabelDoc) -> Atoms:
    from ase.calculators.singlepoint import SinglePointCalculator

    frame = label.to_frame()
    atoms = as_atoms(label.structure)
    results: dict[str, Any] = {
        "energy": label.energy_eV,
        "free_energy": label.energy_eV,
        "forces": frame.forces_eV_A,
    }
    if frame.stress_GPa is not None:
        results["stress"] = stress_to_ase(frame.stress_GPa)
    if frame.magmoms_muB is not None:
        results["magmoms"] = frame.magmoms_muB
    atoms.calc = SinglePointCalculator(atoms, **results)
    own = {
        "name": label.name,
        "composition": label.composition,
        "trajectory": label.trajectory,
        "temperature_K": label.temperature_K,
        "kind": label.kind,
        "details": label.details,
        "engine_version": label.engine_version,
        "energy_correction_eV": label.energy_correction_eV,
        "scf_converged": label.scf_converged,
        "settings": label.settings,
    }
    own = _encode(own)
    atoms.info = {key: own[key] for key in _PLAIN_KEYS if own[key] not in (None, "")}
    atoms.info[_OWN_KEY] = own
    return atoms


def _encode(value: Any) -> Any:
    if isinstance(value, str):
        return quote(value, safe=_SAFE)
    if isinstance(value, dict):
        return {_encode(str(key)): _encode(part) for key, part in value.items()}
    return [_encode(part) for part in value] if isinstance(value, list | tuple) else value


def _decode(value: Any) -> Any:
    if isinstance(value, str):
        return unquote(value)
    if isinstance(value, dict):
        return {_decode(key): _decode(part) for key, part in value.items()}
    return [_decode(part) for part in value] if isinstance(value, list) else value


def read_extxyz(path: str | Path, *, stated: LevelOfTheory | None = None) -> list[RawLabel]:
    """Read every frame of a file, packed with gzip or not.

    Parameters
    ----------
    path
        File.
    stated
        Level of theory of frames that do not say it themselves.

    Returns
    -------
    list of RawLabel
        Those without energy or forces are refused later, when they are judged.

    Raises
    ------
    InputError
        For a file that cannot be read, holds no frame, or a frame without a periodic cell.
    """
    from ase.io.extxyz import read_xyz

    path = Path(path)
    with refuse_damage(f"{path}", "the file is cut, damaged or no extended XYZ; copy it again"):
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        images = list(read_xyz(io.StringIO(content.decode()), index=slice(None)))
    if not images:
        raise InputError(f"{path} holds no frame; check that the run wrote one")
    return list(_as_labels(images, path, stated))


def _as_labels(
    images: Sequence[Atoms], path: Path, stated: LevelOfTheory | None
) -> Iterator[RawLabel]:
    stem = name_by_path(path)
    for index, atoms in enumerate(images):
        try:
            yield label_from_atoms(
                atoms, name=f"{stem}-{index}", trajectory=stem, source=str(path), stated=stated
            )
        except InputError as err:
            raise InputError(f"{path}: frame {index}: {err}") from err
        except PARSER_ERRORS as err:
            raise InputError(
                f"{path}: frame {index} cannot be read ({shorten_error(err)}); correct or remove it"
            ) from err


def name_by_path(path: Path) -> str:
    """Return the path as it was given, without its endings.

    Examples
    --------
    >>> name_by_path(Path("runs/a/vasprun.xml.gz"))
    'runs/a/vasprun'
    """
    return path.with_name(path.name.split(".")[0] or path.name).as_posix()


def label_from_atoms(
    atoms: Any,
    *,
    name: str,
    trajectory: str,
    source: str | None = None,
    stated: LevelOfTheory | None = None,
) -> RawLabel:
    """Return the label that atoms of ASE carry.

    Parameters
    ----------
    atoms
        ASE's, with what a file says of them.
    name, trajectory
        Where the atoms state none.
    source
        File.
    stated
        Level of theory, where the atoms state none.

    Raises
    ------
    InputError
        For atoms without a cell periodic in all directions, or metadata that is not what it should
        be.
    """
    if not all(atoms.pbc) or abs(atoms.cell.volume) < 1e-6 or len(atoms) == 0:
        raise InputError("it has no cell that is periodic in all directions; write cell and pbc")
    own = atoms.info.get(_OWN_KEY)
    given = _decode(own) if isinstance(own, dict) else {}
    plain = {key: atoms.info[key] for key in _PLAIN_KEYS if key in atoms.info}
    if not isinstance(own, dict):
        plain.setdefault("kind", atoms.info.get("config_type"))
    group = {**plain, **{key: given[key] for key in (*_PLAIN_KEYS, "details") if key in given}}
    name = str(group.pop("name", None) or name)
    settings = given.get("settings")
    theory = stated or LevelOfTheory()
    if isinstance(settings, dict):
        theory = LevelOfTheory.from_settings(settings)
    found = _find_numbers(atoms)
    scf = given.get("scf_converged")
    return RawLabel(
        name=name,
        structure=as_structure(
            atoms.get_chemical_symbols(), atoms.get_positions(), atoms.cell.array
        ),
        found=Evaluation(**{**found, "scf_converged": scf if isinstance(scf, bool) else None}),
        theory=theory,
        engine_version=_as_text(given.get("engine_version")),
        group=FrameGroup.from_dict({"trajectory": trajectory, **_drop_none(group)}),
        energy_correction_eV=float(given.get("energy_correction_eV") or 0.0),
        source=source,
    )


def _find_numbers(atoms: Any) -> dict[str, Any]:
    results = {} if atoms.calc is None else atoms.calc.results
    info, arrays = atoms.info, atoms.arrays
    notes: list[str] = []
    energy = results.get("free_energy")
    if energy is None:
        energy = _first(_OTHER_ENERGIES, info, results.get("energy"))
        notes.append("the source does not say whether its energy is the free energy")
    forces = _first(_OTHER_FORCES, arrays, results.get("forces"))
    stress = _first(_OTHER_STRESSES, info, results.get("stress"))
    virial = _first(_OTHER_VIRIALS, info)
    moments = results.get("magmoms")
    if stress is not None:
        stress = stress_from_ase(stress)
    elif virial is not None:
        stress = stress_from_virial(virial, abs(atoms.cell.volume))
    return {
        "energy_eV": None if energy is None else float(energy),
        "forces_eV_A": None if forces is None else np.asarray(forces, dtype=float),
        "stress_GPa": stress,
        "magmoms_muB": None if moments is None else np.asarray(moments, dtype=float).reshape(-1),
        "notes": tuple(notes) if energy is not None else (),
    }


def _first(names: Sequence[str], places: Any, first: Any = None) -> Any:
    """Return the first that is there."""
    if first is not None:
        return first
    return next((places[name] for name in names if name in places), None)


def _drop_none(group: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if value is not None}


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)
