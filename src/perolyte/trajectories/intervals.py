"""The time between frames: from the file or from the user, never guessed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from perolyte.errors import InputError

__all__ = ["ReadingOptions", "StepWatch", "resolve_interval"]

_TOLERANCE = 1e-4
"""Relative; times are written with few digits."""


@dataclass(frozen=True)
class ReadingOptions:
    """What a user says about a file.

    Attributes
    ----------
    frame_interval_fs, time_step_fs
        fs, between stored frames, and of the integrator.
    species_of_type
        Element symbol of each atom type that the file only numbers.
    drop_cut_frame
        Leave out a frame in which the file ends.
    """

    frame_interval_fs: float | None = None
    time_step_fs: float | None = None
    species_of_type: tuple[tuple[int, str], ...] = ()
    drop_cut_frame: bool = False

    def __post_init__(self) -> None:
        for name in ("frame_interval_fs", "time_step_fs"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value} fs; it must be above zero: give fs")


def resolve_interval(
    path: Path,
    options: ReadingOptions,
    *,
    stated_fs: float | None = None,
    steps_per_frame: float | None = None,
    missing: str,
) -> tuple[float, tuple[str, ...]]:
    """Return the time between frames in fs, and warnings.

    Parameters
    ----------
    path
        For messages.
    options
        What the user says, which comes first.
    stated_fs
        fs, as the file states it.
    steps_per_frame
        MD steps between frames, as the file states them; counts with the user's time step.
    missing
        Why the file itself does not say it.

    Raises
    ------
    InputError
        Where neither the file nor the user says it.

    Examples
    --------
    >>> options = ReadingOptions(time_step_fs=2.0)
    >>> resolve_interval(Path("dump.lammpstrj"), options, steps_per_frame=50, missing="")
    (100.0, ())
    """
    known = stated_fs
    if known is None and steps_per_frame is not None and options.time_step_fs is not None:
        known = steps_per_frame * options.time_step_fs
    if known is not None and not (math.isfinite(known) and known > 0):
        raise InputError(
            f"{path}: the time between frames reads as {known:g} fs; it must be above zero: give "
            "it with frame_interval_fs (--frame-interval-fs)"
        )
    given = options.frame_interval_fs
    if given is not None:
        if known is None or math.isclose(known, given, rel_tol=_TOLERANCE):
            return given, ()
        return given, (f"{given:g} fs between frames as given; the file says {known:g} fs",)
    if known is None:
        raise InputError(
            f"{path}: the time between frames is not known ({missing}): give it in fs with "
            "frame_interval_fs (--frame-interval-fs)"
        )
    return known, ()


class StepWatch:
    """Sees that frames lie at equal intervals.

    Parameters
    ----------
    path
        For messages.
    unit
        Of what is counted: steps, or a time.
    may_restart
        Allow the count to begin anew, as in files put together from several runs.
    """

    def __init__(self, path: Path, unit: str, *, may_restart: bool = False) -> None:
        self._path, self._unit, self._may_restart = path, unit, may_restart
        self._frame = -1
        self._last: float | None = None
        self._spacing: float | None = None

    def follow(self, count: float | None) -> None:
        """Take the count of the next frame, None where it cannot be read.

        Raises
        ------
        InputError
            Where it does not come one interval after the last.
        """
        self._frame += 1
        last, self._last = self._last, count
        if last is None or count is None or (self._may_restart and count <= last):
            return
        spacing = count - last
        if self._spacing is None and spacing > 0:
            self._spacing = spacing
        elif self._spacing is None or not math.isclose(
            spacing, self._spacing, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE * abs(self._spacing)
        ):
            usual = "above 0" if self._spacing is None else f"{self._spacing:g} as before"
            raise InputError(
                f"{self._path}: frame {self._frame} comes {spacing:g} {self._unit} after the one "
                f"before it, not {usual}; frames must lie at equal intervals: remove repeated "
                "frames or cut the file where the interval changes"
            )
