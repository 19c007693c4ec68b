"""How far labels still move when a setting of the code is made finer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perolyte.errors import InputError
from perolyte.schemas import LabelDifference, LabelDoc

__all__ = ["ConvergenceTolerances", "check_values", "choose_value", "compare_labels"]


@dataclass(frozen=True)
class ConvergenceTolerances:
    """How far labels of a setting may lie from those of the finest.

    Parameters
    ----------
    energy_meV_atom
        Of energies, meV/atom.
    force_meV_A
        Of the mean force component of a frame, meV/Å. A third of the error that a potential shall
        reach leaves that error to the potential.

    Raises
    ------
    InputError
        For one that is not above zero.
    """

    energy_meV_atom: float = 3.0
    force_meV_A: float = 15.0

    def __post_init__(self) -> None:
        for name in ("energy_meV_atom", "force_meV_A"):
            if not getattr(self, name) > 0:
                raise InputError(f"tolerance {name} is {getattr(self, name):g}; it must be above 0")


def check_values(values: Sequence[object]) -> None:
    """Refuse a series in which nothing can be compared.

    Raises
    ------
    InputError
        For fewer than two values.
    """
    if len(values) < 2:
        raise InputError(f"values are {list(values)}; give at least 2, from coarse to fine")


def compare_labels(
    value: object,
    labels: Sequence[LabelDoc | None],
    finest: Sequence[LabelDoc | None],
    tolerances: ConvergenceTolerances,
) -> LabelDifference:
    """Compare labels of one value of a setting with those of the finest, frame by frame.

    What energies of a composition have in common does no harm: a training moves the energies of
    elements. So where a composition has two frames or more, it is what their energies differ by
    among each other that must lie within the tolerance.

    Parameters
    ----------
    value
        Of the setting.
    labels, finest
        Of the same frames in the same order; None for one whose job failed.
    tolerances
        Of energies and forces.
    """
    gaps = _find_gaps([*labels, *finest])
    if gaps:
        return LabelDifference(
            value=value, n_frames=len(labels), within_tolerance=False, reasons=gaps
        )
    pairs = [(a, b) for a, b in zip(labels, finest, strict=True) if a and b]
    energies = [_energy_meV_atom(a) - _energy_meV_atom(b) for a, b in pairs]
    relative = _take_common_away(energies, [a.formula for a, _ in pairs])
    decisive = np.abs(energies if relative is None else relative).max()
    force = max(
        1000 * float(np.abs(np.array(a.forces_eV_A) - np.array(b.forces_eV_A)).mean())
        for a, b in pairs
    )
    stresses = [
        float(np.abs(np.array(a.stress_GPa) - np.array(b.stress_GPa)).max())
        for a, b in pairs
        if a.stress_GPa is not None and b.stress_GPa is not None
    ]
    return LabelDifference(
        value=value,
        n_frames=len(pairs),
        energy_meV_atom=float(np.abs(energies).max()),
        relative_energy_meV_atom=None if relative is None else float(np.abs(relative).max()),
        force_meV_A=force,
        stress_GPa=max(stresses) if len(stresses) == len(pairs) else None,
        within_tolerance=bool(
            decisive <= tolerances.energy_meV_atom and force <= tolerances.force_meV_A
        ),
    )


def choose_value(differences: Sequence[LabelDifference]) -> int | None:
    """Return the place of the coarsest value that will do; None where none will.

    A value will do when it and all finer ones lie within the tolerances: two coarse ones that
    happen to agree are no proof. The last is the finest; nothing is compared with it, so that it is
    never chosen.
    """
    will_do = [found.within_tolerance for found in differences]
    return next((k for k in range(len(will_do) - 1) if all(will_do[k:])), None)


def _energy_meV_atom(label: LabelDoc) -> float:
    return 1000 * label.to_frame().energy_per_atom_eV


def _take_common_away(energies: Sequence[float], formulas: Sequence[str]) -> np.ndarray | None:
    """Return energies less the mean of their composition; None where one has a single frame."""
    names, owners, counts = np.unique(formulas, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        return None
    means = np.bincount(owners, energies, len(names)) / counts
    return np.asarray(energies - means[owners])


def _find_gaps(labels: Sequence[LabelDoc | None]) -> list[str]:
    """Say of each label without sound numbers why it has none."""
    gaps = [
        "the job of a label failed"
        if label is None
        else f"{label.name}: {'; '.join(label.reasons)}"
        for label in labels
        if label is None or label.status != "converged"
    ]
    return list(dict.fromkeys(gaps))
