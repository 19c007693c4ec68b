"""What an analysed run says, as a document."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from pymatgen.core import Composition

from perolyte.jobs.provenance import make_provenance
from perolyte.schemas import ChargeTransport, DiffusionDoc, PotentialProvenance, Status
from perolyte.trajectories import RunTransport
from perolyte.transport import ANALYSIS_VERSION, DiffusivityResult, estimate_required_length

__all__ = ["describe_diffusion", "describe_failure", "estimate_length"]

MAX_TEMPERATURE_DEVIATION = 0.15
"""A run whose mean temperature is further from the thermostat's is not that temperature."""
AIMED_RELATIVE_ERROR = 0.1
"""Of D; a run that ends with a larger one says how long it should have been."""
_ENDS = ("", "std_", "lower_", "upper_", "upper_bound_")


def describe_diffusion(
    run: RunTransport,
    *,
    mean_temperature_K: float | None = None,
    seed: int | None = None,
    potential: PotentialProvenance | None = None,
    trajectory_uuid: str | None = None,
    **fields: Any,
) -> DiffusionDoc:
    """Write down what an analysed run says; numbers only where it is converged.

    Parameters
    ----------
    run
        From :func:`perolyte.trajectories.analyse_run`.
    mean_temperature_K
        K, measured. More than 15 % from the run's temperature, and it has no numbers.
    seed, potential, trajectory_uuid
        Where the run comes from.
    **fields
        Of :class:`~perolyte.schemas.DiffusionDoc` that the run does not say itself: ``name``,
        ``mobile_ion`` and ``equilibration_ps`` at least.
    """
    fit = run.diffusivity
    status, reasons = _judge_temperature(fit, mean_temperature_K, run.temperature_K)
    use = status == "converged"
    return DiffusionDoc(
        **fields,
        status=status,
        reasons=reasons,
        warnings=list(run.warnings),
        provenance=make_provenance(
            seed=seed,
            potential=potential,
            parent_uuids=[trajectory_uuid],
            input_hash=run.mobile.source.sha256,
        ),
        formula=Composition(Counter(run.mobile.source.species)).reduced_formula,
        charge=run.charge,
        temperature_K=run.temperature_K,
        mean_temperature_K=mean_temperature_K,
        n_ions=fit.n_ions,
        n_independent_ions=_finite(fit.n_independent_ions),
        volume_A3=run.mobile.volume_A3,
        hop_distance_A=run.hop_distance_A,
        frame_interval_fs=run.mobile.source.frame_interval_fs,
        run_length_ps=fit.run_length_ps,
        required_length_ps=_finite(estimate_length(run, AIMED_RELATIVE_ERROR)),
        **_list_numbers(run, fit, use=use),
        relative_error=fit.relative_error if use else None,
        diffusivity_tensor_cm2_s=_to_list(fit.diffusivity_tensor_cm2_s) if use else None,
        diffusivity_tensor_std_cm2_s=_to_list(fit.diffusivity_tensor_std_cm2_s) if use else None,
        error_source=fit.error_source if use else None,
        relative_errors=fit.relative_errors if use else None,
        charge_transport=_describe_charge(run, use=use, reasons=reasons),
        n_net_hops=fit.n_net_hops,
        log_log_slope=_finite(fit.log_log_slope),
        fit_window_ps=fit.window_ps,
        intercept_A2=_finite(fit.intercept_A2),
        lag_ps=fit.lag_ps.tolist(),
        msd_A2=fit.msd_A2.tolist(),
        msd_std_A2=[_finite(value) or 0.0 for value in fit.msd_std_A2],
        trajectory_uuid=trajectory_uuid,
        trajectory_sha256=run.mobile.source.sha256,
        analysis_version=ANALYSIS_VERSION,
    )


def describe_failure(
    status: Status,
    reason: str,
    *,
    seed: int | None,
    potential: PotentialProvenance | None,
    trajectory_uuid: str | None,
    **fields: Any,
) -> DiffusionDoc:
    """Write down that a run gave no numbers, and why."""
    return DiffusionDoc(
        status=status,
        reasons=[reason],
        provenance=make_provenance(seed=seed, potential=potential, parent_uuids=[trajectory_uuid]),
        n_ions=0,
        volume_A3=0.0,
        run_length_ps=0.0,
        diffusivity_cm2_s=None,
        diffusivity_std_cm2_s=None,
        conductivity_S_cm=None,
        conductivity_std_S_cm=None,
        n_net_hops=0.0,
        log_log_slope=None,
        trajectory_uuid=trajectory_uuid,
        analysis_version=ANALYSIS_VERSION,
        **fields,
    )


def _list_numbers(run: RunTransport, fit: Any, *, use: bool) -> dict[str, Any]:
    """Return value, error, interval and bound of a diffusivity and its conductivity.

    The bound says something about any run; the others are kept where the run is used.
    """
    numbers: dict[str, Any] = {}
    for end in _ENDS:
        value = getattr(fit, f"diffusivity_{end}cm2_s")
        shown = value if use or end == "upper_bound_" else None
        numbers[f"diffusivity_{end}cm2_s"] = shown
        numbers[f"conductivity_{end}S_cm"] = run.to_conductivity(shown)
    return numbers


def _describe_charge(run: RunTransport, *, use: bool, reasons: list[str]) -> ChargeTransport:
    charge = run.diffusivity.charge
    if not use:
        status: Status = "not_converged" if charge.status == "converged" else charge.status
        return ChargeTransport(
            status=status,
            reasons=list(charge.reasons) or reasons,
            **_list_numbers(run, charge, use=False),
        )
    return ChargeTransport(
        status=charge.status,
        reasons=list(charge.reasons),
        **_list_numbers(run, charge, use=True),
        relative_error=charge.relative_error,
        haven_ratio=charge.haven_ratio,
        haven_ratio_std=charge.haven_ratio_std,
        haven_ratio_lower=charge.haven_ratio_lower,
        haven_ratio_upper=charge.haven_ratio_upper,
    )


def estimate_length(run: RunTransport, relative_error: float) -> float | None:
    """Return how long a run has to be for an error of D, ps.

    Where it gives only an upper bound of D, the length is the least that may do. None where it
    says nothing, infinity where no length would do.
    """
    fit = run.diffusivity
    diffusivity = fit.diffusivity_cm2_s or fit.diffusivity_upper_bound_cm2_s
    if not diffusivity:
        return None
    n_ions = fit.n_independent_ions if np.isfinite(fit.n_independent_ions) else fit.n_ions
    return estimate_required_length(
        relative_error,
        diffusivity_cm2_s=diffusivity,
        n_ions=min(max(n_ions, 1.0), fit.n_ions),
        hop_distance_A=run.hop_distance_A,
    )


def _judge_temperature(
    result: DiffusivityResult, mean_K: float | None, temperature_K: float
) -> tuple[Status, list[str]]:
    """Add to the fit's verdict whether the run was at its temperature."""
    reasons = list(result.reasons)
    if mean_K is None or abs(mean_K / temperature_K - 1.0) <= MAX_TEMPERATURE_DEVIATION:
        return result.status, reasons
    reasons.append(
        f"mean temperature {mean_K:.0f} K is more than {MAX_TEMPERATURE_DEVIATION:.0%} from "
        f"the thermostat's {temperature_K:g} K; equilibrate longer"
    )
    return ("unphysical" if result.status == "unphysical" else "not_converged"), reasons


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _to_list(tensor: Any) -> list[list[float]] | None:
    return None if tensor is None else np.asarray(tensor).tolist()
