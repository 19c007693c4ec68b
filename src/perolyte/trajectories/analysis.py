"""From a trajectory file to diffusivity and conductivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.mobile import MobileStream, read_mobile, stream_mobile
from perolyte.trajectories.plausibility import compare_with_thermal_speed
from perolyte.trajectories.source import TrajectorySource
from perolyte.trajectories.species import list_masses
from perolyte.transport import (
    DiffusivityResult,
    check_framework,
    fit_diffusivity,
    nernst_einstein_conductivity,
)
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.diffusivity import fit_displacements
from perolyte.transport.snapshots import Snapshots
from perolyte.transport.streaming_msd import StreamingMSD

__all__ = ["RunTransport", "analyse_run", "find_temperature"]

_TEMPERATURE_TOLERANCE_K = 1.0
_FASTEST = 3.0
"""Times the thermal speed; above it, a unit of time is more likely wrong than the run."""
_FRAMES_FOR_SPEED = 200
_FRAMEWORK_NUMBERS = 2**23
_FEWEST_SNAPSHOTS, _MOST_SNAPSHOTS = 200, 2000


@dataclass(frozen=True, eq=False)
class RunTransport:
    """What one trajectory says about the transport of its mobile ions.

    Attributes
    ----------
    mobile
        Where the numbers come from: file, ions, mean cell, frames.
    temperature_K
        K.
    charge
        Of one ion, elementary charges.
    hop_distance_A
        Å, the length that hops are counted with.
    diffusivity
        Tracer and charge diffusivity, or why there are none.
    conductivity_per_diffusivity
        S/cm per cm²/s, N z² e²/(V kB T): with the tracer diffusivity it gives the Nernst-Einstein
        conductivity, with the charge diffusivity the conductivity.
    warnings
        Of the reader, of the fit, and about units.
    """

    mobile: MobileStream
    temperature_K: float
    charge: float
    hop_distance_A: float
    diffusivity: DiffusivityResult
    conductivity_per_diffusivity: float
    warnings: tuple[str, ...]

    def to_conductivity(self, diffusivity_cm2_s: float | None) -> float | None:
        """Return S/cm for a diffusivity of this run in cm²/s, None for None."""
        if diffusivity_cm2_s is None:
            return None
        return self.conductivity_per_diffusivity * diffusivity_cm2_s


def find_temperature(source: TrajectorySource, given_K: float | None) -> float:
    """Return the temperature of a run in K, as given or as the file states it.

    Raises
    ------
    InputError
        Where nobody says it, or file and user say different things.
    """
    stated = source.temperature_K
    temperature = stated if given_K is None else given_K
    if temperature is None:
        raise InputError(
            f"{source.path} states no temperature: give it in K with temperature_K (--temperature)"
        )
    check_positive(temperature, name="temperature", unit="K", hint="give kelvin")
    if stated is not None and abs(temperature - stated) > _TEMPERATURE_TOLERANCE_K:
        raise InputError(
            f"{source.path} is a run at {stated:g} K and {temperature:g} K was given: give each "
            "file its own temperature, in the order of the files"
        )
    return float(temperature)


def analyse_run(
    source: TrajectorySource,
    ion: str,
    *,
    charge: float,
    hop_distance_A: float,
    temperature_K: float | None = None,
    sites: Sequence[int | str] | None = None,
    skip_ps: float = 0.0,
    keep_drift: bool = False,
) -> RunTransport:
    """Read a trajectory and fit the diffusivity of its mobile ions.

    Parameters
    ----------
    source
        From :func:`open_trajectory` or :func:`wrap_trajectory`.
    ion, sites, skip_ps, keep_drift
        Which ions, and what is left out: :func:`read_mobile`.
    charge
        Of one ion, elementary charges.
    hop_distance_A
        Å, between neighbouring sites of the ion: :func:`perolyte.transport.fit_diffusivity`.
    temperature_K
        K; by default what the file states.

    Returns
    -------
    RunTransport
        Also for runs that are too short: those carry a status and an upper bound.

    Raises
    ------
    InputError
        Naming the file, for what cannot be read, followed or fitted.
    """
    temperature = find_temperature(source, temperature_K)
    read = _fit_stream if source.is_large else _fit_at_once
    try:
        mobile, first_A, result = read(
            source,
            ion,
            sites=sites,
            skip_ps=skip_ps,
            keep_drift=keep_drift,
            hop_distance_A=hop_distance_A,
        )
        per_diffusivity = nernst_einstein_conductivity(
            1.0,
            n_ions=mobile.n_ions,
            charge=charge,
            volume_A3=mobile.volume_A3,
            temperature_K=temperature,
        )
    except InputError as err:
        if str(err).startswith(str(source.path)):
            raise
        raise InputError(f"{source.path}: {err}") from err
    doubts = _doubt_interval(mobile, first_A, temperature)
    return RunTransport(
        mobile=mobile,
        temperature_K=temperature,
        charge=charge,
        hop_distance_A=hop_distance_A,
        diffusivity=result,
        conductivity_per_diffusivity=per_diffusivity,
        warnings=(*source.warnings, *doubts, *result.warnings),
    )


def _fit_at_once(
    source: TrajectorySource,
    ion: str,
    *,
    sites: Sequence[int | str] | None,
    skip_ps: float,
    keep_drift: bool,
    hop_distance_A: float,
) -> tuple[MobileStream, FloatArray, DiffusivityResult]:
    """Return the run, its first frames (Å) and the fit."""
    mobile = read_mobile(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
    result = fit_diffusivity(
        mobile.positions_A,
        frame_interval_fs=source.frame_interval_fs,
        hop_distance_A=hop_distance_A,
        framework_positions_A=mobile.framework_positions_A,
    )
    return mobile, mobile.positions_A[:_FRAMES_FOR_SPEED], result


def _fit_stream(
    source: TrajectorySource,
    ion: str,
    *,
    sites: Sequence[int | str] | None,
    skip_ps: float,
    keep_drift: bool,
    hop_distance_A: float,
) -> tuple[MobileStream, FloatArray, DiffusivityResult]:
    """Do as :func:`_fit_at_once` in memory that does not grow with the run."""
    mobile = stream_mobile(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
    n_others = source.n_atoms - mobile.n_ions
    fit = _FRAMEWORK_NUMBERS // (3 * max(1, n_others)) // 2 * 2
    framework = Snapshots(capacity=int(np.clip(fit, _FEWEST_SNAPSHOTS, _MOST_SNAPSHOTS)))
    displacements, first_A = StreamingMSD(), None
    for block in mobile.blocks():
        displacements.add(block.positions_A)
        if n_others:
            framework.add(block.framework_positions_A)
        if first_A is None:
            first_A = block.positions_A[:_FRAMES_FOR_SPEED]
    run = displacements.result()
    result = fit_displacements(
        run.ions,
        run.collective,
        frame_interval_fs=source.frame_interval_fs,
        hop_distance_A=hop_distance_A,
        framework=check_framework(framework.positions_A) if n_others else None,
    )
    return mobile, np.empty((0, 0, 3)) if first_A is None else first_A, result


def _doubt_interval(
    mobile: MobileStream, first_A: FloatArray, temperature_K: float
) -> tuple[str, ...]:
    """Warn of ions that move faster than heat lets them, in the first frames."""
    source = mobile.source
    masses = list_masses(source.species)[mobile.mobile]
    if len(first_A) < 2:
        return ()
    ratio = compare_with_thermal_speed(
        first_A,
        frame_interval_fs=source.frame_interval_fs,
        mass_amu=float(np.mean(masses)),
        temperature_K=temperature_K,
    )
    if ratio <= _FASTEST:
        return ()
    warning = (
        f"between frames the ions move {ratio:.2g} times as fast as heat lets them at "
        f"{temperature_K:g} K: is the time between frames {source.frame_interval_fs:g} fs?"
    )
    return (warning,)
