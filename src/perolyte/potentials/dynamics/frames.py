"""Frames of one replica that are not yet in a chunk."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perolyte.potentials.dynamics.replica import FloatArray

__all__ = ["FrameBuffer"]

_SCALARS = (
    "potential_energy_eV",
    "kinetic_energy_eV",
    "temperature_K",
    "conserved_energy_eV",
    "force_uncertainty_eV_A",
)


@dataclass(eq=False)
class FrameBuffer:
    """Successive stored frames.

    Attributes
    ----------
    first_frame
        Number of the first one in the run.
    displacements_A
        Each (n_mobile, 3) float32, Å, of the mobile ions from where they were at step 0. Small
        numbers, so that float32 keeps 1e-6 Å however far the cell reaches.
    centres_A
        Each (3,) float64, Å: mass-weighted centre of all other atoms (NaN without any).
    scalars
        Each (5,) float64: potential energy, kinetic energy, temperature, the energy that the exact
        motion conserves (NaN where none is), and the largest force uncertainty of an atom (NaN
        where the potential gives none).
    all_positions_A
        Each (n_atoms, 3) float32, Å, unwrapped: of every ``framework_interval``-th frame.
    """

    first_frame: int = 0
    displacements_A: list[NDArray[np.float32]] = field(default_factory=list)
    centres_A: list[FloatArray] = field(default_factory=list)
    scalars: list[FloatArray] = field(default_factory=list)
    all_positions_A: list[NDArray[np.float32]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.displacements_A)

    def to_arrays(self, n_mobile: int, n_atoms: int) -> dict[str, NDArray]:
        """Return all frames as arrays, those without frames with the right shape too."""
        shapes = {
            "displacements_A": ((n_mobile, 3), np.float32),
            "centres_A": ((3,), np.float64),
            "scalars": ((len(_SCALARS),), np.float64),
            "all_positions_A": ((n_atoms, 3), np.float32),
        }
        arrays: dict[str, NDArray] = {}
        for name, (shape, kind) in shapes.items():
            values = getattr(self, name)
            arrays[name] = np.stack(values) if values else np.empty((0, *shape), dtype=kind)
        return arrays

    @classmethod
    def from_arrays(cls, first_frame: int, arrays: dict[str, NDArray]) -> FrameBuffer:
        """Return what :meth:`to_arrays` took apart."""
        scalars = arrays["scalars"]
        # checkpoints written before there were uncertainties have a column less
        missing = np.full((len(scalars), len(_SCALARS) - scalars.shape[1]), np.nan)
        arrays = {**arrays, "scalars": np.concatenate([scalars, missing], axis=1)}
        return cls(first_frame, **{name: list(values) for name, values in arrays.items()})

    def drop(self, n_frames: int) -> None:
        """Forget all frames; the next one follows ``n_frames`` after the first of them."""
        self.first_frame += n_frames
        for values in (self.displacements_A, self.centres_A, self.scalars, self.all_positions_A):
            values.clear()
