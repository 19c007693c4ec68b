"""CP2K through ASE's shell interface: a calculator from plain settings, checked before it runs."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import ExecutionError, InputError

if TYPE_CHECKING:
    from ase.calculators.cp2k import CP2K

__all__ = [
    "CP2K_COMMAND_VARIABLE",
    "CP2K_DATA_VARIABLE",
    "build_cp2k",
    "find_cp2k",
    "list_cp2k_parameters",
]

CP2K_COMMAND_VARIABLE = "ASE_CP2K_COMMAND"
"""Environment variable with the command of CP2K's shell, such as ``cp2k.psmp -s``; ASE's own."""

CP2K_DATA_VARIABLE = "CP2K_DATA_DIR"
"""Environment variable with the folder of basis sets and potentials; CP2K's own."""

_USUAL_COMMANDS = ("cp2k.psmp -s", "cp2k_shell", "cp2k_shell.psmp")
_LOWEST_CUTOFF_EV = 5000.0
"""Of the density grid: at 300 Ry (4080 eV) a run that counted as converged had a net force of 3.5
eV/Å on its cell, at 700 Ry 0.02 eV/Å."""


def list_cp2k_parameters(
    *,
    cutoff_eV: float = 9500.0,
    functional: str = "PBE",
    basis_set: str = "DZVP-MOLOPT-SR-GTH",
    pseudo_potential: str = "auto",
    max_iterations: int = 100,
    template: str = "",
) -> dict[str, Any]:
    """Return the parameters of ASE's CP2K calculator.

    Raises
    ------
    InputError
        For numbers out of range.

    Examples
    --------
    >>> list_cp2k_parameters()["xc"]
    'PBE'
    """
    if not cutoff_eV >= _LOWEST_CUTOFF_EV:
        raise InputError(
            f"cutoff_eV is {cutoff_eV} eV; CP2K's is that of the density, which needs at least "
            f"{_LOWEST_CUTOFF_EV:g} eV, and 9500 for forces"
        )
    if max_iterations < 1:
        raise InputError(f"max_iterations is {max_iterations}; give at least 1")
    return {
        "cutoff": float(cutoff_eV),
        "xc": functional,
        "basis_set": basis_set,
        "pseudo_potential": pseudo_potential,
        "max_scf": max_iterations,
        "stress_tensor": True,
        "print_level": "LOW",
        "inp": template,
    }


def build_cp2k(*, command: str | None = None, label: str = "cp2k", **settings: Any) -> CP2K:
    """Return an ASE calculator that talks to a CP2K process.

    Parameters
    ----------
    command
        Of CP2K's shell; by default ``$ASE_CP2K_COMMAND``, else what of it is on the PATH.
    label
        Beginning of its files, with their folder.
    **settings
        Of :func:`list_cp2k_parameters`: ``cutoff_eV`` of the density, whose grid decides the noise
        of the forces, ``functional``, ``basis_set``, ``pseudo_potential`` and ``template``, a piece
        of CP2K input that stands above the rest, such as the basis of an element that the usual
        files lack (La).

    Raises
    ------
    InputError
        For numbers out of range.
    ExecutionError
        Where CP2K or its data are not there.
    """
    from ase.calculators.cp2k import CP2K

    parameters = list_cp2k_parameters(**settings)
    data = os.environ.get(CP2K_DATA_VARIABLE)
    if data is not None and not Path(data).is_dir():
        raise ExecutionError(
            f"{CP2K_DATA_VARIABLE}={data} is no folder; name that of CP2K's BASIS_MOLOPT and "
            "GTH_POTENTIALS"
        )
    found = find_cp2k(command)
    if found is None:
        raise ExecutionError(
            f"CP2K ({command or ' or '.join(_USUAL_COMMANDS)}) is not on the PATH; install it "
            f"(Debian: apt-get install cp2k) or give its command in {CP2K_COMMAND_VARIABLE}"
        )
    return CP2K(command=found, label=label, **parameters)


def find_cp2k(command: str | None = None) -> str | None:
    """Return the command of CP2K's shell, None where it is not on the PATH."""
    given = command or os.environ.get(CP2K_COMMAND_VARIABLE)
    for candidate in (given,) if given else _USUAL_COMMANDS:
        words = shlex.split(candidate)
        if words and shutil.which(words[0]) is not None:
            return candidate
    return None
