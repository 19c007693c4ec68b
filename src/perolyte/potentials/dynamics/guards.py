"""When a replica is to be stopped: it explodes, melts, or leaves what the potential knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.transport.framework import check_framework, shortest_lag

if TYPE_CHECKING:
    from perolyte.potentials.batch import Evaluation, SystemBatch

__all__ = ["DomainCheck", "Guards", "MeltWatch", "describe_doubts", "describe_explosion"]

DomainCheck = Callable[["SystemBatch", "Evaluation"], Sequence[str | None]]
_CAPACITY = 64
_FEWEST = 32
_CHECK_EVERY = 8
"""New snapshots between two looks: a melt takes many vibrations to show."""


@dataclass(frozen=True)
class Guards:
    """Limits beyond which a replica is stopped while the others go on.

    Parameters
    ----------
    temperature_factor
        Largest temperature at a stored step over the target; above 1.
    max_force_eV_A
        eV/Å, largest force on an atom at a stored step.
    min_distance_A
        Å, smallest distance of two atoms at a step where all atoms are stored; 0 for no limit. At
        most half the width of the cell.
    stop_melting
        Stop when :func:`perolyte.transport.check_framework` finds that the framework melts, in 32
        to 64 snapshots that cover the whole run so far.
    settling_ps
        ps, after which the slowest vibrations and tilts have reached their amplitude: only growth
        over longer times is that of a melt.
    max_force_uncertainty_eV_A
        eV/Å, largest force uncertainty of an atom at a stored step, of a potential that gives one
        (:class:`~perolyte.potentials.committee.Committee`); None for no limit. Beyond it the
        replica has left the domain of the potential.
    domain_check
        Called where all atoms are stored; returns for each system why it left the domain of the
        potential (a committee that disagrees, a magnetic moment that should not be), or None.
    domain_magmoms
        Give the check magnetic moments, for one more evaluation each time.

    Raises
    ------
    InputError
        For limits that no run could meet.
    """

    temperature_factor: float = 3.0
    max_force_eV_A: float = 100.0
    min_distance_A: float = 0.5
    stop_melting: bool = True
    settling_ps: float = 1.0
    max_force_uncertainty_eV_A: float | None = None
    domain_check: DomainCheck | None = None
    domain_magmoms: bool = False

    def __post_init__(self) -> None:
        doubt = self.max_force_uncertainty_eV_A
        limits = (
            ("temperature_factor", self.temperature_factor, 1.0, "times the target"),
            ("max_force_eV_A", self.max_force_eV_A, 0.0, "eV/Å"),
            ("min_distance_A", self.min_distance_A, -math.inf, "Å"),
            ("settling_ps", self.settling_ps, 0.0, "ps"),
            ("max_force_uncertainty_eV_A", math.inf if doubt is None else doubt, 0.0, "eV/Å"),
        )
        for name, value, above, unit in limits:
            if math.isnan(value) or value <= above:
                raise InputError(f"{name} is {value} {unit}; it must be above {above:g}")
        if not 0 <= self.min_distance_A < math.inf:
            raise InputError(
                f"min_distance_A is {self.min_distance_A} Å; give 0 Å (no limit) or more"
            )


def describe_explosion(
    guards: Guards, *, temperature_K: float, target_K: float, energy_eV: float, force_eV_A: float
) -> str:
    """Return why a replica counts as exploded, empty where it does not.

    Examples
    --------
    >>> describe_explosion(
    ...     Guards(), temperature_K=9000.0, target_K=600.0, energy_eV=-1.0, force_eV_A=3.0
    ... )
    'temperature 9000 K is above 3 times its target of 600 K'
    >>> describe_explosion(
    ...     Guards(), temperature_K=610.0, target_K=600.0, energy_eV=-1.0, force_eV_A=3.0
    ... )
    ''
    """
    numbers = {"temperature": temperature_K, "energy": energy_eV, "largest force": force_eV_A}
    for name, value in numbers.items():
        if not math.isfinite(value):
            return f"{name} is {value}"
    if temperature_K > guards.temperature_factor * target_K:
        return (
            f"temperature {temperature_K:.0f} K is above {guards.temperature_factor:g} times its "
            f"target of {target_K:g} K"
        )
    if force_eV_A > guards.max_force_eV_A:
        return f"a force of {force_eV_A:.3g} eV/Å is above {guards.max_force_eV_A:g} eV/Å"
    return ""


def describe_doubts(guards: Guards, uncertainties_eV_A: NDArray[np.float64]) -> dict[int, str]:
    """Return for which systems, and why, the potential is not trusted any more.

    Parameters
    ----------
    uncertainties_eV_A
        (n_systems,), eV/Å, the largest of an atom.

    Raises
    ------
    InputError
        Where there is a limit, and the potential gives no uncertainty.

    Examples
    --------
    >>> describe_doubts(Guards(max_force_uncertainty_eV_A=0.3), np.array([0.1, 0.42]))
    {1: 'a force uncertainty of 0.42 eV/Å is above 0.3 eV/Å'}
    """
    limit = guards.max_force_uncertainty_eV_A
    if limit is None:
        return {}
    if np.isnan(uncertainties_eV_A).any():
        raise InputError(
            f"max_force_uncertainty_eV_A is {limit:g} eV/Å, and the potential gives no "
            "uncertainty; use a Committee, or leave the limit out"
        )
    return {
        int(index): f"a force uncertainty of {uncertainties_eV_A[index]:.3g} eV/Å is above "
        f"{limit:g} eV/Å"
        for index in np.flatnonzero(uncertainties_eV_A > limit)
    }


@dataclass(eq=False)
class MeltWatch:
    """Snapshots of the framework, evenly spread over the run however long it gets.

    Attributes
    ----------
    snapshots
        Each (n_framework, 3) float32, Å, unwrapped, without drift. Every second one is dropped
        when there are too many.
    stride
        Frames given for each one kept.
    n_seen
        Frames given.
    """

    snapshots: list[NDArray[np.float32]] = field(default_factory=list)
    stride: int = 1
    n_seen: int = 0

    def add(
        self, framework_A: NDArray[np.float32], interval_ps: float, settling_ps: float = 1.0
    ) -> str:
        """Take the next frame, and return why the framework counts as molten, or nothing.

        Parameters
        ----------
        framework_A
            (n_framework, 3), Å.
        interval_ps
            ps, between the frames that are given.
        settling_ps
            ps, growth over shorter times is that of vibrations.
        """
        is_wanted = self.n_seen % self.stride == 0
        self.n_seen += 1
        if not is_wanted or framework_A.shape[0] < 2:
            return ""
        if len(self.snapshots) == _CAPACITY:
            self.snapshots = self.snapshots[::2]
            self.stride *= 2
        self.snapshots.append(framework_A)
        n_kept = len(self.snapshots)
        if n_kept < _FEWEST or n_kept % _CHECK_EVERY:
            return ""
        if shortest_lag(n_kept) * self.stride * interval_ps < settling_ps:
            return ""  # vibrations still grow over such a time
        verdict = check_framework(np.stack(self.snapshots))
        return verdict.message if verdict.is_melting else ""
