"""From trajectories to diffusivities, conductivities and activation energies, with error bars.

The order of use: :func:`unwrap_positions`, :func:`remove_framework_drift`,
:func:`fit_diffusivity` for each temperature, :func:`nernst_einstein_conductivity`, and
:func:`fit_arrhenius` over the temperatures that converged.
"""

from perolyte.transport.arrhenius import ArrheniusPrediction, ArrheniusResult, fit_arrhenius
from perolyte.transport.conductivity import haven_ratio, nernst_einstein_conductivity
from perolyte.transport.diffusivity import DiffusivityResult, fit_diffusivity
from perolyte.transport.framework import FrameworkResult, check_framework
from perolyte.transport.msd import (
    MSDResult,
    collective_squared_displacement,
    mean_squared_displacement,
)
from perolyte.transport.positions import remove_framework_drift, unwrap_positions

__all__ = [
    "ArrheniusPrediction",
    "ArrheniusResult",
    "DiffusivityResult",
    "FrameworkResult",
    "MSDResult",
    "check_framework",
    "collective_squared_displacement",
    "fit_arrhenius",
    "fit_diffusivity",
    "haven_ratio",
    "mean_squared_displacement",
    "nernst_einstein_conductivity",
    "remove_framework_drift",
    "unwrap_positions",
]
