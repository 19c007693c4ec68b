"""Labels from VASP's vasprun.xml, read by pymatgen."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from perolyte.dft.evaluation import Evaluation, plain_structure
from perolyte.dft.extxyz import name_by_path
from perolyte.dft.labels import FrameGroup, RawLabel
from perolyte.dft.stress import find_outer_work_eV, stress_from_vasp_kbar
from perolyte.dft.theory import LevelOfTheory
from perolyte.dft.vasp import EnergyCorrection, correct_energy, find_vasp_theory
from perolyte.errors import InputError
from perolyte.parsing import refuse_damage

if TYPE_CHECKING:
    from pymatgen.io.vasp.outputs import Vasprun

__all__ = ["read_vasprun"]

_CUT = "XML is malformed"


def read_vasprun(
    path: str | Path,
    *,
    steps: Literal["all", "last"] = "all",
    correction: EnergyCorrection | None = "MP2020",
) -> list[RawLabel]:
    """Read the ionic steps of a calculation, packed or not.

    The energy is the free energy of the electrons without the work of an outer pressure. A file
    that ends too early, as one of a run that was killed does, gives its complete steps.

    Parameters
    ----------
    path
        File.
    steps
        Every ionic step, or the last.
    correction
        Of the energies; see :func:`perolyte.dft.vasp.correct_energy`.

    Returns
    -------
    list of RawLabel
        With the reason on each, where the correction does not fit.

    Raises
    ------
    InputError
        For a file that cannot be read, holds no complete step, or comes from a force field that
        VASP learned itself.
    """
    from pymatgen.io.vasp.outputs import Vasprun

    path = Path(path)
    advice = "the file is cut, damaged or no vasprun.xml; copy it again"
    with refuse_damage(f"{path}", advice), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = Vasprun(
            path,
            parse_dos=False,
            parse_eigen=False,
            parse_potcar_file=False,
            exception_on_bad_xml=False,
        )
        tags = {**dict(run.parameters), **dict(run.incar)}
        complete = [step for step in run.ionic_steps if _is_complete(step)]
        theory = _find_theory(run, tags)
    if str(tags.get("ML_LMLFF", "F")).strip(". ").upper().startswith("T"):
        raise InputError(
            f"{path} has ML_LMLFF = T: its forces are those of a force field; give a run without"
        )
    if not complete:
        raise InputError(f"{path} holds no complete ionic step; give a finished calculation")
    is_cut = any(_CUT in str(item.message) for item in caught)
    notes = ("the file ends too early: only its complete steps are read",) if is_cut else ()
    first = len(complete) - 1 if steps == "last" else 0
    labels = []
    with refuse_damage(f"{path}", advice):
        for number, step in enumerate(complete[first:], start=first):
            raw = _as_label(step, f"{name_by_path(path)}-{number}", tags, theory, correction)
            labels.append(
                replace(
                    raw,
                    found=replace(raw.found, notes=notes),
                    engine_version=str(run.vasp_version).strip() or None,
                    group=_find_group(tags, name_by_path(path)),
                    source=str(path),
                )
            )
    return labels


def _is_complete(step: Mapping[str, Any]) -> bool:
    wanted = ("structure", "forces", "electronic_steps")
    has_all = all(step.get(key) is not None and len(step[key]) for key in wanted)
    return has_all and step.get("e_fr_energy") is not None


def _find_theory(run: Vasprun, tags: Mapping[str, Any]) -> LevelOfTheory:
    mesh = np.asarray(run.kpoints.kpts).reshape(-1, 3)
    return find_vasp_theory(
        tags,
        run.potcar_symbols,
        run.hubbards,
        kpoints=[int(n) for n in mesh[0]] if len(mesh) == 1 else None,
    )


def _as_label(
    step: Mapping[str, Any],
    name: str,
    tags: Mapping[str, Any],
    theory: LevelOfTheory,
    correction: EnergyCorrection | None,
) -> RawLabel:
    structure = plain_structure(step["structure"])
    electronic = step["electronic_steps"]
    is_response = str(tags.get("LEPSILON", "F")).strip(". ").upper().startswith("T")
    stress = step.get("stress")
    try:
        theory, correction_eV = correct_energy(theory, structure, correction)
    except InputError as err:
        return RawLabel(name, structure, Evaluation(failure=str(err)), theory)
    # the last electronic step would lack dispersion, and be a response where VASP computed one
    work_eV = find_outer_work_eV(float(tags.get("PSTRESS", 0.0) or 0.0), structure.volume)
    found = Evaluation(
        energy_eV=float(step["e_fr_energy"]) - work_eV,
        forces_eV_A=np.asarray(step["forces"], dtype=float),
        stress_GPa=None if stress is None else stress_from_vasp_kbar(stress),
        # steps of a response are counted with the others
        scf_converged=None if is_response else len(electronic) < int(tags.get("NELM", 60)),
    )
    return RawLabel(name, structure, found, theory, energy_correction_eV=correction_eV)


def _find_group(tags: Mapping[str, Any], trajectory: str) -> FrameGroup:
    """Return temperature and kind of a run."""
    kinds = {-1: "static", 0: "md", 1: "relaxation", 2: "relaxation", 3: "relaxation"}
    n_steps = int(tags.get("NSW", 0) or 0)
    kind = kinds.get(int(tags.get("IBRION", -1)), "unknown") if n_steps > 0 else "static"
    begin, end = (float(tags.get(key, 0.0) or 0.0) for key in ("TEBEG", "TEEND"))
    is_steady = kind == "md" and begin > 0 and abs(begin - end) < 0.5
    return FrameGroup(trajectory=trajectory, kind=kind, temperature_K=begin if is_steady else None)
