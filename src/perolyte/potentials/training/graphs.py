"""Labelled frames as chgnet's own graphs and targets, converted once."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from perolyte.errors import InputError

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from perolyte.potentials.training.settings import TrainingSettings
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["build_loader", "choose_targets", "convert_frames", "hash_frames"]

Item = tuple[Any, dict[str, torch.Tensor | None]]
"""A graph of chgnet, and its labels by "e", "f", "s", "m"."""


def convert_frames(
    frames: Sequence[LabelledFrame], converter: Callable[..., Any], *, targets: str
) -> list[Item]:
    """Convert frames to what chgnet's ``Trainer`` is fed with.

    chgnet's ``StructureData`` is not used: it puts another, random structure in the place of one
    that it cannot convert.

    Parameters
    ----------
    frames
        Labelled.
    converter
        A model's ``graph_converter``.
    targets
        Of :func:`choose_targets`.

    Returns
    -------
    list
        (graph, labels) of each frame: energy in eV/atom, forces in eV/Å, stress in GPa and the
        size of magnetic moments in muB, all float32.

    Raises
    ------
    InputError
        For a frame with an atom that has no neighbour within the graph's cutoff.
    """
    items: list[Item] = []
    for frame in frames:
        try:
            graph = converter(frame.structure, graph_id=frame.name)
        except ValueError as err:
            raise InputError(
                f"frame {frame.name!r} cannot be trained on ({' '.join(str(err).split())}); leave "
                "it out"
            ) from err
        items.append((graph, _read_targets(frame, targets)))
    return items


def _read_targets(frame: LabelledFrame, targets: str) -> dict[str, torch.Tensor | None]:
    read: dict[str, torch.Tensor | None] = {
        "e": torch.tensor(frame.energy_per_atom_eV, dtype=torch.float32),
        "f": torch.tensor(frame.forces_eV_A, dtype=torch.float32),
    }
    if "s" in targets:
        read["s"] = torch.tensor(frame.stress_GPa, dtype=torch.float32)
    if "m" in targets:
        moments = frame.magmoms_muB
        # the network gives sizes: the sign of a moment is a choice of axis
        read["m"] = None if moments is None else torch.tensor(np.abs(moments), dtype=torch.float32)
    return read


def choose_targets(frames: Sequence[LabelledFrame], settings: TrainingSettings) -> str:
    """Return what can be trained: "ef", and "s" and "m" where frames have them and they weigh.

    Raises
    ------
    InputError
        If some frames have a stress and others have none: chgnet's loss has no mask for it.
    """
    targets = "ef"
    without = [frame.name for frame in frames if frame.stress_GPa is None]
    if settings.stress_weight > 0 and len(without) < len(frames):
        if without:
            raise InputError(
                f"{len(without)} of {len(frames)} frames have no stress, {without[0]!r} first; "
                "label them with stress, leave them out, or set stress_weight to 0"
            )
        targets += "s"
    if settings.magmom_weight > 0 and any(frame.magmoms_muB is not None for frame in frames):
        targets += "m"
    return targets


def build_loader(
    items: list[Item], *, batch_size: int, generator: torch.Generator | None = None
) -> DataLoader:
    """Return a loader of batches, shuffled where there is a generator."""
    from torch.utils.data import DataLoader

    with warnings.catch_warnings():  # the import switches all warnings off
        from chgnet.data.dataset import collate_graphs

    return DataLoader(
        items,  # type: ignore[arg-type]  # a list is a dataset
        batch_size=batch_size,
        shuffle=generator is not None,
        generator=generator,
        collate_fn=collate_graphs,
    )


def hash_frames(frames: Sequence[LabelledFrame]) -> str:
    """Return the SHA-256 of structures and labels, whatever the frames' names.

    Examples
    --------
    >>> from perolyte.structures.labelled_frame import LabelledFrame
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> one, other = (LabelledFrame(name, cell, -7.2, np.zeros((2, 3))) for name in "ab")
    >>> hash_frames([one]) == hash_frames([other])
    True
    """
    digest = hashlib.sha256()
    for frame in frames:
        structure = frame.structure
        numbers = np.array([site.specie.Z for site in structure], dtype=np.int64)
        arrays = [numbers, structure.lattice.matrix, structure.cart_coords]
        arrays += [np.array([frame.energy_eV]), frame.forces_eV_A]
        for part in (frame.stress_GPa, frame.magmoms_muB):
            arrays.append(np.zeros(0) if part is None else part)
        for array in arrays:
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
