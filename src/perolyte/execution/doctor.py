"""Check what an installation, or a worker of a cluster, needs; and what to do where it is missing.

Each check is a function that returns lines and never raises what it looks for.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from perolyte.errors import PerolyteError
from perolyte.settings import RUN_FOLDER_VARIABLE

__all__ = ["Check", "check_installation"]

State = Literal["ok", "warning", "missing"]

PACKAGES = ("perolyte", "pymatgen", "jobflow", "fireworks", "atomate2", "torch", "chgnet")
SCARCE_GB, TOO_SCARCE_GB = 10.0, 1.0
GB = 1e9
_PROGRAMS = {"sbatch": "SLURM", "qsub": "PBS"}


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, how it is, and what to do where it is not well."""

    name: str
    state: State
    text: str
    advice: str = ""


def check_installation(
    *, cluster: Path | None = None, store: str | None = None, potential: str = "chgnet"
) -> Iterator[Check]:
    """Yield the checks, the quick ones first.

    Parameters
    ----------
    cluster
        Folder of ``perolyte cluster init``: check what a worker needs.
    store
        Store to check; by default that of the LaunchPad, where there is one.
    potential
        Name of the potential to load.
    """
    from perolyte.execution.doctor_database import check_database
    from perolyte.execution.doctor_engines import check_engines

    yield from _check_packages()
    yield _check_disk(Path.cwd())
    yield from _check_run_folder(is_needed=cluster is not None)
    yield _check_queue(is_needed=cluster is not None)
    yield from check_database(cluster, store)
    yield from check_engines()
    yield _check_gpu()
    yield _check_potential(potential)


def _check_packages() -> Iterator[Check]:
    found, absent = [f"Python {platform.python_version()}"], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            absent.append(name)
    yield Check("versions", "ok", ", ".join(found))
    if absent:
        names = " ".join(absent)
        yield Check("versions", "missing", f"not installed: {names}", f"pip install {names}")


def _check_disk(folder: Path) -> Check:
    try:
        free_GB = shutil.disk_usage(folder).free / GB
    except OSError as err:
        return Check("disk", "missing", f"{folder} cannot be read ({err.strerror})", "change there")
    text = f"{free_GB:.1f} GB free in {folder}"
    advice = "trajectories take about 1 GB per ns of 500 atoms: free some, or work elsewhere"
    if free_GB < TOO_SCARCE_GB:
        return Check("disk", "missing", text, advice)
    return Check("disk", "warning" if free_GB < SCARCE_GB else "ok", text, advice)


def _check_run_folder(*, is_needed: bool) -> Iterator[Check]:
    name = "run folder"
    given = os.environ.get(RUN_FOLDER_VARIABLE)
    if given is None:
        text = f"{RUN_FOLDER_VARIABLE} is not set: MD keeps its checkpoints beside each job"
        advice = "on a cluster set it to scratch that every node sees: killed MD then goes on"
        yield Check(name, "warning" if is_needed else "ok", text, advice)
        return
    folder = Path(given)
    probe = folder / f".perolyte-doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_text("x", encoding="utf-8")
        probe.unlink()
    except OSError as err:
        text = f"{RUN_FOLDER_VARIABLE}={given} cannot be written ({err.strerror})"
        yield Check(name, "missing", text, "name a folder that can be")
        return
    yield Check(name, "ok", f"{given} can be written")
    disk = _check_disk(folder)
    yield Check(name, disk.state, disk.text, disk.advice)


def _check_queue(*, is_needed: bool) -> Check:
    found = {name: queue for name, queue in _PROGRAMS.items() if shutil.which(name)}
    if found:
        return Check("queue", "ok", ", ".join(f"{q} ({name})" for name, q in found.items()))
    text = "neither sbatch nor qsub is here"
    advice = "on a cluster load its module; without one 'rlaunch rapidfire' runs jobs here"
    return Check("queue", "warning" if is_needed else "ok", text, advice)


def _check_gpu() -> Check:
    try:
        import torch
    except ImportError:
        return Check("GPU", "missing", "torch is not installed", "pip install torch")
    if torch.cuda.is_available():
        n, first = torch.cuda.device_count(), torch.cuda.get_device_name(0)
        memory_GB = torch.cuda.get_device_properties(0).total_memory / GB
        return Check("GPU", "ok", f"{n} x {first}, {memory_GB:.0f} GB; MD and relaxations use it")
    text = f"torch {torch.__version__} sees no GPU; relaxations and MD run on the CPU"
    given = os.environ.get("SLURM_JOB_GPUS") or os.environ.get("CUDA_VISIBLE_DEVICES")
    if given or shutil.which("nvidia-smi"):
        advice = "install the build of torch for this driver's CUDA, see pytorch.org"
        # a job that was given a GPU and does not see it would waste it
        return Check("GPU", "missing" if given else "warning", text, advice)
    return Check("GPU", "warning", text, "on a cluster run this in a job of the GPU queue")


def _check_potential(name: str) -> Check:
    start_s = time.perf_counter()
    try:
        described, seconds = _evaluate(name)
    except PerolyteError as err:
        return Check("potential", "missing", str(err), "reinstall it, or name another potential")
    except Exception as err:  # noqa: BLE001 (any failure of a third-party potential is the answer)
        text = f"{name} cannot be evaluated: {type(err).__name__}: {str(err).splitlines()[:1]}"
        return Check("potential", "missing", text, "reinstall it, or name another potential")
    load_s = time.perf_counter() - start_s - seconds
    text = (
        f"{described.get('name')} {described.get('version') or ''} on "
        f"{described.get('device', 'cpu')}: loaded in {load_s:.1f} s, 40 atoms in "
        f"{1000 * seconds:.0f} ms"
    )
    return Check("potential", "ok", " ".join(text.split()))


def _evaluate(name: str) -> tuple[dict[str, Any], float]:
    """Evaluate a small oxide twice, and return what the potential says of itself and s."""
    from pymatgen.core import Lattice, Structure

    from perolyte.potentials import SystemBatch
    from perolyte.potentials.choosing import build_batch_potential

    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.905),
        ["Sr", "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    cell.make_supercell([2, 2, 2])
    potential = build_batch_potential(name)
    batch, positions = SystemBatch.from_structures([cell], potential.device)
    potential.evaluate(batch, positions)
    start_s = time.perf_counter()
    potential.evaluate(batch, positions)
    return potential.describe(), time.perf_counter() - start_s
