"""Energies of elements, moved to where another electronic-structure code has its zero.

Codes, pseudopotentials and corrections differ by an energy for each element. CHGNet keeps one
reference per element, so labels of another origin need other references before anything else is
learnt from them. A series of dopings fixes only some combinations of them: all perovskites ABO3
have the same share of oxygen. A plain fit then gives tens of eV for the others, and energies of the
next composition are nonsense. Here the fit stays at the existing references wherever labels do not
say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError

if TYPE_CHECKING:
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["ReferenceShifts", "correct_atom_references"]

_LEAST_NOISE_EV_ATOM = 1e-3
_KNOWN_BELOW = 0.1
"""A shift counts as known where the labels leave it less than this part of the prior's width."""


@dataclass(frozen=True)
class ReferenceShifts:
    """What is added to the reference energies of elements.

    Parameters
    ----------
    shifts_eV
        Symbol to shift, eV.
    errors_eV
        Symbol to standard deviation of the shift, eV; that of the prior where nothing is known.
    unknown_combinations
        Each a unit vector, symbol to coefficient: combinations that the labels do not determine,
        kept as they were. Energies of compositions that differ along one are not to be compared.
        Neutral compounds of fixed oxidation states always leave one open, the oxidation states
        themselves, along which neutral compounds never differ.
    residual_meV_atom
        Root mean square of what composition does not explain in the frames, meV/atom.
    """

    shifts_eV: dict[str, float]
    errors_eV: dict[str, float]
    unknown_combinations: tuple[dict[str, float], ...]
    residual_meV_atom: float

    def plus(self, later: ReferenceShifts) -> ReferenceShifts:
        """Return the sum of two corrections, with what the later one says of its certainty."""
        symbols = sorted({*self.shifts_eV, *later.shifts_eV})
        total = {s: self.shifts_eV.get(s, 0.0) + later.shifts_eV.get(s, 0.0) for s in symbols}
        return ReferenceShifts(
            total, later.errors_eV, later.unknown_combinations, later.residual_meV_atom
        )


def correct_atom_references(
    frames: Sequence[LabelledFrame],
    energies_eV: Sequence[float],
    *,
    references: Sequence[LabelledFrame] = (),
    reference_energies_eV: Sequence[float] = (),
    prior_eV: float = 5.0,
    noise_eV_atom: float = 0.03,
) -> ReferenceShifts:
    """Fit shifts of the elements' energies to what a potential misses.

    Residuals r = (label - potential) / n atoms are fitted by the composition x (fractions) as
    Bayesian linear regression: sum (r - x·d)² / σ² + d² / τ² is least. That is a ridge fit towards
    the existing references. σ of the frames is their scatter within a composition, at most
    ``noise_eV_atom``; σ of reference frames is ``noise_eV_atom``, because a potential that was
    trained elsewhere is that far off for a compound.

    Parameters
    ----------
    frames
        Of the training set.
    energies_eV
        (n_frames,) of the potential, eV for the whole cell.
    references, reference_energies_eV
        Further labels, such as binary oxides, for elements and combinations that the training set
        leaves open.
    prior_eV
        τ, eV.
    noise_eV_atom
        eV/atom; 0.03 is CHGNet's own error of energies (doi:10.1038/s42256-023-00716-3).

    Raises
    ------
    InputError
        For no frames, or energies that are not one for each.

    Examples
    --------
    >>> from perolyte.structures.labelled_frame import LabelledFrame
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> frame = LabelledFrame("salt", salt, -8.0, np.zeros((2, 3)))
    >>> shifts = correct_atom_references([frame], [-7.0])
    >>> round(sum(shifts.shifts_eV.values()), 3), len(shifts.unknown_combinations)
    (-1.0, 1)
    """
    if not frames:
        raise InputError("there are no frames to correct references with; give at least one")
    if (len(energies_eV), len(reference_energies_eV)) != (len(frames), len(references)):
        raise InputError(
            f"{len(energies_eV)} and {len(reference_energies_eV)} energies do not fit "
            f"{len(frames)} frames and {len(references)} references; give one for each"
        )
    symbols = sorted(
        {site.specie.symbol for frame in (*frames, *references) for site in frame.structure}
    )
    shares = _read_shares(frames, symbols)
    misses = _read_misses(frames, energies_eV)
    noise = min(_measure_scatter(shares, misses), noise_eV_atom)
    weights = [np.full(len(frames), 1 / noise), np.full(len(references), 1 / noise_eV_atom)]
    rows = np.concatenate([shares, _read_shares(references, symbols)])
    targets = np.concatenate([misses, _read_misses(references, reference_energies_eV)])
    weight = np.concatenate(weights)
    weighted = rows * weight[:, None]
    information, axes = np.linalg.eigh(weighted.T @ weighted)
    deviations = 1 / np.sqrt(np.maximum(information, 0.0) + prior_eV**-2)
    covariance = (axes * deviations**2) @ axes.T
    shifts = covariance @ weighted.T @ (targets * weight)
    left = misses - shares @ shifts
    return ReferenceShifts(
        shifts_eV=_name(symbols, shifts),
        errors_eV=_name(symbols, np.sqrt(np.diag(covariance))),
        unknown_combinations=tuple(
            _name_combination(symbols, axes[:, column])
            for column, deviation in enumerate(deviations)
            if deviation > _KNOWN_BELOW * prior_eV
        ),
        residual_meV_atom=float(np.sqrt((left**2).mean())) * 1000,
    )


def _read_shares(frames: Sequence[LabelledFrame], symbols: list[str]) -> np.ndarray:
    """Return (n_frames, n_symbols): the fraction of atoms of each element."""
    shares = np.zeros((len(frames), len(symbols)))
    place = {symbol: column for column, symbol in enumerate(symbols)}
    for row, frame in zip(shares, frames, strict=True):
        for site in frame.structure:
            row[place[site.specie.symbol]] += 1 / len(frame.structure)
    return shares


def _read_misses(frames: Sequence[LabelledFrame], energies_eV: Sequence[float]) -> np.ndarray:
    """Return (n_frames,): label less potential, eV/atom."""
    pairs = zip(frames, energies_eV, strict=True)
    return np.array([(frame.energy_eV - e) / len(frame.structure) for frame, e in pairs])


def _measure_scatter(shares: np.ndarray, misses: np.ndarray) -> float:
    """Return the pooled standard deviation within compositions; infinite where none has two."""
    _, owners = np.unique(np.round(shares, 6), axis=0, return_inverse=True)
    owners = owners.reshape(-1)
    counts = np.bincount(owners)
    means = np.bincount(owners, misses) / counts
    free = len(misses) - len(counts)
    if free == 0:
        return float("inf")
    scatter = np.sqrt(((misses - means[owners]) ** 2).sum() / free)
    return max(float(scatter), _LEAST_NOISE_EV_ATOM)


def _name(symbols: list[str], values: np.ndarray) -> dict[str, float]:
    return dict(zip(symbols, map(float, values), strict=True))


def _name_combination(symbols: list[str], axis: np.ndarray) -> dict[str, float]:
    """Name what is of any size in a unit vector, its largest part positive."""
    sign = np.sign(axis[np.argmax(np.abs(axis))])
    pairs = zip(symbols, axis * sign, strict=True)
    return {symbol: round(float(part), 3) for symbol, part in pairs if abs(part) > 1e-3}
