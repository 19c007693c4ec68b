"""Divide frames into training and test so that a good score means something.

Frames of one trajectory resemble each other: a random split puts twins on both sides, and the error
on them is that of a memory. Here a trajectory is in one split only, and every composition gives
trajectories to each; a temperature and an element are held out whole, which is what a potential
meets that is used hotter than it was trained, or on a dopant that it has not seen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perolyte.errors import InputError
from perolyte.schemas.label import SPLITS, SplitName

__all__ = ["SplitFrame", "split_frames"]

_TEMPERATURE_TOLERANCE_K = 0.5


@dataclass(frozen=True)
class SplitFrame:
    """What a split must know of a frame.

    Parameters
    ----------
    trajectory, composition
        Names.
    elements
        Symbols of its atoms.
    temperature_K
        None where there is none.
    kind
        "reference" for the frames that fix the energies of elements, such as binary oxides: they
        are never drawn for validation or tests.
    """

    trajectory: str
    composition: str
    elements: frozenset[str]
    temperature_K: float | None = None
    kind: str = "md"


def split_frames(
    frames: Sequence[SplitFrame],
    *,
    held_out_temperatures_K: Collection[float] = (),
    held_out_elements: Collection[str] = (),
    validation_fraction: float = 0.1,
    held_out_fraction: float = 0.1,
    seed: int = 0,
    train_references: bool = True,
    fixed: Mapping[str, SplitName] | None = None,
) -> list[SplitName]:
    """Assign each frame to a split, whole trajectories at a time.

    A trajectory with a reference frame is trained on, or a reference where it has a held-out
    element; else one with a held-out element is held out for its dopant, one with a frame at a
    held-out temperature for its temperature. Of the rest, taken composition by composition in an
    order drawn from the seed, every n-th goes to validation and to the held-out trajectories, so
    that each composition gives its share; one at least is left for training.

    Parameters
    ----------
    frames
        All frames.
    held_out_temperatures_K
        K.
    held_out_elements
        Symbols.
    validation_fraction, held_out_fraction
        Of the trajectories that are left, 0 to below 1 together.
    seed
        Of the order.
    train_references
        Train on references without a held-out element. Without it only energies of elements are
        fitted to them, and the trained potential forgets what it knew of oxides.
    fixed
        Split of trajectories that have one already, by name: it is kept, so that a set that grows
        is never tested on what an earlier one was trained on.

    Returns
    -------
    list of str
        Split of each frame.

    Raises
    ------
    InputError
        For fractions out of range, a temperature or element that no frame has, a split that does
        not exist, or if nothing is left to train on.

    Examples
    --------
    >>> frames = [SplitFrame(f"run {i // 2}", "LiF", frozenset({"Li", "F"})) for i in range(20)]
    >>> splits = split_frames(frames, validation_fraction=0.2, held_out_fraction=0.1)
    >>> splits.count("train"), splits.count("validation"), splits.count("held_out_trajectory")
    (14, 4, 2)
    """
    _check_fractions(validation_fraction, held_out_fraction)
    _check_present(frames, held_out_temperatures_K, held_out_elements)
    groups = _gather(frames)
    known = {name: split for name, split in (fixed or {}).items() if name in groups}
    for name, split in known.items():
        if split not in SPLITS:
            raise InputError(f"trajectory {name!r} has split {split!r}; use {', '.join(SPLITS)}")
    chosen: dict[str, SplitName] = dict(known)
    rest: list[str] = []
    for name, members in groups.items():
        if name in chosen:
            continue
        fate = _find_fate(members, held_out_temperatures_K, held_out_elements, train_references)
        if fate is None:
            rest.append(name)
        else:
            chosen[name] = fate
    chosen |= _draw(_order(rest, groups, seed), validation_fraction, held_out_fraction, seed)
    if "train" not in chosen.values():
        raise InputError(
            f"no trajectory of {len(groups)} is left to train on; hold out less, or give more "
            "trajectories"
        )
    return [chosen[frame.trajectory] for frame in frames]


def _check_fractions(validation: float, held_out: float) -> None:
    for name, value in (("validation_fraction", validation), ("held_out_fraction", held_out)):
        if not 0 <= value < 1:
            raise InputError(f"{name} is {value}; give a number from 0 to below 1")
    if validation + held_out >= 1:
        raise InputError(
            f"validation_fraction {validation:g} and held_out_fraction {held_out:g} leave nothing "
            "to train on; together they must be below 1"
        )


def _check_present(
    frames: Sequence[SplitFrame], temperatures_K: Collection[float], elements: Collection[str]
) -> None:
    present = {element for frame in frames for element in frame.elements}
    for element in elements:
        if element not in present:
            raise InputError(
                f"held-out element {element!r} is in no frame; choose of "
                f"{', '.join(sorted(present)) or 'none'}"
            )
    for wanted in temperatures_K:
        if not any(_is_at(frame.temperature_K, wanted) for frame in frames):
            known = sorted({f.temperature_K for f in frames if f.temperature_K is not None})
            raise InputError(
                f"held-out temperature {wanted:g} K has no frame; choose of "
                f"{', '.join(f'{T:g}' for T in known) or 'none'} K"
            )


def _is_at(temperature_K: float | None, wanted_K: float) -> bool:
    return temperature_K is not None and abs(temperature_K - wanted_K) <= _TEMPERATURE_TOLERANCE_K


def _gather(frames: Sequence[SplitFrame]) -> dict[str, list[SplitFrame]]:
    groups: defaultdict[str, list[SplitFrame]] = defaultdict(list)
    for frame in frames:
        groups[frame.trajectory].append(frame)
    return dict(sorted(groups.items()))


def _find_fate(
    members: list[SplitFrame],
    temperatures_K: Collection[float],
    elements: Collection[str],
    train_references: bool,
) -> SplitName | None:
    """Return the split that a trajectory belongs to whatever is drawn, None if it is free."""
    has_held_out = any(not frame.elements.isdisjoint(elements) for frame in members)
    if any(frame.kind == "reference" for frame in members):
        return "train" if train_references and not has_held_out else "reference"
    if has_held_out:
        return "held_out_dopant"
    if any(_is_at(frame.temperature_K, T) for frame in members for T in temperatures_K):
        return "held_out_temperature"
    return None


def _order(names: list[str], groups: dict[str, list[SplitFrame]], seed: int) -> list[str]:
    """Return trajectories composition by composition, in an order drawn within each."""
    places = np.random.default_rng(seed).permutation(len(names))
    rank = {name: int(place) for name, place in zip(names, places, strict=True)}
    return sorted(names, key=lambda name: (min(f.composition for f in groups[name]), rank[name]))


def _draw(names: list[str], validation: float, held_out: float, seed: int) -> dict[str, SplitName]:
    """Take trajectories at even distances, beginning at a place that the seed draws."""
    start = float(np.random.default_rng([seed, 1]).random())
    taken: dict[str, SplitName] = {}
    parts: tuple[tuple[SplitName, float], ...] = (
        ("validation", validation),
        ("held_out_trajectory", held_out),
    )
    for split, fraction in parts:
        free = [name for name in names if name not in taken]
        # of a few trajectories, one is for training before any is for tests
        wanted = min(round(fraction * len(names)), max(0, len(free) - 1))
        for step in range(wanted):
            taken[free[math.floor((step + start) * len(free) / wanted)]] = split
    return {name: taken.get(name, "train") for name in names}
