"""How a committee explores, and which of its frames are worth a label."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from perolyte.errors import InputError
from perolyte.jobs.md_settings import MDSettings

__all__ = ["ExplorationSettings"]

_MD_DEFAULTS: dict[str, Any] = {
    "cell_equilibration_ps": 0.0,
    "equilibration_ps": 5.0,
    "production_ps": 100.0,
    "framework_interval": 1,
}
_OWN_GUARD = "max_force_uncertainty_eV_A"


@dataclass
class ExplorationSettings:
    """MD of a committee, and the selection of frames.

    Parameters
    ----------
    temperatures_K
        K; each structure is followed at each.
    md
        Fields of :class:`~perolyte.jobs.md_settings.MDSettings` other than its defaults here: 100
        ps in the cell that is given, all atoms in every frame.
    select_uncertainty_eV_A
        eV/Å, calibrated, of the most uncertain atom: frames above are doubtful, and candidates for
        a label.
    stop_uncertainty_eV_A
        eV/Å; a run is stopped at the first frame above it, which is then labelled, and goes on from
        there with the next committee.
    max_uncertainty_eV_A
        eV/Å; frames above are not labelled: atoms lie on each other.
    n_frames
        To label in one round, at most.
    min_distance
        Between any two labelled frames, in the space of features, over the root mean square
        distance of all frames from their mean.
    max_candidates
        Doubtful frames that are described, at most, evenly over the runs.
    calibration_splits
        Splits of the training set whose frames the uncertainties are calibrated on; no member may
        be trained on them.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    temperatures_K: list[float] = field(default_factory=lambda: [600.0, 900.0])
    md: dict[str, Any] = field(default_factory=dict)
    select_uncertainty_eV_A: float = 0.15
    stop_uncertainty_eV_A: float = 0.3
    max_uncertainty_eV_A: float = 5.0
    n_frames: int = 20
    min_distance: float = 0.05
    max_candidates: int = 1000
    calibration_splits: list[str] = field(default_factory=lambda: ["validation"])

    def __post_init__(self) -> None:
        if not self.temperatures_K or not all(
            math.isfinite(T) and T > 0 for T in self.temperatures_K
        ):
            raise InputError(
                f"temperatures_K is {self.temperatures_K}; give at least one above 0 K"
            )
        limits = [getattr(self, f"{name}_uncertainty_eV_A") for name in ("select", "stop", "max")]
        if not 0 < limits[0] <= limits[1] <= limits[2]:
            raise InputError(
                f"uncertainties to select, to stop and to give up are {limits} eV/Å; they must be "
                "above 0 and rise, for example 0.15, 0.3 and 5"
            )
        for name in ("n_frames", "max_candidates"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; give at least 1")
        if not (math.isfinite(self.min_distance) and self.min_distance >= 0):
            raise InputError(f"min_distance is {self.min_distance}; it must be 0 or more")
        if _OWN_GUARD in self.md.get("guards", {}):
            raise InputError(f"guard {_OWN_GUARD} is stop_uncertainty_eV_A here; give it there")
        for name in ("potential", "calculator_kwargs", "wall_time_limit_s", "max_production_ps"):
            if name in self.md:
                raise InputError(
                    f"md has {name!r}, which an exploration does not know: its potential is the "
                    "committee, its length production_ps; leave it out"
                )
        self.make_md()

    def make_md(self) -> MDSettings:
        """Return the settings of the runs.

        Raises
        ------
        InputError
            For a field that does not exist, or numbers out of range.
        """
        known = {item.name for item in fields(MDSettings)}
        wrong = sorted(set(self.md) - known)
        if wrong:
            raise InputError(f"md has no {wrong[0]!r}; use {', '.join(sorted(known))}")
        chosen = {**_MD_DEFAULTS, **self.md}
        guards = {**chosen.pop("guards", {}), _OWN_GUARD: self.stop_uncertainty_eV_A}
        settings = MDSettings(**chosen, guards=guards)
        if settings.framework_interval != 1 or settings.cell_equilibration_ps > 0:
            raise InputError(
                f"framework_interval is {settings.framework_interval} and cell_equilibration_ps "
                f"{settings.cell_equilibration_ps:g}; an exploration labels whole frames in given "
                "cells: leave them out"
            )
        return settings
