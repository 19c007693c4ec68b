"""What a training is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from perolyte.errors import InputError

__all__ = ["TrainingSettings", "TrainingStage"]


@dataclass(frozen=True)
class TrainingStage:
    """Epochs with one cosine of the learning rate.

    Parameters
    ----------
    epochs
        At most; early stopping may end the stage before.
    learning_rate
        At its start; it falls along a cosine to a hundredth.
    frozen
        Train only the last update of the atoms and the readout. Embeddings, basis functions and
        the other updates keep what pretraining taught them.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    epochs: int
    learning_rate: float
    frozen: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1 or int(self.epochs) != self.epochs:
            raise InputError(
                f"a training stage of {self.epochs} epochs is impossible; give at least 1"
            )
        if not 0 < self.learning_rate <= 0.1:
            raise InputError(
                f"learning_rate is {self.learning_rate}; give a number above 0 and up to 0.1 "
                "(1e-3 is usual with frozen layers, 1e-4 to 1e-3 without)"
            )


_STAGES = (
    TrainingStage(epochs=10, learning_rate=1e-3, frozen=True),
    TrainingStage(epochs=90, learning_rate=1e-3),
)


@dataclass(frozen=True)
class TrainingSettings:
    """How a CHGNet is trained.

    Parameters
    ----------
    stages
        One after another; the later one starts from the best of the earlier one.
    batch_size
        Frames of one step.
    energy_weight, force_weight, stress_weight, magmom_weight
        Of the parts of the loss: Huber losses of the energy per atom (eV), of force components
        (eV/Å), of the stress (GPa) and of the moments (muB). Moments count only for frames that
        have them; stresses are left out where no frame has one.
    huber_eV
        Where the loss of an error turns from quadratic to linear, in the units above.
    patience
        Epochs without a better force MAE on the validation frames after which a stage ends.
    max_force_eV_A
        A label with a larger force (eV/Å) is refused: atoms overlap, or the label is wrong.
    max_energy_residual_eV_atom
        A label whose energy is farther than this from others of its composition, beyond what the
        starting potential says, is refused (eV/atom): it was made with another functional or
        cutoff, or is wrong. None where there is no starting potential to judge by.
    reference_prior_eV
        How far the energy of an element may be expected to move when references are corrected, eV:
        the ridge of the fit, see :func:`correct_atom_references`.
    reference_noise_eV_atom
        How far a frame of one composition may lie off for no reason of composition, eV/atom.
    device
        "cpu", "cuda" or None for CUDA where there is one.

    Raises
    ------
    InputError
        For numbers out of range.

    Examples
    --------
    >>> TrainingSettings().n_epochs
    100
    """

    stages: tuple[TrainingStage, ...] = _STAGES
    batch_size: int = 4
    energy_weight: float = 3.0
    force_weight: float = 1.0
    stress_weight: float = 0.1
    magmom_weight: float = 0.0
    huber_eV: float = 0.1
    patience: int = 30
    max_force_eV_A: float = 50.0
    max_energy_residual_eV_atom: float | None = 0.5
    reference_prior_eV: float = 5.0
    reference_noise_eV_atom: float = 0.03
    device: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        stages = tuple(
            stage if isinstance(stage, TrainingStage) else TrainingStage(**stage)
            for stage in self.stages
        )
        object.__setattr__(self, "stages", stages)
        if not stages:
            raise InputError("a training without stages does nothing; give at least one stage")
        positive = ("batch_size", "huber_eV", "patience", "max_force_eV_A", "reference_prior_eV")
        for name in (*positive, "reference_noise_eV_atom", "max_energy_residual_eV_atom"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name} is {value}; give a finite number above 0")
        weights = [f"{part}_weight" for part in ("energy", "force", "stress", "magmom")]
        for name in weights:
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(
                    f"{name} is {getattr(self, name)}; give a finite number of 0 or more"
                )
        if self.energy_weight == 0 or self.force_weight == 0:
            raise InputError(
                f"energy_weight is {self.energy_weight} and force_weight {self.force_weight}; a "
                "potential needs both above 0"
            )

    @property
    def n_epochs(self) -> int:
        """Epochs of all stages, if none ends early."""
        return sum(stage.epochs for stage in self.stages)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, as a document keeps them."""
        own = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        own["stages"] = [
            {entry.name: getattr(stage, entry.name) for entry in fields(stage)}
            for stage in self.stages
        ]
        return own
