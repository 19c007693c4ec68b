"""From the doubts of a committee to errors: one factor, and how far it can be trusted.

A committee that was trained on the same labels is too sure of itself. On frames that it has not
seen its true errors say by how much; one factor makes the two agree on the whole, and coverage and
reliability say whether they agree where it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError

if TYPE_CHECKING:
    from perolyte.potentials.committee import Committee
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = [
    "COVERAGE_LEVELS",
    "MIN_CALIBRATION_FRAMES",
    "Calibration",
    "ReliabilityBin",
    "calibrate_committee",
    "calibrate_uncertainty",
]

MIN_CALIBRATION_FRAMES = 10
"""Fewer frames give a factor whose own error nobody knows."""

COVERAGE_LEVELS = (0.5, 0.68, 0.9, 0.95)
_AREA_LEVELS = np.linspace(0.01, 0.99, 99)
_MIN_ATOMS_PER_BIN = 20

_FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ReliabilityBin:
    """Atoms of similar uncertainty.

    Attributes
    ----------
    n_atoms
        In the bin.
    uncertainty_eV_A
        Root mean square of the calibrated uncertainties, eV/Å.
    error_eV_A
        Root mean square length of the true errors of the force, eV/Å.
    """

    n_atoms: int
    uncertainty_eV_A: float
    error_eV_A: float


@dataclass(frozen=True)
class Calibration:
    """What a factor on the uncertainties achieves.

    Attributes
    ----------
    scale, scale_error
        True error over uncertainty, and its standard error (jackknife over blocks).
    n_frames, n_blocks, n_atoms
        What it rests on.
    rank_correlation
        Spearman's, of uncertainty and error of each atom: 0 where the doubts say nothing.
    coverage
        By nominal level: the share of force components whose error is within the central interval
        of a Gaussian. The scale is that of the other blocks.
    miscalibration_area
        Of observed over nominal coverage, 0 (ideal) to 0.5, doi 10.1088/2632-2153/ab7e1a.
    ence
        Expected normalised calibration error over the bins, arXiv 1905.11659.
    bins
        By rising uncertainty.
    """

    scale: float
    scale_error: float
    n_frames: int
    n_blocks: int
    n_atoms: int
    rank_correlation: float
    coverage: dict[float, float]
    miscalibration_area: float
    ence: float
    bins: tuple[ReliabilityBin, ...]


def calibrate_uncertainty(
    errors_eV_A: Sequence[ArrayLike],
    uncertainties_eV_A: Sequence[ArrayLike],
    *,
    blocks: Sequence[str] | None = None,
    n_bins: int = 10,
) -> Calibration:
    """Regress the squared errors of forces on squared uncertainties, through the origin.

    Each atom is weighted by 1/uncertainty², because errors scatter as much as they are large:
    scale² = sum |error|² / sum uncertainty².

    Parameters
    ----------
    errors_eV_A
        Of each frame (n_atoms, 3), eV/Å: mean force of the committee less the label.
    uncertainties_eV_A
        Of each frame (n_atoms,), eV/Å, not scaled.
    blocks
        Of each frame the name of what it shares its errors with, its trajectory for example; by
        default each frame is a block.
    n_bins
        Of the reliability table; fewer where there are few atoms.

    Raises
    ------
    InputError
        For fewer than 10 frames, fewer than 2 blocks, members that never differ, or numbers that do
        not fit together.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> doubts = [rng.uniform(0.02, 0.2, 40) for _ in range(25)]
    >>> errors = [2.0 * d[:, None] / 3**0.5 * rng.normal(size=(40, 3)) for d in doubts]
    >>> found = calibrate_uncertainty(errors, doubts)
    >>> abs(found.scale - 2.0) < 4 * found.scale_error < 0.4
    True
    """
    frames = _check(errors_eV_A, uncertainties_eV_A)
    names = [str(index) for index in range(len(frames))] if blocks is None else list(blocks)
    if len(names) != len(frames) or len(set(names)) < 2:
        raise InputError(
            f"{len(set(names))} blocks name {len(names)} of {len(frames)} frames; name each, from "
            "at least 2 blocks, or leave them out"
        )
    order = {name: index for index, name in enumerate(dict.fromkeys(names))}
    numbers = np.concatenate(
        [np.full(len(s), order[name]) for name, (_, s) in zip(names, frames, strict=True)]
    )
    errors = np.concatenate([e for e, _ in frames])
    doubts = np.concatenate([s for _, s in frames])
    scale, without = _find_scales((errors**2).sum(axis=1), doubts**2, numbers, len(order))
    spread = float(((without - without.mean()) ** 2).sum())
    lengths = np.linalg.norm(errors, axis=1)
    bins = _make_bins(lengths, scale * doubts, n_bins)
    observed = _observe(errors, without[numbers] * doubts)
    levels = np.array(COVERAGE_LEVELS)
    return Calibration(
        scale=scale,
        scale_error=float(np.sqrt((len(order) - 1) / len(order) * spread)),
        n_frames=len(frames),
        n_blocks=len(order),
        n_atoms=len(doubts),
        rank_correlation=_correlate_ranks(doubts, lengths),
        coverage=dict(zip(COVERAGE_LEVELS, _cover(observed, levels).tolist(), strict=True)),
        miscalibration_area=float(np.abs(_cover(observed, _AREA_LEVELS) - _AREA_LEVELS).mean()),
        ence=float(
            np.mean([abs(b.uncertainty_eV_A - b.error_eV_A) / b.uncertainty_eV_A for b in bins])
        ),
        bins=bins,
    )


def calibrate_committee(
    committee: Committee, frames: Sequence[LabelledFrame], *, blocks: Sequence[str] | None = None
) -> Calibration:
    """Calibrate a committee on labelled frames that none of its members was trained on.

    Parameters
    ----------
    committee
        Its own scale does not count.
    frames
        With forces.
    blocks
        As :func:`calibrate_uncertainty`.

    Raises
    ------
    InputError
        As :func:`calibrate_uncertainty`.
    PotentialError
        Where the committee refuses a frame.
    """
    from perolyte.potentials.batch import SystemBatch

    _check_count(len(frames))
    errors, doubts = [], []
    for frame in frames:
        batch, positions_A = SystemBatch.from_structures([frame.structure], committee.device)
        committee.forget_neighbours()
        found = committee.evaluate(batch, positions_A)
        errors.append(found.forces_eV_A.cpu().numpy() - frame.forces_eV_A)
        if found.force_uncertainties_eV_A is not None:
            doubts.append(found.force_uncertainties_eV_A.cpu().numpy() / committee.scale)
    return calibrate_uncertainty(errors, doubts, blocks=blocks)


def _check_count(n_frames: int) -> None:
    if n_frames < MIN_CALIBRATION_FRAMES:
        raise InputError(
            f"{n_frames} held-out frames cannot calibrate an uncertainty; label at least "
            f"{MIN_CALIBRATION_FRAMES} that no member was trained on"
        )


def _check(
    errors: Sequence[ArrayLike], doubts: Sequence[ArrayLike]
) -> list[tuple[_FloatArray, _FloatArray]]:
    _check_count(len(errors))
    if len(errors) != len(doubts):
        raise InputError(
            f"{len(errors)} frames have errors and {len(doubts)} uncertainties; give both of each"
        )
    frames = []
    for index, (error, doubt) in enumerate(zip(errors, doubts, strict=True)):
        e, s = np.asarray(error, dtype=float), np.asarray(doubt, dtype=float)
        if e.ndim != 2 or s.shape != e.shape[:1] or e.shape[1] != 3:
            raise InputError(
                f"frame {index} has errors {e.shape} and uncertainties {s.shape}; give (n, 3) and "
                "(n,)"
            )
        if not (np.isfinite(e).all() and np.isfinite(s).all() and (s >= 0).all()):
            raise InputError(
                f"frame {index} has errors or uncertainties that are no finite numbers from 0 on; "
                "leave it out"
            )
        frames.append((e, s))
    if not any(s.any() for _, s in frames):
        raise InputError(
            "the members of the committee agree on every frame; train them with other seeds or "
            "frames"
        )
    return frames


def _find_scales(
    squared_errors: _FloatArray, variances: _FloatArray, blocks: NDArray[np.int64], n_blocks: int
) -> tuple[float, _FloatArray]:
    """Return the scale of all blocks, and (n_blocks,) those without each of them."""
    top = np.bincount(blocks, squared_errors, n_blocks)
    bottom = np.bincount(blocks, variances, n_blocks)
    rest = bottom.sum() - bottom
    if (rest <= 0).any():
        raise InputError(
            "the members of the committee differ in one block of frames only; give frames from more"
        )
    without = np.sqrt(np.maximum(top.sum() - top, 0) / rest)
    return float(np.sqrt(top.sum() / bottom.sum())), without


def _observe(errors: _FloatArray, calibrated: _FloatArray) -> _FloatArray:
    """Return the sorted nominal levels at which each component of a force is just covered."""
    from scipy.special import erf

    with np.errstate(divide="ignore", invalid="ignore"):
        # a third of the squared uncertainty of a vector is that of each component
        ratios = np.abs(errors) / (calibrated[:, None] / np.sqrt(3.0))
    ratios = np.where(errors == 0, 0.0, ratios)
    return np.sort(erf(ratios / np.sqrt(2.0)), axis=None)


def _cover(observed: _FloatArray, levels: _FloatArray) -> _FloatArray:
    """Return the share of components that are covered at each level."""
    return np.searchsorted(observed, levels, side="right") / len(observed)


def _make_bins(
    lengths: _FloatArray, calibrated: _FloatArray, n_bins: int
) -> tuple[ReliabilityBin, ...]:
    order = np.argsort(calibrated, kind="stable")
    n_used = max(1, min(n_bins, len(order) // _MIN_ATOMS_PER_BIN))
    parts = [part for part in np.array_split(order, n_used) if calibrated[part].any()]
    return tuple(
        ReliabilityBin(
            n_atoms=len(part),
            uncertainty_eV_A=float(np.sqrt(np.mean(calibrated[part] ** 2))),
            error_eV_A=float(np.sqrt(np.mean(lengths[part] ** 2))),
        )
        for part in parts
    )


def _correlate_ranks(doubts: _FloatArray, lengths: _FloatArray) -> float:
    from scipy.stats import rankdata

    ranks = [rankdata(values) - (len(values) + 1) / 2 for values in (doubts, lengths)]
    norm = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float(ranks[0] @ ranks[1]) / norm if norm else 0.0
