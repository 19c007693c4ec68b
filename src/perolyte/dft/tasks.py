"""Labels from the documents that atomate2's makers of VASP and of ASE store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from perolyte.dft.evaluation import Evaluation, plain_structure
from perolyte.dft.labels import FrameGroup, RawLabel
from perolyte.dft.stress import find_outer_work_eV, stress_from_vasp_kbar
from perolyte.dft.theory import LevelOfTheory
from perolyte.dft.vasp import EnergyCorrection, correct_energy, find_vasp_theory
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["read_task"]


def read_task(
    task: Any,
    *,
    name: str,
    group: FrameGroup | None = None,
    theory: LevelOfTheory | None = None,
    correction: EnergyCorrection | None = "MP2020",
) -> RawLabel:
    """Read the last step of a task document.

    Parameters
    ----------
    task
        emmet's ``TaskDoc`` of a VASP calculation, atomate2's ``AseStructureTaskDoc``, or the
        dictionary that a store keeps of one.
    name
        Of the label.
    group
        Where the structure comes from.
    theory
        Of a document of ASE, which does not say; that of VASP is read.
    correction
        Of VASP's energies; see :func:`perolyte.dft.vasp.correct_energy`.

    Returns
    -------
    RawLabel
        Rejected where the correction does not fit.

    Raises
    ------
    InputError
        For a document of another kind, or without a structure.
    """
    output = _get(task, "output")
    structure = _as_structure(_get(output, "structure") or _get(task, "structure"))
    if structure is None:
        kind = type(task).__name__
        raise InputError(
            f"task of {name!r} ({kind}) has no structure; give a document of atomate2's VASP or ASE"
        )
    calculations = _get(task, "calcs_reversed")
    common: dict[str, Any] = {"name": name, "group": group or FrameGroup()}
    plain = plain_structure(structure)
    if not calculations:
        found = Evaluation(
            energy_eV=_as_float(_get(output, "energy")),
            forces_eV_A=_as_array(_get(output, "forces")),
            stress_GPa=_as_stress(_get(output, "stress")),
            magmoms_muB=_find_magmoms(structure),
            scf_converged=None,
        )
        used = theory or LevelOfTheory(engine=str(_get(task, "ase_calculator_name") or "unknown"))
        return RawLabel(structure=plain, found=found, theory=used, **common)
    used = _find_theory(calculations[0])
    version = _get(calculations[0], "vasp_version")
    try:
        used, correction_eV = correct_energy(used, plain, correction)
    except InputError as err:
        return RawLabel(
            structure=plain,
            found=Evaluation(failure=str(err)),
            theory=used,
            engine_version=version,
            **common,
        )
    return RawLabel(
        structure=plain,
        found=_read_vasp_step(task, calculations[0], structure),
        theory=used,
        engine_version=version,
        energy_correction_eV=correction_eV,
        **common,
    )


def _read_vasp_step(task: Any, calculation: Any, structure: Structure) -> Evaluation:
    """Return the last ionic step, with the free energy where the document has it."""
    output = _get(calculation, "output")
    steps = _get(output, "ionic_steps") or []
    last = steps[-1] if steps else None
    energy = _as_float(_get(last, "e_fr_energy"))
    notes: tuple[str, ...] = ()
    if energy is None:
        energy = _as_float(_get(_get(task, "output"), "energy"))
        notes = ("the energy is extrapolated to zero smearing: the document has no free energy",)
    else:
        tags = _read_tags(calculation)
        energy -= find_outer_work_eV(float(tags.get("PSTRESS") or 0.0), structure.volume)
    forces = _get(last, "forces") or _get(_get(task, "output"), "forces")
    stress = _get(last, "stress") or _get(_get(task, "output"), "stress")
    return Evaluation(
        energy_eV=energy,
        forces_eV_A=_as_array(forces),
        stress_GPa=_as_stress(stress),
        magmoms_muB=_find_magmoms(structure),
        scf_converged=_is_converged(calculation, last),
        notes=notes,
    )


def _is_converged(calculation: Any, last: Any) -> bool | None:
    """Compare the number of electronic steps with the most that were allowed."""
    steps = _get(last, "electronic_steps")
    most = _read_tags(calculation).get("NELM")
    if steps and most:
        return len(steps) < int(most)
    stated = _get(calculation, "has_vasp_completed")
    if stated is None:
        return None
    return str(getattr(stated, "value", stated)).lower() in ("true", "success", "successful")


def _find_theory(calculation: Any) -> LevelOfTheory:
    given = _get(calculation, "input")
    parameters = _read_tags(calculation)
    titles = [_get(spec, "titel") for spec in _get(given, "potcar_spec") or []]
    if not titles:
        raise InputError("the VASP document names no POTCAR; give one with potcar_spec")
    return find_vasp_theory(parameters, titles, _get(given, "hubbards"))


def _read_tags(calculation: Any) -> dict[str, Any]:
    given = _get(calculation, "input")
    return {**(_get(given, "parameters") or {}), **(_get(given, "incar") or {})}


def _find_magmoms(structure: Structure) -> np.ndarray | None:
    found = structure.site_properties.get("magmom")
    return None if found is None or None in found else _as_array(found)


def _get(source: Any, key: str) -> Any:
    if source is None:
        return None
    return source.get(key) if isinstance(source, Mapping) else getattr(source, key, None)


def _as_structure(found: Any) -> Structure | None:
    from pymatgen.core import Structure

    return Structure.from_dict(dict(found)) if isinstance(found, Mapping) else found


def _as_float(value: Any) -> float | None:
    return None if value is None else float(value)


def _as_array(values: Any) -> np.ndarray | None:
    return None if values is None else np.asarray(values, dtype=float)


def _as_stress(values: Any) -> np.ndarray | None:
    return None if values is None else stress_from_vasp_kbar(values)
