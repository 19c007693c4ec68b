"""Labels that cannot be right are refused before anything is learnt from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.potentials.training.errors import predict_energies

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.training.settings import TrainingSettings
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["check_energies", "check_frames"]


def check_frames(
    train: Sequence[LabelledFrame],
    validation: Sequence[LabelledFrame],
    references: Sequence[LabelledFrame],
    settings: TrainingSettings,
) -> None:
    """Refuse empty sets, and forces that no label has.

    Raises
    ------
    InputError
        Which names the first frame and says how many there are.
    """
    for name, frames in (("training", train), ("validation", validation)):
        if not frames:
            raise InputError(f"there are no {name} frames; give at least one")
    limit = settings.max_force_eV_A
    largest = [
        (float(np.abs(frame.forces_eV_A).max()), frame.name)
        for frame in (*train, *validation, *references)
    ]
    wrong = [(force, name) for force, name in largest if force > limit]
    if wrong:
        force, name = max(wrong)
        raise InputError(
            f"{len(wrong)} frames have forces above {limit:g} eV/Å, {name!r} the largest of "
            f"{force:.3g} eV/Å; leave them out, or raise max_force_eV_A"
        )


def check_energies(
    frames: Sequence[LabelledFrame], potential: BatchPotential, settings: TrainingSettings
) -> None:
    """Refuse energies that lie far from those of the same composition.

    Parameters
    ----------
    frames
        Of the training and validation sets.
    potential
        The start, references corrected: what it misses should be alike within a composition.
    settings
        For the limit.

    Raises
    ------
    InputError
        Which names the farthest frame and says how many there are.
    """
    limit = settings.max_energy_residual_eV_atom
    if limit is None:
        return
    misses: dict[str, list[tuple[float, str]]] = {}
    for frame, energy in zip(frames, predict_energies(potential, frames), strict=True):
        miss = (frame.energy_eV - energy) / len(frame.structure)
        misses.setdefault(frame.structure.composition.reduced_formula, []).append(
            (miss, frame.name)
        )
    wrong = []
    for found in misses.values():
        middle = float(np.median([miss for miss, _ in found]))
        wrong += [(abs(m - middle), name) for m, name in found if abs(m - middle) > limit]
    if wrong:
        distance, name = max(wrong)
        raise InputError(
            f"the energies of {len(wrong)} frames are more than {limit:g} eV/atom from others of "
            f"their composition, {name!r} by {distance:.3g}: another functional, cutoff or a wrong "
            "label; leave them out, or raise max_energy_residual_eV_atom"
        )
