"""Relaxation and annealing of boundary cells by the batched engine, kept on disk by stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.seeds import derive_seed
from perolyte.potentials.dynamics.atomic_files import write_atomically
from perolyte.units import FS_PER_PS

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential

__all__ = ["AnnealSettings", "RelaxedCell", "anneal_cells", "relax_cells"]

_QUENCH_STAGES = (0.75, 0.5, 0.25)
"""Of the annealing temperature, one after the other."""
_FRICTION_PER_PS = 2.0
_FRAMES = 10


@dataclass(frozen=True)
class AnnealSettings:
    """How cells are annealed before the last relaxation.

    Parameters
    ----------
    temperature_K, anneal_ps
        K and ps at that temperature.
    quench_ps
        ps, shared by three lower temperatures.
    time_step_fs
        fs.
    n_cells
        Cells of lowest energy that are annealed; 0 for none.
    """

    temperature_K: float = 1200.0
    anneal_ps: float = 50.0
    quench_ps: float = 15.0
    time_step_fs: float = 1.0
    n_cells: int = 3

    def __post_init__(self) -> None:
        for name, unit in (
            ("temperature_K", "K"),
            ("anneal_ps", "ps"),
            ("quench_ps", "ps"),
            ("time_step_fs", "fs"),
        ):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)} {unit}; it must be above 0")
        if self.n_cells < 0:
            raise InputError(f"n_cells is {self.n_cells}; give 0 for no annealing, or more")

    def stages(self) -> list[tuple[float, int]]:
        """Return temperature (K) and number of steps of each stage."""
        steps = round(self.quench_ps / len(_QUENCH_STAGES) * FS_PER_PS / self.time_step_fs)
        first = round(self.anneal_ps * FS_PER_PS / self.time_step_fs)
        lower = [(share * self.temperature_K, max(1, steps)) for share in _QUENCH_STAGES]
        return [(self.temperature_K, max(1, first)), *lower]


@dataclass(frozen=True, eq=False)
class RelaxedCell:
    """A cell where its relaxation ended.

    Attributes
    ----------
    structure
        With the oxidation states of the cell that was given; None where it was refused.
    energy_eV, fmax_eV_A
        eV and eV/Å; None where it was refused.
    is_converged, reason
        Whether, and why not.
    """

    structure: Structure | None
    energy_eV: float | None
    fmax_eV_A: float | None
    is_converged: bool
    reason: str | None


def relax_cells(
    potential: BatchPotential,
    structures: Sequence[Structure],
    path: Path,
    *,
    force_limit_eV_A: float,
    max_steps: int,
    relax_cell: bool = True,
) -> list[RelaxedCell]:
    """Relax cells together; what is in the file is not done again.

    Parameters
    ----------
    path
        Of the JSON file that keeps the result.
    """
    from perolyte.potentials import relax_batch

    if path.is_file():
        rows = json.loads(path.read_text(encoding="utf-8"))
    else:
        outcomes = relax_batch(
            potential,
            list(structures),
            fmax_eV_A=force_limit_eV_A,
            max_steps=max_steps,
            relax_cell=relax_cell,
        )
        rows = [_write_row(outcome) for outcome in outcomes]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(rows).encode())
    return [_read_row(row) for row in rows]


def anneal_cells(
    potential: BatchPotential,
    names: Sequence[str],
    structures: Sequence[Structure],
    folder: Path,
    *,
    settings: AnnealSettings,
    mobile_ion: str | None,
    seed: int,
) -> list[tuple[Structure | None, str | None]]:
    """Heat cells and cool them in steps; each stage goes on from its checkpoints.

    Returns
    -------
    list of tuple
        The cell at the end and None, or None and why a guard stopped it.
    """
    from perolyte.potentials.dynamics import Langevin, Replica, run_md_batch
    from perolyte.potentials.dynamics.checkpoints import list_checkpoints, read_checkpoint
    from perolyte.potentials.dynamics.deformation import rebuild_structure

    ends: list[tuple[Structure | None, str | None]] = [(s, None) for s in structures]
    for stage, (temperature_K, n_steps) in enumerate(settings.stages()):
        alive = {index: end for index, (end, _) in enumerate(ends) if end is not None}
        if not alive:
            break
        replicas = [
            Replica(
                names[index],
                start,
                _choose_ion(structures[index], mobile_ion),
                temperature_K=temperature_K,
                seed=derive_seed(seed, len(names) * stage + index),
                time_step_fs=settings.time_step_fs,
            )
            for index, start in alive.items()
        ]
        interval = max(1, n_steps // _FRAMES)
        outcomes = run_md_batch(
            potential,
            replicas,
            ensemble=Langevin(_FRICTION_PER_PS),
            n_steps=-(-n_steps // interval) * interval,
            store_interval_steps=interval,
            framework_interval=1,
            checkpoint_interval_steps=interval,
            folder=folder / f"{stage}-{temperature_K:.0f}K",
        )
        for index, outcome in zip(alive, outcomes, strict=True):
            if outcome.status != "finished":
                ends[index] = (None, f"annealing was stopped ({outcome.status}): {outcome.reason}")
                continue
            state = read_checkpoint(list_checkpoints(outcome.folder)[0]).state
            start = alive[index]
            end = rebuild_structure(start, start.lattice.matrix, state.positions_A)
            ends[index] = (end, None)
    return ends


def _choose_ion(structure: Structure, mobile_ion: str | None) -> str:
    """Return the ion whose frames are stored, any one where none moves."""
    elements = sorted(element.symbol for element in structure.composition.elements)
    return mobile_ion if mobile_ion in elements and mobile_ion is not None else elements[0]


def _write_row(outcome: Any) -> dict[str, Any]:
    refused = outcome.energy_eV != outcome.energy_eV  # NaN
    return {
        "structure": None if refused else outcome.structure.as_dict(),
        "energy_eV": None if refused else float(outcome.energy_eV),
        "fmax_eV_A": None if refused else float(outcome.fmax_eV_A),
        "is_converged": bool(outcome.converged),
        "reason": outcome.reason or None,
    }


def _read_row(row: dict[str, Any]) -> RelaxedCell:
    structure = None if row["structure"] is None else Structure.from_dict(row["structure"])
    return RelaxedCell(**{**row, "structure": structure})
