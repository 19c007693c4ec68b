"""Which engines an installation can compute with: one line for each, and how to get what is not."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perolyte.execution.doctor import Check

__all__ = ["check_engines"]

_ELEMENTS = ("Li", "La", "Ti", "O", "Sr", "Ba", "Al", "Zr")
"""Of the systems that perolyte is made for; GPAW's data should hold them."""


def check_engines() -> Iterator[Check]:
    """Yield a line for each engine of DFT, and one for training. None of them is needed."""
    yield _check_gpaw()
    yield _check_vasp()
    yield _check_espresso()
    yield _check_cp2k()
    yield _check_training()


def _line(name: str, text: str, advice: str = "") -> Check:
    from perolyte.execution.doctor import Check

    return Check(name, "warning" if advice else "ok", text, advice)


def _check_gpaw() -> Check:
    from perolyte.dft.gpaw import GPAW_ADVICE

    name = "GPAW"
    try:
        found = version("gpaw")
    except PackageNotFoundError:
        return _line(name, "not installed", f"'make gpaw', or {GPAW_ADVICE}")
    try:
        import gpaw
        import gpaw.cgpaw
    except ImportError as err:
        text = f"{found} cannot be loaded ({' '.join(str(err).split())})"
        return _line(name, text, f"build it again: {GPAW_ADVICE}")
    folders = [Path(folder) for folder in gpaw.setup_paths]
    held = {
        file.name.split(".")[0]
        for folder in folders
        if folder.is_dir()
        for file in folder.glob("*.PBE*")
    }
    if not held:
        return _line(name, f"{found}, but no PAW data", "pip install gpaw-data")
    lacking = [element for element in _ELEMENTS if element not in held]
    text = f"{found}, PAW data (PBE) of {len(held)} elements"
    if lacking:
        return _line(name, f"{text}, not of {', '.join(lacking)}", "pip install gpaw-data")
    return _line(name, text)


def _check_vasp() -> Check:
    name = "VASP"
    try:
        from atomate2 import SETTINGS as ATOMATE_SETTINGS
        from pymatgen.core import SETTINGS as PYMATGEN_SETTINGS
    except ImportError as err:
        return _line(name, f"atomate2 cannot be loaded ({err})", "pip install atomate2")
    command = str(ATOMATE_SETTINGS.VASP_CMD)
    folder = PYMATGEN_SETTINGS.get("PMG_VASP_PSP_DIR")
    lacking, advice = [], []
    if not _is_command(command):
        lacking.append(f"its command {command!r} is not on the PATH")
        advice.append("set VASP_CMD in ~/.atomate2.yaml or ATOMATE2_VASP_CMD")
    if folder is None:
        lacking.append("no folder of POTCARs is named")
        advice.append("set PMG_VASP_PSP_DIR in ~/.config/.pmgrc.yaml (pmg config -p)")
    elif not Path(folder).is_dir():
        lacking.append(f"the folder of POTCARs {folder} is not there")
        advice.append("mend PMG_VASP_PSP_DIR")
    if lacking:
        text = f"{'; '.join(lacking)}; 'perolyte inputs' writes inputs without either"
        return _line(name, text, f"VASP needs a licence; {', '.join(advice)}")
    return _line(name, f"{command!r}, POTCARs in {folder}")


def _check_espresso() -> Check:
    from perolyte.dft.espresso import ESPRESSO_COMMAND_VARIABLE, ESPRESSO_PSEUDO_VARIABLE

    name = "Quantum ESPRESSO"
    command = os.environ.get(ESPRESSO_COMMAND_VARIABLE) or "pw.x"
    folder = os.environ.get(ESPRESSO_PSEUDO_VARIABLE)
    if not _is_command(command):
        advice = f"apt-get install quantum-espresso, or set {ESPRESSO_COMMAND_VARIABLE}"
        return _line(name, f"{command!r} is not on the PATH", advice)
    files = [f for f in Path(folder).glob("*") if f.suffix.lower() == ".upf"] if folder else []
    if not files:
        text = f"{command!r}, but no pseudopotentials (UPF) in {folder or ESPRESSO_PSEUDO_VARIABLE}"
        return _line(name, text, f"download SSSP or PseudoDojo and set {ESPRESSO_PSEUDO_VARIABLE}")
    return _line(name, f"{command!r}, {len(files)} pseudopotentials in {folder}")


def _check_cp2k() -> Check:
    from perolyte.dft.cp2k import CP2K_COMMAND_VARIABLE, CP2K_DATA_VARIABLE, find_cp2k

    name = "CP2K"
    command = find_cp2k()
    if command is None:
        advice = f"apt-get install cp2k, or set {CP2K_COMMAND_VARIABLE} to 'cp2k.psmp -s'"
        return _line(name, "its shell is not on the PATH", advice)
    folder = os.environ.get(CP2K_DATA_VARIABLE)
    if folder is not None and not Path(folder).is_dir():
        return _line(name, f"{command!r}, but {folder} is no folder", f"mend {CP2K_DATA_VARIABLE}")
    return _line(name, f"{command!r}, data {'in ' + folder if folder else 'as it was built'}")


def _check_training() -> Check:
    name = "training of CHGNet"
    if find_spec("chgnet") is None or find_spec("torch") is None:
        return _line(name, "chgnet or torch is not installed", "pip install chgnet torch")
    import torch

    where = "the GPU" if torch.cuda.is_available() else "the CPU, slowly: a GPU is far faster"
    return _line(name, f"chgnet {version('chgnet')} on {where}")


def _is_command(command: str) -> bool:
    words = shlex.split(command)
    return bool(words) and shutil.which(words[0]) is not None
