"""Several runs of one temperature as one point of a conductivity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from perolyte.schemas import ChargeTransport, ConductivityPoint, DiffusionDoc
from perolyte.transport import combine_replicas

__all__ = ["average_runs"]

_OWN = {"diffusion_uuids"}
_VALUES = ("diffusivity_{}cm2_s", "conductivity_{}S_cm")


def average_runs(runs: Sequence[DiffusionDoc]) -> ConductivityPoint:
    """Average the converged runs of one temperature.

    Diffusivity and conductivity are weighted by their errors, with the scatter of the runs as a
    check of these errors (:func:`perolyte.transport.combine_replicas`), those of the charge
    likewise. Without a converged run, the upper bound is the lowest of theirs.

    Parameters
    ----------
    runs
        At least one, all of one temperature.
    """
    uuids = [run.uuid for run in runs if run.uuid is not None]
    good = [run for run in runs if run.status == "converged"]
    shown = max(good or runs, key=lambda run: run.n_net_hops or 0.0)
    numbers = {key: getattr(shown, key) for key in set(ConductivityPoint.model_fields) - _OWN}
    point = ConductivityPoint(**numbers, diffusion_uuids=uuids)
    if len(runs) == 1:
        return point
    update: dict[str, Any] = {
        "n_net_hops": sum(run.n_net_hops or 0.0 for run in good or runs),
        "charge_transport": _average_charge([run.charge_transport for run in good]),
    }
    if len(good) > 1:
        update |= _average(good)
    elif not good:
        update |= _lowest_bounds(runs)
        update["reasons"] = list(dict.fromkeys(text for run in runs for text in run.reasons))
    return point.model_copy(update=update)


def _average(measured: Sequence[DiffusionDoc | ChargeTransport]) -> dict[str, float]:
    """Return value, error and interval of diffusivity and conductivity, and the relative error."""
    errors = [one.relative_error or 0.0 for one in measured]
    numbers: dict[str, float] = {}
    for name in _VALUES:
        mean = combine_replicas([getattr(one, name.format("")) for one in measured], errors)
        numbers |= {
            name.format(""): mean.value,
            name.format("std_"): mean.value * mean.relative_error,
            name.format("lower_"): mean.lower,
            name.format("upper_"): mean.upper,
            "relative_error": mean.relative_error,
        }
    return numbers


def _average_charge(charges: Sequence[ChargeTransport | None]) -> ChargeTransport | None:
    """Average what all ions together carry; the Haven ratio with its own errors."""
    known = [charge for charge in charges if charge is not None]
    good = [charge for charge in known if charge.status == "converged"]
    if len(good) < 2:
        return next(iter(good or known), None)
    ratios = [charge.haven_ratio or 0.0 for charge in good]
    stds = [charge.haven_ratio_std or 0.0 for charge in good]
    haven = combine_replicas(ratios, np.divide(stds, ratios))
    return good[0].model_copy(
        update={
            **_average(good),
            "haven_ratio": haven.value,
            "haven_ratio_std": haven.value * haven.relative_error,
            "haven_ratio_lower": haven.lower,
            "haven_ratio_upper": haven.upper,
        }
    )


def _lowest_bounds(runs: Sequence[DiffusionDoc]) -> dict[str, float]:
    bounds = {}
    for name in _VALUES:
        field = name.format("upper_bound_")
        known = [value for run in runs if (value := getattr(run, field)) is not None]
        if known:
            bounds[field] = min(known)
    return bounds
