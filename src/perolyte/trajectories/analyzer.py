"""The JSON of pymatgen's DiffusionAnalyzer: a structure and displacements from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.failures import refuse_damage
from perolyte.trajectories.intervals import ReadingOptions, resolve_interval
from perolyte.trajectories.source import TrajectorySource, check_cells, check_positions
from perolyte.trajectories.species import check_species
from perolyte.trajectories.stored import list_states, slice_blocks
from perolyte.transport.checks import FloatArray

__all__ = ["open_analyzer_record"]

_ADVICE = "it must be the as_dict() of a DiffusionAnalyzer, write it again"


def open_analyzer_record(
    record: dict[str, Any], path: Path, options: ReadingOptions
) -> TrajectorySource:
    """Open the dictionary of a DiffusionAnalyzer, which holds unwrapped paths atom by atom.

    The time between frames is its ``time_step`` (fs) times ``step_skip``.

    Raises
    ------
    InputError
        For a dictionary that is damaged, a disordered structure, or displacements of other atoms.
    """
    with refuse_damage(f"{path}", _ADVICE):
        sites = record["structure"]["sites"]
        kinds = [site["species"] for site in sites]
        cell = np.asarray(record["structure"]["lattice"]["matrix"], dtype=np.float64)
        start = np.array([site["abc"] for site in sites], dtype=np.float64)
        labels = tuple(
            str(site.get("label") or kind[0]["element"])
            for site, kind in zip(sites, kinds, strict=True)
        )
        states = [kind[0].get("oxidation_state") for kind in kinds]
        displacements = np.asarray(record["displacements"], dtype=np.float64)
        lattices = np.asarray(record.get("lattices") or [cell], dtype=np.float64)
        names = [str(kind[0]["element"]) for kind in kinds]
        stated_fs = float(record["time_step"]) * float(record["step_skip"])
        temperature_K = float(record["temperature"])
    if any(len(kind) != 1 for kind in kinds):
        raise InputError(
            f"{path} has sites shared by several elements; every atom of a trajectory is one "
            "element: write the ordered structure of the run"
        )
    species = check_species(names, path)
    if (
        displacements.ndim != 3
        or displacements.shape[::2] != (len(species), 3)
        or (start.shape != (len(species), 3))
    ):
        raise InputError(
            f"{path} holds displacements of shape {displacements.shape} for {len(species)} atoms; "
            f"they must be (n_atoms, n_frames, 3): {_ADVICE}"
        )
    cells = _match_cells(lattices, cell, displacements.shape[1], path)
    check_cells(cells, path, 0, n_atoms=len(species))
    displacements = displacements.transpose(1, 0, 2)
    check_positions(displacements, path, 0)
    scaled = start + displacements @ np.linalg.inv(cells)  # each in the cell of its frame
    interval_fs, warnings = resolve_interval(path, options, stated_fs=stated_fs, missing="")
    return TrajectorySource(
        path=path,
        format="diffusion-analyzer",
        species=species,
        frame_interval_fs=interval_fs,
        iterate=lambda: slice_blocks(scaled, cells, path),
        is_unwrapped=True,
        has_fixed_order=True,
        temperature_K=temperature_K if temperature_K > 0 else None,
        oxidation_states=list_states(states),
        # pymatgen labels a site by its element where nobody named it
        labels=None if labels == species else labels,
        warnings=warnings,
    )


def _match_cells(lattices: FloatArray, cell_A: FloatArray, n_frames: int, path: Path) -> FloatArray:
    """Return one cell per frame: the list is one cell, one per frame, or one more in front."""
    if lattices.ndim != 3 or lattices.shape[1:] != (3, 3) or cell_A.shape != (3, 3):
        raise InputError(f"{path} holds cells of shape {lattices.shape}: {_ADVICE}")
    if len(lattices) == 1:
        return np.broadcast_to(lattices[0], (n_frames, 3, 3))
    if len(lattices) not in {n_frames, n_frames + 1}:
        raise InputError(
            f"{path} holds {len(lattices)} cells for {n_frames} frames; one, or one for each is "
            f"needed: {_ADVICE}"
        )
    return lattices[-n_frames:]
