"""Quantum ESPRESSO through ASE: a calculator from plain settings, checked before it runs."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import ExecutionError, InputError
from perolyte.units import RYDBERG_EV

if TYPE_CHECKING:
    from ase.calculators.espresso import Espresso

__all__ = [
    "ESPRESSO_COMMAND_VARIABLE",
    "ESPRESSO_PSEUDO_VARIABLE",
    "build_espresso",
    "find_pseudopotentials",
]

ESPRESSO_COMMAND_VARIABLE = "PEROLYTE_ESPRESSO_COMMAND"
"""Environment variable with the command of pw.x, such as ``mpirun -n 8 pw.x``."""

ESPRESSO_PSEUDO_VARIABLE = "ESPRESSO_PSEUDO"
"""Environment variable with the folder of the pseudopotentials, the name that pw.x itself reads."""


def build_espresso(
    pseudopotentials: dict[str, str],
    *,
    cutoff_eV: float = 680.0,
    density_cutoff_eV: float | None = None,
    k_points: tuple[int, int, int] | None = None,
    smearing_eV: float = 0.05,
    input_data: dict[str, dict[str, Any]] | None = None,
    command: str | None = None,
    pseudo_dir: str | None = None,
    directory: str = "espresso",
    needs_program: bool = True,
) -> Espresso:
    """Return an ASE calculator that runs pw.x.

    Parameters
    ----------
    pseudopotentials
        File for each element, ``{"Li": "Li.upf"}``; which functional they were made for decides
        the functional.
    cutoff_eV, density_cutoff_eV
        Of wave functions and density, eV; the density's is four times the other by default, which
        is right for norm-conserving pseudopotentials only.
    k_points
        Divisions of the mesh; None for Γ alone, with pw.x's code for it.
    smearing_eV
        Width of the Gaussian smearing, eV.
    input_data
        Namelists of pw.x, ``{"electrons": {"mixing_beta": 0.4}}``, which stand above the rest.
    command
        Of pw.x; by default ``$PEROLYTE_ESPRESSO_COMMAND``, else ``pw.x``.
    pseudo_dir
        Folder of the files; by default ``$ESPRESSO_PSEUDO``.
    directory
        Where pw.x runs.
    needs_program
        False to write inputs on a machine without pw.x and pseudopotentials.

    Raises
    ------
    InputError
        For numbers out of range.
    ExecutionError
        Where pw.x or a pseudopotential is not there.

    Examples
    --------
    >>> calculator = build_espresso({"Mg": "Mg.upf", "O": "O.upf"}, needs_program=False)
    >>> calculator.parameters["input_data"]["system"]["ecutwfc"]
    49.98
    """
    from ase.calculators.espresso import Espresso, EspressoProfile

    numbers = {"cutoff_eV": cutoff_eV, "smearing_eV": smearing_eV}
    if density_cutoff_eV is not None:
        numbers["density_cutoff_eV"] = density_cutoff_eV
    for name, value in numbers.items():
        if not value > 0:
            raise InputError(f"{name} is {value} eV; give a number above 0")
    command = command or os.environ.get(ESPRESSO_COMMAND_VARIABLE) or "pw.x"
    folder = Path(pseudo_dir or os.environ.get(ESPRESSO_PSEUDO_VARIABLE, "pseudo"))
    if needs_program:
        _check_program(command)
        find_pseudopotentials(pseudopotentials, folder)
    system = {
        "ecutwfc": round(cutoff_eV / RYDBERG_EV, 2),
        "ecutrho": round((density_cutoff_eV or 4 * cutoff_eV) / RYDBERG_EV, 2),
        "occupations": "smearing",
        "smearing": "gaussian",
        "degauss": round(smearing_eV / RYDBERG_EV, 6),
    }
    data: dict[str, dict[str, Any]] = {
        "control": {"calculation": "scf", "tprnfor": True, "tstress": True, "prefix": "perolyte"},
        "system": system,
        "electrons": {"conv_thr": 1e-8},
    }
    for section, values in (input_data or {}).items():
        data[section.lower()] = {**data.get(section.lower(), {}), **values}
    return Espresso(
        profile=EspressoProfile(command, folder),
        pseudopotentials=dict(pseudopotentials),
        input_data=data,
        kpts=k_points,
        directory=directory,
    )


def find_pseudopotentials(pseudopotentials: dict[str, str], folder: Path) -> list[Path]:
    """Return the files of the pseudopotentials.

    Raises
    ------
    ExecutionError
        Naming the first that is not there.
    """
    files = [folder / name for name in pseudopotentials.values()]
    for element, file in zip(pseudopotentials, files, strict=True):
        if not file.is_file():
            raise ExecutionError(
                f"the pseudopotential of {element}, {file}, is not there; download a set such as "
                f"SSSP or PseudoDojo and name its folder in {ESPRESSO_PSEUDO_VARIABLE}"
            )
    return files


def _check_program(command: str) -> None:
    words = shlex.split(command)
    if not words or shutil.which(words[0]) is None:
        raise ExecutionError(
            f"Quantum ESPRESSO ({command!r}) is not on the PATH; install it (Debian: apt-get "
            f"install quantum-espresso) or give its command in {ESPRESSO_COMMAND_VARIABLE}"
        )
