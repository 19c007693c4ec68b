"""One temperature of a boundary: conductivity across its cell against that of the bulk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perolyte.jobs.stored_run import UnusableRunError, open_stored_run
from perolyte.schemas import (
    BoundaryProfile,
    BoundaryValue,
    ConductivityPoint,
    Status,
    TrajectorySetDoc,
)
from perolyte.trajectories import MobileTrajectory, read_mobile
from perolyte.transport import (
    AreaResistance,
    area_resistance,
    fit_crossing_diffusivity,
    measure_density_profile,
    measure_slab,
    nernst_einstein_conductivity,
    specific_boundary_value,
)
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, FS_PER_PS

__all__ = ["BoundaryAnalysis", "BoundaryAtTemperature", "analyse_temperature"]

_BOUNDARIES = (0.0, 0.5)
_GRAINS = (0.25, 0.75)
_LAGS_IN_HOPS = (0.5, 2.0)
"""Times the bulk's time for one hop, between which the slope in a slab is taken."""


@dataclass(frozen=True)
class BoundaryAnalysis:
    """What the analysis of every temperature needs beside the runs.

    Parameters
    ----------
    mobile_ion, charge
        Element, and its charge in e.
    hop_distance_A, equilibration_ps
        Å; and ps that are left out at the start of the run.
    thickness_A
        Å, assumed, between resistance and specific conductivity.
    slab_width_A
        Å, for profiles.
    """

    mobile_ion: str
    charge: float
    hop_distance_A: float
    equilibration_ps: float
    thickness_A: float
    slab_width_A: float


@dataclass(frozen=True)
class BoundaryAtTemperature:
    """Conductivities, area resistance and profile of one temperature."""

    bulk: BoundaryValue
    cell: BoundaryValue
    asr: BoundaryValue
    specific: BoundaryValue
    profile: BoundaryProfile | None = None


def analyse_temperature(
    run: TrajectorySetDoc | None,
    point: ConductivityPoint | None,
    temperature_K: float,
    options: BoundaryAnalysis,
) -> BoundaryAtTemperature:
    """Compare the run of the boundary cell at a temperature with the bulk's point.

    Returns
    -------
    BoundaryAtTemperature
        Where something is missing, values without a number and the reason.
    """
    grain = _read_bulk(point)
    position = _find_position(run, temperature_K)
    if run is None or position is None:
        why = "the MD job of the boundary cell failed; its error is in the run's log"
        return _without_number(grain, _missing(why))
    try:
        with open_stored_run(run, position=position) as source:
            mobile = read_mobile(
                source,
                options.mobile_ion,
                skip_ps=options.equilibration_ps,
                with_framework=False,
            )
            interval_fs = source.frame_interval_fs
    except UnusableRunError as err:
        return _without_number(grain, BoundaryValue(status=err.status, reasons=[err.reason]))
    bulk_cm2_s = None if point is None else point.diffusivity_cm2_s
    profile = _profile(mobile, bulk_cm2_s, interval_fs, temperature_K, options)
    if bulk_cm2_s is None:
        why = f"the bulk has no conductivity: {'; '.join(grain.reasons)}"
        missing = BoundaryValue(status="not_converged", reasons=[why])
        return _without_number(grain, missing, profile)
    cell, height_A = _measure_across(mobile, bulk_cm2_s, interval_fs, temperature_K, options)
    resistance = _compare(cell, grain, height_A)
    return BoundaryAtTemperature(
        bulk=grain,
        cell=cell,
        asr=BoundaryValue(
            status=resistance.status,
            value=resistance.value_ohm_cm2,
            error=resistance.std_ohm_cm2,
            lower_bound=resistance.lower_bound_ohm_cm2,
            upper_bound=resistance.upper_bound_ohm_cm2,
            reasons=list(resistance.reasons),
        ),
        specific=_describe_specific(resistance, options.thickness_A),
        profile=profile,
    )


def _without_number(
    grain: BoundaryValue, value: BoundaryValue, profile: BoundaryProfile | None = None
) -> BoundaryAtTemperature:
    return BoundaryAtTemperature(bulk=grain, cell=value, asr=value, specific=value, profile=profile)


def _measure_across(
    mobile: MobileTrajectory,
    bulk_diffusivity_cm2_s: float,
    interval_fs: float,
    temperature_K: float,
    options: BoundaryAnalysis,
) -> tuple[BoundaryValue, float]:
    """Return the conductivity across the cell, S/cm, and its height along the normal, Å."""
    normal = np.cross(mobile.cell_A[0], mobile.cell_A[1])
    normal /= np.linalg.norm(normal)
    height_A = float(mobile.cell_A[2] @ normal)
    across = fit_crossing_diffusivity(
        mobile.positions_A,
        separation_A=height_A / 2,
        bulk_diffusivity_cm2_s=bulk_diffusivity_cm2_s,
        frame_interval_fs=interval_fs,
        hop_distance_A=options.hop_distance_A,
        normal=(float(normal[0]), float(normal[1]), float(normal[2])),
    )
    per_D = nernst_einstein_conductivity(
        1.0,
        n_ions=mobile.n_ions,
        charge=options.charge,
        volume_A3=mobile.volume_A3,
        temperature_K=temperature_K,
    )
    cell = BoundaryValue(
        status=across.status,
        value=_scale(across.diffusivity_cm2_s, per_D),
        error=_scale(across.std_cm2_s, per_D),
        upper_bound=_scale(across.upper_bound_cm2_s, per_D),
        reasons=list(across.reasons),
    )
    return cell, height_A


def _compare(cell: BoundaryValue, grain: BoundaryValue, height_A: float) -> AreaResistance:
    """Return the resistance; an upper bound of the cell's conductivity is a lower one of it."""
    if grain.value is None or grain.error is None:
        return AreaResistance("not_converged", tuple(grain.reasons))
    if cell.value is not None and cell.error is not None:
        return area_resistance(
            cell.value, cell.error, grain.value, grain.error, cell_length_A=height_A
        )
    lower = None
    if cell.upper_bound is not None and cell.upper_bound < grain.value:
        bounded = area_resistance(
            cell.upper_bound, 0.0, grain.value, grain.error, cell_length_A=height_A
        )
        lower = bounded.value_ohm_cm2
    return AreaResistance("not_converged", tuple(cell.reasons), lower_bound_ohm_cm2=lower)


def _describe_specific(resistance: AreaResistance, thickness_A: float) -> BoundaryValue:
    value, error, bound = specific_boundary_value(resistance, thickness_A)
    reasons = list(resistance.reasons)
    status: Status = resistance.status
    if value is None and status == "converged":
        status = "not_converged"
        reasons = ["the boundary conducts better than the grain: no resistance in series"]
    return BoundaryValue(
        status=status, value=value, error=error, lower_bound=bound, reasons=reasons
    )


def _profile(
    mobile: MobileTrajectory,
    bulk_diffusivity_cm2_s: float | None,
    interval_fs: float,
    temperature_K: float,
    options: BoundaryAnalysis,
) -> BoundaryProfile:
    """Return density and in-plane diffusivities, which need the bulk's time for a hop."""
    density = measure_density_profile(mobile.positions_A, mobile.cell_A)
    if bulk_diffusivity_cm2_s is None:
        why = "the time for a hop in the bulk is not known: it has no diffusivity"
        slabs = [BoundaryValue(status="not_converged", reasons=[why])] * 2
    else:
        hop_ps = options.hop_distance_A**2 * A2_PER_PS_TO_CM2_PER_S / (6.0 * bulk_diffusivity_cm2_s)
        slabs = [
            _measure_slab(mobile, centres, hop_ps, interval_fs / FS_PER_PS, options.slab_width_A)
            for centres in (_BOUNDARIES, _GRAINS)
        ]
    return BoundaryProfile(
        temperature_K=temperature_K,
        position_A=density.position_A.tolist(),
        density_per_A3=density.density_per_A3.tolist(),
        boundary_diffusivity_cm2_s=slabs[0],
        grain_diffusivity_cm2_s=slabs[1],
    )


def _measure_slab(
    mobile: MobileTrajectory,
    centres: tuple[float, ...],
    hop_ps: float,
    step_ps: float,
    width_A: float,
) -> BoundaryValue:
    """Return the diffusivity in the plane at lags about one hop of the bulk."""
    longest_ps = 0.2 * (len(mobile.positions_A) - 1) * step_ps
    first_ps = max(step_ps, min(_LAGS_IN_HOPS[0] * hop_ps, 0.25 * longest_ps))
    last_ps = max(first_ps + step_ps, min(_LAGS_IN_HOPS[1] * hop_ps, longest_ps))
    slab = measure_slab(
        mobile.positions_A,
        mobile.cell_A,
        centres=centres,
        width_A=width_A,
        frame_interval_fs=step_ps * FS_PER_PS,
        lags_ps=(first_ps, last_ps),
    )
    return BoundaryValue(
        status=slab.status,
        value=slab.diffusivity_cm2_s,
        error=slab.std_cm2_s,
        reasons=list(slab.reasons),
    )


def _find_position(run: TrajectorySetDoc | None, temperature_K: float) -> int | None:
    if run is None:
        return None
    for index, replica in enumerate(run.trajectories):
        if abs(replica.temperature_K - temperature_K) < 1e-6:
            return index
    return None


def _read_bulk(point: ConductivityPoint | None) -> BoundaryValue:
    if point is None:
        return _missing("the bulk was not run at this temperature")
    if point.conductivity_S_cm is None:
        return BoundaryValue(
            status="not_converged",
            upper_bound=point.conductivity_upper_bound_S_cm,
            reasons=list(point.reasons) or ["no conductivity"],
        )
    return BoundaryValue(
        status="converged", value=point.conductivity_S_cm, error=point.conductivity_std_S_cm
    )


def _missing(reason: str) -> BoundaryValue:
    return BoundaryValue(status="rejected", reasons=[reason])


def _scale(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
