"""Which ensemble a run samples, as data. Nothing here needs torch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from perolyte.errors import InputError

__all__ = ["NVE", "Ensemble", "Langevin", "NoseHooverChain", "describe_ensemble"]

_MAX_CHAIN = 10


@dataclass(frozen=True)
class Langevin:
    """Constant temperature by friction and noise, integrated as BAOAB.

    The splitting is that of doi 10.1093/amrx/abs010, whose configurations are nearly free of an
    error of the time step. Total momentum stays zero: the noise is drawn in the space of motions
    that leave the centre of mass at rest, where the ensemble is canonical as well.

    Parameters
    ----------
    friction_per_ps
        1/ps, above zero. Friction slows diffusion down: keep it below about 1/ps (or use
        :class:`NoseHooverChain`) where a diffusivity is measured.
    """

    friction_per_ps: float = 1.0

    def __post_init__(self) -> None:
        _check_positive(self.friction_per_ps, "friction_per_ps", "1/ps", "0.1 to 10")


@dataclass(frozen=True)
class NoseHooverChain:
    """Constant temperature by a chain of Nosé-Hoover thermostats (doi 10.1080/00268979600100761).

    Parameters
    ----------
    damping_fs
        fs, about the period with which the thermostat exchanges heat; 50 to 100 time steps.
    chain_length
        Thermostats, 1 to 10.
    """

    damping_fs: float = 100.0
    chain_length: int = 3

    def __post_init__(self) -> None:
        _check_positive(self.damping_fs, "damping_fs", "fs", "50 to 100 time steps")
        if not 1 <= self.chain_length <= _MAX_CHAIN:
            raise InputError(
                f"chain_length is {self.chain_length}; 1 to {_MAX_CHAIN} thermostats are allowed: "
                "give 3"
            )


@dataclass(frozen=True)
class NVE:
    """Constant energy, by the velocity Verlet scheme (doi 10.1063/1.442716)."""


Ensemble = Langevin | NoseHooverChain | NVE


def describe_ensemble(ensemble: Ensemble) -> dict[str, Any]:
    """Return an ensemble as a dictionary.

    Examples
    --------
    >>> describe_ensemble(Langevin(friction_per_ps=2.0))
    {'kind': 'Langevin', 'friction_per_ps': 2.0}
    """
    return {"kind": type(ensemble).__name__, **asdict(ensemble)}


def _check_positive(value: float, name: str, unit: str, usual: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} is {value} {unit}; it must be above zero: give {usual}")
